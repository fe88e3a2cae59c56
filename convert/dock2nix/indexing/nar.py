"""The hash that Nix gives to what is in an archive: SHA-256 of the tree in Nix's own serialisation (NAR).

The form is that of "The Purely Functional Software Deployment Model" (E. Dolstra, 2006), figure 5.2. Of files it has names,
contents, targets of links and whether they can be run; no dates, no owners.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import tarfile
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from dock2nix.errors import Dock2nixError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    _Tree = dict[str, "tarfile.TarInfo | _Tree"]

_CHUNK = 1 << 20
_LARGEST = 4 << 30
_MAY_RUN = 0o100


def unpacked_hash(archive: Path) -> tuple[str, int]:
    """What `nix flake lock` writes for a source archive.

    Args:
        archive: a tar file compressed with gzip, everything in one folder, as forges give them.

    Returns:
        The NAR hash of what is in that folder, in SRI form, and the latest date of a file (seconds since 1970).

    Raises:
        Dock2nixError: it is no such archive, or is damaged.

    """
    plain = archive.with_name(archive.name + ".unpacked")
    try:
        _expand(archive, plain)
        with tarfile.open(plain, "r:") as tar:
            members = tar.getmembers()
            digest = hashlib.sha256()
            with plain.open("rb") as content:
                for piece in (_text("nix-archive-1"), *_node(_root(members), content)):
                    digest.update(piece)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Dock2nixError(f"{archive.name}: not a whole archive: {error}") from error
    finally:
        plain.unlink(missing_ok=True)
    latest = max(int(member.mtime) for member in members)
    return f"sha256-{base64.b64encode(digest.digest()).decode()}", latest


def folder_hash(files: Mapping[str, Path]) -> str:
    """What `nix hash path` says of a folder.

    Args:
        files: what is in it, by name: plain files, none of which can be run.

    Returns:
        The NAR hash in SRI form.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(_text("nix-archive-1", "(", "type", "directory"))
    for name in sorted(files, key=str.encode):
        digest.update(_text("entry", "(", "name", name, "node", "(", "type", "regular", "contents"))
        content = files[name].read_bytes()
        digest.update(len(content).to_bytes(8, "little") + content + bytes(-len(content) % 8))
        digest.update(_text(")", ")"))
    digest.update(_text(")"))
    return f"sha256-{base64.b64encode(digest.digest()).decode()}"


def _expand(archive: Path, plain: Path) -> None:
    with gzip.open(archive, "rb") as source, plain.open("wb") as file:
        while chunk := source.read(_CHUNK):
            file.write(chunk)
            if file.tell() > _LARGEST:
                raise Dock2nixError(f"{archive.name}: refused, it unpacks to more than {_LARGEST} bytes")


def _root(members: list[tarfile.TarInfo]) -> _Tree:
    """The files below the one folder at the top."""
    tree: _Tree = {}
    for member in members:
        parts = PurePosixPath(member.name).parts
        if ".." in parts or not (member.isdir() or member.isreg() or member.issym()):
            raise tarfile.TarError(f"{member.name} is neither file nor folder nor link")
        folder = tree
        for part in parts[:-1]:
            inner = folder.setdefault(part, {})
            if not isinstance(inner, dict):
                raise tarfile.TarError(f"{member.name} is below a file")
            folder = inner
        if parts and member.isdir():
            folder.setdefault(parts[-1], {})
        elif parts:
            folder[parts[-1]] = member
    tops = list(tree.values())
    if len(tops) != 1 or not isinstance(tops[0], dict):
        raise tarfile.TarError("not everything is in one folder")
    return tops[0]


def _text(*texts: str) -> bytes:
    """Strings as NAR has them: the length in eight bytes, the bytes, filled up with zeros to a multiple of eight."""
    encoded = (text.encode("utf-8", "surrogateescape") for text in texts)
    return b"".join(len(text).to_bytes(8, "little") + text + bytes(-len(text) % 8) for text in encoded)


def _node(node: tarfile.TarInfo | _Tree, content: IO[bytes]) -> Iterator[bytes]:
    if isinstance(node, dict):
        yield _text("(", "type", "directory")
        for name in sorted(node, key=lambda name: name.encode("utf-8", "surrogateescape")):
            yield _text("entry", "(", "name", name, "node")
            yield from _node(node[name], content)
            yield _text(")")
        yield _text(")")
    elif node.issym():
        yield _text("(", "type", "symlink", "target", node.linkname, ")")
    else:
        yield _text("(", "type", "regular", *(("executable", "") if node.mode & _MAY_RUN else ()), "contents")
        yield node.size.to_bytes(8, "little")
        content.seek(node.offset_data)
        yield content.read(node.size)
        yield bytes(-node.size % 8) + _text(")")
