"""Versions of packages that the Dockerfile asks for: nixpkgs' recipe with the distribution's sources of that version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deb_archive import MadeDeb, MadeSource, archive
from dock2nix.cli import main
from dock2nix.locking.debs import archive as archives
from file_server import Answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CURL = MadeDeb(name="curl", version="7.88.1-10+deb12u5")
BINARY_ONLY = MadeDeb(name="tree", version="2.1.0-1+b2", fields={"Source": "tree (2.1.0-1)"})
GZIP = MadeDeb(name="gzip", version="1.12-1")
NATIVE = MadeDeb(name="jq", version="1.6-2")
SOURCES = (
    MadeSource(
        name="curl",
        version="7.88.1-10+deb12u5",
        files={
            "curl_7.88.1.orig.tar.gz": b"curl",
            "curl_7.88.1-10.debian.tar.xz": b"patches",
            "curl_7.88.1.orig.tar.gz.asc": b"",
        },
    ),
    MadeSource(name="curl", version="7.74.0-1", files={"curl_7.74.0.orig.tar.gz": b"older"}),
    MadeSource(name="tree", version="2.1.0-1", files={"tree_2.1.0.orig.tar.gz": b"tree"}),
    MadeSource(name="gzip", version="1.12-1", files={"gzip_1.12.orig.tar.xz": b"gzip"}),
    MadeSource(
        name="jq", version="1.6-2", files={"jq_1.6.orig.tar.gz": b"1", "jq_1.6.orig-part.tar.gz": b"2"}
    ),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(archives, "machine_keyrings", dict)
    monkeypatch.setattr(archives, "machine_mirrors", tuple)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def answers() -> Answers:
    return Answers(files=archive(CURL, BINARY_ONLY, GZIP, NATIVE, sources=SOURCES))


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    with serving(answers) as address:
        yield address


def convert(folder: Path, packages: str, *options: str) -> tuple[dict[str, Any], str]:
    """The report of a conversion and its list of packages."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM debian:12\nRUN apt-get install -y {packages}\n")
    main([str(folder), "--quiet", *options])
    return json.loads((folder / "nix/report.json").read_text()), (folder / "nix/packages.nix").read_text()


def codes(report: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in report["findings"]}


def test_by_default_the_version_is_nixpkgs_and_the_difference_told(
    tmp_path: Path, server: str, answers: Answers
) -> None:
    report, packages = convert(tmp_path / "app", "curl=7.88.1-10+deb12u5", "--debian-mirror", server)
    assert "D2N202" in codes(report)
    assert "  pkgs.curl # curl" in packages
    assert not answers.requests


@pytest.mark.parametrize(
    ("asked", "attribute", "version", "file"),
    [
        pytest.param("curl=7.88.1-10+deb12u5", "curl", "7.88.1", "curl_7.88.1.orig.tar.gz", id="one-version"),
        pytest.param("curl=7.88.*", "curl", "7.88.1", "curl_7.88.1.orig.tar.gz", id="a-pattern"),
        pytest.param(
            "tree=2.1.0-1+b2", "tree", "2.1.0", "tree_2.1.0.orig.tar.gz", id="built-again-by-debian"
        ),
        pytest.param("gzip=1.12-1", "gzip", "1.12", "gzip_1.12.orig.tar.xz", id="of-the-base"),
    ],
)
def test_recipe_gets_the_sources_of_the_version(
    tmp_path: Path, server: str, asked: str, attribute: str, version: str, file: str
) -> None:
    report, packages = convert(tmp_path / "app", asked, "--pin", "exact", "--debian-mirror", server)
    assert f'(pkgs.{attribute}.overrideAttrs (_: {{\n    version = "{version}";' in packages
    assert f"/pool/main/{attribute[0]}/{attribute}/{file}" in packages
    assert f"  pkgs.{attribute}\n" not in packages
    assert "D2N265" in codes(report)
    assert "D2N202" not in codes(report)
    row = report["requirements"][0]
    assert (row["version"], row["attributes"]) == (version, [attribute])
    assert {one["hash"] for one in report["fetched"]} == {row["hash"]}


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        pytest.param("curl=7.64.0-4", "bookworm has 7.88.1-10+deb12u5", id="another-release"),
        pytest.param("wget=1.0-1", "has no such package", id="not-there"),
        pytest.param("jq=1.6-2", "does not have the sources", id="sources-in-parts"),
    ],
)
def test_what_no_archive_has_stays_as_it_is_and_is_told(
    tmp_path: Path, server: str, asked: str, reason: str
) -> None:
    report, packages = convert(tmp_path / "app", asked, "--pin", "exact", "--debian-mirror", server)
    assert "overrideAttrs" not in packages
    assert reason in "\n".join(one["message"] for one in report["findings"] if one["code"] == "D2N262")
    assert "D2N202" in codes(report)


def test_a_version_that_nixpkgs_has_asks_nobody(tmp_path: Path, server: str, answers: Answers) -> None:
    report, _ = convert(tmp_path / "first", "curl")
    version = report["requirements"][0]["version"]
    _, packages = convert(tmp_path / "app", f"curl={version}-1", "--pin", "exact", "--debian-mirror", server)
    assert "overrideAttrs" not in packages
    assert not answers.requests


def test_second_conversion_keeps_the_sources_and_asks_nobody(
    tmp_path: Path, server: str, answers: Answers
) -> None:
    options = ("curl=7.88.*", "--pin", "exact", "--debian-mirror", server)
    first = convert(tmp_path / "app", *options)
    answers.requests.clear()
    assert convert(tmp_path / "app", *options) == first
    assert not answers.requests
    assert main(["check", str(tmp_path / "app")]) == 0
