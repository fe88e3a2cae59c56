"""Build tools: a module for each, which says what derivation does what a stage builds with it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from dock2nix.builders.base import Refusal, tool_of

if TYPE_CHECKING:
    from dock2nix.builders.base import Builder, Built, Work
    from dock2nix.model.shell import Invocation

__all__ = ["BUILDERS", "builder_of", "recognise"]

# The modules with the programs that are theirs: each is imported when one of these is met.
BUILDERS = {
    "bundle": "bundle bundler",
    "cargo": "cargo rustc rustup",
    "composer": "composer composer.phar",
    "dotnet": "dotnet",
    "go": "go gofmt golangci-lint golint staticcheck",
    "gradle": "gradle gradlew",
    "maven": "mvn mvnw",
    "native": "Configure aclocal autoconf autogen.sh autoheader automake autoreconf bootstrap bootstrap.sh buildconf buildconf.sh cmake config configure gmake libtoolize make meson ninja",
    "npm": "astro esbuild nest next ng npm npx nuxt pnpm react-scripts rollup tailwindcss tsc vite vue-cli-service webpack yarn",
    "unpinned": "ant bazel lein mix rebar3 sbt stack",
}

# Tools by which programs of the project are started too.
_RUNNERS = frozenset({"bundle", "bundler"})


def builder_of(run: Invocation) -> Builder | None:
    """The build tool that a command is of; None when it is of none."""
    tool = tool_of(run)
    if tool in _RUNNERS and run.arguments and run.arguments[0].value == "exec":
        return None  # it runs a program of the project
    name = _modules().get(tool)
    return cast("Builder", import_module(f"{__name__}.{name}")) if name else None


@cache
def _modules() -> dict[str, str]:
    return {program: name for name, programs in BUILDERS.items() for program in programs.split()}


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The derivations that do what the calls of a stage do.

    Args:
        work: what the stage does that nothing else translates.

    Returns:
        Why not, when they are not all of one build tool, or that one does not understand them.
    """
    builder = builder_of(work.calls[0])
    for call in work.calls:
        if builder is None or builder_of(call) is not builder:
            return Refusal("", call)
    if builder is None or builder.IN_PLACE:
        return Refusal("", work.calls[0])
    return builder.recognise(work)
