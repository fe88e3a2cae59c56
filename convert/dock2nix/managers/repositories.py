"""Programs that add sources of packages and their keys: add-apt-repository, apt-key, yum-config-manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line, without_password
from dock2nix.model.packages import Action, InstallStep

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import Problem
    from dock2nix.model.shell import Word

# As add-apt-repository(1) and yum-config-manager(1) say.
_VALUED = option_names(
    """
    -k --keyserver -c --component -p --pocket -P --ppa -C --cloud -U --uri -S --sourceslist --add-repo
    --setopt --releasever --keyring
    """
)
_ADDS = ("-P", "--ppa", "-C", "--cloud", "-U", "--uri", "-S", "--sourceslist", "--add-repo")
_COMPONENTS = frozenset(
    {"main", "contrib", "non-free", "non-free-firmware", "universe", "multiverse", "restricted"}
)


def read_repository_command(manager: str, program: str, words: tuple[Word, ...]) -> InstallStep:
    """Which source of packages, or which key, an invocation adds.

    Args:
        manager: whose sources they are (`apt`, `dnf`).
        program: add-apt-repository, apt-key or yum-config-manager.
        words: its arguments.
    """
    line = read_command_line(words, _VALUED, has_verb=False)
    keys = program == "apt-key"
    reason = "repositories have no meaning: packages come from nixpkgs"
    return InstallStep(
        manager=manager,
        action=Action.REPOSITORY,
        reason="keys have no meaning: Nix verifies by hash" if keys else reason,
        problems=() if keys or line.has("-r", "--remove", "-L", "--list") else _problems(program, line),
        options=line.kept,
    )


def _problems(program: str, line: CommandLine) -> tuple[Problem, ...]:
    named = line.operands if program != "yum-config-manager" else ()
    sources = [word.value if word.value is not None else word.text for word in named]
    sources += line.values(*_ADDS)
    hint = "nixpkgs takes its place: compare the versions"
    return tuple(
        ("D2N506", f"packages may come from a further repository, {without_password(source)}", hint)
        for source in sources
        if source not in _COMPONENTS
    )
