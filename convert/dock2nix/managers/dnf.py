"""dnf, yum, microdnf and tdnf: RPM packages of Fedora, Red Hat and their kin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.arguments import (
    option_names,
    option_problems,
    read_command_line,
    read_words,
    root_problem,
    verb_table,
)
from dock2nix.managers.base import called_as
from dock2nix.managers.packagefiles import resolve_file
from dock2nix.managers.repositories import read_repository_command
from dock2nix.managers.resolution import (
    Question,
    command_provider,
    curated,
    development_files,
    file_evidence,
    first_answer,
    python_2,
    same_name,
    unresolved,
)
from dock2nix.managers.rpm_words import FOREIGN_ARCHITECTURES, rpm_requirement
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Problem, Setting
    from dock2nix.model.packages import Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "dnf"
PROGRAMS = frozenset(
    {"dnf", "dnf-3", "dnf4", "dnf5", "microdnf", "tdnf", "yum", "yum-builddep", "yum-config-manager"}
)

# dnf/cli/option_parser.py, yum(8), dnf5(8), the options of microdnf and tdnf.
_VALUED = option_names(
    """
    -c --config -R --randomwait -d --debuglevel -e --errorlevel --rpmverbosity --installroot
    --enablerepo --disablerepo --repo --repoid --enable-repo --disable-repo -x --exclude --excludepkgs
    --disableexcludes --disableexcludepkgs --enableplugin --disableplugin --color --releasever --setopt
    --forcearch --repofrompath --repofrom --destdir --downloaddir --comment --advisory --advisories --bz
    --bzs --cve --cves --sec-severity --secseverity --add-repo --arch --archlist --from-repo
    --from-vendor --setvar --rpmdefine --snapshottime --reposdir --qf --queryformat --store -D --define
    --spec --srpm --releasever-major --releasever-minor --transaction-store
    """
)

_LATER = "the versions are those of the pinned nixpkgs"
_MODULES = "nixpkgs has an attribute for each version: the streams are taken into account where their packages are installed"
_STREAM = regex(r"@?(?P<name>[a-zA-Z][\w.+-]*):(?P<version>[0-9][0-9.]*)(?:/.*)?")
_CHOOSING = frozenset({"install", "module enable", "module install", "module switch-to"})
_VERBS = verb_table(
    (
        (
            "install | reinstall | localinstall | install-n | install-na | install-nevra | downgrade | in | "
            "groupinstall | group install | module install | swap"
        ),
        Action.INSTALL,
        "",
    ),
    (
        (
            "remove | erase | autoremove | remove-n | remove-nevra | rm | groupremove | group remove | module "
            "remove"
        ),
        Action.REMOVE,
        "",
    ),
    (
        (
            "update | upgrade | upgrade-minimal | update-minimal | distro-sync | distrosync | up | groupupdate "
            "| group update | group upgrade"
        ),
        Action.NOTHING,
        _LATER,
    ),
    ("makecache", Action.NOTHING, "nixpkgs is pinned: there are no package lists to fetch"),
    ("clean", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("mark | versionlock | history | alias", Action.NOTHING, "dnf's own records have no meaning under Nix"),
    (
        "module enable | module disable | module reset | module switch-to | module list | module info",
        Action.NOTHING,
        _MODULES,
    ),
    ("config-manager | copr enable | copr disable | copr remove", Action.REPOSITORY, ""),
    ("builddep | build-dep", Action.OTHER, "installs what another package is built with"),
    ("download | reposync | repotrack", Action.OTHER, "downloads .rpm files"),
    (
        (
            " | check-update | check-upgrade | check | deplist | grouplist | group list | help | info | list | "
            "needs-restarting | provides | whatprovides | repoinfo | repolist | repoquery | search | updateinfo "
            "| check-local | count | groupinfo | group info"
        ),
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)
_TWO_WORDS = frozenset({"group", "groups", "module", "copr"})
_GROUPS = frozenset({"groupinstall", "group install", "groupremove", "group remove"})

_UNSIGNED = (
    "D2N504",
    "{} lets packages be installed without checking their signatures",
    "Nix verifies by hash",
)
_RISKS = {
    **dict.fromkeys(
        ("--nogpgcheck", "--nogpg", "--no-gpgchecks", "--no-gpg-checks", "--skip-broken-gpg"), _UNSIGNED
    ),
    **dict.fromkeys(
        ("--repofrompath", "--repofrom", "--add-repo"),
        (
            "D2N506",
            "{}: packages come from a further repository",
            "nixpkgs takes its place: compare the versions",
        ),
    ),
}
_UNSIGNED_SETTING = regex(
    r"(?:[^=]+\.)?(?:gpgcheck|localpkg_gpgcheck|pkg_gpgcheck|sslverify)=(?:0|false|no)", re.IGNORECASE
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of dnf, yum, microdnf or tdnf asks for (dnf(8), "specifying packages")."""
    program, words = called_as(invocation)
    if program == "yum-config-manager":
        return read_repository_command(NAME, program, words)
    verb, line = _read(words)
    verb = "builddep" if program == "yum-builddep" else verb
    action, reason = _meaning(verb, line)
    problems = (
        option_problems(line.options, _RISKS) + _setting_problems(line) + root_problem(line, "--installroot")
    )
    if action is Action.REPOSITORY:
        return _repository(verb, line, problems)
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(
            manager=NAME, action=action, reason=reason, options=line.kept, streams=_streams(verb, line)
        )
    operands = line.operands[1:] if verb == "swap" else line.operands
    requirements, unknown = read_words(operands, _group if verb in _GROUPS else _reader(verb))
    return InstallStep(
        manager=NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        reason=f"takes the place of {line.operands[0].text}" if verb == "swap" else reason,
        problems=problems,
        options=line.kept,
        streams=_streams(verb, line),
    )


