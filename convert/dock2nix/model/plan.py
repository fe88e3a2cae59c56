"""The image as it will be written: everything decided, nothing printed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.packages import AttributePath, SourceFile

if TYPE_CHECKING:
    from dock2nix.model.builds import StageFile
    from dock2nix.model.debs import DebLock
    from dock2nix.model.image import Effect, FlakeInput, Group, ImageConfig, KeptBase, User
    from dock2nix.model.python_lock import NativeLibraries, PythonLock, SourceRecipe


Argument = str | tuple[str, ...] | bool | AttributePath


class PackageEntry(Struct, frozen=True, kw_only=True):
    """One package of a list. `source` is the flake input it comes from, "" for nixpkgs; `names` are who asked for it.

    `arguments` override those of the package: names with text, lists of texts, truth values, or an attribute of the same input.
    `exact` are other sources for its recipe, None for its own.
    """

    attribute_path: AttributePath
    output: str = ""
    source: str = ""
    names: str = ""
    exact: SourceFile | None = None
    arguments: tuple[tuple[str, Argument], ...] = ()


class JoinFunction(StrEnum):
    """The function of an interpreter or a server that makes it with further packages."""

    PACKAGES = "withPackages"
    EXTENSIONS = "withExtensions"  # what it has switched on stays so


class LanguageEnvironment(Struct, frozen=True, kw_only=True):
    """An interpreter, or a server, with packages of its own set (`python312.withPackages`, `php84.withExtensions`).

    `packages`: (name in the set, who asked); `projects` likewise, by the names of their files in nix/stages. `arguments` as in
    `PackageEntry`.
    """

    interpreter: AttributePath
    arguments: tuple[tuple[str, Argument], ...] = ()
    source: str = ""
    packages: tuple[tuple[str, str], ...] = ()
    projects: tuple[tuple[str, str], ...] = ()
    function: JoinFunction = JoinFunction.PACKAGES


class ImportedEnvironment(Struct, frozen=True, kw_only=True):
    """An environment with a file of its own: `file` in nix/, given the package set of the flake input `source`.

    `library`: it takes nixpkgs' library of functions along, for which that set may be too old.
    """

    file: str
    source: str = ""
    library: bool = False


class PythonFile(Struct, frozen=True, kw_only=True):
    """nix/python.nix and nix/pylock.toml.

    `packages` of the interpreter's own set join in: (name in the set, who asked); so do `projects` of the context, by the names of
    their files in nix/stages.
    """

    interpreter: AttributePath
    source: str
    packages: tuple[tuple[str, str], ...]
    lock: PythonLock
    libraries: tuple[NativeLibraries, ...]
    recipes: tuple[SourceRecipe, ...] = ()
    projects: tuple[tuple[str, str], ...] = ()


class Remark(Struct, frozen=True, kw_only=True):
    """A line for the reader: a name that could not be resolved stays visible."""

    text: str


class PackageSection(Struct, frozen=True, kw_only=True):
    """What one instruction asked for."""

    title: str
    entries: tuple[PackageEntry | LanguageEnvironment | ImportedEnvironment | Remark, ...]


class EnvironmentVariable(Struct, frozen=True, kw_only=True):
    """One variable of the image. `parts` alternate between text and packages whose store path stands there."""

    name: str
    parts: tuple[str | AttributePath, ...]
    source: str = ""
    comment: str = ""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What is added so that the image feels like a distribution's.

    `accounts`: /etc/passwd and its kin, and the home of root. `merged_usr`: /usr/bin, /usr/sbin and /sbin are /bin, /usr/lib is
    /lib, /usr/share is /share; without it `usr_bin_env` brings /usr/bin/env alone. `bin_sh` when no package has a /bin/sh.
    `linked` are further folders of packages that the image has at its root, `usr` those of them that are folders of /usr too.
    """

    bin_sh: bool = False
    usr_bin_env: bool = False
    merged_usr: bool = False
    accounts: bool = False
    certificates: bool = False
    temporary_folder: bool = False
    linked: tuple[str, ...] = ()
    usr: tuple[str, ...] = ()


class Collision(Struct, frozen=True, kw_only=True):
    """Packages of the image that have files of the same names; the one listed first wins.

    `packages` as they are printed (`pkgs.gcc`), in order; `programs` are those that they share, () when only the name of the
    package tells (two versions of a library).
    """

    packages: tuple[str, ...]
    programs: tuple[str, ...] = ()


class ImagePlan(Struct, frozen=True, kw_only=True):
    """All that the templates print. `effects` are in the Dockerfile's order; `environment` replaces `config.env`."""

    name: str
    tag: str
    builder: str
    dockerfile: str
    inputs: tuple[FlakeInput, ...]
    systems: tuple[str, ...]
    sections: tuple[PackageSection, ...]
    build_sections: tuple[PackageSection, ...]
    unfree: tuple[str, ...]
    users: tuple[User, ...]
    groups: tuple[Group, ...]
    user_comments: tuple[str, ...]
    effects: tuple[Effect, ...]
    environment: tuple[EnvironmentVariable, ...]
    config: ImageConfig
    surroundings: Surroundings
    python: PythonFile | None = None
    debs: DebLock | None = None
    collisions: tuple[Collision, ...] = ()
    stages: tuple[StageFile, ...] = ()
    kept: KeptBase | None = None
