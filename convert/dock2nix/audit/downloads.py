"""What commands download: the address, the file it ends up in, who reads it, and whether anything checks it."""

from __future__ import annotations

import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from dock2nix.audit.base import place_of, raw_argument
from dock2nix.managers.arguments import option_names, read_command_line
from dock2nix.parse.copying import is_remote
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Run
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.shell import Word
    from dock2nix.model.source import Location

# As curl(1), wget(1) and aria2c(1) say.
_VALUED = {
    "curl": option_names(
        """
        -A -b -c -C -d -D -e -E -F -H -K -m -o -P -Q -r -t -T -u -U -w -x -X -y -Y -z --cacert --capath --cert --ciphers --config
        --connect-timeout --continue-at --cookie --cookie-jar --data --data-ascii --data-binary --data-raw --data-urlencode
        --dump-header --form --header --interface --key --limit-rate --max-redirs --max-time --noproxy --output --output-dir
        --pinnedpubkey --proto --proto-redir --proxy --proxy-user --range --referer --request --resolve --retry --retry-delay
        --retry-max-time --speed-limit --speed-time --stderr --time-cond --tls-max --unix-socket --upload-file --url --user
        --user-agent --write-out --json --proto-default --connect-to
        """
    ),
    "wget": option_names(
        """
        -a -A -B -D -e -i -I -l -o -O -P -Q -R -t -T -U -w -X --accept --base --body-data --body-file --ca-certificate
        --ca-directory --certificate --connect-timeout --cut-dirs --default-page --directory-prefix --domains
        --exclude-directories --execute --header --http-password --http-user --include-directories --input-file --level
        --limit-rate --method --output-document --output-file --password --post-data --post-file --quota --read-timeout
        --progress --referer --reject --secure-protocol --timeout --tries --user --user-agent --wait --waitretry --retry-on-http-error
        """
    ),
    "aria2c": option_names("-d -o -x -s -k -j -m --dir --out --checksum --max-connection-per-server --split"),
}
# A download is checked, queried or sent, and nothing of it stays.
_NO_DOWNLOAD = {
    "curl": (
        *(
            "-I",
            "--head",
            "-T",
            "--upload-file",
            "-d",
            "--data",
            "--data-raw",
            "--data-binary",
            "-F",
            "--form",
        ),
        *("-V", "--version", "-h", "--help", "--json", "--data-urlencode", "--data-ascii"),
    ),
    "wget": ("--spider", "--post-data", "--post-file", "-V", "--version", "-h", "--help", "--body-data"),
    "aria2c": ("-v", "--version", "-h", "--help", "--checksum"),
}
_FILE_OPTIONS = {
    "curl": ("-o", "--output"),
    "wget": ("-O", "--output-document"),
    "aria2c": ("-o", "--out"),
}
_SENDING = frozenset({"DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_HOST = regex(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?(?:[^/?#@\s]*@)?(\[[0-9a-fA-F:.]*\]|[^/:?#\s]*)")
_OWN_HOSTS = frozenset({"0.0.0.0", "127.0.0.1", "[::1]", "localhost"})  # noqa: S104 - named, not listened on
_SUMS = frozenset(
    {
        *(
            "b2sum",
            "cksum",
            "md5sum",
            "sha1sum",
            "sha224sum",
            "sha256sum",
            "sha384sum",
            "sha512sum",
            "shasum",
        ),
        *("rhash", "md5", "sha256", "sha512"),
    }
)
_VERIFIERS = {
    "cosign": {"verify", "verify-blob", "verify-attestation"},
    "gpg": {"--verify"},
    "gpg2": {"--verify"},
    "gpgv": {""},
    "minisign": {"-V", "-Vm"},
    "openssl": {"dgst", "sha256", "sha512"},
    "slsa-verifier": {"verify-artifact"},
    "gh": {"attestation"},
}
_CHECK_FILE = regex(
    r".*\.(?:sha(?:1|224|256|384|512)(?:sums?)?|md5|sums?|sig|sign|minisig|sigstore|bundle)|(?:.*[._-])?sigs?[._-].*\.asc"
    r"|(?:.*[._-])?(?:sha(?:1|256|512)[_-]?sums?|check-?sums?|sha(?:256|512))(?:[._-].*)?(?:\.txt)?(?:\.asc)?"
    r"|.*\.(?:tar|tgz|gz|xz|bz2|zst|zip|jar|war|txt|deb|rpm|apk|exe|bin|phar|whl|dmg|iso|list)\.(?:asc|gpg)",
    re.IGNORECASE,
)
_VARIABLE = regex(r"\$\{[^{}$]*\}|\$[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NAME = 255
_LONGEST_PIPE = 20
_MOST_CHECKS = 50  # that are compared with one download


class Download(Struct, frozen=True, kw_only=True):
    """Something fetched over the network.

    `url` is the address, as written when it cannot be known. `files` are the names that it may be saved under (empty: it goes to
    standard output). `command` is None for ADD. `asked` is true when the answer goes into a variable or an argument. `verified`:
    the same instruction compares it with a checksum or a signature.
    """

    stage: int
    url: str
    location: Location
    instruction: Location
    files: tuple[str, ...] = ()
    command: Command | None = None
    run: Run | None = None
    asked: bool = False
    verified: bool = False

    @property
    def at(self) -> Location:
        """The command, or the ADD, that downloads."""
        return self.command.shell.location if self.command else self.instruction


class _Check(NamedTuple):
    """A command that compares files with checksums or signatures; `told` is all that it is given, as text."""

    position: int
    told: str


def all_downloads(
    runs: tuple[Run, ...], instructions: tuple[tuple[int, ScopedInstruction], ...]
) -> tuple[Download, ...]:
    """What RUN and ADD fetch by address; git has a rule of its own.

    Args:
        runs: the RUN instructions.
        instructions: all of them, with their stages.
    """
    found = [one for run in runs for one in _run_downloads(run)]
    for stage, instruction in instructions:
        if instruction.keyword == "ADD":
            found += _added(stage, instruction)
    return tuple(found)


def _run_downloads(run: Run) -> tuple[Download, ...]:
    checks = tuple(_Check(check.position, _texts(run, check)) for check in check_programs(run))
    found = (one for command in run.commands for one in _downloads(command, run, checks))
    return tuple(
        {(one.location.first_line, one.location.first_column, one.url): one for one in found}.values()
    )


def is_check_file(address: str) -> bool:
    """Whether an address or a name is that of checksums or of a signature: what others are checked with."""
    name = posixpath.basename(address.partition("?")[0].partition("#")[0])
    return len(name) <= _LONGEST_NAME and _CHECK_FILE.fullmatch(name) is not None


def is_own_host(url: str) -> bool:
    """Whether an address is on the machine itself."""
    match = _HOST.match(url)
    return match is not None and match[1].lower() in _OWN_HOSTS


def is_unencrypted(url: str) -> bool:
    """Whether whoever is on the way can change what comes from an address."""
    return url.lower().startswith(("http://", "ftp://", "git://")) and not is_own_host(url)


def _downloads(command: Command, run: Run, checks: tuple[_Check, ...]) -> Iterator[Download]:
    name = command.name
    if name not in _VALUED:
        return
    line = read_command_line(command.invocation.arguments, _VALUED[name], has_verb=False)
    if line.has(*_NO_DOWNLOAD[name]) or line.last("-X", "--request", "--method").upper() in _SENDING:
        return
    targets = line.values(*_FILE_OPTIONS[name])
    if "/dev/null" in targets or _discards(command):
        return
    words = [*line.operands, *(option.word for option in line.options if option.name == "--url")]
    addresses = [(word, url) for word in words if _is_address(url := _address(word))]
    for number, (word, url) in enumerate(addresses):
        if is_check_file(url):
            continue
        files = _files(name, line, url, word, targets[number : number + 1], command)
        yield Download(
            stage=run.stage,
            url=url,
            location=word.location,
            instruction=run.instruction.location,
            files=files,
            command=command,
            run=run,
            asked=command.shell.substitution_of is not None,
            verified=_is_verified(command.position, files, checks),
        )


def _address(word: Word) -> str:
    return (word.value if word.value is not None else word.text).strip("\"'").removeprefix("--url=")


def _discards(command: Command) -> bool:
    targets = (
        one.target.value for one in command.shell.redirects if one.target and one.descriptor in {None, 1}
    )
    return "/dev/null" in targets


def _is_address(url: str) -> bool:
    if is_own_host(url) or url.startswith(("file:", "-")):
        return False
    return "://" in url or "$" in url or ("." in url and not url.startswith((".", "/")))


def _files(
    name: str, line: CommandLine, url: str, word: Word, targets: tuple[str, ...], command: Command
) -> tuple[str, ...]:
    """The base names that a download is saved under, known ones and as written."""
    chosen = [*targets]
    chosen += [one.word.text for one in line.options if one.name in _FILE_OPTIONS[name] and not targets]
    if "-" in targets or "/dev/stdout" in targets:
        chosen = []
    elif not chosen and (name != "curl" or line.has("-O", "--remote-name", "-J", "--remote-name-all")):
        chosen = [url, word.text]
    chosen += [
        one.target.value or one.target.text
        for one in command.shell.redirects
        if one.operator in {">", ">>", ">|"} and one.descriptor in {None, 1} and one.target
    ]
    return tuple(dict.fromkeys(base for text in chosen if (base := _base_name(text))))


def _base_name(text: str) -> str:
    return posixpath.basename(text.strip("\"'").partition("?")[0].rstrip("/"))


# --- checks ------------------------------------------------------------------------------------------------------------------


def check_programs(run: Run) -> Iterator[Command]:
    """The commands of a RUN that compare files with checksums or signatures."""
    for command in run.commands:
        words = {word.value for word in command.invocation.arguments}
        if command.name in _SUMS or (
            command.name in _VERIFIERS and (words | {""}) & _VERIFIERS[command.name]
        ):
            yield command


def _is_verified(position: int, files: tuple[str, ...], checks: tuple[_Check, ...]) -> bool:
    """Whether a later command checks what one downloads: by a name that it is saved under, or without telling of what."""
    later = islice((check for check in checks if check.position > position), _MOST_CHECKS)
    return bool(files) and any(_concerns(check, files) for check in later)


def _concerns(check: _Check, files: tuple[str, ...]) -> bool:
    return any(_is_told(name, check.told) for name in files) or not _tells_of_files(check.told)


def _texts(run: Run, check: Command) -> str:
    """All that a check is given: its words, its here-documents, what is piped into it."""
    shell = check.shell
    texts = [word.text + " " + (word.value or "") for word in check.invocation.arguments]
    texts += [redirect.body or "" for redirect in shell.redirects]
    before, left = shell.stdin_from, _LONGEST_PIPE
    while before is not None and left:
        left -= 1
        item = run.items[before]
        source = run.first.get(before)
        texts += [
            item.text,
            *((word.value or "") for word in (source.invocation.arguments if source else ())),
        ]
        texts += [one.body or "" for one in source.shell.redirects] if source else []
        before = source.shell.stdin_from if source else None
    return "\n".join(texts)


def _is_told(name: str, told: str) -> bool:
    """Whether a text names a file; of a name with variables, the rest of it."""
    if name in told:
        return True
    parts = [part for part in _VARIABLE.split(name) if len(part) > 3]
    return bool(parts) and "$" in name and all(part in told for part in parts)


def _tells_of_files(told: str) -> bool:
    """Whether names of files stand in what a check is given; it may read them out of a file of checksums."""
    names = (posixpath.basename(word.strip("\"'*")) for word in told.split())
    return any("." in name.strip(".") and not is_check_file(name) for name in names)


# --- ADD ---------------------------------------------------------------------------------------------------------------------


def _added(stage: int, instruction: ScopedInstruction) -> Iterator[Download]:
    for source in instruction.arguments[:-1]:
        if is_remote(source) and not is_git(source):
            yield Download(
                stage=stage,
                url=source,
                location=place_of(instruction, raw_argument(instruction, source)),
                instruction=instruction.location,
                files=(_base_name(source),),
                verified=bool(instruction.flag("checksum")),
            )


def is_git(address: str) -> bool:
    """Whether ADD reads an address as that of a git repository."""
    path = address.partition("#")[0]
    return path.endswith(".git") or address.startswith(("git://", "git@", "ssh://"))
