"""A conversion that is killed while it writes leaves each file old or new, never half of one."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dock2nix.errors import UsageError
from dock2nix.output import write_files

CONVERT = Path(__file__).parents[1] / "convert"
NAMES = ("flake.nix", "nix/image.nix", "nix/packages.nix")
# The audit hook ends the process at the Nth thing that it does to the file system.
_KILLED = """
import os, sys
from pathlib import Path
from dock2nix.output import write_files
left = int(sys.argv[2])
EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.chmod"}
def hook(event, arguments):
    global left
    if event in EVENTS and any(sys.argv[1] in str(one) for one in arguments):
        left -= 1
        if left == -1:
            os.kill(os.getpid(), int(sys.argv[3]))
files = {name: "new " * 50000 for name in sys.argv[4:]}
sys.addaudithook(hook)
write_files(Path(sys.argv[1]), files, force=True)
"""
OLD, NEW = "old " * 50000, "new " * 50000


def _heeding_interrupts() -> None:
    """What runs in the background of a shell is told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _write(folder: Path, number: int, sent: signal.Signals) -> int:
    return subprocess.run(
        [sys.executable, "-c", _KILLED, str(folder), str(number), str(int(sent)), *NAMES],
        env={**os.environ, "PYTHONPATH": str(CONVERT)},
        capture_output=True,
        check=False,
        preexec_fn=_heeding_interrupts,
    ).returncode


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_kill_at_any_step_leaves_old_or_new(sent: signal.Signals, tmp_path: Path) -> None:
    for number in range(100):
        folder = tmp_path / str(number)
        write_files(folder, dict.fromkeys(NAMES, OLD), force=True)
        code = _write(folder, number, sent)
        assert {(folder / name).read_text() for name in NAMES} <= {OLD, NEW}
        if sent is signal.SIGINT:
            assert not list(folder.rglob(".dock2nix-*")), number
        if code == 0:
            assert number > len(NAMES) * 2
            return
        # the next conversion is not in the way of what was left
        write_files(folder, dict.fromkeys(NAMES, NEW), force=True)
        assert {(folder / name).read_text() for name in NAMES} == {NEW}
    pytest.fail("it never came to its end")


def test_a_disk_that_is_full_changes_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, dict.fromkeys(NAMES, OLD), force=True)
    before, signals = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(NEW) // 2, before[1]))
    try:
        with pytest.raises(UsageError, match="cannot be written: File too large"):
            write_files(tmp_path, dict.fromkeys(NAMES, NEW), force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, signals)
    assert {(tmp_path / name).read_text() for name in NAMES} == {OLD}
    assert not list(tmp_path.rglob(".dock2nix-*"))


def test_two_at_once_leave_whole_files(tmp_path: Path) -> None:
    texts = [letter * 200_000 for letter in "ab"]

    def often(text: str) -> None:
        for _ in range(20):
            write_files(tmp_path, dict.fromkeys(NAMES, text), force=True)

    threads = [threading.Thread(target=often, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(tmp_path / name).read_text() for name in NAMES} <= set(texts)
    assert not list(tmp_path.rglob(".dock2nix-*"))


def test_an_output_folder_that_is_a_link_is_written_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write_files(tmp_path / "link", dict.fromkeys(NAMES, NEW), force=False)
    assert (tmp_path / "real/flake.nix").read_text() == NEW
    assert (tmp_path / "link").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into every folder")
def test_a_folder_that_is_read_only_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UsageError, match="cannot be written: Permission denied"):
        write_files(tmp_path / "out", dict.fromkeys(NAMES, NEW), force=False)
