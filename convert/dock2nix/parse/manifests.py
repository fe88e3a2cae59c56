"""Manifests of projects: pyproject.toml, setup.cfg, Pipfile, package.json. They are read, never run."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.parse.requirements import (
    PythonRequirement,
    RequirementLine,
    normalized_name,
    read_requirement,
    split_extras,
)
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEARCHED = 1_000_000
_COMMENT = regex(r"(?:^|\s)#.*$")


class PythonProject(Struct, frozen=True, kw_only=True):
    """What a project's own metadata says; `version` is "" when it is computed.

    `complete` is false when dependencies are computed (`dynamic`, setup.py).
    """

    name: str = ""
    version: str = ""
    requirements: tuple[RequirementLine, ...] = ()
    extras: tuple[tuple[str, tuple[RequirementLine, ...]], ...] = ()
    groups: tuple[tuple[str, tuple[RequirementLine, ...]], ...] = ()
    complete: bool = True


def read_pyproject(text: str, path: str = "pyproject.toml") -> PythonProject | None:
    """The dependencies in pyproject.toml: its `project` table (PEP 621), else Poetry's own.

    Args:
        text: of the file.
        path: what its places are called by.

    Returns:
        None when it is no TOML or has neither table.
    """
    tables = _toml(text)
    project, poetry = _table(tables, "project"), _table(tables, "tool", "poetry")
    if project:
        return _standard_project(project, _table(tables, "dependency-groups"), text, path)
    return _poetry_project(poetry, text, path) if poetry else None


def build_requirements(text: str) -> tuple[str, ...]:
    """What builds a project by its pyproject.toml; setuptools where that does not say (PEP 518, PEP 517)."""
    return _texts(_table(_toml(text), "build-system").get("requires")) or ("setuptools",)


def dynamic_dependency_files(text: str) -> tuple[str, ...]:
    """The files that setuptools takes a project's dependencies from (its manual, "Dynamic Metadata")."""
    given = _table(_toml(text), "tool", "setuptools", "dynamic", "dependencies").get("file")
    return (given,) if isinstance(given, str) else _texts(given)


class ProjectSettings(Struct, frozen=True, kw_only=True):
    """What pyproject.toml says of how the project is installed.

    `package` is whether it is one itself; `default_groups` are uv's, `optional_groups` Poetry's.
    """

    name: str = ""
    package: bool = False
    default_groups: tuple[str, ...] = ("dev",)
    optional_groups: tuple[str, ...] = ()


def project_settings(text: str) -> ProjectSettings:
    """The settings in pyproject.toml; those that hold without one when it is no TOML."""
    tables = _toml(text)
    uv, poetry = _table(tables, "tool", "uv"), _table(tables, "tool", "poetry")
    project = _table(tables, "project") or poetry
    groups = _table(poetry, "group")
    default = uv.get("default-groups", ["dev"])
    package = poetry.get("package-mode", uv.get("package", bool(_table(tables, "build-system"))))
    return ProjectSettings(
        name=normalized_name(str(project.get("name", ""))),
        package=bool(package) and bool(project.get("name")),
        default_groups=tuple(_table(tables, "dependency-groups")) if default == "all" else _texts(default),
        optional_groups=tuple(name for name in groups if _table(groups, name).get("optional") is True),
    )


def _toml(text: str) -> dict[str, Any]:
    import tomli  # noqa: PLC0415 - needed for few Dockerfiles

    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError):
        return {}


