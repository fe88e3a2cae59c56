"""Locks of Python projects: uv.lock, poetry.lock, pdm.lock, Pipfile.lock. They say which files are installed, exactly.

The forms: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile, https://python-poetry.org/docs/basic-usage/ (two
forms: since 2.0 each package names its groups), https://pipenv.pypa.io/en/latest/pipfile.html, https://pdm-project.org.
"""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.parse.manifests import read_pyproject, standard_specifier
from dock2nix.parse.requirements import PythonRequirement, RequirementLine, normalized_name, split_extras
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAME_LINE = regex(r'^name = "([^"\n]+)"\s*$', re.MULTILINE)
_EXTRA = regex(r"extra\s*(?P<operator>==|!=)\s*(?P<quote>['\"])(?P<name>[A-Za-z0-9._-]+)(?P=quote)")
_ALWAYS, _NEVER = "python_version >= '0'", "python_version < '0'"
_MOST_PACKAGES = 20_000
DEVELOPMENT = "dev"


class Groups(Struct, frozen=True, kw_only=True):
    """What of a project is installed: its own dependencies (`main`), groups by name, extras by name; `every_…` for all there are."""

    main: bool = True
    named: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    every_group: bool = False
    every_extra: bool = False
    without: tuple[str, ...] = ()

    def wants(self, group: str) -> bool:
        """Whether a group is installed."""
        return (self.every_group or group in self.named) and group not in self.without


class LockedProject(Struct, frozen=True, kw_only=True):
    """What a lock installs. `problem` says why it cannot be told; then there are no requirements.

    `package` is true when the lock says that the project itself is installed, false when it says that it is not.
    """

    requirements: tuple[RequirementLine, ...] = ()
    problem: str = ""
    package: bool | None = None


class Tables(Struct, frozen=True, kw_only=True):
    """A lock as a graph: `packages` by (name, version), `places` are the lines at which they begin."""

    path: str
    packages: Mapping[tuple[str, str], Mapping[str, Any]]
    places: Mapping[str, int]

    def origin(self, name: str) -> str:
        line = self.places.get(name)
        return f"{self.path}:{line}" if line else self.path


class _Reached(Struct):
    """Packages on the way from the project: under which markers each is needed ("" among them: in any case)."""

    markers: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    queue: deque[tuple[tuple[str, str], str, tuple[str, ...]]] = field(default_factory=deque)
    seen: set[tuple[tuple[str, str], str, tuple[str, ...]]] = field(default_factory=set)

    def add(self, key: tuple[str, str], marker: str, extras: tuple[str, ...]) -> None:
        known = self.markers.setdefault(key, set())
        step = (key, "" if "" in known else marker, extras)
        known.add(marker)
        if step not in self.seen and len(self.seen) < _MOST_PACKAGES:
            self.seen.add(step)
            self.queue.append(step)


def read_lock(text: str, path: str, groups: Groups, project: str = "") -> LockedProject:
    """What a lock file installs.

    Args:
        text: of the file.
        path: its path; the base name tells the form.
        groups: what of the project is installed.
        project: the text of pyproject.toml, which Poetry's older locks need.
    """
    name = path.rsplit("/", 1)[-1]
    if not text.strip():
        return LockedProject(problem=f"{path} is empty")
    if name == "Pipfile.lock":
        return _pipfile(text, path, groups)
    tables = _read_toml(text, path)
    if tables is None:
        return LockedProject(problem=f"{path} is not TOML")
    if name == "uv.lock":
        return _uv(tables, groups)
    if any("groups" in package for package in tables.packages.values()):
        return _grouped(tables, groups)
    return _poetry(tables, groups, project)


def _read_toml(text: str, path: str) -> Tables | None:
    import tomli  # noqa: PLC0415 - needed for few Dockerfiles

    try:
        found = tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError):
        return None
    packages = [one for one in found.get("package", []) if isinstance(one, dict)]
    places: dict[str, int] = {}
    for match in _NAME_LINE.finditer(text):
        places.setdefault(normalized_name(match[1]), text.count("\n", 0, match.start()) + 1)
    keyed = {
        (normalized_name(str(one.get("name", ""))), str(one.get("version", ""))): one for one in packages
    }
    return Tables(path=path, packages=keyed, places=places)


# --- uv ----------------------------------------------------------------------------------------------------------------------


def _uv(tables: Tables, groups: Groups) -> LockedProject:
    root = next((one for one in tables.packages.values() if _is_root(one)), None)
    if root is None:
        return LockedProject(problem=f"{tables.path} does not say which of its packages is the project")
    reached = _Reached()
    for dependency in _uv_roots(root, groups):
        _follow_uv(dependency, "", tables, reached)
    while reached.queue:
        key, marker, extras = reached.queue.popleft()
        package = tables.packages[key]
        further = _list(package.get("dependencies"))
        optional = package.get("optional-dependencies", {})
        for extra in extras:
            further = [*further, *_list(optional.get(extra))]
        for dependency in further:
            _follow_uv(dependency, marker, tables, reached)
    return replace(_project(tables, reached), package="editable" in root.get("source", {}))


