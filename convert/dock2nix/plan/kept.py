"""An image on its published base: what of nixpkgs it needs, and what does not work as on packages alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.finding import Finding, Severity
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.model.plan import ImportedEnvironment, LanguageEnvironment, PackageEntry
from dock2nix.model.steps import RequirementOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.image import BaseImage, FlakeInput, KeptBase
    from dock2nix.model.plan import ImagePlan, PackageSection
    from dock2nix.model.steps import ResolvedRequirement

# What an image takes over from its base unless its own instructions say otherwise; PATH stands for all variables.
_INHERITED = ("ENTRYPOINT", "CMD", "USER", "WORKDIR")


def used_inputs(
    inputs: tuple[FlakeInput, ...], sections: tuple[PackageSection, ...]
) -> tuple[FlakeInput, ...]:
    """The first flake input, and of the others those that a package comes from: the base's own packages are not needed.

    Args:
        inputs: those of the base image.
        sections: what else the image gets.
    """
    sources = {
        entry.source
        for section in sections
        for entry in section.entries
        if isinstance(entry, (PackageEntry, LanguageEnvironment, ImportedEnvironment))
    }
    return tuple(one for at, one in enumerate(inputs) if at == 0 or one.name in sources)


def kept_findings(
    plan: ImagePlan,
    base: BaseImage | None,
    instructions: tuple[ScopedInstruction, ...],
    resolved: tuple[ResolvedRequirement, ...],
    catalogue: Catalogue,
) -> tuple[Finding, ...]:
    """What is to be told of an image on its published base.

    Args:
        plan: the image.
        base: what is known of its base.
        instructions: all that the image is made by.
        resolved: what comes into the image.
        catalogue: for what packages have.
    """
    kept = plan.kept
    if kept is None:
        return ()
    return (
        *_configuration(kept, base, instructions),
        *_interpreters(plan, kept, base),
        *_libraries(resolved, catalogue),
    )


def _configuration(
    kept: KeptBase, base: BaseImage | None, instructions: tuple[ScopedInstruction, ...]
) -> Iterator[Finding]:
    if base is not None and base.exact:
        return
    own = {instruction.keyword for instruction in instructions}
    left = [name for name in _INHERITED if name not in own and not (name == "CMD" and "ENTRYPOINT" in own)]
    shown = f"{kept.name}:{kept.tag}"
    hint = (
        "convert where skopeo is installed and the registry can be reached, or write them into the Dockerfile"
    )
    if left and (base is None or not base.evidence):
        text = f"{shown}: its {', '.join(left)} cannot be taken over: the image has not been read, and nothing is known of it"
        yield Finding(
            code="D2N253", message=text, location=kept.location, hint=hint, severity_override=Severity.ERROR
        )
    elif left:
        text = f"{shown}: its {', '.join(left)} are taken from what is known of such images, not read from this one"
        yield Finding(code="D2N253", message=text, location=kept.location, hint=hint)


def _interpreters(plan: ImagePlan, kept: KeptBase, base: BaseImage | None) -> Iterator[Finding]:
    """Packages of a language come with nixpkgs' interpreter, which is found before the base's and does not see its packages."""
    shown = f"{kept.name}:{kept.tag}"
    joined = [
        section.title
        for section in plan.sections
        if any(isinstance(entry, (LanguageEnvironment, ImportedEnvironment)) for entry in section.entries)
    ]
    plain = base is not None and base.language != "" and bool(base.evidence)
    for title in joined:
        text = (
            f"line {title}: these packages come with an interpreter of nixpkgs, which is found before that of {shown} and does "
            "not see the packages which that one has"
        )
        severity = None if plain else Severity.ERROR
        yield Finding(code="D2N256", message=text, location=kept.location, severity_override=severity)
    for effect in plan.effects:
        if isinstance(effect, NodeModules) and effect.scripted:
            names = ", ".join(effect.scripted[:5])
            text = (
                f"{effect.path}: what {names} build is for nixpkgs' C library; {shown} may have another one"
            )
            yield Finding(code="D2N256", message=text, location=effect.location)


def _libraries(resolved: tuple[ResolvedRequirement, ...], catalogue: Catalogue) -> Iterator[Finding]:
    for one in resolved:
        packages = [found for found in one.resolutions if isinstance(found, NixpkgsPackage)]
        if one.outcome is not RequirementOutcome.NIXPKGS or not packages or one.requirement.manager == "pip":
            continue
        known = [catalogue.attribute(found.attribute_path) for found in packages]
        if all(found is not None and not found.programs for found in known):
            text = (
                f"{one.requirement.name}: nixpkgs' has no programs, and those of the base image do not find its libraries, "
                "which are made for another C library"
            )
            yield Finding(code="D2N254", message=text, location=one.requirement.location, subject="")
