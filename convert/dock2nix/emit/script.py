"""The shell script that puts the image's files in their places, and the store paths that it takes them from."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.emit.copying import Copied, copies_of
from dock2nix.emit.downloads import (
    decompression,
    file_expression,
    stored_name,
    tree_expression,
    unpacked_expression,
    unpacking,
)
from dock2nix.emit.expression import (
    Interpolated,
    NixExpression,
    Script,
    ShellCode,
    ShellLine,
    ShellOperator,
    ShellPattern,
    Text,
    nix_string,
    to_nix,
)
from dock2nix.emit.flake import inherited_arguments
from dock2nix.emit.node_modules import node_modules_expression
from dock2nix.emit.run_script import (
    helper_file,
    script_environment,
    script_line,
    stored_packages,
    tools_binding,
)
from dock2nix.extract.paths import matched
from dock2nix.model.downloads import ChangeTree, CheckFile, FetchFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    ContextSource,
    CopyFiles,
    CopyOutput,
    LeftOut,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    Remove,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    StoreFiles,
    Symlink,
    ToolPath,
    WriteFile,
)
from dock2nix.plan.links import merged
from dock2nix.plan.users import account_numbers
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.builds import StageBuild
    from dock2nix.model.image import Effect
    from dock2nix.model.plan import ImagePlan, Surroundings

_STORE_NAME = regex(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,200}")
# Folders in which files of packages stand: links into the store, which cannot be written through.
_OF_PACKAGES = frozenset({"", "bin", "etc", "include", "lib", "lib64", "libexec", "share"})
_OWN_COPY = ShellCode('[ ! -L {0} ] || install -m 644 "$(readlink -f {0})" {0}', ())
# The file with what an image on a published base is made by, and the way it looks owners up.
ON_BASE = "on-base.sh"
_OWNER = '"$(owner {0})"'
# The way from nix/stages/ to the flake's root.
UP = "../../"
_UNPACK = ("tar", "-x", "--keep-directory-symlink")
_UNLESS, _MISSING = (ShellCode("[", ()), ShellCode("! -e", ())), ShellCode("] ||", ())
_TOUCH = ShellCode("[ -e {0} ] || touch {0}", ())


class Binding(Struct, frozen=True, kw_only=True):
    """A name for a store path, defined above the image."""

    name: str
    comments: tuple[str, ...]
    value: object


def has_contents(plan: ImagePlan) -> bool:
    """Whether the image has anything beside the files that its script puts there."""
    around = plan.surroundings
    added = (around.accounts, around.bin_sh, around.certificates, around.usr_bin_env)
    return bool(plan.sections) or any(added)


def file_script(plan: ImagePlan) -> tuple[Script, tuple[Binding, ...]]:
    """The commands for `extraCommands` or `fakeRootCommands`, with what they refer to."""
    on_base = plan.kept is not None
    pen = _Pen(
        merged_usr=plan.surroundings.merged_usr,
        on_base=on_base,
        passed_on=inherited_arguments(plan),
        stored=stored_packages(plan),
    )
    if on_base:
        pen.unpack_base(programs=bool(plan.sections))
    pen.surround(plan.surroundings)
    copied = plan.builder == "buildImage" and has_contents(plan)
    if copied and any(pen.touches_packages(effect) for effect in plan.effects):
        pen.line("chmod", "-R", "u+w", ".", remark="what came with copyToRoot is read-only")
    helpers = helper_file(plan)
    if helpers is not None:
        comment = "How what has no translation runs as it stands: in the image, without network."
        pen.bindings.append(Binding(name="verbatim", comments=(comment,), value=helpers))
        pen.line(".", Interpolated((NixExpression("verbatim"),)))
    tools = tools_binding(plan)
    if tools is not None:
        pen.bindings.append(Binding(name="buildPackages", comments=(), value=tools))
    for effect in plan.effects:
        pen.write(effect)
    if on_base:
        pen.line("keep_changes")
    return Script(tuple(pen.lines)), tuple(pen.bindings)


def change_script(
    build: StageBuild, passed_on: str = "{ inherit pkgs; }"
) -> tuple[tuple[ShellLine, ...], tuple[Binding, ...]]:
    """The commands that change a build's files before it runs, in its folder, with what they refer to.

    Args:
        build: what is built.
        passed_on: what other builds are given, whose output it takes.
    """
    pen = _Pen(merged_usr=False, up=UP, stages="./", passed_on=passed_on)
    for effect in build.changes:
        pen.write(below(effect, build.directory))
    return tuple(pen.lines), tuple(pen.bindings)


def _comes_along(effect: Effect) -> bool:
    """Whether it is not the command itself that does it, but what it installs."""
    words = effect.text.split()
    return "FROM" in words[:1] or not {"add", "install"}.isdisjoint(words[1:6])


def _relative(path: str) -> str:
    relative = posixpath.normpath(path).lstrip("/") or "."
    return f"./{relative}" if relative.startswith("-") else relative


def _with_parents(path: str) -> list[str]:
    """`a/b` to `a`, `a/b`."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


