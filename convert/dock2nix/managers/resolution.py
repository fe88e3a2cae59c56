"""From a package name to nixpkgs attributes: the sources of knowledge, strongest first, each a small function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.packages import AttributePath, NixpkgsPackage, NotNeeded, Origin, Unresolved
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, Provider
    from dock2nix.managers.base import Setting
    from dock2nix.model.packages import Requirement, Resolution

_PLAIN_NAME = regex(r"[A-Za-z_][A-Za-z0-9_'-]*")
_PYTHON_SET = regex(r"(?:python|pypy)[0-9]+Packages\.")
_PYTHON_2 = regex(r"(?:lib)?python(?:2(?:[.-].*)?|-(?!is-python3).*)?|python2[0-9]?(?:-.*)?|py2?-.*")
# A command that more packages have does not tell which is meant.
_MANY_PROVIDERS = 3
# So many letters in a row make names somewhat alike.
_LIKENESS = 4
_DIGIT_BEHIND_LETTER = regex(r"(?<=[a-z])(?=[0-9])")
_SONAME_TABLES = frozenset({"apt", "zypper"})
_SOVERSION = regex(r"lib(.+?)-?([0-9]+(?:\.[0-9]+)*)")
# python3 by itself or its set; the index calls that one python313Packages.
_DEFAULT_PYTHON = regex(r"^(?:python3$|python3(?:13)?(Packages\.))")
# File evidence below this is of another version of the package: no answer, but worth a look.
SAME_VERSION = 0.45


class Question(Struct, frozen=True, kw_only=True):
    """One name to look up: `name` in `mappings/<table>.toml` and in the index. `requirement` is what it was asked for."""

    requirement: Requirement
    name: str
    table: str
    catalogue: Catalogue
    setting: Setting
    build_only: bool = False


def first_answer(
    question: Question, *sources: Callable[[Question], tuple[Resolution, ...]]
) -> tuple[Resolution, ...]:
    """The answer of the first source that has one, else `Unresolved` with names that are near.

    Args:
        question: the name.
        sources: strongest first; each answers `()` when it knows nothing.
    """
    for source in sources:
        found = source(question)
        if found:
            return found
    return (unresolved(question),)


def unresolved(question: Question, reason: str = "", candidates: tuple[str, ...] | None = None) -> Unresolved:
    """Nothing is known.

    Args:
        question: the name.
        reason: in words for the report; "" for the general one.
        candidates: attributes worth a look; by default those that have a command of that name or a name that is near.
    """
    text = reason or _why_unknown(question)
    near = _near(question) if candidates is None else candidates
    return Unresolved(requirement=question.requirement, reason=text, candidates=near)


def _why_unknown(question: Question) -> str:
    """In words; what has the same files in another version is named, with the difference."""
    match = question.catalogue.evidence(question.table, question.name)
    if match is not None:
        difference = match.evidence.partition("; but ")[2] or match.evidence
        return f"nixpkgs does not have this version: {difference}"
    return (
        f"mappings/{question.table}.toml has no row for {question.name}, "
        "and no nixpkgs attribute is called so or is known to hold it"
    )


def _near(question: Question) -> tuple[str, ...]:
    if not question.name:
        return ()
    match = question.catalogue.evidence(question.table, question.name)
    other_version = (match.path,) if match is not None else ()
    holders = (provider.path for provider in question.catalogue.providers("command", question.name)[:2])
    names = question.catalogue.similar(question.table, question.name)
    return tuple(dict.fromkeys((*other_version, *holders, *names)))[:3]


def package(
    question: Question,
    path: str,
    *,
    origin: Origin,
    evidence: str,
    outputs: tuple[str, ...] = (),
    like: str = "",
) -> NixpkgsPackage:
    """A resolution to an attribute. Of `outputs` only those that it really has are kept.

    The version is the index's, or that of `like`, the same package in a set that is indexed: all sets of one nixpkgs are made
    from the same expressions. It is left empty for what comes from an old channel, whose contents are not indexed.
    """
    like = like or path
    path = path if origin is Origin.OVERRIDE else in_own_set(path, question.setting)
    channel = channel_of(path, question.setting)
    known = question.catalogue.attribute(path) or question.catalogue.attribute(like)
    if channel:
        evidence += f"; {channel} is not indexed: that it has {path} is not verified"
    return NixpkgsPackage(
        requirement=question.requirement,
        attribute_path=AttributePath(path),
        outputs=existing_outputs(known, outputs),
        version="" if channel or known is None else known.version,
        origin=origin,
        evidence=evidence,
        build_only=question.build_only,
        source=question.catalogue.pin(channel).name if channel else "",
    )


def in_own_set(path: str, setting: Setting) -> str:
    """The attribute in terms of the base image's own interpreter, which takes the place of the distribution's default one."""
    own = setting.interpreter
    if not setting.own or own is None:
        return path
    if setting.language == "python" and _DEFAULT_PYTHON.match(path):
        return _DEFAULT_PYTHON.sub(own + r"\1", path)
    return own if setting.language == "nodejs" and path == "nodejs" else path


def channel_of(path: str, setting: Setting) -> str:
    """The old release that an attribute comes from: the base image's, for its interpreter and what is in that one's set."""
    own = setting.interpreter
    return (
        setting.channel
        if own and (path == own or path.startswith((f"{own}Packages.", f"{own}Extensions.")))
        else ""
    )


def existing_outputs(attribute: Attribute | None, outputs: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the wanted outputs that the attribute has; all of them when the index does not know it."""
    if attribute is None:
        return outputs
    return tuple(output for output in outputs if output in attribute.outputs)


