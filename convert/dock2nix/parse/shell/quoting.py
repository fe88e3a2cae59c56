"""Where quotes and expansions end in shell text. The parts that hold commands again are found by the lexer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.parse.shell.syntax import ShellSyntaxError
from dock2nix.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

DEEPEST = 30
"""How many quotes and expansions may stand inside each other: beyond that it is an attack, not a script."""
MOST_BRACKETS = 200
"""How many brackets may stand inside each other."""

_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = "@*#?$!-0123456789"
_IN_DOUBLE = regex(r'[^"\\$`]*')
_IN_BACKTICK = regex(r"[^`\\]*")
_IN_ANSI = regex(r"[^'\\]*")
_IN_PARAMETER = regex(r"[^}'\"\\$`]*")
_IN_ARITHMETIC = regex(r"[^()'\"\\$`]*")


class Quoting:
    """The end of each construct that starts at an offset. `commands` finds the end of `$( … )` from behind its bracket.

    Ends of brackets are remembered: without that, `$((` that is no arithmetic doubles the work at each level.
    """

    __slots__ = ("_brackets", "_commands", "text")

    def __init__(self, text: str, commands: Callable[[Quoting, int, int], int]) -> None:
        self.text = text
        self._commands = commands
        self._brackets: dict[int, int] = {}

    def end(self, at: int, level: int, *, in_double: bool = False) -> int:
        """Behind the quote, escape or expansion that starts at `at`; behind the character when it is none."""
        if level > DEEPEST:
            raise ShellSyntaxError("nested too deeply", at)
        match self.text[at]:
            case "\\":
                return min(at + 2, len(self.text))
            case "'" if not in_double:
                return self._closing("'", at + 1, "'")
            case '"':
                return self._double(at, level)
            case "`":
                return self._until(_IN_BACKTICK, "`", at, level)
            case "$":
                return self._dollar(at, level, in_double=in_double)
        return at + 1

    def substitution(self, at: int, level: int) -> int:
        """Behind the `)` of a `$(` or `<(` whose bracket is at `at - 1`."""
        if level > DEEPEST:
            raise ShellSyntaxError("nested too deeply", at)
        return self._commands(self, at, level + 1)

    def arithmetic(self, at: int, level: int) -> int | None:
        """Behind the `))` of the `((` at `at`; None when the two brackets are not closed by two: then it is `( (`."""
        begun, depth, at = at, 2, at + 2
        while at < len(self.text):
            at = self._plain(_IN_ARITHMETIC, at)
            character = self.text[at : at + 1]
            if character == ")" and depth == 2:
                return at + 2 if self.text.startswith("))", at) else None
            if depth > MOST_BRACKETS:
                raise ShellSyntaxError("nested too deeply", at)
            depth += (character == "(") - (character == ")")
            if character:
                at = at + 1 if character in "()" else self.end(at, level + 1)
        raise ShellSyntaxError("(( without ))", begun)

    def _closing(self, closing: str, at: int, opening: str) -> int:
        found = self.text.find(closing, at)
        if found < 0:
            raise ShellSyntaxError(f"{opening} without end", at - len(opening))
        return found + len(closing)

    def _plain(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self.text, at)
        return found.end() if found else at

    def _until(
        self, plain: re.Pattern[str], closing: str, begun: int, level: int, *, opening: int = 1
    ) -> int:
        """Behind the next `closing` that is neither escaped nor, where `plain` stops at them, inside something."""
        at = self._plain(plain, begun + opening)
        while at < len(self.text):
            if self.text[at] == closing:
                return at + 1
            at = self._plain(plain, self.end(at, level + 1, in_double=closing == '"'))
        raise ShellSyntaxError(f"{self.text[begun : begun + opening]} without end", begun)

    def _double(self, at: int, level: int) -> int:
        return self._until(_IN_DOUBLE, '"', at, level)

    def _parameter(self, begun: int, level: int, *, in_double: bool) -> int:
        at = self._plain(_IN_PARAMETER, begun + 2)
        while at < len(self.text):
            if self.text[at] == "}":
                return at + 1
            at = self._plain(_IN_PARAMETER, self.end(at, level + 1, in_double=in_double))
        raise ShellSyntaxError("${ without }", begun)

    def _dollar(self, at: int, level: int, *, in_double: bool) -> int:
        following = self.text[at + 1 : at + 2]
        if following == "(":
            return self._bracket(at, level)
        if following == "{":
            return self._parameter(at, level, in_double=in_double)
        if following == "'" and not in_double:
            return self._until(_IN_ANSI, "'", at, level, opening=2)
        if following == '"' and not in_double:
            return self._double(at + 1, level)
        if name := _NAME.match(self.text, at + 1):
            return name.end()
        return at + 2 if following and following in _SPECIAL else at + 1

    def _bracket(self, at: int, level: int) -> int:
        if at not in self._brackets:
            arithmetic = self.arithmetic(at + 1, level) if self.text.startswith("((", at + 1) else None
            self._brackets[at] = arithmetic or self.substitution(at + 2, level)
        return self._brackets[at]
