"""Which programs the image runs when it is started: by CMD, ENTRYPOINT, HEALTHCHECK, and by the scripts they lead to."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.extract import run_items
from dock2nix.model.dockerfile import Form
from dock2nix.model.image import CopyFiles, WriteFile
from dock2nix.model.shell import Certainty, ShellCommand
from dock2nix.model.source import SourceText
from dock2nix.parse.shell import exec_form_command, parse_shell, shell_dialect
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.shell import Invocation, ShellItem
    from dock2nix.model.source import Location
    from dock2nix.parse.context import BuildContext

LONGEST_SCRIPT = 64 * 1024
MOST_SCRIPTS = 20
MOST_TEXT = 2 * LONGEST_SCRIPT
MOST_CALLS = 300
_MOST_RUNS = 3000
_MOST_FOLDERS = 16  # of PATH
PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
# POSIX's and bash's builtins; what is a program too (`echo`, `kill`) is needed as one only outside of a shell. And sh itself,
# which every image has that has a shell at all.
_NO_PROGRAMS = (
    " . : [ [[ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable"
    " eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read"
    " readarray readonly return set sh shift shopt source suspend test times trap true type typeset ulimit umask unalias unset"
    " wait "
)
_SHEBANG = regex(r"#![ \t]*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?")
_FUNCTION = regex(
    r"^[ \t]*(?:function[ \t]+([A-Za-z_][\w:.-]*)|([A-Za-z_][\w:.-]*)[ \t]*\([ \t]*\))", re.MULTILINE
)
_NAME = regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,79}")
_INSTRUCTIONS = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})


class Call(Struct, frozen=True, kw_only=True):
    """A program that runs for certain: `name` without folder, `where` in words (`CMD`, `entrypoint.sh:12`).

    `location` is the instruction of the Dockerfile that leads to it.
    """

    name: str
    where: str
    location: Location


class _Start(Struct, frozen=True, kw_only=True):
    """What is started: the instructions in force, where, and with which variables and files around them."""

    entrypoint: ScopedInstruction | None
    inherited: tuple[str, ...]
    cmd: ScopedInstruction | None
    healthcheck: ScopedInstruction | None
    directory: str
    environment: Mapping[str, str | None]
    platform: str
    files: CopiedFiles


class CopiedFiles:
    """What COPY, ADD and constant redirections have put into the image, found without a walk over all of them.

    Args:
        context: where copied files are from.
        effects: all that happens to files, in order.
    """

    def __init__(self, context: BuildContext, effects: Iterable[Effect]) -> None:
        self._context = context
        self._files: dict[
            str, tuple[int, str | None, str]
        ] = {}  # when, what it was written with, or its path in the context
        self._folders: dict[str, list[tuple[int, str]]] = {}
        for when, effect in enumerate(effects):
            if isinstance(effect, WriteFile) and not effect.append:
                self._files[effect.path] = (when, effect.content, "")
            for source in effect.sources if isinstance(effect, CopyFiles) else ():
                if source.directory:
                    self._folders.setdefault(source.destination, []).append((when, source.path))
                else:
                    self._files[source.destination] = (when, None, source.path)

    def read(self, path: str) -> str | None:
        """The text at an absolute path; None when nothing is known to have been put there."""
        at, content, origin = self._files.get(path, (-1, None, ""))
        text = content if at < 0 or content is not None else self._context.read_context_file(origin)
        for when, whole in self._in_folders(path):
            if when > at and (found := self._context.read_context_file(whole)) is not None:
                return found
        return text

    def exists(self, path: str) -> bool:
        """Whether something is known to have been put at an absolute path."""
        return path in self._files or any(self._context.exists(whole) for _, whole in self._in_folders(path))

    def _in_folders(self, path: str) -> list[tuple[int, str]]:
        """(when, path in the context) of what copied folders may hold at a path, the last first."""
        found = []
        folder = path
        while folder.strip("/"):
            folder = posixpath.dirname(folder)
            inside = path[len(folder) :].lstrip("/")
            below = self._folders.get(folder, [])[-_MOST_FOLDERS:]
            found += [(when, posixpath.join(source, inside)) for when, source in below]
        return sorted(found, reverse=True)


class _Script(Struct, frozen=True, kw_only=True):
    """A copied file that a shell reads; `arguments` None when they are not known."""

    path: str
    text: str
    dialect: str
    arguments: tuple[str, ...] | None


def run_time_calls(
    stages: tuple[Stage, ...],
    chain: tuple[int, ...],
    done: tuple[StageSteps, ...],
    context: BuildContext,
    base: BaseImage | None,
) -> tuple[Call, ...]:
    """The programs that run when the image is started with its own command, in order, each once.

    Args:
        stages: all stages.
        chain: positions of the stages that the image consists of, root first.
        done: the steps of the needed stages.
        context: where copied scripts are read.
        base: the image at the root, for the entry point that is inherited.

    Returns:
        Only what runs for certain: nothing behind a condition, none whose name is not known. Functions and builtins of the
        shell are no programs. Copied scripts are followed, up to 20 of them, 64 KiB of one and 128 KiB in all; of programs up
        to 300.
    """
    start = _start(stages, chain, done, context, base)
    walk = _Walk(start=start)
    main = start.entrypoint or start.cmd
    if main is not None:
        walk.follow(_started(start, main), main.keyword, main.location)
    check = start.healthcheck
    if check is not None and _readable(check):
        walk.follow(_checked(start, check), check.keyword, check.location)
    return tuple(walk.calls.values())


# --- what is started ---------------------------------------------------------------------------------------------------------


def _start(
    stages: tuple[Stage, ...],
    chain: tuple[int, ...],
    done: tuple[StageSteps, ...],
    context: BuildContext,
    base: BaseImage | None,
) -> _Start:
    inherited = (base.config.entrypoint or ()) if base else ()
    entrypoint: ScopedInstruction | None = None
    cmd: ScopedInstruction | None = None
    check: ScopedInstruction | None = None
    for index in chain:
        own_cmd = False
        for instruction in stages[index].instructions:
            match instruction.keyword:
                case "CMD":
                    cmd, own_cmd = instruction, True
                case "ENTRYPOINT":
                    entrypoint, inherited, cmd = instruction, (), cmd if own_cmd else None
                case "HEALTHCHECK":
                    check = instruction
    of_chain = [one for one in done if one.stage in chain]
    return _Start(
        entrypoint=entrypoint,
        inherited=inherited,
        cmd=cmd,
        healthcheck=check,
        directory=next((one.workdir for one in of_chain if one.stage == chain[-1]), "/"),
        environment=_environment(stages, chain),
        platform=stages[chain[-1]].platform,
        files=CopiedFiles(context, (effect for one in of_chain for effect in one.effects)),
    )


def _environment(stages: tuple[Stage, ...], chain: tuple[int, ...]) -> Mapping[str, str | None]:
    """ENV as the image leaves it; more may be set when it is started."""
    values: dict[str, str | None] = {"*": None}
    for index in chain:
        for instruction in stages[index].instructions[-1:]:  # it knows what those before it set
            known = {name: instruction.environment.get(name) for name in instruction.environment_names}
            values.update(known)
            if instruction.keyword == "ENV":
                values.update(zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False))
    return values


def _readable(instruction: ScopedInstruction) -> bool:
    return instruction.instruction.form is Form.EXEC or shell_dialect(instruction.shell) is not None


def _started(start: _Start, main: ScopedInstruction) -> tuple[ShellItem, ...]:
    """The commands of the entry point with CMD behind it: as one exec form, unless the main one is a text for a shell."""
    if not _readable(main):
        return ()
    if main.instruction.form is Form.SHELL and not (main.keyword == "CMD" and start.inherited):
        return _commands_of(start, main)
    words = start.inherited if start.entrypoint is None else start.entrypoint.instruction.arguments
    return exec_form_command(
        (*words, *_words(start.cmd)),
        main.location,
        environment=start.environment,
        directory=start.directory,
        platform=start.platform,
    )


def _checked(start: _Start, check: ScopedInstruction) -> tuple[ShellItem, ...]:
    """The commands of a HEALTHCHECK, whose text begins with the word CMD, or is NONE."""
    raw = check.instruction
    if raw.form is Form.SHELL:
        word = re.match(r"\s*CMD\s+", raw.source.text, re.IGNORECASE)
        if word is None:
            return ()
        check = replace(check, instruction=replace(raw, source=raw.source.cut(word.end())))
    return _commands_of(start, check)


def _commands_of(start: _Start, instruction: ScopedInstruction) -> tuple[ShellItem, ...]:
    """The commands of an instruction, with the variables there are when the image runs."""
    at_run_time = replace(instruction, environment=start.environment)
    return run_items(at_run_time, start.directory, start.platform).value


def _words(cmd: ScopedInstruction | None) -> tuple[str, ...]:
    if cmd is None:
        return ()
    arguments = cmd.instruction.arguments
    return arguments if cmd.instruction.form is Form.EXEC else (*cmd.shell, *arguments)


# --- where it leads ----------------------------------------------------------------------------------------------------------


class _Walk(Struct):
    """Collects calls, and goes into copied scripts."""

    start: _Start
    calls: dict[str, Call] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    left: int = MOST_TEXT
    runs: int = 0
    texts: dict[str, str | None] = field(default_factory=dict)

    def follow(self, items: tuple[ShellItem, ...], where: str, location: Location) -> None:
        """Look at every command that runs for certain, up to the first one that may redefine what names mean.

        Args:
            items: the commands.
            where: the instruction they are of, or the script.
            location: the instruction that leads to them.
        """
        functions: set[str] = set()
        for item in items:
            if not isinstance(item, ShellCommand) or item.certainty is Certainty.NEVER:
                continue
            for run in item.invocations:
                if _changes_names(run, item):
                    found = self._given_script(run)
                    if found is None:
                        return
                    functions.update(first or second for first, second in _FUNCTION.findall(found.text))
            if item.certainty is not Certainty.ALWAYS:
                continue
            place = where if where in _INSTRUCTIONS else f"{where}:{item.location.first_line}"
            for name in item.wrappers:
                self._call(name, place, location)
            for run in item.invocations:
                if run.program is not None and run.program not in functions:
                    self._run(run, run.program, place, location)

    def _text_at(self, path: str) -> str | None:
        if path not in self.texts:
            self.texts[path] = self.start.files.read(path)
        return self.texts[path]

    def _run(self, run: Invocation, program: str, where: str, location: Location) -> None:
        self.runs += 1
        if self.runs > _MOST_RUNS:
            return
        folder, _, name = program.rpartition("/")
        found = self._given_script(run)
        if found is not None:
            self._enter(found, run, location)
        path = self._path_of(run, program)
        text = self._text_at(path) if path else None
        if text is not None:
            self._start_file(run, path, text, location)
        elif not folder or folder in PROGRAM_FOLDERS:
            self._call(name, where, location)

    def _call(self, name: str, where: str, location: Location) -> None:
        if len(self.calls) < MOST_CALLS and f" {name} " not in _NO_PROGRAMS and _NAME.fullmatch(name):
            self.calls.setdefault(name, Call(name=name, where=where, location=location))

    def _path_of(self, run: Invocation, program: str) -> str:
        """Where the program stands, as far as it was copied there; "" when that is not known."""
        if "/" in program:
            known = program.startswith("/") or run.directory is not None
            return posixpath.normpath(posixpath.join(run.directory or "/", program)) if known else ""
        folders = (run.environment.get("PATH") or "").split(":")[:_MOST_FOLDERS]
        for folder in dict.fromkeys((*folders, *PROGRAM_FOLDERS)):
            path = posixpath.join(folder, program)
            if folder.startswith("/") and self._text_at(path) is not None:
                return path
        return ""

    def _given_script(self, run: Invocation) -> _Script | None:
        """The file that a shell, `.` or `source` is given to read."""
        name = (run.program or "").rpartition("/")[2]
        if name not in SHELLS | {".", "source"}:
            return None
        words = [word.value for word in run.arguments]
        while words and words[0] is not None and words[0][:1] in {"-", "+"} and name in SHELLS:
            words.pop(0)
        if not words or words[0] is None or (not words[0].startswith("/") and run.directory is None):
            return None
        path = posixpath.normpath(posixpath.join(run.directory or "/", words[0]))
        text = self._text_at(path)
        if text is None:
            return None
        dialect = name if name in SHELLS else "bash"
        return _Script(path=path, text=text, dialect=dialect, arguments=_known(words[1:]))

    def _start_file(self, run: Invocation, path: str, text: str, location: Location) -> None:
        """A copied file is started: its first line says by what it is read."""
        found = _SHEBANG.match(text[:200])
        if found is None:
            return
        folder, _, name = found[1].rpartition("/")
        if name == "env":
            folder, _, name = f"/bin/{found[2] or ''}".rpartition("/")
        if folder in PROGRAM_FOLDERS:
            self._call(name, f"{posixpath.basename(path)}:1", location)
        if name in SHELLS:
            arguments = _known([word.value for word in run.arguments])
            self._enter(_Script(path=path, text=text, dialect=name, arguments=arguments), run, location)

    def _enter(self, script: _Script, run: Invocation, location: Location) -> None:
        if script.path in self.seen or len(self.seen) >= MOST_SCRIPTS or self.left <= 0:
            return
        self.seen.add(script.path)
        read = script.text[: min(LONGEST_SCRIPT, self.left)]
        self.left -= len(read)
        name = posixpath.basename(script.path)
        # The arguments are set in front, where they take no line of the script.
        given = "" if script.arguments is None else f"set -- {shlex.join(script.arguments)}\n"
        text = given + read
        items = parse_shell(
            SourceText(path=name, text=text, anchors=((0, 1, 1), (len(given), 1, 1))),
            environment={"*": None, **run.environment},
            directory=run.directory or "",
            dialect=script.dialect,
            platform=self.start.platform,
        ).value
        self.follow(items[1:] if given else items, name, location)


def _changes_names(run: Invocation, item: ShellCommand) -> bool:
    """Whether it may define functions or change PATH in a way that is not followed."""
    if run.program is None:
        return item.text.lstrip().startswith("eval ")
    return run.program in {".", "eval", "source"}


def _known(words: list[str | None]) -> tuple[str, ...] | None:
    known = tuple(word for word in words if word is not None)
    return known if len(known) == len(words) else None
