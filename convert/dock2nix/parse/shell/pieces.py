"""Shell text cut where it can be run piece by piece: between the operands of `&&` and the statements at its top level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.parse.shell.structure import read_script
from dock2nix.parse.shell.syntax import AndOr, Function, Node, Script, Sequence, Simple, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.source import SourceText


class Piece(Struct, frozen=True, kw_only=True):
    """A part of a text that comes to the same when it is run by itself, in the state that the parts before it left.

    `words` are those of a lone simple command as written, () for anything else. `required`: the text fails when this does.
    `background`: nobody waits for it. `function`: it only defines one.
    """

    source: SourceText
    words: tuple[str, ...] = ()
    required: bool = True
    background: bool = False
    function: bool = False

    @property
    def text(self) -> str:
        """The piece as written, continued lines joined."""
        return self.source.text


def pieces_of(source: SourceText, dialect: str) -> tuple[Piece, ...]:
    """The pieces of a shell text, in order.

    What stands before a `||` stays with it, since only together they cannot fail. Whether a statement that is not the last one
    may fail is a matter of `set -e`, too, which is not looked at here.

    Args:
        source: the text of a RUN, or of a here-document.
        dialect: the shell it is for (sh, bash …).
    """
    script = Script(source=source, dialect=dialect)
    tree = read_script(script)
    return tuple(_pieces(tree, script))


def _pieces(tree: Sequence, script: Script) -> Iterator[Piece]:
    last = len(tree.statements) - 1
    for at, statement in enumerate(tree.statements):
        parts = list(_operands(statement))
        for span, node in parts:
            yield Piece(
                source=script.source.cut(*span),
                words=_words(node, script),
                required=at == last or len(parts) > 1,
                background=at in tree.background,
                function=isinstance(node, Function),
            )


def _operands(statement: Node) -> Iterator[tuple[Span, Node]]:
    """The operands of `&&`, those in front of a `||` together with it."""
    if not isinstance(statement, AndOr):
        yield statement.span, statement
        return
    nodes = [statement.first, *(node for _, node in statement.rest)]
    joined = max((at for at, (operator, _) in enumerate(statement.rest, 1) if operator == "||"), default=0)
    first = nodes[0] if not joined else statement
    yield Span(nodes[0].span.start, nodes[joined].span.end), first
    for node in nodes[joined + 1 :]:
        yield node.span, node


def _words(node: Node, script: Script) -> tuple[str, ...]:
    if not isinstance(node, Simple) or node.redirects:
        return ()
    return tuple(script.text[span.start : span.end] for span in node.words)
