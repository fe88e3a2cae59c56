"""pip: Python distributions, by name, from requirements files, from addresses and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line, verb_table, without_password
from dock2nix.managers.base import SETUP, called_as
from dock2nix.managers.python_sets import (
    application,
    curated_distribution,
    in_python_set,
    not_for_here,
    of_python_2,
)
from dock2nix.managers.python_words import INDEX_RISK, install_folder, read_install, read_uninstall
from dock2nix.managers.resolution import Question, first_answer
from dock2nix.model.packages import Action, InstallStep, Requirement

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Problem, Setting
    from dock2nix.model.packages import Resolution
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "pip"
PROGRAMS = frozenset({"easy_install", "ensurepip", "pip", SETUP})

# `pip install --help` and those of the other commands.
VALUED = option_names(
    """
    -r --requirement -c --constraint -e --editable -i --index-url --pypi-url --extra-index-url -f
    --find-links -t --target --prefix --root --src -b --build --platform --python-version
    --implementation --abi --python --upgrade-strategy -C --config-settings --config-setting
    --global-option --build-option --install-option --no-binary --only-binary --progress-bar
    --root-user-action --report --group --log --proxy --retries --timeout --default-timeout
    --exists-action --trusted-host --cert --client-cert --cache-dir --use-feature --use-deprecated
    --keyring-provider -d --dest --download -w --wheel-dir --exclude --format --path --resume-retries
    --hash --build-constraint --uploaded-prior-to --requirements-from-script --log-file --scheme
    """
)

_INSTALLING = frozenset({"develop", "install"})
_BUILDING = frozenset({"build", "build_ext", "build_py", "egg_info"})
_ASKS = (Action.NOTHING, "only asks; it changes nothing")
_VERBS = verb_table(
    ("install", Action.INSTALL, ""),
    ("uninstall", Action.REMOVE, ""),
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("config", Action.NOTHING, "pip's configuration has no meaning: packages come from nixpkgs"),
    ("download", Action.OTHER, "downloads distributions"),
    ("wheel", Action.OTHER, "builds wheels"),
    ("lock", Action.OTHER, "writes a lock file"),
    (" | check | completion | debug | freeze | hash | help | index | inspect | list | search | show", *_ASKS),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of pip, `python -m pip`, `python -m ensurepip`, easy_install or a setup.py asks for."""
    program, words = called_as(invocation)
    if program == SETUP:
        return _setup(words, invocation, location, files)
    if program == "ensurepip":
        pip = Requirement(manager=NAME, name="pip", location=location)
        return InstallStep(manager=NAME, action=Action.INSTALL, requirements=(pip,))
    line = read_command_line(words, VALUED, has_verb=program != "easy_install")
    verb = "install" if program == "easy_install" else line.verb
    action, reason = _meaning(verb, line)
    if action is Action.INSTALL:
        return read_install(NAME, line, invocation, location, files)
    if action is Action.REMOVE:
        return read_uninstall(NAME, line)
    problems = _config_problems(line) if verb == "config" else ()
    return InstallStep(manager=NAME, action=action, reason=reason, problems=problems, options=line.kept)


def _setup(
    words: tuple[Word, ...], invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep | None:
    """`setup.py install` installs what is in its folder, `setup.py develop` leaves it there; other commands only build."""
    verbs = {word.value for word in words if word.value and not word.value.startswith("-")}
    if not verbs & _INSTALLING or not verbs <= _INSTALLING | _BUILDING:
        return None
    return install_folder(NAME, ".", invocation, location, files, editable="develop" in verbs)


def _meaning(verb: str, line: CommandLine) -> tuple[Action, str]:
    if verb == "install" and line.has("--dry-run"):
        return Action.NOTHING, "only shows what would be done"
    if verb == "install" and line.has("--download", "-d"):
        return Action.OTHER, "downloads distributions"
    return _VERBS.get(verb, (Action.OTHER, f"pip {verb} has no translation"))


def _config_problems(line: CommandLine) -> tuple[Problem, ...]:
    code, message, hint = INDEX_RISK
    values = [word.value or word.text for word in line.operands]
    if values[:1] != ["set"] or not any(name in " ".join(values[1:2]) for name in ("index", "trusted-host")):
        return ()
    return ((code, message.replace("{}", without_password(" ".join(values[1:]))), hint),)


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for a Python distribution in the interpreter's package set; applications stay outside of it."""
    question = Question(
        requirement=requirement, name=requirement.name, table=NAME, catalogue=catalogue, setting=setting
    )
    return not_for_here(question) or first_answer(
        question, of_python_2, curated_distribution, in_python_set, application
    )