# --- the sources -------------------------------------------------------------------------------------------------------------


def curated(question: Question) -> tuple[Resolution, ...]:
    """A row of the mapping table (the user's own rows and the rules for versioned names included)."""
    row = question.catalogue.curated(question.table, question.name)
    return curated_row(question, row) if row else ()


def curated_row(
    question: Question, row: CuratedPackage, spell: Callable[[str], str] = str
) -> tuple[Resolution, ...]:
    """What a row says; `spell` turns its attribute paths into those of the stage's interpreter."""
    origin = curated_origin(row)
    if row.not_needed:
        return (NotNeeded(requirement=question.requirement, reason=row.reason, origin=origin),)
    where = f"mappings/{question.table}.toml"
    evidence = f"{where}: {row.reason}" if row.reason else where
    if origin is Origin.OVERRIDE:
        evidence = row.reason.removeprefix("override: ")  # it begins with the user's file
    found = (
        package(question, spell(path), origin=origin, evidence=evidence, outputs=outputs, like=path)
        for path, outputs in row.attributes
    )
    return tuple(
        replace(
            resolution,
            build_only=resolution.build_only or row.build_only,
            unfree=row.unfree,
            environment=row.environment if at == 0 else (),
            caveat=row.caveat if at == 0 else "",
            differs=_other_library(question, resolution),
        )
        for at, resolution in enumerate(found)
    )


def _other_library(question: Question, resolution: NixpkgsPackage) -> str:
    """In words, that a row stands for a library of another ABI; only Debian's and SUSE's names tell the soname."""
    if question.table not in _SONAME_TABLES or resolution.origin is Origin.OVERRIDE:
        return ""
    soname = other_soname(question.catalogue, question.name, resolution.attribute_path)
    path = resolution.attribute_path
    return f"nixpkgs' {path} does not have {soname}: what is built for it will not find it" if soname else ""


def curated_origin(row: CuratedPackage) -> Origin:
    """A row's reason begins with `rule` when a rule made it, with `override` when it is the user's."""
    for origin in (Origin.RULE, Origin.OVERRIDE):
        if row.reason.startswith(origin.value):
            return origin
    return Origin.CURATED


def file_evidence(question: Question) -> tuple[Resolution, ...]:
    """An attribute that holds the same files as the distribution's package, in the version that its name tells."""
    match = question.catalogue.evidence(question.table, question.name)
    if match is None or match.score < SAME_VERSION:
        return ()
    return (
        package(question, match.path, origin=Origin.FILES, evidence=match.evidence, outputs=match.outputs),
    )


def python_2(question: Question) -> tuple[Resolution, ...]:
    """`python`, `python-NAME` and `python2.7` were Python 2 in every distribution: Python 3 is another language."""
    if not _PYTHON_2.fullmatch(question.name):
        return ()
    reason = (
        f"{question.name} belongs to Python 2, which has no future in nixpkgs; is it Python 3 that is wanted?"
    )
    return (unresolved(question, reason, ("python3",)),)


