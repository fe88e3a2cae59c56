"""The builds of all stages that others copy from: looked for when the first of these copies, and then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.builders.base import Refusal
from dock2nix.extract.stage_scene import Doing, StageScene
from dock2nix.model.dockerfile import StageReference
from dock2nix.model.steps import CommandOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.extract.own_builds import OwnBuilds
    from dock2nix.extract.stage_scene import StageProducts
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.finding import Finding
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.shell import ShellItem
    from dock2nix.model.source import Location
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

_LEFT = "D2N301"


def doings_of(
    steps: tuple[Step, ...], items: tuple[ShellItem, ...], mounted: tuple[Effect, ...]
) -> Iterable[Doing]:
    """The steps of one instruction with the commands they are of; no items for COPY and its like."""
    for position, step in enumerate(steps):
        item = items[position] if items else None
        yield Doing(stage=step.stage, step=step, item=item, mounted=mounted)


def with_steps(doings: list[Doing], steps: tuple[Step, ...]) -> tuple[Doing, ...]:
    """The same, with steps of which more is known by now."""
    return tuple(replace(doing, step=step) for doing, step in zip(doings, steps, strict=True))


class BuildYard:
    """What stages build.

    Args:
        stages: all stages of the file.
        context: the build context.
        image: positions of the stages that the image consists of; what happens in them is not moved into a build.
    """

    def __init__(self, stages: tuple[Stage, ...], context: BuildContext, image: frozenset[int]) -> None:
        self.stages = stages
        self.context = context
        self.image = image
        self.doings: dict[int, tuple[Doing, ...]] = {}
        self._found: dict[int, StageProducts | str] = {}
        self._findings: list[Finding] = []
        self._covered: dict[int, dict[Step, str]] = {}
        self._places: set[Location] = set()
        self._names: set[str] = set()
        self._started: set[int] = set()

    def products(self, index: int, base: BaseImage | None, paths: tuple[str, ...]) -> StageProducts | str:
        """What a stage builds; or why that is not known, in words ("": it builds nothing).

        Args:
            index: of the stage.
            base: the published image that it stands on in the end.
            paths: what is copied from it; only when a build has something of it the commands of the stage count as done.
        """
        scene = self._scene(index, base)
        if index not in self._found:
            from dock2nix.extract.stage_builds import culprit_of, stage_products  # noqa: PLC0415 - few files build

            made = stage_products(scene)
            self._found[index] = culprit_of(made, scene) if isinstance(made, Refusal) else made
        found = self._found[index]
        if not isinstance(found, str) and any(found.of(path) for path in paths):
            self._cover(scene, found)
        return found

    def own_builds(self, index: int, base: BaseImage | None) -> OwnBuilds | None:
        """The next group of commands of a stage that is built where it stands; None when there is nothing to look for.

        In a stage that others copy from that is so only when what it builds is not understood as a whole.
        """
        if not any(one.step.outcome is CommandOutcome.UNRESOLVED for one in self.doings.get(index, ())):
            return None
        from dock2nix.extract.own_builds import is_left_build, own_builds  # noqa: PLC0415 - few files build

        scene = self._scene(index, base)
        if not any(is_left_build(doing) for doing in scene.doings if doing.stage == index):
            return None
        started = index in self.image or index in self._started
        if not started:
            made = self.products(index, base, ())
            if not isinstance(made, str) and made.builds:
                return None
        self._started.add(index)
        self._found.pop(index, None)
        found = own_builds(scene, frozenset(self._names))
        self._names.update(found.names)
        return found

    def _scene(self, index: int, base: BaseImage | None) -> StageScene:
        chain = [self.stages[index]]
        while isinstance(below := chain[0].base, StageReference):
            chain.insert(0, self.stages[below.index])
        return StageScene(
            chain=tuple(chain),
            doings=tuple(doing for stage in chain for doing in self.doings.get(stage.index, ())),
            context=self.context,
            base=base,
            of_image=self.image,
            below=any(stage.base == StageReference(index=index) for stage in self.stages),
        )

    def _cover(self, scene: StageScene, found: StageProducts) -> None:
        names = ", ".join(f"nix/stages/{build.name}.nix" for build in found.builds)
        self._findings += (one for one in found.findings if one not in self._findings)
        for position in found.covered:
            step = scene.doings[position].step
            self._covered.setdefault(step.stage, {})[step] = names
            self._places.add(step.location)

    def judged(self, index: int, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        """The steps of a stage; those that a build stands for are done."""
        covered = self._covered.get(index, {})
        return tuple(
            replace(step, outcome=CommandOutcome.TRANSLATED, reason=f"done by {covered[step]}")
            if step in covered
            else step
            for step in steps
        )

    def without_covered(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """The findings less those about commands that a build stands for, with what is to be said of the builds."""
        left = (one for one in findings if not (one.code == _LEFT and one.location in self._places))
        return (*left, *self._findings)
