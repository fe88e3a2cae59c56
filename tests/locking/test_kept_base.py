"""`--keep-base`: what registries say of the base image, what is kept of it, and what is told when nobody can be asked."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.locking.image_config import image_config
from dock2nix.model.image import Healthcheck, ImageConfig
from fakes import HASH
from registry import DIGEST, Registry

if TYPE_CHECKING:
    from pathlib import Path

NAME = "registry.example/acme/web"
CONFIG = {
    "Env": ["PATH=/opt/web/bin:/bin", "ODD=@python3@ ${pkgs.x}"],
    "Entrypoint": ["web"],
    "Cmd": ["serve"],
    "WorkingDir": "/opt/web",
    "User": "web",
    "ExposedPorts": {"80/tcp": {}},
    "Volumes": {"/var/log/web": {}},
    "Labels": {"vendor": "acme"},
    "StopSignal": "SIGQUIT",
}


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry(tmp_path / "registry", NAME)
    found.archive.write_bytes(b"archive")
    found.serve(monkeypatch, CONFIG)
    return found


def convert(folder: Path, dockerfile: str, *options: str) -> dict[str, Any]:
    """The report of a conversion that keeps the base."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile)
    main([str(folder), "--quiet", "--keep-base", *options])
    report: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return report


def codes(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"]]


def test_digest_hash_and_configuration_come_from_the_registry(registry: Registry, tmp_path: Path) -> None:
    report = convert(tmp_path / "app", f"FROM {NAME}:2.1\nENV A=b\nEXPOSE 8080\n")
    base = (tmp_path / "app/nix/base.nix").read_text()
    assert f'imageName = "{NAME}";\n  imageDigest = "{DIGEST}";' in base
    assert 'hash = "sha256-X4yVsHrSpuSNNAwbD+OV7Uk8xCxo71pHYiEbYN6j9GY=";' in base or "fakeHash" not in base
    assert codes(report) == ["D2N251"]
    assert report["result"] == "converted"
    assert report["stages"][0]["outcome"] == "pulled"
    config = report["image"]["config"]
    assert config["Entrypoint"] == ["web"]
    assert config["Cmd"] == ["serve"]
    assert config["ExposedPorts"] == ["80/tcp", "8080/tcp"]
    assert config["Env"] == ["PATH=/opt/web/bin:/bin", "ODD=@python3@ ${pkgs.x}", "A=b"]
    assert "pkgs.python3" not in (tmp_path / "app/nix/image.nix").read_text()
    assert [row["url"] for row in report["fetched"]] == [f"docker://{NAME}:2.1@{DIGEST}"]


def test_what_a_tag_meant_stays_when_nobody_is_asked(registry: Registry, tmp_path: Path) -> None:
    dockerfile = f'FROM {NAME}:2.1\nENTRYPOINT ["a"]\nUSER a\nWORKDIR /a\n'
    before = convert(tmp_path / "app", dockerfile)
    text = (tmp_path / "app/nix/base.nix").read_text()
    after = convert(tmp_path / "app", dockerfile, "--offline")
    assert (tmp_path / "app/nix/base.nix").read_text() == text
    assert after["fetched"] == before["fetched"]
    assert codes(after) == ["D2N251"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (f"{NAME}:2.1@{DIGEST}", ["D2N251", "D2N253", "D2N310"]),
        (f"{NAME}:2.1", ["D2N251", "D2N252", "D2N253"]),
        ("python:3.13-slim", ["D2N251", "D2N252", "D2N253"]),
    ],
    ids=["digest in the Dockerfile", "tag alone", "an image that is known"],
)
def test_without_registry_it_is_said_what_is_missing(
    reference: str, expected: list[str], tmp_path: Path
) -> None:
    report = convert(tmp_path / "app", f"FROM {reference}\nENV A=b\n", "--offline")
    assert sorted(codes(report)) == expected
    assert "pkgs.lib.fakeHash" in (tmp_path / "app/nix/base.nix").read_text()


def test_what_is_known_of_an_image_is_told_to_be_no_more_than_that(tmp_path: Path) -> None:
    report = convert(tmp_path / "app", "FROM python:3.13-slim\n", "--offline")
    told = next(one for one in report["findings"] if one["code"] == "D2N253")
    assert told["severity"] == "warning"
    assert report["image"]["config"]["Cmd"] == ["python3"]
    assert report["image"]["config"]["Env"] == []


