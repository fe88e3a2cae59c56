"""`go build` and `go install` of a module in the build context: buildGoModule (nixpkgs manual, "Go")."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.builders.base import (
    Built,
    Refusal,
    absolute,
    is_inside,
    nearest,
    option_table,
    program_of,
    read_flags,
    texts_with_unset,
    unset_problems,
    variable,
)
from dock2nix.model.builds import GoRecipe
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.builders.base import Flags, StageFolder, Work
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.shell import Invocation

IN_PLACE = False
BY_TREE = False
BY_FOLDER = True
PROGRAMS = frozenset({"go", "gofmt", "golangci-lint", "golint", "staticcheck"})

# `go help build`: what has no influence on the program, and what has.
_SWITCHES = (
    "a v x n i race msan asan trimpath modcacherw linkshared buildvcs json work cover ldflags= compiler="
)
_VALUED = "o p asmflags buildmode gcflags gccgoflags installsuffix ldflags mod modfile overlay pgo pkgdir tags toolexec C"
_OPTIONS = option_table(_SWITCHES, _VALUED)
_WITHOUT_EFFECT = frozenset(
    {"a", "v", "x", "i", "trimpath", "modcacherw", "buildvcs", "work", "p", "installsuffix", "mod", "pkgdir"}
)
_UNDERSTOOD = _WITHOUT_EFFECT | {"o", "ldflags", "tags", "gcflags", "asmflags"}
_LOOKS_ONLY = frozenset({"version", "env", "list", "vet", "fmt", "doc", "help", "clean"})
_MODULE_FILES = frozenset({"mod", "get", "work"})
# Variables that change what is built; the others of Go say where it looks for things.
_PASSED_ON = frozenset(
    {
        *("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS"),
        *("GO386", "GOAMD64", "GOARM", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOMIPS"),
    }
)
_LDFLAG = regex(r"'[^']*'|\"[^\"]*\"|\S")
_IMPORTS = regex(r"^import\s*(?:\(([^)]*)\)|[\w.]*\s*(\"[^\"\n]*\"|`[^`\n]*`))", re.MULTILINE)
_QUOTED = regex(r"[\"`]([^\"`\n]+)[\"`]")
_COMPILERS = frozenset({"build-base", "build-essential", "clang", "gcc", "g++", "musl-dev"})
_MODULE = regex(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_REQUIRES = regex(r"^require\s*(?:\(\s*(?!\s*\))|\S+\s+v)", re.MULTILINE)
_VERSION = regex(r"^(?:go|toolchain)\s+(?:go)?([0-9]+(?:\.[0-9]+)*)", re.MULTILINE)
_MAJOR = regex(r"v[0-9]+")
_PLAIN = regex(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class _Module(Struct, frozen=True, kw_only=True):
    """`path` is its import path; `folder` where its go.mod is; `made` for one that has none. `asks` is the version of Go
    that it needs.
    """

    path: str
    folder: str
    made: bool
    dependencies: bool
    state: str
    asks: tuple[int, ...] = ()


class _Program(Struct, frozen=True, kw_only=True):
    """One program: its folder in the module, where the stage finds it, and how it is built."""

    module: _Module
    package: str
    product: str
    settings: tuple[object, ...]


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The modules that are built, one derivation for each way to build."""
    compiler = _compiler(work)
    if isinstance(compiler, Refusal):
        return compiler
    programs: list[_Program] = []
    tested = False
    unset: list[str] = []
    for run in work.calls:
        known = texts_with_unset(run, work.unset)
        if known is None:
            return Refusal("a word of it cannot be known without running something", run)
        words = known[0]
        unset += known[1]
        if program_of(run) != "go" or not words or words[0] in _LOOKS_ONLY:
            continue
        if words[0] == "test":
            if "-c" in words:
                return Refusal("go test -c makes a program of the tests, which is not translated yet", run)
            tested = True
            continue
        called = _call(words, run, work, compiler)
        if isinstance(called, Refusal):
            return called
        programs += called
    found = _derivations(programs, compiler, tested=tested)
    if isinstance(found, Refusal):
        return found
    return tuple(replace(one, problems=(*one.problems, *unset_problems(unset))) for one in found)


