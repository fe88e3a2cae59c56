"""What an attestation says, and that it says the same for the same build."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from dock2nix.errors import UsageError
from dock2nix.verify.attestation import Subject, attestation, file_digest
from dock2nix.verify.building import Built
from dock2nix.verify.image import read_image
from image_archives import Item, Made

if TYPE_CHECKING:
    from pathlib import Path

LOCK = {
    "nodes": {
        "nixpkgs": {
            "locked": {
                "type": "github",
                "owner": "NixOS",
                "repo": "nixpkgs",
                "rev": "1" * 40,
                "narHash": "sha256-A",
            }
        },
        "root": {"inputs": {"nixpkgs": "nixpkgs"}},
    }
}


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    archive = Made(layers=[{"a": Item()}]).docker(tmp_path / "image.tar")
    return Subject(
        image=read_image(archive),
        digest=file_digest(archive),
        built=Built(derivation="/nix/store/d.drv", store_path="/nix/store/o", archive=archive, closure=1),
        attribute="packages.x86_64-linux.default",
        nix="2.26",
        rebuilt=True,
        files={"flake.lock": json.dumps(LOCK), "flake.nix": "{ }"},
        dockerfile=b"FROM scratch\n",
        dockerfile_name="Dockerfile",
    )


def statement(subject: Subject) -> Any:
    return json.loads(attestation(subject))


def test_it_is_an_in_toto_statement_of_slsa_provenance(subject: Subject) -> None:
    """The fields that in-toto Statement v1 and SLSA provenance v1 require."""
    found = statement(subject)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    assert found["subject"] == [{"name": "app:latest", "digest": {"sha256": subject.digest}}]
    definition, run = found["predicate"]["buildDefinition"], found["predicate"]["runDetails"]
    assert definition["buildType"]
    assert definition["externalParameters"] == {
        "attribute": "packages.x86_64-linux.default",
        "dockerfile": "Dockerfile",
    }
    assert run["builder"]["id"]
    assert run["builder"]["version"]["nix"] == "2.26"
    assert "metadata" not in run


def test_it_names_dockerfile_lock_and_revision(subject: Subject) -> None:
    rows = statement(subject)["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [row["name"] for row in rows] == ["Dockerfile", "flake.lock", "flake.nix", "nixpkgs"]
    assert rows[0]["digest"] == {"sha256": hashlib.sha256(b"FROM scratch\n").hexdigest()}
    assert rows[3]["uri"] == f"git+https://github.com/NixOS/nixpkgs@{'1' * 40}"
    assert rows[3]["digest"] == {"gitCommit": "1" * 40}


def test_an_input_that_was_replaced_is_told_and_its_revision_is_not(subject: Subject) -> None:
    definition = statement(replace(subject, overridden=frozenset({"nixpkgs"})))["predicate"][
        "buildDefinition"
    ]
    assert definition["externalParameters"]["overriddenInputs"] == ["nixpkgs"]
    assert "nixpkgs" not in [row["name"] for row in definition["resolvedDependencies"]]


def test_it_tells_whether_the_second_build_was_the_same(subject: Subject) -> None:
    for rebuilt in (True, False):
        products = statement(replace(subject, rebuilt=rebuilt))["predicate"]["runDetails"]["byproducts"]
        assert products[0]["annotations"]["rebuiltIdentically"] is rebuilt


def test_the_date_is_that_of_the_source_or_none(subject: Subject) -> None:
    metadata = statement(replace(subject, epoch="86400"))["predicate"]["runDetails"]["metadata"]
    assert metadata == {"startedOn": "1970-01-02T00:00:00Z", "finishedOn": "1970-01-02T00:00:00Z"}
    assert attestation(subject) == attestation(subject)


@pytest.mark.parametrize("epoch", ["today", "-1", "1e3", "²", "9" * 30])
def test_a_date_that_is_none_is_refused(subject: Subject, epoch: str) -> None:
    with pytest.raises(UsageError, match="expected seconds since 1970"):
        attestation(replace(subject, epoch=epoch))
