"""Projects of Python that a stage installs from its own files: each becomes a derivation in the image's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.builders.base import Refusal
from dock2nix.extract.stage_sources import StageSources, stage_sources
from dock2nix.extract.stage_tools import environment_of
from dock2nix.model.builds import PythonRecipe, StageBuild
from dock2nix.model.shell import ShellCommand
from dock2nix.parse.requirements import read_requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract.stage_scene import Doing
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep, LocalProject, Requirement
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

_SET = regex(r"python3[0-9]*Packages\.([A-Za-z_][A-Za-z0-9_'-]*)")
_NAME = regex(r"[a-z0-9](?:[a-z0-9-]{0,100}[a-z0-9])?")
_VERSION = regex(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,100}")
_OF_TOOLS = regex(r"PIP|PIPX_|POETRY_|PYTHON|UV_|VIRTUAL_ENV|LD_LIBRARY_PATH|LANG$|LC_")
# What compiles a project's own Rust code, whose crates are no files of the project.
_OF_RUST = frozenset({"maturin", "setuptools-rust"})
# What takes the version from a repository, which no build has.
_BY_REPOSITORY = frozenset(
    {"setuptools-scm", "hatch-vcs", "setuptools-git-versioning", "versioneer", "pdm-backend"}
)


def has_projects(steps: Iterable[Step]) -> bool:
    """Whether one of the steps installs a project from a folder."""
    return any(
        requirement.project is not None
        for step in steps
        for install in step.installs
        for requirement in install.requirements
    )


class _Place:
    """Where projects are built: a chain of stages, its files, and what is known of packages."""

    def __init__(self, chain: tuple[Stage, ...], context: BuildContext, catalogue: Catalogue) -> None:
        self.chain = chain
        self.context = context
        self.catalogue = catalogue


def with_projects(
    doings: tuple[Doing, ...],
    before: tuple[Effect, ...],
    chain: tuple[Stage, ...],
    context: BuildContext,
    catalogue: Catalogue,
) -> tuple[Step, ...]:
    """The steps of a stage, each project that they install with the derivation that builds it.

    What `pip install` copies is what stands in the folder then. Of an editable project the files stay where they are, so it is
    built of what stands there in the end.

    Args:
        doings: the steps of the stage, with the files that each sees by a mount.
        before: what has happened below the stage.
        chain: the stage and those it stands on, root first.
        context: the build context.
        catalogue: for the packages that build projects.
    """
    place = _Place(chain, context, catalogue)
    everything = (*before, *(effect for doing in doings for effect in doing.step.effects))
    done = list(before)
    steps: list[Step] = []
    for doing in doings:
        now = (*done, *doing.mounted)
        installs = tuple(_install(one, now, everything, doing, place) for one in doing.step.installs)
        steps.append(replace(doing.step, installs=installs))
        done += doing.step.effects
    return tuple(steps)


def _install(
    install: InstallStep, now: tuple[Effect, ...], later: tuple[Effect, ...], doing: Doing, place: _Place
) -> InstallStep:
    if all(one.project is None for one in install.requirements):
        return install
    requirements = (
        one
        if one.project is None
        else replace(one, project=_built(one, one.project, later if one.editable else now, doing, place))
        for one in install.requirements
    )
    return replace(install, requirements=tuple(requirements))


def _built(
    requirement: Requirement,
    project: LocalProject,
    effects: tuple[Effect, ...],
    doing: Doing,
    place: _Place,
) -> LocalProject:
    if not project.folder:
        return replace(project, problem="the folder it is installed from is not known")
    recipe = _recipe(requirement, project, place.catalogue)
    if isinstance(recipe, str):
        return replace(project, problem=recipe)
    taken = stage_sources(project.folder, StageSources(place.context, effects))
    if isinstance(taken, Refusal):
        return replace(project, problem=taken.reason)
    step = doing.step
    build = StageBuild(
        name=f"python-{recipe.name}",
        title=f"{step.location.first_line}: {' '.join(step.text.split())[:100]}",
        root=taken.folder,
        sources=taken.sources,
        exclusions=taken.exclusions,
        changes=taken.changes,
        directory=project.folder,
        origin=taken.origin,
        recipe=recipe,
        environment=_environment(doing, project, recipe, place.chain),
        stages=tuple(one.index for one in place.chain),
        texts=(),
        own=True,
        location=step.location,
    )
    return replace(project, build=build)


def _recipe(requirement: Requirement, project: LocalProject, catalogue: Catalogue) -> PythonRecipe | str:
    """How the project is built; a text says why that is not known."""
    read = tuple(one for text in project.builders if not isinstance(one := read_requirement(text), str))
    names = tuple(dict.fromkeys(one.name for one in read))
    if rust := sorted(_OF_RUST & set(names)):
        return f"{rust[0]} builds it, whose crates no lock of Python names"
    builders = {name: _attribute(name, catalogue) for name in names}
    unknown = ", ".join(name for name, attribute in builders.items() if not attribute)
    if unknown:
        return f"nixpkgs lacks what builds it: {unknown}"
    name = requirement.name if _NAME.fullmatch(requirement.name) else "project"
    return PythonRecipe(
        name=name,
        version=project.version if _VERSION.fullmatch(project.version) else "0",
        builders=tuple(sorted(builders.values())),
        standard=project.standard,
        loose=any(one.specifier for one in read),
    )


def _attribute(name: str, catalogue: Catalogue) -> str:
    """The name in an interpreter's set of the package that is a distribution, "" when there is none."""
    found = (_SET.fullmatch(provider.path) for provider in catalogue.providers("python", name))
    return next((match[1] for match in found if match), "")


def _environment(
    doing: Doing, project: LocalProject, recipe: PythonRecipe, chain: tuple[Stage, ...]
) -> tuple[tuple[str, str], ...]:
    """The variables that the command sees, less those of the tools that Nix' builder takes the place of."""
    calls = doing.item.invocations if isinstance(doing.item, ShellCommand) else ()
    seen = environment_of(chain, calls)
    own = (
        {}
        if isinstance(seen, Refusal)
        else {name: value for name, value in seen if not _OF_TOOLS.match(name)}
    )
    return tuple(sorted((_version_variables(project, recipe) | own).items()))


def _version_variables(project: LocalProject, recipe: PythonRecipe) -> dict[str, str]:
    """The version for tools that would ask a repository for it."""
    names = {one.name for text in project.builders if not isinstance(one := read_requirement(text), str)}
    if project.version or names.isdisjoint(_BY_REPOSITORY):
        return {}
    tool = "PDM_BUILD_SCM_VERSION" if "pdm-backend" in names else "SETUPTOOLS_SCM_PRETEND_VERSION"
    return {tool: recipe.version}
