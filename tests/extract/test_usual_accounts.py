"""What useradd gives a new user that is not said: the distribution's shell, and a home where it makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def image(folder: Path, base: str, command: str) -> str:
    (folder / "Dockerfile").write_text(f"FROM {base}\nRUN {command}\nUSER app\n")
    main([str(folder), "--quiet", "--offline"])
    return (folder / "nix/image.nix").read_text()


@pytest.mark.parametrize(
    ("base", "command", "shell", "home"),
    [
        ("debian:bookworm", "useradd app", "/bin/sh", False),
        ("fedora:43", "useradd app", "/bin/bash", True),
        ("registry.access.redhat.com/ubi9/ubi", "useradd -M app", "/bin/bash", False),
        ("rockylinux:9", "useradd -r app", "/bin/bash", False),
        ("amazonlinux:2023", "useradd -s /sbin/nologin app", "/sbin/nologin", True),
        ("centos:7", "adduser app", "/bin/bash", True),
        ("opensuse/leap", "useradd app", "/bin/bash", False),
        ("opensuse/leap", "useradd -m app", "/bin/bash", True),
        ("fedora:43", "useradd app && usermod -c text app", "/bin/bash", True),
        ("fedora:43", "useradd -s /bin/sh app && usermod -c text app", "/bin/sh", True),
    ],
)
def test_what_is_not_said_is_as_in_the_distribution(
    base: str, command: str, shell: str, home: bool, tmp_path: Path
) -> None:
    text = image(tmp_path, base, command)
    line = next(line for line in text.splitlines() if line.strip().startswith("app:x:") and "/home" in line)
    assert line.endswith(f":/home/app:{shell}")
    assert ("mkdir -p home/app" in text) is home
