"""The image to be made: what its base brings, what happens to its files, its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from dock2nix.model.downloads import ChangeTree, CheckFile, FetchFile, FetchTree, Unpack

if TYPE_CHECKING:
    from dock2nix.model.builds import StageBuild
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.fileset import FilesetExclusion
    from dock2nix.model.packages import AttributePath, LockedPackage
    from dock2nix.model.source import Location


class Healthcheck(Struct, frozen=True, kw_only=True):
    """As in the Docker image specification: `test` starts with CMD, CMD-SHELL or NONE; durations in nanoseconds, 0 unset."""

    test: tuple[str, ...]
    interval: int = 0
    timeout: int = 0
    start_period: int = 0
    start_interval: int = 0
    retries: int = 0


class ImageConfig(Struct, frozen=True, kw_only=True):
    """The `config` object of the OCI image specification, with Docker's additions. None: not set."""

    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str = ""
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    healthcheck: Healthcheck | None = None
    stop_signal: str = ""


class User(Struct, frozen=True, kw_only=True):
    """A line of /etc/passwd."""

    name: str
    uid: int
    gid: int
    comment: str = ""
    home: str
    shell: str


class Group(Struct, frozen=True, kw_only=True):
    """A line of /etc/group."""

    name: str
    gid: int
    members: tuple[str, ...] = ()


class BaseImage(Struct, frozen=True, kw_only=True):
    """What a published base image holds, in terms of nixpkgs.

    `packages` are attribute paths under `pkgs`: the programs one may rely on in that image. `interpreter` is the one among them
    that language packages are installed into (`python313`, `nodejs_22`), `language` its language (`python`, `nodejs`, …, ""
    for none). `distribution` is `debian`, `ubuntu`, `alpine`, `fedora`, `rhel`, `opensuse`,
    `amazon`, `arch`, `azurelinux`, `busybox`, `wolfi`, … or "" (scratch, distroless).
    `channel` names an old nixpkgs release for all of `packages` when the runtime is gone from the current one, else "".
    `arguments` are those that the interpreter is built with in the place of nixpkgs' (`apxs2Support`).
    `services` name what stands in the image beside its packages (folders of mappings/services/), and `chosen` are the packages
    that `@version@` and the names of companions mean there.
    `evidence` says in a few words on what the row rests. `outdated` is "" or says that its runtime comes from an old release
    ("python 3.8 is gone from current nixpkgs: it comes from nixos-23.11"), `difference` "" or how what we give differs ("nginx
    1.27 is asked for, nixpkgs has 1.28"). `insecure` are the packages that the
    channel refuses unless they are permitted, by name and version; `unfree` those whose licence must be allowed, by name.
    `exact`: `config` is what the image says of itself, nothing is adapted. `kept`: it is that image itself, whose `packages`
    are not needed; what it holds beside what is known here, nobody knows.
    """

    reference: ImageReference
    packages: tuple[AttributePath, ...]
    interpreter: AttributePath | None = None
    language: str = ""
    distribution: str = ""
    release: str = ""
    config: ImageConfig = field(default_factory=ImageConfig)
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    channel: str = ""
    insecure: tuple[str, ...] = ()
    unfree: tuple[str, ...] = ()
    arguments: tuple[tuple[str, bool], ...] = ()
    services: tuple[str, ...] = ()
    chosen: tuple[tuple[str, AttributePath], ...] = ()
    evidence: str = ""
    outdated: str = ""
    difference: str = ""
    exact: bool = False
    kept: bool = False


class KeptBase(Struct, frozen=True, kw_only=True):
    """A published image that the image stands on as it is, instead of on packages of nixpkgs.

    `reference` is what FROM says. `name` is what registries know it by, without tag; `digest` is that of its manifest, `hash` (SRI) that of the archive that
    skopeo makes of it; "" while they are not known. `architecture` is Go's word (`amd64`). `config` is what it says itself of how
    it is started, None when nobody has read it; `triggers` are the instructions that it has for images on it (ONBUILD), `shell` is
    its SHELL, () for the usual one.
    """

    reference: ImageReference
    name: str
    tag: str
    digest: str = ""
    hash: str = ""
    architecture: str
    config: ImageConfig | None = None
    triggers: tuple[str, ...] = ()
    shell: tuple[str, ...] = ()
    location: Location

    @property
    def address(self) -> str:
        """As skopeo calls it."""
        return f"docker://{self.name}:{self.tag}@{self.digest}"


