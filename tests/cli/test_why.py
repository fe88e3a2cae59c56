"""`dock2nix why`: the decision, the evidence, the other candidates, and a row that gives the decision again."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.catalogue.overrides import read_overrides
from dock2nix.cli import main
from dock2nix.cli.image_toml import image_row
from dock2nix.parse.references import image_reference

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def why(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["why", *arguments])
    return code, capsys.readouterr().out


def why_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(why(capsys, *arguments, "--json")[1])
    return found


@pytest.mark.parametrize(
    ("subject", "attributes", "outcome"),
    [
        pytest.param("apt:curl", ["curl"], "nixpkgs", id="apt"),
        pytest.param("apt:libpq-dev", ["libpq"], "build-only", id="apt headers"),
        pytest.param("apt:apt-utils", [], "not-needed", id="apt without meaning"),
        pytest.param("apk:curl", ["curl"], "nixpkgs", id="apk"),
        pytest.param("dnf:curl", ["curl"], "nixpkgs", id="dnf"),
        pytest.param("yum:curl", ["curl"], "nixpkgs", id="yum"),
        pytest.param("zypper:curl", ["curl"], "nixpkgs", id="zypper"),
        pytest.param("pip:Flask", ["python3Packages.flask"], "nixpkgs", id="pip, normalized"),
        pytest.param("npm:typescript@5", ["typescript"], "nixpkgs", id="npm with a version"),
        pytest.param("apt:no-such-package", [], "unresolved", id="unknown"),
    ],
)
def test_a_package_is_decided_as_in_a_dockerfile(
    subject: str, attributes: list[str], outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = why_json(capsys, subject)
    assert (found["attributes"], found["outcome"]) == (attributes, outcome)
    assert found["package"] == subject


def test_the_interpreter_decides_which_python_set_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "pip:flask", "--interpreter", "python312")
    assert found["attributes"] == ["python312Packages.flask"]


def test_what_has_no_answer_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert why(capsys, "apt:no-such-package")[0] == 1
    assert why(capsys, "apt:curl")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["curl"], id="no kind"),
        pytest.param(["apt:"], id="no name"),
        pytest.param(["brew:curl"], id="unknown kind"),
        pytest.param(["apt:curl-"], id="no package to install"),
        pytest.param(["apt:^x"], id="not a name"),
        pytest.param(["image:Not An Image"], id="no image reference"),
        pytest.param(["pip:flask", "--interpreter", "python2.7"], id="interpreter that is not there"),
        pytest.param(["apt:curl", "--config", "nowhere.toml"], id="missing configuration"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", *arguments]) == 2
    assert capsys.readouterr().err.startswith("dock2nix: error: ")


def test_the_text_shows_decision_evidence_and_row(capsys: pytest.CaptureFixture[str]) -> None:
    text = why(capsys, "apt:libpq-dev")[1]
    assert "decision    pkgs.libpq.dev" in text
    assert "because     mappings/apt.toml" in text
    assert '[apt]\n  libpq-dev = { attribute = "libpq", outputs = ["dev"], build_only = true }' in text


def test_a_version_that_is_not_had_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "nodejs=1.* was asked for" in why(capsys, "apt:nodejs=1.*")[1]


def test_a_package_that_is_kept_for_a_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "left out unless one of these is used later: gpg" in why(capsys, "apt:gnupg")[1]


def test_other_candidates_have_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    candidates = why_json(capsys, "zypper:curl")["candidates"]
    assert {"attribute": "curlMinimal", "why": "has the command curl"}.items() <= candidates[
        0
    ].items() or any(one["attribute"] == "curlMinimal" for one in candidates)
    assert "curl" not in [one["attribute"] for one in candidates]


def test_rows_in_the_current_folder_win(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty_folder / "dock2nix.toml").write_text(
        '[apt]\nno-such-package = { attribute = "hello", reason = "ours" }\n', encoding="utf-8"
    )
    found = why_json(capsys, "apt:no-such-package")
    assert (found["attributes"], found["origin"]) == (["hello"], "override")
    assert found["evidence"] == "dock2nix.toml: ours"


# --- the row -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("apt:curl", id="one attribute"),
        pytest.param("apt:libpq-dev", id="an output, for building"),
        pytest.param("apt:build-essential", id="several, outside of the index"),
        pytest.param("apt:ca-certificates", id="with environment"),
        pytest.param("apt:apt-utils", id="without meaning"),
        pytest.param("apt:terraform", id="unfree"),
        pytest.param("dnf:perl(DBI)", id="a name in quotes"),
        pytest.param("pip:requests", id="of a Python set"),
        pytest.param("npm:typescript", id="npm"),
    ],
)
def test_the_row_gives_the_decision_again(
    subject: str, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = why_json(capsys, subject)
    row = before["row"]
    (empty_folder / "dock2nix.toml").write_text(f"[{row['table']}]\n{row['text']}\n", encoding="utf-8")
    after = why_json(capsys, subject)
    for key in ("outcome", "attributes", "outputs"):
        assert after[key] == before[key]
    assert after["origin"] == "override"


def test_the_row_of_an_unknown_name_names_a_candidate_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    near = why_json(capsys, "apt:postgresq-client-common-xyz")["row"]["text"]
    assert tomllib.loads(near)
    nothing = why_json(capsys, "apt:qqqzzzxxx")["row"]["text"]
    assert "not_needed" in nothing


# --- images ------------------------------------------------------------------------------------------------------------------


def test_an_image_shows_what_its_children_inherit(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "image:python:3.11-slim")
    assert found["interpreter"] == "python311"
    assert "coreutils" in found["attributes"]
    assert found["config"]["Cmd"] == ["python3"]
    assert found["distribution"] == "debian"
    text = why(capsys, "image:python:3.11-slim")[1]
    for part in ("pkgs.python311", 'Cmd ["python3"]', "debian trixie", "www-data (33:33", "python:3.12"):
        assert part in text


def test_scratch_is_known_to_be_empty(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "image:scratch")
    assert (found["outcome"], found["attributes"]) == ("not-needed", [])


def test_an_image_with_unfree_packages_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert why_json(capsys, "image:hashicorp/terraform:1.5")["unfree"] == ["terraform"]
    assert "allowed by name in flake.nix: terraform" in why(capsys, "image:hashicorp/terraform:1.5")[1]


def test_a_name_that_tells_the_version_is_read_like_a_tag(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "image:registry.access.redhat.com/ubi9/python-311:1-77")
    assert found["interpreter"] == "python311"
    assert found["config"]["User"] == "1001"


def test_an_old_image_shows_channel_and_difference(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "image:python:3.8")
    assert found["channel"] == "nixos-23.11"
    assert "python 3.8 is gone" in found["outdated"]


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        pytest.param("image:acme/base:1", "no row for the repository acme/base", id="repository"),
        pytest.param("image:python:3-mystery", "has a word that is not known", id="word"),
        pytest.param("image:python:1.5", "asks for a version without a row", id="version"),
    ],
)
def test_an_unknown_image_says_what_is_unknown(
    subject: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = why_json(capsys, subject)
    assert found["outcome"] == "unresolved"
    assert reason in found["reason"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=text)
        for text in ("acme/base:1", "python:3-mystery", "python:1.5-alpine", "acme/python:2")
    ],
)
def test_the_row_of_an_unknown_image_makes_it_known(
    text: str, empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = why_json(capsys, f"image:{text}")["row"]
    header = f"[{row['table']}]\n" if row["table"] else ""
    (empty_folder / "dock2nix.toml").write_text(header + row["text"] + "\n", encoding="utf-8")
    assert why_json(capsys, f"image:{text}")["outcome"] == "nixpkgs"


IMAGES = BaseImages.load()
REFERENCES = (
    *IMAGES.repositories(),
    *("python:3.11-slim-bookworm", "python:3.8-alpine", "node:20-alpine3.19", "node:16-slim", "golang:1.22"),
    *("eclipse-temurin:17-jre", "mcr.microsoft.com/dotnet/sdk:8.0", "php:8.2-apache", "ruby:3.3-slim"),
    *(
        "maven:3.9-eclipse-temurin-17",
        "ubuntu:22.04",
        "debian:bookworm-slim",
        "alpine:3.20",
        "postgres:16-alpine",
    ),
)


@pytest.mark.parametrize("text", REFERENCES)
def test_the_row_of_a_known_image_gives_the_image_again(text: str, tmp_path: Path) -> None:
    reference = image_reference(text)
    assert reference is not None
    image = IMAGES.lookup(reference)
    if image is None:  # a repository without a default version
        assert not reference.tag
        return
    path = tmp_path / "own.toml"
    path.write_text(image_row(image, IMAGES).shown + "\n", encoding="utf-8")
    again = BaseImages.load(overrides=read_overrides(path).images).lookup(reference)
    assert again is not None
    assert set(again.packages) == set(image.packages)
    assert again.unfree == image.unfree
    assert (again.interpreter, again.language, again.channel) == (
        image.interpreter,
        image.language,
        image.channel,
    )
    assert (again.distribution, again.release) == (image.distribution, image.release)
    assert dict(again.config.env) == dict(image.config.env)
    assert (again.config.cmd, again.config.entrypoint) == (image.config.cmd, image.config.entrypoint)
    assert (again.config.user, again.config.working_dir) == (image.config.user, image.config.working_dir)
    assert set(again.users) == set(image.users)
    assert set(again.groups) == set(image.groups)


# --- commands ----------------------------------------------------------------------------------------------------------------


def test_a_command_shows_all_that_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "command:psql")
    assert found["attributes"] == ["postgresql"]
    assert "postgresql_16" in [one["attribute"] for one in found["candidates"]]


def test_a_command_that_many_packages_have_is_a_matter_of_choice(capsys: pytest.CaptureFixture[str]) -> None:
    found = why_json(capsys, "command:mysqld")
    assert found["outcome"] == "unresolved"
    assert {"mariadb", "mysql84"} <= {one["attribute"] for one in found["candidates"]}


def test_the_users_row_decides_on_a_command(empty_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (empty_folder / "dock2nix.toml").write_text('[commands]\nmysqld = "mysql84"\n', encoding="utf-8")
    assert why_json(capsys, "command:mysqld")["attributes"] == ["mysql84"]
