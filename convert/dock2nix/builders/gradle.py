"""`gradle build` and `./gradlew installDist`: Gradle with what it downloads recorded in a file (nixpkgs manual, "Gradle")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, program_of, texts
from dock2nix.model.builds import GradleRecipe
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.builders.base import Work
    from dock2nix.model.shell import Invocation

IN_PLACE = True
BY_TREE = False
BY_FOLDER = False
PROGRAMS = frozenset({"gradle", "gradlew"})

_WITHOUT_EFFECT = frozenset(
    {
        *(
            "--no-daemon",
            "--daemon",
            "-q",
            "--quiet",
            "-i",
            "--info",
            "--stacktrace",
            "-s",
            "--full-stacktrace",
        ),
        *("--console=plain", "--no-build-cache", "--build-cache", "--parallel", "--warn", "-w", "--offline"),
        *(
            "--no-watch-fs",
            "-d",
            "--debug",
            "--no-configuration-cache",
            "--configuration-cache",
            "--refresh-dependencies",
        ),
    }
)
_EXCLUDES = frozenset({"-x", "--exclude-task"})
_KEPT = regex(r"-P[\w.-]+(?:=[\w./:,@+-]*)?|-D(?!org\.gradle\.|http)[\w.-]+(?:=[\w./:,@+-]*)?")
_OF_THE_MACHINE = regex(r"-D(?:org\.gradle\.|https?\.).*")
_TASK = regex(r":?[A-Za-z][\w.-]*(?::[A-Za-z][\w.-]*)*")
_LOOKS_ONLY = frozenset(
    {"clean", "dependencies", "help", "tasks", "properties", "downloadRepos", "resolveDependencies"}
)
_PROJECTS = ("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts")
_WRAPPER = "gradle/wrapper/gradle-wrapper.properties"
_WRAPPED = regex(r"distributionUrl=\S*gradle-([0-9]+)(?:\.[0-9.]+)?-(?:bin|all)\.zip")
# The versions that nixpkgs has: `gradle_7` is gone with the end of its support.
_ATTRIBUTES = {"8": "gradle_8", "9": "gradle_9"}


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The tasks of one project; commands that only download do nothing."""
    tasks: dict[str, None] = {}
    flags: dict[str, None] = {}
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        refusal = _taken(words, run, tasks, flags)
        if refusal:
            return refusal
    folders = {run.directory for run in work.calls}
    folder = work.calls[-1].directory
    if len(folders) > 1 or folder is None:
        return Refusal("it builds in several folders", work.calls[-1])
    names = work.files.names(folder)
    if not set(_PROJECTS) & set(names):
        return Refusal("there is no project of Gradle in its folder", work.calls[-1])
    if not tasks:
        return ()
    gradle = _gradle(folder, work)
    if isinstance(gradle, Refusal):
        return gradle
    base = work.base if work.base is not None and work.base.language == "java" else None
    recipe = GradleRecipe(
        gradle=gradle,
        jdk=base.interpreter if base and not base.channel else None,
        tasks=tuple(tasks),
        flags=tuple(flags),
    )
    return (Built(recipe=recipe, directory=folder),)


def _taken(
    words: list[str], run: Invocation, tasks: dict[str, None], flags: dict[str, None]
) -> Refusal | None:
    waiting = iter(words)
    for word in waiting:
        if word in _EXCLUDES:
            left_out = next(waiting, "")
            if not _TASK.fullmatch(left_out):
                return Refusal("which task it leaves out is not known", run)
            flags[f"-x {left_out}"] = None
        elif _KEPT.fullmatch(word):
            flags[word] = None
        elif word in _WITHOUT_EFFECT or _OF_THE_MACHINE.fullmatch(word):
            continue
        elif word.startswith("-"):
            return Refusal(f"its option {word} is not translated yet", run)
        elif not _TASK.fullmatch(word):
            return Refusal(f"{word} is no name of a task", run)
        elif word not in _LOOKS_ONLY:
            tasks[word] = None
    return None


def _gradle(folder: str, work: Work) -> AttributePath | Refusal:
    """Gradle of the version that the wrapper asks for; nixpkgs' own choice where there is no wrapper."""
    if not any(program_of(run) == "gradlew" for run in work.calls):
        packages = work.base.packages if work.base is not None else ()
        return next((path for path in packages if path.startswith("gradle")), AttributePath("gradle"))
    found = _WRAPPED.search(work.files.read(posixpath.join(folder, _WRAPPER)) or "")
    if found is None:
        return Refusal(
            f"{_WRAPPER}, which says what version of Gradle it is for, is not there or not understood"
        )
    attribute = _ATTRIBUTES.get(found[1])
    if attribute is None:
        return Refusal(f"its wrapper asks for Gradle {found[1]}, which nixpkgs does not have")
    return AttributePath(attribute)
