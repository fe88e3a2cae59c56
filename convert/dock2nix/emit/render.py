"""Typed values into templates: the only importer of jinja2."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.debs import debs_values
from dock2nix.emit.expression import to_nix
from dock2nix.emit.flake import flake_lock, flake_values
from dock2nix.emit.image import base_values, image_values
from dock2nix.emit.outputs import load_values, module_values, shell_values
from dock2nix.emit.packages import build_packages_values, packages_values
from dock2nix.emit.python import python_values
from dock2nix.emit.script import ON_BASE
from dock2nix.emit.stages import empty_list, stage_values
from dock2nix.folders import data_folder
from dock2nix.model.image import WriteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jinja2 import Environment

    from dock2nix.model.plan import ImagePlan

# Stands for a line end inside a printed value until the indentation of its line is known. Values never hold it: Nix has no NUL.
_BREAK = "\0"


class Output(Struct, frozen=True):
    """A file of the conversion: its path, its template, and what fills it (None: the plan needs no such file)."""

    path: str
    template: str
    values: Callable[[ImagePlan], Mapping[str, object] | None]


OUTPUTS = (
    Output("flake.nix", "flake.nix.jinja", flake_values),
    Output("nix/packages.nix", "packages.nix.jinja", packages_values),
    Output("nix/build-packages.nix", "build-packages.nix.jinja", build_packages_values),
    Output("nix/base.nix", "base.nix.jinja", base_values),
    Output("nix/image.nix", "image.nix.jinja", image_values),
    Output("nix/load.nix", "load.nix.jinja", load_values),
    Output("nix/module.nix", "module.nix.jinja", module_values),
    Output("nix/shell.nix", "shell.nix.jinja", shell_values),
    Output("nix/python.nix", "python.nix.jinja", python_values),
    Output("nix/debs.nix", "debs.nix.jinja", debs_values),
)

# Of each file in nix/stages/.
STAGE = "stage.nix.jinja"


def render(plan: ImagePlan) -> dict[str, str]:
    """The Nix files of a plan.

    Returns:
        Path relative to the flake's root → text, lock files included; the same for the same plan, byte for byte.
    """
    files = {"flake.lock": flake_lock(plan)}
    if plan.python is not None:
        from dock2nix.locking.pylock import write_lock  # noqa: PLC0415 - few plans have a lock

        files["nix/pylock.toml"] = write_lock(plan.python.lock)
    if plan.debs is not None:
        from dock2nix.locking.debs.lockfile import write_lock as write_debs  # noqa: PLC0415 - few plans have one

        files["nix/debs.json"] = write_debs(plan.debs)
    for output in OUTPUTS:
        values = output.values(plan)
        if values is not None:
            files[output.path] = fill(output.template, values)
    if plan.kept is not None:
        files[f"nix/{ON_BASE}"] = (data_folder("templates") / ON_BASE).read_text(encoding="utf-8")
    files |= {
        f"nix/{effect.stored}": effect.content
        for effect in plan.effects
        if isinstance(effect, WriteFile) and effect.stored
    }
    for stage in plan.stages:
        files[f"nix/stages/{stage.build.name}.nix"] = fill(STAGE, stage_values(stage, plan))
        listed = empty_list(stage.build)
        if listed is not None:
            files[f"nix/stages/{stage.build.name}-deps.json"] = listed
    return dict(sorted(files.items()))


def fill(template: str, values: Mapping[str, object]) -> str:
    """A template with its values, each printed as Nix by its type.

    Lines of a value after its first get the indentation of the line the value stands in.
    """
    text = environment().get_template(template).render(values)
    return "".join(_with_indentation(line) for line in text.splitlines(keepends=True))


def _with_indentation(line: str) -> str:
    if _BREAK not in line:
        return line
    indent = line[: len(line) - len(line.lstrip(" "))]
    first, *rest = line.split(_BREAK)
    return "\n".join([first, *(indent + part if part.strip() else part.strip(" ") for part in rest)])


def _print(value: object) -> str:
    return to_nix(value).replace("\n", _BREAK)


@cache
def environment() -> Environment:
    """The template environment. `finalize` prints by type, so that no template can forget to escape."""
    import jinja2  # noqa: PLC0415 - start-up time: only conversions render

    options: dict[str, Any] = {
        "finalize": _print,
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "keep_trailing_newline": True,
        "autoescape": False,
    }
    return jinja2.Environment(loader=jinja2.FileSystemLoader(data_folder("templates")), **options)
