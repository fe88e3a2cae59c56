"""Locks of npm for projects that have none, an old one, or one without addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dock2nix.model.image import NodeModules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.extract import StageSteps
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import MadeNodeLock, NodeLockRequest
    from dock2nix.parse.context import BuildContext


class NodeLocker(Protocol):
    """Makes locks."""

    def make(self, request: NodeLockRequest, context: BuildContext) -> MadeNodeLock:
        """The lock that is asked for, or why there is none."""
        ...


def make_node_locks(
    done: tuple[StageSteps, ...], context: BuildContext, locker: Callable[[], NodeLocker | None]
) -> Mapping[str, MadeNodeLock]:
    """The locks that the commands wait for, by the path of package.json in the build context.

    Args:
        done: the steps of the stages.
        context: the build context.
        locker: gives what makes locks, when one is to be made; None when there is nothing.
    """
    requests = {
        install.node_lock.manifest: install.node_lock
        for one in done
        for step in one.steps
        for install in step.installs
        if install.node_lock is not None
    }
    maker = locker() if requests else None
    if maker is None:
        return {}
    return {manifest: maker.make(request, context) for manifest, request in sorted(requests.items())}


def made_files(effects: tuple[Effect, ...], made: Mapping[str, MadeNodeLock]) -> dict[str, str]:
    """The locks to write, by path: those that the flake reads.

    Args:
        effects: of the image.
        made: as `make_node_locks` gave them.
    """
    used = {effect.lock for effect in effects if isinstance(effect, NodeModules)}
    return {one.path: one.text for one in made.values() if one.text and one.path in used}
