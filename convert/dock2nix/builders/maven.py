"""`mvn package` and its kin: maven.buildMavenPackage (nixpkgs manual, "Maven")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.builders.base import Built, Refusal, absolute, is_inside, program_of, texts
from dock2nix.model.builds import MavenRecipe
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.builders.base import Work
    from dock2nix.model.shell import Invocation

IN_PLACE = False
BY_TREE = False
BY_FOLDER = False
PROGRAMS = frozenset({"mvn", "mvnw"})

# How much is told, and how the network is used: nothing of it is in the result.
_WITHOUT_EFFECT = frozenset(
    [
        "-B",
        "--batch-mode",
        "-C",
        "--strict-checksums",
        "-e",
        "--errors",
        "-ntp",
        "--no-transfer-progress",
        "-nsu",
        "--no-snapshot-updates",
        "-o",
        "--offline",
        "-q",
        "--quiet",
        "-U",
        "--update-snapshots",
        "-V",
        "--show-version",
        "-X",
        "--debug",
    ]
)
_VALUED = frozenset({"-P", "--activate-profiles", "-pl", "--projects"})
_PROJECT = frozenset({"-f", "--file"})
# What says which servers are asked: the builder downloads with it too, so it must be among the sources.
_SETTINGS = frozenset({"-s", "--settings", "-gs", "--global-settings"})
_MODULE = regex(r"<module>([^<>]+)</module>")
_MOST_MODULES = 500
_SWITCHES = frozenset({"-am", "--also-make", "-amd", "-N", "--non-recursive", "-fae", "--fail-at-end"})
_UP_TO_PACKAGE = frozenset(
    {
        "clean",
        "compile",
        "package",
        "prepare-package",
        "process-classes",
        "process-resources",
        "validate",
        "install",
        "verify",
    }
)
_LOOKS_ONLY = regex(r"dependency:(?:go-offline|resolve|resolve-plugins|copy-dependencies|tree)|help:\S+")
_PLUGIN = regex(r"[a-z][\w.-]*(?::[\w.-]+){1,3}(?:@[\w.-]+)?")
_SKIPS_TESTS = frozenset({"-DskipTests", "-DskipTests=true"})
_PLACE = regex(r"-Dmaven\.(?:repo\.local|artifact\.threads)=|-T|--threads|-Dmaven\.wagon\.|-Dstyle\.color=")
_LETTERS = regex(r"[\w.,:=/@+!-]+")


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The project that is packaged; commands that only download do nothing."""
    found: dict[Built, None] = {}
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        built = _call(words, run, work)
        if isinstance(built, Refusal):
            return built
        if built is not None:
            found[built] = None
    if len(found) > 1:
        return Refusal(f"{program_of(work.calls[-1])} builds several times", work.calls[-1])
    return tuple(found)


def _call(words: list[str], run: Invocation, work: Work) -> Built | Refusal | None:
    taken = _taken_apart(words, run)
    if isinstance(taken, Refusal):
        return taken
    if all(_LOOKS_ONLY.fullmatch(goal) for goal in taken.goals):
        return None
    folder = _folder(taken.project, run)
    pom = work.files.read(posixpath.join(folder, "pom.xml"))
    if pom is None:
        return Refusal(_no_project(folder, taken.project), run)
    extra = [goal for goal in taken.goals if goal not in _UP_TO_PACKAGE]
    for goal in extra:
        if not _PLUGIN.fullmatch(goal):
            return Refusal(f"its goal {goal} is not translated yet", run)
    parameters = [*extra, *taken.parameters]
    for option, name in taken.settings:
        path = absolute(name, run)
        if not is_inside(path, folder) or work.files.read(path) is None:
            return Refusal(f"its settings {name} are none of the project's files", run)
        parameters += [option, posixpath.relpath(path, folder)]
    base = work.base if work.base is not None and work.base.language == "java" else None
    recipe = MavenRecipe(
        jdk=base.interpreter if base else None,
        channel=base.channel if base else "",
        parameters=tuple(parameters),
        tests=not taken.skipped,
    )
    return Built(recipe=recipe, directory=folder, state="\0".join(_project_files(folder, work)))


def _folder(project: str, run: Invocation) -> str:
    """The folder of the project: where Maven runs, or where the file is that it is given."""
    path = absolute(project or ".", run)
    return posixpath.dirname(path) if posixpath.basename(path) == "pom.xml" else path


def _no_project(folder: str, project: str) -> str:
    if posixpath.basename(project).endswith((".xml", ".pom")):
        return "its file of the project is called otherwise than pom.xml, which is not translated yet"
    return f"there is no pom.xml in its folder, {folder}"


def _project_files(folder: str, work: Work) -> tuple[str, ...]:
    """The texts of a project's pom.xml and those of its modules: what is downloaded changes with them."""
    found: dict[str, str] = {}
    waiting = [folder]
    while waiting and len(found) < _MOST_MODULES:
        place = waiting.pop(0)
        path = place if place.endswith(".xml") else posixpath.join(place, "pom.xml")
        text = work.files.read(path)
        if text is not None and path not in found:
            found[path] = text
            own = posixpath.dirname(path)
            waiting += [normal_path(posixpath.join(own, name.strip())) for name in _MODULE.findall(text)]
    return tuple(found.values())


class _Taken(Struct, frozen=True, kw_only=True):
    """A command line: goals, options to keep, those that name settings, the project's place, and whether tests are left out."""

    goals: tuple[str, ...]
    parameters: tuple[str, ...]
    settings: tuple[tuple[str, str], ...]
    project: str
    skipped: bool


def _taken_apart(words: list[str], run: Invocation) -> _Taken | Refusal:
    goals: list[str] = []
    parameters: list[str] = []
    settings: list[tuple[str, str]] = []
    skipped, project = False, ""
    waiting = iter(words)
    for word in waiting:
        if word in _SKIPS_TESTS:
            skipped = True
        elif word in _PROJECT:
            project = next(waiting, "")
        elif word.startswith(("--file=", "-f=")):
            project = word.partition("=")[2]
        elif word in _SETTINGS:
            settings.append((word, next(waiting, "")))
        elif word in _VALUED:
            parameters += [word, next(waiting, "")]
        elif word in _SWITCHES or (word.startswith(("-P", "-D")) and not _PLACE.match(word)):
            parameters.append(word)
        elif word in {"-T", "--threads"}:
            next(waiting, "")
        elif not word.startswith("-"):
            goals.append(word)
        elif word not in _WITHOUT_EFFECT and not _PLACE.match(word):
            return Refusal(f"its option {word} is not translated yet", run)
    if not all(_LETTERS.fullmatch(one) for one in (*parameters, *(name for _, name in settings))):
        return Refusal("an option of it has characters that the shell would read", run)
    return _Taken(
        goals=tuple(goals),
        parameters=tuple(parameters),
        settings=tuple(settings),
        project=project,
        skipped=skipped,
    )
