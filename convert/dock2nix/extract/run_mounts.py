"""`RUN --mount`: what a RUN sees of the build context and of other stages, and what of its doings does not stay.

A bind mount is shown as a COPY to the same place would show it. The image gets it only as long as commands of that RUN work on it:
it is put there before them and taken away behind them. What they write into a cache or a tmpfs is not in the image either.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract.instructions import short_text
from dock2nix.extract.paths import is_below
from dock2nix.model.dockerfile import Form
from dock2nix.model.downloads import FetchFile, FetchTree, Unpack
from dock2nix.model.finding import Finding
from dock2nix.model.image import (
    ContextSource,
    CopyFiles,
    CopyOutput,
    LinkProgram,
    MakeDirectory,
    Remove,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    Symlink,
    WriteFile,
)
from dock2nix.parse.exclusions import fileset_exclusions
from dock2nix.parse.mounts import mount_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.extract.paths import KnownPaths
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import Effect
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

_PASSING = frozenset({"cache", "tmpfs"})
_FINDINGS = {
    "secret": (
        "D2N306",
        "a secret mount cannot be honoured: what a Nix build sees, everybody can read",
        (
            "let the running container read the secret, or have Nix fetch what it is for by hash (netrc-file and access-tokens of "
            "nix.conf are for fetchers)"
        ),
    ),
    "ssh": (
        "D2N306",
        "an ssh mount cannot be honoured: Nix builds have no agent",
        "fetch the repository by its commit and hash (pkgs.fetchgit, or a flake input of git+ssh, which Nix itself reads)",
    ),
    "cache": ("D2N305", "a cache mount has no meaning for the result", ""),
    "tmpfs": ("D2N305", "a tmpfs mount has no meaning for the result", ""),
}


class Mount(Struct, frozen=True, kw_only=True):
    """One mount. `kind` as in `type=`; `target` is absolute; `source` as given; `origin` is the stage or image it is `from`."""

    kind: str
    target: str
    source: str = ""
    origin: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """What is seen at the target of a bind mount; `held`: something stood there before."""

    mount: Mount
    effects: tuple[Effect, ...]
    held: bool


def mounts_of(instruction: ScopedInstruction, workdir: str) -> tuple[Mount, ...]:
    """The mounts of a RUN.

    Args:
        instruction: the RUN.
        workdir: the absolute working directory.
    """
    texts = (flag.removeprefix("--mount=") for flag in instruction.flags if flag.startswith("--mount="))
    return tuple(_mount(dict(mount_fields(text)), workdir) for text in texts)


def _mount(fields: dict[str, str | None], workdir: str) -> Mount:
    target = fields.get("target") or fields.get("dst") or fields.get("destination") or ""
    return Mount(
        kind=(fields.get("type") or "bind").lower(),
        target=posixpath.normpath(posixpath.join("/", workdir, target)) if target else "",
        source=fields.get("source") or fields.get("src") or "",
        origin=fields.get("from") or "",
    )


def mount_findings(instruction: ScopedInstruction, mounts: tuple[Mount, ...]) -> tuple[Finding, ...]:
    """What is to be said of mounts: those that cannot be had, with the way it is done in Nix, and those that do not matter."""
    found = (_FINDINGS[mount.kind] for mount in mounts if mount.kind in _FINDINGS)
    return tuple(
        Finding(code=code, message=message, location=instruction.location, hint=hint)
        for code, message, hint in found
    )


def shown_files(
    instruction: ScopedInstruction,
    mounts: tuple[Mount, ...],
    known: KnownPaths,
    copied: Callable[[ScopedInstruction], tuple[Effect, ...]],
) -> tuple[Shown, ...]:
    """What the bind mounts of a RUN show, as far as it is known.

    Args:
        instruction: the RUN.
        mounts: its mounts.
        known: what is in the image before it.
        copied: gives what a COPY --from brings; nothing when that is not known.
    """
    shown: list[Shown] = []
    for mount in mounts:
        if mount.kind != "bind" or not mount.target:
            continue
        effects = (
            copied(_as_copy(instruction, mount)) if mount.origin else _of_context(instruction, mount, known)
        )
        if effects:
            held = known.holds(mount.target) or known.below(mount.target)
            shown.append(Shown(mount=mount, effects=effects, held=held))
    return tuple(shown)


def _as_copy(instruction: ScopedInstruction, mount: Mount) -> ScopedInstruction:
    """The COPY that puts the same files to the same place."""
    source = posixpath.normpath(posixpath.join("/", mount.source))
    arguments, flags = (source, mount.target), (f"--from={mount.origin}",)
    raw = replace(
        instruction.instruction,
        keyword="COPY",
        arguments=arguments,
        flags=flags,
        heredocs=(),
        form=Form.SHELL,
    )
    return replace(instruction, instruction=raw, arguments=arguments, flags=flags)


def _of_context(instruction: ScopedInstruction, mount: Mount, known: KnownPaths) -> tuple[Effect, ...]:
    source = posixpath.normpath(posixpath.join("/", mount.source)).lstrip("/")
    context: BuildContext = known.context
    if source and not context.exists(source):
        return ()
    found = ContextSource(path=source, destination=mount.target, directory=context.is_directory(source))
    return (
        CopyFiles(
            sources=(found,),
            exclusions=fileset_exclusions(context, found),
            location=instruction.location,
            text=short_text(instruction),
        ),
    )


def settled(
    steps: tuple[Step, ...], shown: tuple[Shown, ...], mounts: tuple[Mount, ...], known: KnownPaths
) -> tuple[Step, ...]:
    """The steps of a RUN, with what is mounted put there for those that work on it, and without what does not stay.

    Args:
        steps: in order.
        shown: what its bind mounts show.
        mounts: all its mounts.
        known: what was in the image before it.
    """
    for one in shown:
        steps = _around(steps, one)
    for mount in mounts:
        if mount.kind in _PASSING and mount.target not in {"", "/"}:
            steps = _without_writes(steps, mount, known)
    return steps


def _around(steps: tuple[Step, ...], shown: Shown) -> tuple[Step, ...]:
    """The steps with a mount's files in front of the first that works on them, taken away behind the last."""
    target = shown.mount.target
    users = [at for at, step in enumerate(steps) if any(_works_on(effect, target) for effect in step.effects)]
    if not users:
        return steps
    done = list(steps)
    first, last = done[users[0]], users[-1]
    done[users[0]] = replace(first, effects=(*shown.effects, *first.effects))
    done[last] = replace(done[last], effects=(*done[last].effects, _removal(target, done[last])))
    return tuple(done)


