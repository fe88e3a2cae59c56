"""Python values to Nix expressions: the one place where text becomes Nix, by type, so that escaping cannot be forgotten."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Mapping
from functools import singledispatch
from typing import Literal

from msgspec import Struct

from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

INDENT = "  "
_KEYWORDS = frozenset({"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"})
_IDENTIFIER = regex(r"[A-Za-z_][A-Za-z0-9_'-]*")
# Controls, directions of writing, and what has no width: Nix has no escapes for them, and a reviewer would not see them.
HIDDEN = (
    "\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\xad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u180e\\u200b-\\u200f"
    "\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\U000110bd\\U000110cd\\U00013430-\\U0001345f\\U0001bca0-\\U0001bca3"
    "\\U0001d173-\\U0001d17a\\U000e0001-\\U000e007f"
)
_STRING_ESCAPES = regex(rf'["\\\n\r\t]|\$(?=[{{{HIDDEN}])|[{HIDDEN}]+')
_STRING_REPLACEMENTS = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\$"}
_INDENTED_ESCAPES = regex(rf"('+)(\$(?=[{{{HIDDEN}])|\r|$)?|(\$(?=[{{{HIDDEN}])|\r)|([{HIDDEN}]+)")
_INDENTED_REPLACEMENTS = {"$": "''$", "\r": "''\\r", "": "", None: ""}
_PLAIN_PATH = regex(r"(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*)(?:/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*")


class NixExpression(Struct, frozen=True):
    """Nix source text that is printed as it is. Only code of ours makes one, never text of a user."""

    text: str


class Interpolated(Struct, frozen=True):
    """A Nix string of literal text (`str`) and interpolated expressions (`NixExpression`); patterns are for words of the shell."""

    parts: tuple[str | NixExpression | ShellPattern, ...]


class ShellOperator(Struct, frozen=True):
    """A redirection or list operator of the shell, printed as it is. Only code of ours makes one."""

    text: Literal[">", ">>", "|"]


class ShellPattern(Struct, frozen=True):
    """A word with wildcards that the shell is to expand; everything else in it is quoted."""

    text: str


class ShellCode(Struct, frozen=True):
    """Shell text of ours, in which `{0}`, `{1}` … stand for words that are quoted."""

    template: str
    words: tuple[str, ...]


class ShellLine(Struct, frozen=True):
    """A line of a shell script inside Nix: words to be quoted for the shell, with a comment.

    A word is text, or parts joined without a blank of which the expressions are store paths (which need no quotes).
    """

    words: tuple[str | Interpolated | ShellOperator | ShellPattern | ShellCode, ...]
    comment: str = ""


class Script(Struct, frozen=True):
    """A shell script, printed as an indented string."""

    lines: tuple[ShellLine, ...]


class Text(Struct, frozen=True):
    """Text that reads best over several lines (a file's content)."""

    text: str


class Comment(Struct, frozen=True):
    """A remark; printed as `# …` on one line whatever its text holds."""

    text: str


class Commented(Struct, frozen=True):
    """An item of a list with a remark behind it."""

    value: object
    comment: str


class Section(Struct, frozen=True):
    """Items of a list under one remark, set off by a blank line."""

    comments: tuple[str, ...]
    items: tuple[object, ...]


class PathLiteral(Struct, frozen=True):
    """A path relative to the folder `nix/`: `../src/app.py`. `path` is relative to the flake's root."""

    path: str


def nix_string(text: str) -> str:
    r"""A Nix string literal in double quotes whose value is `text`, whatever `text` holds.

    Escapes `"`, `\`, `${` and line ends (Nix manual, "String literal").

    Raises:
        ValueError: `text` holds a NUL character, which no Nix string can.
    """
    if "\0" in text:
        raise ValueError("a Nix string cannot hold NUL")
    return '"' + _STRING_ESCAPES.sub(_escaped, text) + '"'


def _escaped(found: re.Match[str]) -> str:
    return _STRING_REPLACEMENTS.get(found[0]) or _hidden(found[0])


def _hidden(characters: str) -> str:
    """Characters that nobody sees, as an interpolation that shows which they are: JSON has escapes for them."""
    escaped = "".join(f"\\\\u{unit:04x}" for unit in utf16(characters))
    return f'${{builtins.fromJSON "\\"{escaped}\\""}}'


def escape_indented(text: str) -> str:
    """`text` for the inside of an indented string (`''`): neither an end nor an interpolation is left in it."""
    return _INDENTED_ESCAPES.sub(_escape_indented_run, text)


def utf16(characters: str) -> tuple[int, ...]:
    """The units of UTF-16 that JSON writes characters with."""
    raw = characters.encode("utf-16-be")
    return tuple(int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2))


