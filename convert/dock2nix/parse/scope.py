"""The variables in force at every instruction of a stage, kept once however many instructions look at them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, NamedTuple, Self, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")
DEFAULT_WINDOWS_SHELL = ("cmd", "/S", "/C")


# From so many histories on top of each other on, a new one starts with a copy of all values.
_MAXIMUM_DEPTH = 50


class _History:
    """Values of names over time, on top of what was there before."""

    __slots__ = ("base", "changes", "depth", "version")

    def __init__(self, base: _Moment | None = None) -> None:
        self.base = base
        self.depth: int = base.history.depth + 1 if base else 0
        self.changes: dict[str, list[tuple[int, str | None]]] = {}
        self.version = 0
        if base and self.depth > _MAXIMUM_DEPTH:
            self.changes = {name: [(0, value)] for name, value in base.values().items()}
            self.base, self.depth = None, 0

    def assign(self, name: str, value: str | None) -> None:
        self.version += 1
        self.changes.setdefault(name, []).append((self.version, value))

    def now(self) -> _Moment:
        return _Moment(self, self.version)


class _Moment(NamedTuple):
    """A history up to a version."""

    history: _History
    version: int

    def lineage(self) -> Iterator[_Moment]:
        """The moment itself, and those that its history stands on."""
        moment: _Moment | None = self
        while moment is not None:
            yield moment
            moment = moment.history.base

    def change(self, name: str) -> tuple[int, str | None] | None:
        """The last change of a name in this history alone."""
        values = self.history.changes.get(name, [])
        position = bisect_right(values, self.version, key=lambda change: change[0])
        return values[position - 1] if position else None

    def values(self) -> dict[str, str | None]:
        """Every name with its value, the oldest first."""
        found: dict[str, str | None] = {}
        for moment in reversed(tuple(self.lineage())):
            changes = ((name, moment.change(name)) for name in moment.history.changes)
            found.update((name, change[1]) for name, change in changes if change is not None)
        return found


class Environment(Mapping[str, str | None]):
    """The variables at one moment: a mapping that nothing changes afterwards."""

    __slots__ = ("_moment",)

    def __init__(self, moment: _Moment) -> None:
        self._moment = moment

    def __getitem__(self, name: str) -> str | None:
        for moment in self._moment.lineage():
            change = moment.change(name)
            if change is not None:
                return change[1]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._moment.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Environment({self._moment.values()!r})"


class EnvironmentNames(AbstractSet[str]):
    """The names of an environment. A frozenset at every instruction would take memory by the square of their number."""

    __slots__ = ("_environment",)

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    @classmethod
    def _from_iterable(cls, names: Iterable[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(names)

    def __contains__(self, name: object) -> bool:
        return name in self._environment

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)

    def __repr__(self) -> str:
        return f"EnvironmentNames({sorted(self)!r})"


class Scope:
    """What a stage has seen so far of ARG, ENV and SHELL.

    It starts with what its base stage or base image leaves it. `environment` and `environment_names` are as in
    `ScopedInstruction`; what was read from them before stays as it was when the scope goes on.
    """

    def __init__(self, *, shell: tuple[str, ...] = DEFAULT_SHELL, base: Scope | None = None) -> None:
        self.shell: tuple[str, ...] = base.shell if base else shell
        self._values: _History = _History(base._values.now() if base else None)  # noqa: SLF001 - its own kind
        self._variables: _History = _History(base._variables.now() if base else None)  # noqa: SLF001
        self.environment = Environment(self._values.now())
        self.environment_names = self._names()

    @classmethod
    def of_image(cls, variables: Mapping[str, str], *, windows: bool, shell: tuple[str, ...] = ()) -> Self:
        """The scope that a base image leaves: its ENV, and always a PATH; its SHELL if it has one of its own."""
        scope = cls(shell=shell or (DEFAULT_WINDOWS_SHELL if windows else DEFAULT_SHELL))
        path = {} if windows else {"PATH": DEFAULT_PATH}
        scope.set_variables({**path, **variables}.items())
        return scope

    def set_variables(self, pairs: Iterable[tuple[str, str]]) -> None:
        """ENV."""
        for name, value in pairs:
            self._values.assign(name, value)
            self._variables.assign(name, value)
        self.environment = Environment(self._values.now())
        self.environment_names = self._names()

    def declare(self, name: str, value: str | None) -> None:
        """ARG: without a value it declares the name, but takes no value away from it."""
        if value is not None or name not in self.environment:
            self._values.assign(name, value)
            self.environment = Environment(self._values.now())

    def with_variables(self, variables: Mapping[str, str]) -> Environment:
        """The environment with a few more variables, which do not last."""
        if not variables:
            return self.environment
        history = _History(self._values.now())
        for name, value in variables.items():
            history.assign(name, value)
        return Environment(history.now())

    def _names(self) -> frozenset[str]:
        return cast("frozenset[str]", EnvironmentNames(Environment(self._variables.now())))
