"""Reading nix-index databases."""

from __future__ import annotations

import io

import pytest

from dock2nix.errors import Dock2nixError
from dock2nix.indexing.features import Feature
from dock2nix.indexing.nixindex import decode, open_database
from made_nix_index import MadeStorePath, database, raw_database

LONG = "/share/" + "d/" * 150 + "deep"
MADE = (
    MadeStorePath("jq", "jq-1.8.1-bin", ("/bin", "/bin/jq", "/share/man/man1/jq.1.gz"), output="bin"),
    MadeStorePath("jq", "jq-1.8.1", ("/lib/libjq.so.1", LONG, "/lib/x", LONG + "er", "/bin/onig")),
    MadeStorePath(
        "jdk",
        "openjdk-21",
        (
            ("/bin", "lib/openjdk/bin"),
            "/lib/openjdk/bin/java",
            ("/lib/openjdk/bin/tool", "/nix/store/elsewhere/bin/tool"),
        ),
    ),
    MadeStorePath(
        "bundle", "bundle-1", (("/bin/jq", f"/nix/store/{0:032}-jq-1.8.1-bin/bin/jq"), ("/bin/q", "jq"))
    ),
    MadeStorePath("jq.dependency", "onig-1", ("/bin/hidden",), toplevel=False),
    MadeStorePath("wine", "wine-1", ("/bin/wine",), system="i686-linux"),
)


def test_every_output_comes_with_what_it_holds() -> None:
    read = list(decode(io.BytesIO(raw_database(MADE))))
    assert [(path.attribute, path.output, path.name) for path in read] == [
        (made.attribute, made.output, made.name) for made in MADE
    ]
    assert set(read[0].features) == {Feature("command", "jq"), Feature("manual", "jq")}
    assert set(read[1].features) >= {Feature("soname", "libjq.so.1"), Feature("command", "onig")}


def test_programs_behind_a_linked_directory_are_found() -> None:
    jdk = list(decode(io.BytesIO(raw_database(MADE))))[2]
    assert Feature("command", "java") in jdk.features


def test_links_into_another_store_path_are_told_from_own_files() -> None:
    bundle = list(decode(io.BytesIO(raw_database(MADE))))[3]
    assert bundle.features == {Feature("command", "jq"): True, Feature("command", "q"): False}


def test_store_paths_without_a_name_of_their_own_and_of_other_systems_have_no_features() -> None:
    assert [path.features for path in decode(io.BytesIO(raw_database(MADE)))][4:] == [{}, {}]


def test_a_step_that_looks_like_a_line_end_is_no_line_end() -> None:
    made = (MadeStorePath("a", "a-1", ("/bin/0123456", "/bin/0123456x")),)
    raw = raw_database(made)
    assert b"\0\x0c" in raw or b"\0\n" in raw
    made = (MadeStorePath("a", "a-1", ("/bin/01234", "/bin/01234y")),)
    assert b"\0\n" in raw_database(made)
    assert set(next(decode(io.BytesIO(raw_database(made)))).features) == {
        Feature("command", "01234"),
        Feature("command", "01234y"),
    }


def test_a_compressed_file_is_opened() -> None:
    assert len(list(decode(open_database(io.BytesIO(database(MADE)))))) == len(MADE)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 something else", id="another format"),
        pytest.param(b"NIXI" + (2).to_bytes(8, "little"), id="a later version"),
    ],
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(Dock2nixError, match="not a nix-index database"):
        open_database(io.BytesIO(content))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(b"12x\0\x05/bin/jq\n", "damaged", id="shares more than there is"),
        pytest.param(b"12x\0\xff/bin/jq\n", "damaged", id="shares less than nothing"),
        pytest.param(b"12x\0\0/bin/jq", "ends within", id="cut off"),
    ],
)
def test_a_damaged_stream_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(Dock2nixError, match=message):
        list(decode(io.BytesIO(raw)))
