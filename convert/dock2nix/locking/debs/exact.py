"""Packages in the very version that the Dockerfile asks for: nixpkgs' recipe with the sources that Debian or Ubuntu has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.locking.debs.archive import ArchiveRefused, fetch_listed, open_archive, sri, unpacked
from dock2nix.locking.debs.packages import Packages, source_files
from dock2nix.managers.arguments import without_password
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.packages import NixpkgsPackage, Origin, SourceFile, SriHash
from dock2nix.model.steps import RequirementOutcome
from dock2nix.regex import regex
from dock2nix.resolve import remarks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.locking import ImageParts
    from dock2nix.locking.debs.archive import DebSources, ReleaseFiles
    from dock2nix.locking.debs.packages import Paragraph
    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import Requirement, Resolution
    from dock2nix.model.steps import ResolvedRequirement

Requirements = tuple["ResolvedRequirement", ...]

_TARBALL = regex(r".+\.orig(?:-[a-zA-Z0-9-]+)?\.tar\.(?:bz2|gz|xz|zst)")
_EPOCH = regex(r"^\d+:")
_REPACKED = regex(r"[+~](?:dfsg|ds|really|repack|git|svn|hg|cvs|bzr).*$")
_LEFT = "nixpkgs' version stays; --debian-mirror URL names another archive"


class _Source(Struct, frozen=True, kw_only=True):
    """The sources of a package's version."""

    version: str
    file: SourceFile


def pin_exact(
    resolved: Outcome[Requirements],
    image: ImageParts,
    downloads: Callable[[], DownloadSources],
) -> Outcome[Requirements]:
    """The packages of apt that are asked for in another version than nixpkgs', with the sources of that version.

    Args:
        resolved: all requirements as nixpkgs resolves them, with what was to be said of that.
        image: the versions are those of its base's release.
        downloads: gives what an earlier conversion found, and what asks archives; called only when a version differs.

    Returns:
        The requirements with the findings on them: what was said of those that are exact now is withdrawn.
    """
    mine = [one for one in resolved.value if one.stage in image.stages and _differs(one)]
    if not mine or image.base is None or image.base.distribution not in {"debian", "ubuntu"}:
        return resolved
    found, refusals = _sources(mine, image.base, downloads())
    changed = {id(one): _exact(one, found) for one in mine if key_of(one.requirement) in found}
    withdrawn = {finding for one in mine if id(one) in changed for finding in remarks(one)}
    kept = tuple(finding for finding in resolved.findings if finding not in withdrawn)
    said = tuple(
        finding
        for one in mine
        if id(one) in changed
        for finding in (*remarks(changed[id(one)]), _built(one, found))
    )
    return Outcome(tuple(changed.get(id(one), one) for one in resolved.value), (*kept, *said, *refusals))


def key_of(requirement: Requirement) -> str:
    """What is asked for, as an earlier report tells it."""
    return f"{requirement.manager}:{requirement.name}{requirement.specifier}"


def _differs(one: ResolvedRequirement) -> bool:
    """Whether it is a package of nixpkgs' own top level that is known to have another version than asked for."""
    asked = one.requirement
    return (
        asked.manager == "apt"
        and asked.specifier.startswith("=")
        and one.outcome is RequirementOutcome.NIXPKGS
        and any(_may_change(package, asked.specifier) for package in one.resolutions)
    )


def _may_change(package: Resolution, specifier: str) -> bool:
    return (
        isinstance(package, NixpkgsPackage)
        and not (package.part or package.source or "." in package.attribute_path)
        and package.origin is not Origin.OVERRIDE
        and version_satisfies("apt", specifier, package.version) is False
    )


def _exact(one: ResolvedRequirement, found: Mapping[str, _Source]) -> ResolvedRequirement:
    source = found[key_of(one.requirement)]
    return replace(
        one,
        resolutions=tuple(
            replace(
                package,
                version=source.version,
                exact=source.file,
                differs="",
                evidence=f"{package.evidence}; the recipe for {package.version} with the sources of {source.version}",
            )
            if isinstance(package, NixpkgsPackage) and _may_change(package, one.requirement.specifier)
            else package
            for package in one.resolutions
        ),
    )


