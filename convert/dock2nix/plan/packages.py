"""The package lists: what the base brings and what each instruction asked for, each package once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.packages import (
    AttributePath,
    BuiltProject,
    LockedArtifact,
    NixpkgsPackage,
    Requirement,
    Unresolved,
)
from dock2nix.model.plan import (
    ImportedEnvironment,
    JoinFunction,
    LanguageEnvironment,
    PackageEntry,
    PackageSection,
    PythonFile,
    Remark,
)
from dock2nix.model.steps import RequirementOutcome
from dock2nix.plan.members import member_of

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.debs import DebLock
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage, FlakeInput
    from dock2nix.model.python_lock import LockedEnvironment
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.plan.origins import Origins

_Titles = dict[tuple[int, "Requirement"], str]
_DEFAULT_PYTHON = ("python3", "python313")
_LONGEST_TITLE = 60
_VERBS = frozenset({"add", "ci", "enable", "i", "in", "install", "localinstall", "reinstall", "sync"})
_IN_IMAGE = frozenset({RequirementOutcome.NIXPKGS, RequirementOutcome.BUILD_ONLY})


class _Wanted(Struct, frozen=True, kw_only=True):
    """One package of one requirement, with the command that asked for it."""

    line: int
    title: str
    requirement: ResolvedRequirement
    package: NixpkgsPackage

    @property
    def in_image(self) -> bool:
        """Whether the image gets it: of what is for building only, that is the library that headers are of."""
        return self.requirement.outcome in _IN_IMAGE and not self.package.build_only

    @property
    def name(self) -> str:
        """Who asked for it."""
        headers = self.requirement.outcome is RequirementOutcome.BUILD_ONLY
        return self.requirement.requirement.name + (" (the library)" if headers and self.in_image else "")


class _Environment(Struct):
    """An interpreter, or a server, while its packages are collected."""

    interpreter: AttributePath
    source: str
    function: JoinFunction
    titles: dict[str, None] = field(default_factory=dict)
    packages: dict[str, list[str]] = field(default_factory=dict)
    projects: dict[str, list[str]] = field(default_factory=dict)


def title_of(step: Step) -> str:
    """`5: apt-get install`: the line and the command up to its verb, without options; all of it when it is short."""
    words = step.text.split()
    text = " ".join(words)
    if len(text) > _LONGEST_TITLE:
        verb = next((at for at, word in enumerate(words) if word in _VERBS), len(words))
        said = [word for word in words[: verb + 1] if word == "-m" or not {"-", "."} & {word[0]}]
        text = " ".join(said if verb < len(words) else said[:2])
    return f"{step.location.first_line}: {text}"


def package_sections(
    base: BaseImage | None,
    base_title: str,
    steps: tuple[Step, ...],
    resolved: tuple[ResolvedRequirement, ...],
    origins: Origins,
    locked: LockedEnvironment | None = None,
) -> tuple[PackageSection, ...]:
    """The lists of nix/packages.nix.

    Args:
        base: the base image; its packages come first.
        base_title: what to write above them.
        steps: the commands of the image's stages, for the titles.
        resolved: what they asked for.
        origins: where the base's packages and its interpreter come from.
        locked: the Python environment that nix/python.nix holds.

    Returns:
        The sections in the Dockerfile's order; packages of a language are joined with their interpreter in one section.
    """
    source = origins.source
    titles = _titles(steps)
    wanted = _wanted(titles, resolved)
    environments = _with_projects(_environments(wanted, base, source), titles, resolved, base, source)
    listed = {*environments, *((locked.interpreter,) if locked else ())}
    listed |= {AttributePath("python3") for interpreter in listed if interpreter in _DEFAULT_PYTHON}
    seen = {_with_output(path) for path in (*(base.packages if base else ()), *listed)}
    asked = (
        PackageSection(
            title=title,
            entries=_entries(group, seen, base, source) + tuple(Remark(text=text) for text in unresolved),
        )
        for title, group, unresolved in _by_title(titles, resolved, wanted)
    )
    joined = [
        _environment_section(environment, base)
        for environment in environments.values()
        if locked is None or environment.interpreter != locked.interpreter
    ]
    if locked is not None:
        joined.append(_locked_section(locked, titles, resolved, base, source))
    sections = (_base_section(base, base_title, listed, origins, wanted), *asked, *joined)
    return tuple(section for section in sections if section.entries)


def deb_section(
    lock: DebLock,
    sections: tuple[PackageSection, ...],
    steps: tuple[Step, ...],
    resolved: tuple[ResolvedRequirement, ...],
) -> PackageSection:
    """The packages that are the distribution's own files, and those of nixpkgs that they depend on.

    Args:
        lock: the files.
        sections: all other packages; what they have is not listed again.
        steps: the commands of the image's stages, for the title.
        resolved: what they asked for.
    """
    titles = _titles(steps)
    asked = [one for one in resolved if one.requirement.manager == "apt" and _has_artifact(one)]
    listed = {
        (str(entry.attribute_path), entry.source)
        for section in sections
        for entry in section.entries
        if isinstance(entry, PackageEntry) and not entry.output
    }
    further = (
        PackageEntry(
            attribute_path=one.attribute_path, source=one.source, names=f"{one.needed_by} depends on it"
        )
        for one in lock.further
        if (str(one.attribute_path), one.source) not in listed
    )
    title = _joined_title([*dict.fromkeys(_title(titles, one) for one in asked)] or [""])
    named = f"{title} (out of {lock.distribution.capitalize()}'s own files)"
    return PackageSection(title=named, entries=(ImportedEnvironment(file="debs.nix"), *further))


def _has_artifact(one: ResolvedRequirement) -> bool:
    return any(isinstance(resolution, LockedArtifact) for resolution in one.resolutions)


def _with_output(path: str) -> tuple[str, str]:
    """`tzdata.out` to (`tzdata`, `out`): base images may name an output where the default one lacks what matters."""
    attribute, _, output = path.rpartition(".")
    return (attribute, output) if output in {"bin", "lib", "out"} else (path, "")


def build_sections(
    steps: tuple[Step, ...], resolved: tuple[ResolvedRequirement, ...]
) -> tuple[PackageSection, ...]:
    """The lists of nix/build-packages.nix: compilers, headers, and what other stages install."""
    only = tuple(one for one in resolved if one.outcome is RequirementOutcome.BUILD_ONLY)
    partly = tuple(one for one in resolved if one.outcome is RequirementOutcome.NIXPKGS)
    titles = _titles(steps)
    wanted = tuple(one for one in _wanted(titles, only + partly) if one.package.build_only)
    seen: set[tuple[str, str, str]] = set()
    groups: dict[str, list[_Wanted]] = {}
    for one in sorted(wanted, key=lambda one: one.line):
        groups.setdefault(one.title, []).append(one)
    sections = (
        PackageSection(title=title, entries=_build_entries(tuple(group), seen))
        for title, group in groups.items()
    )
    return tuple(section for section in sections if section.entries)


def builder_sections(
    stages: tuple[Stage, ...], needed: frozenset[int], inputs: tuple[FlakeInput, ...], catalogue: Catalogue
) -> tuple[PackageSection, ...]:
    """What the images bring by which other stages are built: the language that they are published for.

    Args:
        stages: all stages.
        needed: positions of those that only build.
        inputs: the flake's; an old release that is none of them is not added for this.
        catalogue: for base images.
    """
    names = {one.channel: "" if at == 0 else one.name for at, one in enumerate(inputs)} | {"": ""}
    found: dict[str, tuple[PackageEntry, ...]] = {}
    for stage in stages:
        base = catalogue.base_image(stage.base) if isinstance(stage.base, ImageReference) else None
        if base is None or stage.index not in needed or base.channel not in names or not base.language:
            continue
        paths = {base.interpreter, *(path for _, path in base.chosen)} - {None}
        title = f"{stage.location.first_line}: FROM {base.reference.text}"
        found[title] = tuple(
            PackageEntry(attribute_path=path, source=names[base.channel])
            for path in sorted(filter(None, paths))
        )
    return tuple(PackageSection(title=title, entries=entries) for title, entries in found.items())


def _build_entries(group: tuple[_Wanted, ...], seen: set[tuple[str, str, str]]) -> tuple[PackageEntry, ...]:
    entries: dict[tuple[str, str, str], list[str]] = {}
    for one in group:
        for output in one.package.outputs or ("",):
            key = (str(one.package.attribute_path), output, one.package.source)
            if key not in seen or key in entries:
                entries.setdefault(key, []).append(one.name)
                seen.add(key)
    return tuple(
        PackageEntry(
            attribute_path=AttributePath(path),
            output=output,
            source=source,
            names=", ".join(dict.fromkeys(names)),
        )
        for (path, output, source), names in sorted(entries.items())
    )


def _wanted(titles: _Titles, resolved: tuple[ResolvedRequirement, ...]) -> tuple[_Wanted, ...]:
    return tuple(
        _Wanted(
            line=one.requirement.location.first_line,
            title=_title(titles, one),
            requirement=one,
            package=resolution,
        )
        for one in resolved
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage)
    )


def _titles(steps: tuple[Step, ...]) -> _Titles:
    """The title of the command that asked for each requirement; looked up often, so made once."""
    found: _Titles = {}
    for step in steps:
        for install in step.installs:
            for requirement in install.requirements:
                found.setdefault((step.stage, requirement), title_of(step))
    return found


def _title(titles: _Titles, one: ResolvedRequirement) -> str:
    return titles.get((one.stage, one.requirement), str(one.requirement.location.first_line))


def _base_section(
    base: BaseImage | None,
    title: str,
    listed: set[AttributePath],
    origins: Origins,
    wanted: tuple[_Wanted, ...],
) -> PackageSection:
    if base is None:
        return PackageSection(title=title, entries=())
    exact = {one.package.attribute_path: one.package.exact for one in wanted if one.package.exact}
    return PackageSection(
        title=title,
        entries=tuple(
            PackageEntry(
                attribute_path=path,
                source=origins.of(path),
                arguments=base.arguments if path == base.interpreter else (),
                exact=exact.get(path),
            )
            for path in sorted(base.packages)
            if path not in listed
        ),
    )


def _by_title(
    titles: _Titles, resolved: tuple[ResolvedRequirement, ...], wanted: tuple[_Wanted, ...]
) -> list[tuple[str, tuple[_Wanted, ...], tuple[str, ...]]]:
    packages: dict[str, list[_Wanted]] = {_title(titles, one): [] for one in resolved}
    remarks: dict[str, list[str]] = {title: [] for title in packages}
    for one in wanted:
        if one.in_image and member_of(one.package) is None:
            packages[one.title].append(one)
    for found in resolved:
        if found.outcome is RequirementOutcome.UNRESOLVED:
            remarks[_title(titles, found)].append(_unresolved_remark(found))
    return [(title, tuple(packages[title]), tuple(remarks[title])) for title in packages]


def _unresolved_remark(one: ResolvedRequirement) -> str:
    candidates = next((r.candidates for r in one.resolutions if isinstance(r, Unresolved)), ())
    near = f"; similar: {', '.join(f'pkgs.{path}' for path in candidates)}" if candidates else ""
    asked = one.requirement.name or one.requirement.url
    return f"UNRESOLVED {asked}{one.requirement.specifier}: {one.reason}{near}"


def _entries(
    group: tuple[_Wanted, ...], seen: set[tuple[str, str]], base: BaseImage | None, source: str
) -> tuple[PackageEntry, ...]:
    entries: dict[tuple[str, str], list[_Wanted]] = {}
    for one in group:
        for output in one.package.outputs or ("",):
            key = (str(one.package.attribute_path), output)
            if key in seen and key not in entries:
                continue
            seen.add(key)
            entries.setdefault(key, []).append(one)
    return tuple(
        _entry(output, asked, base, source)
        for (_, output), asked in sorted(entries.items(), key=lambda found: found[0])
    )


def _entry(output: str, asked: list[_Wanted], base: BaseImage | None, source: str) -> PackageEntry:
    package = asked[0].package
    entry = PackageEntry(
        attribute_path=package.attribute_path,
        output=output,
        source=package.source,
        names=", ".join(dict.fromkeys(one.name for one in asked)),
        exact=next((one.package.exact for one in asked if one.package.exact), None),
    )
    if package.attribute_path == "uwsgi" and any(_asks_for_python(one) for one in asked):
        return _with_python(entry, base, source)
    return entry


def _asks_for_python(one: _Wanted) -> bool:
    requirement = one.requirement.requirement
    return requirement.manager == "pip" or "python" in requirement.name


def _with_python(entry: PackageEntry, base: BaseImage | None, source: str) -> PackageEntry:
    """The server with its plugin for Python, made for the interpreter of the base image unless that one is of an old release."""
    plugins: tuple[str, tuple[str, ...]] = ("plugins", ("python3",))
    own = base.interpreter if base and base.language == "python" and not source else None
    return replace(entry, arguments=(plugins, ("python3", own)) if own else (plugins,))


def _environments(
    wanted: tuple[_Wanted, ...], base: BaseImage | None, source: str
) -> dict[AttributePath, _Environment]:
    """Packages of a language by the interpreter whose set they are of; the base's own takes those of python3 too."""
    found: dict[AttributePath, _Environment] = {}
    for one in wanted:
        member = member_of(one.package)
        if member is None or not one.in_image:
            continue
        interpreter = _interpreter_for(member.interpreter, base)
        origin = _source_of(interpreter, base, source)
        environment = found.setdefault(interpreter, _Environment(interpreter, origin, member.function))
        environment.titles[one.title] = None
        environment.packages.setdefault(member.name, []).append(
            f"{one.name}{one.requirement.requirement.specifier}"
        )
    return found


