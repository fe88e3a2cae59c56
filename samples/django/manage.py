#!/usr/bin/env python3
"""The site's commands. A stand-in: it collects static files as Django does, with the standard library alone."""

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path


def collectstatic() -> None:
    """Copy the static files of all applications to STATIC_ROOT, with their digests in their names."""
    if not os.environ.get("SECRET_KEY"):
        sys.exit("SECRET_KEY is not set")
    root = Path(os.environ["STATIC_ROOT"])
    paths = {}
    for file in sorted(Path().glob("*/static/*")):
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()[:12]
        paths[file.name] = f"{file.stem}.{digest}{file.suffix}"
        shutil.copyfile(file, root / paths[file.name])
    (root / "staticfiles.json").write_text(json.dumps({"paths": paths, "version": "1.1"}))
    print(f"{len(paths)} static files copied to '{root}'.")


if __name__ == "__main__":
    {"collectstatic": collectstatic}[sys.argv[1]]()
