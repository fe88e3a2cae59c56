"""`# dock2nix:` comments take effect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def convert(folder: Path, text: str, *options: str) -> tuple[int, dict[str, Any]]:
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{text}\n", encoding="utf-8")
    code = main(["convert", str(folder / "Dockerfile"), "-q", "--name", "x", *options])
    return code, json.loads((folder / "nix" / "report.json").read_text(encoding="utf-8"))


def outcome_of(report: dict[str, Any], name: str) -> tuple[str, list[str]]:
    (found,) = [one for one in report["requirements"] if one["name"] == name]
    return found["outcome"], found["attributes"]


def findings_of(report: dict[str, Any], code: str) -> list[tuple[int, str, str]]:
    return [
        (one["line"], one["severity"], one["message"]) for one in report["findings"] if one["code"] == code
    ]


# --- map ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mapping", "attributes", "outputs"),
    [
        pytest.param("acme=pkgs.hello", ["hello"], [], id="an attribute"),
        pytest.param("acme=hello,zlib", ["hello", "zlib"], [], id="two"),
        pytest.param("acme=pkgs.zlib.dev", ["zlib"], ["dev"], id="an output in Nix's way"),
        pytest.param("apt:acme=zlib^dev", ["zlib"], ["dev"], id="an output as in tables"),
        pytest.param(
            "acme=python312Packages.flask", ["python312Packages.flask"], [], id="of a set that is not indexed"
        ),
    ],
)
def test_a_name_is_mapped(mapping: str, attributes: list[str], outputs: list[str], tmp_path: Path) -> None:
    _, report = convert(tmp_path, f"# dock2nix: map {mapping}\nRUN apt-get install -y acme")
    (found,) = report["requirements"]
    assert (found["attributes"], found["outputs"]) == (attributes, outputs)
    assert (found["origin"], found["evidence"]) == ("override", "comment in line 2")


def test_a_mapping_holds_in_the_whole_file(tmp_path: Path) -> None:
    text = "RUN apt-get install -y acme\n# dock2nix: map acme=hello\nRUN pip install Acme"
    assert [one["attributes"] for one in convert(tmp_path, text)[1]["requirements"]] == [["hello"], ["hello"]]


def test_a_mapping_of_one_manager_holds_for_that_one(tmp_path: Path) -> None:
    text = "# dock2nix: map apt:curl=hello\nRUN apt-get install -y curl && apk add curl"
    assert [one["attributes"] for one in convert(tmp_path, text)[1]["requirements"]] == [["hello"], ["curl"]]


def test_a_mapping_wins_over_dock2nix_toml(tmp_path: Path) -> None:
    (tmp_path / "dock2nix.toml").write_text('[apt]\ncurl = "curlMinimal"\n', encoding="utf-8")
    _, report = convert(tmp_path, "# dock2nix: map curl=hello\nRUN apt-get install -y curl")
    assert outcome_of(report, "curl") == ("nixpkgs", ["hello"])


def test_a_mapping_to_what_nixpkgs_has_not_counts_for_nothing(tmp_path: Path) -> None:
    code, report = convert(tmp_path, "# dock2nix: map curl=helo\nRUN apt-get install -y curl")
    assert code == 1
    assert outcome_of(report, "curl") == ("nixpkgs", ["curl"])
    assert findings_of(report, "D2N120")[0][:2] == (2, "warning")


def test_a_command_is_mapped(tmp_path: Path) -> None:
    convert(tmp_path, "# dock2nix: map command:acme-server=hello\nCMD acme-server")
    assert "pkgs.hello # acme-server" in (tmp_path / "nix" / "packages.nix").read_text(encoding="utf-8")


# --- build-only and keep -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotation", "run", "name", "outcome"),
    [
        pytest.param("build-only jq", "apt-get install -y jq", "jq", "build-only", id="build-only"),
        pytest.param(
            "keep apt:gcc", "apt-get install -y gcc && make", "gcc", "nixpkgs", id="keep a compiler"
        ),
        pytest.param(
            "keep libpq-dev", "apt-get install -y libpq-dev", "libpq-dev", "nixpkgs", id="keep headers"
        ),
        pytest.param(
            "keep jq",
            "apt-get install -y jq && apt-get purge -y jq",
            "jq",
            "nixpkgs",
            id="keep what is removed",
        ),
        pytest.param(
            "keep gnupg", "apt-get install -y gnupg", "gnupg", "nixpkgs", id="keep what nothing uses"
        ),
    ],
)
def test_the_user_says_what_the_image_holds(
    annotation: str, run: str, name: str, outcome: str, tmp_path: Path
) -> None:
    _, without = convert(tmp_path, f"RUN {run}")
    assert outcome_of(without, name)[0] != outcome
    (tmp_path / "again").mkdir()
    _, report = convert(tmp_path / "again", f"# dock2nix: {annotation}\nRUN {run}")
    assert outcome_of(report, name)[0] == outcome
    assert findings_of(report, "D2N121") == []
    shown = (tmp_path / "again" / "nix" / "packages.nix").read_text(encoding="utf-8")
    assert (f"# {name}" in shown) is (outcome == "nixpkgs")


def test_nothing_of_another_stage_is_kept(tmp_path: Path) -> None:
    text = "# dock2nix: keep jq\nRUN apt-get install -y jq\nFROM debian\nCOPY --from=0 /x /x"
    assert outcome_of(convert(tmp_path, text)[1], "jq")[0] == "build-only"


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        pytest.param("keep nosuch", "nosuch: no package of that name", id="keep a name nobody asks for"),
        pytest.param("build-only nosuch", "nosuch: no package of that name", id="build-only likewise"),
        pytest.param("map nosuch=hello", "nosuch: no package of that name", id="map likewise"),
        pytest.param(
            "keep apt-utils", "keep apt-utils: there is nothing to keep", id="keep what means nothing"
        ),
        pytest.param("ignore=D2N202 x", "there is no such finding in line 3", id="ignore what is not said"),
    ],
)
def test_an_annotation_that_meets_nothing_is_a_remark(annotation: str, message: str, tmp_path: Path) -> None:
    code, report = convert(tmp_path, f"# dock2nix: {annotation}\nRUN apt-get install -y apt-utils")
    ((line, severity, said),) = findings_of(report, "D2N121")
    assert (line, severity, code) == (2, "info", 0)
    assert message in said


# --- ignore ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "run"),
    [
        pytest.param("D2N202", "apt-get install -y curl=1.2", id="a version"),
        pytest.param("unmapped-package", "apt-get install -y acme-tool-x", id="a package"),
        pytest.param("D2N301", "make install", id="a command"),
        pytest.param("D2N301", "make a | sort && make b", id="commands of one instruction"),
        pytest.param("D2N301,D2N202", "make install && apt-get install -y curl=1.2", id="several"),
    ],
)
@pytest.mark.parametrize("options", [pytest.param((), id="plain"), pytest.param(("--strict",), id="strict")])
def test_an_ignored_finding_asks_nothing_of_anybody(
    codes: str, run: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    code, report = convert(tmp_path, f"# dock2nix: ignore={codes} done by hand\nRUN {run}", *options)
    ignored = [one for one in report["findings"] if one["message"].endswith("(ignored: done by hand)")]
    assert len(ignored) >= len(codes.split(","))
    assert {one["severity"] for one in ignored} == {"info"}
    assert (code, report["result"]) == (0, "converted")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# dock2nix: ignore=D2N202 x\nRUN make install", id="another code"),
        pytest.param("# dock2nix: ignore=D2N301 x\nRUN make a\nRUN make b", id="another instruction"),
    ],
)
def test_nothing_else_is_ignored(text: str, tmp_path: Path) -> None:
    code, report = convert(tmp_path, text)
    assert code == 1
    assert [severity for _, severity, _ in findings_of(report, "D2N301")][-1] == "error"
