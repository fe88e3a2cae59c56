"""What was built from what, as an in-toto statement (v1) with SLSA provenance (v1)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix import __version__
from dock2nix.emit.json_text import json_text
from dock2nix.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.verify.building import Built
    from dock2nix.verify.image import Image

BUILD_TYPE = "urn:dock2nix:nix-flake-image:v1"
BUILDER = "urn:dock2nix:verify:v1"
_LATEST = 253402300799  # the last second of the year 9999


class Subject(Struct, frozen=True, kw_only=True):
    """What is attested: an image and where it comes from.

    `digest` is the SHA-256 of its archive; `rebuilt` tells whether a second build gave the same bytes; `files` are those of the flake, `dockerfile` the bytes of the
    Dockerfile, None when it is not there. `overridden` are the inputs in whose place others were taken,
    which are not told. `epoch` is $SOURCE_DATE_EPOCH, "" for no date at all.
    """

    image: Image
    digest: str
    built: Built | None
    attribute: str
    nix: str
    rebuilt: bool
    files: Mapping[str, str]
    dockerfile: bytes | None
    dockerfile_name: str
    overridden: frozenset[str] = frozenset()
    epoch: str = ""


def attestation(subject: Subject) -> str:
    """The statement as JSON text, the same for the same build wherever it runs.

    Raises:
        UsageError: `epoch` is no number of seconds.
    """
    name = subject.image.tags[0] if subject.image.tags else "image"
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": subject.digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": _definition(subject), "runDetails": _run(subject)},
    }
    return json_text(statement)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _definition(subject: Subject) -> dict[str, Any]:
    return {
        "buildType": BUILD_TYPE,
        "externalParameters": {"attribute": subject.attribute, "dockerfile": subject.dockerfile_name}
        | ({"overriddenInputs": sorted(subject.overridden)} if subject.overridden else {}),
        "internalParameters": {},
        "resolvedDependencies": [
            *_sources(subject),
            *_inputs(subject.files.get("flake.lock", ""), subject.overridden),
        ],
    }


def _sources(subject: Subject) -> list[dict[str, Any]]:
    rows = {subject.dockerfile_name: subject.dockerfile} if subject.dockerfile is not None else {}
    rows |= {path: text.encode() for path, text in sorted(subject.files.items())}
    return [
        {"name": path, "digest": {"sha256": hashlib.sha256(text).hexdigest()}} for path, text in rows.items()
    ]


def _inputs(lock: str, overridden: frozenset[str]) -> list[dict[str, Any]]:
    """What flake.lock pins: the revisions of nixpkgs that were built with."""
    nodes = json.loads(lock)["nodes"] if lock else {}
    locked = {name: node["locked"] for name, node in sorted(nodes.items()) if "locked" in node}
    return [
        {
            "name": name,
            "uri": f"git+https://github.com/{one['owner']}/{one['repo']}@{one['rev']}",
            "digest": {"gitCommit": one["rev"]},
            "annotations": {"narHash": one["narHash"]},
        }
        for name, one in locked.items()
        if one.get("type") == "github" and name not in overridden
    ]


def _run(subject: Subject) -> dict[str, Any]:
    products: list[dict[str, Any]] = [
        {
            "name": "image configuration",
            "digest": {"sha256": subject.image.identifier},
            "annotations": {"layers": subject.image.layers, "rebuiltIdentically": subject.rebuilt},
        }
    ]
    if subject.built is not None:
        products.append({"name": "store path", "uri": f"file://{subject.built.store_path}"})
    versions = {"dock2nix": __version__} | ({"nix": subject.nix} if subject.nix else {})
    details: dict[str, Any] = {"builder": {"id": BUILDER, "version": versions}, "byproducts": products}
    return details | ({"metadata": _dates(subject.epoch)} if subject.epoch else {})


def _dates(epoch: str) -> dict[str, str]:
    if not (epoch.isascii() and epoch.isdecimal() and int(epoch[:13]) <= _LATEST):
        raise UsageError(f"SOURCE_DATE_EPOCH={epoch[:40]}: expected seconds since 1970")
    moment = datetime.fromtimestamp(int(epoch), UTC).isoformat().replace("+00:00", "Z")
    return {"startedOn": moment, "finishedOn": moment}
