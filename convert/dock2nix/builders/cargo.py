"""`cargo build` and `cargo install --path`: rustPlatform.buildRustPackage (nixpkgs manual, "Rust")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from dock2nix.builders.base import (
    Built,
    Flags,
    Refusal,
    absolute,
    nearest,
    option_table,
    program_of,
    read_flags,
    texts,
    variable,
)
from dock2nix.model.builds import CargoRecipe
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    from dock2nix.builders.base import StageFolder, Work
    from dock2nix.model.shell import Invocation

IN_PLACE = False
BY_TREE = False
BY_FOLDER = True
PROGRAMS = frozenset({"cargo", "rustup", "rustc"})

_OPTIONS = option_table(
    "release r locked frozen offline v vv verbose q quiet all-features no-default-features workspace all bins force f "
    "no-track keep-going",
    "bin features F package p target manifest-path target-dir j jobs profile path root color message-format",
)
_WITHOUT_EFFECT = frozenset(
    [
        "release",
        "r",
        "locked",
        "frozen",
        "offline",
        "v",
        "vv",
        "verbose",
        "q",
        "quiet",
        "j",
        "jobs",
        "color",
        "message-format",
        "path",
        "root",
        "target",
        "bin",
        "bins",
        "features",
        "F",
        "no-default-features",
        "all-features",
        "package",
        "p",
        "workspace",
        "all",
        "force",
        "f",
        "no-track",
        "keep-going",
        "manifest-path",
    ]
)
# What only looks or downloads, and the empty crate that is built first for the sake of its dependencies.
_WITHOUT_RESULT = frozenset(
    {
        "--version",
        "-V",
        "version",
        "fetch",
        "check",
        "clippy",
        "fmt",
        "clean",
        "tree",
        "metadata",
        "new",
        "init",
    }
)
# Crates that link to a library of the system, which the rust images have without being asked.
_LINKED = {
    "libdbus-sys": ("dbus", ""),
    "libmysqlclient-sys": ("libmysqlclient", ""),
    "openssl-sys": ("openssl", "openssl-src"),
    "pq-sys": ("libpq", "pq-src"),
}
_OF_THIS_PROCESSOR = (
    (
        "D2N111",
        "RUSTFLAGS has target-cpu=native: the program is for processors like that of the machine that builds it",
        "name a processor (-C target-cpu=x86-64-v3), so that every machine builds the same",
    ),
)


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The crate that is built; the same command twice (to have its dependencies in a layer of their own) is one."""
    found: list[Built] = []
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        if program_of(run) == "rustup" and words[:2] in (["target", "add"], ["component", "add"]):
            continue
        if program_of(run) != "cargo":
            return Refusal(f"{program_of(run)} is not translated yet", run)
        if words and words[0] in _WITHOUT_RESULT:
            continue
        built = _call(words, run, work)
        if isinstance(built, Refusal):
            return built
        found = [one for one in found if not _replaces(built, one)] + [built]
    if len(found) > 1:
        return Refusal("it builds several crates, or one in several ways", work.calls[-1])
    return tuple(found)


def _replaces(new: Built, old: Built) -> bool:
    """Whether a build leaves nothing of an earlier one: all of the same crate, in the same folder."""
    if new.recipe == old.recipe:
        return True
    assert isinstance(new.recipe, CargoRecipe)  # noqa: S101 - for the type checker: `_call` makes no other
    chosen = {"--bin", "--package"} & set(new.recipe.flags)
    return not chosen and new.directory == old.directory and set(old.products) <= set(new.products)


def _call(words: list[str], run: Invocation, work: Work) -> Built | Refusal:
    verb = words[0] if words else ""
    if verb not in {"build", "b", "install"}:
        return Refusal(f"cargo {verb} is not translated yet", run)
    flags = read_flags(words[1:], _OPTIONS)
    refusal = _objection(verb, flags, run, work)
    if refusal:
        return refusal
    folder = absolute(
        (flags.values("path") or ("",))[-1] if verb == "install" else _manifest_folder(flags), run
    )
    root = nearest("Cargo.lock", folder, work.files)
    origin = work.files.origin(posixpath.join(root, "Cargo.lock")) if root else None
    if root is None or origin is None:
        return Refusal("there is no Cargo.lock: what its dependencies are is not pinned", run)
    packages = _packages(work.files, root)
    if packages is None:
        return Refusal("Cargo.lock is no TOML", run)
    crate = posixpath.relpath(folder, root)
    return Built(
        recipe=_recipe(flags, packages, origin, "" if crate == "." else crate, verb),
        directory=root,
        products=_products(verb, flags, root, run, packages),
        problems=_OF_THIS_PROCESSOR if "target-cpu=native" in (variable(run, "RUSTFLAGS") or "") else (),
        state="\n".join(sorted(_git_sources(packages))),
    )


