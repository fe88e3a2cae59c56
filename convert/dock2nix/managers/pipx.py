"""pipx: Python applications, each in an environment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.arguments import option_names, read_command_line, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.python_sets import application, curated_distribution, in_python_set, not_for_here
from dock2nix.managers.python_words import read_install, read_uninstall
from dock2nix.managers.resolution import Question, first_answer
from dock2nix.model.packages import Action, InstallStep
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Setting
    from dock2nix.model.packages import Requirement, Resolution
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "pipx"
PROGRAMS = frozenset({"pipx"})

_AT_VERSION = regex(r"([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)@(latest|[0-9][A-Za-z0-9.+!]*)")
_VALUED = option_names(
    """
    --spec --suffix --python -i --index-url --pip-args --preinstall --backend --with
    --fetch-missing-python-path -r --requirement --skip --output
    """
)
_VERBS = verb_table(
    ("install | inject", Action.INSTALL, ""),
    ("uninstall | uninject", Action.REMOVE, ""),
    (
        "upgrade | upgrade-all | upgrade-shared | reinstall | reinstall-all",
        Action.NOTHING,
        "the versions are those of the pinned nixpkgs",
    ),
    ("ensurepath", Action.NOTHING, "the programs are in PATH without it"),
    (" | list | environment | help | completions", Action.NOTHING, "only asks; it changes nothing"),
    ("run", Action.OTHER, "downloads an application and runs it"),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of pipx asks for."""
    _, words = called_as(invocation)
    line = read_command_line(words, _VALUED)
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"pipx {line.verb} has no translation"))
    if action is Action.REMOVE:
        return read_uninstall(NAME, line)
    if action is not Action.INSTALL:
        return InstallStep(manager=NAME, action=action, reason=reason, options=line.kept)
    return read_applications(_without_host(line), "--spec", invocation, location, files)


def _without_host(line: CommandLine) -> CommandLine:
    """`pipx inject APPLICATION PACKAGES`: the application is there already."""
    return replace(line, operands=line.operands[1:]) if line.verb == "inject" else line


def read_applications(
    line: CommandLine, spec: str, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    """Applications asked for by name.

    Args:
        line: of pipx or `uv tool`.
        spec: the option whose value takes the place of the operand (`--spec`, `--from`).
        invocation: for directory and environment.
        location: of the command.
        files: of the image.
    """
    line = replace(line, operands=tuple(_with_specifier(word) for word in line.operands))
    given = tuple(replace(option.word, value=option.value) for option in line.options if option.name == spec)
    step = read_install(NAME, replace(line, operands=given or line.operands), invocation, location, files)
    return replace(step, everywhere=True)


def _with_specifier(word: Word) -> Word:
    """`ruff@0.5.0` and `ruff@latest`, as uv writes them, in the terms of PEP 508."""
    found = _AT_VERSION.fullmatch(word.value or "")
    if found is None:
        return word
    return replace(word, value=found[1] if found[2] == "latest" else f"{found[1]}=={found[2]}")


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for a Python application: a top-level attribute rather than one of the interpreter's set."""
    question = Question(
        requirement=requirement, name=requirement.name, table="pip", catalogue=catalogue, setting=setting
    )
    return not_for_here(question) or first_answer(question, curated_distribution, application, in_python_set)