def _is_root(package: Mapping[str, Any]) -> bool:
    source = package.get("source", {})
    return isinstance(source, dict) and "." in {source.get("editable"), source.get("virtual")}


def _uv_roots(root: Mapping[str, Any], groups: Groups) -> list[Mapping[str, Any]]:
    """The dependencies that the project itself names."""
    found = _list(root.get("dependencies")) if groups.main else []
    for table, wanted in (
        ("optional-dependencies", lambda extra: groups.every_extra or extra in groups.extras),
        ("dev-dependencies", groups.wants),
    ):
        entries = root.get(table, {})
        found += [one for name in sorted(entries) if wanted(name) for one in _list(entries[name])]
    return found


def _follow_uv(dependency: Mapping[str, Any], marker: str, tables: Tables, reached: _Reached) -> None:
    name = normalized_name(str(dependency.get("name", "")))
    version = dependency.get("version")
    keys = [key for key in tables.packages if key[0] == name and (version is None or key[1] == str(version))]
    extras = tuple(sorted(str(one) for one in dependency.get("extra", []) if isinstance(one, str)))
    for key in keys:
        reached.add(key, both(marker, str(dependency.get("marker", ""))), extras)


# --- Poetry, PDM -------------------------------------------------------------------------------------------------------------


def _grouped(tables: Tables, groups: Groups) -> LockedProject:
    """Locks whose packages name the groups they are for: Poetry since 2.0, PDM."""
    reached = _Reached()
    for key, package in tables.packages.items():
        named = [str(one) for one in _list_of_texts(package.get("groups"))]
        mine = [one for one in named if _is_wanted(one, groups)]
        markers = package.get("markers", package.get("marker", ""))
        if mine and isinstance(markers, dict):
            reached.markers[key] = {str(markers.get(one, "")) for one in mine}
        elif mine:
            reached.markers[key] = {str(markers)}
    return _project(tables, reached, groups)


def _is_wanted(group: str, groups: Groups) -> bool:
    return groups.main if group in {"main", "default"} else groups.wants(group)


def _poetry(tables: Tables, groups: Groups, project: str) -> LockedProject:
    """Poetry's older locks: the groups are pyproject.toml's, what they need is followed from there."""
    known = read_pyproject(project) if project else None
    if known is None:
        return LockedProject(
            problem=f"which packages of {tables.path} are installed is in pyproject.toml, which is not there"
        )
    lines = list(known.requirements) if groups.main else []
    lines += [line for name, entries in known.groups if groups.wants(name) for line in entries]
    lines += [
        line
        for name, entries in known.extras
        if groups.every_extra or name in groups.extras
        for line in entries
    ]
    reached = _Reached()
    for line in lines:
        _follow_name(line.requirement, "", tables, reached)
    while reached.queue:
        key, marker, extras = reached.queue.popleft()
        for requirement in _poetry_needs(tables.packages[key], extras):
            _follow_name(requirement, marker, tables, reached)
    return _project(tables, reached)


def _poetry_needs(package: Mapping[str, Any], extras: tuple[str, ...]) -> Iterator[PythonRequirement]:
    """`name = ">=1"`, `name = { version = …, markers = …, optional = true }`, or a list of such."""
    offered = package.get("extras", {})
    asked = {
        normalized_name(str(text).split(" ", 1)[0].split("[", 1)[0])
        for extra in extras
        for text in _list_of_texts(offered.get(extra) if isinstance(offered, dict) else None)
    }
    table = package.get("dependencies", {})
    for name, value in table.items() if isinstance(table, dict) else ():
        for one in value if isinstance(value, list) else [value]:
            entry = one if isinstance(one, dict) else {}
            if entry.get("optional") and normalized_name(name) not in asked:
                continue
            yield PythonRequirement(
                name=normalized_name(name),
                specifier=standard_specifier(str(entry.get("version", "") if entry else one)),
                extras=split_extras(",".join(_list_of_texts(entry.get("extras")))),
                marker=without_extras(str(entry.get("markers", "")), Groups(extras=extras)),
            )


def _follow_name(requirement: PythonRequirement, marker: str, tables: Tables, reached: _Reached) -> None:
    keys = [key for key in tables.packages if key[0] == requirement.name]
    fitting = [key for key in keys if len(keys) == 1 or _allows(requirement.specifier, key[1])]
    for key in fitting or keys:
        reached.add(key, both(marker, requirement.marker), requirement.extras)


