"""nix/packages.nix and nix/build-packages.nix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import Comment, Commented, NixExpression, Section, nix_comment
from dock2nix.emit.flake import module_arguments
from dock2nix.model.plan import ImportedEnvironment, LanguageEnvironment, PackageEntry, Remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.plan import ImagePlan, PackageSection


def packages_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills packages.nix.jinja."""
    return {"arguments": module_arguments(plan), "packages": _sections(plan.sections)}


def build_packages_values(plan: ImagePlan) -> Mapping[str, object] | None:
    """What fills build-packages.nix.jinja; None when nothing is for building only."""
    if not plan.build_sections:
        return None
    return {"arguments": module_arguments(plan), "packages": _sections(plan.build_sections)}


def _sections(sections: tuple[PackageSection, ...]) -> tuple[Section, ...]:
    return tuple(
        Section((section.title,), tuple(_item(entry) for entry in section.entries)) for section in sections
    )


def _item(entry: PackageEntry | LanguageEnvironment | ImportedEnvironment | Remark) -> object:
    match entry:
        case Remark():
            return Comment(entry.text)
        case PackageEntry():
            output = f".{entry.output}" if entry.output else ""
            return Commented(
                NixExpression(f"{_set(entry.source)}.{entry.attribute_path}{output}"), entry.names
            )
        case LanguageEnvironment():
            return NixExpression(_with_packages(entry))
        case ImportedEnvironment():
            given = f"pkgs = {entry.source};" if entry.source else "inherit pkgs;"
            return NixExpression(f"(import ./{entry.file} {{ {given} }})")


def _set(source: str) -> str:
    return source or "pkgs"


def _with_packages(entry: LanguageEnvironment) -> str:
    """`(pkgs.python312.withPackages (ps: [ … ]))`, one package a line with who asked for it."""
    lines = "".join(
        f"  ps.{name}" + (f" # {nix_comment(asked)}" if asked else "") + "\n"
        for name, asked in entry.packages
    )
    return f"({_set(entry.source)}.{entry.interpreter}.withPackages (ps: [\n{lines}]))"
