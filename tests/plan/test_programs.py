"""Programs that an image runs: those it has, those that are added, those that are missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.plan.programs import obvious_provider
from fakes import FakeCatalogue, attribute, row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.catalogue.base import CuratedPackage


# --- who has it --------------------------------------------------------------------------------------------------------------


def choice(
    name: str, providers: tuple[str, ...], curated: tuple[CuratedPackage, ...] = ()
) -> tuple[str, str] | None:
    catalogue = FakeCatalogue(
        (
            attribute("jq", outputs=("bin", "dev", "out"), main_program="jq"),
            attribute("tools", programs=("one", "two")),
            attribute("postgresql"),
            attribute("server", main_program="server"),
            attribute("split", outputs=("bin", "dev", "extra"), main_program="split"),
        ),
        providers={("command", name): providers},
        curated={"commands": curated},
    )
    found = obvious_provider(name, catalogue)
    return (found.attribute_path, found.output) if found else None


@pytest.mark.parametrize(
    ("name", "providers", "expected"),
    [
        pytest.param("jq", ("jq bin", "other"), ("jq", ""), id="called so, in its default output"),
        pytest.param("split", ("split extra",), ("split", "extra"), id="in another output"),
        pytest.param("one", ("tools",), ("tools", ""), id="nothing else has it"),
        pytest.param("one", ("tools", "other"), None, id="two have it"),
        pytest.param(
            "psql",
            ("postgresql", "postgresql_16", "postgresql_17_jit"),
            ("postgresql", ""),
            id="versions of one",
        ),
        pytest.param(
            "one", ("tools", "busybox", "toybox", "uutils-coreutils"), ("tools", ""), id="collections"
        ),
        pytest.param("one", ("pythonPackages.tools",), None, id="a member of a set"),
        pytest.param("server", ("server",), None, id="a name that projects use"),
        pytest.param("nothing", (), None, id="nobody"),
    ],
)
def test_a_provider_is_obvious(
    name: str, providers: tuple[str, ...], expected: tuple[str, str] | None
) -> None:
    assert choice(name, providers) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(row("one", "jq"), ("jq", ""), id="a package"),
        pytest.param(row("one", ("split", ("extra",))), ("split", "extra"), id="with output"),
        pytest.param(row("one", not_needed=True, reason="ours"), None, id="none"),
    ],
)
def test_a_row_decides(found: CuratedPackage, expected: tuple[str, str] | None) -> None:
    assert choice("one", ("tools",), (found,)) == expected


# --- the whole way -----------------------------------------------------------------------------------------------------------


def converted(folder: Path, text: str, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    for name, content in (files or {}).items():
        (folder / name).write_text(content, encoding="utf-8")
    main(["convert", str(folder / "Dockerfile"), "-q"])
    found: dict[str, Any] = json.loads((folder / "nix" / "report.json").read_text(encoding="utf-8"))
    return found | {"packages": (folder / "nix" / "packages.nix").read_text(encoding="utf-8")}


def said(report: dict[str, Any], code: str) -> list[tuple[str, str]]:
    """(program, severity) of the findings of that code."""
    return [
        (one["message"].split(" ")[0], one["severity"]) for one in report["findings"] if one["code"] == code
    ]


SLIM = "FROM debian:bookworm-slim\n"
SCRIPT = 'COPY entry.sh /\nENTRYPOINT ["/entry.sh"]\n'


def test_what_a_script_calls_is_added_with_its_place(tmp_path: Path) -> None:
    report = converted(tmp_path, SLIM + SCRIPT, {"entry.sh": "#!/bin/bash\nset -e\nhostname -f\ndig x\n"})
    assert said(report, "D2N221") == [("dig", "info"), ("hostname", "info")]
    assert "pkgs.dnsutils # dig, called in entry.sh:4" in report["packages"]
    assert report["result"] == "converted"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("FROM python:3.12-slim\nCMD python3 x\n", "python3", id="the base image's interpreter"),
        pytest.param("FROM python:3.8-slim\nCMD python3 x\n", "python3", id="one of an old release"),
        pytest.param("FROM node:16\nCMD npm start\n", "npm", id="another of an old release"),
        pytest.param("FROM alpine\nCMD crond -f\n", "crond", id="busybox"),
        pytest.param(f"{SLIM}CMD sha256sum x\n", "sha256sum", id="one of very many"),
        pytest.param(f"{SLIM}RUN apt-get install -y curl\nCMD curl x\n", "curl", id="what is installed"),
        pytest.param(
            f"{SLIM}RUN apt-get install -y python3-pip\nRUN pip install flask\nCMD python3 x\n",
            "python3",
            id="under Python packages",
        ),
        pytest.param(
            "FROM python:3.12\nRUN pip install gunicorn\nCMD gunicorn x\n", "gunicorn", id="a Python package"
        ),
        pytest.param(f"{SLIM}RUN ln -s /bin/cat /usr/local/bin/jq\nCMD jq\n", "jq", id="a link"),
        pytest.param(f"{SLIM}COPY jq /usr/local/bin/\nCMD jq\n", "jq", id="a copied file"),
        pytest.param(f"{SLIM}COPY jq.* /usr/bin/jq\nCMD jq\n", "jq", id="a copy that is empty here"),
        pytest.param(f"{SLIM}RUN curl -o /usr/bin/jq https://x.example/jq\nCMD jq\n", "jq", id="a download"),
        pytest.param(
            f"{SLIM}RUN apt-get install -y acme-tool\nCMD acme-tool\n", "acme-tool", id="an unknown package"
        ),
        pytest.param("FROM eclipse-temurin:8\nCMD java x\n", "java", id="another language of an old release"),
        pytest.param("FROM acme/unknown\nCMD jq\n", "jq", id="an unknown base image"),
        pytest.param("FROM scratch\nCOPY jq /jq\nCMD jq\n", "jq", id="no distribution"),
    ],
)
def test_what_is_there_or_comes_with_something_is_not_missed(text: str, name: str, tmp_path: Path) -> None:
    report = converted(tmp_path, text, {"jq": "x"})
    assert name not in dict(said(report, "D2N220") + said(report, "D2N221"))


def test_what_is_for_building_stays_out_but_a_program_that_runs_comes_in(tmp_path: Path) -> None:
    text = f'{SLIM}RUN apt-get install -y build-essential && apt-get purge -y build-essential\nENTRYPOINT ["make"]\n'
    assert "pkgs.gnumake # make, called in ENTRYPOINT" in converted(tmp_path, text)["packages"]


def test_what_a_package_outside_of_the_index_may_have_is_a_remark(tmp_path: Path) -> None:
    report = converted(tmp_path, f"{SLIM}RUN apt-get install -y terraform\nCMD acme-server\n")
    assert said(report, "D2N220") == [("acme-server", "info")]


def test_what_nothing_provides_is_missing(tmp_path: Path) -> None:
    report = converted(tmp_path, f"{SLIM}CMD acme-server --port 80\n")
    assert said(report, "D2N220") == [("acme-server", "warning")]
    assert report["result"] == "needs-review"


def test_what_an_untranslated_command_may_bring_is_a_remark(tmp_path: Path) -> None:
    text = f"{SLIM}RUN make -C /src install\nCMD acme-server\nHEALTHCHECK CMD curl x\n"
    report = converted(tmp_path, text)
    assert said(report, "D2N220") == [("acme-server", "info")]
    assert said(report, "D2N221") == [("curl", "info")]


@pytest.mark.parametrize(
    ("run", "added"),
    [
        pytest.param("RUN echo done", [("nginx", "info")], id="everything is translated"),
        pytest.param("RUN make -C /src install", [], id="a command is not"),
        pytest.param("RUN apt-get install -y acme-web", [], id="a package is not known"),
    ],
)
def test_an_obvious_package_is_added_only_where_nothing_else_may_bring_it(
    run: str, added: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert said(converted(tmp_path, f"{SLIM}{run}\nCMD nginx\n"), "D2N221") == added


def test_the_users_row_decides(tmp_path: Path) -> None:
    text = f"{SLIM}CMD acme-server\nHEALTHCHECK CMD acme-check\n"
    (tmp_path / "dock2nix.toml").write_text(
        '[commands]\nacme-server = "hello"\nacme-check = { not_needed = "mounted at run time" }\n',
        encoding="utf-8",
    )
    report = converted(tmp_path, text)
    assert said(report, "D2N220") == []
    assert said(report, "D2N221") == [("acme-server", "info")]
    assert "pkgs.hello # acme-server, called in CMD" in report["packages"]


def test_a_package_is_kept_for_a_command_of_a_script(tmp_path: Path) -> None:
    text = f"{SLIM}RUN apt-get install -y gnupg\n{SCRIPT}"
    assert "pkgs.gnupg" in converted(tmp_path, text, {"entry.sh": "#!/bin/sh\ngpg --import x\n"})["packages"]
