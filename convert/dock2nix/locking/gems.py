"""The hashes of gems that a Gemfile.lock names without: each file is downloaded once from the server that the lock names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.commands.sha256sum import sri
from dock2nix.model.builds import BundleRecipe
from dock2nix.model.finding import Finding, Outcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.model.builds import Gem, StageBuild, StageFile

_MIRROR = regex(r"BUNDLE_MIRROR__(\S+?)/?: *[\"']?([^\"'\s]+)[\"']? *")
_LARGEST_SETTINGS = 2**20


def lock_gems(
    stages: tuple[StageFile, ...], sources: Callable[[], DownloadSources]
) -> Outcome[tuple[StageFile, ...]]:
    """The files of stages, in which gems have their hashes.

    Args:
        stages: files of nix/stages/.
        sources: gives what downloads, and the hashes that are known; asked only when one is missing.
    """
    findings: list[Finding] = []
    done: list[StageFile] = []
    for file in stages:
        recipe = file.build.recipe
        if not isinstance(recipe, BundleRecipe) or all(gem.hash or gem.revision for gem in recipe.gems):
            done.append(file)
            continue
        gems, problem = _with_hashes(recipe.gems, file.build, sources())
        done.append(replace(file, build=replace(file.build, recipe=replace(recipe, gems=gems))))
        if problem:
            findings.append(problem)
    return Outcome(tuple(done), tuple(findings))


def _with_hashes(
    gems: tuple[Gem, ...], build: StageBuild, sources: DownloadSources
) -> tuple[tuple[Gem, ...], Finding | None]:
    known = {attribute: found for (_, attribute, of), found in sources.filled.items() if of == build.state}
    missing = [gem for gem in gems if not gem.hash and not gem.revision and not _known(gem, known)]
    mirrors = _mirrors()
    urls = {gem.name: _address(gem, mirrors) for gem in missing}
    got = sources.fetcher.fetch(urls.values()) if urls else {}
    problem: Finding | None = None
    done: list[Gem] = []
    for gem in gems:
        found = got.get(urls.get(gem.name, ""))
        if gem.hash or found is None:
            done.append(replace(gem, hash=gem.hash or _known(gem, known)))
        elif isinstance(found, str):
            done.append(gem)
            problem = problem or _unknown(build, urls[gem.name], found)
        else:
            done.append(replace(gem, hash=sri(found.sha256, "sha256")))
    return tuple(done), problem


def _known(gem: Gem, known: Mapping[str, str]) -> str:
    """The hash that an earlier conversion knew, by the attribute that it stands at."""
    plain, quoted = f"gemset.{gem.name}.source.sha256", f'gemset."{gem.name}".source.sha256'
    return known.get(plain) or known.get(quoted) or ""


def _address(gem: Gem, mirrors: Mapping[str, str]) -> str:
    """Where the file of a gem is (guides of RubyGems, "Run your own gem server")."""
    server = gem.remotes[0]
    suffix = "" if gem.platform == "ruby" else f"-{gem.platform}"
    return f"{mirrors.get(server.lower(), server).rstrip('/')}/gems/{gem.name}-{gem.version}{suffix}.gem"


def _mirrors() -> dict[str, str]:
    """The servers that the user's Bundler asks in the place of others: variables, and ~/.bundle/config."""
    folder = os.environ.get("BUNDLE_USER_HOME") or str(Path.home() / ".bundle")
    try:
        with (Path(folder) / "config").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST_SETTINGS).splitlines()
    except OSError:
        lines = []
    variables = (f"{name}: {value}" for name, value in sorted(os.environ.items()))
    found = (_MIRROR.fullmatch(line.strip()) for line in (*lines, *variables))
    return {_server(one[1]): one[2] for one in found if one}


def _server(name: str) -> str:
    """An address out of the name of a setting, in which `__` stands for a dot and three for a dash."""
    return name.replace("___", "-").replace("__", ".").lower().rstrip("/")


def _unknown(build: StageBuild, url: str, reason: str) -> Finding:
    message = f"nix/stages/{build.name}.nix: the hash of a gem is missing: {url}: {reason}"
    hint = "convert again with network, or lock with hashes (`bundle lock --add-checksums` of Bundler 2.6)"
    return Finding(code="D2N310", message=message, location=build.location, hint=hint)
