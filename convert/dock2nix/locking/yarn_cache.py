"""The hash of what nixpkgs' fetchYarnDeps makes of a yarn.lock, which we can tell without Nix: it is all archives, and the lock."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.indexing.nar import folder_hash
from dock2nix.locking.cache import digest_of
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import NodeModules

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.model.image import Effect
    from dock2nix.parse.context import BuildContext

_UP_TO_HOST = re.compile(r"https://.*.com/")
_SPECIAL = re.compile(r"[@/%:-]")


def lock_yarn_caches(
    effects: tuple[Effect, ...], context: BuildContext, sources: Callable[[], DownloadSources]
) -> Outcome[tuple[Effect, ...]]:
    """The effects, in which the node_modules of yarn have the hash of their archives.

    Args:
        effects: of the image.
        context: the build context, for the locks.
        sources: gives what downloads, and the hashes that are known; asked only when there is such a lock.
    """
    findings: list[Finding] = []
    done: list[Effect] = []
    for effect in effects:
        if isinstance(effect, NodeModules) and effect.lock_kind == "yarn" and not effect.hash:
            known = sources().known(effect.state)
            text = context.read_context_file(effect.lock) or ""
            hash_, problem = (known, "") if known else _cache_hash(effect, text, sources())
            done.append(replace(effect, hash=hash_))
            if problem:
                findings.append(_unknown(effect, problem))
        else:
            done.append(effect)
    return Outcome(tuple(done), tuple(findings))


def _unknown(effect: NodeModules, problem: str) -> Finding:
    message = f"nix/image.nix: the hash of what {effect.lock} pins is missing: {problem}"
    hint = "convert again with network, or let `dock2nix lock` fill it in where Nix is installed"
    return Finding(code="D2N310", message=message, location=effect.location, hint=hint)


def _cache_hash(effect: NodeModules, lock: str, sources: DownloadSources) -> tuple[str, str]:
    """The hash, or "" and why it is not known."""
    wanted = {package.url: package for package in effect.packages}
    got = sources.fetcher.fetch(wanted)
    files: dict[str, Path] = {}
    for url, package in wanted.items():
        found = got[url]
        if isinstance(found, str):
            return "", f"{url}: {found}"
        kind, _, digest = package.hash.partition("-")
        if digest_of(found.path, kind) != base64.b64decode(digest).hex():
            return "", f"{url}: it is not what the lock promises"
        files[stored_name(url)] = found.path
    with TemporaryDirectory(prefix="dock2nix-yarn-") as folder:
        copy = Path(folder) / "yarn.lock"
        copy.write_text(lock, encoding="utf-8", newline="")
        return folder_hash({**files, "yarn.lock": copy}), ""


def stored_name(url: str) -> str:
    """What an archive is called in yarn's offline mirror, as nixpkgs names it."""
    return _SPECIAL.sub("_", _UP_TO_HOST.sub("", url))
