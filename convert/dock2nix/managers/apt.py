"""apt-get, apt, aptitude and their helpers: Debian and Ubuntu packages from an archive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.managers.arguments import (
    option_names,
    option_problems,
    read_command_line,
    read_words,
    refused,
    verb_table,
)
from dock2nix.managers.base import called_as
from dock2nix.managers.packagefiles import file_requirement, is_package_file, resolve_file
from dock2nix.managers.repositories import read_repository_command
from dock2nix.managers.resolution import (
    Question,
    command_provider,
    curated,
    development_files,
    file_evidence,
    first_answer,
    library,
    python_2,
    same_name,
    unresolved,
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

NAME = "apt"
_REPOSITORY_PROGRAMS = frozenset({"add-apt-repository", "apt-add-repository", "apt-key"})
PROGRAMS = frozenset({"apt", "apt-cache", "apt-get", "apt-mark", "aptitude"}) | _REPOSITORY_PROGRAMS

# apt's own option tables: apt-private/private-cmndline.cc; aptitude's: getopt in its main.cc.
_APT_VALUED = option_names(
    """
    -t --target-release --default-release -o --option -c --config-file -a --host-architecture -P
    --build-profiles --solver --planner --with-source --format --comment --snapshot -S -e --error-on
    """
)
_APTITUDE_VALUED = option_names(
    """
    -t --target-release -o -F --display-format -O --sort -w --width -S --add-user-tag --add-user-tag-to
    --remove-user-tag --remove-user-tag-from --log-level --log-file --log-config-file --group-by
    --show-package-names
    """
)
_MARK_VALUED = option_names(
    """
    -f --file -o --option -c --config-file
    """
)
_VALUED = {"aptitude": _APTITUDE_VALUED, "apt-mark": _MARK_VALUED}

_LATER = "the versions are those of the pinned nixpkgs"
_ASKS = "only asks; it changes nothing"
_CLEANS = "Nix keeps no package cache in the image"
_MARKS = "apt's marks have no meaning: an image made by Nix holds what it refers to"
_REMOVES = "asks for no package by name; what nothing refers to is not in an image made by Nix"

_VERBS = verb_table(
    ("install | reinstall", Action.INSTALL, ""),
    ("remove | purge | autoremove | auto-remove | autopurge", Action.REMOVE, ""),
    ("update | forget-new", Action.NOTHING, "nixpkgs is pinned: there are no package lists to fetch"),
    ("upgrade | dist-upgrade | full-upgrade | safe-upgrade", Action.NOTHING, _LATER),
    ("clean | autoclean | auto-clean | distclean | dist-clean", Action.NOTHING, _CLEANS),
    (
        "auto | manual | hold | unhold | markauto | unmarkauto | minimize-manual | keep-all",
        Action.NOTHING,
        _MARKS,
    ),
    (
        (
            " | list | search | show | showsrc | policy | madison | depends | rdepends | check | help | "
            "changelog | indextargets | moo | stats | pkgnames | showauto | showmanual | showhold | why | "
            "versions | unmet | dump | showpkg | gencaches"
        ),
        Action.NOTHING,
        _ASKS,
    ),
    ("edit-sources", Action.REPOSITORY, "apt's sources have no meaning: packages come from nixpkgs"),
    ("source", Action.OTHER, "fetches Debian's source package; its sources are not translated"),
    (
        "build-dep",
        Action.OTHER,
        "installs what another package is built with; Debian's source package says what that is",
    ),
    ("satisfy", Action.OTHER, "installs what satisfies a dependency formula"),
    ("download", Action.OTHER, "downloads .deb files"),
)
_SIMULATES = ("-s", "--simulate", "--just-print", "--dry-run", "--recon", "--no-act", "--print-uris")

_UNAUTHENTICATED = (
    "D2N504",
    "{} lets apt install packages whose origin is not verified",
    "Nix verifies by hash",
)
_RISKS = {
    "--allow-unauthenticated": _UNAUTHENTICATED,
    "--allow-insecure-repositories": _UNAUTHENTICATED,
    "--force-yes": _UNAUTHENTICATED,
    "--allow-untrusted": _UNAUTHENTICATED,
}
_RISKY_SETTINGS = regex(
    r"(?:APT::Get::AllowUnauthenticated|Acquire::Allow(?:Insecure|Weak)Repositories|APT::Get::force-yes"
    r"|Acquire::AllowDowngradeToInsecureRepositories)\s*=?\s*[\"']?(?:1|true|yes)",
    re.IGNORECASE,
)

_PACKAGE = regex(r"(?P<name>[A-Za-z0-9][A-Za-z0-9+._-]*)(?P<arch>:[a-z0-9-]+)?(?P<specifier>[=/].+)?")
_NATIVE = frozenset({":amd64", ":native", ":any", ":all"})
_PLUS_IN_NAME = regex(r".*\+\+|memtest86\+")


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of apt-get, apt, aptitude, apt-mark or apt-cache asks for (apt-get(8), aptitude(8))."""
    program, words = called_as(invocation)
    if program in _REPOSITORY_PROGRAMS:
        return read_repository_command(NAME, program, words)
    line = read_command_line(words, _VALUED.get(program, _APT_VALUED))
    action, reason = _meaning(program, line)
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=NAME, action=action, reason=reason, options=_options(program, line))
    requirements, unknown = read_words(line.operands, _removed if action is Action.REMOVE else _installed)
    return InstallStep(
        manager=NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        reason=_declined(line, action),
        problems=option_problems(line.options, _RISKS) + _setting_problems(line),
        options=line.kept,
    )


