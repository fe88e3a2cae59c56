"""What dock2nix wrote is read again: every sample is in order, every planted fault is found, and it is fast."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dock2nix.pipeline
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli import main
from dock2nix.emit.render import render
from dock2nix.verify.static import check_files, read_flake, reported

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))
CATALOGUE = LocalCatalogue()
MOST_SECONDS = 0.05


def faults(files: Mapping[str, str]) -> list[str]:
    vouched, codes = reported(files.get("nix/report.json", ""))
    return [str(fault) for fault in check_files(files, CATALOGUE, vouched=vouched, findings=codes)]


def planted(path: str, old: str, new: str) -> list[str]:
    files = read_flake(SAMPLES / "flask/expected")
    assert old in files[path], f"{old} is not in {path}"
    return faults({**files, path: files[path].replace(old, new, 1)})


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_is_in_order(name: str) -> None:
    assert faults(read_flake(SAMPLES / name / "expected")) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_check_takes_under_50_ms_for_every_sample(name: str) -> None:
    files = read_flake(SAMPLES / name / "expected")
    taken = []
    for _ in range(3):  # the machine may be busy: what counts is how fast it can be
        start = time.perf_counter()
        faults(files)
        taken.append(time.perf_counter() - start)
    assert min(taken) < MOST_SECONDS


def test_a_flake_is_read_from_any_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    absolute = read_flake(SAMPLES / "flask/expected")
    monkeypatch.chdir(SAMPLES / "flask")
    assert read_flake(Path("expected")) == absolute
    assert "nix/image.nix" in absolute


REV = "0" * 40
IMAGE, PACKAGES = "nix/image.nix", "nix/packages.nix"


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [
        pytest.param(IMAGE, "copyToRoot", "contents", "takes no argument contents", id="dockerTools argument"),
        pytest.param(IMAGE, "Cmd =", "CMD =", "it is spelt Cmd", id="config key in capitals"),
        pytest.param(IMAGE, "WorkingDir =", "Workdir =", "Workdir is no key", id="config key"),
        pytest.param(IMAGE, "Interval =", "Intervall =", "Intervall is no key of a Healthcheck", id="healthcheck key"),
        pytest.param(IMAGE, "Env = [", 'Env = "a"; Volumes = [', "Env must be a list", id="config value"),
        pytest.param(IMAGE, "config = {", "config = { ;", "this is no Nix expression", id="syntax"),
        pytest.param(IMAGE, '"latest"', "latest", "nothing defines latest", id="name"),
        pytest.param(IMAGE, '"latest"', '"${latest}"', "nothing defines latest", id="injected name"),
        pytest.param(
            IMAGE, '"latest"', '"${builtins.getEnv "HOME"}"', "depend on the machine", id="injected call"
        ),
        pytest.param(
            IMAGE, '"latest"', '"${builtins.readFile "/etc/passwd"}"', "may read only a file", id="injected file"
        ),
        pytest.param(IMAGE, '"latest"', '"${/etc/passwd}"', "outside of the flake", id="injected path"),
        pytest.param(IMAGE, '"latest"', 'import "/etc/evil.nix"', "is imported by name", id="import by name"),
        pytest.param(IMAGE, "./packages.nix", "./package.nix", "there is no such file", id="missing file"),
        pytest.param(PACKAGES, "pkgs.curl", "pkgs.kurl", "the pinned nixpkgs has no kurl", id="package"),
        pytest.param(PACKAGES, "pkgs.curl", "pkgs.curl.headers", "curl has no output headers", id="output"),
        pytest.param("flake.nix", "github:NixOS/nixpkgs/", "github:Other/nixpkgs/", "another address", id="lock"),
        pytest.param("flake.lock", '"rev": "', f'"rev": "{REV}", "x": "', "is locked at", id="revision"),
        pytest.param("flake.lock", '"narHash": "sha256-', '"narHash": "sha256-A', "figures", id="length of a hash"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(path: str, old: str, new: str, message: str) -> None:
    found = planted(path, old, new)
    assert any(message in one for one in found), found


def test_a_hash_that_is_off_by_one_character_is_found() -> None:
    files = read_flake(SAMPLES / "flask/expected")
    nar = json.loads(files["flake.lock"])["nodes"]["nixpkgs"]["locked"]["narHash"]
    at = len("sha256-") + 5
    other = nar[:at] + ("A" if nar[at] != "A" else "B") + nar[at + 1 :]
    found = faults(files | {"flake.lock": files["flake.lock"].replace(nar, other)})
    assert found == [f"flake.lock:1:1: narHash of nixpkgs is not that of its revision: {nar} [D2N610]"]


def test_a_lock_that_is_gone_is_found() -> None:
    files = {
        path: text for path, text in read_flake(SAMPLES / "flask/expected").items() if path != "flake.lock"
    }
    assert any("there is none" in one for one in faults(files))


def test_a_fetcher_without_a_hash_is_found() -> None:
    text = '{ pkgs }: [ (pkgs.fetchurl { url = "https://x.example/a"; }) (pkgs.fetchzip { url = "x"; hash = ""; }) ]'
    found = faults({"flake.lock": "{}", "nix/fetched.nix": text})
    assert [one.split(": ", 1)[1] for one in found] == [
        "fetchurl is given no hash [D2N609]",
        "hash is not filled in [D2N609]",
    ]


@pytest.mark.parametrize("report", ["", "[]", "{}", '{"stages": 1}', "[" * 100_000], ids=range(5))
def test_what_is_no_report_answers_for_nothing(report: str) -> None:
    assert reported(report) == (frozenset(), frozenset())


def test_a_fault_of_ours_becomes_a_finding_and_the_conversion_needs_a_human(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(plan: object) -> Mapping[str, str]:
        files = dict(render(plan))  # type: ignore[arg-type]
        return files | {IMAGE: files[IMAGE].replace("config =", "confg =")}

    monkeypatch.setattr(dock2nix.pipeline, "render", faulty)
    (tmp_path / "Dockerfile").write_text('FROM debian:12\nCMD ["sh"]\n')
    assert main([str(tmp_path), "--json", "--offline"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [one["code"] for one in found if "takes no argument confg" in one["message"]] == ["D2N606"]
