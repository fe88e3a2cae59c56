"""`uv run`, `poetry run`: they look for the project's environment, which is the image itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.finding import Finding, Outcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import ImageConfig
    from dock2nix.model.source import Location
    from dock2nix.model.steps import Step

# Options that change nothing of what runs in an environment that is complete.
_IDLE = r"--(?:no-sync|frozen|locked|no-dev|no-cache|offline|no-project|all-extras|quiet|no-progress)|-q"
_SHELL_PREFIX = regex(rf"\s*(exec\s+)?(?:uv|poetry)\s+run(?:\s+(?:{_IDLE}))*\s+(?=[^-\s])")
_IDLE_OPTION = regex(_IDLE)
_SCRIPT = regex(r"[\w./-]+\.py")


def without_runner(config: ImageConfig, steps: tuple[Step, ...], location: Location) -> Outcome[ImageConfig]:
    """The configuration whose commands run without the tool that would make an environment for them first.

    Only where the packages of a lock are installed in the image: elsewhere the tool does more than run a command.

    Args:
        config: of the image.
        steps: all commands that the image is made of.
        location: where it is to be told.
    """
    if not any(use.role == "locked" for step in steps for one in step.installs for use in one.manifests):
        return Outcome(config)
    entrypoint, cmd = config.entrypoint or (), config.cmd or ()
    if _is_shell_form(entrypoint) or not entrypoint:
        changed = replace(
            config,
            entrypoint=_direct(entrypoint) or config.entrypoint,
            cmd=(_direct(cmd) or config.cmd) if not entrypoint else config.cmd,
        )
    else:
        words = _direct(entrypoint) if _run_words(entrypoint) < len(entrypoint) else ()
        whole = _direct((*entrypoint, *cmd)) if not words else ()
        changed = (
            replace(config, entrypoint=words or None, cmd=whole or config.cmd) if words or whole else config
        )
    if changed == config:
        return Outcome(config)
    text = "uv run and poetry run are left out of the image's command: the environment they look for is the image's own"
    return Outcome(changed, (Finding(code="D2N112", message=text, location=location),))


def _is_shell_form(words: tuple[str, ...]) -> bool:
    return len(words) >= 3 and words[-2] == "-c"


def _direct(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command without its runner; () when it has none."""
    if _is_shell_form(words):
        found = _SHELL_PREFIX.match(words[-1])
        if found is None:
            return ()
        rest = words[-1][found.end() :]
        prefix = "python " if _SCRIPT.fullmatch(rest.split(maxsplit=1)[0]) else ""
        return (*words[:-1], (found[1] or "") + prefix + rest)
    start = _run_words(words)
    if not start or start >= len(words) or words[start].startswith("-"):
        return ()
    python = ("python",) if _SCRIPT.fullmatch(words[start]) else ()
    return (*python, *words[start:])


def _run_words(words: tuple[str, ...]) -> int:
    """How many words `uv run` and its options are; 0 for another command."""
    if len(words) < 2 or words[0].rsplit("/", 1)[-1] not in {"uv", "poetry"} or words[1] != "run":
        return 0
    at = 2
    while at < len(words) and _IDLE_OPTION.fullmatch(words[at]):
        at += 1
    return at
