"""Sources that are fetched from git repositories, and at which commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.audit.base import place_of, raw_argument
from dock2nix.audit.downloads import is_git
from dock2nix.audit.versions import is_commit
from dock2nix.managers.arguments import option_names, read_command_line
from dock2nix.parse.copying import is_remote
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Run, Subject
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.model.source import Location

# git's own options with a value, and those of `git clone`.
_GLOBAL = option_names("-C -c --git-dir --work-tree --namespace --config-env")
_CLONE = option_names(
    "-b --branch -o --origin -u --upload-pack --depth -c --config -j --jobs --reference --separate-git-dir --template "
    "--shallow-since --shallow-exclude --filter --server-option --bundle-uri --revision"
)
_MOVING = frozenset({"checkout", "reset", "switch"})
_ABBREVIATED = regex(r"(?=[a-f]*[0-9])[0-9a-f]{7,64}")
_COMMIT_VARIABLE = regex(r"commit|sha|rev(?:ision)?\b|hash", re.IGNORECASE)
_NEAR = 20
_VERSION = regex(r"[^0-9]*[0-9][0-9A-Za-z.+_-]*")


class GitSource(Struct, frozen=True, kw_only=True):
    """A repository that is cloned. `ref` is the branch or tag asked for, "" for the default branch; `pinned`: at a full commit.

    `at` is the command or instruction.
    """

    stage: int
    url: str
    ref: str
    pinned: bool
    location: Location
    at: Location

    @property
    def is_release(self) -> bool:
        """Whether the ref looks like the tag of a version."""
        return _VERSION.fullmatch(self.ref) is not None


def git_sources(subject: Subject) -> tuple[GitSource, ...]:
    """What `git clone` and ADD fetch."""
    found = [one for run in subject.runs for one in _clones(run)]
    for stage, instruction in subject.scoped:
        for source in instruction.arguments[:-1] if instruction.keyword == "ADD" else ():
            if is_remote(source) and is_git(source):
                fragment = source.partition("#")[2].partition(":")[0]
                checksum = instruction.flag("checksum") or ""
                found.append(
                    GitSource(
                        stage=stage,
                        url=source.partition("#")[0],
                        ref=fragment,
                        pinned=is_commit(fragment) or is_commit(checksum),
                        location=place_of(instruction, raw_argument(instruction, source)),
                        at=instruction.location,
                    )
                )
    return tuple(dict.fromkeys(found))


def _clones(run: Run) -> Iterator[GitSource]:
    lines = [
        (command, read_command_line(command.invocation.arguments, _GLOBAL, valued_behind=_CLONE))
        for command in run.commands
        if command.name == "git"
    ]
    for number, (command, line) in enumerate(lines):
        if line.verb != "clone" or not line.operands:
            continue
        word = line.operands[0]
        url = (word.value if word.value is not None else word.text).strip("\"'")
        if not _is_elsewhere(url):
            continue
        ref = _later_ref(lines[number + 1 : number + 1 + _NEAR]) or _branch(line)
        yield GitSource(
            stage=run.stage,
            url=url,
            ref=ref,
            pinned=is_commit(line.last("--revision")) or _names_commit(ref),
            location=word.location,
            at=command.shell.location,
        )


def _is_elsewhere(url: str) -> bool:
    return "://" in url or "@" in url or url.startswith("$")


def _branch(line: CommandLine) -> str:
    """The branch or tag that is cloned, as written when it is not known."""
    given = [one for one in line.options if one.name in {"-b", "--branch"}]
    return (given[-1].value or given[-1].text.partition(" ")[2] or given[-1].text) if given else ""


def _later_ref(lines: list[tuple[Command, CommandLine]]) -> str:
    """What is checked out before the next clone."""
    for _, line in lines:
        if line.verb == "clone":
            return ""
        if line.verb in _MOVING and line.operands:
            word = line.operands[-1]
            return (word.value if word.value is not None else word.text).strip("\"'")
    return ""


def _names_commit(ref: str) -> bool:
    """Whether a ref is a commit, in full or abbreviated, or a variable that is called one."""
    if "$" in ref:
        return _COMMIT_VARIABLE.search(ref) is not None
    return _ABBREVIATED.fullmatch(ref) is not None
