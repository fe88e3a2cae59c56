"""Archives as they should not be end in a message; layers go over each other as a runtime lays them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import UsageError
from dock2nix.verify import archive
from dock2nix.verify.image import read_image
from dock2nix.verify.tree import Entry, Kind, merged
from image_archives import Item, Made, _tar, folder, layer, link

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = Made(layers=[{"a": Item(text="a")}])
MANIFEST = {
    "manifest.json": json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": ["l.tar"]}]).encode()
}
CONFIG = {"c.json": b'{"architecture": "amd64", "config": null}'}


def sparse() -> bytes:
    info = tarfile.TarInfo("a")
    info.type = tarfile.GNUTYPE_SPARSE
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


def long_name() -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 2**40
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is no image archive", id="empty"),
        pytest.param(_tar({"x.json": b"{}"}), "neither manifest.json nor index.json", id="no manifest"),
        pytest.param(b"hello" * 1000, "is no image archive", id="text"),
        pytest.param(b"\x1f\x8bnothing", "is no image archive", id="broken gzip"),
        pytest.param(b"\x28\xb5\x2f\xfdnothing", "is no image archive", id="broken zstd"),
        pytest.param(gzip.compress(_tar(MANIFEST))[:-30], "is no image archive", id="cut off"),
        pytest.param(_tar(MANIFEST), "c.json is not in it", id="no configuration"),
        pytest.param(_tar(MANIFEST | CONFIG), "layer l.tar: it is not in the archive", id="no layer"),
        pytest.param(_tar({"manifest.json": b"[]"}), "holds no image", id="empty manifest"),
        pytest.param(_tar({"manifest.json": b"[[]]"}), "holds no image", id="manifest of another form"),
        pytest.param(_tar({"manifest.json": b"[" * 100_000}), "holds no image", id="deep nesting"),
        pytest.param(_tar({"index.json": b'{"manifests": [{}]}'}), "holds no image", id="no digest"),
        pytest.param(
            _tar(MANIFEST | CONFIG | {"l.tar": layer({"../a": Item()})}),
            "leads out of the image",
            id="climbs out",
        ),
        pytest.param(
            _tar(MANIFEST | CONFIG | {"l.tar": layer({"a" * 5000: Item()})}),
            "longer than any path",
            id="long path",
        ),
        pytest.param(_tar(MANIFEST | CONFIG | {"l.tar": sparse()}), "sparse", id="sparse file"),
        pytest.param(
            _tar(MANIFEST | CONFIG | {"l.tar": long_name()}), "larger than any name", id="endless name"
        ),
        pytest.param(
            _tar(MANIFEST | CONFIG | {"l.tar": b"\x1f\x8bnothing"}), "layer l.tar: a layer", id="broken layer"
        ),
        pytest.param(
            _tar({"index.json": b'{"manifests": [{"digest": "sha256:../../x"}]}'}),
            "is not in it",
            id="odd digest",
        ),
    ],
)
def test_what_is_no_image_ends_in_a_message(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_image(path)


def test_a_decompression_bomb_ends_in_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_LARGEST", 10 * 2**20)
    inner = gzip.compress(layer({"zeros": Item(text="\0" * 2**24)}))
    path = tmp_path / "image.tar"
    path.write_bytes(_tar(MANIFEST | CONFIG | {"l.tar": inner}))
    with pytest.raises(UsageError, match="larger than"):
        read_image(path)


def test_too_many_entries_end_in_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST_ENTRIES", 100)
    with pytest.raises(UsageError, match="more than 100 entries"):
        read_image(Made(layers=[{str(at): Item() for at in range(101)}]).docker(tmp_path / "image.tar"))


def test_nothing_of_an_archive_is_written_to_disk(tmp_path: Path) -> None:
    read_image(IMAGE.docker(tmp_path / "image.tar"))
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_layers_may_be_links_to_one_another(tmp_path: Path) -> None:
    """As docker wrote them up to version 24 where an image has the same layer twice."""
    stream = io.BytesIO(_tar(CONFIG | {"x/layer.tar": layer({"a": Item(text="a")})}))
    manifest = json.dumps([{"Config": "c.json", "Layers": ["x/layer.tar", "y/layer.tar"]}]).encode()
    with tarfile.open(fileobj=stream, mode="a") as found:
        info = tarfile.TarInfo("y/layer.tar")
        info.type, info.linkname = tarfile.SYMTYPE, "../x/layer.tar"
        found.addfile(info)
        info = tarfile.TarInfo("manifest.json")
        info.size = len(manifest)
        found.addfile(info, io.BytesIO(manifest))
    (tmp_path / "image.tar").write_bytes(stream.getvalue())
    assert read_image(tmp_path / "image.tar").layers == 2


def test_a_path_that_begins_like_a_document_is_still_a_layer(tmp_path: Path) -> None:
    image = read_image(Made(layers=[{"[slug]/page.js": Item(text="1")}]).docker(tmp_path / "image.tar"))
    assert image.tree.find("[slug]/page.js")


# --- layers as one tree -----------------------------------------------------------------------------------------------


def paths(tmp_path: Path, *layers: dict[str, Item]) -> list[str]:
    image = read_image(Made(layers=layers).docker(tmp_path / "image.tar"))
    return [entry.path for entry in image.tree.walk() if entry.path]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param(({"a": Item()}, {".wh.a": Item()}), [], id="whiteout"),
        pytest.param(({"a": Item()}, {".wh.a": Item(), "a": Item()}), ["a"], id="whiteout and anew"),
        pytest.param(
            ({"d/a": Item()}, {"d/.wh..wh..opq": Item(), "d/b": Item()}), ["d", "d/b"], id="opaque folder"
        ),
        pytest.param(({"d/a": Item()}, {"d": folder()}), ["d", "d/a"], id="a folder again keeps its files"),
        pytest.param(({"d/a": Item()}, {"d": Item()}), ["d"], id="a file in place of a folder"),
        pytest.param(({"d": Item()}, {"d/a": Item()}), ["d", "d/a"], id="a folder in place of a file"),
        pytest.param(({".wh.a": Item(), "b": Item()},), ["b"], id="whiteout of nothing"),
    ],
)
def test_layers_go_over_each_other(
    tmp_path: Path, layers: tuple[dict[str, Item], ...], expected: list[str]
) -> None:
    assert paths(tmp_path, *layers) == expected


def test_what_is_put_below_a_link_goes_where_it_leads() -> None:
    tree = merged(
        [
            [Entry(path="usr/lib", kind=Kind.FOLDER), Entry(path="lib", kind=Kind.LINK, target="usr/lib")],
            [Entry(path="lib/x", kind=Kind.FILE)],
        ]
    )
    assert tree.find("usr/lib/x")
    assert tree.resolve("/lib/x") is tree.find("usr/lib/x")


@pytest.mark.parametrize(
    ("links", "path", "leads_to"),
    [
        pytest.param({"l": "f"}, "l", "f", id="relative"),
        pytest.param({"d/l": "/f"}, "d/l", "f", id="absolute"),
        pytest.param({"d/l": "../../../../f"}, "d/l", "f", id="above the root is the root"),
        pytest.param({"a": "b", "b": "a"}, "a", "", id="in circles"),
        pytest.param({"a": "gone"}, "a", "", id="nowhere"),
    ],
)
def test_links_are_followed_inside_the_image(
    tmp_path: Path, links: dict[str, str], path: str, leads_to: str
) -> None:
    items = {"f": Item(text="f")} | {name: link(target) for name, target in links.items()}
    tree = read_image(Made(layers=[items]).docker(tmp_path / "image.tar")).tree
    found = tree.resolve(path)
    assert (found.entry.path if found else "") == leads_to


def test_a_hard_link_is_the_same_file(tmp_path: Path) -> None:
    items = {"a": Item(text="a", mode=0o640), "b": link("a", hard=True)}
    tree = read_image(Made(layers=[items]).docker(tmp_path / "image.tar")).tree
    first, second = tree.find("a"), tree.find("b")
    assert first
    assert second
    assert (second.entry.digest, second.entry.mode, second.entry.kind) == (
        first.entry.digest,
        0o640,
        Kind.FILE,
    )
