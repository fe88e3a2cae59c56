"""A registry of container images for tests: `skopeo` on PATH answers out of a folder, as the real one does of these commands.

The real one needs a registry and its own tool, which Debian's small system of the tests has not. What it prints is as in
skopeo-inspect(1) and skopeo-copy(1).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

DIGEST = f"sha256:{hashlib.sha256(b'manifest').hexdigest()}"
_PROGRAM = """\
#!{python}
import shutil, sys
from pathlib import Path

folder = Path({folder!r})
words = sys.argv[1:]
with (folder / "asked").open("a") as log:
    log.write(" ".join(words) + chr(10))
name = next(word for word in words if word.startswith("docker://"))
if not (folder / "image.tar").exists() or {known!r} not in name:
    sys.exit(f"Error: reading manifest of {{name}}: manifest unknown")
if "--config" in words:
    print((folder / "config.json").read_text())
elif "inspect" in words:
    print({digest!r})
else:
    target = next(word for word in words if word.startswith("docker-archive:")).split(":")[1]
    shutil.copy(folder / "image.tar", target)
"""


class Registry:
    """Serves one image.

    Args:
        folder: where it may work.
        name: of the image.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True)
        program = folder / "skopeo"
        program.write_text(
            _PROGRAM.format(python=sys.executable, folder=str(folder), known=name, digest=DIGEST)
        )
        program.chmod(0o755)

    @property
    def archive(self) -> Path:
        """The image as a docker-archive; it is there once it has been put there."""
        return self.folder / "image.tar"

    @property
    def asked(self) -> list[str]:
        """The command lines so far."""
        log = self.folder / "asked"
        return log.read_text().splitlines() if log.exists() else []

    def serve(self, monkeypatch: pytest.MonkeyPatch, config: Mapping[str, Any] | None = None) -> None:
        """Put the program on PATH; the configuration is the archive's unless it is given."""
        found = config if config is not None else archived_config(self.archive)
        (self.folder / "config.json").write_text(json.dumps({"config": dict(found)}))
        monkeypatch.setenv("PATH", f"{self.folder}:{os.environ['PATH']}")


def archived_config(archive: Path) -> dict[str, Any]:
    """The `config` of the image in a docker-archive."""
    with tarfile.open(archive) as image:
        manifest = json.load(image.extractfile("manifest.json"))[0]  # type: ignore[arg-type]
        config: dict[str, Any] = json.load(image.extractfile(manifest["Config"]))["config"]  # type: ignore[arg-type]
    return config
