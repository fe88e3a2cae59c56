"""What `${name…}` does to a value: patterns taken off, replaced, cut out, changed in case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.parse.shell.arithmetic import evaluate
from dock2nix.parse.shell.patterns import Pattern, compile_pattern
from dock2nix.parse.shell.state import Scalar, Unknown
from dock2nix.parse.shell.syntax import collapsed

if TYPE_CHECKING:
    from dock2nix.parse.shell.expand import Expander
    from dock2nix.parse.shell.words import Parameter

_LONGEST = 4000
"""Matching a pattern once takes time by the length of the text, at each of its places by the square of it."""
_LONGEST_REPLACED = 400
_LONGEST_PATTERN = 500
_CASES = {"^^": str.upper, ",,": str.lower}


def modified(value: Scalar, part: Parameter, expander: Expander) -> Scalar:
    """The value after the operator of `part`, any but those for defaults, length and indirection."""
    if isinstance(value, Unknown):
        return value
    operator = part.operator
    if operator in {"#", "##", "%", "%%", "/", "//", "/#", "/%"}:
        return _matched(value, part, expander)
    if operator == ":":
        return _substring(value, part, expander)
    if operator in _CASES and not part.operand:
        return _CASES[operator](value)
    if operator in {"^", ","} and not part.operand:
        changed = value[:1].upper() if operator == "^" else value[:1].lower()
        return changed + value[1:]
    return Unknown(f"{collapsed(part.text, 60)} is not evaluated")


def _matched(value: str, part: Parameter, expander: Expander) -> Scalar:
    pieces = expander.pattern(part.operand)
    if isinstance(pieces, Unknown):
        return pieces
    if sum(len(text) for text, _ in pieces) > _LONGEST_PATTERN:
        return Unknown(f"{collapsed(part.text, 60)} is too long to follow")
    pattern = compile_pattern(pieces)
    longest = _LONGEST_REPLACED if part.operator in {"/", "//"} else _LONGEST
    if len(value) > longest and pattern.literal is None:
        return Unknown(f"{collapsed(part.text, 60)} is too long to follow")
    if not part.operator.startswith("/"):
        return _taken_off(value, pattern, part.operator)
    replacement = expander.string(part.second or ())
    return (
        replacement
        if isinstance(replacement, Unknown)
        else _replaced(value, pattern, replacement, part.operator)
    )


def _taken_off(value: str, pattern: Pattern, operator: str) -> str:
    longest = len(operator) == 2
    if operator.startswith("#"):
        end = pattern.prefix(value, 0, longest=longest)
        return value if end is None else value[end:]
    start = pattern.suffix(value, longest=longest)
    return value if start is None else value[:start]


def _replaced(value: str, pattern: Pattern, replacement: str, operator: str) -> str:
    if operator == "/#":
        end = pattern.prefix(value, 0, longest=True)
        return value if end is None else replacement + value[end:]
    if operator == "/%":
        start = pattern.suffix(value, longest=True)
        return value if start is None else value[:start] + replacement
    if pattern.literal == "":
        return value
    if pattern.literal is not None:
        return value.replace(pattern.literal, replacement, -1 if operator == "//" else 1)
    return _replaced_in_places(value, pattern, replacement, everywhere=operator == "//")


def _replaced_in_places(value: str, pattern: Pattern, replacement: str, *, everywhere: bool) -> str:
    result, at = [], 0
    while at < len(value):
        end = pattern.prefix(value, at, longest=True)
        if end is None or end == at:
            result.append(value[at])
            at += 1
            continue
        result.append(replacement)
        at = end
        if not everywhere:
            break
    return "".join(result) + value[at:]


def _substring(value: str, part: Parameter, expander: Expander) -> Scalar:
    numbers = []
    for operand in (part.operand, part.second):
        written = expander.string(operand) if operand is not None else ""
        number = evaluate(written, lambda _: None) if isinstance(written, str) else None
        if number is None:
            return Unknown(f"{collapsed(part.text, 60)} is not known")
        numbers.append(number)
    offset, length = numbers
    start = max(len(value) + offset, 0) if offset < 0 else offset
    if part.second is None:
        return value[start:]
    return value[start : len(value) + length] if length < 0 else value[start : start + length]
