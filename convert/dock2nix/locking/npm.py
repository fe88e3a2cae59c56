"""The maker of locks over npm: it asks the registry for versions, hashes and addresses, and runs nothing of what it finds."""

from __future__ import annotations

import json
import posixpath
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.errors import NixError
from dock2nix.managers.arguments import without_password
from dock2nix.model.packages import MadeNodeLock
from dock2nix.nix import run_program
from dock2nix.parse.manifests import read_package_json
from dock2nix.parse.node_lock import lock_gaps, read_node_lock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.node_locks import NodeLocker
    from dock2nix.model.packages import NodeLockRequest
    from dock2nix.parse.context import BuildContext

_LOCK = "package-lock.json"
_TIMEOUT = 180.0
# npm reads no more of package.json: no scripts, no workspaces, no settings.
_ASKED = frozenset(
    {
        *("name", "version", "dependencies", "devDependencies", "optionalDependencies", "peerDependencies"),
        *("peerDependenciesMeta", "overrides"),
    }
)
_INSTALL = (
    *("install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"),
    *(
        "--lockfile-version=3",
        "--omit-lockfile-registry-resolved=false",
        "--package-lock=true",
        "--global=false",
    ),
    *("--fetch-retries=1", "--fetch-timeout=20000", "--loglevel=error"),
)
_CODE = regex(r"npm (?:error|ERR!) code ([A-Z0-9_]+)")
_REGISTRY = regex(r"https?://\S+")
_OF_REGISTRY = regex(r"npm:.+|[^:/]*")
_LARGEST = 16 * 2**20


def find_node_locker(*, offline: bool, folder: Path) -> NodeLocker | None:
    """npm, if it is installed.

    Args:
        offline: never use the network.
        folder: where the files of an earlier conversion are: a lock among them keeps its versions.
    """
    program = shutil.which("npm")
    return NpmLocker(program=program, offline=offline, folder=folder) if program else None


class NpmLocker(Struct, frozen=True, kw_only=True):
    """Implements `NodeLocker` over npm; `program` is its path.

    npm works in a folder of its own, in which there is only what a project asks for: it reads the user's configuration, not the
    project's, so no address or variable of a project's making is used.
    """

    program: str
    offline: bool
    folder: Path

    def make(self, request: NodeLockRequest, context: BuildContext) -> MadeNodeLock:
        """The lock that is asked for, or why there is none."""
        path = posixpath.join("nix", posixpath.dirname(request.manifest), _LOCK)
        manifest = context.read_context_file(request.manifest) or ""
        older = (
            context.read_context_file(request.lock) or "" if request.lock else self._earlier(path, manifest)
        )
        try:
            if request.addresses:
                return MadeNodeLock(path=path, text=self._with_addresses(older))
            if not request.lock and older:
                return MadeNodeLock(path=path, text=older, chosen=True)
            if self.offline:
                return MadeNodeLock(path=path, problem="--offline was given")
            text = self._with_addresses(self._run_npm(manifest, older, request.flags))
        except NixError as error:
            return MadeNodeLock(path=path, problem=_short(str(error)))
        old = read_node_lock(older)
        return MadeNodeLock(path=path, text=text, chosen=old is None or old.version > 1)

    def _earlier(self, path: str, manifest: str) -> str:
        """The lock that an earlier conversion wrote, if it still is what package.json asks for."""
        file = self.folder / path
        try:
            text = file.read_text(encoding="utf-8") if file.stat().st_size <= _LARGEST else ""
        except (OSError, ValueError):
            return ""
        lock, project = read_node_lock(text), read_package_json(manifest)
        if lock is None or project is None or lock_gaps(lock):
            return ""
        asked = {one.name: one.specifier for one in project.dependencies}
        return text if dict(lock.asked) == asked else ""

    def _run_npm(self, manifest: str, older: str, flags: tuple[str, ...]) -> str:
        with TemporaryDirectory(prefix="dock2nix-npm-") as name:
            folder = Path(name)
            (folder / "package.json").write_text(_what_is_asked(manifest), encoding="utf-8")
            if older:
                (folder / _LOCK).write_text(older, encoding="utf-8")
            run_program((self.program, *_INSTALL, *flags), cwd=folder, timeout=_TIMEOUT)
            try:
                return (folder / _LOCK).read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise NixError("npm wrote no lock") from error

    def _with_addresses(self, text: str) -> str:
        """The lock with an address for each package that has a hash but none, by the registry that npm is configured for."""
        try:
            lock = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise NixError("npm wrote no lock") from error
        waiting = [(_name(path, entry), entry) for path, entry in _packages(lock) if _lacks_address(entry)]
        scopes = sorted({name.partition("/")[0] if name.startswith("@") else "" for name, _ in waiting})
        registries = {scope: self._registry(scope) for scope in scopes}
        for name, entry in waiting:
            scope, _, bare = name.rpartition("/")
            entry["resolved"] = f"{registries[scope]}{name}/-/{bare}-{entry['version']}.tgz"
        return json.dumps(lock, indent=2, ensure_ascii=False) + "\n"

    def _registry(self, scope: str) -> str:
        """The address that npm takes the packages of a scope from ("" : those without), in the user's configuration."""
        for key in (f"{scope}:registry", "registry") if scope else ("registry",):
            with TemporaryDirectory(prefix="dock2nix-npm-") as folder:
                answer = run_program(
                    (self.program, "config", "get", key), cwd=Path(folder), timeout=30
                ).strip()
            if _REGISTRY.fullmatch(answer):
                return without_password(answer).rstrip("/") + "/"
        raise NixError("npm has no registry")


def _packages(lock: Any) -> list[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - JSON has no narrower type
    packages = lock.get("packages") if isinstance(lock, dict) else None
    pairs = packages.items() if isinstance(packages, dict) else ()
    return [(path, entry) for path, entry in pairs if path and isinstance(entry, dict)]


def _name(path: str, entry: Mapping[str, Any]) -> str:
    """The name in the registry: an alias says it, otherwise it is that of the folder."""
    return str(entry.get("name") or path.rpartition("node_modules/")[2])


def _what_is_asked(manifest: str) -> str:
    asked = {key: value for key, value in json.loads(manifest).items() if key in _ASKED}
    others = (asked.get(key, {}) for key in ("overrides", "peerDependencies"))
    if not all(map(_is_of_registry, others)):
        raise NixError("package.json asks for more than packages of a registry")
    return json.dumps(asked)


def _is_of_registry(value: object) -> bool:
    """Whether versions, however deep in tables, are such as a registry answers: no address, repository or folder."""
    if isinstance(value, dict):
        return all(map(_is_of_registry, value.values()))
    return isinstance(value, str) and _OF_REGISTRY.fullmatch(value) is not None


def _lacks_address(entry: Mapping[str, Any]) -> bool:
    if entry.get("link") or entry.get("inBundle"):
        return False
    known = isinstance(entry.get("version"), str) and isinstance(entry.get("integrity"), str)
    return known and not entry.get("resolved")


def _short(message: str) -> str:
    """The error of npm in a few words, without paths of this machine."""
    code = _CODE.search(message)
    if code:
        return f"npm ended with {code[1]}"
    if message.startswith("no result"):
        return "npm took too long"
    return message if len(message) < 80 and "/" not in message else "npm failed"
