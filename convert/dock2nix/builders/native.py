"""`./configure && make && make install`, CMake, Meson and plain make: stdenv.mkDerivation (nixpkgs manual, "The Standard Environment").

The commands run as the Dockerfile has them. What they install goes below `$out` by DESTDIR, which leaves the paths that are
compiled in as they are (GNU Coding Standards, "DESTDIR: Support for Staged Installs").
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.builders.base import (
    MAKERS,
    SCRIPTS,
    SHELLS,
    Built,
    Refusal,
    absolute,
    folder_of,
    is_inside,
    program_of,
    tool_of,
)
from dock2nix.model.builds import CORES, OUT, BuildCommand, NativeRecipe
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.builders.base import Problem, Work
    from dock2nix.model.shell import Invocation, Word

IN_PLACE = True
BY_TREE = True
BY_FOLDER = False
_GENERATORS = frozenset({"aclocal", "autoconf", "autoheader", "automake", "autoreconf", "libtoolize"})
PROGRAMS = SCRIPTS | _GENERATORS | MAKERS | {"cmake", "meson"}
_CONFIGURES = frozenset({"Configure", "cmake", "config", "configure", "meson"})
_PREFIX = "/usr/local"
_OF_THE_KERNEL = ("/dev/", "/proc/", "/sys/")
_INSTALLS = regex(r"(?:alt)?install(?:[_-]\w+(?:-\w+)*)?|[\w-]+/install|install-[\w-]+")
_ASSIGNED = regex(r"(PREFIX|prefix|INSTALL_PREFIX|INSTALLPREFIX)=(/\S*)")
_PREFIX_WORD = regex(r"(?:--prefix|-DCMAKE_INSTALL_PREFIX(?::\w+)?)=(\S+)")
_FOLDER_WORD = regex(r"--[\w-]*(?:dir|path|prefix)=(/\S+)")
_ELSEWHERE = regex(r"(?:--with-[\w-]+=|-D\w*(?:ROOT|DIR|HOME|PATH|LIBRARY|LIBRARIES)(?::\w+)?=|-[IL])(/\S*)")
_OWN_PLACES = regex(r"-DCMAKE_INSTALL_\w+|--with-[\w-]*(?:path|dir|prefix|log|pid|lock|conf|user|group)s?=")
_IN_MAKEFILE = regex(r"^(PREFIX|prefix)[ \t]*[:?]?=[ \t]*(/[\w./-]*)[ \t]*$", re.MULTILINE)
_DESTDIR = regex(r"\$[({]DESTDIR[)}]|DESTDIR")
_DOWNLOADS = regex(
    r"\b(?:go[ \t]+(?:build|get|install|mod|run)|npm|npx|yarn|pnpm|cargo|pip3?|curl|wget|git[ \t]+clone|mvn|gradlew?|docker)\b"
)
_LANGUAGES = frozenset({"cargo", "composer", "go", "golang", "golang-go", "maven", "nodejs", "npm", "rust"})
_JOBS = regex(r"-j[0-9]*|--jobs|--parallel|-l[0-9.]*")
_VARIABLES = frozenset(
    {
        *(
            "AR",
            "AS",
            "CC",
            "CFLAGS",
            "CPP",
            "CPPFLAGS",
            "CXX",
            "CXXFLAGS",
            "LD",
            "LDFLAGS",
            "LIBS",
            "NM",
            "RANLIB",
        ),
        *("FC", "FFLAGS", "FCFLAGS", "EXTRA_CFLAGS", "EXTRA_CXXFLAGS", "EXTRA_LDFLAGS"),
    }
)
_NAME = regex(r"[A-Za-z_]\w*")


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The commands on one tree of sources as they stand, with what they install turned to `$out`."""
    if not work.root:
        return Refusal("where the sources that it builds are from is not known", work.calls[0])
    commands: list[BuildCommand] = []
    for run in work.calls:
        found = _command(run, work)
        if isinstance(found, Refusal):
            return found
        commands.append(found)
    staged = _staged(commands, work)
    if isinstance(staged, Refusal):
        return staged
    refusal = _may_download(commands, work)
    if refusal:
        return refusal
    installs = any(command.installs for command in commands)
    reach = tuple(sorted(_reach(commands))) if installs else ()
    recipe = NativeRecipe(commands=staged[0], installs=installs, reach=reach)
    return (Built(recipe=recipe, directory=work.root, problems=staged[1]),)


# --- commands ----------------------------------------------------------------------------------------------------------------


def _seen_from(folder: str, run: Invocation) -> Invocation:
    """A command that may as well run in another folder, since it says where it works: `make -C /usr/src/x`."""
    words = tuple(
        replace(word, value=absolute(word.value or "", run)) if before in {"-C", "--directory"} else word
        for before, word in zip((None, *(one.value for one in run.arguments)), run.arguments, strict=False)
    )
    return replace(run, directory=folder, arguments=words)


