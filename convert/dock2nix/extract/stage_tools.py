"""What a build in a stage may rely on: the variables that the stage sets, and the packages it installs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.builders.base import Refusal
from dock2nix.model.packages import Action
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.shell import Invocation
    from dock2nix.model.steps import Step

# What tells tools where they and their caches are, which a Nix build says itself, and what only the machine decides.
_OF_THE_MACHINE = regex(
    r"PATH|HOME|PWD|SHELL|USER|TERM|LANG|LC_\w+|TZ|DEBIAN_FRONTEND|(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)|"
    r"(?i:npm_config_\w+|(?:http|https|ftp|no|all)_proxy)|YARN_\w+|PNPM_HOME|COREPACK_\w+|GO\w*|CARGO_HOME|RUSTUP_\w+|"
    r"JAVA_HOME|MAVEN_(?:HOME|CONFIG)|(?:NODE|NPM|GO|RUST|JAVA|MAVEN|ALPINE|DEBIAN)_(?:VERSION|IMAGE|TAG)"
)


def environment_of(
    chain: tuple[Stage, ...], calls: tuple[Invocation, ...]
) -> tuple[tuple[str, str], ...] | Refusal:
    """The variables that a build sees by ENV, ARG and its own assignments, sorted.

    Args:
        chain: the stage and those it stands on, root first.
        calls: the commands of the build.

    Returns:
        Why not, when a value cannot be known, or two commands see different ones.
    """
    declared = {name for stage in chain for name in _declared(stage)}
    found: dict[str, str] = {}
    for call in calls:
        own = {name: word.value for name, word in call.assignments}
        for name in sorted(declared | set(own)):
            value = own[name] if name in own else call.environment.get(name)
            if _OF_THE_MACHINE.fullmatch(name) or (value is None and name not in own):
                continue
            if value is None:
                return Refusal(f"the value of {name} cannot be known without running something", call)
            if found.setdefault(name, value) != value:
                return Refusal(f"{name} has another value than for the commands before it", call)
    return tuple(sorted(found.items()))


def unset_arguments(chain: tuple[Stage, ...]) -> frozenset[str]:
    """The build arguments that a stage declares and that have no value, by what its last instruction sees."""
    declared = {name for stage in chain for name in _declared(stage)}
    last = next((one for one in reversed(chain[-1].instructions)), None)
    return frozenset(name for name in declared if last is not None and last.environment.get(name) is None)


def _declared(stage: Stage) -> Iterator[str]:
    for instruction in stage.instructions:
        if instruction.keyword == "ENV":
            yield from instruction.arguments[::2]
        elif instruction.keyword == "ARG":
            yield from (argument.partition("=")[0] for argument in instruction.arguments)


def packages_asked_for(steps: tuple[Step, ...]) -> frozenset[str]:
    """The names of the packages that steps install, as the package managers have them."""
    return frozenset(
        requirement.name
        for step in steps
        for install in step.installs
        if install.action is Action.INSTALL
        for requirement in install.requirements
    )
