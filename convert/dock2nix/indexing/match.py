"""Which attribute has the files of a Debian package."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from dock2nix.indexing.agreement import disagreement, is_runtime_library
from dock2nix.indexing.comparison import debian_keys, match_keys
from dock2nix.indexing.debian_names import name_forms
from dock2nix.indexing.features import Feature
from dock2nix.indexing.fronts import held_of, only_leads_to, telling_forms
from dock2nix.indexing.ranking import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.indexing.debian import DebianPackage, DebianRelease
    from dock2nix.indexing.packages import Package

THRESHOLD = 0.45
# What an attribute needs whose name is not like that of the package, and how much of it the package must be.
_NAMELESS_THRESHOLD = 0.56
_SHARE_OF_LIBRARIES = 0.2
# What is enough for an attribute of another version, which is only worth a look.
_NEAR_THRESHOLD = 0.3
_SHARE_OF_FILES = 0.8
# What counts against an attribute of another version: it is found only when there is no other.
_DIFFERS = 1.0
# How much a feature of a kind tells of the package that has it.
_WEIGHTS = {
    "command": 3.0,
    "soname": 3.0,
    "library": 2.0,
    "pkgconfig": 3.0,
    "header": 1.0,
    "python": 4.0,
    "module": 2.0,
    "perl": 2.0,
    "ruby": 4.0,
    "node": 4.0,
    "php": 3.0,
    "font": 2.0,
    "manual": 1.0,
    "typelib": 3.0,
    "gstreamer": 2.0,
    "dri": 2.0,
    "rlibrary": 4.0,
    "apache": 3.0,
    "pgextension": 3.0,
    "hunspell": 3.0,
    "tessdata": 3.0,
    "desktop": 2.0,
    "jar": 2.0,
    "data": 0.7,
}
# Weak kinds: alone they prove nothing unless the names agree.
_WEAK = frozenset({"manual", "data", "desktop", "header", "jar", "node"})
# How much of its weight a feature counts that nixpkgs does not have at all; the weak kinds count nothing.
_UNKNOWN_SHARE = 0.25
_UNKNOWN_SHARES = {"pkgconfig": 0.6, "python": 0.6}
_OWN_PROGRAM = 0.1
_COMMON = 400
# A folder that so many packages put something into (`share/dbus-1/services`) says nothing.
_MANY_FOLDERS = 8

# --- nixpkgs' side --------------------------------------------------------------------------------------------------

_UNWANTED = re.compile(
    r"(?:gccNGPackages|jupyter$|libtinfo$|libudev-zero|pidginPackages|jupyter-all|ihaskell|gcc_debug|servarr-ffmpeg|unixodbcDrivers|graylog|open-fonts|busybox|toybox|"
    r"uutils|u-root|beamMinimal|haskellPackages\.|typstPackages|gnomeExtensions|vimPlugins|vscode-extensions|sbclPackages|"
    r"texlive\.|texlivePackages|linuxKernel|home-assistant|terraform-providers|libretro|klibc|glibc_m|libz$|chickenPackages|"
    r"akkuPackages|azure-cli-extensions|tree-sitter-grammars|nltk-data|_9base|plan9port|python314Packages\.)"
)
_SCOPES = tuple(
    (re.compile(pattern), weight)
    for pattern, weight in (
        (r"python31[124]$|.*FreeThreading", 0.12),
        (r"python313Packages\.|perlPackages\.|rubyPackages\.|rPackages\.", -0.02),
        (r"rubyPackages_|php8[235]|postgresql1[4-8]Packages|llvmPackages_|rocm|lua5[1345]Packages", 0.10),
        (r"ocamlPackages|beam|gnat1|coq|idris|octave", 0.05),
        (
            r".*(?:wrapped|[mM]inimal|-full|Full|_light|Big|[dD]ebug|[sS]tatic|Kerberos|hpn|gssapi|-gtk|-qt|WithPython)$",
            0.06,
        ),
        (
            r".*(?:-unstable|nightly|-git|headless|embedded|_oqs|_bin|-bin|_nox|Interactive|-xlib|_compat|-cpp)$",
            0.06,
        ),
        (r".*[a-z][_-]?\d+(?:_\d+)*x?$", 0.06),
        (r".*(?:-unwrapped|_jit|-with-\w+|-multi|_multi|-all-targets|_vdo)", 0.20),
        (r"libgccjit|unixtools\.", 0.30),
        (r"libclang$|.*(?:-legacy|-rounded|_gi|_dmeventd)$", 0.10),
        (r"hunspellDicts\.|aspellDicts\.", -0.10),
    )
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What the names of an attribute are compared by."""

    package: Package
    names: frozenset[str]
    burden: float


