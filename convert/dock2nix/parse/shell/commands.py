"""One simple command: its words expanded, wrappers taken off, functions and nested shells entered, the rest recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.shell import Certainty, Invocation, Redirect, Word
from dock2nix.parse.shell.builtins import DECLARATIONS, apply_builtin, changed_directory
from dock2nix.parse.shell.conditions import bracket_tokens, decide_brackets, decide_test
from dock2nix.parse.shell.context import Context, Result, joined
from dock2nix.parse.shell.expand import Expander, Field
from dock2nix.parse.shell.lexer import words_in
from dock2nix.parse.shell.programs import output_of
from dock2nix.parse.shell.redirects import NOT_REDIRECTED, Input, Redirections, redirects_of
from dock2nix.parse.shell.state import Scalar, State, Unknown, Unset, Value, merged
from dock2nix.parse.shell.syntax import (
    Script,
    Sequence,
    ShellSyntaxError,
    Simple,
    Span,
    placed,
)
from dock2nix.parse.shell.wrappers import (
    NestedScript,
    Unwrapped,
    Xargs,
    nested_script,
    read_xargs,
    unwrap,
    xargs_words,
)
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.parse.shell.evaluate import Evaluator
    from dock2nix.parse.shell.syntax import Function

_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?(\+?=)")
COST_OF_WORD = 20
"""As much work as reading so many characters."""
MOST_CALLS = 4
"""How often a function may stand in the chain of calls."""
_TESTS = frozenset({"[", "test"})
_QUESTIONS = frozenset({"which", "type", "hash", "grep", "egrep", "fgrep", "getent", "id", "cmp", "diff"})
_QUESTION = regex(r"command\s+-[vV]\s|(?:dpkg|rpm)\s+(?:-s|-q|-l)\s|apk\s+info\s|let\s")
_SILENT = frozenset(
    {
        "[",
        "test",
        "set",
        "export",
        "local",
        "readonly",
        "unset",
        "exit",
        "return",
        "break",
        "continue",
        "shift",
        "read",
        "cd",
        "declare",
        "typeset",
        "shopt",
        "let",
        "mapfile",
        "readarray",
        "getopts",
    }
)
_SUCCEEDS = frozenset(
    {"true", ":", "echo", "printf", "export", "set", "local", "readonly", "declare", "unset"}
)


class Call(Struct, frozen=True, kw_only=True):
    """A simple command about to run: `fields` are its words, `wrappers` are already taken off.

    `directory` is what `env -C` says, `changes_user` is true behind `sudo`, `su` and their like. Without a shell (`exec_form`)
    there are no builtins.
    """

    node: Simple
    context: Context
    fields: tuple[Field, ...]
    assignments: tuple[tuple[str, Field], ...] = ()
    redirections: Redirections = NOT_REDIRECTED
    directory: Field | None = None
    changes_user: bool = False
    exec_form: bool = False

    @property
    def program(self) -> str | None:
        return self.fields[0].value if self.fields else None

    @property
    def arguments(self) -> tuple[Field, ...]:
        return self.fields[1:]

    @property
    def stdin(self) -> Input | None:
        given = self.redirections.input
        if given is None and self.context.stdin is not None:
            return Input(self.context.stdin, self.context.stdin_source)
        return given

    def known(self) -> list[str] | None:
        """All words, None when one of them is not known."""
        words = [field.value for field in self.fields if field.value is not None]
        return words if len(words) == len(self.fields) else None


def _asks(node: Simple, context: Context) -> bool:
    words = [context.script.text[slice(*word)] for word in node.words]
    if not words:
        return False
    if words[0] in _TESTS or words[0].startswith(("[[", "((")):
        return True
    asks = words[0] in _QUESTIONS or _QUESTION.match(" ".join(words) + " ") is not None
    return asks and not context.required


def run_simple(evaluator: Evaluator, node: Simple, context: Context, state: State) -> Result:
    """Follow a simple command of the source."""
    evaluator.spend(text=COST_OF_WORD * len(node.words))
    text = context.script.text
    first = text[slice(*node.words[0])] if node.words else ""
    expander = evaluator.expander(node, context, state)
    redirections = redirects_of(evaluator, node.redirects, node, context, state)
    if first.startswith(("[[", "((")) and len(node.words) == 1:
        status = _bracketed(evaluator, node, redirections, expander, context)
        return Result(status, "", asked=True)
    prefix, words = _parted(node, text)
    fields = _expanded(words, text, expander)
    if not fields:
        return _assignments_only(evaluator, node, prefix, redirections, expander, context)
    assignments = tuple((_name(text, span), _assigned_field(span, expander)) for span in prefix)
    call = Call(node=node, context=context, fields=fields, assignments=assignments, redirections=redirections)
    result = run_call(evaluator, call, state)
    for span in words:
        if fields[0].value in DECLARATIONS and text.startswith("(", _value_span(span, expander).start):
            assign(span, expander)
    result = result._replace(asked=result.asked or _asks(node, context))
    return result._replace(output="") if redirections.output else result


def _parted(node: Simple, text: str) -> tuple[list[Span], list[Span]]:
    """Leading assignments and the words behind them."""
    spans = list(node.words)
    prefix = []
    while spans and _ASSIGNMENT.match(text, spans[0].start, spans[0].end):
        prefix.append(spans.pop(0))
    return prefix, spans


def _name(text: str, span: Span) -> str:
    found = _ASSIGNMENT.match(text, span.start, span.end)
    return found[1] if found else ""


def _expanded(words: list[Span], text: str, expander: Expander) -> tuple[Field, ...]:
    """All fields of the words; the assignments behind `export` and its like are not split."""
    fields: list[Field] = []
    declares = bool(words) and text[slice(*words[0])] in DECLARATIONS
    for span in words:
        if declares and _ASSIGNMENT.match(text, span.start, span.end):
            fields.append(_declared(span, expander))
        else:
            fields.extend(expander.fields(span))
    return tuple(fields)


# --- assignments -------------------------------------------------------------------------------------------------------------


def _value_span(span: Span, expander: Expander) -> Span:
    found = _ASSIGNMENT.match(expander.script.text, span.start, span.end)
    return Span(found.end() if found else span.start, span.end)


def _assigned_field(span: Span, expander: Expander) -> Field:
    return expander.assigned(_value_span(span, expander))


def _declared(span: Span, expander: Expander) -> Field:
    """`NAME=value` as one word."""
    value = _value_span(span, expander)
    found = expander.assigned(value)
    text = expander.script.text
    known = None if found.value is None else text[span.start : value.start] + found.value
    word = replace(
        found.word, text=text[slice(*span)], value=known, location=expander.script.locate(span), quoted=True
    )
    return Field(word=word, span=span, script=expander.script)


def assign(span: Span, expander: Expander) -> None:
    """Carry out the assignment that stands at `span`."""
    text, state = expander.script.text, expander.state
    found = _ASSIGNMENT.match(text, span.start, span.end)
    if not found:
        return
    name, subscript, operator = found.groups()
    value = _assigned_value(Span(found.end(), span.end), expander)
    before = state.lookup(name)
    if subscript:
        value = Unknown(f"{name} is a list with single elements set")
    elif operator == "+=" and before is not None:
        value = _added(before, value)
    state.assign(name, value)


def _assigned_value(span: Span, expander: Expander) -> Value:
    text = expander.script.text
    if not text.startswith("(", span.start) or span.end <= span.start + 1:
        return expander.value(span, assignment=True)
    try:
        words = words_in(text, Span(span.start + 1, span.end - 1), comments=True)
    except ShellSyntaxError as error:
        return Unknown(error.reason)
    if any(text.startswith("[", word.start) for word in words):
        return Unknown("a list with keys")
    fields = [field for word in words for field in expander.fields(word)]
    unknown = next((field.word.unknown for field in fields if field.value is None), None)
    return Unknown(unknown) if unknown is not None else tuple(field.value or "" for field in fields)


def _added(before: Value, value: Value) -> Value:
    if isinstance(before, Unknown) or isinstance(value, Unknown):
        return before if isinstance(before, Unknown) else value
    if isinstance(before, str) and isinstance(value, str):
        return before + value
    ends = [(one,) if isinstance(one, str) else one for one in (before, value)]
    return (*ends[0], *ends[1])


def _assignments_only(
    evaluator: Evaluator,
    node: Simple,
    prefix: list[Span],
    redirections: Redirections,
    expander: Expander,
    context: Context,
) -> Result:
    for span in prefix:
        assign(span, expander)
    if redirections.redirects and not prefix:  # `> file` does what `: > file` does
        colon = replace(_plain_word(":", context, node), text="")
        call = Call(node=node, context=context, fields=(Field(word=colon),), redirections=redirections)
        record(evaluator, call, expander.state)
    return Result(status=expander.status)


def _plain_word(value: str, context: Context, node: Simple) -> Word:
    return Word(text=value, value=value, location=context.script.locate(node.span), quoted=True)


# --- [[ … ]] and (( … )) -----------------------------------------------------------------------------------------------------


def _bracketed(
    evaluator: Evaluator, node: Simple, redirections: Redirections, expander: Expander, context: Context
) -> bool | None:
    span = node.words[0]
    script = expander.script
    state = expander.state
    shown: list[Field] = []
    if script.text.startswith("((", span.start):
        inside = Span(span.start + 2, span.end - 2)
        number = expander.arithmetic(inside)
        status = None if isinstance(number, Unknown) else number != "0"
        shown.append(_as_written(inside, script, number))
    else:
        tokens = bracket_tokens(script, span)
        status = decide_brackets(tokens, expander)
        shown.extend(_as_written(token, script, script.text[slice(*token)]) for token in tokens)
    head = _as_written(Span(span.start, span.start + 2), script, script.text[span.start : span.start + 2])
    call = Call(node=node, context=context, fields=(head, *shown), redirections=redirections)
    record(evaluator, call, state)
    return status


def _as_written(span: Span, script: Script, value: Scalar) -> Field:
    known = value if isinstance(value, str) else None
    reason = value.reason if isinstance(value, Unknown) else ""
    word = Word(
        text=script.text[slice(*span)], value=known, location=script.locate(span), quoted=True, unknown=reason
    )
    return Field(word=word, span=span, script=script)


# --- the command itself ------------------------------------------------------------------------------------------------------


def run_call(evaluator: Evaluator, call: Call, state: State) -> Result:
    """Run a command whose words are expanded: what it wraps, calls or starts is followed, itself recorded otherwise."""
    outer = call
    call = _unwrapped(call)
    program = call.program
    if program is None:
        return _ordinary(evaluator, call, state)
    if program in state.functions and (outer is call or outer.fields[0].value == "time"):
        return _function(evaluator, call, state)
    if program == "eval":
        return _eval(evaluator, call, state)
    if (nested := nested_script(call.fields)) is not None:
        result = _nested(evaluator, call, nested, state)
    elif program == "xargs" and (xargs := read_xargs(call.fields)).understood:
        result = _xargs(evaluator, call, xargs, state)
    else:
        result = _ordinary(evaluator, call, state)
    if outer.fields[0].value == "exec" and len(outer.fields) > 1:
        state.stops["exit"] = (Certainty.NEVER, "exec has replaced the shell")
    return result


def _unwrapped(call: Call) -> Call:
    found: Unwrapped = unwrap(call.fields)
    if not found.names:
        return call
    around = call.context.around
    context = replace(call.context, around=around._replace(wrappers=(*around.wrappers, *found.names)))
    return replace(
        call,
        context=context,
        fields=found.fields,
        assignments=(*call.assignments, *(_env_assignment(name, field) for name, field in found.assignments)),
        directory=found.directory or call.directory,
        changes_user=call.changes_user or found.changes_user,
    )


def _env_assignment(name: str, field: Field) -> tuple[str, Field]:
    """`env NAME=value`: the field with the value alone."""
    value = None if field.value is None else field.value.partition("=")[2]
    word = replace(field.word, text=field.word.text.partition("=")[2], value=value)
    return name, Field(word=word)


def _ordinary(evaluator: Evaluator, call: Call, state: State) -> Result:
    record(evaluator, call, state)
    program = call.program
    if program is None:
        if not call.fields[0].word.quoted and "/" not in call.fields[0].word.text:
            state.forget_all("may be set by a command that is not known")
        return Result(None, Unknown(call.fields[0].word.unknown))
    before = state.directory
    if not call.exec_form:
        apply_builtin(program, call.arguments, state)
    words = call.known()
    if program in _SILENT:
        return Result(_status(program, call), "")
    if words is None:
        unknown = next(field.word.unknown for field in call.fields if field.value is None)
        return Result(_status(program, call), Unknown(unknown))
    given = call.stdin.text if call.stdin else None
    dialect = call.context.script.dialect
    output = output_of(words, given, platform=evaluator.platform, directory=before, dialect=dialect)
    return Result(_status(program, call), output)


def _status(program: str, call: Call) -> bool | None:
    if program in _SUCCEEDS:
        return True
    return False if program == "false" else _tested(call)


def _tested(call: Call) -> bool | None:
    if call.program not in _TESTS:
        return None
    words = list(call.arguments)
    if call.program == "[":
        if not words or words[-1].value != "]":
            return None
        words.pop()
    if any(field.value is None and not field.word.quoted for field in words) and len(words) != 2:
        loose = [field for field in words if field.value is None]
        if len(loose) > 1 or len(words) > 3:
            return None
    return decide_test([field.value for field in words])


def record(evaluator: Evaluator, call: Call, state: State) -> None:
    """Note one run of the command."""
    directory = state.directory
    if call.directory is not None:
        value = call.directory.value
        directory = changed_directory(directory, value if value is not None else Unknown("directory"))
    redirects: tuple[Redirect, ...] = call.redirections.redirects
    context = call.context
    around = context.around
    if call.redirections.input is not None:
        around = around._replace(stdin_from=None)
    elif context.piped is not None:
        redirects = (*redirects, context.piped)
    evaluator.spend(text=state.newly_shown())
    invocation = Invocation(
        program=call.program,
        arguments=tuple(field.word for field in call.arguments),
        assignments=tuple((name, field.word) for name, field in call.assignments),
        directory=directory,
        environment=state.shown(),
        shell=context.script.dialect,
    )
    certainty = evaluator.certainty(context, state)
    evaluator.recorder.command(context.script, call.node, invocation, certainty, redirects, around)


# --- what runs other text ----------------------------------------------------------------------------------------------------


def _inner_context(call: Call, script: Script, wrapper: str, state: State, evaluator: Evaluator) -> Context:
    """The context of commands inside a command: its redirections are theirs too."""
    context = evaluator.inside(call, state)
    around = context.around
    names = (*around.wrappers, wrapper) if wrapper else around.wrappers
    return replace(context, script=script, around=around._replace(wrappers=names), required=False)


def _function(evaluator: Evaluator, call: Call, state: State) -> Result:
    candidates = state.functions[call.program or ""]
    if len(candidates) == 1 and candidates[0] is not None:
        return _enter(evaluator, call, candidates[0], state)
    condition = f"{call.program} is defined under a condition"
    ways = []
    for candidate in candidates:
        way = state.copy()
        inner = replace(call, context=call.context.under(Certainty.CONDITIONAL, condition))
        if candidate is None:
            _ordinary(evaluator, inner, way)
        else:
            _enter(evaluator, inner, candidate, way)
        ways.append(way)
    state.become(merged(ways, condition))
    return Result(None, Unknown(condition))


def _enter(evaluator: Evaluator, call: Call, function: tuple[Function, Script], state: State) -> Result:
    definition, home = function
    if call.context.calls.count(definition) >= MOST_CALLS:
        return evaluator.give_up(call.node, "a function that calls itself", call.context, state)
    evaluator.uncalled.pop(definition, None)
    positional, outer_locals = state.positional, state.locals
    state.positional, state.locals = _positional(call.arguments), {}
    for name, field in call.assignments:
        state.locals[name] = state.variables.get(name, Unset())
        state.assign(name, field.value if field.value is not None else Unknown(field.word.unknown))
    context = _inner_context(call, home, "", state, evaluator)
    context = replace(context, calls=(*context.calls, definition))
    outside = state.enter(("return",))
    result = evaluator.run(definition.body, context, state)
    if "return" in state.stops:
        certain = state.stops["return"][0] == Certainty.NEVER
        result = Result(state.status if certain else None, result.output, asked=True)
    state.leave(("return",), outside)
    for name, value in state.locals.items():
        state.assign(name, value)
    state.positional, state.locals = positional, outer_locals
    return result


def _positional(fields: tuple[Field, ...]) -> tuple[Scalar, ...] | Unknown:
    loose = next((field for field in fields if field.value is None and not field.word.quoted), None)
    if loose is not None:
        return Unknown(loose.word.unknown)
    return tuple(field.value if field.value is not None else Unknown(field.word.unknown) for field in fields)


def _eval(evaluator: Evaluator, call: Call, state: State) -> Result:
    words = call.known()
    if words is None or len(words) == 1:
        result = _ordinary(evaluator, call, state)
        state.forget_all("may be set by eval")
        return result
    only = call.arguments[0] if len(words) == 2 else None
    body = " ".join(words[1:])
    script, tree = _text_script(evaluator, call, only, body, call.context.script.dialect)
    for name, field in call.assignments:
        state.assign(name, field.value if field.value is not None else Unknown(field.word.unknown))
    result = evaluator.run(tree, _inner_context(call, script, "eval", state, evaluator), state)
    state.forget([name for name, _ in call.assignments], "is set for eval, and behind it in some shells")
    return result


def _text_script(
    evaluator: Evaluator, call: Call, field: Field | None, body: str, dialect: str
) -> tuple[Script, Sequence]:
    """The script in a word, in its place when the word has one."""
    if field is None or field.script is None:
        return evaluator.nested(call.context.script, call.node.span, body, None, dialect)
    source = placed(field.script, field.places)
    return evaluator.nested(field.script, field.span, body, source, dialect)


def _nested(evaluator: Evaluator, call: Call, nested: NestedScript, state: State) -> Result:
    child = state.child()
    for name, field in call.assignments:
        child.assign(name, field.value if field.value is not None else Unknown(field.word.unknown))
        child.exported.add(name)
    if call.changes_user or nested.changes_user:
        child.forget(["HOME", "USER", "LOGNAME"], "depends on the user")
    if call.directory is not None:
        value = call.directory.value
        child.directory = changed_directory(child.directory, value if value is not None else Unknown(""))
    child.positional = _positional(nested.arguments)
    found = _nested_text(evaluator, call, nested)
    if found is None:
        return _ordinary(evaluator, call, state)
    script, tree = found
    context = _inner_context(call, script, nested.name, state, evaluator)
    if nested.text is None:  # the script itself was on standard input
        kept = tuple(one.without_input() for one in context.around.inherited)
        around = context.around._replace(stdin_from=None, inherited=kept)
        context = replace(context, stdin=None, piped=None, around=around)
    result = evaluator.run(tree, replace(context, required=call.context.required), child)
    return result._replace(status=False) if child.failed else result


def _nested_text(evaluator: Evaluator, call: Call, nested: NestedScript) -> tuple[Script, Sequence] | None:
    if nested.text is not None:
        if nested.text.value is None:
            return None
        return _text_script(evaluator, call, nested.text, nested.text.value, nested.dialect)
    given = call.stdin
    if given is None or isinstance(given.text, Unknown) or not given.text.strip():
        return None
    return evaluator.nested(call.context.script, call.node.span, given.text, given.source, nested.dialect)


# --- xargs -------------------------------------------------------------------------------------------------------------------


def _xargs(evaluator: Evaluator, call: Call, xargs: Xargs, state: State) -> Result:
    around = call.context.around
    stdin_from = around.stdin_from if call.redirections.input is None and xargs.file is None else None
    around = around._replace(wrappers=(*around.wrappers, "xargs"), stdin_from=stdin_from)
    inner = replace(call, context=replace(call.context, around=around))
    output: Scalar = ""
    for fields in _xargs_runs(call, xargs):
        output = joined(output, run_call(evaluator, replace(inner, fields=fields), state.copy()).output)
    return Result(None, output)


def _xargs_runs(call: Call, xargs: Xargs) -> list[tuple[Field, ...]]:
    given = call.stdin.text if call.stdin and xargs.file is None else Unknown("")
    words = None if isinstance(given, Unknown) else xargs_words(given, xargs)
    if words is None:
        return [_with_unknown_words(call, xargs)]
    if xargs.replace:
        return [tuple(_replaced(field, xargs.replace, word) for field in xargs.fields) for word in words]
    each = xargs.each or len(words) or 1
    chunks = [words[at : at + each] for at in range(0, len(words), each)] or [[]]
    return [
        (*xargs.fields, *(Field(word=_plain_word(word, call.context, call.node)) for word in chunk))
        for chunk in chunks
    ]


def _replaced(field: Field, mark: str, word: str) -> Field:
    value = field.value
    if value is None or mark not in value:
        return field
    return Field(word=replace(field.word, value=value.replace(mark, word)))


def _with_unknown_words(call: Call, xargs: Xargs) -> tuple[Field, ...]:
    files = [
        redirect.target.text
        for redirect in call.redirections.redirects
        if redirect.operator == "<" and redirect.target
    ]
    origin = xargs.file.word.text if xargs.file else (files or ["standard input"])[-1]
    reason = f"words that xargs reads from {origin}"[:80]
    if xargs.replace:
        return tuple(
            Field(word=replace(field.word, value=None, unknown=reason))
            if field.value is not None and xargs.replace in field.value
            else field
            for field in xargs.fields
        )
    location = call.context.script.locate(call.node.span)
    word = Word(text="xargs", value=None, location=location, unknown=reason)
    return (*xargs.fields, Field(word=word))
