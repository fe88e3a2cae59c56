"""Words to fields: parameters, substitutions, arithmetic, braces, tilde and field splitting, as far as they can be known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dock2nix.model.shell import Word
from dock2nix.parse.shell.arithmetic import assigned_names, evaluate
from dock2nix.parse.shell.parameters import modified
from dock2nix.parse.shell.state import Scalar, State, Unknown, Value
from dock2nix.parse.shell.syntax import NO_SPAN, Script, Span, collapsed
from dock2nix.parse.shell.words import (
    Arithmetic,
    Literal,
    Obscure,
    Parameter,
    Part,
    Substitution,
    read_heredoc,
    read_word,
)
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST_FIELDS = 1000
LONGEST_VALUE = 100_000
_DEFAULTS = {"-", ":-", "=", ":=", "+", ":+", "?", ":?"}
_BRACES = regex(r"\{[^{}]*(?:,|\.\.)")
_RANGE = regex(r"(-?[0-9]{1,6})\.\.(-?[0-9]{1,6})|([A-Za-z])\.\.([A-Za-z])")
_BRACE_DIALECTS = frozenset({"bash", "ksh", "zsh"})


class _Piece(NamedTuple):
    """A run of characters: to be split at blanks when `split`, apart from the one before when `apart`."""

    value: Scalar
    quoted: bool = False
    split: bool = False
    apart: bool = False
    start: int = -1


class Field(Struct, frozen=True, kw_only=True):
    """A word with the place it comes from: `script` is None for a word that no text shows.

    `places` are the runs of its value with where each stands, -1 for nowhere.
    """

    word: Word
    span: Span = NO_SPAN
    script: Script | None = None
    places: tuple[tuple[str, int], ...] = ()

    @property
    def value(self) -> str | None:
        return self.word.value


class Expander:
    """Expands the words of one script in one state. `run` gives the output of a command substitution.

    `status` tells whether the last substitution succeeded, None when that is not known.
    """

    def __init__(self, script: Script, state: State, run: Callable[[Substitution], Scalar]) -> None:
        self.script = script
        self.state = state
        self.run = run
        self.status: bool | None = True

    def fields(self, span: Span) -> list[Field]:
        """The word as arguments: none, one or several."""
        text = self.script.text
        parts = read_word(text, span, self.script.dialect)
        plain = len(parts) == 1 and isinstance(parts[0], Literal)
        alternatives: list[tuple[Part, ...]] | None = [parts]
        if self.script.dialect in _BRACE_DIALECTS and _BRACES.search(text, *span):
            alternatives = _braces(parts)
        if alternatives is None:
            return [
                self._field(
                    span, Unknown(f"{self.script.written(span, 60)} stands for too many words"), quoted=False
                )
            ]
        if plain and len(alternatives) == 1 and parts[0].text[:1] != "~":
            places = ((parts[0].text, parts[0].start),)
            return [self._field(span, parts[0].text, quoted=parts[0].quoted, places=places)]
        return [
            self._field(
                span, _joined(pieces), quoted=any(piece.quoted for piece in pieces), places=_places(pieces)
            )
            for alternative in alternatives
            for pieces in self._split(self._pieces(_with_tilde(alternative, self.state)))
        ]

    def target(self, span: Span) -> Word:
        """The word as one `Word`: the target of a redirection."""
        quoted = any(character in "\\'\"" for character in self.script.text[slice(*span)])
        return self._field(span, self.value(span), quoted=quoted).word

    def assigned(self, span: Span) -> Field:
        """The value of an assignment, which stands at `span`."""
        return self._field(span, self.value(span, assignment=True), quoted=True)

    def value(self, span: Span, *, assignment: bool = False) -> Scalar:
        """The word as one string: the value of an assignment, the subject of a case, the target of a redirection."""
        parts = read_word(self.script.text, span, self.script.dialect)
        return self.string(_with_tilde(parts, self.state, everywhere=assignment))

    def string(self, parts: Iterable[Part]) -> Scalar:
        """Parts as one string, nothing split."""
        return _joined(self._pieces(parts))

    def placed(self, parts: Iterable[Part]) -> tuple[Scalar, tuple[tuple[str, int], ...]]:
        """Parts as one string, with the places of its runs as in `Field.places`."""
        pieces = self._pieces(parts)
        return _joined(pieces), _places(pieces)

    def pattern(self, parts: Iterable[Part]) -> list[tuple[str, bool]] | Unknown:
        """Parts as pieces of a pattern: (text, whether it means itself)."""
        pieces = []
        for piece in self._pieces(parts):
            if isinstance(piece.value, Unknown):
                return piece.value
            pieces.append((" " if piece.apart else "", True))
            pieces.append((piece.value, piece.quoted))
        return [piece for piece in pieces if piece[0]]

    def _field(
        self, span: Span, value: Scalar, *, quoted: bool, places: tuple[tuple[str, int], ...] = ()
    ) -> Field:
        word = Word(
            text=self.script.text[span.start : span.end],
            value=value if isinstance(value, str) else None,
            location=self.script.locate(span),
            quoted=quoted,
            unknown=value.reason if isinstance(value, Unknown) else "",
        )
        return Field(word=word, span=span, script=self.script, places=places)

    # --- parts to pieces -----------------------------------------------------------------------------------------------

    def _pieces(self, parts: Iterable[Part]) -> list[_Piece]:
        return [piece._replace(start=part.start) for part in parts for piece in self._part(part)]

    def _part(self, part: Part) -> list[_Piece]:
        match part:
            case Literal():
                return [_Piece(part.text, part.quoted)]
            case Obscure():
                return [_Piece(Unknown(part.reason), part.quoted)]
            case Substitution():
                return [_Piece(self.run(part), part.quoted, split=not part.quoted and not part.process)]
            case Arithmetic():
                return [_Piece(self.arithmetic(part.inside), part.quoted)]
            case Parameter():
                return self._parameter(part)

    def arithmetic(self, inside: Span) -> Scalar:
        """The decimal digits of the value of the arithmetic expression there. Variables it assigns become unknown."""
        written = self.string(read_heredoc(self.script.text, inside, self.script.dialect))
        if isinstance(written, Unknown):
            return written
        self.state.forget(assigned_names(written), "is the result of arithmetic")
        number = evaluate(written, self._bare)
        return (
            Unknown(f"(({self.script.written(inside, 60)})) is not known") if number is None else str(number)
        )

    def _bare(self, name: str) -> str | None:
        value = self.state.lookup(name)
        return "" if value is None else value if isinstance(value, str) else None

    def _parameter(self, part: Parameter) -> list[_Piece]:
        value = self._looked_up(part)
        if isinstance(value, tuple) and part.operator != "length":
            return self._list(part, value)
        if isinstance(value, Unknown) and "@" in {part.name, part.subscript}:
            return [_Piece(value)]  # nobody knows how many words that are, whatever the quotes
        if part.operator in _DEFAULTS:
            return self._default(part, value)
        scalar = self._scalar(part, value)
        return [_Piece(scalar, part.quoted, split=not part.quoted)]

    def _looked_up(self, part: Parameter) -> Value | None:
        """The parameter's own value, a tuple for a list."""
        name, state = part.name, self.state
        if name in {"@", "*"} or (name.isdecimal() and name != "0"):
            if isinstance(state.positional, Unknown) or name in {"@", "*"}:
                return state.positional
            return dict(enumerate(state.positional, start=1)).get(int(name[:9]))
        if name == "#":
            given = state.positional
            return given if isinstance(given, Unknown) else str(len(given))
        if name == "0" and isinstance(own := state.lookup(name), str):
            return own
        if not name[:1].isalpha() and name[:1] != "_":
            return Unknown(f"${name} is set by the shell itself")
        value = state.lookup(name)
        if part.subscript in {"@", "*"}:
            return (value,) if isinstance(value, str) else () if value is None else value
        return _element(value, part)

    def _list(self, part: Parameter, values: tuple[Scalar, ...]) -> list[_Piece]:
        starred = part.name == "*" or part.subscript == "*"
        if part.operator in _DEFAULTS and (not values) == (part.operator.lstrip(":") != "+"):
            return self._pieces(part.operand)
        if part.operator == ":" or part.operator.startswith(("!", "@")):
            return [_Piece(Unknown(f"{collapsed(part.text, 60)} is not evaluated"), part.quoted)]
        changed = [
            value if part.operator in {"", *_DEFAULTS} else modified(value, part, self) for value in values
        ]
        if starred and part.quoted:
            return [
                _Piece(
                    _joined([_Piece(value, apart=at > 0) for at, value in enumerate(changed)]), quoted=True
                )
            ]
        return [
            _Piece(value, part.quoted, split=not part.quoted, apart=at > 0)
            for at, value in enumerate(changed)
        ]

    def _default(self, part: Parameter, value: Value | None) -> list[_Piece]:
        operator = part.operator
        if isinstance(value, Unknown):
            return [_Piece(value, part.quoted)]
        empty = value is None or (operator.startswith(":") and value == "")
        if operator.endswith("+"):
            return [] if empty else self._quoted_by(part, self._pieces(part.operand))
        if not empty:
            return [_Piece(self._scalar(part, value), part.quoted, split=not part.quoted)]
        if operator.endswith("?"):
            return [_Piece(Unknown(f"{part.name} is not set"), part.quoted)]
        if operator.endswith("="):
            self.state.assign(part.name, self.string(part.operand))
        return self._quoted_by(part, self._pieces(part.operand))

    def _quoted_by(self, part: Parameter, pieces: list[_Piece]) -> list[_Piece]:
        if part.quoted:
            return pieces or [_Piece("", quoted=True)]
        return [piece if piece.quoted else piece._replace(split=True) for piece in pieces]

    def _scalar(self, part: Parameter, value: Value | None) -> Scalar:
        if part.operator == "length":
            return _length(value)
        if part.operator.startswith("!"):
            return self._indirect(part, value)
        if isinstance(value, tuple):
            value = value[0] if value else ""
        if value is None:
            if "u" in self.state.options and part.operator not in _DEFAULTS:
                return Unknown(f"{part.name} is not set")
            value = ""
        return value if part.operator in {"", *_DEFAULTS} else modified(value, part, self)

    def _indirect(self, part: Parameter, value: Value | None) -> Scalar:
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value) and part.operator == "!":
            found = self.state.lookup(value)
            return found if isinstance(found, str | Unknown) else Unknown(f"{value} is not a plain variable")
        return Unknown(f"{collapsed(part.text, 60)} is not known")

    # --- pieces to fields ----------------------------------------------------------------------------------------------

    def _split(self, pieces: list[_Piece]) -> list[list[_Piece]]:
        fields: list[list[_Piece]] = []
        current: list[_Piece] = []
        for piece in pieces:
            if piece.apart and current:
                fields.append(current)
                current = []
            if not piece.split or isinstance(piece.value, Unknown):
                current.append(piece._replace(apart=False))
                continue
            before, inner, after = _fields_of(piece.value, self._separators())
            if before and current:
                fields.append(current)
                current = []
            for at, text in enumerate(inner):
                if at:
                    fields.append(current)
                    current = []
                # an empty field between two separators stays
                current.append(_Piece(text, quoted=not text, start=piece.start))
            if after and current:
                fields.append(current)
                current = []
        fields += [current] if current else []
        return [field for field in fields if any(piece.value or piece.quoted for piece in field)]

    def _separators(self) -> str:
        separators = self.state.lookup("IFS")
        return separators if isinstance(separators, str) else " \t\n"


