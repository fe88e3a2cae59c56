"""go.py mod init NAME | install ./PACKAGE: what Go would refuse of a module, and a script in the place of each program.

Stands in for the compiler: the script prints how it was to be compiled.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path


def init(name: str) -> None:
    """`go mod init`."""
    if Path("go.mod").exists():
        sys.exit("go: go.mod already exists")
    Path("go.mod").write_text(f"module {name}\n")


def install(package: str) -> None:
    """`go install` of one package: it must be there, of package main, and its module's dependencies be vendored."""
    module = Path("go.mod").read_text()
    if re.search(r"^require\b", module, re.MULTILINE) and not Path("vendor/modules.txt").exists():
        sys.exit("go: inconsistent vendoring")
    sources = [path.read_text() for path in sorted(Path(package).glob("*.go"))]
    if not any(re.search(r"^package main$", text, re.MULTILINE) for text in sources):
        sys.exit(f"no Go files of package main in {package}")
    path = os.path.normpath(f"{module.split()[1]}/{package}").split("/")
    name = path[-2] if re.fullmatch(r"v[0-9]+", path[-1]) and len(path) > 1 else path[-1]
    asked = " ".join(os.environ.get(key, "") for key in ("ldflags", "tags", "GOFLAGS"))
    program = Path(".installed") / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f"#!{os.environ['interpreter']}\necho {name}: cgo {os.environ['CGO_ENABLED']}, {asked!r}\n"
    )
    program.chmod(0o755)


if __name__ == "__main__":
    if sys.argv[1:3] == ["mod", "init"]:
        init(sys.argv[3])
    else:
        install(sys.argv[2])
