"""Builds of stages as derivations: what nix/stages/NAME.nix says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.downloads import FetchTree, Unpack
    from dock2nix.model.fileset import FilesetExclusion
    from dock2nix.model.image import ContextSource, Effect, NodeModules
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.source import Location


class NpmRecipe(Struct, frozen=True, kw_only=True):
    """buildNpmPackage: `modules` are its dependencies, `commands` what runs when they are there (`npm run build`).

    `prune`: what only development needs is taken out of node_modules at the end.
    """

    modules: NodeModules
    commands: tuple[tuple[str, ...], ...]
    prune: bool = False


class GoRecipe(Struct, frozen=True, kw_only=True):
    """buildGoModule.

    `go` is the compiler, None for nixpkgs' own choice; `channel` the old release it is from, "" for none, and `source` that one's
    flake input. `packages` are folders relative to the module (`.`, `cmd/server`).
    `cgo` None leaves it to the builder. `init` is the name of a module to be made of files without go.mod, "" when there is one.
    `dependencies`: it has some that are not in its folder `vendor`, so they are fetched under one hash. `asks` is the version of Go
    that go.mod asks for at least.
    """

    go: AttributePath | None
    channel: str = ""
    source: str = ""
    packages: tuple[str, ...]
    ldflags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    cgo: bool | None = None
    init: str = ""
    dependencies: bool = False
    asks: tuple[int, ...] = ()
    tests: bool = False


class CargoRecipe(Struct, frozen=True, kw_only=True):
    """buildRustPackage.

    `lock` is the path of Cargo.lock in the build context. `git` are the dependencies that come from git (`name-version`): each
    has a hash that only fetching it can tell. `crate` is the folder of the crate in a workspace ("" for the lock's own folder).
    `debug`: without --release. `libraries` are packages that crates of the lock link to, whoever installs them.
    """

    lock: str
    crate: str = ""
    git: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    default_features: bool = True
    flags: tuple[str, ...] = ()
    debug: bool = False
    libraries: tuple[AttributePath, ...] = ()
    tools: tuple[AttributePath, ...] = ()


class MavenRecipe(Struct, frozen=True, kw_only=True):
    """buildMavenPackage: `parameters` are goals beyond `package`, and options.

    `jdk` None leaves it to the builder; `channel` and `source` are as for Go.
    """

    jdk: AttributePath | None
    channel: str = ""
    source: str = ""
    parameters: tuple[str, ...] = ()
    tests: bool = True


# Stand in words of a command, at their end and anywhere: as many jobs as Nix gives to a build, and the derivation's output. No
# Dockerfile can write them.
CORES = "\0cores"
OUT = "\0out"


class BuildCommand(Struct, frozen=True, kw_only=True):
    """One command of a build that runs as it stands.

    `words` may hold CORES and OUT. `directory` is where it runs, relative to the sources; `made` says
    that it is made for that. `variables` are set for it alone. `installs`: what it makes goes out of its folder; `staged`: that is
    turned to `$out` by DESTDIR.
    """

    words: tuple[str, ...]
    directory: str = "."
    variables: tuple[tuple[str, str], ...] = ()
    installs: bool = False
    staged: bool = False
    made: bool = False


class NativeRecipe(Struct, frozen=True, kw_only=True):
    """stdenv.mkDerivation: `commands` in order. `reach` are the folders that they install into; `tree`: what they leave in their
    own folder is taken as well.
    """

    commands: tuple[BuildCommand, ...]
    installs: bool = False
    reach: tuple[str, ...] = ()
    tree: bool = False


class DotnetRecipe(Struct, frozen=True, kw_only=True):
    """buildDotnetModule, published to `$out/published`.

    `sdk` is that of the image; `channel` and `source` are as for Go. `project` is relative to the folder that is built in. `properties`
    are those of MSBuild. `app_host`: a program is made beside the assembly.
    """

    sdk: AttributePath
    channel: str = ""
    source: str = ""
    project: str
    configuration: str = "Release"
    framework: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    self_contained: bool = False
    app_host: bool = True


class GradleRecipe(Struct, frozen=True, kw_only=True):
    """stdenv.mkDerivation with Gradle's hook: `tasks` and `flags`; `jdk` None leaves it to Gradle's own."""

    gradle: AttributePath
    jdk: AttributePath | None = None
    tasks: tuple[str, ...]
    flags: tuple[str, ...] = ()


class ComposerRecipe(Struct, frozen=True, kw_only=True):
    """php.mkComposerVendor: the folder `vendor`, with what only development needs (`dev`) and with plugins of Composer.

    `php` None is nixpkgs' own choice; `channel` and `source` are as for Go.
    """

    php: AttributePath | None
    channel: str = ""
    source: str = ""
    dev: bool = False
    plugins: bool = False


class Gem(Struct, frozen=True, kw_only=True):
    """A gem of a set (nixpkgs manual, "Ruby"). `platform` is `ruby` for one that is built from source; `hash` is SRI, "" while it is not known.

    `remotes` are the servers that have it; of one from git, `remotes` is the repository, and `revision` the commit.
    """

    name: str
    version: str
    platform: str = "ruby"
    dependencies: tuple[str, ...] = ()
    remotes: tuple[str, ...]
    revision: str = ""
    submodules: bool = False
    hash: str = ""


class BundleRecipe(Struct, frozen=True, kw_only=True):
    """bundlerEnv: `gems` by name, for the files `manifest` and `lock` of the build context; `channel` and `source` are as for Go."""

    ruby: AttributePath
    channel: str = ""
    source: str = ""
    manifest: str
    lock: str
    gems: tuple[Gem, ...]


class PythonRecipe(Struct, frozen=True, kw_only=True):
    """buildPythonPackage for a project that is installed into the image's environment.

    `interpreter` is filled in when it is known. `builders` are packages of its set, `standard`: a pyproject.toml names them. `loose`:
    they are in other versions than it asks for. `old`: the interpreter is of a release whose builder takes other arguments.
    """

    name: str
    version: str
    builders: tuple[str, ...]
    standard: bool
    loose: bool = False
    interpreter: AttributePath | None = None
    old: bool = False


Recipe = (
    NpmRecipe
    | GoRecipe
    | CargoRecipe
    | MavenRecipe
    | NativeRecipe
    | DotnetRecipe
    | GradleRecipe
    | ComposerRecipe
    | BundleRecipe
    | PythonRecipe
)
# Recipes whose dependencies are listed in a file of their own, NAME-deps.json.
WITH_LIST = (DotnetRecipe, GradleRecipe)


class StageBuild(Struct, frozen=True, kw_only=True):
    """What a stage builds, as one derivation.

    `name` is that of its file. `root` is the folder of the build context that stands at `directory` in the stage. `sources` and
    `exclusions` say what of the context is copied, `changes` what else is done to files before the build. The build
    runs in `directory`. `origin` is the download that the sources are from, when they are from none of the context; `root` is then
    the folder in it. `environment` are variables that it sees. `texts` are the commands that it stands for, `title` is how the
    stage is spoken of, `stages` its position and those of the stages below it.
    `own`: what it makes stays in the stage, nobody copies it from there. `after` are builds of the stage that
    have installed something before, which this one may look for. `state` tells dependencies under one hash from those of another day: a digest of what asks for them.
    """

    name: str
    title: str
    root: str
    sources: tuple[ContextSource, ...]
    exclusions: tuple[FilesetExclusion, ...] = ()
    changes: tuple[Effect, ...] = ()
    directory: str
    origin: FetchTree | Unpack | None = None
    recipe: Recipe
    environment: tuple[tuple[str, str], ...] = ()
    stages: tuple[int, ...]
    texts: tuple[str, ...]
    state: str = ""
    own: bool = False
    after: tuple[StageBuild, ...] = ()
    location: Location


class StageFile(Struct, frozen=True, kw_only=True):
    """nix/stages/NAME.nix: a build, what other stages copy of it, and what it is given.

    `outputs` are paths below `$out`, sorted. `tools` run when it builds, `libraries` are linked to.
    """

    build: StageBuild
    outputs: tuple[str, ...]
    tools: tuple[tuple[AttributePath, str], ...] = ()
    libraries: tuple[tuple[AttributePath, str], ...] = ()
