"""`python -m dock2nix`."""

from __future__ import annotations

from dock2nix.cli import entry_point

if __name__ == "__main__":
    entry_point()
