"""What the shell's own commands change: variables, directory, options, and whether the script goes on."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dock2nix.model.shell import Certainty
from dock2nix.parse.shell.state import Scalar, State, Unknown, Unset
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dock2nix.parse.shell.expand import Field

DECLARATIONS = frozenset({"export", "local", "readonly", "declare", "typeset"})
_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)(.*)", re.DOTALL)
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_OS_RELEASE = (
    "NAME", "ID", "VERSION", "PRETTY_NAME", "VARIANT", "ANSI_COLOR", "LOGO", "CPE_NAME", "HOME_URL", "DOCUMENTATION_URL",
    "SUPPORT_", "BUG_REPORT_URL", "PRIVACY_POLICY_URL", "VENDOR_", "BUILD_ID", "IMAGE_", "RELEASE_TYPE", "UBUNTU_CODENAME",
    "DEBIAN_", "PLATFORM_ID", "REDHAT_", "ROCKY_", "ALMALINUX_", "EXPERIMENT",
)  # fmt: skip
# a sourced file whose path ends so: prefixes of the names it sets
_KNOWN_FILES: Mapping[str, Sequence[str]] = {
    "/os-release": _OS_RELEASE,
    "/lsb-release": ("DISTRIB_",),
    "/bin/activate": ("PATH", "PS1", "VIRTUAL_ENV", "PYTHONHOME", "CONDA_", "_"),
    "/conda.sh": ("PATH", "PS1", "CONDA_", "_"),
    "/nvm.sh": ("PATH", "NVM_", "MANPATH"),
    "/.cargo/env": ("PATH",),
    "/cargo/env": ("PATH",),
    "/apache2/envvars": ("APACHE_", "LANG"),
}


def apply_builtin(program: str, arguments: Sequence[Field], state: State) -> None:
    """Change the state as the command does. Programs that are no builtins, or change nothing, do nothing here."""
    effect = _EFFECTS.get(program)
    if effect is not None:
        effect(arguments, state)


def _values(arguments: Sequence[Field]) -> list[Scalar]:
    return [Unknown(field.word.unknown) if field.value is None else field.value for field in arguments]


def _plain(arguments: Sequence[Field]) -> list[Scalar]:
    """The arguments without the leading options."""
    values = _values(arguments)
    while values and isinstance(values[0], str) and values[0][:1] == "-" and len(values[0]) > 1:
        option = values.pop(0)
        if option == "--":
            break
    return values


# --- directory ---------------------------------------------------------------------------------------------------------------


def changed_directory(current: str | None, target: Scalar) -> str | None:
    """The directory behind `cd target`; None when it is not known."""
    if isinstance(target, Unknown) or (not target.startswith("/") and current is None):
        return None
    return normal_path(posixpath.join(current or "/", target)).replace("//", "/")


def _cd(arguments: Sequence[Field], state: State) -> None:
    words = _plain(arguments)
    before = state.directory
    if words[:1] == ["-"]:
        old = state.lookup("OLDPWD")
        state.directory = old if isinstance(old, str) else None
    else:
        home = state.lookup("HOME")
        target = words[0] if words else home if isinstance(home, str) else Unknown("HOME")
        state.directory = changed_directory(state.directory, target)
    state.assign("OLDPWD", before if before is not None else Unknown("OLDPWD is set by cd"))


def _pushd(arguments: Sequence[Field], state: State) -> None:
    words = _plain(arguments)
    if not words:
        state.directories = (state.directory, *state.directories[1:]) if state.directories else ()
        state.directory = None
        return
    state.directories = (state.directory, *state.directories)
    state.directory = changed_directory(state.directory, words[0])


def _popd(_arguments: Sequence[Field], state: State) -> None:
    first, *rest = state.directories or (None,)
    state.directory, state.directories = first, tuple(rest)


# --- variables ---------------------------------------------------------------------------------------------------------------


def _declare(arguments: Sequence[Field], state: State, *, export: bool = False, local: bool = False) -> None:
    options = "".join(field.value[1:] for field in arguments if field.value and field.value[0] == "-")
    for field in arguments:
        if field.value is not None and field.value[:1] in {"-", "+"}:
            continue
        if field.value is None and not _NAME.match(field.word.text):
            state.forget_all(f"may be set by {field.word.text}"[:80])
            continue
        _declare_one(field, state, export=export or "x" in options, local=local)


def _declare_one(field: Field, state: State, *, export: bool, local: bool) -> None:
    written = _NAME.match(field.value if field.value is not None else field.word.text)
    if not written:
        return
    name = written[0]
    if local:
        state.locals.setdefault(name, state.variables.get(name, Unset()))
    if export:
        state.exported.add(name)
    if field.value is None:
        state.assign(name, Unknown(field.word.unknown))
    elif assigned := _ASSIGNMENT.fullmatch(field.value):
        state.assign(name, _appended(state, name, assigned[3]) if assigned[2] == "+=" else assigned[3])
    elif local and state.lookup(name) is not None:
        state.assign(name, Unknown(f"{name} is local: some shells keep its value, some do not"))


def _appended(state: State, name: str, value: str) -> Scalar:
    before = state.lookup(name)
    if before is None or isinstance(before, str):
        return (before or "") + value
    return before if isinstance(before, Unknown) else Unknown(f"{name} is a list")


def _export(arguments: Sequence[Field], state: State) -> None:
    if any(field.value == "-n" for field in arguments):
        state.exported -= {field.value for field in arguments if field.value}
        return
    _declare(arguments, state, export=True)


def _unset(arguments: Sequence[Field], state: State) -> None:
    functions = any(field.value == "-f" for field in arguments)
    for value in _plain(arguments):
        if isinstance(value, Unknown):
            state.forget_all("may be unset")
        elif functions:
            state.functions.pop(value, None)
        else:
            state.assign(value, Unset())


def _read(arguments: Sequence[Field], state: State) -> None:
    names = [value for value in _values(arguments) if isinstance(value, str) and _NAME.fullmatch(value)]
    state.forget(names or ["REPLY"], "is read from standard input")


def _mapfile(arguments: Sequence[Field], state: State) -> None:
    names = [value for value in _values(arguments) if isinstance(value, str) and _NAME.fullmatch(value)]
    state.forget(names[-1:] or ["MAPFILE"], "is read from standard input")


def _getopts(arguments: Sequence[Field], state: State) -> None:
    names = [value for value in _values(arguments[1:2]) if isinstance(value, str)]
    state.forget([*names, "OPTARG", "OPTIND"], "is set by getopts")


def _printf(arguments: Sequence[Field], state: State) -> None:
    values = _values(arguments)
    if values[:1] == ["-v"] and len(values) > 1 and isinstance(values[1], str):
        state.forget([values[1]], "is set by printf")


def _let(arguments: Sequence[Field], state: State) -> None:
    names = [_NAME.match(field.word.text.strip("'\"")) for field in arguments]
    state.forget([name[0] for name in names if name], "is the result of arithmetic")


def _set(arguments: Sequence[Field], state: State) -> None:
    values = _values(arguments)
    while (
        values and isinstance(values[0], str) and values[0][:1] in {"-", "+"} and values[0] not in {"-", "--"}
    ):
        option = values.pop(0)
        letters = set(str(option)[1:])
        named = values.pop(0) if "o" in letters and values else ""
        letters |= {{"errexit": "e", "nounset": "u", "allexport": "a"}.get(str(named), "")} - {""}
        state.options = state.options | letters if str(option)[0] == "-" else state.options - letters
    if values and values[0] in {"-", "--"}:
        values.pop(0)
    elif not values:
        return
    loose = any(field.value is None and not field.word.quoted for field in arguments)
    state.positional = Unknown("the positional parameters are not known") if loose else tuple(values)


def _shift(arguments: Sequence[Field], state: State) -> None:
    count = (_values(arguments) or ["1"])[0]
    if isinstance(state.positional, tuple) and isinstance(count, str) and count.isdecimal():
        state.positional = state.positional[int(count[:6]) :]
    else:
        state.positional = Unknown("the positional parameters are shifted")


def _source(arguments: Sequence[Field], state: State) -> None:
    path = _values(arguments[:1])
    text = arguments[0].word.text.strip("'\"") if arguments else ""
    name = path[0] if path and isinstance(path[0], str) else text
    reason = f"may be set by {name}"[:80]
    known = next((names for ending, names in _KNOWN_FILES.items() if name.endswith(ending)), None)
    if known is None:
        state.forget_all(reason)
    else:
        state.hide(known, reason)


# --- the end -----------------------------------------------------------------------------------------------------------------


def _exit(arguments: Sequence[Field], state: State) -> None:
    state.status = _verdict(arguments)
    state.failed = state.status is False
    state.stops["exit"] = (Certainty.NEVER, "the script has ended")


def _verdict(arguments: Sequence[Field]) -> bool | None:
    """Whether `exit` or `return` with these arguments means success."""
    code = (_values(arguments) or [""])[0]
    return not code.strip("0") if isinstance(code, str) and code.isdecimal() else None


def _return(arguments: Sequence[Field], state: State) -> None:
    state.status = _verdict(arguments)
    state.stops["return"] = (Certainty.NEVER, "behind return")


def _stop(scope: str) -> Callable[[Sequence[Field], State], None]:
    def stop(_arguments: Sequence[Field], state: State) -> None:
        state.stops[scope] = (Certainty.NEVER, f"behind {scope}")

    return stop


_EFFECTS: Mapping[str, Callable[[Sequence[Field], State], None]] = {
    "cd": _cd,
    "chdir": _cd,
    "pushd": _pushd,
    "popd": _popd,
    "export": _export,
    "local": lambda arguments, state: _declare(arguments, state, local=True),
    "readonly": _declare,
    "declare": _declare,
    "typeset": _declare,
    "unset": _unset,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "getopts": _getopts,
    "printf": _printf,
    "let": _let,
    "set": _set,
    "shift": _shift,
    ".": _source,
    "source": _source,
    "exit": _exit,
    "return": _return,
    "break": _stop("break"),
    "continue": _stop("continue"),
}
