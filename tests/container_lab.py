"""Images run without docker: bubblewrap, as the image's user, with its ENV, WORKDIR, ENTRYPOINT and CMD, and no network but loopback.

A container sees the files of the image and nothing else of the machine. Root in it has the capabilities that Docker leaves it;
any other user has none.
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nix_lab import DEBIAN, STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECONDS = 60.0
_BWRAP = STATE / "containers/bin/bwrap"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Docker's default set (moby, oci/caps/defaults.go), less what makes devices.
_CAPABILITIES = "CHOWN DAC_OVERRIDE FSETID FOWNER NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE"
_NODE_PARTS = "usr/share/nodejs"
_SPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
_ASK = """
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
with opener.open(sys.argv[1], timeout=5) as answer:
    sys.stdout.buffer.write(answer.read())
"""


def why_no_containers() -> str:
    """Why no image can be run here, "" when it can."""
    if bubblewrap() is None:
        return "no bubblewrap here: `make nix` gets it on Debian as root"
    if os.geteuid() != 0:
        return "files of images belong to their users: only root can unpack them so"
    tools = [name for name in ("nsenter", "setpriv", "tar") if not shutil.which(name)]
    return f"no {tools[0]} here" if tools else _trial()


def _trial() -> str:
    done = subprocess.run(
        [str(bubblewrap()), *_SPACES, "--ro-bind", "/", "/", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"no namespaces here: {done.stderr.strip()}" if done.returncode else ""


def bubblewrap() -> Path | None:
    """The program: that of `make nix`, else the one on PATH."""
    found = str(_BWRAP) if _BWRAP.exists() else shutil.which("bwrap")
    return Path(found) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a command. `output` is what it printed, errors included."""

    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who a container runs as."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    home: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """An image unpacked: its files at `root`, its `config` object."""

    root: Path
    config: Mapping[str, Any]

    def run(self, command: Sequence[str] | None = None, entrypoint: Sequence[str] | None = None) -> Ran:
        """Run to the end, as `docker run IMAGE [COMMAND…]`; `entrypoint` is that of `--entrypoint`."""
        done = subprocess.run(
            self._wrapped(self.words(command, entrypoint)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        return Ran(code=done.returncode, output=done.stdout)

    def words(
        self, command: Sequence[str] | None = None, entrypoint: Sequence[str] | None = None
    ) -> list[str]:
        """What is started."""
        first = self.config.get("Entrypoint") or [] if entrypoint is None else entrypoint
        rest = (self.config.get("Cmd") or [] if entrypoint is None else []) if command is None else command
        return [*first, *rest]

    def finds(self, program: str) -> bool:
        """Whether there is such a program: at that path, or on PATH."""
        folders = [""] if "/" in program else self.environment()["PATH"].split(":")
        base = self.config.get("WorkingDir") or "/"
        return any(self._is_program(posixpath.join("/", base, folder, program)) for folder in folders)

    def _is_program(self, path: str) -> bool:
        found = self._inside(path)
        return found is not None and found.is_file() and bool(found.stat().st_mode & 0o111)

    @contextlib.contextmanager
    def started(self) -> Iterator[Running]:
        """The image's own command, running; it is ended with the block."""
        read, write = os.pipe()
        log = self.root.with_name("log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._wrapped(self.words(), "--info-fd", str(write)),
                pass_fds=(write,),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        os.close(write)
        try:
            with os.fdopen(read) as info:
                told = info.read()
            assert told, f"it does not start: {log.read_text(errors='replace')}"
            yield Running(container=self, process=process, pid=int(json.loads(told)["child-pid"]), log=log)
        finally:
            process.kill()
            process.wait()

    def user(self) -> User:
        """The image's user as numbers, as Docker looks them up in the image's own files.

        Raises:
            AssertionError: there is no user or group of that name.
        """
        name, _, group = str(self.config.get("User") or "0").partition(":")
        accounts = [line.split(":") for line in self._lines("etc/passwd")]
        row = next((one for one in accounts if name in (one[0], one[2])), None)
        assert row or name.isdecimal(), f"no user {name} in the image"
        groups = [line.split(":") for line in self._lines("etc/group")]
        own = next((one for one in groups if group and group in (one[0], one[2])), None)
        assert not group or own or group.isdecimal(), f"no group {group} in the image"
        default = row[3] if row else "0"
        further = [int(one[2]) for one in groups if row and row[0] in one[3].split(",")] if not group else []
        return User(
            uid=int(row[2] if row else name),
            gid=int(own[2] if own else group or default),
            groups=tuple(further),
            home=(row[5] if row else "") or "/",
        )

    def environment(self) -> dict[str, str]:
        """The image's variables, and those that Docker adds."""
        given = dict(one.split("=", 1) for one in self.config.get("Env") or ())
        return {"PATH": _PATH, "HOME": self.user().home, "HOSTNAME": "sample"} | given

    def _lines(self, name: str) -> list[str]:
        found = self._inside(name)
        return found.read_text().splitlines() if found and found.is_file() else []

    def _inside(self, path: str) -> Path | None:
        """Where a path of the image is on this machine, links followed as in the container; None when it leads nowhere."""
        waiting, done = [part for part in path.split("/") if part][::-1], Path()
        for _ in range(1000):
            if not waiting:
                return self.root / done
            part = waiting.pop()
            done = done.parent if part == ".." else done / part if part != "." else done
            here = self.root / done
            if here.is_symlink():
                target = str(here.readlink())
                done = Path() if target.startswith("/") else done.parent
                waiting += [one for one in target.split("/") if one][::-1]
            elif not here.exists():
                return None
        return None

    def _wrapped(self, words: Sequence[str], *options: str) -> list[str]:
        user = self.user()
        environment = [
            part for name, value in self.environment().items() for part in ("--setenv", name, value)
        ]
        return [
            *as_user(user),
            str(bubblewrap()),
            *_SPACES,
            *(_root_options() if user.uid == 0 else ["--unshare-user"]),
            *(
                "--hostname",
                "sample",
                "--die-with-parent",
                "--new-session",
                "--as-pid-1",
                "--clearenv",
                *environment,
            ),
            *("--bind", str(self.root), "/", "--proc", "/proc", "--dev", "/dev", *self._shown()),
            *("--chdir", self.config.get("WorkingDir") or "/", *options, "--", *words),
        ]

    def _shown(self) -> list[str]:
        """What a stand-in needs of the Debian system that it is made of: its Node.js has parts of itself in files."""
        parts = DEBIAN / _NODE_PARTS
        if not parts.is_dir() or not self.finds("node"):
            return []
        (self.root / _NODE_PARTS).mkdir(parents=True, exist_ok=True)
        return ["--ro-bind", str(parts), f"/{_NODE_PARTS}"]


def _root_options() -> list[str]:
    added = [part for name in _CAPABILITIES.split() for part in ("--cap-add", f"CAP_{name}")]
    return ["--cap-drop", "ALL", *added]


def as_user(user: User) -> list[str]:
    """The command in front of one that is to run as somebody else."""
    if user.uid == 0 and user.gid == 0:
        return []
    groups = ["--groups", ",".join(map(str, user.groups))] if user.groups else ["--clear-groups"]
    return [str(shutil.which("setpriv")), "--reuid", str(user.uid), "--regid", str(user.gid), *groups]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A container that runs."""

    container: Container
    process: subprocess.Popen[bytes]
    pid: int
    log: Path

    def ask(self, address: str, seconds: float = 20) -> str:
        """What a server in the container answers on loopback, where nobody else can hear it.

        Raises:
            AssertionError: it does not answer in time, or has ended; the message holds what it printed.
        """
        inside = [
            str(shutil.which("nsenter")),
            "--target",
            str(self.pid),
            "--net",
            sys.executable,
            "-c",
            _ASK,
            address,
        ]
        until = time.monotonic() + seconds
        while True:
            asked = subprocess.run(inside, capture_output=True, text=True, check=False)
            if not asked.returncode:
                return asked.stdout
            printed = self.log.read_text(errors="replace")
            assert self.process.poll() is None, f"it has ended with {self.process.returncode}: {printed}"
            assert time.monotonic() < until, f"no answer at {address}: {asked.stderr}\n{printed}"
            time.sleep(0.1)

    def execute(self, command: Sequence[str]) -> Ran:
        """Run a command in it, as `docker exec`."""
        user = self.container.user()
        spaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--root", "--wd"]
        somebody = ["--setuid", str(user.uid), "--setgid", str(user.gid)] if user.uid or user.gid else []
        done = subprocess.run(
            [str(shutil.which("nsenter")), "--target", str(self.pid), *spaces, *somebody, "--", *command],
            env=self.container.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
        return Ran(code=done.returncode, output=done.stdout)

    def healthy(self) -> Ran:
        """What the image's HEALTHCHECK gives."""
        kind, *words = self.container.config["Healthcheck"]["Test"]
        return self.execute(["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words)


@contextlib.contextmanager
def unpacked(archive: Path) -> Iterator[Container]:
    """The image of a docker-archive, its files with their owners; gone with the block."""
    folder = Path(tempfile.mkdtemp(prefix="dock2nix-container-"))
    try:
        folder.chmod(0o711)  # the image's user must get to its files
        root = folder / "root"
        root.mkdir()
        root.chmod(0o755)
        with tarfile.open(archive) as members:
            manifest = json.loads(_content(members, "manifest.json"))[0]
            config = json.loads(_content(members, manifest["Config"]))["config"]
            for name in manifest["Layers"]:
                _unpack(_content(members, name), root)
        _prepare(root)
        yield Container(root=root, config=config)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file, name
    return file.read()


def _unpack(layer: bytes, root: Path) -> None:
    command = [
        "tar",
        "-x",
        "-p",
        "--numeric-owner",
        "--same-owner",
        "--keep-directory-symlink",
        "-C",
        str(root),
    ]
    done = subprocess.run(command, input=layer, capture_output=True, check=False)
    assert not done.returncode, done.stderr.decode(errors="replace")
    for mark in [*root.rglob(".wh.*")]:
        gone = mark.with_name(mark.name.removeprefix(".wh."))
        shutil.rmtree(gone) if gone.is_dir() and not gone.is_symlink() else gone.unlink(missing_ok=True)
        mark.unlink()


def _prepare(root: Path) -> None:
    """What Docker puts into every container."""
    for name in ("dev", "proc", "etc"):
        (root / name).mkdir(exist_ok=True)
    files = {
        "hosts": "127.0.0.1 localhost sample\n::1 localhost\n",
        "hostname": "sample\n",
        "resolv.conf": "",
    }
    for name, text in files.items():
        if not (root / "etc" / name).is_symlink():
            (root / "etc" / name).write_text(text)
