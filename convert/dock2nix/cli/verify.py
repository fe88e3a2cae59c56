"""`dock2nix verify`: the flake's text, what Nix builds of it, and how that compares with another image."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.convert import overrides_file
from dock2nix.cli.documents import deliver
from dock2nix.cli.recorded import as_recorded
from dock2nix.cli.sources import build_arguments
from dock2nix.errors import DockerfileError, UsageError
from dock2nix.parse.context import BuildContext
from dock2nix.verify.attestation import Subject, attestation
from dock2nix.verify.building import current_system, defined_packages
from dock2nix.verify.copied import copied_paths
from dock2nix.verify.proof import proof_json, proof_text
from dock2nix.verify.proving import Question, prove
from dock2nix.verify.static import check_files, read_flake, reported

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.verify.proof import Proof

_PROVEN, _WRONG, _NOT_DONE = 0, 1, 2
_REPORT = "nix/report.json"
_LARGEST_DOCKERFILE = 2**24
_ARCHITECTURES = {
    "aarch64-linux": "arm64",
    "armv7l-linux": "arm",
    "i686-linux": "386",
    "x86_64-linux": "amd64",
}


def run(options: Namespace) -> int:
    """Do every step that can be done, tell of each and of what could not be done; 0 proven, 1 wrong, 2 not done."""
    files = read_flake(options.folder)
    recorded = _recorded(files, options)
    with TemporaryDirectory(prefix="dock2nix-verify-") as scratch:
        question = _question(options, files, recorded, Path(scratch))
        proof = prove(question)
    sys.stdout.write(proof_json(proof) if options.json else proof_text(proof))
    if proof.failed:
        return _WRONG
    if options.attestation:
        deliver(_attestation(question, proof, files, recorded), options.attestation)
    return _PROVEN if proof.complete else _NOT_DONE


def _recorded(files: Mapping[str, str], options: Namespace) -> Namespace | None:
    """What the flake was converted with; None when nobody knows, or when it was standard input."""
    report = _report(files)
    try:
        return as_recorded(report, options.folder, options) if report else None
    except UsageError as error:
        print(f"dock2nix: {error}; the files that are copied are not compared", file=sys.stderr)  # noqa: T201 - this is the command line
        return None


def _report(files: Mapping[str, str]) -> dict[str, Any]:
    """What the conversion told; nothing when it is not there or is no report."""
    try:
        found = json.loads(files.get(_REPORT, "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("dockerfile"), str) else {}


def _question(
    options: Namespace, files: Mapping[str, str], recorded: Namespace | None, scratch: Path
) -> Question:
    system = current_system()
    attribute = options.attribute or f"packages.{system}.default"
    context = recorded.context if recorded else options.folder
    catalogue = LocalCatalogue(overrides=overrides_file(recorded.config if recorded else None, context))
    vouched, codes = reported(files.get(_REPORT, ""))
    return Question(
        flake=options.folder,
        attribute=attribute,
        architecture=_ARCHITECTURES.get(_system_of(attribute, system), "amd64"),
        scratch=scratch,
        faults=check_files(files, catalogue, vouched=vouched, findings=codes),
        stages=defined_packages(files),
        overrides=tuple((name, flake) for name, flake in options.override_input),
        offline=options.offline,
        image=options.image,
        against=options.against,
        paths=(*options.path, *(_copied(recorded, catalogue) if options.against and recorded else ())),
        intended=tuple(options.intended),
    )


def _system_of(attribute: str, default: str) -> str:
    return next((part for part in attribute.split(".") if part in _ARCHITECTURES), default)


def _copied(recorded: Namespace, catalogue: Catalogue) -> tuple[str, ...]:
    """Where the Dockerfile copies something to; nothing when it is no longer there."""
    content = _dockerfile(recorded)
    if content is None:
        return ()
    try:
        return copied_paths(
            content,
            BuildContext.read(recorded.context, Path(recorded.dockerfile)),
            catalogue,
            target=recorded.target,
            build_arguments=build_arguments(recorded.build_arg),
            platform=recorded.platform,
        )
    except (DockerfileError, UsageError) as error:
        print(f"dock2nix: the files that are copied are not compared: {error}", file=sys.stderr)  # noqa: T201 - this is the command line
        return ()


def _dockerfile(recorded: Namespace | None) -> bytes | None:
    path = Path(recorded.dockerfile) if recorded else None
    if path is None or not path.is_file() or path.stat().st_size > _LARGEST_DOCKERFILE:
        return None
    return path.read_bytes()


def _attestation(
    question: Question, proof: Proof, files: Mapping[str, str], recorded: Namespace | None
) -> str:
    """The statement of what was built.

    Raises:
        UsageError: nothing was built, or not twice alike, so there is nothing to attest.
    """
    if proof.image is None or not proof.rebuilt:
        raise UsageError(
            "no attestation is written: it would say that the image was built twice alike, which is not proven"
        )
    return attestation(
        Subject(
            image=proof.image,
            digest=proof.digest,
            built=proof.built,
            attribute=question.attribute,
            nix=proof.nix,
            rebuilt=proof.rebuilt,
            files=files,
            dockerfile=_dockerfile(recorded),
            dockerfile_name=Path(recorded.dockerfile).name if recorded else "Dockerfile",
            overridden=frozenset(name for name, _ in question.overrides),
            epoch=os.environ.get("SOURCE_DATE_EPOCH", ""),
        )
    )
