"""nix/stages/NAME.nix: the build of a stage by nixpkgs' own builder for its language."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from dock2nix.emit.expression import (
    Comment,
    Interpolated,
    NixExpression,
    Script,
    ShellCode,
    ShellLine,
    attribute_name,
    nix_path,
    to_nix,
)
from dock2nix.emit.flake import inherited_arguments, module_arguments
from dock2nix.emit.gems import gem_set
from dock2nix.emit.native_stages import (
    copied,
    earlier_bindings,
    native_arguments,
    native_environment,
    path_lines,
    sources_of,
)
from dock2nix.emit.node_modules import FINAL, lock_cache, lock_tool
from dock2nix.emit.script import UP, change_script
from dock2nix.model.builds import (
    BundleRecipe,
    CargoRecipe,
    ComposerRecipe,
    DotnetRecipe,
    GoRecipe,
    GradleRecipe,
    MavenRecipe,
    NativeRecipe,
    NpmRecipe,
    PythonRecipe,
)
from dock2nix.model.image import NodeModules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.emit.node_modules import LockTool
    from dock2nix.model.builds import StageBuild, StageFile
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.plan import ImagePlan

_UNSAFE = re.compile(r"[^A-Za-z0-9+_-]+")
_WILDCARD = re.compile(r"[*?\[]")
_FAKE = NixExpression("lib.fakeHash")
# npm's record of what it installed names all archives, and would bring them into the image.
# What such a build has anyway.
_OF_NODE = frozenset({"pnpm", "pnpm_8", "pnpm_9", "yarn", "yarn-berry", "yarn-berry_3"})
_WITHOUT_RECORD = "rm -f node_modules/.package-lock.json"
_ORIGINALS = (
    "mv -f .package.json.orig package.json",
    "[ ! -e .package-lock.json.orig ] || mv -f .package-lock.json.orig package-lock.json",
)
_Argument = tuple[str, object]


def stage_values(file: StageFile, plan: ImagePlan) -> Mapping[str, object]:
    """What fills stage.nix.jinja."""
    arguments = [_joined(*one) for one in _arguments(file, plan) if one[1] is not None]
    passed_on = inherited_arguments(plan)
    bindings = (*earlier_bindings(file.build, passed_on), *change_script(file.build, passed_on)[1])
    texts = [
        to_nix(value) for value in (*(value for _, value in arguments), *(one.value for one in bindings))
    ]
    library = NixExpression("lib") if any("lib." in text for text in texts) else None
    recipe = file.build.recipe
    python = isinstance(recipe, PythonRecipe)
    own: tuple[dict[str, object], ...] = ()
    if isinstance(recipe, PythonRecipe):
        own = ({"name": NixExpression("python"), "value": NixExpression(f"pkgs.{recipe.interpreter}")},)
        library = None
    remarks = {"cargoLock", "gemset", "mvnHash", "vendorHash"} if file.build.state else set()
    what = "this stage builds" if file.build.own else "is copied from this stage"
    what = "it installs" if python else what
    return {
        "title": Comment(f"{file.build.title}: what {what}, as a derivation."),
        "texts": tuple(Comment(text) for text in file.build.texts),
        "arguments": NixExpression("{ pkgs, lib }") if python else module_arguments(plan),
        "definitions": {"library": library} if own or bindings or library else None,
        "bindings": own + tuple({"name": NixExpression(one.name), "value": one.value} for one in bindings),
        "builder": _builder(file.build),
        "fixpoint": NixExpression(FINAL) if _refers_to_itself(file.build) else None,
        "attributes": tuple(
            {
                "name": NixExpression(name),
                "value": value,
                "remark": NixExpression(f" # for {file.build.state}" if name in remarks else ""),
            }
            for name, value in arguments
        ),
    }


def _refers_to_itself(build: StageBuild) -> bool:
    """Whether what it fetches is given the derivation's own source."""
    recipe = build.recipe
    if isinstance(recipe, NpmRecipe):
        return recipe.modules.lock_kind != "npm" and lock_tool(recipe.modules).final
    return isinstance(recipe, GradleRecipe)


