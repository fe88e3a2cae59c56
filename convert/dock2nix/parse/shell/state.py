"""What a shell knows at one moment: variables, functions, directory, and whether it is still running."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.model.shell import Certainty
from dock2nix.parse.shell.syntax import negated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.parse.shell.syntax import Function, Script


class Unknown(Struct, frozen=True):
    """A value that cannot be known without running something; `reason` says why in a few words."""

    reason: str


class Unset(Struct, frozen=True):
    """A variable known to be unset although others may be inherited."""


Scalar = str | Unknown
Value = Scalar | tuple[Scalar, ...]
EVERY_NAME = "*"
"""The name in `environment` that says: further variables may be set, nobody knows which."""

_FROM_OUTSIDE = {
    "HOME": "HOME depends on the user",
    "PATH": "PATH is the base image's",
    "HOSTNAME": "HOSTNAME is the builder's",
    "SHELL": "SHELL is set by the shell itself",
    "UID": "UID is the user's",
    "EUID": "EUID is the user's",
    "RANDOM": "RANDOM is random",
    "SECONDS": "SECONDS is the time",
    "LINENO": "LINENO is set by the shell itself",
    "PPID": "PPID is set by the shell itself",
    "BASH": "BASH is set by the shell itself",
    "BASH_VERSION": "BASH_VERSION is set by the shell itself",
    "BASH_SOURCE": "BASH_SOURCE is set by the shell itself",
    "FUNCNAME": "FUNCNAME is set by the shell itself",
    "OSTYPE": "OSTYPE is set by the shell itself",
    "HOSTTYPE": "HOSTTYPE is set by the shell itself",
    "MACHTYPE": "MACHTYPE is set by the shell itself",
    "OLDPWD": "OLDPWD is set by cd",
    "OPTIND": "OPTIND is set by getopts",
    "_": "$_ is set by the shell itself",
}
_RANK = {Certainty.ALWAYS: 0, Certainty.FALLBACK: 1, Certainty.CONDITIONAL: 2, Certainty.NEVER: 3}


def weaker(one: tuple[Certainty, str], other: tuple[Certainty, str]) -> tuple[Certainty, str]:
    """The less certain of two (certainty, condition); the second when they are equally so."""
    return one if _RANK[one[0]] > _RANK[other[0]] else other


def rank(certainty: Certainty) -> int:
    """0 for what always runs, rising with doubt."""
    return _RANK[certainty]


RUNNING = (Certainty.ALWAYS, "")
_Outside = tuple[dict[str, tuple[Certainty, str]], dict[str, tuple["State", ...]]]


class State(Struct, kw_only=True, eq=False):
    """A shell at one moment. Changed in place by what it runs; `copy` makes a subshell.

    `stops` say what may have ended the `exit` (script), `return` (function), `break` or `continue` (loop) scope already, with
    the certainty that is left for what follows; `pending` are the states in which one of several ways has ended such a scope.
    `status` is what the last `return` or `exit` said. `failed` is set when the build has failed for certain. `locals` are the values
    outside of the names that are local to the running function. A function maps to all its possible definitions; None among them: perhaps not
    defined. `hidden` are prefixes of names that a sourced file may have
    set, with why.
    """

    variables: dict[str, Value | Unset] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    functions: dict[str, tuple[tuple[Function, Script] | None, ...]] = field(default_factory=dict)
    positional: tuple[Scalar, ...] | Unknown = ()
    directory: str | None = "/"
    directories: tuple[str | None, ...] = ()
    options: set[str] = field(default_factory=set)
    locals: dict[str, Value | Unset] = field(default_factory=dict)
    stops: dict[str, tuple[Certainty, str]] = field(default_factory=dict)
    pending: dict[str, tuple[State, ...]] = field(default_factory=dict)
    failed: bool = False
    status: bool | None = None
    inherited: Unknown | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    _shown: Mapping[str, str | None] | None = None

    def copy(self) -> State:
        """The same shell once more, with nothing shared that can change."""
        return State(
            variables=dict(self.variables),
            exported=set(self.exported),
            functions=dict(self.functions),
            positional=self.positional,
            directory=self.directory,
            directories=self.directories,
            options=set(self.options),
            locals=dict(self.locals),
            stops=dict(self.stops),
            pending=dict(self.pending),
            failed=self.failed,
            status=self.status,
            inherited=self.inherited,
            hidden=self.hidden,
            _shown=self._shown,
        )

    def become(self, other: State) -> None:
        """Take over everything of another state."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(other, name))

    def lookup(self, name: str) -> Value | None:
        """The value of a variable; None when it is not set."""
        found = self.variables.get(name)
        if isinstance(found, Unset):
            return None
        if found is not None:
            return found
        if name == "PWD":
            return self.directory if self.directory is not None else Unknown("the directory is not known")
        if name in _FROM_OUTSIDE:
            return Unknown(_FROM_OUTSIDE[name])
        hidden = next((reason for prefix, reason in self.hidden if name.startswith(prefix)), None)
        return Unknown(hidden) if hidden else self.inherited

    def assign(self, name: str, value: Value | Unset) -> None:
        """Set a variable."""
        self.variables[name] = value
        self._shown = None
        if "a" in self.options:
            self.exported.add(name)

    def forget(self, names: Iterable[str], reason: str) -> None:
        """Make variables unknown."""
        for name in names:
            self.assign(name, Unknown(f"{name} {reason}"))

    def forget_all(self, reason: str) -> None:
        """Make every variable unknown, the unset ones too."""
        self.forget(list(self.variables), reason)
        self.inherited = Unknown(reason)

    def hide(self, prefixes: Iterable[str], reason: str) -> None:
        """Make the variables whose names start so unknown, the unset ones too."""
        for prefix in prefixes:
            self.forget([name for name in self.variables if name.startswith(prefix)], reason)
            self.hidden = (*self.hidden, (prefix, reason))

    def shown(self) -> Mapping[str, str | None]:
        """Variables with their values, None for the unknown ones, as an `Invocation` has them."""
        if self._shown is None:
            self._shown = MappingProxyType(
                {
                    name: _first(value)
                    for name, value in self.variables.items()
                    if not isinstance(value, Unset)
                }
            )
        return self._shown

    def newly_shown(self) -> int:
        """How many variables `shown` has to copy: none when it is the same as before."""
        return 0 if self._shown is not None else len(self.variables)

    def left(self) -> tuple[Certainty, str]:
        """How certain it is that the next command still runs."""
        doubt = RUNNING
        for stop in self.stops.values():
            doubt = weaker(doubt, stop)
        return (Certainty.NEVER, doubt[1]) if self.failed else doubt

    def revived(self) -> State:
        """A copy in which nothing has ended yet, to look at what can no longer run."""
        copy = self.copy()
        copy.stops, copy.pending, copy.failed = {}, {}, False
        return copy

    def enter(self, scopes: tuple[str, ...]) -> _Outside:
        """At the start of a loop or function: put aside what counts for the one around it."""
        stops = {scope: self.stops.pop(scope) for scope in scopes if scope in self.stops}
        pending = {scope: self.pending.pop(scope) for scope in scopes if scope in self.pending}
        return stops, pending

    def leave(self, scopes: tuple[str, ...], outside: _Outside = ({}, {})) -> None:
        """Behind a loop or function: what ended only that goes on, what was put aside counts again."""
        for scope in scopes:
            ways = [self, *self.pending.pop(scope, ())]
            for way in ways:
                way.stops.pop(scope, None)
            if len(ways) > 1:
                self.become(merged(ways, f"behind {scope}"))
        self.stops.update(outside[0])
        self.pending.update(outside[1])

    def ended(self) -> str | None:
        """The scope that has ended for certain, None when commands still run."""
        return next((scope for scope, stop in self.stops.items() if stop[0] == Certainty.NEVER), None)

    def set_aside(self, other: State, condition: str) -> None:
        """Another way has ended a scope: it counts again behind that."""
        ended = other.ended() or "exit"
        doubt = (Certainty.CONDITIONAL, negated(condition))
        self.stops[ended] = weaker(self.stops.get(ended, RUNNING), doubt)
        if ended != "exit":
            self.pending[ended] = (*self.pending.get(ended, ()), other.copy())

    def child(self) -> State:
        """The state that a shell started by this one begins with: exported variables only."""
        child = self.copy()
        child.variables = {
            name: value
            for name, value in self.variables.items()
            if name in self.exported and not isinstance(value, tuple)
        }
        child.functions = {}
        child.positional = ()
        child.options = set()
        child.locals = {}
        child.pending = {}
        child._shown = None  # noqa: SLF001 - another object of this class
        return child


