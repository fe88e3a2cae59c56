"""The `config` of an image as registries keep it, read into the model (OCI image specification, with Docker's additions)."""

from __future__ import annotations

from typing import Any

from dock2nix.model.image import Healthcheck, ImageConfig


def image_config(data: dict[str, Any]) -> ImageConfig:
    """The configuration; what has not the form that the specification gives it counts as not set.

    Args:
        data: as JSON has it, keys as in `docker inspect`.
    """
    pairs = (entry.partition("=") for entry in _texts(data.get("Env")) or ())
    labels = data.get("Labels")
    return ImageConfig(
        env=tuple((name, value) for name, sign, value in pairs if name and sign),
        entrypoint=_texts(data.get("Entrypoint")),
        cmd=_texts(data.get("Cmd")),
        working_dir=_text(data.get("WorkingDir")),
        user=_text(data.get("User")),
        exposed_ports=_names(data.get("ExposedPorts")),
        volumes=_names(data.get("Volumes")),
        labels=tuple((str(key), _text(value)) for key, value in labels.items())
        if isinstance(labels, dict)
        else (),
        healthcheck=_healthcheck(data.get("Healthcheck")),
        stop_signal=_text(data.get("StopSignal")),
    )


def config_data(config: ImageConfig) -> dict[str, Any]:
    """The same the other way round: what is not set has no key."""
    check = config.healthcheck
    values: dict[str, Any] = {
        "Env": [f"{name}={value}" for name, value in config.env],
        "Entrypoint": list(config.entrypoint or ()),
        "Cmd": list(config.cmd or ()),
        "WorkingDir": config.working_dir,
        "User": config.user,
        "ExposedPorts": {port: {} for port in config.exposed_ports},
        "Volumes": {volume: {} for volume in config.volumes},
        "Labels": dict(config.labels),
        "StopSignal": config.stop_signal,
        "Healthcheck": {
            "Test": list(check.test),
            "Interval": check.interval,
            "Timeout": check.timeout,
            "StartPeriod": check.start_period,
            "StartInterval": check.start_interval,
            "Retries": check.retries,
        }
        if check
        else {},
    }
    return {key: value for key, value in values.items() if value}


def words(value: object) -> tuple[str, ...]:
    """A list of texts (`Shell`, `OnBuild`); () for anything else."""
    return _texts(value) or ()


def _text(value: object) -> str:
    return value if isinstance(value, str) and "\0" not in value else ""


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value:
        return None
    return tuple(_text(item) for item in value)


def _names(value: object) -> tuple[str, ...]:
    return tuple(_text(name) for name in value) if isinstance(value, dict) else ()


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _healthcheck(value: object) -> Healthcheck | None:
    test = _texts(value.get("Test")) if isinstance(value, dict) else None
    if test is None or not isinstance(value, dict):
        return None
    return Healthcheck(
        test=test,
        interval=_number(value.get("Interval")),
        timeout=_number(value.get("Timeout")),
        start_period=_number(value.get("StartPeriod")),
        start_interval=_number(value.get("StartInterval")),
        retries=_number(value.get("Retries")),
    )
