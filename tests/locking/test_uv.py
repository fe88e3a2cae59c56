"""Conversions that lock their Python environment with uv, over an index on loopback."""

from __future__ import annotations

import json
import time
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.locking.uv import _program
from python_index import Index, serving, use_only
from wheels import Wheel, elf_file, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(_program() is None, reason="uv is not installed")

GREETER = Wheel(
    name="d2n-greeter", version="1.2", requires=("d2n-colours>=1", "d2n-arms; platform_machine == 'aarch64'")
)
NATIVE = "cp312-cp312-manylinux_2_17_{}.manylinux2014_{}"
WHEELS = (
    GREETER,
    Wheel(name="d2n-greeter", version="2.0"),
    Wheel(name="d2n-colours", version="1.0"),
    Wheel(name="d2n-colours", version="1.1"),
    Wheel(name="d2n-arms"),
    Wheel(
        name="d2n-fast",
        tag=NATIVE.format("x86_64", "x86_64"),
        files={
            "d2n_fast/fast.so": elf_file("libz.so.1", "libown.so.1", "libc.so.6", "libnowhere.so.7"),
            "d2n_fast.libs/libown.so.1": elf_file("libstdc++.so.6", soname="libown.so.1"),
        },
    ),
    Wheel(name="d2n-fast", tag=NATIVE.format("aarch64", "aarch64")),
    Wheel(name="d2n-fast", tag="cp311-cp311-manylinux_2_17_x86_64"),
    Wheel(name="d2n-fast", tag="cp312-cp312-musllinux_1_2_x86_64"),
    Wheel(name="d2n-fast", tag="cp312-cp312-win_amd64"),
    Wheel(name="d2n-narrow", tag="cp312-cp312-manylinux_2_17_x86_64"),
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with serving(Index(wheels=WHEELS)) as found:
        use_only(found.url, monkeypatch, str(tmp_path / "uv"))
        yield found


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return tmp_path / "app"


def convert(app: Path, install: str, *options: str, files: dict[str, str] | None = None) -> dict[str, Any]:
    """The report on a Dockerfile that installs something with pip."""
    app.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        (app / name).write_text(text)
    (app / "Dockerfile").write_text(
        f"FROM python:3.12-slim\nCOPY . /src\nWORKDIR /src\nRUN pip install {install}\n"
    )
    assert main([str(app / "Dockerfile"), "--quiet", *options]) in {0, 1}
    report: dict[str, Any] = json.loads((app / "nix/report.json").read_text())
    return report


def lock_of(app: Path) -> dict[str, Any]:
    return tomllib.loads((app / "nix/pylock.toml").read_text())


def packages_of(app: Path) -> dict[str, str]:
    return {one["name"]: one["version"] for one in lock_of(app)["packages"]}


def codes(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"]]


def test_the_whole_environment_is_locked(index: Index, app: Path) -> None:
    report = convert(app, "d2n-greeter==1.2")
    assert packages_of(app) == {"d2n-arms": "1.0", "d2n-colours": "1.1", "d2n-greeter": "1.2"}
    (found,) = report["requirements"]
    assert (found["outcome"], found["version"], found["hash"]) == ("locked", "1.2", GREETER.sri)
    assert found["origin"] == "lock-file"
    assert codes(report) == []
    assert report["result"] == "converted"
    assert {
        "url": f"http://127.0.0.1:{index.port}/files/{GREETER.file_name}",
        "hash": GREETER.sri,
        "line": 4,
    } in report["fetched"]


def test_the_lock_names_the_wheel_of_each_system(index: Index, app: Path) -> None:
    convert(app, "d2n-fast d2n-greeter==1.2")
    rows = {one["name"]: one for one in lock_of(app)["packages"]}
    assert [wheel["name"].rpartition("_")[2] for wheel in rows["d2n-fast"]["wheels"]] == [
        "aarch64.whl",
        "64.whl",
    ]
    assert rows["d2n-arms"]["marker"] == "sys_platform == 'linux' and platform_machine == 'aarch64'"
    assert "isMine" in (app / "nix/python.nix").read_text()


def test_libraries_come_from_the_files_of_the_wheel(index: Index, app: Path) -> None:
    report = convert(app, "d2n-fast")
    text = (app / "nix/python.nix").read_text()
    assert "d2n-fast = [\n      pkgs.stdenv.cc.cc.lib\n      pkgs.zlib\n    ];" in text
    assert 'd2n-fast = [ "libnowhere.so.7" ];' in text
    assert [(one["code"], "libnowhere.so.7" in one["message"]) for one in report["findings"]] == [
        ("D2N232", True)
    ]


def test_a_system_without_wheels_is_left_out(index: Index, app: Path) -> None:
    report = convert(app, "d2n-narrow")
    assert codes(report) == ["D2N233"]
    assert 'genAttrs [ "x86_64-linux" ]' in (app / "flake.nix").read_text()
    assert (
        "environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]"
        in (app / "nix/pylock.toml").read_text()
    )


def test_constraints_hold_for_what_comes_along(index: Index, app: Path) -> None:
    convert(app, "-r r.txt -c c.txt", files={"r.txt": "d2n-greeter<2\n", "c.txt": "d2n-colours<1.1\n"})
    assert packages_of(app)["d2n-colours"] == "1.0"


def test_nothing_is_asked_when_nixpkgs_has_it_all(index: Index, app: Path) -> None:
    report = convert(app, "requests")
    assert index.asked == []
    assert [one["outcome"] for one in report["requirements"]] == ["nixpkgs"]
    assert not (app / "nix/pylock.toml").exists()


def test_nixpkgs_can_be_insisted_on(index: Index, app: Path) -> None:
    report = convert(app, "requests==1.0", "--python", "nixpkgs")
    assert index.asked == []
    assert codes(report) == ["D2N202"]


def test_a_lock_can_be_insisted_on(index: Index, app: Path) -> None:
    index.wheels = (Wheel(name="requests", version="99.0"),)
    report = convert(app, "requests", "--python", "lock")
    assert packages_of(app) == {"requests": "99.0"}
    assert codes(report) == []


# --- again -------------------------------------------------------------------------------------------------------------------


def test_the_lock_stays_as_it_is_while_the_requirements_do(index: Index, app: Path) -> None:
    convert(app, "d2n-greeter==1.2")
    before = (app / "nix/pylock.toml").read_bytes()
    index.wheels = (*index.wheels, Wheel(name="d2n-colours", version="1.9"))
    index.asked.clear()
    convert(app, "d2n-greeter==1.2", "--offline")
    assert (app / "nix/pylock.toml").read_bytes() == before
    assert index.asked == []


def test_versions_are_kept_when_a_requirement_is_added(
    index: Index, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(app, "d2n-greeter==1.2")
    index.wheels = (*index.wheels, Wheel(name="d2n-colours", version="1.9"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "another"))
    convert(app, "d2n-greeter==1.2 d2n-narrow")
    assert packages_of(app)["d2n-colours"] == "1.1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("http://", "ftp://", id="another-scheme"),
        pytest.param("http://", "http://me:secret@", id="password"),
        pytest.param('sha256 = "', 'sha256 = "${x}', id="no-hash"),
        pytest.param("[[packages]]", "[[packages", id="no-toml"),
        pytest.param("_x86_64.whl", "_x86_64.exe", id="no-wheel"),
    ],
)
def test_a_lock_that_was_spoilt_is_made_anew(index: Index, app: Path, old: str, new: str) -> None:
    convert(app, "d2n-fast")
    good = (app / "nix/pylock.toml").read_text()
    assert old in good
    (app / "nix/pylock.toml").write_text(good.replace(old, new))
    convert(app, "d2n-fast", "--force")
    assert (app / "nix/pylock.toml").read_text() == good


# --- hashes, indexes, sources ------------------------------------------------------------------------------------------------


def test_hashes_that_are_asked_for_are_compared(index: Index, app: Path) -> None:
    line = f"d2n-greeter==1.2 --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{GREETER.sha256}\n"
    report = convert(app, "-r r.txt", files={"r.txt": line})
    assert report["requirements"][0]["hash"] == GREETER.sri


def test_a_hash_that_no_file_has_leaves_the_environment_to_nixpkgs(index: Index, app: Path) -> None:
    report = convert(app, "-r r.txt", files={"r.txt": f"d2n-greeter==1.2 --hash=sha256:{'0' * 64}\n"})
    assert "no wheel of the index has one of the hashes" in _reason(report)
    assert not (app / "nix/pylock.toml").exists()


def _reason(report: dict[str, Any]) -> str:
    (found,) = [one["message"] for one in report["findings"] if one["code"] == "D2N231"]
    return str(found)


SETUP = """import pathlib
pathlib.Path({!r}).write_text("run")
from setuptools import setup
setup(name="d2n-source", version="1.0", py_modules=["d2n_source"], install_requires=["d2n-colours"])
"""


def sources(trap: Path, requires: str = "d2n-colours\n", **more: str) -> bytes:
    """A source distribution whose setup.py leaves a trace when anybody runs it."""
    files = {
        "PKG-INFO": "Metadata-Version: 1.2\nName: d2n-source\nVersion: 1.0\n",
        "d2n_source.egg-info/requires.txt": requires,
        "d2n_source.py": "",
        "setup.py": SETUP.format(str(trap)),
        **more,
    }
    return sdist(files, "d2n-source-1.0")


def test_sources_are_read_and_never_run(index: Index, app: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    index.sdists["d2n-source-1.0.tar.gz"] = sources(trap)
    report = convert(app, "d2n-source==1.0")
    assert packages_of(app) == {"d2n-colours": "1.1", "d2n-source": "1.0"}
    assert [(one["code"], one["severity"]) for one in report["findings"]] == [("D2N234", "info")]
    assert "d2n-source = [ python.pkgs.setuptools ];" in (app / "nix/python.nix").read_text()
    assert report["requirements"][0]["hash"]
    assert not trap.exists()


def test_sources_that_others_need_are_found(index: Index, app: Path, tmp_path: Path) -> None:
    index.sdists["d2n-source-1.0.tar.gz"] = sources(tmp_path / "trap", requires="d2n-below\n")
    index.sdists["d2n-below-1.0.tar.gz"] = sdist(
        {"PKG-INFO": "Metadata-Version: 2.2\nName: d2n-below\nVersion: 1.0\nRequires-Dist: d2n-greeter<2\n"},
        "d2n-below-1.0",
    )
    convert(app, "d2n-source==1.0")
    assert packages_of(app)["d2n-below"] == "1.0"
    assert packages_of(app)["d2n-greeter"] == "1.2"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param({"src/fast.c": "int x;"}, "machine code", id="machine-code-without-a-recipe"),
        pytest.param(
            {"pyproject.toml": '[build-system]\nrequires = ["d2n-nowhere"]\n'},
            "d2n-nowhere",
            id="unknown-builder",
        ),
    ],
)
def test_sources_that_cannot_be_built_are_told(
    index: Index, app: Path, tmp_path: Path, more: dict[str, str], reason: str
) -> None:
    index.sdists["d2n-source-1.0.tar.gz"] = sources(tmp_path / "trap", **more)
    assert reason in _reason(convert(app, "d2n-source==1.0"))
    assert not (tmp_path / "trap").exists()


