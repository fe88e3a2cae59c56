"""uv: `uv pip` as pip, `uv tool` as pipx, `uv sync` and `uv add` for projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers import pip, pipx
from dock2nix.managers.arguments import Option, option_names, read_command_line, unknown_word, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.projects import project_files
from dock2nix.managers.python_words import read_install, read_uninstall
from dock2nix.model.packages import Action, InstallStep

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "uv"
PROGRAMS = frozenset({"uv", "uvx"})

# `uv help pip install`, `uv help tool install`, `uv help sync`, `uv help add`.
_VALUED = option_names(
    """
    -r --requirement --requirements -c --constraint --constraints -e --editable -b --build-constraint
    --build-constraints --override --overrides --exclude --excludes -i --index-url --extra-index-url
    --index --default-index -f --find-links --index-strategy --keyring-provider --allow-insecure-host
    --trusted-host --config-file -p --python --python-version --python-platform --python-preference -t
    --target --prefix --torch-backend --resolution --prerelease --fork-strategy --exclude-newer
    --exclude-newer-package --link-mode -C --config-setting --config-settings --config-settings-package
    --no-binary --only-binary --no-binary-package --no-build-package --no-build-isolation-package
    --refresh-package --reinstall-package -P --upgrade-package --extra --no-extra --group --no-group
    --only-group --package --no-install-package --only-install-package --project --directory --cache-dir
    --color -w --with --with-requirements --with-editable --with-executables-from --from --script
    --bounds --branch --tag --rev --marker --env-file --no-sources-package -o --output-file --format -m
    --module --optional --upgrade-group
    """
)

_LOCKED = "installs what the project's lock file says, which is not translated yet"
_VERBS = verb_table(
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("self", Action.NOTHING, "the version of uv is that of the pinned nixpkgs"),
    (" | help | version | tree", Action.NOTHING, "only asks; it changes nothing"),
    ("sync", Action.OTHER, _LOCKED),
    ("venv", Action.OTHER, "makes a virtual environment"),
    ("python", Action.OTHER, "installs or chooses a Python interpreter"),
    ("run", Action.OTHER, "runs a program in the project's environment"),
    ("build", Action.OTHER, "builds the project"),
    ("lock", Action.OTHER, "writes the lock file"),
    ("export", Action.OTHER, "writes a requirements file"),
    ("init", Action.OTHER, "writes a new project"),
)
_ASKING = frozenset({"", "check", "freeze", "list", "show", "tree", "dir"})


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of uv asks for; its packages are resolved as pip's and pipx's."""
    program, words = called_as(invocation)
    if program == "uvx":
        return InstallStep(
            manager=pip.NAME, action=Action.OTHER, reason="downloads an application and runs it"
        )
    line = read_command_line(words, _VALUED)
    if line.verb in {"pip", "tool"}:
        return _pip_or_tool(line, invocation, location, files)
    if line.verb in {"add", "remove"}:
        return _project_change(line, invocation, location, files)
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"uv {line.verb} has no translation"))
    step = InstallStep(manager=pip.NAME, action=action, reason=reason, options=line.kept)
    if line.verb != "sync":
        return step
    step = _with_project(step, line, invocation, location, files)
    from dock2nix.managers.locked_projects import locked_install  # noqa: PLC0415 - loaded for projects only

    return locked_install(NAME, step, line, invocation, location, files)


def _with_project(
    step: InstallStep, line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    manifests, problems = project_files(
        files,
        invocation,
        location,
        project=("pyproject.toml",),
        locks=("uv.lock",),
        folder=line.last("--project", "--directory"),
    )
    return replace(step, manifests=step.manifests + manifests, problems=step.problems + problems)


def _project_change(
    line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    """`uv add` changes pyproject.toml and installs; `uv remove` takes back."""
    if line.verb == "remove":
        return read_uninstall(pip.NAME, line)
    return _with_project(
        read_install(pip.NAME, line, invocation, location, files), line, invocation, location, files
    )


def _pip_or_tool(
    line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    manager = pip.NAME if line.verb == "pip" else pipx.NAME
    first, behind = line.operands[:1], replace(line, operands=line.operands[1:])
    verb = (first[0].value if first else "") or ""
    if verb == "install":
        if manager == pipx.NAME:
            return pipx.read_applications(behind, "--from", invocation, location, files)
        return read_install(manager, behind, invocation, location, files)
    if verb == "sync":
        return _synced(behind, invocation, location, files)
    if verb == "uninstall":
        return read_uninstall(manager, behind)
    action = Action.NOTHING if verb in _ASKING else Action.OTHER
    if first and first[0].value is None:
        return InstallStep(manager=manager, action=Action.OTHER, unknown=(unknown_word(first[0]),))
    reason = (
        "only asks; it changes nothing"
        if action is Action.NOTHING
        else f"uv {line.verb} {verb} has no translation"
    )
    return InstallStep(manager=manager, action=action, reason=reason, options=line.kept)


def _synced(line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep:
    """The operands of `uv pip sync` are requirements files."""
    files_named = tuple(
        Option(name="-r", value=operand.value, word=operand, text=f"-r {operand.text}")
        for operand in line.operands
    )
    rewritten = replace(line, operands=(), options=line.options + files_named)
    step = read_install(pip.NAME, rewritten, invocation, location, files)
    return replace(step, options=line.kept)


resolve = pip.resolve
