"""nix/packages.nix and nix/build-packages.nix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.downloads import source_expression
from dock2nix.emit.expression import (
    INDENT,
    Comment,
    Commented,
    NixExpression,
    Section,
    nix_comment,
    nix_path,
    nix_string,
)
from dock2nix.emit.flake import module_arguments
from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import (
    ImportedEnvironment,
    JoinFunction,
    LanguageEnvironment,
    PackageEntry,
    Remark,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.packages import SourceFile
    from dock2nix.model.plan import Argument, ImagePlan, PackageSection


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
            return Commented(NixExpression(_package(entry)), entry.names)
        case LanguageEnvironment():
            return NixExpression(_joined(entry))
        case ImportedEnvironment():
            given = f"pkgs = {entry.source};" if entry.source else "inherit pkgs;"
            given += " inherit (pkgs) lib;" if entry.library else ""
            return NixExpression(f"(import ./{entry.file} {{ {given} }})")


def _set(source: str) -> str:
    return source or "pkgs"


def _package(entry: PackageEntry) -> str:
    """`pkgs.openssl.dev`, `(pkgs.uwsgi.override { plugins = [ "python3" ]; })`."""
    text = _overridden(entry.attribute_path, entry.source, entry.arguments)
    if entry.exact is not None:
        text = _from_sources(text, entry.exact)
    return text + (f".{entry.output}" if entry.output else "")


def _from_sources(text: str, sources: SourceFile) -> str:
    """The recipe with other sources: `(pkgs.curl.overrideAttrs (_: { version = …; src = …; }))`."""
    fetched = source_expression(sources.url, sources.hash).text.replace("\n", f"\n{INDENT}")
    return f"({text}.overrideAttrs (_: {{\n{INDENT}version = {nix_string(sources.version)};\n{INDENT}src = {fetched};\n}}))"


def _overridden(path: AttributePath, source: str, arguments: tuple[tuple[str, Argument], ...]) -> str:
    text = f"{_set(source)}.{path}"
    if not arguments:
        return text
    given = [f"{name} = {_argument(value, source)};" for name, value in arguments]
    lines = "".join(f"\n{INDENT}{one}" for one in given) + "\n" if len(given) > 1 else f" {given[0]} "
    return f"({text}.override {{{lines}}})"


def _argument(value: Argument, source: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case AttributePath():
            return f"{_set(source)}.{value}"
        case str():
            return nix_string(value)
        case _:
            return f"[ {' '.join(nix_string(item) for item in value)} ]"


def _joined(entry: LanguageEnvironment) -> str:
    """`(pkgs.python312.withPackages (ps: [ … ]))`, one package a line with who asked for it."""
    call = f"({_overridden(entry.interpreter, entry.source, entry.arguments)}.{entry.function} ("
    if entry.function is JoinFunction.PACKAGES:
        return f"{call}ps: [\n{_members(entry, 'ps', 1)}]))"
    return f"{call}\n  {{ enabled, all }}:\n  enabled\n  ++ [\n{_members(entry, 'all', 2)}  ]\n))"


def _members(entry: LanguageEnvironment, scope: str, depth: int) -> str:
    given = f"pkgs = {entry.source};" if entry.source else "inherit pkgs;"
    items = [(f"{scope}.{name}", asked) for name, asked in entry.packages]
    items += [
        (f"(import {nix_path(f'stages/{name}.nix', './')} {{ {given} inherit (pkgs) lib; }})", asked)
        for name, asked in entry.projects
    ]
    return "".join(
        INDENT * depth + text + (f" # {nix_comment(asked)}" if asked else "") + "\n" for text, asked in items
    )
