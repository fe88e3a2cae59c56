"""nix/image.nix: the dockerTools definition."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from dock2nix.emit.accounts import accounts_expression
from dock2nix.emit.expression import Comment, Commented, Interpolated, NixExpression, to_nix
from dock2nix.emit.flake import inherited_arguments, module_arguments
from dock2nix.emit.script import Binding, file_script
from dock2nix.model.packages import AttributePath
from dock2nix.plan.collisions import shown
from dock2nix.plan.effects import needs_fakeroot, runs_scripts
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.emit.expression import Script
    from dock2nix.model.image import Healthcheck
    from dock2nix.model.plan import Collision, EnvironmentVariable, ImagePlan

_LIB = regex(r"(?<![\w.\"/-])lib\.[A-Za-z]")
NO_DIGEST = f"sha256:{'0' * 64}"  # of no image
_PATHS_TO_LINK = ("/bin", "/etc", "/lib", "/share")


def image_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills image.nix.jinja."""
    script, files = file_script(plan)
    bindings = (*_base(plan), *_accounts(plan), *files)
    return {
        "arguments": module_arguments(plan),
        "inherited": NixExpression("dockerTools lib" if _uses_lib(bindings) else "dockerTools"),
        "bindings": tuple(
            {
                "name": NixExpression(one.name),
                "comments": tuple(Comment(text) for text in one.comments),
                "value": one.value,
            }
            for one in bindings
        ),
        "builder": NixExpression(plan.builder),
        "name": plan.name,
        "tag": plan.tag,
        "arguments_of_builder": tuple(
            {"name": NixExpression(name), "value": value} for name, value in _builder_arguments(plan, script)
        ),
    }


def _uses_lib(bindings: tuple[Binding, ...]) -> bool:
    return any(isinstance(one.value, NixExpression) and _LIB.search(one.value.text) for one in bindings)


def _base(plan: ImagePlan) -> tuple[Binding, ...]:
    """The published image that this one stands on, and the programs that are put into it."""
    if plan.kept is None:
        return ()
    base = Binding(name="base", comments=(), value=NixExpression("import ./base.nix { inherit pkgs; }"))
    if not plan.sections:
        return (base,)
    fields = [
        'name = "programs";',
        f"paths = import ./packages.nix {inherited_arguments(plan)};",
        'pathsToLink = [ "/bin" ];',
        *_collisions(plan.collisions),
    ]
    lines = "".join(f"  {line}\n" for field in fields for line in field.split("\n"))
    return (base, Binding(name="programs", comments=(), value=NixExpression(f"pkgs.buildEnv {{\n{lines}}}")))


def base_values(plan: ImagePlan) -> Mapping[str, object] | None:
    """What fills base.nix.jinja; None for an image of packages alone."""
    kept = plan.kept
    if kept is None:
        return None
    return {
        "name": kept.name,
        "digest": kept.digest or NO_DIGEST,
        "hash": kept.hash or NixExpression("pkgs.lib.fakeHash"),
        "state": NixExpression(sha256(f"{kept.address} {kept.architecture}".encode()).hexdigest()[:16]),
        "tag": kept.tag,
        "architecture": kept.architecture,
    }


def _accounts(plan: ImagePlan) -> tuple[Binding, ...]:
    if not plan.surroundings.accounts:
        return ()
    return (Binding(name="accounts", comments=plan.user_comments, value=accounts_expression(plan)),)


def _builder_arguments(plan: ImagePlan, script: Script) -> list[tuple[str, object]]:
    arguments: list[tuple[str, object]] = []
    layered = plan.builder != "buildImage"
    contents = _contents(plan) if plan.kept is None else None
    if plan.kept is not None:
        arguments.append(("fromImage", NixExpression("base")))
    if contents is not None:
        arguments.append(("contents", contents) if layered else ("copyToRoot", _root(contents, plan)))
    if script.lines:
        fakeroot = layered and (plan.kept is not None or needs_fakeroot(plan.effects))
        if layered and runs_scripts(plan.effects):
            arguments.append(("enableFakechroot", True))
        arguments.append(("fakeRootCommands" if fakeroot else "extraCommands", script))
    arguments.append(("config", _config(plan)))
    return arguments


def _contents(plan: ImagePlan) -> NixExpression | None:
    """The packages, the accounts, and what dockerTools adds to make them feel like a distribution."""
    around = plan.surroundings
    wanted = {
        "accounts": around.accounts,
        "dockerTools.binSh": around.bin_sh,
        "dockerTools.caCertificates": around.certificates,
        "dockerTools.usrBinEnv": around.usr_bin_env,
    }
    further = tuple(NixExpression(name) for name, is_wanted in wanted.items() if is_wanted)
    parts = (
        f"import ./packages.nix {inherited_arguments(plan)}" if plan.sections else "",
        to_nix(further) if further else "",
    )
    text = " ++ ".join(part for part in parts if part)
    return NixExpression(text) if text else None


def _root(contents: NixExpression, plan: ImagePlan) -> NixExpression:
    """What copyToRoot gets; the first of several packages with the same file wins where that is known to happen."""
    further = (*plan.surroundings.linked, *(("/usr",) if plan.surroundings.usr_bin_env else ()))
    folders = tuple(sorted({*_PATHS_TO_LINK, *further}))
    fields = [
        'name = "root";',
        f"paths = {contents.text};",
        f"pathsToLink = {to_nix(folders)};",
        *_collisions(plan.collisions),
    ]
    lines = "".join(f"  {line}\n" for field in fields for line in field.split("\n"))
    return NixExpression(f"pkgs.buildEnv {{\n{lines}}}")


def _collisions(found: tuple[Collision, ...]) -> list[str]:
    if not found:
        return []
    remarks = [f"{' and '.join(one.packages)}: {_what(one)}" for one in found]
    return [
        "# of files in several packages, those of the first in the list are taken:",
        *(to_nix(Comment(remark)) for remark in remarks),
        "ignoreCollisions = true;",
    ]


def _what(one: Collision) -> str:
    return f"both have {shown(one.programs)}" if one.programs else "two versions of one package"


# --- configuration -----------------------------------------------------------------------------------------------------------


def _config(plan: ImagePlan) -> Mapping[str, object]:
    """The keys of the image configuration, named as in the OCI and Docker image specifications: nobody checks them later."""
    config = plan.config
    values: dict[str, object] = {
        "Env": tuple(Commented(_variable(variable), variable.comment) for variable in plan.environment),
        "Entrypoint": config.entrypoint,
        "Cmd": config.cmd,
        "WorkingDir": config.working_dir,
        "User": config.user,
        "ExposedPorts": {port: {} for port in config.exposed_ports},
        "Volumes": {volume: {} for volume in config.volumes},
        "Labels": dict(config.labels),
        "Healthcheck": _healthcheck(config.healthcheck) if config.healthcheck else None,
        "StopSignal": config.stop_signal,
    }
    kept = {"Entrypoint", "Cmd"} & {key for key, value in values.items() if value is not None}
    return {key: value for key, value in values.items() if value or key in kept}


def _variable(variable: EnvironmentVariable) -> object:
    source = variable.source or "pkgs"
    parts = tuple(
        NixExpression(f"{source}.{part}") if isinstance(part, AttributePath) else part
        for part in variable.parts
    )
    return Interpolated((f"{variable.name}=", *parts))


def _healthcheck(check: Healthcheck) -> Mapping[str, object]:
    values: dict[str, object] = {
        "Test": check.test,
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
        "Retries": check.retries,
    }
    return {key: value for key, value in values.items() if value}
