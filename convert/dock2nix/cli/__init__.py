"""The command line: arguments to options, results to exit codes. Every problem of the run is caught here, once."""

from __future__ import annotations

import gc
import os
import sys

from dock2nix.cli.arguments import COMMANDS, argument_parser
from dock2nix.errors import Dock2nixError, LocatedError

__all__ = ["entry_point", "main"]

_DONE, _NEEDS_REVIEW, _COULD_NOT_RUN = 0, 1, 2


def entry_point() -> None:
    """The console script `dock2nix`."""
    # A conversion makes no cycles worth collecting and ends soon: a tenth of its time went into looking for them.
    gc.disable()
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; the command `convert` may be left out.

    Returns:
        0: done and nothing left to look at; 1: done, something needs a human; 2: could not run (message on stderr).
    """
    try:
        words = _with_command(arguments)
        options = argument_parser(words[0] if words and words[0] in COMMANDS else "").parse_args(words)
        return int(options.run(options))
    except LocatedError as error:
        return _fail(str(error))
    except Dock2nixError as error:
        return _fail(f"dock2nix: error: {error}")
    except BrokenPipeError:
        # the reader has gone (`dock2nix … | head`): no message, and none from the interpreter's last flush either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE
    except OSError as error:
        return _fail(f"dock2nix: error: {error.strerror or error}")
    except KeyboardInterrupt:
        return _fail("dock2nix: interrupted")


def _fail(message: str) -> int:
    from dock2nix.emit.expression import nix_comment  # noqa: PLC0415 - only when something failed

    for line in message.splitlines():
        print(nix_comment(line), file=sys.stderr)  # noqa: T201 - this is the command line
    return _COULD_NOT_RUN


def _with_command(arguments: list[str]) -> list[str]:
    """`dock2nix Dockerfile` is `dock2nix convert Dockerfile`; options of the program itself stay in front."""
    own = {"-h", "--help", "--version", "-V"}
    if not arguments or arguments[0] in COMMANDS or arguments[0] in own:
        return arguments
    return ["convert", *arguments]
