"""What uv has answered is kept for a short while, by all that the answer depends on."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from dock2nix.locking.answers import keep_answer, question, recent_answer

if TYPE_CHECKING:
    from pathlib import Path

COMMAND, FILES, ADDRESSES = ("uv", "pip"), {"requirements.in": "flask\n"}, ("https://index.test/simple",)
ASKED = question(COMMAND, FILES, ADDRESSES)


def test_an_answer_is_kept(empty_cache: Path) -> None:
    assert recent_answer(ASKED) is None
    keep_answer(ASKED, "lock")
    assert recent_answer(ASKED) == "lock"
    (path,) = (empty_cache / "dock2nix/answers").iterdir()
    assert path.stat().st_mode & 0o077 == 0


def test_an_old_answer_is_asked_for_again_and_goes(empty_cache: Path) -> None:
    keep_answer(ASKED, "lock")
    (path,) = (empty_cache / "dock2nix/answers").iterdir()
    os.utime(path, (time.time() - 601, time.time() - 601))
    assert recent_answer(ASKED) is None
    keep_answer("other", "lock")
    assert not path.exists()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(question((*COMMAND, "--pre"), FILES, ADDRESSES), id="command"),
        pytest.param(question(COMMAND, {"requirements.in": "rich\n"}, ADDRESSES), id="requirements"),
        pytest.param(question(COMMAND, FILES, ("https://other.test/simple",)), id="index"),
    ],
)
def test_another_question_has_another_answer(other: str) -> None:
    keep_answer(ASKED, "lock")
    assert recent_answer(other) is None


def test_the_environment_of_uv_is_part_of_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_EXCLUDE_NEWER", "2024-01-01")
    assert question(COMMAND, FILES, ADDRESSES) != ASKED


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    keep_answer(ASKED, "lock")
    assert recent_answer(ASKED) is None
