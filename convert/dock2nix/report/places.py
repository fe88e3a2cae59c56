"""Which line of the Dockerfile says what of the image's configuration; what no line says comes from the base image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.plan import image_chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import ScopedInstruction, Stage

_WHOLE = {
    "CMD": "Cmd",
    "ENTRYPOINT": "Entrypoint",
    "WORKDIR": "WorkingDir",
    "USER": "User",
    "STOPSIGNAL": "StopSignal",
    "HEALTHCHECK": "Healthcheck",
}
_NAMED = {"ENV": "Env", "LABEL": "Labels"}
_LISTED = {"EXPOSE": "ExposedPorts", "VOLUME": "Volumes"}


def configuration_places(
    stages: tuple[Stage, ...], steps: tuple[StageSteps, ...]
) -> tuple[tuple[str, int], ...]:
    """The line of the last instruction that sets each key: `Cmd`, `Env.PATH`, `ExposedPorts.80/tcp`, in order of the keys.

    Args:
        stages: all stages.
        steps: of the stages that are built, the target the last of them.
    """
    target = max((one.stage for one in steps), default=len(stages) - 1)
    found: dict[str, int] = {}
    for index in image_chain(stages, target):
        for scoped in stages[index].instructions:
            found.update(dict.fromkeys(_keys(scoped), scoped.location.first_line))
    return tuple(sorted(found.items()))


def _keys(scoped: ScopedInstruction) -> Iterator[str]:
    keyword, arguments = scoped.keyword, scoped.arguments
    if keyword in _WHOLE:
        yield _WHOLE[keyword]
    elif keyword in _NAMED:
        yield from (f"{_NAMED[keyword]}.{name}" for name in arguments[::2])
    elif keyword in _LISTED:
        yield _LISTED[keyword]
        yield from (f"{_LISTED[keyword]}.{_port(one) if keyword == 'EXPOSE' else one}" for one in arguments)


def _port(word: str) -> str:
    return word if "/" in word else f"{word}/tcp"
