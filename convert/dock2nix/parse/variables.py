"""Variables in the words of a Dockerfile, expanded as BuildKit's shell lexer does it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.parse.lines import SPACE
from dock2nix.parse.patterns import parse_pattern, replace, trim_prefix, trim_suffix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.parse.patterns import Pattern

# No longer string can be passed to a program on Linux; `ENV A=$A$A` would double a value with every line.
MAXIMUM_LENGTH = 131_072
_MAXIMUM_DEPTH = 100
# Of the length of a value times that of the pattern that is looked for in it.
_MAXIMUM_EFFORT = 4_000_000
_SPECIAL_PARAMETERS = "@*#?-$!0"


class ExpansionError(ValueError):
    """A word that BuildKit refuses to expand; the text says why."""


class Expansion(Struct, frozen=True):
    """An expanded word. `unset` are the names without a value that it uses with no default, in order of first use."""

    value: str
    unset: tuple[str, ...]


class PlacedWord(Struct, frozen=True):
    """A word of `split_words` and where it starts."""

    text: str
    start: int


def expand(
    word: str, environment: Mapping[str, str | None], *, escape: str = "\\", quotes: bool = True
) -> Expansion:
    """Expand the variables of one word and take its quotes and escapes off, without splitting it.

    Args:
        word: the text as written.
        environment: the variables; a name with the value None counts as unset.
        escape: the escape character in force, a backslash or a backtick.
        quotes: whether quotes are special; False is for the bodies of COPY and ADD heredocs.

    Returns:
        The value, and the names that are unset where `${name:-default}` and the like do not provide for it.

    Raises:
        ExpansionError: malformed `${`, a quote that is not closed, or `${name?}` of an unset name.

    """
    if not any(char in word for char in f"$'\"{escape}"):
        return Expansion(word, ())
    lexer = _Lexer(text=word, environment=environment, escape=escape, quotes=quotes)
    value = lexer.read("", raw_escapes=False)
    return Expansion(value, tuple(lexer.unset))


def expand_words(word: str, environment: Mapping[str, str | None], *, escape: str = "\\") -> tuple[str, ...]:
    """Like `expand`, then split at white space that is neither quoted nor escaped (EXPOSE, and nothing else).

    Raises:
        ExpansionError: as `expand`.

    """
    lexer = _Lexer(text=word, environment=environment, escape=escape)
    words = _Words()
    lexer.read("", raw_escapes=False, words=words)
    return tuple(found.text for found in words.finish())


def split_words(text: str, *, escape: str = "\\", raw: bool = True) -> tuple[PlacedWord, ...]:
    """Split at white space outside quotes, expanding nothing; `raw` keeps quotes and escapes. `<< EOF` is one word.

    Raises:
        ExpansionError: as `expand`.

    """
    lexer = _Lexer(text=text, environment={}, escape=escape, raw_quotes=raw, keep_unset=True)
    words = _Words()
    lexer.read("", raw_escapes=raw, words=words)
    return words.finish()


@cache
def _plain_text(escape: str) -> re.Pattern[str]:
    """Text in which nothing is special, wherever it stands."""
    return re.compile(f"[^$<'\"{re.escape(escape)}/}}]*")


class _Words:
    """Collects words: added text is split at its white space, quoted and escaped text is not."""

    def __init__(self) -> None:
        self._words: list[PlacedWord] = []
        self._pieces: list[str] = []
        self._start = 0
        self._inside = False

    def add_quoted(self, text: str, start: int) -> None:
        if not self._inside:
            self._start = start
            self._inside = True
        self._pieces.append(text)

    def add(self, text: str, start: int) -> None:
        at = 0
        for match in re.finditer(f"[{SPACE}]+", text):
            self._add_plain(text[at : match.start()], start + at)
            self._end_word()
            at = match.end()
        self._add_plain(text[at:], start + at)

    def finish(self) -> tuple[PlacedWord, ...]:
        self._end_word()
        return tuple(self._words)

    def _add_plain(self, text: str, start: int) -> None:
        if text:
            self.add_quoted(text, start)

    def _end_word(self) -> None:
        word = "".join(self._pieces)
        if word:
            self._words.append(PlacedWord(word, self._start))
            self._pieces.clear()
            self._inside = False


class _Lexer(Struct, kw_only=True):
    """One pass over one text. `keep_unset` leaves `$name` of an unset name as written."""

    text: str
    environment: Mapping[str, str | None]
    escape: str
    quotes: bool = True
    raw_quotes: bool = False
    keep_unset: bool = False
    at: int = 0
    depth: int = 0
    unset: dict[str, None] = field(default_factory=dict)

    def read(self, stop: str, *, raw_escapes: bool, words: _Words | None = None) -> str:
        """Everything up to the character `stop`, which is passed over, or to the end when `stop` is empty."""
        pieces: list[str] = []
        length = 0
        while self.at < len(self.text):
            start = self.at
            char = self.text[start]
            if char == stop:
                self.at += 1
                return "".join(pieces)
            piece = self._piece(char, raw_escapes=raw_escapes)
            pieces.append(piece)
            length += len(piece)
            if length > MAXIMUM_LENGTH:
                raise ExpansionError(f"the expansion is longer than {MAXIMUM_LENGTH} characters")
            if words is not None:
                self._add(words, char, piece, start)
        if stop:
            raise ExpansionError(f"syntax error: missing '{stop}' in ${{}}")
        return "".join(pieces)

    def _add(self, words: _Words, char: str, piece: str, start: int) -> None:
        if char in (self.escape, "<") or (char in "'\"" and self.quotes):
            words.add_quoted(piece, start)
        else:
            words.add(piece, start)

    def _piece(self, char: str, *, raw_escapes: bool) -> str:
        """What the construct that starts with `char` stands for."""
        if char == "$":
            return self._dollar()
        if char == "<":
            return self._angle()
        if char == "'" and self.quotes:
            return self._single_quoted()
        if char == '"' and self.quotes:
            return self._double_quoted(raw_escapes=raw_escapes)
        if char == self.escape:
            taken = self._take(2)
            return taken if raw_escapes else taken[1:]
        run = _plain_text(self.escape).match(self.text, self.at)
        return self._take(max(run.end() - self.at if run else 1, 1))

    def _take(self, count: int) -> str:
        taken = self.text[self.at : self.at + count]
        self.at += len(taken)
        return taken

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _angle(self) -> str:
        """`<`, or `<<` with the blanks behind it: they belong to the name of a heredoc."""
        if not self.text.startswith("<<", self.at):
            return self._take(1)
        end = self.at + 2
        while self.text[end : end + 1] in {"\t", "\r", " "}:
            end += 1
        return self._take(end - self.at)

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise ExpansionError("unexpected end of statement while looking for matching single-quote")
        taken = self._take(end + 1 - self.at)
        return taken if self.raw_quotes else taken[1:-1]

    def _double_quoted(self, *, raw_escapes: bool) -> str:
        pieces = [self._take(1)]
        while (char := self._peek()) != '"':
            if not char:
                raise ExpansionError("unexpected end of statement while looking for matching double-quote")
            if char == "$":
                pieces.append(self._dollar())
            elif char == self.escape:
                pieces.append(self._quoted_escape(raw_escapes=raw_escapes))
            else:
                run = re.compile(f'[^"${re.escape(self.escape)}]+').match(self.text, self.at)
                pieces.append(self._take(run.end() - self.at if run else 1))
        pieces.append(self._take(1))
        return "".join(pieces if self.raw_quotes else pieces[1:-1])

    def _quoted_escape(self, *, raw_escapes: bool) -> str:
        """An escape in double quotes escapes the quote, the dollar and itself; otherwise it stands for itself."""
        following = self.text[self.at + 1 : self.at + 2]
        if following and following in ('"', "$", self.escape):
            taken = self._take(2)
            return taken if raw_escapes else taken[1:]
        taken = self._take(1)
        return taken * 2 if raw_escapes and following else taken

    def _dollar(self) -> str:
        self._take(1)
        if self._peek() != "{":
            name = self._name()
            return self._plain_value(name, f"${name}") if name else "$"
        self._take(1)
        if self._peek() in {"", "{", "}", ":"}:
            raise ExpansionError("syntax error: bad substitution, expected a name after ${")
        if self.depth == _MAXIMUM_DEPTH:
            raise ExpansionError(f"${{}} nested more than {_MAXIMUM_DEPTH} deep")
        self.depth += 1
        value = self._braced(self._name())
        self.depth -= 1
        return value

    def _name(self) -> str:
        """A name, a run of digits, one special parameter, or nothing."""
        char = self._peek()
        if char and (char in _SPECIAL_PARAMETERS) and not char.isdecimal():
            return self._take(1)
        end = self.at
        while end < len(self.text) and _is_name_character(self.text[end], digits_only=char.isdecimal()):
            end += 1
        return self._take(end - self.at)

    def _value(self, name: str) -> str | None:
        return self.environment.get(name)

    def _plain_value(self, name: str, written: str) -> str:
        value = self._value(name)
        if value is not None:
            return value
        self.unset.setdefault(name)
        return written if self.keep_unset else ""

    def _braced(self, name: str) -> str:
        """The rest of `${name…}`."""
        char = self._take(1)
        if char == "}":
            return self._plain_value(name, f"${{{name}}}")
        if char == "/":
            return self._replaced(name)
        empty_is_unset = char == ":"
        operator = self._take(1) if empty_is_unset else char
        allowed = "+-?" if empty_is_unset else "+-?#%"
        if not char:
            raise ExpansionError(f"syntax error: missing '}}' behind ${{{name}")
        if not operator or operator not in allowed:
            written = char + operator if empty_is_unset else char
            raise ExpansionError(f"unsupported modifier ({written}) in substitution of {name}")
        word = self.read("}", raw_escapes=operator in "#%")
        if self.keep_unset and self._value(name) is None:
            return f"${{{name}{':' * empty_is_unset}{operator}{word}}}"
        if operator in "#%":
            return self._trimmed(name, operator, word)
        return self._defaulted(name, operator, word, empty_is_unset=empty_is_unset)

    def _defaulted(self, name: str, operator: str, word: str, *, empty_is_unset: bool) -> str:
        value = self._value(name)
        missing = value is None or (empty_is_unset and not value)
        if operator == "+":
            return "" if missing else word
        if value is not None and not missing:
            return value
        if operator == "-":
            return word
        state = "unset" if value is None else "empty"
        raise ExpansionError(f"{name}: {word or f'is not allowed to be {state}'}")

    def _trimmed(self, name: str, operator: str, word: str) -> str:
        longest = word.startswith(operator)
        value = self._plain_value(name, "")
        pattern = _pattern(word[1:] if longest else word, value)
        trim = trim_prefix if operator == "#" else trim_suffix
        return trim(pattern, value, longest=longest)

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._take(1)
        pattern = self.read("/", raw_escapes=True)
        replacement = self.read("}", raw_escapes=True)
        if self.keep_unset and self._value(name) is None:
            return f"${{{name}/{pattern}/{replacement}}}"
        value = self._plain_value(name, "")
        return replace(_pattern(pattern, value), value, replacement, everywhere=everywhere)


def _is_name_character(char: str, *, digits_only: bool) -> bool:
    return char.isdecimal() or (not digits_only and (char.isalpha() or char == "_"))


def _pattern(text: str, value: str) -> Pattern:
    if len(text) * len(value) > _MAXIMUM_EFFORT:
        raise ExpansionError(f"a pattern of {len(text)} characters for a value of {len(value)}")
    try:
        return parse_pattern(text)
    except ValueError as problem:
        raise ExpansionError(str(problem)) from None
