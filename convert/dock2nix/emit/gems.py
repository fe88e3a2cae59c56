"""A set of gems as nixpkgs' bundlerEnv takes it: what `bundix` would write to gemset.nix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import NixExpression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.builds import Gem


def gem_set(gems: tuple[Gem, ...]) -> Mapping[str, object]:
    """The gems by name, each with where it comes from and what it needs.

    Args:
        gems: those that are installed; of one without hash the hash is to be filled in.
    """
    return {one.name: _entry(one) for one in gems}


def _entry(gem: Gem) -> Mapping[str, object]:
    entry: dict[str, object] = {"source": _source(gem), "version": gem.version}
    if gem.dependencies:
        entry["dependencies"] = gem.dependencies
    if gem.platform != "ruby":
        entry["platform"] = gem.platform
    return entry


def _source(gem: Gem) -> Mapping[str, object]:
    sha256: object = gem.hash or NixExpression("lib.fakeHash")
    if gem.revision:
        return {
            "type": "git",
            "url": gem.remotes[0],
            "rev": gem.revision,
            "fetchSubmodules": gem.submodules,
            "sha256": sha256,
        }
    return {"type": "gem", "remotes": gem.remotes, "sha256": sha256}
