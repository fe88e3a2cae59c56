"""What other programs import: `dock2nix.convert` and `dock2nix.write`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dock2nix

SAMPLE = Path(__file__).parents[1] / "samples/ubuntu-tools"


def test_a_folder_is_converted_in_memory_and_written(tmp_path: Path) -> None:
    conversion = dock2nix.convert(SAMPLE, name="ubuntu-tools")
    assert conversion.files["nix/packages.nix"] == (SAMPLE / "expected/nix/packages.nix").read_text()
    assert conversion.report.result == "converted"
    dock2nix.write(conversion, tmp_path)
    assert (tmp_path / "flake.nix").read_text() == (SAMPLE / "expected/flake.nix").read_text()


def test_a_dockerfile_may_be_given_as_bytes(tmp_path: Path) -> None:
    text = b"ARG TOOL=jq\nFROM debian:bookworm-slim AS tools\nARG TOOL\nRUN apt-get install -y $TOOL\nFROM scratch\n"
    conversion = dock2nix.convert(
        text, context=tmp_path, target="tools", build_args={"TOOL": "curl"}, html=True
    )
    assert "pkgs.curl" in conversion.files["nix/packages.nix"]
    assert "nix/report.html" in conversion.files


def test_what_cannot_be_converted_raises_one_kind_of_error(tmp_path: Path) -> None:
    with pytest.raises(dock2nix.Dock2nixError, match="Dockerfile:2:1"):
        dock2nix.convert(b"FROM debian\nNONSENSE\n", context=tmp_path)
    with pytest.raises(dock2nix.Dock2nixError, match="no Dockerfile"):
        dock2nix.convert(tmp_path)


def test_importing_it_costs_nothing_before_it_is_used() -> None:
    script = "import sys, dock2nix; print(sorted(m for m in sys.modules if m.startswith('dock2nix')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['dock2nix']\n"


def test_other_names_are_no_attributes() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        dock2nix.nonsense  # type: ignore[attr-defined] # noqa: B018
