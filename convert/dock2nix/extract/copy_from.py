"""COPY --from: what another stage is known to have put somewhere is done again here, at its new place."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract.folding import folded
from dock2nix.extract.instructions import chosen_owner, copied, short_text, unresolved
from dock2nix.extract.paths import KnownPaths
from dock2nix.extract.stage_scene import StageProducts, is_folder_name
from dock2nix.model.builds import CargoRecipe
from dock2nix.model.downloads import ChangeTree, CheckFile, FetchTree, Unpack
from dock2nix.model.finding import Outcome
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    ContextSource,
    CopyFiles,
    CopyOutput,
    LeftOut,
    LinkProgram,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    Symlink,
)
from dock2nix.model.packages import Action, AttributePath
from dock2nix.model.steps import CommandOutcome
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract.stage_scene import Product
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

# Where distributions keep their certificate bundle; `cacert` is what nixpkgs has for it.
_CERTIFICATES = frozenset(
    {"/etc/ssl/certs", "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl"}
)


_OF_PROGRAMS = frozenset({"bin", "libexec", "sbin"})


class Place(Struct, frozen=True, kw_only=True):
    """A path of the source stage and the path it comes to stand at; `folder`: its contents go there."""

    source: str
    destination: str
    folder: bool


# Scripts of which every use is translated.
_TRANSLATED = frozenset({"docker-php-source", "install-php-extensions"})
_PHP_PACKAGE = regex(r"php\d*Packages\.(.+)")
# Where pip installs into: the interpreter's own folders, virtual environments, and what --prefix and --user commonly name.
_PYTHON_PLACE = regex(
    r"(?:site|dist)-packages(?:/|$)|^/usr/local(?:/lib(?:/python[0-9.]*)?|/bin)?$|(?:^|/)\.?v(?:irtual)?env(?:/|$)|^/(?:root/\.local|install|wheels)(?:/|$)"
)


def copy_from_stage(
    instruction: ScopedInstruction,
    stage: int,
    steps: tuple[Step, ...],
    known: KnownPaths,
    workdir: str,
    built: StageProducts | str | None = None,
) -> Outcome[tuple[Step, ...]]:
    """What a COPY --from=STAGE brings.

    Args:
        instruction: the COPY.
        stage: the stage it stands in.
        steps: those of the stage it copies from, and of the stages that one stands on, in order.
        known: what is in the image so far, and the build context.
        workdir: the working directory.
        built: what the stage builds, or why that is not known.

    Returns:
        A step with the effects that made the paths, at their new places; unresolved when a command without translation may
        have had a part in them, or nothing is known to have made them.
    """
    effects: list[Effect] = []
    made = folded(tuple(effect for step in steps for effect in step.effects))
    built_from = [effect.build.origin for effect in made if isinstance(effect, CopyOutput)]
    products = built if isinstance(built, StageProducts) else StageProducts()
    left = tuple(step for position, step in enumerate(steps) if position not in products.covered)
    for source in copied_paths(instruction):
        if source in _CERTIFICATES or posixpath.basename(source) in _TRANSLATED:
            continue
        if holds_python_packages(source) and _installs_python(steps):
            effects += _environment_link(instruction, source, workdir)
            continue
        output = copy_output(instruction, source, products, known, workdir, made)
        if output is not None:
            effects += output
            continue
        folder = _is_folder(source, made, known.context)
        place = Place(
            source=source,
            destination=_target(instruction, source, known, workdir, folder=folder),
            folder=folder,
        )
        shadowed = _shadowed(made, place)
        mine = tuple(
            new for effect in made if effect not in shadowed for new in _moved(effect, place, known.context)
        )
        culprit = _culprit(left, place)
        if culprit is not None:
            why = built if isinstance(built, str) else ""
            line, text = culprit.location.first_line, culprit.text[:80]
            reason = f"what line {line} leaves at {place.source} is not known: {text}"
            reason = f"what the stage leaves at {place.source} is not known ({why})" if why else reason
            return unresolved(instruction, stage, reason, "D2N302")
        if any(_works_on(effect, source) for effect in made if effect not in built_from):
            return unresolved(
                instruction, stage, f"files at {source} are changed there by a command", "D2N302"
            )
        mine += tuple(files_of_builds(instruction, place, products))
        mine = _alternatives(mine, made)
        if not mine:
            reason = f"nothing is known to have made {place.source} in that stage"
            return unresolved(instruction, stage, reason, "D2N302")
        effects += (_renamed(effect, instruction) for effect in mine)
        effects += _flags(instruction, place)
    return Outcome((copied(instruction, stage, tuple(effects)),))


def holds_python_packages(path: str) -> bool:
    """Whether a path is one that pip installs into: site-packages, a virtual environment, a prefix."""
    return _PYTHON_PLACE.search(path) is not None


def _installs_python(steps: tuple[Step, ...]) -> bool:
    return any(
        install.manager == "pip" and install.action is Action.INSTALL and install.requirements
        for step in steps
        for install in step.installs
    )


def _environment_link(instruction: ScopedInstruction, source: str, workdir: str) -> tuple[Effect, ...]:
    """The packages are the interpreter's in the image; programs of a virtual environment keep their old path by a link."""
    if source.startswith("/usr/local") or "-packages" in source:
        return ()
    target = normal_path(posixpath.join("/", workdir, instruction.arguments[-1]))
    if target == "/usr/local":
        return ()
    return (
        Symlink(
            path=f"{target}/bin", target="/bin", location=instruction.location, text=short_text(instruction)
        ),
    )