def _with_projects(
    environments: dict[AttributePath, _Environment],
    titles: _Titles,
    resolved: tuple[ResolvedRequirement, ...],
    base: BaseImage | None,
    source: str,
) -> dict[AttributePath, _Environment]:
    """The environments with the projects of the build context that are installed into them."""
    for one, project in built_projects(resolved):
        interpreter, origin = project_interpreter(project, base, source)
        environment = environments.setdefault(
            interpreter, _Environment(interpreter, origin, JoinFunction.PACKAGES)
        )
        environment.titles[_title(titles, one)] = None
        environment.projects.setdefault(project.build.name, []).append(one.requirement.name)
    return environments


def built_projects(
    resolved: tuple[ResolvedRequirement, ...],
) -> tuple[tuple[ResolvedRequirement, BuiltProject], ...]:
    """The projects of Python that come into the image; of two of the same name the later one, as with pip."""
    found = {
        resolution.build.name: (one, resolution)
        for one in resolved
        if one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, BuiltProject)
    }
    return tuple(found[name] for name in sorted(found))


def project_interpreter(
    project: BuiltProject, base: BaseImage | None, source: str
) -> tuple[AttributePath, str]:
    """The interpreter that a project is installed for, and the flake input it comes from ("" for nixpkgs)."""
    interpreter = _interpreter_for(project.interpreter, base)
    return interpreter, _source_of(interpreter, base, source)


