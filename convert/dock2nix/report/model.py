"""Everything there is to report, in one object; every form of the report is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.downloads import FetchFile, FetchTree, Unpack, tree_key
from dock2nix.model.finding import Finding, Severity
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import BuiltProject, LockedArtifact, NixpkgsPackage, Origin, Unresolved
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.stages import node_modules_of, origins_of

if TYPE_CHECKING:
    from dock2nix.model.downloads import Programs
    from dock2nix.model.image import BaseImage
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement, Step

_INSTRUCTION_STEPS = frozenset({"COPY", "ADD", "WORKDIR"})


class StageReport(Struct, frozen=True, kw_only=True):
    """One stage: its base as written and what became of it ("nixpkgs", "stage", "pulled", "unresolved")."""

    index: int
    name: str
    base: str
    line: int
    outcome: str
    attributes: tuple[str, ...]
    inputs: tuple[str, ...]
    built: bool


class HashRow(Struct, frozen=True, kw_only=True, order=True):
    """The hash of what many addresses give (the dependencies of a Go module): where it stands, and what it is `of`.

    `file` is a path in the flake, `line` one in it; `hash` is "" while it is not known.
    """

    file: str
    line: int
    attribute: str
    of: str
    hash: str


class Report(Struct, frozen=True, kw_only=True):
    """What was asked, what became of it, and what is left to a human.

    `places` are keys of the image's configuration with the line of the Dockerfile that sets them, `options` what the command line
    says that decides about content: `dock2nix check` converts again with these. `hashes` are those of what many addresses give.
    `excused` are first and last lines of instructions whose findings the user ignores: what is open there is no business of his.
    """

    dockerfile: str
    sha256: str
    plan: ImagePlan
    stages: tuple[StageReport, ...]
    requirements: tuple[ResolvedRequirement, ...]
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    excused: tuple[tuple[int, int], ...] = ()
    places: tuple[tuple[str, int], ...] = ()
    options: tuple[tuple[str, object], ...] = ()
    hashes: tuple[HashRow, ...] = ()

    @property
    def copies(self) -> tuple[Step, ...]:
        """COPY and ADD."""
        return tuple(step for step in self.steps if step.program in {"COPY", "ADD"})

    @property
    def commands(self) -> tuple[Step, ...]:
        """The shell commands of the RUN instructions."""
        return tuple(step for step in self.steps if step.program not in _INSTRUCTION_STEPS)

    @property
    def needs_review(self) -> bool:
        return any(finding.severity is not Severity.INFO for finding in self.findings) or any(
            step.outcome is CommandOutcome.UNRESOLVED and not self._is_excused(step) for step in self.steps
        )

    def _is_excused(self, step: Step) -> bool:
        return any(first <= step.location.first_line <= last for first, last in self.excused)

    @property
    def result(self) -> str:
        if any(finding.code == "D2N107" for finding in self.findings):
            return "unsupported"
        return "needs-review" if self.needs_review else "converted"

    @property
    def fetched(self) -> tuple[FetchedRow, ...]:
        """What the flake downloads besides nixpkgs, by address."""
        rows = {
            FetchedRow(url=package.url, hash=package.hash, line=effect.location.first_line)
            for effect in (*self.plan.effects, *node_modules_of(self.plan.stages))
            if isinstance(effect, NodeModules)
            for package in effect.packages
            if package.url
        }
        return tuple(
            sorted(
                rows | self._sources | self._wheels | self._debs | self._downloads | self._base,
                key=lambda row: (row.url, row.hash, row.line, row.rev, row.submodules, str(row.programs)),
            )
        )

    @property
    def _base(self) -> set[FetchedRow]:
        kept = self.plan.kept
        if kept is None or not (kept.digest and kept.hash):
            return set()
        return {FetchedRow(url=kept.address, hash=kept.hash, line=kept.location.first_line)}

    @property
    def _sources(self) -> set[FetchedRow]:
        return {
            FetchedRow(url=row.exact.url, hash=row.exact.hash, line=one.requirement.location.first_line)
            for one in self.requirements
            for row in one.resolutions
            if isinstance(row, NixpkgsPackage) and row.exact
        }

    @property
    def _debs(self) -> set[FetchedRow]:
        lock = self.plan.debs
        if lock is None:
            return set()
        lines = {
            one.requirement.name: one.requirement.location.first_line
            for one in self.requirements
            if one.outcome is RequirementOutcome.LOCKED and one.requirement.manager == "apt"
        }
        first = min(lines.values(), default=0)
        return {
            FetchedRow(url=one.url, hash=one.hash, line=lines.get(one.name, first)) for one in lock.packages
        }

    @property
    def _downloads(self) -> set[FetchedRow]:
        rows: set[FetchedRow] = set()
        for effect in (*self.plan.effects, *origins_of(self.plan.stages)):
            file = effect.source if isinstance(effect, Unpack) else effect
            if isinstance(file, FetchFile) and file.hash:
                rows.add(_file_row(file))
            elif isinstance(file, FetchTree) and file.hash:
                rows.add(_tree_row(file))
        return rows

    @property
    def _wheels(self) -> set[FetchedRow]:
        lines = {
            one.requirement.name: one.requirement.location.first_line
            for one in self.requirements
            if one.outcome is RequirementOutcome.LOCKED and one.requirement.manager == "pip"
        }
        first = min(lines.values(), default=0)
        found = self.plan.python.lock.distributions if self.plan.python else ()
        return {
            FetchedRow(url=file.url, hash=file.hash, line=lines.get(one.name, first))
            for one in found
            for file in one.files
        }

    @property
    def resolved_requirements(self) -> int:
        return sum(one.outcome is not RequirementOutcome.UNRESOLVED for one in self.requirements)

    @property
    def accounted_commands(self) -> int:
        return sum(step.outcome is not CommandOutcome.UNRESOLVED for step in self.commands)


class FetchedRow(Struct, frozen=True, kw_only=True):
    """A file that Nix downloads and checks by its hash; `line` is that of the command it is for.

    `programs` is what was found in it, None when nobody has looked. A repository has `#` and what was asked for behind its
    address, its commit in `rev`, and `submodules` if they are fetched too.
    """

    url: str
    hash: str
    line: int
    programs: Programs | None = None
    rev: str = ""
    submodules: bool = False


def _file_row(file: FetchFile) -> FetchedRow:
    return FetchedRow(url=file.url, hash=file.hash, line=file.location.first_line, programs=file.programs)


def _tree_row(tree: FetchTree) -> FetchedRow:
    return FetchedRow(
        url=tree_key(tree),
        hash=tree.hash,
        line=tree.location.first_line,
        rev=tree.rev,
        submodules=tree.submodules,
    )


class RequirementRow(Struct, frozen=True, kw_only=True):
    """A requirement as the reports show it."""

    attributes: tuple[str, ...]
    outputs: tuple[str, ...]
    version: str
    origin: str
    evidence: str
    hash: str
    reason: str
    candidates: tuple[str, ...]
    source: str = ""


def requirement_row(one: ResolvedRequirement) -> RequirementRow:
    """The resolutions of one requirement, summed up."""
    packages = [resolution for resolution in one.resolutions if isinstance(resolution, NixpkgsPackage)]
    locked = [resolution for resolution in one.resolutions if isinstance(resolution, LockedArtifact)]
    unresolved = [resolution for resolution in one.resolutions if isinstance(resolution, Unresolved)]
    known: tuple[NixpkgsPackage | LockedArtifact, ...] = (*packages, *locked)
    first = known[0] if known else None
    built = next((resolution for resolution in one.resolutions if isinstance(resolution, BuiltProject)), None)
    if built is not None:
        return _built_row(one, built)
    exact = next((package.exact for package in packages if package.exact), None)
    return RequirementRow(
        attributes=tuple(dict.fromkeys(_attribute(package) for package in packages)),
        outputs=tuple(dict.fromkeys(output for package in packages for output in package.outputs)),
        version=first.version if first else "",
        origin=str(first.origin) if first else "",
        evidence=first.evidence if first else "",
        hash=str(locked[0].hash) if locked else exact.hash if exact else "",
        source=exact.url if exact else "",
        reason=one.reason,
        candidates=unresolved[0].candidates if unresolved else (),
    )


def _built_row(one: ResolvedRequirement, built: BuiltProject) -> RequirementRow:
    version = one.requirement.project.version if one.requirement.project else ""
    computed = "" if version else "; its version is computed, here it is 0"
    return RequirementRow(
        attributes=(),
        outputs=(),
        version=version,
        origin=str(Origin.RULE),
        evidence=f"the project itself, built by nix/stages/{built.build.name}.nix{computed}",
        hash="",
        source="",
        reason=one.reason,
        candidates=(),
    )


def _attribute(package: NixpkgsPackage) -> str:
    prefix = f"inputs.{package.source}:" if package.source else ""
    return f"{prefix}{package.attribute_path}"


def stage_attributes(base: BaseImage | None) -> tuple[str, ...]:
    """The base's packages, the interpreter first."""
    if base is None:
        return ()
    first = (str(base.interpreter),) if base.interpreter else ()
    return tuple(dict.fromkeys((*first, *sorted(str(path) for path in base.packages))))
