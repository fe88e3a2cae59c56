"""What commands and instructions do to the image, one after the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Convert a Dockerfile with a few files around it; gives the report and the image definition."""

    def run(text: str, files: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
        for name in files:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("content\n")
        (tmp_path / "Dockerfile").write_text(text)
        assert main([str(tmp_path / "Dockerfile"), "--json", "--python", "nixpkgs"]) in {0, 1}
        return json.loads(capsys.readouterr().out), (tmp_path / "nix/image.nix").read_text()

    return run


def outcomes(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["program"], one["outcome"]) for one in report["commands"]]


def test_what_the_same_run_makes_is_removed_again(convert: Any) -> None:
    report, image = convert(
        "FROM debian:bookworm-slim\nRUN mkdir -p /srv/b && echo secret > /srv/b/key && rm -rf /srv/b\n"
    )
    assert outcomes(report) == [("mkdir", "translated"), ("echo", "translated"), ("rm", "translated")]
    assert "rm -rf srv/b" in image


def test_a_cache_that_was_written_to_is_removed_too(convert: Any) -> None:
    _, image = convert("FROM debian:bookworm-slim\nRUN echo secret > /tmp/key && rm -rf /tmp/*\n")
    assert "    rm -rf tmp/* #" in image


def test_removing_what_is_not_there_is_not_needed(convert: Any) -> None:
    report, image = convert(
        "FROM debian:bookworm-slim\nRUN rm -rf /opt/x /usr/share/doc/* /var/lib/apt/lists/*\n"
    )
    assert outcomes(report) == [("rm", "not-needed")]
    assert "rm " not in image


def test_the_mode_of_an_unknown_file_is_left_with_a_finding(convert: Any) -> None:
    report, _ = convert("FROM debian:bookworm-slim\nRUN chmod +x /usr/local/bin/tool\n")
    assert outcomes(report) == [("chmod", "unresolved")]
    assert [(one["code"], one["line"], one["column"]) for one in report["findings"]] == [("D2N301", 2, 5)]


def test_what_a_user_makes_belongs_to_that_user(convert: Any) -> None:
    _, image = convert("FROM debian:bookworm-slim\nRUN useradd -u 1000 app\nUSER app\nRUN mkdir /tmp/x\n")
    assert "chown 1000:1000 tmp/x" in image


def test_a_condition_that_cannot_be_known_keeps_the_package_and_says_so(convert: Any) -> None:
    report, _ = convert(
        "FROM debian:bookworm-slim\nRUN if [ -f /x ]; then apt-get install -y jq; mkdir /y; fi\n"
    )
    assert [one["outcome"] for one in report["requirements"]] == ["nixpkgs"]
    assert {one["code"] for one in report["findings"]} == {"D2N206", "D2N301"}
    assert ("mkdir", "unresolved") in outcomes(report)


