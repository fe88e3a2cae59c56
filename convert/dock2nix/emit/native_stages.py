"""Builds that run the Dockerfile's own commands: the phases of stdenv.mkDerivation (nixpkgs manual, "Phases")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import is_inside
from dock2nix.emit.copying import GENERATED
from dock2nix.emit.downloads import file_expression, tree_expression
from dock2nix.emit.expression import (
    Interpolated,
    NixExpression,
    Script,
    ShellCode,
    ShellLine,
    ShellPattern,
    nix_path,
)
from dock2nix.emit.fileset import fileset_expression
from dock2nix.emit.script import UP, Binding
from dock2nix.model.builds import CORES, OUT, NativeRecipe
from dock2nix.model.downloads import FetchTree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.builds import BuildCommand, StageBuild, StageFile

# Makes a variable of the command line stronger than one of the Makefile; the others read it from the environment.
_MAKES = frozenset({"gmake", "make"})
# Where a distribution's loader looks by itself, and Nix' does not.
_SEARCHED = frozenset({"/usr", "/usr/local"})
_Argument = tuple[str, object]


def sources_of(build: StageBuild) -> Iterator[_Argument]:
    """`src` and `sourceRoot`: a part of the build context, or a download."""
    origin = build.origin
    if origin is None:
        yield "src", NixExpression(fileset_expression(build.sources, build.exclusions, GENERATED, "../../."))
        yield "sourceRoot", f"source/{build.root}" if build.root else None
    elif isinstance(origin, FetchTree):
        yield "src", tree_expression(origin)
        yield "sourceRoot", f"source/{build.root}" if build.root else None
    else:
        packed = (
            file_expression(origin.source) if origin.source else NixExpression(nix_path(origin.context, UP))
        )
        yield "src", packed
        yield "sourceRoot", build.root or None


def native_arguments(recipe: NativeRecipe, file: StageFile) -> Iterator[_Argument]:
    """What mkDerivation is given for a build that runs commands, behind its sources and inputs."""
    first = next((at for at, one in enumerate(recipe.commands) if one.installs), len(recipe.commands))
    building, installing = recipe.commands[:first], recipe.commands[first:]
    yield "dontConfigure", True
    built, folder = _lines(building, ".")
    yield "dontBuild", None if built else True
    yield "buildPhase", _phase("Build", built) if built else None
    lines, folder = _lines(installing, folder)
    yield "installPhase", _phase("Install", (*lines, *_tree(recipe, file, folder)))
    # The default names folders at the top of $out.
    yield "stripDebugList", (".",) if recipe.installs else None
    yield "dontPatchELF", True if _own_libraries(recipe) else None


def native_environment(recipe: NativeRecipe, build: StageBuild) -> dict[str, object]:
    """The variables of the build: those of the Dockerfile, and where its programs are to look for libraries it installs."""
    own = tuple(f"-rpath {folder}" for folder in _own_libraries(recipe))
    roots = tuple(_earlier_roots(build))
    found: dict[str, object] = dict(build.environment)
    if not roots:
        return found | {"NIX_LDFLAGS": " ".join(own)} if own else found
    libraries = tuple(("-L", root, f"{folder}/lib") for root, folder in roots)
    return found | {
        "CMAKE_PREFIX_PATH": _joined(":", roots),
        "LD_LIBRARY_PATH": _joined(":", tuple((root, f"{folder}/lib") for root, folder in roots)),
        "NIX_CFLAGS_COMPILE": _joined(
            " ", tuple(("-isystem ", root, f"{folder}/include") for root, folder in roots)
        ),
        "NIX_LDFLAGS": _joined(" ", (*libraries, *((one,) for one in own))),
        "PKG_CONFIG_PATH": _joined(":", tuple((root, f"{folder}/lib/pkgconfig") for root, folder in roots)),
    }


def earlier_bindings(build: StageBuild, passed_on: str) -> tuple[Binding, ...]:
    """Names for the builds whose headers, libraries and programs one is given; `passed_on` is what each of them gets."""
    return tuple(
        Binding(
            name=f"stage-{one.name}",
            comments=(),
            value=NixExpression(f"import ./{one.name}.nix {passed_on}"),
        )
        for one in build.after
    )


def path_lines(build: StageBuild) -> tuple[ShellLine, ...]:
    """The line that puts programs which were installed before on PATH."""
    words = [Interpolated((root, f"{folder}/bin")) for root, folder in _earlier_roots(build)]
    return tuple(ShellLine((ShellCode("addToSearchPath PATH", ()), word)) for word in words)


def _earlier_roots(build: StageBuild) -> Iterator[tuple[NixExpression, str]]:
    for one in build.after:
        if isinstance(one.recipe, NativeRecipe):
            yield from ((NixExpression(f"stage-{one.name}"), folder) for folder in one.recipe.reach)


def _joined(between: str, items: tuple[tuple[str | NixExpression, ...], ...]) -> Interpolated:
    """Items in one string, text that meets text made one."""
    parts: list[str | NixExpression] = []
    for at, item in enumerate(items):
        for part in (*((between,) if at else ()), *item):
            if parts and isinstance(part, str) and isinstance(last := parts[-1], str):
                parts[-1] = last + part
            else:
                parts.append(part)
    return Interpolated(tuple(parts))


def _own_libraries(recipe: NativeRecipe) -> tuple[str, ...]:
    return tuple(f"{folder}/lib" for folder in recipe.reach if folder in _SEARCHED) if recipe.installs else ()


def _phase(name: str, lines: tuple[ShellLine, ...]) -> Script:
    return Script((ShellLine(("runHook", f"pre{name}")), *lines, ShellLine(("runHook", f"post{name}"))))


def _lines(commands: tuple[BuildCommand, ...], folder: str) -> tuple[tuple[ShellLine, ...], str]:
    """The commands, each in its folder, and the folder that the last one leaves the shell in."""
    lines: list[ShellLine] = []
    for command in commands:
        if command.directory != folder:
            way = posixpath.relpath(command.directory, folder)
            lines += [ShellLine(("mkdir", "-p", way))] if command.made else []
            lines.append(ShellLine(("cd", way)))
            folder = command.directory
        lines.append(_line(command))
    return tuple(lines), folder


def _line(command: BuildCommand) -> ShellLine:
    program, *words = command.words
    variables = [ShellCode(f"{name}={{0}}", (value,)) for name, value in command.variables]
    destination = ShellCode("DESTDIR=$out", ()) if command.staged else None
    behind = [destination] if destination and program in _MAKES else []
    front = [destination] if destination and not behind else []
    return ShellLine((*front, *variables, program, *map(_word, words), *behind))


def _word(word: str) -> str | ShellCode:
    """A word in which a store path or a number of jobs may stand."""
    if CORES in word:
        before = word.partition(CORES)[0]
        return ShellCode("{0}$NIX_BUILD_CORES" if before else "$NIX_BUILD_CORES", (before,))
    if OUT in word:
        before, _, after = word.partition(OUT)
        return ShellCode("{0}$out{1}", (before, after))
    return word


def _tree(recipe: NativeRecipe, file: StageFile, folder: str) -> Iterator[ShellLine]:
    """What is taken of the folder that was built in, at its place below `$out`."""
    build = file.build
    places = [place for place in file.outputs if place and is_inside(f"/{place}", build.directory)]
    if recipe.tree and not places:
        places = [build.directory.lstrip("/")]
    if places and folder != ".":
        yield ShellLine(("cd", posixpath.relpath(".", folder)))
    yield from copied(tuple(places), build)


def copied(places: tuple[str, ...], build: StageBuild) -> Iterator[ShellLine]:
    """The lines that copy what a build leaves in its folder to its place below `$out`.

    Args:
        places: below `$out`, the paths that the stage has them at.
        build: tells the folder that is built in.
    """
    made: set[str] = set()
    for place in _outermost(places):
        source = posixpath.relpath(f"/{place}", build.directory)
        folder = place if source == "." else posixpath.dirname(place)
        if folder not in made:
            yield ShellLine(("mkdir", "-p", below_out(folder)))
            made.add(folder)
        word = (
            ShellPattern(source)
            if any(char in source for char in "*?[")
            else "./."
            if source == "."
            else source
        )
        yield ShellLine(("cp", "-r", word, below_out(folder)))


def _outermost(places: tuple[str, ...]) -> tuple[str, ...]:
    """Without what is in a folder that is copied as a whole."""
    return tuple(
        place
        for place in places
        if not any(one != place and is_inside(f"/{place}", f"/{one}") for one in places)
    )


def below_out(path: str) -> ShellCode:
    """A path below `$out`."""
    return ShellCode("$out/{0}", (path,)) if path else ShellCode("$out", ())
