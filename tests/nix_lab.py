"""Real Nix in the tests: finds it, gives it a package set, and lets it judge the flakes that dock2nix writes.

Nix comes from `scripts/get-nix .nix` (two versions), else from PATH. All it writes is in `.nix/`: each version has a store
of its own there, so nothing touches /nix, the user's home or the machine's settings. Nothing goes to the network.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from downloads import FOLDER, downloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dock2nix.catalogue.base import Attribute

TESTS = Path(__file__).parent
STATE = (TESTS.parent / ".nix").resolve()  # Nix takes no store behind a link
DEBIAN = STATE / "debian"
# Tests that run side by side begin a new store at the same moment, and Nix does not wait for the other to have made its database.
_BUSY, _PAUSES = "sqlite' is busy", (0.2, 0.5, 1.0, 2.0, 4.0)
NO_NIX = "no Nix here: `make nix` gets it on Debian as root, and one on PATH would do too"
MAPPINGS = TESTS.parent / "mappings"
PACKAGE_SET = TESTS / "nixpkgs"

_NOWHERE = "http://127.0.0.1:9"  # the discard port: whoever asks the network is refused at once
_NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), _NOWHERE)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_'+-]*"  # quoted ones too, which may start with a digit
_DOTTED_NAMES = re.compile(rf"{_NAME}(?:\.{_NAME})*")
# interpreter, its set of modules, a module that every such set has, the set that is asked when the index lacks it
_MODULE_SETS = (
    (r"(python3\d*)", r"\1Packages", "pip", "python313Packages"),
    (r"(perl\d*)", r"\1Packages", "DBI", "perlPackages"),
    (r"ruby((?:_\d)*)", r"rubyPackages\1", "nokogiri", "rubyPackages"),
    (r"(php\d*)", r"\1Packages", "composer", "php84Packages"),
    (r"(php\d*)", r"\1Extensions", "redis", "php84Extensions"),
    (r"postgresql_?(\d*)", r"postgresql\1Packages", "postgis", "postgresql17Packages"),
)
_DRV_PATHS = "builtins.mapAttrs (system: builtins.mapAttrs (name: output: output.drvPath))"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """What the package set needs to know of a package; `outputs` are all it has, `unfree` ones must be allowed."""

    pname: str
    version: str
    outputs: tuple[str, ...] = ("out",)
    main_program: str = ""
    programs: tuple[str, ...] = ()
    unfree: bool = False

    @classmethod
    def of(cls, attribute: Attribute, *, unfree: bool = False) -> StandIn:
        """The stand-in of an attribute of the package index."""
        return cls(
            pname=attribute.pname,
            version=attribute.version,
            outputs=attribute.outputs,
            main_program=attribute.main_program,
            programs=attribute.programs,
            unfree=unfree,
        )

    def node(self) -> dict[str, Any]:
        """As tests/nixpkgs/packages.nix reads it."""
        return {
            "pname": self.pname,
            "version": self.version,
            "outputs": list(self.outputs),
            "mainProgram": self.main_program,
            "programs": list(self.programs),
            "unfree": self.unfree,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Nix:
    """One version of Nix. `binaries` is the folder of its programs, `home` where its store and caches are."""

    name: str
    version: tuple[int, ...]
    binaries: Path
    home: Path

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of its programs to the end.

        Returns:
            What it printed on standard output.

        Raises:
            AssertionError: it failed; the message is Nix's own, behind the command.

        """
        command = [str(self.binaries / program), *map(str, arguments)]
        (self.home / "home").mkdir(parents=True, exist_ok=True)
        for pause in (*_PAUSES, 0.0):
            done = subprocess.run(
                command,
                env=self._environment(),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            if not done.returncode or _BUSY not in done.stderr:
                break
            time.sleep(pause)
        if done.returncode:
            raise AssertionError(f"{self.name}: {' '.join(command)}\n{done.stderr.strip()}")
        return done.stdout

    def evaluate(self, expression: str) -> str:
        """The value of a Nix expression, fully evaluated, as JSON text; what it puts into the store is there afterwards."""
        return self.run(
            "nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode", "--expr", expression
        )

    def _settings(self) -> Iterator[str]:
        """Settings that nix.conf cannot have, because they are paths of this machine."""
        hook = self.binaries / "build-remote"
        if hook.exists():
            yield f"build-hook = {hook}"
        # builders see the programs of the small Debian system of `get-nix`, and nothing of this machine
        visible = [f"/{name}={DEBIAN / name}" for name in ("bin", "lib", "lib64", "usr") if DEBIAN.exists()]
        yield f"sandbox-paths = {' '.join(visible)}"

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.home / "home"),
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "NIX_CONF_DIR": str(TESTS / "nix" / "conf"),
            "NIX_USER_CONF_FILES": os.devnull,
            "NIX_REMOTE": str(self.home / "store"),
            # shared by all versions: it is where they agree on which of them uses which build user
            "NIX_STATE_DIR": str(self.home.parent / "state"),
            "NIX_LOG_DIR": str(self.home / "log"),
            "NIX_PATH": "",
            "NIX_CONFIG": "\n".join(self._settings()),
            **({} if os.environ.get("DOCK2NIX_NIXPKGS") else _NO_NETWORK),
        }


