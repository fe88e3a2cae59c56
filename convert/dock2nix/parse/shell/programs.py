"""Programs whose output follows from their arguments and input alone: what they would print."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dock2nix.parse.shell.echo import echoed
from dock2nix.parse.shell.filters import FILTERS
from dock2nix.parse.shell.state import Scalar, Unknown
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# platform: (Debian's name, uname -m, Alpine's name, Debian's multiarch name, GNU's triplet); "" for what depends on more. GNU's
# name of the processor is what the triplet begins with.
_MACHINES: Mapping[str, tuple[str, str, str, str, str]] = {
    "linux/amd64": ("amd64", "x86_64", "x86_64", "x86_64-linux-gnu", "x86_64-linux-gnu"),
    "linux/arm64": ("arm64", "aarch64", "aarch64", "aarch64-linux-gnu", "aarch64-linux-gnu"),
    "linux/arm64/v8": ("arm64", "aarch64", "aarch64", "aarch64-linux-gnu", "aarch64-linux-gnu"),
    "linux/arm/v7": ("armhf", "armv7l", "armv7", "arm-linux-gnueabihf", "arm-linux-gnueabihf"),
    "linux/386": ("i386", "", "x86", "i386-linux-gnu", "i686-linux-gnu"),
    "linux/ppc64le": ("ppc64el", "ppc64le", "ppc64le", "powerpc64le-linux-gnu", "powerpc64le-linux-gnu"),
    "linux/s390x": ("s390x", "s390x", "s390x", "s390x-linux-gnu", "s390x-linux-gnu"),
    "linux/riscv64": ("riscv64", "riscv64", "riscv64", "riscv64-linux-gnu", "riscv64-linux-gnu"),
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "a": "\a", "e": "\x1b"}
_ESCAPE = regex(r"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_CONVERSION = regex(r"%(.)", re.DOTALL)
_GNU_CPU = regex(r"(?:^|=|^-q)DEB_(?:BUILD|HOST|TARGET)_GNU_CPU$")
_WIDEST = 100_000


class NotEvaluatedError(Exception):
    """The program is known, this use of it is not."""


def output_of(
    words: Sequence[str], standard_input: Scalar | None, *, platform: str, directory: str | None, dialect: str
) -> Scalar:
    """What a command prints on standard output. Nothing is run: a table of pure programs knows it, or it is unknown.

    `words` are the program and its arguments; `standard_input` is None when none is given.
    """
    program, *arguments = words
    name = program.rpartition("/")[2]
    try:
        if name in {"echo", "printf"}:
            printed = _echo(arguments, dialect) if name == "echo" else _printf(arguments)
        elif name in _MACHINE:
            printed = _of_machine(name, arguments, platform)
        elif name == "cat" and arguments == ["/etc/apk/arch"]:
            printed = _of_machine("apk", ["--print-arch"], platform)
        elif name in FILTERS:
            return _filtered(name, arguments, standard_input)
        else:
            printed = _PURE[name](arguments, directory)
    except (KeyError, NotEvaluatedError, ValueError, IndexError):
        return Unknown(f"the output of {name} is not known")
    return printed if len(printed) < _WIDEST else Unknown(f"the output of {name} is too long")


def _filtered(name: str, arguments: Sequence[str], standard_input: Scalar | None) -> Scalar:
    if isinstance(standard_input, Unknown):
        return standard_input
    result = FILTERS[name](arguments, standard_input) if standard_input is not None else None
    return Unknown(f"the output of {name} is not known") if result is None else result


def _echo(arguments: Sequence[str], dialect: str) -> str:
    printed = echoed(arguments, dialect)
    if printed is None:
        raise NotEvaluatedError
    return printed


def _unescaped(text: str) -> str:
    def character(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 8) % 256)
        if found[2] not in _ESCAPES:
            raise NotEvaluatedError
        return _ESCAPES[found[2]]

    return _ESCAPE.sub(character, text)


def _printf(arguments: Sequence[str]) -> str:
    words = [*arguments]
    if words[:1] == ["--"]:
        words.pop(0)
    if words[:1] == ["-v"]:
        return ""
    if not words or words[0].startswith("-"):
        raise NotEvaluatedError
    shape = words.pop(0)
    printed = _printf_once(shape, words)
    while words and "%" in shape.replace("%%", ""):
        printed += _printf_once(shape, words)
        if len(printed) > _WIDEST:
            raise NotEvaluatedError
    return printed


def _printf_once(shape: str, words: list[str]) -> str:
    """The format once, taking what it needs from `words`."""

    def converted(found: re.Match[str]) -> str:
        letter = found[1]
        if letter == "%":
            return "%"
        word = words.pop(0) if words else ""
        if letter == "b":
            return _unescaped(word)
        if letter in "di" and re.fullmatch(r"-?[0-9]{1,18}|", word):
            return str(int(word or "0"))
        if letter != "s":
            raise NotEvaluatedError
        return word

    pieces = re.split(r"(%.)", shape, flags=re.DOTALL)
    return "".join(
        _CONVERSION.sub(converted, piece) if piece.startswith("%") else _unescaped(piece) for piece in pieces
    )


# --- the machine -------------------------------------------------------------------------------------------------------------


def _of_machine(name: str, arguments: Sequence[str], platform: str) -> str:
    machine = _MACHINES.get(platform)
    if name == "dpkg-architecture" and machine and _GNU_CPU.search(arguments[-1]):
        return machine[4].partition("-")[0] + "\n"
    column = _MACHINE[name](tuple(arguments))
    if column is None or machine is None:
        raise NotEvaluatedError
    answer = column if isinstance(column, str) else machine[column]
    if not answer:
        raise NotEvaluatedError
    return answer + "\n"


_UNAME: dict[tuple[str, ...], int | str] = {
    ("-m",): 1,
    ("--machine",): 1,
    ("-s",): "Linux",
    (): "Linux",
    ("-o",): "GNU/Linux",
}


def _uname(arguments: tuple[str, ...]) -> int | str | None:
    return _UNAME.get(arguments)


def _dpkg_architecture(arguments: tuple[str, ...]) -> int | None:
    asked = "".join(arguments).removeprefix("--query").removeprefix("-q").lstrip("=")
    what = re.fullmatch(r"DEB_(?:BUILD|HOST|TARGET)_(ARCH|MULTIARCH|GNU_TYPE)", asked)
    return {"ARCH": 0, "MULTIARCH": 3, "GNU_TYPE": 4}[what[1]] if what else None


def _rpm(arguments: tuple[str, ...]) -> int | None:
    asked = arguments[1] if len(arguments) == 2 and arguments[0] in {"-E", "--eval"} else ""
    return 1 if asked in {"%_arch", "%{_arch}", "%{_target_cpu}", "%_target_cpu"} else None


_MACHINE: dict[str, Callable[[tuple[str, ...]], int | str | None]] = {
    "uname": _uname,
    "arch": lambda arguments: None if arguments else 1,
    "dpkg": lambda arguments: 0 if arguments == ("--print-architecture",) else None,
    "apk": lambda arguments: 2 if arguments == ("--print-arch",) else None,
    "dpkg-architecture": _dpkg_architecture,
    "rpm": _rpm,
}


# --- names and numbers -------------------------------------------------------------------------------------------------------


def _basename(arguments: Sequence[str], _directory: str | None) -> str:
    path, *suffix = arguments
    if path.startswith("-") or len(suffix) > 1:
        raise NotEvaluatedError
    name = posixpath.basename(path.rstrip("/")) or path[:1]
    return (name.removesuffix(suffix[0]) if suffix and name != suffix[0] else name) + "\n"


def _dirname(arguments: Sequence[str], _directory: str | None) -> str:
    (path,) = arguments
    if path.startswith("-"):
        raise NotEvaluatedError
    return (posixpath.dirname(path.rstrip("/")) or ("/" if path.startswith("/") else ".")) + "\n"


def _pwd(_arguments: Sequence[str], directory: str | None) -> str:
    if directory is None:
        raise NotEvaluatedError
    return directory + "\n"


def _seq(arguments: Sequence[str], _directory: str | None) -> str:
    numbers = [int(word) for word in arguments if re.fullmatch(r"-?[0-9]{1,9}", word)]
    if len(numbers) != len(arguments) or not 1 <= len(numbers) <= 3:
        raise NotEvaluatedError
    first, last = (1 if len(numbers) == 1 else numbers[0]), numbers[-1]
    step = numbers[1] if len(numbers) == 3 else 1
    if not step or abs(last - first) // abs(step) > 1000:
        raise NotEvaluatedError
    return "".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step))


_PURE: dict[str, Callable[[Sequence[str], str | None], str]] = {
    "basename": _basename,
    "dirname": _dirname,
    "pwd": _pwd,
    "seq": _seq,
    "true": lambda _arguments, _directory: "",
    "false": lambda _arguments, _directory: "",
    ":": lambda _arguments, _directory: "",
}
