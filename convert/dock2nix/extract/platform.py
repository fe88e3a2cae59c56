"""Whether what a Dockerfile does depends on the processor it is built for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.finding import Finding
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import Stage

# Names of the platform arguments, and the commands that tell the architecture.
_ASKS = regex(
    r"\b(?:TARGETARCH|TARGETPLATFORM|TARGETVARIANT|BUILDARCH|BUILDPLATFORM)\b|\buname +-\w*[mp]|--print-arch"
    r"|\$\((?:arch|nproc --arch)\)|`arch`|\bdpkg-architecture\b"
)


def platform_question(
    stages: tuple[Stage, ...], needed: tuple[int, ...], platform: str
) -> tuple[Finding, ...]:
    """A remark at the first instruction that asks for the architecture; () when none does.

    Args:
        stages: all stages.
        needed: positions of those the image is made from.
        platform: the one that the answers given were for.
    """
    for index in needed:
        for one in stages[index].instructions:
            if _ASKS.search(one.instruction.original):
                text = f"this asks for the processor; the answer taken is that of {platform}, and the flake is for it alone"
                hint = "convert again with --platform for another one"
                return (Finding(code="D2N111", message=text, location=one.location, hint=hint),)
    return ()
