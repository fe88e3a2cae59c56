"""Files are written all or none, and never over somebody else's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from dock2nix.errors import UsageError
from dock2nix.output import write_files


def conversion(**texts: str) -> dict[str, str]:
    files = {path.replace("__", "/").replace("_", "."): text for path, text in texts.items()}
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    return files | {"nix/report.json": json.dumps({"version": 1, "digests": digests})}


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    write_files(tmp_path / "new", conversion(flake_nix="{ }\n", nix__image_nix="1\n"), force=False)
    assert (tmp_path / "new/flake.nix").read_text() == "{ }\n"
    assert (tmp_path / "new/nix/image.nix").read_text() == "1\n"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["flake.nix", "nix"]


def test_own_files_are_replaced_and_stale_ones_removed(tmp_path: Path) -> None:
    write_files(tmp_path, conversion(flake_nix="1\n", nix__old_nix="old\n"), force=False)
    write_files(tmp_path, conversion(flake_nix="2\n"), force=False)
    assert (tmp_path / "flake.nix").read_text() == "2\n"
    assert not (tmp_path / "nix/old.nix").exists()


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flake.nix").write_text("mine\n")
    with pytest.raises(UsageError, match="was not written by dock2nix; use --force"):
        write_files(tmp_path, conversion(flake_nix="theirs\n", nix__image_nix="1\n"), force=False)
    assert (tmp_path / "flake.nix").read_text() == "mine\n"
    assert not (tmp_path / "nix").exists()


def test_an_edited_file_is_refused(tmp_path: Path) -> None:
    write_files(tmp_path, conversion(flake_nix="1\n"), force=False)
    (tmp_path / "flake.nix").write_text("1 # edited\n")
    with pytest.raises(UsageError, match="was edited since dock2nix wrote it"):
        write_files(tmp_path, conversion(flake_nix="2\n"), force=False)


def test_force_replaces(tmp_path: Path) -> None:
    (tmp_path / "flake.nix").write_text("mine\n")
    write_files(tmp_path, conversion(flake_nix="theirs\n"), force=True)
    assert (tmp_path / "flake.nix").read_text() == "theirs\n"


def test_an_edited_stale_file_is_kept(tmp_path: Path) -> None:
    write_files(tmp_path, conversion(flake_nix="1\n", nix__old_nix="old\n"), force=False)
    (tmp_path / "nix/old.nix").write_text("edited\n")
    write_files(tmp_path, conversion(flake_nix="2\n"), force=False)
    assert (tmp_path / "nix/old.nix").read_text() == "edited\n"


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "flake"
    folder.mkdir()
    (folder / "nix").symlink_to(outside)
    with pytest.raises(UsageError, match="symbolic link"):
        write_files(folder, conversion(nix__image_nix="1\n"), force=True)
    assert list(outside.iterdir()) == []


def test_a_digest_outside_the_folder_removes_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep\n")
    folder = tmp_path / "flake"
    (folder / "nix").mkdir(parents=True)
    digests = {
        "../victim": hashlib.sha256(b"keep\n").hexdigest(),
        str(victim): hashlib.sha256(b"keep\n").hexdigest(),
    }
    (folder / "nix/report.json").write_text(json.dumps({"version": 1, "digests": digests}))
    write_files(folder, conversion(flake_nix="1\n"), force=True)
    assert victim.read_text() == "keep\n"


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(tmp_path / "file" / "below", conversion(flake_nix="1\n"), force=False)


def test_a_failure_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path, conversion(flake_nix="1\n"), force=False)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    calls = iter([True, False])

    def fails_second(path: Path, *arguments: Any, **options: Any) -> Any:
        if not path.name.startswith(".dock2nix-") or next(calls):
            return real(path, *arguments, **options)
        raise OSError(28, "No space left on device")

    real = Path.open
    monkeypatch.setattr(Path, "open", fails_second)
    with pytest.raises(UsageError, match="No space left"):
        write_files(tmp_path, conversion(flake_nix="2\n", nix__a_nix="x\n"), force=False)
    assert (tmp_path / "flake.nix").read_text() == "1\n"
    assert [name for name in sorted(path.name for path in tmp_path.rglob("*")) if name not in before] == []


def test_a_link_in_the_way_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs\n")
    (tmp_path / "flake").mkdir()
    (tmp_path / "flake/flake.nix").symlink_to(tmp_path / "theirs")
    with pytest.raises(UsageError, match="was not written by dock2nix"):
        write_files(tmp_path / "flake", conversion(flake_nix="ours\n"), force=False)
    assert (tmp_path / "flake/flake.nix").is_symlink()
