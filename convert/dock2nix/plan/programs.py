"""Programs that the image runs and that nothing installs: what provides them, where that is obvious."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.downloads import FetchFile, FetchTree, Unpack
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.image import LinkProgram, StoreFiles, Symlink, WriteFile
from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.model.plan import PackageEntry, PackageSection
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.calls import PROGRAM_FOLDERS, CopiedFiles
from dock2nix.plan.collisions import collisions
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, Provider
    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.parse.context import BuildContext
    from dock2nix.plan.calls import Call

TABLE = "commands"
OVERRIDE = "override: "
_PYTHON_SET = regex(r"^(python3?[0-9]*)Packages\.")
# What tells versions and builds of one thing apart: python38, nodejs-16_x, postgresql_15_jit, jdk17_headless, curlMinimal.
_VERSION = regex(r"[-_]?[0-9][0-9_x.]*$")
_BUILD = regex(r"(?:[-_](?:full|headless|jit|minimal|slim)|Full|FreeThreading|Minimal|Mainline)$")
_WORD = regex(r"[A-Za-z0-9_+.-]+")
_COLLECTION = regex(
    r"(?:_9base|busybox|coreutils-full|gash-utils|klibc|mescc-tools|toybox|u-root|unixtools|uutils)"
)
# Such programs are a project's own more often than any of nixpkgs' that are called so.
_OWN_NAMES = """
    admin agent api app backend bot build cli client consumer controller core daemon demo dev entrypoint executor frontend
    gateway hello hub init job launcher main manage manager migrate monitor operator producer prod protocol proxy registry
    router run runner sample scheduler script serve server service setup start sync test tests ui update usage web
    webserver worker
"""
_OUTPUTS = frozenset({"bin", "lib", "out"})
# An attribute of the index for each language of base images.
_ALIKE = {"go": "go", "java": "jdk", "nodejs": "nodejs", "php": "php", "python": "python3", "ruby": "ruby"}
_MAY_BRING_PROGRAMS = (CommandOutcome.UNRESOLVED, CommandOutcome.SCRIPT)


class Choice(Struct, frozen=True, kw_only=True):
    """Who provides a command, and why that one. `by_row`: the table of commands says so."""

    attribute_path: AttributePath
    output: str = ""
    evidence: str
    by_row: bool = False


class ImageContents(Struct, frozen=True, kw_only=True):
    """What is known to be in the image, and what may be.

    `packages` are attribute paths, `wanted` names of packages asked for, whatever became of them, `paths` files and links made. `open_lines` are lines of the
    Dockerfile that may put programs anywhere: commands that are not translated or run as they stand, packages that are not
    known; `open_words` are the words of the instructions they stand in, and of every COPY and ADD. `root` is the place of the image's FROM.
    """

    packages: frozenset[str]
    wanted: frozenset[str]
    paths: frozenset[str]
    copied: CopiedFiles
    open_lines: tuple[int, ...]
    open_words: frozenset[str]
    root: Location


def image_contents(
    base: BaseImage | None,
    chain: tuple[int, ...],
    passed: tuple[tuple[Stage, ...], tuple[StageSteps, ...], tuple[ResolvedRequirement, ...]],
    context: BuildContext,
) -> ImageContents | None:
    """What the passes so far put into the image; None when that cannot be told, or there is no distribution to lean on.

    Args:
        base: what FROM brings.
        chain: positions of the stages that the image consists of.
        passed: all stages, the steps of the needed ones, and what they asked for.
        context: the build context.
    """
    if base is None or not base.distribution:
        return None
    stages, done, resolved = passed
    effects = [effect for one in done if one.stage in chain for effect in one.effects]
    lines = _open_lines(done, resolved)
    return ImageContents(
        packages=frozenset({*_installed(chain, resolved), *_brought(base)}),
        wanted=frozenset(one.requirement.name for one in resolved),
        paths=frozenset(path for effect in effects if (path := _path_of(effect))),
        copied=CopiedFiles(context, effects),
        open_lines=lines,
        open_words=frozenset(
            word
            for one in done
            for instruction in stages[one.stage].instructions
            if _may_bring_programs(instruction, lines)
            for word in _spoken_words(instruction.instruction.original)
        ),
        root=stages[chain[0]].location,
    )


def _path_of(effect: Effect) -> str:
    """The path at which a command makes a file, "" when it does something else; what is copied is looked up elsewhere."""
    return effect.path if isinstance(effect, (FetchFile, LinkProgram, StoreFiles, Symlink, WriteFile)) else ""


def _brought(base: BaseImage) -> set[str]:
    """The base image's packages; beside an interpreter that the index may not know, one of its kind that it does."""
    alike = {_ALIKE[base.language]} if base.interpreter and base.language in _ALIKE else set[str]()
    return {*base.packages, *alike}