class _Compiler(Struct, frozen=True, kw_only=True):
    """The compiler: None for nixpkgs' own, or one of an old release. `cgo`: whether the image has a C compiler, which switches cgo on."""

    go: AttributePath | None
    channel: str = ""
    cgo: bool


def _compiler(work: Work) -> _Compiler | Refusal:
    base = work.base
    has_compiler = bool(base and "gcc" in base.packages) or not _COMPILERS.isdisjoint(work.installed)
    if base is None or base.language != "go" or base.interpreter is None:
        if work.installed.isdisjoint({"go", "golang", "golang-go"}):
            return Refusal("which Go builds it is not known")
        return _Compiler(go=None, cgo=has_compiler)
    return _Compiler(go=base.interpreter, channel=base.channel, cgo=has_compiler)


# --- commands ----------------------------------------------------------------------------------------------------------------


def _call(words: list[str], run: Invocation, work: Work, compiler: _Compiler) -> list[_Program] | Refusal:
    verb, rest = words[0], words[1:]
    if verb in _MODULE_FILES:
        return _module_files(verb, rest, run, work.files)
    if verb not in {"build", "install"}:
        return Refusal(f"go {verb} is not translated yet", run)
    flags = read_flags(rest, _OPTIONS)
    refusal = _objection(flags, run, work)
    if refusal:
        return refusal
    packages = [_package(one, run, work.files) for one in _grouped(flags.operands)]
    for one in packages:
        if isinstance(one, Refusal):
            return one
    found = [one for one in packages if not isinstance(one, Refusal)]
    products = _products(verb, flags, found, run)
    settings = _settings(flags, run, compiler)
    if products is None:
        return []
    return [
        _Program(module=module, package=package, product=product, settings=settings)
        for (module, package), product in zip(found, products, strict=True)
    ]


def _module_files(
    verb: str, words: list[str], run: Invocation, files: StageFolder
) -> list[_Program] | Refusal:
    """`go mod download` and its kin do nothing when the lock is complete; anything else changes the project."""
    quiet = (verb == "mod" and words[:1] in (["download"], ["verify"], ["tidy"], ["vendor"], ["graph"])) or (
        verb == "get" and {"./...", "."} & set(words) and "-u" not in words
    )
    if not quiet:
        return Refusal(f"go {verb} {' '.join(words)[:40]} is not translated yet".replace("  ", " "), run)
    folder = nearest("go.mod", run.directory or "/", files)
    return _lockless(folder, run, files) or []


def _lockless(folder: str | None, run: Invocation, files: StageFolder) -> Refusal | None:
    """Why a module's dependencies are not pinned."""
    text = files.read(posixpath.join(folder, "go.mod")) if folder else None
    if not folder or not text or not _REQUIRES.search(text):
        return None
    pinned = any(
        files.read(posixpath.join(folder, name)) is not None for name in ("go.sum", "vendor/modules.txt")
    )
    return None if pinned else Refusal("go.sum is missing: what its dependencies are is not pinned", run)


def _objection(flags: Flags, run: Invocation, work: Work) -> Refusal | None:
    if flags.unknown:
        return Refusal(f"its option {flags.unknown} is not known", run)
    for name, value in flags.given:
        blank = name in {"asmflags", "gcflags"} and " " in value
        if blank or (name not in _UNDERSTOOD and value not in {"default", "auto"}):
            return Refusal(f"its option -{name} is not translated yet", run)
    system, cpu = variable(run, "GOOS"), variable(run, "GOARCH")
    own = work.platform.split("/")[1]
    if system not in {None, "", "linux"} or cpu not in {None, "", own}:
        return Refusal(f"is for another system: {system or 'linux'}/{cpu or own}", run)
    if variable(run, "GO111MODULE") == "off":
        return Refusal("builds outside of a module, with what GOPATH holds", run)
    known = {"", "-mod=vendor", "-mod=mod", "-mod=readonly", "-trimpath", "-buildvcs=false", "-v"}
    if not set((variable(run, "GOFLAGS") or "").split()) <= known:
        return Refusal("GOFLAGS is set, which is not translated yet", run)
    return None


