"""What is in a .deb file (deb(5)): its machine code, its scripts' interpreters, its folders, and what its own scripts would do."""

from __future__ import annotations

import lzma
import posixpath
import re
import tarfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from msgspec import Struct, field

from dock2nix.locking.elf import elf_in
from dock2nix.locking.machine_code import FoundPrograms, Unreadable
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = 256
_LARGEST_FILE = 1 << 29
_LARGEST = 1 << 32
_LARGEST_SCRIPT = 1 << 20
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_PROGRAM_FOLDERS = frozenset({"bin", "sbin", "usr/bin", "usr/games", "usr/sbin"})
_SHEBANG = re.compile(rb"#![ \t]*(?:\S*/env(?:[ \t]+-S)?[ \t]+)?(\S+)")
# What an image has of packages in any case; all else needs a place of its own.
_USUAL = frozenset({"bin", "etc", "lib", "sbin", "share"})
_BOILERPLATE = regex(
    r"^# Automatically added by .*?^# End automatically added section$", re.MULTILINE | re.DOTALL
)
_NO_CODE = regex(
    r"#.*|case .*|if .*|(?:set -[eux]+|exit 0|esac|fi|done|else|then|;;|:|true|(?:/sbin/)?ldconfig|[\w|*\" -]+\)|)(?: ?;;)?"
)
_ACCOUNT = regex(r"^\s*(?:if ! )?(adduser|addgroup|useradd|groupadd|usermod)\b(.*(?:\\\n.*)*)", re.MULTILINE)
_ALTERNATIVE = regex(r"update-alternatives\s+(?:--quiet\s+)?--install\s+(\S+)\s+(\S+)\s+(\S+)")
_MODULE = regex(r"apache2_invoke\s+(enmod|enconf|ensite)\s+([\w.-]+)")
_STATE = regex(r"\b(dpkg-statoverride --.*add|setcap|chown|chmod)\b")
_NAME = regex(r"[a-z_$][A-Za-z0-9_${}-]*")
_VALUED = frozenset(
    """--home --shell --gecos --comment --uid --gid --ingroup --firstuid --lastuid --firstgid --lastgid -d -s -c -u -g -G
    --conf --home-dir --base-dir --groups""".split()  # noqa: SIM905 - words in lines, not one a line
)


class DebContents(Struct, kw_only=True):
    """What a .deb file holds. Paths are relative to the root.

    `modules` are the folders of all its files; `shells` the interpreters of its scripts by name; `set_user_id` programs with the rights
    of their owner; `doings` what its own scripts do that is known, `more` whether they do anything else.
    """

    programs: FoundPrograms = field(default_factory=FoundPrograms)
    commands: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    shells: set[str] = field(default_factory=set)
    set_user_id: list[str] = field(default_factory=list)
    doings: list[str] = field(default_factory=list)
    more: bool = False
    top: set[str] = field(default_factory=set)
    usr: set[str] = field(default_factory=set)


def read_deb(path: Path) -> DebContents:
    """Look into a .deb file; nothing of it is run.

    Raises:
        Unreadable: it is damaged, of a form that cannot be read here, or far too large.
    """
    import arpy  # noqa: PLC0415 - few conversions need it

    found, parts = DebContents(), set[str]()
    errors = (OSError, EOFError, tarfile.TarError, lzma.LZMAError, zlib.error, ValueError)
    try:
        with arpy.Archive(str(path)) as archive:
            for part in archive:
                name = part.header.name.decode("ascii", "replace").rstrip("/")
                if name.startswith(("control.tar", "data.tar")):
                    parts.add(name.partition(".")[0])
                    with _tar(cast("IO[bytes]", part), name) as tar:
                        (_control if name.startswith("control") else _data)(tar, found)
    except (arpy.ArchiveFormatError, arpy.ArchiveAccessError, *errors) as error:
        raise Unreadable(f"it cannot be unpacked here ({type(error).__name__})") from error
    if parts != {"control", "data"}:
        raise Unreadable("it cannot be unpacked here (it lacks a part)")
    return found


