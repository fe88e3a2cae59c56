"""`test`, `[ … ]` and `[[ … ]]` decided where they can be: True, False, or None for what cannot be known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.parse.shell.lexer import words_in
from dock2nix.parse.shell.patterns import compile_pattern
from dock2nix.parse.shell.state import Scalar, Unknown
from dock2nix.parse.shell.syntax import Script, ShellSyntaxError, Span
from dock2nix.parse.shell.words import read_word
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dock2nix.parse.shell.expand import Expander

_NUMBER = regex(r"\s*[-+]?[0-9]{1,18}\s*")
_NUMERIC: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
_TEXTUAL: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
_BINARY = frozenset({*_NUMERIC, *_TEXTUAL, "-ef", "-nt", "-ot", "=~"})
_UNARY = frozenset(f"-{letter}" for letter in "abcdefghknoprstuvwxzGLNOSR")
_LITERAL_EXPRESSION = regex(r"(\^)?([A-Za-z0-9_/@:, -]*)(\$)?")
_DEEPEST = 50


Verdict = bool | None
"""True, False, or None for what cannot be known."""


def either(one: Verdict, other: Verdict) -> Verdict:
    """`||` where None is not known."""
    if one or other:
        return True
    return None if one is None or other is None else False


def both(one: Verdict, other: Verdict) -> Verdict:
    """`&&` where None is not known."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def inverted(value: Verdict) -> Verdict:
    """`!` where None is not known."""
    return None if value is None else not value


class _UndecidedError(Exception):
    """Not an expression that is understood."""


def decide_test(words: Sequence[str | None]) -> Verdict:
    """What `test` says of its arguments (without the closing `]`), as POSIX has it; None stands for an unknown word."""
    test = _Test(words)
    try:
        value = test.disjunction() if words else False
    except _UndecidedError:
        return None
    return value if test.at == len(words) else None


class _Test:
    def __init__(self, words: Sequence[str | None]) -> None:
        self.words = words
        self.at = 0
        self.depth = 0

    def _peek(self, ahead: int = 0) -> str | None:
        at = self.at + ahead
        return self.words[at] if at < len(self.words) else ""

    def _left(self) -> int:
        return len(self.words) - self.at

    def disjunction(self) -> Verdict:
        value = self._conjunction()
        while self._left() > 1 and self._peek() == "-o":
            self.at += 1
            value = either(value, self._conjunction())
        return value

    def _conjunction(self) -> Verdict:
        value = self._negation()
        while self._left() > 1 and self._peek() == "-a":
            self.at += 1
            value = both(value, self._negation())
        return value

    def _negation(self) -> Verdict:
        turned = False
        while (
            self._peek() == "!" and self._left() > 1 and not (self._left() > 2 and self._peek(1) in _BINARY)
        ):
            self.at += 1
            turned = not turned
        value = self._primary()
        return inverted(value) if turned else value

    def _primary(self) -> Verdict:
        self.depth += 1
        if self.depth > _DEEPEST or not self._left():
            raise _UndecidedError
        first = self._peek()
        if self._left() > 2 and self._peek(1) in _BINARY:
            operator, second = self._peek(1) or "", self._peek(2)
            self.at += 3
            return compared(first, operator, second)
        if first == "(" and self._left() > 2:
            self.at += 1
            value = self.disjunction()
            if self._peek() != ")":
                raise _UndecidedError
            self.at += 1
            return value
        if first in _UNARY and self._left() > 1:
            operand = self._peek(1)
            self.at += 2
            return _unary(first or "", operand)
        self.at += 1
        return None if first is None else first != ""


def compared(left: str | None, operator: str, right: str | None) -> Verdict:
    """Two known words compared as text or as numbers."""
    if left is None or right is None:
        return None
    if operator in _TEXTUAL:
        return _TEXTUAL[operator](left, right)
    if operator in _NUMERIC and _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
        return _NUMERIC[operator](int(left), int(right))
    return None


def _unary(operator: str, operand: str | None) -> Verdict:
    if operator in {"-n", "-z"} and operand is not None:
        return (operand != "") == (operator == "-n")
    return None


# --- [[ … ]] -----------------------------------------------------------------------------------------------------------------


