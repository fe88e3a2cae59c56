"""Store paths gathered into attributes, under the names that people call them by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import tomli

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from dock2nix.indexing.features import Feature
    from dock2nix.indexing.nixindex import StorePath

# Sets that only serve to build or test nixpkgs itself.
INTERNAL = re.compile(r"(?:tests|minimal-bootstrap|darwin|cygwin|haskell\.lib)\.")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_SPELLABLE = re.compile(r"[A-Za-z0-9_.+@/'-]+")
_LANGUAGE = re.compile(
    r"(?:python3|perl5|ruby3|ruby4|ocaml[45]|lua5|php8|erlang\d+)(?:\.\d+)+-|vscode-extension-|gnome-shell-extension-"
)
_DIGIT = re.compile(r"\d")
_VERSION = re.compile(r"(.+?)-([^a-zA-Z].*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How attributes are called; read from `mappings/aliases.toml`.

    `names` gives the canonical path of an indexed one, `aliases` the canonical path of another spelling, `scopes` the same for
    whole package sets, `outputs` the attributes that are one output of another: (attribute, output),
    `preferred` the attribute that provides `kind:name`.
    """

    names: Mapping[str, str]
    aliases: Mapping[str, str]
    scopes: Mapping[str, str]
    outputs: Mapping[str, tuple[str, str]]
    preferred: Mapping[str, str]

    @classmethod
    def load(cls, path: Path) -> Spelling:
        """Read `aliases.toml`."""
        with path.open("rb") as file:
            tables = tomli.load(file)
        return cls(
            names={indexed: canonical for canonical, indexed in tables["names"].items()},
            aliases=tables["aliases"],
            scopes=tables["scopes"],
            outputs={name: (row["attribute"], row["output"]) for name, row in tables["outputs"].items()},
            preferred=tables["preferred"],
        )

    def defaults(self) -> frozenset[str]:
        """The paths and package sets that an unnumbered name leads to."""
        unnumbered = {path for name, path in self.aliases.items() if not _DIGIT.search(name)}
        sets = {scope for name, scope in self.scopes.items() if scope and not _DIGIT.search(name)}
        return frozenset(unnumbered | sets)

    def within(self, packages: Mapping[str, Package]) -> Spelling:
        """What holds of these packages: no other spelling of one that is not there."""
        return replace(
            self,
            names={other: path for other, path in self.names.items() if path in packages},
            aliases={other: path for other, path in self.aliases.items() if path in packages},
            preferred={key: path for key, path in self.preferred.items() if path in packages},
        )

    def canonical(self, indexed: str) -> str:
        """The canonical path of an indexed one."""
        renamed = self.names.get(indexed)
        if renamed is not None:
            return renamed
        scope, _, name = indexed.rpartition(".")
        if self.scopes.get(scope):
            return f"{self.scopes[scope]}.{name}"
        return indexed


@dataclass(slots=True)
class Package:
    """One attribute with what all its outputs hold. `features` gives the output and whether it is only a link elsewhere.

    `default` is true for the version that the name without a version stands for (`jdk` is `jdk21`);
    `language` is the interpreter in the store path's name (`python3.13`), `named_program` the main program that nixpkgs names.
    """

    path: str
    pname: str = ""
    version: str = ""
    outputs: set[str] = field(default_factory=set)
    features: dict[Feature, tuple[str, bool]] = field(default_factory=dict)
    default: bool = False
    language: str = ""
    named_program: str = ""

    @property
    def leaf(self) -> str:
        return self.path.rpartition(".")[2].strip('"')

    def programs(self, *, development: bool = True) -> list[str]:
        """The programs in `bin`, sorted; without those of the `dev` output when not `development`."""
        return sorted(
            feature.name
            for feature, (output, _) in self.features.items()
            if feature.kind == "command" and (development or output != "dev")
        )

    def main_program(self) -> str:
        """The one that nixpkgs names, else the only one, or the one of the package's own name; "" when none is there."""
        if self.named_program:
            return self.named_program
        programs = self.programs(development=False)
        if len(programs) == 1:
            return programs[0]
        return next((name for name in (self.pname, self.leaf) if name in programs), "")