def empty_list(build: StageBuild) -> str | None:
    """The text of NAME-deps.json as long as nobody has made it: a list of nothing, so that the flake can be evaluated."""
    match build.recipe:
        case DotnetRecipe():
            return "[]\n"
        case GradleRecipe():
            return "{}\n"
        case _:
            return None


def _joined(name: str, value: object) -> _Argument:
    """`env = { A = 1; }` is `env.A = 1`."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        return f"{name}.{attribute_name(key)}", inner
    return name, value


def _builder(build: StageBuild) -> NixExpression:
    match build.recipe:
        case NpmRecipe(modules=NodeModules(lock_kind="npm")):
            return NixExpression("pkgs.buildNpmPackage")
        case NpmRecipe():
            return NixExpression("pkgs.stdenv.mkDerivation")
        case GoRecipe(go=None):
            return NixExpression("pkgs.buildGoModule")
        case GoRecipe(go=go, source=source):
            return NixExpression(f"(pkgs.buildGoModule.override {{ go = {source or 'pkgs'}.{go}; }})")
        case CargoRecipe():
            return NixExpression("pkgs.rustPlatform.buildRustPackage")
        case MavenRecipe():
            return NixExpression("pkgs.maven.buildMavenPackage")
        case NativeRecipe():
            return NixExpression("pkgs.stdenv.mkDerivation")
        case DotnetRecipe():
            return NixExpression("pkgs.buildDotnetModule")
        case GradleRecipe():
            return NixExpression("pkgs.stdenv.mkDerivation")
        case PythonRecipe():
            return NixExpression("python.pkgs.buildPythonPackage")
        case ComposerRecipe(php=php, source=source):
            return NixExpression(f"{source or 'pkgs'}.{php or 'php'}.mkComposerVendor")
        case BundleRecipe(source=source):
            return NixExpression(f"{source or 'pkgs'}.bundlerEnv")
        case _:
            assert_never(build.recipe)


def _arguments(file: StageFile, plan: ImagePlan) -> Iterator[_Argument]:
    build = file.build
    if isinstance(build.recipe, BundleRecipe):
        yield from _bundle(build.recipe, file, plan)
        return
    if isinstance(build.recipe, PythonRecipe):
        yield from _python(build.recipe, file)
        return
    yield "pname", _name(build, plan)
    yield "version", "0"
    yield from sources_of(build)
    match build.recipe:
        case NpmRecipe(modules=NodeModules(lock_kind="npm")):
            yield from _npm(build.recipe, file)
        case NpmRecipe():
            yield from _by_hook(build.recipe, file)
        case GoRecipe():
            yield from _go(build.recipe, file)
        case CargoRecipe():
            yield from _cargo(build.recipe, file)
        case MavenRecipe():
            yield from _maven(build.recipe, file)
        case NativeRecipe():
            yield from _native(build.recipe, file)
        case DotnetRecipe():
            yield from _dotnet(build.recipe, file)
        case GradleRecipe():
            yield from _gradle(build.recipe, file)
        case ComposerRecipe():
            yield from _composer(build.recipe, file)
        case _:
            assert_never(build.recipe)


def _name(build: StageBuild, plan: ImagePlan) -> str:
    return _UNSAFE.sub("-", f"{plan.name}-{build.name}").strip("-")


def _common(file: StageFile, environment: Mapping[str, object]) -> Iterator[_Argument]:
    """What all builders take alike: inputs and variables."""
    yield "nativeBuildInputs", _packages(file.tools)
    yield "buildInputs", _packages(file.libraries)
    yield "env", dict(environment) or None


def _packages(found: tuple[tuple[AttributePath, str], ...]) -> tuple[object, ...] | None:
    return tuple(path for path, _ in found) or None


# --- npm -----------------------------------------------------------------------------------------------------------------------


def _npm(recipe: NpmRecipe, file: StageFile) -> Iterator[_Argument]:
    modules, environment = recipe.modules, dict(file.build.environment)
    omit = tuple(f"--omit={kind}" for kind in modules.omit)
    if environment.get("NODE_ENV") == "production" and "dev" not in modules.omit:
        omit = (*omit, "--include=dev")
    yield "postPatch", _changes(file.build)
    yield "nodejs", NixExpression(f"{modules.source or 'pkgs'}.{modules.interpreter or 'nodejs'}")
    yield "npmDeps", _npm_lock(recipe)
    yield "npmConfigHook", NixExpression("pkgs.importNpmLock.npmConfigHook")
    yield "npmInstallFlags", omit or None
    yield "npmFlags", modules.flags or None
    yield "npmRebuildFlags", None if modules.scripts else ("--ignore-scripts",)
    yield from _npm_commands(recipe.commands)
    yield from _common(file, environment)
    yield "installPhase", _install(file, tuple(_before_install(recipe, file)))


def _by_hook(recipe: NpmRecipe, file: StageFile) -> Iterator[_Argument]:
    """By the hook that installs from a lock of another program, without network (nixpkgs manual, "JavaScript")."""
    modules, tool = recipe.modules, lock_tool(recipe.modules)
    nodejs = NixExpression(f"{modules.source or 'pkgs'}.{modules.interpreter or 'nodejs'}")
    pruned = (ShellLine(tool.production),) if tool.production and "dev" in modules.omit else ()
    lines = (*pruned, *(ShellLine(_in_words_of(tool, command)) for command in recipe.commands))
    hooks = ShellLine(("runHook", "preBuild")), ShellLine(("runHook", "postBuild"))
    flags, words = tool.flags
    yield "postPatch", _changes(file.build)
    yield tool.cache, lock_cache(modules, UP)
    further = (path for path, _ in file.tools if not path.startswith("nodejs") and path not in _OF_NODE)
    yield "nativeBuildInputs", (nodejs, *tool.inputs, *further)
    yield "buildInputs", _packages(file.libraries)
    yield flags or "flags", words or None
    yield "env", dict(file.build.environment) or None
    yield "buildPhase", Script((hooks[0], *lines, hooks[1]))
    after = (ShellLine(tool.production or ("pnpm", "prune", "--prod")),) if recipe.prune else ()
    yield "installPhase", _install(file, (*after, *_before_install(replace(recipe, prune=False), file)))


def _in_words_of(tool: LockTool, command: tuple[str, ...]) -> tuple[str, ...]:
    """`npm run NAME -- WORDS` and `npx --no-install PROGRAM`, as another program has it."""
    if command[:2] == ("npm", "run"):
        return (*tool.run, command[2], *(word for word in command[3:] if word != "--"))
    return (*tool.execute, *command[2:])


def _npm_lock(recipe: NpmRecipe) -> NixExpression:
    """The dependencies by the lock: of the folder where both files have their usual names, else file by file."""
    modules = recipe.modules
    folder, name = posixpath.split(modules.lock)
    if name == "package-lock.json" and modules.manifest == posixpath.join(folder, "package.json"):
        return NixExpression(f"pkgs.importNpmLock {{ npmRoot = {_path(folder)}; }}")
    arguments = {
        "package": NixExpression(f"lib.importJSON {_path(modules.manifest)}"),
        "packageLock": NixExpression(f"lib.importJSON {_path(modules.lock)}"),
    }
    return NixExpression(f"pkgs.importNpmLock {to_nix(arguments)}")


def _path(path: str) -> str:
    """A path of the context, seen from nix/stages/."""
    return nix_path(path, UP)


def _npm_commands(commands: tuple[tuple[str, ...], ...]) -> Iterator[_Argument]:
    """One script goes by the builder's own phase."""
    if len(commands) == 1 and commands[0][:2] == ("npm", "run"):
        name, *arguments = commands[0][2:]
        yield "npmBuildScript", name if name != "build" else None
        yield "npmBuildFlags", tuple(arguments) or None
        return
    lines = (ShellLine(command) for command in commands)
    hooks = ShellLine(("runHook", "preBuild")), ShellLine(("runHook", "postBuild"))
    yield "buildPhase", Script((hooks[0], *lines, hooks[1]))