def _table(tables: Any, *keys: str) -> dict[str, Any]:  # noqa: ANN401 - TOML and JSON have no narrower type
    for key in keys:
        tables = tables.get(key) if isinstance(tables, dict) else None
    return tables if isinstance(tables, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _standard_project(project: dict[str, Any], groups: dict[str, Any], text: str, path: str) -> PythonProject:
    def lines(value: object) -> tuple[RequirementLine, ...]:
        return _requirement_lines(_texts(value), text, path)

    return PythonProject(
        name=normalized_name(str(project.get("name", ""))),
        version=str(project.get("version", "")),
        requirements=lines(project.get("dependencies")),
        extras=tuple(
            (normalized_name(extra), lines(value))
            for extra, value in _table(project, "optional-dependencies").items()
        ),
        groups=tuple((name, lines(value)) for name, value in groups.items()),
        complete="dependencies" not in _texts(project.get("dynamic")),
    )


def _requirement_lines(texts: tuple[str, ...], text: str, path: str) -> tuple[RequirementLine, ...]:
    found = ((written, read_requirement(written)) for written in texts)
    return tuple(
        RequirementLine(requirement=requirement, origin=_origin(written, text, path))
        for written, requirement in found
        if not isinstance(requirement, str)
    )


def _origin(needle: str, text: str, path: str) -> str:
    """The first line that holds the text, quoted rather than bare; only the file when it is too large to be searched."""
    if len(text) > _SEARCHED:
        return path
    literal = re.escape(needle)
    found = re.search(rf"[\"']{literal}[\"']", text) or re.search(rf"(?<![\w.-]){literal}(?![\w.-])", text)
    return f"{path}:{text.count(chr(10), 0, found.start() + 1) + 1}" if found else path


def _poetry_project(poetry: dict[str, Any], text: str, path: str) -> PythonProject:
    groups = {name: _table(poetry, "group", name, "dependencies") for name in _table(poetry, "group")}
    if "dev-dependencies" in poetry:
        groups["dev"] = _table(poetry, "dev-dependencies")
    return PythonProject(
        name=normalized_name(str(poetry.get("name", ""))),
        version=str(poetry.get("version", "")),
        requirements=_named_lines(_table(poetry, "dependencies"), text, path),
        groups=tuple((name, _named_lines(table, text, path)) for name, table in groups.items()),
    )


def _named_lines(table: Mapping[str, Any], text: str, path: str) -> tuple[RequirementLine, ...]:
    """`name = "^1.2"` and `name = { version = …, git = … }`, as Poetry and Pipenv write them."""
    return tuple(
        RequirementLine(requirement=_named_requirement(name, value), origin=_origin(name, text, path))
        for name, value in table.items()
        if name.lower() != "python"
    )


def _named_requirement(name: str, value: Any) -> PythonRequirement:  # noqa: ANN401
    table = value if isinstance(value, dict) else {"version": value}
    url = next((str(table[key]) for key in ("git", "url", "path", "file") if key in table), "")
    return PythonRequirement(
        name=normalized_name(name),
        specifier=standard_specifier(str(table.get("version", ""))),
        extras=split_extras(",".join(_texts(table.get("extras")))),
        marker=str(table.get("markers", "")),
        url=url,
        editable=bool(table.get("develop") or table.get("editable")),
    )


def standard_specifier(constraint: str) -> str:
    """Poetry's `^1.2` and `~1.2` in the terms of PEP 440."""
    parts = (part.strip() for part in constraint.split(","))
    return ",".join(filter(None, (_standard_clause(part) for part in parts)))


def _standard_clause(clause: str) -> str:
    if clause in {"", "*"}:
        return ""
    bare = clause.lstrip("^~").strip()
    if clause[0] not in "^~" or clause.startswith("~="):
        return "".join(clause.split()) if clause[0] in "<>=!~" else f"=={bare}"
    numbers = [int(part) for part in bare.split(".") if part.isdigit()]
    if not numbers:
        return ""
    fixed = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    fixed = min(1, len(numbers) - 1) if clause[0] == "~" else fixed
    upper = ".".join(str(number) for number in (*numbers[:fixed], numbers[fixed] + 1))
    return f">={bare},<{upper}"


def read_setup_cfg(text: str, path: str = "setup.cfg") -> PythonProject | None:
    """The dependencies in setup.cfg; None when it has no metadata of a project."""
    import configparser  # noqa: PLC0415 - needed for few Dockerfiles

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    if not (parser.has_section("metadata") or parser.has_section("options")):
        return None
    extras = parser["options.extras_require"] if parser.has_section("options.extras_require") else {}
    written = parser.get("options", "install_requires", fallback="")
    version = parser.get("metadata", "version", fallback="").strip()
    return PythonProject(
        name=normalized_name(parser.get("metadata", "name", fallback="").strip()),
        version="" if version.startswith(("attr:", "file:")) else version,
        requirements=_requirement_lines(_config_lines(written), text, path),
        extras=tuple(
            (normalized_name(extra), _requirement_lines(_config_lines(value), text, path))
            for extra, value in extras.items()
        ),
        complete=parser.has_option("options", "install_requires"),
    )


def _config_lines(value: str) -> tuple[str, ...]:
    if value.strip().startswith(("file:", "attr:")):
        return ()
    bare = (_COMMENT.sub("", line).strip() for line in value.splitlines())
    return tuple(line for line in bare if line)


def read_pipfile(text: str, path: str = "Pipfile") -> PythonProject | None:
    """The packages of a Pipfile, `dev-packages` as the group `dev`; None when it is no TOML."""
    tables = _toml(text)
    if not tables:
        return None
    return PythonProject(
        requirements=_named_lines(_table(tables, "packages"), text, path),
        groups=(("dev", _named_lines(_table(tables, "dev-packages"), text, path)),),
    )


class NodeDependency(Struct, frozen=True, kw_only=True):
    """One entry of package.json: `kind` is the table it stands in (`dependencies`, `devDependencies` …)."""

    name: str
    specifier: str
    kind: str


class NodeProject(Struct, frozen=True, kw_only=True):
    """What package.json says.

    `package_manager` is (name, version) of its `packageManager` field, or None. `scripts` are (name, text). `overridden` are the
    packages that its `overrides` give another version by a specifier of their own (not by `$name`). `workspaces`: it has some.
    """

    name: str
    version: str
    package_manager: tuple[str, str] | None
    dependencies: tuple[NodeDependency, ...]
    scripts: tuple[tuple[str, str], ...] = ()
    overridden: tuple[str, ...] = ()
    workspaces: bool = False


_NODE_TABLES = ("dependencies", "optionalDependencies", "devDependencies")
_PACKAGE_MANAGER = regex(r"([a-z]+)@([0-9][0-9A-Za-z.-]*)(?:\+[A-Za-z0-9.]+)?")


def read_package_json(text: str) -> NodeProject | None:
    """The dependencies in package.json; None when it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    pinned = _PACKAGE_MANAGER.fullmatch(str(found.get("packageManager", "")))
    return NodeProject(
        name=str(found.get("name", "")),
        version=str(found.get("version", "")),
        package_manager=(pinned[1], pinned[2]) if pinned else None,
        dependencies=tuple(
            NodeDependency(name=name, specifier=str(specifier), kind=kind)
            for kind in _NODE_TABLES
            for name, specifier in _table(found, kind).items()
        ),
        scripts=tuple((name, str(text)) for name, text in _table(found, "scripts").items()),
        workspaces=bool(found.get("workspaces")),
        overridden=tuple(
            name.rpartition("@")[0] or name
            for name, value in _table(found, "overrides").items()
            if not str(_override(value)).startswith("$")
        ),
    )


def _override(value: object) -> object:
    """What an entry of `overrides` says of the package itself; one for its dependencies alone says nothing of it."""
    return value.get(".", "$") if isinstance(value, dict) else value
