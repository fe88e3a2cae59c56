"""The stages of another Dockerfile put in front of one's own, so that an image which they build is a stage like any other."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.parse.bases import split_stages, stage_name
from dock2nix.parse.mounts import csv_line, mount_fields
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.model.dockerfile import Dockerfile, Instruction

_INDEX = regex("[0-9]{1,9}")
_REMOTE = regex(r"(?:https?|git|ssh|ftp)://|git@|<<|\$")


class Spliced(Struct, frozen=True, kw_only=True):
    """A Dockerfile with the stages of another one in front, and the stage that was wanted, by its new number if it had one."""

    dockerfile: Dockerfile
    target: str


def spliced(
    own: Dockerfile, other: Dockerfile, *, stages: frozenset[int], wanted: str, folder: str, target: str
) -> Spliced | None:
    """Put the stages of `other` in front of those of `own`.

    Args:
        own: the Dockerfile that stands on an image.
        other: the one that builds it.
        stages: positions of the stages of `own` that stand on that image.
        wanted: the stage of `other` that is that image, by name or number; the last one when empty.
        folder: the build context of `other`, relative to that of `own`.
        target: the stage of `own` that is to be built, as the user names it.

    Returns:
        None when they cannot stand in one file: their ARGs before the first FROM differ, they escape in different ways, or there
        is no such stage.
    """
    head, groups = split_stages(own.instructions)
    other_head, others = split_stages(other.instructions)
    if own.directives.escape != other.directives.escape or not _agree(head, other_head):
        return None
    names = _new_names(others, _taken(groups))
    index = _position(wanted, others)
    if index is None:
        return None
    count = len(others)
    front = tuple(_named(group, names[at], names, folder) for at, group in enumerate(others))
    back = tuple(
        _standing_on(_shifted(group, count), names[index]) if at in stages else _shifted(group, count)
        for at, group in enumerate(groups)
    )
    instructions = (*other_head, *head, *(one for group in (*front, *back) for one in group))
    moved = str(int(target) + count) if _INDEX.fullmatch(target) and target not in _taken(groups) else target
    return Spliced(dockerfile=replace(own, instructions=instructions), target=moved)


def local_sources(dockerfile: Dockerfile) -> tuple[str, ...]:
    """What COPY and ADD take out of the build context, as written, as far as it names files plainly."""
    found = (
        source
        for instruction in dockerfile.instructions
        if _takes_context(instruction)
        for source in instruction.arguments[:-1]
    )
    return tuple(source for source in found if not _REMOTE.match(source) and not set("*?[$") & set(source))


def takes_files(dockerfile: Dockerfile) -> bool:
    """Whether anything in a Dockerfile takes files out of its build context."""
    return any(
        _takes_context(one) or (one.keyword == "RUN" and any("type=bind" in flag for flag in one.flags))
        for one in dockerfile.instructions
    )


def _takes_context(instruction: Instruction) -> bool:
    copies = instruction.keyword in {"ADD", "COPY"}
    return copies and not any(flag.startswith("--from=") for flag in instruction.flags)


def _agree(head: tuple[Instruction, ...], other: tuple[Instruction, ...]) -> bool:
    """Whether no ARG before the first FROM says one thing here and another there."""
    said: dict[str, str] = {}
    for word in (word for one in (*other, *head) if one.keyword == "ARG" for word in one.arguments):
        if said.setdefault(word.partition("=")[0], word) != word:
            return False
    return True


def _taken(groups: tuple[tuple[Instruction, ...], ...]) -> frozenset[str]:
    return frozenset(stage_name(group[0]) for group in groups)


def _new_names(others: tuple[tuple[Instruction, ...], ...], taken: frozenset[str]) -> dict[int | str, str]:
    """A name that nobody else has for each stage, by its number and by the name it had."""
    names: dict[int | str, str] = {}
    for at, group in enumerate(others):
        had = stage_name(group[0])
        name, count = f"base-{had or at}", 1
        while name in taken or name in names.values():
            count += 1
            name = f"base{count}-{had or at}"
        names[at] = name
        if had:
            names[had] = name
    return names


def _position(wanted: str, others: tuple[tuple[Instruction, ...], ...]) -> int | None:
    if not wanted:
        return len(others) - 1
    named = [at for at, group in enumerate(others) if stage_name(group[0]) == wanted.lower()]
    if named:
        return named[-1]
    return int(wanted) if _INDEX.fullmatch(wanted) and int(wanted) < len(others) else None


def _named(
    group: tuple[Instruction, ...], name: str, names: Mapping[int | str, str], folder: str
) -> tuple[Instruction, ...]:
    """A stage of the other file under its new name, its sources where they are seen from here."""
    opening, *rest = group
    base = names.get(opening.arguments[0].lower(), opening.arguments[0])
    opened = replace(opening, arguments=(base, "AS", name))
    return (opened, *(_seen_from_here(one, names, folder) for one in rest))


def _seen_from_here(instruction: Instruction, names: Mapping[int | str, str], folder: str) -> Instruction:
    def meant(text: str) -> str:
        return names.get(int(text) if _INDEX.fullmatch(text) else text.lower(), text)

    moved = _with_sources(instruction, meant)
    if not folder:  # what ONBUILD carries is run here, in this build context
        return moved
    if _takes_context(moved) and len(moved.arguments) > 1:
        *sources, destination = moved.arguments
        prefixed = tuple(
            one if _REMOTE.match(one) else posixpath.join(folder, one.lstrip("/")) for one in sources
        )
        return replace(moved, arguments=(*prefixed, destination))
    return _with_mounts(moved, lambda fields: _below(fields, folder)) if moved.keyword == "RUN" else moved


def _below(fields: dict[str, str | None], folder: str) -> dict[str, str | None]:
    """A bind mount of the context is one of the folder."""
    if (fields.get("type") or "bind") != "bind" or fields.get("from"):
        return fields
    source = fields.pop("source", None) or fields.pop("src", None) or ""
    return fields | {"source": posixpath.join(folder, source.lstrip("/"))}


def _shifted(group: tuple[Instruction, ...], count: int) -> tuple[Instruction, ...]:
    """A stage of one's own, in which other stages are called by their new numbers."""

    def meant(text: str) -> str:
        return str(int(text) + count) if _INDEX.fullmatch(text) else text

    opening, *rest = group
    return (opening, *(_with_sources(one, meant) for one in rest))