def bracket_tokens(script: Script, span: Span) -> list[Span]:
    """The words and operators between `[[` and `]]`; nothing when a quote stays open between them."""
    tokens: list[Span] = []
    try:
        words = words_in(script.text, Span(span.start + 2, span.end - 2), comments=False)
    except ShellSyntaxError:
        return []
    for word in words:
        doubled = (
            tokens
            and tokens[-1].end == word.start
            and script.text[tokens[-1].start : word.end] in {"&&", "||"}
        )
        if doubled:
            tokens[-1] = Span(tokens[-1].start, word.end)
        else:
            tokens.append(word)
    return tokens


def decide_brackets(tokens: Sequence[Span], expander: Expander) -> Verdict:
    """What `[[ … ]]` says; every word is expanded once, in order."""
    if not tokens:
        return None
    test = _Brackets(tokens, expander)
    try:
        value = test.disjunction()
    except (_UndecidedError, ShellSyntaxError):
        return None
    return value if test.at == len(tokens) else None


class _Brackets:
    def __init__(self, tokens: Sequence[Span], expander: Expander) -> None:
        self.tokens = tokens
        self.expander = expander
        self.text = expander.script.text
        self.at = 0
        self.depth = 0

    def _peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.text[slice(*self.tokens[at])] if at < len(self.tokens) else ""

    def disjunction(self) -> Verdict:
        value = self._conjunction()
        while self._peek() == "||":
            self.at += 1
            value = either(value, self._conjunction())
        return value

    def _conjunction(self) -> Verdict:
        value = self._primary()
        while self._peek() == "&&":
            self.at += 1
            value = both(value, self._primary())
        return value

    def _primary(self) -> Verdict:
        self.depth += 1
        if self.depth > _DEEPEST or self.at >= len(self.tokens):
            raise _UndecidedError
        if self._peek() == "!":
            self.at += 1
            return inverted(self._primary())
        if self._peek() == "(":
            self.at += 1
            value = self.disjunction()
            if self._peek() != ")":
                raise _UndecidedError
            self.at += 1
            return value
        if self._peek(1) in _BINARY:
            return self._binary()
        if self._peek() in _UNARY and self.at + 1 < len(self.tokens):
            self.at += 2
            return self._unary(self._peek(-2), self.tokens[self.at - 1])
        self.at += 1
        return self._unary("-n", self.tokens[self.at - 1])

    def _unary(self, operator: str, operand: Span) -> Verdict:
        if operator == "-v":
            value = self.expander.state.lookup(self.text[slice(*operand)])
            return None if isinstance(value, Unknown) else value is not None
        return _unary(operator, _known(self.expander.value(operand)))

    def _binary(self) -> Verdict:
        operator = self._peek(1)
        left_span = self.tokens[self.at]
        start = self.at + 2
        self.at += 3
        if operator == "=~":
            while self.at < len(self.tokens) and self._peek() not in {"&&", "||", ")"}:
                self.at += 1
        left = _known(self.expander.value(left_span))
        if start >= len(self.tokens):
            raise _UndecidedError
        right = Span(self.tokens[start].start, self.tokens[min(self.at, len(self.tokens)) - 1].end)
        if operator == "=~":
            return self._expression(left, right)
        if operator in {"=", "==", "!="}:
            return self._pattern(left, operator, right)
        return compared(left, operator, _known(self.expander.value(right)))

    def _pattern(self, left: str | None, operator: str, right: Span) -> Verdict:
        pieces = self.expander.pattern(read_word(self.text, right, self.expander.script.dialect))
        if left is None or isinstance(pieces, Unknown) or _is_extended(pieces):
            return None
        return compile_pattern(pieces).matches(left) == (operator != "!=")

    def _expression(self, left: str | None, right: Span) -> Verdict:
        found = _LITERAL_EXPRESSION.fullmatch(self.text, *right)
        if left is None or not found:
            return None
        start, literal, end = found.groups()
        if start:
            return left == literal if end else left.startswith(literal)
        return left.endswith(literal) if end else literal in left


def _is_extended(pieces: list[tuple[str, bool]]) -> bool:
    return any(re.search(r"[@?*+!]\(", text) for text, quoted in pieces if not quoted)


def _known(value: Scalar) -> str | None:
    return value if isinstance(value, str) else None