@cache
def why_no_builds() -> str:
    """Why this machine cannot build in Nix's sandbox, "" when it can. Without the sandbox nothing is ever built."""
    if not DEBIAN.exists():
        return "nothing to build with: `make nix` gets it on Debian as root"
    if not (DEBIAN / "packages").exists():
        return "what there is to build with is an older one: `make nix` gets it anew"
    if not available_nixes():
        return NO_NIX
    trial = 'derivation { name = "trial"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo > $out" ]; }'
    try:
        available_nixes()[-1].run("nix-build", "--no-out-link", "--expr", trial)
    except AssertionError as error:
        if "sandbox" not in str(error):
            raise
        return "Nix's sandbox needs kernel namespaces, which this machine (a container?) does not give"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What Nix made of a flake: derivations by `packages.SYSTEM.NAME` and the like, and seconds by step."""

    derivations: Mapping[str, str]
    seconds: Mapping[str, float]


@dataclass(slots=True)
class _Stopwatch:
    seconds: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step], self.last = now - self.last, now


# --- which Nix --------------------------------------------------------------------------------------------------------


def available_nixes() -> tuple[Nix, ...]:
    """The versions of Nix that can be used here, oldest first: those of `make nix`, else the one on PATH, else none."""
    fetched = [
        nix for folder in sorted(STATE.glob("*/bin/nix")) if (nix := _nix(folder.parent, folder.parents[1]))
    ]
    found = shutil.which("nix")
    own = [] if fetched or not found else [_nix(Path(found).parent, STATE / "path")]
    return tuple(sorted((nix for nix in [*fetched, *own] if nix), key=lambda nix: nix.version))


def _nix(binaries: Path, home: Path) -> Nix | None:
    """The Nix of that folder, or None when it does not run here."""
    asked = subprocess.run([binaries / "nix", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+(?:\.\d+)+)", asked.stdout)
    if asked.returncode or not version:
        return None
    numbers = tuple(int(number) for number in version[1].split("."))
    return Nix(name=f"nix-{numbers[0]}.{numbers[1]}", version=numbers, binaries=binaries, home=home)


# --- which packages ---------------------------------------------------------------------------------------------------


def flake_packages(flake: Path) -> dict[str, dict[str, StandIn]]:
    """The packages that each nixpkgs input of a flake is to have: those of the bundled index, and no more than is known.

    The index describes the input `nixpkgs`. Names that it cannot know are taken from the curated tables, where they are
    marked `unfree` or `unindexed`. An older release is given the same packages, and those that the base images' tables
    say it has.

    Args:
        flake: its folder.

    Returns:
        Stand-ins by input and attribute path.

    """
    from dock2nix.catalogue.index import PackageIndex

    index = PackageIndex.open()
    known = curated_packages(MAPPINGS) | used_packages(flake, index.attribute)
    channels = {index.pin(channel).name: channel for channel in index.channels()}
    return {name: channel_packages(MAPPINGS, channels.get(name, "")) | known for name in flake_inputs(flake)}


def flake_inputs(flake: Path) -> list[str]:
    """The names of a flake's inputs, as its lock has them."""
    lock = json.loads((flake / "flake.lock").read_text())
    return sorted(lock["nodes"][lock["root"]]["inputs"])


