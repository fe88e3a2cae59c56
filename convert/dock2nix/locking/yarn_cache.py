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
    from collections.abc import Callable, Mapping

    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.model.image import Effect
    from dock2nix.parse.context import BuildContext

_UP_TO_HOST = re.compile(r"https://.*.com/")
_SPECIAL = re.compile(r"[@/%:-]")


def lock_yarn_caches(
    effects: tuple[Effect, ...],
    builds: Mapping[str, NodeModules],
    context: BuildContext,
    sources: Callable[[], DownloadSources],
) -> Outcome[tuple[tuple[Effect, ...], Mapping[str, NodeModules]]]:
    """The effects and the builds' packages, in which the node_modules of yarn have the hash of their archives.

    Args:
        effects: of the image.
        builds: the node_modules that builds are given, by the file of the flake that they are made in.
        context: the build context, for the locks.
        sources: gives what downloads, and the hashes that are known; asked only when there is such a lock.
    """
    lock = _Lock(context, sources)
    done = tuple(
        lock.filled(effect, "nix/image.nix") if isinstance(effect, NodeModules) else effect
        for effect in effects
    )
    filled = {path: lock.filled(modules, path) for path, modules in builds.items()}
    return Outcome((done, filled), tuple(lock.findings))


class _Lock:
    """What is needed for it, and what is to be said of it."""

    def __init__(self, context: BuildContext, sources: Callable[[], DownloadSources]) -> None:
        self._context = context
        self._sources = sources
        self.findings: list[Finding] = []

    def filled(self, modules: NodeModules, path: str) -> NodeModules:
        """The node_modules with the hash, where they are yarn's and it can be told; `path` is the file of the flake."""
        if modules.lock_kind == "npm" or modules.hash:
            return modules
        known, problem = self._sources().known(modules.state), ""
        if not known and modules.lock_kind != "yarn":
            problem = "only Nix can tell it"
        elif not known:
            text = self._context.read_context_file(modules.lock) or ""
            known, problem = _cache_hash(modules, text, self._sources())
        if problem:
            self.findings.append(_unknown(modules, path, problem))
        return replace(modules, hash=known)


def _unknown(modules: NodeModules, path: str, problem: str) -> Finding:
    message = f"{path}: the hash of what {modules.lock} pins is missing: {problem}"
    hint = "let `dock2nix lock` fill it in where Nix is installed"
    if modules.lock_kind == "yarn":
        hint = f"convert again with network, or {hint}"
    return Finding(code="D2N310", message=message, location=modules.location, hint=hint)


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
