"""`composer install`: php.mkComposerVendor (nixpkgs manual, "PHP")."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, option_table, read_flags, texts
from dock2nix.model.builds import ComposerRecipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.builders.base import Flags, Problem, Work
    from dock2nix.model.shell import Invocation

IN_PLACE = True
BY_TREE = False
BY_FOLDER = True
PROGRAMS = frozenset({"composer", "composer.phar"})

_OPTIONS = option_table(
    "no-dev no-scripts no-plugins no-interaction n no-progress quiet q v vv vvv verbose ansi no-ansi "
    "optimize-autoloader o classmap-authoritative a apcu-autoloader prefer-dist prefer-source prefer-install "
    "no-suggest ignore-platform-reqs no-cache no-autoloader dev no-audit",
    "ignore-platform-req working-dir d",
)
_WITHOUT_EFFECT = frozenset(
    {
        *(
            "no-dev",
            "no-scripts",
            "no-plugins",
            "no-interaction",
            "n",
            "no-progress",
            "quiet",
            "q",
            "v",
            "vv",
            "vvv",
        ),
        *(
            "verbose",
            "ansi",
            "no-ansi",
            "optimize-autoloader",
            "o",
            "prefer-dist",
            "no-suggest",
            "no-cache",
            "no-audit",
        ),
        *(
            "ignore-platform-reqs",
            "ignore-platform-req",
            "classmap-authoritative",
            "a",
            "no-autoloader",
            "dev",
        ),
    }
)
# What mkComposerVendor does in any case, behind the installation.
_DUMPS = frozenset({"dump-autoload", "dumpautoload", "dump"})
_LOOKS_ONLY = frozenset(
    {"--version", "-V", "about", "diagnose", "show", "validate", "check-platform-reqs", "clear-cache"}
)
_RUN_AFTER = ("post-autoload-dump", "post-install-cmd", "pre-autoload-dump", "pre-install-cmd")


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The packages of one project that its lock names."""
    installs: list[tuple[Invocation, Flags]] = []
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        verbs = [word for word in words if not word.startswith("-")]
        verb = verbs[0] if verbs else (words or ["--version"])[0]
        if verb in _LOOKS_ONLY or (verb in _DUMPS and installs):
            continue
        if verb not in {"install", "i"}:
            return Refusal(f"composer {verb} changes what the project asks for, or runs its scripts", run)
        words.remove(verb)
        flags = read_flags(words, _OPTIONS)
        refusal = _objection(flags, run)
        if refusal:
            return refusal
        installs.append((run, flags))
    if not installs:
        return ()
    if len({run.directory for run, _ in installs}) > 1:
        return Refusal("it installs in several folders", installs[-1][0])
    return _installed(*installs[-1], work)


def _objection(flags: Flags, run: Invocation) -> Refusal | None:
    if flags.unknown:
        return Refusal(f"its option {flags.unknown} is not known", run)
    for name, _ in flags.given:
        if name not in _WITHOUT_EFFECT:
            return Refusal(f"its option --{name} is not translated yet", run)
    return None


def _installed(run: Invocation, flags: Flags, work: Work) -> tuple[Built, ...] | Refusal:
    folder = run.directory or "/"
    manifest = _json(work.files.read(posixpath.join(folder, "composer.json")))
    if manifest is None:
        return Refusal("there is no composer.json in its folder, or it is no JSON object", run)
    lock = work.files.read(posixpath.join(folder, "composer.lock"))
    if lock is None:
        return Refusal(
            "there is no composer.lock: which versions it installs is not pinned (`composer update` makes it)",
            run,
        )
    vendor = _vendor(manifest)
    if vendor is None:
        return Refusal("its packages go to another folder than vendor, which is not translated yet", run)
    base = work.base if work.base is not None and work.base.language == "php" else None
    recipe = ComposerRecipe(
        php=base.interpreter if base else None,
        channel=base.channel if base else "",
        dev=not flags.has("no-dev"),
        plugins=not flags.has("no-plugins") and _allows_plugins(manifest),
    )
    place = posixpath.join(folder, vendor)
    built = Built(
        recipe=recipe,
        directory=folder,
        products=((f"{place}/", f"{vendor}/"),),
        state=lock,
        problems=tuple(_scripts(manifest, flags)),
    )
    return (built,)


def _json(text: str | None) -> Mapping[str, object] | None:
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _vendor(manifest: Mapping[str, object]) -> str | None:
    config = manifest.get("config")
    named = config.get("vendor-dir", "vendor") if isinstance(config, dict) else "vendor"
    return "vendor" if named == "vendor" else None


def _allows_plugins(manifest: Mapping[str, object]) -> bool:
    config = manifest.get("config")
    allowed = config.get("allow-plugins") if isinstance(config, dict) else None
    return allowed is True or (isinstance(allowed, dict) and True in allowed.values())


def _scripts(manifest: Mapping[str, object], flags: Flags) -> list[Problem]:
    scripts = manifest.get("scripts")
    named = [name for name in _RUN_AFTER if isinstance(scripts, dict) and name in scripts]
    if not named or flags.has("no-scripts"):
        return []
    text = f"composer.json has scripts that run when packages are installed ({', '.join(named)}): they do not run in a Nix build"
    return [("D2N308", text, "run what they do in a RUN of its own")]