def _streams(verb: str, line: CommandLine) -> tuple[tuple[str, str], ...]:
    """The module streams that a command switches on (`php:8.2`, `@nodejs:20/common`)."""
    found = (_STREAM.fullmatch(word.value or "") for word in line.operands if verb in _CHOOSING)
    return tuple((one["name"], one["version"]) for one in found if one is not None)


def _read(words: tuple[Word, ...]) -> tuple[str, CommandLine]:
    """A command line of dnf and its verb, which may be of two words (`module install`)."""
    line = read_command_line(words, _VALUED)
    if line.verb not in _TWO_WORDS or not line.operands or line.operands[0].value is None:
        return line.verb, line
    verb = f"{line.verb.removesuffix('s')} {line.operands[0].value}"
    return verb, replace(line, operands=line.operands[1:])


def _meaning(verb: str, line: CommandLine) -> tuple[Action, str]:
    action, reason = _VERBS.get(verb, (Action.OTHER, f"dnf {verb} has no translation"))
    if action not in {Action.INSTALL, Action.REMOVE}:
        return action, reason
    if line.has("--downloadonly"):
        return Action.OTHER, "only downloads the packages"
    if line.has("--assumeno"):
        return Action.NOTHING, "only shows what would be done"
    if line.operands:
        return action, reason
    if verb == "autoremove":
        return Action.NOTHING, "what nothing refers to is not in an image made by Nix"
    return Action.OTHER, "names no package: where the names come from is not known"


def _repository(verb: str, line: CommandLine, problems: tuple[Problem, ...]) -> InstallStep:
    reason = "repositories have no meaning: packages come from nixpkgs"
    if verb == "copr enable":
        names = " ".join(word.text for word in line.operands)
        message = f"packages may come from the repository of a third party, {names}"
        problems = (*problems, ("D2N506", message, "nixpkgs takes its place: compare the versions"))
    return InstallStep(
        manager=NAME, action=Action.REPOSITORY, reason=reason, problems=problems, options=line.kept
    )


def _setting_problems(line: CommandLine) -> tuple[Problem, ...]:
    code, message, hint = _UNSIGNED
    risky = (value for value in line.values("--setopt") if _UNSIGNED_SETTING.fullmatch(value))
    return tuple((code, message.replace("{}", f"--setopt={value}"), hint) for value in risky)


# --- words -------------------------------------------------------------------------------------------------------------------


def _reader(verb: str) -> Callable[[Word, str], Requirement | UnknownWord]:
    def read(word: Word, text: str) -> Requirement | UnknownWord:
        return rpm_requirement(NAME, word, text, module=verb.startswith("module"))

    return read


def _group(word: Word, text: str) -> Requirement:
    return Requirement(manager=NAME, name=f"@{text.removeprefix('@')}", location=word.location)


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for an RPM package: a curated row or rule, its name, what it provides."""
    return resolve_rpm(requirement, catalogue, setting, NAME)


def resolve_rpm(
    requirement: Requirement, catalogue: Catalogue, setting: Setting, table: str
) -> tuple[Resolution, ...]:
    """The answer for an RPM package.

    Args:
        requirement: its name as written, version included (`nodejs-14.1`), is tried first.
        catalogue: to look it up in.
        setting: where it is asked for.
        table: the distribution's mapping table.
    """
    question = Question(
        requirement=requirement,
        name=requirement.name,
        table=table,
        catalogue=catalogue,
        setting=setting,
        build_only=requirement.name.endswith("-devel"),
    )
    if requirement.url:
        return resolve_file(question)
    if question.name.rpartition(".")[2] in FOREIGN_ARCHITECTURES:
        return first_answer(question, curated, _foreign)
    return first_answer(
        question,
        _rows,
        _unknown_group,
        file_evidence,
        python_2,
        same_name,
        development_files("-devel"),
        command_provider,
    )


def _rows(question: Question) -> tuple[Resolution, ...]:
    """Rows by the name as written, by the name alone, and by a group's identifier (`@Development Tools`)."""
    name = question.name
    spellings = dict.fromkeys((name + question.requirement.specifier, name))
    if name.startswith("@"):
        spellings["-".join(name.lower().split())] = None
    found = (curated(replace(question, name=spelling)) for spelling in spellings)
    return next((answers for answers in found if answers), ())


def _foreign(question: Question) -> tuple[Resolution, ...]:
    architecture = question.name.rpartition(".")[2]
    reason = f"a package of another architecture ({architecture}) beside the image's own has no counterpart"
    return (unresolved(question, reason),)


def _unknown_group(question: Question) -> tuple[Resolution, ...]:
    if not question.name.startswith("@"):
        return ()
    return (unresolved(question, "a group: only the repository knows which packages it stands for"),)