def _escape_indented_run(found: re.Match[str]) -> str:
    quotes, follower, lone = found[1], found[2], found[3]
    if found[4]:
        return _hidden(found[4])
    if lone:
        return _INDENTED_REPLACEMENTS[lone]
    pairs, single = divmod(len(quotes), 2)
    # A lone quote before something that starts with quotes would be read together with it.
    last = "" if not single else "'" if follower is None else "''\\'"
    return "'''" * pairs + last + _INDENTED_REPLACEMENTS[follower]


def nix_comment(text: str) -> str:
    """`text` as one line of visible characters: no line end, control or bidirectional character survives."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(ch if _is_visible(ch) else " " for ch in text).split())


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def attribute_name(name: str) -> str:
    """A name as it stands left of `=` in an attribute set: bare where Nix allows it, else quoted."""
    bare = _IDENTIFIER.fullmatch(name) and name not in _KEYWORDS
    return name if bare else nix_string(name)


def nix_path(path: str, up: str = "../") -> str:
    """A Nix path expression, relative to the folder of the file it stands in, of `path` relative to the flake's root ("" : the root).

    Args:
        path: with forward slashes.
        up: the way from that folder, which is `nix/` unless said otherwise, to the flake's root.
    """
    if not path:
        return f"{up}."
    if _PLAIN_PATH.fullmatch(path):
        return f"{up}{path}"
    return f"({up}. + {nix_string('/' + path)})"


@singledispatch
def to_nix(value: object) -> str:
    """The Nix expression of a value, over several lines where nixfmt would break it; lines after the first start at column 0.

    Raises:
        TypeError: the type has no Nix form; nothing is ever printed by its `str`.
    """
    raise TypeError(f"no Nix form for {type(value).__name__}")


to_nix.register(str, nix_string)


@to_nix.register
def _(value: bool) -> str:  # noqa: FBT001 - dispatch is by the type of the one argument
    return "true" if value else "false"


@to_nix.register
def _(value: int) -> str:
    return str(value)


@to_nix.register
def _(value: AttributePath) -> str:
    return f"pkgs.{value}"


@to_nix.register
def _(value: NixExpression) -> str:
    return value.text


@to_nix.register
def _(value: Comment) -> str:
    return f"# {nix_comment(value.text)}"


@to_nix.register
def _(value: Commented) -> str:
    return to_nix(value.value)


@to_nix.register
def _(value: PathLiteral) -> str:
    return nix_path(value.path)


@to_nix.register(Interpolated)
def _interpolated(value: Interpolated) -> str:
    return '"' + "".join(_interpolated_part(part) for part in value.parts) + '"'


def _interpolated_part(part: str | NixExpression | ShellPattern) -> str:
    if isinstance(part, NixExpression):
        return f"${{{part.text}}}"
    if isinstance(part, ShellPattern):
        raise TypeError("a pattern of the shell in a string of Nix")
    text = nix_string(part)[1:-1]
    # A dollar in front of an interpolation would make `$${`, which Nix takes as text.
    return text[:-1] + "\\$" if text.endswith("$") else text


@to_nix.register(Text)
def _text(value: Text) -> str:
    """An indented string where it gives exactly this text back, else a string on one line."""
    text = value.text
    lines = text.split("\n")
    body = lines[:-1]
    plain = (
        len(body) > 1
        and lines[-1] == ""
        and "\r" not in text
        and any(line and not line[0].isspace() for line in body)
        and not any(line.isspace() for line in body)
        and body[0].strip() != ""
    )
    if not plain:
        return nix_string(text)
    return (
        "''\n"
        + "".join(f"{INDENT}{line}\n" if line else "\n" for line in escape_indented(text)[:-1].split("\n"))
        + "''"
    )


@to_nix.register(Script)
def _script(script: Script) -> str:
    return "''\n" + "".join(f"{INDENT}{_shell_line(line)}\n" for line in script.lines) + "''"


def _shell_line(line: ShellLine) -> str:
    words = " ".join(_shell_word(word) for word in line.words)
    remark = escape_indented(nix_comment(line.comment)) if line.comment else ""
    return f"{words} # {remark}" if words and remark else words or f"# {remark}"


def _shell_word(word: str | Interpolated | ShellOperator | ShellPattern | ShellCode) -> str:
    if isinstance(word, ShellCode):
        return escape_indented(word.template.format(*map(_shell_quoted, word.words)) + " ")[:-1]
    if isinstance(word, ShellPattern):
        return escape_indented(_shell_pattern(word) + " ")[:-1]
    if isinstance(word, ShellOperator):
        return word.text
    if isinstance(word, str):
        # a quote at the end would meet whatever follows; a blank always does, so escape with that in view
        return escape_indented(_shell_quoted(word) + " ")[:-1]
    # what follows a part may start with `$`, so a quote at its end is always escaped
    return "".join(
        f"${{{part.text}}}"
        if isinstance(part, NixExpression)
        else escape_indented(_shell_pattern(part) if isinstance(part, ShellPattern) else _shell_quoted(part))
        for part in word.parts
        if part
    )


def _shell_pattern(pattern: ShellPattern) -> str:
    parts = re.split(r"([*?\[\]])", pattern.text)
    return "".join(part if part in {"*", "?", "[", "]"} else _shell_quoted(part) for part in parts if part)


def _shell_quoted(text: str) -> str:
    """A word for bash on one line: a line end inside would be shifted by the indentation of the string around it."""
    return shlex.quote(text).replace("\n", "'$'\\n''")


@to_nix.register(tuple)
def _list(items: tuple[object, ...]) -> str:
    sections = any(isinstance(item, Section) for item in items)
    if not items:
        return "[ ]"
    if (
        len(items) == 1
        and not sections
        and not isinstance(_uncommented(items[0]), (Commented, Comment))
        and "\n" not in (only := to_nix(items[0]))
    ):
        return f"[ {_element(only, items[0])} ]"
    return (
        "[\n"
        + "".join(_indented(line) for item in items for line in _list_lines(item, first=item is items[0]))
        + "]"
    )


def _uncommented(item: object) -> object:
    """An item without its remark when that is empty."""
    return item.value if isinstance(item, Commented) and not item.comment else item


def _list_lines(item: object, *, first: bool) -> list[str]:
    if isinstance(item, Section):
        lines = [] if first else [""]
        lines += [to_nix(Comment(text)) for text in item.comments]
        return lines + [line for inner in item.items for line in _list_lines(inner, first=True)]
    text = to_nix(item)
    if not isinstance(item, Comment):
        text = _element(text, item)
    if isinstance(item, Commented) and item.comment:
        head, *tail = text.split("\n")
        remark = f" # {nix_comment(item.comment)}"
        return [head, *tail[:-1], tail[-1] + remark] if tail else [head + remark]
    return text.split("\n")


def _element(text: str, item: object) -> str:
    """A list's element: function calls and lambdas need parentheses there."""
    inner = item.value if isinstance(item, Commented) else item
    if (
        isinstance(inner, NixExpression)
        and re.search(r"\s", text)
        and not text.startswith(("(", "[", "{", '"', "''"))
    ):
        return f"({text})"
    return text


def _indented(line: str) -> str:
    return f"{INDENT}{line}\n" if line else "\n"


@to_nix.register(Mapping)
def _attribute_set(mapping: Mapping[object, object]) -> str:
    if not mapping:
        return "{ }"
    body: list[str] = []
    for key in sorted(mapping, key=str):
        value = mapping[key]
        name = attribute_name(str(key))
        while isinstance(value, Mapping) and len(value) == 1:
            inner, value = next(iter(value.items()))
            name = f"{name}.{attribute_name(str(inner))}"
        body += f"{name} = {to_nix(value)};".split("\n")
    return "{\n" + "".join(_indented(line) for line in body) + "}"
