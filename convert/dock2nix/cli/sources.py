"""From the arguments to the bytes of a Dockerfile and its build context."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import DockerfileError, UsageError
from dock2nix.parse.lines import MAXIMUM_SIZE
from dock2nix.pipeline import Source

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_source(argument: str, context: Path | None) -> Source:
    """The Dockerfile an argument names.

    Args:
        argument: a file, a folder that holds `Dockerfile` or `Containerfile`, or `-`.
        context: the build context as given; None takes the Dockerfile's folder, the current one for `-`.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        DockerfileError: it is too large to be one.
    """
    if argument == "-":
        if sys.stdin is None:
            raise UsageError("-: standard input is closed")
        content = sys.stdin.buffer.read(MAXIMUM_SIZE + 1)
        return _checked(Source(content=content, path="-", file=None, context=_folder(context or Path.cwd())))
    path = _dockerfile_in(Path(argument))
    return _checked(
        Source(content=_read(path), path=str(path), file=path, context=_folder(context or path.parent))
    )


def _checked(source: Source) -> Source:
    if len(source.content) > MAXIMUM_SIZE:
        limit = MAXIMUM_SIZE // 1024 // 1024
        raise DockerfileError(f"a file of more than {limit} MiB is no Dockerfile", path=source.path)
    return source


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise UsageError(f"{path}: the build context is not a folder")
    return path


def _dockerfile_in(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in ("Dockerfile", "Containerfile"):
        if (path / name).is_file():
            return path / name
    raise UsageError(f"{path}: no Dockerfile in this folder")


def _read(path: Path) -> bytes:
    try:
        if stat.S_ISFIFO(path.stat().st_mode) and not str(path).startswith("/dev/fd/"):
            raise UsageError(f"{path}: is a named pipe; use - to read standard input")
        with path.open("rb") as file:
            return file.read(MAXIMUM_SIZE + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def build_arguments(given: list[str]) -> Mapping[str, str]:
    """`KEY=VALUE` as given; `KEY` alone takes the value of the environment, as docker does.

    Raises:
        UsageError: there is no name before `=`.
    """
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name:
            raise UsageError(f"--build-arg {text}: expected KEY=VALUE")
        if equals:
            values[name] = value
        elif name in os.environ:
            values[name] = os.environ[name]
    return values


def image_name(context: Path) -> str:
    """A valid image name (OCI distribution specification) made of the context folder's name."""
    name = re.sub(r"[^a-z0-9]+", "-", context.resolve().name.lower()).strip("-")
    return name or "image"


def shown_name(source: Source) -> str:
    """What the generated files call the Dockerfile: relative to the context, without anything of this machine."""
    if source.file is None:
        return "Dockerfile"
    try:
        return source.file.resolve().relative_to(source.context.resolve()).as_posix()
    except ValueError:
        return source.file.name
