"""The integers of `$(( … ))`, as POSIX has them: 64 bits, no assignment."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable


class UnknownExpressionError(Exception):
    """Not an expression that this module evaluates."""


def _quotient(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _power(base: int, exponent: int) -> int:
    if not 0 <= exponent <= 64:
        raise UnknownExpressionError
    return int(base**exponent)


_TOKEN = regex(
    r"\s*(?:(0[xX][0-9A-Fa-f]+|[0-9]+)|([A-Za-z_][A-Za-z0-9_]*)|(\*\*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>&|^~!?:()]))"
)
_BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    "||": (1, lambda a, b: int(bool(a or b))),
    "&&": (2, lambda a, b: int(bool(a and b))),
    "|": (3, operator.or_),
    "^": (4, operator.xor),
    "&": (5, operator.and_),
    "==": (6, lambda a, b: int(a == b)),
    "!=": (6, lambda a, b: int(a != b)),
    "<": (7, lambda a, b: int(a < b)),
    "<=": (7, lambda a, b: int(a <= b)),
    ">": (7, lambda a, b: int(a > b)),
    ">=": (7, lambda a, b: int(a >= b)),
    "<<": (8, lambda a, b: a << (b & 63)),
    ">>": (8, lambda a, b: a >> (b & 63)),
    "+": (9, operator.add),
    "-": (9, operator.sub),
    "*": (10, operator.mul),
    "/": (10, _quotient),
    "%": (10, lambda a, b: a - b * _quotient(a, b)),
    "**": (11, _power),
}
_ASSIGNED = regex(
    r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*(?:\+\+|--|(?:[-+*/%&|^]|<<|>>)?=(?!=))|(?:\+\+|--)[ \t]*([A-Za-z_][A-Za-z0-9_]*)"
)
_LONGEST = 400


def evaluate(expression: str, variable: Callable[[str], str | None]) -> int | None:
    """The value of an expression in which `$x` is already replaced; None when it cannot be known.

    `variable` gives the text of a bare name, None when it is not known.
    """
    if len(expression) > _LONGEST:
        return None
    try:
        return _Evaluation(_tokens(expression), variable).whole()
    except (UnknownExpressionError, ZeroDivisionError):
        return None


def assigned_names(expression: str) -> list[str]:
    """The variables that an expression changes."""
    return [found[1] or found[2] for found in _ASSIGNED.finditer(expression)]


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise UnknownExpressionError
        tokens.append(found[0].strip())
        at = found.end()
    return tokens


class _Evaluation:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[str], variable: Callable[[str], str | None]) -> None:
        self.tokens = tokens
        self.variable = variable
        self.at = 0
        self.depth = 0

    def whole(self) -> int:
        if not self.tokens:
            return 0
        value = self._choice()
        if self.at != len(self.tokens):
            raise UnknownExpressionError
        return value

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _take(self, token: str) -> bool:
        found = self._next() == token
        self.at += found
        return found

    def _need(self, token: str) -> None:
        if not self._take(token):
            raise UnknownExpressionError

    def _choice(self) -> int:
        self.depth += 1
        if self.depth > 20:
            raise UnknownExpressionError
        condition = self._binary(1)
        if self._take("?"):
            chosen = self._choice()
            self._need(":")
            other = self._choice()
            condition = chosen if condition else other
        self.depth -= 1
        return condition

    def _binary(self, weakest: int) -> int:
        left = self._unary()
        while self._next() in _BINARY and _BINARY[self._next()][0] >= weakest:
            strength, apply = _BINARY[self._next()]
            raises_to_power = self._next() == "**"
            self.at += 1
            right = self._binary(strength if raises_to_power else strength + 1)
            left = _wrapped(apply(left, right))
        return left

    def _unary(self) -> int:
        signs = []
        while self._next() in {"-", "+", "!", "~"}:
            signs.append(self._next())
            self.at += 1
        value = self._primary()
        for sign in reversed(signs):
            value = {"-": -value, "+": value, "!": int(not value), "~": ~value}[sign]
        return value

    def _primary(self) -> int:
        if self._take("("):
            value = self._choice()
            self._need(")")
            return value
        token = self._next()
        self.at += 1
        if token[:1].isdigit():
            return _number(token)
        if token[:1].isalpha() or token[:1] == "_":
            return _number((self.variable(token) or "") if self.variable(token) is not None else "?")
        raise UnknownExpressionError


def _number(text: str) -> int:
    digits = text.strip().removeprefix("-")
    if not digits and not text.strip():
        return 0
    if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,16}", digits):
        value = int(digits, 16)
    elif re.fullmatch(r"0[0-7]{1,20}", digits):
        value = int(digits, 8)
    elif re.fullmatch(r"[0-9]{1,18}", digits):
        value = int(digits)
    else:
        raise UnknownExpressionError
    return -value if text.strip().startswith("-") else value


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63
