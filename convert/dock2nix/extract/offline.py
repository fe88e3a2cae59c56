"""Whether commands need no network, which programs they start, and where they may change files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.catalogue.offline import offline_programs
from dock2nix.commands.base import absolute
from dock2nix.extract.paths import is_below, is_of_distribution
from dock2nix.model.shell import Certainty, Opaque
from dock2nix.model.source import SourceText
from dock2nix.parse.shell import parse_shell
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.shell import Invocation, Redirect, ShellItem, Word

MOST_SCRIPTS = 20
LONGEST_TEXT = 65_536
# What a shell does itself.
BUILTINS = frozenset(
    [
        ":",
        ".",
        "[",
        "[[",
        "alias",
        "break",
        "cd",
        "command",
        "continue",
        "declare",
        "dirs",
        "echo",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "getopts",
        "hash",
        "let",
        "local",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readonly",
        "return",
        "set",
        "shift",
        "shopt",
        "source",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
    ]
)
# They tell who runs them, which is root where images are made.
_ASKS_WHO = frozenset({"groups", "id", "logname", "whoami"})
_SHELLS = frozenset({"ash", "bash", "dash", "sh"})
_READ_FILES = frozenset({".", "source"})
_INTERPRETERS = frozenset({"node", "perl", "php", "python", "ruby"})
_INLINE = frozenset({"-c", "-e", "-E", "-r", "-p"})
_WRAPPERS = frozenset({"builtin", "command", "env", "exec", "nice", "time", "timeout", "xargs", *_SHELLS})
_VARIABLE = regex(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_IN_PLACE = regex(r"-[A-Za-z]*i|--in-place")
_ONLY_READS = BUILTINS | frozenset(
    [
        "awk",
        "base64",
        "basename",
        "cat",
        "cmp",
        "cut",
        "date",
        "diff",
        "dirname",
        "du",
        "egrep",
        "fgrep",
        "file",
        "gawk",
        "grep",
        "head",
        "ldd",
        "ls",
        "mawk",
        "md5sum",
        "nl",
        "od",
        "paste",
        "readlink",
        "realpath",
        "sha1sum",
        "sha256sum",
        "sha512sum",
        "sort",
        "stat",
        "strings",
        "tac",
        "tail",
        "tr",
        "uniq",
        "wc",
        "which",
        "xxd",
    ]
)
_WILDCARD = regex(r"[*?\[]")
_VERSION = regex(r"[0-9][0-9.]*$")
_SHEBANG = regex(r"#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?")
# Words by which programs in other languages give away that they talk to somebody, or start programs.
_TALKS = regex(
    r"(?i)https?://|\b(?:urllib\d?|requests|httpx|aiohttp|http\.client|ftplib|socket|paramiko|boto3|gdown|wget|curl|axios|fetch|"
    r"lwp|open-uri|net/http|subprocess|os\.system|popen|child_process|shell_exec|system|exec|spawn)\b|download|from_pretrained|"
    r"hugging_?face|snapshot|pip install|git clone|connect"
)
# GNU sed's way to run what a line says: the command `e`, and the flag of that name behind a substitution.
_SED_RUNS = regex(r"(?:^|[;{}\n0-9$/!])\s*e(?:\s|$)|[/|,#@:!%][gIiMmp0-9]*e[gIiMmp0-9]*\s*(?:$|[;}\n])")
_SYSTEM = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
_FOREIGN = ("/bin/", "/etc/", "/lib/", "/sbin/", "/share/", "/usr/")
_SOCKETS = ("/dev/tcp/", "/dev/udp/")
_MAKES_ALL = frozenset({"ln", "mkdir", "mkfifo", "mktemp", "tee", "touch", "truncate"})
_MAKES_LAST = frozenset({"cp", "install", "mv"})
_CHANGES_REST = frozenset({"chgrp", "chmod", "chown"})
_TEXT_FIRST = frozenset({"awk", "egrep", "expr", "fgrep", "gawk", "grep", "jq", "mawk", "sed"})
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


class Survey(Struct):
    """Collects what the commands of a script come to; see the module."""

    scene: Scene
    stored: frozenset[str] = frozenset()
    programs: dict[str, None] = field(default_factory=dict)
    folders: dict[str, None] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    guarded: bool = False

    def admits(self, item: ShellItem) -> bool:
        """Whether a command is known to need no network; notes its programs and places."""
        if isinstance(item, Opaque):
            return False
        if item.certainty is Certainty.NEVER:
            return True
        if not set(item.wrappers) <= _WRAPPERS:
            return False
        self._needs(*item.wrappers)
        guarded, self.guarded = self.guarded, self.guarded or item.certainty is not Certainty.ALWAYS
        admitted = all(
            self._admits_redirects(item.redirects, run) and self._admits_run(run) for run in item.invocations
        )
        self.guarded = guarded
        return admitted

    def works_in(self, path: str) -> None:
        """Note that files at or below a path may change; nothing is said of the whole image by its root."""
        if path != "/":
            self.folders[path] = None

    def _needs(self, *programs: str) -> None:
        self.programs.update(dict.fromkeys(name.rpartition("/")[2] for name in programs))

    # --- files ---

    def _admits_redirects(self, redirects: tuple[Redirect, ...], run: Invocation) -> bool:
        for redirect in redirects:
            if redirect.target is None or redirect.operator in {"<<<", ">&", "<&"}:
                continue
            if redirect.operator != "<" and self._names_store(redirect.target):
                return False
            path = absolute(redirect.target.value or "", run.directory)
            if path is None:
                self.folders["/"] = None
                continue
            foreign = path.startswith(_FOREIGN) and not path.startswith("/usr/local/")
            adds = redirect.operator in {">>", "&>>"} and foreign and not self.scene.known.holds(path)
            if path.startswith(_SOCKETS) or adds:
                return False
            if not path.startswith("/dev/"):
                self.works_in(path)
        return True

    def _names_store(self, word: Word) -> bool:
        """Whether a word names something by a variable that holds a path in the store, where nothing can be changed."""
        return word.value is None and any(name in self.stored for name in _VARIABLE.findall(word.text))

    def _places(self, words: tuple[Word, ...], directory: str | None) -> None:
        """Note what words name: absolute paths, and relative ones that lead out of the folder."""
        for word in words:
            value = word.value
            if value is None:
                self.folders["/"] = None
                continue
            named = value.partition("=")[2] if value.startswith("-") else value
            if named.startswith(("/", "../")) and (path := absolute(_plain_part(named), directory)):
                self.works_in(path)

    def _finds_files(self, name: str, run: Invocation) -> bool:
        """Whether the files that a command works on are known to be there, or may be; what it makes is from now on."""
        operands = path_operands(name, run.arguments)
        for word in operands.read:
            path = absolute(_plain_part(word), run.directory)
            if path is not None and not self._may_be_there(path):
                return False
            if path is not None and _WILDCARD.search(word) and is_of_distribution(path):
                return False
        for word in operands.made:
            path = absolute(_plain_part(word), run.directory)
            if path is not None:
                self.works_in(path)
        return True

    def _may_be_there(self, path: str) -> bool:
        known = self.scene.known
        here = any(folder != "/" and is_below(path, folder) for folder in self.folders)
        return here or path.startswith(("/dev/", "/proc/")) or known.holds(path)

    # --- programs ---

    def _admits_run(self, run: Invocation) -> bool:
        program = run.program
        if program is None or len(self.entered) > MOST_SCRIPTS:
            return False
        name = program.rpartition("/")[2]
        if program in _READ_FILES:
            return self._admits_file(run, run.arguments[:1])
        path = self._copied(program, run)
        if path:
            return self._admits_copied(path, run)
        if "/" in program and not program.startswith(_SYSTEM):
            return False
        if name in _ASKS_WHO and self.scene.user not in {"", "0", "root"} and not run.arguments[1:]:
            return False
        self._needs(name)
        if name in BUILTINS:
            return name not in {"eval", "exec"} or not run.arguments
        if not self.guarded and not self._finds_files(name, run):
            return False
        self._places(run.arguments, run.directory)
        if not _leaves_alone(name, run.arguments) and any(
            map(self._names_store, run.arguments[_first(name) :])
        ):
            return False
        if name in _SHELLS:
            return self._admits_file(run, tuple(word for word in run.arguments if _is_operand(word))[:1])
        if name == "sed" and any(_SED_RUNS.search(word.value or "") for word in run.arguments):
            return False
        return self._admits_words(name, run) and (name != "find" or self._admits_found(run))

    def _admits_words(self, name: str, run: Invocation) -> bool:
        words = tuple(word.value for word in run.arguments)
        kind = _VERSION.sub("", name)
        if offline_programs().reason(name, words) is not None:
            said = [word for word in words if word is not None and word[:1] != "-"]
            inside = kind in _INTERPRETERS and "-m" not in words
            return not inside or self._is_there(said[0] if said else "", run)
        if kind not in _INTERPRETERS or not words or words[0] is None:
            return False
        if words[0] in _INLINE:
            return len(words) > 1 and words[1] is not None and _TALKS.search(words[1]) is None
        options = [word for word in words if word is None or word[:1] == "-"]
        return not (options and options[0] == words[0]) and self._reads_quietly(words[0], run)

    def _is_there(self, path: str, run: Invocation) -> bool:
        place = absolute(path, run.directory)
        return place is not None and self.scene.known.holds(place)

    def _reads_quietly(self, path: str, run: Invocation) -> bool:
        """Whether a copied program in another language gives no sign of talking to anybody."""
        text = self.scene.files.last_known(path, run.directory)
        return (
            text is not None
            and text.strip() != ""
            and len(text) <= LONGEST_TEXT
            and _TALKS.search(text) is None
        )

    def _admits_found(self, run: Invocation) -> bool:
        """Whether what `find … -exec` runs is admitted."""
        words = run.arguments
        for at, word in enumerate(words):
            if word.value in _FIND_RUNS:
                end = next((n for n in range(at + 1, len(words)) if words[n].value in {";", "+"}), len(words))
                inner = words[at + 1 : end]
                if not inner or not self._admits_call(inner, run):
                    return False
        return True

    def _admits_call(self, words: tuple[Word, ...], run: Invocation) -> bool:
        values = [word.value for word in words]
        name = (values[0] or "").rpartition("/")[2]
        options = [value for value in values[1:] if value and value.startswith("-") and "c" in value]
        if name in _SHELLS and options:
            text = values[values.index(options[0]) + 1] if values[-1] != options[0] else None
            self._needs(name)
            return text is not None and self._admits_text(text, name, run)
        return self._admits_run(replace(run, program=values[0], arguments=words[1:]))

    # --- scripts ---

    def _copied(self, program: str, run: Invocation) -> str:
        """Where a program stands, when it is a copied file; "" when it is not known to be one."""
        files = self.scene.files
        if "/" in program:
            path = absolute(program, run.directory)
            return path if path and files.last_known(path, None) is not None else ""
        folders = (run.environment.get("PATH") or "").split(":")
        for folder in dict.fromkeys(
            (*folders[:20], "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin")
        ):
            path = posixpath.join(folder, program)
            if folder.startswith("/") and files.last_known(path, None) is not None:
                return path
        return ""

    def _admits_file(self, run: Invocation, named: tuple[Word, ...]) -> bool:
        path = absolute(named[0].value or "", run.directory) if named else None
        text = self.scene.files.last_known(path, None) if path else None
        self._places(run.arguments, run.directory)
        return bool(path and text and text.strip()) and self._admits_script(
            path or "", text or "", "bash", run
        )

    def _admits_copied(self, path: str, run: Invocation) -> bool:
        text = self.scene.files.last_known(path, None) or ""
        if not text.strip():
            return False
        found = _SHEBANG.match(text[:200])
        name = found[1].rpartition("/")[2] if found else "sh"
        if found and name == "env":
            self._needs("env")
            name = (found[2] or "").rpartition("/")[2]
        self._needs(name)
        self._places(run.arguments, run.directory)
        if name in _SHELLS:
            return self._admits_script(path, text, name, run)
        return _VERSION.sub("", name) in _INTERPRETERS and self._reads_quietly(path, run)

    def _admits_script(self, path: str, text: str, dialect: str, run: Invocation) -> bool:
        if path in self.entered:
            return True
        self.entered.add(path)
        return self._admits_text(text, dialect, run)

    def _admits_text(self, text: str, dialect: str, run: Invocation) -> bool:
        if len(text) > LONGEST_TEXT:
            return False
        items = parse_shell(
            SourceText.at("script", text),
            environment={**run.environment, "*": None},
            directory=run.directory or "",
            dialect=dialect,
        ).value
        return all(self.admits(item) for item in items)


def _leaves_alone(name: str, words: tuple[Word, ...]) -> bool:
    """Whether a program changes nothing that its words name."""
    if name == "sed":
        return not any(_IN_PLACE.match(word.value or "") for word in words)
    if name == "find":
        return not any(word.value == "-delete" or word.value in _FIND_RUNS for word in words)
    return name in _ONLY_READS


def _first(name: str) -> int:
    """The first word that may name what a program changes: of those that make their last word, that one."""
    return -1 if name in {"cp", "install", "ln"} else 0


class PathOperands(NamedTuple):
    """The words of a command that name files: those that must be there, and those that it makes."""

    read: tuple[str, ...]
    made: tuple[str, ...]


def path_operands(name: str, words: tuple[Word, ...]) -> PathOperands:
    """Which words of a command name files, as far as that is known.

    Args:
        name: the program.
        words: what stands behind it.
    """
    values = [word.value for word in words]
    options = [value for value in values if value and value[0] == "-" and value != "-"]
    plain = [value for value in values if value and value[0] != "-"]
    if name == "rm" and any("f" in option for option in options):
        return PathOperands((), ())
    if name in _MAKES_ALL or (name == "install" and "-d" in options):
        return PathOperands((), tuple(plain))
    if name in _MAKES_LAST:
        return PathOperands(tuple(plain[:-1]), tuple(plain[-1:]))
    if name in _CHANGES_REST:
        return PathOperands(tuple(plain[1:]), ())
    if name in _TEXT_FIRST:
        skipped = {values[at + 1] for at, value in enumerate(values[:-1]) if value in {"-e", "-f"}}
        plain = [value for value in plain if value not in skipped][0 if skipped else 1 :]
    return PathOperands(tuple(value for value in plain if "/" in value), ())


def _is_operand(word: Word) -> bool:
    return word.value is None or word.value[:1] not in {"-", "+"}


def _plain_part(path: str) -> str:
    """The part of a path in front of its first wildcard."""
    for at, char in enumerate(path):
        if char in "*?[{":
            return posixpath.dirname(path[:at] + "x") or "."
    return path
