"""A flake built by Nix, and every step of it that is the flake's own built again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.errors import NixError
from dock2nix.nix import run_program
from dock2nix.regex import regex
from dock2nix.verify.names import all_nodes
from dock2nix.verify.syntax import NixFile, constant_string, parse_nix, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_FEATURES = ("--extra-experimental-features", "nix-command flakes")
_HOURS = 24 * 3600.0
_VERSION = regex(r"(\d+)\.(\d+)")
_DERIVATION_SHOW = (2, 15)  # since when `nix show-derivation` is called `nix derivation show`
_STORE = "/nix/store/"


class Built(Struct, frozen=True, kw_only=True):
    """A built output. `archive` is where this machine has the store path; `closure` is in bytes."""

    derivation: str
    store_path: str
    archive: Path
    closure: int


class NixBuilder(Struct, frozen=True, kw_only=True):
    """Nix, and the flake that it is asked about.

    `flake` is its folder, `attribute` the output to build; `overrides` are pairs of an input and what is taken instead;
    `offline`: nothing is fetched but what derivations name.
    """

    version: tuple[int, ...]
    flake: Path
    attribute: str
    overrides: tuple[tuple[str, str], ...] = ()
    offline: bool = False

    @property
    def reference(self) -> str:
        """The output, as Nix is told of it. `path:` takes the folder as it is, whatever git knows of it."""
        return f"path:{self.flake.absolute()}#{self.attribute}"

    def evaluate(self) -> str:
        """The derivation of the output.

        Raises:
            NixError: it cannot be evaluated; the message holds Nix's own.
        """
        return self._nix("eval", "--raw", f"{self.reference}.drvPath", *self._options()).strip()

    def build(self) -> Built:
        """Build the output, or find it built.

        Raises:
            NixError: it cannot be built.
        """
        text = self._nix("build", "--no-link", "--json", self.reference, *self._options())
        built = json.loads(text)[0]
        path = str(built["outputs"]["out"])
        return Built(
            derivation=str(built["drvPath"]),
            store_path=path,
            archive=local_path(path),
            closure=self._closure(path),
        )

    def rebuild(self, derivation: str, stages: frozenset[str]) -> int:
        """Build every step of the flake's own again, and compare with what is there, byte for byte.

        Args:
            derivation: the one of the image.
            stages: the names of packages that the flake itself defines.

        Returns:
            How many steps there are.

        Raises:
            NixError: a step gives something else, and is named, or fails.
        """
        steps = own_steps(self._derivations(derivation), derivation, stages)
        ours = [path for path, outputs in steps.items() if self._is_there(outputs)]
        if ours:
            run_program(["nix-store", "--realise", "--check", "--quiet", *ours], timeout=_HOURS)
        return len(ours)

    def _closure(self, path: str) -> int:
        found = json.loads(self._nix("path-info", "--json", "--closure-size", path))
        first = found[0] if isinstance(found, list) else next(iter(found.values()))
        return int(first["closureSize"])

    def _is_there(self, outputs: Sequence[str]) -> bool:
        """Whether these paths are in the store: where the image came from a cache, not all that it was made of needs to be."""
        try:
            self._nix("path-info", *outputs)
        except NixError:
            return False
        return bool(outputs)

    def _derivations(self, derivation: str) -> Mapping[str, Any]:
        show = ["derivation", "show"] if self.version >= _DERIVATION_SHOW else ["show-derivation"]
        found = json.loads(self._nix(*show, "--recursive", derivation))
        rows = found.get("derivations", found)
        return {_in_store(path): row for path, row in rows.items()}

    def _options(self) -> list[str]:
        options = ["--no-write-lock-file", *(["--offline"] if self.offline else [])]
        for name, reference in self.overrides:
            options += ["--override-input", name, reference]
        return options

    def _nix(self, *arguments: str) -> str:
        return run_program(["nix", *_FEATURES, *arguments], timeout=_HOURS)


def find_nix() -> tuple[int, ...]:
    """The version of the Nix on PATH.

    Raises:
        NixError: there is none.
    """
    text = run_program(["nix", "--version"], timeout=60)
    found = _VERSION.search(text)
    if not found:
        raise NixError(f"no version in what `nix --version` says: {text.strip()[:200]}")
    return int(found[1]), int(found[2])


def current_system() -> str:
    """What Nix calls this machine; images are for Linux, whatever it runs."""
    machine = os.uname().machine
    return f"{'aarch64' if machine in {'arm64', 'aarch64'} else machine}-linux"


def local_path(path: str) -> Path:
    """Where this machine has a store path: elsewhere when $NIX_REMOTE is a store in a folder of its own."""
    folder = os.environ.get("NIX_REMOTE", "").removeprefix("local?root=")
    inside = Path(folder) / path.lstrip("/")
    return inside if folder.startswith("/") and not Path(path).exists() else Path(path)


def defined_packages(files: Mapping[str, str]) -> frozenset[str]:
    """The names of the packages that the Nix files of a flake define themselves: builder stages.

    Args:
        files: relative path → text.
    """
    trees = [parse_nix(path, text) for path, text in files.items() if path.endswith(".nix")]
    found = (
        constant_string(value)
        for tree in trees
        if isinstance(tree, NixFile)
        for use in all_nodes(tree)
        if use.node.type == "binding" and (value := use.node.child_by_field_name("expression")) is not None
        if (path := use.node.child_by_field_name("attrpath")) is not None and text_of(path) == "pname"
    )
    return frozenset(name for name in found if name)


def own_steps(
    derivations: Mapping[str, Any], final: str, stages: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """The steps of a build that are the flake's own: not packages of nixpkgs, and nothing that is fixed by a hash.

    Args:
        derivations: all that the final one needs, as `nix derivation show` tells them.
        final: the one to start from.
        stages: the names of packages that the flake defines.

    Returns:
        Store paths of the outputs by derivation, sorted.
    """
    found: dict[str, tuple[str, ...]] = {}
    waiting, own = [_in_store(final)], frozenset(stages)
    while waiting:
        path = waiting.pop()
        step = derivations.get(path)
        if path in found or step is None or not _is_own(step, own):
            continue
        found[path] = tuple(
            _in_store(str(one["path"])) for one in step["outputs"].values() if one.get("path")
        )
        inputs = step.get("inputDrvs") or step.get("inputs", {}).get("drvs", {})
        waiting += map(_in_store, inputs)
    return dict(sorted(found.items()))


def _is_own(step: Mapping[str, Any], stages: frozenset[str]) -> bool:
    settings = {**step.get("env", {}), **(step.get("structuredAttrs") or {})}
    fixed = "outputHash" in settings or any("hash" in one for one in step["outputs"].values())
    package = {"pname", "version"} <= set(settings) and settings["pname"] not in stages
    return (
        not fixed
        and not package
        and not str(step.get("name", settings.get("name", ""))).startswith("stdenv-")
    )


def _in_store(path: str) -> str:
    return path if path.startswith("/") else _STORE + path
