"""Collects what commands were seen while a script was followed, and puts them in the order of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.model.shell import (
    Certainty,
    Invocation,
    Opaque,
    Redirect,
    ShellCommand,
    ShellItem,
    Word,
)
from dock2nix.parse.shell.state import rank, weaker

if TYPE_CHECKING:
    from dock2nix.parse.shell.syntax import RedirectSyntax, Script, Simple, Span

MOST_INVOCATIONS = 25_000
_HARMLESS = ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/fd/", "/proc/self/fd/")
_Order = tuple[tuple[int, ...], int]
_TRUNCATING = {">": ">>", ">|": ">>", "&>": "&>>"}


class TooMuchError(Exception):
    """More work than any real script asks for."""


class Inherited(NamedTuple):
    """Redirections of a compound command, a function call or a nested shell, as the commands inside get them."""

    script: Script
    syntax: tuple[RedirectSyntax, ...]
    redirects: tuple[Redirect, ...]
    certainty: tuple[Certainty, str]

    def without_output(self) -> Inherited:
        """What is left of them for a command whose output goes into a pipe."""
        return self._without(1)

    def without_input(self) -> Inherited:
        """What is left of them for the commands that a shell reads from its input."""
        return self._without(0)

    def _without(self, descriptor: int) -> Inherited:
        kept = [at for at, redirect in enumerate(self.redirects) if _descriptor(redirect) != descriptor]
        return self._replace(
            syntax=tuple(self.syntax[at] for at in kept), redirects=tuple(self.redirects[at] for at in kept)
        )


class Surroundings(NamedTuple):
    """What a command stands in, as its `ShellCommand` shows it."""

    wrappers: tuple[str, ...] = ()
    stdin_from: Simple | None = None
    owner: Simple | None = None
    substituted: bool = False
    inherited: tuple[Inherited, ...] = ()


NOWHERE = Surroundings()


class _Record(Struct, kw_only=True):
    script: Script
    node: Simple
    number: int
    around: Surroundings
    redirects: tuple[Redirect, ...]
    runs: dict[object, tuple[Invocation, tuple[Certainty, str]]] = field(default_factory=dict)
    inherited: dict[RedirectSyntax, tuple[Redirect, Inherited]] = field(default_factory=dict)

    @property
    def order(self) -> _Order:
        return (*self.script.order, self.node.span.start), self.number

    def inherit(self, inherited: Inherited) -> None:
        for syntax, redirect in zip(inherited.syntax, inherited.redirects, strict=True):
            before = self.inherited.get(syntax)
            joined = _merged_redirect(before[0], redirect) if before else redirect
            self.inherited[syntax] = (joined, inherited)

    def writes_through(self, syntax: RedirectSyntax) -> bool:
        """Whether an inherited redirection is in force: its descriptor is not redirected again by the command itself."""
        found = self.inherited.get(syntax)
        taken = {_descriptor(redirect) for redirect in self.redirects}
        return found is not None and _descriptor(found[0]) not in taken


class Recorder:
    """Everything seen so far. `log` are the commands in the order in which they were followed."""

    def __init__(self) -> None:
        self._records: dict[Simple, _Record] = {}
        self._opaque: dict[tuple[Script, Span], tuple[_Order, Opaque]] = {}
        self._count = 0
        self.log: list[tuple[Simple, bool]] = []

    def command(
        self,
        script: Script,
        node: Simple,
        invocation: Invocation,
        certainty: tuple[Certainty, str],
        redirects: tuple[Redirect, ...],
        around: Surroundings,
    ) -> None:
        """One run of a simple command.

        Raises:
            TooMuchError: there are more runs than `MOST_INVOCATIONS`.

        """
        self.log.append((node, around.substituted))
        record = self._records.get(node)
        if record is None:
            number = len(self._records)
            record = _Record(script=script, node=node, number=number, around=around, redirects=redirects)
            self._records[node] = record
        else:
            record.redirects = _merged_redirects(record.redirects, redirects)
        for inherited in around.inherited:
            record.inherit(inherited)
        key = _key(invocation)
        known = record.runs.get(key)
        self._count += known is None
        if self._count > MOST_INVOCATIONS:
            raise TooMuchError
        if known is None or rank(certainty[0]) < rank(known[1][0]):
            record.runs[key] = (known[0] if known else invocation, certainty)

    def opaque(self, script: Script, span: Span, reason: str) -> None:
        """Text that is not understood."""
        item = Opaque(text=script.written(span), reason=reason, location=script.locate(span))
        order = ((*script.order, span.start), len(self._records))
        self._opaque.setdefault((script, span), (order, item))

    def has(self, node: Simple) -> bool:
        return node in self._records

    def seen_since(self, mark: int) -> list[Simple]:
        """The commands followed since the log was `mark` long, without those in substitutions, each once."""
        return list(dict.fromkeys(node for node, substituted in self.log[mark:] if not substituted))

    def items(self) -> tuple[ShellItem, ...]:
        """All that was seen, in the order of the source."""
        records = sorted(self._records.values(), key=lambda record: record.order)
        self._settle(records)
        found: list[tuple[_Order, _Record | Opaque]] = [(record.order, record) for record in records]
        found += self._opaque.values()
        found.sort(key=lambda entry: entry[0])
        places = {entry.node: place for place, (_, entry) in enumerate(found) if isinstance(entry, _Record)}
        return tuple(entry if isinstance(entry, Opaque) else _finished(entry, places) for _, entry in found)

    def _settle(self, records: list[_Record]) -> None:
        """A file that a compound command empties is emptied by its first command; the others add to it."""
        groups: dict[RedirectSyntax, list[_Record]] = {}
        for record in records:
            for syntax, (redirect, _) in record.inherited.items():
                if (
                    redirect.operator in _TRUNCATING
                    and not _is_harmless(redirect)
                    and record.writes_through(syntax)
                ):
                    groups.setdefault(syntax, []).append(record)
        for syntax, members in groups.items():
            straight = all(_runs_once(record, syntax) for record in members)
            if not straight:
                script = members[0].inherited[syntax][1].script
                self.opaque(script, syntax.span, "a file written by a loop, branch or function")
            for at, record in enumerate(members):
                redirect, inherited = record.inherited[syntax]
                operator = _TRUNCATING[redirect.operator] if at else redirect.operator
                record.inherited[syntax] = (replace(redirect, operator=operator), inherited)
                if not straight:
                    del record.inherited[syntax]


def _runs_once(record: _Record, syntax: RedirectSyntax) -> bool:
    outside = record.inherited[syntax][1].certainty[0]
    return [certainty[0] for _, certainty in record.runs.values()] == [outside]


def _key(invocation: Invocation) -> object:
    return (
        invocation.program,
        tuple((word.value, word.unknown, word.quoted) for word in invocation.arguments),
        tuple((name, word.value, word.unknown) for name, word in invocation.assignments),
        invocation.directory,
    )


def _finished(record: _Record, places: dict[Simple, int]) -> ShellCommand:
    runs = list(record.runs.values())
    real = [run for run in runs if run[1][0] != Certainty.NEVER] or runs[:1]
    certainty = real[0][1]
    for _, other in real[1:]:
        certainty = weaker(certainty, other)
    around = record.around
    owner = places.get(around.owner, -1) if around.owner else -1
    inherited = [
        redirect for syntax, (redirect, _) in record.inherited.items() if record.writes_through(syntax)
    ]
    return ShellCommand(
        text=record.script.written(record.node.span),
        invocations=tuple(invocation for invocation, _ in real),
        redirects=(*record.redirects, *inherited),
        location=record.script.locate(record.node.span),
        certainty=certainty[0],
        condition=certainty[1],
        wrappers=around.wrappers,
        stdin_from=places.get(around.stdin_from) if around.stdin_from else None,
        substitution_of=owner if around.substituted else None,
    )


def _descriptor(redirect: Redirect) -> int:
    if redirect.descriptor is not None:
        return redirect.descriptor
    return 0 if redirect.operator.startswith(("<", "|")) else 1


def _is_harmless(redirect: Redirect) -> bool:
    return redirect.target is not None and (redirect.target.value or "").startswith(_HARMLESS)


def _merged_redirects(one: tuple[Redirect, ...], other: tuple[Redirect, ...]) -> tuple[Redirect, ...]:
    """The same redirections of two runs: what differs is not known."""
    if one == other or len(one) != len(other):
        return one
    return tuple(_merged_redirect(a, b) for a, b in zip(one, other, strict=True))


def _merged_redirect(one: Redirect, other: Redirect) -> Redirect:
    target: Word | None = one.target
    if target and other.target and target.value != other.target.value:
        target = replace(target, value=None, unknown="differs from run to run")
    return replace(one, target=target, body=one.body if one.body == other.body else None)
