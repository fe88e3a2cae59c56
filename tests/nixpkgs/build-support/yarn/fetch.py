"""fetch.py LOCK DOWNLOADS OUT: the archives of a yarn.lock, by the names that nixpkgs' prefetch-yarn-deps gives them, and the lock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    lock, downloads, out = map(Path, sys.argv[1:])
    text = lock.read_text()
    for url in sorted(set(re.findall(r'^  resolved "([^"#]+)', text, re.MULTILINE))):
        # the names that nixpkgs gives them
        name = re.sub(r"[@/%:-]", "_", re.sub(r"https://(.)*(.com)/", "", url))
        kept = downloads / url.removeprefix("https://")
        if kept.is_file():
            shutil.copyfile(kept, out / name)
        else:
            subprocess.run(
                ["/usr/bin/curl", "--fail", "--location", "--silent", "--output", out / name, url], check=True
            )
    (out / "yarn.lock").write_text(text)


if __name__ == "__main__":
    main()