def _interpreter_for(name: AttributePath, base: BaseImage | None) -> AttributePath:
    if name not in _DEFAULT_PYTHON:
        return name
    own = base.interpreter if base and base.language == "python" else None
    return own or AttributePath("python3")


def _environment_section(environment: _Environment, base: BaseImage | None) -> PackageSection:
    own = base is not None and environment.interpreter == base.interpreter
    entry = LanguageEnvironment(
        interpreter=environment.interpreter,
        arguments=base.arguments if base and own else (),
        source=environment.source,
        packages=_members(environment.packages),
        projects=_members(environment.projects),
        function=environment.function,
    )
    return PackageSection(title=_joined_title([*environment.titles]), entries=(entry,))


def _joined_title(titles: list[str]) -> str:
    if len(titles) == 1:
        return titles[0]
    lines = [title.split(":")[0] for title in titles[1:]]
    return f"{titles[0]}, and line{'s'[: len(lines) != 1]} {', '.join(lines)}"


def _members(asked: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, ", ".join(dict.fromkeys(names))) for name, names in sorted(asked.items()))


def _locked_section(
    locked: LockedEnvironment,
    titles: _Titles,
    resolved: tuple[ResolvedRequirement, ...],
    base: BaseImage | None,
    source: str,
) -> PackageSection:
    mine = tuple(one for one in resolved if _is_locked(one))
    shown = dict.fromkeys(_title(titles, one) for one in mine)
    asked, found = len(mine), len(locked.lock.distributions)
    counted = f"{asked} requirement{'s'[: asked != 1]}, {found} distribution{'s'[: found != 1]} locked"
    origin = _source_of(locked.interpreter, base, source)
    entry = ImportedEnvironment(file="python.nix", source=origin, library=bool(built_projects(resolved)))
    return PackageSection(title=f"{_joined_title([*shown])} ({counted})", entries=(entry,))


def _is_locked(one: ResolvedRequirement) -> bool:
    return one.requirement.manager == "pip" and _has_artifact(one)


def _source_of(interpreter: AttributePath, base: BaseImage | None, source: str) -> str:
    """The flake input of an interpreter: the base's when it is the base's own."""
    return source if base is not None and interpreter == base.interpreter else ""


def python_file(
    locked: LockedEnvironment | None,
    base: BaseImage | None,
    steps: tuple[Step, ...],
    resolved: tuple[ResolvedRequirement, ...],
    source: str,
) -> PythonFile | None:
    """What nix/python.nix holds; None without a locked environment. The arguments are those of `package_sections`."""
    if locked is None:
        return None
    titles = _titles(steps)
    found = _environments(_wanted(titles, resolved), base, source)
    member = _with_projects(found, titles, resolved, base, source).get(locked.interpreter)
    return PythonFile(
        interpreter=locked.interpreter,
        source=_source_of(locked.interpreter, base, source),
        packages=_members(member.packages) if member else (),
        projects=_members(member.projects) if member else (),
        lock=locked.lock,
        libraries=locked.libraries,
        recipes=locked.recipes,
    )