class _Pen(Struct):
    """The script so far, with what is known of the image: folders and files that it made, and links.

    `on_base`: a published image is laid out in the folder that it runs in, accounts included. `up` leads from the file that it
    stands in to the flake's root, `stages` to the builds, which get `passed_on`. `stored`: see `stored_packages`.
    """

    merged_usr: bool
    on_base: bool = False
    up: str = "../"
    stages: str = "./stages/"
    passed_on: str = "{ inherit pkgs; }"
    stored: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    lines: list[ShellLine] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    made: set[str] = field(default_factory=lambda: {"."})
    written: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)

    def line(
        self,
        *words: str | Interpolated | ShellOperator | ShellPattern | ShellCode,
        remark: str = "",
    ) -> None:
        self.lines.append(ShellLine(words, remark))

    # --- what packages have ---

    def of_packages(self, path: str) -> bool:
        """Whether a package may have a file at this path."""
        if path in self.written:
            return False
        if self.on_base:
            return True
        place = merged(f"/{path}").lstrip("/") if self.merged_usr else path
        return place in {".", "usr"} or place.split("/")[0] in _OF_PACKAGES

    def touches_packages(self, effect: Effect) -> bool:
        """Whether an effect changes a folder that came with packages."""
        return any(self.of_packages(_relative(path)) for path in _touched(effect))

    def surround(self, around: Surroundings) -> None:
        """What every image of a distribution has."""
        if around.temporary_folder:
            self.line("mkdir", "-p", "-m", "1777", "tmp")
            self.made.add("tmp")
        if around.accounts:
            self.line("mkdir", "-p", "-m", "700", "root")
            self.made.add("root")
        folders = ["bin", "lib", "share", "usr"] if around.merged_usr else []
        folders += ["var/empty"] if around.accounts else []
        if folders:
            self.line("mkdir", "-p", *folders)
            self.made.update(("var", *folders))
        if around.merged_usr:
            self.line("ln", "-sfn", "bin", "sbin", remark="/usr/bin, /usr/sbin and /sbin are /bin")
            further = tuple(f"../{name}" for name in around.usr)
            self.line("ln", "-s", "-t", "usr", "../bin", "../lib", "../sbin", "../share", *further)
            self.made.update(("sbin", "usr/bin", "usr/lib", "usr/sbin", "usr/share"))
            self.made.update(f"usr/{name}" for name in around.usr)

    def unpack_base(self, *, programs: bool) -> None:
        """The published image that this one stands on, and the packages' programs in it."""
        self.line(".", Interpolated((NixExpression(f"./{ON_BASE}"),)))
        jq = Interpolated((NixExpression("pkgs.jq"), "/bin/jq"))
        self.line("unpack", Interpolated((NixExpression("base"),)), jq)
        if programs:
            self.line("add_programs", Interpolated((NixExpression("programs"),)))

    # --- accounts of a published image ---

    def account(self, effect: AddUser | AddGroup | RemoveAccount, remark: str) -> None:
        """A line of the base's own files; without a base, the image's files are written as a whole."""
        if not self.on_base:
            return
        if isinstance(effect, RemoveAccount):
            self.line("remove_account", effect.name, *(("group",) if effect.group else ()), remark=remark)
            return
        numbers = account_numbers(effect.text, system=effect.system)
        gid = "-" if effect.gid is None else str(effect.gid)
        if isinstance(effect, AddGroup):
            self.line("new_group", effect.name, gid, *numbers, remark=remark)
            joined = [(effect.name, member) for member in effect.members]
        else:
            uid = "-" if effect.uid is None else str(effect.uid)
            said = (effect.comment or "-", effect.home or "-", effect.shell or "-")
            self.line("new_user", effect.name, uid, effect.group or gid, *said, *numbers, remark=remark)
            joined = [(group, effect.name) for group in effect.groups]
        for group, member in joined:
            self.line("join_group", group, member)

    def owner_word(self, owner: str) -> str | ShellCode:
        """An owner as chown takes it."""
        numeric = all(part.isdecimal() for part in owner.split(":") if part) and not owner.endswith(":")
        return ShellCode(_OWNER, (owner,)) if self.on_base and not numeric else owner

    # --- effects ---

    def write(self, effect: Effect) -> None:
        remark = self.remark_on(effect)
        match effect:
            case WriteFile():
                self.file(effect, remark)
            case CopyFiles():
                self.copy(effect, remark)
            case NodeModules():
                self.node_modules(effect, remark)
            case Symlink():
                self.link(effect.target, effect.path, remark)
            case LinkProgram() | StoreFiles():
                self.from_package(effect, remark)
            case MakeDirectory():
                self.folder(effect, remark)
            case SetMode() | SetOwner() | Remove() | RunTool():
                self.change(effect, remark)
            case RunScript():
                self.script(effect, remark)
            case CopyOutput():
                self.output(effect, remark)
            case LeftOut():
                self.line(remark=f"UNRESOLVED {remark}")
            case FetchFile() | Unpack() | FetchTree():
                self.download(effect, remark)
            case AddUser() | AddGroup() | RemoveAccount():
                self.account(effect, remark)
            case CheckFile() | ChangeTree():
                pass
            case _:
                assert_never(effect)

    def remark_on(self, effect: Effect) -> str:
        """The line of the Dockerfile; of what a base image or a package brings only once."""
        remark = f"{effect.location.first_line}: {effect.text}"
        if remark == self.told and _comes_along(effect):
            return ""
        self.told = remark
        return remark

    def change(self, effect: SetMode | SetOwner | Remove | RunTool, remark: str) -> None:
        """Commands that work on what is there."""
        match effect:
            case SetMode():
                flags = ("-R",) if effect.recursive else ()
                self.line("chmod", *flags, effect.mode, _relative(effect.path), remark=remark)
            case SetOwner():
                path = _relative(effect.path)
                flags = ("-R",) if effect.recursive else ("-h",) if path in self.links else ()
                self.line("chown", *flags, self.owner_word(effect.owner), path, remark=remark)
            case Remove():
                self.remove(effect, remark)
            case RunTool():
                self.line(effect.program, *map(_tool_word, effect.words), remark=remark)
            case _:
                assert_never(effect)

    def remove(self, effect: Remove, remark: str) -> None:
        path = _relative(effect.path)
        self.line("rm", "-rf", ShellPattern(path) if effect.pattern else path, remark=remark)
        if effect.pattern:
            for folder in [one for one in self.made if one != "." and matched(effect.path, f"/{one}")]:
                self.forget(folder)
        else:
            self.forget(path)

    def forget(self, path: str) -> None:
        """What stood at or below a path is gone."""
        for known in (self.made, self.written, self.links):
            known.difference_update([one for one in known if one == path or one.startswith(f"{path}/")])

    def folder(self, effect: MakeDirectory, remark: str) -> None:
        mode = ("-m", effect.mode) if effect.mode else ()
        path = _relative(effect.path)
        if path not in self.made or mode:
            self.line("mkdir", "-p", *mode, path, remark=remark)
        self.made.update(_with_parents(path))

    def parent(self, path: str) -> None:
        """The folder that something is put into."""
        self.ensure(posixpath.dirname(path) or ".")

    def ensure(self, folder: str) -> None:
        if folder not in self.made:
            self.line("mkdir", "-p", folder)
        self.made.update(_with_parents(folder))

    def link(self, target: str | Interpolated, path: str, remark: str) -> None:
        path = _relative(path)
        self.parent(path)
        self.line("ln", "-sfn", target, path, remark=remark)
        self.written.discard(path)
        self.links.add(path)

    def from_package(self, effect: LinkProgram | StoreFiles, remark: str) -> None:
        """A link to what a package has, or a copy of it."""
        if isinstance(effect, LinkProgram):
            program = NixExpression(f"pkgs.{effect.attribute_path}")
            self.link(Interpolated((program, f"/bin/{effect.program}")), effect.path, remark)
            return
        package = NixExpression(f"{effect.source or 'pkgs'}.{effect.attribute_path}")
        if not effect.copied:
            self.link(Interpolated((package, f"/{effect.inside}")), effect.path, remark)
            return
        path = _relative(effect.path)
        if effect.copied == "file":
            self.parent(path)
            self.line(
                "install", "-m", "644", Interpolated((package, f"/{effect.inside}")), path, remark=remark
            )
            return
        self.ensure(path)
        inside = posixpath.normpath(posixpath.join("/", effect.inside)).rstrip("/")
        self.line("cp", "-r", Interpolated((package, f"{inside}/.")), path, remark=remark)
        self.line("chmod", "-R", "u+w", path)

    def bind(self, stem: str, effect: Effect, remark: str, value: object) -> NixExpression:
        """A new name for a store path, made of what it holds and the line that asks for it."""
        taken = {binding.name for binding in self.bindings}
        name, count = f"{stem}{effect.location.first_line}", 1
        while name in taken:
            count += 1
            name = f"{stem}{effect.location.first_line}_{count}"
        self.bindings.append(Binding(name=name, comments=(remark,) if remark else (), value=value))
        return NixExpression(name)

    # --- files ---

    def file(self, effect: WriteFile, remark: str) -> None:
        path = _relative(effect.path)
        self.parent(path)
        if effect.content:
            self.text(effect, path, remark)
        elif effect.append and self.of_packages(path):
            self.line(ShellCode(_TOUCH.template, (path,)), remark=remark)
        elif effect.append or not (effect.mode or path in self.written or self.of_packages(path)):
            self.line("touch", path, remark=remark)
        else:
            self.line("install", "-m", effect.mode or "644", "/dev/null", path, remark=remark)
        self.written.add(path)
        self.links.discard(path)

    def text(self, effect: WriteFile, path: str, remark: str) -> None:
        if effect.stored:
            text = Interpolated((NixExpression(f"./{effect.stored}"),))
            self.line("install", "-m", effect.mode or "644", text, path, remark=remark)
            return
        base = posixpath.basename(path)
        stored = base if _STORE_NAME.fullmatch(base) and base not in {".", ".."} else "file"
        value = NixExpression(f"pkgs.writeText {nix_string(stored)} {to_nix(Text(effect.content))}")
        reference = Interpolated((self.bind("file", effect, remark, value),))
        if not effect.append:
            self.line("install", "-m", effect.mode or "644", reference, path, remark=remark)
            return
        if self.of_packages(path):
            self.line(ShellCode(_OWN_COPY.template, (path,)), remark="a package's file is a link")
        self.line("cat", reference, ShellOperator(">>"), path, remark=remark)

    def copy(self, effect: CopyFiles, remark: str) -> None:
        copies = copies_of(effect, self.up)
        root = copies.root
        if copies.fileset:
            root = self.bind("context", effect, remark, NixExpression(copies.fileset))
        for one in copies.items:
            source = Interpolated(tuple(part for part in (root, one.inside) if part))
            if one.directory:
                self.tree(source, one, effect, remark)
            else:
                self.single(source, one, remark)
            self.written.update(_relative(path) for path in one.files)

    def single(self, source: Interpolated, one: Copied, remark: str) -> None:
        path = _relative(one.destination)
        self.parent(path)
        over = ("--remove-destination",) if self.of_packages(path) or path in self.links else ()
        self.line("cp", *over, source, path, remark=remark)
        self.line("chmod", "u+w", path)
        self.links.discard(path)

    def tree(self, source: Interpolated, one: Copied, effect: CopyFiles, remark: str) -> None:
        path = _relative(one.destination)
        if self.on_base and effect.owner:
            self.line("make_folder", path, self.owner_word(effect.owner))
        else:
            self.ensure(path)
        place = merged(f"/{path}") if self.merged_usr else path
        if effect.owner or (place in {"/.", "/usr", "."} and not one.files):
            self.archive(source, path, effect, remark)
            return
        over = ("--remove-destination",) if self.of_packages(path) else ()
        self.line("cp", "-r", *over, Interpolated((*source.parts, "/.")), path, remark=remark)
        self.line("chmod", "-R", "u+w", path)

    def archive(self, source: Interpolated, path: str, effect: CopyFiles, remark: str) -> None:
        """By tar, which gives owners to what it copies alone, and goes through links to folders (cp refuses them)."""
        user, _, group = effect.owner.partition(":")
        owner: tuple[str | ShellCode, ...] = (f"--owner={user}", f"--group={group or user}") if user else ()
        if self.on_base and user:
            words = ('--owner="$(user_of {0})"', '--group="$(group_of {0})"')
            owner = tuple(ShellCode(word, (effect.owner,)) for word in words)
        mode = f"--mode={effect.mode or 'u+w'}" if effect.owner else "--mode=u+w"
        into = ("-C", path) if path != "." else ()
        keep = "--no-overwrite-dir" if effect.owner else "--keep-directory-symlink"
        self.line(
            *("tar", "-C", source, *owner, mode, "-c", "."),
            ShellOperator("|"),
            *("tar", *into, "-x", keep),
            remark=remark,
        )

    # --- downloads ---

    def store(self, stem: str, effect: FetchFile | FetchTree, value: NixExpression) -> NixExpression:
        """A name for a download; the one that it has already when it is used twice."""
        known = next((one for one in self.bindings if one.value == value), None)
        remark = f"{effect.location.first_line}: {effect.text}"
        return NixExpression(known.name) if known else self.bind(stem, effect, remark, value)

    def download(self, effect: FetchFile | Unpack | FetchTree, remark: str) -> None:
        match effect:
            case FetchFile():
                self.fetched(effect, remark)
            case Unpack():
                self.unpacked(effect, remark)
            case FetchTree():
                self.sources(effect, remark)
            case _:
                assert_never(effect)

    def fetched(self, effect: FetchFile, remark: str) -> None:
        path = _relative(effect.path)
        self.parent(path)
        name = self.store("download", effect, file_expression(effect))
        parts = (name, f"/{stored_name(effect)}") if effect.code else (name,)
        self.line("install", "-m", effect.mode or "644", Interpolated(parts), path, remark=remark)
        self.written.add(path)
        self.links.discard(path)

    def unpacked(self, effect: Unpack, remark: str) -> None:
        path = _relative(effect.path)
        self.parent(path) if effect.single else self.ensure(path)
        code = effect.source.code if effect.source else None
        if effect.source and code and not effect.single:
            name = self.store("download", effect.source, unpacked_expression(effect, effect.source, code))
            folder = Copied(inside="", destination=effect.path, directory=True)
            copy = CopyFiles(sources=(), location=effect.location, text=effect.text)
            self.tree(Interpolated((name,)), folder, copy, remark)
            return
        archive = self.archive_of(effect, remark)
        if effect.single:
            self.line(*decompression(effect, archive, path), remark=remark)
            self.written.add(path)
            return
        place = merged(f"/{path}") if self.merged_usr else path
        through = place in {"/.", "/usr", "."}
        self.line(*unpacking(effect, archive, path, through_links=through), remark=remark)

    def archive_of(self, effect: Unpack, remark: str) -> str | Interpolated:
        """Where an archive is that is unpacked."""
        if effect.source:
            return Interpolated((self.store("download", effect.source, file_expression(effect.source)),))
        if not effect.context:
            return _relative(effect.archive)
        source = ContextSource(path=effect.context, destination="/", directory=False)
        copies = copies_of(CopyFiles(sources=(source,), location=effect.location, text=effect.text))
        root = (
            self.bind("context", effect, remark, NixExpression(copies.fileset))
            if copies.fileset
            else copies.root
        )
        return Interpolated(tuple(part for part in (root, copies.items[0].inside) if part))

    def sources(self, effect: FetchTree, remark: str) -> None:
        path = _relative(effect.path)
        self.ensure(path)
        name = self.store("source", effect, tree_expression(effect))
        self.line("cp", "-rT", Interpolated((name,)), path, remark=remark)
        self.line("chmod", "-R", "u+w", path)

    def output(self, effect: CopyOutput, remark: str) -> None:
        """What a build has made: copied, since it may be changed, and its owner too."""
        path = _relative(effect.path)
        self.ensure(path if effect.folder or effect.into else posixpath.dirname(path) or ".")
        place = ShellPattern(effect.place) if effect.pattern else effect.place
        end = ("/.",) if effect.folder else ()
        source = Interpolated((self.stage(effect.build, remark), "/", place, *end))
        if effect.folder and (merged(f"/{path}") if self.merged_usr else path) in {"/.", "/usr", "."}:
            inside = (f"/{effect.place}",) if effect.place else ()
            tree = Interpolated((self.stage(effect.build, remark), *inside))
            self.line("tar", "-C", tree, "--mode=u+w", "-c", ".", ShellOperator("|"), *_UNPACK, remark=remark)
            return
        over = ("--remove-destination",) if self.of_packages(path) or path in self.links else ()
        recursive = ("-r",) if effect.folder or effect.pattern else ()
        self.line(*_if_there(source, effect), "cp", *recursive, *over, source, path, remark=remark)
        self.line(*_if_there(path, effect), "chmod", *(("-R",) if recursive else ()), "u+w", path)
        self.links.discard(path)
        if not (effect.folder or effect.into):
            self.written.add(path)

    def stage(self, build: StageBuild, remark: str) -> NixExpression:
        """The name of a build, defined where it is first used."""
        name = f"stage-{build.name}"
        if all(binding.name != name for binding in self.bindings):
            value = NixExpression(f"import {self.stages}{build.name}.nix {self.passed_on}")
            self.bindings.append(Binding(name=name, comments=(remark,), value=value))
        return NixExpression(name)

    def node_modules(self, effect: NodeModules, remark: str) -> None:
        path = _relative(effect.path)
        self.parent(path)
        self.made.add(path)
        name = self.bind("nodeModules", effect, remark, node_modules_expression(effect))
        self.line("cp", "-rT", Interpolated((name, "/node_modules")), path, remark=remark)
        self.line("chmod", "-R", "u+w", path)

    # --- what runs verbatim ---

    def script(self, effect: RunScript, remark: str) -> None:
        """One run; scripts with the same variables share them."""
        variables = NixExpression(script_environment(effect, self.stored))
        same = (one for one in self.bindings if one.value == variables)
        shared = next(same, None)
        name = NixExpression(shared.name) if shared else self.bind("environment", effect, "", variables)
        self.line(remark=remark)
        code = _OWNER if self.on_base else "{0}"
        self.lines.append(
            script_line(effect, name, lambda value: self.bind("script", effect, remark, value), code)
        )