def _before_install(recipe: NpmRecipe, file: StageFile) -> Iterator[ShellLine]:
    inside = [_inside(place, file.build) for place in file.outputs]
    modules = any(place in {".", "node_modules"} or place.startswith("node_modules/") for place in inside)
    if recipe.prune:
        yield ShellLine(("npm", "prune", "--omit=dev", "--no-save"))
    if modules and file.build.own and not recipe.prune:
        yield ShellLine(("rm", "-r", "node_modules"), "the image has them by itself")
    elif modules:
        yield ShellLine((ShellCode(_WITHOUT_RECORD, ()),))
    if any(place == "." or place.startswith("package") for place in inside):
        yield from (ShellLine((ShellCode(line, ()),)) for line in _ORIGINALS)


# --- Go ------------------------------------------------------------------------------------------------------------------------


def _go(recipe: GoRecipe, file: StageFile) -> Iterator[_Argument]:
    environment: dict[str, object] = dict(file.build.environment)
    if recipe.cgo is False:
        environment["CGO_ENABLED"] = 0
    init = (ShellLine(("go", "mod", "init", recipe.init)),) if recipe.init else ()
    yield "postPatch", _changes(file.build, init)
    yield "vendorHash", _FAKE if recipe.dependencies else NixExpression("null")
    yield "subPackages", recipe.packages
    yield "tags", recipe.tags or None
    yield "ldflags", recipe.ldflags or None
    yield "GOFLAGS", recipe.flags or None
    yield from _common(file, environment)
    yield "doCheck", None if recipe.tests else False


