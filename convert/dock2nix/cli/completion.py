"""`dock2nix completion`: what makes a shell complete, made of the same parser that reads the arguments."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dock2nix.cli.arguments import argument_parser

if TYPE_CHECKING:
    import argparse

_FILES = frozenset(
    {"dockerfile", "paths", "folder", "folders", "files", "context", "output", "config", "list", "json"}
    | {"markdown", "html", "attestation", "image", "destination", "cache"}
)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    import shtab  # noqa: PLC0415 - no other command needs it

    parser = argument_parser()
    for one in _parsers(parser):
        for action in one._actions:  # noqa: SLF001 - argparse has no other way to them, shtab goes it too
            if action.dest in _FILES and action.nargs != 0:
                action.complete = shtab.FILE  # type: ignore[attr-defined] # how shtab is told
    sys.stdout.write(shtab.complete(parser, shell=options.shell).rstrip("\n") + "\n")
    return 0


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """A parser with those of its commands."""
    found = [parser]
    for action in parser._actions:  # noqa: SLF001
        for one in (action.choices or {}).values() if isinstance(action.choices, dict) else ():
            found += _parsers(one)
    return found
