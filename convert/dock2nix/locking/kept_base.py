"""`--keep-base`: which published image it is that the image stands on, by digest, hash and its own configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.errors import UsageError
from dock2nix.locking.image_config import image_config, words
from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import ImageConfig, KeptBase
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.downloads import DownloadSources, Pinned
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.source import Location

DIGEST = regex(r"sha256:[0-9a-f]{64}")


class Pulled(Struct, frozen=True, kw_only=True):
    """What a registry says of an image: the digest of its manifest, the hash of the archive, its configuration (None: not asked)."""

    digest: str
    hash: str
    config: ImageConfig | None = None
    triggers: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()


class Puller(Protocol):
    """Asks registries. What cannot be known is told as the reason why."""

    def pull(self, image: KeptBase) -> Pulled | str:
        """The image of that name, by its digest if that is known, else by its tag."""
        ...


class NoPuller:
    """Knows of no registry, and why.

    Args:
        reason: told with each image.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def pull(self, image: KeptBase) -> str:  # noqa: ARG002 - the port's
        return self._reason


def keep_base(root: Stage, architecture: str, sources: DownloadSources) -> Outcome[KeptBase]:
    """The published image that a stage stands on.

    Args:
        root: the stage at the bottom of the image.
        architecture: of the image, Go's word.
        sources: who is asked, and what an earlier conversion pinned.

    Raises:
        UsageError: it stands on no published image.
    """
    reference = root.base
    if not isinstance(reference, ImageReference):
        raise UsageError("--keep-base: the image stands on scratch, there is no base image to keep")
    kept = _with_pin(_asked(reference, architecture, root.location), sources.pinned)
    pulled = sources.puller.pull(kept)
    if isinstance(pulled, Pulled):
        kept = replace(
            kept,
            digest=pulled.digest,
            hash=pulled.hash,
            config=pulled.config,
            triggers=pulled.triggers,
            shell=pulled.shell,
        )
        if pulled.config is None:
            kept = _with_memory(kept, sources.bases.get(kept.address, {}))
        return Outcome(kept, tuple(_remarks(kept, "")))
    kept = _with_memory(kept, sources.bases.get(kept.address, {}))
    return Outcome(kept, tuple(_remarks(kept, pulled)))


def _with_memory(kept: KeptBase, said: Mapping[str, Any]) -> KeptBase:
    """What the image said of itself in an earlier conversion, when it is the same image."""
    config = said.get("config")
    if not isinstance(config, dict):
        return kept
    triggers, shell = words(said.get("triggers")), words(said.get("shell"))
    return replace(kept, config=image_config(config), triggers=triggers, shell=shell)


def _asked(reference: ImageReference, architecture: str, location: Location) -> KeptBase:
    registry = f"{reference.registry}/" if reference.registry else ""
    return KeptBase(
        reference=reference,
        name=f"{registry}{reference.repository}",
        tag=reference.tag or "latest",
        digest=reference.digest if DIGEST.fullmatch(reference.digest) else "",
        architecture=architecture,
        location=location,
    )


def _with_pin(kept: KeptBase, pinned: Mapping[str, Pinned]) -> KeptBase:
    """What an earlier conversion took the tag to mean stays: a tag may move, the image does not."""
    start = f"docker://{kept.name}:{kept.tag}@{kept.digest}"
    found = next((address for address in sorted(pinned) if address.startswith(start)), "")
    digest = found.rpartition("@")[2]
    if not found or not DIGEST.fullmatch(digest):
        return kept
    return replace(kept, digest=digest, hash=pinned[found].hash)


def _remarks(kept: KeptBase, reason: str) -> list[Finding]:
    """What is to be told; `reason` says why the registry was not asked, "" when it was."""
    shown = f"{kept.name}:{kept.tag}"
    found = [
        Finding(
            code="D2N251",
            message=f"{shown}: kept as it is published, and pulled by its digest; what the Dockerfile adds is a layer on it",
            location=kept.location,
        )
    ]
    if not kept.digest:
        found.append(
            Finding(
                code="D2N252",
                message=f"{shown}: its digest is not known: {reason}",
                location=kept.location,
                hint=f"write it into the Dockerfile (FROM {shown}@sha256:…), or convert where skopeo is installed",
            )
        )
    elif not kept.hash:
        found.append(
            Finding(
                code="D2N310",
                message=f"nix/base.nix: the hash of {shown} is not filled in: {reason}",
                location=kept.location,
                hint="`dock2nix lock` fills it in",
            )
        )
    return found
