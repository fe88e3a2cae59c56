"""nix/shell.nix, nix/load.nix, nix/module.nix: further views of the same plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import Interpolated, NixExpression, attribute_name
from dock2nix.emit.flake import inherited_arguments, module_arguments
from dock2nix.extract.secrets import names_a_secret
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.plan import EnvironmentVariable, ImagePlan

# What belongs to who works in the shell, and what the loader of programs goes by.
_OWN = frozenset(
    {
        *("HOME", "HOSTNAME", "LOGNAME", "OLDPWD", "PATH", "PWD", "SHELL", "SHLVL", "TERM", "TMPDIR", "USER"),
        *("DEBIAN_FRONTEND", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONHOME", "PYTHONPATH", "NODE_PATH"),
    }
)
_NAME = regex("[A-Z][A-Z0-9_]*")
# `/app`, `a:/srv`, `--config=/etc/x`, `file:///x`: paths of the image. Addresses of servers are none.
_PATH_IN_IMAGE = regex(r"(?:^|[\s:=,;])/(?!/)|file:/")
_PRODUCTION = frozenset({"prod", "production"})
_CONTAINER_NAME = regex("[^A-Za-z0-9_.-]+")


def shell_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills shell.nix.jinja."""
    variables = {one.name: _value(one) for one in plan.environment if _is_shared(one)}
    own = f"import ./packages.nix {inherited_arguments(plan)}"
    further = f"import ./build-packages.nix {inherited_arguments(plan)}"
    packages = f"\n  {own}\n  ++ {further}" if plan.build_sections else f" {own}"
    return {
        "arguments": module_arguments(plan),
        "packages": NixExpression(packages),
        "environment": {"variables": variables} if variables else None,
    }


def _is_shared(variable: EnvironmentVariable) -> bool:
    """Whether a variable means the same to who develops: no path of the image, no secret, nothing of a running service."""
    text = "".join(part for part in variable.parts if not isinstance(part, AttributePath))
    if not _NAME.fullmatch(variable.name) or variable.name in _OWN or variable.source:
        return False
    if names_a_secret(variable.name) or text in _PRODUCTION:
        return False
    whole = len(variable.parts) > 0 and isinstance(variable.parts[0], AttributePath)
    return whole or not _PATH_IN_IMAGE.search(text)


def _value(variable: EnvironmentVariable) -> object:
    parts = tuple(
        NixExpression(f"pkgs.{part}") if isinstance(part, AttributePath) else part for part in variable.parts
    )
    plain = "".join(part for part in parts if isinstance(part, str))
    return Interpolated(parts) if any(isinstance(part, NixExpression) for part in parts) else plain


def load_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills load.nix.jinja."""
    streamed = plan.builder == "streamLayeredImage"
    return {"unpack": NixExpression("${image}" if streamed else "${pkgs.gzip}/bin/gzip -dc ${image}")}


def module_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills module.nix.jinja."""
    ports = tuple(f"127.0.0.1:{port.partition('/')[0]}:{port}" for port in plan.config.exposed_ports)
    name = container_name(plan.name)
    volumes = tuple(f"{name}-{container_name(path)}:{path}" for path in plan.config.volumes)
    return {
        "name": NixExpression(attribute_name(name)),
        "image": f"{plan.name}:{plan.tag}",
        "file": NixExpression("imageStream" if plan.builder == "streamLayeredImage" else "imageFile"),
        "ports": {"list": ports} if ports else None,
        "volumes": {"list": volumes} if volumes else None,
    }


def container_name(text: str) -> str:
    """A name for a container or a volume, of the characters that engines take (`/var/lib/x`: `var-lib-x`)."""
    return _CONTAINER_NAME.sub("-", text).strip("-._") or "data"
