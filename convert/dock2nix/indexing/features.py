"""Which files of a package tell what it is: its features, the same for a Nix store path and a Debian package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Feature(NamedTuple):
    """A thing that a package has. `kind` is the name of a group in the patterns below."""

    kind: str
    name: str


# The kinds that the index answers for; the others only help to match packages.
PROVIDED_KINDS = (
    "command",
    "soname",
    "pkgconfig",
    "header",
    "python",
    "perl",
    "ruby",
    "node",
    "php",
    "font",
)

_LIBRARY = r"[^/]+\.so(?:\.\d+)*"
_FONT = r"[^/]+\.(?:ttf|otf|ttc|pfb|pcf\.gz)"
_MANUAL = r"[^/]+?)\.[18][^/.]*(?:\.gz)?"
_NO_DATA = (
    r"(?!doc/|man/|info/|locale/|licenses/|icons/|applications/|gtk-doc/|help/|lintian/|doc-base/|pixmaps/"
    r"|bug/|menu/|metainfo/|appdata/|bash-completion/|zsh/|fish/)"
)
_SHARED = (
    r"share/girepository-1\.0/(?P<typelib_share>[^/]+)\.typelib",
    r"share/(?:hunspell|myspell/dicts)/(?P<hunspell>[^/]+)\.dic",
    r"share/applications/(?P<desktop>[^/]+)\.desktop",
    r"share/java/(?P<jar>[^/]+)\.jar",
    rf"share/(?P<data>{_NO_DATA}[^/]+/[^/]+)(?:/.*)?",
)
# Plug-ins and helpers in folders of a package's own, less those of languages, which have kinds of their own.
_PRIVATE = (
    r"(?!python|perl|ruby|ocaml|ghc|node_modules|nodejs|erlang|rustlib|go-|R/|jvm/|openjdk/|debug/|cmake/|locale/|mono/)"
    r"(?:[^/]+/){1,8}(?:(?P<private>[^/]+)\.so(?:\.\d+)*|(?P<private_program>[a-z0-9][^/.]*))"
)
# Paths in a store path begin with a slash; one alternative for a kind.
_STORE = (
    r"s?bin/(?P<command>[^/]+)",
    rf"lib(?:64)?/(?:mariadb/|mysql/)?(?P<soname>{_LIBRARY})",
    r"lib/(?P<archive>lib[^/]+)\.a",
    r"(?:lib|share)/pkgconfig/(?P<pkgconfig>[^/]+)\.pc",
    r"include/(?P<header>.+\.(?:h|hpp|hh|hxx|H))",
    r"lib/python3\.\d+/site-packages/(?P<python>[^/]+)\.(?:dist|egg)-info",
    r"lib/python3\.\d+/site-packages/(?P<module>\w+(?:/\w+)?)(?:\.py|\.[^/]*so)",
    r"lib/perl5/(?:site_perl/|vendor_perl/)?[\d.]+/(?:x86_64-[^/]+/)?(?P<perl>.+)\.pm",
    r"lib/ruby/gems/[^/]+/specifications/(?P<ruby>[^/]+)\.gemspec",
    r"lib/node_modules/(?P<node>(?:@[^/]+/)?[^/@]+)/package\.json",
    r"lib/php/extensions/(?P<php>[^/]+)\.so",
    rf"share/fonts/(?:.*/)?(?P<font>{_FONT})",
    rf"share/man/man[18]/(?P<manual>{_MANUAL}",
    r"lib/girepository-1\.0/(?P<typelib>[^/]+)\.typelib",
    r"lib/gstreamer-1\.0/(?P<gstreamer>[^/]+)\.so",
    r"lib/dri/(?P<dri>[^/]+)\.so",
    r"(?:lib/R/)?library/(?P<rlibrary>[^/]+)/DESCRIPTION",
    r"modules/(?P<apache>mod_[^/]+)\.so",
    r"share/postgresql/extension/(?P<pgextension>[^/]+)\.control",
    r"share/tessdata/(?P<tessdata>[^/]+)\.traineddata",
    *_SHARED,
    rf"lib(?:exec)?/{_PRIVATE}",
)
# Paths in Debian's Contents have no leading slash; `/bin`, `/sbin` and `/lib` are links into `/usr` since Debian 12.
_DEBIAN = (
    r"(?:s?bin|games)/(?P<command>[^/]+)",
    r"lib/(?:postgresql/\d+|jvm/[^/]+|llvm-\d+|go-[\d.]+)/bin/(?P<command_private>[^/]+)",
    rf"(?:lib|lib64|lib/x86_64-linux-gnu|lib/llvm-\d+/lib)/(?P<soname>{_LIBRARY})",
    r"lib/(?:x86_64-linux-gnu/)?(?P<archive>lib[^/]+)\.a",
    r"(?:lib/x86_64-linux-gnu/|lib/|share/)pkgconfig/(?P<pkgconfig>[^/]+)\.pc",
    r"include/(?:x86_64-linux-gnu/)?(?P<header>.+\.(?:h|hpp|hh|hxx|H))",
    r"lib/python3(?:\.\d+)?/(?:dist|site)-packages/(?P<python>[^/]+)\.(?:dist|egg)-info(?:/.*)?",
    r"lib/python3(?:\.\d+)?/(?:dist|site)-packages/(?P<module>\w+(?:/\w+)?)(?:\.py|\.[^/]*so)",
    r"(?:share/perl5|lib/x86_64-linux-gnu/perl5/[^/]+)/(?P<perl>.+)\.pm",
    (
        r"(?:share/rubygems-integration/[^/]+|lib/x86_64-linux-gnu/rubygems-integration/[^/]+|lib/ruby/gems/[^/]+)"
        r"/specifications/(?:default/)?(?P<ruby>[^/]+)\.gemspec"
    ),
    r"(?:share/nodejs|lib/node_modules)/(?P<node>(?:@[^/]+/)?[^/@]+)/package\.json",
    r"lib/php/[^/]+/(?P<php>[^/]+)\.so",
    rf"share/fonts/(?:.*/)?(?P<font>{_FONT})",
    rf"share/man/man[18]/(?P<manual>{_MANUAL}",
    r"lib/(?:x86_64-linux-gnu/)?girepository-1\.0/(?P<typelib>[^/]+)\.typelib",
    r"lib/x86_64-linux-gnu/gstreamer-1\.0/(?P<gstreamer>[^/]+)\.so",
    r"lib/x86_64-linux-gnu/dri/(?P<dri>[^/]+)\.so",
    r"lib/R/(?:site-)?library/(?P<rlibrary>[^/]+)/DESCRIPTION",
    r"lib/apache2/modules/(?P<apache>mod_[^/]+)\.so",
    r"share/postgresql/\d+/extension/(?P<pgextension>[^/]+)\.control",
    r"share/tesseract-ocr/[^/]+/tessdata/(?P<tessdata>[^/]+)\.traineddata",
    *_SHARED,
    rf"lib(?:exec)?/(?:x86_64-linux-gnu/)?{_PRIVATE}",
)
STORE_FILE = re.compile(f"/(?:{'|'.join(_STORE)})".encode())
DEBIAN_FILE = re.compile(f"(?:usr/)?(?:{'|'.join(_DEBIAN)})".encode())

_PYTHON_VERSION = re.compile(r"-[^-/]+(?:-py3[^/]*)?$")
_GEM_VERSION = re.compile(r"-\d[^/]*$")
_SEPARATORS = re.compile(r"[-_.]+")


def normalised_distribution(name: str) -> str:
    """The name of a Python distribution as PEP 503 normalizes it."""
    return _SEPARATORS.sub("-", name).lower()


def _named(group: str, name: str) -> Feature | None:
    kind = group.partition("_")[0]
    if kind == "command" and name.startswith("."):
        return None
    if kind == "python":
        name = normalised_distribution(_PYTHON_VERSION.sub("", name))
    elif kind == "ruby":
        name = _GEM_VERSION.sub("", name)
    elif kind == "perl":
        name = name.replace("/", "::")
    elif kind == "module":
        name = name.removesuffix("/__init__")
    return Feature(kind, name)


def feature_of(pattern: re.Pattern[bytes], path: bytes) -> Feature | None:
    """What one file says of its package.

    Args:
        pattern: `STORE_FILE` for paths inside a store path, `DEBIAN_FILE` for paths in Debian's Contents.
        path: the path, with the leading slash for a store path, without for Debian.

    Returns:
        The feature, None when the file says nothing.

    """
    found = pattern.fullmatch(path)
    if found is None or found.lastgroup is None:
        return None
    return _named(found.lastgroup, found[found.lastgroup].decode("utf-8", "replace"))


def features_of(pattern: re.Pattern[bytes], paths: Iterable[bytes]) -> set[Feature]:
    """The features of all `paths`; arguments as for `feature_of`."""
    found = (feature_of(pattern, path) for path in paths)
    return {feature for feature in found if feature is not None}
