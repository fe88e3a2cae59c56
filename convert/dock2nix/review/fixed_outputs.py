"""Hashes that Nix is asked for: it builds one derivation that is fixed by a hash, and says which hash it should have had.

Each place gets a hash of its own that nothing has, so that what Nix says of one derivation cannot be taken for another's
(nix.conf(5); the Nix manual, "Fixed-output derivations").
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.errors import NixError
from dock2nix.nix import run_program
from dock2nix.verify.hashes import HashPlace, with_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FEATURES = ("--extra-experimental-features", "nix-command flakes")
_SPECIFIED = re.compile(r"specified:\s*(sha256-[A-Za-z0-9+/]+=*)\s+got:\s*(sha256-[A-Za-z0-9+/]+=*)")
_CPUS = {
    "x86_64": "x86_64-linux",
    "amd64": "x86_64-linux",
    "aarch64": "aarch64-linux",
    "arm64": "aarch64-linux",
}
_LONGEST = 3600.0
# What need not be copied to evaluate a flake, and would take long.
_NOT_COPIED = shutil.ignore_patterns(".git", "result", "result-*")


class Asked(Struct, frozen=True, kw_only=True):
    """What Nix said of a place: the hash, or why there is none."""

    place: HashPlace
    hash: str = ""
    problem: str = ""


def nix_is_there() -> bool:
    """Whether Nix is installed."""
    return shutil.which("nix") is not None and shutil.which("nix-store") is not None


def ask_nix(folder: Path, files: Mapping[str, str], places: Sequence[HashPlace]) -> tuple[Asked, ...]:
    """The hashes that belong at some places of a flake.

    It is evaluated in a copy, so that the flake itself stays as it is. Nothing is built but what the places are the hashes of.

    Args:
        folder: the flake's root.
        files: its files, relative path → text.
        places: where hashes are wanted.
    """
    if not places:
        return ()
    with TemporaryDirectory(prefix="dock2nix-lock-") as name:
        copy = Path(name) / "flake"
        shutil.copytree(folder, copy, symlinks=True, ignore=_NOT_COPIED)
        marks = [_mark(one) for one in places]
        for path in {one.path for one in places}:
            pairs = [(one, mark) for one, mark in zip(places, marks, strict=True) if one.path == path]
            (copy / path).unlink()
            (copy / path).write_text(with_hashes(files[path], pairs), encoding="utf-8")
        try:
            derivations = _derivations(copy)
        except NixError as error:
            reason = f"the flake cannot be evaluated: {_last_words(error)}"
            return tuple(Asked(place=one, problem=reason) for one in places)
        return tuple(_asked(one, mark, derivations) for one, mark in zip(places, marks, strict=True))


def _mark(one: HashPlace) -> str:
    digest = hashlib.sha256(f"dock2nix {one.path} {one.attribute} {one.start}".encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _derivations(flake: Path) -> dict[str, str]:
    """All that the image is built of, by the path of the derivation, each as text."""
    system = _CPUS.get(platform.machine(), platform.machine())
    attribute = f"path:{flake}#packages.{system}.default.drvPath"
    image = run_program(("nix", *_FEATURES, "eval", "--raw", attribute, "--no-write-lock-file")).strip()
    try:
        text = run_program(("nix", *_FEATURES, "derivation", "show", "--recursive", image))
    except NixError:  # the name it had before 2.15
        text = run_program(("nix", *_FEATURES, "show-derivation", "--recursive", image))
    return dict(_shown(json.loads(text), str(Path(image).parent)))


def _shown(data: Any, store: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON has no narrower type
    found = data.get("derivations", data)
    for path, derivation in found.items():
        yield path if path.startswith("/") else f"{store}/{path}", json.dumps(derivation)


def _asked(one: HashPlace, mark: str, derivations: Mapping[str, str]) -> Asked:
    """Build the derivation that has the mark; Nix refuses it, and says why."""
    digest = base64.b64decode(mark.partition("-")[2]).hex()
    path = next((path for path, text in derivations.items() if mark in text or digest in text), "")
    if not path:
        return Asked(place=one, problem="nothing that the image is built of has this hash")
    try:
        run_program(("nix-store", "--realise", path), timeout=_LONGEST)
    except NixError as error:
        found = next((pair for pair in _SPECIFIED.findall(str(error)) if pair[0] == mark), None)
        return Asked(place=one, hash=found[1]) if found else Asked(place=one, problem=_last_words(error))
    return Asked(place=one, problem="Nix has built it under a hash that is made up")


def _last_words(error: NixError) -> str:
    """The last line of what Nix said that says anything."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("error:") and line != "error:"]
    return (told or lines or ["Nix failed"])[-1].removeprefix("error:").strip()[:300]
