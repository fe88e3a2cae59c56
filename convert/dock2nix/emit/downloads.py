"""Downloads as derivations that are fixed by a hash (nixpkgs manual, "Fetchers"), and the words that unpack them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.emit.expression import (
    INDENT,
    Interpolated,
    NixExpression,
    Script,
    ShellCode,
    ShellLine,
    ShellOperator,
    nix_string,
    to_nix,
)
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.downloads import FetchFile, FetchTree, MachineCode, Unpack

Word = str | Interpolated | ShellCode | ShellOperator
Words = tuple[Word, ...]

_STORE_NAME = regex(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,200}")
_UNFIT = regex(r"[^A-Za-z0-9+._=-]+")
_ARCHIVE = regex(r"(?:\.tar)?\.(?:gz|bz2|xz|zst|tgz|tbz2?|txz|zip|tar)$|\.t[gbx]z2?$")
_GITHUB = regex(r"https?://(?:www\.)?github\.com/([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+?)(?:\.git)?/?")
_ZSTD = (".zst", ".tzst")


def github_repository(url: str) -> tuple[str, str] | None:
    """Owner and name of the repository on GitHub that an address is for."""
    found = _GITHUB.fullmatch(url)
    return (found[1], found[2]) if found else None


def file_expression(effect: FetchFile) -> NixExpression:
    """The file in the store; a folder with it, under the name that `stored_name` gives, when it is patched."""
    fetched = _fetched(effect)
    if effect.code is None:
        return fetched
    name = stored_name(effect)
    lines = (ShellLine((ShellCode("install -D -m 755 $src $out/{0}", (name,)),)),)
    return _patched(_title(effect.url), fetched, effect.code, lines)


def unpacked_expression(effect: Unpack, source: FetchFile, code: MachineCode) -> NixExpression:
    """A folder with what a download holds, its programs made to run."""
    words = _command(effect, source.url, ShellCode("$src", ()), ShellCode("$out", ()))
    lines = (ShellLine((ShellCode("mkdir $out", ()),)), ShellLine(words))
    return _patched(_title(source.url), _fetched(source), code, lines)


def tree_expression(effect: FetchTree) -> NixExpression:
    """The files of a repository at one commit, without its history."""
    repository = github_repository(effect.url)
    pinned = {"rev": effect.rev or effect.ref or "HEAD", "hash": _hash(effect.hash)}
    if repository is None:
        return _call("fetchgit", {"url": effect.url, **pinned, "fetchSubmodules": effect.submodules})
    more = {"fetchSubmodules": True} if effect.submodules else {}
    return _call("fetchFromGitHub", {"owner": repository[0], "repo": repository[1], **pinned, **more})


def unpacking(effect: Unpack, archive: Word, folder: str, *, through_links: bool) -> Words:
    """The command that unpacks an archive into a folder of the image.

    Args:
        effect: what is unpacked.
        archive: where it is.
        folder: relative to the image's root.
        through_links: whether the folder has links in the place of folders, which are to stay.
    """
    url = effect.source.url if effect.source else effect.archive or effect.context
    words = _command(effect, url, archive, folder if folder != "." else "")
    return (*words, "--keep-directory-symlink") if through_links and effect.program == "tar" else words


def decompression(effect: Unpack, archive: Word, path: str) -> Words:
    """The command that unpacks a single file."""
    program = _program(effect.program)
    if effect.moves:
        return (program, "-d", *(("--rm", "-q") if effect.program == "zstd" else ()), archive)
    return (program, "-dc", archive, ShellOperator(">"), path)


def stored_name(effect: FetchFile) -> str:
    """The name that a patched file has in its folder."""
    return _store_name(posixpath.basename(effect.path)) or "program"


def source_expression(url: str, sri: str) -> NixExpression:
    """A file in the store, as it comes."""
    base = url.rsplit("/", 1)[-1]
    named = {} if _STORE_NAME.fullmatch(base) else {"name": _store_name(base) or "download"}
    return _call("fetchurl", {**named, "url": url, "hash": _hash(sri)})


def _fetched(effect: FetchFile) -> NixExpression:
    return source_expression(effect.url, effect.hash)


def _call(function: str, arguments: Mapping[str, object]) -> NixExpression:
    """A call with its arguments in this order, as fetchers are written: what is fetched first, its hash behind it."""
    lines = [line for name, value in arguments.items() for line in f"{name} = {to_nix(value)};".split("\n")]
    return NixExpression(f"pkgs.{function} {{\n" + "".join(f"{INDENT}{line}\n" for line in lines) + "}")


def _hash(sri: str) -> object:
    return sri or NixExpression("lib.fakeHash")


def _store_name(text: str) -> str:
    return _UNFIT.sub("-", text.partition("?")[0]).strip(".-")[:100]


def _title(url: str) -> str:
    """What a derivation made of a download is called."""
    name = _store_name(url.partition("?")[0].rstrip("/").rsplit("/", 1)[-1])
    return _ARCHIVE.sub("", name) or "download"


def _patched(
    name: str, source: NixExpression, code: MachineCode, lines: tuple[ShellLine, ...]
) -> NixExpression:
    """Programs whose machine code was linked elsewhere, with the paths of Nix' libraries in them."""
    inputs = tuple(
        NixExpression(f"pkgs.{path}.{output}" if output else f"pkgs.{path}") for path, output in code.packages
    )
    arguments: dict[str, object] = {
        "src": source,
        "nativeBuildInputs": (NixExpression("pkgs.autoPatchelfHook"),),
    }
    if inputs:
        arguments["buildInputs"] = inputs
    if code.missing:
        arguments["autoPatchelfIgnoreMissingDeps"] = code.missing
    script = Script((*lines, ShellLine((ShellCode("autoPatchelf $out", ()),))))
    return NixExpression(f"pkgs.runCommandCC {nix_string(name)} {to_nix(arguments)} {to_nix(script)}")


def _command(effect: Unpack, url: str, archive: Word, folder: Word) -> Words:
    """The words that unpack into a folder ("" : the current one)."""
    if effect.program == "unzip":
        never = "-n" in effect.options
        into = ("-d", folder) if folder else ()
        return (
            _program("unzip"),
            "-q",
            *(() if never else ("-o",)),
            *effect.options,
            archive,
            *effect.members,
            *into,
        )
    options = tuple(option for option in effect.options if option != "--zstd")
    packed = "--zstd" in effect.options or url.partition("?")[0].endswith(_ZSTD)
    zstd = Interpolated(("--use-compress-program=", NixExpression("pkgs.zstd"), "/bin/zstd"))
    into = ("-C", folder) if folder else ()
    return ("tar", *((zstd,) if packed else ()), "-xf", archive, *into, *options, *effect.members)


def _program(name: str) -> str | Interpolated:
    """A program that every build has, or one out of its package."""
    if name not in {"unzip", "zstd"}:
        return name
    return Interpolated((NixExpression(f"pkgs.{name}"), f"/bin/{name}"))
