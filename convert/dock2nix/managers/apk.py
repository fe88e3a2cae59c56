"""apk: Alpine packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import (
    option_names,
    option_problems,
    read_command_line,
    read_words,
    refused,
    root_problem,
    verb_table,
)
from dock2nix.managers.base import called_as
from dock2nix.managers.packagefiles import file_requirement, is_package_file, resolve_file
from dock2nix.managers.resolution import (
    Question,
    command_provider,
    curated,
    development_files,
    file_evidence,
    first_answer,
    python_2,
    same_name,
)
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Setting
    from dock2nix.model.packages import Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "apk"
PROGRAMS = frozenset({"apk"})

# apk(8): global options, those of add, fetch, index and the like.
_VALUED = option_names(
    """
    -p --root -X --repository -t --virtual --arch --cache-dir --cache-max-age --keys-dir --progress-fd
    --repositories-file --repository-config --timeout --wait --uvol-manager --from -o --output
    --pkgname-spec --sign-key --compression --logfile
    """
)

_ASKS = "only asks; it changes nothing"
_VERBS = verb_table(
    ("add", Action.INSTALL, ""),
    ("del", Action.REMOVE, ""),
    ("update", Action.NOTHING, "nixpkgs is pinned: there are no package lists to fetch"),
    ("upgrade", Action.NOTHING, "the versions are those of the pinned nixpkgs"),
    ("fix", Action.NOTHING, "packages of Nix need no repair"),
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("fetch", Action.OTHER, "downloads .apk files"),
    ("index", Action.OTHER, "makes an index of .apk files"),
    ("extract", Action.OTHER, "unpacks .apk files by hand"),
    (
        (
            " | audit | dot | help | info | list | manifest | policy | query | search | stats | verify | "
            "version | adbdump"
        ),
        Action.NOTHING,
        _ASKS,
    ),
)

_FURTHER = (
    "D2N506",
    "{}: packages come from a further repository",
    "nixpkgs takes its place: compare the versions",
)
_RISKS = {
    "-X": _FURTHER,
    "--repository": _FURTHER,
    "--allow-untrusted": (
        "D2N504",
        "{} lets apk install packages without a trusted signature",
        "Nix verifies by hash",
    ),
    "--no-check-certificate": ("D2N504", "{} lets apk download without checking the server", ""),
}

_LINKED_TO = "the libraries that scanelf finds in what was built; Nix packages bring theirs along"
_SCANS = regex(r"[$]\(\s*scanelf\s")

_PACKAGE = regex(
    r"(?P<name>(?:(?:so|cmd|pc|py3(?:\.[0-9]+)?|font|dbus|ocaml4-intf):)?[A-Za-z0-9_.][A-Za-z0-9+._:/-]*)"
    r"(?P<tag>@[A-Za-z0-9_.-]+)?(?P<specifier>[<>=~]+\s*[A-Za-z0-9._~+-]+)?(?P<late_tag>@[A-Za-z0-9_.-]+)?"
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of apk asks for (apk(8), apk-world(5))."""
    _, words = called_as(invocation)
    line = read_command_line(words, _VALUED)
    action, reason = _meaning(line)
    group = line.last("-t", "--virtual")
    kept = line.kept
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=NAME, action=action, reason=reason, options=kept)
    conflicts = tuple(word.value for word in line.operands if word.value and word.value.startswith("!"))
    operands = tuple(word for word in line.operands if word.value not in conflicts)
    if action is Action.INSTALL and operands and all(map(_is_linked_to, operands)):
        return InstallStep(manager=NAME, action=Action.NOTHING, reason=_LINKED_TO, options=kept)
    requirements, unknown = read_words(operands, _package)
    return InstallStep(
        manager=NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        reason=reason,
        group=group if action is Action.INSTALL else "",
        problems=option_problems(line.options, _RISKS) + root_problem(line, "-p", "--root"),
        options=kept + conflicts,
    )


def _is_linked_to(word: Word) -> bool:
    """Whether a word is what scanelf found: the libraries that programs built here are linked to."""
    return word.value is None and _SCANS.match(word.unknown) is not None


def _meaning(line: CommandLine) -> tuple[Action, str]:
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"apk {line.verb} has no translation"))
    if action not in {Action.INSTALL, Action.REMOVE}:
        return action, reason
    if line.has("-s", "--simulate"):
        return Action.NOTHING, "only shows what would be done"
    if line.operands:
        return action, reason
    if action is Action.INSTALL and line.has("--initdb"):
        return Action.NOTHING, "makes an empty package database, which Nix does not use"
    if action is Action.INSTALL and line.has("-t", "--virtual", "-u", "--upgrade", "-U", "--update-cache"):
        return Action.NOTHING, "names no package"
    return Action.OTHER, "names no package: where the names come from is not known"


def _package(word: Word, text: str) -> Requirement | UnknownWord:
    if is_package_file(text, ".apk"):
        return file_requirement(NAME, word, text)
    found = _PACKAGE.fullmatch(text)
    if found is None:
        glob = "*" in text or "?" in text
        return refused(
            word,
            "a pattern: apk knows no patterns, the shell's depend on files"
            if glob
            else "is not an Alpine package name",
        )
    specifier = "".join((found["specifier"] or "").split())
    return Requirement(manager=NAME, name=found["name"], specifier=specifier, location=word.location)


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for an Alpine package: a curated row or rule, its name, what it provides."""
    question = Question(
        requirement=requirement,
        name=requirement.name,
        table=NAME,
        catalogue=catalogue,
        setting=setting,
        build_only=requirement.name.endswith("-dev"),
    )
    if requirement.url:
        return resolve_file(question)
    return first_answer(
        question,
        curated,
        file_evidence,
        python_2,
        same_name,
        development_files("-dev"),
        command_provider,
    )
