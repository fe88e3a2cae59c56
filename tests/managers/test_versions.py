"""Versions asked for against versions given, in each manager's notation."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers.versions import version_satisfies


@pytest.mark.parametrize(
    ("manager", "specifier", "version", "expected"),
    [
        pytest.param("apt", "", "", True, id="nothing-asked"),
        pytest.param("apt", "=7.88.1-10+deb12u5", "7.88.1", True, id="debian-revision"),
        pytest.param("apt", "=5:24.0.7-1~debian.12~bookworm", "24.0.7", True, id="epoch"),
        pytest.param("apt", "=2.9.14+dfsg-1.3", "2.9.14", True, id="repacked"),
        pytest.param("apt", "=15.4-1", "16.1", False, id="debian-differs"),
        pytest.param("apt", "=15.*", "15.4", True, id="debian-pattern"),
        pytest.param("apt", "=1.2", "1.20", False, id="no-prefix-of-a-number"),
        pytest.param("apt", "/bookworm-backports", "1.0", None, id="suite"),
        pytest.param("apt", "=1.0", "", None, id="version-not-known"),
        pytest.param("apk", "=3.12.8-r1", "3.12.8", True, id="alpine-revision"),
        pytest.param("apk", "=3.12.8-r1", "3.12.9", False, id="alpine-differs"),
        pytest.param("apk", "~=20.1", "20.15.1", False, id="fuzzy-prefix-is-by-number"),
        pytest.param("apk", "~=20", "20.15.1", True, id="fuzzy"),
        pytest.param("apk", "~20.15", "20.15.1", True, id="fuzzy-tilde"),
        pytest.param("apk", "=~20.15", "20.15.1", True, id="fuzzy-reversed"),
        pytest.param("apk", ">1.20", "1.24.1", True, id="alpine-greater"),
        pytest.param("apk", "<21", "22.0", False, id="alpine-less"),
        pytest.param("apk", ">=1.24.0", "1.24", True, id="alpine-padded"),
        pytest.param("dnf", "-1.20.1-14.el9", "1.20.1", True, id="rpm"),
        pytest.param("dnf", "-3:20.10.7-3.el8", "20.10.7", True, id="rpm-epoch"),
        pytest.param("dnf", "-12*", "12.22", True, id="rpm-pattern"),
        pytest.param("dnf", ":18/common", "20.1", False, id="module-stream"),
        pytest.param("dnf", ":18", "18.20.1", True, id="module-stream-given"),
        pytest.param("dnf", ">=3.9", "3.13", True, id="rpm-comparison"),
        pytest.param("zypper", "=8.0", "8.0.1", True, id="zypper"),
        pytest.param("zypper", "<8", "8.0.1", False, id="zypper-less"),
        pytest.param("pip", ">=2,<3", "2.3.3", True, id="pep-440"),
        pytest.param("pip", "==2.3.*", "3.0", False, id="pep-440-differs"),
        pytest.param("pip", "~=1.4", "1.9", True, id="pep-440-compatible"),
        pytest.param("pip", ">=1", "2.0rc1", True, id="pep-440-prerelease"),
        pytest.param("pip", "==1.x", "1", None, id="no-pep-440-specifier"),
        pytest.param("pip", "==1", "1.0-unstable-2024-01-01", None, id="no-pep-440-version"),
        pytest.param("npm", "@5", "5.9.2", True, id="npm-major"),
        pytest.param("npm", "@5.1", "5.9.2", False, id="npm-minor"),
        pytest.param("npm", "@^5.1.0", "5.9.2", True, id="npm-caret"),
        pytest.param("npm", "@^0.1.3", "0.2.0", False, id="npm-caret-below-one"),
        pytest.param("npm", "@^0.0.3", "0.0.4", False, id="npm-caret-patch"),
        pytest.param("npm", "@~1.2.3", "1.2.9", True, id="npm-tilde"),
        pytest.param("npm", "@~1", "1.9.0", True, id="npm-tilde-major"),
        pytest.param("npm", "@1.x || >=3 <4", "3.2.0", True, id="npm-alternatives"),
        pytest.param("npm", "@1.2.3 - 2.3", "2.3.9", True, id="npm-hyphen"),
        pytest.param("npm", "@>= 1.2", "1.1.9", False, id="npm-gap"),
        pytest.param("npm", "@<=1.2", "1.2.9", True, id="npm-partial-upper-bound"),
        pytest.param("npm", "@>1.2", "1.2.9", False, id="npm-partial-lower-bound"),
        pytest.param("npm", "@*", "9.9.9", True, id="npm-any"),
        pytest.param("npm", "@latest", "1.0.0", True, id="npm-latest"),
        pytest.param("npm", "@next", "1.0.0", None, id="npm-tag"),
        pytest.param("npm", "@^1 || next", "2.0.0", None, id="npm-tag-among-ranges"),
        pytest.param("portage", "=1", "1", None, id="unknown-manager"),
        pytest.param("npm", "@" + "1" * 2000, "1.0.0", None, id="endless"),
    ],
)
def test_satisfaction(manager: Any, specifier: str, version: str, expected: object) -> None:
    assert version_satisfies(manager, specifier, version) is expected
