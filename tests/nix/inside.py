"""Runs in namespaces of its own: starts the command of an image in its files as root folder, and asks it questions.

The order comes as JSON on standard input, the result goes as JSON to standard output; see running.py.
"""

from __future__ import annotations

import fcntl
import gzip
import http.client
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_UP = 0x8914  # SIOCSIFFLAGS
_IFF_UP = 1
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main() -> None:
    """One order."""
    order = json.load(sys.stdin)
    root = Path(order["root"])
    order["config"] = _unpack(Path(order["archive"]), root)
    _mount(root)
    _loopback()
    log = (root / "dev" / ".output").open("w+b")
    os.fchmod(log.fileno(), 0o666)  # Docker gives its pipes to the user, who may open /dev/stdout anew
    process = _start(order, root, log)
    until = time.monotonic() + order["seconds"]
    answers = [_answer(order, root, question, process, until) for question in order["ask"]]
    stop = signal.Signals[order["config"].get("StopSignal") or "SIGTERM"] if order["ask"] else None
    code = _end(process, until, stop)
    log.seek(0)
    json.dump({"code": code, "output": log.read().decode(errors="replace"), "answers": answers}, sys.stdout)


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """The layers of a docker-archive, one over the other; its configuration."""
    content = archive.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    with tarfile.open(fileobj=io.BytesIO(content)) as image:
        manifest = json.loads(_read(image, "manifest.json"))[0]
        config: dict[str, Any] = json.loads(_read(image, manifest["Config"]))["config"]
        for name in manifest["Layers"]:
            # only the real root makes devices, and a container gets its own
            command = [
                "tar",
                "-x",
                "-p",
                "--numeric-owner",
                "--same-owner",
                "--exclude=dev/*",
                "-C",
                str(folder),
            ]
            subprocess.run(command, input=_read(image, name), check=True)
    return config


def _read(image: tarfile.TarFile, name: str) -> bytes:
    file = image.extractfile(name)
    assert file, name
    return file.read()


def _mount(root: Path) -> None:
    run = subprocess.run
    run(["mount", "--make-rprivate", "/"], check=True)
    run(["mount", "--bind", str(root), str(root)], check=True)
    for name in ("proc", "dev", "etc", "sys"):
        (root / name).mkdir(exist_ok=True)
    run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(root / "dev")], check=True)
    (root / "dev/shm").mkdir(mode=0o1777)
    (root / "dev/shm").chmod(0o1777)
    for name in _DEVICES:
        (root / "dev" / name).touch()
        run(["mount", "--bind", f"/dev/{name}", str(root / "dev" / name)], check=True)
    for name, target in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        (root / "dev" / name).symlink_to(f"/proc/self/fd/{target}")
    (root / "dev/fd").symlink_to("/proc/self/fd")
    hosts = root / "etc/hosts"
    if not hosts.exists():
        hosts.write_text("127.0.0.1 localhost\n")


def _loopback() -> None:
    with socket.socket() as found:
        fcntl.ioctl(found, _UP, struct.pack("16sh", b"lo", _IFF_UP))


def _user(root: Path, named: str) -> tuple[int, int]:
    """The numbers of `user:group`, names looked up in the image."""
    user, _, group = named.partition(":")
    lines = (
        [line.split(":") for line in _inside(root, "/etc/passwd").read_text().splitlines()] if user else []
    )
    found = next((line for line in lines if user in {line[0], line[2]}), None)
    uid = int(user) if user.isdigit() else int(found[2]) if found else 0
    gid = int(group) if group.isdigit() else int(found[3]) if found else 0
    return uid, gid


def _start(order: dict[str, Any], root: Path, log: Any) -> subprocess.Popen[bytes]:
    config, command = order["config"], order["command"]
    uid, gid = _user(root, config.get("User", ""))
    words = [*(config.get("Entrypoint") or []), *(command or config.get("Cmd") or [])]
    home = {"HOME": "/root" if uid == 0 else "/"}
    variables = {"PATH": _PATH, **home, **_variables(order)}
    return _spawn(root, words, variables, log, (uid, gid, config.get("WorkingDir") or "/"))


def _variables(order: dict[str, Any]) -> dict[str, str]:
    return {**dict(one.split("=", 1) for one in order["config"].get("Env") or []), **order["environment"]}


def _spawn(
    root: Path, words: list[str], variables: dict[str, str], log: Any, where: tuple[int, int, str]
) -> subprocess.Popen[bytes]:
    uid, gid, folder = where

    def enter() -> None:
        os.chroot(root)
        os.chdir(folder)
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        os.umask(0o022)

    return subprocess.Popen(
        [_found(root, words[0], variables["PATH"]), *words[1:]],
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        preexec_fn=enter,  # noqa: PLW1509 - there is one thread
        start_new_session=True,
    )


def _found(root: Path, program: str, path: str) -> str:
    if "/" in program:
        return program
    places = (f"{folder}/{program}" for folder in path.split(":"))
    return next((place for place in places if _inside(root, place).exists()), program)


def _inside(root: Path, path: str) -> Path:
    """A path of the image as this process sees it, links followed as in the image."""
    found, left = root, path.strip("/").split("/")
    while left:
        place = found / left.pop(0)
        if place.is_symlink():
            target = str(place.readlink())
            left = [*target.strip("/").split("/"), *left]
            place = root if target.startswith("/") else found
        found = place if place.name != ".." else place.parent.parent
    return found


def _answer(
    order: dict[str, Any],
    root: Path,
    question: dict[str, Any],
    process: subprocess.Popen[bytes],
    until: float,
) -> str:
    last = "nothing"
    while time.monotonic() < until:
        try:
            last = _asked(order, root, question)
            if question.get("expect", "") in last:
                return last
        except (OSError, http.client.HTTPException, subprocess.SubprocessError) as error:
            last = repr(error)
        if process.poll() is not None:
            return f"it ended with {process.returncode}; {last}"
        time.sleep(0.2)
    return f"no answer: {last}"


def _asked(order: dict[str, Any], root: Path, question: dict[str, Any]) -> str:
    if "http" in question:
        connection = http.client.HTTPConnection(question["http"], timeout=5)
        connection.request("GET", question.get("path", "/"), headers=question.get("headers", {}))
        reply = connection.getresponse()
        kind = reply.getheader("content-type")
        return f"{reply.status} {kind}\n{reply.read().decode(errors='replace')}"
    with (root / "dev/.answer").open("w+b") as log:
        user, _, group = question.get("user", "0:0").partition(":")
        where = (int(user), int(group), order["config"].get("WorkingDir") or "/")
        variables = {"PATH": _PATH, **_variables(order)}
        _spawn(root, question["exec"], variables, log, where).wait(timeout=20)
        log.seek(0)
        return log.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes], until: float, stop: signal.Signals | None) -> int | None:
    if stop is not None and process.poll() is None:
        process.send_signal(stop)
        until = time.monotonic() + 5
    try:
        return process.wait(timeout=max(1.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None


if __name__ == "__main__":
    main()