def test_sources_that_have_to_be_run_are_told(index: Index, app: Path, tmp_path: Path) -> None:
    text = SETUP.format(str(tmp_path / "trap")).replace('["d2n-colours"]', 'open("needs.txt").read().split()')
    index.sdists["d2n-source-1.0.tar.gz"] = sdist({"setup.py": text}, "d2n-source-1.0")
    assert "only by running it" in _reason(convert(app, "d2n-source==1.0"))
    assert not (tmp_path / "trap").exists()


def test_sources_that_are_not_what_the_index_promises_are_not_taken(
    index: Index, app: Path, tmp_path: Path
) -> None:
    index.sdists["d2n-source-1.0.tar.gz"] = sources(tmp_path / "trap")
    index.failure = "digest"
    assert "not the one that the index promises" in _reason(convert(app, "d2n-source==1.0"))


def test_versions_that_exclude_each_other_are_told(index: Index, app: Path) -> None:
    report = convert(app, "d2n-greeter==1.2 'd2n-colours<1'")
    assert "d2n-colours" in _reason(report)


def test_an_index_that_only_the_dockerfile_names_is_not_asked(index: Index, app: Path) -> None:
    report = convert(app, "--extra-index-url https://me:secret@other.test/simple d2n-greeter==1.2")
    assert "https://other.test/simple" in _reason(report)
    assert "secret" not in json.dumps(report["findings"])
    assert index.asked == []


