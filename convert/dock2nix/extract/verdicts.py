"""What one command means for the image, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.model.steps import CommandOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract.files import ImageFiles
    from dock2nix.extract.paths import KnownPaths
    from dock2nix.extract.scripts import RunText
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import Redirect
    from dock2nix.model.source import Location

_WRITING = frozenset({">", ">>", ">|", "&>", "&>>", "<>"})
_NOWHERE = frozenset({"/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty"})
_RANK = {
    CommandOutcome.NOT_NEEDED: 0,
    CommandOutcome.TRANSLATED: 1,
    CommandOutcome.SCRIPT: 2,
    CommandOutcome.UNRESOLVED: 3,
}


class Scene(Struct, frozen=True, kw_only=True):
    """Where a RUN stands: its stage, what is known then (it grows with each command), and who runs it.

    `text` is what is run, when parts of it may become scripts. `builds` are the verdicts on commands that build, by their places.
    `distribution` is the image's, "" when that is not known.
    `platform` is that of the image. `depth`: in so many scripts, one called by the other, the commands stand.
    """

    stage: int
    catalogue: Catalogue
    files: ImageFiles
    known: KnownPaths
    user: str = ""
    text: RunText | None = None
    builds: Mapping[Location, Verdict] = field(default_factory=dict)
    distribution: str = ""
    platform: str = "linux/amd64"
    depth: int = 0


class Verdict(Struct, frozen=True, kw_only=True):
    """What one invocation means. `problems` are (finding code, message, hint) yet without a place.

    `quiet`: another command's finding speaks for this one. `settled`: its effects fit what is in the image already.
    """

    outcome: CommandOutcome
    reason: str = ""
    installs: tuple[InstallStep, ...] = ()
    effects: tuple[Effect, ...] = ()
    problems: tuple[tuple[str, str, str], ...] = ()
    quiet: bool = False
    settled: bool = False


def not_needed(reason: str) -> Verdict:
    return Verdict(outcome=CommandOutcome.NOT_NEEDED, reason=reason)


def unresolved(reason: str, *problems: tuple[str, str, str]) -> Verdict:
    return Verdict(outcome=CommandOutcome.UNRESOLVED, reason=reason, problems=problems)


def combine(verdicts: tuple[Verdict, ...]) -> Verdict:
    """A command in a loop is done when each of its runs is."""
    if len(verdicts) == 1:
        return verdicts[0]
    if not verdicts:
        return not_needed("never runs")
    worst = max(verdicts, key=lambda verdict: _RANK[verdict.outcome])
    return Verdict(
        outcome=worst.outcome,
        reason=worst.reason,
        installs=tuple(install for verdict in verdicts for install in verdict.installs),
        effects=tuple(effect for verdict in verdicts for effect in verdict.effects)
        if worst.outcome is not CommandOutcome.UNRESOLVED
        else (),
        problems=tuple(dict.fromkeys(problem for verdict in verdicts for problem in verdict.problems)),
    )


def written_paths(redirects: tuple[Redirect, ...]) -> tuple[str | None, ...]:
    """Targets of redirections that write files; None for one that is not known."""
    targets = (redirect.target for redirect in redirects if redirect.operator in _WRITING)
    return tuple(target.value for target in targets if target is not None and target.value not in _NOWHERE)
