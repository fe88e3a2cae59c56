"""zypper: RPM packages of openSUSE and SUSE Linux Enterprise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

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
from dock2nix.managers.dnf import resolve_rpm
from dock2nix.managers.rpm_words import rpm_requirement
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Setting
    from dock2nix.model.packages import Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "zypper"
PROGRAMS = frozenset({"zypper"})

# zypper(8): the same letter means one thing in front of the command and another behind it.
_GLOBAL_VALUED = option_names(
    """
    -c --config -R --root --installroot -D --reposd-dir -C --cache-dir --raw-cache-dir --solv-cache-dir
    --pkg-cache-dir -p --plus-repo --plus-content --releasever --userdata -s --table-style --opt
    """
)
_VALUED = option_names(
    """
    -r --repo --from -t --type --download --solver-focus -c --catalog --entire-catalog -p --priority
    --name --plus-content --date -b --bugzilla --cve -g --category --severity --issue --root
    --installroot
    """
)
# For packages `--name` and `-n` are flags ("by plain name"), for repositories they take one.
_PACKAGE_VALUED = _VALUED - {"--name", "-p", "-g"}

_LATER = "the versions are those of the pinned nixpkgs"
_REPOSITORIES = "repositories have no meaning: packages come from nixpkgs"
_VERBS = verb_table(
    ("install | in | install-new-recommends | inr", Action.INSTALL, ""),
    ("remove | rm", Action.REMOVE, ""),
    ("update | up | dist-upgrade | dup | patch", Action.NOTHING, _LATER),
    (
        "refresh | ref | refresh-services | refs",
        Action.NOTHING,
        "nixpkgs is pinned: there are no package lists to fetch",
    ),
    ("clean | cc | purge-kernels", Action.NOTHING, "Nix keeps no package cache in the image"),
    (
        (
            "addrepo | ar | removerepo | rr | modifyrepo | mr | renamerepo | nr | addservice | as | "
            "removeservice | rs | modifyservice | ms"
        ),
        Action.REPOSITORY,
        _REPOSITORIES,
    ),
    (
        "addlock | al | removelock | rl | locks | ll | cleanlocks | cl",
        Action.NOTHING,
        "locks have no meaning under Nix",
    ),
    (
        (
            " | search | se | info | if | list-updates | lu | list-patches | lp | repos | lr | services | ls | "
            "packages | pa | patterns | pt | products | pd | what-provides | wp | verify | ve | help | ps | "
            "patch-check | pchk | patches | pch | licenses | targetos | versioncmp | needs-rebooting"
        ),
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
    ("source-install | si", Action.OTHER, "installs a source package and what it is built with"),
    ("download", Action.OTHER, "downloads .rpm files"),
)

_UNSIGNED = (
    "D2N504",
    "{} lets packages be installed without checking their signatures",
    "Nix verifies by hash",
)
_FURTHER = (
    "D2N506",
    "{}: packages come from a further repository",
    "nixpkgs takes its place: compare the versions",
)
_RISKS = {
    **dict.fromkeys(
        ("--no-gpg-checks", "--gpg-auto-import-keys", "--allow-unsigned-rpm", "--no-gpgcheck"), _UNSIGNED
    ),
    **dict.fromkeys(("--plus-repo",), _FURTHER),
}
_DECORATED = regex(r"[+~!-]")
_REPOSITORY_PREFIX = regex(r"[A-Za-z0-9_.-]+:(?=[A-Za-z0-9])")


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of zypper asks for (zypper(8))."""
    _, words = called_as(invocation)
    line = _read(words)
    action, reason = _meaning(line)
    problems = option_problems(line.options, _RISKS) + root_problem(line, "--root", "-R", "--installroot")
    if action is Action.REPOSITORY:
        added = line.verb in {"addrepo", "ar", "addservice", "as"}
        names = " ".join(word.text for word in line.operands)
        problems += ((_FURTHER[0], _FURTHER[1].replace("{}", names), _FURTHER[2]),) if added else ()
    if action not in {Action.INSTALL, Action.REMOVE}:
        kept = problems if action is Action.REPOSITORY else ()
        return InstallStep(manager=NAME, action=action, reason=reason, problems=kept, options=line.kept)
    requirements, unknown = read_words(line.operands, _reader(line.last("-t", "--type")))
    return InstallStep(
        manager=NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        problems=problems,
        options=line.kept,
    )


def _read(words: tuple[Word, ...]) -> CommandLine:
    line = read_command_line(words, _GLOBAL_VALUED, valued_behind=_PACKAGE_VALUED)
    if _VERBS.get(line.verb, (Action.OTHER, ""))[0] is Action.REPOSITORY:
        return read_command_line(words, _GLOBAL_VALUED, valued_behind=_VALUED | {"-n", "-t"})
    return line


def _meaning(line: CommandLine) -> tuple[Action, str]:
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"zypper {line.verb} has no translation"))
    if action not in {Action.INSTALL, Action.REMOVE}:
        return action, reason
    if line.has("--dry-run"):
        return Action.NOTHING, "only shows what would be done"
    if line.has("--download-only", "-d"):
        return Action.OTHER, "only downloads the packages"
    if line.operands:
        return action, reason
    return Action.OTHER, "names no package: where the names come from is not known"


def _reader(kind: str) -> Callable[[Word, str], Requirement | UnknownWord]:
    def read(word: Word, text: str) -> Requirement | UnknownWord:
        return _named(word, text, kind)

    return read


def _named(word: Word, text: str, kind: str) -> Requirement | UnknownWord:
    for prefix in ("pattern:", "product:", "patch:"):
        if text.startswith(prefix) or kind == prefix[:-1]:
            return Requirement(manager=NAME, name=prefix + text.removeprefix(prefix), location=word.location)
    if _DECORATED.match(text):
        if text[0] != "+":
            return refused(word, f"the {text[0]} in front of a name asks zypper to remove the package")
        text = text[1:]
    found = rpm_requirement(NAME, word, text.removeprefix("package:"))
    if isinstance(found, Requirement) and not found.url:
        return replace(
            found,
            name=_REPOSITORY_PREFIX.sub("", found.name, count=1) if "(" not in found.name else found.name,
        )
    return found


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for a SUSE package; its table inherits that of the other RPM distributions."""
    return resolve_rpm(requirement, catalogue, setting, NAME)