def test_an_index_that_the_user_names_too_is_asked(index: Index, app: Path) -> None:
    convert(app, f"--index-url {index.url}/ d2n-greeter==1.2")
    assert packages_of(app)["d2n-greeter"] == "1.2"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param("d2n-unheard-of>=1", "d2n-unheard-of>=1 (requirements.txt:2): ", id="name"),
        pytest.param("D2N_colours==9.9", "d2n-colours==9.9 (requirements.txt:2): ", id="version"),
    ],
)
def test_what_the_index_does_not_have_is_told_with_its_place(
    index: Index, app: Path, line: str, shown: str
) -> None:
    files = {"requirements.txt": f"d2n-greeter==1.2\n{line}\n"}
    report = convert(app, "-r requirements.txt", files=files)
    (finding,) = (one for one in report["findings"] if one["code"] == "D2N231")
    assert shown in finding["message"]
    assert "private index" in finding["hint"]
    assert finding["line"] == 4
    assert "http" not in finding["message"] + finding["hint"]
    assert index.asked


def test_what_is_no_requirement_cannot_be_an_option_of_uv(index: Index, app: Path) -> None:
    report = convert(app, "d2n-greeter==1.2 'requests==2.x-y'")
    assert "not a requirement as PEP 508 defines it" in _reason(report)
    assert index.asked == []


