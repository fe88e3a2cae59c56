"""`dock2nix parse`: the instructions as BuildKit reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.sources import build_arguments, read_source
from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.stages import link_stages
from dock2nix.plan import base_environment

if TYPE_CHECKING:
    import argparse

    from dock2nix.model.dockerfile import Dockerfile, Instruction, ScopedInstruction


def run(options: argparse.Namespace) -> int:
    """Print the instructions; 2 (by the exceptions) when BuildKit would refuse the file."""
    source = read_source(options.dockerfile, None)
    dockerfile = parse_dockerfile(source.content, source.path).value
    scoped = _scoped(dockerfile, options) if options.expand else {}
    data = parsed_object(dockerfile, scoped)
    sys.stdout.write(json_text(data) if options.json else _listing(data))
    return 0


def _scoped(dockerfile: Dockerfile, options: argparse.Namespace) -> dict[int, ScopedInstruction]:
    """The instructions of the stages by their line; a trigger that another stage runs stands behind its own ONBUILD."""
    catalogue = LocalCatalogue()
    stages = link_stages(
        dockerfile,
        build_arguments=build_arguments(options.build_arg),
        platform=options.platform or "linux/amd64",
        target=options.target,
        base_environment=lambda reference: base_environment(catalogue.base_image(reference)),
    ).value
    own = {id(one) for one in dockerfile.instructions}
    scoped = (one for stage in stages for one in stage.instructions if id(one.instruction) in own)
    return {one.location.first_line: one for one in scoped}


def parsed_object(dockerfile: Dockerfile, scoped: dict[int, ScopedInstruction]) -> dict[str, Any]:
    """The file as plain data; arguments expanded for the lines in `scoped`."""
    directives = dockerfile.directives
    shown = {"syntax": directives.syntax, "escape": directives.escape, "check": directives.check}
    return {
        "directives": {name: value for name, value in shown.items() if value is not None},
        "instructions": [
            _instruction(one, scoped.get(one.location.first_line)) for one in dockerfile.instructions
        ],
    }


def _instruction(one: Instruction, scoped: ScopedInstruction | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "keyword": one.keyword,
        "flags": list(scoped.flags if scoped else one.flags),
        "form": str(one.form),
        "arguments": list(scoped.arguments if scoped else one.arguments),
        "heredocs": [
            {"name": doc.name, "body": doc.body, "expand": doc.expand, "chomp": doc.chomp}
            for doc in one.heredocs
        ],
        "first_line": one.location.first_line,
        "last_line": one.location.last_line,
        "original": one.original,
    }
    if one.trigger is not None:
        data["trigger"] = _instruction(one.trigger, None)
    return data


def _listing(data: dict[str, Any]) -> str:
    lines = []
    for one in data["instructions"]:
        words = [one["keyword"], *one["flags"], *(nix_comment(text) for text in one["arguments"])]
        lines.append(f"{one['first_line']:>5}  {' '.join(nix_comment(word) for word in words)}")
        lines += [
            f"       <<{nix_comment(doc['name'])}: {len(doc['body'].splitlines())} lines"
            for doc in one["heredocs"]
        ]
    return "".join(f"{line}\n" for line in lines)
