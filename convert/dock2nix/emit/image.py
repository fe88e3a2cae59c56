"""nix/image.nix: the dockerTools definition."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct

from dock2nix.emit.expression import (
    Comment,
    Commented,
    Interpolated,
    NixExpression,
    PathLiteral,
    Script,
    ShellLine,
    ShellOperator,
    ShellPattern,
    Text,
    nix_string,
    to_nix,
)
from dock2nix.emit.fileset import fileset_expression
from dock2nix.emit.flake import inherited_arguments, module_arguments
from dock2nix.emit.node_modules import node_modules_expression
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    LeftOut,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    Remove,
    RunTool,
    SetMode,
    SetOwner,
    Symlink,
    ToolPath,
    WriteFile,
)
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.image import Effect, Healthcheck
    from dock2nix.model.plan import EnvironmentVariable, ImagePlan

_PATHS_TO_LINK = ("/bin", "/etc", "/lib", "/share", "/usr", "/var")
_STORE_NAME = re.compile(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,200}")
# What dock2nix writes; never part of the image.
GENERATED = ("flake.lock", "flake.nix", "nix")
_OPEN_ROOT = ("bin", "etc", "lib", "share", "usr", "var")


_Simple = (
    MakeDirectory
    | Symlink
    | SetMode
    | SetOwner
    | Remove
    | LinkProgram
    | RunTool
    | LeftOut
    | AddUser
    | AddGroup
)


class _Binding(Struct, frozen=True, kw_only=True):
    name: str
    comments: tuple[str, ...]
    value: object


def image_values(plan: ImagePlan) -> Mapping[str, object]:
    """What fills image.nix.jinja."""
    script, bindings = _script(plan)
    users = _users(plan)
    bindings = (*users, *bindings)
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
            {"name": NixExpression(name), "value": value}
            for name, value in _builder_arguments(plan, script, has_users=bool(users))
        ),
    }


def _uses_lib(bindings: tuple[_Binding, ...]) -> bool:
    return any(isinstance(one.value, NixExpression) and "lib." in one.value.text for one in bindings)


def _builder_arguments(plan: ImagePlan, script: Script, *, has_users: bool) -> list[tuple[str, object]]:
    arguments: list[tuple[str, object]] = []
    layered = plan.builder != "buildImage"
    contents = _contents(plan, has_users=has_users)
    if contents is not None:
        arguments.append(("contents", contents) if layered else ("copyToRoot", _root(contents)))
    if script.lines:
        arguments.append(("fakeRootCommands" if layered and _has_owners(plan) else "extraCommands", script))
    arguments.append(("config", _config(plan)))
    return arguments


def _has_owners(plan: ImagePlan) -> bool:
    return any(isinstance(effect, SetOwner) for effect in plan.effects)


def _contents(plan: ImagePlan, *, has_users: bool) -> NixExpression | None:
    """The packages and what dockerTools adds to make them feel like a distribution."""
    around = plan.surroundings
    further = [
        name
        for name, wanted in (
            ("dockerTools.binSh", around.bin_sh),
            ("dockerTools.caCertificates", around.certificates),
            ("dockerTools.fakeNss", around.usr_bin_env and not has_users),
            ("dockerTools.usrBinEnv", around.usr_bin_env),
            ("users", has_users),
        )
        if wanted
    ]
    packages = f"import ./packages.nix {inherited_arguments(plan)}" if plan.sections else ""
    if not further:
        return NixExpression(packages) if packages else None
    listed = (
        "[\n" + "".join(f"  {name}\n" for name in further) + "]" if len(further) > 1 else f"[ {further[0]} ]"
    )
    return NixExpression(f"{packages} ++ {listed}" if packages else listed)


def _root(contents: NixExpression) -> NixExpression:
    links = "".join(f'    "{path}"\n' for path in _PATHS_TO_LINK)
    paths = contents.text.replace("\n", "\n  ")
    return NixExpression(
        f'pkgs.buildEnv {{\n  name = "root";\n  paths = {paths};\n  pathsToLink = [\n{links}  ];\n}}'
    )


# --- users -------------------------------------------------------------------------------------------------------------------


def _users(plan: ImagePlan) -> tuple[_Binding, ...]:
    if not (plan.users or plan.groups):
        return ()
    passwd = tuple(
        f"{user.name}:x:{user.uid}:{user.gid}:{user.comment}:{user.home}:{user.shell}"
        for user in sorted(plan.users, key=lambda user: (user.uid, user.name))
    )
    group = tuple(
        f"{group.name}:x:{group.gid}:{','.join(group.members)}"
        for group in sorted(plan.groups, key=lambda group: (group.gid, group.name))
    )
    lines = {"extraPasswdLines": passwd, "extraGroupLines": group}
    text = to_nix({name: value for name, value in lines.items() if value})
    return (
        _Binding(
            name="users",
            comments=plan.user_comments,
            value=NixExpression(f"dockerTools.fakeNss.override {text}"),
        ),
    )


# --- files -------------------------------------------------------------------------------------------------------------------


def _script(plan: ImagePlan) -> tuple[Script, tuple[_Binding, ...]]:
    lines: list[ShellLine] = []
    bindings: list[_Binding] = []
    if plan.surroundings.temporary_folder:
        lines.append(ShellLine(("mkdir", "-p", "-m", "1777", "tmp")))
    if plan.builder == "buildImage" and any(_top(effect) in _OPEN_ROOT for effect in plan.effects):
        lines.append(ShellLine(("chmod", "-R", "u+w", "."), "what came with copyToRoot is read-only"))
    made: set[str] = {""}
    for effect in plan.effects:
        names = {binding.name for binding in bindings}
        new_lines, new_bindings = _effect(effect, names, made)
        lines += new_lines
        bindings += new_bindings
    return Script(tuple(lines)), tuple(bindings)


def _top(effect: Effect) -> str:
    paths = (
        [source.destination for source in effect.sources]
        if isinstance(effect, CopyFiles)
        else [getattr(effect, "path", "")]
    )
    return paths[0].lstrip("/").split("/")[0] if paths else ""


def _relative(path: str) -> str:
    return posixpath.normpath(path).lstrip("/") or "."


def _effect(effect: Effect, names: set[str], made: set[str]) -> tuple[list[ShellLine], list[_Binding]]:
    remark = f"{effect.location.first_line}: {effect.text}"
    match effect:
        case WriteFile():
            return _write(effect, names, made, remark)
        case CopyFiles():
            return _copy(effect, names, made, remark)
        case NodeModules():
            return _node_modules(effect, names, made, remark)
        case _:
            return _lines(effect, made, remark), []


def _lines(effect: _Simple, made: set[str], remark: str) -> list[ShellLine]:
    """The lines of an effect that needs nothing else."""
    match effect:
        case MakeDirectory():
            return _make_directory(effect, made, remark)
        case Symlink():
            parent = _parent(effect.path, made)
            return [*parent, ShellLine(("ln", "-sfn", effect.target, _relative(effect.path)), remark)]
        case SetMode():
            flags = ("-R",) if effect.recursive else ()
            return [ShellLine(("chmod", *flags, effect.mode, _relative(effect.path)), remark)]
        case SetOwner():
            flags = ("-R",) if effect.recursive else ()
            return [ShellLine(("chown", *flags, effect.owner, _relative(effect.path)), remark)]
        case Remove():
            return [ShellLine(("rm", "-rf", _relative(effect.path)), remark)]
        case RunTool():
            return [_tool(effect, remark)]
        case LinkProgram():
            return [*_parent(effect.path, made), _link_program(effect, remark)]
        case LeftOut():
            return [ShellLine((), f"UNRESOLVED {remark}")]
        case AddUser() | AddGroup():
            return []
        case _:
            assert_never(effect)


def _make_directory(effect: MakeDirectory, made: set[str], remark: str) -> list[ShellLine]:
    mode = ("-m", effect.mode) if effect.mode else ()
    path = _relative(effect.path)
    if path in made and not mode:
        return []
    made.add(path)
    return [ShellLine(("mkdir", "-p", *mode, path), remark)]


def _tool(effect: RunTool, remark: str) -> ShellLine:
    words = tuple(_tool_word(word) for word in effect.words)
    return ShellLine((effect.program, *words), remark)


def _tool_word(word: str | ToolPath) -> str | ShellPattern:
    if isinstance(word, str):
        return word
    return ShellPattern(_relative(word.path)) if word.pattern else _relative(word.path)


def _link_program(effect: LinkProgram, remark: str) -> ShellLine:
    program = Interpolated((NixExpression(f"pkgs.{effect.attribute_path}"), f"/bin/{effect.program}"))
    return ShellLine(("ln", "-sfn", program, _relative(effect.path)), remark)


def _parent(path: str, made: set[str]) -> list[ShellLine]:
    folder = _relative(posixpath.dirname(posixpath.normpath(path)))
    if folder in made or folder == ".":
        return []
    made.add(folder)
    return [ShellLine(("mkdir", "-p", folder))]


def _free_name(stem: str, line: int, names: set[str]) -> str:
    name, count = f"{stem}{line}", 1
    while name in names:
        count += 1
        name = f"{stem}{line}_{count}"
    return name


def _write(
    effect: WriteFile, names: set[str], made: set[str], remark: str
) -> tuple[list[ShellLine], list[_Binding]]:
    path = _relative(effect.path)
    lines = _parent(effect.path, made)
    if not effect.content:
        return [*lines, ShellLine(("touch", path), remark)], []
    base = posixpath.basename(path)
    stored = base if _STORE_NAME.fullmatch(base) and base not in {".", ".."} else "file"
    name = _free_name("file", effect.location.first_line, names)
    value = NixExpression(f"pkgs.writeText {nix_string(stored)} {to_nix(Text(effect.content))}")
    reference = Interpolated((NixExpression(name),))
    if effect.append:
        lines += [ShellLine(("cat", reference, ShellOperator(">>"), path), remark)]
    else:
        lines += [ShellLine(("install", "-m", effect.mode or "644", reference, path), remark)]
    return lines, [_Binding(name=name, comments=(remark,), value=value)]


def _copy(
    effect: CopyFiles, names: set[str], made: set[str], remark: str
) -> tuple[list[ShellLine], list[_Binding]]:
    single = [source for source in effect.sources if not source.directory]
    if len(effect.sources) == len(single) == 1 and _plain(single[0].path):
        source = single[0]
        reference = Interpolated((NixExpression(_path_text(source.path)),))
        return _copy_lines([(reference, source.destination, False)], made, remark), []
    name = _free_name("context", effect.location.first_line, names)
    value = NixExpression(fileset_expression(effect.sources, effect.exclusions, GENERATED))
    pairs = [
        (
            Interpolated(
                (
                    NixExpression(name),
                    f"/{source.path}" if source.path else "",
                    "/." if source.directory else "",
                )
            ),
            source.destination,
            source.directory,
        )
        for source in effect.sources
    ]
    return _copy_lines(pairs, made, remark), [_Binding(name=name, comments=(remark,), value=value)]


def _node_modules(
    effect: NodeModules, names: set[str], made: set[str], remark: str
) -> tuple[list[ShellLine], list[_Binding]]:
    path = _relative(effect.path)
    lines = _parent(effect.path, made)
    made.add(path)
    name = _free_name("nodeModules", effect.location.first_line, names)
    source = Interpolated((NixExpression(name), "/node_modules"))
    lines += [ShellLine(("cp", "-rT", source, path), remark), ShellLine(("chmod", "-R", "u+w", path))]
    return lines, [_Binding(name=name, comments=(remark,), value=node_modules_expression(effect))]


def _plain(path: str) -> bool:
    return all(_STORE_NAME.fullmatch(part) for part in path.split("/"))


def _path_text(path: str) -> str:
    return to_nix(PathLiteral(path))


def _copy_lines(pairs: list[tuple[Interpolated, str, bool]], made: set[str], remark: str) -> list[ShellLine]:
    lines: list[ShellLine] = []
    for reference, destination, directory in pairs:
        path = _relative(destination)
        if directory:
            if path not in made:
                made.add(path)
                lines.append(ShellLine(("mkdir", "-p", path)))
            lines.append(ShellLine(("cp", "-r", reference, path), remark))
            lines.append(ShellLine(("chmod", "-R", "u+w", path)))
        else:
            lines += _parent(destination, made)
            lines.append(ShellLine(("cp", reference, path), remark))
            lines.append(ShellLine(("chmod", "u+w", path)))
    return lines


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