def split_name(name: str, output: str) -> tuple[str, str]:
    """A store path's name as (pname, version), as Nix' parseDrvName does; language prefixes taken off the pname."""
    if output != "out":
        name = name.removesuffix(f"-{output}")
    found = _VERSION.fullmatch(_LANGUAGE.sub("", name, count=1))
    return (found[1], found[2]) if found else (_LANGUAGE.sub("", name, count=1), "")


def spelled(path: str) -> str | None:
    """An attribute path as Nix code: names that are no identifiers are quoted. None when it cannot be written plainly."""
    parts = [part if _IDENTIFIER.fullmatch(part) else f'"{part}"' for part in path.split(".")]
    return ".".join(parts) if _SPELLABLE.fullmatch(path) else None


# Of several outputs that hold the same file, the one that people mean.
_OUTPUT_ORDER = {"bin": 0, "out": 1, "lib": 2, "dev": 3}


def _add(package: Package, store_path: StorePath) -> None:
    rank = _OUTPUT_ORDER.get(store_path.output, 4)
    for feature, foreign in store_path.features.items():
        known = package.features.get(feature)
        if known is None or (known[1], _OUTPUT_ORDER.get(known[0], 4)) > (foreign, rank):
            package.features[feature] = (store_path.output, foreign)
    package.outputs.add(store_path.output)
    if store_path.output == "out" or not package.pname:
        package.pname, package.version = split_name(store_path.name, store_path.output)
        found = _LANGUAGE.match(store_path.name)
        package.language = found[0].rstrip("-") if found else ""


def gather(store_paths: Iterable[StorePath], spelling: Spelling) -> dict[str, Package]:
    """The packages that can be named from the top level of nixpkgs.

    Args:
        store_paths: all store paths of a nix-index database.
        spelling: how attributes are called.

    Returns:
        Packages by canonical attribute path.

    """
    packages: dict[str, Package] = {}
    for store_path in store_paths:
        wanted = store_path.toplevel and store_path.system == "x86_64-linux"
        if not wanted or INTERNAL.match(store_path.attribute):
            continue
        path = spelled(spelling.canonical(store_path.attribute))
        if path is not None:
            _add(packages.setdefault(path, Package(path)), store_path)
    packages |= _twins(packages) | _selected(packages, spelling)
    mark_defaults(packages, spelling)
    return packages


def mark_defaults(packages: Mapping[str, Package], spelling: Spelling) -> None:
    """Set `default` of all packages."""
    defaults = spelling.defaults()
    for path, package in packages.items():
        package.default = path in defaults or path.rpartition(".")[0] in defaults


def _selected(packages: Mapping[str, Package], spelling: Spelling) -> dict[str, Package]:
    """The attributes that are one output of another package; their features leave that one."""
    chosen = {}
    for name, (path, output) in spelling.outputs.items():
        if path not in packages:
            continue
        whole = packages[path]
        part = {feature: held for feature, held in whole.features.items() if held[0] == output}
        chosen[name] = Package(name, whole.pname, whole.version, set(whole.outputs), part)
        for feature in part:
            del whole.features[feature]
    return chosen


def _twins(packages: Mapping[str, Package]) -> dict[str, Package]:
    """Python applications that the index names at top level only, under their name in the Python set too.

    `black` and `python313Packages.black` are one store path; that the set has it shows in the set of the next Python.
    """
    applications = {
        (package.pname, package.version): package
        for path, package in sorted(packages.items())
        if "." not in path and package.language == "python3.13"
    }
    twins = {}
    for path, package in packages.items():
        twin = path.replace("python314Packages.", "python313Packages.", 1)
        original = applications.get((package.pname, package.version))
        if path.startswith("python314Packages.") and twin not in packages and original is not None:
            twins[twin] = replace(original, path=twin)
    return twins
