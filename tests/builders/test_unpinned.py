"""Build tools that nothing pins for: each refusal says what would."""

from __future__ import annotations

import pytest

from builders_lab import reason, work


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("sbt assembly", {}, "nixpkgs has no function that fetches what sbt downloads", id="sbt"),
        pytest.param("bazel build //x", {}, "buildBazelPackage", id="bazel"),
        pytest.param("mix deps.get", {}, "mixRelease", id="mix"),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files))
