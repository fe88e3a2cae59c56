"""Whether the programs that scripts run are there; a script that lacks one is left to a human after all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.extract.offline import BUILTINS
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import RunScript
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.programs import Inventory, image_contents

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.parse.context import BuildContext
    from dock2nix.plan.programs import ImageContents

# Every image of a distribution has it.
_ALWAYS = BUILTINS | {"sh"}


def check_scripts(
    base: BaseImage | None,
    chain: tuple[int, ...],
    passed: tuple[tuple[Stage, ...], tuple[StageSteps, ...], tuple[ResolvedRequirement, ...]],
    context: BuildContext,
    catalogue: Catalogue,
) -> Outcome[tuple[StageSteps, ...]]:
    """The steps, in which the scripts that cannot run are unresolved, and the others know where their programs are.

    Args:
        base: what FROM brings.
        chain: positions of the stages that the image consists of.
        passed: all stages, the steps of the needed ones, and what they asked for.
        context: the build context.
        catalogue: who provides what.
    """
    done, resolved = passed[1], passed[2]
    if not any(isinstance(effect, RunScript) for one in done for effect in one.effects):
        return Outcome(done)
    if base is not None and base.kept:  # its programs are there, whatever is known of it
        return Outcome(done)
    check = _Check(image_contents(base, chain, passed, context), resolved, catalogue)
    findings: list[Finding] = []
    checked: list[StageSteps] = []
    for one in done:
        outcome = check.steps(one.steps)
        checked.append(replace(one, steps=outcome.value))
        findings += outcome.findings
    return Outcome(tuple(checked), tuple(findings))


class _Check:
    """What the image has, and what there is for building it."""

    def __init__(
        self, contents: ImageContents | None, resolved: tuple[ResolvedRequirement, ...], catalogue: Catalogue
    ) -> None:
        self._image = Inventory(contents, catalogue) if contents is not None else None
        tools = frozenset(
            str(found.attribute_path)
            for one in resolved
            if one.outcome is RequirementOutcome.BUILD_ONLY
            for found in one.resolutions
            if isinstance(found, NixpkgsPackage)
        )
        self._tools = (
            Inventory(replace(contents, packages=tools), catalogue) if contents is not None else None
        )

    def steps(self, steps: tuple[Step, ...]) -> Outcome[tuple[Step, ...]]:
        """The steps of a stage; what follows a script without effects of its own is part of it."""
        found: list[Step] = []
        findings: list[Finding] = []
        reason = ""
        for step in steps:
            script = next((effect for effect in step.effects if isinstance(effect, RunScript)), None)
            if step.outcome is not CommandOutcome.SCRIPT:
                found.append(step)
                continue
            if script is not None:
                reason = self._problem(script)
                if reason:
                    message = f"{script.text}: {reason}"
                    findings.append(Finding(code="D2N301", message=message, location=script.location))
            found.append(self._judged(step, script, reason))
        return Outcome(tuple(found), tuple(findings))

    def _judged(self, step: Step, script: RunScript | None, reason: str) -> Step:
        if reason:
            return replace(step, outcome=CommandOutcome.UNRESOLVED, reason=reason, effects=())
        if script is None:
            return step
        tools = any(not self._in_image(program) for program in script.programs)
        checked = (replace(one, tools=tools) if isinstance(one, RunScript) else one for one in step.effects)
        return replace(step, effects=tuple(checked))

    def _problem(self, script: RunScript) -> str:
        """Why a script cannot run, "" when it can."""
        if self._image is None or self._tools is None:
            return "what programs the base image has is not known"
        for program in script.programs:
            if not (self._in_image(program) or self._tools.has(program)):
                return f"{program}, which it runs, is in no package of the image"
        return ""

    def _in_image(self, program: str) -> bool:
        return program in _ALWAYS or (self._image is not None and self._image.has(program))
