"""The original of a sample: its Dockerfile built by buildah, on a base of the small Debian system of the tests.

Nothing can be downloaded where the tests run. The base has the programs of `.nix/debian`, so whatever a sample installs is there or
not, and `apt-get` and its like do nothing. Users, folders, permissions, copies and configuration are made by the real commands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.parse.references import image_reference
from nix_lab import DEBIAN, STATE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from buildah import Buildah

BASE = STATE / "base/bookworm.tar"
_IDLE = ("apk", "apt", "apt-get", "dnf", "locale-gen", "microdnf", "npm", "pip", "pip3", "yum")
_FOLDERS = (
    "dev",
    "etc",
    "home",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr/local/bin",
    "var/lib",
    "var/log",
    "var/tmp",
)
# As base-passwd has them; the rest of a distribution's accounts is of no use here.
_PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_LOGIN = "UID_MIN 1000\nSYS_UID_MIN 100\nGID_MIN 1000\nUSERGROUPS_ENAB yes\nUMASK 022\nHOME_MODE 0755\n"
_GROUP = "root:x:0:\nnogroup:x:65534:\n"


def make_bases(buildah: Buildah, references: Iterable[str], folder: Path) -> None:
    """Make an image of each name: the small Debian system, and the configuration that the published one has.

    Args:
        buildah: where to.
        references: as in FROM, `debian:bookworm-slim`.
        folder: to work in.
    """
    root = folder / "root"
    shutil.copytree(DEBIAN, root, symlinks=True)
    _complete(root)
    archive = folder / "base.tar"
    subprocess.run(["tar", "-cf", archive, "--owner=0", "--group=0", "-C", root, "."], check=True)
    shutil.rmtree(root)
    buildah.load(archive, "localhost/system")
    archive.unlink()
    for reference in references:
        context = folder / "context"
        context.mkdir()
        shell = "bash" if "ubi" in reference else "sh"
        (context / "useradd").write_text(f"SHELL=/bin/{shell}\n")
        (context / "Dockerfile").write_text(
            f"FROM localhost/system\nCOPY useradd /etc/default/useradd\n{_configuration(reference)}"
        )
        buildah.build(context, reference)
        shutil.rmtree(context)


def make_debian(buildah: Buildah, reference: str) -> None:
    """Make an image of Debian itself, with the configuration that the published one of that name has.

    Args:
        buildah: where to.
        reference: as in FROM, `debian:bookworm-slim`.
    """
    buildah.load(BASE, reference, _configuration(reference))


def why_no_debian() -> str:
    """Why there is no Debian to install packages in, "" when there is."""
    if not BASE.exists():
        return "no Debian for originals here: `make nix` makes it on Debian as root, with mmdebstrap"
    return "" if os.geteuid() == 0 else "buildah needs root here"


def _complete(root: Path) -> None:
    """What maintainer scripts would have made, and programs that do nothing in the place of those that install."""
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "root").chmod(0o700)
    (root / "etc/passwd").write_text(_PASSWD)
    (root / "etc/group").write_text(_GROUP)
    (root / "etc/shadow").write_text("root:*:19000:0:99999:7:::\n")
    (root / "etc/login.defs").write_text(_LOGIN)
    for name in _IDLE:
        program = root / "usr/local/bin" / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    for program in (root / "usr/lib/postgresql/15/bin").glob(
        "*"
    ):  # Debian's wrapper of them is a program of perl
        (root / "usr/local/bin" / program.name).symlink_to(f"/usr/lib/postgresql/15/bin/{program.name}")


def _configuration(reference: str) -> str:
    """The instructions that give an image the published one's configuration."""
    parsed = image_reference(reference)
    known = LocalCatalogue().base_image(parsed) if parsed else None
    assert known, reference
    config = known.config
    lines = [f"ENV {name}={json.dumps(value)}" for name, value in config.env]
    lines += [f"WORKDIR {config.working_dir}"] if config.working_dir else []
    lines += [f"ENTRYPOINT {json.dumps(list(config.entrypoint))}"] if config.entrypoint else []
    lines += [f"CMD {json.dumps(list(config.cmd))}"] if config.cmd else []
    return "".join(f"{line}\n" for line in lines)


def why_no_original() -> str:
    """Why no original can be made here, "" when it can."""
    if not DEBIAN.exists():
        return "nothing to make a base of: `make nix` gets it on Debian as root"
    return "" if os.geteuid() == 0 else "buildah needs root here"
