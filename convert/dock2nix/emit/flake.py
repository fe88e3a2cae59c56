"""flake.nix and the lock in step with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dock2nix.emit.expression import Comment, NixExpression, to_nix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.image import FlakeInput
    from dock2nix.model.plan import ImagePlan


def flake_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills flake.nix.jinja."""
    names = [flake_input.name for flake_input in plan.inputs]
    return {
        "header": Comment(
            f"Converted from {plan.dockerfile} by dock2nix. Yours to edit: convert again into another folder to compare."
        ),
        "description": f"{plan.name}: the image of {plan.dockerfile}",
        "inputs": tuple(
            _input_values(flake_input, first=at == 0) for at, flake_input in enumerate(plan.inputs)
        ),
        "output_arguments": NixExpression("{ self, " + ", ".join(names) + " }"),
        "unfree": {"names": plan.unfree} if plan.unfree else None,
        "systems": plan.systems,
        "package_arguments": _package_arguments(plan),
    }


def _input_values(flake_input: FlakeInput, *, first: bool) -> Mapping[str, object]:
    day = datetime.fromtimestamp(flake_input.last_modified, UTC).date().isoformat()
    what = (
        "the revision whose packages dock2nix resolved against"
        if first
        else "the last release that has what the base image brings"
    )
    return {
        "comment": Comment(f"{flake_input.channel} of {day}: {what}."),
        "name": NixExpression(flake_input.name),
        "url": f"github:NixOS/nixpkgs/{flake_input.rev}",
    }


def _package_arguments(plan: ImagePlan) -> NixExpression:
    main, *others = plan.inputs
    lines = [f"pkgs = {_package_set(main, unfree=bool(plan.unfree))};"]
    lines += [f"{other.name} = {_package_set(other, unfree=other.unfree)};" for other in others]
    return NixExpression("{\n" + "".join(f"  {line}\n" for line in lines) + "}")


def _package_set(flake_input: FlakeInput, *, unfree: bool) -> str:
    """The packages of an input; evaluated anew where some are to be allowed."""
    settings = ["inherit allowUnfreePredicate;"] if unfree else []
    if flake_input.insecure:
        names = to_nix(tuple(sorted(flake_input.insecure))).replace("\n", "\n      ")
        settings.append(f"permittedInsecurePackages = {names};")
    if not settings:
        return f"{flake_input.name}.legacyPackages.${{system}}"
    config = "\n".join(f"      {setting}" for setting in settings)
    body = f" {settings[0]} " if settings == ["inherit allowUnfreePredicate;"] else f"\n{config}\n    "
    return f"import {flake_input.name} {{\n    inherit system;\n    config = {{{body}}};\n  }}"


def module_arguments(plan: ImagePlan) -> NixExpression:
    """The arguments of every file in nix/: pkgs, and the further package sets."""
    return NixExpression("{ " + ", ".join(["pkgs", *(other.name for other in plan.inputs[1:])]) + " }")


def inherited_arguments(plan: ImagePlan) -> str:
    """Those arguments passed on from one file to another."""
    return "{ inherit " + " ".join(["pkgs", *(other.name for other in plan.inputs[1:])]) + "; }"


def flake_lock(plan: ImagePlan) -> str:
    """flake.lock, version 7: what `nix flake lock` would write for these inputs, so that Nix has nothing to look up."""
    nodes: dict[str, object] = {flake_input.name: _node(flake_input) for flake_input in plan.inputs}
    nodes["root"] = {"inputs": {flake_input.name: flake_input.name for flake_input in plan.inputs}}
    return json.dumps({"nodes": nodes, "root": "root", "version": 7}, indent=2, sort_keys=True) + "\n"


def _node(flake_input: FlakeInput) -> Mapping[str, object]:
    origin = {"owner": "NixOS", "repo": "nixpkgs", "rev": flake_input.rev, "type": "github"}
    locked = {"lastModified": flake_input.last_modified, "narHash": flake_input.nar_hash}
    return {"locked": locked | origin, "original": origin}
