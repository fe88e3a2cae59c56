"""`curl`: downloads to files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import Options, option_table, read_options
from dock2nix.commands.transfers import Transfer, address, remote_name, to_output, translated
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.commands.base import Translation
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"curl"})
# How it is fetched: nothing else comes for them.
_MANNERS = option_table(
    *("-s --silent", "-S --show-error", "-f --fail", "--fail-with-body", "--fail-early", "-L --location"),
    *(
        "-k --insecure",
        "-v --verbose",
        "-# --progress-bar",
        "--no-progress-meter",
        "--compressed",
        "-4 --ipv4",
    ),
    *(
        "-6 --ipv6",
        "-g --globoff",
        "-O --remote-name",
        "--remote-name-all",
        "-R --remote-time",
        "--create-dirs",
    ),
    *(
        "-1 --tlsv1",
        "--tlsv1.0",
        "--tlsv1.1",
        "--tlsv1.2",
        "--tlsv1.3",
        "-0 --http1.0",
        "--http1.1",
        "--http2",
    ),
    *(
        "-N --no-buffer",
        "--retry-connrefused",
        "--retry-all-errors",
        "-q --disable",
        "-Z --parallel",
        "--ssl-reqd",
    ),
    *("--tcp-nodelay", "--no-keepalive", "--ssl-no-revoke", "--location-trusted", "--styled-output"),
    *(
        "-o --output =",
        "--output-dir =",
        "--retry =",
        "--retry-delay =",
        "--retry-max-time =",
        "-m --max-time =",
    ),
    *(
        "--connect-timeout =",
        "--proto =",
        "--proto-redir =",
        "--proto-default =",
        "--max-redirs =",
        "--url =",
    ),
    *(
        "-C --continue-at =",
        "-Y --speed-limit =",
        "-y --speed-time =",
        "-x --proxy =",
        "--limit-rate =",
        "--cacert =",
    ),
    *(
        "-w --write-out =",
        "--max-filesize =",
        "--ciphers =",
        "--tls-max =",
        "--keepalive-time =",
        "--stderr =",
    ),
)
_GLOB = regex(r"[\[\]{}]")
# Options that change what is asked for, by what they do.
_ASKING = {
    "sends data": (
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "-F",
        "--form",
        "-T",
        "--json",
    ),
    "uses another method": ("-X", "--request", "-I", "--head"),
    "sends headers of its own": ("-H", "--header", "-A", "--user-agent", "-e", "--referer"),
    "sends a password": ("-u", "--user", "-n", "--netrc", "--oauth2-bearer"),
    "sends cookies": ("-b", "--cookie", "-c", "--cookie-jar"),
    "names the file as the server says": ("-J", "--remote-header-name"),
}


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A `FetchFile` for each address; None with options that change what is asked for."""
    return translated(transfers(invocation), invocation, redirects, location, text)


def transfers(invocation: Invocation) -> tuple[Transfer, ...] | None:
    """The addresses with their files, None when that cannot be said."""
    options = read_options(invocation.arguments, _MANNERS)
    if options is None:
        return None
    given = (*options.values("--url"), *(word.value or "" for word in options.operands))
    globs = not options.has("-g") and any(_GLOB.search(url) for url in given)
    urls = tuple(address(url) for url in given)
    if not urls or globs or options.has("-w"):
        return None
    found = [_transfer(url, at, options) for at, url in enumerate(urls) if url is not None]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(urls) else None


def _transfer(url: str, at: int, options: Options) -> Transfer | None:
    """What becomes of the address at a position: curl takes its outputs in order, those that name a file and `-O` alike."""
    outputs = [(name, value) for name, value in options.given if name in {"-o", "-O"}]
    name, value = outputs[at] if at < len(outputs) else ("", "")
    if name == "" and not options.has("--remote-name-all"):
        return Transfer(url=url, file="")
    file = value if name == "-o" else remote_name(url)
    if not file:
        return None
    if to_output(file):
        return Transfer(url=url, file="")
    return Transfer(url=url, file=posixpath.join(options.last("--output-dir") or "", file))


def refusal(words: tuple[Word, ...]) -> str:
    """Why an invocation cannot be a download by hash, "" when no option of it is the reason."""
    for word in words:
        text = (word.value or word.text).partition("=")[0]
        for what, names in _ASKING.items():
            if text in names or (text[:1] == "-" and text[1:2] not in {"", "-"} and text[:2] in names):
                return f"it {what} ({text}), which a download by hash cannot"
    return ""
