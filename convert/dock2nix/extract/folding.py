"""Downloads and what becomes of them, folded: a file that is fetched, moved, unpacked and removed leaves no traces of the way."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.extract.paths import is_below, matched
from dock2nix.model.downloads import ChangeTree, CheckFile, FetchFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    CopyOutput,
    LeftOut,
    MakeDirectory,
    Remove,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    ToolPath,
    WriteFile,
)
from dock2nix.parse.copying import STANDARD_DIRECTORIES
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.image import Effect

_OCTAL = regex(r"0*[0-7]{1,4}")
_CLAUSE = regex(r"([ugoa]*)([-+=])([rwx]+)")
_PLAIN = 0o644
_UMASK = 0o022
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}
_STRENGTH = ("sha512", "sha384", "sha256", "sha224", "sha1", "md5")


def folded(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects in which downloads go straight to where they end.

    A file that is moved is fetched to its last place; one that is unpacked and removed is unpacked out of the store; its check
    becomes the hash it is fetched by; permissions become those it is put down with. What changes a clone becomes part of it.

    Args:
        effects: of an image or a stage, in order.
    """
    if not any(isinstance(effect, (FetchFile, FetchTree)) for effect in effects):
        return effects
    walk = _Walk()
    for effect in effects:
        walk.take(effect)
    return tuple(effect for effect in walk.done if effect is not None)


class _Walk(Struct):
    """What is left of the effects so far (None: folded away), and where in it downloads stand that nothing else has touched.

    `owners` are the places of effects that give an owner to such a download.
    """

    done: list[Effect | None] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    trees: dict[str, int] = field(default_factory=dict)
    owners: dict[str, list[int]] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: set(STANDARD_DIRECTORIES))
    listings: dict[str, str] = field(default_factory=dict)

    def take(self, effect: Effect) -> None:
        """One more effect."""
        match effect:
            case FetchFile():
                self.fetch(effect)
            case CheckFile():
                self.check(effect)
            case Unpack():
                self.unpack(effect)
            case FetchTree():
                self.trees[effect.path] = len(self.done)
                self.keep(effect)
            case ChangeTree():
                self.change(effect)
            case RunTool():
                self.run(effect)
            case SetMode() | SetOwner():
                self.settle(effect)
            case Remove():
                self.remove(effect)
            case LeftOut():
                self.leave(effect, effect.text)
            case RunScript():
                self.leave(effect, effect.script)
            case _:
                self.keep(effect)

    def keep(self, effect: Effect) -> None:
        """An effect as it is; downloads that it is about are left where they are from then on."""
        for path in _places(effect):
            self.pin(path)
            self.folders.update(_above(path))
        if isinstance(effect, (MakeDirectory, Unpack, FetchTree)):
            self.folders.add(effect.path)
        self.done.append(effect)

    def pin(self, path: str) -> None:
        """No further folding of what stands at or below a path."""
        for one in [one for one in self.files if is_below(one, path)]:
            self.forget(one)

    def forget(self, path: str) -> None:
        self.files.pop(path, None)
        self.owners.pop(path, None)

    def file(self, path: str) -> FetchFile | None:
        """The download that stands at a path, untouched."""
        found = self.done[self.files[path]] if path in self.files else None
        return found if isinstance(found, FetchFile) else None

    def drop(self, path: str) -> None:
        """The download at a path is gone."""
        for at in (self.files[path], *self.owners.get(path, ())):
            self.done[at] = None
        self.forget(path)

    # --- files ---

    def fetch(self, effect: FetchFile) -> None:
        if effect.path in self.files:
            self.drop(effect.path)
        self.folders.update(_above(effect.path))
        self.files[effect.path] = len(self.done)
        self.listings[effect.path] = effect.url
        self.done.append(effect)

    def check(self, effect: CheckFile) -> None:
        if effect.listing:
            self.compare_with_list(effect)
            return
        found = self.file(effect.path)
        if found is not None:
            expected = max(found.expected, effect.hash, key=_strength)
            self.done[self.files[effect.path]] = replace(found, expected=expected)

    def compare_with_list(self, effect: CheckFile) -> None:
        """Which of the files a list names is known once it has been seen: all beside it are to be looked up."""
        url = self.listings.get(effect.listing)
        if url is None:
            return
        for path, at in self.files.items():
            found = self.done[at]
            if isinstance(found, FetchFile) and path != effect.listing and is_below(path, effect.path):
                self.done[at] = replace(found, listings=(*found.listings, (url, effect.algorithm)))

    def unpack(self, effect: Unpack) -> None:
        found = self.file(effect.archive) if effect.archive else None
        if found is not None:
            if effect.moves:
                self.drop(effect.archive)
            effect = replace(effect, source=replace(found, path="", mode=""), archive="", moves=False)
        self.keep(effect)

    def change(self, effect: ChangeTree) -> None:
        for path in sorted(self.trees, key=len, reverse=True):
            found = self.done[self.trees[path]]
            if is_below(effect.path, path) and isinstance(found, FetchTree):
                self.done[self.trees[path]] = replace(
                    found, ref=effect.ref or found.ref, submodules=found.submodules or effect.submodules
                )
                return

    # --- what happens to them ---

    def run(self, effect: RunTool) -> None:
        source = effect.reads[0] if len(effect.reads) == 1 else ""
        found = self.file(source) if effect.target and effect.program in {"cp", "install", "mv"} else None
        if found is None or any(isinstance(word, ToolPath) and word.pattern for word in effect.words):
            self.keep(effect)
            return
        inside = effect.target in self.folders
        path = posixpath.join(effect.target, posixpath.basename(source)) if inside else effect.target
        owners = [self.done[at] for at in self.owners.get(source, ())] if effect.moves else []
        if effect.moves:
            self.drop(source)
        mode = _installed_mode(effect) if effect.program == "install" else found.mode
        self.fetch(replace(found, path=path, mode=mode))
        for owner in owners:
            if isinstance(owner, SetOwner):
                self.settle(replace(owner, path=path))

    def settle(self, effect: SetMode | SetOwner) -> None:
        found = None if effect.recursive else self.file(effect.path)
        if found is None:
            self.keep(effect)
        elif isinstance(effect, SetOwner):
            self.owners.setdefault(effect.path, []).append(len(self.done))
            self.done.append(effect)
        else:
            mode = changed_mode(found.mode, effect.mode)
            if mode is None:
                self.keep(effect)
            else:
                self.done[self.files[effect.path]] = replace(found, mode=mode)

    def remove(self, effect: Remove) -> None:
        """What is removed is not made in the first place, as far as that is nothing but downloads and their folders."""
        for path in [path for path in self.files if _is_removed(path, effect)]:
            self.drop(path)
        gone = [at for at, one in enumerate(self.done) if one is not None and self.concerns(one, effect)]
        if all(isinstance(self.done[at], MakeDirectory) for at in gone) or self.is_idle(gone, effect):
            for at in gone:
                self.done[at] = None
            self.folders -= {
                path for path in self.folders - STANDARD_DIRECTORIES if _is_removed(path, effect)
            }
            return
        self.keep(effect)

    def is_idle(self, gone: list[int], removal: Remove) -> bool:
        """Whether what is removed are whole trees that nothing else looks at: sources of what a build has taken from the store."""
        whole = [self.done[at] for at in gone]
        if removal.pattern or not all(
            isinstance(one, (CopyOutput, FetchTree, MakeDirectory, Unpack)) for one in whole
        ):
            return False
        if not all(is_below(path, removal.path) for one in whole if one is not None for path in _places(one)):
            return False
        later = self.done[min(gone, default=0) :]
        return not any(isinstance(one, (LeftOut, RunScript)) for one in later)

    def concerns(self, effect: Effect, removal: Remove) -> bool:
        """Whether something that a removal takes away is there because of an effect."""
        for path in _places(effect):
            if _is_removed(path, removal):
                return True
            fixed = removal.path.partition("*")[0] if removal.pattern else removal.path
            if isinstance(effect, CopyOutput) and effect.reach and is_below(effect.build.directory, fixed):
                continue  # a build does not install into the folder of its sources
            if _is_whole(effect) and is_below(fixed, path):
                return True
        return False

    def leave(self, effect: LeftOut | RunScript, text: str) -> None:
        """What runs as it stands, or is left to a human, needs the files that it names."""
        for path in list(self.files):
            changed = isinstance(effect, RunScript) and effect.may_change(path)
            if changed or posixpath.basename(path) in text:
                self.forget(path)
        self.done.append(effect)


