"""Python distributions in nixpkgs: an interpreter's package set, and applications outside of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.resolution import channel_of, curated_row, package, plain_attribute, unresolved
from dock2nix.model.packages import AttributePath, BuiltProject, NixpkgsPackage, NotNeeded, Origin
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Provider
    from dock2nix.managers.resolution import Question
    from dock2nix.model.packages import LocalProject, Resolution

TABLE = "pip"
_PYTHON_SET = regex(r"(?:python|pypy)3[0-9]*Packages\.(.+)")
_INTERPRETER = regex(r"(?:python|pypy)[0-9]*")
_PYTHON_2 = regex(r"(?:python|pypy)2[0-9]*")
# What any Python has, or needs no more than itself.
_OF_EVERY_PYTHON = frozenset({"pip", "wheel"})


def not_for_here(question: Question) -> tuple[Resolution, ...]:
    """Direct references, which nixpkgs cannot stand for, and requirements whose marker does not hold."""
    requirement = question.requirement
    if requirement.marker and _marker_holds(question) is False:
        reason = f"its marker does not hold for {_python_of(question)} on Linux: {requirement.marker}"
        return (NotNeeded(requirement=requirement, reason=reason, origin=Origin.RULE),)
    if not requirement.url:
        return ()
    if requirement.project is not None:
        return (_built(question, requirement.project),)
    named = replace(question, requirement=replace(requirement, url=""))
    found = in_python_set(named) or application(named) if requirement.name else ()
    candidates = tuple(item.attribute_path for item in found if isinstance(item, NixpkgsPackage))
    return (unresolved(question, _why_direct(requirement.url), candidates),)


def _built(question: Question, project: LocalProject) -> Resolution:
    interpreter = _interpreter(question)
    if project.build is None or _PYTHON_2.fullmatch(interpreter):
        reason = project.problem or "projects for Python 2 are not built"
        return unresolved(question, f"a folder ({question.requirement.url}): {reason}", ())
    return BuiltProject(
        requirement=question.requirement, interpreter=AttributePath(interpreter), build=project.build
    )


def of_python_2(question: Question) -> tuple[Resolution, ...]:
    """Nothing is known of the distributions for Python 2: today's follow other expressions, most have no support for it."""
    interpreter = _interpreter(question)
    if not _PYTHON_2.fullmatch(interpreter) or question.name in _OF_EVERY_PYTHON:
        return ()
    where = f" of {question.setting.channel}" if question.setting.channel else ""
    reason = f"which distributions {interpreter}Packages{where} holds is not known: Python 2 has left nixpkgs"
    return (unresolved(question, reason, ()),)


def _why_direct(url: str) -> str:
    from dock2nix.parse.requirements import ARCHIVES  # noqa: PLC0415 - loaded for Python packages only

    if "://" in url or url.startswith("git@"):
        return f"a direct reference ({url}): it is fetched without a hash, and nixpkgs has releases only"
    if url.lower().endswith(ARCHIVES):
        return f"an archive given by path ({url}): what it holds is not known here"
    return f"a folder ({url}): no pyproject.toml, setup.cfg or setup.py of it is in the build context"


def _interpreter(question: Question) -> str:
    """The attribute of the stage's Python, `python3` when it has none."""
    name = question.setting.interpreter or ""
    return name if re.fullmatch(r"(?:python|pypy)[0-9]*", name) else "python3"


def _python_of(question: Question) -> str:
    version = _python_version(question)
    return f"Python {version}" if version else _interpreter(question)


def _python_version(question: Question) -> str:
    """`3.12.9` where the index tells it, else `3.12` from the attribute's name, else ""."""
    name = _interpreter(question)
    known = question.catalogue.attribute(name)
    if known is not None and not channel_of(name, question.setting):
        return known.version
    digits = name.removeprefix("python").removeprefix("pypy")
    return f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else ""


def _marker_holds(question: Question) -> bool | None:
    """PEP 508's markers for Linux on x86-64 and the stage's Python; None when that cannot be told."""
    from packaging.markers import Marker, UndefinedComparison, UndefinedEnvironmentName  # noqa: PLC0415 - slow to import

    version = _python_version(question)
    exact = version.count(".") >= 2
    marker = question.requirement.marker
    if not version or (not exact and ("full_version" in marker or "implementation_version" in marker)):
        return None
    pypy = _interpreter(question).startswith("pypy")
    environment = {
        "implementation_name": "pypy" if pypy else "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "PyPy" if pypy else "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": version if exact else f"{version}.0",
        "python_version": ".".join(version.split(".")[:2]),
        "sys_platform": "linux",
        "extra": "",
    }
    try:
        return Marker(marker).evaluate(environment)
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError):
        return None


