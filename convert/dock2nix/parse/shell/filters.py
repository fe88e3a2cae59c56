"""Small text filters (`cut`, `tr`, `sed 's/…/…/'` …) on input that is known. None: this use is not evaluated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MOST_STEPS = 20_000_000
"""What a regular expression with repetitions may cost: the text's length to the power of their number and one more."""
_TR_CLASSES = {
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\v\f",
    "[:blank:]": " \t",
}
_TR_ITEM = regex(r"\[:[a-z]+:\]|\\([nt\\])|([^\\])-([^\\])|(.)", re.DOTALL)
_AWK_ITEM = r"\$[0-9]+|\$NF|\$\(NF *- *[0-9]\)|\"[^\"\\]*\""
_AWK = regex(rf"\{{ *print +((?:{_AWK_ITEM})(?: *(?:{_AWK_ITEM}))*) *;? *\}}")
_AWK_ITEMS = regex(r"\$([0-9]+)|\$(?:\(?(NF)(?: *- *([0-9])\))?)|\"([^\"]*)\"")
_SED_ATOM = regex(
    r"(?P<group>\\?[()])|\\(?P<escaped>[./\-+\\*^$\[\]{}|&_@:,#])|(?P<bracket>\[\^?\]?[^\]\[\\]*\])|(?P<plain>[^\\\[(){}*+?|])"
)


def _cat(arguments: Sequence[str], text: str) -> str | None:
    return text if list(arguments) in ([], ["-"]) else None


def _tee(_arguments: Sequence[str], text: str) -> str:
    return text


def _head(arguments: Sequence[str], text: str) -> str | None:
    count = _line_count(arguments)
    return None if count is None else "".join(text.splitlines(keepends=True)[:count])


def _tail(arguments: Sequence[str], text: str) -> str | None:
    count = _line_count(arguments)
    return None if count is None else "".join(text.splitlines(keepends=True)[-count:] if count else [])


def _line_count(arguments: Sequence[str]) -> int | None:
    found = re.fullmatch(r"(?:-n ?|-|--lines=)([0-9]{1,6})|", " ".join(arguments))
    return None if not found else int(found[1] or 10)


def _cut(arguments: Sequence[str], text: str) -> str | None:
    options = _separated(arguments, "dfc")
    if options is None or ("f" in options) == ("c" in options):
        return None
    chosen = _positions(options.get("f") or options.get("c") or "")
    if chosen is None:
        return None
    return "".join(
        _cut_line(line, options.get("d", "\t"), chosen, "f" in options) + "\n" for line in text.splitlines()
    )


def _cut_line(line: str, separator: str, chosen: Sequence[tuple[int, int]], fields: bool) -> str:  # noqa: FBT001
    parts = line.split(separator) if fields else list(line)
    if fields and len(parts) == 1:
        return line
    kept = [part for at, part in enumerate(parts, 1) if any(first <= at <= last for first, last in chosen)]
    return (separator if fields else "").join(kept)


def _positions(text: str) -> list[tuple[int, int]] | None:
    """`1,3-5,7-` as pairs of first and last."""
    pairs = []
    for item in text.split(","):
        found = re.fullmatch(r"([0-9]{1,6})?(-)?([0-9]{1,6})?", item)
        if not found or not item or item == "-":
            return None
        first = int(found[1] or 1)
        pairs.append((first, int(found[3] or 10**9) if found[2] else first))
    return pairs


def _separated(arguments: Sequence[str], letters: str) -> dict[str, str] | None:
    """Options with a value, glued or apart; None when there is anything else."""
    options: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if len(word) < 2 or word[0] != "-" or word[1] not in letters:
            return None
        if len(word) == 2 and not waiting:
            return None
        options[word[1]] = word[2:] or waiting.pop(0)
    return options


def _tr(arguments: Sequence[str], text: str) -> str | None:
    option = arguments[0] if arguments and arguments[0].startswith("-") else ""
    sets = [_tr_set(word) for word in arguments[1 if option else 0 :]]
    if option == "-d" and len(sets) == 1 and sets[0]:
        return "".join(character for character in text if character not in (sets[0] or ""))
    if option or len(sets) != 2 or not sets[0] or not sets[1]:
        return None
    table = {ord(a): sets[1][min(at, len(sets[1]) - 1)] for at, a in reversed(list(enumerate(sets[0])))}
    return text.translate(table)


def _tr_set(word: str) -> str | None:
    characters: list[str] = []
    for found in _TR_ITEM.finditer(word):
        if found[0].startswith("[:") and found[0] in _TR_CLASSES:
            characters.append(_TR_CLASSES[found[0]])
        elif found[1]:
            characters.append({"n": "\n", "t": "\t", "\\": "\\"}[found[1]])
        elif found[2]:
            characters += [
                chr(code) for code in range(ord(found[2]), min(ord(found[3]), ord(found[2]) + 300) + 1)
            ]
        elif found[4] and found[4] != "\\":
            characters.append(found[4])
        else:
            return None
    return "".join(characters)


