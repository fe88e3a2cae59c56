"""Commands that change files, users and groups: a module for each, which says what an invocation does."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.commands.base import Command, Translation
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

__all__ = ["COMMANDS", "command_for", "command_named", "translate"]

# The modules, each with its PROGRAMS: a conversion imports those it meets.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "a2enmod": ("a2disconf", "a2dismod", "a2dissite", "a2enconf", "a2enmod", "a2ensite"),
    "adduser": ("addgroup", "adduser"),
    "alternatives": ("alternatives", "update-alternatives"),
    "chmod": ("chmod",),
    "chown": ("chgrp", "chown"),
    "chpasswd": ("chpasswd", "passwd"),
    "cp": ("cp", "mv"),
    "crontab": ("crontab",),
    "curl": ("curl",),
    "echo": (":", "cat", "echo", "printf", "tee", "true"),
    "git": ("git",),
    "gpg": ("dirmngr", "gpg", "gpg-agent", "gpg1", "gpg2", "gpgv"),
    "groupadd": ("gpasswd", "groupadd"),
    "gunzip": (
        *("bunzip2", "bzcat", "bzip2", "gunzip", "gzip", "unlzma", "unxz", "unzstd"),
        *("xz", "xzcat", "zcat", "zstd", "zstdcat"),
    ),
    "install": ("install",),
    "ln": ("ln",),
    "mkdir": ("mkdir",),
    "rabbitmq_plugins": ("rabbitmq-plugins",),
    "rm": ("rm", "rmdir", "unlink"),
    "sed": ("sed",),
    "setcap": ("setcap",),
    "sha256sum": ("md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum"),
    "source": (".", "source"),
    "tar": ("gtar", "tar"),
    "touch": ("touch", "truncate"),
    "unzip": ("unzip",),
    "useradd": ("useradd", "usermod"),
    "userdel": ("delgroup", "deluser", "groupdel", "userdel"),
    "venv": ("python", "python3", *(f"python3.{minor}" for minor in range(6, 20)), "virtualenv"),
    "wget": ("wget",),
}
_SYSTEM_FOLDERS = frozenset({"", "/bin", "/sbin", "/usr/bin", "/usr/sbin"})
_BY_PROGRAM = {program: name for name, programs in COMMANDS.items() for program in programs}


def command_named(name: str) -> Command:
    """The module of that name, one of `COMMANDS`."""
    return cast("Command", import_module(f"{__name__}.{name}"))


def command_for(program: str | None) -> Command | None:
    """The module for a program, by its name or its path in a folder of the system (`./install` is another program)."""
    folder, _, base = (program or "").rpartition("/")
    name = _BY_PROGRAM.get(base) if folder in _SYSTEM_FOLDERS else None
    return command_named(name) if name else None


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
