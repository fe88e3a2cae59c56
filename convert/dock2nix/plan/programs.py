"""Programs that the image runs and that nothing installs: what provides them, where that is obvious."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract.paths import KnownPaths
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.model.plan import PackageEntry, PackageSection
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.calls import PROGRAM_FOLDERS

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, Provider
    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.parse.context import BuildContext
    from dock2nix.plan.calls import Call

TABLE = "commands"
OVERRIDE = "override: "
_PYTHON_SET = re.compile(r"^(python3?[0-9]*)Packages\.")
# What tells versions and builds of one thing apart: python38, nodejs-16_x, postgresql_15_jit, jdk17_headless, curlMinimal.
_VERSION = re.compile(r"[-_]?[0-9][0-9_x.]*$")
_BUILD = re.compile(r"(?:[-_](?:full|headless|jit|minimal|slim)|Full|FreeThreading|Minimal|Mainline)$")
_COLLECTION = re.compile(
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
_MAY_BRING_PROGRAMS = (CommandOutcome.UNRESOLVED, CommandOutcome.SCRIPT)


class Choice(Struct, frozen=True, kw_only=True):
    """Who provides a command, and why that one. `by_row`: the table of commands says so."""

    attribute_path: AttributePath
    output: str = ""
    evidence: str
    by_row: bool = False


class ImageContents(Struct, frozen=True, kw_only=True):
    """What is known to be in the image, and what may be.

    `packages` are attribute paths, `wanted` names of packages asked for, whatever became of them. `open_lines` are lines of the
    Dockerfile that may put programs anywhere: commands that are not translated or run as they stand, packages that are not
    known; `open_texts` are the instructions they stand in, and every COPY and ADD.
    """

    packages: frozenset[str]
    wanted: frozenset[str]
    paths: KnownPaths
    open_lines: tuple[int, ...]
    open_texts: tuple[str, ...]


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
        packages=frozenset({*_installed(chain, resolved), *base.packages}),
        wanted=frozenset(one.requirement.name for one in resolved),
        paths=KnownPaths(context, effects),
        open_lines=lines,
        open_texts=tuple(
            instruction.instruction.original
            for one in done
            for instruction in stages[one.stage].instructions
            if _may_bring_programs(instruction, lines)
        ),
    )


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
        step.location.first_line for one in done for step in one.steps if step.outcome in _MAY_BRING_PROGRAMS
    }
    packages = {
        one.requirement.location.first_line
        for one in resolved
        if one.outcome in {RequirementOutcome.UNRESOLVED, RequirementOutcome.LOCKED}
    }
    return tuple(sorted(steps | packages))


def _may_bring_programs(instruction: ScopedInstruction, lines: tuple[int, ...]) -> bool:
    place = instruction.location
    return instruction.keyword in {"ADD", "COPY"} or any(
        place.first_line <= line <= place.last_line for line in lines
    )


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
    for call in calls:
        if _is_explained(call.name, contents) or _is_there(call.name, contents, catalogue):
            continue
        choice = obvious_provider(call.name, catalogue)
        if choice is not None and (choice.by_row or not contents.open_lines):
            entries.setdefault((choice.attribute_path, choice.output), []).append(
                f"{call.name}, called in {call.where}"
            )
            findings.append(_added(call, choice))
        elif not _is_excused(call.name, catalogue):
            findings.append(_missing(call, contents, catalogue))
    return Outcome(_with_section(plan, entries), tuple(findings))


def _with_section(plan: ImagePlan, entries: dict[tuple[str, str], list[str]]) -> ImagePlan:
    if not entries:
        return plan
    section = PackageSection(
        title="programs that the image runs and nothing above installs",
        entries=tuple(
            PackageEntry(attribute_path=AttributePath(path), output=output, names=", ".join(names))
            for (path, output), names in sorted(entries.items())
        ),
    )
    return replace(plan, sections=(*plan.sections, section))


def _added(call: Call, choice: Choice) -> Finding:
    output = f".{choice.output}" if choice.output else ""
    message = (
        f"{call.name} ({call.where}) is run by the image and installed by nothing: "
        f"pkgs.{choice.attribute_path}{output} added ({choice.evidence})"
    )
    return Finding(code="D2N221", message=message, location=call.location, hint=_hint(call.name))


def _missing(call: Call, contents: ImageContents, catalogue: Catalogue) -> Finding:
    message = f"{call.name} ({call.where}) is run by the image, and nothing that is translated installs it"
    if contents.open_lines:
        message += f"; line {contents.open_lines[0]} may, of which not everything is translated"
    near = [f"pkgs.{provider.path}" for provider in catalogue.providers("command", call.name)[:3]]
    has = f"it is in {', '.join(near)}; " if near else ""
    return Finding(
        code="D2N220",
        message=message,
        location=call.location,
        hint=has + _hint(call.name),
        severity_override=Severity.INFO if contents.open_lines else None,
    )


def _hint(name: str) -> str:
    key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'
    return f'say which package has it in dock2nix.toml: [commands] {key} = "…"'


# --- is it there? ------------------------------------------------------------------------------------------------------------


def _is_there(name: str, contents: ImageContents, catalogue: Catalogue) -> bool:
    """Whether a package of the image has the command, or a file of that name stands where programs do."""
    if any(contents.paths.holds(f"{folder}/{name}") for folder in PROGRAM_FOLDERS):
        return True
    families = {_family(path) for path in contents.packages}
    if any(_family(provider.path) in families for provider in catalogue.providers("command", name)):
        return True
    return any(_has_program(path, name, catalogue) for path in sorted(contents.packages))


def _family(path: str) -> str:
    """What all versions of a package, and the sets of all versions of an interpreter, have in common."""
    name = _PYTHON_SET.sub("python3Packages.", path)
    for pattern in (_VERSION, _BUILD, _VERSION):
        name = pattern.sub("", name) or name
    return name


def _has_program(path: str, name: str, catalogue: Catalogue) -> bool:
    known = catalogue.attribute(_PYTHON_SET.sub("python3Packages.", path))
    whole, _, output = path.rpartition(".")
    if known is None and output in _OUTPUTS:
        known = catalogue.attribute(whole)
    return known is not None and (name in known.programs or _provides(known.path, name, catalogue))


def _provides(path: str, name: str, catalogue: Catalogue) -> bool:
    return any(provider.path == path for provider in catalogue.providers("command", name))


def _is_explained(name: str, contents: ImageContents) -> bool:
    """Whether a package that is asked for is called so, or an untranslated instruction speaks of it."""
    if name in contents.wanted:
        return True
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return any(word.search(text) for text in contents.open_texts)


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
