"""Commands whose output other commands read: pipelines and substitutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.commands.echo import printed_text
from dock2nix.extract.downloads import printed_address
from dock2nix.extract.installers import INTERPRETERS, known_installer
from dock2nix.extract.removals import is_option
from dock2nix.extract.verdicts import not_needed, unresolved, written_paths
from dock2nix.model.shell import Redirect, ShellCommand
from dock2nix.model.steps import CommandOutcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.verdicts import Verdict
    from dock2nix.model.shell import Invocation, ShellItem

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_DOWNLOADERS = frozenset({"aria2c", "curl", "fetch", "wget"})
# Programs that only print when nothing is redirected: what they print matters only to whoever reads it.
_PURE = frozenset(
    [
        "apk",
        "apt-cache",
        "apt-config",
        "awk",
        "basename",
        "cat",
        "command",
        "comm",
        "cut",
        "date",
        "dirname",
        "dpkg",
        "dpkg-architecture",
        "dpkg-query",
        "echo",
        "egrep",
        "expr",
        "fgrep",
        "file",
        "find",
        "getconf",
        "getent",
        "grep",
        "head",
        "hostname",
        "id",
        "jq",
        "ldd",
        "ls",
        "lsb_release",
        "md5sum",
        "mktemp",
        "nproc",
        "paste",
        "printf",
        "pwd",
        "readlink",
        "realpath",
        "rev",
        "rpm",
        "scanelf",
        "sed",
        "seq",
        "sha256sum",
        "sort",
        "stat",
        "tac",
        "tail",
        "tr",
        "type",
        "uname",
        "uniq",
        "wc",
        "which",
        "whoami",
        "yes",
    ]
)
_WRITERS = _DOWNLOADERS | {"sed", "sort"}
_FILE_OPTIONS = regex(r"-[A-Za-z]*[oOi][A-Za-z]*|--(?:output|in-place|remote-name)(?:=.*)?")
_FIND_ACTIONS = frozenset({"-delete", "-fls", "-fprint", "-fprint0", "-fprintf"})
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def with_pipe(command: ShellCommand, items: tuple[ShellItem, ...]) -> tuple[Redirect, ...]:
    """The redirections, with what comes through the pipe as a here-document when it is known (`echo x | tee file`)."""
    group = next((one for one in command.redirects if one.operator == "|"), None)
    if group is not None:  # several commands in front of the pipe: what they all print
        others = tuple(one for one in command.redirects if one is not group)
        return others if group.body is None else (*others, replace(group, operator="<<", descriptor=None))
    source = items[command.stdin_from] if command.stdin_from is not None else None
    if not isinstance(source, ShellCommand) or len(source.invocations) != 1 or source.stdin_from is not None:
        return command.redirects
    text = printed_text(source.invocations[0], source.redirects)
    if text is None:
        return command.redirects
    return (*command.redirects, Redirect(operator="<<", descriptor=None, target=None, body=text))


def reads_program_from_pipe(run: Invocation, command: ShellCommand) -> bool:
    if command.stdin_from is None or run.program is None:
        return False
    name = run.program.rsplit("/", 1)[-1]
    script = [word for word in run.arguments if not is_option(word)]
    return name in INTERPRETERS and (name in SHELLS or not script) and not _has_inline_program(run)


def _has_inline_program(run: Invocation) -> bool:
    return any(word.value in {"-c", "-e"} for word in run.arguments)


def pipe_to_shell(run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...]) -> Verdict:
    source = _start_of_pipe(command, items)
    if source is not None and (source.program or "").rsplit("/", 1)[-1] in _DOWNLOADERS:
        known = known_installer(run, printed_address(source), command.location)
        if known is not None:
            return known
        return _download_run(f"{source.text} is piped into {run.program}")
    return unresolved(f"what {run.program} reads from the pipe cannot be known")


def _start_of_pipe(command: ShellCommand, items: tuple[ShellItem, ...]) -> ShellCommand | None:
    """The first command of the pipeline that ends in this one (`curl … | tee x | bash`)."""
    seen = 0
    while command.stdin_from is not None and seen < len(items):
        before = items[command.stdin_from]
        if not isinstance(before, ShellCommand):
            return None
        command, seen = before, seen + 1
    return command


def _download_run(what: str) -> Verdict:
    message = f"{what}: what it downloads runs unseen and unpinned"
    hint = "name the packages it installs, or download a pinned file with a checksum"
    return unresolved("a download that is run is never run here", ("D2N501", message, hint))


def runs_download(run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...]) -> Verdict | None:
    """`sh -c "$(curl …)"`, `bash <(curl …)`, `eval "$(curl …)"`, `. <(curl …)`."""
    if (run.program or "").rsplit("/", 1)[-1] not in SHELLS | {"eval", ".", "source"}:
        return None
    position = next((at for at, item in enumerate(items) if item is command), None)
    for item in items:
        if (
            isinstance(item, ShellCommand)
            and position is not None
            and item.substitution_of == position
            and item.program in _DOWNLOADERS
        ):
            words = [word.value for word in run.arguments]
            skip = 2 if words[:1] == ["-c"] else 1
            known = known_installer(run, printed_address(item), item.location, skip)
            if known is not None:
                return known
            return _download_run(f"{run.program} runs the output of {item.text}")
    return None


def feed_pipelines(items: tuple[ShellItem, ...], verdicts: list[Verdict]) -> list[Verdict]:
    """A command whose output another one reads shares that one's fate, unless it means something by itself."""
    readers = _readers(items)
    for position in range(len(items) - 1, -1, -1):
        item, verdict = items[position], verdicts[position]
        if not isinstance(item, ShellCommand) or verdict.installs or verdict.effects:
            continue
        if verdict.outcome is CommandOutcome.SCRIPT:
            continue
        reader = readers.get(position) if item.substitution_of is None else item.substitution_of
        if reader is None:
            continue
        verdicts[position] = _fed(verdict, items, verdicts, position, reader)
    return verdicts