def test_an_image_that_the_registry_does_not_have_is_an_error_with_its_words(
    registry: Registry, tmp_path: Path
) -> None:
    registry.archive.unlink()
    report = convert(tmp_path / "app", f"FROM {NAME}:2.1\n")
    assert any(one["code"] == "D2N252" and "manifest unknown" in one["message"] for one in report["findings"])


def test_the_shell_of_the_base_is_that_of_what_stands_on_it(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.serve(
        monkeypatch, CONFIG | {"Shell": ["/bin/bash", "-c"], "Healthcheck": {"Test": ["CMD", "x"]}}
    )
    dockerfile = f"FROM {NAME}:2.1\nCMD serve\n"
    for options in ((), ("--offline",)):
        config = convert(tmp_path / "app", dockerfile, *options)["image"]["config"]
        assert config["Cmd"] == ["/bin/bash", "-c", "serve"]
        assert config["Healthcheck"] == {"Test": ["CMD", "x"]}


def test_triggers_of_the_base_are_replayed_before_what_stands_on_it(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.serve(monkeypatch, CONFIG | {"OnBuild": ["WORKDIR /app", "COPY page .", "ENV A=1"]})
    (tmp_path / "app").mkdir()
    (tmp_path / "app/page").write_text("x")
    report = convert(tmp_path / "app", f"FROM debian AS other\nFROM {NAME}:2.1\nENV B=$A\n")
    assert report["image"]["config"]["Env"][-2:] == ["A=1", "B=1"]
    assert report["image"]["config"]["WorkingDir"] == "/app"
    assert "${../page} app/page" in (tmp_path / "app/nix/image.nix").read_text()
    assert ("D2N109", "info") in [(one["code"], one["severity"]) for one in report["findings"]]


@pytest.mark.parametrize(
    "trigger", ["FROM debian", "ONBUILD ENV A=1", "COPY", "NONSENSE x", "ENV A=1\nFROM x"]
)
def test_triggers_that_cannot_be_are_told(
    trigger: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.serve(monkeypatch, CONFIG | {"OnBuild": [trigger]})
    report = convert(tmp_path / "app", f"FROM {NAME}:2.1\n")
    assert ("D2N109", "warning") in [(one["code"], one["severity"]) for one in report["findings"]]


@pytest.mark.parametrize(
    ("dockerfile", "options", "words"),
    [
        ("FROM scratch\nCOPY . /\n", [], "stands on scratch"),
        ("FROM debian\n", ["--image-builder", "buildImage"], "buildImage cannot express it"),
    ],
    ids=["scratch", "buildImage"],
)
def test_what_cannot_be_kept_is_refused(
    dockerfile: str, options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    assert main([str(tmp_path), "--keep-base", "--offline", *options]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "flake.nix").exists()


def test_an_architecture_decides_which_image_is_asked_for(registry: Registry, tmp_path: Path) -> None:
    convert(tmp_path / "app", f"FROM {NAME}:2.1\n", "--platform", "linux/arm64")
    assert registry.asked
    assert all("--override-arch arm64" in line for line in registry.asked)
    assert 'arch = "arm64";' in (tmp_path / "app/nix/base.nix").read_text()
    flake = (tmp_path / "app/flake.nix").read_text()
    assert "aarch64-linux" in flake
    assert "x86_64-linux" not in flake


def test_packages_and_accounts_go_onto_the_base(registry: Registry, tmp_path: Path) -> None:
    app = tmp_path / "app"
    convert(app, f"FROM {NAME}:2.1\nRUN apt-get install -y curl libpq5 && adduser --system app\nUSER app\n")
    image, packages = (app / "nix/image.nix").read_text(), (app / "nix/packages.nix").read_text()
    assert "add_programs ${programs}" in image
    assert "new_user app" in image
    assert "copyToRoot" not in image
    assert "coreutils" not in packages
    assert "curl" in packages


def test_libraries_that_the_base_does_not_find_are_told(registry: Registry, tmp_path: Path) -> None:
    report = convert(tmp_path / "app", f"FROM {NAME}:2.1\nRUN apt-get install -y libpq5 curl\n")
    told = [one["message"] for one in report["findings"] if one["code"] == "D2N254"]
    assert [one.partition(":")[0] for one in told] == ["libpq5"]


def test_the_program_that_asks_gets_no_words_of_the_dockerfile_as_options(
    registry: Registry, tmp_path: Path
) -> None:
    convert(tmp_path / "app", f"FROM {NAME}:2.1\n")
    words = [word for line in registry.asked for word in line.split() if NAME in word]
    assert words
    assert all(word.startswith(("docker://", "docker-archive:")) for word in words)


def test_check_converts_as_was_converted(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convert(tmp_path / "app", f'FROM {NAME}:2.1\nENTRYPOINT ["a"]\nUSER a\nWORKDIR /a\n')
    capsys.readouterr()
    assert main(["check", str(tmp_path / "app")]) == 0, capsys.readouterr()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ImageConfig()),
        ({"Env": None, "Cmd": None, "ExposedPorts": None, "Labels": None}, ImageConfig()),
        ({"Env": ["A=b=c", "D=", "E", 3]}, ImageConfig(env=(("A", "b=c"), ("D", "")))),
        ({"Cmd": "ls", "User": 3, "Volumes": ["/a"]}, ImageConfig()),
        (
            {"Healthcheck": {"Test": ["CMD", "x"], "Interval": 5, "Retries": True, "Timeout": -1}},
            ImageConfig(healthcheck=Healthcheck(test=("CMD", "x"), interval=5)),
        ),
    ],
)
def test_configurations_of_registries_are_read_as_far_as_they_have_the_form(
    data: dict[str, Any], expected: ImageConfig
) -> None:
    assert image_config(data) == expected


def test_hashes_that_lock_fills_in_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    dockerfile = f"FROM {NAME}:2.1@{DIGEST}\n"
    report = convert(tmp_path / "app", dockerfile, "--offline")
    row = next(one for one in report["hashes"] if one["file"] == "nix/base.nix")
    assert row["attribute"] == "hash"
    row["hash"] = HASH
    (tmp_path / "app/nix/report.json").write_text(json.dumps(report))
    after = convert(tmp_path / "app", dockerfile, "--offline")
    assert f'hash = "{HASH}"' in (tmp_path / "app/nix/base.nix").read_text()
    assert "D2N310" not in codes(after)


def test_the_bill_of_materials_names_the_image_and_says_that_it_is_not_looked_into(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {NAME}:2.1@{DIGEST}\nRUN apt-get install -y curl\n")
    capsys.readouterr()
    assert main(["sbom", str(tmp_path), "--keep-base", "--offline"]) == 1
    told = capsys.readouterr()
    found = {one.get("purl", "") for one in json.loads(told.out)["components"]}
    image = f"pkg:oci/web@{DIGEST}?repository_url={NAME}&tag=2.1"
    assert image in {one.replace("%2F", "/") for one in found}
    assert "published base image" in told.err + told.out


@pytest.mark.parametrize(("image", "severity"), [("python:3.13-slim", "warning"), ("acme/torch:2", "error")])
def test_an_interpreter_that_takes_the_place_of_the_bases_is_told(
    image: str, severity: str, tmp_path: Path
) -> None:
    report = convert(tmp_path, f"FROM {image}\nRUN pip install flask\n", "--offline", "--python", "nixpkgs")
    told = [one["severity"] for one in report["findings"] if one["code"] == "D2N256"]
    assert told == [severity]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('"hash": "' + HASH + '"', HASH),
        # of the empty file, as `nix-hash --type sha256 --base32` has it
        (
            '"sha256": "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"',
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        ),
        ('"sha256": "0000"', ""),
        ('"hash": 3', ""),
    ],
    ids=["SRI", "base 32", "too short", "a number"],
)
def test_the_tool_of_nixpkgs_tells_digest_and_hash(
    said: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tools/nix-prefetch-docker"
    tool.parent.mkdir()
    answer = f'{{"imageName": "{NAME}", "imageDigest": "{DIGEST}", {said}}}'
    tool.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\ncat <<'END'\n{answer}\nEND\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    report = convert(tmp_path / "app", f'FROM {NAME}:2.1\nENTRYPOINT ["a"]\nUSER a\nWORKDIR /a\n')
    base = (tmp_path / "app/nix/base.nix").read_text()
    asked = (tmp_path / "asked").read_text()
    assert f"--image-name {NAME} --image-tag 2.1 --os linux --arch amd64" in asked
    assert (f'hash = "{expected}"' in base and DIGEST in base) is bool(expected)
    assert codes(report) == (["D2N251"] if expected else ["D2N251", "D2N252"])
