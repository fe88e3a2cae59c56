"""Every sample gives exactly its expected files, on every run, and real Nix accepts them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from nix.locking import use_nix
from nix.running import run_image, why_no_runs
from nix_lab import available_nixes, build_flake, check_flake, why_no_builds
from sample_proof import prove_image

if TYPE_CHECKING:
    from nix_lab import Nix

SAMPLES = Path(__file__).parents[1] / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))


def settings(name: str) -> dict[str, Any]:
    return tomllib.loads((SAMPLES / name / "sample.toml").read_text(encoding="utf-8"))


def copy_context(name: str, folder: Path) -> Path:
    """A fresh copy of the sample's build context, in a folder of the sample's name."""
    copy = folder / name
    shutil.copytree(SAMPLES / name, copy, ignore=shutil.ignore_patterns("expected", "sample.toml"))
    return copy


@cache
def converted(name: str) -> tuple[int, dict[str, str]]:
    """The exit code of the sample's conversion and the files it wrote."""
    folder = Path(mkdtemp(prefix="dock2nix-sample-"))
    try:
        copy = copy_context(name, folder)
        before = {path for path in copy.rglob("*") if path.is_file()}
        code = main([str(copy / "Dockerfile"), "--quiet", *settings(name).get("options", [])])
        written = sorted(path for path in copy.rglob("*") if path.is_file() and path not in before)
        return code, {path.relative_to(copy).as_posix(): path.read_text(encoding="utf-8") for path in written}
    finally:
        shutil.rmtree(folder)


def expected(name: str) -> dict[str, str]:
    folder = SAMPLES / name / "expected"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in files}


@pytest.mark.parametrize("name", NAMES)
def test_sample_gives_its_expected_files(name: str, request: pytest.FixtureRequest) -> None:
    code, files = converted(name)
    if request.config.getoption("--update-samples"):
        rewrite(name, files)
    assert sorted(files) == sorted(expected(name))
    for path, text in files.items():
        assert text == expected(name)[path], path
    assert code == settings(name)["exit_code"]


def rewrite(name: str, files: dict[str, str]) -> None:
    folder = SAMPLES / name / "expected"
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_sample_gives_the_same_bytes_elsewhere_and_with_other_hash_seeds(name: str, tmp_path: Path) -> None:
    copy = copy_context(name, tmp_path / "somewhere" / "else")
    command = [sys.executable, "-m", "dock2nix", "Dockerfile", "--quiet", *settings(name).get("options", [])]
    source = str(Path(__file__).parents[1] / "convert")
    environment = os.environ | {
        "PYTHONHASHSEED": "4242",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "PYTHONPATH": source,
    }
    subprocess.run(command, cwd=copy, env=environment, check=False)
    for path, text in expected(name).items():
        assert (copy / path).read_text(encoding="utf-8") == text, path


@pytest.mark.parametrize("name", NAMES)
def test_sample_names_nothing_of_this_machine(name: str) -> None:
    for path, text in expected(name).items():
        assert str(SAMPLES.parent) not in text, path


@pytest.mark.nix
@pytest.mark.parametrize("name", NAMES)
def test_nix_parses_locks_checks_and_evaluates_the_sample(name: str, nix: Nix, tmp_path: Path) -> None:
    flake = copy_context(name, tmp_path)
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    check_flake(flake, nix)


@pytest.mark.nix
@pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())
@pytest.mark.parametrize("name", NAMES)
def test_sample_is_built_twice_alike_inspected_and_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flake = copy_context(name, tmp_path)
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    if settings(name).get("lock"):
        with monkeypatch.context() as patched:
            use_nix(available_nixes()[-1], flake, tmp_path, patched)
            assert main(["lock", str(flake), "--quiet"]) == 0
    reason = prove_image(flake, available_nixes()[-1], settings(name))
    if reason:
        pytest.skip(f"built and inspected, but not run: {reason}")


@pytest.mark.nix
@pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())
@pytest.mark.skipif(bool(why_no_runs()), reason=why_no_runs())
@pytest.mark.parametrize("name", [name for name in NAMES if "run" in settings(name)])
def test_image_of_the_sample_does_what_it_is_for(name: str, tmp_path: Path) -> None:
    flake = copy_context(name, tmp_path)
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    run = settings(name)["run"]
    archive = build_flake(flake, available_nixes()[-1])
    answer = run_image(archive, environment=run.get("environment"), ask=tuple(run.get("ask", ())))
    for question, text in zip(run.get("ask", ()), answer.answers, strict=True):
        assert question["expect"] in text, answer.output
    for text in run.get("prints", ()):
        assert text in answer.output
