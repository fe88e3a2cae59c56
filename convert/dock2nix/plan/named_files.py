"""Files that CMD, ENTRYPOINT, HEALTHCHECK and ENV name, and that a distribution's package brought: linked, or missed."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.places import places, version_named
from dock2nix.extract.paths import KnownPaths, is_below
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import StoreFiles
from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.model.plan import PackageEntry
from dock2nix.model.steps import RequirementOutcome
from dock2nix.plan.calls import PROGRAM_FOLDERS
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.parse.context import BuildContext
    from dock2nix.plan.programs import ImageContents

_SYSTEM_MANAGERS = frozenset({"apk", "apt", "dnf", "zypper"})
# A path that stands alone: not the middle of an address, of a longer path or of a name with a variable in it.
_PATH = regex(r"(?:^|(?<=[\s:=,;'\"(]))/(?:etc|lib|opt|srv|usr|var)(?:/[\w.+@-]+)+(?![\w$/{*?])")
# What every image has: accounts and certificates of ours, and what a running container makes.
_ALWAYS = (
    "/etc/group",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/ssl",
    "/usr/share/zoneinfo",
    "/var/log",
    "/var/run",
)
_STARTING = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})


class _Named(Struct, frozen=True, kw_only=True):
    """A path, what names it (`CMD`, `ENV JAVA_HOME`), and where."""

    path: str
    by: str
    location: Location


def settle_named_files(
    plan: ImagePlan,
    chain: tuple[int, ...],
    passed: tuple[tuple[Stage, ...], tuple[StageSteps, ...], tuple[ResolvedRequirement, ...]],
    contents: ImageContents | None,
    context: BuildContext,
    catalogue: Catalogue,
) -> Outcome[ImagePlan]:
    """The plan with links to packages for the places at which distributions have them; a finding for each file that nothing makes.

    Only what a package may have brought is missed: without any, a file that is named and not there is mounted when the image
    runs. As long as anything is untranslated, that may bring the file, and is reported by itself.

    Args:
        plan: the image.
        chain: positions of the stages that the image consists of, root first.
        passed: all stages, the steps of the needed ones, and what they asked for.
        contents: what is known to be in the image; None when that is not known, and then nothing is looked for.
        context: where copied files are from.
        catalogue: what is known of packages.
    """
    named = tuple(one for one in _named(passed[0], chain) if one.path not in plan.config.volumes)
    if contents is None or not named:
        return Outcome(plan)
    known = KnownPaths(context, plan.effects)
    missing = [one for one in named if not known.holds(one.path)]
    links = {link.path: link for one in missing if (link := _link(one, plan, catalogue)) is not None}
    packages = _brought(chain, passed[2])
    told = packages and not contents.open_lines
    findings = {
        one.path: _finding(one, packages)
        for one in missing
        if told and not any(is_below(one.path, folder) for folder in links)
    }
    effects = (*plan.effects, *(links[path] for path in sorted(links)))
    return Outcome(replace(plan, effects=effects), tuple(findings.values()))


def _named(stages: tuple[Stage, ...], chain: tuple[int, ...]) -> Iterator[_Named]:
    """The paths that the instructions in force name, the folders of programs and what always is there left aside."""
    for text, by, location in _texts(stages, chain):
        for found in _PATH.finditer(text):
            path = posixpath.normpath(found[0])
            if posixpath.dirname(path) not in PROGRAM_FOLDERS and not any(
                is_below(path, one) for one in (*_ALWAYS, *PROGRAM_FOLDERS)
            ):
                yield _Named(path=path, by=by, location=location)


def _texts(stages: tuple[Stage, ...], chain: tuple[int, ...]) -> Iterator[tuple[str, str, Location]]:
    """What the image is told when it starts, and who tells it."""
    variables: dict[str, tuple[str, Location]] = {}
    starting: dict[str, ScopedInstruction] = {}
    for index in chain:
        for instruction in stages[index].instructions:
            words = instruction.arguments
            if instruction.keyword == "ENV":
                pairs = zip(words[::2], words[1::2], strict=False)
                variables.update({name: (value, instruction.location) for name, value in pairs})
            elif instruction.keyword in _STARTING:
                starting[instruction.keyword] = instruction
                if instruction.keyword == "ENTRYPOINT":
                    starting.pop("CMD", None)
    for instruction in starting.values():
        for word in instruction.instruction.arguments:
            yield word, instruction.keyword, instruction.location
    for name, (value, location) in variables.items():
        # Whoever looks for programs, libraries or manuals in a list of folders does without one that is not there.
        if ":" not in value and not name.endswith("PATH"):
            yield value, f"ENV {name}", location


def _link(named: _Named, plan: ImagePlan, catalogue: Catalogue) -> StoreFiles | None:
    """A link to the package at whose place a path is, when the image has one of the version that the path names."""
    for place in places():
        folder = place.folder_in(named.path)
        asked = version_named(folder) if folder else ""
        for path, source in _packages(plan) if folder else ():
            if place.fits(path) and asked in {"", _major(path, catalogue)}:
                return StoreFiles(
                    path=folder,
                    attribute_path=path,
                    inside=place.inside,
                    source=source,
                    location=named.location,
                    text=f"{named.by} names {named.path}",
                )
    return None


def _packages(plan: ImagePlan) -> Iterator[tuple[AttributePath, str]]:
    """(attribute path, flake input) of the packages of the image."""
    for section in plan.sections:
        for entry in section.entries:
            if isinstance(entry, PackageEntry):
                yield entry.attribute_path, entry.source


def _major(path: AttributePath, catalogue: Catalogue) -> str:
    known = catalogue.attribute(path)
    return version_named(known.version if known is not None else path)


def _brought(chain: tuple[int, ...], resolved: tuple[ResolvedRequirement, ...]) -> str:
    """The names of the distribution's packages that the image gets, "" for none."""
    names = {
        one.requirement.name
        for one in resolved
        if one.stage in chain
        and one.requirement.manager in _SYSTEM_MANAGERS
        and one.outcome is RequirementOutcome.NIXPKGS
        and any(isinstance(found, NixpkgsPackage) and not found.build_only for found in one.resolutions)
    }
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")


def _finding(named: _Named, packages: str) -> Finding:
    message = (
        f"{named.by} names {named.path}, and nothing here makes it; where it came with a package ({packages}), "
        "nixpkgs' package may have it elsewhere or not at all"
    )
    hint = "copy the file into the image, or name the place in the package; leave it where it is mounted at run time"
    return Finding(code="D2N225", message=message, location=named.location, hint=hint)