def certificates_wanted(instruction: ScopedInstruction) -> bool:
    """Whether a COPY --from takes the certificate bundle of another stage or image along."""
    return any(source in _CERTIFICATES for source in copied_paths(instruction))


def copy_from_image(
    instruction: ScopedInstruction,
    stage: int,
    base: BaseImage | None,
    catalogue: Catalogue,
    known: KnownPaths,
    workdir: str,
) -> Outcome[tuple[Step, ...]]:
    """What a COPY --from=IMAGE brings: programs that one of that image's packages has are linked from the package."""
    effects: list[Effect] = []
    for source in copied_paths(instruction):
        if source in _CERTIFICATES or posixpath.basename(source) in _TRANSLATED:
            continue
        program = posixpath.basename(source)
        attribute = next(
            (path for path in (base.packages if base else ()) if program in _programs(path, catalogue)), None
        )
        if attribute is None or base is None or base.channel:
            reason = f"copies {source} from the image {instruction.flag('from')}"
            return unresolved(instruction, stage, reason, "D2N302")
        effects.append(
            LinkProgram(
                path=_target(instruction, source, known, workdir, folder=False),
                attribute_path=attribute,
                program=program,
                location=instruction.location,
                text=short_text(instruction),
            )
        )
    return Outcome((copied(instruction, stage, tuple(effects)),))


def with_own_programs(
    copied_steps: Outcome[tuple[Step, ...]], own: AttributePath | None, catalogue: Catalogue
) -> Outcome[tuple[Step, ...]]:
    """The steps with programs that run by the stage's own interpreter (`php84Packages.composer` in an image with php82).

    Args:
        copied_steps: what COPY --from=IMAGE brings.
        own: the interpreter of the stage's base image.
        catalogue: tells whether its set of packages has the program.
    """
    steps = tuple(
        replace(step, effects=tuple(_by_own(effect, own, catalogue) for effect in step.effects))
        for step in copied_steps.value
    )
    return Outcome(steps, copied_steps.findings)


def _by_own(effect: Effect, own: AttributePath | None, catalogue: Catalogue) -> Effect:
    found = _PHP_PACKAGE.fullmatch(effect.attribute_path) if isinstance(effect, LinkProgram) else None
    if found is None or own is None or not isinstance(effect, LinkProgram):
        return effect
    mine = f"{own}Packages.{found[1]}"
    known = own.startswith("php") and catalogue.attribute(mine) is not None
    return replace(effect, attribute_path=AttributePath(mine)) if known else effect


def _programs(path: str, catalogue: Catalogue) -> tuple[str, ...]:
    attribute = catalogue.attribute(path)
    return attribute.programs if attribute else ()


def copied_paths(instruction: ScopedInstruction) -> tuple[str, ...]:
    """The sources as absolute paths of the stage or image they are in."""
    return tuple(normal_path(posixpath.join("/", source)) for source in instruction.arguments[:-1])


