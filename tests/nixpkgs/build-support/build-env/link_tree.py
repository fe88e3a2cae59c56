"""link_tree.py SPECIFICATION OUT: one tree of links to the files of several packages, as nixpkgs' buildEnv makes it.

A directory that only one package has is one link. Two packages with the same file: the lower priority number wins; at equal
priority they must agree in content and mode, or it is an error (unless collisions are ignored: then the first one wins).
"""

from __future__ import annotations

import filecmp
import json
import os
import sys
from pathlib import Path
from typing import Any

_LEFT_OUT = {"nix-support", "propagated-build-inputs", "log", "perllocal.pod"}


class Tree:
    """What is at each relative path: `(source, priority)` of a file, or of each directory that is merged there."""

    def __init__(self, specification: dict[str, Any]) -> None:
        self.options = specification
        self.wanted = [path.strip("/") for path in specification["pathsToLink"]]
        self.sources: dict[str, list[tuple[Path, int]]] = {"": []}

    def inside(self, path: str) -> bool:
        """Is it in what is to be linked?"""
        return any(want in ("", path) or path.startswith(want + "/") for want in self.wanted)

    def leads_there(self, path: str) -> bool:
        """Is it above something that is to be linked?"""
        return path == "" or any(want.startswith(path + "/") for want in self.wanted)

    def add_package(self, package: Path, priority: int) -> None:
        """Add one output of a package."""
        if package.is_dir():
            self.add("", package, priority)
        elif not self.options["ignoreSingleFileOutputs"]:
            sys.exit(
                f"The store path {package} is a file and can't be merged into an environment using pkgs.buildEnv!"
            )

    def add(self, path: str, source: Path, priority: int) -> None:
        """Add what is at `source` as `path`."""
        if source.name in _LEFT_OUT or path.endswith("info/dir"):
            return
        if not source.is_dir():
            self.add_file(path, source, priority)
            return
        self.sources.setdefault(path, []).append((source, priority))
        for entry in sorted(source.iterdir()):
            below = f"{path}/{entry.name}".lstrip("/")
            if self.inside(below) or (self.leads_there(below) and entry.is_dir()):
                self.add(below, entry, priority)

    def add_file(self, path: str, source: Path, priority: int) -> None:
        """Add a file, or decide between two of the same path."""
        if path in self.sources:
            other, other_priority = self.sources[path][0]
            if other_priority < priority or (other_priority == priority and self.agree(other, source)):
                return
            if other_priority == priority:
                sys.exit(
                    f"pkgs.buildEnv error: two given paths contain a conflicting subpath:\n  `{source}' and\n  `{other}'"
                )
        self.sources[path] = [(source, priority)]

    def agree(self, one: Path, two: Path) -> bool:
        """May the first stand for both?"""
        if self.options["ignoreCollisions"] or one.resolve() == two.resolve():
            return True
        comparable = self.options["checkCollisionContents"] and one.is_file() and two.is_file()
        return (
            comparable
            and filecmp.cmp(one, two, shallow=False)
            and os.access(one, os.X_OK) == os.access(two, os.X_OK)
        )

    def write(self, path: str, target: Path) -> None:
        """Write the links at and below `path`."""
        sources = [source for source, _ in self.sources[path]]
        if not sources[:1] or (
            sources[0].is_dir() and (len(sources) > 1 or not path or not self.inside(path))
        ):
            target.mkdir(parents=True, exist_ok=True)
            for below in sorted(self.sources):
                if below and below.rpartition("/")[0] == path:
                    self.write(below, target / below.rpartition("/")[2])
        else:
            target.symlink_to(sources[0])


def main() -> None:
    specification, out = sys.argv[1:]
    tree = Tree(json.loads(Path(specification).read_text()))
    for package in tree.options["chosen"]:
        for output in package["paths"]:
            tree.add_package(Path(output), package["priority"])
    tree.write("", Path(out))


if __name__ == "__main__":
    main()