def _length(value: Value | None) -> Scalar:
    return value if isinstance(value, Unknown) else str(0 if value is None else len(value))


def _element(value: Value | None, part: Parameter) -> Value | None:
    if not part.subscript:
        return (value[0] if value else None) if isinstance(value, tuple) else value
    if isinstance(value, str) and part.subscript == "0":
        return value
    if isinstance(value, tuple) and part.subscript.isdecimal():
        return dict(enumerate(value)).get(int(part.subscript[:9]))
    if value is None:
        return None
    return Unknown(f"{collapsed(part.text, 60)} is not known")


def _places(pieces: Iterable[_Piece]) -> tuple[tuple[str, int], ...]:
    return tuple(
        (piece.value, -1 if piece.apart else piece.start) for piece in pieces if isinstance(piece.value, str)
    )


def _joined(pieces: Iterable[_Piece]) -> Scalar:
    text: list[str] = []
    length = 0
    for piece in pieces:
        if isinstance(piece.value, Unknown):
            return piece.value
        text += [" ", piece.value] if piece.apart else [piece.value]
        length += len(piece.value)
        if length > LONGEST_VALUE:
            return Unknown("a value too long to follow")
    return "".join(text)


def _fields_of(value: str, separators: str) -> tuple[bool, list[str], bool]:
    """Whether it starts with a separator, the fields, whether it ends with one."""
    if not separators or not value:
        return False, [value] if value else [], False
    blanks = "".join(character for character in separators if character in " \t\n")
    others = "".join(character for character in separators if character not in " \t\n")
    trimmed = value.strip(blanks) if blanks else value
    before = bool(blanks) and value[0] in blanks
    after = value[-1] in separators
    if not others:
        return (
            before,
            trimmed.split()
            if set(blanks) == set(" \t\n")
            else re.split(f"[{re.escape(blanks)}]+", trimmed)
            if trimmed
            else [],
            after,
        )
    blank = f"[{re.escape(blanks)}]*" if blanks else ""
    more = f"|[{re.escape(blanks)}]+" if blanks else ""
    inner = re.split(f"{blank}[{re.escape(others)}]{blank}{more}", trimmed)
    return before, inner[:-1] if inner and inner[-1] == "" else inner, after