def used_packages(flake: Path, lookup: Callable[[str], Attribute | None]) -> dict[str, StandIn]:
    """The packages of the index that a flake's text can mean; a name that the index lacks is left out, so Nix refuses it.

    Args:
        flake: the folder of the flake.
        lookup: the index's answer for an attribute path.

    Returns:
        Stand-ins by attribute path. What the text can mean is taken widely: `ps.flask` is tried in every set of modules
        that goes with an interpreter of the text.

    """
    names = {
        name for file in nix_files(flake) for name in _DOTTED_NAMES.findall(file.read_text().replace('"', ""))
    }
    paths = {
        ".".join(parts[at:end])
        for name in names
        for parts in [name.split(".")]
        for at, end in _parts(len(parts))
    }
    first = sorted(path for path in paths if "." not in path)
    meant = {path: path for path in paths}
    for own, indexed in (pair for name in first for pair in _module_sets(name, lookup)):
        meant |= {f"{own}.{name}": f"{indexed}.{name}" for name in first}
    found = ((path, lookup(name)) for path, name in sorted(meant.items()))
    return {path: StandIn.of(attribute) for path, attribute in found if attribute}


def _parts(count: int) -> Iterator[tuple[int, int]]:
    """Where a run of name components can start and end."""
    return ((at, end) for at in range(count) for end in range(at + 1, count + 1))


def _module_sets(name: str, lookup: Callable[[str], Attribute | None]) -> Iterator[tuple[str, str]]:
    """The sets of modules that go with an interpreter, each with the set of the index that tells what it has.

    The index lacks the sets of older versions: nixpkgs has them, and builds them from the same package functions.
    """
    for interpreter, modules, witness, instead in _MODULE_SETS:
        if match := re.fullmatch(interpreter, name):
            own = match.expand(modules)
            yield own, own if lookup(f"{own}.{witness}") else instead


def curated_packages(mappings: Path) -> dict[str, StandIn]:
    """The packages that the hand-kept tables name though the index cannot know them.

    Args:
        mappings: the folder of the tables.

    Returns:
        Stand-ins by attribute path, unfree where the table says so.

    """
    found: dict[str, StandIn] = {}
    for row in _rows(mappings):
        if row.get("unfree") or row.get("unindexed"):
            for path, outputs in _attributes_of(row):
                more = found[path].outputs if path in found else ()
                found[path] = _named(path, unfree=bool(row.get("unfree")), outputs=(*outputs, *more))
    return found


