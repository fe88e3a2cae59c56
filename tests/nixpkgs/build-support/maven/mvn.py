"""mvn.py: an archive of the sources at the place of the jar that `mvn package` makes of the project in this folder."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

SPACE = "{http://maven.apache.org/POM/4.0.0}"


def package(folder: Path) -> None:
    """Name it as Maven does, from the coordinates in pom.xml; a project of modules is each of these."""
    project = ET.parse(folder / "pom.xml").getroot()
    modules = [module.text or "" for module in project.iterfind(f"{SPACE}modules/{SPACE}module")]
    for module in modules:
        package(folder / module)
    if modules:
        return
    named = project.findtext(f"{SPACE}build/{SPACE}finalName")
    version = project.findtext(f"{SPACE}version") or project.findtext(f"{SPACE}parent/{SPACE}version")
    name = named or f"{project.findtext(f'{SPACE}artifactId')}-{version}"
    (folder / "target").mkdir()
    with zipfile.ZipFile(folder / f"target/{name}.jar", "w") as jar:
        for path in sorted(path for path in (folder / "src").rglob("*") if path.is_file()):
            inside = str(path.relative_to(folder))
            jar.writestr(zipfile.ZipInfo(inside, (1980, 1, 1, 0, 0, 0)), path.read_bytes())


package(Path())