def _settings(flags: Flags, run: Invocation, compiler: _Compiler) -> tuple[object, ...]:
    """How a program is built: calls that agree in it are one derivation."""
    ldflags = tuple(part for value in flags.values("ldflags")[-1:] for part in _linker_flags(value))
    tags = tuple(tag for value in flags.values("tags")[-1:] for tag in re.split(r"[,\s]+", value) if tag)
    compiled = tuple(
        f"-{name}={value}" for name in ("asmflags", "gcflags") for value in flags.values(name)[-1:] if value
    )
    environment = tuple((name, value) for name in sorted(_PASSED_ON) if (value := variable(run, name)))
    return ldflags, tags, compiled, _cgo(variable(run, "CGO_ENABLED") or "", compiler), environment


def _linker_flags(text: str) -> list[str]:
    """`-s -w -X 'main.v=1 2'` as flags, each with its value, quotes kept: Go takes them off."""
    words, word, last = [], "", 0
    for part in _LDFLAG.finditer(text):
        if part.start() > last and word:
            words.append(word)
            word = ""
        word, last = word + part[0], part.end()
    words += [word] if word else []
    joined: list[str] = []
    for one in words:
        takes_value = joined and joined[-1] in {"-X", "-extldflags", "-linkmode", "--X", "-extld", "-I", "-r"}
        if takes_value:
            joined[-1] = f"{joined[-1]} {one}"
        else:
            joined.append(one)
    return joined


# --- packages and what is made of them -----------------------------------------------------------------------------------------


