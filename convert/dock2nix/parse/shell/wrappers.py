"""Commands that run another command: what they run, and how they change it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.parse.shell.expand import Field
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
SHELLS = frozenset({"sh", "bash", "ash", "dash", "ksh", "mksh", "zsh"})


class _Wrapper(Struct, frozen=True, kw_only=True):
    """`valued` options swallow the next word; `positional` words come before the command; `refused` make it no wrapper.

    `verb` is the subcommand that runs others.
    """

    verb: str = ""
    valued: frozenset[str] = frozenset()
    positional: int = 0
    assignments: bool = False
    refused: frozenset[str] = frozenset()
    changes_user: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WRAPPERS = {
    "sudo": _Wrapper(
        valued=_words(
            "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --close-from --chdir --chroot"
        ),
        assignments=True,
        refused=_words("-l -v -V -K -k -e --list --version --edit"),
        changes_user=True,
    ),
    "doas": _Wrapper(valued=_words("-u -C"), changes_user=True),
    "env": _Wrapper(
        valued=_words("-u --unset -C --chdir"), assignments=True, refused=_words("-S --split-string")
    ),
    "nice": _Wrapper(valued=_words("-n --adjustment")),
    "ionice": _Wrapper(valued=_words("-c -n -p --class --classdata"), refused=_words("-p --pid")),
    "nohup": _Wrapper(),
    "setsid": _Wrapper(),
    "stdbuf": _Wrapper(valued=_words("-i -o -e --input --output --error")),
    "timeout": _Wrapper(valued=_words("-s -k --signal --kill-after"), positional=1),
    "time": _Wrapper(valued=_words("-o -f --output --format")),
    "exec": _Wrapper(valued=_words("-a")),
    "command": _Wrapper(refused=_words("-v -V")),
    "builtin": _Wrapper(),
    "gosu": _Wrapper(positional=1, changes_user=True),
    "su-exec": _Wrapper(positional=1, changes_user=True),
    "s6-setuidgid": _Wrapper(positional=1, changes_user=True),
    "chpst": _Wrapper(valued=_words("-u -U -e -/ -n -l -L -m -d -o -p -f -c -C"), changes_user=True),
    "runuser": _Wrapper(
        valued=_words("-u -g -G --user --group --supp-group -w"),
        refused=_words("-c -l - --command --login -s --shell"),
        changes_user=True,
    ),
    "fakeroot": _Wrapper(valued=_words("-s -i -b -l --lib --faked")),
    "eatmydata": _Wrapper(),
    "unbuffer": _Wrapper(),
    "chronic": _Wrapper(),
    "dumb-init": _Wrapper(),
    "tini": _Wrapper(valued=_words("-p -e")),
    "dbus-run-session": _Wrapper(valued=_words("--config-file --dbus-daemon")),
    "xvfb-run": _Wrapper(valued=_words("-e -f -n -p -s -w --error-file --server-args --server-num")),
    "uv": _Wrapper(
        verb="run",
        valued=_words("--group --extra --package --python -p --env-file --project --no-group --only-group"),
        refused=_words(
            "-m --module -s --script --with --with-requirements --with-editable --isolated --directory"
        ),
    ),
    "poetry": _Wrapper(verb="run", refused=_words("-C --directory -P --project")),
    "flock": _Wrapper(
        valued=_words("-w -E --timeout --conflict-exit-code"), positional=1, refused=_words("-c --command")
    ),
}


class Unwrapped(Struct, frozen=True, kw_only=True):
    """`names` are the wrappers taken off, outermost first. `directory` is where one of them changes to."""

    names: tuple[str, ...]
    assignments: tuple[tuple[str, Field], ...]
    fields: tuple[Field, ...]
    changes_user: bool = False
    directory: Field | None = None


def program_name(field: Field) -> str:
    """The program without its folder, "" when it is not known."""
    return (field.value or "").rpartition("/")[2]


def unwrap(fields: Sequence[Field]) -> Unwrapped:
    """Take wrappers off as long as a command is left; a wrapper alone, or in a use that is not understood, stays."""
    result = Unwrapped(names=(), assignments=(), fields=tuple(fields))
    for _ in range(10):
        found = _unwrapped_once(result)
        if found is None:
            return result
        result = found
    return result


def _unwrapped_once(given: Unwrapped) -> Unwrapped | None:
    name = program_name(given.fields[0]) if given.fields else ""
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return None
    rest = list(given.fields[1:])
    if wrapper.verb and (not rest or rest.pop(0).value != wrapper.verb):
        return None
    options = _take_options(rest, wrapper)
    if options is None or len(rest) <= wrapper.positional:
        return None
    rest = rest[wrapper.positional :]
    assignments = []
    while wrapper.assignments and rest and (found := _ASSIGNMENT.match(rest[0].word.text)):
        assignments.append((found[1], rest.pop(0)))
    if not rest:
        return None
    return Unwrapped(
        names=(*given.names, name),
        assignments=(*given.assignments, *assignments),
        fields=tuple(rest),
        changes_user=given.changes_user or wrapper.changes_user,
        directory=options.get("-C") or options.get("--chdir") or given.directory
        if name == "env"
        else given.directory,
    )


def _take_options(rest: list[Field], wrapper: _Wrapper) -> dict[str, Field] | None:
    """Remove the leading options from `rest`; their values by option, None when one of them makes it no wrapper."""
    options: dict[str, Field] = {}
    while rest and (word := rest[0].value) is not None and word.startswith("-"):
        option = word.partition("=")[0]
        if option in wrapper.refused:
            return None
        rest.pop(0)
        if word == "--":
            break
        if option in wrapper.valued and "=" not in word and rest:
            options[option] = rest.pop(0)
        elif rest and _swallows(word, wrapper):
            options["-" + word[-1]] = rest.pop(0)
    return options


def _swallows(cluster: str, wrapper: _Wrapper) -> bool:
    """Whether the last of several letters behind one `-` takes the next word, none before it having taken the rest."""
    if not re.fullmatch(r"-[A-Za-z]{2,}", cluster):
        return False
    return ["-" + letter in wrapper.valued for letter in cluster[1:]] == [False] * (len(cluster) - 2) + [True]


# --- commands that run a text ------------------------------------------------------------------------------------------------


class NestedScript(Struct, frozen=True, kw_only=True):
    """A shell started on a text. `text` is None when it reads its standard input."""

    name: str
    dialect: str
    text: Field | None
    arguments: tuple[Field, ...] = ()
    changes_user: bool = False


def nested_script(fields: Sequence[Field]) -> NestedScript | None:
    """`sh -c TEXT`, `bash` without a file, `su -c TEXT`, `runuser -c TEXT`, `flock FILE -c TEXT`."""
    name = program_name(fields[0]) if fields else ""
    if name in SHELLS:
        return _shell(name, list(fields[1:]))
    if name in {"su", "runuser", "flock"}:
        return _with_command_option(name, list(fields[1:]))
    return None


def _shell(name: str, rest: list[Field]) -> NestedScript | None:
    given = ""
    while rest and (word := rest[0].value) is not None and word[:1] in {"-", "+"} and word != "-":
        rest.pop(0)
        if word in {"--rcfile", "--init-file"} and rest:
            rest.pop(0)
        if not word.startswith("--"):
            given += word[1:] if word[0] == "-" else ""
            if word[-1] in "oO" and rest:
                rest.pop(0)
        if word == "--":
            break
    dialect = "ksh" if name == "mksh" else name
    if "c" in given:
        return (
            NestedScript(name=name, dialect=dialect, text=rest[0], arguments=tuple(rest[2:]))
            if rest
            else None
        )
    if "s" in given or not rest or rest[0].value == "-":
        return NestedScript(
            name=name, dialect=dialect, text=None, arguments=tuple(rest if "s" in given else ())
        )
    return None


def _with_command_option(name: str, rest: list[Field]) -> NestedScript | None:
    shell = "sh"
    for at, field in enumerate(rest[:-1]):
        word = field.value or ""
        if word in {"-s", "--shell"}:
            shell = program_name(rest[at + 1])
        if word in {"-c", "--command"} or re.fullmatch(r"-[a-z]*c", word):
            dialect = shell if shell in SHELLS else "sh"
            return NestedScript(name=name, dialect=dialect, text=rest[at + 1], changes_user=name != "flock")
    return None


# --- xargs -------------------------------------------------------------------------------------------------------------------

_XARGS_VALUED = _words(
    "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-lines --max-procs --replace --max-chars"
)


class Xargs(Struct, frozen=True, kw_only=True):
    """`each` is how many words a run of the command gets at most; `replace` what is replaced by a line; `file` instead of input."""

    fields: tuple[Field, ...]
    each: int | None = None
    separator: str | None = None
    replace: str = ""
    file: Field | None = None
    understood: bool = True


def read_xargs(fields: Sequence[Field]) -> Xargs:
    """The command that xargs runs, `echo` when none is given."""
    rest = list(fields[1:])
    options: dict[str, Field | str] = {}
    while rest and (word := rest[0].value) is not None and word.startswith("-"):
        field = rest.pop(0)
        if word in _XARGS_VALUED and rest:
            options[word] = rest.pop(0)
        elif word[:2] in _XARGS_VALUED and len(word) > 2 and not word.startswith("--"):
            options[word[:2]] = word[2:]
        elif word.startswith("--") and "=" in word:
            options[word.partition("=")[0]] = word.partition("=")[2]
        else:
            options[word] = field
    echo = Field(word=replace(fields[0].word, text="xargs", value="echo"))
    return _xargs_of(tuple(rest) or (echo,), options)


def _xargs_of(fields: tuple[Field, ...], options: dict[str, Field | str]) -> Xargs:
    def text(*names: str) -> str | None:
        found = next((options[name] for name in names if name in options), None)
        return found if found is None or isinstance(found, str) else found.value

    each = text("-n", "--max-args")
    separator = "\0" if "-0" in options or "--null" in options else text("-d", "--delimiter")
    file = options.get("-a", options.get("--arg-file"))
    return Xargs(
        fields=fields,
        each=int(each) if each and each.isdecimal() and int(each[:9]) > 0 else None,
        separator={"\\n": "\n", "\\0": "\0", "\\t": "\t"}.get(separator or "", separator),
        replace=text("-I", "--replace") or ("{}" if "-i" in options else ""),
        file=None if isinstance(file, str) else file,
        understood=not {"-E", "-L", "-l", "--max-lines", "-x", "-s"} & options.keys()
        and not isinstance(file, str),
    )


def xargs_words(given: str, xargs: Xargs) -> list[str] | None:
    """The words xargs finds in its input, as POSIX splits them; None when a quote stays open."""
    if xargs.separator is not None:
        words = given.split(xargs.separator)
        return words[:-1] if words and words[-1] == "" else words
    if xargs.replace:
        return [line.lstrip() for line in given.splitlines() if line.strip()]
    words, current, at = [], "", 0
    begun = False
    while at < len(given):
        character = given[at]
        if character in "'\"":
            end = given.find(character, at + 1)
            if end < 0:
                return None
            current, at, begun = current + given[at + 1 : end], end, True
        elif character == "\\" and at + 1 < len(given):
            current, at, begun = current + given[at + 1], at + 1, True
        elif character in " \t\n":
            words += [current] if begun else []
            current, begun = "", False
        else:
            current, begun = current + character, True
        at += 1
    return words + ([current] if begun else [])
