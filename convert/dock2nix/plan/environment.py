"""The variables of the image: the base's, those that go with packages, and ENV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.packages import AttributePath, NixpkgsPackage
from dock2nix.model.plan import EnvironmentVariable
from dock2nix.model.steps import RequirementOutcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import BaseImage
    from dock2nix.model.steps import ResolvedRequirement

# What the Docker daemon and BuildKit give an image that sets no PATH (moby: system.DefaultPathEnvUnix).
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PACKAGE = regex(r"@([A-Za-z_][A-Za-z0-9_.'-]*)@")


def base_environment(base: BaseImage | None) -> Mapping[str, str]:
    """The variables a stage starts with: the base image's, PATH included. `@attribute@` stands for a package's store path."""
    known = dict(base.config.env) if base else {}
    return {"PATH": DEFAULT_PATH} | known


def image_environment(
    base: BaseImage | None,
    base_line: int,
    resolved: tuple[ResolvedRequirement, ...],
    instructions: tuple[ScopedInstruction, ...],
    origin: Callable[[str], str] = lambda _: "",
) -> tuple[EnvironmentVariable, ...]:
    """The image's `Env`, in Docker's order: the base's first, a variable set again keeps its place.

    Args:
        base: the base image, None when unknown or scratch.
        base_line: the line of its FROM.
        resolved: what is installed in the image.
        instructions: of all stages the image consists of, in order.
        origin: the flake input that a package of the base image comes from.
    """
    values: dict[str, tuple[str, str]] = {
        name: (value, "" if name == "PATH" else f"{base_line}: FROM")
        for name, value in base_environment(base).items()
    }
    trusted = {name: origin(name) for value, _ in values.values() for name in _PACKAGE.findall(value)}
    for name, value, comment in _package_variables(resolved):
        trusted = dict.fromkeys(_PACKAGE.findall(value), "") | trusted
        values.setdefault(name, (value, comment))
    for instruction in instructions:
        if instruction.keyword == "ENV":
            pairs = zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False)
            values.update({name: (value, str(instruction.location.first_line)) for name, value in pairs})
    return tuple(
        _variable(name, _parts(value, trusted), trusted, comment) for name, (value, comment) in values.items()
    )


def kept_environment(
    base: BaseImage | None,
    base_line: int,
    resolved: tuple[ResolvedRequirement, ...],
    instructions: tuple[ScopedInstruction, ...],
) -> tuple[EnvironmentVariable, ...]:
    """The `Env` of an image on its published base: the base's own when it has been read, else only what comes on top.

    Nix puts the base's variables in front in any case (nixpkgs: stream_layered_image.py). The arguments are those of
    `image_environment`; what the base says is text, whatever it looks like.
    """
    added = {
        one.name: one
        for one in image_environment(None, base_line, resolved, instructions)
        if one.name != "PATH" or any(_sets_path(instruction) for instruction in instructions)
    }
    own = base.config.env if base and base.exact else ()
    before = {
        name: EnvironmentVariable(name=name, parts=(value,) if value else (), comment=f"{base_line}: FROM")
        for name, value in own
    }
    return tuple((before | added).values())


def _sets_path(instruction: ScopedInstruction) -> bool:
    return instruction.keyword == "ENV" and "PATH" in instruction.arguments[::2]


def _variable(
    name: str, parts: tuple[str | AttributePath, ...], trusted: Mapping[str, str], comment: str
) -> EnvironmentVariable:
    sources = (trusted[part] for part in parts if isinstance(part, AttributePath))
    return EnvironmentVariable(name=name, parts=parts, source=next(sources, ""), comment=comment)


def _package_variables(resolved: tuple[ResolvedRequirement, ...]) -> list[tuple[str, str, str]]:
    return [
        (name, value, f"{one.requirement.location.first_line}: {one.requirement.name}")
        for one in resolved
        if one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage)
        for name, value in resolution.environment
    ]


def _parts(value: str, trusted: Mapping[str, str]) -> tuple[str | AttributePath, ...]:
    """`@jdk17@/bin` to its parts. Only names that our own data put there count: a user's `@x@` stays text."""
    parts: list[str | AttributePath] = []
    last = 0
    for found in _PACKAGE.finditer(value):
        if found[1] in trusted:
            parts += [value[last : found.start()], AttributePath(found[1])]
            last = found.end()
    parts.append(value[last:])
    return tuple(part for part in parts if part)
