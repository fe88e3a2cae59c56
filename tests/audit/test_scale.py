"""Audits of large and of malicious files end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from audit_lab import audited

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 1_500
# BuildKit refuses lines of more than 65,535 bytes: the long ones stay below that.


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "FROM debian:12\nRUN " + " && ".join(f"curl -O https://a.example/{n}.tgz" for n in range(COUNT)),
            id="downloads",
        ),
        pytest.param(
            "FROM debian:12\nRUN "
            + " && ".join(
                f"curl -O https://a.example/{n} && echo a {n} | sha256sum -c" for n in range(COUNT // 2)
            ),
            id="checks",
        ),
        pytest.param(
            "FROM debian:12\nRUN " + " && ".join(f"git clone https://a.example/{n}" for n in range(COUNT)),
            id="clones",
        ),
        pytest.param("FROM debian:12\nRUN echo '" + "[ trusted=yes " * 4_000 + "' > /x", id="open-brackets"),
        pytest.param(
            "FROM debian:12\nRUN curl -O 'https://a.example/" + "sha256-" * 8_000 + "\t'", id="long-name"
        ),
        pytest.param("FROM debian:12\nENV X='" + "a://" * 15_000 + "'", id="addresses"),
        pytest.param("FROM debian:12\nRUN chmod " + "u+x," * 15_000 + " /x", id="modes"),
        pytest.param("FROM debian:12\nCOPY " + "x" * 60_000 + " /x", id="long-source"),
    ],
)
def test_time_does_not_explode(text: str, tmp_path: Path) -> None:
    start = time.process_time()
    assert audited(f"{text}\n", tmp_path).findings
    assert time.process_time() - start < 8
