"""The steps of a proof, in order: the text, the build, the second build, the image, another image beside it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from dock2nix.errors import MissingProgramError, NixError
from dock2nix.verify.archives import fetch_archive, saved_stream
from dock2nix.verify.attestation import file_digest
from dock2nix.verify.building import NixBuilder, find_nix
from dock2nix.verify.comparison import compare
from dock2nix.verify.image import read_image
from dock2nix.verify.proof import Outcome, Proof, Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dock2nix.verify.building import Built
    from dock2nix.verify.difference import Difference
    from dock2nix.verify.fault import Fault
    from dock2nix.verify.image import Image

T = TypeVar("T")


class Question(Struct, frozen=True, kw_only=True):
    """What is to be proven.

    `faults` are what the text of the flake tells; `stages` the names of packages that it defines. `image` is an archive that is taken
    for its image, "" when it is to be built. `against` is an archive or `docker://REFERENCE`, "" for none; `paths` are where images
    are compared besides the working directory, `intended` patterns of differences that are meant. `scratch` is an empty folder.
    """

    flake: Path
    attribute: str
    architecture: str
    scratch: Path
    faults: tuple[Fault, ...] = ()
    stages: frozenset[str] = frozenset()
    overrides: tuple[tuple[str, str], ...] = ()
    offline: bool = False
    image: str = ""
    against: str = ""
    paths: tuple[str, ...] = ()
    intended: tuple[str, ...] = ()


class _Steps:
    """What was done so far."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    def add(self, name: str, outcome: Outcome, detail: str) -> None:
        self.done.append(Step(name=name, outcome=outcome, detail=detail))

    def attempt(
        self, name: str, action: Callable[[], T], tell: Callable[[T], str], *, missing: bool = False
    ) -> T | None:
        """Do a step; None when it failed. A program that is not there, or with `missing` one that fails, is no proof of anything."""
        try:
            result = action()
        except MissingProgramError as error:
            self.add(name, Outcome.NOT_DONE, str(error))
        except NixError as error:
            self.add(name, Outcome.NOT_DONE if missing else Outcome.FAILED, str(error))
        else:
            self.add(name, Outcome.PASSED, tell(result))
            return result
        return None


def prove(question: Question) -> Proof:
    """Do every step that can be done.

    Raises:
        UsageError: an archive is not there, or is none.
    """
    steps = _Steps()
    _text(question.faults, steps)
    version, built, rebuilt = _built(question, steps) if not question.image else ("", None, False)
    if built:
        archive = steps.attempt(
            "archive", lambda: saved_stream(built.archive, question.scratch), lambda _: built.store_path
        )
    else:
        archive = (
            fetch_archive(question.image, question.architecture, question.scratch) if question.image else None
        )
    image = read_image(archive, question.architecture) if archive else None
    if image:
        steps.add("image", Outcome.PASSED, f"{sum(1 for _ in image.tree.walk())} files and folders")
    differences = _against(question, image, steps) if question.against else ()
    return Proof(
        steps=tuple(steps.done),
        faults=question.faults,
        image=image,
        digest=file_digest(archive) if archive else "",
        built=built,
        rebuilt=rebuilt,
        nix=version,
        differences=differences,
    )


def _text(faults: tuple[Fault, ...], steps: _Steps) -> None:
    found = (
        f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}"
        if faults
        else "parses, names what nixpkgs has, its lock is in step"
    )
    steps.add("text", Outcome.FAILED if faults else Outcome.PASSED, found)


def _built(question: Question, steps: _Steps) -> tuple[str, Built | None, bool]:
    """The version of Nix, what it built, and whether a second build gave the same bytes."""
    version = steps.attempt("nix", find_nix, lambda found: ".".join(map(str, found)))
    if version is None:
        for name in ("evaluate", "build", "rebuild"):
            steps.add(name, Outcome.NOT_DONE, "needs Nix; --image takes an archive that was built elsewhere")
        return "", None, False
    builder = NixBuilder(
        version=version,
        flake=question.flake,
        attribute=question.attribute,
        overrides=question.overrides,
        offline=question.offline,
    )
    evaluated = steps.attempt("evaluate", builder.evaluate, str)
    built = steps.attempt("build", builder.build, lambda one: one.store_path) if evaluated else None
    if evaluated is None:
        steps.add("build", Outcome.NOT_DONE, "it cannot be evaluated")
    if built is None:
        steps.add("rebuild", Outcome.NOT_DONE, "nothing was built")
        return ".".join(map(str, version)), None, False
    count = steps.attempt(
        "rebuild",
        lambda: builder.rebuild(built.derivation, question.stages),
        lambda number: f"{number} {'step' if number == 1 else 'steps'} built again, the same bytes",
    )
    return ".".join(map(str, version)), built, count is not None


def _against(question: Question, image: Image | None, steps: _Steps) -> tuple[Difference, ...]:
    if image is None:
        steps.add("compare", Outcome.NOT_DONE, "there is no image of the flake to compare")
        return ()
    other = steps.attempt(
        "fetch",
        lambda: fetch_archive(question.against, question.architecture, question.scratch),
        lambda _: question.against,
        missing=True,
    )
    if other is None:
        steps.add("compare", Outcome.NOT_DONE, f"{question.against} could not be fetched")
        return ()
    found = compare(image, read_image(other, question.architecture), question.paths)
    meant = [one for one in found if any(fnmatchcase(one.name, pattern) for pattern in question.intended)]
    left = tuple(one for one in found if one not in meant)
    intended = f", {len(meant)} intended" if meant else ""
    if left:
        steps.add(
            "compare",
            Outcome.FAILED,
            f"{len(left)} {'difference' if len(left) == 1 else 'differences'}{intended}",
        )
    else:
        steps.add(
            "compare",
            Outcome.PASSED,
            f"identical but for what is intended{intended}" if meant else "identical",
        )
    return left
