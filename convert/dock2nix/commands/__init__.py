"""Commands that change files, users and groups: a module for each, which says what an invocation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands import (
    a2enmod,
    adduser,
    alternatives,
    chmod,
    chown,
    chpasswd,
    cp,
    crontab,
    curl,
    echo,
    git,
    gpg,
    groupadd,
    gunzip,
    install,
    ln,
    mkdir,
    rabbitmq_plugins,
    rm,
    sed,
    setcap,
    sha256sum,
    tar,
    touch,
    unzip,
    useradd,
    userdel,
    venv,
    wget,
)
from dock2nix.commands.echo import printed_text

if TYPE_CHECKING:
    from dock2nix.commands.base import Command, Translation
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

__all__ = ["COMMANDS", "command_for", "printed_text", "translate"]

COMMANDS: tuple[Command, ...] = (
    a2enmod,
    adduser,
    alternatives,
    chmod,
    chown,
    chpasswd,
    cp,
    crontab,
    curl,
    echo,
    git,
    gpg,
    groupadd,
    gunzip,
    install,
    ln,
    mkdir,
    rabbitmq_plugins,
    rm,
    sed,
    setcap,
    sha256sum,
    tar,
    touch,
    unzip,
    useradd,
    userdel,
    venv,
    wget,
)
_SYSTEM_FOLDERS = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin"})
_BY_PROGRAM = {program: command for command in COMMANDS for program in command.PROGRAMS}


def command_for(program: str | None) -> Command | None:
    """The module for a program, by its name or its path in a folder of the system (`./install` is another program)."""
    folder, _, name = (program or "").rpartition("/")
    return _BY_PROGRAM.get(name) if folder in _SYSTEM_FOLDERS else None


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """What an invocation does to files, users and groups.

    Args:
        invocation: the command after expansion.
        redirects: its redirections.
        location: where it stands in the Dockerfile.
        text: the command as written.

    Returns:
        None when no module knows the program, or this use of it cannot be translated faithfully.

    """
    command = command_for(invocation.program)
    return command.translate(invocation, redirects, location, text) if command else None
