"""An Express application out of the packages that npm's registry has: locked, built twice alike by real Nix, run, and answered."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from containers import free_port, page, running
from dock2nix.cli import main
from nix_lab import DEBIAN, available_nixes, build_flake, why_no_builds

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
    pytest.mark.skipif(os.geteuid() != 0, reason="an image is run by chroot, which takes root"),
]
PACKAGE = {"name": "harbour", "version": "1.0.0", "private": True, "dependencies": {"express": "4.21.2"}}
SERVER = """const app = require("express")();
app.get("/", (request, response) => response.send("locked, and answered"));
app.listen(Number(process.env.PORT), "127.0.0.1");
"""
DOCKERFILE = """FROM node:22-slim
ENV PORT={port}
WORKDIR /srv/app
COPY package*.json ./
RUN npm install --omit=dev
COPY server.js .
CMD ["node", "server.js"]
"""


def test_the_application_is_locked_built_and_answers(tmp_path: Path) -> None:
    app, port = tmp_path / "app", free_port()
    app.mkdir()
    (app / "package.json").write_text(json.dumps(PACKAGE))
    (app / "server.js").write_text(SERVER)
    (app / "Dockerfile").write_text(DOCKERFILE.format(port=port))
    main([str(app / "Dockerfile"), "--quiet"])
    if not (app / "nix/package-lock.json").exists():
        pytest.skip(f"npm cannot get the packages: {(app / 'nix/report.md').read_text()[:600]}")
    packages = json.loads((app / "nix/package-lock.json").read_text())["packages"]
    assert all(one["integrity"] and one["resolved"] for path, one in packages.items() if path)
    assert "fakeHash" not in (app / "nix/image.nix").read_text()
    try:
        archive = build_flake(app, available_nixes()[-1])
    except AssertionError as error:
        if "cannot download" in str(error):
            pytest.skip("Nix' sandbox has no way to the registry")
        raise
    with running(archive, tmp_path / "root", {"share/nodejs": DEBIAN / "usr/share/nodejs"}):
        assert page(f"http://127.0.0.1:{port}/") == "locked, and answered"