def _fed(
    verdict: Verdict, items: tuple[ShellItem, ...], verdicts: list[Verdict], position: int, reader: int
) -> Verdict:
    """The verdict on a command whose output is read: only one that merely prints shares its reader's fate."""
    item = items[position]
    if verdict.outcome is CommandOutcome.UNRESOLVED and not (
        isinstance(item, ShellCommand) and _only_prints(item)
    ):
        return verdict
    if reader < 0:
        return not_needed("sets a variable; where its value is needed and not known, that is reported")
    fate, text = verdicts[reader], items[reader].text
    shown = text if len(text) <= 60 else text[:59] + "…"
    if fate.outcome is CommandOutcome.UNRESOLVED:
        return replace(unresolved(f"its output is read by: {shown}"), quiet=True)
    return not_needed(f"its output is read by a command that is accounted for: {shown}")


def _only_prints(command: ShellCommand) -> bool:
    """Whether a command does nothing but print: no file is written, no program run that might do more."""
    if written_paths(command.redirects) or not command.invocations:
        return False
    for run in command.invocations:
        name = (run.program or "").rsplit("/", 1)[-1]
        words = [word.value or word.text for word in run.arguments]
        writes = (
            not _only_finds(words)
            if name == "find"
            else name in _WRITERS and any(_FILE_OPTIONS.fullmatch(word) for word in words)
        )
        to_output = name in _DOWNLOADERS and (
            name != "wget" or any(word in {"-O-", "-qO-", "-"} for word in words)
        )
        if not (name in _PURE or to_output) or (writes and not (name == "wget" and to_output)):
            return False
    return True


def _only_finds(words: list[str]) -> bool:
    """Whether find changes nothing: it deletes nothing, and what it runs on each file merely prints."""
    run = [words[at + 1] for at, word in enumerate(words[:-1]) if word in _FIND_RUNS]
    return not _FIND_ACTIONS & set(words) and all(
        one.rpartition("/")[2] in _PURE - {"find", "sed"} for one in run
    )


def _readers(items: tuple[ShellItem, ...]) -> dict[int, int]:
    """Which command reads the output of which, by position: the first that does."""
    found: dict[int, int] = {}
    for at, item in enumerate(items):
        if isinstance(item, ShellCommand) and item.stdin_from is not None:
            found.setdefault(item.stdin_from, at)
    return found
