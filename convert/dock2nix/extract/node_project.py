"""A project of Node.js in the image: its package.json, its lock and npm's settings, and what speaks against building from them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.managers import npm
from dock2nix.managers.base import called_as
from dock2nix.managers.npm_settings import npm_settings
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.packages import NodeLockRequest
from dock2nix.parse.manifests import read_package_json
from dock2nix.parse.node_lock import NodeLock, lock_gaps, read_node_lock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.files import ImageFiles
    from dock2nix.managers.base import Problem
    from dock2nix.managers.npm_settings import NpmSettings
    from dock2nix.model.packages import InstallStep, MadeNodeLock
    from dock2nix.model.shell import Invocation
    from dock2nix.parse.manifests import NodeDependency, NodeProject
    from dock2nix.parse.node_lock import LockEntry

# Why the locks of other programs do not do.
_OTHER_LOCKS = {"bun": "nixpkgs has nothing that reads it"}
_COMMAND = "`npm install --package-lock-only --ignore-scripts`"
# What a lock may have: the words for it, and what to do about it.
_GAPS = {
    "address": ("no address (`resolved`) for", f"remove the lock and make it again with {_COMMAND}"),
    "archive": ("an address that does not end in .tgz or .tar.gz for", ""),
    "file": ("a file of the project instead of a download for", ""),
    "floating": ("no version for the whole project of", f"make it again with {_COMMAND}"),
    "folder": ("folders of the project (workspaces or links) for", ""),
    "git": ("git repositories, which have no hash in it, for", "depend on published versions"),
    "hash": ("no hash (`integrity`) that Nix can check for", f"make it again with {_COMMAND}"),
}


# What npm can mend: what is asked of the registry only.
_MENDABLE = frozenset({"address", "floating", "hash", "versions"})
_NEWEST = 3  # version of the locks that npm makes
_FROM_REGISTRY = regex(r"npm:.+|[^:/]*")


class Project(Struct, frozen=True, kw_only=True):
    """A project that can be installed from its lock.

    `directory` is its folder in the image; `manifest` and `lock_file` are paths in the build context, where package.json and the
    lock are from. `copied` is false when the image does not get the lock. `made` is set for a lock that npm made here: then
    `lock_file` is the path that it will be written to.
    """

    directory: str
    manifest: str
    lock_file: str
    contents: NodeProject
    lock: NodeLock
    settings: NpmSettings
    copied: bool = True
    made: MadeNodeLock | None = None


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a project is left to a human; `problems` say it with a finding code, where that says more.

    `request` is the lock that npm might make of it, `awaiting` the project as it will be with such a lock.
    """

    reason: str
    problems: tuple[Problem, ...] = ()
    request: NodeLockRequest | None = None
    awaiting: Project | None = None


class _Lock(Struct, frozen=True, kw_only=True):
    """A lock file: its path in the build context, its text."""

    path: str
    text: str
    copied: bool
    made: MadeNodeLock | None = None


def read_project(install: InstallStep, run: Invocation, files: ImageFiles) -> Project | Refusal:
    """The project whose packages a command installs.

    Args:
        install: what the command asks for; one of its manifests is a package.json.
        run: its run.
        files: of the image.
    """
    manifest = next(use.path for use in install.manifests if use.role == "project")
    text = files.read(manifest, run.directory)
    if text is None:
        return Refusal(reason=f"{manifest} is not in the image there")
    settings = _settings(install, run, files, posixpath.dirname(manifest))
    if isinstance(settings, Refusal):
        return settings
    origin, contents = files.origin(manifest, run.directory), read_package_json(text)
    if contents is None:
        return _refused("D2N207", f"{manifest} is no JSON object")
    if origin is None:
        return Refusal(reason=f"{manifest} is made during the build: it is not in the build context")
    made = files.node_locks.get(origin)
    outcome = _with_lock(origin, contents, settings, install, run, files)
    directory = posixpath.normpath(posixpath.join(run.directory or "/", posixpath.dirname(manifest)))
    if isinstance(outcome, Refusal):
        return _waiting(_less_than_asked(outcome, contents, made), contents, settings, directory)
    return replace(outcome, directory=directory)