def _grouped(operands: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Each package; files are one package together, and nothing named is the current folder."""
    if not operands:
        return [(".",)]
    if all(one.endswith(".go") for one in operands):
        return [operands]
    return [(one,) for one in operands]


def _package(operand: tuple[str, ...], run: Invocation, files: StageFolder) -> tuple[_Module, str] | Refusal:
    """A package as its module and its folder in that, `...` for all below the folder."""
    first = operand[0]
    listed = first.endswith(".go")
    everything = first == "..." or first.endswith("/...")
    folder = absolute(posixpath.dirname(first) if listed or everything else first, run)
    module = _module_of(folder, run, files)
    if isinstance(module, Refusal):
        return module
    if not (listed or first.startswith((".", "/"))):
        if "@" in first or not is_inside(f"/{first}", f"/{module.path}"):
            return Refusal(f"{first} is no package of this module", run)
        folder = normal_path(posixpath.join(module.folder, first[len(module.path) :].strip("/")))
    if listed and _others(operand, folder, files):
        return Refusal("it leaves files of the package out", run)
    if everything:
        return module, "..."
    return module, posixpath.relpath(folder, module.folder)


def _module_of(folder: str, run: Invocation, files: StageFolder) -> _Module | Refusal:
    root = nearest("go.mod", folder, files) or nearest("go.mod", run.directory or "/", files)
    if root is None:
        return _made_module(folder, run, files)
    text = files.read(posixpath.join(root, "go.mod")) or ""
    path = _MODULE.search(text)
    if path is None:
        return Refusal("go.mod names no module", run)
    refusal = _lockless(root, run, files)
    if refusal:
        return refusal
    vendored = files.read(posixpath.join(root, "vendor/modules.txt")) is not None
    lock = files.read(posixpath.join(root, "go.sum")) or ""
    return _Module(
        path=path[1],
        folder=root,
        made=False,
        dependencies=not vendored and _REQUIRES.search(text) is not None,
        state=f"{text}\0{lock}",
        asks=max((tuple(map(int, one.split("."))) for one in _VERSION.findall(text)), default=()),
    )


def _made_module(folder: str, run: Invocation, files: StageFolder) -> _Module | Refusal:
    """Files without go.mod, of which Go made programs before 1.22 when they import nothing but its own packages."""
    sources = [name for name in files.names(folder) if name.endswith(".go")]
    if not sources:
        return Refusal("there is no go.mod, and no source of Go in that folder", run)
    foreign = sorted({one for name in sources for one in _foreign_imports(folder, name, files)})
    if foreign:
        return Refusal(f"there is no go.mod that says which version of {foreign[0]} it takes", run)
    return _Module(path="", folder=folder, made=True, dependencies=False, state="")


def _foreign_imports(folder: str, name: str, files: StageFolder) -> Iterable[str]:
    text = files.read(posixpath.join(folder, name)) or ""
    for found in _IMPORTS.finditer(text):
        for one in _QUOTED.findall(found[1] or found[2]):
            if "." in one.partition("/")[0]:
                yield one


def _others(operand: tuple[str, ...], folder: str, files: StageFolder) -> bool:
    """Whether the folder has more sources than those that are named."""
    there = {name for name in files.names(folder) if name.endswith(".go") and not name.endswith("_test.go")}
    return there != {posixpath.basename(one) for one in operand}


def _products(
    verb: str, flags: Flags, packages: list[tuple[_Module, str]], run: Invocation
) -> list[str] | None:
    """Where the programs come to stand; None when the command only checks that all compiles."""
    everything = any(package == "..." for _, package in packages)
    outputs = flags.values("o")
    if verb == "install":
        folder = variable(run, "GOBIN") or posixpath.join(variable(run, "GOPATH") or "/root/go", "bin")
        return [posixpath.join(folder, _binary(*one, run)) for one in packages]
    if not outputs:
        if everything or len(packages) > 1:
            return None
        listed = [one for one in flags.operands if one.endswith(".go")]
        name = posixpath.basename(listed[0]).removesuffix(".go") if listed else _binary(*packages[0], run)
        return [absolute(name, run)]
    place = absolute(outputs[-1], run)
    if outputs[-1].endswith("/") or len(packages) > 1 or everything or outputs[-1] == ".":
        return [posixpath.join(place, _binary(*one, run)) for one in packages]
    return [place]


def _binary(module: _Module, package: str, run: Invocation) -> str:
    """The name that Go gives a program: the last part of its import path that is no major version."""
    if module.made and package == ".":
        return posixpath.basename(run.directory or "") or "main"
    return _last_part(module.path, package)


def _last_part(module: str, package: str) -> str:
    parts = normal_path(posixpath.join(module, package)).split("/")
    return parts[-2] if _MAJOR.fullmatch(parts[-1]) and len(parts) > 1 else parts[-1]


# --- derivations ---------------------------------------------------------------------------------------------------------------


def _derivations(
    programs: list[_Program], compiler: _Compiler, *, tested: bool
) -> tuple[Built, ...] | Refusal:
    """One for each module and way to build; each package once in it."""
    groups: dict[tuple[str, tuple[object, ...]], list[_Program]] = {}
    for one in programs:
        if one.package == "...":
            return Refusal("it builds all packages below a folder: which programs that makes is not known")
        groups.setdefault((one.module.folder, one.settings), []).append(one)
    found: list[Built] = []
    for group in groups.values():
        built = _derivation(group, compiler, tested=tested)
        if isinstance(built, Refusal):
            return built
        found.append(built)
    return tuple(found)


def _derivation(group: list[_Program], compiler: _Compiler, *, tested: bool) -> Built | Refusal:
    module = group[0].module
    ldflags, tags, flags, cgo, environment = group[0].settings
    init = _init_name(group) if module.made else ""
    products = tuple((one.product, f"bin/{_name(one, init)}") for one in group)
    packages = tuple(dict.fromkeys(one.package for one in group))
    if len({place for _, place in products}) < len(packages):
        return Refusal("two of its programs have the same name")
    return Built(
        recipe=GoRecipe(
            go=compiler.go,
            channel=compiler.channel,
            packages=packages,
            ldflags=ldflags,  # type: ignore[arg-type] # as `_settings` has put them together
            tags=tags,  # type: ignore[arg-type]
            flags=flags,  # type: ignore[arg-type]
            cgo=cgo,  # type: ignore[arg-type]
            init=init,
            dependencies=module.dependencies,
            asks=module.asks,
            tests=tested,
        ),
        directory=module.folder,
        products=products,
        environment=environment,  # type: ignore[arg-type]
        suffix=posixpath.basename(group[0].product),
        state=module.state if module.dependencies else "",
    )


def _cgo(value: str, compiler: _Compiler) -> bool | None:
    """False when cgo is off, which Go does by itself where it finds no C compiler; None leaves it on."""
    on = value == "1" if value in {"0", "1"} else compiler.cgo
    return None if on else False


def _init_name(group: list[_Program]) -> str:
    name = posixpath.basename(group[0].product)
    return name if _PLAIN.fullmatch(name) else "main"


def _name(program: _Program, init: str) -> str:
    if init and program.package == ".":
        return init
    return _last_part(program.module.path or init, program.package)
