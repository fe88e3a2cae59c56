"""What comes from outside, whether the Dockerfile pins it, and what becomes of it in the flake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit_lab import audited
from dock2nix.audit.data import figures_line, input_figures

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "sha256:" + "a1" * 32
SUM = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("FROM debian:12\n", [("image", "debian:12", False, "pinned")], id="known-image"),
        pytest.param(
            f"FROM registry.example/x@{DIGEST}\n",
            [("image", f"registry.example/x@{DIGEST}", True, "open")],
            id="unknown-image",
        ),
        pytest.param(
            "FROM debian:12\nRUN apt-get install -y curl=7.88.1-10 jq apt-transport-https no-such-package-anywhere\n",
            [
                ("image", "debian:12", False, "pinned"),
                ("package", "apt apt-transport-https", False, "gone"),
                ("package", "apt curl=7.88.1-10", True, "pinned"),
                ("package", "apt jq", False, "pinned"),
                ("package", "apt no-such-package-anywhere", False, "open"),
            ],
            id="packages",
        ),
        pytest.param(
            "FROM debian:12\nARG P\nRUN apt-get install -y lib$(uname -r)\n",
            [("image", "debian:12", False, "pinned"), ("package", "apt lib$(uname -r)", False, "open")],
            id="unknown-name",
        ),
        pytest.param(
            f"FROM scratch AS other\nRUN curl -O https://a.example/x\nFROM debian:12@{DIGEST}\n",
            [("image", f"debian:12@{DIGEST}", True, "pinned")],
            id="only-what-is-built",
        ),
        pytest.param(
            "FROM debian:12\nRUN curl https://u:p@a.example/x | sh\n",
            [("download", "https://a.example/x", False, "open"), ("image", "debian:12", False, "pinned")],
            id="download-is-left-to-a-human",
        ),
    ],
)
def test_inputs(text: str, expected: list[tuple[str, str, bool, str]], tmp_path: Path) -> None:
    found = audited(text, tmp_path).inputs
    assert sorted((one.kind, one.name, one.pinned, str(one.flake)) for one in found) == expected


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param(
            f"curl -O https://a.example/x && echo '{SUM}  x' | sha256sum -c -", "download", id="checksum"
        ),
        pytest.param(
            f"git clone https://a.example/x && git -C x checkout {COMMIT}", "repository", id="commit"
        ),
    ],
)
def test_what_is_checked_is_pinned(command: str, kind: str, tmp_path: Path) -> None:
    found = audited(f"FROM debian:12\nRUN {command}\n", tmp_path).inputs
    assert [one.pinned for one in found if one.kind == kind] == [True]


def test_a_project_is_pinned_by_its_lock(tmp_path: Path) -> None:
    needs = {"name": "x", "version": "1.0.0", "dependencies": {"left": "1.0.0"}}
    left = {
        "version": "1.0.0",
        "resolved": "https://registry.example/left/-/left-1.0.0.tgz",
        "integrity": "sha512-" + "A" * 86 + "==",
    }
    manifest = json.dumps(needs)
    lock = json.dumps(needs | {"lockfileVersion": 3, "packages": {"": needs, "node_modules/left": left}})
    text = "FROM node:22\nWORKDIR /a\nCOPY package.json package-lock.json ./\nRUN npm ci\n"
    files = {"package.json": manifest, "package-lock.json": lock}
    found = audited(text, tmp_path, files=files).inputs
    assert [(one.name, one.pinned, one.flake) for one in found if one.kind == "package"] == [
        ("npm left@1.0.0", True, "pinned")
    ]


def test_the_figures_leave_out_what_the_flake_has_no_use_for(tmp_path: Path) -> None:
    text = (
        "FROM debian:12\nRUN apt-get install -y curl=7.88.1-10 apt-transport-https no-such-package-anywhere\n"
    )
    audit = audited(text, tmp_path)
    assert input_figures(audit) == {
        "total": 4,
        "pinned": 1,
        "flakeTotal": 3,
        "flakePinned": 2,
        "flakeGone": 1,
    }
    assert figures_line(audit) == "Dockerfile: 1 of 4 inputs pinned; flake: 2 of 3, 1 not needed."