def test_passwords_of_the_index_do_not_get_into_files(
    index: Index, app: Path, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    index.failure = "password"
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url.replace("//", "//me:hunter2@"))
    convert(app, "d2n-greeter==1.2")
    written = [path.read_text() for path in app.rglob("*") if path.is_file()]
    assert not [text for text in written if "hunter2" in text]
    assert not (empty_cache / "dock2nix/answers").exists()
    assert packages_of(app)["d2n-greeter"] == "1.2"


# --- what can go wrong -------------------------------------------------------------------------------------------------------

FAILURES = [
    pytest.param("status", id="server-error"),
    pytest.param("slow", id="no-answer-in-time"),
    pytest.param("loop", id="redirects-without-end"),
    pytest.param("truncated", id="less-than-announced"),
    pytest.param("password", id="not-allowed-in"),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_nixpkgs_stands_in_when_the_index_fails(index: Index, app: Path, failure: str) -> None:
    index.failure = failure
    began = time.monotonic()
    report = convert(app, "d2n-greeter==1.2")
    assert time.monotonic() - began < 20
    assert "uv could not ask the package index" in _reason(report)
    assert "127.0.0.1" not in json.dumps(report["findings"])
    assert not (app / "nix/pylock.toml").exists()


@pytest.mark.parametrize("failure", [*FAILURES, pytest.param("gone", id="nobody-listens")])
def test_a_lock_that_was_insisted_on_and_cannot_be_had_writes_nothing(
    index: Index, app: Path, failure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index.failure = failure
    if failure == "gone":
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    app.mkdir()
    (app / "Dockerfile").write_text("FROM python:3.12-slim\nRUN pip install d2n-greeter==1.2\n")
    assert main([str(app / "Dockerfile"), "--python", "lock"]) == 2
    assert "uv could not ask the package index" in capsys.readouterr().err
    assert [path.name for path in app.iterdir()] == ["Dockerfile"]


def test_a_wheel_that_is_not_what_the_index_promises_writes_nothing(
    index: Index, app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index.failure = "digest"
    app.mkdir()
    (app / "Dockerfile").write_text("FROM python:3.12-slim\nRUN pip install d2n-fast\n")
    assert main([str(app / "Dockerfile"), "--python", "lock"]) == 2
    assert "not the one that the index promises" in capsys.readouterr().err
    assert [path.name for path in app.iterdir()] == ["Dockerfile"]


def test_offline_means_that_nothing_is_asked(index: Index, app: Path) -> None:
    report = convert(app, "d2n-greeter==1.2", "--offline")
    assert "--offline was given" in _reason(report)
    assert index.asked == []


def test_configuration_of_a_folder_above_is_not_read(
    index: Index, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv.toml").write_text('index-url = "http://127.0.0.1:9/simple"\n')
    app.mkdir()
    (app / "uv.toml").write_text('index-url = "http://127.0.0.1:9/simple"\n')
    (app / "pyproject.toml").write_text('[tool.uv]\nindex-url = "http://127.0.0.1:9/simple"\n')
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(app)
    convert(app, "d2n-greeter==1.2")
    assert packages_of(app)["d2n-greeter"] == "1.2"


def test_pip_is_asked_for_the_index_when_uv_is_told_nothing(
    index: Index, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    (tmp_path / "pip.conf").write_text(
        f"[global]\nindex-url = {index.url}\nextra-index-url = file:///nowhere\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    convert(app, "d2n-greeter==1.2")
    assert packages_of(app)["d2n-greeter"] == "1.2"
