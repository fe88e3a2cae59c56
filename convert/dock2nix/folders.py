"""Where the data that ships with dock2nix is: in the package when installed, at top level in a checkout."""

from __future__ import annotations

from pathlib import Path


def data_folder(name: str) -> Path:
    """The folder `mappings` or `templates` of this installation.

    Args:
        name: the folder's name.

    Returns:
        Its path: inside the installed package, else beside `convert/` in a source checkout.

    """
    package = Path(__file__).parent
    shipped = package / name
    return shipped if shipped.is_dir() else package.parents[1] / name