def _candidate(package: Package) -> _Candidate:
    burden = sum(weight for pattern, weight in _SCOPES if pattern.match(package.path))
    if package.default:
        burden -= 0.08
    burden += (0.03 if "." in package.path else -0.03) + 0.002 * len(package.path)
    plainest = package.leaf.removeprefix("lib").removeprefix("gnu")
    names = {plain(package.pname), plain(package.leaf), plain(plainest)}
    return _Candidate(package, frozenset(names - {""}), burden)


class Attributes:
    """The packages of nixpkgs, by their features."""

    def __init__(self, packages: Mapping[str, Package]) -> None:
        self._packages = packages

    @cached_property
    def candidates(self) -> Mapping[str, _Candidate]:
        wanted = sorted(path for path in self._packages if not _UNWANTED.match(path))
        return {path: _candidate(self._packages[path]) for path in wanted}

    @cached_property
    def keys(self) -> Mapping[str, Mapping[Feature, str]]:
        """For every path what it can be compared by, and in which output that is; links elsewhere left out."""
        found: dict[str, dict[Feature, str]] = {}
        for path, candidate in self.candidates.items():
            keys: dict[Feature, str] = {}
            for feature, (output, foreign) in candidate.package.features.items():
                if feature.kind != "private" and (not foreign or feature.kind == "command"):
                    for key in match_keys(feature):
                        keys.setdefault(key, output)
            found[path] = keys
        return found

    @cached_property
    def holders(self) -> Mapping[Feature, list[str]]:
        found: dict[Feature, list[str]] = defaultdict(list)
        for path, keys in self.keys.items():
            for key in keys:
                found[key].append(path)
        return dict(found)

    @cached_property
    def spread(self) -> Mapping[Feature, int]:
        """How many different packages (versions and variants of one counted once) have a feature."""
        return {
            key: len({self._packages[path].pname for path in paths}) for key, paths in self.holders.items()
        }