def curated_distribution(question: Question) -> tuple[Resolution, ...]:
    """The row of mappings/pip.toml and those of the extras (`uvicorn[standard]`); `python3Packages` is the stage's set."""
    row = question.catalogue.curated(TABLE, question.name)
    if row is None:
        return ()
    answers = curated_row(question, row, lambda path: _in_set_of(question, path))
    return _with_extras(question, answers)


def _in_set_of(question: Question, path: str) -> str:
    name = path.removeprefix("python3Packages.")
    return path if name == path else f"{_interpreter(question)}Packages.{name}"


def in_python_set(question: Question) -> tuple[Resolution, ...]:
    """The package of a Python set whose files are that distribution."""
    for provider in question.catalogue.providers("python", question.name):
        found = _PYTHON_SET.fullmatch(provider.path)
        if found:
            return _with_extras(question, (_of_set(question, found[1], provider),))
    return ()


def _of_set(question: Question, name: str, provider: Provider) -> Resolution:
    """The package in the stage's own set; the index describes one set, others follow the same expressions."""
    interpreter = _interpreter(question)
    path = f"{interpreter}Packages.{name}"
    evidence = f"{provider.path} is the distribution {question.name}"
    if channel_of(path, question.setting) or question.catalogue.attribute(path) or interpreter == "python3":
        return package(question, path, origin=Origin.PROVIDER, evidence=evidence, like=provider.path)
    if _set_is_indexed(question, interpreter):
        reason = (
            f"{provider.path} is the distribution {question.name}, but {interpreter}Packages does not have it"
        )
        return unresolved(question, reason, (provider.path,))
    note = f"; {interpreter}Packages is not indexed: its packages are defined by the same expressions"
    return package(question, path, origin=Origin.PROVIDER, evidence=evidence + note, like=provider.path)


def _set_is_indexed(question: Question, interpreter: str) -> bool:
    return question.catalogue.attribute(f"{interpreter}Packages.setuptools") is not None


# --- extras ------------------------------------------------------------------------------------------------------------------


def _with_extras(question: Question, answers: tuple[Resolution, ...]) -> tuple[Resolution, ...]:
    """The answers with what the extras add; what no row tells of an extra is missing, and the first answer says so."""
    names = [f"{question.name}[{extra}]" for extra in question.requirement.extras]
    rows = [question.catalogue.curated(TABLE, name) for name in names]
    missing = [extra for extra, row in zip(question.requirement.extras, rows, strict=True) if row is None]
    first, *others = answers
    if missing and isinstance(first, NixpkgsPackage):
        those = (
            f"the extra {missing[0]} asks" if len(missing) == 1 else f"the extras {', '.join(missing)} ask"
        )
        caveat = f"what {those} for is not known: it is not in the image"
        first = replace(first, caveat=caveat)
    found = (
        answer
        for row in rows
        if row is not None
        for answer in curated_row(question, row, lambda path: _in_set_of(question, path))
    )
    return (first, *others, *(_as_part(answer) for answer in found))


def _as_part(answer: Resolution) -> Resolution:
    return replace(answer, part=True) if isinstance(answer, NixpkgsPackage) else answer


def application(question: Question) -> tuple[Resolution, ...]:
    """A top-level attribute that is the distribution, or that has the command of its name."""
    paths = [
        provider.path
        for provider in question.catalogue.providers("python", question.name)
        if "." not in provider.path
    ]
    named = plain_attribute(question, question.name)
    ordered = sorted(paths, key=lambda path: path != question.name)
    for path in ordered:
        evidence = f"{path} is the distribution {question.name}"
        answer = package(question, path, origin=Origin.PROVIDER, evidence=evidence)
        return _with_extras(question, (answer,))
    if named is not None and question.name in named.programs and named.pname == question.name:
        evidence = f"the attribute of that name has the command {question.name}"
        answer = package(question, named.path, origin=Origin.SAME_NAME, evidence=evidence)
        return _with_extras(question, (answer,))
    return ()
