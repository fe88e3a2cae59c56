"""Scripts of the Dockerfile's own that a command runs (`RUN ./install.sh`, `RUN bash setup.sh app`), read as if they stood there."""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.builders import builder_of
from dock2nix.commands.base import absolute
from dock2nix.extract.scripts import RunText
from dock2nix.extract.verdicts import Scene, written_paths
from dock2nix.model.shell import Certainty
from dock2nix.model.source import SourceText
from dock2nix.parse.shell import parse_shell, pieces_of
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep, Requirement
    from dock2nix.model.shell import Invocation, ShellCommand, ShellItem
    from dock2nix.model.source import Location

# So deep may scripts call scripts, and so long may one be.
DEEPEST = 3
LONGEST_SCRIPT = 65_536
_SHELLS = frozenset({"ash", "bash", "dash", "sh"})
_FOLDERS = frozenset({"", "/bin", "/usr/bin"})
_SAME_USER = frozenset({"builtin", "command", "env", "exec", "nice", "sudo", "time"})
_SHEBANG = regex(r"#!\s*(\S+)(?:[ \t]+(?:-S[ \t]+)?(\S+))?(?:[ \t]+(\S+))?")
_SETS = regex(r"-[aeuxv]+")
_IN_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class OwnScript(Struct, frozen=True, kw_only=True):
    """A script that was copied into the image: what its commands are, and the scene in which they run."""

    path: str
    items: tuple[ShellItem, ...]
    scene: Scene


class _File(Struct, frozen=True, kw_only=True):
    """A script with the shell that reads it, the options of that, and what it is given; None for words that are not known."""

    path: str
    text: str
    shell: str
    options: tuple[str, ...]
    arguments: tuple[str | None, ...]


def own_script(item: ShellCommand, scene: Scene) -> OwnScript | None:
    """The commands of the script that a command runs.

    Args:
        item: the command.
        scene: where it stands.

    Returns:
        None when it runs no shell script whose text is known word for word, or that of a build (`./configure`), runs it under
        a condition or as somebody else, or what it is given or prints matters and is not known.
    """
    if item.certainty is not Certainty.ALWAYS or len(item.invocations) != 1 or scene.depth >= DEEPEST:
        return None
    if item.stdin_from is not None or written_paths(item.redirects) or not set(item.wrappers) <= _SAME_USER:
        return None
    run = item.invocations[0]
    if builder_of(run) is not None:
        return None
    found = _file_of(run, scene)
    if found is None or None in found.arguments or len(found.text) > LONGEST_SCRIPT:
        return None
    dialect = _dialect(found.shell, run.shell)
    source = _source(found)
    own = {name: word.value for name, word in run.assignments}
    environment = {"*": None, **run.environment, **own, "0": found.path, "BASH_SOURCE": found.path}
    items = parse_shell(
        source,
        environment=environment,
        directory=run.directory or "",
        dialect=dialect,
        platform=scene.platform,
    ).value
    text = _text(found, source, dialect, run, scene)
    inner = replace(scene, text=text, depth=scene.depth + 1, builds={})
    return OwnScript(path=found.path, items=items, scene=inner) if items else None


# --- which file --------------------------------------------------------------------------------------------------------------


def _file_of(run: Invocation, scene: Scene) -> _File | None:
    program = run.program or ""
    folder, _, name = program.rpartition("/")
    words = [word.value for word in run.arguments]
    if name in _SHELLS and folder in _FOLDERS:
        given: list[str] = []
        while words and words[0] is not None and _SETS.fullmatch(words[0]):
            given.append(words.pop(0) or "")
        if not words or not words[0] or words[0][0] in "-+":
            return None
        path = absolute(words[0], run.directory)
        text = scene.files.read(path, None) if path else None
        if not path or not _is_text(text):
            return None
        return _File(path=path, text=text or "", shell=name, options=tuple(given), arguments=tuple(words[1:]))
    path = _path_of(program, run, scene)
    text = scene.files.read(path, None) if path else None
    if not _is_text(text):
        return None
    shell, options = _read_by(text or "")
    if shell not in _SHELLS:
        return None
    return _File(path=path, text=text or "", shell=shell, options=options, arguments=tuple(words))


def _path_of(program: str, run: Invocation, scene: Scene) -> str:
    """Where a program stands, when it is a copied file; "" when it is not."""
    if "/" in program:
        return absolute(program, run.directory) or ""
    folders = (*(run.environment.get("PATH") or "").split(":")[:20], *_IN_PATH)
    paths = (posixpath.join(folder, program) for folder in folders if folder.startswith("/"))
    return next((path for path in dict.fromkeys(paths) if scene.files.read(path, None) is not None), "")


def _is_text(text: str | None) -> bool:
    return text is not None and text.strip() != "" and "\0" not in text


def _read_by(text: str) -> tuple[str, tuple[str, ...]]:
    """The interpreter of a script, by its first line, and its options; a file without such a line is read by sh."""
    found = _SHEBANG.match(text[:200])
    if found is None:
        return ("sh", ()) if not text.startswith("#!") else ("", ())
    name = found[1].rpartition("/")[2]
    rest = [word for word in (found[2], found[3]) if word]
    if name == "env":
        name, rest = (rest[0].rpartition("/")[2], rest[1:]) if rest else ("", [])
    return (name, tuple(rest)) if all(map(_SETS.fullmatch, rest)) else ("", ())


def _dialect(shell: str, outer: str) -> str:
    """Which shell reads a script: where /bin/sh is known by the command that runs it, that one."""
    return outer if shell == "sh" and outer in {"ash", "dash"} else shell


# --- its text ----------------------------------------------------------------------------------------------------------------


def _source(found: _File) -> SourceText:
    """The text with what it is given set in front, in a line 0 of its own."""
    known = [word for word in found.arguments if word is not None]
    given = f"set -- {shlex.join(known)}\n" if known else ""
    given += "".join(f"set {option}\n" for option in found.options)
    anchors = ((0, 0, 1), (len(given), 1, 1)) if given else ((0, 1, 1),)
    return SourceText(path=found.path, text=given + found.text, anchors=anchors)


def _text(found: _File, source: SourceText, dialect: str, run: Invocation, scene: Scene) -> RunText | None:
    """The text of which parts may run as they stand, where those of the command itself may."""
    if scene.text is None:
        return None
    own = {name: word.value for name, word in run.assignments}
    return RunText(  # noqa: S604 - words of a text, nothing is started
        pieces=pieces_of(source, dialect),
        shell=(f"/bin/{found.shell}", "-c"),
        environment={**scene.text.environment, **own},
        dash=dialect == "dash",
        file=True,
    )


# --- what it comes to --------------------------------------------------------------------------------------------------------


def shown_effect(effect: Effect, path: str, location: Location) -> Effect:
    """What a command of a script does, told as of the command that runs the script."""
    if effect.location.path != path:
        return effect
    text = f"{posixpath.basename(path)}, line {effect.location.first_line}: {effect.text}"
    return replace(effect, location=location, text=text)


def shown_install(install: InstallStep, path: str, location: Location) -> InstallStep:
    """The same of what it installs."""

    def shown(requirement: Requirement) -> Requirement:
        if requirement.location.path != path:
            return requirement
        origin = requirement.origin or f"{posixpath.basename(path)}:{requirement.location.first_line}"
        return replace(requirement, location=location, origin=origin)

    return replace(
        install,
        requirements=tuple(map(shown, install.requirements)),
        constraints=tuple(map(shown, install.constraints)),
        manifests=tuple(replace(use, location=location) for use in install.manifests),
    )
