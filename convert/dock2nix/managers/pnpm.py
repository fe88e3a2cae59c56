"""pnpm and bun: the registry's packages and projects by package.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers import npm
from dock2nix.managers.arguments import option_names, read_command_line, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.node_words import read_node_install, read_node_removal
from dock2nix.model.packages import Action, InstallStep

if TYPE_CHECKING:
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "pnpm"
PROGRAMS = frozenset({"bun", "bunx", "pnpm", "pnpx"})
_LOCKS = {"pnpm": ("pnpm-lock.yaml",), "bun": ("bun.lock", "bun.lockb")}

# `pnpm help install`, `bun install --help`.
_VALUED = option_names(
    """
    -C --dir --cwd -F --filter --filter-prod --store-dir --virtual-store-dir --config --lockfile-dir
    --modules-dir --reporter --loglevel --registry --network-concurrency --child-concurrency
    --workspace-concurrency --node-linker --package-import-method --global-dir --global-bin-dir
    --hoist-pattern --public-hoist-pattern --use-node-version --changed-files-ignore-pattern
    --test-pattern --resolution-mode --prefix --cache-dir --state-dir --allow-build --cpu --os --libc
    --tag --backend --linker --omit --concurrent-scripts --cafile --ca --env-file --fetch-retries
    --fetch-timeout
    """
)

_SCRIPT = (Action.OTHER, "a build or a script of the project, which is not translated yet")
_VERBS = verb_table(
    ("install | i | add | a | ci | install-test | it", Action.INSTALL, ""),
    ("remove | rm | uninstall | un", Action.REMOVE, ""),
    ("update | up", Action.OTHER, "changes the project's own files"),
    ("upgrade | self-update", Action.NOTHING, "the version of the tool is that of the pinned nixpkgs"),
    (
        "config | c | set | get",
        Action.NOTHING,
        "the tool's configuration has no meaning: packages come by hash",
    ),
    ("store", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("setup", Action.NOTHING, "programs are in PATH without it"),
    ("fetch", Action.NOTHING, "only fills pnpm's cache from the lock file"),
    ("pm", Action.NOTHING, "only asks, or cleans the cache"),
    ("dlx | x | create | exec", Action.OTHER, "downloads a package and runs it"),
    ("env", Action.OTHER, "installs another version of Node.js"),
    (
        " | audit | bin | doctor | help | licenses | list | ll | ls | outdated | root | why",
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of pnpm or bun asks for. A verb they do not know is a script or a file of the project."""
    program, words = called_as(invocation)
    if program in {"pnpx", "bunx"}:
        return InstallStep(manager=npm.NAME, action=Action.OTHER, reason="downloads a package and runs it")
    line = read_command_line(words, _VALUED)
    everywhere = line.has("-g", "--global")
    action, reason = _VERBS.get(line.verb, _SCRIPT)
    if action is Action.INSTALL:
        folder = line.last("-C", "--dir", "--cwd", "--prefix")
        step = read_node_install(line, invocation, location, files, locks=_LOCKS[program], folder=folder)
        return replace(step, everywhere=everywhere)
    if action is Action.REMOVE:
        return replace(read_node_removal(line), everywhere=everywhere)
    return InstallStep(
        manager=npm.NAME, action=action, reason=reason, problems=npm.config_problems(line), options=line.kept
    )


resolve = npm.resolve