def _allows(specifier: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow to import

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, ValueError):
        return True


# --- Pipenv ------------------------------------------------------------------------------------------------------------------


def _pipfile(text: str, path: str, groups: Groups) -> LockedProject:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return LockedProject(problem=f"{path} is no JSON object")
    wanted = (
        *(("default",) if groups.main else ()),
        *(("develop",) if groups.wants(DEVELOPMENT) else ()),
        *(name for name in groups.named if name in found and name not in {"default", "develop", DEVELOPMENT}),
    )
    lines: dict[str, RequirementLine] = {}
    for table in wanted:
        for name, entry in sorted(found.get(table, {}).items()):
            if isinstance(entry, dict):
                place = text.find(f'"{name}": {{')
                line = f":{text.count(chr(10), 0, place) + 1}" if place >= 0 else ""
                lines.setdefault(name, RequirementLine(requirement=_pin(name, entry), origin=path + line))
    return LockedProject(requirements=tuple(lines[name] for name in sorted(lines)))


def _pin(name: str, entry: Mapping[str, Any]) -> PythonRequirement:
    reference = next((str(entry[key]) for key in ("git", "path", "file") if key in entry), "")
    if "git" in entry:
        reference = f"git+{reference}@{entry.get('ref', '')}".rstrip("@")
    return PythonRequirement(
        name=normalized_name(name),
        specifier="" if reference else str(entry.get("version", "")),
        extras=split_extras(",".join(_list_of_texts(entry.get("extras")))),
        marker=str(entry.get("markers", "")),
        url=reference,
        hashes=() if reference else tuple(sorted(_list_of_texts(entry.get("hashes")))),
    )


# --- what they have in common ------------------------------------------------------------------------------------------------


def _project(tables: Tables, reached: _Reached, groups: Groups | None = None) -> LockedProject:
    lines = []
    for (name, version), markers in sorted(reached.markers.items()):
        package = tables.packages[name, version]
        source = package.get("source", {})
        if isinstance(source, dict) and "virtual" in source:
            continue
        kept = [found for one in sorted(markers) if (found := without_extras(one, groups)) != _NEVER]
        if not kept:
            continue
        url = _reference(source if isinstance(source, dict) else {})
        requirement = PythonRequirement(
            name=name,
            specifier="" if url else f"=={version}",
            marker=either(kept),
            url=url,
            hashes=() if url else _hashes(package),
        )
        lines.append(RequirementLine(requirement=requirement, origin=tables.origin(name)))
    return LockedProject(requirements=tuple(lines))


def _reference(source: Mapping[str, Any]) -> str:
    """The address of what comes from no index, as pip writes it."""
    if "git" in source:  # uv: https://…?rev=…#commit
        address, _, commit = str(source["git"]).partition("#")
        return f"git+{address.partition('?')[0]}@{commit}"
    if source.get("type") == "git":
        commit = source.get("resolved_reference") or source.get("reference") or ""
        return f"git+{source.get('url', '')}@{commit}"
    local = next((str(source[key]) for key in ("path", "directory", "editable") if key in source), "")
    if local:
        return local if local.startswith((".", "/")) else f"./{local}"
    if source.get("type") in {"url", "file", "directory"}:
        return str(source.get("url", ""))
    return str(source.get("url", "")) if "type" not in source else ""


def _hashes(package: Mapping[str, Any]) -> tuple[str, ...]:
    """Of all files of a package, as pip writes them."""
    sdist = package.get("sdist")
    files = [
        *_list(package.get("wheels")),
        *_list(package.get("files")),
        *([sdist] if isinstance(sdist, dict) else []),
    ]
    return tuple(sorted({str(one["hash"]) for one in files if isinstance(one.get("hash"), str)}))


def both(one: str, other: str) -> str:
    """A marker that holds where both do; "" always does."""
    if not one or not other or one == other:
        return one or other
    return f"({one}) and ({other})"


def either(markers: Iterable[str]) -> str:
    """A marker that holds where one of them does."""
    found = list(dict.fromkeys(markers))
    if "" in found or not found:
        return ""
    return found[0] if len(found) == 1 else " or ".join(f"({one})" for one in found)


def without_extras(marker: str, groups: Groups | None) -> str:
    """A marker without its questions for extras: each is answered by those that are installed.

    The answer stands as a question for Python's version, which is above 0: markers have no constants.
    """

    def answer(question: re.Match[str]) -> str:
        wanted = groups is not None and (
            groups.every_extra or normalized_name(question["name"]) in groups.extras
        )
        return _ALWAYS if wanted == (question["operator"] != "!=") else _NEVER

    answered = _EXTRA.sub(answer, marker)
    return "" if answered.strip() == _ALWAYS else answered


def _list(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _list_of_texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
