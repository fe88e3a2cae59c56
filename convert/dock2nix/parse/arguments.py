"""A logical line to keyword, flags and arguments, each instruction in the way BuildKit's parser reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

from msgspec import Struct

from dock2nix.model.dockerfile import Form
from dock2nix.parse.lines import SPACE, refusal, trimmed
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.errors import DockerfileError
    from dock2nix.model.source import SourceText

_BLANKS = regex(r"[\t\v\f\r ]+")
_NOT_BLANKS = regex(r"[^\t\v\f\r ]*")
_NOT_SPACE = regex(f"[^{SPACE}]")
# What a lone surrogate of a JSON escape becomes in Go.
_LONE_SURROGATE = regex("[\ud800-\udfff]")


class Token(Struct, frozen=True, kw_only=True):
    """A flag or an argument: its value, and where it starts in the text it was cut from."""

    text: str
    start: int


class Statement(Struct, frozen=True, kw_only=True):
    """One instruction cut into its parts; places in `flags` count in `line`, those in `arguments` in `source`.

    `original` is the joined line with the white space behind it, `line` is without.
    """

    keyword: str
    original: str
    line: SourceText
    flags: tuple[Token, ...]
    source: SourceText
    form: Form
    arguments: tuple[Token, ...]
    trigger: Statement | None = None

    def end_of_line(self, message: str) -> DockerfileError:
        """The error for something that is missing at the end."""
        return refusal(self.line, len(self.line.text), message)

    def at_argument(self, position: int, message: str) -> DockerfileError:
        """The error for the argument at `position`."""
        return refusal(self.source, self.arguments[position].start, message)


def split_statement(line: SourceText, escape: str) -> Statement:
    """Cut a joined logical line into keyword, flags and arguments.

    Raises:
        DockerfileError: an argument list that BuildKit's parser refuses (`ENV a b=c`, `RUN [1]`).

    """
    original = line.text
    line = trimmed(line)
    blanks = _BLANKS.search(line.text)
    word = line.text[: blanks.start()] if blanks else line.text
    # Lower case first: other letters than "s" have "S" for their upper case.
    keyword = word.upper() if word.lower() in _LOWER_CASE else word
    flags, start = _split_flags(line.text, len(word), escape)
    source = line.cut(start)
    if keyword == "ONBUILD":
        return _onbuild(original, line, flags, source, escape)
    form, arguments = _READERS.get(keyword, _read_words)(source, escape)
    return Statement(
        keyword=keyword,
        original=original,
        line=line,
        flags=flags,
        source=source,
        form=form,
        arguments=arguments,
    )


def _onbuild(
    original: str, line: SourceText, flags: tuple[Token, ...], source: SourceText, escape: str
) -> Statement:
    if source.text[:7].upper() == "ONBUILD" and not source.text[7:8].strip(SPACE):
        raise refusal(source, 0, "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    trigger = split_statement(source, escape) if source.text else None
    inner = trigger.arguments if trigger else ()
    first = (Token(text=trigger.keyword, start=0),) if trigger else ()
    shift = len(source.text) - len(trigger.source.text) if trigger else 0
    arguments = first + tuple(Token(text=token.text, start=token.start + shift) for token in inner)
    form = trigger.form if trigger else Form.SHELL
    return Statement(
        keyword="ONBUILD",
        original=original,
        line=line,
        flags=flags,
        source=source,
        form=form,
        arguments=arguments,
        trigger=trigger,
    )


def _skip_space(text: str, at: int) -> int:
    found = _NOT_SPACE.search(text, at)
    return found.start() if found else len(text)


def _split_flags(text: str, at: int, escape: str) -> tuple[tuple[Token, ...], int]:
    """The words that start with `--`, up to a word that does not or to a bare `--`; and where the rest starts."""
    flags: list[Token] = []
    while True:
        at = _skip_space(text, at)
        if not text.startswith("--", at):
            return tuple(flags), at
        value, end = _flag_word(text, at, escape)
        if value == "--":
            return tuple(flags), _skip_space(text, end)
        flags.append(Token(text=value, start=at))
        at = end


def _flag_word(text: str, at: int, escape: str) -> tuple[str, int]:
    """The flag that starts at `at`, its quotes and escapes taken off, and where it ends."""
    quote = ""
    value: list[str] = []
    while at < len(text) and (quote or text[at] not in SPACE):
        char = text[at]
        at += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char != escape:
            value.append(char)
        elif at < len(text):
            value.append(text[at])
            at += 1
    return "".join(value), at


def quoted_words(text: str, escape: str) -> list[Token]:
    """Words separated by white space outside quotes; quotes and escapes stay in them."""
    words: list[Token] = []
    at = _skip_space(text, 0)
    while at < len(text):
        end, dropped = _quoted_word_end(text, at, escape)
        if end - dropped > at:
            words.append(Token(text=text[at : end - dropped], start=at))
        at = _skip_space(text, end)
    return words


def _quoted_word_end(text: str, at: int, escape: str) -> tuple[int, int]:
    """Where the word at `at` ends, and 1 when it ends with an escape character that has nothing to escape."""
    quote = ""
    while at < len(text) and (quote or text[at] not in SPACE):
        char = text[at]
        if char == escape and quote != "'":
            if at + 1 == len(text):
                return at + 1, 1
            at += 1
        elif char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        at += 1
    return at, 0


def exec_array(text: str) -> tuple[str, ...] | None:
    """The strings of a JSON array; None when `text` is not one, so that it is shell form.

    Raises:
        ValueError: it is a JSON array with something else than strings in it.

    """
    if not text.startswith("["):
        return None
    try:
        values = json.loads(text, parse_constant=_no_constant, parse_int=float)
    except RecursionError:
        values = [None]
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        raise ValueError("when using JSON array syntax, arrays must be comprised of strings only")
    return tuple(_LONE_SURROGATE.sub("\ufffd", value) for value in values)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _exec_tokens(source: SourceText, start: int) -> tuple[Token, ...] | None:
    try:
        values = exec_array(source.text[start:])
    except ValueError as problem:
        raise refusal(source, start, f'{problem}: expected ["…", "…"]') from None
    return None if values is None else tuple(Token(text=value, start=start) for value in values)


_Read = tuple[Form, tuple[Token, ...]]


def _read_command(source: SourceText, _escape: str) -> _Read:
    """RUN, CMD, ENTRYPOINT, SHELL: a JSON array, else the whole text."""
    tokens = _exec_tokens(source, 0)
    if tokens is not None:
        return Form.EXEC, tokens
    return Form.SHELL, _whole(source, 0)


def _whole(source: SourceText, start: int) -> tuple[Token, ...]:
    return (Token(text=source.text[start:], start=start),) if len(source.text) > start else ()


def _read_text(source: SourceText, _escape: str) -> _Read:
    """MAINTAINER, STOPSIGNAL, USER, WORKDIR: the whole text."""
    return Form.SHELL, _whole(source, 0)


def _read_list(source: SourceText, escape: str) -> _Read:
    """ADD, COPY, VOLUME: a JSON array, else words."""
    tokens = _exec_tokens(source, 0)
    return (Form.EXEC, tokens) if tokens is not None else _read_words(source, escape)


def _read_words(source: SourceText, _escape: str) -> _Read:
    """EXPOSE, FROM: words separated by blanks, quotes mean nothing."""
    found = (Token(text=match[0], start=match.start()) for match in _NOT_BLANKS.finditer(source.text))
    return Form.SHELL, tuple(token for token in found if token.text)


def _read_names(source: SourceText, escape: str) -> _Read:
    """ARG: words, quotes respected."""
    return Form.SHELL, tuple(quoted_words(source.text, escape))


def _read_healthcheck(source: SourceText, _escape: str) -> _Read:
    """HEALTHCHECK: a type, then a JSON array or the rest of the text."""
    space = next((at for at, char in enumerate(source.text) if char in SPACE), len(source.text))
    if not space:
        return Form.SHELL, ()
    kind = (Token(text=source.text[:space].upper(), start=0),)
    start = _skip_space(source.text, space)
    tokens = _exec_tokens(source, start)
    if tokens is not None:
        return Form.EXEC, kind + tokens
    return Form.SHELL, kind + _whole(source, start)


def _read_pairs(source: SourceText, escape: str) -> _Read:
    """ENV, LABEL: `name=value …`, or the old `name value with blanks`; names and values alternate."""
    words = quoted_words(source.text, escape)
    if words and "=" not in words[0].text:
        return Form.SHELL, _old_pair(source)
    pairs: list[Token] = []
    for word in words:
        name, sign, value = word.text.partition("=")
        if not sign:
            raise refusal(source, word.start, f"can't find = in {word.text!r}: expected the form name=value")
        pairs += (
            Token(text=name, start=word.start),
            Token(text=value, start=word.start + len(name) + 1),
        )
    return Form.SHELL, tuple(pairs)


def _old_pair(source: SourceText) -> tuple[Token, ...]:
    blanks = _BLANKS.search(source.text)
    if blanks is None:
        message = "two arguments are required: expected name=value or name value"
        raise refusal(source, len(source.text), message)
    name = Token(text=source.text[: blanks.start()], start=0)
    return name, Token(text=source.text[blanks.end() :], start=blanks.end())


_READERS: dict[str, Callable[[SourceText, str], _Read]] = {
    "ADD": _read_list,
    "ARG": _read_names,
    "CMD": _read_command,
    "COPY": _read_list,
    "ENTRYPOINT": _read_command,
    "ENV": _read_pairs,
    "EXPOSE": _read_words,
    "FROM": _read_words,
    "HEALTHCHECK": _read_healthcheck,
    "LABEL": _read_pairs,
    "MAINTAINER": _read_text,
    "RUN": _read_command,
    "SHELL": _read_command,
    "STOPSIGNAL": _read_text,
    "USER": _read_text,
    "VOLUME": _read_list,
    "WORKDIR": _read_text,
}
INSTRUCTIONS = frozenset({*_READERS, "ONBUILD"})
_LOWER_CASE = frozenset(name.lower() for name in INSTRUCTIONS)