def _meaning(program: str, line: CommandLine) -> tuple[Action, str]:
    if program == "apt-cache":
        return Action.NOTHING, _ASKS
    if program == "apt-mark" and line.verb not in {"remove", "purge", "install"}:
        return Action.NOTHING, _MARKS if not line.verb.startswith("show") else _ASKS
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"{program} {line.verb} has no translation"))
    if action in {Action.INSTALL, Action.REMOVE}:
        return _refined(line, action)
    return action, reason


def _refined(line: CommandLine, action: Action) -> tuple[Action, str]:
    """Installing and removing, by options and by whether there are names at all."""
    if line.has(*_SIMULATES):
        return Action.NOTHING, "only shows what would be done"
    if line.has("-d", "--download-only"):
        return Action.OTHER, "only downloads the packages"
    if line.has("--only-upgrade"):
        return Action.NOTHING, _LATER
    if line.operands:
        return action, ""
    if action is Action.REMOVE:
        return Action.NOTHING, _REMOVES
    if line.has("-f", "--fix-broken"):
        return Action.NOTHING, "asks for no package by name: it completes what dpkg left incomplete"
    return Action.OTHER, "names no package: where the names come from is not known"


def _options(program: str, line: CommandLine) -> tuple[str, ...]:
    """For apt-mark the marked names too: what is marked `auto` goes with the next autoremove."""
    if program != "apt-mark":
        return line.kept
    return (line.verb, *(word.value if word.value is not None else word.text for word in line.operands))


def _setting_problems(line: CommandLine) -> tuple[tuple[str, str, str], ...]:
    code, message, hint = _UNAUTHENTICATED
    risky = (value for value in line.values("-o", "--option") if _RISKY_SETTINGS.match(value))
    return tuple((code, message.replace("{}", f"-o {value}"), hint) for value in risky)


def _installed(word: Word, text: str) -> Requirement | UnknownWord | None:
    if _is_declined(text):
        return None
    plus = text.endswith("+") and _PLUS_IN_NAME.fullmatch(text) is None
    return _named(word, text[:-1] if plus else text)


def _is_declined(text: str) -> bool:
    """A minus behind the name: the package is not to be installed along with the others, and removed if it is there."""
    return text.endswith("-") and not is_package_file(text, ".deb")


def _declined(line: CommandLine, action: Action) -> str:
    names = [word.value for word in line.operands if word.value and _is_declined(word.value)]
    return f"leaves out {' '.join(names)}" if names and action is Action.INSTALL else ""


def _removed(word: Word, text: str) -> Requirement | UnknownWord:
    return _named(word, text.removesuffix("-"))


def _named(word: Word, text: str) -> Requirement | UnknownWord:
    if is_package_file(text, ".deb"):
        return file_requirement(NAME, word, text)
    if text.endswith("^"):
        return refused(word, "a task: only the archive knows which packages it stands for")
    found = _PACKAGE.fullmatch(text)
    if found is None:
        return refused(word, _why_no_name(text))
    arch = found["arch"] or ""
    return Requirement(
        manager=NAME,
        name=found["name"] + ("" if arch in _NATIVE else arch),
        specifier=found["specifier"] or "",
        location=word.location,
    )


def _why_no_name(text: str) -> str:
    if text.startswith(("~", "?")) or any(letter in text for letter in "*?[^$|("):
        return "a pattern: which packages it matches depends on the archive"
    return "is not a Debian package name"


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for a Debian package: a curated row or rule, the files it holds, its name, what it provides."""
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
    if ":" in requirement.name:
        return first_answer(question, curated, _foreign)
    return first_answer(
        question,
        curated,
        file_evidence,
        python_2,
        same_name,
        library,
        development_files("-dev"),
        command_provider,
    )


def _foreign(question: Question) -> tuple[Resolution, ...]:
    architecture = question.name.partition(":")[2]
    reason = f"a package of another architecture ({architecture}) beside the image's own has no counterpart"
    return (unresolved(question, reason),)