def _with_tilde(parts: tuple[Part, ...], state: State, *, everywhere: bool = False) -> tuple[Part, ...]:
    """`~` at the start (and, in assignments, behind each `:`) replaced by the home directory."""
    replaced: list[Part] = []
    for at, part in enumerate(parts):
        if not isinstance(part, Literal) or part.quoted or "~" not in part.text:
            replaced.append(part)
            continue
        chunks = part.text.split(":") if everywhere else [part.text]
        for number, chunk in enumerate(chunks):
            replaced += [Literal(text=":", quoted=False)] if number else []
            starts = number > 0 or at == 0
            replaced += (
                _home(chunk, state)
                if starts and chunk.startswith("~")
                else [Literal(text=chunk, quoted=False)]
            )
    return tuple(replaced)


def _home(text: str, state: State) -> list[Part]:
    name, slash, rest = text.partition("/")
    home = state.lookup("HOME") if name == "~" else None
    if isinstance(home, str):
        return [Literal(text=home, quoted=True), Literal(text=slash + rest, quoted=False)]
    reason = home.reason if isinstance(home, Unknown) else f"{name} depends on the user"
    return [Obscure(text=name, reason=reason, quoted=False), Literal(text=slash + rest, quoted=False)]


# --- braces ------------------------------------------------------------------------------------------------------------------

