"""What a COPY or ADD instruction copies from the build context, and where to, as BuildKit decides it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.model.image import ContextSource
from dock2nix.parse.archives import is_archive
from dock2nix.parse.dockerignore import IgnorePattern, exclude_patterns
from dock2nix.parse.wildcards import PatternError, compile_wildcard, has_wildcard
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.parse.context import BuildContext, ContextEntry

_STANDARD = """/ /bin /boot /dev /etc /etc/cron.d /etc/default /etc/init.d /etc/profile.d /etc/skel /etc/ssl /etc/ssl/certs
    /home /lib /media /mnt /opt /proc /root /run /sbin /srv /sys /tmp /usr /usr/bin /usr/lib /usr/local /usr/local/bin
    /usr/local/lib /usr/local/sbin /usr/local/share /usr/sbin /usr/share /var /var/cache /var/lib /var/log /var/opt /var/run
    /var/spool /var/tmp"""
# Folders that every image made from a distribution has: a file copied to one of them goes into it.
STANDARD_DIRECTORIES = frozenset(_STANDARD.split())
_GIT_PREFIXES = ("git://", "git@", "ssh://")
_HTTP_PREFIXES = ("http://", "https://")


class CopyRequest(Struct, frozen=True, kw_only=True):
    """The parts of a COPY or ADD instruction, expanded; `exclude` and `parents` are its flags."""

    sources: tuple[str, ...]
    destination: str
    workdir: str
    is_add: bool
    exclude: tuple[str, ...] = ()
    parents: bool = False


class CopyResolution(Struct, frozen=True, kw_only=True):
    """What becomes of the sources.

    `destination` is the absolute image path; `into` tells whether it is a folder that files go into. `files` are what is
    copied, in order. The rest are sources as written: `missing` are not there, `ignored` are there but `.dockerignore` excludes
    them (BuildKit finds neither), `outside` climb out of the context, `unmatched` have wildcards that match nothing (BuildKit
    takes no offence), `archives` are local archives that ADD unpacks at the destination, `urls` and `git` are fetched by ADD
    and refused by COPY. `exclude` are the patterns of `--exclude`, relative to each folder copied; BuildKit refuses `malformed`.
    """

    destination: str
    into: bool
    files: tuple[ContextSource, ...] = ()
    missing: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    git: tuple[str, ...] = ()
    exclude: tuple[IgnorePattern, ...] = ()
    malformed: tuple[str, ...] = ()


class _Tray(Struct):
    """Collects the files of one instruction; later ones replace earlier ones at the same place, as a copy does."""

    target: str
    folders: set[str]
    files: dict[tuple[str, bool], ContextSource] = field(default_factory=dict)

    def add(self, entry: ContextEntry, destination: str) -> None:
        key = (destination if not entry.directory else f"{entry.path}\0{destination}", entry.directory)
        self.files.pop(key, None)
        self.files[key] = ContextSource(path=entry.path, destination=destination, directory=entry.directory)
        self.folders.update(
            _with_ancestors(destination if entry.directory else posixpath.dirname(destination))
        )

    def add_at_target(self, entry: ContextEntry) -> None:
        """A folder's contents go to the target; a file goes into it if it is a folder, else it becomes the target."""
        inside = not entry.directory and self.target in self.folders
        self.add(
            entry, posixpath.join(self.target, posixpath.basename(entry.name)) if inside else self.target
        )


def image_path(path: str, workdir: str) -> str:
    """`path` of an instruction as a normalised absolute path of the image; `..` stops at the root."""
    return "/" + normal_path(posixpath.join("/", workdir, path)).lstrip("/")


def local_path(source: str) -> str | None:
    """A source as a path relative to the context, "" for all of it; None when it climbs out of the context."""
    parts: list[str] = []
    for part in source.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def is_remote(source: str) -> bool:
    """Whether a source is an address (of a file or of a git repository) and not in the context."""
    return source.startswith((*_HTTP_PREFIXES, *_GIT_PREFIXES))