def same_name(question: Question) -> tuple[Resolution, ...]:
    """The attribute of that name, if it has the command of that name or calls itself so."""
    found = plain_attribute(question, question.name)
    if found is None:
        return ()
    name = question.name
    if name in found.programs:
        evidence = f"the attribute of that name has the command {name}"
    elif found.pname == name:
        evidence = f"the attribute of that name is {name} {found.version}".rstrip()
    else:
        return ()
    return (package(question, found.path, origin=Origin.SAME_NAME, evidence=evidence),)


def plain_attribute(question: Question, name: str) -> Attribute | None:
    """The top-level attribute of that name."""
    return question.catalogue.attribute(name) if _PLAIN_NAME.fullmatch(name) else None


def command_provider(question: Question) -> tuple[Resolution, ...]:
    """The attribute that provides the command of that name, if it is called so or is for that one alone.

    A package that merely contains the command is no answer, even if no other has it, unless it is called somewhat like it:
    kubelet is in kubernetes, but talkfilters has `chef` and is not what `apt-get install chef` means. Nor is a Python set, which
    repeats the applications outside of it.
    """
    name = question.name
    found = question.catalogue.providers("command", name)
    providers = tuple(provider for provider in found if not _PYTHON_SET.match(provider.path))
    for provider in providers:
        known = question.catalogue.attribute(provider.path)
        if known is not None and _is_called_so(question, known, providers):
            return (provided(question, provider, f"provides the command {name}"),)
    if len(providers) == 1 and _is_about_it(name, question.catalogue.attribute(providers[0].path)):
        return (provided(question, providers[0], f"alone provides the command {name}"),)
    return ()


def _is_about_it(name: str, known: Attribute | None) -> bool:
    """Whether the only package with a command is no wrapper or part of what is called so, and its name has something of it."""
    if known is None or known.pname.endswith("wrapper") or known.pname.startswith(f"{name}-"):
        return False
    return any(name[at : at + _LIKENESS] in known.pname for at in range(max(1, len(name) - _LIKENESS + 1)))


def _is_called_so(question: Question, known: Attribute, providers: tuple[Provider, ...]) -> bool:
    """Whether a package is called like the command that it provides, or is for that one alone.

    A command that many different packages have as well (sendmail) does not tell which of them is meant.
    """
    if known.pname == question.name or known.main_program != question.name:
        return known.pname == question.name
    return len({_pname(question, provider) for provider in providers}) <= _MANY_PROVIDERS


def provided(question: Question, provider: Provider, what: str) -> NixpkgsPackage:
    """A resolution to a provider; `what` it does is the evidence."""
    outputs = () if provider.output == "out" else (provider.output,)
    evidence = f"{provider.path} {what}"
    return package(question, provider.path, origin=Origin.PROVIDER, evidence=evidence, outputs=outputs)


def first_provider(question: Question, kind: str, name: str, what: str) -> tuple[Resolution, ...]:
    """The best provider of a library, .pc file or module."""
    providers = question.catalogue.providers(kind, name)
    return (provided(question, providers[0], what),) if providers else ()


def library(question: Question) -> tuple[Resolution, ...]:
    """A runtime library by its soname, as Debian names them: libpq5 holds libpq.so.5, libicu72 libicu….so.72.

    Its own package, in whatever version, comes first among those that have the library at all; others bring a copy along.
    """
    for stem, number in _soversions(question.name):
        soname = f"lib{stem}.so.{number}"
        owners = question.catalogue.providers("soname", f"lib{stem}.so")
        for provider in question.catalogue.providers("soname", soname):
            if not owners or _pname(question, provider) == _pname(question, owners[0]):
                return (provided(question, provider, f"holds {soname}"),)
    return ()


def _pname(question: Question, provider: Provider) -> str:
    known = question.catalogue.attribute(provider.path)
    return known.pname if known is not None else provider.path


