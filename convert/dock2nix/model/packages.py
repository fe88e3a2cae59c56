"""What is asked for, and what it resolves to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Self

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.builds import StageBuild
    from dock2nix.model.source import Location

_IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_'-]*"
_ATTRIBUTE_PATH = regex(
    rf"(?:{_IDENTIFIER}|\"[A-Za-z0-9_.+@/-]+\")(?:\.(?:{_IDENTIFIER}|\"[A-Za-z0-9_.+@/-]+\"))*"
)
_SRI_HASH = regex(r"sha(?:256-[A-Za-z0-9+/]{43}=|512-[A-Za-z0-9+/]{86}==|1-[A-Za-z0-9+/]{27}=)")


class AttributePath(str):
    """A path under `pkgs`, e.g. `python313Packages.requests`; printed bare into Nix, so its form is checked."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _ATTRIBUTE_PATH.fullmatch(text):
            raise ValueError(f"not an attribute path: {text!r}")
        return super().__new__(cls, text)


class SriHash(str):
    """A hash in the form of the W3C Subresource Integrity recommendation, e.g. `sha256-…=`."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _SRI_HASH.fullmatch(text):
            raise ValueError(f"not an SRI hash: {text!r}")
        return super().__new__(cls, text)


def is_sri(text: str) -> bool:
    """Whether a text is a hash that Nix takes, in full: of SHA-1, SHA-256 or SHA-512, with all its digits."""
    return _SRI_HASH.fullmatch(text) is not None


class LocalProject(Struct, frozen=True, kw_only=True):
    """A project of Python that is installed from a folder of the stage.

    `folder` is absolute. `version` is "" where it is computed. `builders` are the PEP 508 requirements of what builds it; `standard`:
    they stand in a pyproject.toml. `build` is the derivation that does it; None, and `problem` says why there is none.
    """

    folder: str
    version: str = ""
    builders: tuple[str, ...] = ()
    standard: bool = False
    build: StageBuild | None = None
    problem: str = ""


class Requirement(Struct, frozen=True, kw_only=True):
    """One package asked for.

    `manager` is the manager's module name (apt, apk, dnf, pip, npm …). `name` is as written, without version and decorations
    (canonicalized for pip). `specifier` is what was asked of the version in the manager's own notation (`=15.4-1`, `>=2,<3`,
    `@5`, `~=1.2`), "" for any. `location` is the word in the Dockerfile; for a requirement out of a file it is the word that
    names the file, and `origin` says which line of it ("requirements.txt:3"). `url` is set for a requirement that is a direct
    reference (file, URL, git), then `name` may be "". `dev` is true for npm devDependencies and the like. `hashes` are those
    that the files of the package may have, as pip writes them (`sha256:…`); empty when any will do. `editable` is true for a
    folder whose files stay where they are. `project` is what such a folder holds.
    """

    manager: str
    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    origin: str = ""
    dev: bool = False
    hashes: tuple[str, ...] = ()
    editable: bool = False
    project: LocalProject | None = None
    location: Location


class UnknownWord(Struct, frozen=True, kw_only=True):
    """An install word whose package cannot be known; `reason` says why in a few words."""

    text: str
    reason: str
    location: Location


class ManifestUse(Struct, frozen=True, kw_only=True):
    """A file that asks for packages: `-r requirements.txt`, package.json, a lock file. `path` is as written in the command."""

    path: str
    # "requirements" | "constraints" | "project" | "lock" | "archive"; "locked" and "read" for a lock and a project that were read
    role: str
    location: Location


class NodeLockRequest(Struct, frozen=True, kw_only=True):
    """A lock that npm can make, or complete, for a project. `manifest` and `lock` are paths in the build context.

    `lock` is "" when there is none. `flags` are the options of the command that decide about versions. `addresses` is true when
    the lock lacks nothing but the addresses of packages: its versions and hashes stay.
    """

    manifest: str
    lock: str = ""
    flags: tuple[str, ...] = ()
    addresses: bool = False


class MadeNodeLock(Struct, frozen=True, kw_only=True):
    """What npm made of a request: the `text` of a lock, to be written to `path`; or "", and the `problem` in a few words.

    `chosen`: versions were chosen, not only taken from an older lock.
    """

    path: str
    text: str = ""
    problem: str = ""
    chosen: bool = False


class Action(StrEnum):
    """What an invocation of a package manager does."""

    INSTALL = "install"
    REMOVE = "remove"
    NOTHING = "nothing"  # update, clean, search, --version: without effect under Nix
    REPOSITORY = "repository"  # adds a source of packages or a key
    OTHER = "other"  # anything that has no translation here


class InstallStep(Struct, frozen=True, kw_only=True):
    """One invocation of a package manager, understood.

    `requirements` are the packages named (installed or removed, by `action`); `reason` explains NOTHING and OTHER in words for
    the report. `group` is apk's `--virtual` name. `everywhere` is true for npm's `--global` and the like. `problems` are
    `(finding code, message, hint)` for the caller to locate at the command. `options` are the options worth keeping, as
    written (`--no-install-recommends`, `--extra-index-url=…`). `constraints` bound the versions of what comes along with the
    requirements (`-c constraints.txt`); `indexes` are the addresses of other places to take packages from, without passwords.
    `node_lock` is the lock that a project of npm waits for. `streams` are versions that it chooses for packages installed later,
    by the name that theirs begin with: `dnf module enable php:8.2`. `virtual_environment` is the absolute path of the one that a
    command makes for what it installs.
    """

    manager: str
    action: Action
    requirements: tuple[Requirement, ...] = ()
    unknown: tuple[UnknownWord, ...] = ()
    manifests: tuple[ManifestUse, ...] = ()
    reason: str = ""
    group: str = ""
    everywhere: bool = False
    problems: tuple[tuple[str, str, str], ...] = ()
    options: tuple[str, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    indexes: tuple[str, ...] = ()
    node_lock: NodeLockRequest | None = None
    streams: tuple[tuple[str, str], ...] = ()
    virtual_environment: str = ""


class Origin(StrEnum):
    """On what a resolution rests, strongest first."""

    OVERRIDE = "override"  # the user's dock2nix.toml
    CURATED = "curated"  # a row of mappings/
    RULE = "rule"  # a rule for versioned or prefixed names
    FILES = "files"  # the files of the two packages agree
    SAME_NAME = "same-name"  # the attribute is called the same and nothing speaks against it
    PROVIDER = "provider"  # provides the command, library, .pc file or module of that name
    LOCK_FILE = "lock-file"


class SourceFile(Struct, frozen=True, kw_only=True):
    """The sources of a package in one version, as upstream writes it."""

    version: str
    url: str
    hash: SriHash


class NixpkgsPackage(Struct, frozen=True, kw_only=True):
    """One package of nixpkgs.

    `outputs` is empty for the default output, else the outputs wanted. `version` is nixpkgs', "" if not known. `source` is the
    flake input it comes from, "" for nixpkgs itself: nobody has seen what an old release holds. `caveat` says what the package
    alone does not do of what was asked for, `differs` in what it is another version of it. `part` is true for what comes along
    with the package proper: the version that was asked for is not its version. `exact` are the sources of the version asked for, when
    they take the place of the recipe's own; `version` is theirs then.
    """

    requirement: Requirement
    attribute_path: AttributePath
    outputs: tuple[str, ...] = ()
    version: str = ""
    origin: Origin
    evidence: str
    build_only: bool = False
    unfree: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    source: str = ""
    caveat: str = ""
    differs: str = ""
    part: bool = False
    exact: SourceFile | None = None


class LockedArtifact(Struct, frozen=True, kw_only=True):
    """Something fetched by its hash because nixpkgs does not provide it. `evidence` says in a few words what chose it.

    `url` and `hash` are "" where its lock names none, and one hash stands for all that it pins.
    """

    requirement: Requirement
    url: str
    hash: SriHash | Literal[""]
    version: str = ""
    origin: Origin = Origin.LOCK_FILE
    evidence: str = ""


class BuiltProject(Struct, frozen=True, kw_only=True):
    """A project of Python out of the build context, built by nixpkgs' builder for `interpreter`."""

    requirement: Requirement
    interpreter: AttributePath
    build: StageBuild


class LockedPackage(Struct, frozen=True, kw_only=True):
    """One package of a project's lock that is fetched by its hash.

    `path` is where it is put, relative to the project (`node_modules/a/node_modules/b`). `url` is as in the lock, less a password.
    `elsewhere` is true for one that is for other systems only: it is fetched, and not installed. `url` and `hash` are "" where the
    lock names none.
    """

    path: str
    name: str
    version: str
    url: str
    hash: SriHash | Literal[""]
    elsewhere: bool = False


class NotNeeded(Struct, frozen=True, kw_only=True):
    """A name that means nothing under Nix, with the reason."""

    requirement: Requirement
    reason: str
    origin: Origin = Origin.CURATED


class Unresolved(Struct, frozen=True, kw_only=True):
    """No attribute is known. `candidates` are attribute paths near enough to be worth a look, best first.

    `elsewhere`: it may come from somewhere else than nixpkgs; not where the image has no place for it.
    """

    requirement: Requirement
    reason: str
    candidates: tuple[str, ...] = ()
    elsewhere: bool = True


Resolution = NixpkgsPackage | LockedArtifact | BuiltProject | NotNeeded | Unresolved
