"""What becomes of the packages that a Dockerfile asks for, from the file to the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEBIAN = "FROM debian:bookworm-slim\n"


def convert(folder: Path, text: str) -> tuple[Mapping[str, Any], str]:
    """The report of a Dockerfile and its nix/packages.nix."""
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    main(["convert", str(folder / "Dockerfile"), "-q", "--name", "x", "--python", "nixpkgs", "--offline"])
    report = json.loads((folder / "nix" / "report.json").read_text(encoding="utf-8"))
    return report, (folder / "nix" / "packages.nix").read_text(encoding="utf-8")


def outcome(report: Mapping[str, Any], name: str) -> tuple[str, str]:
    (found,) = [one for one in report["requirements"] if one["name"] == name]
    return found["outcome"], found["reason"]


def messages(report: Mapping[str, Any], code: str) -> list[str]:
    return [one["message"] for one in report["findings"] if one["code"] == code]


# --- compilers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        pytest.param("RUN apt-get install -y gcc", "gcc", ("nixpkgs", ""), id="nothing-is-built"),
        pytest.param(
            "RUN apt-get install -y gcc\nRUN apt-get install -y jq", "gcc", ("nixpkgs", ""), id="no-builder"
        ),
        pytest.param(
            "RUN apt-get install -y gcc\nRUN pip install x",
            "gcc",
            ("build-only", "used for building in line 3"),
            id="an-install-that-may-compile",
        ),
        pytest.param(
            "RUN apt-get install -y gcc python3 && python3 -m pip install x",
            "gcc",
            ("build-only", "used for building in line 2"),
            id="a-later-command-of-the-same-instruction",
        ),
        pytest.param(
            "RUN pip install x\nRUN apt-get install -y gcc", "gcc", ("nixpkgs", ""), id="an-earlier-install"
        ),
        pytest.param(
            "RUN apt-get install -y gcc && make && apt-get purge -y gcc",
            "gcc",
            ("build-only", "removed again in line 2"),
            id="removed",
        ),
        pytest.param(
            'RUN apt-get install -y cmake\nRUN ./configure\nCMD ["cmake", "--version"]',
            "cmake",
            ("nixpkgs", ""),
            id="run-by-the-image",
        ),
        pytest.param(
            "RUN apt-get install -y golang-go\nRUN pip install x",
            "golang-go",
            ("nixpkgs", ""),
            id="a-language-that-pip-does-not-build-with",
        ),
        pytest.param(
            "RUN apt-get install -y golang-go\nRUN go build -o /x ./...",
            "golang-go",
            ("build-only", "used for building in line 3"),
            id="a-language-that-is-used",
        ),
        pytest.param("RUN apt-get install -y gcc\nRUN ls", "gcc", ("nixpkgs", ""), id="a-mere-question"),
    ],
)
def test_a_compiler_stays_unless_something_shows_that_it_only_builds(
    text: str, name: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    report, packages = convert(tmp_path, f"{DEBIAN}{text}\n")
    assert outcome(report, name) == expected
    assert (f"# {name}\n" in packages) is (expected[0] == "nixpkgs")


def test_a_stage_on_top_may_build_with_what_its_base_installs(tmp_path: Path) -> None:
    text = "FROM debian:bookworm-slim AS base\nRUN apt-get install -y gcc\nFROM base\nRUN make\n"
    assert outcome(convert(tmp_path, text)[0], "gcc") == ("build-only", "used for building in line 4")


def test_what_is_left_out_without_being_removed_is_told_once_for_a_line(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y gcc cmake jq\nRUN pip install flask\n")
    assert messages(report, "D2N216") == ["gcc, cmake: used for building in line 3, and not in the image"]
    assert {one["severity"] for one in report["findings"]} == {"info"}


def test_nothing_is_said_of_a_compiler_that_is_removed(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y gcc && apt-get purge -y gcc\n")
    assert messages(report, "D2N216") == []


# --- headers -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("libpq-dev", "pkgs.libpq # libpq-dev (the library)", id="library-in-the-default-output"),
        pytest.param(
            "libssl-dev", "pkgs.openssl.out # libssl-dev (the library)", id="library-beside-programs"
        ),
        pytest.param("libgdal-dev", "pkgs.gdal # libgdal-dev (the library)", id="headers-beside-the-library"),
        pytest.param("libeigen3-dev", None, id="headers-alone"),
        pytest.param("linux-libc-dev", None, id="headers-of-the-kernel"),
        pytest.param("postgresql-server-dev-15", None, id="headers-of-a-server"),
    ],
)
def test_headers_are_for_building_and_their_library_stays(
    name: str, shown: str | None, tmp_path: Path
) -> None:
    report, packages = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y {name}\n")
    assert outcome(report, name)[0] == "build-only"
    assert ("(the library)" in packages) is (shown is not None)
    assert shown is None or shown in packages


def test_no_library_stays_of_headers_that_are_removed(tmp_path: Path) -> None:
    _, packages = convert(
        tmp_path, f"{DEBIAN}RUN apt-get install -y libpq-dev && apt-get purge -y libpq-dev\n"
    )
    assert "libpq" not in packages


def test_a_library_is_listed_once(tmp_path: Path) -> None:
    _, packages = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y libpq5 libpq-dev\n")
    assert packages.count("pkgs.libpq") == 1


def test_headers_of_a_stage_that_is_copied_from_leave_nothing(tmp_path: Path) -> None:
    text = f"{DEBIAN}RUN apt-get install -y libpq-dev\n{DEBIAN}COPY --from=0 /x /x\n"
    report, packages = convert(tmp_path, text)
    assert outcome(report, "libpq-dev")[0] == "build-only"
    assert "libpq" not in packages


# --- interpreters ------------------------------------------------------------------------------------------------------------


def attributes(report: Mapping[str, Any]) -> dict[str, list[str]]:
    return {one["name"]: one["attributes"] for one in report["requirements"]}


def test_pip_installs_into_the_python_that_pip_came_with(tmp_path: Path) -> None:
    text = "FROM ubuntu:22.04\nRUN apt-get install -y python3-pip python3.11\nRUN pip3 install requests\n"
    report, packages = convert(tmp_path, text)
    assert attributes(report)["requests"] == ["python3Packages.requests"]
    assert packages.count("withPackages") == 1


def test_a_distribution_s_python_is_the_base_image_s_own(tmp_path: Path) -> None:
    text = "FROM python:3.11-slim\nRUN apt-get install -y python3 python3-yaml\n"
    report, packages = convert(tmp_path, text)
    assert attributes(report) == {"python3": ["python311"], "python3-yaml": ["python311Packages.pyyaml"]}
    assert {one["version"] for one in report["requirements"]} >= {"3.11.15"} or report["requirements"][0][
        "version"
    ]
    assert "python3:" not in packages


def test_a_second_python_beside_the_base_image_s_own_is_left_to_a_human(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, "FROM python:3.11-slim\nRUN apt-get install -y python3.12\n")
    assert outcome(report, "python3.12")[0] == "unresolved"
    assert report["requirements"][0]["candidates"] == ["python312"]


def test_a_distribution_s_node_is_the_base_image_s_own(tmp_path: Path) -> None:
    report, packages = convert(tmp_path, "FROM node:22-slim\nRUN apt-get install -y npm\n")
    assert attributes(report) == {"npm": ["nodejs_22"]}
    assert packages.count("nodejs") == 1


def test_only_the_packages_of_an_old_interpreter_come_from_its_release(tmp_path: Path) -> None:
    text = "FROM python:3.9\nRUN apt-get install -y jq\nRUN pip install flask django==2.0\n"
    report, packages = convert(tmp_path, text)
    assert attributes(report) == {
        "jq": ["jq"],
        "flask": ["inputs.nixos-25_05:python39Packages.flask"],
        "django": ["inputs.nixos-25_05:python39Packages.django"],
    }
    assert [bool(one["version"]) for one in report["requirements"]] == [True, False, False]
    assert "pkgs.jq # jq" in packages
    assert "(nixos-25_05.python39.withPackages" in packages


def test_what_nobody_has_verified_is_named_in_one_warning(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, "FROM python:3.9\nRUN pip install flask\nRUN pip install django==2.0\n")
    text = "nixos-25.05 is not indexed: whether it has these packages, and in which versions, is not known"
    assert messages(report, "D2N217") == [f"flask, django==2.0: {text}"]
    assert messages(report, "D2N202") == []


def test_packages_of_python_2_are_left_to_a_human(tmp_path: Path) -> None:
    report, packages = convert(tmp_path, "FROM python:2.7\nRUN pip install numpy pip\n")
    assert [one["outcome"] for one in report["requirements"]] == ["unresolved", "not-needed"]
    assert "withPackages" not in packages


def test_packages_for_pypy_are_joined_with_it(tmp_path: Path) -> None:
    _, packages = convert(tmp_path, "FROM pypy:3.10\nRUN pip install requests\n")
    assert "(pkgs.pypy310.withPackages (ps: [" in packages


# --- versions ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["libssl1.1", "gcc-10", "php7.4-cli", "ruby2.7", "clang-11", "postgresql-client-13", "bolt-16"]
)
def test_another_version_than_the_name_tells_is_no_answer(name: str, tmp_path: Path) -> None:
    report, packages = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y {name}\n")
    assert outcome(report, name)[0] == "unresolved"
    assert f"# UNRESOLVED {name}: nixpkgs does not have this version: " in packages
    assert report["requirements"][0]["candidates"]


def test_a_row_for_a_library_of_another_abi_is_told(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, f"{DEBIAN}RUN apt-get install -y libtiff5\n")
    assert outcome(report, "libtiff5")[0] == "nixpkgs"
    text = "libtiff5: nixpkgs' libtiff does not have libtiff.so.5: what is built for it will not find it"
    assert messages(report, "D2N202") == [text]


def test_the_version_that_is_asked_for_is_the_package_s_not_that_of_its_extras(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, "FROM python:3.13\nRUN pip install 'uvicorn[standard]==0.30.1'\n")
    (message,) = messages(report, "D2N202")
    assert message.startswith("uvicorn==0.30.1 was asked for, nixpkgs has ")


def test_extras_that_nothing_is_known_of_are_told(tmp_path: Path) -> None:
    report, _ = convert(tmp_path, "FROM python:3.13\nRUN pip install 'fastapi[acme]' 'moto[s3,ec2]'\n")
    assert messages(report, "D2N215") == [
        "fastapi: what the extra acme asks for is not known: it is not in the image",
        "moto: what the extras ec2, s3 ask for is not known: it is not in the image",
    ]
    assert report["result"] == "needs-review"


def test_extensions_of_pecl_are_of_the_php_that_apt_installs(tmp_path: Path) -> None:
    text = (
        DEBIAN
        + "RUN apt-get install -y php-pear php8.4-dev && pecl install phalcon\nRUN apt-get install -y php8.4-mongodb\n"
    )
    report, packages = convert(tmp_path, text)
    found = {one["name"]: one["attributes"] for one in report["requirements"]}
    assert found["phalcon"] == ["php84Extensions.phalcon"]
    assert packages.count("withExtensions") == 1
