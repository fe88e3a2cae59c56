"""Downloads that are run: known installers become what they install, everything else is refused with its reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import tomli

from dock2nix.catalogue.installers import installer_at, read_installers
from dock2nix.cli import main
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.managers import manager_named

if TYPE_CHECKING:
    from pathlib import Path


def report(folder: Path, body: str) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{body}\n")
    main([str(folder / "Dockerfile"), "--quiet", "--offline"])
    found: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return found


@pytest.mark.parametrize(
    ("body", "attributes"),
    [
        pytest.param(
            "RUN curl -sL https://deb.nodesource.com/setup_20.x | bash - && apt-get install -y nodejs",
            ["nodejs_20"],
            id="a source with a version",
        ),
        pytest.param(
            "RUN curl -sL https://deb.nodesource.com/setup_lts.x | bash - && apt-get install -y nodejs",
            ["nodejs"],
            id="a source without",
        ),
        pytest.param(
            "RUN curl -fsSL https://deb.nodesource.com/setup_22.x -o s.sh && bash s.sh && rm s.sh"
            " && apt-get install -y nodejs",
            ["nodejs_22"],
            id="by a file",
        ),
        pytest.param("RUN curl https://sh.rustup.rs -sSf | sh -s -- -y", ["cargo", "rustc"], id="rustup"),
        pytest.param('RUN sh -c "$(curl -fsSL https://get.docker.com)"', ["docker-client"], id="substituted"),
        pytest.param("RUN wget -qO- https://get.docker.com/ | sh", ["docker-client"], id="wget"),
        pytest.param(
            "RUN curl -sS https://getcomposer.org/installer | php -- --install-dir=/usr/bin --filename=composer",
            ["php84Packages.composer"],
            id="composer",
        ),
        pytest.param("RUN curl https://bootstrap.pypa.io/get-pip.py | python3", [], id="pip"),
        pytest.param(
            "RUN curl https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip -o awscliv2.zip && unzip -q awscliv2.zip"
            " && ./aws/install --bin-dir /usr/local/bin && rm -rf aws awscliv2.zip",
            ["awscli2"],
            id="a program of an archive",
        ),
        pytest.param("RUN curl -fsSL https://bun.sh/install | bash", ["bun"], id="bun"),
        pytest.param(
            "RUN curl -sSfL https://raw.githubusercontent.com/anchore/syft/main/install.sh | sh -s -- -b /usr/local/bin",
            ["syft"],
            id="syft",
        ),
        pytest.param(
            "RUN curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.5/install.sh | bash"
            ' && . "$HOME/.nvm/nvm.sh" && nvm install 22 && nvm use 22 && nvm alias default 22',
            ["nodejs_22"],
            id="nvm",
        ),
        pytest.param(
            "ENV NODE_VERSION=22.22.2\n"
            "RUN curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.5/install.sh | bash",
            ["nodejs_22"],
            id="nvm with a version",
        ),
        pytest.param(
            "RUN curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.39.5/install.sh | bash",
            [],
            id="nvm alone",
        ),
        pytest.param("RUN curl https://bootstrap.pypa.io/pip/2.7/get-pip.py | python2", [], id="old pip"),
    ],
)
def test_a_known_installer_is_what_it_installs(tmp_path: Path, body: str, attributes: list[str]) -> None:
    found = report(tmp_path, body)
    assert [name for row in found["requirements"] for name in row["attributes"]] == attributes
    assert {row["outcome"] for row in found["commands"]} <= {"translated", "not-needed"}
    assert "D2N501" not in {one["code"] for one in found["findings"]}


def test_a_script_that_was_only_downloaded_to_be_run_is_not_fetched(tmp_path: Path) -> None:
    body = "RUN curl -O https://bootstrap.pypa.io/get-pip.py && python3 get-pip.py && rm get-pip.py"
    report(tmp_path, body)
    assert "fetchurl" not in (tmp_path / "nix/image.nix").read_text()


def test_the_version_that_a_variable_asks_for_is_compared(tmp_path: Path) -> None:
    url = "https://raw.githubusercontent.com/helm/helm/main/scripts/get-helm-3"
    found = report(tmp_path, f"RUN curl {url} | DESIRED_VERSION=v3.0.1 bash")
    assert found["requirements"][0]["specifier"] == "=3.0.1"
    assert "D2N202" in {one["code"] for one in found["findings"]}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("RUN curl -s https://host.example/x.sh | sh", id="unknown"),
        pytest.param(
            "RUN curl https://sh.rustup.rs | sh -s -- -y --default-toolchain nightly", id="other words"
        ),
        pytest.param("RUN curl https://sh.rustup.rs.host.example/ | sh", id="a name that begins alike"),
        pytest.param("RUN curl https://host.example/deb.nodesource.com/setup_20.x | bash", id="another host"),
        pytest.param("RUN curl https://deb.nodesource.com/setup_$(cat v).x | bash", id="not known"),
        pytest.param('RUN bash -c "$(curl -fsSL https://host.example/x)"', id="substituted"),
        pytest.param(
            "RUN curl https://awscli.amazonaws.com/awscli-exe-linux-x86_64.zip | sh",
            id="an archive that is run",
        ),
    ],
)
def test_everything_else_is_refused(tmp_path: Path, body: str) -> None:
    found = report(tmp_path, body)
    assert "unresolved" in {row["outcome"] for row in found["commands"]}
    assert "D2N501" in {one["code"] for one in found["findings"]}


def test_a_file_is_no_script_for_programs_that_do_not_run_it(tmp_path: Path) -> None:
    body = "RUN curl -O https://bootstrap.pypa.io/get-pip.py && cp get-pip.py /opt/"
    report(tmp_path, body)
    assert "get-pip.py" in (tmp_path / "nix/image.nix").read_text()


def _rows() -> list[dict[str, Any]]:
    text = (data_folder("mappings") / "installers.toml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = tomli.loads(text)["installer"]
    return rows


def test_rows_are_sorted_and_their_managers_are_there() -> None:
    rows = _rows()
    assert [row["addresses"][0] for row in rows] == sorted(row["addresses"][0] for row in rows)
    for row in rows:
        assert manager_named(row.get("manager", "apt"))


@pytest.mark.parametrize(
    "row",
    [
        {"addresses": ["x"]},
        {"packages": ["x"]},
        {"addresses": ["x"], "packages": ["x"], "reason": "x"},
        {"addresses": ["x"], "reason": "x", "adresses": []},
        {"addresses": "x", "reason": "x"},
    ],
)
def test_a_row_of_another_form_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="installer"):
        read_installers({"installer": [row]}, "x.toml")


def test_scheme_query_and_fragment_play_no_part() -> None:
    assert installer_at("http://deb.nodesource.com/setup_20.x?a#b") == installer_at("https://deb.nodesource.com/setup_20.x")  # fmt: skip