def _with_lock(
    manifest: str,
    contents: NodeProject,
    settings: NpmSettings,
    install: InstallStep,
    run: Invocation,
    files: ImageFiles,
) -> Project | Refusal:
    lock_file = _find_lock(manifest, settings, install, run, files)
    if isinstance(lock_file, Refusal):
        return lock_file
    lock = read_node_lock(lock_file.text)
    if lock is None:
        return _refused("D2N211", f"{lock_file.path} is no lock of npm", f"run {_COMMAND}")
    project = Project(
        directory="",
        manifest=manifest,
        lock_file=lock_file.path,
        contents=contents,
        lock=lock,
        settings=settings,
        copied=lock_file.copied,
        made=lock_file.made,
    )
    return _objection(project, may_change=not _is_clean(run)) or project


def _less_than_asked(refusal: Refusal, contents: NodeProject, made: MadeNodeLock | None) -> Refusal:
    """The refusal, with the reason why npm could not mend it; npm is not asked about anything but the registry."""
    if not all(_FROM_REGISTRY.fullmatch(one.specifier) for one in contents.dependencies):
        return replace(refusal, request=None)
    if made is None or not made.problem:
        return refusal
    problems = tuple(
        (code, message, f"{hint} (not done here: {made.problem})") for code, message, hint in refusal.problems
    )
    return replace(refusal, problems=problems)


def _waiting(refusal: Refusal, contents: NodeProject, settings: NpmSettings, directory: str) -> Refusal:
    """The refusal, with the project that the lock will make of it which npm might make here, or anybody elsewhere."""
    if refusal.request is None:
        return refusal
    manifest = refusal.request.manifest
    project = Project(
        directory=directory,
        manifest=manifest,
        lock_file=refusal.request.lock or posixpath.join(posixpath.dirname(manifest), npm.LOCKS[-1]),
        contents=contents,
        lock=NodeLock(version=_NEWEST),
        settings=settings,
    )
    return replace(refusal, awaiting=project)


def _is_clean(run: Invocation) -> bool:
    """Whether it is `npm ci`, which refuses a lock that is not in step with package.json."""
    return bool({word.value for word in called_as(run)[1]} & npm.CLEAN_INSTALL)


def _refused(code: str, reason: str, hint: str = "") -> Refusal:
    return Refusal(reason=reason, problems=((code, reason, hint),))


def _settings(install: InstallStep, run: Invocation, files: ImageFiles, folder: str) -> NpmSettings | Refusal:
    program = called_as(run)[0]
    other = next((tool for tool in _OTHER_LOCKS if program.startswith(tool)), "")
    locks = [use.path for use in install.manifests if use.role == "lock"]
    if other and locks:
        return Refusal(reason=f"{locks[0]}: {_OTHER_LOCKS[other]}")
    if install.everywhere:
        return Refusal(reason="installs the project itself for the whole image, which is not translated yet")
    environment = dict(run.environment) | {name: word.value for name, word in run.assignments}
    npmrc = files.read(posixpath.join(folder, ".npmrc"), run.directory)
    settings = npm_settings(install.options, environment, npmrc or "")
    if settings.part:
        return Refusal(reason="installs single workspaces, which is not translated yet")
    return settings


