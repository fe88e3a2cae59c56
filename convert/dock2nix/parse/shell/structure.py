"""The structure of shell text. The only importer of tree_sitter; lexer.py prepares the text for its grammar."""

from __future__ import annotations

import re
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from dock2nix.parse.shell.lexer import Masked, mask
from dock2nix.parse.shell.syntax import (
    AndOr,
    Arm,
    Branch,
    Case,
    For,
    Function,
    Group,
    If,
    Negation,
    Node,
    Pipeline,
    Redirected,
    RedirectSyntax,
    Script,
    Sequence,
    Simple,
    Span,
    Unparsed,
    While,
)
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tree_sitter


MOST_OPERATORS = 4000
"""The grammar's time grows with the square of these in hostile texts."""
MOST_WORDS = 100_000
_DEEPEST = 40
_MARKS = regex(r"x+|zy*")
_STATEMENTS = frozenset(
    {
        "list",
        "pipeline",
        "command",
        "if_statement",
        "for_statement",
        "c_style_for_statement",
        "while_statement",
        "case_statement",
        "subshell",
        "compound_statement",
        "function_definition",
        "do_group",
        "ERROR",
    }
)
_WHOLE = (_STATEMENTS - {"ERROR"}) | {";", "&", "\n"}


@cache
def _grammar() -> tree_sitter.Parser:
    import tree_sitter  # noqa: PLC0415 - 10 ms that a Dockerfile without RUN need not pay
    import tree_sitter_bash  # noqa: PLC0415

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def read_script(script: Script) -> Sequence:
    """The syntax tree of a script. What cannot be understood is `Unparsed` in it."""
    whole = Span(0, len(script.text))
    marked = mask(script.text, script.dialect)
    if marked.operators > MOST_OPERATORS or len(_MARKS.findall(marked.text)) > MOST_WORDS:
        return Sequence(span=whole, statements=(Unparsed(span=whole, reason="too long to read"),))
    tree = _grammar().parse(marked.text.encode())
    return _Reader(script.text, marked).sequence(tree.root_node, list(tree.root_node.children), 0)