class FlakeInput(Struct, frozen=True, kw_only=True):
    """A pinned nixpkgs. `rev` is the 40-digit git revision, `nar_hash` an SRI hash, `last_modified` in seconds since 1970.

    `insecure` are names with version (`nodejs-16.20.2`) that nixpkgs refuses unless they are permitted by name; `unfree` is true
    when packages with unfree licences are taken from it.
    """

    name: str
    channel: str
    rev: str
    nar_hash: str
    last_modified: int
    insecure: tuple[str, ...] = ()
    unfree: bool = False


# --- effects: what a command does to the file system. Paths are absolute. ---------------------------------------------------


class MakeDirectory(Struct, frozen=True, kw_only=True):
    """`mkdir -p`; `mode` is octal digits or ""."""

    path: str
    mode: str = ""
    location: Location
    text: str


class WriteFile(Struct, frozen=True, kw_only=True):
    """A file with constant text; `append` adds to what is there.

    `stored` is the path below nix/ of the file of the flake that has the text, "" when it stands in image.nix.
    """

    path: str
    content: str
    append: bool = False
    mode: str = ""
    owner: str = ""
    stored: str = ""
    location: Location
    text: str


class Symlink(Struct, frozen=True, kw_only=True):
    """`target` is what the link says, as written; `path` is where it stands."""

    path: str
    target: str
    location: Location
    text: str


class SetMode(Struct, frozen=True, kw_only=True):
    """`chmod`; `mode` is octal digits or a symbolic mode."""

    path: str
    mode: str
    recursive: bool = False
    location: Location
    text: str


class SetOwner(Struct, frozen=True, kw_only=True):
    """`chown` / `chgrp`; `owner` is `user`, `user:group` or `:group`, by name or number."""

    path: str
    owner: str
    recursive: bool = False
    location: Location
    text: str


class Remove(Struct, frozen=True, kw_only=True):
    """`rm` of something that an earlier effect made; with `pattern`, `path` has wildcards of the shell."""

    path: str
    recursive: bool = False
    pattern: bool = False
    location: Location
    text: str


class AddUser(Struct, frozen=True, kw_only=True):
    """`uid`/`gid` None: the next free one. `group` names the primary group ("" : one of the user's own name).

    `unsaid_home`: whether a home is made is as the distribution has it; a `shell` that is "" is the distribution's, too.
    """

    name: str
    uid: int | None = None
    gid: int | None = None
    group: str = ""
    groups: tuple[str, ...] = ()
    comment: str = ""
    home: str = ""
    shell: str = ""
    create_home: bool = False
    unsaid_home: bool = False
    system: bool = False
    location: Location
    text: str


class AddGroup(Struct, frozen=True, kw_only=True):
    """`members` are added to a group that may exist already (`usermod -aG`, `addgroup USER GROUP`)."""

    name: str
    gid: int | None = None
    members: tuple[str, ...] = ()
    system: bool = False
    location: Location
    text: str


class RemoveAccount(Struct, frozen=True, kw_only=True):
    """A user, with the group of that name, or a group alone is taken away; `home`: with the user's home."""

    name: str
    group: bool = False
    home: bool = False
    location: Location
    text: str


class CopyFiles(Struct, frozen=True, kw_only=True):
    """COPY or ADD from the build context, already resolved against it.

    `sources` are (path in the context, absolute path in the image) of files or whole directories: a directory's *contents* land
    at the image path, a file lands at it. `exclusions` are what the ignore file and --exclude take from the folders, in the
    order in which they apply. `mode` as in --chmod. `owner` is that of --chown when a folder is copied into one that was there
    and keeps its own owner; everywhere else `SetOwner` effects say it.
    """

    sources: tuple[ContextSource, ...]
    exclusions: tuple[FilesetExclusion, ...] = ()
    owner: str = ""
    mode: str = ""
    location: Location
    text: str


