"""Packages that nixpkgs lacks, as the distribution's own files: pinned by hash, unpacked, patched to run on Nix' libraries."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.debs import DebRemark
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import MakeDirectory
from dock2nix.model.packages import LockedArtifact, Origin, Unresolved
from dock2nix.model.steps import RequirementOutcome
from dock2nix.resolve import remarks
from dock2nix.resolve.interpreters import setting_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.locking import ImageParts
    from dock2nix.locking.debs.archive import DebSources, ReleaseFiles
    from dock2nix.locking.debs.closure import Closure, Files
    from dock2nix.locking.debs.packages import Packages, Paragraph
    from dock2nix.model.debs import DebLock
    from dock2nix.model.image import BaseImage
    from dock2nix.model.steps import ResolvedRequirement, Step

Requirements = tuple["ResolvedRequirement", ...]

LOCK = "nix/debs.json"
_FORM = 1
_DISTRIBUTIONS = {"debian": "Debian", "ubuntu": "Ubuntu"}
_SHOWN = 6
_NO_ARCHIVE = (
    "give the address of one: --debian-mirror URL (a day of a snapshot archive is best: what is there stays)"
)


class DebSettings(Struct, frozen=True, kw_only=True):
    """What the user says of it: `systems` that the flake is for, first choice first; `previous` the text of an older nix/debs.json.

    `wanted`: packages that nixpkgs lacks are to come as files. `pin` is the revision of nixpkgs.
    """

    wanted: bool
    systems: tuple[str, ...]
    previous: str = ""
    pin: str = ""


class DebLocking(Struct, frozen=True, kw_only=True):
    """All requirements, those that come as files locked; the lock is None when none does."""

    requirements: Requirements
    lock: DebLock | None = None


def lock_debs(
    resolved: Outcome[Requirements],
    image: ImageParts,
    catalogue: Catalogue,
    sources: Callable[[], DebSources],
    settings: DebSettings,
) -> Outcome[DebLocking]:
    """The packages of apt that nixpkgs lacks, as files of the base image's own distribution.

    Args:
        resolved: all requirements as nixpkgs resolves them, with what was to be said of that.
        image: what else is known of the image: the packages are those of its base's release.
        catalogue: for what nixpkgs has of what they depend on.
        sources: gives what downloads; called only when the older lock is for something else.
        settings: what the user says of it.

    Returns:
        The requirements with the findings on them: what was said of those that are locked now is withdrawn.
    """
    base = image.base
    mine = tuple(one for one in resolved.value if one.stage in image.stages and _is_lacking(one))
    nothing = Outcome(DebLocking(requirements=resolved.value), resolved.findings)
    if not settings.wanted or not mine or base is None or base.distribution not in _DISTRIBUTIONS:
        return nothing
    from dock2nix.locking.debs.archive import ArchiveRefused  # noqa: PLC0415 - few Dockerfiles need it
    from dock2nix.locking.debs.lockfile import read_lock  # noqa: PLC0415

    lock = read_lock(settings.previous) if settings.previous else None
    if lock is None or lock.request != _request(mine, base, settings):
        try:
            lock = _new_lock(mine, base, catalogue, sources(), settings)
        except ArchiveRefused as answer:
            text = f"packages that nixpkgs lacks do not come from {_DISTRIBUTIONS[base.distribution]}'s files: {answer}"
            place = mine[0].requirement.location
            refused = Finding(code="D2N262", message=text, location=place, hint=_NO_ARCHIVE)
            return Outcome(nothing.value, (*resolved.findings, refused))
    return _locked(resolved, mine, lock, settings.systems)


def with_folders(done: tuple[StageSteps, ...], locking: DebLocking) -> tuple[StageSteps, ...]:
    """The steps, with the folders that packages which come as files have in /var: services write there."""
    lock = locking.lock
    if lock is None or not lock.folders:
        return done
    names = {one.name for one in lock.packages if not one.needed_by}
    first = next(
        (
            (stage.stage, step)
            for stage in done
            for step in stage.steps
            if any(asked.name in names for install in step.installs for asked in install.requirements)
        ),
        None,
    )
    if first is None:
        return done
    return tuple(
        replace(one, steps=tuple(_making(step, lock) if step is first[1] else step for step in one.steps))
        if one.stage == first[0]
        else one
        for one in done
    )


def _making(step: Step, lock: DebLock) -> Step:
    made = (MakeDirectory(path=f"/{path}", location=step.location, text=step.text) for path in lock.folders)
    return replace(step, effects=(*step.effects, *made))


def _is_lacking(one: ResolvedRequirement) -> bool:
    """Whether it is a package of apt by name that nobody knows in nixpkgs."""
    asked = one.requirement
    return (
        asked.manager == "apt"
        and bool(asked.name)
        and not asked.url
        and one.outcome is RequirementOutcome.UNRESOLVED
        and all(isinstance(resolution, Unresolved) and resolution.elsewhere for resolution in one.resolutions)
    )


def _request(mine: Requirements, base: BaseImage, settings: DebSettings) -> str:
    """The digest of what is asked for."""
    asked = sorted({f"{one.requirement.name}{one.requirement.specifier}" for one in mine})
    data = [_FORM, base.distribution, base.release, settings.systems[0], settings.pin, asked]
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()


# --- a new lock ----------------------------------------------------------------------------------------------------------------


def _new_lock(
    mine: Requirements, base: BaseImage, catalogue: Catalogue, sources: DebSources, settings: DebSettings
) -> DebLock:
    from dock2nix.locking.debs.archive import ARCHITECTURES, open_archive  # noqa: PLC0415
    from dock2nix.locking.debs.closure import Chooser, Files  # noqa: PLC0415
    from dock2nix.locking.debs.packages import Packages  # noqa: PLC0415

    system = settings.systems[0]
    release = open_archive(base.distribution, base.release, ARCHITECTURES[system], sources)
    packages, files = Packages(release.files), Files(fetcher=sources.fetcher)
    asked, remarks_ = _asked(mine, base, packages)
    chooser = Chooser(
        packages=packages,
        files=files,
        catalogue=catalogue,
        setting=setting_of(base),
        location=mine[0].requirement.location,
    )
    closure = chooser.closure(asked)
    return _lock(
        closure,
        files,
        (*remarks_, *_said(closure, files, release)),
        _request(mine, base, settings),
        base,
        system,
    )


def _asked(
    mine: Requirements, base: BaseImage, packages: Packages
) -> tuple[Mapping[str, Paragraph], tuple[DebRemark, ...]]:
    """The packages that the release has, by name, and what is to be said of the others."""
    found: dict[str, Paragraph] = {}
    missing: list[DebRemark] = []
    for one in mine:
        name, specifier = one.requirement.name, one.requirement.specifier
        best = packages.best(name, specifier)
        if best is not None:
            found[name] = best
            continue
        there = packages.best(name)
        what = f"it has {there.version}" if there else "it has no such package"
        missing.append(
            DebRemark(
                code="D2N262",
                name=name,
                text=f"not in {_DISTRIBUTIONS[base.distribution]}'s release {base.release}: {what}",
            )
        )
    return found, tuple(missing)


def _lock(
    closure: Closure,
    files: Files,
    said: tuple[DebRemark, ...],
    request: str,
    base: BaseImage,
    system: str,
) -> DebLock:
    from dock2nix.model.debs import DebLock as Lock  # noqa: PLC0415

    contents = [files.of(one) for one in closure.chosen.values()]
    native = any(one.architecture != "all" for one in closure.chosen.values())

    def joined(name: str) -> tuple[str, ...]:
        return tuple(sorted({value for one in contents for value in getattr(one, name)}))

    return Lock(
        request=request,
        distribution=base.distribution,
        release=base.release,
        system=system if native else "",
        packages=closure.debs(),
        libraries=tuple(sorted(closure.libraries)),
        further=closure.packages(),
        missing=tuple(sorted(closure.missing)),
        programs=joined("commands"),
        folders=joined("empty"),
        top=joined("top"),
        usr=joined("usr"),
        remarks=said,
    )


def _said(closure: Closure, files: Files, release: ReleaseFiles) -> Iterator[DebRemark]:
    """What a reader has to know of the files."""
    if not release.signed:
        text = "the signature of the archive's Release file was not checked: gpgv or the distribution's keys are not here"
        hint = "install gpgv and the keyring of the distribution's archive, and convert again"
        yield DebRemark(code="D2N264", text=text, hint=hint)
    for name, one in sorted(closure.chosen.items()):
        contents, owner = files.of(one), closure.needed_by[name]
        asked = _asker(name, closure)
        shown = name if not owner else f"{name}, which {owner} needs,"
        doings, more = [*dict.fromkeys(contents.doings)], ["do more of their own"] if contents.more else []
        if doings or more:
            text = f"{shown} comes without what its own scripts do when it is installed: they {_few(doings + more)}"
            hint = "say it in the Dockerfile (RUN useradd …), or change nix/image.nix"
            yield DebRemark(code="D2N263" if doings else "D2N261", name=asked, text=text, hint=hint)
        if contents.set_user_id:
            text = f"{shown} has programs that run with the rights of their owner ({_few(contents.set_user_id)}): here they do not"
            yield DebRemark(code="D2N304", name=asked, text=text)
        if not owner and one.recommends:
            text = (
                f"{name} recommends {_few(list(one.recommends))}: what apt installs along with it is not here"
            )
            yield DebRemark(code="D2N261", name=name, text=text)
    for library in sorted(closure.missing):
        text = f"no package of nixpkgs or {release.suites[0].name} is known for {library}, which its programs are linked to"
        yield DebRemark(
            code="D2N232", text=text, hint="check that it runs; add what is missing to `buildInputs`"
        )
    for name, who in sorted(closure.absent.items()):
        yield DebRemark(
            code="D2N262", name=_asker(who, closure), text=f"{who} depends on {name}, which nothing has"
        )
    if not release.stays:
        text = "the files come from a mirror, which drops them when newer versions take their place"
        hint = "give a day of a snapshot archive: --debian-mirror URL"
        yield DebRemark(code="D2N261", text=text, hint=hint)


def _few(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _asker(name: str, closure: Closure) -> str:
    """The package that the Dockerfile asks for, on whose account another one comes."""
    while closure.needed_by[name]:
        name = closure.needed_by[name]
    return name


# --- what becomes of the requirements ------------------------------------------------------------------------------------------


def _locked(
    resolved: Outcome[Requirements], mine: Requirements, lock: DebLock, systems: tuple[str, ...]
) -> Outcome[DebLocking]:
    files = {one.name: one for one in lock.packages if not one.needed_by}
    done = tuple(one for one in mine if one.requirement.name in files)
    affected = {id(one) for one in done}
    withdrawn = {finding for one in done for finding in remarks(one)}
    requirements = tuple(_as_locked(one, lock) if id(one) in affected else one for one in resolved.value)
    kept = tuple(finding for finding in resolved.findings if finding not in withdrawn)
    found = (*_told(done, lock), *_remarks(mine, lock), *_systems(done, lock, systems))
    return Outcome(DebLocking(requirements=requirements, lock=lock if done else None), (*kept, *found))


def _as_locked(one: ResolvedRequirement, lock: DebLock) -> ResolvedRequirement:
    file = next(deb for deb in lock.packages if deb.name == one.requirement.name)
    artifact = LockedArtifact(
        requirement=one.requirement,
        url=file.url,
        hash=file.hash,
        version=file.version,
        origin=Origin.LOCK_FILE,
        evidence=f"{_maker(lock)}'s own file, locked in {LOCK}",
    )
    return replace(one, resolutions=(artifact,), outcome=RequirementOutcome.LOCKED, reason="")


def _told(done: Requirements, lock: DebLock) -> Iterator[Finding]:
    """For each package asked for: that it is the distribution's, and what comes with it."""
    owners = {one.name: one.needed_by for one in lock.packages}
    for one in {found.requirement.name: found for found in done}.values():
        name = one.requirement.name
        along = [deb.name for deb in lock.packages if deb.name != name and _root(deb.name, owners) == name]
        more = f", with {_few(along)}" if along else ""
        text = f"{name} is not in nixpkgs: {_maker(lock)}'s own file for {lock.release} is patched to run on Nix' libraries{more}"
        hint = "run what you need of it once: this is not what its makers have tested"
        yield Finding(code="D2N261", message=text, location=one.requirement.location, hint=hint)


def _maker(lock: DebLock) -> str:
    return _DISTRIBUTIONS.get(lock.distribution, "the distribution")


def _root(name: str, owners: Mapping[str, str]) -> str:
    for _ in owners:
        if not owners.get(name):
            break
        name = owners[name]
    return name


def _remarks(mine: Requirements, lock: DebLock) -> Iterator[Finding]:
    places = {one.requirement.name: one.requirement.location for one in reversed(mine)}
    for remark in lock.remarks:
        yield Finding(
            code=remark.code if remark.code in _CODES else "D2N261",
            message=f"{remark.name}: {remark.text}"
            if remark.code == "D2N262" and remark.name
            else remark.text,
            location=places.get(remark.name, mine[0].requirement.location),
            hint=remark.hint,
        )


_CODES = frozenset({"D2N232", "D2N261", "D2N262", "D2N263", "D2N264", "D2N304"})


def _systems(done: Requirements, lock: DebLock, systems: tuple[str, ...]) -> Iterator[Finding]:
    if done and lock.system and systems != (lock.system,):
        text = f"the files of {_maker(lock)}'s packages are for {lock.system}, so the flake is for that alone"
        yield Finding(code="D2N233", message=text, location=done[0].requirement.location)
