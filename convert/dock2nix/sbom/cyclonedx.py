"""CycloneDX 1.6, by the project's own library."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence
from cyclonedx.model.component_evidence import Occurrence as EvidenceOccurrence
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from dock2nix import __version__
from dock2nix.emit.json_text import json_text
from dock2nix.sbom.hashes import algorithm, hex_value
from dock2nix.sbom.model import Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.sbom.model import Artifact, Inventory, Occurrence, Part

_PREFIX = "dock2nix:"
_IMAGE = "image"


def cyclonedx_json(inventory: Inventory, epoch: int | None = None) -> str:
    """The inventory as CycloneDX 1.6 in JSON; the same inventory gives the same bytes.

    Args:
        inventory: what to list.
        epoch: the time to name (SOURCE_DATE_EPOCH); None names none.
    """
    image = _image(inventory)
    bom = Bom(components=[_component(part) for part in inventory.parts])
    bom.metadata.component = image
    bom.register_dependency(image, bom.components)
    bom.metadata.tools.components.add(
        Component(name="dock2nix", version=__version__, type=ComponentType.APPLICATION, bom_ref="dock2nix")
    )
    bom.metadata.lifecycles.add(PredefinedLifecycle(LifecyclePhase.PRE_BUILD))
    bom.metadata.timestamp = datetime.fromtimestamp(epoch or 0, tz=UTC)
    bom.serial_number = UUID(int=0)
    data = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    return _finished(data, inventory, dated=epoch is not None)


def _finished(data: dict[str, Any], inventory: Inventory, *, dated: bool) -> str:
    """What the library has no words for: what is not known of dependencies; and a serial number made of the content."""
    if not dated:
        del data["metadata"]["timestamp"]
    del data["serialNumber"]
    for component in data["components"]:
        # The library puts occurrences in the order of their references, which it makes of nothing that stays the same.
        component.get("evidence", {}).get("occurrences", []).sort(key=_place)
    used = sorted(part.reference for part in inventory.parts if part.use is Use.IMAGE)
    # An element without `dependsOn` would say that a package needs nothing: only what is known is listed.
    data["dependencies"] = [{"ref": _IMAGE, "dependsOn": used}]
    data["compositions"] = [
        {"aggregate": "incomplete", "assemblies": [_IMAGE], "dependencies": [_IMAGE, *used]}
    ]
    content = json.dumps(data, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).digest()[:16]
    return json_text({**data, "serialNumber": UUID(bytes=digest, version=5).urn})


def _place(occurrence: dict[str, Any]) -> tuple[str, int, str]:
    return (
        occurrence["location"],
        occurrence.get("line", 0),
        occurrence.get("additionalContext", ""),
    )


def _image(inventory: Inventory) -> Component:
    unresolved = (("unresolved", text) for text in inventory.unresolved)
    return Component(
        name=inventory.name,
        version=inventory.tag,
        type=ComponentType.CONTAINER,
        bom_ref=_IMAGE,
        properties=_properties(
            (("dockerfile", inventory.dockerfile), ("dockerfile-sha256", inventory.digest), *unresolved)
        ),
    )


def _component(part: Part) -> Component:
    scope, _, name = part.name.rpartition("/")
    return Component(
        name=name,
        group=scope or None,
        version=part.version or None,
        type=ComponentType.FILE if part.reference.startswith("file:") else ComponentType.LIBRARY,
        bom_ref=part.reference,
        purl=PackageURL.from_string(part.purl),
        scope=ComponentScope.REQUIRED if part.use is Use.IMAGE else ComponentScope.EXCLUDED,
        hashes=[_hash(part.artifacts[0])] if len(part.artifacts) == 1 else [],
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else [],
        external_references=[_reference(one) for one in part.artifacts],
        evidence=ComponentEvidence(occurrences=[_occurrence(one) for one in part.occurrences])
        if part.occurrences
        else None,
        properties=_properties((("use", str(part.use)), *part.properties)),
    )


def _hash(artifact: Artifact) -> HashType:
    return HashType(alg=HashAlgorithm(algorithm(artifact.hash)), content=hex_value(artifact.hash))


def _reference(artifact: Artifact) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(artifact.url),
        comment=", ".join(artifact.systems) or None,
        hashes=[_hash(artifact)],
    )


def _occurrence(one: Occurrence) -> EvidenceOccurrence:
    return EvidenceOccurrence(location=one.path, line=one.line or None, additional_context=one.text or None)


def _properties(pairs: Iterable[tuple[str, str]]) -> list[Property]:
    return [Property(name=f"{_PREFIX}{name}", value=value) for name, value in pairs]
