"""What ADD does beyond copying: files and repositories from the network, and archives of the context that it unpacks."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.git import is_ref
from dock2nix.commands.sha256sum import sri
from dock2nix.commands.transfers import address, remote_name
from dock2nix.model.downloads import FetchFile, FetchTree, Unpack
from dock2nix.parse.copying import local_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import Effect
    from dock2nix.parse.context import BuildContext
    from dock2nix.parse.copying import CopyResolution

_CHECKSUM = regex(r"(sha256|sha384|sha512):([0-9a-fA-F]+)")
_COMMIT = regex(r"[0-9a-f]{40}")
_GIT = regex(r"https?://[^/@#\s]+/[^#\s]+\.git")
_MODE = "600"  # what BuildKit gives a file that ADD downloads


def remote_effects(
    instruction: ScopedInstruction, resolution: CopyResolution, context: BuildContext, text: str
) -> tuple[tuple[Effect, ...], str]:
    """What the sources of an ADD bring that are no plain files of the context.

    Args:
        instruction: the ADD.
        resolution: what its sources are.
        context: the build context.
        text: the instruction on one line.

    Returns:
        The effects, and "" or why one of them cannot be done, and then no effects.
    """
    effects: list[Effect] = []
    asked = (
        *((_downloaded(url, instruction, resolution, text), f"downloads {url}") for url in resolution.urls),
        *((_cloned(url, instruction, resolution, text), f"clones {url}") for url in resolution.git),
        *(
            (_unpacked(path, instruction, resolution, context, text), f"unpacks the archive {path}")
            for path in resolution.archives
        ),
    )
    for effect, what in asked:
        if effect is None:
            return (), what
        effects.append(effect)
    return tuple(effects), ""


def _downloaded(
    source: str, instruction: ScopedInstruction, resolution: CopyResolution, text: str
) -> FetchFile | None:
    url, checksum = address(source), instruction.flag("checksum") or ""
    found = _CHECKSUM.fullmatch(checksum)
    expected = sri(found[2], found[1]) if found else ""
    name = remote_name(url) if url else ""
    unfit = instruction.flag("unpack") is not None or (checksum and not expected)
    if not url or unfit or (resolution.into and not name):
        return None
    return FetchFile(
        path=posixpath.join(resolution.destination, name) if resolution.into else resolution.destination,
        url=url,
        expected=expected,
        mode=_MODE,
        location=instruction.location,
        text=text,
    )


def _cloned(
    source: str, instruction: ScopedInstruction, resolution: CopyResolution, text: str
) -> FetchTree | None:
    """`https://host/name.git#ref`; BuildKit clones submodules too, and leaves the history behind."""
    url, _, fragment = source.partition("#")
    checksum = instruction.flag("checksum") or ""
    kept = instruction.flag("keep-git-dir") not in {None, "false"}
    unfit = (fragment and not is_ref(fragment)) or (checksum and not _COMMIT.fullmatch(checksum))
    if not _GIT.fullmatch(url) or ":" in fragment or unfit or kept or resolution.destination == "/":
        return None
    return FetchTree(
        path=resolution.destination,
        url=url,
        ref=checksum or fragment.removeprefix("refs/tags/").removeprefix("refs/heads/"),
        submodules=True,
        location=instruction.location,
        text=text,
    )


def _unpacked(
    source: str,
    instruction: ScopedInstruction,
    resolution: CopyResolution,
    context: BuildContext,
    text: str,
) -> Unpack | None:
    path = local_path(source)
    entry = context.find(path) if path else None
    if entry is None or entry.directory:
        return None
    return Unpack(path=resolution.destination, context=entry.path, location=instruction.location, text=text)
