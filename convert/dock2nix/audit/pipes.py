"""Downloads that are run: piped into an interpreter, handed to one, or saved and started."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.downloads import Download
    from dock2nix.audit.model import Command, Run, Subject

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_INTERPRETER = regex(r"(?:node|nodejs|perl|php|pypy3?|python[0-9.]*|ruby|tclsh)")
# What only passes on, picks from or unpacks what it reads.
_FILTERS = frozenset(
    {
        *(
            "awk",
            "base64",
            "bunzip2",
            "bzip2",
            "cat",
            "cut",
            "envsubst",
            "grep",
            "gunzip",
            "gzip",
            "head",
            "iconv",
            "pv",
        ),
        *("sed", "tail", "tee", "tr", "unxz", "xz", "zcat", "zstd", "dos2unix"),
    }
)
_LONGEST_PIPE = 20
_MOST_COMMANDS = 200


class Execution(Struct, frozen=True, kw_only=True):
    """A download, and the command that runs it; `piped` when it never was a file."""

    download: Download
    by: Command
    piped: bool


def executions(subject: Subject) -> tuple[Execution, ...]:
    """The downloads that are run unchecked in the same instruction."""
    found = (_execution(one, one.run) for one in subject.downloads if one.run is not None)
    return tuple(one for one in found if one is not None)


def _execution(download: Download, run: Run) -> Execution | None:
    if download.command is None:
        return None
    last, reader = _end_of_pipe(download.command, run)
    if reader is not None and reads_script(reader):
        return Execution(download=download, by=reader, piped=True)
    outer = run.first.get(last.shell.substitution_of) if last.shell.substitution_of is not None else None
    if outer is not None and _takes_script(outer):
        return Execution(download=download, by=outer, piped=True)
    if download.verified or not download.files:
        return None
    started = next(_starts(download, run), None)
    return Execution(download=download, by=started, piped=False) if started else None


def _end_of_pipe(command: Command, run: Run) -> tuple[Command, Command | None]:
    """The last filter that a command's output goes through, and what reads it then."""
    last, reader, left = command, run.readers.get(command.position), _LONGEST_PIPE
    while reader is not None and reader.name in _FILTERS and left:
        last, reader, left = reader, run.readers.get(reader.position), left - 1
    return last, reader


def reads_script(command: Command) -> bool:
    """Whether a command runs what it reads from standard input."""
    words = [word.value if word.value is not None else word.text for word in command.invocation.arguments]
    options = [word for word in words if word.startswith("-") and word not in {"-", "--"}]
    operands = [word for word in words if not word.startswith("-") or word == "-"]
    if command.name in SHELLS:
        if any(re.fullmatch(r"-[a-z]*n[a-z]*", option) for option in options):
            return False
        if any(re.fullmatch(r"-[a-z]*s[a-z]*", option) for option in options):
            return True
        return "-c" not in options and (not operands or operands[0] in {"-", "/dev/stdin"})
    if _INTERPRETER.fullmatch(command.name):
        runs_other = any(re.match(r"-[A-Za-z]*[cemprnR]", option) for option in options)
        return not runs_other and (not operands or operands[0] in {"-", "/dev/stdin"})
    return False


def _takes_script(command: Command) -> bool:
    """Whether a command runs the text, or the file, that a substitution among its words gives."""
    words = [word.text.lstrip("\"'") for word in command.invocation.arguments]
    given = [word for word in words if word.startswith(("$(", "`", "<("))]
    if command.name in {"eval", "source", "."}:
        return bool(given)
    if command.name in SHELLS or _INTERPRETER.fullmatch(command.name):
        behind = words[words.index("-c") + 1 : words.index("-c") + 2] if "-c" in words else words[:1]
        return any(word.startswith(("$(", "`", "<(")) for word in behind)
    return False


def _starts(download: Download, run: Run) -> Iterator[Command]:
    """Later commands that run the file: by its path, or as the script of an interpreter."""
    start = download.command.position if download.command else 0
    first = bisect_right(run.commands, start, key=lambda one: one.position)
    for command in run.commands[first : first + _MOST_COMMANDS]:
        program = command.invocation.program or ""
        if "/" in program and program.rsplit("/", 1)[-1] in download.files:
            yield command
        if command.name in SHELLS | {"source", "."} or _INTERPRETER.fullmatch(command.name):
            words = [word.value or "" for word in command.invocation.arguments]
            if command.name in SHELLS and "-n" in words:
                continue
            script = next((word for word in words if word and not word.startswith("-")), "")
            if script.rsplit("/", 1)[-1] in download.files:
                yield command
