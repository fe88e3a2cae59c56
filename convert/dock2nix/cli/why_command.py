"""Why a command is had from one package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.cli.answers import Answer, candidates, toml_row
from dock2nix.plan.programs import TABLE, obvious_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.cli.answers import Row
    from dock2nix.plan.programs import Choice


def explain_command(name: str, catalogue: Catalogue) -> Answer:
    """Which package is added when an image runs a command that nothing installs, and who else has it."""
    choice = obvious_provider(name, catalogue)
    row = catalogue.curated(TABLE, name)
    others = candidates(catalogue, _providers(name, catalogue), [choice.attribute_path] if choice else [], 8)
    excused = row.reason if row is not None and row.not_needed else ""
    return Answer(
        known=choice is not None or bool(excused),
        facts=tuple(_facts(choice, excused, catalogue)),
        data={
            "command": name,
            "outcome": "nixpkgs" if choice else "not-needed" if excused else "unresolved",
            "attributes": [str(choice.attribute_path)] if choice else [],
            "outputs": [choice.output] if choice and choice.output else [],
            "version": _version(choice, catalogue),
            "evidence": choice.evidence if choice else "",
            "reason": excused,
        },
        candidates=others,
        row=_row(name, choice, others[0].path if others else ""),
    )


def _facts(choice: Choice | None, excused: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if choice is not None:
        output = f".{choice.output}" if choice.output else ""
        yield "decision", f"pkgs.{choice.attribute_path}{output} {_version(choice, catalogue)}".rstrip()
        yield "because", choice.evidence
    elif excused:
        yield "decision", "not needed"
        yield "because", excused
    else:
        yield "decision", "unresolved: it is reported, and nothing is added"
        yield "because", "no package of the index has it, or none is the obvious one"


def _version(choice: Choice | None, catalogue: Catalogue) -> str:
    known = catalogue.attribute(choice.attribute_path) if choice else None
    return known.version if known else ""


def _providers(name: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for provider in catalogue.providers("command", name):
        known = catalogue.attribute(provider.path)
        main = known is not None and known.main_program == name
        count = len(known.programs) if known else 0
        what = (
            "its main program" if main else "its only program" if count == 1 else f"one of {count} programs"
        )
        yield provider.path, what + (f", in the output {provider.output}" if provider.output != "out" else "")


def _row(name: str, choice: Choice | None, near: str) -> Row:
    if choice is not None and choice.output:
        return toml_row(TABLE, name, {"attribute": str(choice.attribute_path), "outputs": [choice.output]})
    if choice is None and not near:
        return toml_row(TABLE, name, {"not_needed": "why the image can do without it"})
    return toml_row(TABLE, name, str(choice.attribute_path) if choice else near)