def _strength(sri: str) -> int:
    kind = sri.partition("-")[0]
    return -_STRENGTH.index(kind) if kind in _STRENGTH else -len(_STRENGTH)


def _is_removed(path: str, removal: Remove) -> bool:
    return bool(matched(removal.path, path)) if removal.pattern else is_below(path, removal.path)


def _is_whole(effect: Effect) -> bool:
    """Whether an effect puts more than one file in its place."""
    match effect:
        case Unpack():
            return not effect.single
        case MakeDirectory() | FetchFile() | WriteFile() | SetMode() | SetOwner():
            return False
        case _:
            return True


def _places(effect: Effect) -> Iterator[str]:
    """The paths that an effect changes or needs."""
    match effect:
        case AddUser() | AddGroup() | RemoveAccount() | LeftOut():
            return
        case RunScript():
            yield from effect.folders
        case CopyFiles():
            yield from (source.destination for source in effect.sources)
        case RunScript():
            yield from (effect.directory, *effect.folders)
        case RunTool():
            yield from (_fixed(word) for word in effect.words if isinstance(word, ToolPath))
        case Unpack():
            yield from (path for path in (effect.path, effect.archive) if path)
        case CopyOutput():
            yield from effect.reach or (effect.path,)
        case _:
            yield effect.path


def _fixed(word: ToolPath) -> str:
    """The part of a pattern that has no wildcard."""
    return posixpath.dirname(word.path.partition("*")[0] + "x") if word.pattern else word.path


def _above(path: str) -> Iterator[str]:
    while path.strip("/"):
        path = posixpath.dirname(path)
        yield path


# --- permissions ---------------------------------------------------------------------------------------------------------------


def _installed_mode(effect: RunTool) -> str:
    words = effect.words
    for at, word in enumerate(words):
        if word == "-m" and at + 1 < len(words):
            return str(words[at + 1])
    return "755"


def changed_mode(mode: str, change: str) -> str | None:
    """The permissions of a file after chmod, in octal digits; None where that takes more than reading the two.

    Args:
        mode: octal digits, "" for a plain file.
        change: as given to chmod (POSIX, "chmod", EXTENDED DESCRIPTION).
    """
    if _OCTAL.fullmatch(change):
        return f"{int(change, 8):o}"
    bits = int(mode, 8) if mode else _PLAIN
    for clause in change.split(","):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            return None
        bits = _applied(bits, found[1], found[2], found[3])
    return f"{bits:o}"


def _applied(bits: int, who: str, operator: str, letters: str) -> int:
    everyone = not who or "a" in who
    value = sum(_BITS[letter] for letter in set(letters))
    named = "ugo" if everyone else who
    mask = sum(value << _SHIFTS[one] for one in set(named))
    if not who:
        mask &= ~_UMASK
    if operator == "+":
        return bits | mask
    if operator == "-":
        return bits & ~mask
    return (bits & ~sum(7 << _SHIFTS[one] for one in set(named))) | mask