def usable(shown: tuple[Shown, ...]) -> tuple[Effect, ...]:
    """What commands can work on: mounts over something that was there before would have to give it back."""
    return tuple(effect for one in shown if not one.held for effect in one.effects)


def _removal(path: str, step: Step) -> Remove:
    return Remove(path=path, recursive=True, location=step.location, text=step.text)


def _works_on(effect: Effect, target: str) -> bool:
    """Whether an effect needs the files at or below a path where the image is made."""
    match effect:
        case RunTool():
            return any(is_below(path, target) or is_below(target, path) for path in effect.reads)
        case RunScript():
            return True
        case Unpack():
            return bool(effect.archive) and is_below(effect.archive, target)
        case _:
            return False


def _without_writes(steps: tuple[Step, ...], mount: Mount, known: KnownPaths) -> tuple[Step, ...]:
    """The steps without what they write into a mount that passes; where they read it again, it is taken away behind them."""
    target = mount.target
    effects = [effect for step in steps for effect in step.effects]
    written = [path for effect in effects if is_below(path := _written(effect), target)]
    if not written:
        return steps
    if not any(_works_on(effect, target) for effect in effects):
        return tuple(
            replace(step, effects=tuple(one for one in step.effects if not is_below(_written(one), target)))
            for step in steps
        )
    held = known.holds(target) or known.below(target)
    gone = dict.fromkeys(path for path in written if path != target) if held else {target: None}
    *before, last = steps
    return (*before, replace(last, effects=(*last.effects, *(_removal(path, last) for path in gone))))


def _written(effect: Effect) -> str:
    """The path that an effect makes or changes; "" when it is another kind of effect."""
    match effect:
        case RunTool():
            return effect.target
        case (
            MakeDirectory()
            | WriteFile()
            | Symlink()
            | SetMode()
            | SetOwner()
            | FetchFile()
            | FetchTree()
            | Unpack()
            | LinkProgram()
            | CopyOutput()
        ):
            return effect.path
        case _:
            return ""
