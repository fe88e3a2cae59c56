"""`bundle install`: bundlerEnv (nixpkgs manual, "Ruby"), whose gems are put where Bundler would have installed them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, absolute, option_table, read_flags, texts
from dock2nix.builders.bundler_settings import Settings, is_known
from dock2nix.model.builds import BundleRecipe, Gem
from dock2nix.parse.gemfile import read_gemfile
from dock2nix.parse.gemfile_lock import read_gemfile_lock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.builders.base import Work
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.shell import Invocation
    from dock2nix.parse.gemfile_lock import GemLock, GemSpec

IN_PLACE = True
BY_TREE = False
BY_FOLDER = True
PROGRAMS = frozenset({"bundle", "bundler"})

_OPTIONS = option_table(
    "deployment frozen quiet clean no-cache no-prune system full-index local force redownload prefer-local no-color verbose V",
    "without with path gemfile jobs j retry binstubs shebang standalone trust-policy P target-rbconfig",
)
_UNFIT = frozenset({"binstubs", "standalone", "system"})
_LOOKS_ONLY = frozenset(
    {
        *(
            "check",
            "clean",
            "doctor",
            "env",
            "help",
            "info",
            "licenses",
            "list",
            "outdated",
            "platform",
            "show",
        ),
        *("version", "-v", "--version", "cache", "package"),
    }
)
_SCOPES = frozenset({"--local", "--global", "--parseable"})
_LISTS = frozenset({"without", "with"})
_RUBY = regex(r"ruby_(\d+)_(\d+)")
_CPUS = {"amd64": "x86_64", "arm64": "aarch64"}


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The gems of one project that its lock names."""
    settings = Settings()
    last: Invocation | None = None
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        settings.read(run, work.files)
        verb = next((word for word in words if not word.startswith("-")), (words or ["install"])[0])
        if verb in _LOOKS_ONLY:
            continue
        if verb in words:
            words.remove(verb)
        refusal = _told(verb, words, run, settings)
        if refusal:
            return refusal
        if verb == "install":
            if last is not None and last.directory != run.directory:
                return Refusal("it installs in several folders", run)
            last = run
    if last is None:
        return ()
    return _installed(last, settings, work)


# --- what it is told -----------------------------------------------------------------------------------------------------------


def _told(verb: str, words: list[str], run: Invocation, settings: Settings) -> Refusal | None:
    """Take in a command; why not, when it is none that is understood."""
    if verb == "config":
        return _config(words, run, settings)
    if verb != "install":
        return Refusal(f"bundle {verb} changes what the project asks for", run)
    flags = read_flags(_joined(words), _OPTIONS)
    if flags.unknown or flags.operands:
        return Refusal(f"its option {flags.unknown or flags.operands[0]} is not known", run)
    for name, value in flags.given:
        if name in _UNFIT:
            return Refusal(f"its option --{name} is not translated yet", run)
        if name in {"deployment", "gemfile", "path", "with", "without"}:
            settings.set(name, value or "true", run, local=True)
    return None


def _joined(words: list[str]) -> list[str]:
    """`--without a b` takes all words up to the next option."""
    found: list[str] = []
    for at, word in enumerate(words):
        before = next((one for one in reversed(words[:at]) if one.startswith("-")), "")
        if not word.startswith("-") and before.lstrip("-") in _LISTS and not words[at - 1].startswith("-"):
            found[-1] = f"{found[-1]} {word}"
        else:
            found.append(word)
    return found


def _config(words: list[str], run: Invocation, settings: Settings) -> Refusal | None:
    local = "--local" in words
    kept = [word for word in words if word not in _SCOPES]
    verb = kept.pop(0) if kept[:1] and kept[0] in {"get", "list", "set", "unset"} else ""
    if "--delete" in kept:
        kept.remove("--delete")
        verb = "unset"
    if verb in {"get", "list"} or (not verb and len(kept) < 2):
        return None
    if not kept or not is_known(kept[0]):
        return Refusal(f"its setting {(kept or [''])[0][:60]} is not understood", run)
    if verb == "unset":
        settings.unset(kept[0])
    elif kept[0].startswith(("gem.", "mirror.")):
        return None  # of the machine that asks servers
    else:
        settings.set(kept[0], " ".join(kept[1:]), run, local=local)
    return None


# --- what is installed ---------------------------------------------------------------------------------------------------------


