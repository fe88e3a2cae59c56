"""Follows a script without running it: which commands run, with which words, under which condition."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.shell import Certainty, Redirect
from dock2nix.model.source import SourceText
from dock2nix.parse.shell.commands import run_simple
from dock2nix.parse.shell.conditions import inverted
from dock2nix.parse.shell.context import Context, Result, joined
from dock2nix.parse.shell.expand import Expander
from dock2nix.parse.shell.loops import changed_by
from dock2nix.parse.shell.patterns import compile_pattern
from dock2nix.parse.shell.record import Inherited, Recorder, Surroundings, TooMuchError
from dock2nix.parse.shell.redirects import Redirections, redirects_of
from dock2nix.parse.shell.state import RUNNING, Scalar, State, Unknown, merged, weaker
from dock2nix.parse.shell.syntax import (
    AndOr,
    Arm,
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
    negated,
)
from dock2nix.parse.shell.words import Substitution, read_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.model.dockerfile import Heredoc
    from dock2nix.parse.shell.commands import Call

MOST_STEPS = 20_000
MOST_ITEMS = 1000
MOST_TEXT = 3_000_000
DEEPEST = 100
"""Levels of nesting followed; a script inside a script, or a call of a function, counts for `CALL_DEPTH` of them."""
CALL_DEPTH = 4
_LOOP_SCOPES = ("break", "continue")


def _either_way(results: list[Result]) -> Result:
    """What is known of several ways of which one is gone."""
    statuses = {result.status for result in results}
    outputs = {result.output for result in results}
    return Result(
        status=statuses.pop() if len(statuses) == 1 else None,
        output=outputs.pop() if len(outputs) == 1 else Unknown("the output depends on a condition"),
        asked={True, False} <= statuses or any(result.asked for result in results),
    )


class Evaluator:
    """One walk through a script and all scripts in it. `read` makes the syntax tree of a text."""

    def __init__(
        self,
        read: Callable[[Script], Sequence],
        *,
        platform: str,
        heredocs: tuple[Heredoc, ...] = (),
        unroll: bool = True,
    ) -> None:
        self.platform = platform
        self.recorder = Recorder()
        self.uncalled: dict[Function, tuple[Script, State]] = {}
        self._read = read
        self._unroll = unroll
        self._steps = 0
        self._text = 0
        self._waiting_heredocs = list(heredocs)
        self._heredocs: dict[RedirectSyntax, Heredoc | None] = {}
        self._trees: dict[tuple[Script, int, str, str], tuple[Script, Sequence]] = {}

    # --- scripts -------------------------------------------------------------------------------------------------------

    def run_script(self, script: Script, state: State) -> None:
        """Follow a whole script, then the functions that nobody called.

        Raises:
            TooMuchError: the script asks for more steps than `MOST_STEPS`.

        """
        self.run(self._read(script), Context(script=script, required=True), state)
        self.run_uncalled()

    def run_uncalled(self) -> None:
        """Follow the functions that were defined and not called."""
        while self.uncalled:
            function, (home, defined) = next(iter(self.uncalled.items()))
            del self.uncalled[function]
            state = defined.copy()
            state.positional = Unknown("the function is never called")
            self.run(function.body, Context(script=home).never(f"{function.name} is never called"), state)

    def nested(
        self, parent: Script, place: Span, body: str, source: SourceText | None = None, dialect: str = ""
    ) -> tuple[Script, Sequence]:
        """The script `body` found at `place` of its parent; `source` when it stands in the file as it is."""
        dialect = dialect or parent.dialect
        key = (parent, place.start, body, dialect)
        if key not in self._trees:
            self.spend(text=len(body))
            script = Script(
                source=source or SourceText.at(parent.source.path, body),
                dialect=dialect,
                fixed=None if source else parent.locate(place),
                order=(*parent.order, place.start),
            )
            self._trees[key] = (script, self._read(script))
        return self._trees[key]

    def spend(self, *, steps: int = 0, text: int = 0) -> None:
        """Count work: statements followed, characters of scripts inside scripts and of variables shown.

        Raises:
            TooMuchError: that is more than any real script asks for.

        """
        self._steps += steps
        self._text += text
        if self._steps > MOST_STEPS or self._text > MOST_TEXT:
            raise TooMuchError

    def heredoc(self, syntax: RedirectSyntax, name: str) -> Heredoc | None:
        """The body that goes with a here-document of the command: the next one of its name."""
        if syntax not in self._heredocs:
            found = next((one for one in self._waiting_heredocs if one.name == name), None)
            if found is not None:
                self._waiting_heredocs.remove(found)
            self._heredocs[syntax] = found
        return self._heredocs[syntax]

    def expander(self, node: Simple | None, context: Context, state: State) -> Expander:
        """Expands words of the context's script; substitutions in them belong to the command `node`."""

        def run(part: Substitution) -> Scalar:
            result = self._substitute(part, node, context, state)
            expander.status = result.status
            return result.output

        expander = Expander(context.script, state, run)
        return expander

    def _substitute(self, part: Substitution, node: Simple | None, context: Context, state: State) -> Result:
        parent = context.script
        place = part.inside or Span(part.start, part.start + len(part.text))
        source = parent.source.cut(*part.inside) if part.inside and parent.fixed is None else None
        script, tree = self.nested(parent, place, part.body, source)
        around = Surroundings(wrappers=context.around.wrappers, owner=node, substituted=True)
        inner = Context(
            script=script, certainty=context.certainty, around=around, depth=context.depth + CALL_DEPTH
        )
        result = self.run(tree, inner, subshell := state.copy())
        status = False if subshell.failed and not state.failed else result.status
        if part.process or isinstance(result.output, Unknown):
            return Result(status, Unknown(" ".join(part.text.split())[:60]), asked=result.asked)
        return Result(status, result.output.rstrip("\n"), asked=result.asked)

    # --- statements ----------------------------------------------------------------------------------------------------

    def run(self, node: Node, context: Context, state: State) -> Result:
        """Follow one statement; `state` becomes what it is behind it.

        Raises:
            TooMuchError: the script asks for more steps than `MOST_STEPS`.

        """
        self.spend(steps=1)
        context = replace(context, depth=context.depth + 1)
        if context.depth > DEEPEST:
            node = Unparsed(span=node.span, reason="nested too deeply")
        left = state.left()
        if left[0] == Certainty.NEVER:
            self._run(node, replace(context, certainty=left), state.revived())
            return Result(None, "")
        result = self._run(node, context, state)
        if result.status is not None and result.asked:
            result = result._replace(asked=False)
        if left[0] == Certainty.ALWAYS or result.output == "":
            return result
        return result._replace(output=Unknown("the output depends on a condition"))

    def _run(self, node: Node, context: Context, state: State) -> Result:
        match node:
            case Simple():
                return run_simple(self, node, context, state)
            case Sequence():
                return self._sequence(node, context, state)
            case AndOr():
                return self._and_or(node, context, state)
            case Pipeline():
                return self._pipeline(node, context, state)
            case Negation():
                result = self.run(node.body, replace(context, required=False), state)
                return Result(inverted(result.status), result.output, asked=True)
            case Group():
                return self._group(node, context, state)
            case _:
                return self._compound(node, context, state)

    def _compound(self, node: Node, context: Context, state: State) -> Result:
        match node:
            case If():
                return self._if(node, context, state)
            case For():
                return self._for(node, context, state)
            case While():
                return self._while(node, context, state)
            case Case():
                return self._case(node, context, state)
            case Redirected():
                return self._redirected(node, context, state)
            case Function():
                state.functions[node.name] = ((node, context.script),)
                self.uncalled.setdefault(node, (context.script, state.copy()))
                return Result(status=True)
            case Unparsed():
                return self._unparsed(node, context, state)
            case _:
                raise AssertionError(node)

    def _redirected(self, node: Redirected, context: Context, state: State) -> Result:
        found = redirects_of(self, node.redirects, None, context, state)
        result = self.run(node.body, self._inside(node.redirects, found, context, state), state)
        return result._replace(output="") if found.output else result

    def inside(self, call: Call, state: State) -> Context:
        """The context of the commands that a command starts: its redirections are theirs too."""
        return self._inside(call.node.redirects, call.redirections, call.context, state)

    def _inside(
        self, syntax: tuple[RedirectSyntax, ...], found: Redirections, context: Context, state: State
    ) -> Context:
        if not syntax:
            return context
        inherited = Inherited(context.script, syntax, found.redirects, self.certainty(context, state))
        around = context.around._replace(inherited=(inherited, *context.around.inherited))
        if found.input is None:
            return replace(context, around=around)
        around = around._replace(stdin_from=None)
        return replace(
            context, around=around, piped=None, stdin=found.input.text, stdin_source=found.input.source
        )

    def certainty(self, context: Context, state: State) -> tuple[Certainty, str]:
        """How certain it is that a command runs there."""
        return weaker(context.certainty, state.left())

    def _unparsed(self, node: Unparsed, context: Context, state: State) -> Result:
        return self.give_up(node, node.reason, context, state)

    def give_up(self, node: Node, reason: str, context: Context, state: State) -> Result:
        """Note a statement that is not understood: whatever it does to the state is not known."""
        self.recorder.opaque(context.script, node.span, reason)
        state.forget_all("may be set by shell text that is not understood")
        state.stops["exit"] = weaker(
            state.stops.get("exit", RUNNING),
            (Certainty.CONDITIONAL, "shell text that is not understood stands before"),
        )
        return Result(None, Unknown("shell text that is not understood"))

    def _sequence(self, node: Sequence, context: Context, state: State) -> Result:
        result = Result(status=True)
        for at, statement in enumerate(node.statements):
            if at in node.background:
                self.run(statement, replace(context, required=False), state.copy())
                result = Result(None, Unknown("a background process writes too"))
                continue
            checked = "e" in state.options and not isinstance(statement, AndOr)
            required = context.required and (checked or at == len(node.statements) - 1)
            following = self.run(statement, replace(context, required=required), state)
            result = following._replace(output=joined(result.output, following.output))
        return result

    def _and_or(self, node: AndOr, context: Context, state: State) -> Result:
        must = max((at for at, (operator, _) in enumerate(node.rest, 1) if operator == "||"), default=0)
        result = self.run(node.first, replace(context, required=context.required and must == 0), state)
        left: Node = node.first  # or the last question before the operator: the condition of what follows
        for at, (operator, part) in enumerate(node.rest, 1):
            inner = replace(context, required=context.required and at >= must)
            condition = context.script.written(left.span, 200)
            step = self._and if operator == "&&" else self._or
            asked = result.asked and operator == "&&"
            result, right = step(part, inner, state, result, condition)
            left = left if asked and not right.asked else part
        return result

    def _and(
        self, part: Node, context: Context, state: State, left: Result, condition: str
    ) -> tuple[Result, Result]:
        """What `left && part` comes to, and `part` alone."""
        if left.status is False:
            self.run(part, context.never(condition), state.copy())
            return left, left
        way = state.copy() if left.asked else state
        inner = context.under(Certainty.CONDITIONAL, condition) if left.asked else context
        right = self.run(part, inner, way)
        both = right._replace(output=joined(left.output, right.output), asked=left.asked or right.asked)
        if left.asked:
            state.become(merged([state, way], condition))
            both = _either_way([left, both._replace(status=right.status or None)])
        elif left.status is None and right.status:
            both = both._replace(status=None)
        return both, right

    def _or(
        self, part: Node, context: Context, state: State, left: Result, condition: str
    ) -> tuple[Result, Result]:
        """What `left || part` comes to, and `part` alone."""
        otherwise = negated(condition)
        if left.status is True:
            self.run(part, context.never(otherwise), state.copy())
            return left, left
        if left.status is False:
            right = self.run(part, context, state)
            return right._replace(output=joined(left.output, right.output)), right
        way = state.copy()
        right = self.run(part, context.under(Certainty.FALLBACK, otherwise), way)
        if not left.asked:  # taken to succeed: what would end the script behind it does not happen
            if way.left() != state.left():
                return left, right
            way.stops, way.pending = dict(state.stops), dict(state.pending)
        state.become(merged([state, way], otherwise))
        right = right._replace(status=right.status or None)
        return _either_way(
            [right._replace(output=left.output), right._replace(output=joined(left.output, right.output))]
        ), right

    def _pipeline(self, node: Pipeline, context: Context, state: State) -> Result:
        inner = replace(context, required=False)
        result = Result(status=True)
        for at, part in enumerate(node.parts, 1):
            last = at == len(node.parts)
            keeps = last and context.script.dialect in {"ksh", "zsh"}
            around = context.around.inherited
            kept = around if last else tuple(one.without_output() for one in around)
            inner = replace(
                inner, required=last and context.required, around=inner.around._replace(inherited=kept)
            )
            mark = len(self.recorder.log)
            result = self.run(part, inner, state if keeps else state.copy())
            inner = self._piped(inner, result, mark)
        return result

    def _piped(self, context: Context, result: Result, mark: int) -> Context:
        """The context of what reads the output of the commands followed since `mark`."""
        seen = self.recorder.seen_since(mark)
        around = context.around._replace(stdin_from=seen[-1] if seen else None)
        body = result.output if isinstance(result.output, str) else None
        several = Redirect(operator="|", descriptor=0, target=None, body=body) if len(seen) > 1 else None
        return replace(context, stdin=result.output, stdin_source=None, around=around, piped=several)

    def _group(self, node: Group, context: Context, state: State) -> Result:
        if len(node.body.statements) > 1 and context.stdin is not None:
            context = replace(context, stdin=Unknown("standard input is shared"))
        if not node.subshell:
            return self.run(node.body, context, state)
        inner = state.copy()
        result = self.run(node.body, context, inner)
        return result._replace(status=False) if inner.failed and not state.failed else result

    # --- branches ------------------------------------------------------------------------------------------------------

    def _if(self, node: If, context: Context, state: State) -> Result:
        current, asked, condition = state.copy(), context, ""
        ways: list[tuple[State, Result]] = []
        decided = False
        for branch in node.branches:
            condition = context.script.written(branch.condition.span, 200)
            status = self.run(branch.condition, replace(asked, required=False), current).status
            way = current.copy()
            if decided or status is False:
                self.run(branch.body, asked.never(condition), way)
                continue
            inner = asked if status else asked.under(Certainty.CONDITIONAL, condition)
            ways.append((way, self.run(branch.body, inner, way)))
            decided = status is True
            otherwise = negated(condition)
            asked = asked.never(otherwise) if decided else asked.under(Certainty.CONDITIONAL, otherwise)
        result = self.run(node.otherwise, asked, current) if node.otherwise else Result(status=True)
        ways += [] if decided else [(current, result)]
        return self._one_of(ways, condition, state)

    def _one_of(self, ways: list[tuple[State, Result]], condition: str, state: State) -> Result:
        state.become(merged([way for way, _ in ways], condition))
        return _either_way([result for _, result in ways])

    def _case(self, node: Case, context: Context, state: State) -> Result:
        expander = self.expander(None, context, state)
        subject = expander.value(node.subject)
        written = f"case {context.script.written(node.subject, 100)} in"
        ways: list[tuple[State, Result]] = []
        decided, asked, falls = False, context, False
        for arm in node.arms:
            patterns = "|".join(context.script.written(pattern, 100) for pattern in arm.patterns)
            condition = f"{written} {patterns})"
            verdict = self._matches(arm, Unknown("falls through") if falls else subject, expander)
            way = state.copy()
            if decided or verdict is False:
                self.run(arm.body, asked.never(condition), way)
                continue
            inner = asked if verdict else asked.under(Certainty.CONDITIONAL, condition)
            ways.append((way, self.run(arm.body, inner, way)))
            falls = falls or arm.terminator in {";&", ";;&"}
            decided = verdict is True and not falls
            asked = (
                asked.never(condition) if decided else asked.under(Certainty.CONDITIONAL, negated(condition))
            )
        ways += [] if decided else [(state.copy(), Result(status=True))]
        return self._one_of(ways, written, state)

    def _matches(self, arm: Arm, subject: Scalar, expander: Expander) -> bool | None:
        verdict: bool | None = False
        for span in arm.patterns:
            pieces = expander.pattern(read_word(expander.script.text, span, expander.script.dialect))
            if isinstance(pieces, list) and pieces == [("*", False)]:
                return True
            if isinstance(pieces, Unknown) or isinstance(subject, Unknown) or _is_extended(pieces):
                verdict = None
            elif compile_pattern(pieces).matches(subject):
                return True if verdict is False else None
        return verdict

    # --- loops ---------------------------------------------------------------------------------------------------------

    def _for(self, node: For, context: Context, state: State) -> Result:
        items = self._items(node, context, state)
        context = replace(context, certainty=weaker(context.certainty, state.left()), required=False)
        outside = state.enter(_LOOP_SCOPES)
        if items is None:
            result = self._unknown_rounds(node, context, state)
        elif not items:
            result = Result(status=True)
            self.run(node.body, context.never(context.script.written(node.header, 200)), state.copy())
        else:
            result = self._rounds(node, items, context, state)
        state.leave(_LOOP_SCOPES, outside)
        return result

    def _items(self, node: For, context: Context, state: State) -> list[Scalar] | None:
        """What the loop runs over; None when the number of rounds is not known."""
        if node.words is None and not node.unknown_items:
            return None if isinstance(state.positional, Unknown) else list(state.positional)
        expander = self.expander(None, context, state)
        words = [field.word for span in node.words or () for field in expander.fields(span)]
        if node.unknown_items or not self._unroll:
            return None
        loose = [word for word in words if not word.quoted and (word.value is None or _is_glob(word.value))]
        if len(loose) == len(words) > 0 or len(words) > MOST_ITEMS:
            return None
        return [
            Unknown(word.unknown or "a file name pattern")
            if word in loose or word.value is None
            else word.value
            for word in words
        ]

    def _rounds(self, node: For, items: list[Scalar], context: Context, state: State) -> Result:
        result = Result(status=True)
        for item in items:
            if isinstance(item, Unknown):
                changed_by(node.body, context.script, state).forget(state)
            state.assign(node.variable, item)
            following = self.run(node.body, context, state)
            result = following._replace(output=joined(result.output, following.output))
            state.leave(("continue",))
            if state.left()[0] == Certainty.NEVER:
                break
        return result

    def _unknown_rounds(self, node: For, context: Context, state: State) -> Result:
        header = context.script.written(node.header, 200)
        before = state.copy()
        changed_by(node, context.script, state).forget(state)
        if node.variable:
            state.assign(
                node.variable, Unknown(f"{node.variable} runs over what is not known: {header}"[:120])
            )
        result = self.run(node.body, context.under(Certainty.CONDITIONAL, header), state)
        state.leave(_LOOP_SCOPES)
        state.become(merged([before, state], header))
        return Result(None, "" if result.output == "" else Unknown("the output of a loop"))

    def _while(self, node: While, context: Context, state: State) -> Result:
        context = replace(context, certainty=weaker(context.certainty, state.left()), required=False)
        outside = state.enter(_LOOP_SCOPES)
        changed_by(node, context.script, state).forget(state)
        if context.stdin is not None:
            context = replace(context, stdin=Unknown("standard input is read in a loop"))
        condition_result = self.run(node.condition, context, state)
        holds = inverted(condition_result.status) if node.until else condition_result.status
        written = context.script.written(node.condition.span, 200)
        condition = negated(written) if node.until else written
        way = state.copy()
        silent = condition_result.output == ""
        if holds is False:
            self.run(node.body, context.never(condition), way)
        else:
            inner = context if holds else context.under(Certainty.CONDITIONAL, condition)
            silent = self.run(node.body, inner, way).output == "" and silent
            way.leave(("continue",))
            state.become(merged([way] if holds else [state, way], condition))
        state.leave(_LOOP_SCOPES, outside)
        return Result(None, "" if silent else Unknown("the output of a loop"))


def _is_glob(text: str) -> bool:
    return any(character in text for character in "*?[")


def _is_extended(pieces: list[tuple[str, bool]]) -> bool:
    return any(re.search(r"[@?*+!]\(", text) for text, quoted in pieces if not quoted)
