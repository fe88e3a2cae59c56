"""Which lines of the Dockerfile a line of a generated file is for, read out of the remarks that the generated files have anyway.

A reader of the files has these remarks and nothing else, so what a page shows beside them comes from the same source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A remark on its own line: `# 14: COPY app ./app`, of all that follows it; `# UNRESOLVED 23: bash -`, of nothing but itself.
_ABOVE = regex(r"( *)# ([0-9]{1,7}): .*")
_OPEN = regex(r" *# UNRESOLVED ([0-9]{1,7}): .*")
# One behind code: ` # 14: COPY app ./app`, ` # 4`.
_BEHIND = regex(r".* # ([0-9]{1,7})(?:: .*)?")
_SCRIPT = regex(r" *(?:extraCommands|fakeRootCommands|runAsRoot) = ''")
_CONFIG = regex(r"    ([A-Z][A-Za-z]+)(?:\.[^=]*)? = .*")
_NAMED = regex(r" +(?:\(?pkgs\.|ps\.|inputs\.|[A-Za-z]).* # (\S+).*")


def linked_lines(text: str, places: Mapping[str, int]) -> tuple[int, ...]:
    """For each line of a generated file the line of the Dockerfile that asked for it; 0 where none did.

    Args:
        text: the file.
        places: keys of the image's configuration with the line that sets them, as in `Report.places`.
    """
    lines = text.split("\n")
    found = [0] * len(lines)
    block = _Block()
    script = _Script()
    config = _Configuration(places)
    for at, line in enumerate(lines):
        found[at] = _own(line) or script.next(line) or config.next(line) or block.next(line)
        script.note(line)
        block.note(line)
    return tuple(found)


def named_lines(text: str, links: tuple[int, ...], asked: Mapping[tuple[int, str], int]) -> tuple[int, ...]:
    """The links of a list of packages, each at the line in which the package is named and not where its command begins.

    Args:
        text: the list.
        links: what `linked_lines` says of it.
        asked: (the line of a command, the name of a package) → the line that names it.
    """
    lines = text.split("\n")
    return tuple(_named(line, link, asked) for line, link in zip(lines, links, strict=True))


def _named(line: str, link: int, asked: Mapping[tuple[int, str], int]) -> int:
    match = _NAMED.fullmatch(line)
    if not (link and match):
        return link
    name = match[1]
    bare = regex(r"[<>=!~\[@;].*").sub("", name)
    return asked.get((link, name), asked.get((link, bare), link))


def _own(line: str) -> int:
    for form, group in ((_OPEN, 1), (_ABOVE, 2), (_BEHIND, 1)):
        match = form.fullmatch(line)
        if match:
            return int(match[group])
    return 0


class _Block:
    """What stands under a remark of its own line: as far as the indentation goes, or to the next empty line."""

    def __init__(self) -> None:
        self.line = 0
        self.indent = 0

    def next(self, line: str) -> int:
        if not line.strip():
            self.line = self.line if self.indent == 0 else 0
            return 0
        if len(line) - len(line.lstrip(" ")) < self.indent:
            self.line = 0
        return self.line

    def note(self, line: str) -> None:
        match = _ABOVE.fullmatch(line)
        if match:
            # remarks at the top of a stage's file: the first of them, FROM, stands for the whole
            keep = not match[1] and self.line
            self.line = self.line if keep else int(match[2])
            self.indent = len(match[1])


class _Script:
    """Commands that put files in their places: what has no number goes with the one before."""

    def __init__(self) -> None:
        self.inside = False
        self.line = 0

    def next(self, line: str) -> int:
        return self.line if self.inside and " # " not in line and line.strip() != "'';" else 0

    def note(self, line: str) -> None:
        if _SCRIPT.fullmatch(line):
            self.inside, self.line = True, 0
        elif line.strip() == "'';":
            self.inside = False
        elif self.inside and (" # " in line or line.lstrip().startswith("# ")):
            self.line = 0 if _OPEN.fullmatch(line) else _own(line)


class _Configuration:
    """`config = { Cmd = [ … ]; … }`: each key with its value, over as many lines as that has."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.places = places
        self.inside = False
        self.line = 0

    def next(self, line: str) -> int:
        if line == "  config = {":
            self.inside = True
        elif line == "  };":
            self.inside = False
        if not self.inside:
            return 0
        match = _CONFIG.fullmatch(line)
        if match:
            self.line = self._line_of(match[1], line.strip())
        return self.line

    def _line_of(self, key: str, text: str) -> int:
        if key in self.places:
            return self.places[key]
        below: Iterable[tuple[str, int]] = (
            (name.removeprefix(f"{key}."), line)
            for name, line in self.places.items()
            if name.startswith(f"{key}.")
        )
        lines = [line for name, line in below if text.startswith((f'{key}."{name}"', f"{key}.{name} "))]
        return lines[0] if lines else 0
