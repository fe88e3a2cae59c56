"""Programs that the image runs and that nothing installs: what provides them, where that is obvious."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract.paths import KnownPaths
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.model.plan import PackageEntry, PackageSection
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.calls import PROGRAM_FOLDERS

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, Provider
    from dock2nix.extract import StageSteps
    from dock2nix.model.image import BaseImage
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.parse.context import BuildContext
    from dock2nix.plan.calls import Call

TABLE = "commands"
OVERRIDE = "override: "
_PYTHON_SET = re.compile(r"^python3?[0-9]*Packages\.")
# What tells versions and builds of one thing apart: python38, nodejs-16_x, postgresql_15_jit, jdk17_headless.
_VERSION = re.compile(r"[-_]?[0-9][0-9_x.]*(?:[-_](?:headless|jit))?$")
_OUTPUTS = frozenset({"bin", "lib", "out"})
_EXPLAINED = (CommandOutcome.UNRESOLVED, CommandOutcome.SCRIPT)


class Choice(Struct, frozen=True, kw_only=True):
    """Who provides a command, and why that one. `by_row`: the table of commands says so."""

    attribute_path: AttributePath
    output: str = ""
    evidence: str
    by_row: bool = False


class ImageContents(Struct, frozen=True, kw_only=True):
    """What is known to be in the image, and what may be.

    `packages` are attribute paths, `wanted` names of packages asked for, whatever became of them, `open_steps` the commands that
    may put programs anywhere: they are not translated, or run as they stand.
    """

    packages: frozenset[str]
    wanted: frozenset[str]
    paths: KnownPaths
    open_steps: tuple[Step, ...]


def image_contents(
    base: BaseImage | None,
    chain: tuple[int, ...],
    done: tuple[StageSteps, ...],
    resolved: tuple[ResolvedRequirement, ...],
    context: BuildContext,
) -> ImageContents:
    """What the passes so far put into the image.

    Args:
        base: what FROM brings.
        chain: positions of the stages that the image consists of.
        done: the steps of all needed stages.
        resolved: what they asked for.
        context: the build context.
    """
    installed = {
        str(resolution.attribute_path)
        for one in resolved
        if one.stage in chain and one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage) and not resolution.build_only
    }
    effects = tuple(effect for one in done if one.stage in chain for effect in one.effects)
    return ImageContents(
        packages=frozenset({*installed, *(base.packages if base else ())}),
        wanted=frozenset(one.requirement.name for one in resolved),
        paths=KnownPaths(context, effects),
        open_steps=tuple(step for one in done for step in one.steps if step.outcome in _EXPLAINED),
    )


def add_programs(
    plan: ImagePlan, calls: tuple[Call, ...], contents: ImageContents, catalogue: Catalogue
) -> Outcome[ImagePlan]:
    """The plan with the packages of programs that the image runs and nothing installs.

    A program that an untranslated command speaks of is that command's business, which is reported by itself. As long as any
    command is untranslated, only what the table of commands knows is added: the image may bring the rest itself.

    Args:
        plan: the image.
        calls: the programs it runs.
        contents: what is in it.
        catalogue: who provides what.

    Returns:
        The plan, with one more section if need be; a finding for every program that was missing.
    """
    findings: list[Finding] = []
    entries: dict[tuple[str, str], list[str]] = {}
    for call in calls:
        if _is_there(call.name, contents, catalogue) or _is_explained(call.name, contents):
            continue
        choice = obvious_provider(call.name, catalogue)
        if choice is not None and (choice.by_row or not contents.open_steps):
            entries.setdefault((choice.attribute_path, choice.output), []).append(
                f"{call.name}: {call.where}"
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
    if contents.open_steps:
        message += f"; line {contents.open_steps[0].location.first_line} may, which is not translated"
    near = [f"pkgs.{provider.path}" for provider in catalogue.providers("command", call.name)[:3]]
    has = f"it is in {', '.join(near)}; " if near else ""
    return Finding(code="D2N220", message=message, location=call.location, hint=has + _hint(call.name))


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
    return _VERSION.sub("", name) or name


def _has_program(path: str, name: str, catalogue: Catalogue) -> bool:
    known = catalogue.attribute(_PYTHON_SET.sub("python3Packages.", path))
    whole, _, output = path.rpartition(".")
    if known is None and output in _OUTPUTS:
        known = catalogue.attribute(whole)
    return known is not None and (name in known.programs or _provides(known.path, name, catalogue))


def _provides(path: str, name: str, catalogue: Catalogue) -> bool:
    return any(provider.path == path for provider in catalogue.providers("command", name))


def _is_explained(name: str, contents: ImageContents) -> bool:
    """Whether a package that is asked for is called so, or an untranslated command speaks of it."""
    if name in contents.wanted:
        return True
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    return any(word.search(step.text) for step in contents.open_steps)


def _is_excused(name: str, catalogue: Catalogue) -> bool:
    """A row without attributes says that the program is no concern."""
    row = catalogue.curated(TABLE, name)
    return row is not None and row.not_needed


# --- who has it? -------------------------------------------------------------------------------------------------------------


def obvious_provider(name: str, catalogue: Catalogue) -> Choice | None:
    """The one package that a command is had from, None when that is a matter of choice.

    A row of mappings/commands.toml decides; else the first provider of the index, if it stands at the top level and is called
    like the command or has it as its main program, or is the only one.
    """
    row = catalogue.curated(TABLE, name)
    if row is not None:
        return _of_row(row)
    providers = catalogue.providers("command", name)
    if not providers or "." in providers[0].path:
        return None
    first = catalogue.attribute(providers[0].path)
    if first is None:
        return None
    named = name in {first.main_program, first.pname, str(first.path)}
    if not named and len(providers) > 1:
        return None
    what = "is called so" if named else "alone has this command"
    return Choice(
        attribute_path=first.path, output=_asked_output(first, providers[0]), evidence=f"{first.path} {what}"
    )


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
    """The output to ask for: none where it is the default one, which `out` is unless there is a `bin`."""
    default = "bin" if "bin" in attribute.outputs else "out"
    return "" if provider.output == default else provider.output
