"""The only door to other programs: runs nix, uv, npm, pip, with the command told when it fails."""

from __future__ import annotations

import os
import shlex
import subprocess
from contextlib import nullcontext
from typing import TYPE_CHECKING

from dock2nix.errors import MissingProgramError, NixError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run_program(
    arguments: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
    output: Path | None = None,
) -> str:
    """Run a program without a shell and return what it printed.

    Args:
        arguments: the program and its arguments.
        cwd: the folder to run in; the current one when None.
        environment: variables set on top of ours.
        timeout: seconds after which it is ended.
        output: the file that gets what it prints, which is not returned then.

    Returns:
        Its standard output, decoded as UTF-8 (undecodable bytes replaced).

    Raises:
        MissingProgramError: it is not installed.
        NixError: it failed or took too long; the message holds the command and its last words.
    """
    shown = shlex.join(arguments)
    try:
        with output.open("wb") if output else nullcontext(subprocess.PIPE) as target:
            done = subprocess.run(
                list(arguments),
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                timeout=timeout,
                stdout=target,
                stderr=subprocess.PIPE,
                check=False,
            )
    except FileNotFoundError as error:
        raise MissingProgramError(f"{arguments[0]}: not installed (wanted to run: {shown})") from error
    except subprocess.TimeoutExpired as error:
        raise NixError(f"no result after {timeout:g} s: {shown}") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip()[-2000:]
        raise NixError(f"{shown}\nended with status {done.returncode}: {last}")
    return "" if output else done.stdout.decode(errors="replace")
