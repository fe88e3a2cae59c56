"""One shell word, read into its parts: literal text, quotes taken off, and expansions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.parse.shell.lexer import quoting
from dock2nix.parse.shell.syntax import ShellSyntaxError, Span, collapsed
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.parse.shell.quoting import Quoting


class Literal(Struct, frozen=True, kw_only=True):
    """Text that stands for itself; `quoted` text is neither split nor a pattern.

    `start` is its place in the script, as in all parts; -1 when it has none.
    """

    text: str
    quoted: bool
    start: int = -1


class Parameter(Struct, frozen=True, kw_only=True):
    """`$name` or `${name…}`.

    `operator` is "" for the plain value, `length` for `${#name}`, `!` and more for `${!name}`, else what follows the name, `:`
    for a substring. `subscript` is what stands in `[ … ]`. `operand` and `second` are what stands behind the operator (the
    pattern and the replacement of `/`, offset and length of `:`).
    """

    text: str
    name: str
    quoted: bool
    operator: str = ""
    subscript: str = ""
    operand: tuple[Part, ...] = ()
    second: tuple[Part, ...] | None = None
    start: int = -1


class Substitution(Struct, frozen=True, kw_only=True):
    """`$( … )`, a backquoted command, `<( … )` or `>( … )`, which starts at `start` of the script.

    `body` are the commands; `inside` is where they stand, None when quoting changes them.
    """

    text: str
    start: int
    body: str
    inside: Span | None
    quoted: bool
    process: bool = False


class Arithmetic(Struct, frozen=True, kw_only=True):
    """`$(( … ))`; `inside` is where the expression stands."""

    text: str
    inside: Span
    quoted: bool
    start: int = -1


class Obscure(Struct, frozen=True, kw_only=True):
    """Something in a word that is not understood."""

    text: str
    reason: str
    quoted: bool
    start: int = -1


Part = Literal | Parameter | Substitution | Arithmetic | Obscure

_PLAIN = regex(r"[^\\'\"`$<>]+")
_PLAIN_IN_DOUBLE = regex(r'[^\\"`$]+')
_PLAIN_IN_HEREDOC = regex(r"[^\\`$]+")
_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])"
_PARAMETER = regex(
    rf"(?P<prefix>[#!](?!\}}))?(?P<name>{_NAME})(?:\[(?P<subscript>[^\]]*)\])?"
    r"(?P<operator>:?[-=+?]|##|#|%%|%|//|/#|/%|/|\^\^|\^|,,|,|:|@|$)"
)
_ANSI_ESCAPE = regex(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|u([0-9A-Fa-f]{1,4})|(.))", re.DOTALL)
_ANSI_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "v": "\v",
}
_KIND_OF = {"'": "single", '"': "double", "`": "backquote", "$": "dollar", "\\": "escape"}


def read_word(text: str, span: Span, dialect: str = "sh") -> tuple[Part, ...]:
    """The parts of the word at `span` of the script `text`."""
    return _WordReader(text, dialect).read(span.start, span.end)


def read_heredoc(text: str, span: Span, dialect: str = "sh") -> tuple[Part, ...]:
    """The parts of an unquoted here-document's body: as between double quotes, where `"` itself means nothing."""
    return _WordReader(text, dialect).read(span.start, span.end, plain=_PLAIN_IN_HEREDOC, quoted=True)


