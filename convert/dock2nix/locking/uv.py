"""The locker over uv: resolves by the user's own indexes, downloads wheels to look into, builds and runs nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import NetworkError, NixError
from dock2nix.locking.answers import keep_answer, question, recent_answer
from dock2nix.locking.base import CPUS, OFFLINE, LinkedLibraries, LockRefused, LockUnavailableError, NoLocker
from dock2nix.locking.elf import read_elf
from dock2nix.locking.indexes import Indexes
from dock2nix.network import download
from dock2nix.nix import run_program
from dock2nix.parse.requirements import normalized_name
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.locking.base import Locker, LockRequest
    from dock2nix.locking.elf import ElfFile
    from dock2nix.locking.sdists import SourceMetadata
    from dock2nix.model.python_lock import LockedDistribution

_TIMEOUT = 180.0
_ANSWER, _SETTINGS = "pylock.toml", "uv.toml"
_LARGEST_SOURCE = 50 * 2**20
# What uv takes from the environment, unless the user has said something else.
_DEFAULTS = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "20"}
# A further system is resolved while wheels of the first are looked into: fewer questions at a time leave that some room, and the
# name server, which each of them asks.
_BESIDE = {"UV_CONCURRENT_DOWNLOADS": "12"}
_ALWAYS = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
_OFF_LINE = regex(r"network (?:was|is) disabled|could not be queried|lack of valid authentication")
_NO_WHEEL = regex(r"Wheels are required for `([A-Za-z0-9._-]+)`")
# What the index does not have at all, and what it has not in this version.
_MISSING = regex(
    r"\b([A-Za-z0-9][A-Za-z0-9._-]*) was not found in the package registry"
    r"|there (?:is|are) no versions? of ([A-Za-z0-9][A-Za-z0-9._-]*?)(?:\[|[=<>!~,\s])"
)
_ADDRESS = regex(r"[a-z]+://\S+")
_NEW_REQUEST = "check the network and convert again with --python lock, or choose --python nixpkgs"


def find_locker(*, offline: bool) -> Locker:
    """The locker to use: uv beside our interpreter or on PATH, or one that says why there is none."""
    if offline:
        return OFFLINE
    if os.environ.get("UV_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return NoLocker("UV_OFFLINE is set", "convert again without it")
    program = _program()
    if program is None:
        return NoLocker("uv is not installed", "install it (`pip install uv`) and convert again")
    return UvLocker(program)


def _program() -> str | None:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("uv")


class UvLocker(Struct, frozen=True):
    """Implements `Locker`; `program` is the path of uv.

    uv is given no project of the user's: it reads the user's own configuration, the environment, and what we write for it.
    """

    program: str

    def resolve(
        self,
        request: LockRequest,
        systems: tuple[str, ...],
        previous: str,
        sources: tuple[SourceMetadata, ...] = (),
    ) -> Mapping[str, str | LockRefused]:
        """See `Locker.resolve`. The systems are resolved side by side."""
        indexes = Indexes.of_user()
        foreign = [address for address in request.indexes if not indexes.has(address)]
        if foreign:
            return dict.fromkeys(systems, _foreign(foreign))

        def one(system: str) -> str | LockRefused:
            return self._compile(request, system, previous, indexes, sources)

        with ThreadPoolExecutor(max_workers=len(systems)) as pool:
            return dict(zip(systems, pool.map(one, systems), strict=True))

    def _compile(
        self,
        request: LockRequest,
        system: str,
        previous: str,
        indexes: Indexes,
        sources: tuple[SourceMetadata, ...],
    ) -> str | LockRefused:
        files = {
            "requirements.in": _lines(request.requirements),
            "constraints.txt": _lines(request.constraints),
            **({_ANSWER: previous} if previous else {}),
            **({_SETTINGS: indexes.configured() + _source_tables(sources)} if sources else {}),
        }
        options = ["--constraints", "constraints.txt", "--format", "pylock.toml", "--no-header"]
        options += ["--output-file", _ANSWER, *_source_options(sources)]
        command = self._command(["compile", "requirements.in", *options], request, system)
        asked = question(command, {**files, "settings": indexes.configured()}, indexes.addresses)
        known = recent_answer(asked)
        if known is not None:
            return known
        with TemporaryDirectory(prefix="dock2nix-lock-") as name:
            folder = Path(name)
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
            try:
                further = _BESIDE if system != max(request.systems) else {}
                self._run(command, folder, {**_unless_given(further), **indexes.environment()})
            except NixError as error:
                return _refusal(str(error))
            answer = (folder / _ANSWER).read_text(encoding="utf-8")
        if not indexes.have_passwords:
            keep_answer(asked, answer)
        return answer

    def _command(self, arguments: list[str], request: LockRequest, system: str) -> list[str]:
        """The command for `uv pip`. Only wheels: the metadata of a source distribution may take running it."""
        command = [self.program, "pip", *arguments, "--quiet", "--only-binary", ":all:"]
        command += ["--python", sys.executable, "--python-version", request.python]
        command += ["--python-platform", f"{CPUS[system]}-manylinux_{request.glibc}"]
        return [*command, *(["--prerelease", "allow"] if request.prereleases else [])]

    @staticmethod
    def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        """Run it in a folder, in which a `uv.toml` stands for the user's own."""
        own = folder / _SETTINGS
        settings = ("--config-file", str(own)) if own.exists() else Indexes.configuration()
        run_program(
            [*command, *settings],
            cwd=folder,
            environment={**environment, **_unless_given(_DEFAULTS), **_ALWAYS},
            timeout=_TIMEOUT,
        )

    def download(self, url: str, sha256: str) -> bytes:
        """See `Locker.download`."""
        import hashlib  # noqa: PLC0415 - few locks have sources

        try:
            content = download(url, largest=_LARGEST_SOURCE)
        except NetworkError as error:
            raise LockUnavailableError(f"a source distribution: {error}", _NEW_REQUEST) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            reason = "a source distribution is not the one that the index promises"
            raise LockUnavailableError(reason, "nothing was written; ask whoever runs the index")
        return content

    def linked_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        """See `Locker.linked_libraries`. uv is asked for those wheels that need its configuration to be had (passwords, `file:`)."""
        from dock2nix.locking.wheel_libraries import libraries_of_wheels  # noqa: PLC0415 - new locks only

        found = libraries_of_wheels(distributions, system)
        rest = tuple(one for one in distributions if one.name not in found)
        return {**found, **(self._installed_libraries(request, system, rest) if rest else {})}

    def _installed_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        """What the files link to that uv unpacks."""
        with TemporaryDirectory(prefix="dock2nix-wheels-") as name:
            folder = Path(name)
            (folder / "requirements.txt").write_text(_lines(_pins(distributions, system)), encoding="utf-8")
            options = ["--no-deps", "--require-hashes", "--target", "wheels"]
            command = self._command(
                ["install", "--requirements", "requirements.txt", *options], request, system
            )
            try:
                self._run(command, folder, Indexes.of_user().environment())
            except NixError as error:
                if "hash mismatch" in str(error).lower():
                    reason = f"a wheel is not the one that the index promises: {_shortened(str(error))}"
                    raise LockUnavailableError(
                        reason, "nothing was written; ask whoever runs the index"
                    ) from error
                return {}
            found = {one.name: _linked(folder / "wheels", one.name, system) for one in distributions}
            return {name: linked for name, linked in found.items() if linked is not None}


