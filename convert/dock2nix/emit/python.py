"""nix/python.nix: the locked Python environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import NixExpression, nix_comment, nix_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.packages import AttributePath
    from dock2nix.model.plan import ImagePlan, PythonFile
    from dock2nix.model.python_lock import NativeLibraries, SourceRecipe


def python_values(plan: ImagePlan) -> Mapping[str, object] | None:
    """What fills python.nix.jinja; None when no environment is locked."""
    file = plan.python
    if file is None:
        return None
    unresolved = {one.distribution: _unresolved(one) for one in file.libraries if _unresolved(one)}
    return {
        "interpreter": NixExpression(f"pkgs.{file.interpreter}"),
        "libraries": {one.distribution: _packages(one) for one in file.libraries} or None,
        "unresolved": unresolved or None,
        "sources": _sources(file.recipes),
        "distributions": NixExpression(_distributions(file)),
        "partial": _is_partial(file) or None,
        "further": NixExpression(_further(file)),
        "arguments": NixExpression("{ pkgs, lib }" if file.projects else "{ pkgs }"),
        "library": None if file.projects else True,
    }


def _sources(recipes: tuple[SourceRecipe, ...]) -> Mapping[str, object] | None:
    """How distributions without wheels are built; None when there are none."""
    if not recipes:
        return None
    builders = {
        one.distribution: tuple(map(NixExpression, _builders(one))) for one in recipes if not one.attribute
    }
    own = {
        one.distribution: NixExpression(f"python.pkgs.{one.attribute}") for one in recipes if one.attribute
    }
    return {"builders": builders, "recipes": own}


def _builders(recipe: SourceRecipe) -> tuple[str, ...]:
    """What builds it, and what unpacks it where the standard environment alone cannot."""
    builders = tuple(f"python.pkgs.{name}" for name in recipe.builders)
    return (*builders, "pkgs.unzip") if recipe.zipped else builders


def _packages(libraries: NativeLibraries) -> tuple[NixExpression, ...]:
    return tuple(NixExpression(_package(path, output)) for path, output in libraries.packages)


def _package(path: AttributePath, output: str) -> str:
    return f"pkgs.{path}.{output}" if output else f"pkgs.{path}"


def _unresolved(libraries: NativeLibraries) -> tuple[str, ...]:
    """What autoPatchelf is not to look for; everything that it does not find where the files were not looked into."""
    return (*libraries.borrows, *libraries.missing) if libraries.measured else ("*",)


def _is_partial(file: PythonFile) -> bool:
    """Whether some distribution is for one of the systems only."""
    return any(one.systems != file.lock.systems for one in file.lock.distributions)


def _distributions(file: PythonFile) -> str:
    package = (
        "(one: if one ? sdist then fromSource one else distribution one)" if file.recipes else "distribution"
    )
    of = "(lib.filter isMine lock.packages)" if _is_partial(file) else "lock.packages"
    return f"map {package} {of}"


def _further(file: PythonFile) -> str:
    """Packages of the interpreter's own set that join in, and projects of the context, with who asked for them."""
    items = [(f"python.pkgs.{name}", asked) for name, asked in file.packages]
    items += [
        (f"(import {nix_path(f'stages/{name}.nix', './')} {{ inherit pkgs lib; }})", asked)
        for name, asked in file.projects
    ]
    if not items:
        return ""
    lines = "".join(
        f"  {text}" + (f" # {nix_comment(asked)}" if asked else "") + "\n" for text, asked in items
    )
    return f" ++ [\n{lines}]"
