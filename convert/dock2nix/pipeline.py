"""The order of the passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.catalogue.annotated import AnnotatedCatalogue
from dock2nix.catalogue.kept import KeptCatalogue
from dock2nix.emit.render import render
from dock2nix.extract import extract, python_sources, run_time_programs
from dock2nix.extract.platform import platform_question
from dock2nix.locking import LockSettings, image_parts, lock_python
from dock2nix.locking.base import NoLocker
from dock2nix.locking.debs import DebSettings, lock_debs, with_folders
from dock2nix.locking.downloads import DownloadSources, lock_downloads, signature_remark
from dock2nix.locking.gems import lock_gems
from dock2nix.locking.kept_base import keep_base
from dock2nix.locking.node_locks import made_files, make_node_locks
from dock2nix.model.finding import Outcome
from dock2nix.model.image import NodeModules
from dock2nix.parse.annotations import read_annotations
from dock2nix.parse.context import BuildContext
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.own_bases import with_own_bases
from dock2nix.parse.stages import link_stages, needed_stages
from dock2nix.parse.triggers import with_triggers
from dock2nix.plan import ImageSettings, base_environment, image_chain, plan_image, systems_of
from dock2nix.plan.calls import run_time_calls
from dock2nix.plan.choices import apply_choices
from dock2nix.plan.named_files import settle_named_files
from dock2nix.plan.programs import add_programs, image_contents
from dock2nix.plan.scripts import check_scripts
from dock2nix.plan.stages import modules_by_file, origins_of, with_modules, with_origins
from dock2nix.report import Page, Passed, build_report, report_files
from dock2nix.resolve import base_image_of, resolve
from dock2nix.review.known_hashes import keep_hashes
from dock2nix.verify.static import self_check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking import ImageParts
    from dock2nix.locking.base import Locker
    from dock2nix.locking.downloads import LockedDownloads
    from dock2nix.locking.node_locks import NodeLocker
    from dock2nix.model.dockerfile import Dockerfile, Stage
    from dock2nix.model.finding import Finding
    from dock2nix.model.image import KeptBase
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.report.model import Report


class Source(Struct, frozen=True, kw_only=True):
    """A Dockerfile to convert: its bytes, what to call it in messages, where it is (None: nowhere), and its build context."""

    content: bytes
    path: str
    file: Path | None
    context: Path


class Options(Struct, frozen=True, kw_only=True):
    """What the command line says of the conversion. `platform` "" stands for linux/amd64, with a flake for every system.

    `python` is where its packages come from: auto, nixpkgs or lock; `python_lock` the text of an older nix/pylock.toml. `fallback`
    is where packages come from that nixpkgs lacks: deb, or "" for nowhere; `deb_lock` the text of an older nix/debs.json. `pin` is exact, or "" for the
    versions that nixpkgs has. `recorded` are the options as report.json keeps them, so that `dock2nix check` can convert in the same way.
    `page`: nix/report.html is written too.
    """

    target: str = ""
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    image: ImageSettings
    strict: bool = False
    python: str = "nixpkgs"
    python_lock: str = ""
    pin: str = ""
    fallback: str = ""
    deb_lock: str = ""
    recorded: tuple[tuple[str, object], ...] = ()
    page: bool = False

    @property
    def locking(self) -> LockSettings:
        """What of it concerns locks."""
        return LockSettings(
            python=self.python,
            previous=self.python_lock,
            channel=self.image.channel,
            systems=systems_of(self.image),
        )

    def debs(self, pin: str) -> DebSettings:
        """What of it concerns packages that nixpkgs lacks; `pin` is its revision."""
        return DebSettings(
            wanted=self.fallback == "deb", systems=systems_of(self.image), previous=self.deb_lock, pin=pin
        )


class Conversion(Struct, frozen=True, kw_only=True):
    """The files to write (path relative to the flake's root → text) and the report on them."""

    files: Mapping[str, str]
    report: Report


def _no_locker() -> Locker:
    return NoLocker("nothing to lock with was given", "convert with --python lock")


def _no_node_locker() -> NodeLocker | None:
    return None


def _no_downloads() -> DownloadSources:
    from dock2nix.locking.fetching import NoFetcher  # noqa: PLC0415 - few Dockerfiles download

    return DownloadSources(fetcher=NoFetcher("nothing was downloaded"))


def _linked(
    dockerfile: Dockerfile, options: Options, catalogue: Catalogue, kept: KeptBase | None = None
) -> Outcome[tuple[Stage, ...]]:
    return link_stages(
        dockerfile,
        build_arguments=options.build_arguments,
        platform=options.platform or "linux/amd64",
        target=options.target,
        base_environment=lambda reference: base_environment(catalogue.base_image(reference)),
        base_shells={kept.reference: kept.shell} if kept else None,
    )


class _Standing(Struct, frozen=True, kw_only=True):
    """The linked stages with what is known of the images that they stand on, and the stage wanted.

    `kept` is the published image that the image stands on as it is.
    """

    stages: Outcome[tuple[Stage, ...]]
    target: str
    catalogue: Catalogue
    kept: KeptBase | None = None
    findings: tuple[Finding, ...] = ()


def _standing(
    dockerfile: Dockerfile,
    source: Source,
    options: Options,
    catalogue: Catalogue,
    downloads: Callable[[], DownloadSources],
) -> _Standing:
    """Link the stages; the base that is kept, and those that the project builds itself, are known by then."""
    stages = _linked(dockerfile, options, catalogue)
    kept: KeptBase | None = None
    findings: tuple[Finding, ...] = ()
    if options.image.keep_base:
        root = stages.value[image_chain(stages.value, needed_stages(stages.value, options.target)[-1])[0]]
        asked = keep_base(root, (options.platform or root.platform).split("/")[1], downloads())
        kept = asked.value
        whole = with_triggers(dockerfile, root, kept.triggers, f"{kept.name}:{kept.tag}")
        dockerfile, findings = whole.value, asked.findings + whole.findings
        catalogue = KeptCatalogue(catalogue, kept.reference, kept.config)
        stages = _linked(dockerfile, options, catalogue, kept)
    joined = with_own_bases(
        dockerfile,
        options.target,
        stages.value,
        lambda file, target: _linked(file, replace(options, target=target), catalogue, kept).value,
        lambda reference: catalogue.base_image(reference) is None,
        (source.context, source.file),
    )
    if joined.dockerfile is not dockerfile:
        stages = _linked(joined.dockerfile, replace(options, target=joined.target), catalogue, kept)
    return _Standing(
        stages=stages,
        target=joined.target,
        catalogue=catalogue,
        kept=kept,
        findings=(*findings, *joined.findings),
    )


def _with_downloads(plan: ImagePlan, fetched: LockedDownloads) -> ImagePlan:
    stages = with_origins(plan.stages, fetched.origins)
    return replace(plan, effects=fetched.effects, systems=fetched.systems or plan.systems, stages=stages)


def _pinned(
    requirements: Outcome[tuple[ResolvedRequirement, ...]],
    parts: ImageParts,
    options: Options,
    downloads: Callable[[], DownloadSources],
) -> Outcome[tuple[ResolvedRequirement, ...]]:
    """The requirements, with the sources of the versions asked for where that is wanted."""
    if options.pin != "exact":
        return requirements
    from dock2nix.locking.debs.exact import pin_exact  # noqa: PLC0415 - few conversions ask for it

    return pin_exact(requirements, parts, downloads)


def _fetched(
    planned: Outcome[ImagePlan],
    context: BuildContext,
    catalogue: Catalogue,
    downloads: Callable[[], DownloadSources],
) -> Outcome[ImagePlan]:
    """The plan with the hashes of what the image and its builds download."""
    plan = planned.value
    files = lock_downloads(plan.effects, origins_of(plan.stages), plan.systems, catalogue, downloads)
    plan = _with_downloads(plan, files.value)
    plan, hashes = _with_caches(plan, context, downloads)
    gems = lock_gems(plan.stages, downloads)
    return Outcome(
        replace(plan, stages=gems.value), planned.findings + files.findings + hashes + gems.findings
    )


def _with_caches(
    plan: ImagePlan, context: BuildContext, downloads: Callable[[], DownloadSources]
) -> tuple[ImagePlan, tuple[Finding, ...]]:
    """The plan with the one hash of what each lock of yarn and pnpm pins."""
    modules = modules_by_file(plan.stages)
    of_image = (effect for effect in plan.effects if isinstance(effect, NodeModules))
    if all(one.lock_kind == "npm" for one in (*of_image, *modules.values())):
        return plan, ()
    from dock2nix.locking.yarn_cache import lock_yarn_caches  # noqa: PLC0415 - few projects have such a lock

    caches = lock_yarn_caches(plan.effects, modules, context, downloads)
    effects, hashed = caches.value
    return replace(plan, effects=effects, stages=with_modules(plan.stages, hashed)), caches.findings


def convert(
    source: Source,
    options: Options,
    catalogue: Catalogue,
    locker: Callable[[], Locker] = _no_locker,
    node_locker: Callable[[], NodeLocker | None] = _no_node_locker,
    downloads: Callable[[], DownloadSources] = _no_downloads,
) -> Conversion:
    """A Dockerfile to a flake and a report.

    Args:
        source: the Dockerfile.
        options: what the command line says.
        catalogue: what is known of packages and images.
        locker: gives what Python environments are locked with, when one is to be.
        node_locker: gives what makes locks for projects of npm that have none, when one is to be made.
        downloads: gives what downloads, and what an earlier conversion pinned, when the Dockerfile downloads something or a base
            image is kept.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile.
        NetworkError: a lock was asked for, and there is no uv or no network.
        UsageError: an option names something that is not there.
    """
    dockerfile = parse_dockerfile(source.content, source.path)
    annotations = read_annotations(source.content, dockerfile.value)
    catalogue = AnnotatedCatalogue(catalogue, annotations.value)
    platform = options.platform or "linux/amd64"
    standing = _standing(dockerfile.value, source, options, catalogue, downloads)
    catalogue, stages = standing.catalogue, standing.stages
    kept = standing.kept
    needed = needed_stages(stages.value, standing.target)
    target = needed[-1]
    chain = image_chain(stages.value, target)
    context = BuildContext.read(source.context, source.file)
    steps = extract(stages.value, needed, context, catalogue)
    made = make_node_locks(steps.value, context, node_locker)
    if made:
        steps = extract(stages.value, needed, context, catalogue, made)
    base = base_image_of(stages.value[target], stages.value, catalogue)
    calls = run_time_calls(stages.value, chain, steps.value, context, base)
    programs = run_time_programs(stages.value, chain) | {call.name for call in calls}
    asked_for = resolve(
        steps.value, stages.value, frozenset(chain), python_sources(steps.value, chain), programs, catalogue
    )
    resolved = apply_choices(asked_for, annotations.value, chain, catalogue)
    parts = image_parts(stages.value, chain, steps.value, catalogue)
    own = lock_debs(
        resolved,
        parts,
        catalogue,
        lambda: downloads().debs(),
        options.debs(catalogue.pin(options.image.channel).rev),
    )
    exact = _pinned(Outcome(own.value.requirements, own.findings), parts, options, downloads)
    steps = Outcome(with_folders(steps.value, own.value), steps.findings)
    locked = lock_python(exact, parts, catalogue, locker, options.locking)
    locked = Outcome(replace(locked.value, debs=own.value.lock), locked.findings)
    asked = platform_question(stages.value, needed, platform) if not options.platform else ()
    settings = replace(options.image, platform=platform) if asked else options.image
    settings = replace(settings, kept=kept)
    known = (stages.value, steps.value, locked.value.requirements)
    scripts = check_scripts(base, chain, known, context, catalogue)
    steps = Outcome(scripts.value, steps.findings + scripts.findings)
    planned = plan_image(stages.value, target, steps.value, locked.value, catalogue, settings)
    planned = _fetched(planned, context, catalogue, downloads)
    passes = (stages.value, steps.value, locked.value.requirements)
    contents = None if kept else image_contents(base, chain, passes, context)
    settled = settle_named_files(planned.value, chain, passes, contents, context, catalogue)
    planned = Outcome(settled.value, planned.findings + settled.findings)
    plan = add_programs(planned.value, calls, contents, catalogue)
    signatures = signature_remark(step for one in steps.value for step in one.steps)
    findings = (
        asked
        + signatures
        + standing.findings
        + tuple(
            found
            for outcome in (dockerfile, annotations, stages, steps, locked, planned, plan)
            for found in outcome.findings
        )
    )
    filled = keep_hashes(
        render(plan.value) | made_files(plan.value.effects, made), findings, lambda: downloads().filled
    )
    files, findings = filled.files, filled.findings
    findings += self_check(plan.value, files, catalogue, findings)
    passed = Passed(
        dockerfile=dockerfile.value,
        stages=stages.value,
        steps=steps.value,
        requirements=locked.value.requirements,
        plan=plan.value,
        findings=findings,
        annotations=annotations.value,
        options=options.recorded,
        hashes=filled.hashes,
    )
    report = build_report(passed, files, catalogue, strict=options.strict, page=options.page)
    return Conversion(
        files=report_files(report, files, _page(source, dockerfile.value) if options.page else None),
        report=report,
    )


def _page(source: Source, dockerfile: Dockerfile) -> Page:
    return Page(
        text=source.content.decode("utf-8-sig", errors="replace"), instructions=dockerfile.instructions
    )
