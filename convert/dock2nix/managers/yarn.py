"""yarn, classic and berry: the registry's packages and projects by package.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers import npm
from dock2nix.managers.arguments import option_names, read_command_line, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.node_words import read_node_install, read_node_removal
from dock2nix.model.packages import Action, InstallStep

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "yarn"
PROGRAMS = frozenset({"yarn", "yarnpkg"})
_LOCKS = ("yarn.lock",)

# `yarn help install` of 1.22, `yarn install --help` of 4.
_VALUED = option_names(
    """
    --cwd --cache-folder --network-timeout --network-concurrency --mutex --modules-folder
    --preferred-cache-folder --global-folder --link-folder --proxy --https-proxy --registry --prefix
    --otp --tag --use-yarnrc --child-concurrency --mode --depth --pattern --from --include --exclude
    --emoji --scripts-prepend-node-path
    """
)

_SCRIPT = (Action.OTHER, "a build or a script of the project, which is not translated yet")
_VERBS = verb_table(
    (" | install | add | focus | ci", Action.INSTALL, ""),
    ("remove", Action.REMOVE, ""),
    ("upgrade | up | upgrade-interactive", Action.OTHER, "changes the project's own files"),
    ("config | login | logout", Action.NOTHING, "yarn's configuration has no meaning: packages come by hash"),
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("dlx | create | exec", Action.OTHER, "downloads a package and runs it"),
    ("set | policies | plugin", Action.OTHER, "downloads another release or a plugin of yarn"),
    (
        (
            "audit | autoclean | bin | check | help | info | licenses | list | npm | outdated | owner | tag | "
            "team | version | versions | why | constraints | dir"
        ),
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of yarn asks for. A verb it does not know is a script of the project."""
    _, words = called_as(invocation)
    line = read_command_line(words, _VALUED)
    everywhere = line.verb == "global"
    line, folder = _inner(line)
    action, reason = _VERBS.get(line.verb, _SCRIPT)
    if line.has("--version", "-v", "--help", "-h") and not line.verb:
        action, reason = Action.NOTHING, "only asks; it changes nothing"
    if action is Action.INSTALL:
        step = read_node_install(line, invocation, location, files, locks=_LOCKS, folder=folder)
        return replace(step, everywhere=everywhere)
    if action is Action.REMOVE:
        return replace(read_node_removal(line), everywhere=everywhere)
    return InstallStep(
        manager=npm.NAME, action=action, reason=reason, problems=npm.config_problems(line), options=line.kept
    )


def _inner(line: CommandLine) -> tuple[CommandLine, str]:
    """The command inside `yarn global add x`, `yarn workspace NAME add x`, `yarn workspaces focus`; the project's folder."""
    folder = line.last("--cwd")
    skipped = {"global": 0, "workspaces": 0, "workspace": 1}.get(line.verb)
    if skipped is None or len(line.operands) <= skipped:
        return line, folder
    verb = line.operands[skipped].value or "run"
    operands = line.operands[skipped + 1 :] if verb != "focus" else ()
    if verb == "foreach":
        verb = "run"
    return replace(line, verb=verb, operands=operands), folder


resolve = npm.resolve
