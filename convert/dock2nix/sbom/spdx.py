"""SPDX 2.3, by the SPDX project's own library."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from license_expression import ExpressionError, get_spdx_licensing
from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter
from spdx_tools.spdx.model.actor import Actor, ActorType
from spdx_tools.spdx.model.checksum import Checksum, ChecksumAlgorithm
from spdx_tools.spdx.model.document import CreationInfo, Document
from spdx_tools.spdx.model.package import (
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    PackagePurpose,
)
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion

from dock2nix import __version__
from dock2nix.emit.json_text import json_text
from dock2nix.sbom.hashes import algorithm, hex_value
from dock2nix.sbom.model import Use

if TYPE_CHECKING:
    from boolean.boolean import Expression

    from dock2nix.sbom.model import Artifact, Inventory, Part

_DOCUMENT = "SPDXRef-DOCUMENT"
_IMAGE = "SPDXRef-image"
_COMMENT = "Made from plan and locks, before any build: what the packages of nixpkgs need in turn is in the closure of the built image."


def spdx_json(inventory: Inventory, epoch: int | None = None) -> str:
    """The inventory as SPDX 2.3 in JSON; the same inventory gives the same bytes.

    Args:
        inventory: what to list.
        epoch: the time to name (SOURCE_DATE_EPOCH); None names that of the nixpkgs revision, since SPDX wants one.
    """
    document = spdx_document(inventory, epoch)
    data = DocumentConverter().convert(document)  # type: ignore[no-untyped-call]
    return json_text(data)


def spdx_document(inventory: Inventory, epoch: int | None = None) -> Document:
    """The inventory as the library's own document; see `spdx_json`."""
    parts = tuple((f"SPDXRef-{_identifier(part.reference)}", part) for part in inventory.parts)
    return Document(
        creation_info=_creation(inventory, epoch),
        packages=[_image(inventory), *(_package(name, part) for name, part in parts)],
        relationships=[
            Relationship(_DOCUMENT, RelationshipType.DESCRIBES, _IMAGE),
            *(_relationship(name, part) for name, part in parts),
        ],
    )


def _creation(inventory: Inventory, epoch: int | None) -> CreationInfo:
    content = hashlib.sha256(repr(inventory).encode()).digest()[:16]
    stamp = inventory.modified if epoch is None else epoch
    unresolved = "".join(f" Unresolved: {text}." for text in inventory.unresolved)
    return CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=_DOCUMENT,
        name=f"{inventory.name}-{inventory.tag}",
        document_namespace=UUID(bytes=content, version=5).urn,
        creators=[Actor(ActorType.TOOL, f"dock2nix-{__version__}")],
        created=datetime.fromtimestamp(stamp, tz=UTC).replace(tzinfo=None),
        creator_comment="The time is that of the nixpkgs revision." if epoch is None else None,
        document_comment=_COMMENT + unresolved,
    )


def _image(inventory: Inventory) -> Package:
    return Package(
        spdx_id=_IMAGE,
        name=inventory.name,
        version=inventory.tag,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        primary_package_purpose=PackagePurpose.CONTAINER,
        source_info=f"{inventory.dockerfile}, SHA-256 {inventory.digest}",
    )


def _package(name: str, part: Part) -> Package:
    first = part.artifacts[0] if part.artifacts else None
    places = "; ".join(
        f"{one.path}{f':{one.line}' if one.line else ''}{f': {one.text}' if one.text else ''}"
        for one in part.occurrences
    )
    licence = _licence(part.licence)
    return Package(
        spdx_id=name,
        name=part.name,
        version=part.version or None,
        download_location=first.url if first else SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[_checksum(first)] if first else [],
        license_concluded=SpdxNoAssertion(),
        license_declared=licence or SpdxNoAssertion(),
        source_info=places or None,
        comment=_comment(part),
        external_references=[
            ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", part.purl)
        ],
        primary_package_purpose=PackagePurpose.SOURCE if part.use is Use.SOURCE else PackagePurpose.LIBRARY,
    )


def _comment(part: Part) -> str | None:
    facts = [f"{name}: {value}" for name, value in part.properties]
    if len(part.artifacts) > 1:
        facts += [f"{', '.join(one.systems) or 'any system'}: {one.url} {one.hash}" for one in part.artifacts]
    return "\n".join(facts) or None


def _checksum(artifact: Artifact) -> Checksum:
    kind = ChecksumAlgorithm[algorithm(artifact.hash).replace("-", "")]
    return Checksum(kind, hex_value(artifact.hash))


def _relationship(name: str, part: Part) -> Relationship:
    if part.use is Use.IMAGE:
        return Relationship(_IMAGE, RelationshipType.CONTAINS, name)
    return Relationship(name, RelationshipType.BUILD_DEPENDENCY_OF, _IMAGE)


def _licence(text: str) -> Expression | None:
    """An SPDX licence expression; None when nothing, or no such expression, is known."""
    try:
        return get_spdx_licensing().parse(text, validate=True) if text else None
    except ExpressionError:
        return None


def _identifier(reference: str) -> str:
    """Letters, digits, dots and dashes; what had others gets a few digits of its own, so that no two become one."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", reference).strip("-")
    if plain.replace("-", ":", 1) == reference:
        return plain
    return f"{plain}-{hashlib.sha256(reference.encode()).hexdigest()[:8]}"
