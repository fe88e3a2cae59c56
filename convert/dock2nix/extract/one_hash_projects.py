"""Projects that pnpm, or yarn 3 and 4, install: nixpkgs fetches all that their lock pins under one hash, which Nix alone can tell."""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

from dock2nix.extract.node_project import Refusal, some
from dock2nix.extract.yarn_project import YarnProject, is_yarn
from dock2nix.managers.npm_settings import npm_settings
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import LockedPackage, SriHash
from dock2nix.parse.manifests import read_package_json
from dock2nix.parse.yaml_locks import read_berry_lock, read_pnpm_lock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.files import ImageFiles
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import Invocation, ShellCommand
    from dock2nix.parse.manifests import NodeProject
    from dock2nix.parse.yaml_locks import YamlLock

PNPM, BERRY = "pnpm", "berry"
# Further files that say what is installed, where they are in the image.
_SETTINGS = {PNPM: (".npmrc", "pnpm-workspace.yaml"), BERRY: (".yarnrc.yml",)}
_NODE_LINKER = regex(r"^nodeLinker:\s*[\"']?node-modules[\"']?\s*$")
_WORKSPACE = regex(r"(?m)^packages:")
# By the version of the lock: the major version of the program that writes it, unless package.json names another.
_WRITERS = {(PNPM, 6): 8, (PNPM, 9): 10, (BERRY, 6): 3, (BERRY, 8): 4}


def read_one_hash_project(
    install: InstallStep, run: Invocation, command: ShellCommand, files: ImageFiles
) -> YarnProject | Refusal:
    """The project whose packages a command of pnpm, or of yarn 3 or 4, installs.

    Args:
        install: what the command asks for; its manifests are a package.json and a lock.
        run: its run.
        command: the command in the Dockerfile.
        files: of the image.
    """
    kind = BERRY if is_yarn(run) else PNPM
    manifest = next(use.path for use in install.manifests if use.role == "project")
    lock = next(use.path for use in install.manifests if use.role == "lock")
    folder = posixpath.dirname(manifest)
    texts = [files.read(path, run.directory) for path in (manifest, lock)]
    places = [files.origin(path, run.directory) for path in (manifest, lock)]
    if install.everywhere or None in texts or None in places:
        return Refusal(reason=f"{manifest} and {lock} are not in the image as they are in the build context")
    contents = read_package_json(texts[0] or "")
    if contents is None:
        return _refused("D2N207", f"{manifest} is no JSON object")
    found = (read_berry_lock if kind == BERRY else read_pnpm_lock)(texts[1] or "")
    if found is None:
        return _refused(
            "D2N211", f"{lock} is of no version that nixpkgs has a {'yarn' if kind == BERRY else 'pnpm'} for"
        )
    further = {name: files.read(posixpath.join(folder, name), run.directory) for name in _SETTINGS[kind]}
    if objection := _objection(kind, lock, contents, found, further):
        return _refused("D2N211", objection)
    environment = dict(run.environment) | {name: word.value for name, word in run.assignments}
    settings = npm_settings(install.options, environment, further.get(".npmrc") or "")
    named = (contents.package_manager or ("", ""))[1].partition(".")[0]
    writer = int(named) if named.isdecimal() else _WRITERS[kind, found.version]
    digest = hashlib.sha256("\n".join([texts[1] or "", *(text or "" for text in further.values())]).encode())
    modules = NodeModules(
        path=posixpath.join(posixpath.normpath(posixpath.join(run.directory or "/", folder)), "node_modules"),
        manifest=places[0] or "",
        lock=places[1] or "",
        lock_kind=kind,
        lock_version=writer if (kind, writer) in _PROGRAMS else _WRITERS[kind, found.version],
        settings=tuple(
            origin
            for name in _SETTINGS[kind]
            if (origin := files.origin(posixpath.join(folder, name), run.directory))
        ),
        omit=tuple(one for one in settings.omit if one == "dev"),
        scripts=settings.scripts,
        packages=_packages(found),
        state=digest.hexdigest()[:16],
        location=command.location,
        text=command.text,
    )
    return YarnProject(modules=modules, contents=contents, settings=settings)


_PROGRAMS = frozenset({(PNPM, 8), (PNPM, 9), (PNPM, 10), (BERRY, 3), (BERRY, 4)})


def _refused(code: str, reason: str) -> Refusal:
    return Refusal(reason=reason, problems=((code, reason, ""),))


def _objection(
    kind: str, lock: str, contents: NodeProject, found: YamlLock, further: dict[str, str | None]
) -> str:
    """Why the lock does not do, "" when it does."""
    several = (
        contents.workspaces or found.folders or _WORKSPACE.search(further.get("pnpm-workspace.yaml") or "")
    )
    if several:
        return f"{lock}: the project has workspaces, which is not translated yet"
    if kind == BERRY and not any(
        _NODE_LINKER.match(line) for line in (further[".yarnrc.yml"] or "").splitlines()
    ):
        return f"{lock}: yarn makes no node_modules here but Plug'n'Play, for which nixpkgs has no function"
    if strange := tuple(entry.name for entry in found.entries if entry.origin):
        return f"{lock} has what is no archive of a registry: {some(strange)}"
    if found.unchecked:
        return f"{lock} has no checksum for {some(found.unchecked)}"
    asked = {(name, specifier) for name, specifier, _ in found.direct}
    if lacking := tuple(one.name for one in contents.dependencies if (one.name, one.specifier) not in asked):
        return f"{lock} is not in step with package.json: it lacks {some(lacking)}"
    return ""


def _packages(found: YamlLock) -> tuple[LockedPackage, ...]:
    """All that is fetched; what package.json itself asks for is at the top of node_modules. Such locks have no addresses."""
    direct = {(name, version) for name, _, version in found.direct}
    return tuple(
        LockedPackage(
            path=f"node_modules/{entry.name}"
            if (entry.name, entry.version) in direct
            else f"{entry.name}@{entry.version}",
            name=entry.name,
            version=entry.version,
            url="",
            hash=SriHash(entry.hash) if entry.hash else "",
        )
        for entry in found.entries
    )