_Item = str | Part
"""One unquoted character, or a part that braces do not look into."""


def _braces(parts: tuple[Part, ...]) -> list[tuple[Part, ...]] | None:
    """`a{b,c}` and `{1..3}` written out; None when that is too much."""
    items: list[_Item] = []
    for part in parts:
        items.extend(part.text if isinstance(part, Literal) and not part.quoted else [part])
    if items.count("{") > 20:
        return None
    written = _written_out(items)
    return None if written is None else [_parts(one) for one in written]


def _parts(items: list[_Item]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for item in items:
        if not isinstance(item, str):
            parts.append(item)
        elif parts and isinstance(parts[-1], Literal) and not parts[-1].quoted:
            parts[-1] = Literal(text=parts[-1].text + item, quoted=False)
        else:
            parts.append(Literal(text=item, quoted=False))
    return tuple(parts)


def _written_out(items: list[_Item]) -> list[list[_Item]] | None:
    for at, item in enumerate(items):
        if item != "{":
            continue
        found = _alternatives(items, at)
        if found is None:
            continue
        alternatives, end = found
        written: list[list[_Item]] = []
        rest = _written_out(items[end:])
        for alternative in alternatives:
            inner = _written_out(alternative)
            if inner is None or rest is None or len(inner) * len(rest) + len(written) > MOST_FIELDS:
                return None
            written += [items[:at] + one + other for one in inner for other in rest]
        return written
    return [items]


def _alternatives(items: list[_Item], start: int) -> tuple[list[list[_Item]], int] | None:
    """What the brace at `start` offers, and where it ends; None when it is a plain character."""
    depth, commas = 0, [start]
    for at in range(start, len(items)):
        item = items[at]
        depth += (item == "{") - (item == "}")
        if item == "," and depth == 1:
            commas.append(at)
        if not depth:
            inside = items[start + 1 : at]
            if len(commas) > 1:
                ends = [*commas[1:], at]
                return [items[a + 1 : b] for a, b in zip(commas, ends, strict=True)], at + 1
            counted = _range(inside)
            return (counted, at + 1) if counted else None
    return None


def _range(items: list[_Item]) -> list[list[_Item]] | None:
    found = _RANGE.fullmatch("".join(item if isinstance(item, str) else "\0" for item in items))
    if not found:
        return None
    letters = found[1] is None
    first, last = (ord(found[3]), ord(found[4])) if letters else (int(found[1]), int(found[2]))
    if abs(last - first) >= MOST_FIELDS:
        return None
    step = 1 if last >= first else -1
    width = (
        0
        if letters
        else max((len(side) for side in found.group(1, 2) if side.lstrip("-").startswith("0")), default=0)
    )
    numbers = range(first, last + step, step)
    return [
        list(chr(number) if letters else str(number).zfill(width if width > 1 else 0)) for number in numbers
    ]
