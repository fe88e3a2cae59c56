"""`wget`: downloads to files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import option_table, read_options
from dock2nix.commands.transfers import Transfer, address, remote_name, to_output, translated

if TYPE_CHECKING:
    from dock2nix.commands.base import Options, Translation
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"wget"})
# How it is fetched, and to which file.
_MANNERS = option_table(
    *(
        "-q --quiet",
        "--no-verbose",
        "-v --verbose",
        "-d --debug",
        "-c --continue",
        "-N --timestamping",
        "-4 --inet4-only",
    ),
    *("-6 --inet6-only", "--no-check-certificate", "--show-progress", "--retry-connrefused", "--https-only"),
    *(
        "--no-clobber",
        "--no-cache",
        "--no-hsts",
        "-S --server-response",
        "--no-proxy",
        "--no-dns-cache",
        "--no-cookies",
    ),
    *("--no-directories", "--no-config", "--auth-no-challenge", "--no-glob", "--trust-server-names"),
    *(
        "--content-disposition",
        "-O --output-document =",
        "-P --directory-prefix =",
        "-t --tries =",
        "-T --timeout =",
    ),
    *(
        "--progress =",
        "-w --wait =",
        "--waitretry =",
        "--secure-protocol =",
        "--max-redirect =",
        "--dns-timeout =",
    ),
    *(
        "--connect-timeout =",
        "--read-timeout =",
        "--limit-rate =",
        "--ca-certificate =",
        "--retry-on-http-error =",
    ),
    *("-e --execute =", "--prefer-family ="),
)
# Letters behind a leading `n` that make an option of two letters.
_TWO_LETTERS = {"-nv": "--no-verbose", "-nc": "--no-clobber", "-nd": "--no-directories"}
_SETTINGS = ("use_proxy", "http_proxy", "https_proxy", "robots", "check_certificate", "timeout", "tries")
_ASKING = {
    "sends data": ("--post-data", "--post-file", "--body-data", "--method"),
    "sends headers of its own": ("--header", "-U", "--user-agent", "--referer"),
    "sends a password": ("--user", "--password", "--http-user", "--http-password", "--ftp-user"),
    "sends cookies": ("--load-cookies", "--save-cookies"),
    "follows links": ("-r", "--recursive", "-m", "--mirror", "-p", "--page-requisites"),
    "reads addresses from a file": ("-i", "--input-file"),
}


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A `FetchFile` for each address; None with options that change what is asked for."""
    return translated(transfers(invocation), invocation, redirects, location, text)


def transfers(invocation: Invocation) -> tuple[Transfer, ...] | None:
    """The addresses with their files, None when that cannot be said."""
    options = read_options(_plain(invocation.arguments), _MANNERS)
    if options is None or not all(value.startswith(_SETTINGS) for value in options.values("-e")):
        return None
    urls = [address(word.value or "") for word in options.operands]
    found = [_transfer(url, options, alone=len(urls) == 1) for url in urls if url is not None]
    known = tuple(one for one in found if one is not None)
    return known if known and len(known) == len(urls) else None


def _plain(words: tuple[Word, ...]) -> tuple[Word, ...]:
    from msgspec.structs import replace  # noqa: PLC0415 - a C function, and only these options need it

    return tuple(
        replace(word, value=_TWO_LETTERS[word.value]) if word.value in _TWO_LETTERS else word
        for word in words
    )


def _transfer(url: str, options: Options, *, alone: bool) -> Transfer | None:
    """Where an address goes: all of them into the one file of `-O`, else each to a file of its own name and query."""
    file = options.last("-O")
    if file is not None:
        return Transfer(url=url, file="" if to_output(file) else file) if alone and file else None
    query = url.partition("?")[2]
    name = (remote_name(url) or "index.html") + (f"?{query}" if query else "")
    decided = options.has("--content-disposition") or options.has("--trust-server-names")
    if decided or "%" in name or "/" in name:
        return None
    return Transfer(url=url, file=posixpath.join(options.last("-P") or "", name))


def refusal(words: tuple[Word, ...]) -> str:
    """Why an invocation cannot be a download by hash, "" when no option of it is the reason."""
    for word in words:
        text = (word.value or word.text).partition("=")[0]
        for what, names in _ASKING.items():
            if text in names:
                return f"it {what} ({text}), which a download by hash cannot"
    return ""