# --- matching -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A Debian package and the attribute that has its files; `via` is the package whose files they are, if it is another.

    `differs` says in what their versions differ: then the attribute is near, and no answer.
    """

    path: str
    outputs: tuple[str, ...]
    score: float
    shared: tuple[Feature, ...]
    total: int
    via: str = ""
    differs: str = ""


def _weight(key: Feature, spread: int) -> float:
    weight = _WEIGHTS.get(key.kind, 1.0)
    if spread:
        return weight / (1 + math.log(spread))
    return 0.0 if key.kind in _WEAK else weight * _UNKNOWN_SHARES.get(key.kind, _UNKNOWN_SHARE)


def _name_bonus(name: str, own: frozenset[str], forms: frozenset[str], candidate: _Candidate) -> float:
    leaf = plain(candidate.package.leaf)
    if leaf in own:
        return 0.37 if leaf == plain(name) else 0.34
    if candidate.names & forms:
        return 0.29
    near = any(
        len(left) > 3
        and len(right) > 3
        and (left.startswith(right) or right.startswith(left) or left.endswith(right))
        for left in candidate.names
        for right in forms
    )
    return 0.12 if near else 0.0


_VERSIONED = re.compile(
    r"(?:lib)?(?:postgresql|openjdk|gcc|g\+\+|llvm|clang|lld|lldb|php|ruby|python3\.|golang|mariadb|mysql|lua|tcl|tk|gfortran|cpp|nodejs"
    r"|erlang|qt|gnat|ghc|icu|boost|wxgtk)\D*\d"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _version_bonus(debian: DebianPackage, package: Package) -> float:
    if _VERSIONED.match(debian.name):
        numbers = _NUMBER.findall(debian.name.removeprefix("python3-").removeprefix("python3"))
        scope = package.path.rpartition(".")[0]
        if numbers and scope.endswith(
            (f"{numbers[0].replace('.', '')}Packages", f"{numbers[0].replace('.', '')}Extensions")
        ):
            return 0.25
        if numbers and (package.version + ".").startswith(numbers[0] + "."):
            return 0.25
    if package.version == debian.version:
        return 0.08
    same_major = package.version.partition(".")[0] == debian.version.partition(".")[0]
    return 0.04 if same_major and package.version else 0.0


# Names that begin or end like this mean the package set of a language, other names do not: (name, set, what the attribute must
# share in any case, what is enough inside the set).
_SETS: tuple[tuple[re.Pattern[str], str, frozenset[str], frozenset[str]], ...] = (
    (re.compile(r"python3?-"), "python313Packages.", frozenset({"python"}), frozenset({"module", "soname"})),
    (re.compile(r"ruby-"), "rubyPackages.", frozenset({"ruby", "command"}), frozenset({"command"})),
    (
        re.compile(r"lib.+-perl$"),
        "perlPackages.",
        frozenset({"perl", "soname", "library"}),
        frozenset({"command"}),
    ),
    (re.compile(r"r-(?:cran|bioc)-"), "rPackages.", frozenset({"rlibrary"}), frozenset()),
    (re.compile(r"node-"), "nodePackages.", frozenset({"node"}), frozenset()),
)


def _set_bonus(name: str, path: str, shared: list[Feature]) -> float | None:
    """For a name of a language the attribute in its set is better; None when the attribute has nothing of that language."""
    bonus = 0.0
    kinds = {key.kind for key in shared}
    for pattern, scope, needed, enough_inside in _SETS:
        inside = path.startswith(scope)
        if pattern.search(name):
            if kinds.isdisjoint(needed | enough_inside if inside else needed):
                return None
            bonus += 0.10 if inside else 0.0
        elif inside and kinds.isdisjoint((needed | {"module", "command"}) - {"soname", "library"}):
            return None  # a module for that language, which brings the library along
        elif inside:
            bonus -= 0.12
    return bonus


_SAYING = frozenset(
    {
        "soname",
        "pkgconfig",
        "python",
        "module",
        "perl",
        "ruby",
        "php",
        "typelib",
        "gstreamer",
        "rlibrary",
        "font",
    }
)


# A feature of these kinds is not bundled by another package.
_SPECIFIC = _SAYING - {"soname", "module"}
# Qt 5 and 6 and KDE's libraries on them, whose packages are called quite otherwise in nixpkgs.
_TOOLKITS = (
    (re.compile(r".*(?:qt6|kf6|qml6|k6)"), ("kdePackages.", "qt6.")),
    (re.compile(r".*(?:qt5|kf5|qml-module)"), ("libsForQt5.",)),
)


def _same_toolkit(name: str, path: str) -> bool:
    return any(names.match(name) and path.startswith(scopes) for names, scopes in _TOOLKITS)


def _believable(shared: list[Feature], bonus: float, coverage: float, *, same_version: bool) -> bool:
    """Is it enough? Without a like name it takes libraries or modules, or nearly all of several programs.

    A program alone, of a package whose name is only somewhat like the other, may be quite another one of that name.
    """
    if bonus >= 0.29:
        return True
    kinds = Counter(key.kind for key in shared)
    if not _SAYING.isdisjoint(kinds):
        return True
    if kinds["command"]:
        if not bonus:
            return coverage > 0.9 and kinds["command"] > 2
        return coverage > 0.75 and (len(shared) > 1 or same_version)
    if set(kinds) <= {"node", "data", "manual", "jar", "desktop"}:
        return bonus > 0 and coverage > 0.6 and len(shared) > 1
    return len(shared) > 2 and coverage > 0.8


# Outputs that nobody means by the name of a package; `dev` only when there is nothing else.
_ASIDE = ("man", "doc", "devdoc", "info", "debug", "dev")
# What is left of an attribute's name without its variant or version, the least taken off first.
_TAILS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:_jit|-nox|-static|_compat|-unwrapped|-xlib|-cpp|_gi|-rounded|-legacy|Full|Interactive|-with-plugins|_dmeventd|_vdo)$",
        r"[-_]v?\d+$",
        r"(?:[-_]v?\d+)+x?$",
        r"(?<=python3)\d+$",
        r"\d+(?:[-_]\d+)*x?$",
    )
)
_NEAR = 0.30
_NEARER = 0.50


@dataclass(frozen=True, slots=True)
class _Scored:
    """An attribute that has files of a package; `named` when their names are alike, `differs` as in `Match`."""

    score: float
    path: str
    shared: list[Feature]
    named: bool
    differs: str

    @property
    def rank(self) -> float:
        return self.score - (_DIFFERS if self.differs else 0.0)

    @property
    def enough(self) -> bool:
        if self.differs:
            return self.named and self.score >= _NEAR_THRESHOLD
        return self.score >= (THRESHOLD if self.named else _NAMELESS_THRESHOLD)


class Matcher:
    """Finds the attributes of a release's packages."""

    def __init__(self, attributes: Attributes, release: DebianRelease) -> None:
        self._attributes = attributes
        self._release = release

    def _shared(self, keys: set[Feature], name: str) -> tuple[dict[str, list[Feature]], float]:
        """For every attribute what it has of `keys`, and how much all of them weigh.

        A folder that many packages put something into counts only where nothing else does, for one of the same name.
        """
        shared: dict[str, list[Feature]] = defaultdict(list)
        holders, spread = self._attributes.holders, self._attributes.spread
        telling = [key for key in sorted(keys) if key.kind != "data" or spread.get(key, 0) <= _MANY_FOLDERS]
        for key in telling:
            paths = holders.get(key, ())
            if len(paths) <= _COMMON:
                for path in paths:
                    shared[path].append(key)
        if not shared:
            telling = sorted(keys)
            for key in telling:
                for path in holders.get(key, ()):
                    if plain(path.rpartition(".")[2]) == plain(name):
                        shared[path].append(key)
        return shared, sum(_weight(key, spread.get(key, 0)) for key in telling)

    def _scored(self, debian: DebianPackage, keys: set[Feature], asked: str) -> Iterator[_Scored]:
        features = self._release.features.get(debian.name, ())
        forms = name_forms(debian.name, debian.source)
        own = forms if debian.name.startswith(debian.source) else name_forms(debian.name)
        program = Feature("command", debian.name)
        telling = telling_forms(features)
        shared, total = self._shared(keys, debian.name)
        for path, common in shared.items():
            candidate = self._attributes.candidates[path]
            coverage = sum(_weight(key, self._attributes.spread[key]) for key in common) / total
            bonus = _name_bonus(debian.name, own, forms, candidate)
            set_bonus = _set_bonus(debian.name, path, common)
            same_version = candidate.package.version == debian.version
            if set_bonus is not None and _believable(common, bonus, coverage, same_version=same_version):
                size = len(self._attributes.keys[path])
                excess = 0.12 * max(0.0, math.log10((size + 5) / (len(keys) + 20)))
                score = 0.6 * coverage + bonus + _version_bonus(debian, candidate.package)
                score += _OWN_PROGRAM if program in self._attributes.keys[path] else 0.0
                differs = disagreement(debian, self._release.packages[asked], features, candidate.package)
                score += set_bonus - candidate.burden - excess
                named = bonus > 0 or _same_toolkit(debian.name, path)
                if (named or self._mostly(path, common)) and self._has_some(path, common, telling):
                    yield _Scored(score, path, common, named=named, differs=differs)

    def _has_some(self, path: str, shared: list[Feature], telling: tuple[tuple[Feature, ...], ...]) -> bool:
        """Manuals and data come along with what a package is for: of that the attribute must have something."""
        if not telling or any(key.kind == "header" or key.kind not in _WEAK for key in shared):
            return True
        return any(self._holds(path, form) for forms in telling for form in forms)

    def _holds(self, path: str, key: Feature) -> bool:
        return key in self._attributes.keys[path] or key in self._attributes.candidates[path].package.features

    def _mostly(self, path: str, shared: list[Feature]) -> bool:
        """Is what they share much of the attribute? One of another name may only bundle it."""
        theirs, ours = (
            Counter(key.kind for key in self._attributes.keys[path]),
            Counter(key.kind for key in shared),
        )
        if not _SPECIFIC.isdisjoint(ours):
            return True
        if ours["library"]:
            return ours["library"] >= _SHARE_OF_LIBRARIES * theirs["library"]
        return len(shared) >= _SHARE_OF_FILES * len(self._attributes.keys[path])

    def _best(self, debian: DebianPackage, keys: set[Feature], asked: str) -> _Scored | None:
        """The best attribute; when the name asked for has no version the one without a version, if it comes near."""
        scored = {found.path: found for found in self._scored(debian, keys, asked) if found.enough}
        if not scored:
            return None
        best = max(scored.values(), key=lambda found: (found.rank, found.path))
        own = name_forms(asked)
        if best.differs or _VERSIONED.match(asked) or plain(best.path) in own:
            return best
        names = (pattern.sub("", best.path) for pattern in _TAILS)
        plainer = next((scored[name] for name in names if name != best.path and name in scored), None)
        if plainer is None or plainer.differs:
            return best
        if plainer.score < best.score - (_NEARER if plain(plainer.path) in own else _NEAR):
            return best
        return replace(plainer, score=max(best.score, plainer.score))

    def _own(self, name: str, asked: str) -> Match | None:
        """The attribute that has the package's own files; `asked` is the name that led to it."""
        debian = self._release.packages[name]
        keys = debian_keys(self._release.features.get(name, ()), self._attributes.spread)
        best = self._best(debian, keys, asked)
        if best is None:
            return None
        spread = self._attributes.spread
        known = sum(key in spread for key in keys)
        common = sorted(best.shared, key=lambda key: (spread[key], -_WEIGHTS.get(key.kind, 1.0), key))
        return Match(
            path=best.path,
            outputs=self._outputs(name, best.path, common),
            score=min(best.score, 1.0),
            shared=tuple(common),
            total=max(known, len(common)),
            differs=best.differs,
        )

    def _outputs(self, name: str, path: str, common: list[Feature]) -> tuple[str, ...]:
        """The output meant; () when only the default one can be."""
        package = self._attributes.candidates[path].package
        existing, features = package.outputs, package.features
        if name.endswith(("-dev", "-headers")) and "dev" in existing:
            return ("dev",)
        keys = self._attributes.keys[path]
        weights: Counter[str] = Counter()
        for key in common:
            held = keys.get(key) or features[key][0]
            weights[held] += 0 if key.kind == "manual" else max(1, round(10 * _WEIGHTS.get(key.kind, 1.0)))
        for output in _ASIDE:
            if len(weights) > 1 or output != "dev":
                weights.pop(output, None)
        if not weights:
            return ()
        output = min(weights, key=lambda held: (-weights[held], held))
        return () if output == "out" and "bin" not in existing else (output,)

    def match(self, name: str, seen: tuple[str, ...] = ()) -> Match | None:
        """The attribute of a package: by its own files, else by those of the package that it is a front of.

        Args:
            name: the package; must be one of the release.
            seen: the packages that led here, the one asked for first.

        Returns:
            The match, None when no attribute has enough of its files.

        """
        if _ELSEWHERE.search(name):
            return None
        own = self._own(name, (*seen, name)[0])
        settled = own is not None and (not own.differs or is_runtime_library(name))
        if settled or len(seen) > 2 or _NO_FRONT.search(name):
            return own
        others = list(self._of_others(name, seen))
        agreeing = (found for found in others if not found.differs)
        return next(agreeing, None) or own or next(iter(others), None)

    def _of_others(self, name: str, seen: tuple[str, ...]) -> Iterator[Match]:
        """The attributes of the packages that a package is a front of, if they have what is the package's own."""
        packages, telling = self._release.packages, telling_forms(self._release.features.get(name, ()))
        for other in self._fronted(name):
            found = self.match(other, (*seen, name)) if other not in seen else None
            if found is None:
                continue
            shared = held_of(telling, partial(self._holds, found.path))
            if telling:
                agrees = 2 * len(shared) >= len(telling)
            else:
                agrees = only_leads_to(
                    packages[name], packages[other], empty=name not in self._release.filled
                )
            if agrees:
                yield replace(
                    found,
                    outputs=self._outputs(name, found.path, shared or list(found.shared)),
                    score=max(found.score * 0.95, THRESHOLD),
                    via=found.via or other,
                )

    def _fronted(self, name: str) -> list[str]:
        """The dependencies of the same source or of the same name with a version; the most alike first."""
        debian = self._release.packages[name]
        forms = name_forms(name)
        chosen = []
        for other in debian.depends:
            if other not in self._release.packages or _EVERYONES.fullmatch(other):
                continue
            same_source = self._release.packages[other].source == debian.source
            alike = bool(forms & name_forms(other)) and other.startswith("lib") == name.startswith("lib")
            if same_source or alike:
                chosen.append((not alike, not same_source, other))
        return [other for _, _, other in sorted(chosen, key=lambda found: found[:2])]