def _target(
    instruction: ScopedInstruction, source: str, known: KnownPaths, workdir: str, *, folder: bool
) -> str:
    """Where a source comes to stand: a file goes into a folder, a folder's contents onto it."""
    destination = instruction.arguments[-1]
    target = normal_path(posixpath.join("/", workdir, destination))
    several = len(instruction.arguments) > 2
    into = destination.endswith("/") or several or target == workdir or known.is_directory(target)
    return posixpath.join(target, posixpath.basename(source)) if into and not folder else target


def _is_folder(source: str, made: tuple[Effect, ...], context: BuildContext) -> bool:
    """Whether a path of the other stage is a folder, by what was made there; in what a build makes, by its name."""
    if KnownPaths(context, made).is_directory(source):
        return True
    outputs = (effect for effect in reversed(made) if isinstance(effect, CopyOutput) and effect.folder)
    output = next(
        (one for one in outputs if any(_inside(source, place) for place in one.reach or (one.path,))), None
    )
    if output is None or isinstance(output.build.recipe, CargoRecipe):
        return False
    return is_folder_name(source) and posixpath.basename(posixpath.dirname(source)) not in _OF_PROGRAMS


def _culprit(steps: tuple[Step, ...], place: Place) -> Step | None:
    """The first step without translation that may have written there; a COPY only writes where it says."""
    for step in steps:
        if step.outcome is CommandOutcome.UNRESOLVED and not (
            step.program in {"COPY", "ADD"} and _elsewhere(step, place)
        ):
            return step
        if any(isinstance(effect, RunScript) and _reaches(effect, place) for effect in step.effects):
            return step
    return None


def _reaches(script: RunScript, place: Place) -> bool:
    return script.may_change(place.source) or any(_inside(path, place.source) for path in script.folders)


def _elsewhere(step: Step, place: Place) -> bool:
    target = step.text.rsplit(" ", 1)[-1].strip('"]')
    return target.startswith("/") and not (_inside(target, place.source) or _inside(place.source, target))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _works_on(effect: Effect, source: str) -> bool:
    """Whether a command changed what is copied, or it is a part of what an archive or a repository brought."""
    if isinstance(effect, Unpack):
        whole = _inside(effect.path, source) and not effect.archive
        return not whole and _inside(source, effect.path)
    if isinstance(effect, FetchTree):
        return source != effect.path and _inside(source, effect.path)
    if not isinstance(effect, RunTool):
        return False
    touched = (*effect.reads, effect.target) if effect.target else effect.reads
    return any(_inside(path, source) or _inside(source, path) for path in touched)


def _moved(effect: Effect, place: Place, context: BuildContext) -> tuple[Effect, ...]:
    """The effect as far as it is about the copied path, at the new place. Owners stay behind, as BuildKit leaves them."""
    match effect:
        case (
            SetOwner()
            | AddUser()
            | AddGroup()
            | RemoveAccount()
            | LeftOut()
            | RunScript()
            | RunTool()
            | CheckFile()
            | ChangeTree()
        ):
            return ()
        case CopyOutput(reach=reach) if reach and not any(
            _inside(place.source, folder) or _inside(folder, place.source) for folder in reach
        ):
            return ()
        case CopyOutput() if (
            effect.folder and place.source != effect.path and _inside(place.source, effect.path)
        ):
            inside = posixpath.join(effect.place, posixpath.relpath(place.source, effect.path))
            return (_part(effect, inside, place),)
        case CopyFiles():
            sources = tuple(new for source in effect.sources for new in _moved_source(source, place, context))
            return (replace(effect, sources=sources, owner=""),) if sources else ()
        case _:
            path = _new_path(effect.path, place)
            return (replace(effect, path=path),) if path else ()


def _part(effect: CopyOutput, inside: str, place: Place) -> CopyOutput:
    """A part of what a build makes, or what a pattern finds of it."""
    pattern = any(char in place.source for char in "*?[")
    name = posixpath.basename(place.source)
    into = pattern and posixpath.basename(place.destination) == name
    path = posixpath.dirname(place.destination) if into else place.destination
    folder = place.folder and not pattern
    return replace(effect, place=inside, path=path, folder=folder, pattern=pattern, into=into, reach=())