def _first(value: Value | Unset) -> str | None:
    if isinstance(value, tuple):
        value = value[0] if value else ""
    return value if isinstance(value, str) else None


def merged(states: list[State], condition: str) -> State:
    """What is known when one of several ways was gone, nobody knows which. `states` is not empty."""
    alive = [state for state in states if not state.failed] or states
    running = [state for state in alive if state.ended() is None]
    first, *others = running or alive
    result = first.copy()
    for other in others:
        if other.ended() == first.ended():
            _merge_into(result, other, condition)
    for other in alive:
        if other.ended() != first.ended():
            result.set_aside(other, condition)
    return result


def _merge_into(result: State, other: State, condition: str) -> None:
    for name in sorted(result.variables.keys() | other.variables.keys()):
        mine, theirs = result.variables.get(name), other.variables.get(name)
        if mine != theirs and not _both_unset(result, other, name):
            result.assign(name, _either(name, mine, theirs))
    result.exported |= other.exported
    for function in sorted(result.functions.keys() | other.functions.keys()):
        both = (*result.functions.get(function, (None,)), *other.functions.get(function, (None,)))
        result.functions[function] = tuple(dict.fromkeys(both))
    if result.positional != other.positional:
        result.positional = Unknown("the positional parameters are set differently")
    if result.directory != other.directory:
        result.directory = None
    if result.directories != other.directories:
        result.directories = ()
    result.options &= other.options
    for name in sorted(result.locals.keys() | other.locals.keys()):
        if result.locals.get(name) != other.locals.get(name):
            result.locals[name] = Unknown(f"{name} is local under a condition")
    result.inherited = result.inherited or other.inherited
    result.hidden = tuple(dict.fromkeys((*result.hidden, *other.hidden)))
    result.stops = _merged_stops(result.stops, other.stops, condition)
    for scope, ways in other.pending.items():
        known = result.pending.get(scope, ())
        result.pending[scope] = (*known, *(way for way in ways if way not in known))


def _both_unset(one: State, other: State, name: str) -> bool:
    return one.lookup(name) is None and other.lookup(name) is None


def _either(name: str, one: Value | Unset | None, other: Value | Unset | None) -> Unknown:
    for value in (one, other):
        if isinstance(value, Unknown):
            return value
    values = [f"'{value}'" for value in (one, other) if isinstance(value, str) and len(value) < 30]
    return Unknown(
        f"{name} depends on a condition" + (f": {' or '.join(values)}" if len(values) == 2 else "")
    )


def _merged_stops(
    one: dict[str, tuple[Certainty, str]], other: dict[str, tuple[Certainty, str]], condition: str
) -> dict[str, tuple[Certainty, str]]:
    stops = {}
    for scope in sorted(one.keys() | other.keys()):
        mine, theirs = one.get(scope, RUNNING), other.get(scope, RUNNING)
        certain = mine[0] == theirs[0] == Certainty.NEVER
        stops[scope] = mine if certain or mine == theirs else (Certainty.CONDITIONAL, negated(condition))
    return stops
