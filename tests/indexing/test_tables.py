"""Writing a table and looking things up in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.catalogue.index import Table
from dock2nix.indexing.tables import write_table

if TYPE_CHECKING:
    from pathlib import Path

RECORDS = {f"key{number}": (str(number), "x" * (number % 97), "") for number in range(5000)}


def test_every_record_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "some.table"
    size = write_table(path, RECORDS)
    assert path.stat().st_size == size
    table = Table(path)
    assert all(table.get(key) == list(fields) for key, fields in RECORDS.items())
    assert sorted(table.keys()) == sorted(RECORDS)


def test_names_between_before_and_after_the_records_are_not_found(tmp_path: Path) -> None:
    path = tmp_path / "some.table"
    write_table(path, RECORDS)
    table = Table(path)
    assert [table.get(key) for key in ("", "a", "key", "key10000", "key1 ", "zzz")] == [None] * 6


def test_the_order_of_the_records_does_not_show(tmp_path: Path) -> None:
    write_table(tmp_path / "one.table", RECORDS)
    write_table(tmp_path / "two.table", dict(reversed(RECORDS.items())))
    assert (tmp_path / "one.table").read_bytes() == (tmp_path / "two.table").read_bytes()


def test_an_empty_table_has_nothing(tmp_path: Path) -> None:
    write_table(tmp_path / "empty.table", {})
    assert Table(tmp_path / "empty.table").get("curl") is None


def test_a_record_longer_than_a_block_is_found(tmp_path: Path) -> None:
    write_table(tmp_path / "long.table", {"a": ("x",), "b": ("y" * 100_000,), "c": ("z",)})
    table = Table(tmp_path / "long.table")
    assert table.get("b") == ["y" * 100_000]
    assert table.get("c") == ["z"]
