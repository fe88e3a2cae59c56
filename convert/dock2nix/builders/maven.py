"""`mvn package` and its kin: maven.buildMavenPackage (nixpkgs manual, "Maven")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, absolute, nearest, program_of, texts
from dock2nix.model.builds import MavenRecipe
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
    goals, parameters, skipped = taken
    if all(_LOOKS_ONLY.fullmatch(goal) for goal in goals):
        return None
    folder = nearest("pom.xml", run.directory or "/", work.files)
    if folder != run.directory or folder is None:
        return Refusal("there is no pom.xml in its folder", run)
    extra = [goal for goal in goals if goal not in _UP_TO_PACKAGE]
    for goal in extra:
        if not _PLUGIN.fullmatch(goal):
            return Refusal(f"its goal {goal} is not translated yet", run)
    pom = work.files.read(posixpath.join(folder, "pom.xml")) or ""
    base = work.base if work.base is not None and work.base.language == "java" else None
    recipe = MavenRecipe(
        jdk=base.interpreter if base else None,
        channel=base.channel if base else "",
        parameters=(*extra, *parameters),
        tests=not skipped,
    )
    return Built(recipe=recipe, directory=absolute(folder, run), state=pom)


def _taken_apart(words: list[str], run: Invocation) -> tuple[list[str], list[str], bool] | Refusal:
    """Goals, options to keep, and whether tests are left out."""
    goals: list[str] = []
    parameters: list[str] = []
    skipped = False
    waiting = iter(words)
    for word in waiting:
        if word in _SKIPS_TESTS:
            skipped = True
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
    if not all(_LETTERS.fullmatch(one) for one in parameters):
        return Refusal("an option of it has characters that the shell would read", run)
    return goals, parameters, skipped
