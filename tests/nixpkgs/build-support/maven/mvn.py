"""mvn.py: an archive of the sources at the place of the jar that `mvn package` makes of the project in this folder."""

from __future__ import annotations

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

SPACE = "{http://maven.apache.org/POM/4.0.0}"


def main() -> None:
    """Name it as Maven does, from the coordinates in pom.xml."""
    project = ET.parse("pom.xml").getroot()
    named = project.findtext(f"{SPACE}build/{SPACE}finalName")
    name = named or f"{project.findtext(f'{SPACE}artifactId')}-{project.findtext(f'{SPACE}version')}"
    Path("target").mkdir()
    with zipfile.ZipFile(f"target/{name}.jar", "w") as jar:
        for path in sorted(path for path in Path("src").rglob("*") if path.is_file()):
            jar.writestr(zipfile.ZipInfo(str(path), (1980, 1, 1, 0, 0, 0)), path.read_bytes())


main()