def resolve_copy(
    context: BuildContext, request: CopyRequest, directories: frozenset[str] | None = None
) -> CopyResolution:
    """Resolve the sources of an instruction against the context.

    Args:
        context: where the sources are.
        request: the instruction. Wildcards are expanded in the order of BuildKit's walk.
        directories: what is known to be a folder in the image, beside the working directory; it decides whether a file is put
            into the destination or becomes it. None stands for those that every distribution has.

    Returns:
        Every source in exactly one of the fields of the result (a folder or wildcard may give several `files`).

    """
    target = image_path(request.destination, request.workdir)
    folders = set(STANDARD_DIRECTORIES if directories is None else directories)
    folders.update(_with_ancestors(image_path(".", request.workdir)))
    if _is_folder_form(request):
        folders.add(target)
    tray = _Tray(target=target, folders=folders)
    fates: dict[str, list[str]] = {}
    for source in request.sources:
        fate = _remote_fate(source) or _local_fate(context, request, source, tray)
        fates.setdefault(fate, []).append(source)
    fates.pop("", None)
    exclude, fates["malformed"] = _excluded(request.exclude)
    return CopyResolution(
        destination=target,
        into=target in folders,
        files=tuple(tray.files.values()),
        exclude=exclude,
        **{fate: tuple(sources) for fate, sources in fates.items()},
    )


def _excluded(values: tuple[str, ...]) -> tuple[tuple[IgnorePattern, ...], list[str]]:
    """The patterns of `--exclude`, and those that are malformed."""
    patterns: list[IgnorePattern] = []
    malformed: list[str] = []
    for value in values:
        try:
            patterns.extend(exclude_patterns((value,)))
        except PatternError:
            malformed.append(value)
    return tuple(patterns), malformed


def _is_folder_form(request: CopyRequest) -> bool:
    last = request.destination.rpartition("/")[2]
    return request.parents or len(request.sources) > 1 or last in {"", ".", ".."}


def _remote_fate(source: str) -> str:
    if source.startswith(_GIT_PREFIXES):
        return "git"
    if source.startswith(_HTTP_PREFIXES):
        return "git" if source.partition("#")[0].partition("?")[0].endswith(".git") else "urls"
    return ""


def _local_fate(context: BuildContext, request: CopyRequest, source: str, tray: _Tray) -> str:
    """Put what `source` names on the tray; the name of the field it belongs to if that is not `files`."""
    path = local_path(source)
    if path is None:
        return "outside"
    if request.parents:
        return _take_with_parents(context, source, tray)
    found = context.expand(path) if has_wildcard(path) else tuple(filter(None, (context.find(path),)))
    usable = [entry for entry in found if not entry.ignored]
    if not usable:
        return "ignored" if found else "unmatched" if has_wildcard(path) else "missing"
    if request.is_add and any(_is_unpacked(context, entry) for entry in usable):
        return "archives"
    if not all(_is_utf8(entry.path + entry.name) for entry in usable):
        return "missing"
    if sum(not entry.directory for entry in usable) > 1:
        tray.folders.add(tray.target)
    for entry in usable:
        tray.add_at_target(entry)
    return ""


def _take_with_parents(context: BuildContext, source: str, tray: _Tray) -> str:
    """`--parents`: the folders behind `/./`, or all, are made at the target."""
    pivot, found_pivot, rest = source.partition("/./")
    base, pattern = (local_path(pivot), local_path(rest)) if found_pivot else ("", local_path(source))
    if base is None or pattern is None:
        return "outside"
    matches = list(_below(context, base, pattern))
    usable = [(entry, path) for entry, path in matches if not entry.ignored]
    for entry, path in usable:
        tray.add(entry, normal_path(posixpath.join(tray.target, path)))
    if usable:
        return ""
    return "ignored" if matches else "unmatched" if has_wildcard(pattern) else "missing"


def _below(context: BuildContext, base: str, pattern: str) -> Iterator[tuple[ContextEntry, str]]:
    """What `pattern` names in the folder `base`, with its path there; nothing that lies in another match."""
    if not has_wildcard(pattern):
        entry = context.find(posixpath.join(base, pattern))
        if entry is not None:
            yield entry, pattern
        return
    try:
        wildcard = compile_wildcard(pattern)
    except PatternError:
        return
    taken = "\0"
    for path, _ in context.walk(base):
        inside = posixpath.relpath(path, base or ".")
        if not path.startswith(taken) and wildcard.matches(inside) and (entry := context.find(path)):
            taken = path + "/"
            yield entry, inside


def _is_unpacked(context: BuildContext, entry: ContextEntry) -> bool:
    return not entry.directory and is_archive(context.root / entry.path)


def _is_utf8(text: str) -> bool:
    """Whether a file name can be written into a text file (other bytes are surrogates in Python)."""
    return text.isprintable() or not any("\ud800" <= char <= "\udfff" for char in text)


def _with_ancestors(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/", *("/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1) if parts[0])]