# --- Rust ----------------------------------------------------------------------------------------------------------------------


def _cargo(recipe: CargoRecipe, file: StageFile) -> Iterator[_Argument]:
    lock: dict[str, object] = {"lockFile": NixExpression(_path(recipe.lock))}
    if recipe.git:
        lock["outputHashes"] = dict.fromkeys(recipe.git, _FAKE)
    yield "postPatch", _changes(file.build)
    yield "cargoLock", lock
    yield "buildAndTestSubdir", recipe.crate or None
    yield "buildType", "debug" if recipe.debug else None
    yield "buildNoDefaultFeatures", None if recipe.default_features else True
    yield "buildFeatures", recipe.features or None
    yield "cargoBuildFlags", recipe.flags or None
    yield from _common(file, dict(file.build.environment))
    yield "doCheck", False


# --- Maven ---------------------------------------------------------------------------------------------------------------------


def _maven(recipe: MavenRecipe, file: StageFile) -> Iterator[_Argument]:
    yield "postPatch", _changes(file.build)
    yield "mvnJdk", NixExpression(f"{recipe.source or 'pkgs'}.{recipe.jdk}") if recipe.jdk else None
    yield "mvnHash", _FAKE
    yield "mvnParameters", " ".join(recipe.parameters) or None
    yield "doCheck", None if recipe.tests else False
    yield from _common(file, dict(file.build.environment))
    yield "installPhase", _install(file, ())


# --- commands ------------------------------------------------------------------------------------------------------------------


def _native(recipe: NativeRecipe, file: StageFile) -> Iterator[_Argument]:
    scripts = ShellLine(("patchShebangs", "."))
    yield "postPatch", _changes(file.build, (scripts, *path_lines(file.build)))
    yield from _common(file, native_environment(recipe, file.build))
    yield from native_arguments(recipe, file)


# --- .NET ----------------------------------------------------------------------------------------------------------------------


def _dotnet(recipe: DotnetRecipe, file: StageFile) -> Iterator[_Argument]:
    properties = tuple(f"-p:{name}={value}" for name, value in recipe.properties)
    framework = (f"--framework={recipe.framework}",) if recipe.framework else ()
    yield "postPatch", _changes(file.build)
    yield "dotnet-sdk", NixExpression(f"{recipe.source or 'pkgs'}.{recipe.sdk}")
    yield "projectFile", recipe.project
    yield "nugetDeps", NixExpression(f"./{file.build.name}-deps.json")
    yield "buildType", recipe.configuration if recipe.configuration != "Release" else None
    yield "selfContainedBuild", True if recipe.self_contained else None
    yield "useAppHost", None if recipe.app_host else False
    yield "dotnetFlags", properties or None
    yield "dotnetBuildFlags", framework or None
    yield "dotnetInstallFlags", framework or None
    yield "installPath", NixExpression('"${placeholder "out"}/published"')
    yield "executables", ()
    yield from _common(file, dict(file.build.environment))


