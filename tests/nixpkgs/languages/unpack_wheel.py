"""unpack_wheel.py WHEEL OUT SITE INTERPRETER: install a wheel (PEP 427) into OUT/SITE, its console scripts into OUT/bin."""

from __future__ import annotations

import configparser
import shutil
import sys
import zipfile
from pathlib import Path

_SCRIPT = """#!{interpreter}
import sys
from {module} import {first}
sys.exit({function}())
"""


def place_data(site: Path, out: Path) -> None:
    """Move what NAME.data/ has to where it belongs."""
    for data in site.glob("*.data"):
        for source, target in (("purelib", site), ("platlib", site), ("scripts", out / "bin"), ("data", out)):
            if (data / source).is_dir():
                shutil.copytree(data / source, target, dirs_exist_ok=True)
        shutil.rmtree(data)


def write_scripts(site: Path, programs: Path, interpreter: str) -> None:
    """Write the programs that entry_points.txt declares."""
    entry_points = configparser.ConfigParser(delimiters=("=",))
    entry_points.optionxform = str  # type: ignore[assignment, method-assign]
    entry_points.read(site.glob("*.dist-info/entry_points.txt"))
    if entry_points.has_section("console_scripts"):
        programs.mkdir(exist_ok=True)
        for name, target in entry_points.items("console_scripts"):
            module, _, function = target.partition("[")[0].strip().partition(":")
            first = function.partition(".")[0]
            script = _SCRIPT.format(interpreter=interpreter, module=module, first=first, function=function)
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)


def main() -> None:
    wheel, out, site, interpreter = sys.argv[1:]
    folder = Path(out, site)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    place_data(folder, Path(out))
    write_scripts(folder, Path(out, "bin"), interpreter)


if __name__ == "__main__":
    main()
