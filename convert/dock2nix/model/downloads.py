"""What comes from the network, or out of an archive, as effects on the image's files. Paths are absolute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.source import Location


_MUSL = "libc.musl-"


class Programs(Struct, frozen=True, kw_only=True):
    """What the machine code of a download says of itself.

    `systems` are those that it is for, `linked` the systems of what is linked to libraries, `libraries` those that it does not bring.
    """

    systems: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def musl(self) -> bool:
        """Whether it wants another C library than Nix' packages are linked to."""
        return any(name.startswith(_MUSL) for name in self.libraries)


class MachineCode(Struct, frozen=True, kw_only=True):
    """Programs in a download that are linked to libraries, which a Nix image has at other places than they look for them.

    `packages` are those with the libraries (attribute path, output or ""), `missing` the libraries that no package is known for.
    """

    packages: tuple[tuple[AttributePath, str], ...] = ()
    missing: tuple[str, ...] = ()


class FetchFile(Struct, frozen=True, kw_only=True):
    """A file that is downloaded to `path` ("" : another effect takes it from the store).

    `expected` is the hash that the Dockerfile gives, `hash` the one that the flake is to have, both as SRI ("" : not known).
    `listings` are (address, algorithm) of published lists of hashes that it is checked against. `mode` is octal digits,
    "" for a plain file. `programs` is what was found in it, None when nobody has looked; `code` tells what its programs need, None
    when there is nothing to do about them.
    """

    path: str
    url: str
    expected: str = ""
    hash: str = ""
    listings: tuple[tuple[str, str], ...] = ()
    mode: str = ""
    programs: Programs | None = None
    code: MachineCode | None = None
    location: Location
    text: str


class CheckFile(Struct, frozen=True, kw_only=True):
    """`sha256sum -c`: a file that was downloaded is compared with `hash` (SRI), or with the list at `listing`.

    `path` is the file; for a list, the folder in which the files stand that it names. `listing` is the path of a list that was
    downloaded too, `algorithm` its kind of hash.
    """

    path: str
    hash: str = ""
    listing: str = ""
    algorithm: str = "sha256"
    location: Location
    text: str


class Unpack(Struct, frozen=True, kw_only=True):
    """An archive is unpacked into the folder `path`, or a compressed file into the file `path`.

    The archive is the file `archive` of the image, or the download `source`, or the file `context` of the build context.
    `program` is tar, unzip, gzip, bzip2, xz or zstd; `options` and `members` are its own. `moves`: the archive is gone afterwards.
    """

    path: str
    program: str = "tar"
    archive: str = ""
    source: FetchFile | None = None
    context: str = ""
    options: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    moves: bool = False
    location: Location
    text: str

    @property
    def single(self) -> bool:
        """Whether it gives one file."""
        return self.program not in {"tar", "unzip"}


class FetchTree(Struct, frozen=True, kw_only=True):
    """`git clone`: the files of a repository at `path`.

    `ref` is a branch, tag or commit as asked for, "" for the default branch; `rev` the commit it stands for and `hash` that of
    its files (SRI, of the NAR), both "" while they are not known.
    """

    path: str
    url: str
    ref: str = ""
    rev: str = ""
    hash: str = ""
    submodules: bool = False
    location: Location
    text: str


def tree_key(tree: FetchTree) -> str:
    """What is asked of a repository, in the form of BuildKit's git addresses: `https://host/name.git#v1`."""
    return f"{tree.url}#{tree.ref}" if tree.ref else tree.url


class ChangeTree(Struct, frozen=True, kw_only=True):
    """`git checkout`, `git submodule update` in a repository that was cloned to `path`: another `ref`, or `submodules` too."""

    path: str
    ref: str = ""
    submodules: bool = False
    location: Location
    text: str


Download = FetchFile | CheckFile | Unpack | FetchTree | ChangeTree