# Compilers and libraries for other machines.
_ELSEWHERE = re.compile(
    r"^lib(?:32|x32|64|n32|o32)|(?<!x86-64)-linux-gnu|-cross$|-for-(?:build|host)$|-mingw|-none-eabi|-kfreebsd|-avr$"
)
_NO_FRONT = re.compile(r"-(?:doc|dbg|dbgsym|l10n.*|locale.*|examples|tests?|lang-.*)$")
_EVERYONES = re.compile(
    r"libc6|debconf|adduser|dpkg|lsb-base|init-system-helpers|ucf|perl|perl-base|python3|ruby|bash|sed|coreutils|default-jre.*|"
    r"libstdc\+\+6|libgcc-s1|zlib1g"
)
_SHOWN = {
    "command": "bin/{}",
    "soname": "lib/{}",
    "library": "lib/{}.so",
    "pkgconfig": "{}.pc",
    "header": "include/{}",
    "python": "{}.dist-info",
    "module": "{}.py",
    "ruby": "{}.gemspec",
    "node": "node_modules/{}",
    "manual": "man {}",
    "data": "share/{}",
    "typelib": "{}.typelib",
    "desktop": "{}.desktop",
}


def evidence_text(match: Match) -> str:
    """What the match rests on, for a reviewer: `files: bin/jq, lib/libjq.so.1 (5 of 5)`."""
    shown = ", ".join(_SHOWN.get(key.kind, "{}").format(key.name) for key in match.shared[:3])
    through = f" of {match.via}" if match.via else ""
    differs = f"; but {match.differs}" if match.differs else ""
    return f"files{through}: {shown} ({len(match.shared)} of {match.total}){differs}"