def _new_path(path: str, place: Place) -> str:
    """`path` of the source stage at its new place; "" when it is not copied."""
    if not _inside(path, place.source):
        return ""
    return normal_path(posixpath.join(place.destination, posixpath.relpath(path, place.source)))


def _moved_source(source: ContextSource, place: Place, context: BuildContext) -> Iterator[ContextSource]:
    if _inside(source.destination, place.source):
        yield replace(source, destination=_new_path(source.destination, place))
    elif source.directory and _inside(place.source, source.destination):
        inside = posixpath.relpath(place.source, source.destination)
        path = normal_path(posixpath.join(source.path, inside))
        if context.exists(path):
            yield ContextSource(path=path, destination=place.destination, directory=place.folder)


def _shadowed(made: tuple[Effect, ...], place: Place) -> list[CopyOutput]:
    """Folders that builds make and in which a later build made what is copied, or a folder of it."""
    trees = [
        effect
        for effect in made
        if isinstance(effect, CopyOutput)
        and effect.folder
        and not effect.reach
        and place.source != effect.path
        and _inside(place.source, effect.path)
    ]
    return trees[:-1]


def _alternatives(mine: tuple[Effect, ...], made: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Of several builds that installed into one folder, each may be the one that has what is copied; one of them must."""
    installing = {effect.build for effect in made if isinstance(effect, CopyOutput) and effect.reach}
    found = [
        one for one in mine if isinstance(one, CopyOutput) and one.build in installing and not one.pattern
    ]
    if len(found) < 2:
        return mine
    last = found[-1]
    marked = tuple(replace(one, optional=True) if one in found else one for one in mine)
    check = SetMode(path=last.path, mode="u+w", location=last.location, text=last.text)
    return (*marked, check)


def _renamed(effect: Effect, instruction: ScopedInstruction) -> Effect:
    text = f"{short_text(instruction)}, there line {effect.location.first_line}: {effect.text}"
    return replace(effect, location=instruction.location, text=text)


def copy_output(
    instruction: ScopedInstruction,
    source: str,
    products: StageProducts,
    known: KnownPaths,
    workdir: str,
    made: tuple[Effect, ...],
) -> tuple[Effect, ...] | None:
    """What a COPY of one path takes of the stage's builds; None when that is a path which commands and files make up."""
    found = products.of(source)
    if not found or (len(found) == 1 and found[0].path != source and not found[0].pattern):
        return None
    effects: list[Effect] = []
    for one in found:
        if _inside(one.path, source) and one.path != source:
            return None  # a folder with programs in it: its other files are replayed
        folder = not one.pattern and (one.folder or _is_folder(source, made, known.context))
        target = _target(instruction, one.path, known, workdir, folder=folder)
        into = one.pattern and target.endswith(posixpath.basename(one.path))
        place = Place(source=source, destination=posixpath.dirname(target) if into else target, folder=folder)
        effects.append(_copy_of(instruction, one, place, into=into))
        effects += _flags(instruction, place) if not into else ()
    return tuple(effects)


def files_of_builds(
    instruction: ScopedInstruction, place: Place, products: StageProducts
) -> Iterator[CopyOutput]:
    """The programs that builds put into a folder which is copied."""
    for one in products.of(place.source):
        if one.path != place.source and _inside(one.path, place.source):
            yield _copy_of(
                instruction,
                one,
                Place(source=one.path, destination=_new_path(one.path, place), folder=False),
                into=False,
            )


def _copy_of(instruction: ScopedInstruction, one: Product, place: Place, *, into: bool) -> CopyOutput:
    return CopyOutput(
        build=one.build,
        place=one.place,
        path=place.destination,
        folder=place.folder,
        pattern=one.pattern,
        into=into,
        location=instruction.location,
        text=short_text(instruction),
    )


def _flags(instruction: ScopedInstruction, place: Place) -> Iterator[Effect]:
    location, text = instruction.location, short_text(instruction)
    path, folder = place.destination, place.folder
    if mode := instruction.flag("chmod"):
        yield SetMode(path=path, mode=mode, recursive=folder, location=location, text=text)
    if owner := chosen_owner(instruction):
        yield SetOwner(path=path, owner=owner, recursive=folder, location=location, text=text)