def _command(run: Invocation, work: Work) -> BuildCommand | Refusal:
    """One command as it is to run in the build."""
    if run.directory is None or not is_inside(folder_of(run) or "/", work.root):
        return Refusal(f"it runs in {run.directory}, and the sources are in {work.root}", run)
    if not is_inside(run.directory, work.root):
        run = _seen_from(work.root, run)
    name = tool_of(run)
    refusal = _objection(name, run, work)
    if refusal:
        return refusal
    words = list(_words(run, work))
    if None in words:
        return Refusal("a word of it cannot be known without running something", run)
    assigned = _variables(run)
    if assigned is None:
        return Refusal("a variable of it cannot be known without running something", run)
    program = run.program or ""
    if "/" in program:
        own = _in_tree(absolute(program, run), run, work.root)
        if own is None:
            return Refusal(f"runs {run.program}, which is not of the sources", run)
        program = own
    plain = tuple(word for word in words if word is not None)
    if name == "cmake" and _configures_cmake(plain) and not any(map(_PREFIX_WORD.match, plain)):
        plain = (*plain, f"-DCMAKE_INSTALL_PREFIX={_PREFIX}")
    return BuildCommand(
        words=(program, *plain),
        directory=posixpath.relpath(run.directory or work.root, work.root),
        variables=assigned,
        installs=_installs(name, plain),
        made=run.directory in work.made and run.directory != work.root,
    )


def _objection(name: str, run: Invocation, work: Work) -> Refusal | None:
    if name in SCRIPTS and "/" not in (run.program or "/") and program_of(run) not in SHELLS:
        return Refusal(f"{name} is not known as a program", run)
    for word in run.arguments:
        value = word.value or ""
        found = _ELSEWHERE.match(value)
        if found and not _OWN_PLACES.match(value) and not is_inside(found[1], work.root):
            return Refusal(
                f"{value}: names a place outside of its sources, which the build does not have", run
            )
        if outside := _outside(value, run, work):
            return Refusal(f"{value}: names {outside}, which is not among its sources", run)
    if name == "ninja" and any(word.value == "-t" for word in run.arguments):
        return Refusal("ninja -t is not translated yet", run)
    return None


def _outside(value: str, run: Invocation, work: Work) -> str:
    """The path in a word that leads to files of the stage outside of the sources, "" when none does."""
    text = value.rpartition("=")[2]
    if not (text.startswith(("/", "../")) or "/../" in text):
        return ""
    path = absolute(text, run)
    if not text.startswith("/"):
        return "" if is_inside(path, work.root) else path
    return path if any(is_inside(path, other) for other in work.others) else ""


def _configures_cmake(words: tuple[str, ...]) -> bool:
    return not {"--build", "--install", "-E", "-P", "--version", "--help"} & set(words)


def _words(run: Invocation, work: Work) -> Iterator[str | None]:
    """The words, with paths of the sources seen from where it runs; a number of jobs is Nix's own."""
    before: str = ""
    for word in run.arguments:
        text = word.value if word.value is not None else _jobs(word, before)
        before = word.value or ""
        yield None if text is None else _relative(text, run, work.root)


def _jobs(word: Word, before: str) -> str | None:
    """`-j$(nproc)` and `--parallel $(nproc)`: as many as Nix gives."""
    if _JOBS.fullmatch(before):
        return CORES
    found = _JOBS.match(word.text.strip('"'))
    return f"{found[0]}{CORES}" if found and found[0] in {"-j", "-l"} else None


def _relative(text: str, run: Invocation, root: str) -> str:
    name, equals, value = text.rpartition("=")
    if not value.startswith("/") or not is_inside(normal_path(value), root):
        return text
    return f"{name}{equals}{posixpath.relpath(value, run.directory or root)}"


def _in_tree(path: str, run: Invocation, root: str) -> str | None:
    """A program of the sources, seen from where it is called."""
    if not is_inside(path, root):
        return None if not path.startswith(("/bin/", "/usr/bin/")) else posixpath.basename(path)
    relative = posixpath.relpath(path, run.directory or root)
    return relative if relative.startswith("..") else f"./{relative}"


def _variables(run: Invocation) -> tuple[tuple[str, str], ...] | None:
    """Variables that are set for it alone, and those of the shell that tell it how to compile."""
    own = {name: word.value for name, word in run.assignments}
    shell = {name: run.environment[name] for name in sorted(_VARIABLES & run.environment.keys())}
    found = {name: value for name, value in (shell | own).items() if _NAME.fullmatch(name)}
    if None in found.values():
        return None
    return tuple((name, value) for name, value in found.items() if value is not None)


# --- installing --------------------------------------------------------------------------------------------------------------


def _installs(name: str, words: tuple[str, ...]) -> bool:
    if name == "cmake":
        targets = [words[at + 1] for at, word in enumerate(words[:-1]) if word in {"--target", "-t"}]
        return "--install" in words or any(map(_INSTALLS.fullmatch, targets))
    if name == "meson":
        return words[:1] == ("install",)
    if name not in MAKERS:
        return False
    return any(_INSTALLS.fullmatch(word) for word in words if "=" not in word)


