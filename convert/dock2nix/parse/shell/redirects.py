"""Redirections of one command: their targets expanded, the bodies of here-documents as the command reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from dock2nix.model.shell import Redirect
from dock2nix.model.source import SourceText
from dock2nix.parse.shell.state import Scalar, Unknown
from dock2nix.parse.shell.syntax import HeredocSyntax, RedirectSyntax, Script, Simple, Span, placed
from dock2nix.parse.shell.words import read_heredoc

if TYPE_CHECKING:
    from dock2nix.parse.shell.context import Context
    from dock2nix.parse.shell.evaluate import Evaluator
    from dock2nix.parse.shell.state import State


class Input(NamedTuple):
    """Standard input that a redirection gives: the text, and where it stands if it stands in the file as it is."""

    text: Scalar
    source: SourceText | None = None


class Redirections(NamedTuple):
    """`input` is None when standard input is not redirected; `output` is true when standard output is."""

    redirects: tuple[Redirect, ...] = ()
    input: Input | None = None
    output: bool = False


NOT_REDIRECTED = Redirections()


class _Place(NamedTuple):
    """The body of a here-document: `whole` when it stands in the file as it is, `expand` when the shell expands it."""

    script: Script
    span: Span
    whole: bool
    expand: bool


def redirects_of(
    evaluator: Evaluator,
    syntax: tuple[RedirectSyntax, ...],
    node: Simple | None,
    context: Context,
    state: State,
) -> Redirections:
    """The redirections as a `ShellCommand` shows them, and what they mean for input and output."""
    if not syntax:
        return NOT_REDIRECTED
    redirects = []
    given: Input | None = None
    output = False
    for one in syntax:
        if one.heredoc is not None:
            text = _heredoc(evaluator, one, one.heredoc, node, context, state)
            redirect = _heredoc_redirect(one, text)
        else:
            redirect, text = _file_redirect(evaluator, one, node, context, state)
        redirects.append(redirect)
        if one.operator.startswith("<") and one.operator != "<&" and not one.descriptor:
            given = text
        output = output or (one.operator.startswith((">", "&>")) and one.descriptor in {None, 1})
    return Redirections(tuple(redirects), given, output)


def _heredoc_redirect(syntax: RedirectSyntax, text: Input) -> Redirect:
    body = text.text if isinstance(text.text, str) else None
    return Redirect(operator=syntax.operator, descriptor=syntax.descriptor, target=None, body=body)


def _file_redirect(
    evaluator: Evaluator, syntax: RedirectSyntax, node: Simple | None, context: Context, state: State
) -> tuple[Redirect, Input]:
    target = evaluator.expander(node, context, state).target(syntax.target)
    text: Scalar = Unknown("the contents of a file")
    body = None
    if syntax.operator == "<<<":
        body = None if target.value is None else target.value + "\n"
        text = Unknown(target.unknown) if body is None else body
    redirect = Redirect(operator=syntax.operator, descriptor=syntax.descriptor, target=target, body=body)
    return redirect, Input(text)


def _heredoc(
    evaluator: Evaluator,
    syntax: RedirectSyntax,
    heredoc: HeredocSyntax,
    node: Simple | None,
    context: Context,
    state: State,
) -> Input:
    place = _place(evaluator, syntax, heredoc, context)
    if place is None:
        return Input(Unknown("a here-document without body"))
    if not place.expand:
        source = place.script.source.cut(*place.span) if place.whole else None
        return Input(place.script.text[slice(*place.span)], source)
    inner = replace(context, script=place.script)
    parts = read_heredoc(place.script.text, place.span, place.script.dialect)
    text, places = evaluator.expander(node, inner, state).placed(parts)
    return Input(text, placed(place.script, places) if isinstance(text, str) else None)


def _place(
    evaluator: Evaluator, syntax: RedirectSyntax, heredoc: HeredocSyntax, context: Context
) -> _Place | None:
    script = context.script
    if heredoc.body is None:
        return _outside(evaluator, syntax, heredoc, script)
    text = script.text[slice(*heredoc.body)]
    unindented = re.sub(r"(?m)^\t+", "", text) if heredoc.chomp else text
    if unindented == text:
        return _Place(script, heredoc.body, script.fixed is None, heredoc.expand)
    made = _made_script(script, syntax, SourceText.at(script.source.path, unindented), in_place=False)
    return _Place(made, Span(0, len(unindented)), whole=False, expand=heredoc.expand)


def _outside(
    evaluator: Evaluator, syntax: RedirectSyntax, heredoc: HeredocSyntax, script: Script
) -> _Place | None:
    """The body that the Dockerfile's parser found behind the instruction."""
    found = evaluator.heredoc(syntax, heredoc.name)
    if found is None:
        return None
    whole = found.source.text == found.body
    source = found.source if whole else SourceText.at(script.source.path, found.body)
    made = _made_script(script, syntax, source, in_place=whole)
    return _Place(made, Span(0, len(found.body)), whole, found.expand)


def _made_script(script: Script, syntax: RedirectSyntax, source: SourceText, *, in_place: bool) -> Script:
    fixed = None if in_place else script.locate(syntax.span)
    return Script(
        source=source, dialect=script.dialect, fixed=fixed, order=(*script.order, syntax.span.start)
    )
