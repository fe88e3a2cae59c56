"""nix/debs.nix: packages of a distribution that come as its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import Comment, NixExpression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.plan import ImagePlan


def debs_values(plan: ImagePlan) -> Mapping[str, object] | None:
    """What fills debs.nix.jinja; None when no package comes as such a file."""
    lock = plan.debs
    if lock is None:
        return None
    named = f"{lock.distribution.capitalize()} {lock.release}"
    return {
        "title": Comment(
            f"Packages of {named} out of its own files, which debs.json pins. Their own scripts are not run."
        ),
        "name": f"{lock.distribution}-{lock.release}-packages",
        "libraries": tuple(
            NixExpression(f"pkgs.{path}.{output}" if output else f"pkgs.{path}")
            for path, output in lock.libraries
        )
        or None,
        "missing": lock.missing or None,
    }
