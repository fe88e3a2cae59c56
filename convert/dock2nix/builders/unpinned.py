"""Build tools whose dependencies nothing in the project pins by a hash that Nix could use: why, and what would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.builders.base import Refusal, program_of

if TYPE_CHECKING:
    from dock2nix.builders.base import Built, Work

IN_PLACE = True
BY_TREE = False
BY_FOLDER = False
_REASONS = {
    "ant": "nixpkgs has no function that fetches what a build of Ant downloads",
    "bazel": "what Bazel downloads is known only to Bazel: nixpkgs' buildBazelPackage takes it under one hash",
    "lein": "nixpkgs has no function that fetches what Leiningen downloads",
    "mix": "nixpkgs' mixRelease takes the packages of mix.lock under one hash, which is not translated yet",
    "rebar3": "nixpkgs has no lock that Rebar's own would stand for",
    "sbt": "nixpkgs has no function that fetches what sbt downloads",
    "stack": "nixpkgs' haskell.lib builds from Hackage's own set, not from stack.yaml",
}
PROGRAMS = frozenset(_REASONS)


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """Why the first of the calls cannot be done."""
    run = work.calls[0]
    return Refusal(_REASONS[program_of(run)], run)