def _awk(arguments: Sequence[str], text: str) -> str | None:
    options = _separated(arguments[:-1], "F")
    program = _AWK.fullmatch(arguments[-1].strip()) if arguments else None
    separator = (options or {}).get("F", " ")
    if options is None or not program or len(separator) != 1:
        return None
    items = _AWK_ITEMS.findall(program[1])
    lines = []
    for line in text.splitlines():
        fields = [line, *(line.split() if separator == " " else line.split(separator))]
        picked = [_awk_item(fields, *item) for item in items]
        if None in picked:
            return None
        lines.append("".join(one or "" for one in picked) + "\n")
    return "".join(lines)


def _awk_item(fields: Sequence[str], number: str, last: str, back: str, constant: str) -> str | None:
    """A field, counted from the first or from the last (`$NF`), or a text; None for one in front of the whole line."""
    if not (number or last):
        return constant
    at = int(number) if number else len(fields) - 1 - int(back or 0)
    if at < 0:
        return None
    return fields[at] if at < len(fields) else ""


# --- sed ---------------------------------------------------------------------------------------------------------------------


def _sed(arguments: Sequence[str], text: str) -> str | None:
    extended = bool({"-E", "-r"} & set(arguments))
    scripts = [word for word in arguments if word not in {"-E", "-r", "-e"}]
    if not scripts or any(script.startswith("-") for script in scripts):
        return None
    if len(scripts) > 1 and arguments.count("-e") != len(scripts):
        return None
    for script in (part for whole in scripts for part in whole.split(";") if part.strip()):
        substituted = _sed_substitute(script.strip(), text, extended=extended)
        if substituted is None:
            return None
        text = substituted
    return text


def _sed_substitute(script: str, text: str, *, extended: bool) -> str | None:
    separator = script[1:2]
    parts = (
        re.split(rf"(?<!\\){re.escape(separator)}", script[2:])
        if separator and separator not in "\\\n"
        else []
    )
    if script[:1] != "s" or len(parts) != 3 or parts[2] not in {"", "g"}:
        return None
    longest = max(map(len, text.splitlines()), default=0)
    expression = _regular_expression(
        parts[0].replace("\\" + separator, separator), extended=extended, longest=longest
    )
    replacement = _sed_replacement(parts[1].replace("\\" + separator, separator))
    if expression is None or replacement is None:
        return None
    try:
        compiled = re.compile(expression)
        lines = [compiled.sub(replacement, line, count=0 if parts[2] else 1) for line in text.splitlines()]
    except (re.error, IndexError):
        return None
    return "".join(line + "\n" for line in lines)


def _regular_expression(written: str, *, extended: bool, longest: int) -> str | None:
    """Python's spelling of a harmless sed expression: characters, brackets, flat groups, few repetitions for long lines."""
    result: list[str] = []
    at, repeated, groups = 0, 0, 0
    while at < len(written):
        found = _SED_ATOM.match(written, at)
        if not found:
            return None
        at = found.end()
        if found["group"]:
            if (found["group"][0] == "\\") == extended:
                result.append(re.escape(found["group"][-1]))
            else:
                groups += found["group"][-1] == "("
                result.append(found["group"][-1])
            continue
        result.append(_sed_atom(found, at, written))
        if written[at : at + 1] in (("*", "+", "?") if extended else ("*",)):
            result.append(written[at])
            repeated += 1
            at += 1
    return "".join(result) if longest ** (repeated + 1) <= _MOST_STEPS and groups <= 9 else None


def _sed_atom(found: re.Match[str], at: int, written: str) -> str:
    if found["bracket"]:
        return found["bracket"]
    if found["escaped"]:
        return re.escape(found["escaped"])
    plain = found["plain"]
    special = plain == "." or (plain == "^" and at == 1) or (plain == "$" and at == len(written))
    return plain if special else re.escape(plain)


def _sed_replacement(written: str) -> str | None:
    pieces = re.findall(r"\\(.)|(&)|([^\\&]+)", written, flags=re.DOTALL)
    if any(escaped and not (escaped.isdigit() or escaped in "/&\\.-") for escaped, _, _ in pieces):
        return None
    return "".join(
        (f"\\g<{escaped}>" if escaped.isdigit() else escaped.replace("\\", r"\\"))
        if escaped
        else "\\g<0>"
        if whole
        else plain
        for escaped, whole, plain in pieces
    )


FILTERS: Mapping[str, Callable[[Sequence[str], str], str | None]] = {
    "awk": _awk,
    "cat": _cat,
    "cut": _cut,
    "head": _head,
    "sed": _sed,
    "tail": _tail,
    "tee": _tee,
    "tr": _tr,
}
