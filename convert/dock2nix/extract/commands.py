"""Shell commands to steps: each command of a RUN is looked at once and gets one outcome."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.commands import command_for, printed_text, translate
from dock2nix.extract.node_modules import install_node_project
from dock2nix.extract.owners import owned_by
from dock2nix.extract.paths import settle
from dock2nix.managers import manager_for
from dock2nix.model.finding import FINDING_CODES, Finding, Outcome, Severity
from dock2nix.model.packages import Action
from dock2nix.model.shell import Certainty, Invocation, Opaque, Redirect, ShellCommand
from dock2nix.model.steps import CommandOutcome, Step

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract.files import ImageFiles
    from dock2nix.extract.node_modules import ProjectInstall
    from dock2nix.extract.paths import KnownPaths
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import ShellItem, Word

SHELLS = frozenset({"ash", "bash", "dash", "ksh", "sh", "zsh"})
_INTERPRETERS = SHELLS | {"node", "perl", "php", "python", "python2", "python3", "ruby"}
_DOWNLOADERS = frozenset({"aria2c", "curl", "fetch", "wget"})
_FOLLOWED = frozenset(
    {"cd", "declare", "export", "local", "popd", "pushd", "readonly", "set", "shift", "unset"}
)
_GLOB = re.compile(r"[*?\[]")
_LEAVING = frozenset({"break", "continue", "exit", "return"})
# Programs that only print when nothing is redirected: what they print matters only to whoever reads it.
_PURE = frozenset(
    {
        *(
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
        ),
        *(
            "dpkg-architecture",
            "dpkg-query",
            "echo",
            "egrep",
            "expr",
            "fgrep",
            "file",
            "getconf",
            "getent",
            "grep",
            "head",
        ),
        *(
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
        ),
        *(
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
        ),
        *("type", "uname", "uniq", "wc", "which", "whoami", "yes"),
    }
)
_FILE_OPTIONS = re.compile(
    r"-[A-Za-z]*[oOi][A-Za-z]*|--(?:output|in-place|remote-name)(?:=.*)?|-delete|-exec.*"
)
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>", "<>"})
_NOWHERE = frozenset({"/dev/null", "/dev/stderr", "/dev/stdout", "/dev/tty"})

# Why a command that is known by name has no translation; others get a sentence without a reason.
_KINDS = {
    "a download": frozenset({"aria2c", "curl", "wget", "git", "svn", "hg", "scp", "rsync", "gsutil", "aws"}),
    "a build": frozenset(
        {
            *(
                "ant",
                "bazel",
                "bundle",
                "bun",
                "cargo",
                "cmake",
                "composer",
                "configure",
                "dotnet",
                "go",
                "gradle",
                "gradlew",
            ),
            *(
                "make",
                "meson",
                "mix",
                "mvn",
                "mvnw",
                "ninja",
                "npm",
                "npx",
                "pnpm",
                "rake",
                "sbt",
                "setup.py",
                "stack",
                "yarn",
            ),
        }
    ),
    "an archive": frozenset({"7z", "bunzip2", "gunzip", "tar", "unrar", "unxz", "unzip"}),
    "a download's check": frozenset({"gpg", "gpgv", "md5sum", "sha1sum", "sha256sum", "sha512sum", "shasum"}),
}


class Scene(Struct, frozen=True, kw_only=True):
    """Where a RUN stands: its stage, what is known then (it grows with each command), and who runs it."""

    stage: int
    catalogue: Catalogue
    files: ImageFiles
    known: KnownPaths
    user: str = ""


class Verdict(Struct, frozen=True, kw_only=True):
    """What one invocation means. `problems` are (finding code, message, hint) yet without a place.

    `quiet`: another command's finding speaks for this one.
    """

    outcome: CommandOutcome
    reason: str = ""
    installs: tuple[InstallStep, ...] = ()
    effects: tuple[Effect, ...] = ()
    problems: tuple[tuple[str, str, str], ...] = ()
    quiet: bool = False


def extract_commands(items: tuple[ShellItem, ...], scene: Scene) -> Outcome[tuple[Step, ...]]:
    """The steps of one RUN, one for each item, in order.

    Args:
        items: what `parse_shell` made of the text.
        scene: where the RUN stands.
    """
    judged: list[Verdict] = []
    for item in items:
        verdict = _settled(_judge(item, items, judged, scene), scene)
        scene.files.effects.extend(verdict.effects)
        judged.append(verdict)
    verdicts = _feed_pipelines(items, judged)
    steps = tuple(_step(item, verdict, scene.stage) for item, verdict in zip(items, verdicts, strict=True))
    findings = tuple(
        finding for item, verdict in zip(items, verdicts, strict=True) for finding in _findings(item, verdict)
    )
    return Outcome(steps, findings)


def _settled(verdict: Verdict, scene: Scene) -> Verdict:
    """The verdict with effects that fit what is in the image, owned by who runs the command."""
    if not verdict.effects:
        return verdict
    settled = settle(owned_by(verdict.effects, scene.user), scene.known)
    if settled.problem:
        return _unresolved(settled.problem)
    if not settled.effects and not verdict.installs:
        return _not_needed("what it removes is not in the Nix image")
    return replace(verdict, effects=settled.effects)


def _step(item: ShellItem, verdict: Verdict, stage: int) -> Step:
    return Step(
        stage=stage,
        program=(item.program or "") if isinstance(item, ShellCommand) else "",
        text=item.text,
        location=item.location,
        outcome=verdict.outcome,
        reason=verdict.reason,
        installs=verdict.installs,
        effects=verdict.effects,
        conditional=isinstance(item, ShellCommand) and item.certainty is Certainty.CONDITIONAL,
    )


def _findings(item: ShellItem, verdict: Verdict) -> tuple[Finding, ...]:
    problems = verdict.problems
    if verdict.outcome is CommandOutcome.UNRESOLVED and not verdict.quiet and not _has_error(problems):
        shown = item.text if len(item.text) <= 120 else item.text[:119] + "…"
        problems = (*problems, ("D2N301", f"{shown}: {verdict.reason}", ""))
    located = tuple(
        Finding(code=code, message=message, location=item.location, hint=hint)
        for code, message, hint in problems
    )
    words = tuple(
        Finding(code="D2N204", message=f"{word.text}: {word.reason}", location=word.location)
        for install in verdict.installs
        for word in install.unknown
    )
    return located + words


def _has_error(problems: tuple[tuple[str, str, str], ...]) -> bool:
    return any(FINDING_CODES[code][1] is Severity.ERROR for code, _, _ in problems)


def _consumer(items: tuple[ShellItem, ...], position: int) -> int | None:
    for at, item in enumerate(items):
        if isinstance(item, ShellCommand) and item.stdin_from == position:
            return at
    return None


# --- one command -------------------------------------------------------------------------------------------------------------


def _judge(item: ShellItem, items: tuple[ShellItem, ...], judged: list[Verdict], scene: Scene) -> Verdict:
    """What an item means, given the verdicts on those before it."""
    if isinstance(item, Opaque):
        return _unresolved(item.reason, ("D2N108", f"{item.text[:120]}: {item.reason}", ""))
    if item.certainty is Certainty.NEVER:
        return _not_needed(f"never runs: {item.condition}" if item.condition else "never runs")
    guarded = item.certainty is Certainty.FALLBACK and _follows_question(items, judged)
    if item.certainty is Certainty.FALLBACK and not guarded:
        return _not_needed("runs only when the command before it fails")
    verdict = _combine(tuple(_judge_invocation(run, item, items, scene) for run in item.invocations))
    if item.certainty is Certainty.CONDITIONAL or guarded:
        return _under_condition(verdict, item.condition)
    return verdict


def _follows_question(items: tuple[ShellItem, ...], judged: list[Verdict]) -> bool:
    """Whether the command in front of `||` does nothing itself (`id -u app || useradd app`): it asks, and `||` is a condition.

    Behind a command that does something, `||` is for the mishap that does not happen in a build that succeeds.
    """
    for item, verdict in zip(reversed(items[: len(judged)]), reversed(judged), strict=True):
        if isinstance(item, ShellCommand) and (
            item.certainty is Certainty.FALLBACK or item.substitution_of is not None
        ):
            continue
        installs = any(one.action is Action.INSTALL for one in verdict.installs)
        return not (verdict.effects or installs)
    return True


def _under_condition(verdict: Verdict, condition: str) -> Verdict:
    what = f"only if {condition}" if condition else "only under a condition that cannot be known here"
    if verdict.installs and verdict.outcome is CommandOutcome.TRANSLATED:
        problem = ("D2N206", f"installed {what}; taken as if it held", "")
        return replace(verdict, problems=(*verdict.problems, problem))
    if verdict.effects:
        return _unresolved(f"runs {what}")
    return verdict


def _combine(verdicts: tuple[Verdict, ...]) -> Verdict:
    """A command in a loop is done when each of its runs is."""
    if len(verdicts) == 1:
        return verdicts[0]
    if not verdicts:
        return _not_needed("never runs")
    worst = max(verdicts, key=lambda verdict: _RANK[verdict.outcome])
    return Verdict(
        outcome=worst.outcome,
        reason=worst.reason,
        installs=tuple(install for verdict in verdicts for install in verdict.installs),
        effects=tuple(effect for verdict in verdicts for effect in verdict.effects)
        if worst.outcome is not CommandOutcome.UNRESOLVED
        else (),
        problems=tuple(dict.fromkeys(problem for verdict in verdicts for problem in verdict.problems)),
    )


_RANK = {
    CommandOutcome.NOT_NEEDED: 0,
    CommandOutcome.TRANSLATED: 1,
    CommandOutcome.SCRIPT: 2,
    CommandOutcome.UNRESOLVED: 3,
}


def _judge_invocation(
    run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...], scene: Scene
) -> Verdict:
    if run.program is None:
        return _unresolved("which program runs cannot be known without running it")
    if _reads_program_from_pipe(run, command):
        return _pipe_to_shell(run, command, items)
    if run.program in _FOLLOWED:
        return Verdict(
            outcome=CommandOutcome.TRANSLATED,
            reason="followed: paths and variables after it take it into account",
        )
    download = _runs_download(run, items.index(command), items)
    if download is not None:
        return download
    if run.program in _LEAVING:
        return _not_needed("leaves a branch or the script; what it skips is judged by itself")
    if run.program in {"[", "[[", "test"}:
        return _not_needed("asks; what hangs on the answer is judged by itself")
    return (
        _package_configuration(command.redirects, scene)
        or _package_manager(run, command, scene)
        or _without_effect(run, command.redirects, scene)
        or _file_command(run, command, items)
        or _unresolved(_why_untranslated(run.program))
    )


def _package_configuration(redirects: tuple[Redirect, ...], scene: Scene) -> Verdict | None:
    """Writing sources and keys of a package manager: nixpkgs takes their place."""
    written = _written_paths(redirects)
    if not written:
        return None
    reasons = [scene.catalogue.no_op_path(path) for path in written if path is not None]
    if len(reasons) == len(written) and all(reasons):
        return _not_needed(reasons[0] or "")
    return None


def _package_manager(run: Invocation, command: ShellCommand, scene: Scene) -> Verdict | None:
    manager = manager_for(run)
    install = manager.parse_install(run, command.location, scene.files) if manager else None
    if install is None:
        return None
    if install.action in {Action.NOTHING, Action.REPOSITORY}:
        return Verdict(
            outcome=CommandOutcome.NOT_NEEDED,
            reason=install.reason,
            installs=(install,),
            problems=install.problems,
        )
    if install.action is Action.OTHER:
        return Verdict(
            outcome=CommandOutcome.UNRESOLVED,
            reason=install.reason,
            installs=(install,),
            problems=install.problems,
        )
    project = install_node_project(install, run, command, scene.files, scene.known)
    if project is not None:
        return _project_verdict(project)
    missing = _what_is_missing(install)
    return Verdict(
        outcome=CommandOutcome.UNRESOLVED if missing else CommandOutcome.TRANSLATED,
        reason=missing or install.reason,
        installs=(install,),
        problems=install.problems,
    )


def _project_verdict(project: ProjectInstall) -> Verdict:
    done = CommandOutcome.NOT_NEEDED if project.nothing else CommandOutcome.TRANSLATED
    return Verdict(
        outcome=CommandOutcome.UNRESOLVED if project.reason and not project.nothing else done,
        reason=project.reason,
        installs=(project.install,),
        effects=project.effects,
        problems=project.problems,
    )


def _what_is_missing(install: InstallStep) -> str:
    projects = sorted({use.path for use in install.manifests if use.role in {"project", "lock"}})
    if projects:
        return f"the packages of {', '.join(projects)} need a lock, which is not translated yet"
    if install.unknown:
        return "a name cannot be known without running the shell"
    if not (install.requirements or install.manifests):
        return install.reason or "nothing to install was recognised"
    return ""


def _without_effect(run: Invocation, redirects: tuple[Redirect, ...], scene: Scene) -> Verdict | None:
    known = all(word.value is not None or _is_temporary(word) for word in run.arguments)
    if _written_paths(redirects) or not (known or run.program in {"echo", "printf"}):
        return None
    arguments = tuple(word.value if word.value is not None else word.text for word in run.arguments)
    reason = scene.catalogue.no_op(run.program or "", arguments, scene.known.written())
    if reason is None and run.program == "rm":
        reason = _removes_nothing(run, scene)
    return None if reason is None else _not_needed(reason)


def _removes_nothing(run: Invocation, scene: Scene) -> str | None:
    """`rm` of caches and of what no earlier step put into the image; None when it may remove something that is there."""
    paths = [word for word in run.arguments if not _is_option(word)]
    if not paths or not all(_is_absent(word, run.directory, scene) for word in paths):
        return None
    return "what it removes is not in the Nix image"


def _is_absent(word: Word, directory: str | None, scene: Scene) -> bool:
    if _is_temporary(word):
        return True
    text = word.value or ""
    if not text or (not text.startswith("/") and directory is None):
        return False
    path = posixpath.normpath(posixpath.join(directory or "/", text))
    if scene.catalogue.no_op_path(path) and not scene.known.below(_fixed_part(path)):
        return True
    if word.quoted or not _GLOB.search(text):
        return not scene.known.holds(path) and not scene.known.below(path)
    return not scene.known.below(_fixed_part(path))


def _is_temporary(word: Word) -> bool:
    """Whether a word is a name that mktemp made: nothing that is known is there."""
    return word.value is None and word.unknown.startswith("$(mktemp")


def _fixed_part(path: str) -> str:
    """The folder in front of the first part with a wildcard."""
    found = _GLOB.search(path)
    return path if not found else posixpath.dirname(path[: found.start()] + "x")


def _file_command(run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...]) -> Verdict | None:
    translation = translate(run, _with_pipe(command, items), command.location, command.text)
    if translation is None:
        return None
    return Verdict(
        outcome=CommandOutcome.TRANSLATED,
        reason=translation.reason,
        effects=translation.effects,
        problems=translation.findings,
    )


def _with_pipe(command: ShellCommand, items: tuple[ShellItem, ...]) -> tuple[Redirect, ...]:
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


def _why_untranslated(program: str) -> str:
    name = program.rsplit("/", 1)[-1]
    if command_for(program):
        return f"this use of {name} (its words, patterns or options) is not translated yet"
    for kind, programs in _KINDS.items():
        if name in programs:
            return (
                f"{kind} that is not translated yet"
                if kind != "an archive"
                else "unpacking is not translated yet"
            )
    return f"no translation is known for {name}"


def _written_paths(redirects: tuple[Redirect, ...]) -> tuple[str | None, ...]:
    """Targets of redirections that write files; None for one that is not known."""
    targets = (redirect.target for redirect in redirects if redirect.operator in _WRITING)
    return tuple(target.value for target in targets if target is not None and target.value not in _NOWHERE)


# --- pipelines ---------------------------------------------------------------------------------------------------------------


def _reads_program_from_pipe(run: Invocation, command: ShellCommand) -> bool:
    if command.stdin_from is None or run.program is None:
        return False
    name = run.program.rsplit("/", 1)[-1]
    script = [word for word in run.arguments if not _is_option(word)]
    return name in _INTERPRETERS and (name in SHELLS or not script) and not _has_inline_program(run)


def _is_option(word: Word) -> bool:
    return word.value is not None and word.value.startswith("-")


def _has_inline_program(run: Invocation) -> bool:
    return any(word.value in {"-c", "-e"} for word in run.arguments)


def _pipe_to_shell(run: Invocation, command: ShellCommand, items: tuple[ShellItem, ...]) -> Verdict:
    source = _start_of_pipe(command, items)
    if source is not None and (source.program or "").rsplit("/", 1)[-1] in _DOWNLOADERS:
        return _download_run(f"{source.text} is piped into {run.program}")
    return _unresolved(f"what {run.program} reads from the pipe cannot be known")


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
    return _unresolved("a download that is run is never run here", ("D2N501", message, hint))


def _runs_download(run: Invocation, position: int, items: tuple[ShellItem, ...]) -> Verdict | None:
    """`sh -c "$(curl …)"`, `bash <(curl …)`, `eval "$(curl …)"`, `. <(curl …)`."""
    if (run.program or "").rsplit("/", 1)[-1] not in SHELLS | {"eval", ".", "source"}:
        return None
    for item in items:
        if (
            isinstance(item, ShellCommand)
            and item.substitution_of == position
            and item.program in _DOWNLOADERS
        ):
            return _download_run(f"{run.program} runs the output of {item.text}")
    return None


def _feed_pipelines(items: tuple[ShellItem, ...], verdicts: list[Verdict]) -> list[Verdict]:
    """A command whose output another one reads shares that one's fate, unless it means something by itself."""
    for position in range(len(items) - 1, -1, -1):
        item, verdict = items[position], verdicts[position]
        if not isinstance(item, ShellCommand) or verdict.installs or verdict.effects:
            continue
        reader = _consumer(items, position) if item.substitution_of is None else item.substitution_of
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
        return _not_needed("sets a variable; where its value is needed and not known, that is reported")
    fate, text = verdicts[reader], items[reader].text
    shown = text if len(text) <= 60 else text[:59] + "…"
    if fate.outcome is CommandOutcome.UNRESOLVED:
        return replace(_unresolved(f"its output is read by: {shown}"), quiet=True)
    return _not_needed(f"its output is read by a command that is accounted for: {shown}")


def _only_prints(command: ShellCommand) -> bool:
    """Whether a command does nothing but print: no file is written, no program run that might do more."""
    if _written_paths(command.redirects) or not command.invocations:
        return False
    for run in command.invocations:
        name = (run.program or "").rsplit("/", 1)[-1]
        words = [word.value or word.text for word in run.arguments]
        writes = any(_FILE_OPTIONS.fullmatch(word) for word in words) and name in _DOWNLOADERS | {
            "sed",
            "sort",
            "find",
        }
        to_output = name in _DOWNLOADERS and (
            name != "wget" or any(word in {"-O-", "-qO-", "-"} for word in words)
        )
        if not (name in _PURE or to_output) or (writes and not (name == "wget" and to_output)):
            return False
    return True


def _not_needed(reason: str) -> Verdict:
    return Verdict(outcome=CommandOutcome.NOT_NEEDED, reason=reason)


def _unresolved(reason: str, *problems: tuple[str, str, str]) -> Verdict:
    return Verdict(outcome=CommandOutcome.UNRESOLVED, reason=reason, problems=problems)
