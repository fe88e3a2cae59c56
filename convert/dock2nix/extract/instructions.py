"""COPY, ADD and WORKDIR: instructions that change files without a shell."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.extract.owners import ROOTS, with_login_group
from dock2nix.model.downloads import FetchFile, FetchTree, Unpack
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import CopyFiles, MakeDirectory, SetMode, SetOwner, WriteFile
from dock2nix.model.steps import CommandOutcome, Step
from dock2nix.parse.copying import STANDARD_DIRECTORIES
from dock2nix.parse.exclusions import fileset_exclusions
from dock2nix.parse.expansion import copied_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.extract.paths import KnownPaths
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import ContextSource, Effect
    from dock2nix.parse.copying import CopyResolution

# Folders in which packages have their files.
_SYSTEM = frozenset({"", "bin", "dev", "etc", "lib", "proc", "run", "sbin", "sys", "usr", "var"})


def short_text(instruction: ScopedInstruction, limit: int = 100) -> str:
    """The instruction on one line, for comments and reports."""
    raw = instruction.instruction
    written = raw.original.split("\n", 1)[0] if raw.heredocs else raw.original
    text = " ".join(written.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def working_directory(instruction: ScopedInstruction, current: str) -> str:
    """The absolute path a WORKDIR changes to (relative ones stand on the one before)."""
    return posixpath.normpath(
        posixpath.join(current, instruction.arguments[0] if instruction.arguments else "")
    )


def extract_workdir(
    instruction: ScopedInstruction, stage: int, path: str, user: str, known: KnownPaths
) -> Step:
    """WORKDIR makes its directory if need be, owned by the USER in force (BuildKit: dispatchWorkdir)."""
    location, text = instruction.location, short_text(instruction)
    effects: tuple[Effect, ...] = (MakeDirectory(path=path, location=location, text=text),)
    if user not in ROOTS and not known.holds(path):
        effects += (SetOwner(path=path, owner=with_login_group(user), location=location, text=text),)
    return Step(
        stage=stage,
        program="WORKDIR",
        text=text,
        location=location,
        outcome=CommandOutcome.TRANSLATED,
        effects=effects if path != "/" else (),
    )


def extract_copy(
    instruction: ScopedInstruction, stage: int, known: KnownPaths, workdir: str
) -> Outcome[tuple[Step, ...]]:
    """COPY and ADD from the build context as effects; what else they can do is left with the reason.

    Returns:
        One step; unresolved when the instruction copies from a stage or image, downloads, unpacks or fits no file.
    """
    context, destination = known.context, instruction.arguments[-1]
    written, sources = _heredoc_files(instruction, workdir)
    if not sources:
        return Outcome((copied(instruction, stage, written),))
    resolution = context.resolve_copy(
        sources,
        destination,
        workdir,
        is_add=instruction.keyword == "ADD",
        exclude=_all_flags(instruction, "exclude"),
        parents=instruction.flag("parents") is not None,
        directories=known.directories(),
    )
    if chosen_owner(instruction) and any(
        f.directory and f.destination in STANDARD_DIRECTORIES for f in resolution.files
    ):
        return unresolved(
            instruction, stage, f"gives another owner to files among others in {destination}", "D2N303"
        )
    remote, reason = _remote_effects(instruction, resolution, known)
    if reason:
        return unresolved(instruction, stage, reason, "D2N303")
    findings = _missing_sources(instruction, resolution)
    effects = written + _copy_effects(instruction, resolution, known) + remote
    step = copied(instruction, stage, effects)
    if findings:
        step = replace(step, outcome=CommandOutcome.UNRESOLVED, reason=findings[0].message)
    return Outcome((step,), findings)


def copied(instruction: ScopedInstruction, stage: int, effects: tuple[Effect, ...]) -> Step:
    """The step of a COPY or ADD that is done by these effects."""
    return Step(
        stage=stage,
        program=instruction.keyword,
        text=short_text(instruction),
        location=instruction.location,
        outcome=CommandOutcome.TRANSLATED,
        effects=effects,
    )


def _all_flags(instruction: ScopedInstruction, name: str) -> tuple[str, ...]:
    prefix = f"--{name}="
    return tuple(flag.removeprefix(prefix) for flag in instruction.flags if flag.startswith(prefix))


def _heredoc_files(
    instruction: ScopedInstruction, workdir: str
) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """Files written by here-documents, and the sources that are no here-documents."""
    *sources, destination = instruction.arguments
    waiting = list(instruction.instruction.heredocs)
    target = posixpath.join(workdir, destination)
    is_folder = target.endswith("/") or len(sources) > 1
    effects: list[Effect] = []
    files: list[str] = []
    for source in sources:
        if not (source.startswith("<<") and waiting):
            files.append(source)
            continue
        doc = waiting.pop(0)
        path = posixpath.normpath(posixpath.join(target, doc.name) if is_folder else target)
        effects += _written(instruction, path, copied_body(doc, instruction.environment))
    return tuple(effects), tuple(files)


def _written(instruction: ScopedInstruction, path: str, content: str) -> tuple[Effect, ...]:
    location, text, owner = instruction.location, short_text(instruction), chosen_owner(instruction)
    mode = instruction.flag("chmod") or ""
    file = WriteFile(path=path, content=content, mode=mode, location=location, text=text)
    return (file, SetOwner(path=path, owner=owner, location=location, text=text)) if owner else (file,)


def chosen_owner(instruction: ScopedInstruction) -> str:
    """The owner that --chown gives, "" when that is root.

    A name without group stands for the user's own group too, a number for the group of that number (BuildKit: readUser).
    """
    owner = instruction.flag("chown") or ""
    if owner in ROOTS:
        return ""
    return f"{owner}:{owner}" if owner.isdigit() else with_login_group(owner)


def _remote_effects(
    instruction: ScopedInstruction, resolution: CopyResolution, known: KnownPaths
) -> tuple[tuple[Effect, ...], str]:
    """What is downloaded, cloned or unpacked, with the permissions and owners that flags give; or why it cannot be."""
    if not (resolution.urls or resolution.git or resolution.archives):
        return (), ""
    from dock2nix.extract.remote import remote_effects  # noqa: PLC0415 - few instructions need it

    location, text = instruction.location, short_text(instruction)
    found, reason = remote_effects(instruction, resolution, known.context, text)
    mode, owner = instruction.flag("chmod") or "", chosen_owner(instruction)
    effects: list[Effect] = []
    for effect in found:
        many = not isinstance(effect, FetchFile)
        path = effect.path if isinstance(effect, (FetchFile, FetchTree, Unpack)) else ""
        effects.append(effect)
        if mode:
            effects.append(SetMode(path=path, mode=mode, recursive=many, location=location, text=text))
        if owner and known.is_directory(path):
            return (), f"gives another owner to files among others in {path}"
        if owner:
            effects.append(SetOwner(path=path, owner=owner, recursive=many, location=location, text=text))
    return tuple(effects), reason


def _missing_sources(instruction: ScopedInstruction, resolution: CopyResolution) -> tuple[Finding, ...]:
    groups = (
        (resolution.outside, "D2N106", "lies outside the build context"),
        (resolution.ignored, "D2N105", "is left out by the .dockerignore file"),
        (resolution.missing, "D2N105", "is not in the build context"),
        (resolution.malformed, "D2N303", "is a malformed pattern"),
    )
    return tuple(
        Finding(code=code, message=f"{name} {what}", location=instruction.location)
        for names, code, what in groups
        for name in names
    )


def _copy_effects(
    instruction: ScopedInstruction, resolution: CopyResolution, known: KnownPaths
) -> tuple[Effect, ...]:
    files = resolution.files
    if not files:
        return ()
    location, text = instruction.location, short_text(instruction)
    mode, owner = instruction.flag("chmod") or "", chosen_owner(instruction)
    # A folder that was there keeps its owner, only what is put into it gets the new one.
    joins = owner != "" and any(
        file.directory and (known.anything or known.is_directory(file.destination)) for file in files
    )
    effects: list[Effect] = [*_owned_parents(instruction, files, known)] if owner else []
    effects.append(
        CopyFiles(
            sources=files,
            exclusions=fileset_exclusions(known.context, files, resolution.exclude),
            owner=owner if joins else "",
            mode=mode,
            location=location,
            text=text,
        )
    )
    for file in files:
        path, recursive = file.destination, file.directory
        if mode and not (joins and file.directory):
            effects.append(SetMode(path=path, mode=mode, recursive=recursive, location=location, text=text))
        if owner and not (joins and file.directory):
            effects.append(
                SetOwner(path=path, owner=owner, recursive=recursive, location=location, text=text)
            )
    return tuple(effects)


def _owned_parents(
    instruction: ScopedInstruction, files: tuple[ContextSource, ...], known: KnownPaths
) -> Iterator[Effect]:
    """The folders above that are made on the way belong to the same owner, as far as no package can have them."""
    location, text, owner = instruction.location, short_text(instruction), chosen_owner(instruction)
    made: dict[str, None] = {}
    for file in files:
        folder = posixpath.dirname(file.destination)
        while folder.split("/")[1] not in _SYSTEM and not known.holds(folder):
            made[folder] = None
            folder = posixpath.dirname(folder)
    for folder in sorted(made):
        yield MakeDirectory(path=folder, location=location, text=text)
        yield SetOwner(path=folder, owner=owner, location=location, text=text)


def unresolved(
    instruction: ScopedInstruction, stage: int, reason: str, code: str
) -> Outcome[tuple[Step, ...]]:
    """The step of a COPY or ADD that is left to a human, with the finding that says why."""
    text = short_text(instruction)
    step = Step(
        stage=stage,
        program=instruction.keyword,
        text=text,
        location=instruction.location,
        outcome=CommandOutcome.UNRESOLVED,
        reason=reason,
    )
    return Outcome((step,), (Finding(code=code, message=f"{text}: {reason}", location=instruction.location),))