def _unless_given(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of ours, less those that the user has set."""
    return {name: value for name, value in variables.items() if name not in os.environ}


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _source_options(sources: tuple[SourceMetadata, ...]) -> list[str]:
    return [word for source in sources for word in ("--no-binary", source.name)]


def _source_tables(sources: tuple[SourceMetadata, ...]) -> str:
    """What sources need, for every version of theirs: uv would run them to find out, and never does when it is told."""
    tables = (
        f"[[dependency-metadata]]\nname = {json.dumps(source.name)}\n"
        f"requires-dist = {json.dumps(source.requires)}\nprovides-extra = {json.dumps(source.extras)}\n"
        for source in sources
    )
    return "\n" + "\n".join(tables)


def _foreign(addresses: list[str]) -> LockRefused:
    return LockRefused(
        f"the Dockerfile takes packages from {', '.join(addresses)}, which your own configuration of uv does not name "
        "(UV_DEFAULT_INDEX and UV_INDEX, or uv.toml)"
    )


def _refusal(message: str) -> LockRefused:
    """What uv's failure means: an answer to be passed on, or a reason of this machine, which is raised.

    Raises:
        LockUnavailableError: the index did not answer, or uv cannot be used.
    """
    if "No solution found" not in message or _OFF_LINE.search(message):
        raise LockUnavailableError(f"uv could not ask the package index: {_shortened(message)}", _NEW_REQUEST)
    without = tuple(dict.fromkeys(_NO_WHEEL.findall(message)))
    words = " ".join(message.replace("│", " ").split())
    missing = tuple(dict.fromkeys(normalized_name(name or other) for name, other in _MISSING.findall(words)))
    return LockRefused(f"uv found no versions that fit together: {_shortened(message)}", without, missing)


def _shortened(message: str) -> str:
    """The words of uv's message, without our command line, addresses and the tree they are drawn as."""
    told = message.partition("ended with status")[2] or message
    told = told.partition("No solution found when resolving dependencies")[2] or told
    words = _ADDRESS.sub("(address)", told.partition("hint:")[0]).split()
    text = " ".join(word for word in words if word not in {"×", "╰─▶", "├─▶", "│", "cause:", "error:"})
    text = re.sub(r"^[0-9]+: ", "", text.removeprefix(": "))
    return text if len(text) <= 300 else text[:299] + "…"


# --- what is in wheels -------------------------------------------------------------------------------------------------------


def _pins(distributions: tuple[LockedDistribution, ...], system: str) -> Iterator[str]:
    """Requirements that only these very files fulfil."""
    for one in distributions:
        digests = (_hexadecimal(wheel.hash) for wheel in one.wheels if system in wheel.systems)
        yield f"{one.name}=={one.version} " + " ".join(f"--hash=sha256:{digest}" for digest in digests)


def _hexadecimal(sri: str) -> str:
    import base64  # noqa: PLC0415 - needed here only

    return base64.b64decode(sri.partition("-")[2]).hex()


def _linked(site: Path, distribution: str, system: str) -> LinkedLibraries | None:
    """What the files that a distribution's RECORD names link to; None when it names none."""
    files = tuple(_files(site, distribution))
    found: dict[str, ElfFile] = {}
    for path in files:
        elf = read_elf(path)
        if elf is not None and elf.system == system:
            found[path.name] = elf
    if not files:
        return None
    return LinkedLibraries(
        needed=frozenset(name for elf in found.values() for name in elf.needed),
        brought=frozenset({*found, *(elf.soname for elf in found.values() if elf.soname)}),
    )


def _files(site: Path, distribution: str) -> Iterator[Path]:
    """The files of a distribution, by its RECORD ("Recording installed projects" of the packaging standards)."""
    for record in sorted(site.glob("*.dist-info/RECORD")):
        name = record.parent.name.removesuffix(".dist-info").rpartition("-")[0]
        if re.sub(r"[-_.]+", "-", name).lower() != distribution:
            continue
        with record.open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                path = site / row[0] if row else site
                if row and path.is_file() and path.resolve().is_relative_to(site.resolve()):
                    yield path
