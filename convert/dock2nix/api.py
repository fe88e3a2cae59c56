"""The converter for other programs: `dock2nix.convert(...)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.convert import overrides_file
from dock2nix.cli.sources import image_name, read_source, shown_name
from dock2nix.output import write_files
from dock2nix.pipeline import Conversion, Options, Source
from dock2nix.pipeline import convert as convert_source
from dock2nix.plan import ImageSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from dock2nix.locking.base import Locker
    from dock2nix.output import Written

__all__ = ["Conversion", "convert", "write"]


def convert(  # noqa: PLR0913 - the options of the command, by name
    dockerfile: str | PathLike[str] | bytes,
    *,
    context: str | PathLike[str] | None = None,
    target: str = "",
    build_args: Mapping[str, str] | None = None,
    platform: Literal["", "linux/amd64", "linux/arm64"] = "",
    name: str = "",
    tag: str = "latest",
    python: Literal["auto", "nixpkgs", "lock"] = "nixpkgs",
    config: str | PathLike[str] | None = None,
    html: bool = False,
) -> Conversion:
    """Convert a Dockerfile in memory. Nothing of it is run, and nothing is written.

    Args:
        dockerfile: a path, a folder that holds a Dockerfile, or the Dockerfile itself as bytes.
        context: the build context; the Dockerfile's folder by default, the current one for bytes.
        target: the stage to make an image of; "" for the last.
        build_args: values of ARG.
        platform: "" stands for linux/amd64, with a flake for every system.
        name: of the image; the context folder's name by default.
        tag: of the image.
        python: where Python packages come from. `auto` and `lock` ask the package index that uv is configured for; `nixpkgs`, the
            default, needs no network.
        config: your own rows; dock2nix.toml in the context by default.
        html: make nix/report.html too.

    Returns:
        `files` (path relative to the flake's root → text) and `report`.

    Raises:
        DockerfileError: BuildKit would refuse the Dockerfile; with file, line and column.
        UsageError: something named is not there.
        Dock2nixError: what both are.
    """
    source = _source(dockerfile, context)
    settings = ImageSettings(
        name=name or image_name(source.context), tag=tag, platform=platform, dockerfile=shown_name(source)
    )
    options = Options(
        target=target,
        build_arguments=dict(build_args or {}),
        platform=platform,
        image=settings,
        python=python,
        page=html,
    )
    catalogue = LocalCatalogue(overrides=overrides_file(Path(config) if config else None, source.context))
    return convert_source(source, options, catalogue, _locker)


def write(conversion: Conversion, folder: str | PathLike[str], *, force: bool = False) -> Written:
    """Write the files of a conversion, all or none: never over somebody else's, and with hand edits kept.

    Args:
        conversion: what `convert` gave.
        folder: the flake's root.
        force: replace files of others, and edited ones.

    Raises:
        UsageError: a file is in the way, or cannot be written; nothing was changed then.
    """
    return write_files(Path(folder), conversion.files, force=force)


def _source(dockerfile: str | PathLike[str] | bytes, context: str | PathLike[str] | None) -> Source:
    folder = Path(context) if context is not None else None
    if isinstance(dockerfile, bytes):
        return Source(content=dockerfile, path="Dockerfile", file=None, context=folder or Path.cwd())
    return read_source(str(Path(dockerfile)), folder)


def _locker() -> Locker:
    from dock2nix.locking.uv import find_locker  # noqa: PLC0415 - few conversions need it

    return find_locker(offline=False)
