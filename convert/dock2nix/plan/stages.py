"""The builds that the image takes something of: what is copied of each, and what each is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.builds import (
    BundleRecipe,
    CargoRecipe,
    ComposerRecipe,
    DotnetRecipe,
    GoRecipe,
    MavenRecipe,
    NativeRecipe,
    NpmRecipe,
    PythonRecipe,
    StageFile,
)
from dock2nix.model.downloads import FetchTree, Unpack
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import CopyOutput, NodeModules
from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.plan.members import member_of
from dock2nix.plan.node_modules import with_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.builds import Recipe, StageBuild
    from dock2nix.model.image import Effect, FlakeInput
    from dock2nix.model.steps import ResolvedRequirement

# What every build has, what only downloads, and what has no part in a build.
_HAD_ANYWAY = frozenset(
    [
        "bash",
        "binutils",
        "busybox",
        "bzip2",
        "cacert",
        "coreutils",
        "curl",
        "diffutils",
        "file",
        "findutils",
        "gawk",
        "gcc",
        "gcc-unwrapped",
        "git",
        "gnugrep",
        "gnumake",
        "gnupg",
        "gnused",
        "gnutar",
        "gzip",
        "less",
        "musl",
        "nodejs",
        "openssh",
        "patch",
        "procps",
        "stdenv",
        "stdenv.cc",
        "tzdata",
        "unzip",
        "vim",
        "wget",
        "which",
        "xz",
        "cargo",
        "go",
        "maven",
        "rustc",
        "python3",
        "npm",
    ]
)
# Recipes that may be of an old release.
_WITH_CHANNEL = (BundleRecipe, ComposerRecipe, DotnetRecipe, GoRecipe, MavenRecipe)
# The headers of anything else are asked for on purpose.
_COMPILERS = frozenset(
    ("binutils", "cargo", "gcc", "gcc-unwrapped", "go", "musl", "nodejs", "rustc", "stdenv", "stdenv.cc")
)
# Of these, what a build may well run, though it is no compiler.
_RUN_BY_BUILDS = frozenset({"file", "git", "python3", "unzip", "which"})


def stage_files(
    effects: tuple[Effect, ...],
    resolved: tuple[ResolvedRequirement, ...],
    main: FlakeInput,
    catalogue: Catalogue,
    projects: tuple[StageBuild, ...] = (),
) -> Outcome[tuple[StageFile, ...]]:
    """The files of nix/stages/.

    Args:
        effects: of the image.
        resolved: what all stages asked for.
        main: the pin that `pkgs` is.
        catalogue: for what packages have.
        projects: of Python, as they are installed.

    Returns:
        One for each build that something of the image comes from, by name, those that others take from included.
    """
    outputs: dict[StageBuild, set[str]] = {}
    _collect(effects, outputs)
    for build in projects:
        outputs[build] = set()
        _collect(build.changes, outputs)
    files: list[StageFile] = []
    findings: list[Finding] = []
    for build in sorted(outputs, key=lambda one: one.name):
        recipe, found = _recipe(build, resolved, main, catalogue)
        tools, libraries = _inputs(build, resolved, catalogue)
        findings += found
        files.append(
            StageFile(
                build=replace(build, recipe=recipe),
                outputs=tuple(sorted(outputs[build])),
                tools=tools,
                libraries=libraries,
            )
        )
    return Outcome(tuple(files), tuple(findings))


def node_modules_of(files: tuple[StageFile, ...]) -> tuple[NodeModules, ...]:
    """The node_modules that builds are given."""
    return tuple(one.build.recipe.modules for one in files if isinstance(one.build.recipe, NpmRecipe))


def modules_by_file(files: tuple[StageFile, ...]) -> dict[str, NodeModules]:
    """The node_modules that builds are given, by the file of the flake that they are made in."""
    return {
        f"nix/stages/{one.build.name}.nix": one.build.recipe.modules
        for one in files
        if isinstance(one.build.recipe, NpmRecipe)
    }


def with_modules(files: tuple[StageFile, ...], modules: Mapping[str, NodeModules]) -> tuple[StageFile, ...]:
    """The files with those node_modules, of which more is known by now.

    Args:
        files: of nix/stages/.
        modules: as `modules_by_file` gives them.
    """
    return tuple(
        replace(
            one,
            build=replace(
                one.build,
                recipe=replace(one.build.recipe, modules=modules[f"nix/stages/{one.build.name}.nix"]),
            ),
        )
        if isinstance(one.build.recipe, NpmRecipe)
        else one
        for one in files
    )


def origins_of(files: tuple[StageFile, ...]) -> tuple[FetchTree | Unpack, ...]:
    """The downloads that builds have their sources from."""
    return tuple(one.build.origin for one in files if one.build.origin is not None)


def with_origins(files: tuple[StageFile, ...], origins: tuple[Effect, ...]) -> tuple[StageFile, ...]:
    """The files with those downloads, of which more is known by now; nothing in them is patched, since it is compiled.

    Args:
        files: of nix/stages/.
        origins: what `origins_of` gave, in its order.
    """
    known = iter(origins)
    return tuple(
        replace(one, build=replace(one.build, origin=_as_sources(next(known)))) if one.build.origin else one
        for one in files
    )


def _as_sources(origin: Effect) -> FetchTree | Unpack | None:
    if isinstance(origin, Unpack):
        return replace(origin, source=replace(origin.source, code=None) if origin.source else None)
    return origin if isinstance(origin, FetchTree) else None


def _collect(effects: tuple[Effect, ...], outputs: dict[StageBuild, set[str]]) -> None:
    for effect in effects:
        if isinstance(effect, CopyOutput):
            known = effect.build in outputs
            outputs.setdefault(effect.build, set()).add(effect.place)
            if not known:
                _collect(effect.build.changes, outputs)
                _collect_earlier(effect.build, outputs)


def _collect_earlier(build: StageBuild, outputs: dict[StageBuild, set[str]]) -> None:
    """The builds whose libraries a build is given."""
    for earlier in build.after:
        if earlier not in outputs:
            outputs[earlier] = set()
            _collect(earlier.changes, outputs)
            _collect_earlier(earlier, outputs)


def _recipe(
    build: StageBuild, resolved: tuple[ResolvedRequirement, ...], main: FlakeInput, catalogue: Catalogue
) -> tuple[Recipe, tuple[Finding, ...]]:
    """The recipe with the compiler or interpreter that is known by now."""
    recipe = build.recipe
    if isinstance(recipe, NpmRecipe):
        done = with_node((recipe.modules,), resolved, main)
        modules = next(effect for effect in done.value if isinstance(effect, NodeModules))
        return replace(recipe, modules=modules), done.findings
    if isinstance(recipe, _WITH_CHANNEL) and recipe.channel:
        source = catalogue.pin(recipe.channel).name
        return replace(recipe, source="" if source == main.name else source), ()
    if isinstance(recipe, GoRecipe):
        return _with_go(recipe, build, catalogue)
    return recipe, ()


def _with_go(
    recipe: GoRecipe, build: StageBuild, catalogue: Catalogue
) -> tuple[GoRecipe, tuple[Finding, ...]]:
    """The compiler that nixpkgs builds with anyway needs no name; one that is too old refuses to build."""
    known, usual = catalogue.attribute(recipe.go or "go"), catalogue.attribute("go")
    if known is None or usual is None:
        return replace(recipe, go=None), ()
    findings: tuple[Finding, ...] = ()
    if recipe.asks > tuple(int(part) for part in known.version.split(".") if part.isdigit()):
        asked = ".".join(map(str, recipe.asks))
        message = f"go.mod asks for Go {asked}, nixpkgs has {known.version}, which refuses to build it"
        findings = (Finding(code="D2N209", message=message, location=build.location),)
    return replace(recipe, go=None if known.path == usual.path else recipe.go), findings


def with_their_inputs(
    inputs: tuple[FlakeInput, ...], files: tuple[StageFile, ...], catalogue: Catalogue
) -> tuple[FlakeInput, ...]:
    """The flake inputs with those that compilers of old releases come from."""
    recipes = (one.build.recipe for one in files)
    wanted = {one.source for one in recipes if isinstance(one, _WITH_CHANNEL)} - {""}
    missing = wanted - {one.name for one in inputs}
    pins = (catalogue.pin(channel) for channel in catalogue.channels())
    return inputs + tuple(pin for pin in pins if pin.name in missing)


def _inputs(
    build: StageBuild, resolved: tuple[ResolvedRequirement, ...], catalogue: Catalogue
) -> tuple[tuple[tuple[AttributePath, str], ...], tuple[tuple[AttributePath, str], ...]]:
    """Tools and libraries that the stage installs, and those that are known to be needed."""
    recipe = build.recipe
    if isinstance(recipe, (BundleRecipe, ComposerRecipe)) or (
        isinstance(recipe, GoRecipe) and recipe.cgo is False
    ):
        return (), ()
    tools: dict[tuple[AttributePath, str], None] = {}
    libraries: dict[tuple[AttributePath, str], None] = {}
    if isinstance(recipe, CargoRecipe):
        tools |= dict.fromkeys((path, "") for path in recipe.tools)
        libraries |= dict.fromkeys((path, "") for path in recipe.libraries)
    had = _HAD_ANYWAY
    if isinstance(recipe, NativeRecipe):
        had = _HAD_ANYWAY - _RUN_BY_BUILDS
        if isinstance(build.origin, Unpack) and build.origin.program == "unzip":
            tools[AttributePath("unzip"), ""] = None
    for package, headers in _installed(build.stages, resolved):
        if isinstance(recipe, PythonRecipe) and member_of(package) is not None:
            continue  # it is in the environment that the project joins
        known = catalogue.attribute(package.attribute_path)
        if known is not None and known.path not in (_COMPILERS if headers else had):
            is_library = headers or "dev" in known.outputs or not known.programs
            (libraries if is_library else tools)[package.attribute_path, ""] = None
    return tuple(sorted(tools)), tuple(sorted(libraries))


def _installed(
    stages: Iterable[int], resolved: tuple[ResolvedRequirement, ...]
) -> Iterator[tuple[NixpkgsPackage, bool]]:
    """The packages that stages install, and whether for their headers."""
    for one in resolved:
        for resolution in one.resolutions if one.stage in stages else ():
            if isinstance(resolution, NixpkgsPackage) and not resolution.source:
                yield resolution, one.requirement.name.endswith(("-dev", "-devel"))