def _installed(run: Invocation, settings: Settings, work: Work) -> tuple[Built, ...] | Refusal:
    ruby = _ruby(work)
    if isinstance(ruby, Refusal):
        return ruby
    manifest = absolute(settings.value("gemfile", run) or "Gemfile", run)
    place, version = _place(run, settings, manifest), _abi(ruby)
    lock_path = manifest + ".lock" if not manifest.endswith("gems.rb") else manifest[:-2] + "locked"
    text, origin = work.files.read(lock_path), work.files.origin(lock_path)
    manifest_origin = work.files.origin(manifest)
    if text is None or origin is None:
        name = posixpath.basename(lock_path)
        return Refusal(
            f"there is no {name}: which versions it installs is not pinned (`bundle lock` makes it)", run
        )
    if manifest_origin is None:
        return Refusal("its Gemfile is none of the build context", run)
    lock = read_gemfile_lock(text)
    if lock is None:
        return Refusal("its lock is none that Bundler writes", run)
    if not place or not version:
        return Refusal(
            "its gems go to the folder of Ruby itself, which is in the store (`ENV GEM_HOME=/usr/local/bundle` puts them elsewhere)",
            run,
        )
    gems = _gems(lock, _left_out(run, settings, work.files.read(manifest) or ""), work, run)
    if isinstance(gems, Refusal):
        return gems
    if _mixed(lock):
        settings.set("force_ruby_platform", "true", run, local=True)
    base = work.base
    recipe = BundleRecipe(
        ruby=ruby, channel=base.channel if base else "", manifest=manifest_origin, lock=origin, gems=gems
    )
    folder = place if _is_own_home(place, run) else f"{place}/ruby/{version}"
    return (
        Built(
            recipe=recipe,
            directory=posixpath.dirname(manifest),
            products=((f"{folder}/", f"lib/ruby/gems/{version}/"),),
            files=settings.files(),
            suffix="gems",
            state="" if all(gem.hash for gem in gems) else text,
        ),
    )


def _ruby(work: Work) -> AttributePath | Refusal:
    base = work.base
    if base is None or base.language != "ruby" or base.interpreter is None:
        return Refusal("which Ruby it is for is not known: its image is none of Ruby's own")
    return base.interpreter


def _abi(ruby: AttributePath) -> str:
    """The version in the names of folders: 3.4.0 for all of 3.4."""
    found = _RUBY.fullmatch(ruby)
    return f"{found[1]}.{found[2]}.0" if found else ""


def _place(run: Invocation, settings: Settings, manifest: str) -> str:
    """The folder of the gems: of Bundler's own, or GEM_HOME itself; "" when it is neither."""
    named = settings.value("path", run)
    if not named and settings.is_on("deployment", run):
        named = "vendor/bundle"
    if named and not settings.is_on("path.system", run):
        return posixpath.normpath(posixpath.join(posixpath.dirname(manifest), named))
    return run.environment.get("GEM_HOME") or ""


def _is_own_home(place: str, run: Invocation) -> bool:
    """Whether Bundler was not told of a folder, so that gems stand in it directly."""
    return place == run.environment.get("GEM_HOME") and not run.environment.get("BUNDLE_PATH")


def _left_out(run: Invocation, settings: Settings, manifest: str) -> frozenset[str]:
    """The gems that only groups ask for which are left out; none when the Gemfile would have to be run to tell."""
    found = read_gemfile(manifest)
    if found is None:
        return frozenset()
    out = (settings.groups("without", run) | found.optional) - settings.groups("with", run)
    return frozenset(name for name, groups in found.groups.items() if groups <= out)


def _gems(lock: GemLock, left_out: frozenset[str], work: Work, run: Invocation) -> tuple[Gem, ...] | Refusal:
    """What is asked for and what that needs, each in the build for this system."""
    found: dict[str, GemSpec] = {}
    waiting = [name for name in lock.asked_for if name not in left_out]
    while waiting:
        name = waiting.pop()
        if name in found or name == "bundler":
            continue
        chosen = _chosen([one for one in lock.gems if one.name == name], work.platform)
        if isinstance(chosen, str):
            return Refusal(chosen or f"its lock lacks {name} (`bundle lock` completes it)", run)
        if chosen is None:
            continue
        found[name] = chosen
        waiting += chosen.dependencies
    for one in found.values():
        if one.source.kind not in {"GEM", "GIT"} or not one.source.remotes:
            return Refusal(
                f"its gem {one.name} is from a folder or a plugin, which is not translated yet", run
            )
    return tuple(_gem(found[name], found) for name in sorted(found))


def _chosen(builds: list[GemSpec], platform: str) -> GemSpec | str | None:
    """The build of a gem: from source where there is one, since nixpkgs knows what that needs; None for what is of other systems."""
    if not builds:
        return ""
    cpu = _CPUS.get(platform.split("/")[1], "")
    fitting = ("ruby", f"{cpu}-linux", f"{cpu}-linux-gnu")
    own = sorted(
        (one for one in builds if one.platform in fitting), key=lambda one: fitting.index(one.platform)
    )
    if own:
        return own[0]
    linux = sorted(one.platform for one in builds if "linux" in one.platform)
    if not linux:
        return None
    return (
        f"its gem {builds[0].name} is locked for {', '.join(linux)} alone "
        f"(`bundle lock --add-platform ruby {cpu}-linux` adds what Nix can use)"
    )


def _gem(spec: GemSpec, all_of_them: Iterable[str]) -> Gem:
    kept = set(all_of_them)
    return Gem(
        name=spec.name,
        version=spec.version,
        platform=spec.platform,
        dependencies=tuple(sorted(kept.intersection(spec.dependencies))),
        remotes=tuple(remote.rstrip("/") for remote in spec.source.remotes),
        revision=spec.source.revision,
        submodules=spec.source.submodules,
        hash=spec.hash if spec.source.kind == "GEM" else "",
    )


def _mixed(lock: GemLock) -> bool:
    """Whether a gem is locked both from source and for systems: Bundler must be told which of them is there."""
    plain = {one.name for one in lock.gems if one.platform == "ruby"}
    return any(one.name in plain for one in lock.gems if one.platform != "ruby")