class NodeModules(Struct, frozen=True, kw_only=True):
    """`npm ci` and its kin: the node_modules of a project, which Nix makes from the project's lock.

    `path` is the folder in the image that it becomes; `manifest` and `lock` are the paths of package.json and of the lock in the
    build context. `lock_kind` is the program whose lock it is: npm, yarn (of version 1), berry (yarn 3 and 4), pnpm; `lock_version` is the
    version of its form, of the last two that of the program. `settings` are further files that those read. `omit` are the kinds of
    packages that are left out (dev, optional, peer), `flags` further options that npm needs, `scripts` whether the packages' own
    install scripts run, `scripted` the installed packages that have some. `packages` are all that are fetched, by path.
    `interpreter` and the flake input it comes from are the image's Node.js, known once its packages are. All kinds of locks but npm's have
    all packages under one `hash` (SRI, "" while it is not known); `state` is a digest of that lock. `awaited`: the lock has still to be
    made or mended, by a command that a finding names, and what it will hold is not known.
    """

    path: str
    manifest: str
    lock: str
    lock_kind: str = "npm"
    lock_version: int = 3
    settings: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    scripts: bool = True
    scripted: tuple[str, ...] = ()
    packages: tuple[LockedPackage, ...] = ()
    interpreter: AttributePath | None = None
    source: str = ""
    state: str = ""
    hash: str = ""
    awaited: bool = False
    location: Location
    text: str


class ToolPath(Struct, frozen=True):
    """A word of a command that names files of the image: an absolute path, or a pattern of such."""

    path: str
    pattern: bool = False


class RunTool(Struct, frozen=True, kw_only=True):
    """A command that works on files which are known, by a program that every Nix build has (cp, mv, sed, chmod).

    `words` are its arguments. `reads` are the paths that must be there, `target` the one it makes ("" : none; a folder takes
    what is read under its own name), `moves` whether what is read is gone afterwards.
    """

    program: str
    words: tuple[str | ToolPath, ...]
    reads: tuple[str, ...]
    target: str = ""
    moves: bool = False
    location: Location
    text: str


class LinkProgram(Struct, frozen=True, kw_only=True):
    """A link at `path` to a program of a package, for programs that must stand at a place of their own."""

    path: str
    attribute_path: AttributePath
    program: str
    location: Location
    text: str


class StoreFiles(Struct, frozen=True, kw_only=True):
    """What a package has at `inside`: linked at `path`, or put there to be changed, a `file` or a whole `folder`.

    `source` is the flake input of the package, "" for nixpkgs.
    """

    path: str
    attribute_path: AttributePath
    inside: str
    copied: Literal["", "file", "folder"] = ""
    source: str = ""
    location: Location
    text: str


class RunScript(Struct, frozen=True, kw_only=True):
    """Shell text that runs as it stands where the image is made, without network: what has no translation and needs none.

    `shell` are the words that it is given to (`/bin/sh -c`); `before` are lines of ours in front of it, which bring the shell
    into the state that the text before it left. `directory` is where it runs, `environment` what ENV and ARG set. `user` is who
    runs it, "" for root; what it makes belongs to that user. `home` is his home, once the accounts are known. `programs` are
    those that it starts, by name; `tools`: some of them are in packages that are for building only. `folders` are where it may
    change files. `may_fail`: nobody minds when it does.
    """

    shell: tuple[str, ...]
    script: str
    before: tuple[str, ...] = ()
    directory: str
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""
    home: str = ""
    programs: tuple[str, ...] = ()
    tools: bool = False
    folders: tuple[str, ...] = ()
    may_fail: bool = False
    location: Location
    text: str

    def may_change(self, path: str) -> bool:
        """Whether it may have made, changed or removed what stands at an absolute path."""
        return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in self.folders)


class CopyOutput(Struct, frozen=True, kw_only=True):
    """COPY --from of a stage that is built: what stands at `place` below the build's `$out` goes to `path`.

    `folder`: its contents go there. `pattern`: `place` has wildcards of the shell, and `into` says whether `path` is a folder that
    takes what they match. `reach` are the folders in which it puts files, for one that goes onto the image's root.
    `optional`: another build may have made it instead.
    """

    build: StageBuild
    place: str
    path: str
    folder: bool = False
    pattern: bool = False
    into: bool = False
    reach: tuple[str, ...] = ()
    optional: bool = False
    location: Location
    text: str


class LeftOut(Struct, frozen=True, kw_only=True):
    """A command or instruction without translation: a remark in the place where its effect would be."""

    location: Location
    text: str


class ContextSource(Struct, frozen=True, kw_only=True):
    """`path` is relative to the context, "" for its root, with forward slashes. `directory` tells what it is."""

    path: str
    destination: str
    directory: bool


Effect = (
    MakeDirectory
    | WriteFile
    | Symlink
    | SetMode
    | SetOwner
    | Remove
    | AddUser
    | AddGroup
    | RemoveAccount
    | CopyFiles
    | NodeModules
    | LinkProgram
    | StoreFiles
    | RunTool
    | RunScript
    | FetchFile
    | CheckFile
    | Unpack
    | FetchTree
    | ChangeTree
    | CopyOutput
    | LeftOut
)
