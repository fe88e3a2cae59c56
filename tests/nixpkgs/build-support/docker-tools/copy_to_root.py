"""copy_to_root.py MODE DESTINATION ITEM...: what a layer starts with, merged from several store paths.

MODE `copy` does as `rsync -ak`: a link to a directory becomes a directory, other links stay links, modes are kept (those of
the store: 0555 and 0444). `keep-links` leaves links to directories too. `link` does as `lndir`: directories of its own, and
links to the files.
"""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path


class Merge:
    """Merges trees into `destination`; the modes of directories are set by `finish`, when nothing is written any more."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.directory_modes: dict[Path, int] = {}

    def add(self, source: Path, target: Path) -> None:
        """Merge one file, link or directory."""
        if source.is_dir() and (not source.is_symlink() or self.mode == "copy"):
            self.add_directory(source, target)
        elif self.mode == "link":
            if not target.is_symlink() and not target.exists():
                target.symlink_to(source.readlink() if source.is_symlink() else source)
        else:
            target.unlink(missing_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)

    def add_directory(self, source: Path, target: Path) -> None:
        """Merge a directory with all that is in it."""
        target.mkdir(exist_ok=True)
        if self.mode != "link":
            self.directory_modes[target] = stat.S_IMODE(source.stat().st_mode)
        for entry in sorted(source.iterdir()):
            self.add(entry, target / entry.name)

    def finish(self) -> None:
        """Give the directories the modes of their sources."""
        for directory, mode in self.directory_modes.items():
            directory.chmod(mode)


def main() -> None:
    mode, destination, *items = sys.argv[1:]
    merge = Merge(mode)
    for item in items:
        merge.add(Path(item), Path(destination))
    merge.finish()


if __name__ == "__main__":
    main()