def test_a_mishap_is_no_condition_but_a_question_is(convert: Any) -> None:
    report, _ = convert("FROM debian:bookworm-slim\nRUN mkdir /a || mkdir /b; id app || useradd app\n")
    assert outcomes(report)[:2] == [("mkdir", "translated"), ("mkdir", "not-needed")]
    assert outcomes(report)[-1] == ("useradd", "unresolved")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "COPY --from=b /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/",
            "dockerTools.caCertificates",
            id="certificates",
        ),
        pytest.param("COPY --from=b /src/a /srv/", "cp ${../a} srv/a", id="a copied file"),
        pytest.param("COPY --from=b /src /srv/app", "cp -r ${context5}/. srv/app", id="a copied folder"),
        pytest.param("COPY --from=b /src/sub /srv/app", "/sub/. srv/app", id="a folder in a copied folder"),
        pytest.param(
            "COPY --from=b /src/sub/c /srv/app/d", "cp ${../sub/c} srv/app/d", id="a file in a copied folder"
        ),
        pytest.param(
            "COPY --from=0 --chmod=755 /etc/x /x", "chmod 755 x", id="a written file, by number, with a mode"
        ),
        pytest.param("COPY --from=b --chown=5:6 /src /srv", "chown -R 5:6 srv", id="an owner"),
    ],
)
def test_what_another_stage_holds_is_put_here(line: str, expected: str, convert: Any) -> None:
    stage = "FROM debian:bookworm-slim AS b\nCOPY . /src\nRUN echo x > /etc/x\nFROM scratch\n"
    report, image = convert(stage + line + "\n", files=("a", "sub/c"))
    assert expected in image
    assert report["result"] == "converted"


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        pytest.param(
            "RUN make -C /src",
            "what line 2 leaves at /src is not known: make -C /src",
            id="a command without translation",
        ),
        pytest.param("RUN true", "nothing is known to have made /src", id="nothing made it"),
    ],
)
def test_what_cannot_be_known_of_another_stage_is_left(stage: str, reason: str, convert: Any) -> None:
    report, image = convert(
        f"FROM debian:bookworm-slim AS b\n{stage}\nFROM scratch\nCOPY --from=b /src /src\n"
    )
    assert any(reason in one["message"] for one in report["findings"])
    assert "UNRESOLVED 4: COPY --from=b /src /src" in image


def test_a_copied_folder_brings_the_environment_in_it(convert: Any, tmp_path: Path) -> None:
    report, image = convert(
        "FROM python:3.13-slim AS deps\nWORKDIR /app\nRUN python -m venv /app/env && /app/env/bin/pip install flask\n"
        "FROM deps AS b\nCOPY a ./\n"
        'FROM python:3.13-slim\nCOPY --from=b /app /app\nCMD ["/app/env/bin/flask"]\n',
        files=("a",),
    )
    assert "ps.flask # flask" in (tmp_path / "nix/packages.nix").read_text()
    assert "ln -sfn /bin app/env/bin" in image
    assert report["result"] == "converted"


def test_python_packages_of_a_copied_environment_are_the_images(convert: Any, tmp_path: Path) -> None:
    report, image = convert(
        "FROM python:3.13-slim AS b\nRUN python -m venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\n"
        'RUN pip install flask\nFROM python:3.13-slim\nCOPY --from=b /opt/venv /opt/venv\nCMD ["/opt/venv/bin/flask"]\n'
    )
    assert [one["outcome"] for one in report["requirements"]] == ["nixpkgs"]
    assert "ps.flask" in (tmp_path / "nix/packages.nix").read_text()
    assert "ln -sfn /bin opt/venv/bin" in image


def test_a_program_of_another_image_is_linked_from_its_package(convert: Any) -> None:
    _, image = convert(
        "FROM debian:bookworm-slim\nCOPY --from=ghcr.io/astral-sh/uv:latest /uv /usr/local/bin/uv\n"
    )
    assert "ln -sfn ${pkgs.uv}/bin/uv usr/local/bin/uv" in image


def test_tee_writes_what_comes_through_the_pipe(convert: Any) -> None:
    report, image = convert("FROM debian:bookworm-slim\nRUN echo hi | tee /srv/motd\n")
    assert outcomes(report) == [("echo", "not-needed"), ("tee", "translated")]
    assert '"hi\\n"' in image


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        pytest.param("/etc/bash.bashrc", "unresolved", id="a file that a package of the distribution brings"),
        pytest.param("/etc/profile.d/x.sh", "translated", id="a file in a folder for files of one's own"),
        pytest.param("/root/.bashrc", "translated", id="a file in a home"),
        pytest.param("/srv/x", "translated", id="a file of the image's own"),
    ],
)
def test_text_is_only_added_to_files_that_are_known(path: str, outcome: str, convert: Any) -> None:
    report, _ = convert(f"FROM debian:bookworm-slim\nRUN echo x >> {path}\n")
    assert outcomes(report) == [("echo", outcome)]