def below(effect: Effect, folder: str) -> Effect:
    """An effect on files of a folder, with paths as they are seen from there."""
    match effect:
        case CopyFiles():
            sources = tuple(
                replace(one, destination=_seen_from(folder, one.destination)) for one in effect.sources
            )
            return replace(effect, sources=sources)
        case RunTool():
            words = tuple(
                replace(word, path=_seen_from(folder, word.path)) if isinstance(word, ToolPath) else word
                for word in effect.words
            )
            return replace(effect, words=words)
        case WriteFile() | Symlink() | Remove() | CopyOutput():
            return replace(effect, path=_seen_from(folder, effect.path))
        case _:
            return effect


def _seen_from(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join("/", posixpath.relpath(path, folder)))


def _touched(effect: Effect) -> tuple[str, ...]:
    """The paths that an effect changes."""
    match effect:
        case CopyFiles():
            return tuple(source.destination for source in effect.sources)
        case RunTool():
            return tuple(word.path for word in effect.words if isinstance(word, ToolPath))
        case AddUser() | AddGroup() | RemoveAccount() | LeftOut() | RunScript():
            return ()
        case _:
            return (effect.path,)


def _if_there(path: str | Interpolated, effect: CopyOutput) -> tuple[str | Interpolated | ShellCode, ...]:
    """The words in front of a command that works on what only may be there."""
    return (*_UNLESS, path, _MISSING) if effect.optional else ()


def _tool_word(word: str | ToolPath) -> str | ShellPattern:
    if isinstance(word, str):
        return word
    return ShellPattern(_relative(word.path)) if word.pattern else _relative(word.path)
