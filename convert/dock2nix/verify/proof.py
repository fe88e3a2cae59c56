"""What `dock2nix verify` did, step by step, and what came of it: as a record, as text, as JSON."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.expression import nix_comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dock2nix.verify.building import Built
    from dock2nix.verify.difference import Difference
    from dock2nix.verify.fault import Fault
    from dock2nix.verify.image import Image

_MEGABYTE = 1e6


class Outcome(StrEnum):
    """What came of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_DONE = "not done"


class Step(Struct, frozen=True, kw_only=True):
    """A step. `detail` says what was found, or why it could not be done."""

    name: str
    outcome: Outcome
    detail: str


class Proof(Struct, frozen=True, kw_only=True):
    """All steps. `image` and `digest` (the SHA-256 of its archive) are there when there is an image, `built` when Nix built it.

    `rebuilt` tells whether a second build gave the same bytes, `nix` is the version that built.
    """

    steps: tuple[Step, ...]
    faults: tuple[Fault, ...] = ()
    image: Image | None = None
    digest: str = ""
    built: Built | None = None
    rebuilt: bool = False
    nix: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return any(step.outcome is Outcome.FAILED for step in self.steps)

    @property
    def complete(self) -> bool:
        """Whether every step could be done."""
        return all(step.outcome is not Outcome.NOT_DONE for step in self.steps)


_MARKS = {Outcome.PASSED: "ok", Outcome.FAILED: "FAILED", Outcome.NOT_DONE: "not done"}


def proof_text(proof: Proof) -> str:
    """The record for a reader. Names that came out of images or messages cannot do anything to a terminal."""
    lines = [_step_line(step) for step in proof.steps]
    lines += (f"  {nix_comment(str(fault))}" for fault in proof.faults)
    if proof.image is not None:
        lines += ["", *_image_lines(proof.image, proof)]
    if proof.differences:
        lines += ["", "differences from the other image:"]
        lines += _difference_lines(proof.differences)
    return "\n".join(lines) + "\n"


def _step_line(step: Step) -> str:
    first, *more = [line for line in map(nix_comment, step.detail.splitlines()) if line] or [""]
    return "\n".join(
        [
            f"{step.name}: {_MARKS[step.outcome]}{', ' if first else ''}{first}",
            *(f"    {line}" for line in more),
        ]
    )


def _image_lines(image: Image, proof: Proof) -> Iterator[str]:
    yield f"image    {nix_comment(', '.join(image.tags)) or 'without a name'} ({nix_comment(image.architecture)})"
    yield f"id       sha256:{image.identifier}"
    yield f"archive  sha256:{proof.digest}"
    yield f"size     {image.size / _MEGABYTE:.1f} MB in {image.layers} {'layer' if image.layers == 1 else 'layers'}"
    if proof.built is not None:
        yield f"store    {proof.built.store_path}"
        yield f"closure  {proof.built.closure / _MEGABYTE:.1f} MB"


def _difference_lines(differences: Iterable[Difference]) -> Iterator[str]:
    """One line each; commands, of which an image of a distribution has hundreds more, in one line for each image."""
    here: list[str] = []
    there: list[str] = []
    for one in differences:
        if one.aspect != "command":
            yield f"  {nix_comment(str(one))}"
        else:
            (here if one.ours else there).append(nix_comment(one.subject))
    for names, where in ((here, "only here"), (there, "only in the other image")):
        if names:
            yield f"  {'command' if len(names) == 1 else 'commands'} {where}: {', '.join(names)}"


def proof_json(proof: Proof) -> str:
    """The record for programs."""
    image = proof.image
    document: dict[str, Any] = {
        "version": 1,
        "result": "failed" if proof.failed else "proven" if proof.complete else "incomplete",
        "steps": [
            {"name": step.name, "outcome": step.outcome, "detail": step.detail} for step in proof.steps
        ],
        "faults": [
            {
                "path": fault.path,
                "line": fault.line,
                "column": fault.column,
                "code": fault.code,
                "slug": fault.slug,
                "message": fault.message,
            }
            for fault in proof.faults
        ],
        "image": None
        if image is None
        else {
            "tags": image.tags,
            "architecture": image.architecture,
            "id": f"sha256:{image.identifier}",
            "archive": f"sha256:{proof.digest}",
            "size": image.size,
            "layers": image.layers,
        },
        "built": None
        if proof.built is None
        else {
            "derivation": proof.built.derivation,
            "storePath": proof.built.store_path,
            "closureSize": proof.built.closure,
        },
        "differences": [
            {"aspect": one.aspect, "subject": one.subject, "here": one.ours, "other": one.theirs}
            for one in proof.differences
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"
