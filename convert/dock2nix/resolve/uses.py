"""What becomes of a requirement: whether the image gets its packages, or only what builds the image."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.managers.arguments import option_names
from dock2nix.managers.resolution import library_output
from dock2nix.model.packages import (
    Action,
    LockedArtifact,
    NixpkgsPackage,
    NotNeeded,
    Requirement,
    Resolution,
    Unresolved,
)
from dock2nix.model.steps import CommandOutcome, RequirementOutcome, ResolvedRequirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.steps import Step

_HEADERS = regex(r".*-(?:dev|devel|headers)(?:-.*)?")
# Programs that compile, or install what may have to be compiled.
_BUILDERS = option_names(
    """
    autogen.sh autoreconf bazel bootstrap buildconf bundle bundler c++ cabal cargo cc clang clang++ cmake configure conan
    cpan cpanm cpm docker-php-ext-configure docker-php-ext-install docker-php-source g++ gcc gem gmake go install2.r
    installGithub.r luarocks make maturin meson mix ninja node-gyp npm npx opam pdm pear pecl phpize pip pipenv pipx pnpm
    poetry pyenv python-build qmake R rebar3 rbenv Rscript ruby-build scons setup.py stack swift uv waf yarn
    """
)
_PYTHON = regex(r"(?:python|pypy)[0-9.]*")
_PIP = regex(r"pip[0-9.]*")
# Languages of their own: what builds with another compiler has no use for them.
_OF_ONE_LANGUAGE = regex(r"(?:go|ghc|cabal-install|ocaml|opam|nim|zig|sbcl|fpc|gnat)(?:[_-]?\d.*)?")


class Afterwards:
    """What the steps of a stage do, by place: which programs run, and which packages are removed again.

    Args:
        steps: of the stage, and behind them those of later stages that stand on it.
        at_run_time: programs that the image runs.
    """

    def __init__(self, steps: tuple[Step, ...], at_run_time: frozenset[str]) -> None:
        self.at_run_time = at_run_time
        self._lines = tuple(step.location.first_line for step in steps)
        self._runs: dict[str, list[int]] = {}
        self._left: dict[str, list[int]] = {}
        self._removals: dict[tuple[str, str], list[int]] = {}
        for position, step in enumerate(steps):
            if (
                step.outcome is not CommandOutcome.NOT_NEEDED
            ):  # what has no effect on the image needs no program
                self._runs.setdefault(_program(step), []).append(position)
            if step.outcome in {CommandOutcome.SCRIPT, CommandOutcome.UNRESOLVED}:
                self._left.setdefault(_program(step), []).append(position)
            for removed in _removed(step):
                self._removals.setdefault(removed, []).append(position)

    def first_use(self, programs: AbstractSet[str], position: int) -> int:
        """The line of the first step behind a position that runs one of the programs, 0 when there is none."""
        places = (_behind(self._runs[program], position) for program in programs & self._runs.keys())
        return self._line(places)

    def needs(self, programs: AbstractSet[str], position: int) -> bool:
        """Whether a step behind a position runs one of the programs as it stands: what is translated needs none."""
        found = (_behind(self._left[program], position) for program in programs & self._left.keys())
        return any(place is not None for place in found)

    def removal(self, manager: str, names: Iterable[str], position: int) -> int:
        """The line of the first step behind a position that removes a package (or group) of that name, 0 for none."""
        return self._line(_behind(self._removals.get((manager, name), []), position) for name in names)

    def _line(self, places: Iterable[int | None]) -> int:
        first = min((place for place in places if place is not None), default=None)
        return 0 if first is None else self._lines[first]


def _behind(places: list[int], position: int) -> int | None:
    at = bisect_right(places, position)
    return places[at] if at < len(places) else None


class Later(Struct, frozen=True, kw_only=True):
    """What happens behind the step at `position`."""

    afterwards: Afterwards
    position: int

    @property
    def at_run_time(self) -> frozenset[str]:
        """The programs that the image runs."""
        return self.afterwards.at_run_time

    def used(self, programs: AbstractSet[str]) -> int:
        """The first line where one of the programs runs while the image is built, 0 for none."""
        return self.afterwards.first_use(programs, self.position)

    def runs(self, programs: Iterable[str]) -> bool:
        """Whether one of the programs runs in the image, or in a command that is left as it stands."""
        names = set(programs)
        return bool(names & self.at_run_time) or self.afterwards.needs(names, self.position)

    def removed(self, requirement: Requirement, group: str) -> int:
        """The line of the command that removes a requirement, or the group it was installed under; 0 for none."""
        names = (requirement.name, *((group,) if group else ()))
        return self.afterwards.removal(requirement.manager, names, self.position)


def _removed(step: Step) -> tuple[tuple[str, str], ...]:
    return tuple(
        (install.manager, requirement.name)
        for install in step.installs
        if install.action is Action.REMOVE
        for requirement in install.requirements
    )


def _program(step: Step) -> str:
    """What runs: `python setup.py` and `python -m pip` are no mere run of python."""
    name = step.program.rsplit("/", 1)[-1]
    if _PIP.fullmatch(name):
        return "pip"
    if _PYTHON.fullmatch(name) and re.search(r"\bsetup\.py\b|\s-m\s*(?:pip|build)\b", step.text):
        return "setup.py"
    return name


def result_of(
    stage: int,
    asked: tuple[Requirement, str],
    resolutions: tuple[Resolution, ...],
    later: Later,
    catalogue: Catalogue,
    *,
    kept: bool,
) -> ResolvedRequirement:
    """A requirement with what becomes of it.

    Compilers and the like stay in an image that has them, unless a later command uses them to build, or removes them. Headers
    are for building in any case; the library that they are of stays.

    Args:
        stage: the position of its stage.
        asked: the requirement and the group it is installed under.
        resolutions: what stands for it.
        later: what happens behind it.
        catalogue: what is known of packages.
        kept: whether the image has the files of that stage.
    """
    outcome, reason = _outcome(resolutions)
    if outcome is RequirementOutcome.NIXPKGS:
        outcome, reason, resolutions = _in_image(asked, resolutions, later, catalogue, kept=kept)
    return ResolvedRequirement(
        stage=stage, requirement=asked[0], resolutions=resolutions, outcome=outcome, reason=reason
    )


def _outcome(resolutions: tuple[Resolution, ...]) -> tuple[RequirementOutcome, str]:
    unresolved = [one for one in resolutions if isinstance(one, Unresolved)]
    if unresolved or not resolutions:
        return RequirementOutcome.UNRESOLVED, unresolved[0].reason if unresolved else "nothing is known of it"
    not_needed = [one for one in resolutions if isinstance(one, NotNeeded)]
    if len(not_needed) == len(resolutions):
        return RequirementOutcome.NOT_NEEDED, not_needed[0].reason
    if any(isinstance(one, LockedArtifact) for one in resolutions):
        return RequirementOutcome.LOCKED, ""
    return RequirementOutcome.NIXPKGS, ""


_Told = tuple[RequirementOutcome, str, tuple[Resolution, ...]]


def _in_image(
    asked: tuple[Requirement, str],
    resolutions: tuple[Resolution, ...],
    later: Later,
    catalogue: Catalogue,
    *,
    kept: bool,
) -> _Told:
    if removal := later.removed(*asked):
        return _for_building(resolutions, f"removed again in line {removal}")
    if not kept:
        return _for_building(resolutions, "installed in a stage that the image only copies from")
    tools = [one for one in resolutions if isinstance(one, NixpkgsPackage) and one.build_only]
    if not tools:
        return RequirementOutcome.NIXPKGS, "", resolutions
    if _HEADERS.fullmatch(asked[0].name) or all(tool.outputs == ("dev",) for tool in tools):
        return _headers(resolutions, tools, catalogue)
    line = _used_in(tools, later, catalogue)
    if line:
        return _for_building(resolutions, f"used for building in line {line}")
    there = tuple(
        replace(one, build_only=False) if isinstance(one, NixpkgsPackage) else one for one in resolutions
    )
    return RequirementOutcome.NIXPKGS, "", there


def _for_building(resolutions: tuple[Resolution, ...], reason: str) -> _Told:
    building = tuple(
        replace(one, build_only=True) if isinstance(one, NixpkgsPackage) else one for one in resolutions
    )
    return RequirementOutcome.BUILD_ONLY, reason, building


def _headers(
    resolutions: tuple[Resolution, ...], headers: list[NixpkgsPackage], catalogue: Catalogue
) -> _Told:
    """Headers alone are for building; a distribution brings the library along with them, and something may load it."""
    libraries = [library for one in headers if (library := _library_of(one, catalogue))]
    if not libraries:
        return RequirementOutcome.BUILD_ONLY, "headers are needed for building, not in the image", resolutions
    reason = "headers are needed for building only; the library stays in the image"
    return RequirementOutcome.BUILD_ONLY, reason, (*resolutions, *libraries)


def _library_of(package: NixpkgsPackage, catalogue: Catalogue) -> NixpkgsPackage | None:
    output = library_output(catalogue, package.requirement.name, package.attribute_path)
    if output is None:
        return None
    return replace(package, outputs=(output,) if output else (), build_only=False, part=True)


def _used_in(tools: list[NixpkgsPackage], later: Later, catalogue: Catalogue) -> int:
    """The first later line where something builds with the tools; 0 when nothing does, or the image runs one itself."""
    programs = {program for tool in tools for program in _programs(tool, catalogue)}
    if programs & later.at_run_time:
        return 0
    alone = all(_OF_ONE_LANGUAGE.fullmatch(tool.attribute_path) for tool in tools)
    return later.used(programs if alone else programs | _BUILDERS)


def _programs(package: NixpkgsPackage, catalogue: Catalogue) -> tuple[str, ...]:
    known = catalogue.attribute(package.attribute_path)
    return known.programs if known is not None else ()
