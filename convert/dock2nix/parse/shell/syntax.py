"""The syntax tree of shell text: what stands where, nothing expanded yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.source import Location, SourceText


class Span(NamedTuple):
    """`text[start:end]` of the script that the node belongs to."""

    start: int
    end: int


NO_SPAN = Span(0, 0)
_LONGEST_VALUE = 200
"""So many characters of a variable's value have a place of their own in `placed`."""


class ShellSyntaxError(Exception):
    """Text from `at` on that no shell, or not this parser, can read. Never leaves the shell pass."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class Script(Struct, frozen=True, kw_only=True, eq=False):
    """A text to be read as a program of its own.

    `fixed` is the place of everything in it when the text does not stand in the file as it is (`sh -c "a $B"`). `order` puts
    its commands between those of the script around it. `level` counts the scripts around it.
    """

    source: SourceText
    dialect: str
    fixed: Location | None = None
    order: tuple[int, ...] = ()
    level: int = 0

    @property
    def text(self) -> str:
        return self.source.text

    def locate(self, span: Span) -> Location:
        return self.fixed or self.source.locate(span.start, span.end)

    def written(self, span: Span, limit: int = 2000) -> str:
        """The text there, runs of blanks made one, and not longer than `limit`."""
        return collapsed(self.text[span.start : span.end], limit)


def placed(script: Script, places: tuple[tuple[str, int], ...]) -> SourceText | None:
    """A text made of runs that stand in a script, as far as they stand there; None when one of them does not.

    A run that is not what the script shows (the value of a variable) stands as a whole where the script names it.
    """
    if script.fixed is not None or any(start < 0 for _, start in places):
        return None
    text = ""
    anchors: list[tuple[int, int, int]] = []
    for run, start in places:
        if script.text.startswith(run, start):
            shown = script.source.cut(start, start + len(run))
            anchors += [(len(text) + at, line, column) for at, line, column in shown.anchors]
        else:
            line, column = script.source.position(start)
            anchors += [(len(text) + at, line, column) for at in range(min(len(run), _LONGEST_VALUE))]
        text += run
    kept = {at: (at, line, column) for at, line, column in anchors}
    return replace(script.source, text=text, anchors=tuple(kept.values())) if kept else None


def collapsed(text: str, limit: int) -> str:
    """`text` on one line, runs of blanks and continued lines made one blank, cut to `limit` characters."""
    line = " ".join(text[: limit * 4].replace("\\\n", " ").split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def negated(condition: str) -> str:
    """The text of the opposite condition."""
    return condition.removeprefix("! ") if condition.startswith("! ") else f"! {condition}"


class HeredocSyntax(Struct, frozen=True, kw_only=True, eq=False):
    """A here-document. `body` is None when it does not stand in the same text."""

    name: str
    expand: bool
    chomp: bool
    body: Span | None = None


class RedirectSyntax(Struct, frozen=True, kw_only=True, eq=False):
    """`target` is the word behind the operator: for a here-document its delimiter."""

    span: Span
    operator: str
    descriptor: int | None
    target: Span
    heredoc: HeredocSyntax | None = None


class Simple(Struct, frozen=True, kw_only=True, eq=False):
    """Assignments, words and redirections; `[[ … ]]` and `(( … ))` are one word."""

    span: Span
    words: tuple[Span, ...]
    redirects: tuple[RedirectSyntax, ...]


class Sequence(Struct, frozen=True, kw_only=True, eq=False):
    """Statements one after the other; those in `background` (positions) end with `&`."""

    span: Span
    statements: tuple[Node, ...]
    background: frozenset[int] = frozenset()


class AndOr(Struct, frozen=True, kw_only=True, eq=False):
    """`first && b || c`: both operators bind equally, from the left."""

    span: Span
    first: Node
    rest: tuple[tuple[str, Node], ...]


class Pipeline(Struct, frozen=True, kw_only=True, eq=False):
    """Two or more statements, each reading what the one before writes."""

    span: Span
    parts: tuple[Node, ...]


class Negation(Struct, frozen=True, kw_only=True, eq=False):
    """`! body`."""

    span: Span
    body: Node


class Group(Struct, frozen=True, kw_only=True, eq=False):
    """`{ …; }`, or `( … )` when `subshell`."""

    span: Span
    body: Sequence
    subshell: bool


class Branch(Struct, frozen=True, kw_only=True, eq=False):
    """The `if` or `elif` condition and what it guards."""

    condition: Sequence
    body: Sequence


class If(Struct, frozen=True, kw_only=True, eq=False):
    """`otherwise` is the `else` part."""

    span: Span
    branches: tuple[Branch, ...]
    otherwise: Sequence | None


class For(Struct, frozen=True, kw_only=True, eq=False):
    """`words` is None for a loop over the positional parameters; `unknown_items` for `select` and `for ((…))`."""

    span: Span
    header: Span
    variable: str
    words: tuple[Span, ...] | None
    body: Sequence
    unknown_items: bool = False


class While(Struct, frozen=True, kw_only=True, eq=False):
    """`until` turns the condition round."""

    span: Span
    condition: Sequence
    body: Sequence
    until: bool


class Arm(Struct, frozen=True, kw_only=True, eq=False):
    """One `pattern|pattern) body` of a case; `terminator` is `;;`, `;&`, `;;&` or ""."""

    patterns: tuple[Span, ...]
    body: Sequence
    terminator: str


class Case(Struct, frozen=True, kw_only=True, eq=False):
    """`case subject in arms esac`."""

    span: Span
    subject: Span
    arms: tuple[Arm, ...]


class Function(Struct, frozen=True, kw_only=True, eq=False):
    """A definition; its body is any compound command."""

    span: Span
    name: str
    body: Node


class Redirected(Struct, frozen=True, kw_only=True, eq=False):
    """A compound command with redirections of its own."""

    span: Span
    body: Node
    redirects: tuple[RedirectSyntax, ...]


class Unparsed(Struct, frozen=True, kw_only=True, eq=False):
    """Text that could not be understood."""

    span: Span
    reason: str


Node = (
    Simple
    | Sequence
    | AndOr
    | Pipeline
    | Negation
    | Group
    | If
    | For
    | While
    | Case
    | Function
    | Redirected
    | Unparsed
)


def children(node: Node) -> Iterator[Node]:
    """The statements directly inside a statement, in order."""
    match node:
        case Sequence():
            yield from node.statements
        case AndOr():
            yield node.first
            yield from (part for _, part in node.rest)
        case Pipeline():
            yield from node.parts
        case If():
            for branch in node.branches:
                yield from (branch.condition, branch.body)
            yield from [node.otherwise] if node.otherwise else []
        case While():
            yield from (node.condition, node.body)
        case Case():
            yield from (arm.body for arm in node.arms)
        case Negation() | Group() | For() | Function() | Redirected():
            yield node.body
        case Simple() | Unparsed():
            return


def simple_commands(node: Node) -> Iterator[Simple]:
    """All simple commands in a statement, in order, those in functions it defines included."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Simple):
            yield current
        waiting.extend(reversed(list(children(current))))
