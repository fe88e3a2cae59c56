"""What one run of a command means: the ways to translate it, tried in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.catalogue.services import package_effects
from dock2nix.commands import command_for, translate
from dock2nix.commands.base import is_temporary
from dock2nix.commands.venv import environment_link
from dock2nix.extract.downloads import known_checks, unpacked_from_pipe, why_not_downloaded
from dock2nix.extract.idle_names import without_idle_names
from dock2nix.extract.installers import run_script
from dock2nix.extract.pipelines import pipe_to_shell, reads_program_from_pipe, runs_download, with_pipe
from dock2nix.extract.removals import finds_nothing, only_strips, removes_nothing
from dock2nix.extract.verdicts import Verdict, not_needed, unresolved, written_paths
from dock2nix.managers import manager_for
from dock2nix.model.image import LinkProgram
from dock2nix.model.packages import Action
from dock2nix.model.steps import CommandOutcome

if TYPE_CHECKING:
    from dock2nix.extract.node_modules import ProjectInstall
    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import Invocation, Redirect, ShellCommand, ShellItem

_FOLLOWED = frozenset(
    {"cd", "declare", "export", "local", "popd", "pushd", "readonly", "set", "shift", "unset"}
)
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_LEAVING = frozenset({"break", "continue", "exit", "return"})
# Why a command that is known by name has no translation; others get a sentence without a reason.
_KINDS = {
    "a download": frozenset(["aria2c", "svn", "hg", "scp", "rsync", "gsutil", "aws"]),
    "a build": frozenset(
        [
            "ant",
            "bazel",
            "bundle",
            "bun",
            "cargo",
            "cmake",
            "composer",
            "configure",
            "dotnet",
            "go",
            "gradle",
            "gradlew",
            "make",
            "meson",
            "mix",
            "mvn",
            "mvnw",
            "ninja",
            "npm",
            "npx",
            "pnpm",
            "rake",
            "sbt",
            "setup.py",
            "stack",
            "yarn",
        ]
    ),
    "an archive": frozenset(["7z", "7za", "bsdtar", "unrar"]),
}


def judge_invocation(
    run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...], scene: Scene
) -> Verdict:
    if run.program is None:
        return unresolved("which program runs cannot be known without running it")
    if reads_program_from_pipe(run, command):
        return pipe_to_shell(run, command, items)
    if run.program in _FOLLOWED:
        return Verdict(
            outcome=CommandOutcome.TRANSLATED,
            reason="followed: paths and variables after it take it into account",
        )
    download = runs_download(run, command, items)
    if download is not None:
        return download
    if run.program in _LEAVING:
        return not_needed("leaves a branch or the script; what it skips is judged by itself")
    if run.program in {"[", "[[", "test"}:
        return not_needed("asks; what hangs on the answer is judged by itself")
    return (
        run_script(run, scene.known, command.location)
        or _package_configuration(command.redirects, scene)
        or _package_manager(run, command, scene)
        or _without_effect(run, command.redirects, scene)
        or _file_command(run, command, items, scene)
        or unresolved(why_not_downloaded(run) or _why_untranslated(run.program))
    )


def _package_configuration(redirects: tuple[Redirect, ...], scene: Scene) -> Verdict | None:
    """Writing sources and keys of a package manager: nixpkgs takes their place."""
    written = written_paths(redirects)
    if not written:
        return None
    reasons = [scene.catalogue.no_op_path(path) for path in written if path is not None]
    if len(reasons) == len(written) and all(reasons):
        return not_needed(reasons[0] or "")
    return None


def _package_manager(run: Invocation, command: ShellCommand, scene: Scene) -> Verdict | None:
    manager = manager_for(run)
    install = manager.parse_install(run, command.location, scene.files) if manager else None
    if install is None:
        return None
    install = without_idle_names(install)
    if install.action in {Action.NOTHING, Action.REPOSITORY}:
        return Verdict(
            outcome=CommandOutcome.NOT_NEEDED,
            reason=install.reason,
            installs=(install,),
            problems=install.problems,
        )
    if install.action is Action.OTHER:
        return Verdict(
            outcome=CommandOutcome.UNRESOLVED,
            reason=install.reason,
            installs=(install,),
            problems=install.problems,
        )
    project = _node_project(install, run, command, scene)
    if project is not None:
        return _project_verdict(project)
    missing = _what_is_missing(install)
    place = install.virtual_environment
    link = environment_link(place, command.location, command.text) if place and not missing else None
    brought = _brought(install, command) if install.action is Action.INSTALL else ()
    brought += _linked(install, run, command, scene)
    return Verdict(
        outcome=CommandOutcome.UNRESOLVED if missing else CommandOutcome.TRANSLATED,
        reason=missing or install.reason,
        installs=(install,),
        effects=(*brought, *((link,) if link else ())),
        problems=install.problems,
    )


def _node_project(
    install: InstallStep, run: Invocation, command: ShellCommand, scene: Scene
) -> ProjectInstall | None:
    if not any(use.role == "project" for use in install.manifests):
        return None
    from dock2nix.extract.node_modules import install_node_project  # noqa: PLC0415 - few Dockerfiles need it

    return install_node_project(install, run, command, scene.files, scene.known)


def _brought(install: InstallStep, command: ShellCommand) -> tuple[Effect, ...]:
    """The settings and folders of services among the packages, each service once."""
    effects = (
        effect
        for requirement in install.requirements
        for effect in package_effects(requirement.manager, requirement.name, command.location, command.text)
    )
    return tuple(dict.fromkeys(effects))


def _linked(install: InstallStep, run: Invocation, command: ShellCommand, scene: Scene) -> tuple[Effect, ...]:
    """The programs of Go, where other stages look for them."""
    if install.manager != "go":
        return ()
    from dock2nix.managers.go import installed_programs  # noqa: PLC0415 - few Dockerfiles need it

    return tuple(
        LinkProgram(
            path=path,
            attribute_path=attribute,
            program=program,
            location=command.location,
            text=command.text,
        )
        for path, attribute, program in installed_programs(install, run, scene.catalogue)
    )


def _project_verdict(project: ProjectInstall) -> Verdict:
    done = CommandOutcome.NOT_NEEDED if project.nothing else CommandOutcome.TRANSLATED
    return Verdict(
        outcome=CommandOutcome.UNRESOLVED if project.reason and not project.nothing else done,
        reason=project.reason,
        installs=(project.install,),
        effects=project.effects,
        problems=project.problems,
    )


def _what_is_missing(install: InstallStep) -> str:
    roles = {use.role for use in install.manifests}
    projects = sorted({use.path for use in install.manifests if use.role in {"project", "lock"}})
    if projects and "locked" not in roles:
        return f"the packages of {', '.join(projects)} need a lock, which is not translated yet"
    if install.unknown:
        return "a name cannot be known without running the shell"
    if not (install.requirements or install.manifests):
        return install.reason or "nothing to install was recognised"
    return ""


def _without_effect(run: Invocation, redirects: tuple[Redirect, ...], scene: Scene) -> Verdict | None:
    known = all(word.value is not None or is_temporary(word) for word in run.arguments)
    if written_paths(redirects) or not (known or run.program in {"echo", "printf"}):
        return None
    arguments = tuple(word.value if word.value is not None else word.text for word in run.arguments)
    reason = scene.catalogue.no_op(run.program or "", arguments, scene.known.written())
    if reason is None and run.program == "rm":
        reason = removes_nothing(run, scene)
    if reason is None and run.program == "find":
        reason = finds_nothing(run, scene) or only_strips(run)
    return None if reason is None else not_needed(reason)


def _file_command(
    run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...], scene: Scene
) -> Verdict | None:
    translation = unpacked_from_pipe(run, command, items) or translate(
        run, with_pipe(command, items), command.location, command.text
    )
    if translation is None:
        return None
    effects = known_checks(translation.effects, command, items, scene)
    done = bool(effects) or not translation.effects
    return Verdict(
        outcome=CommandOutcome.TRANSLATED if done else CommandOutcome.NOT_NEEDED,
        reason=translation.reason,
        effects=effects,
        problems=translation.findings,
    )


def _why_untranslated(program: str) -> str:
    name = program.rsplit("/", 1)[-1]
    if name in _CONDA:
        return (
            "packages of conda are built against conda's own libraries, and its channels have no hashes that Nix could fetch "
            "them by: name them for pip in a requirements file, and libraries for apt"
        )
    if command_for(program):
        return f"this use of {name} (its words, patterns or options) is not translated yet"
    for kind, programs in _KINDS.items():
        if name in programs:
            return (
                f"{kind} that is not translated yet"
                if kind != "an archive"
                else "unpacking is not translated yet"
            )
    return f"no translation is known for {name}"