def _installed(chain: tuple[int, ...], resolved: tuple[ResolvedRequirement, ...]) -> set[str]:
    """The attribute paths of what the image gets, the interpreters that Python packages stand in among them."""
    paths = {
        str(resolution.attribute_path)
        for one in resolved
        if one.stage in chain and one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage) and not resolution.build_only
    }
    return paths | {found[1] for path in paths if (found := _PYTHON_SET.match(path))}


def _open_lines(done: tuple[StageSteps, ...], resolved: tuple[ResolvedRequirement, ...]) -> tuple[int, ...]:
    steps = {
        step.location.first_line
        for one in done
        for step in one.steps
        if step.outcome in _MAY_BRING_PROGRAMS
        or any(isinstance(effect, (Unpack, FetchTree)) for effect in step.effects)
    }
    packages = {one.requirement.location.first_line for one in resolved if _is_opaque(one)}
    return tuple(sorted(steps | packages))


def _is_opaque(one: ResolvedRequirement) -> bool:
    """Whether nobody knows here what programs it brings: unknown, locked, unfree, or not in the index for another reason."""
    if one.outcome is not RequirementOutcome.NIXPKGS:
        return one.outcome in {RequirementOutcome.UNRESOLVED, RequirementOutcome.LOCKED}
    packages = (found for found in one.resolutions if isinstance(found, NixpkgsPackage))
    return any(found.unfree or not found.version for found in packages)


def _may_bring_programs(instruction: ScopedInstruction, lines: tuple[int, ...]) -> bool:
    place = instruction.location
    at = bisect_left(lines, place.first_line)
    return instruction.keyword in {"ADD", "COPY"} or (at < len(lines) and lines[at] <= place.last_line)


def _spoken_words(text: str) -> Iterator[str]:
    """What may be the name of a program: parts of paths and addresses too, without an ending (`jq.tar.gz`)."""
    for found in _WORD.finditer(text):
        yield from {found[0], found[0].rstrip(".-"), found[0].partition(".")[0]}


def add_programs(
    plan: ImagePlan, calls: tuple[Call, ...], contents: ImageContents | None, catalogue: Catalogue
) -> Outcome[ImagePlan]:
    """The plan with the packages of programs that the image runs and nothing installs.

    A program that an untranslated instruction speaks of is that one's business, which is reported by itself. As long as anything
    is untranslated, only what the table of commands knows is added, and the rest is a remark: the image may bring it itself.

    Args:
        plan: the image.
        calls: the programs it runs.
        contents: what is in it; None when that is not known, and then nothing is looked for.
        catalogue: who provides what.

    Returns:
        The plan, with one more section if need be; a finding for every program that was missing.
    """
    if contents is None:
        return Outcome(plan)
    findings: list[Finding] = []
    entries: dict[tuple[str, str], list[str]] = {}
    inventory = Inventory(contents, catalogue)
    for call in calls:
        if _is_explained(call.name, contents) or inventory.has(call.name):
            continue
        choice = obvious_provider(call.name, catalogue)
        if choice is not None and (choice.by_row or not contents.open_lines):
            entries.setdefault((choice.attribute_path, choice.output), []).append(
                f"{call.name}, called in {call.where}"
            )
            findings.append(_added(call, choice))
        elif not _is_excused(call.name, catalogue):
            findings.append(_missing(call, contents, inventory.unknown, catalogue))
    if not entries:
        return Outcome(plan, tuple(findings))
    sections = (*plan.sections, _section(entries))
    clashing = collisions(sections, catalogue, contents.root)
    completed = replace(plan, sections=sections, collisions=clashing.value)
    return Outcome(completed, (*findings, *clashing.findings))


def _section(entries: dict[tuple[str, str], list[str]]) -> PackageSection:
    return PackageSection(
        title="programs that the image runs and nothing above installs",
        entries=tuple(
            PackageEntry(attribute_path=AttributePath(path), output=output, names=", ".join(names))
            for (path, output), names in sorted(entries.items())
        ),
    )


def _added(call: Call, choice: Choice) -> Finding:
    output = f".{choice.output}" if choice.output else ""
    message = (
        f"{call.name} ({call.where}) is run by the image and installed by nothing: "
        f"pkgs.{choice.attribute_path}{output} added ({choice.evidence})"
    )
    return Finding(code="D2N221", message=message, location=call.location, hint=_hint(call.name))


def _missing(call: Call, contents: ImageContents, unknown: str, catalogue: Catalogue) -> Finding:
    message = f"{call.name} ({call.where}) is run by the image, and nothing that is translated installs it"
    if contents.open_lines:
        message += f"; line {contents.open_lines[0]} may, of which not everything is known"
    elif unknown:
        message += f"; {unknown} may have it, whose programs are not known here"
    near = [f"pkgs.{provider.path}" for provider in catalogue.providers("command", call.name)[:3]]
    has = f"it is in {', '.join(near)}; " if near else ""
    return Finding(
        code="D2N220",
        message=message,
        location=call.location,
        hint=has + _hint(call.name),
        severity_override=Severity.INFO if contents.open_lines or unknown else None,
    )


