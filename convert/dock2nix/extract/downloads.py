"""Downloads that go through pipes, and checks by lists of hashes: what one command alone does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands import COMMANDS
from dock2nix.commands.base import absolute
from dock2nix.model.downloads import CheckFile, FetchFile
from dock2nix.model.shell import ShellCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.commands.base import Translation
    from dock2nix.commands.transfers import Transfer
    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, ShellItem

_CHECKERS = frozenset(COMMANDS["sha256sum"])
_FILTERS = frozenset({"awk", "cat", "egrep", "fgrep", "grep", "head", "sed", "tail"})


def why_not_downloaded(run: Invocation) -> str:
    """Which option of curl or wget stands in the way of a download by hash; "" when none does, and for other programs."""
    match (run.program or "").rpartition("/")[2]:
        case "curl":
            from dock2nix.commands import curl  # noqa: PLC0415 - few Dockerfiles need it

            return curl.refusal(run.arguments)
        case "wget":
            from dock2nix.commands import wget  # noqa: PLC0415 - few Dockerfiles need it

            return wget.refusal(run.arguments)
        case _:
            return ""


def unpacked_from_pipe(
    run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...]
) -> Translation | None:
    """`curl … | tar xz`, `wget -O- … | gunzip > file`: what is unpacked is a download; None for everything else."""
    unpacked = _unpacker(run) if command.stdin_from is not None else None
    if unpacked is None or command.stdin_from is None:
        return None
    source = _downloaded(items[command.stdin_from])
    if source is None:
        return None
    redirects = tuple(one for one in command.redirects if one.operator != "|")
    return unpacked(run, redirects, command.location, command.text, source)


def _unpacker(run: Invocation) -> Callable[..., Translation | None] | None:
    """What translates a program that unpacks what it reads."""
    name = (run.program or "").rpartition("/")[2]
    if name in COMMANDS["tar"]:
        from dock2nix.commands import tar  # noqa: PLC0415 - few Dockerfiles need it

        return tar.unpacked
    if name in COMMANDS["gunzip"]:
        from dock2nix.commands import gunzip  # noqa: PLC0415 - few Dockerfiles need it

        return gunzip.unpacked
    return None


def printed_address(item: ShellItem) -> str | None:
    """The one address whose content a command sends into a pipe."""
    found = _downloaded(item)
    return found.url if found is not None else None


def _downloaded(item: ShellItem) -> FetchFile | None:
    """What a command sends into a pipe, when that is one download."""
    if not isinstance(item, ShellCommand) or len(item.invocations) != 1:
        return None
    run = item.invocations[0]
    found = _transfers(run)
    if found is None or len(found) != 1 or found[0].file or item.stdin_from is not None:
        return None
    return FetchFile(path="", url=found[0].url, location=item.location, text=item.text)


def _transfers(run: Invocation) -> tuple[Transfer, ...] | None:
    match (run.program or "").rpartition("/")[2]:
        case "curl":
            from dock2nix.commands import curl  # noqa: PLC0415 - few Dockerfiles need it

            return curl.transfers(run)
        case "wget":
            from dock2nix.commands import wget  # noqa: PLC0415 - few Dockerfiles need it

            return wget.transfers(run)
        case _:
            return None


def known_checks(
    effects: tuple[Effect, ...], command: ShellCommand, items: tuple[ShellItem, ...], scene: Scene
) -> tuple[Effect, ...]:
    """The effects, with checks of downloads only; a list of hashes that is known becomes the checks that it stands for.

    Args:
        effects: of one run of a command.
        command: what runs.
        items: all commands of the RUN.
        scene: where it stands.
    """
    if (command.program or "").rpartition("/")[2] not in _CHECKERS:
        return effects
    found = effects or _piped_listing(command, items)
    checks = [check for effect in found for check in _spelled_out(effect, command, scene)]
    return tuple(
        check
        for check in checks
        if (check.listing or check.path) in scene.known.downloads and (check.hash or check.listing)
    )


def _spelled_out(effect: Effect, command: ShellCommand, scene: Scene) -> tuple[CheckFile, ...]:
    """The checks of a list whose text is known."""
    if not isinstance(effect, CheckFile):
        return ()
    text = scene.files.read(effect.listing, None) if effect.listing else None
    if text is None:
        return (effect,)
    from dock2nix.commands.sha256sum import checks_of  # noqa: PLC0415 - few Dockerfiles need it

    return checks_of(text, effect.algorithm, effect.path, command.location, command.text)


def _piped_listing(command: ShellCommand, items: tuple[ShellItem, ...]) -> tuple[CheckFile, ...]:
    """`grep node.tar.xz SHASUMS256.txt | sha256sum -c -`: the list that the line is from."""
    if command.stdin_from is None:
        return ()
    source = items[command.stdin_from]
    run = source.invocations[0] if isinstance(source, ShellCommand) and source.invocations else None
    if run is None or run.program not in _FILTERS or run.directory is None or not command.program:
        return ()
    words = [word.value for word in run.arguments if word.value and not word.value.startswith("-")]
    listing = absolute(words[-1], run.directory) if words else None
    if listing is None:
        return ()
    listing = _signed(listing, items) or listing
    algorithm = command.program.rpartition("/")[2].removesuffix("sum")
    return (
        CheckFile(
            path=run.directory,
            listing=listing,
            algorithm="sha256" if algorithm == "sha" else algorithm,
            location=command.location,
            text=command.text,
        ),
    )


def _signed(path: str, items: tuple[ShellItem, ...]) -> str | None:
    """The signed file that gpg took the signature off: it has the same lines."""
    for item in items:
        run = item.invocations[0] if isinstance(item, ShellCommand) and item.invocations else None
        if run is None or run.program not in {"gpg", "gpg2"}:
            continue
        words = [word.value or "" for word in run.arguments]
        output = next((words[at + 1] for at, one in enumerate(words[:-1]) if one in {"-o", "--output"}), "")
        if output and words[-1] and absolute(output, run.directory) == path:
            return absolute(words[-1], run.directory)
    return None
