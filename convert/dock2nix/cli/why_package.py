"""Why a package name resolves to what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.cli.answers import Answer, candidates, toml_row
from dock2nix.errors import UsageError
from dock2nix.managers import manager_for, manager_named
from dock2nix.managers.resolution import (
    Question,
    command_provider,
    development_files,
    library,
    same_name,
)
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.packages import BuiltProject, LockedArtifact, NixpkgsPackage, NotNeeded, Unresolved
from dock2nix.model.shell import Invocation, Word
from dock2nix.model.source import Location
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Catalogue, CuratedPackage
    from dock2nix.cli.answers import Row
    from dock2nix.managers.base import Setting
    from dock2nix.model.packages import Requirement, Resolution

# The words in front of a name when each of these installs something.
MANAGERS_BY_KIND = {
    "apk": ("apk", "add"),
    "apt": ("apt-get", "install"),
    "dnf": ("dnf", "install"),
    "gem": ("gem", "install"),
    "go": ("go", "install"),
    "microdnf": ("microdnf", "install"),
    "npm": ("npm", "install", "-g"),
    "php": ("install-php-extensions",),
    "pip": ("pip", "install"),
    "pipx": ("pipx", "install"),
    "pnpm": ("pnpm", "add", "-g"),
    "uv": ("uv", "pip", "install"),
    "yarn": ("yarn", "global", "add"),
    "yum": ("yum", "install"),
    "zypper": ("zypper", "install"),
}
_TABLES = {"pipx": "pip", "uv": "pip", "pnpm": "npm", "yarn": "npm"}
_NOWHERE = Location(path="-", first_line=1, last_line=1)
_PYTHON_SET = regex(r"^python3[0-9]*Packages\.")


class _NoFiles:
    """A build without files: what is asked for is a name."""

    def read(self, path: str, directory: str | None) -> None:
        """Nothing is there."""


def explain_package(kind: str, text: str, catalogue: Catalogue, setting: Setting) -> Answer:
    """The decision on a package, as a Dockerfile would ask for it.

    Args:
        kind: one of `MANAGERS_BY_KIND`.
        text: the name, perhaps with a version (`nodejs=18.*`, `flask>=2`), as one word of the command line.
        catalogue: what is known.
        setting: where it is asked for.

    Raises:
        UsageError: the text names no single package.

    """
    requirement = _requirement(kind, text)
    table = _TABLES.get(requirement.manager, requirement.manager)
    resolutions = manager_named(requirement.manager).resolve(requirement, catalogue, setting)
    question = Question(
        requirement=requirement, name=requirement.name, table=table, catalogue=catalogue, setting=setting
    )
    others = candidates(catalogue, _others(question, resolutions), _paths(resolutions))
    curated = catalogue.curated(table, requirement.name)
    return Answer(
        known=not any(isinstance(one, Unresolved) for one in resolutions),
        facts=(*_decisions(requirement, resolutions), *_reservations(curated)),
        data=_data(requirement, resolutions),
        candidates=others,
        row=_row(question, resolutions, others[0].path if others else ""),
    )


def _requirement(kind: str, text: str) -> Requirement:
    """What the manager itself makes of the word."""
    program, *words = MANAGERS_BY_KIND[kind]
    invocation = Invocation(
        program=program,
        arguments=tuple(Word(text=word, value=word, location=_NOWHERE) for word in (*words, text)),
        directory="/",
        environment={},
    )
    manager = manager_for(invocation)
    step = manager.parse_install(invocation, _NOWHERE, _NoFiles()) if manager else None
    if step is None or len(step.requirements) != 1 or step.unknown:
        reason = step.unknown[0].reason if step and step.unknown else "names no single package"
        raise UsageError(f"{kind}:{text}: {reason}")
    return step.requirements[0]


def _paths(resolutions: tuple[Resolution, ...]) -> tuple[str, ...]:
    return tuple(str(one.attribute_path) for one in resolutions if isinstance(one, NixpkgsPackage))


# --- what else ---------------------------------------------------------------------------------------------------------------


def _others(question: Question, resolutions: tuple[Resolution, ...]) -> Iterator[tuple[str, str]]:
    """What every other source of knowledge says, strongest first."""
    match = question.catalogue.evidence(question.table, question.name)
    if match is not None:
        yield match.path, f"{match.evidence}, score {match.score:.2f}"
    sources = (same_name, library, development_files("-dev", "-devel"), command_provider)
    if question.table not in {"php", "pip", "npm"}:
        for source in sources:
            for found in source(question):
                if isinstance(found, NixpkgsPackage):
                    yield found.attribute_path, found.evidence
    for kind, what in (("python", "is the distribution"), ("node", "holds the module")):
        for provider in question.catalogue.providers(kind, question.name):
            if question.table == {"python": "pip", "node": "npm"}[kind]:
                yield provider.path, f"{what} {question.name}"
    for provider in question.catalogue.providers("command", question.name)[:4]:
        yield provider.path, f"has the command {question.name}"
    near = (path for one in resolutions if isinstance(one, Unresolved) for path in one.candidates)
    yield from ((path, "is called almost so") for path in near)


# --- in words ----------------------------------------------------------------------------------------------------------------


def _decisions(requirement: Requirement, resolutions: tuple[Resolution, ...]) -> Iterator[tuple[str, str]]:
    for one in resolutions:
        yield "decision", _decision(one)
        match one:
            case NixpkgsPackage():
                yield "because", f"{one.evidence} [{one.origin}]"
                if version_satisfies(requirement.manager, requirement.specifier, one.version) is False:
                    yield "but", f"{requirement.name}{requirement.specifier} was asked for"
                for name, value in one.environment:
                    yield "sets", f"{name}={value}"
            case NotNeeded():
                yield "because", f"{one.reason} [{one.origin}]"
            case Unresolved():
                yield "because", one.reason


def _decision(resolution: Resolution) -> str:
    match resolution:
        case NixpkgsPackage():
            outputs = " ".join(
                f"pkgs.{resolution.attribute_path}{f'.{output}' if output else ''}"
                for output in resolution.outputs or ("",)
            )
            building = ", for building only" if resolution.build_only else ""
            unfree = ", unfree: allowed by name in flake.nix" if resolution.unfree else ""
            return f"{outputs} {resolution.version}".rstrip() + building + unfree
        case NotNeeded():
            return "not needed"
        case Unresolved():
            return "unresolved"
        case LockedArtifact():
            return f"fetched from {resolution.url}"
        case BuiltProject():
            return f"built by nix/stages/{resolution.build.name}.nix"


def _reservations(curated: CuratedPackage | None) -> Iterator[tuple[str, str]]:
    if curated is not None and curated.keep_with:
        yield "but", f"left out unless one of these is used later: {', '.join(curated.keep_with)}"


# --- for programs ------------------------------------------------------------------------------------------------------------


def _data(requirement: Requirement, resolutions: tuple[Resolution, ...]) -> dict[str, Any]:
    """The keys of a requirement in report.json, and every resolution by itself."""
    objects = [_object(one) for one in resolutions]
    packages = [one for one in objects if one["outcome"] in {"nixpkgs", "build-only"}]
    first = (packages or objects)[0]
    outcomes = {str(one["outcome"]) for one in objects}
    return {
        "manager": requirement.manager,
        "name": requirement.name or requirement.url,
        "specifier": requirement.specifier,
        "outcome": "unresolved" if "unresolved" in outcomes else str(first["outcome"]),
        "attributes": [one["attribute"] for one in packages],
        "outputs": list(dict.fromkeys(output for one in packages for output in one["outputs"])),
        "version": first.get("version", ""),
        "origin": first.get("origin", ""),
        "evidence": first.get("evidence", ""),
        "reason": first.get("reason", ""),
        "resolutions": objects,
    }


def _object(resolution: Resolution) -> dict[str, Any]:
    match resolution:
        case NixpkgsPackage():
            return {
                "outcome": "build-only" if resolution.build_only else "nixpkgs",
                "attribute": str(resolution.attribute_path),
                "outputs": list(resolution.outputs),
                "version": resolution.version,
                "origin": str(resolution.origin),
                "evidence": resolution.evidence,
                "build_only": resolution.build_only,
                "unfree": resolution.unfree,
                "environment": dict(resolution.environment),
            }
        case NotNeeded():
            return {
                "outcome": "not-needed",
                "reason": resolution.reason,
                "origin": str(resolution.origin),
            }
        case Unresolved():
            return {
                "outcome": "unresolved",
                "reason": resolution.reason,
                "candidates": list(resolution.candidates),
            }
        case LockedArtifact():
            return {"outcome": "locked", "url": resolution.url, "origin": str(resolution.origin)}
        case BuiltProject():
            return {"outcome": "nixpkgs", "file": f"nix/stages/{resolution.build.name}.nix"}


# --- the row -----------------------------------------------------------------------------------------------------------------


def _row(question: Question, resolutions: tuple[Resolution, ...], near: str) -> Row:
    """The decision as a row, ready to be changed; of what is not known, the nearest candidate or none at all."""
    packages = [one for one in resolutions if isinstance(one, NixpkgsPackage)]
    if packages:
        return toml_row(question.table, question.name, _value(packages, question.catalogue))
    not_needed = [one for one in resolutions if isinstance(one, NotNeeded)]
    if near and not not_needed:
        return toml_row(question.table, question.name, _general(near))
    reason = not_needed[0].reason if not_needed else "why the image can do without it"
    return toml_row(question.table, question.name, {"not_needed": reason})


def _general(path: str) -> str:
    """`python3Packages` is the set of the image's interpreter, whichever that is."""
    return _PYTHON_SET.sub("python3Packages.", path)


def _value(packages: list[NixpkgsPackage], catalogue: Catalogue) -> object:
    """The short form where it says everything, else a table."""
    several: list[object] = [
        _general(one.attribute_path) + (f"^{','.join(one.outputs)}" if one.outputs else "")
        for one in packages
    ]
    paths = [_general(one.attribute_path) for one in packages]
    table: dict[str, object] = {"attributes": several}
    if len(packages) == 1:
        table = {"attribute": paths[0]} | ({"outputs": packages[0].outputs} if packages[0].outputs else {})
    if all(one.build_only for one in packages):
        table["build_only"] = True
    if any(one.unfree for one in packages):
        table["unfree"] = True
    elif any(catalogue.attribute(path) is None for path in paths):
        table["unindexed"] = "say why it is there although the index does not show it"
    if packages[0].environment:
        table["environment"] = dict(packages[0].environment)
    return table if len(table) > 1 else next(iter(table.values()))