class _Reader:
    """From the grammar's tree over the marked text to ours over the text itself."""

    def __init__(self, text: str, marked: Masked) -> None:
        self.text = text
        self.marked = marked

    def sequence(self, node: tree_sitter.Node, parts: list[tree_sitter.Node], level: int) -> Sequence:
        """The statements among `parts`."""
        statements: list[Node] = []
        background = set()
        for part in parts:
            if part.type == "&" and statements:
                background.add(len(statements) - 1)
            elif part.type == "ERROR":
                statements.extend(self._broken(part, level + 1))
            elif part.type in _STATEMENTS or part.is_missing:
                statements.append(self.statement(part, level + 1))
        span = (
            Span(statements[0].span.start, statements[-1].span.end)
            if statements
            else Span(node.start_byte, node.start_byte)
        )
        return Sequence(span=span, statements=tuple(statements), background=frozenset(background))

    def statement(self, node: tree_sitter.Node, level: int) -> Node:
        if level > _DEEPEST:
            return _unparsed(node, "nested too deeply")
        if node.type == "list":
            return self._list(node, level)
        body: Node
        if node.type == "pipeline":
            parts = tuple(self._part(part, level) for part in node.children if part.is_named)
            body = Pipeline(span=Span(parts[0].span.start, parts[-1].span.end), parts=parts)
        else:
            body = self._part(node, level)
        sign = self.marked.negations.get(node.start_byte)
        return body if sign is None else Negation(span=Span(sign, body.span.end), body=body)

    def _broken(self, node: tree_sitter.Node, level: int) -> Iterator[Node]:
        """Whole statements with which an error starts, then what is left of it."""
        parts = node.children
        whole = list(takewhile(lambda part: part.type in _WHOLE, parts))
        yield from (self.statement(part, level) for part in whole if part.is_named)
        start = parts[len(whole)].start_byte if len(whole) < len(parts) else node.end_byte
        if start < node.end_byte or not whole:
            span = Span(start if whole else node.start_byte, node.end_byte)
            yield Unparsed(span=span, reason="not understood as shell")

    def _list(self, node: tree_sitter.Node, level: int) -> Node:
        """`a && b || c` is nested to the left, as deep as it is long: read from the right."""
        rest: list[tuple[str, Node]] = []
        while node.type == "list":
            left, *between, right = node.children
            if len(between) != 1 or right.type not in _STATEMENTS:
                return _unparsed(node, "an operator where none may stand")
            rest.append((between[0].type, self.statement(right, level + 1)))
            node = left
        first = self.statement(node, level + 1)
        return AndOr(
            span=Span(first.span.start, rest[0][1].span.end), first=first, rest=tuple(reversed(rest))
        )

    def _part(self, node: tree_sitter.Node, level: int) -> Node:
        if node.type == "command":
            return self._simple(node)
        if node.type == "ERROR" or any(part.type == "ERROR" or part.is_missing for part in node.children):
            return _unparsed(node, "not understood as shell")
        body = self._compound(node, level)
        starts = self.marked.trailing.get(node.end_byte)
        if not starts or node.type == "function_definition":
            return body
        redirects = tuple(self.marked.redirects[start] for start in starts)
        return Redirected(span=Span(body.span.start, redirects[-1].span.end), body=body, redirects=redirects)

    def _simple(self, node: tree_sitter.Node) -> Node:
        span = Span(node.start_byte, node.end_byte)
        error = self.marked.error
        if error and error.at < span.end:
            return Unparsed(span=span, reason=error.reason)
        words: list[Span] = []
        redirects: list[RedirectSyntax] = []
        for found in _MARKS.finditer(self.marked.text, *span):
            if found[0][0] == "z":
                redirects.append(self.marked.redirects[found.start()])
            else:
                words.append(Span(*found.span()))
        if re.search(r"[^xyz\s]", self.marked.text[span.start : span.end]):
            return Unparsed(span=span, reason="a reserved word where none may stand")
        return Simple(span=span, words=tuple(words), redirects=tuple(redirects))

    def _compound(self, node: tree_sitter.Node, level: int) -> Node:
        match node.type:
            case "if_statement":
                return self._if(node, level)
            case "for_statement" | "c_style_for_statement":
                return self._for(node, level)
            case "while_statement":
                return self._while(node, level)
            case "case_statement":
                return self._case(node, level)
            case "subshell" | "compound_statement" | "do_group":
                body = self.sequence(node, node.children, level)
                return Group(span=_span(node), body=body, subshell=node.type == "subshell")
            case "function_definition":
                return self._function(node, level)
            case "pipeline" | "list":
                return self.statement(node, level + 1)
        return _unparsed(node, f"{node.type} is not understood")

    def _if(self, node: tree_sitter.Node, level: int) -> Node:
        clauses = [node, *(part for part in node.children if part.type == "elif_clause")]
        otherwise = next((part for part in node.children if part.type == "else_clause"), None)
        return If(
            span=_span(node),
            branches=tuple(self._branch(clause, level) for clause in clauses),
            otherwise=self.sequence(otherwise, otherwise.children, level) if otherwise else None,
        )

    def _branch(self, node: tree_sitter.Node, level: int) -> Branch:
        parts = node.children
        at = next((at for at, part in enumerate(parts) if part.type == "then"), len(parts))
        return Branch(
            condition=self.sequence(node, parts[:at], level), body=self.sequence(node, parts[at:], level)
        )

    def _for(self, node: tree_sitter.Node, level: int) -> Node:
        body = node.child_by_field_name("body")
        if body is None:
            return _unparsed(node, "a loop without body")
        variable = node.child_by_field_name("variable")
        values = tuple(_span(value) for value in node.children_by_field_name("value"))
        listed = any(part.type == "in" for part in node.children)
        return For(
            span=_span(node),
            header=Span(node.start_byte, len(self.text[: body.start_byte].rstrip(" \t\r\n;"))),
            variable=self.text[variable.start_byte : variable.end_byte] if variable else "",
            words=values if listed else None,
            body=self.sequence(body, body.children, level),
            unknown_items=node.type != "for_statement" or node.children[0].type == "select",
        )

    def _while(self, node: tree_sitter.Node, level: int) -> Node:
        body = node.children[-1]
        return While(
            span=_span(node),
            condition=self.sequence(node, node.children[1:-1], level),
            body=self.sequence(body, body.children, level),
            until=node.children[0].type == "until",
        )

    def _case(self, node: tree_sitter.Node, level: int) -> Node:
        subject = node.child_by_field_name("value")
        if subject is None:
            return _unparsed(node, "a case without subject")
        arms = tuple(self._arm(part, level) for part in node.children if part.type == "case_item")
        return Case(span=_span(node), subject=_span(subject), arms=arms)

    def _arm(self, node: tree_sitter.Node, level: int) -> Arm:
        parts = node.children
        at = next((at for at, part in enumerate(parts) if part.type == ")"), len(parts) - 1)
        terminator = parts[-1].type if parts[-1].type in {";;", ";&", ";;&"} else ""
        marks = _MARKS.finditer(self.marked.text, node.start_byte, parts[at].start_byte)
        return Arm(
            patterns=tuple(Span(*found.span()) for found in marks),
            body=self.sequence(node, parts[at:], level),
            terminator=terminator,
        )

    def _function(self, node: tree_sitter.Node, level: int) -> Node:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is None or body is None:
            return _unparsed(node, "a function without body")
        return Function(
            span=_span(node),
            name=self.text[name.start_byte : name.end_byte],
            body=self.statement(body, level + 1),
        )


def _span(node: tree_sitter.Node) -> Span:
    return Span(node.start_byte, node.end_byte)


def _unparsed(node: tree_sitter.Node, reason: str) -> Unparsed:
    return Unparsed(span=_span(node), reason=reason)
