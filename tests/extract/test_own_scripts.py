"""Copied scripts that a RUN starts: read command by command as if they stood there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Convert a Dockerfile that copies s.sh with a text to /s/ and runs a command."""

    def run(script: str, command: str = "/s/s.sh", more: str = "") -> tuple[dict[str, Any], str]:
        (tmp_path / "scripts").mkdir(exist_ok=True)
        (tmp_path / "scripts/s.sh").write_text(script)
        (tmp_path / "scripts/other.sh").write_text("#!/bin/sh\nmkdir -p /opt/other\n")
        (tmp_path / "Dockerfile").write_text(
            f'FROM debian:bookworm\nCOPY scripts /s\n{more}RUN {command}\nCMD ["true"]\n'
        )
        assert main([str(tmp_path / "Dockerfile"), "--json", "--python", "nixpkgs"]) in {0, 1}
        return json.loads(capsys.readouterr().out), (tmp_path / "nix/image.nix").read_text()

    return run


@pytest.mark.parametrize(
    ("script", "command", "line"),
    [
        pytest.param("#!/bin/sh\nmkdir -p /opt/a\n", "/s/s.sh", "mkdir -p opt/a", id="by-its-path"),
        pytest.param("mkdir -p /opt/a\n", "bash -e /s/s.sh", "mkdir -p opt/a", id="by-a-shell"),
        pytest.param("#!/bin/sh\nmkdir -p /opt/$1\n", "/s/s.sh b", "mkdir -p opt/b", id="with-an-argument"),
        pytest.param("#!/bin/sh\nmkdir -p /opt/${1:-c}\n", "/s/s.sh", "mkdir -p opt/c", id="without-one"),
        pytest.param("#!/bin/bash\nmkdir -p /opt/$X\n", "X=d /s/s.sh", "mkdir -p opt/d", id="with-a-variable"),
        pytest.param(
            '#!/bin/sh\ncd "$(dirname "$0")" && cp other.sh /opt\n',
            "/s/s.sh",
            "cp s/other.sh opt",
            id="knows-where-it-stands",
        ),
        pytest.param("#!/bin/sh\n/s/other.sh\n", "/s/s.sh", "mkdir -p opt/other", id="that-calls-another"),
        pytest.param(
            "#!/bin/sh\nfor d in x y; do mkdir -p /opt/$d; done\n", "/s/s.sh", "mkdir -p opt/y", id="with-a-loop"
        ),
    ],
)  # fmt: skip
def test_a_script_is_read_as_if_its_commands_stood_there(
    convert: Any, script: str, command: str, line: str
) -> None:
    report, image = convert(script, command)
    assert [one["outcome"] for one in report["commands"]] == ["translated"]
    assert line in image


def test_packages_and_odd_commands_of_one_script_go_together(convert: Any) -> None:
    report, image = convert(
        "#!/bin/bash\nset -e\nN=$1\napt-get update && apt-get install -y jq\n"
        "sed -n p /s/other.sh | sort -r > /opt/$N.txt\n",
        "/s/s.sh list",
    )
    assert [one["outcome"] for one in report["commands"]] == ["script"]
    assert [(one["name"], one["line"], one["file"]) for one in report["requirements"]] == [
        ("jq", 3, "s.sh:4")
    ]
    assert "set -- list\n" in image
    assert "# 3: s.sh, line 5: sed -n p /s/other.sh | sort -r > /opt/$N.txt" in image


@pytest.mark.parametrize(
    ("script", "command", "why"),
    [
        pytest.param("#!/bin/sh\nmkdir /opt/a\nmystery\n", "/s/s.sh", "line 3: mystery", id="one-unknown"),
        pytest.param("#!/bin/sh\ncurl http://x.test | sh\n", "/s/s.sh", "line 2", id="a-download-that-is-run"),
        pytest.param(
            "#!/bin/sh\nif [ -e /x ]; then apt-get install -y jq; fi\n", "/s/s.sh", "condition", id="a-condition"
        ),
        pytest.param("#!/usr/bin/perl\nsystem 'x'\n", "/s/s.sh", "", id="another-language"),
        pytest.param("\n", "/s/s.sh", "", id="nothing-in-it"),
        pytest.param("#!/bin/sh\napt-get install -y jq\n", "/s/s.sh $(mystery)", "", id="unknown-argument"),
        pytest.param("#!/bin/sh\napt-get install -y jq\n", "/s/s.sh > /log", "", id="whose-output-is-kept"),
        pytest.param("#!/bin/sh\napt-get install -y jq\n", "[ -e /x ] && /s/s.sh", "", id="not-for-certain"),
    ],
)  # fmt: skip
def test_left_to_a_human_as_a_whole(convert: Any, script: str, command: str, why: str) -> None:
    report, image = convert(script, command)
    [one] = [one for one in report["commands"] if one["program"].endswith("s.sh")]
    assert one["outcome"] == "unresolved"
    assert why in one["reason"]
    assert "opt/a" not in image
    assert not [row for row in report["requirements"] if row["name"] == "jq"]


def test_what_a_script_leaves_belongs_to_who_runs_it_once(convert: Any) -> None:
    _, image = convert("#!/bin/sh\nmkdir -p /opt/a\n", more="USER 1000\n")
    assert image.count("chown 1000:0 opt/a") == 1


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("RUN echo mystery >> /s/s.sh\n", id="added-to"),
        pytest.param("RUN sed -i s/a/b/ /s/s.sh\n", id="edited"),
        pytest.param("RUN mv /s/other.sh /s/s.sh\n", id="replaced"),
        pytest.param("RUN rm /s/s.sh\n", id="removed"),
    ],
)
def test_a_script_that_was_changed_is_not_read_as_it_was(convert: Any, more: str) -> None:
    report, _ = convert("#!/bin/sh\napt-get install -y jq\n", more=more)
    assert not report["requirements"]


def test_a_script_that_was_touched_is_as_it_was(convert: Any) -> None:
    report, _ = convert("#!/bin/sh\napt-get install -y jq\n", more="RUN touch /s/s.sh && chmod +x /s/s.sh\n")
    assert [one["name"] for one in report["requirements"]] == ["jq"]


def test_a_file_that_was_added_to_is_read_with_what_was_added(convert: Any) -> None:
    report, _ = convert(
        "x",
        "/usr/bin/own",
        more="RUN echo '#!/bin/sh' > /usr/bin/own && echo 'apt-get install -y jq' >> /usr/bin/own\n",
    )
    assert [one["name"] for one in report["requirements"]] == ["jq"]


def test_the_name_of_a_script_is_not_asked_for_in_a_part_that_runs_verbatim(convert: Any) -> None:
    report, _ = convert("#!/bin/sh\napt-get install -y jq\necho $0 | rev | sort > /opt/x\n")
    assert [one["outcome"] for one in report["commands"]] == ["unresolved"]
