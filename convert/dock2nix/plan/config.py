"""The image configuration, folded over the instructions as Docker does it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.dockerfile import Form
from dock2nix.model.image import Healthcheck, ImageConfig
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import ScopedInstruction

_DURATION = regex(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PORTS = regex(r"(\d+)(?:-(\d+))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_MAX_PORTS = 1000


def fold_config(config: ImageConfig, stages: tuple[tuple[ScopedInstruction, ...], ...]) -> ImageConfig:
    """The configuration after all instructions.

    Args:
        config: the base image's.
        stages: the instructions of the stages the image consists of, from the root to the target.

    Returns:
        The configuration but for `env`. An ENTRYPOINT takes away the CMD that its stage inherited, as in Docker.
    """
    for instructions in stages:
        cmd_is_own = False
        for instruction in instructions:
            cmd_is_own = cmd_is_own or instruction.keyword == "CMD"
            config = _apply(config, instruction, cmd_is_own=cmd_is_own)
    return config


def _apply(config: ImageConfig, instruction: ScopedInstruction, *, cmd_is_own: bool) -> ImageConfig:
    arguments = instruction.arguments
    match instruction.keyword:
        case "CMD":
            return replace(config, cmd=_command(instruction))
        case "ENTRYPOINT":
            return replace(config, entrypoint=_command(instruction), cmd=config.cmd if cmd_is_own else None)
        case "WORKDIR" if arguments:
            return replace(
                config,
                working_dir=normal_path(posixpath.join(config.working_dir or "/", arguments[0])),
            )
        case "USER" if arguments:
            return replace(config, user=arguments[0])
        case "EXPOSE":
            ports = {port: None for text in arguments for port in _ports(text)}
            return replace(config, exposed_ports=tuple(dict.fromkeys((*config.exposed_ports, *ports))))
        case "VOLUME":
            return replace(config, volumes=tuple(dict.fromkeys((*config.volumes, *arguments))))
        case "LABEL":
            pairs = dict(zip(arguments[::2], arguments[1::2], strict=False))
            return replace(config, labels=tuple((dict(config.labels) | pairs).items()))
        case "STOPSIGNAL" if arguments:
            return replace(config, stop_signal=arguments[0])
        case "HEALTHCHECK":
            return replace(config, healthcheck=_healthcheck(instruction))
        case _:
            return config


def _command(instruction: ScopedInstruction) -> tuple[str, ...]:
    raw = instruction.instruction
    if raw.form is Form.EXEC:
        return raw.arguments
    return (*instruction.shell, *raw.arguments)


def _ports(text: str) -> tuple[str, ...]:
    """`80`, `53/udp`, `8000-8002/tcp` to single ports with protocol."""
    found = _PORTS.fullmatch(text.strip())
    if not found:
        return ()
    first = int(found[1])
    last = int(found[2] or first)
    protocol = (found[3] or "tcp").lower()
    return tuple(f"{port}/{protocol}" for port in range(first, min(last, first + _MAX_PORTS) + 1))


def _healthcheck(instruction: ScopedInstruction) -> Healthcheck:
    raw = instruction.instruction
    kind, *rest = raw.arguments or ("NONE",)
    if kind.upper() == "NONE":
        return Healthcheck(test=("NONE",))
    test = ("CMD", *rest) if raw.form is Form.EXEC else ("CMD-SHELL", " ".join(rest))
    return Healthcheck(
        test=test,
        interval=duration(instruction.flag("interval")),
        timeout=duration(instruction.flag("timeout")),
        start_period=duration(instruction.flag("start-period")),
        start_interval=duration(instruction.flag("start-interval")),
        retries=int(instruction.flag("retries") or 0)
        if (instruction.flag("retries") or "0").isdigit()
        else 0,
    )


def duration(text: str | None) -> int:
    """A duration in Go's notation (`1m30s`, `500ms`) in nanoseconds; 0 when not given or not one."""
    if not text or not re.fullmatch(rf"(?:{_DURATION.pattern})+", text):
        return 0
    return round(sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)))
