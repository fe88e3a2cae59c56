"""Archives of Debian packages, made by a test: .deb files, Packages, InRelease, as a server of files has them."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class MadeSource:
    """A source package; `files` by name."""

    name: str
    version: str
    files: Mapping[str, bytes]

    @property
    def folder(self) -> str:
        return f"pool/main/{self.name[0]}/{self.name}"

    def paragraph(self) -> str:
        """As a Sources file has it."""
        listed = (f" {hashlib.sha256(one).hexdigest()} {len(one)} {name}" for name, one in self.files.items())
        fields = {"Package": self.name, "Version": self.version, "Directory": self.folder}
        lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
        return f"{lines}Checksums-Sha256:\n" + "".join(f"{line}\n" for line in listed)


@dataclass(frozen=True, kw_only=True)
class MadeDeb:
    """A package. `files` by path without leading slash: content, with 0o755 for what is in a folder of programs; `links` by path.

    `modes` are other permissions, `folders` those without files, `fields` further lines of its paragraph, `scripts` maintainer scripts.
    """

    name: str
    version: str = "1.0-1"
    architecture: str = "amd64"
    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    modes: Mapping[str, int] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """In the archive; file names have no epoch."""
        file = f"{self.name}_{self.version.rpartition(':')[2]}_{self.architecture}.deb"
        return f"pool/main/{self.name[0]}/{self.name}/{file}"

    def content(self, pack: str = "xz") -> bytes:
        """The .deb file (deb(5))."""
        control = _tar({"./control": self._control().encode(), **self._scripts()})
        members = {
            "debian-binary": b"2.0\n",
            f"control.tar.{pack}": _packed(control, pack),
            f"data.tar.{pack}": _packed(self._data(), pack),
        }
        return b"!<arch>\n" + b"".join(_member(name, content) for name, content in members.items())

    def _scripts(self) -> dict[str, bytes]:
        return {f"./{name}": text.encode() for name, text in self.scripts.items()}

    def _control(self) -> str:
        own = {"Package": self.name, "Version": self.version, "Architecture": self.architecture}
        return "".join(f"{name}: {value}\n" for name, value in {**own, **self.fields}.items())

    def _data(self) -> bytes:
        folders = {f"./{name}": b"" for name in self.folders}
        files = {f"./{name}": content for name, content in self.files.items()}
        return _tar(files, folders, {f"./{name}": goal for name, goal in self.links.items()}, self.modes)

    def paragraph(self) -> str:
        """As a Packages file has it."""
        content = self.content()
        told = {
            "Filename": self.path,
            "Size": str(len(content)),
            "SHA256": hashlib.sha256(content).hexdigest(),
        }
        return self._control() + "".join(f"{name}: {value}\n" for name, value in told.items())


def _tar(
    files: Mapping[str, bytes],
    folders: Mapping[str, bytes] | None = None,
    links: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in folders or ():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = (modes or {}).get(name.removeprefix("./"), 0o755 if "bin/" in name else 0o644)
            tar.addfile(entry, io.BytesIO(content))
        for name, goal in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, goal
            tar.addfile(entry)
    return packed.getvalue()


def _packed(content: bytes, pack: str) -> bytes:
    if pack == "zst":
        import zstandard

        return zstandard.ZstdCompressor().compress(content)
    return lzma.compress(content)


def _member(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def archive(
    *debs: MadeDeb,
    sources: tuple[MadeSource, ...] = (),
    release: str = "bookworm",
    origin: str = "Debian",
    suite: str = "",
    by_hash: bool = True,
) -> dict[str, bytes]:
    """The files of an archive with one component, by path with a leading slash."""
    indexes = {
        "main/binary-amd64/Packages.xz": "\n".join(deb.paragraph() for deb in debs),
        "main/source/Sources.xz": "\n".join(one.paragraph() for one in sources),
    }
    name = suite or release
    files = {f"/{deb.path}": deb.content() for deb in debs}
    listed = []
    for path, text in indexes.items():
        packed = lzma.compress(text.encode())
        digest = hashlib.sha256(packed).hexdigest()
        place = f"{path.rpartition('/')[0]}/by-hash/SHA256/{digest}" if by_hash else path
        files[f"/dists/{name}/{place}"] = packed
        listed.append(f" {digest} {len(packed)} {path}\n")
    release_file = (
        f"Origin: {origin}\nSuite: stable\nCodename: {name}\nAcquire-By-Hash: {'yes' if by_hash else 'no'}\n"
        f"MD5Sum:\n {'0' * 32} 1 main/source/Sources.xz\nSHA256:\n{''.join(listed)}"
    )
    return {f"/dists/{name}/InRelease": release_file.encode(), **files}
