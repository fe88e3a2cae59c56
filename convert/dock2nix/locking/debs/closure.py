"""Which packages come as .deb files: those asked for, and what they depend on that nixpkgs does not have in a form they can use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.locking.debs.archive import ArchiveRefused, sri
from dock2nix.locking.debs.contents import DebContents, read_deb
from dock2nix.locking.libraries import is_of_c_library, packages_with
from dock2nix.locking.machine_code import Unreadable
from dock2nix.managers.apt import NAME, resolve
from dock2nix.managers.arguments import without_password
from dock2nix.model.debs import Deb, FurtherPackage
from dock2nix.model.packages import AttributePath, NixpkgsPackage, NotNeeded, Requirement, SriHash
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.debs.packages import Packages, Paragraph, Relation
    from dock2nix.locking.fetching import Fetcher
    from dock2nix.managers.base import Setting
    from dock2nix.model.source import Location

_MOST_PACKAGES, _MOST_BYTES = 200, 1 << 30
_MOST_ROUNDS = 8
# Modules are found by the interpreter of the same distribution alone: a file below such a folder brings along all of its language.
_LANGUAGES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        regex(r"usr/(?:share|lib(?:/[^/]+)?)/perl5?(?:/.*)?"),
        regex(r"perl|perl-base|perl-modules-.*|libperl5.*|lib.*-perl"),
    ),
    (
        regex(r"usr/lib/python3(?:\.\d+)?/dist-packages(?:/.*)?"),
        regex(r"(?:lib)?python3(?:\.\d+)?(?:-(?:minimal|stdlib|distutils|lib2to3))?|python3-.*|media-types"),
    ),
    (regex(r"usr/(?:share|lib(?:/[^/]+)?)/ruby(?:/.*)?"), regex(r"(?:lib)?ruby(?:\d.*|-.*)?|rake")),
    (regex(r"usr/lib/R/(?:site-)?library(?:/.*)?"), regex(r"r-.*")),
    (regex(r"usr/(?:share|lib(?:/[^/]+)?)/nodejs(?:/.*)?"), regex(r"node-.*|nodejs|libnode\d+")),
)
_MODULE = regex(r"(?:Packages|Extensions)[_0-9]*\.")
# What Debian puts behind the name of a library when its ABI changes and its soname does not.
_ABI = r"(?:t64|v\d|c\d[a-z]?|g|ldbl)?"
_SHELLS = frozenset({"ash", "bash", "dash", "sh"})
# Which attribute has an interpreter that scripts name.
_INTERPRETERS = {
    "awk": "gawk", "gawk": "gawk", "gjs": "gjs", "guile": "guile", "lua": "lua", "make": "gnumake", "node": "nodejs",
    "perl": "perl", "php": "php", "python3": "python3", "ruby": "ruby", "tclsh": "tcl", "wish": "tk", "zsh": "zsh",
}  # fmt: skip
_SONAME = regex(r"(.+?)(?:-([0-9.]+))?\.so(?:\.([0-9.]+))?")


class Files(Struct, kw_only=True):
    """What the .deb files hold, each downloaded and looked into once."""

    fetcher: Fetcher
    known: dict[str, DebContents] = field(default_factory=dict)

    def read(self, wanted: Iterable[Paragraph]) -> None:
        """Download what is not there yet.

        Raises:
            ArchiveRefused: a file is not there, is another one, or cannot be read.
        """
        new = [one for one in wanted if one.sha256 not in self.known]
        answers = self.fetcher.fetch(one.url for one in new)
        for one in new:
            answer = answers[one.url]
            if isinstance(answer, str):
                raise ArchiveRefused(f"{without_password(one.url)}: {answer}")
            if answer.sha256 != one.sha256:
                raise ArchiveRefused(
                    f"{without_password(one.url)}: its SHA-256 is {answer.sha256}, the archive's Packages file says {one.sha256}"
                )
            try:
                self.known[one.sha256] = read_deb(answer.path)
            except Unreadable as error:
                raise ArchiveRefused(f"{without_password(one.url)}: {error}") from error

    def of(self, one: Paragraph) -> DebContents:
        return self.known[one.sha256]


class Closure(Struct, kw_only=True):
    """The packages that come as files, by name, with who needs each; and what takes the place of the others."""

    chosen: dict[str, Paragraph] = field(default_factory=dict)
    needed_by: dict[str, str] = field(default_factory=dict)
    further: dict[tuple[AttributePath, str], str] = field(default_factory=dict)
    libraries: set[tuple[AttributePath, str]] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    absent: dict[str, str] = field(default_factory=dict)

    def debs(self) -> tuple[Deb, ...]:
        return tuple(
            Deb(
                name=one.name,
                version=one.version,
                architecture=one.architecture,
                section=one.component,
                url=without_password(one.url),
                hash=SriHash(sri(one.sha256)),
                needed_by=self.needed_by[one.name],
            )
            for _, one in sorted(self.chosen.items())
        )

    def packages(self) -> tuple[FurtherPackage, ...]:
        return tuple(
            FurtherPackage(attribute_path=path, source=source, needed_by=who)
            for (path, source), who in sorted(self.further.items())
        )


class Chooser(Struct, kw_only=True):
    """Chooses them. `forced` are packages that come as files whatever nixpkgs has, with the names of those that need them."""

    packages: Packages
    files: Files
    catalogue: Catalogue
    setting: Setting
    location: Location
    forced: dict[str, str] = field(default_factory=dict)
    languages: set[int] = field(default_factory=set)

    def closure(self, asked: Mapping[str, Paragraph]) -> Closure:
        """The closure of what is asked for.

        Which packages nixpkgs can stand in for shows in part only when files are looked into: so it is tried until nothing new turns up.

        Raises:
            ArchiveRefused: a file is not there, or there is far too much.
        """
        for _ in range(_MOST_ROUNDS):
            found = self._walk(asked)
            self.files.read(found.chosen.values())
            known = len(self.forced), len(self.languages)
            self._look(found)
            if known == (len(self.forced), len(self.languages)):
                return found
        raise ArchiveRefused(f"what {', '.join(sorted(asked))} needs does not settle")

    def _walk(self, asked: Mapping[str, Paragraph]) -> Closure:
        found = Closure()
        for name, paragraph in asked.items():
            found.chosen[name], found.needed_by[name] = paragraph, ""
        for name, owner in self.forced.items():
            library = self.packages.best(name)
            if library is not None and name not in found.chosen:
                found.chosen[name], found.needed_by[name] = library, owner
        waiting = [*found.chosen.values()]
        while waiting:
            parent = waiting.pop(0)
            for alternatives in parent.depends:
                new = self._satisfied(alternatives, parent, found)
                if new is not None:
                    found.chosen[new.name], found.needed_by[new.name] = new, parent.name
                    waiting.append(new)
            if len(found.chosen) > _MOST_PACKAGES:
                raise ArchiveRefused(f"more than {_MOST_PACKAGES} files would be needed")
        size = sum(one.size for one in found.chosen.values())
        if size > _MOST_BYTES:
            raise ArchiveRefused(f"files of {size} bytes would be needed")
        return found

    def _satisfied(
        self, alternatives: tuple[Relation, ...], parent: Paragraph, found: Closure
    ) -> Paragraph | None:
        """The package that is needed as a file for a dependency; None when it is met already, or by nixpkgs."""
        if any(one.name in found.chosen for one in alternatives):
            return None
        if any(self._is_served(one, parent, found) for one in alternatives):
            return None
        for one in alternatives:
            best = self.packages.best(one.name)
            if best is not None:
                return best
            providers = self.packages.providers(one.name)
            if any(name in found.chosen for name in providers):
                return None
            for name in providers:
                if self._is_served(type(one)(name=name), parent, found):
                    return None
            if providers:
                return self.packages.best(providers[0])
        found.absent[alternatives[0].name] = parent.name
        return None

    def _is_served(self, relation: Relation, parent: Paragraph, found: Closure) -> bool:
        """Whether the base of any distribution's image, or a package of nixpkgs, does for what a package depends on."""
        name, best = relation.name, self.packages.best(relation.name)
        if name in self.forced or any(_LANGUAGES[number][1].fullmatch(name) for number in self.languages):
            return False
        if best is not None and best.essential:
            return True
        if relation.exact or (best is not None and best.source == parent.source):
            return False
        asked = Requirement(manager=NAME, name=name, location=self.location)
        resolutions = resolve(asked, self.catalogue, self.setting)
        packages = [one for one in resolutions if isinstance(one, NixpkgsPackage)]
        if not resolutions or any(one.differs or one.unfree for one in packages):
            return False
        if not all(isinstance(one, (NixpkgsPackage, NotNeeded)) for one in resolutions):
            return False
        if any(_MODULE.search(one.attribute_path) for one in packages):
            return False  # modules are found by an interpreter that is joined with them, and by no script of the distribution's
        if best is None or not _is_library(best):
            for one in packages:
                if one.attribute_path.startswith("stdenv."):
                    continue  # the compiler's libraries: what links to them says so
                found.further.setdefault((one.attribute_path, one.source), parent.name)
        return True

    def _look(self, found: Closure) -> None:
        """What the files link to, and by which interpreters their scripts and modules run."""
        everything = {name: self.files.of(one) for name, one in found.chosen.items()}
        brought = {name for one in everything.values() for name in one.programs.brought}
        commands = {name for one in everything.values() for name in one.commands}
        for package, contents in everything.items():
            for number, (folder, _) in enumerate(_LANGUAGES):
                if any(folder.fullmatch(one) for one in contents.folders):
                    self.languages.add(number)
            for library in sorted(contents.programs.needed - brought):
                self._link(library, found.chosen[package], found)
            for shell in contents.shells - commands - _SHELLS:
                path = _INTERPRETERS.get(shell)
                if path:
                    found.libraries.add((AttributePath(path), ""))

    def _link(self, library: str, paragraph: Paragraph, found: Closure) -> None:
        packages = packages_with(library, self.catalogue, "")
        found.libraries.update(packages)
        if packages or is_of_c_library(library):
            return
        reachable = set(self._reachable(paragraph))
        pattern = _owners(library)
        owners = sorted(
            name
            for name in reachable - found.chosen.keys()
            if pattern.fullmatch(name) and self.packages.best(name)
        )
        if owners:
            self.forced[owners[0]] = paragraph.name
        else:
            found.missing.add(library)

    def _reachable(self, paragraph: Paragraph) -> Iterator[str]:
        """The names of everything that a package depends on."""
        seen, waiting = set[str](), [paragraph]
        while waiting:
            for alternatives in waiting.pop().depends:
                for one in alternatives:
                    if one.name not in seen:
                        seen.add(one.name)
                        yield one.name
                        best = self.packages.best(one.name)
                        waiting += [best] if best is not None else []


def _is_library(paragraph: Paragraph) -> bool:
    return paragraph.section.rpartition("/")[2] in {"libs", "oldlibs", "libdevel"}


def _owners(soname: str) -> re.Pattern[str]:
    """What the package of a library may be called (Debian Policy 8.1): libfoo.so.3 is in libfoo3, libbar-1.2.so.0 in libbar-1.2-0."""
    found = _SONAME.fullmatch(soname.lower().replace("_", "-"))
    if not found:
        return re.compile(r"(?!)")
    stem, version = f"{found[1]}-{found[2]}" if found[2] else found[1], found[3] or ""
    return re.compile(f"{re.escape(stem)}-?{re.escape(version)}{_ABI}")