def _manifest_folder(flags: Flags) -> str:
    return posixpath.dirname((flags.values("manifest-path") or ("",))[-1]) or "."


def _objection(verb: str, flags: Flags, run: Invocation, work: Work) -> Refusal | None:
    if flags.unknown:
        return Refusal(f"its option {flags.unknown} is not known", run)
    for name, _ in flags.given:
        if name not in _WITHOUT_EFFECT:
            return Refusal(f"its option --{name} is not translated yet", run)
    if verb == "install" and (flags.operands or not flags.has("path")):
        return Refusal("installs crates of a registry, which are not in Cargo.lock", run)
    for name in ("CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"):
        if variable(run, name):
            return Refusal(f"{name} is set, which is not translated yet", run)
    cpu = {"amd64": "x86_64", "arm64": "aarch64"}.get(work.platform.split("/")[1], "")
    for target in flags.values("target"):
        if not (target.startswith(f"{cpu}-") and "-linux-" in target):
            return Refusal(f"is for another system: {target}", run)
    return None


def _packages(files: StageFolder, root: str) -> list[dict[str, Any]] | None:
    import tomli  # noqa: PLC0415 - needed for few Dockerfiles

    try:
        lock = tomli.loads(files.read(posixpath.join(root, "Cargo.lock")) or "")
    except (tomli.TOMLDecodeError, RecursionError):
        return None
    found = lock.get("package", [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def _git_sources(packages: list[dict[str, Any]]) -> set[str]:
    """The repositories that crates come from, with their commits."""
    return {source for one in packages if (source := str(one.get("source", ""))).startswith("git+")}


def _recipe(flags: Flags, packages: list[dict[str, Any]], lock: str, crate: str, verb: str) -> CargoRecipe:
    names = {str(one.get("name", "")) for one in packages}
    libraries = sorted(
        library for crates, (library, own) in _LINKED.items() if crates in names and own not in names
    )
    chosen = [
        word
        for name in ("bin", "package", "p")
        for value in flags.values(name)
        for word in _long(name, value)
    ]
    chosen += [f"--{name}" for name in ("workspace", "bins", "all-features") if flags.has(name)]
    features = ",".join(flags.values("features", "F")).replace(" ", ",").split(",")
    return CargoRecipe(
        lock=lock,
        crate=crate,
        git=tuple(
            sorted(
                f"{one.get('name')}-{one.get('version')}"
                for one in packages
                if str(one.get("source", "")).startswith("git+")
            )
        ),
        features=tuple(feature for feature in features if feature),
        default_features=not flags.has("no-default-features"),
        flags=tuple(chosen),
        debug=verb != "install" and not flags.has("release", "r"),
        libraries=tuple(AttributePath(library) for library in libraries),
        tools=(AttributePath("pkg-config"),) if libraries else (),
    )


def _long(name: str, value: str) -> tuple[str, str]:
    return f"--{'package' if name == 'p' else name}", value


def _products(
    verb: str, flags: Flags, root: str, run: Invocation, packages: list[dict[str, Any]]
) -> tuple[tuple[str, str], ...]:
    """The folder that the programs are put into, which cargo names after the crates."""
    if verb == "install":
        home = variable(run, "CARGO_HOME") or "/usr/local/cargo"
        place = posixpath.join(absolute((flags.values("root") or (home,))[-1], run), "bin")
    else:
        kind = "release" if flags.has("release", "r") else "debug"
        place = posixpath.join(root, "target", *flags.values("target")[-1:], kind)
    own = sorted({str(one["name"]) for one in packages if "source" not in one and "name" in one})
    named = [*flags.values("bin")] or own
    return ((f"{place}/", "bin/"), *((posixpath.join(place, name), f"bin/{name}") for name in named))
