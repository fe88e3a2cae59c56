"""From a package name to nixpkgs attributes: the sources of knowledge, strongest first, each a small function."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.packages import AttributePath, NixpkgsPackage, NotNeeded, Origin, Unresolved

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, Provider
    from dock2nix.managers.base import Setting
    from dock2nix.model.packages import Requirement, Resolution

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_PYTHON_SET = re.compile(r"(?:python|pypy)[0-9]+Packages\.")
_PYTHON_2 = re.compile(r"(?:lib)?python(?:2(?:[.-].*)?|-(?!is-python3).*)?|python2[0-9]?(?:-.*)?|py2?-.*")
# As many as the index keeps of each attribute.
_MANY_PROGRAMS = 60
_DIGIT_BEHIND_LETTER = re.compile(r"(?<=[a-z])(?=[0-9])")
_SOVERSION = re.compile(r"lib(.+?)-?([0-9]+(?:\.[0-9]+)*)")


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
    text = reason or (
        f"mappings/{question.table}.toml has no row for {question.name}, "
        "and no nixpkgs attribute is called so or is known to hold it"
    )
    near = _near(question) if candidates is None else candidates
    return Unresolved(requirement=question.requirement, reason=text, candidates=near)


def _near(question: Question) -> tuple[str, ...]:
    if not question.name:
        return ()
    holders = (provider.path for provider in question.catalogue.providers("command", question.name)[:2])
    return tuple(dict.fromkeys((*holders, *question.catalogue.similar(question.table, question.name))))[:3]


def package(
    question: Question,
    path: str,
    *,
    origin: Origin,
    evidence: str,
    outputs: tuple[str, ...] = (),
) -> NixpkgsPackage:
    """A resolution to an attribute. Of `outputs` only those that it really has are kept.

    The version is the index's; it is left empty for an old channel, whose contents are not indexed.
    """
    known = question.catalogue.attribute(path)
    channel = question.setting.channel
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
        package(question, spell(path), origin=origin, evidence=evidence, outputs=outputs)
        for path, outputs in row.attributes
    )
    return tuple(
        replace(
            resolution,
            build_only=resolution.build_only or row.build_only,
            unfree=row.unfree,
            environment=row.environment if at == 0 else (),
        )
        for at, resolution in enumerate(found)
    )


def curated_origin(row: CuratedPackage) -> Origin:
    """A row's reason begins with `rule` when a rule made it, with `override` when it is the user's."""
    for origin in (Origin.RULE, Origin.OVERRIDE):
        if row.reason.startswith(origin.value):
            return origin
    return Origin.CURATED


def file_evidence(question: Question) -> tuple[Resolution, ...]:
    """An attribute that holds the same files as the distribution's package."""
    match = question.catalogue.evidence(question.table, question.name)
    if match is None:
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
    """The attribute that provides the command of that name, if it is its main one, or nothing else provides it.

    A package that merely contains the command is no answer, nor a Python set, which repeats the applications outside of it.
    """
    name = question.name
    found = question.catalogue.providers("command", name)
    providers = tuple(provider for provider in found if not _PYTHON_SET.match(provider.path))
    for provider in providers:
        known = question.catalogue.attribute(provider.path)
        if known is not None and name in {known.main_program, known.pname}:
            return (provided(question, provider, f"provides the command {name}"),)
    if len(providers) == 1 and _is_about_its_commands(question.catalogue.attribute(providers[0].path)):
        return (provided(question, providers[0], f"alone provides the command {name}"),)
    return ()


def _is_about_its_commands(known: Attribute | None) -> bool:
    """Not a box of all commands there are (busybox), and not a wrapper around what it is called like."""
    return known is not None and len(known.programs) < _MANY_PROGRAMS and not known.pname.endswith("wrapper")


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
    """A runtime library by its soname, as Debian names them: libpq5 holds libpq.so.5, libicu72 libicu….so.72."""
    name = question.name.removesuffix("t64")
    found = _SOVERSION.fullmatch(name)
    if not found:
        return ()
    stem, version = found[1], found[2]
    for soname in _sonames(stem, version):
        answer = first_provider(question, "soname", soname, f"holds {soname}")
        if answer:
            return answer
    return ()


def _sonames(stem: str, version: str) -> tuple[str, ...]:
    spellings = dict.fromkeys((stem, _DIGIT_BEHIND_LETTER.sub("-", stem), stem.upper()))
    return tuple(f"lib{spelling}.so.{version}" for spelling in spellings)


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