# --- Gradle --------------------------------------------------------------------------------------------------------------------


def _gradle(recipe: GradleRecipe, file: StageFile) -> Iterator[_Argument]:
    gradle = NixExpression(f"pkgs.{recipe.gradle}")
    tools = (gradle, *(path for path, _ in file.tools))
    java = (
        (Interpolated(("-Dorg.gradle.java.home=", NixExpression(f"pkgs.{recipe.jdk}"))),)
        if recipe.jdk
        else ()
    )
    yield "postPatch", _changes(file.build)
    yield "nativeBuildInputs", tools
    yield "buildInputs", _packages(file.libraries)
    yield (
        "mitmCache",
        NixExpression(
            f"pkgs.{recipe.gradle}.fetchDeps {{\n  inherit (final) pname;\n  pkg = final.finalPackage;\n"
            f"  data = ./{file.build.name}-deps.json;\n}}"
        ),
    )
    yield "gradleBuildTask", " ".join(recipe.tasks)
    yield "gradleFlags", (*java, *(word for flag in recipe.flags for word in flag.split(" "))) or None
    yield "env", dict(file.build.environment) or None
    yield "installPhase", _install(file, ())


# --- Python ---------------------------------------------------------------------------------------------------------------------


def _python(recipe: PythonRecipe, file: StageFile) -> Iterator[_Argument]:
    """The environment that it joins has what it depends on: nothing is passed on, and nothing checked."""
    builders = tuple(NixExpression(f"python.pkgs.{name}") for name in recipe.builders)
    tools = _packages(file.tools) or ()
    yield "pname", recipe.name
    yield "version", recipe.version
    if recipe.old:
        yield "format", "pyproject" if recipe.standard else "setuptools"
    else:
        yield "pyproject", True
        yield "build-system", builders
    yield from sources_of(file.build)
    yield "postPatch", _changes(file.build)
    yield "nativeBuildInputs", ((*builders, *tools) if recipe.old else tools) or None
    yield "buildInputs", _packages(file.libraries)
    yield "env", None if recipe.old else (dict(file.build.environment) or None)
    if recipe.old:
        yield from file.build.environment
    elif recipe.loose:
        yield "pypaBuildFlags", ("--skip-dependency-check",)
    yield "dontCheckRuntimeDeps", True
    yield "doCheck", False


# --- Composer ------------------------------------------------------------------------------------------------------------------


def _composer(recipe: ComposerRecipe, file: StageFile) -> Iterator[_Argument]:
    yield "postPatch", _changes(file.build)
    yield "vendorHash", _FAKE
    yield "composerNoDev", False if recipe.dev else None
    yield "composerNoPlugins", False if recipe.plugins else None
    yield "composerStrictValidation", False


# --- Ruby ----------------------------------------------------------------------------------------------------------------------


def _bundle(recipe: BundleRecipe, file: StageFile, plan: ImagePlan) -> Iterator[_Argument]:
    yield "name", _name(file.build, plan)
    yield "ruby", NixExpression(f"{recipe.source or 'pkgs'}.{recipe.ruby}")
    yield "gemfile", NixExpression(_path(recipe.manifest))
    yield "lockfile", NixExpression(_path(recipe.lock))
    yield "gemset", gem_set(recipe.gems)


# --- files ---------------------------------------------------------------------------------------------------------------------


def _changes(build: StageBuild, further: tuple[ShellLine, ...] = ()) -> Script | None:
    """What is done to the files before the build."""
    lines = (*change_script(build)[0], *further)
    return Script(lines) if lines else None


def _inside(place: str, build: StageBuild) -> str:
    """An output, seen from the folder that is built in."""
    return posixpath.relpath(f"/{place}", build.directory)


def _install(file: StageFile, before: tuple[ShellLine, ...]) -> Script:
    """The files that other stages copy, at their old paths below `$out`."""
    hooks = ShellLine(("runHook", "preInstall")), ShellLine(("runHook", "postInstall"))
    return Script((hooks[0], *before, *copied(file.outputs, file.build), hooks[1]))