def _attributes_of(row: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The attribute paths of a row with the outputs that it takes of them."""
    for text in (*_texts(row.get("attribute")), *_texts(row.get("attributes"))):
        path, _, outputs = text.partition("^")
        yield path, [*outputs.split(","), *_texts(row.get("outputs"))]


def channel_packages(mappings: Path, channel: str) -> dict[str, StandIn]:
    """The packages that the base images' tables take from an older release.

    Args:
        mappings: the folder of the tables.
        channel: `nixos-23.11` …

    Returns:
        Stand-ins by attribute path.

    """
    rows = [row for row in _rows(mappings / "base-images") if row.get("channel") == channel]
    return {
        path: _named(path)
        for row in rows
        for value in row.values()
        for path in _texts(value)
        if path != channel
    }


@cache
def _rows(folder: Path) -> tuple[dict[str, Any], ...]:
    """All tables of the TOML files of a folder, at any depth."""
    files = sorted(folder.glob("*.toml"))
    return tuple(row for file in files for row in _tables(tomllib.loads(file.read_text())))


def _tables(value: object) -> Iterator[dict[str, Any]]:
    """All tables of a TOML document, the outer one first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _tables(inner)


def _texts(value: object) -> list[str]:
    """A text or a list of them, as a list."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]


def _named(path: str, *, unfree: bool = False, outputs: Iterable[str] = ()) -> StandIn:
    """The stand-in of a package of which only the name is known; nixpkgs puts versions into it: python38, ruby_2_7."""
    name = path.rpartition(".")[2]
    stem, number = re.fullmatch(r"(.*?)[-_]?([\d_]*)(?:_x)?", name).groups()  # type: ignore[union-attr]
    one = "_" in number or len(number) < 2 or number[0] == "1"
    version = number.replace("_", ".") if one else f"{number[0]}.{number[1:]}"
    return StandIn(
        pname=name,
        version=version or "1",
        outputs=tuple(sorted({"out", *outputs} - {""})),
        main_program=stem,
        programs=(stem,),
        unfree=unfree,
    )


def package_set(packages: Mapping[str, StandIn]) -> Path:
    """A copy of tests/nixpkgs that has exactly these packages besides its own.

    Args:
        packages: stand-ins by attribute path.

    Returns:
        Its folder, which is a flake; the same one for the same packages.

    """
    tree = json.loads((PACKAGE_SET / "attributes.json").read_text())
    for path, package in sorted(packages.items()):
        node = tree
        for name in path.replace('"', "").split("."):
            node = node.setdefault("attributes", {}).setdefault(name, {})
        # the index lists the first 60 programs of a package only
        programs = sorted({*node.get("programs", ()), *package.programs})
        node.update(package.node() | {"programs": programs})
    files = {file: file.read_bytes() for file in sorted(PACKAGE_SET.rglob("*")) if _belongs(file)}
    files[PACKAGE_SET / "attributes.json"] = json.dumps(tree, indent=1, sort_keys=True).encode()
    files |= {PACKAGE_SET / "downloads" / address: content for address, content in downloads().items()}
    digest = hashlib.sha256(repr(files).encode()).hexdigest()[:16]
    return _write_once(
        STATE / "sets" / digest, {file.relative_to(PACKAGE_SET): text for file, text in files.items()}
    )


def _belongs(file: Path) -> bool:
    kept_apart = "__pycache__" in file.parts or FOLDER in file.parents
    return file.is_file() and file.name != "README.md" and not kept_apart


def _write_once(folder: Path, files: Mapping[Path, bytes]) -> Path:
    """Write the files into a new folder, all or nothing, so that tests may do it at the same time."""
    if folder.exists():
        return folder
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    for file, content in files.items():
        (partial / file).parent.mkdir(parents=True, exist_ok=True)
        (partial / file).write_bytes(content)
    try:
        partial.rename(folder)
    except OSError:  # another was faster
        shutil.rmtree(partial)
    return folder


# --- what Nix says ----------------------------------------------------------------------------------------------------


def nix_files(flake: Path) -> list[Path]:
    """All Nix files of a flake."""
    return sorted(flake.rglob("*.nix"))


def check_flake(
    flake: Path, nix: Nix, packages: Mapping[str, Mapping[str, StandIn]] | None = None
) -> Evaluation:
    """Parse, lock-check, check and evaluate a flake that dock2nix wrote, offline and as it stands.

    Args:
        flake: its folder.
        nix: the version of Nix to ask.
        packages: what each of its inputs is to have, by attribute path; what `flake_packages` says when None.

    Returns:
        The derivations of its packages and development shells, of all systems.

    Raises:
        AssertionError: Nix refuses it, with Nix's own message.

    """
    watch = _Stopwatch()
    nix.run("nix-instantiate", "--parse", "--store", "dummy://", *nix_files(flake))
    watch.lap("parse")
    check_lock(flake, nix)
    watch.lap("lock")
    options = _overrides(flake, packages)
    every_system = ["--all-systems"] if nix.version >= (2, 15) else []
    nix.run("nix", "flake", "check", "--no-build", *every_system, f"path:{flake}", *options)
    watch.lap("check")
    derivations = dict(_derivations(flake, nix, options))
    watch.lap("eval")
    return Evaluation(derivations=derivations, seconds=watch.seconds)


def check_lock(flake: Path, nix: Nix) -> None:
    """The lock file is in step with the inputs of flake.nix: Nix takes it as it is, with no need to ask the network.

    Raises:
        AssertionError: it is not.

    """
    written = json.loads((flake / "flake.lock").read_text())
    options = ("--offline", "--no-write-lock-file", "--json")
    read = json.loads(nix.run("nix", "flake", "metadata", f"path:{flake}", *options))["locks"]
    assert read == written, f"{nix.name} would change {flake}/flake.lock to {json.dumps(read, indent=1)}"


def build_flake(flake: Path, nix: Nix, packages: Mapping[str, Mapping[str, StandIn]] | None = None) -> Path:
    """Build the flake's image, and every step of it again: the second build must give the same bytes.

    Args:
        flake: its folder.
        nix: the version of Nix to build with.
        packages: as for `check_flake`.

    Returns:
        The archive, where this machine has it.

    Raises:
        AssertionError: it cannot be built, or differs the second time.

    """
    options = _overrides(flake, packages)
    image = f"path:{flake}#packages.x86_64-linux.default"
    built = json.loads(nix.run("nix", "build", "--no-link", "--json", image, *options))[0]
    nix.run("nix-store", "--realise", "--check", *_own_steps(nix, built["drvPath"]))
    path: str = built["outputs"]["out"]
    return nix.home / "store" / path.lstrip("/")


def _own_steps(nix: Nix, derivation: str) -> list[str]:
    """The derivations of a build that are the flake's own: what packages and downloads are is not its business."""
    show = ["derivation", "show"] if nix.version >= (2, 15) else ["show-derivation"]
    steps = json.loads(nix.run("nix", *show, "--recursive", derivation))
    if os.environ.get("DOCK2NIX_NIXPKGS"):
        return [
            path
            for path in steps
            if re.search(r"-docker-layer-|-customisation-layer|\.tar(\.gz)?\.drv$", path)
        ]
    return [path for path, step in steps.items() if not {"standIn", "outputHash"} & set(step["env"])]


def _overrides(flake: Path, packages: Mapping[str, Mapping[str, StandIn]] | None) -> list[str]:
    """The options that put our package sets in the place of a flake's inputs; each of its inputs must have one.

    With DOCK2NIX_NIXPKGS that checkout is taken for the input `nixpkgs` instead.
    """
    if real := os.environ.get("DOCK2NIX_NIXPKGS"):
        # older releases, which some flakes have besides, are what their lock says: Nix fetches them
        offline = ["--offline"] if flake_inputs(flake) == ["nixpkgs"] else []
        return [
            *offline,
            "--no-write-lock-file",
            "--override-input",
            "nixpkgs",
            f"path:{Path(real).absolute()}",
        ]
    given = flake_packages(flake) if packages is None else packages
    missing = [name for name in flake_inputs(flake) if name not in given]
    assert not missing, f"{flake}: no packages are given for the inputs {missing}"
    options = ["--offline", "--no-write-lock-file"]
    for name in flake_inputs(flake):
        options += ["--override-input", name, f"path:{package_set(given[name])}"]
    return options


def _derivations(flake: Path, nix: Nix, options: list[str]) -> Iterator[tuple[str, str]]:
    """All derivations of the flake by attribute path."""
    for output in ("packages", "devShells"):
        evaluated = nix.run(
            "nix", "eval", "--json", f"path:{flake}#{output}", "--apply", _DRV_PATHS, *options
        )
        for system, names in json.loads(evaluated).items():
            yield from ((f"{output}.{system}.{name}", path) for name, path in names.items())