def _built(one: ResolvedRequirement, found: Mapping[str, _Source]) -> Finding:
    package = next(package for package in one.resolutions if isinstance(package, NixpkgsPackage))
    version = found[key_of(one.requirement)].version
    text = (
        f"{one.requirement.name}{one.requirement.specifier}: built from the sources of {version}"
        f" by nixpkgs' recipe for {package.version} (pkgs.{package.attribute_path})"
    )
    hint = "build it; patches and options of that recipe may not fit, and it is in no binary cache"
    return Finding(code="D2N265", message=text, location=one.requirement.location, hint=hint)


# --- where the sources are ---------------------------------------------------------------------------------------------------


def _sources(
    mine: list[ResolvedRequirement], base: BaseImage, downloads: DownloadSources
) -> tuple[Mapping[str, _Source], tuple[Finding, ...]]:
    """By what is asked for; and what is to be said of those that no archive has."""
    found: dict[str, _Source] = {}
    for one in mine:
        earlier = downloads.exact.get(key_of(one.requirement))
        if earlier is not None:
            found[key_of(one.requirement)] = _Source(version=earlier.version, file=earlier)
    missing = [one for one in mine if key_of(one.requirement) not in found]
    refusals: list[Finding] = []
    try:
        archive = _Archive(base, downloads.debs()) if missing else None
    except ArchiveRefused as answer:
        return found, (_refused(missing[0], str(answer)),)
    for one in missing:
        try:
            if archive is not None:
                found[key_of(one.requirement)] = archive.source(one.requirement)
        except ArchiveRefused as answer:
            refusals.append(_refused(one, str(answer)))
    return found, tuple(refusals)


def _refused(one: ResolvedRequirement, reason: str) -> Finding:
    text = f"{one.requirement.name}{one.requirement.specifier}: not in that very version, {reason}"
    return Finding(code="D2N262", message=text, location=one.requirement.location, hint=_LEFT)


class _Archive:
    """The packages of a release and their sources."""

    def __init__(self, base: BaseImage, sources: DebSources) -> None:
        self._base, self._fetcher = base, sources.fetcher
        self._files: ReleaseFiles = open_archive(base.distribution, base.release, "amd64", sources)
        self._packages = Packages(self._files.files)

    def source(self, requirement: Requirement) -> _Source:
        """The sources of the package in the version asked for.

        Raises:
            ArchiveRefused: there are none.
        """
        binary = self._packages.best(requirement.name, requirement.specifier)
        if binary is None:
            newest = self._packages.best(requirement.name)
            has = (
                f"{self._base.release} has {newest.version}"
                if newest
                else f"{self._base.release} has no such package"
            )
            raise ArchiveRefused(has)
        for suite in self._files.suites:
            for name in (f"{binary.component}/source/Sources{end}" for end in (".xz", ".gz")):
                if name not in suite.hashes:
                    continue
                text = unpacked(fetch_listed(suite, name, self._fetcher).path)
                found = self._tarball(source_files(text, binary.source, binary.source_version), suite.mirror)
                if found is not None:
                    return _Source(version=_upstream(binary), file=replace(found, version=_upstream(binary)))
                break
        raise ArchiveRefused(
            f"{self._base.release} does not have the sources of {binary.source} {binary.source_version}"
        )

    @staticmethod
    def _tarball(files: Mapping[str, str], mirror: str) -> SourceFile | None:
        """The one archive of upstream's, by address; sources in several are left alone."""
        tarballs = [path for path in files if _TARBALL.fullmatch(path)]
        if len(tarballs) != 1:
            return None
        return SourceFile(
            version="",
            url=without_password(f"{mirror}/{tarballs[0]}"),
            hash=SriHash(sri(files[tarballs[0]])),
        )


def _upstream(binary: Paragraph) -> str:
    """The version as upstream writes it (deb-version(7))."""
    version = _EPOCH.sub("", binary.source_version)
    return _REPACKED.sub("", version.rpartition("-")[0] or version)
