"""What can be told of a flake without Nix: its files as text, and what is known of the pinned nixpkgs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import UsageError
from dock2nix.verify.attributes import IndexedPackages, attribute_faults, plan_attributes
from dock2nix.verify.calls import call_faults
from dock2nix.verify.fault import Fault, fault_findings
from dock2nix.verify.lock import LOCK, lock_faults
from dock2nix.verify.names import all_nodes, import_faults, name_faults, path_faults
from dock2nix.verify.syntax import NixFile, parse_nix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.finding import Finding
    from dock2nix.model.plan import ImagePlan
    from dock2nix.verify.attributes import Packages

FLAKE = "flake.nix"
UNKNOWN_HASHES = frozenset({"D2N252", "D2N241", "D2N310"})
"""Findings that say that a hash is not known, so that one is not filled in."""

_LARGEST = 8 * 2**20
_MOST_FILES = 2000


def check_files(
    files: Mapping[str, str],
    catalogue: Catalogue,
    *,
    vouched: frozenset[str] = frozenset(),
    findings: Iterable[str] = (),
) -> tuple[Fault, ...]:
    """Everything that is wrong with the files of a flake as far as their text tells.

    Args:
        files: relative path → text; those that are no Nix and no lock are only known to be there.
        catalogue: what is known of nixpkgs.
        vouched: attribute paths that are known otherwise (rows of the user's, or what the index cannot have).
        findings: the codes of what has been told of the conversion.

    Returns:
        The faults, sorted by place.
    """
    trees = [parse_nix(path, text) for path, text in sorted(files.items()) if path.endswith(".nix")]
    known = frozenset(files)
    unknown_hashes = not UNKNOWN_HASHES.isdisjoint(findings)
    packages = _packages(files, catalogue, vouched)
    found: list[Fault] = []
    for tree in trees:
        if isinstance(tree, Fault):
            found.append(tree)
            continue
        found += _file(tree, known, packages, unknown_hashes=unknown_hashes)
        if tree.path == FLAKE:
            found += _lock(tree, files, catalogue)
    return tuple(sorted(set(found)))


def self_check(
    plan: ImagePlan, files: Mapping[str, str], catalogue: Catalogue, findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """The faults of files that were just made of a plan, as findings. There is none unless dock2nix has a fault itself.

    Args:
        plan: what they were made of.
        files: relative path → text.
        catalogue: what is known of nixpkgs.
        findings: what has been told of the conversion.
    """
    told = {finding.code for finding in findings}
    faults = check_files(files, catalogue, vouched=plan_attributes(plan), findings=told)
    return fault_findings(faults, plan.dockerfile)


def _file(
    file: NixFile, known: frozenset[str], packages: Packages | None, *, unknown_hashes: bool
) -> Iterator[Fault]:
    uses = all_nodes(file)
    yield from name_faults(file, uses)
    yield from path_faults(file, uses, known)
    yield from import_faults(file, uses)
    yield from call_faults(file, uses, unknown_hashes=unknown_hashes)
    if packages is not None and file.path != FLAKE:
        yield from attribute_faults(file, uses, packages)


def _lock(flake: NixFile, files: Mapping[str, str], catalogue: Catalogue) -> Iterator[Fault]:
    if LOCK not in files:
        yield Fault(path=LOCK, code="D2N608", message="there is none: Nix would pin whatever it finds today")
        return

    def known_hash(rev: str) -> str:
        pins = (catalogue.pin(channel) for channel in ("", *catalogue.channels()))
        return next((pin.nar_hash for pin in pins if pin.rev == rev), "")

    yield from lock_faults(flake, files[LOCK], known_hash)


def _packages(files: Mapping[str, str], catalogue: Catalogue, vouched: frozenset[str]) -> Packages | None:
    """What the pinned nixpkgs has; None when it is not the one that the index describes."""
    try:
        rev = json.loads(files[LOCK])["nodes"]["nixpkgs"]["locked"]["rev"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return None
    if rev != catalogue.pin().rev:
        return None

    def outputs(path: str) -> tuple[str, ...] | None:
        found = catalogue.attribute(path)
        return found.outputs if found else None

    return IndexedPackages(outputs, lambda: vouched)


def reported(report: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a nix/report.json answers for: attribute paths that the conversion resolved, and the codes of its findings.

    Args:
        report: its text; one that is none answers for nothing.
    """
    try:
        rows = json.loads(report)
        attributes = [
            path for table in ("stages", "requirements") for row in rows[table] for path in row["attributes"]
        ]
        codes = [finding["code"] for finding in rows["findings"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return frozenset(), frozenset()
    return frozenset(map(str, attributes)), frozenset(map(str, codes))


def read_flake(folder: Path) -> dict[str, str]:
    """The files of a flake that dock2nix writes: flake.nix, flake.lock and what is in nix/.

    Links are not followed. Text that is no UTF-8 is read with replacements.

    Raises:
        UsageError: there is no flake.nix, or the files are larger than any conversion's.
    """
    if not (folder / FLAKE).is_file():
        raise UsageError(f"{folder}: no flake.nix there; convert a Dockerfile first")
    paths = [folder / FLAKE, folder / LOCK]
    for parent, folders, names in os.walk(folder / "nix"):
        folders.sort()
        paths += [Path(parent) / name for name in sorted(names)]
        if len(paths) > _MOST_FILES:
            raise UsageError(f"{folder}/nix: more than {_MOST_FILES} files")
    return {
        path.relative_to(folder).as_posix(): _text(path)
        for path in paths
        if path.is_file() and not path.is_symlink()
    }


def _text(path: Path) -> str:
    if path.stat().st_size > _LARGEST:
        raise UsageError(f"{path}: larger than {_LARGEST} bytes")
    return path.read_text(encoding="utf-8", errors="replace")