@contextmanager
def _tar(part: IO[bytes], name: str) -> Iterator[tarfile.TarFile]:
    if not name.endswith(".zst"):
        kind = name.rpartition(".")[2]
        mode = f"r|{kind}" if kind in {"gz", "bz2", "xz"} else "r|"
        with tarfile.open(fileobj=part, mode=mode) as tar:  # type: ignore[call-overload]
            yield tar
        return
    try:
        import zstandard  # noqa: PLC0415 - Ubuntu's packages alone
    except ModuleNotFoundError as error:
        raise Unreadable("reading it needs zstandard: install dock2nix with the extra `deb`") from error
    try:
        with (
            zstandard.ZstdDecompressor().stream_reader(part) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            yield tar
    except zstandard.ZstdError as error:
        raise Unreadable("it is damaged") from error


# --- what is installed ---------------------------------------------------------------------------------------------------------


def _data(tar: tarfile.TarFile, found: DebContents) -> None:
    size, filled, folders = 0, set[str](), set[str]()
    for member in tar:
        size += member.size
        if size > _LARGEST:
            raise Unreadable("it unpacks to more than is looked at")
        name = normal_path(member.name).lstrip("/")
        if member.isdir():
            folders.add(name)
            continue
        folder = posixpath.dirname(name)
        filled.add(folder)
        _place(name, found)
        if folder in _PROGRAM_FOLDERS:
            found.commands.add(posixpath.basename(name))
        file = tar.extractfile(member) if member.isreg() and member.size <= _LARGEST_FILE else None
        if file is not None:
            if member.mode & 0o6000:
                found.set_user_id.append(f"/{name}")
            _content(name, member, file, found)
    found.folders = filled
    found.empty = {one for one in folders if one.startswith("var/") and one != "var/lib"}


def _place(name: str, found: DebContents) -> None:
    """Where an image has the file, besides the folders that it has in any case."""
    first, _, rest = name.partition("/")
    if first == "usr":
        second = rest.partition("/")[0]
        if second not in _USUAL and "/" in rest:
            found.usr.add(second)
    elif first not in _USUAL and rest:
        found.top.add(first)


def _content(name: str, member: tarfile.TarInfo, file: IO[bytes], found: DebContents) -> None:
    head = file.read(_HEAD)
    if head.startswith(b"\x7fELF"):
        elf = elf_in(head + file.read())
        if elf is not None:
            found.programs.add(name, elf)
    elif member.mode & 0o111 and (shebang := _SHEBANG.match(head)):
        found.shells.add(posixpath.basename(shebang[1].decode("utf-8", "replace")))


# --- what is only said ---------------------------------------------------------------------------------------------------------


def _control(tar: tarfile.TarFile, found: DebContents) -> None:
    for member in tar:
        name = posixpath.basename(member.name)
        file = tar.extractfile(member) if member.isreg() and member.size <= _LARGEST_SCRIPT else None
        if file is not None and name in {"preinst", "postinst"}:
            text = file.read().decode("utf-8", "replace")
            found.doings += _doings(text)
            found.more = found.more or _does_more(text)


def _doings(script: str) -> Iterator[str]:
    """What a maintainer script does (Debian Policy 6), as far as its text tells; it is read, never run."""
    for match in _ACCOUNT.finditer(script):
        names = _names(match[2])
        if names:
            what = "group" if "group" in match[1] else "user"
            yield f"make the {what} {names[0]}" if len(names) == 1 else f"put {names[0]} into {names[1]}"
    for match in _MODULE.finditer(script):
        yield f"enable {match[2]} in Apache ({match[1]})"
    for match in _ALTERNATIVE.finditer(script):
        yield f"link {match[1]} to {match[3]}"
    if _STATE.search(_BOILERPLATE.sub("", script)):
        yield "set owners or permissions of files"


def _names(words: str) -> list[str]:
    found, before = [], ""
    for word in re.split(r"[\s\\]+", words.partition(">")[0].partition("||")[0].partition(";")[0]):
        plain = word.strip("\"'")
        if plain and not word.startswith("-") and before not in _VALUED and _NAME.fullmatch(plain):
            found.append(plain)
        before = word
    return found


def _does_more(script: str) -> bool:
    """Whether there is anything in it besides what debhelper writes and what is said already."""
    own = _ACCOUNT.sub("", _ALTERNATIVE.sub("", _BOILERPLATE.sub("", script)))
    return any(not _NO_CODE.fullmatch(line.strip()) for line in own.splitlines())
