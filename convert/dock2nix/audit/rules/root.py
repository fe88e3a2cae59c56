"""Images that start as root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.model.dockerfile import ImageReference, StageReference
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.dockerfile import ScopedInstruction

CODE = "D2N519"
WHY = (
    "Root in the container is root to the kernel: a fault in the program, or in the container runtime, then is a fault of the "
    "whole machine, and every file of the image can be changed."
)
_ROOT = frozenset({"", "0", "root"})
_INSTEAD = "the same: the flake's image starts as whom the Dockerfile says; add a user and name it with USER"


def find(subject: Subject) -> Iterator[Finding]:
    """At the last USER of the image when that is root, at its FROM when there is none and the base image names nobody else."""
    users = [
        one
        for stage, one in subject.scoped
        if one.keyword == "USER" and stage in subject.chain and one.arguments
    ]
    target = subject.chain[-1]
    if users:
        known = users[-1].arguments[0] or "$" not in users[-1].instruction.arguments[0]
        if known and is_root(users[-1].arguments[0]):
            yield _finding(f"USER {users[-1].arguments[0]}: the image starts as root", users[-1])
        return
    if _base_user_is_root(subject):
        message = "no USER: the image starts as root"
        yield Finding(code=CODE, message=message, location=subject.froms[target], hint=_INSTEAD)


def is_root(user: str) -> bool:
    """Whether a `USER[:GROUP]` is root."""
    return user.partition(":")[0] in _ROOT


def _finding(message: str, instruction: ScopedInstruction) -> Finding:
    location = place_of(instruction, instruction.instruction.arguments[0])
    return Finding(code=CODE, message=message, location=location, hint=_INSTEAD)


def _base_user_is_root(subject: Subject) -> bool:
    """What the published image at the root of all says; an image that nothing is known of gets the benefit of the doubt."""
    base = subject.stages[subject.chain[0]].base
    if isinstance(base, ImageReference):
        known = subject.catalogue.base_image(base)
        return known is not None and is_root(known.config.user)
    return not isinstance(base, StageReference)