def _find_lock(
    manifest: str, settings: NpmSettings, install: InstallStep, run: Invocation, files: ImageFiles
) -> _Lock | Refusal:
    """The lock that npm made here; the one in the image; for `npm install` the one beside package.json in the context."""
    made = files.node_locks.get(manifest)
    if made is not None and made.text:
        return _Lock(path=made.path, text=made.text, copied=True, made=made)
    uses = [use.path for use in install.manifests if use.role == "lock"]
    if uses:
        origin, text = files.origin(uses[0], run.directory), files.read(uses[0], run.directory)
        if origin is None or text is None:
            return Refusal(reason=f"{uses[0]} is made during the build: it is not in the build context")
        return _Lock(path=origin, text=text, copied=True)
    program = called_as(run)[0]
    hint = f"run {_COMMAND} beside it, and copy package-lock.json too"
    if program != npm.NAME:
        hint = f"run {_COMMAND} beside it: the flake takes npm's lock for {program} too"
    for name in npm.LOCKS:
        path = posixpath.join(posixpath.dirname(manifest), name)
        text = files.context.read_context_file(path)
        if text is None:
            continue
        if _is_clean(run):
            return _refused(
                "D2N211", f"{path} is not copied into the image, so npm refuses", f"copy {name} too"
            )
        return _Lock(path=path, text=text, copied=False)
    reason = f"there is no lock beside {manifest}: which versions it installs is not known"
    refusal = _refused("D2N211", reason, hint)
    if _is_clean(run) or not settings.lock:
        return refusal
    return replace(refusal, request=NodeLockRequest(manifest=manifest, flags=settings.flags))


# --- what speaks against it --------------------------------------------------------------------------------------------------


def _objection(project: Project, *, may_change: bool) -> Refusal | None:
    """Why the lock does not do; npm may be asked to mend it, its versions only when they `may_change`."""
    name = project.lock_file
    request = NodeLockRequest(manifest=project.manifest, lock=name, flags=project.settings.flags)
    if not project.settings.lock:
        return Refusal(reason=f"npm is told to ignore {name}: which versions it installs is not known")
    if project.lock.version < 2:
        reason = f"{name} is of version 1, which does not say where everything is put"
        hint = f"{_COMMAND} with npm 7 or newer upgrades it and keeps the versions"
        return replace(_refused("D2N211", reason, hint), request=request)
    gaps = _gaps(project)
    if not gaps:
        return None
    hints = dict.fromkeys(hint for _, hint in gaps.values() if hint)
    text = "; ".join(text for text, _ in gaps.values())
    refusal = _refused("D2N211", f"{name} has {text}", "; ".join(hints))
    if set(gaps) == {"address"}:
        return replace(refusal, request=replace(request, addresses=True))
    return replace(refusal, request=request) if may_change and set(gaps) <= _MENDABLE else refusal


def _gaps(project: Project) -> dict[str, tuple[str, str]]:
    """What the lock leaves open, by kind: the words for it, and what to do about it."""
    found = {
        gap.kind: (f"{_GAPS[gap.kind][0]} {some(gap.names)}", _GAPS[gap.kind][1])
        for gap in lock_gaps(project.lock)
    }
    if names := _out_of_step(project):
        found["versions"] = (
            f"another version than package.json asks for of {some(names)}",
            f"run {_COMMAND}",
        )
    own = {one.name for one in project.contents.dependencies}
    if names := tuple(name for name in project.contents.overridden if name in own):
        # importNpmLock replaces their versions by files, and npm then sees a conflict
        text = (
            f"dependencies that package.json overrides as well, which importNpmLock cannot do: {some(names)}"
        )
        found["overrides"] = (text, f'write "{names[0]}": "${names[0]}" in the overrides of package.json')
    return found


def _out_of_step(project: Project) -> tuple[str, ...]:
    """Packages that package.json asks for otherwise than the lock."""
    asked, top = dict(project.lock.asked), project.lock.top()
    return tuple(
        one.name
        for one in project.contents.dependencies
        if one.name not in top or not _is_met(one, asked.get(one.name), top[one.name])
    )


def _is_met(dependency: NodeDependency, asked: str | None, entry: LockEntry) -> bool:
    if dependency.specifier == asked:
        return True
    return version_satisfies(npm.NAME, f"@{dependency.specifier}", entry.version) is True


def some(names: tuple[str, ...], limit: int = 5) -> str:
    """The names as words, the first few of many."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
