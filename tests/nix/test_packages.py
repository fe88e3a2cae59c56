"""Real Nix takes the package lists: packages joined with their interpreter or server, and with arguments of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nix.images import converted
from nix_lab import Nix, check_flake

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.nix

DOCKERFILE = """
FROM debian:12
RUN apt-get install -y php-cli php-redis libdbi-perl ruby-nokogiri python3-yaml
RUN apt-get install -y postgresql-15 postgresql-15-postgis-3 uwsgi-plugin-python3 libssl-dev gcc
"""


def test_packages_are_joined_by_functions_that_nixpkgs_has(tmp_path: Path, nix: Nix) -> None:
    flake = converted(tmp_path / "joined", DOCKERFILE, {})
    text = (flake / "nix" / "packages.nix").read_text()
    for joined in (
        "php.withExtensions",
        "perl.withPackages",
        "ruby.withPackages",
        "postgresql_15.withPackages",
    ):
        assert f"(pkgs.{joined} (" in text
    assert "(pkgs.uwsgi.override {" in text
    assert check_flake(flake, nix).derivations