def _hint(name: str) -> str:
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
    return f'say which package has it in dock2nix.toml: [commands] {key} = "…"'


# --- is it there? ------------------------------------------------------------------------------------------------------------


class Inventory:
    """What the index knows of the packages of an image, looked up once."""

    def __init__(self, contents: ImageContents, catalogue: Catalogue) -> None:
        self._contents = contents
        self._catalogue = catalogue

    @cached_property
    def _families(self) -> frozenset[str]:
        return frozenset(_family(path) for path in self._contents.packages)

    @cached_property
    def _known(self) -> dict[str, Attribute | None]:
        return {path: _attribute(path, self._catalogue) for path in sorted(self._contents.packages)}

    @property
    def unknown(self) -> str:
        """A package whose programs are not known, "" when there is none."""
        return next((path for path, known in self._known.items() if known is None), "")

    def has(self, name: str) -> bool:
        """Whether a package of the image has the command, or a file of that name stands where programs do."""
        paths = [f"{folder}/{name}" for folder in PROGRAM_FOLDERS]
        if any(path in self._contents.paths or self._contents.copied.exists(path) for path in paths):
            return True
        providers = {str(provider.path) for provider in self._catalogue.providers("command", name)}
        if not self._families.isdisjoint(_family(path) for path in providers):
            return True
        return any(
            known is not None and (known.path in providers or name in known.programs)
            for known in self._known.values()
        )


def _family(path: str) -> str:
    """What all versions of a package, and the sets of all versions of an interpreter, have in common."""
    name = _PYTHON_SET.sub("python3Packages.", path)
    for pattern in (_VERSION, _BUILD, _VERSION):
        name = pattern.sub("", name) or name
    return name


def _attribute(path: str, catalogue: Catalogue) -> Attribute | None:
    """What the index knows of a package of the image, its output left aside."""
    whole, _, output = path.rpartition(".")
    return catalogue.attribute(_PYTHON_SET.sub("python3Packages.", whole if output in _OUTPUTS else path))


def _is_explained(name: str, contents: ImageContents) -> bool:
    """Whether a package that is asked for is called so, or an untranslated instruction speaks of it."""
    return name in contents.wanted or name in contents.open_words


def _is_excused(name: str, catalogue: Catalogue) -> bool:
    """A row without attributes says that the program is no concern."""
    row = catalogue.curated(TABLE, name)
    return row is not None and row.not_needed


# --- who has it? -------------------------------------------------------------------------------------------------------------


def obvious_provider(name: str, catalogue: Catalogue) -> Choice | None:
    """The one package that a command is had from, None when that is a matter of choice.

    A row of mappings/commands.toml decides. Else the first provider of the index, if it stands at the top level and is called
    like the command or has it as its main program, or when all others are only versions of it, or collections of other
    people's tools. Names that projects give to programs of their own are never obvious.

    Args:
        name: the command.
        catalogue: who provides what.
    """
    row = catalogue.curated(TABLE, name)
    if row is not None:
        return _of_row(row)
    providers = [
        provider for provider in catalogue.providers("command", name) if not _COLLECTION.match(provider.path)
    ]
    first = catalogue.attribute(providers[0].path) if providers and "." not in providers[0].path else None
    if first is None or name in _OWN_NAMES.split():
        return None
    what = f"{first.path} has it, and nothing else does but other versions of it"
    if name in {first.main_program, first.pname, str(first.path)}:
        what = f"{first.path} is called so, or has it as its main program"
    elif len({_family(provider.path) for provider in providers}) > 1:
        return None
    return Choice(attribute_path=first.path, output=_asked_output(first, providers[0]), evidence=what)


def _of_row(row: CuratedPackage) -> Choice | None:
    if not row.attributes:
        return None
    path, outputs = row.attributes[0]
    where = f"mappings/{TABLE}.toml"
    evidence = f"{where}: {row.reason}" if row.reason else where
    if row.reason.startswith(OVERRIDE):
        evidence = row.reason.removeprefix(OVERRIDE)
    return Choice(attribute_path=path, output=outputs[0] if outputs else "", evidence=evidence, by_row=True)


def _asked_output(attribute: Attribute, provider: Provider) -> str:
    """The output to ask for: none where it is the default one, which `out` is unless there is a `bin`.

    `dnsutils` is the output of that name already.
    """
    default = "bin" if "bin" in attribute.outputs else "out"
    return "" if provider.output in {default, str(attribute.path)} else provider.output