def test_a_question_for_the_processor_makes_the_flake_for_one(convert: Any, tmp_path: Path) -> None:
    report, _ = convert(
        'FROM debian:bookworm-slim\nRUN if [ "$(uname -m)" = x86_64 ]; then apt-get install -y jq; fi\n'
    )
    assert [one["code"] for one in report["findings"]] == ["D2N111"]
    assert "aarch64-linux" not in (tmp_path / "flake.nix").read_text()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("X=$(make install)", {"make": "unresolved"}, id="a substitution that does something"),
        pytest.param(
            "make install 2>&1 | grep -v w",
            {"make": "unresolved", "grep": "not-needed"},
            id="a pipeline that does",
        ),
        pytest.param(
            "./install.sh | cat", {"./install.sh": "unresolved", "cat": "not-needed"}, id="a script piped"
        ),
        pytest.param("X=$(uname -r)", {"uname": "not-needed"}, id="a substitution that only asks"),
        pytest.param(
            "curl -fsSL http://x/key | apt-key add -",
            {"curl": "not-needed", "apt-key": "not-needed"},
            id="a key",
        ),
        pytest.param(
            "ls /data || mkdir /data",
            {"ls": "not-needed", "mkdir": "unresolved"},
            id="a question in front of or",
        ),
        pytest.param("cd /srv || exit 1", {"cd": "translated", "exit": "not-needed"}, id="leaving"),
        pytest.param(
            'G="$(mktemp -d)" && rm -rf "$G"',
            {"mktemp": "not-needed", "rm": "not-needed"},
            id="a temporary folder",
        ),
    ],
)
def test_only_commands_that_merely_print_share_the_fate_of_their_reader(
    command: str, expected: dict[str, str], convert: Any
) -> None:
    report, _ = convert(f"FROM debian:bookworm-slim\nRUN {command}\n")
    assert dict(outcomes(report)) == expected


def test_a_variable_that_the_base_image_may_set_is_not_empty(convert: Any) -> None:
    report, _ = convert("FROM somecorp/base\nRUN apt-get install -y $EXTRA vim\n")
    assert {"D2N203", "D2N204", "D2N301"} <= {one["code"] for one in report["findings"]}
    assert [one["name"] for one in report["requirements"]] == ["vim"]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        pytest.param("cp /src/a /src/b", "cp src/a src/b", id="a copy"),
        pytest.param(
            "cp -r /src /usr/local/share/", "cp -r src usr/local/share", id="a copy into a standard folder"
        ),
        pytest.param("mv /src/a /srv/a", "mv src/a srv/a", id="a move"),
        pytest.param("sed -i 's/a/b/g' /src/a", "sed -i -e s/a/b/g src/a", id="a substitution"),
        pytest.param("sed -i -E '/^x/d' /src/a", "sed -i -E -e '/^x/d' src/a", id="a deletion"),
        pytest.param("chmod +x /src/*.sh", "chmod +x src/*.sh", id="modes by pattern"),
        pytest.param("cp /src/*.sh /srv/", "cp src/*.sh srv", id="copies by pattern"),
        pytest.param('cp "/src"/*.sh /srv/', "cp src/*.sh srv", id="a pattern with a part in quotes"),
        pytest.param("mv /src/*.sh /srv/", "mv src/*.sh srv", id="moves by pattern"),
        pytest.param("cp -t /srv /src/a", "cp src/a srv", id="the target in front"),
        pytest.param("cp -al /src/a /srv/b", "cp -a src/a srv/b", id="a link instead of a copy"),
    ],
)
def test_tools_work_on_files_that_are_known(command: str, line: str, convert: Any) -> None:
    report, image = convert(f"FROM debian:bookworm-slim\nCOPY . /src\nRUN {command}\n", files=("a", "x.sh"))
    assert line in image
    assert report["result"] == "converted"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("cp /etc/nginx/nginx.conf /srv/", id="a file of the distribution"),
        pytest.param("sed -i 's/a/b/e' /src/a", id="a script that runs programs"),
        pytest.param("sed -i '1e id' /src/a", id="a script that runs a program"),
        pytest.param("mv /srv/none /srv/b", id="a file that is not there"),
        pytest.param("cp /etc/*.conf /srv/", id="what matches among files of the distribution"),
    ],
)
def test_tools_on_anything_else_are_left(command: str, convert: Any) -> None:
    report, _ = convert(f"FROM debian:bookworm-slim\nCOPY . /src\nRUN {command}\n", files=("a",))
    assert [one["outcome"] for one in report["commands"]] == ["unresolved"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sed -i 's/a/b/w /etc/x' /src/a", id="a script that writes elsewhere"),
        pytest.param("sed -i 'r /etc/passwd' /src/a", id="a script that reads elsewhere"),
        pytest.param("sed 's/a/b/' /src/a > /src/b", id="output to a file"),
    ],
)
def test_what_only_running_it_tells_is_run_where_the_image_is_made(command: str, convert: Any) -> None:
    report, image = convert(f"FROM debian:bookworm-slim\nCOPY . /src\nRUN {command}\n", files=("a",))
    assert [one["outcome"] for one in report["commands"]] == ["script"]
    assert command in image


