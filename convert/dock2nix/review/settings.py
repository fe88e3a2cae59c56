"""The configuration of an image in a report (OCI image specification), setting by setting, each with the line that sets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LISTED = {"ExposedPorts": "port", "Volumes": "volume"}
_WHOLE = {
    "Cmd": "CMD",
    "Entrypoint": "ENTRYPOINT",
    "WorkingDir": "WORKDIR",
    "User": "USER",
    "StopSignal": "STOPSIGNAL",
    "Healthcheck": "HEALTHCHECK",
}
_NAMES = ("name", "tag")


class Setting(Struct, frozen=True):
    """One setting; `line` 0: no line of the Dockerfile says it, it comes with the base image."""

    kind: str
    name: str
    value: str
    line: int


def settings(report: Mapping[str, Any]) -> Iterator[Setting]:
    """What a report says of the image: its name and tag, variables, ports, volumes, labels, and how it starts."""
    image = report.get("image")
    if not isinstance(image, dict):
        return
    yield from (Setting("image", key, image[key], 0) for key in _NAMES if isinstance(image.get(key), str))
    config, lines = image.get("config"), image.get("lines")
    if isinstance(config, dict):
        yield from _configured(config, lines if isinstance(lines, dict) else {})


def _configured(config: Mapping[str, Any], lines: Mapping[str, Any]) -> Iterator[Setting]:
    for variable in _texts(config.get("Env")):
        name, _, value = variable.partition("=")
        yield Setting("env", name, value, _line(lines, f"Env.{name}"))
    for key, kind in _LISTED.items():
        for value in _texts(config.get(key)):
            yield Setting(kind, value, "", _line(lines, f"{key}.{value}", key))
    labels = config.get("Labels")
    for name, value in labels.items() if isinstance(labels, dict) else ():
        yield Setting("label", name, str(value), _line(lines, f"Labels.{name}"))
    for key, name in _WHOLE.items():
        if key in config:
            yield Setting("config", name, _shown(config[key]), _line(lines, key))


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _line(lines: Mapping[str, Any], *keys: str) -> int:
    return next((lines[key] for key in keys if isinstance(lines.get(key), int)), 0)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
