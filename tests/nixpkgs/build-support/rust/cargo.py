"""cargo.py CRATE TARGET [FLAG...]: a script in TARGET for each program that cargo would build of a crate.

Stands in for the compiler: the script prints what was asked for.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path


def main() -> None:
    """Find the programs by Cargo.toml and the places where sources of programs stand."""
    crate, target = Path(sys.argv[1]), Path(sys.argv[2])
    manifest = tomllib.loads((crate / "Cargo.toml").read_text())
    names = {one["name"] for one in manifest.get("bin", [])}
    names |= {path.stem for path in (crate / "src/bin").glob("*.rs")}
    if (crate / "src/main.rs").exists():
        names.add(manifest["package"]["name"])
    if not names:
        sys.exit("error: no bin target found")
    target.mkdir()
    asked = " ".join((os.environ["cargoBuildType"], os.environ["cargoBuildFeatures"], *sys.argv[3:])).strip()
    for name in sorted(names):
        program = target / name
        program.write_text(f"#!{os.environ['interpreter']}\necho {name}: {asked}\n")
        program.chmod(0o755)


main()
