"""`echo`, `printf`, `cat`, `tee` and `:` whose output goes to a file: files of constant text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    is_account,
    is_pattern,
    number,
    option_table,
    output_file,
    path_of,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import AddGroup, AddUser, WriteFile
from dock2nix.parse.shell.echo import echoed
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"echo", "printf", "cat", "tee", ":", "true"})
_TEE = option_table("-a --append", "-i --ignore-interrupts", "-p")
_FORMAT = regex(r"%%|%[-0 +#]*[0-9]*(?:\.[0-9]+)?[A-Za-z]|%|\\(?:[0-7]{1,3}|.|$)|[^%\\]+", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_NO_FILES = ("/dev/", "/proc/", "/sys/")
_ACCOUNT_FILES = frozenset({"/etc/passwd", "/etc/group"})
_PRIVATE_FILES = frozenset({"/etc/shadow", "/etc/gshadow"})


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A `WriteFile` when both the text and the file are known.

    A backslash in an argument of echo, or an option but `-n`, means different things to different shells: None where it is not
    known which one it is. Lines appended to /etc/passwd and /etc/group become users and groups.
    """
    program = (invocation.program or "").rpartition("/")[2]
    if program == "tee":
        return _tee(invocation, redirects, location, text)
    output = output_file(redirects)
    content = _content(program, invocation, redirects)
    if output is None or content is None:
        return None
    path = path_of(output[0], invocation.directory)
    effects = _write(path, content, location, text, append=output[1]) if path else None
    return Translation(effects=effects, reason="writes a file") if effects is not None else None


def printed_text(invocation: Invocation, redirects: tuple[Redirect, ...]) -> str | None:
    """What echo, printf or cat of a here-document sends into a pipe.

    `echo text | tee file` can be translated with it: a `Redirect` with the operator `<<` and this text as body stands for the
    pipe.

    Returns:
        None when the text is not known, or goes elsewhere.

    """
    program = (invocation.program or "").rpartition("/")[2]
    if program not in {"echo", "printf", "cat"} or not writes_nowhere(redirects):
        return None
    if any(redirect.operator.startswith((">", "&>")) and redirect.descriptor != 2 for redirect in redirects):
        return None
    return _content(program, invocation, redirects)


def _content(program: str, run: Invocation, redirects: tuple[Redirect, ...]) -> str | None:
    """What the command prints, None when that is not known."""
    words = run.arguments
    if program == "cat":
        return _input(redirects) if all(word.value == "-" for word in words) else None
    if any(is_pattern(word) for word in words):
        return None
    values = [word.value for word in words]
    known = [value for value in values if value is not None]
    if len(known) != len(values):
        return None
    if program == "echo":
        return echoed(known, run.shell)
    return _printf(known) if program == "printf" else ""


def _input(redirects: tuple[Redirect, ...]) -> str | None:
    """The text of the here-document or here-string on standard input; the last one counts."""
    inputs = [r for r in redirects if r.operator.startswith("<") and r.descriptor in {None, 0}]
    last = inputs[-1] if inputs else None
    if last is None:
        return None
    if last.operator == "<<<" and last.body is None:
        value = last.target.value if last.target else None
        return None if value is None else f"{value}\n"
    return last.body if last.operator.startswith("<<") else "" if _is_null(last) else None


def _is_null(redirect: Redirect) -> bool:
    return redirect.target is not None and redirect.target.value == "/dev/null"


def _printf(values: list[str]) -> str | None:
    """The output of POSIX printf for `%s`, `%d` and the escapes that all shells know; the format is used again and again."""
    if values[:1] == ["--"]:
        values = values[1:]
    elif values and values[0].startswith("-"):
        return None
    if not values:
        return None
    pieces, arguments = _FORMAT.findall(values[0]), values[1:]
    takers = sum(piece in {"%s", "%d", "%i"} for piece in pieces)
    rounds = max(1, -(-len(arguments) // takers)) if takers else 1
    rest = iter(arguments)
    printed = [_print_piece(piece, rest) for _ in range(rounds) for piece in pieces]
    known = [piece for piece in printed if piece is not None]
    return "".join(known) if len(known) == len(printed) else None


def _print_piece(piece: str, arguments: Iterator[str]) -> str | None:
    if piece[0] == "\\":
        return _escape(piece[1:])
    if piece == "%s":
        return next(arguments, "")
    if piece in {"%d", "%i"}:
        value = next(arguments, "0")
        return str(int(value)) if re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", value) else None
    if piece == "%%":
        return "%"
    return None if piece[0] == "%" else piece


def _escape(text: str) -> str | None:
    if text and text[0] in "01234567":
        code = int(text, 8)
        return chr(code) if 0 < code < 0x80 else None
    return _ESCAPES.get(text, '"' if text == '"' else None)


def _tee(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """`tee FILE…` with a here-document; what it prints besides goes to the build's log."""
    options = read_options(invocation.arguments, _TEE)
    content = _input(redirects)
    if options is None or content is None or not options.operands or not writes_nowhere(redirects):
        return None
    effects: list[Effect] = []
    for word in options.operands:
        path = path_of(word, invocation.directory)
        written = _write(path, content, location, text, append=options.has("-a")) if path else None
        if written is None:
            return None
        effects += written
    return Translation(effects=tuple(effects), reason="writes a file")


def _write(
    path: str, content: str, location: Location, text: str, *, append: bool
) -> tuple[Effect, ...] | None:
    if path in _ACCOUNT_FILES:
        return _accounts(path, content, location, text) if append else None
    if path in _PRIVATE_FILES or path.startswith(_NO_FILES) or "\0" in content:
        return None
    return (WriteFile(path=path, content=content, append=append, location=location, text=text),)


def _accounts(path: str, content: str, location: Location, text: str) -> tuple[Effect, ...] | None:
    """The users or groups of lines for /etc/passwd or /etc/group; None if a line is not in order."""
    effects: list[Effect] = []
    for line in content.splitlines():
        fields = line.split(":")
        effect = (_user if path == "/etc/passwd" else _group)(fields, location, text)
        if effect is None:
            return None
        effects.append(effect)
    return tuple(effects)


def _user(fields: list[str], location: Location, text: str) -> AddUser | None:
    if len(fields) != 7 or not is_account(fields[0]):
        return None
    uid, gid = number(fields[2]), number(fields[3])
    if uid is None or gid is None:
        return None
    comment, home, shell = fields[4:]
    return AddUser(
        name=fields[0],
        uid=uid,
        gid=gid,
        comment=comment,
        home=home,
        shell=shell,
        location=location,
        text=text,
    )


def _group(fields: list[str], location: Location, text: str) -> AddGroup | None:
    gid = number(fields[2]) if len(fields) == 4 else None
    if gid is None or not is_account(fields[0]):
        return None
    members = tuple(member for member in fields[3].split(",") if member)
    return AddGroup(name=fields[0], gid=gid, members=members, location=location, text=text)