def _soversions(name: str) -> tuple[tuple[str, str], ...]:
    """What the soname of a library may be called, and its number: libcurl4 is (`curl`, `4`)."""
    found = _SOVERSION.fullmatch(name.removesuffix("t64"))
    if not found:
        return ()
    stem = found[1]
    spellings = dict.fromkeys((stem, _DIGIT_BEHIND_LETTER.sub("-", stem), stem.upper()))
    return tuple((spelling, found[2]) for spelling in spellings)


def other_soname(catalogue: Catalogue, name: str, path: str) -> str:
    """The soname that a Debian library's name tells and that the attribute does not have, although it has the library.

    Args:
        catalogue: tells who has which library.
        name: the library's package in Debian (`libtiff5`).
        path: the attribute that is to stand for it.

    Returns:
        The soname (`libtiff.so.5`); "" when the attribute has it, or when that cannot be told.
    """
    known = catalogue.attribute(path)
    for stem, number in _soversions(name) if known else ():
        any_version = {provider.path for provider in catalogue.providers("soname", f"lib{stem}.so")}
        if known is None or known.path not in any_version or known.version.startswith(number):
            continue
        this = catalogue.providers("soname", f"lib{stem}.so.{number.partition('.')[0]}")
        return "" if known.path in {provider.path for provider in this} else f"lib{stem}.so.{number}"
    return ""


# Their headers are for what is built with them; there is no library that a program would load.
_NO_LIBRARY = regex(
    r"(?:stdenv|glibc|musl|linuxHeaders|php|postgresql|apacheHttpd|nginx|xorgproto|R|erlang|nodejs|gcc|clang|llvm)(?:[._0-9].*)?"
)
_INTERPRETERS = regex(r"(?:python3|ruby|perl|lua|tcl)[_0-9]*")


def library_output(catalogue: Catalogue, name: str, path: str) -> str | None:
    """The output with the library that headers are of: "" for the default one, None when there is no such library.

    Args:
        catalogue: what is known of packages.
        name: the package of the headers (`libpq-dev`, `openssl-devel`).
        path: the attribute that has them.
    """
    known = catalogue.attribute(path)
    if known is None or _NO_LIBRARY.fullmatch(known.path):
        return None
    if _INTERPRETERS.fullmatch(known.path):
        return ""
    if "dev" not in known.outputs and not _holds_library(catalogue, name, known):
        return None
    if "lib" in known.outputs:
        return "lib"
    return "out" if "bin" in known.outputs else ""


def _holds_library(catalogue: Catalogue, name: str, known: Attribute) -> bool:
    """Whether the attribute has a library that is called like the package, or like itself."""
    stem = re.sub(r"-(?:dev|devel)$", "", name)
    names = {stem, known.pname, known.path.rpartition(".")[2]}
    names |= {one.removeprefix("lib") for one in names}
    names |= {one.rstrip("0123456789.-") for one in names}
    return any(
        provider.path == known.path
        for one in sorted(names)
        for provider in catalogue.providers("soname", f"lib{one}.so")
    )


def development_files(*suffixes: str) -> Callable[[Question], tuple[Resolution, ...]]:
    """Headers and .pc files of a `-dev` or `-devel` package, by the name in front of the suffix.

    Args:
        suffixes: of the names that are looked at (`-dev`).
    """

    def answer(question: Question) -> tuple[Resolution, ...]:
        for suffix in suffixes:
            if question.name.endswith(suffix):
                built = replace(question, build_only=True)
                return _by_pkgconfig(built, question.name.removesuffix(suffix))
        return ()

    return answer


def _by_pkgconfig(question: Question, stem: str) -> tuple[Resolution, ...]:
    bare = stem.removeprefix("lib")
    for name in filter(None, dict.fromkeys((stem, f"lib{bare}", bare))):
        found = first_provider(question, "pkgconfig", name, f"holds {name}.pc")
        if found:
            return found
    return _by_header(question, bare)


def _by_header(question: Question, stem: str) -> tuple[Resolution, ...]:
    """Many packages have a `list.h`: only one that is called like its header is an answer."""
    for provider in question.catalogue.providers("header", f"{stem}.h") if stem else ():
        known = question.catalogue.attribute(provider.path)
        names = {known.pname, known.path.rpartition(".")[2]} if known else set()
        if stem.lower() in {name.lower().removeprefix("lib").removesuffix("-c") for name in names}:
            return (provided(question, provider, f"holds the header {stem}.h"),)
    return ()