def _standing_on(group: tuple[Instruction, ...], name: str) -> tuple[Instruction, ...]:
    opening, *rest = group
    return (replace(opening, arguments=(name, *opening.arguments[1:])), *rest)


def _with_sources(instruction: Instruction, meant: Callable[[str], str]) -> Instruction:
    """The instruction, in which `--from` and `from=` name what is meant."""
    if instruction.keyword == "COPY":
        flags = tuple(
            f"--from={meant(flag.partition('=')[2])}" if flag.startswith("--from=") else flag
            for flag in instruction.flags
        )
        return replace(instruction, flags=flags)
    if instruction.keyword == "RUN":
        return _with_mounts(
            instruction,
            lambda fields: {
                key: meant(value) if key == "from" and value else value for key, value in fields.items()
            },
        )
    return instruction


def _with_mounts(
    instruction: Instruction, change: Callable[[dict[str, str | None]], dict[str, str | None]]
) -> Instruction:
    def changed(flag: str) -> str:
        fields = change(dict(mount_fields(flag.partition("=")[2])))
        return f"--mount={csv_line(tuple(key if value is None else f'{key}={value}' for key, value in fields.items()))}"

    flags = tuple(changed(flag) if flag.startswith("--mount=") else flag for flag in instruction.flags)
    return replace(instruction, flags=flags)
