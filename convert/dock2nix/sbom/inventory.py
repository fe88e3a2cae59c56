"""What the flake names, out of plan, locks and report: every package and file once, with where it was asked for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.emit.expression import nix_comment
from dock2nix.managers.arguments import without_password
from dock2nix.model.packages import SriHash
from dock2nix.model.plan import ImportedEnvironment, LanguageEnvironment, PackageEntry
from dock2nix.model.steps import RequirementOutcome
from dock2nix.sbom.evidence import Evidence
from dock2nix.sbom.hashes import hex_digest
from dock2nix.sbom.locked import deb_parts, node_parts, python_parts
from dock2nix.sbom.model import Artifact, Inventory, Occurrence, Part, Use
from dock2nix.sbom.purls import file_purl, image_purl, input_purl, nixpkgs_purl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.image import FlakeInput
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.plan import PackageSection
    from dock2nix.report.model import Report


def take_inventory(report: Report, catalogue: Catalogue, read: Callable[[str], str | None]) -> Inventory:
    """The parts of an image as its flake will be made of them.

    Args:
        report: of the conversion.
        catalogue: for names and versions of packages.
        read: the text of a file of the build context or of the flake, for what locks say of licences; None when there is none.
    """
    plan = report.plan
    evidence = Evidence(report)
    found = [
        *_inputs(plan.inputs),
        *_nixpkgs_parts(report, catalogue, evidence),
        *python_parts(report),
        *node_parts(report, read),
        *_base(report),
        *deb_parts(report),
    ]
    named = {artifact.url for part in found for artifact in part.artifacts}
    found += [part for part in _files(report) if part.artifacts[0].url not in named]
    return Inventory(
        name=plan.name,
        tag=plan.tag,
        dockerfile=nix_comment(report.dockerfile),
        digest=report.sha256,
        modified=plan.inputs[0].last_modified,
        parts=tuple(sorted(_merged(found), key=lambda part: part.reference)),
        unresolved=_unresolved(report),
    )


def _merged(parts: list[Part]) -> Iterator[Part]:
    """Each part once, with all places that ask for it; in the image when any of them puts it there."""
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.reference, []).append(part)
    for group in groups.values():
        places = sorted({place for part in group for place in part.occurrences})
        properties = sorted({pair for part in group for pair in part.properties})
        use = Use.IMAGE if any(part.use is Use.IMAGE for part in group) else group[0].use
        yield replace(group[0], use=use, occurrences=tuple(places), properties=tuple(properties))


def _inputs(inputs: tuple[FlakeInput, ...]) -> Iterator[Part]:
    for one in inputs:
        yield Part(
            reference=f"input:{one.name}",
            name="nixpkgs",
            version=one.rev,
            purl=input_purl(one.rev),
            use=Use.SOURCE,
            properties=(("channel", one.channel), ("flake-input", one.name), ("nar-hash", one.nar_hash)),
        )


# --- packages of nixpkgs -----------------------------------------------------------------------------------------------------


def _nixpkgs_parts(report: Report, catalogue: Catalogue, evidence: Evidence) -> Iterator[Part]:
    plan = report.plan
    for sections, use in ((plan.sections, Use.IMAGE), (plan.build_sections, Use.BUILD)):
        for section in sections:
            for path, source, output in _named(section, evidence):
                yield _package(report, catalogue, evidence.of(path, section.title), path, source, output, use)
    if plan.python is not None:
        own = (
            plan.python.interpreter,
            *(evidence.member(plan.python.interpreter, name) for name, _ in plan.python.packages),
        )
        for path in own:
            places = evidence.of(path, "")
            yield _package(report, catalogue, places, path, plan.python.source, "", Use.IMAGE)


def _named(section: PackageSection, evidence: Evidence) -> Iterator[tuple[str, str, str]]:
    """(attribute path, flake input, output) of each package of a section."""
    for entry in section.entries:
        match entry:
            case PackageEntry():
                yield entry.attribute_path, entry.source, entry.output
            case LanguageEnvironment():
                yield entry.interpreter, entry.source, ""
                for name, _ in entry.packages:
                    yield evidence.member(entry.interpreter, name), entry.source, ""
            case ImportedEnvironment():
                pass  # its own file says what is in it: a lock, listed by itself
            case _:
                pass  # a remark for the reader


def _package(  # noqa: PLR0913, PLR0917 - what a part is made of
    report: Report,
    catalogue: Catalogue,
    places: tuple[Occurrence, ...],
    path: AttributePath | str,
    source: str,
    output: str,
    use: Use,
) -> Part:
    known = catalogue.attribute(path) if not source else None
    rev = next((one.rev for one in report.plan.inputs if one.name == source), report.plan.inputs[0].rev)
    name = known.pname if known and known.pname else path.rpartition(".")[2]
    version = known.version if known else ""
    properties = [("attribute", path)]
    properties += [("output", output)] if output else []
    properties += [("flake-input", source or report.plan.inputs[0].name)]
    return Part(
        reference=f"nixpkgs:{source or report.plan.inputs[0].name}:{path}",
        name=name,
        version=version,
        purl=nixpkgs_purl(name, version, rev),
        use=use,
        occurrences=places,
        properties=tuple(sorted(properties)),
    )


def _base(report: Report) -> Iterator[Part]:
    """The published image that the image stands on; what is in it, nobody here knows."""
    kept = report.plan.kept
    if kept is None or not kept.digest:
        return
    files = (Artifact(url=kept.address, hash=SriHash(kept.hash)),) if kept.hash else ()
    yield Part(
        reference=f"image:{kept.name}:{kept.tag}@{kept.digest}",
        name=kept.name,
        version=kept.tag,
        purl=image_purl(kept.name, kept.tag, kept.digest),
        use=Use.IMAGE,
        artifacts=files,
        occurrences=(Occurrence(path=nix_comment(report.dockerfile), line=kept.location.first_line),),
    )


# --- other files -------------------------------------------------------------------------------------------------------------


def _files(report: Report) -> Iterator[Part]:
    """What else Nix fetches, by address and hash."""
    for row in report.fetched:
        if not row.hash:
            continue
        url = without_password(row.url)
        name = nix_comment(posixpath.basename(url.partition("?")[0].rstrip("/"))) or "file"
        yield Part(
            reference=f"file:{row.hash}:{name}",
            name=name,
            version="",
            purl=file_purl(name, url, hex_digest(row.hash).replace(" ", ":")),
            use=Use.IMAGE,
            artifacts=(Artifact(url=url, hash=SriHash(row.hash)),),
            occurrences=(Occurrence(path=nix_comment(report.dockerfile), line=row.line),),
        )


def _unresolved(report: Report) -> tuple[str, ...]:
    names = (
        f"line {one.requirement.location.first_line}: {one.requirement.manager} "
        f"{one.requirement.name or without_password(one.requirement.url)}{one.requirement.specifier}"
        for one in report.requirements
        if one.outcome is RequirementOutcome.UNRESOLVED
    )
    bases = (
        f"line {stage.line}: FROM {stage.base}"
        for stage in report.stages
        if stage.built and stage.outcome == "unresolved"
    )
    kept = report.plan.kept
    inside = (f"what is in {kept.name}:{kept.tag}, the published base image",) if kept else ()
    return tuple(dict.fromkeys(nix_comment(text) for text in (*bases, *inside, *names)))
