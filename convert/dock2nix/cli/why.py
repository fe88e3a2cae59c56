"""`dock2nix why apt:libpq5`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.errors import UsageError
from dock2nix.managers import MANAGERS, manager_named
from dock2nix.managers.base import Setting
from dock2nix.model.packages import NixpkgsPackage, NotNeeded, Requirement, Unresolved
from dock2nix.model.source import Location

if TYPE_CHECKING:
    import argparse

    from dock2nix.model.packages import Resolution


def run(options: argparse.Namespace) -> int:
    """Print the resolution of one name; 1 when there is none."""
    table, colon, name = options.package.partition(":")
    known = sorted(manager.NAME for manager in MANAGERS)
    if not colon or not name or table not in known:
        raise UsageError(f"{options.package}: expected MANAGER:NAME with one of {', '.join(known)}")
    requirement = Requirement(
        manager=table, name=name, location=Location(path="-", first_line=1, last_line=1)
    )
    setting = Setting(interpreter=None, language="", distribution="", release="", channel="")
    resolutions = manager_named(table).resolve(requirement, LocalCatalogue(options.mappings), setting)
    data = [_object(one) for one in resolutions]
    text = json.dumps({"package": options.package, "resolutions": data}, indent=2) + "\n"
    sys.stdout.write(text if options.json else "".join(_line(one) for one in data))
    return int(any(isinstance(one, Unresolved) for one in resolutions))


def _object(resolution: Resolution) -> dict[str, Any]:
    match resolution:
        case NixpkgsPackage():
            return {
                "outcome": "nixpkgs",
                "attribute": str(resolution.attribute_path),
                "outputs": list(resolution.outputs),
                "version": resolution.version,
                "origin": str(resolution.origin),
                "evidence": resolution.evidence,
                "build_only": resolution.build_only,
            }
        case NotNeeded():
            return {"outcome": "not-needed", "reason": resolution.reason}
        case Unresolved():
            return {
                "outcome": "unresolved",
                "reason": resolution.reason,
                "candidates": list(resolution.candidates),
            }
        case _:
            return {"outcome": "locked", "url": resolution.url}


def _line(data: dict[str, Any]) -> str:
    match data["outcome"]:
        case "nixpkgs":
            outputs = f" ({', '.join(data['outputs'])})" if data["outputs"] else ""
            building = ", for building only" if data["build_only"] else ""
            return f"pkgs.{data['attribute']}{outputs} {data['version']}: {data['evidence']} [{data['origin']}{building}]\n"
        case "not-needed":
            return f"not needed: {data['reason']}\n"
        case _:
            near = ", ".join(f"pkgs.{path}" for path in data.get("candidates", ()))
            return f"unresolved: {data.get('reason', '')}{f'; similar: {near}' if near else ''}\n"