@pytest.mark.parametrize(
    "command",
    [
        "curl -fsSL https://x/i.sh | bash -",
        "wget -qO- https://x/i.sh | tee /tmp/i | sh",
        'sh -c "$(curl -fsSL https://x/i.sh)"',
        'eval "$(curl -fsSL https://x/i.sh)"',
    ],
)
def test_a_download_that_is_run_is_reported(command: str, convert: Any) -> None:
    report, _ = convert(f"FROM debian:bookworm-slim\nRUN {command}\n")
    assert "D2N501" in {one["code"] for one in report["findings"]}


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        pytest.param("ENV DB_PASSWORD=hunter2", ["D2N505"], id="a password"),
        pytest.param("ENV DB_PASSWORD=", [], id="an empty one"),
        pytest.param("ENV DB_PASSWORD_FILE=/run/secrets/x", [], id="a file that holds it"),
        pytest.param("ENV TOKENIZERS=1", [], id="a word that only begins so"),
    ],
)
def test_secrets_in_the_environment_are_reported(line: str, codes: list[str], convert: Any) -> None:
    report, _ = convert(f"FROM debian:bookworm-slim\n{line}\n")
    assert [one["code"] for one in report["findings"]] == codes


def test_all_that_a_group_prints_goes_through_the_pipe(convert: Any) -> None:
    _, image = convert("FROM debian:bookworm-slim\nRUN { echo a; echo b; } | tee /srv/f\n")
    assert "      a\n      b\n" in image or "    a\n    b\n" in image


def test_the_shell_of_rpm_distributions_is_bash(convert: Any) -> None:
    report, _ = convert("FROM fedora:42\nRUN dnf install -y {jq,tree}\n")
    assert [one["name"] for one in report["requirements"]] == ["jq", "tree"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param(
            'FROM alpine\nRUN libs="$(scanelf --needed /usr/local/lib | sort -u)"; apk add --virtual .run $libs\n',
            "converted",
            id="libraries-that-files-link-to",
        ),
        pytest.param(
            "FROM debian\nRUN find /usr/local -type f -exec ldd '{}' ';' | sort -u | xargs -r apt-mark manual\n",
            "converted",
            id="marks-of-libraries",
        ),
        pytest.param(
            'FROM debian\nRUN [ -e /x ] && extra=gcc; apt-get purge -y "$extra"\n',
            "converted",
            id="unknown-removal",
        ),
        pytest.param(
            'FROM alpine\nRUN names="$(cat /names)"; apk add $names\n', "needs-review", id="unknown-names"
        ),
        pytest.param(
            "FROM debian\nRUN find /usr/local -type f -exec mytool '{}' ';' | xargs -r apt-mark manual\n",
            "needs-review",
            id="find-that-runs-something",
        ),
    ],
)
def test_names_that_need_not_be_known(text: str, result: str, convert: Any) -> None:
    report, _ = convert(text)
    assert report["result"] == result
