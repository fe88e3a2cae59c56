"""Images that dock2nix writes, built: files of packages written over, owners, permissions, /usr, old releases."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nix.images import built, converted
from nix.notes import edit
from nix_lab import PACKAGE_SET, available_nixes, flake_packages, why_no_builds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
]

OVER_PACKAGES = """
FROM debian:12
RUN apt-get update && apt-get install -y openssh-client
COPY rootfs/ /
COPY ssh_config /etc/ssh/ssh_config
COPY conf/*.conf /etc/ssh/
RUN ln -s /usr/bin/hello /usr/bin/hi && ln -s /usr/bin/env /bin/env
RUN ln -s /data /srv/data && mkdir -p /srv/data/in && touch /etc/ssh/moduli && : > /etc/motd
{more}
CMD ["/usr/bin/env", "hello"]
"""
CONTEXT = {
    "rootfs/etc/motd": "welcome\n",
    "rootfs/etc/issue": "hello\n",
    "rootfs/usr/bin/hello": "#!/bin/sh\necho hello\n",
    "ssh_config": "Host *\n",
    "conf/a.conf": "a\n",
    "conf/sshd_config.conf": "b\n",
}


@pytest.mark.parametrize(
    ("more", "builder"),
    [
        pytest.param("", "buildImage", id="in one layer"),
        pytest.param("RUN mkdir /own && chown 5 /own", "buildLayeredImage", id="in layers"),
    ],
)
def test_files_are_put_over_those_of_packages(tmp_path: Path, more: str, builder: str) -> None:
    flake = converted(tmp_path / "over", OVER_PACKAGES.format(more=more), CONTEXT)
    assert f"dockerTools.{builder} " in (flake / "nix/image.nix").read_text()
    image = built(flake)
    assert image.read("/etc/ssh/ssh_config") == "Host *\n"
    assert image.read("/etc/ssh/moduli").startswith("# stands in")
    assert image.read("/etc/ssh/a.conf") == "a\n"
    assert image.read("/etc/motd") == ""
    assert image.read("/etc/issue") == "hello\n"
    for name in ("/usr/bin/hello", "/bin/hi", "/usr/sbin/env", "/sbin/ssh", "/usr/bin/bash"):
        assert image.entry(name).isreg(), name
    assert image.path("/usr/share") == "share"
    assert image.entry("/data/in").isdir()


def test_appending_to_a_file_of_a_package_leaves_a_file_of_the_image(tmp_path: Path) -> None:
    flake = converted(tmp_path / "append", OVER_PACKAGES.format(more=""), CONTEXT)
    line = """[ ! -L etc/ssh/sshd_config ] || install -m 644 "$(readlink -f etc/ssh/sshd_config)" etc/ssh/sshd_config"""
    edit(
        flake / "nix/image.nix",
        "    mkdir -p srv\n",
        f"    {line}\n    echo more >> etc/ssh/sshd_config\n    mkdir -p srv\n",
    )
    image = built(flake)
    assert not image.entries["etc/ssh/sshd_config"].issym()
    assert image.read("/etc/ssh/sshd_config").endswith("more\n")


OWNERS = """
FROM node:22-slim
WORKDIR /app
COPY package.json ./
RUN mkdir /app/kept && touch /app/kept/file
COPY --chown=node . .
COPY --chown=node:node src /opt/tool/deep/src
COPY --chown=7 src/a.js /opt/seven.js
RUN chmod u+s /app/src/a.js && mkdir -m 2775 -p /srv/shared
RUN ln -s /opt/seven.js /opt/link.js && chmod 600 /opt/link.js
COPY --chmod=4755 src/a.js /usr/local/bin/privileged
USER node
RUN mkdir -p /home/node/work && ln -s /app /home/node/app
CMD ["node", "src/a.js"]
"""


def test_owners_and_permissions_are_docker_s(tmp_path: Path) -> None:
    files = {"package.json": "{}\n", "src/a.js": "1\n", "src/lib/b.js": "2\n"}
    image = built(converted(tmp_path / "owners", OWNERS, files))
    owners = {
        path: image.owner(path)
        for path in ("app", "app/kept", "app/kept/file", "app/package.json", "app/src", "app/src/lib/b.js")
    }
    assert owners == {
        "app": (0, 0),
        "app/kept": (0, 0),
        "app/kept/file": (0, 0),
        "app/package.json": (1000, 1000),
        "app/src": (1000, 1000),
        "app/src/lib/b.js": (1000, 1000),
    }
    assert {image.owner(path) for path in ("opt/tool", "opt/tool/deep", "opt/tool/deep/src/a.js")} == {
        (1000, 1000)
    }
    assert image.owner("opt") == (0, 0)
    assert image.owner("opt/seven.js") == (7, 7)
    assert {image.owner(path) for path in ("home/node", "home/node/work", "home/node/app")} == {(1000, 1000)}
    modes = {
        path: stat.S_IMODE(image.entry(path).mode)
        for path in (
            "/tmp",
            "/root",
            "/srv/shared",
            "/opt/link.js",
            "/usr/local/bin/privileged",
            "/app/src/a.js",
        )
    }
    assert modes == {
        "/tmp": 0o1777,
        "/root": 0o700,
        "/srv/shared": 0o2775,
        "/opt/link.js": 0o600,
        "/usr/local/bin/privileged": 0o4755,
        "/app/src/a.js": 0o4644,
    }


def filtered(script: str) -> str:
    """What a script prints in a build whose system calls Nix filters, as it does unless told otherwise."""
    nix = available_nixes()[-1]
    expression = (
        f'with import {PACKAGE_SET} {{ system = "x86_64-linux"; }}; runCommand "t" {{ }} "({script}) > $out"'
    )
    options = ("--no-out-link", "--option", "filter-syscalls", "true")
    path = nix.run("nix-build", *options, "--expr", expression).strip()
    return (nix.home / "store" / path.lstrip("/")).read_text()


def test_bits_that_a_build_cannot_set_are_recorded_by_fakeroot() -> None:
    """Why such a mode alone chooses buildLayeredImage, whose script runs under fakeroot."""
    try:
        filtered("true")
    except AssertionError as error:
        pytest.skip(f"no filter for system calls here: {error}")
    with pytest.raises(AssertionError):
        filtered("mkdir -m 2775 x")
    bits = "mkdir -m 2775 x; touch y; chmod u+s y; stat -c %a x y"
    assert filtered(f"fakeroot bash -e -c '{bits}'").split() == ["2775", "4644"]


def test_root_has_a_home_and_nobody_an_empty_one(tmp_path: Path) -> None:
    image = built(converted(tmp_path / "homes", "FROM alpine:3.20\nRUN adduser -S app\n", {}))
    assert image.read("/etc/passwd").splitlines() == [
        "root:x:0:0:root:/root:/bin/sh",
        "app:x:100:65533::/home/app:/sbin/nologin",
        "nobody:x:65534:65534:nobody:/var/empty:/bin/sh",
    ]
    assert image.read("/etc/group").splitlines()[-2:] == ["nogroup:x:65533:", "nobody:x:65534:"]
    assert image.entry("/var/empty").isdir()


def test_tools_around_an_old_runtime_are_current(tmp_path: Path) -> None:
    """Both releases' files in one image would collide: bin/sh, and the certificates."""
    flake = converted(tmp_path / "old", "FROM python:3.9\nRUN pip install flask\n", {})
    packages = {name: dict(found) for name, found in flake_packages(flake).items()}
    old = packages["nixos-25_05"]
    for name in ("bashInteractive", "cacert", "coreutils"):
        old[name] = replace(packages["nixpkgs"][name], version="0.old")
    assert built(flake, packages).entry("/bin/python3.9").isreg()
    edit(flake / "nix/packages.nix", "pkgs.cacert", "pkgs.cacert nixos-25_05.bashInteractive")
    with pytest.raises(AssertionError, match="conflicting subpath"):
        built(flake, packages)


def test_first_of_two_packages_with_the_same_programs_wins(tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN apt-get update && apt-get install -y openjdk-11-jdk openjdk-17-jdk\n"
    flake = converted(tmp_path / "two", text, {})
    assert "jdk-11." in built(flake).path("/bin/java")
    edit(flake / "nix/image.nix", "ignoreCollisions = true", "ignoreCollisions = false")
    with pytest.raises(AssertionError, match="conflicting subpath"):
        built(flake)
