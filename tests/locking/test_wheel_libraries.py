"""What wheels link to is looked up in the wheels themselves, once for each, and never in one that is not the promised one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.locking.base import LinkedLibraries, LockUnavailableError
from dock2nix.locking.wheel_libraries import libraries_of_wheels
from dock2nix.model.packages import SriHash
from dock2nix.model.python_lock import LockedDistribution, LockedWheel
from file_server import Answers, serving
from wheels import Wheel, elf_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYSTEM = "x86_64-linux"
NATIVE = Wheel(
    name="d2n-fast",
    tag="cp312-cp312-manylinux_2_17_x86_64",
    files={
        "d2n_fast/__init__.py": b"# no machine code" * 10,
        "d2n_fast/fast.cpython-312.so": elf_file("libz.so.1", "libown.so.1", "libc.so.6"),
        "d2n_fast.libs/libown.so.1": elf_file("libssl.so.3"),
        "d2n_fast/arm.so": elf_file("libarm.so.1", machine=183),
    },
)
EXPECTED = LinkedLibraries(
    needed=frozenset({"libz.so.1", "libown.so.1", "libc.so.6", "libssl.so.3"}),
    brought=frozenset({"fast.cpython-312.so", "libown.so.1"}),
)


@pytest.fixture
def answers() -> Answers:
    return Answers(files={"/w.whl": NATIVE.content()})


@pytest.fixture
def server(answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(answers) as address:
        yield address


def distribution(server: str) -> LockedDistribution:
    wheel = LockedWheel(
        name=NATIVE.file_name, url=f"{server}/w.whl", hash=SriHash(NATIVE.sri), systems=(SYSTEM,)
    )
    return LockedDistribution(name="d2n-fast", version="1.0", wheels=(wheel,))


def test_a_wheel_is_looked_into_once(answers: Answers, server: str) -> None:
    assert libraries_of_wheels([distribution(server)], SYSTEM) == {"d2n-fast": EXPECTED}
    assert libraries_of_wheels([distribution(server)], SYSTEM) == {"d2n-fast": EXPECTED}
    assert len(answers.requests) == 1


def test_a_damaged_note_is_made_anew(answers: Answers, server: str, tmp_path: Path) -> None:
    libraries_of_wheels([distribution(server)], SYSTEM)
    (note,) = (tmp_path / "cache/dock2nix/wheels").iterdir()
    note.write_text("{")
    assert libraries_of_wheels([distribution(server)], SYSTEM) == {"d2n-fast": EXPECTED}
    assert len(answers.requests) == 2


def test_a_wheel_that_is_not_the_promised_one_stops_the_run(answers: Answers, server: str) -> None:
    answers.files["/w.whl"] += b"\0"
    with pytest.raises(
        LockUnavailableError, match="a wheel is not the one that the index promises: d2n_fast"
    ):
        libraries_of_wheels([distribution(server)], SYSTEM)


def test_a_wheel_that_cannot_be_had_is_left_to_others(answers: Answers, server: str) -> None:
    answers.status["/w.whl"] = 401
    assert libraries_of_wheels([distribution(server)], SYSTEM) == {}


# --- large wheels, of which members are fetched --------------------------------------------------------------------------------

LARGE = Wheel(
    name="d2n-large",
    tag=NATIVE.tag,
    files={
        "d2n_large/data.txt": b"-" * 3_000_000,
        **NATIVE.files,
        "d2n_large/more.txt": b"+" * 1_000_000,
        "d2n_large/last.so": elf_file("liblast.so.1") + bytes(300_000),
        "d2n_large/rest.txt": b"*" * 500_000,
    },
)


def large(server: str, size: int | None = None) -> LockedDistribution:
    content = LARGE.content()
    wheel = LockedWheel(
        name=LARGE.file_name,
        url=f"{server}/large.whl",
        hash=SriHash(LARGE.sri),
        systems=(SYSTEM,),
        size=len(content) if size is None else size,
    )
    return LockedDistribution(name="d2n-large", version="1.0", wheels=(wheel,))


def needed(found: Any) -> set[str]:
    return set(found["d2n-large"].needed)


@pytest.mark.parametrize("size", [None, 0], ids=["known-size", "unknown-size"])
def test_of_a_large_wheel_no_more_than_its_machine_code_is_fetched(
    answers: Answers, server: str, size: int | None
) -> None:
    answers.files["/large.whl"] = LARGE.content()
    found = libraries_of_wheels([large(server, size)], SYSTEM)
    assert needed(found) == {*EXPECTED.needed, "liblast.so.1"}
    asked = [wanted.removeprefix("bytes=").partition("-") for _, wanted, _ in answers.requests]
    sizes = [int(last) - int(first) if first else int(last) for first, _, last in asked]
    assert sum(sizes) < 800_000


def test_a_server_without_ranges_sends_a_large_wheel_whole(answers: Answers, server: str) -> None:
    answers.files["/large.whl"] = LARGE.content()
    answers.ranges = False
    assert "liblast.so.1" in needed(libraries_of_wheels([large(server)], SYSTEM))
    assert len(answers.requests) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_a_large_wheel_that_is_not_the_promised_one_stops_the_run(
    answers: Answers, server: str, ranges: bool
) -> None:
    answers.files["/large.whl"] = LARGE.content() + b"\0"
    answers.ranges = ranges
    with pytest.raises(LockUnavailableError, match="not the one that the index promises"):
        libraries_of_wheels([large(server)], SYSTEM)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content.replace(b"PK\x01\x02", b"PK\x09\x09"), id="directory"),
        pytest.param(lambda content: content.replace(b"PK\x03\x04", b"PK\x09\x09"), id="members"),
        pytest.param(lambda content: bytes(len(content)), id="zeros"),
    ],
)
def test_a_large_wheel_that_is_damaged_is_left_to_others(answers: Answers, server: str, damage: Any) -> None:
    answers.files["/large.whl"] = damage(LARGE.content())
    assert libraries_of_wheels([large(server)], SYSTEM) == {}


def test_parts_that_end_too_early_are_no_answer(answers: Answers, server: str) -> None:
    answers.files["/large.whl"] = LARGE.content()
    answers.cut["/large.whl"] = 3_100_000
    assert libraries_of_wheels([large(server)], SYSTEM) == {}
