"""A project that yarn 1 installs: package.json and yarn.lock, and what speaks against building from them."""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.extract.node_project import Refusal, some
from dock2nix.managers.arguments import without_password
from dock2nix.managers.base import called_as
from dock2nix.managers.npm_settings import npm_settings
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import LockedPackage, SriHash
from dock2nix.parse.manifests import read_package_json
from dock2nix.parse.yarn_lock import read_yarn_lock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.files import ImageFiles
    from dock2nix.managers.npm_settings import NpmSettings
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import Invocation, ShellCommand
    from dock2nix.parse.manifests import NodeProject
    from dock2nix.parse.yarn_lock import YarnEntry

# What fetchYarnDeps downloads as it is; of git repositories it makes archives of its own.
_ARCHIVE = regex(r"https://(?!codeload\.github\.com/|github\.com/)[^\s\"'#?]+\.(?:tgz|tar\.gz)")


class YarnProject(Struct, frozen=True, kw_only=True):
    """A project that can be installed from its lock; see `Project` of npm."""

    modules: NodeModules
    contents: NodeProject
    settings: NpmSettings


def is_yarn(run: Invocation) -> bool:
    """Whether a command is yarn's."""
    return called_as(run)[0] in {"yarn", "yarnpkg"}


def read_yarn_project(
    install: InstallStep, run: Invocation, command: ShellCommand, files: ImageFiles
) -> YarnProject | Refusal:
    """The project whose packages a command of yarn installs.

    Args:
        install: what the command asks for; one of its manifests is a package.json.
        run: its run.
        command: the command in the Dockerfile.
        files: of the image.
    """
    manifest = next(use.path for use in install.manifests if use.role == "project")
    lock = next(use.path for use in install.manifests if use.role == "lock")
    if install.everywhere:
        return Refusal(reason="installs the project itself for the whole image, which is not translated yet")
    texts = [files.read(path, run.directory) for path in (manifest, lock)]
    places = [files.origin(path, run.directory) for path in (manifest, lock)]
    if None in texts or None in places:
        return Refusal(reason=f"{manifest} and {lock} are not in the image as they are in the build context")
    contents, entries = read_package_json(texts[0] or ""), read_yarn_lock(texts[1] or "")
    if contents is None:
        return _refused("D2N207", f"{manifest} is no JSON object")
    if entries is None:
        return _refused("D2N211", f"{lock} is no lock of yarn")
    if objection := _objection(lock, contents, entries):
        return _refused("D2N211", objection)
    environment = dict(run.environment) | {name: word.value for name, word in run.assignments}
    settings = npm_settings(install.options, environment)
    folder = posixpath.normpath(posixpath.join(run.directory or "/", posixpath.dirname(manifest)))
    modules = NodeModules(
        path=posixpath.join(folder, "node_modules"),
        manifest=places[0] or "",
        lock=places[1] or "",
        lock_kind="yarn",
        lock_version=1,
        omit=tuple(kind for kind in settings.omit if kind == "dev"),
        scripts=settings.scripts,
        packages=_packages(contents, entries),
        state=hashlib.sha256((texts[1] or "").encode()).hexdigest()[:16],
        location=command.location,
        text=command.text,
    )
    return YarnProject(modules=modules, contents=contents, settings=settings)


def _refused(code: str, reason: str) -> Refusal:
    return Refusal(reason=reason, problems=((code, reason, ""),))


def _objection(lock: str, contents: NodeProject, entries: tuple[YarnEntry, ...]) -> str:
    """Why the lock does not do, "" when it does."""
    if contents.workspaces:
        return f"{lock}: the project has workspaces, which is not translated yet"
    if strange := tuple(entry.name for entry in entries if not _ARCHIVE.fullmatch(entry.url)):
        return f"{lock} has what is no archive of a registry: {some(strange)}"
    if bare := tuple(entry.name for entry in entries if not entry.hash):
        return f"{lock} has no hash for {some(bare)}"
    asked = {pair for entry in entries for pair in entry.asked}
    if lacking := tuple(one.name for one in contents.dependencies if (one.name, one.specifier) not in asked):
        return f"{lock} is not in step with package.json: it lacks {some(lacking)}"
    return ""


def _packages(contents: NodeProject, entries: tuple[YarnEntry, ...]) -> tuple[LockedPackage, ...]:
    """All that is fetched; what package.json itself asks for is at the top of node_modules."""
    direct = {(one.name, one.specifier) for one in contents.dependencies}
    return tuple(
        LockedPackage(
            path=f"node_modules/{entry.name}"
            if direct & set(entry.asked)
            else f"{entry.name}@{entry.version}",
            name=entry.name,
            version=entry.version,
            url=without_password(entry.url),
            hash=SriHash(entry.hash),
        )
        for entry in entries
    )