class _WordReader:
    def __init__(self, text: str, dialect: str) -> None:
        self.text = text
        self.dialect = dialect
        self.quoting: Quoting = quoting(text)

    def read(
        self, start: int, end: int, *, plain: re.Pattern[str] = _PLAIN, quoted: bool = False
    ) -> tuple[Part, ...]:
        """Parts of `text[start:end]`; `quoted` when it stands between double quotes."""
        parts: list[Part] = []
        at = start
        while at < end:
            if found := plain.match(self.text, at, end):
                parts.append(Literal(text=found[0], quoted=quoted, start=at))
                at = found.end()
            else:
                known = len(parts)
                behind = self._special(parts, at, end, quoted=quoted, heredoc=plain is _PLAIN_IN_HEREDOC)
                parts[known:] = [self._placed(part, at) for part in parts[known:]]
                at = behind
        return tuple(parts)

    def _placed(self, part: Part, at: int) -> Part:
        """The part with its place: text in quotes starts behind the quote."""
        if part.start >= 0:
            return part
        quoted = isinstance(part, Literal) and not self.text.startswith(part.text, at)
        return replace(part, start=at + quoted)

    def _special(self, parts: list[Part], at: int, limit: int, *, quoted: bool, heredoc: bool) -> int:
        character = self.text[at]
        if character in "<>" and not quoted and self.text.startswith("(", at + 1):
            end = self._end(at, limit, bracket=True)
            parts.append(self._substitution(at, end, quoted=False, process=True))
            return end
        if character == '"' and heredoc:
            parts.append(Literal(text='"', quoted=True))
            return at + 1
        end = self._end(at, limit, in_double=quoted)
        match character:
            case "'" if not quoted:
                parts.append(Literal(text=self.text[at + 1 : end - 1], quoted=True))
            case '"':
                parts.extend(self._double(at + 1, end - 1))
            case "\\":
                parts.extend(self._escape(at, end, quoted=quoted, heredoc=heredoc))
            case "`":
                parts.append(self._backquoted(at, end, quoted=quoted))
            case "$":
                parts.extend(self._dollar(at, end, quoted=quoted))
            case _:
                parts.append(Literal(text=self.text[at:end], quoted=quoted))
        return end

    def _double(self, start: int, end: int) -> tuple[Part, ...]:
        inside = self.read(start, end, plain=_PLAIN_IN_DOUBLE, quoted=True)
        return inside or (Literal(text="", quoted=True),)

    def _end(self, at: int, limit: int, *, in_double: bool = False, bracket: bool = False) -> int:
        """As `Quoting.end`, but never behind the word: what is cut off there is literal."""
        try:
            found = (
                self.quoting.substitution(at + 2, 0)
                if bracket
                else self.quoting.end(at, 0, in_double=in_double)
            )
        except ShellSyntaxError:
            return at + 1
        return found if found <= limit else at + 1

    def _escape(self, at: int, end: int, *, quoted: bool, heredoc: bool) -> list[Part]:
        escaped = self.text[at + 1 : end]
        if escaped == "\n":
            return []
        if quoted and escaped not in ("$`\\" if heredoc else '$`"\\'):
            return [Literal(text="\\" + escaped, quoted=True)]
        return [Literal(text=escaped or "\\", quoted=True)]

    def _backquoted(self, at: int, end: int, *, quoted: bool) -> Part:
        if end == at + 1:
            return Literal(text="`", quoted=quoted)
        body = self.text[at + 1 : end - 1]
        unescaped = re.sub(r'\\([$`\\"])' if quoted else r"\\([$`\\])", r"\1", body)
        inside = Span(at + 1, end - 1) if unescaped == body else None
        return Substitution(text=self.text[at:end], start=at, body=unescaped, inside=inside, quoted=quoted)

    def _substitution(self, at: int, end: int, *, quoted: bool, process: bool = False) -> Part:
        if end <= at + 2:
            return Literal(text=self.text[at:end], quoted=quoted)
        inside = Span(at + 2, end - 1)
        body = self.text[at + 2 : end - 1]
        return Substitution(
            text=self.text[at:end], start=at, body=body, inside=inside, quoted=quoted, process=process
        )

    def _dollar(self, at: int, end: int, *, quoted: bool) -> list[Part]:
        text = self.text[at:end]
        if text == "$":
            return [Literal(text="$", quoted=quoted)]
        if text.startswith("$'"):
            return [self._ansi(text)]
        if text.startswith('$"'):
            return list(self._double(at + 2, end - 1))
        if text.startswith("$((") and self._is_arithmetic(at, end):
            return [Arithmetic(text=text, inside=Span(at + 3, end - 2), quoted=quoted)]
        if text.startswith("$("):
            return [self._substitution(at, end, quoted=quoted)]
        if text.startswith("${"):
            return [self._parameter(at, end, quoted=quoted)]
        return [Parameter(text=text, name=text[1:], quoted=quoted)]

    def _is_arithmetic(self, at: int, end: int) -> bool:
        try:
            return self.quoting.arithmetic(at + 1, 0) == end
        except ShellSyntaxError:
            return False

    def _ansi(self, text: str) -> Part:
        body = text[2:-1]
        if "\\" in body and self.dialect in {"sh", "dash"}:
            return Obscure(text=text, reason=f"{collapsed(text, 60)}, which not every sh knows", quoted=True)
        return Literal(text=_ANSI_ESCAPE.sub(_ansi_character, body), quoted=True)

    def _parameter(self, at: int, end: int, *, quoted: bool) -> Part:
        text = self.text[at:end]
        found = _PARAMETER.match(self.text, at + 2, end - 1)
        if not found or (found["operator"] == "" and found.end() != end - 1):
            return Obscure(text=text, reason=f"{collapsed(text, 60)} is not understood", quoted=quoted)
        operator = found["operator"]
        operand, second = self._operands(operator, found.end(), end - 1, quoted=quoted)
        return Parameter(
            text=text,
            name=found["name"],
            quoted=quoted,
            operator={"#": "length", "!": "!"}.get(found["prefix"] or "", "") + operator,
            subscript=found["subscript"] or "",
            operand=operand,
            second=second,
        )

    def _operands(
        self, operator: str, start: int, end: int, *, quoted: bool
    ) -> tuple[tuple[Part, ...], tuple[Part, ...] | None]:
        separator = {"/": "/", ":": ":"}.get(operator[:1] if operator not in {":-", ":=", ":+", ":?"} else "")
        at = self._find(separator, start, end) if separator else None
        pattern = operator[:1] in {"#", "%", "/"}
        plain, inner = (_PLAIN, False) if pattern or not quoted else (_PLAIN_IN_DOUBLE, True)
        if at is None:
            return self.read(start, end, plain=plain, quoted=inner), None
        return self.read(start, at, plain=plain, quoted=inner), self.read(
            at + 1, end, plain=plain, quoted=inner
        )

    def _find(self, separator: str, start: int, end: int) -> int | None:
        at = start + 1 if separator == "/" and self.text.startswith("/", start) else start
        while at < end:
            if self.text[at] == separator:
                return at
            at = self._end(at, end) if self.text[at] in _KIND_OF else at + 1
        return None


def _ansi_character(found: re.Match[str]) -> str:
    if digits := found[1] or found[3]:
        return chr(int(digits, 16))
    if found[2]:
        return chr(int(found[2], 8) % 256)
    return _ANSI_LETTERS.get(found[4], found[4] if found[4] in "\\'\"?" else "\\" + found[4])