def _staged(
    commands: list[BuildCommand], work: Work
) -> tuple[tuple[BuildCommand, ...], tuple[Problem, ...]] | Refusal:
    """The commands, those that install told where to."""
    configured = any(_tool(command) in _CONFIGURES for command in commands)
    done: list[BuildCommand] = []
    problems: dict[Problem, None] = {}
    for command, run in zip(commands, work.calls, strict=True):
        if not command.installs:
            done.append(command)
            continue
        words = command.words if configured else _with_prefix(command.words)
        if not configured and words is None:
            told = _told_by_makefile(command, run, work)
            if isinstance(told, Refusal):
                return told
            words, problem = told
            problems |= dict.fromkeys(problem)
        done.append(_with_words(command, words or command.words, staged=configured or words == command.words))
    return tuple(done), tuple(problems)


def _tool(command: BuildCommand) -> str:
    name = posixpath.basename(command.words[0])
    if name in SHELLS and len(command.words) > 1:
        return posixpath.basename(command.words[1])
    return name


def _may_download(commands: list[BuildCommand], work: Work) -> Refusal | None:
    """Why a Makefile cannot be trusted to need no network: it calls what downloads, or was not seen and is no C project's."""
    if any(_tool(command) in _CONFIGURES for command in commands):
        return None
    for run in work.calls:
        text = _makefile(run, work)
        found = _DOWNLOADS.search(text) if text is not None else None
        if found:
            return Refusal(f"its Makefile calls {' '.join(found[0].split())}, which may download", run)
        languages = work.installed & _LANGUAGES
        language = work.base.language if work.base is not None else ""
        if text is None and (language or languages):
            used = language or min(languages)
            return Refusal(f"its Makefile was not seen, and with {used} there it may well download", run)
    return None


def _makefile(run: Invocation, work: Work) -> str | None:
    """The text of the Makefile that a command goes by, None when that is not known."""
    folder = run.directory or work.root
    named = [word.value or "" for word in run.arguments]
    given = [
        named[at + 1] for at, word in enumerate(named[:-1]) if word in {"-f", "--file", "-C", "--directory"}
    ]
    if given:
        return work.files.read(absolute(given[0], run))
    texts = (
        work.files.read(posixpath.join(folder, name)) for name in ("GNUmakefile", "makefile", "Makefile")
    )
    return next((text for text in texts if text is not None), None)


def _with_words(command: BuildCommand, words: tuple[str, ...], *, staged: bool) -> BuildCommand:
    return BuildCommand(
        words=words,
        directory=command.directory,
        variables=command.variables,
        installs=True,
        staged=staged,
        made=command.made,
    )


def _with_prefix(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """`make PREFIX=/usr install`: below `$out`; None when no such word is there."""
    if not any(map(_ASSIGNED.fullmatch, words)):
        return None
    return tuple(
        f"{found[1]}={OUT}{found[2]}" if (found := _ASSIGNED.fullmatch(word)) else word for word in words
    )


def _told_by_makefile(
    command: BuildCommand, run: Invocation, work: Work
) -> tuple[tuple[str, ...], tuple[Problem, ...]] | Refusal:
    """How a Makefile that nobody configured is told where to install to."""
    text = _makefile(run, work)
    if text is None:
        message = f"{_shown(run)}: taken to install below DESTDIR, as most Makefiles do; its own was not seen"
        return command.words, (
            ("D2N311", message, "if the build stops there, give the Makefile's own variable"),
        )
    if _DESTDIR.search(text):
        return command.words, ()
    found = _IN_MAKEFILE.search(text)
    if found is None:
        return Refusal(
            "its Makefile knows neither DESTDIR nor PREFIX, so it installs into the machine itself", run
        )
    return (*command.words, f"{found[1]}={OUT}{found[2].rstrip('/')}"), ()


def _shown(run: Invocation) -> str:
    """A command for a message, without what is set for it."""
    return " ".join([run.program or "", *(word.text for word in run.arguments)])


def _reach(commands: list[BuildCommand]) -> set[str]:
    """The folders that files are installed into."""
    words = [word for command in commands for word in command.words]
    prefixes = {found[1] for word in words if (found := _PREFIX_WORD.match(word))}
    prefixes |= {words[at + 1] for at, word in enumerate(words[:-1]) if word == "--prefix"}
    prefixes |= {found[2] for word in words if (found := _ASSIGNED.fullmatch(word))}
    others = {found[1] for word in words if (found := _FOLDER_WORD.match(word))}
    plain = {normal_path(one) for one in prefixes or {_PREFIX} if one.startswith("/")}
    named = plain | {normal_path(other) for other in others}
    return {one for one in named if one != "/" and not one.startswith(_OF_THE_KERNEL)} or {_PREFIX}
