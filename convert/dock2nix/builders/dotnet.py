"""`dotnet publish`: buildDotnetModule (nixpkgs manual, "Dotnet")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, absolute, option_table, read_flags, texts
from dock2nix.model.builds import DotnetRecipe
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.builders.base import Flags, Work
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.shell import Invocation

IN_PLACE = True
BY_TREE = False
BY_FOLDER = True
PROGRAMS = frozenset({"dotnet"})

# `dotnet help publish`; those of `restore` and `build` are among them.
_OPTIONS = option_table(
    "no-restore no-build nologo self-contained no-self-contained sc no-cache force no-dependencies "
    "disable-build-servers no-incremental use-current-runtime ucr interactive",
    "c configuration o output r runtime f framework v verbosity a arch os source s packages",
)
_WITHOUT_EFFECT = frozenset(
    {
        *("no-restore", "no-build", "nologo", "v", "verbosity", "no-cache", "force", "disable-build-servers"),
        *("no-incremental", "r", "runtime", "c", "configuration", "o", "output", "f", "framework"),
        *("self-contained", "no-self-contained", "sc", "use-current-runtime", "ucr", "a", "arch", "os"),
    }
)
_PROPERTY = regex(r"(?:/|-{1,2})p(?:roperty)?:([A-Za-z_][\w.]*)=([\w.,:/@+-]*)")
_PROJECT = regex(r".*\.(?:cs|fs|vb)proj|.*\.slnx?")
_MACHINE_CODE = regex(r"(?i)<PublishAot>\s*true")
_MEMBER = regex(r"\"([^\"\n]+\.(?:cs|fs|vb)proj)\"")
_SYSTEM = regex(r"linux(?:-musl)?-(?:x64|amd64|arm64)")
_LOOKS_ONLY = frozenset({"--info", "--version", "--list-sdks", "restore", "build", "clean", "test"})


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The project that is published; what is restored and built before is part of that."""
    found: list[Built] = []
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        if not words or words[0] in _LOOKS_ONLY:
            continue
        if words[0] != "publish":
            return Refusal(f"dotnet {words[0]} is not translated yet", run)
        built = _published(words[1:], run, work)
        if isinstance(built, Refusal):
            return built
        found.append(built)
    if len({one.products for one in found}) < len(found):
        return Refusal("it publishes several projects to one place", work.calls[-1])
    return tuple(found)


def _published(words: list[str], run: Invocation, work: Work) -> Built | Refusal:
    properties = [(found[1], found[2]) for word in words if (found := _PROPERTY.fullmatch(word))]
    flags = read_flags([word for word in words if not _PROPERTY.fullmatch(word)], _OPTIONS)
    refusal = _objection(flags, run)
    if refusal:
        return refusal
    project = _project(flags, run, work)
    if isinstance(project, Refusal):
        return project
    sdk = _sdk(work, run)
    if isinstance(sdk, Refusal):
        return sdk
    place = (flags.values("o", "output") or ("",))[-1]
    if not place:
        return Refusal("where it publishes to depends on the project (no --output)", run)
    recipe = DotnetRecipe(
        sdk=sdk,
        channel=work.base.channel if work.base else "",
        project=project,
        configuration=(flags.values("c", "configuration") or ("Release",))[-1],
        framework=(flags.values("f", "framework") or ("",))[-1],
        properties=tuple(one for one in properties if one[0] != "UseAppHost"),
        self_contained=flags.has("self-contained", "sc"),
        app_host=("UseAppHost", "false") not in properties,
    )
    return Built(
        recipe=recipe,
        directory=run.directory or "/",
        products=((absolute(place, run) + "/", "published/"),),
        suffix=posixpath.basename(project).rpartition(".")[0].lower(),
    )


def _objection(flags: Flags, run: Invocation) -> Refusal | None:
    if flags.unknown:
        return Refusal(f"its option {flags.unknown} is not known", run)
    for name, _ in flags.given:
        if name not in _WITHOUT_EFFECT:
            return Refusal(f"its option --{name} is not translated yet", run)
    for system in flags.values("r", "runtime"):
        if not _SYSTEM.fullmatch(system):
            return Refusal(f"is for another system: {system}", run)
    return None


def _project(flags: Flags, run: Invocation, work: Work) -> str | Refusal:
    """The project's file, relative to where the command runs."""
    folder = run.directory or "/"
    named = flags.operands[0] if flags.operands else "."
    if len(flags.operands) > 1:
        return Refusal("it publishes several projects in one command", run)
    if not _PROJECT.fullmatch(named):
        names = [one for one in work.files.names(absolute(named, run)) if _PROJECT.fullmatch(one)]
        projects = [one for one in names if not one.endswith((".sln", ".slnx"))] or names
        if len(projects) != 1:
            return Refusal(f"which project it publishes is not known ({len(projects)} are there)", run)
        named = normal_path(posixpath.join(named, projects[0]))
    text = work.files.read(absolute(named, run))
    if text is None:
        return Refusal(f"{named} is not there", run)
    if any(_MACHINE_CODE.search(one) for one in (text, *_members(text, absolute(named, run), work))):
        return Refusal("it compiles to machine code (PublishAot), which is not translated yet", run)
    return posixpath.relpath(absolute(named, run), folder)


def _members(text: str, path: str, work: Work) -> list[str]:
    """The texts of the projects that a solution names."""
    folder = posixpath.dirname(path)
    named = [found.replace("\\", "/") for found in _MEMBER.findall(text)]
    return [work.files.read(normal_path(posixpath.join(folder, one))) or "" for one in named]


def _sdk(work: Work, run: Invocation) -> AttributePath | Refusal:
    base = work.base
    if base is None or base.language != "dotnet" or base.interpreter is None:
        return Refusal("which SDK of .NET builds it is not known", run)
    return base.interpreter
