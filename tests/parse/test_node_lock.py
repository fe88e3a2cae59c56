"""npm's lock files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dock2nix.parse.node_lock import NodeLock, lock_gaps, read_node_lock

SHA512 = "sha512-" + "A" * 86 + "=="
SHA1 = "sha1-" + "A" * 27 + "="
MS = {"version": "2.1.3", "resolved": "https://registry.example/ms/-/ms-2.1.3.tgz", "integrity": SHA512}


def lock(version: int = 3, root: dict[str, Any] | None = None, **packages: dict[str, Any]) -> NodeLock:
    """A lock with these packages, by name."""
    return at_paths({f"node_modules/{name}": entry for name, entry in packages.items()}, version, root)


def at_paths(packages: dict[str, Any], version: int = 3, root: dict[str, Any] | None = None) -> NodeLock:
    text = json.dumps({"lockfileVersion": version, "packages": {"": root or {}, **packages}})
    found = read_node_lock(text)
    assert found is not None
    return found


def gaps(found: NodeLock) -> dict[str, tuple[str, ...]]:
    return {gap.kind: gap.names for gap in lock_gaps(found)}


@pytest.mark.parametrize("version", [2, 3])
def test_packages_and_what_was_asked_for(version: int) -> None:
    found = lock(version, {"dependencies": {"ms": "^2"}, "devDependencies": {"tap": "1"}}, ms=MS)
    assert found.version == version
    assert found.asked == (("ms", "^2"), ("tap", "1"))
    entry = found.top()["ms"]
    assert (entry.name, entry.version, entry.resolved, entry.sri, entry.host) == (
        "ms",
        "2.1.3",
        MS["resolved"],
        SHA512,
        "registry.example",
    )


def test_only_what_the_project_itself_can_load_is_on_top() -> None:
    found = at_paths(
        {
            "node_modules/a": MS,
            "node_modules/a/node_modules/ms": MS,
            "node_modules/@scope/b": MS,
            "packages/x": {},
        }
    )
    assert set(found.top()) == {"a", "@scope/b"}


def test_version_1_has_no_places() -> None:
    found = read_node_lock('{"lockfileVersion": 1, "dependencies": {"ms": {"version": "2.1.3"}}}')
    assert found == NodeLock(version=1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param("{}", id="no-packages"),
        pytest.param("{", id="truncated"),
        pytest.param('{"a":' * 100_000, id="deep"),
        pytest.param("# yarn lockfile v1", id="of-another-program"),
    ],
)
def test_what_is_no_lock(text: str) -> None:
    assert read_node_lock(text) is None


def test_values_of_other_types_are_not_taken() -> None:
    entry = lock(ms={"version": 2, "resolved": ["x"], "integrity": None, "dev": "yes", "os": 5}).entries[0]
    assert (entry.version, entry.resolved, entry.integrity, entry.dev, entry.elsewhere) == (
        "",
        "",
        "",
        False,
        False,
    )


@pytest.mark.parametrize(
    ("systems", "elsewhere"),
    [
        pytest.param(["darwin"], True, id="another-system"),
        pytest.param(["darwin", "linux"], False, id="several"),
        pytest.param(["!win32"], False, id="all-but-another"),
        pytest.param(["!linux"], True, id="all-but-linux"),
        pytest.param("darwin", True, id="as-text"),
        pytest.param(["any"], False, id="any"),
        pytest.param([], False, id="none-named"),
    ],
)
def test_operating_systems(systems: object, elsewhere: bool) -> None:
    assert lock(ms=MS | {"os": systems}).entries[0].elsewhere is elsewhere


@pytest.mark.parametrize(
    ("marks", "omit", "left_out"),
    [
        pytest.param({}, {"dev", "optional", "peer"}, False, id="needed"),
        pytest.param({"dev": True}, {"dev"}, True, id="dev"),
        pytest.param({"dev": True}, {"optional"}, False, id="dev-kept"),
        pytest.param({"optional": True}, {"optional"}, True, id="optional"),
        pytest.param({"devOptional": True}, {"dev"}, False, id="dev-or-optional"),
        pytest.param({"devOptional": True}, {"dev", "optional"}, True, id="dev-and-optional"),
        pytest.param({"peer": True}, {"peer"}, True, id="peer"),
    ],
)
def test_what_npm_leaves_out(marks: dict[str, bool], omit: set[str], left_out: bool) -> None:
    assert lock(ms=MS | marks).entries[0].is_left_out(omit) is left_out


@pytest.mark.parametrize(
    ("entry", "kinds"),
    [
        pytest.param(MS, [], id="complete"),
        pytest.param(MS | {"integrity": SHA1}, [], id="sha1"),
        pytest.param({"version": "1.0.0", "inBundle": True}, [], id="bundled"),
        pytest.param({"version": "1.0.0", "integrity": SHA512}, ["address"], id="no-address"),
        pytest.param({"version": "1.0.0", "optional": True}, ["address"], id="optional-without-anything"),
        pytest.param(MS | {"integrity": ""}, ["hash"], id="no-hash"),
        pytest.param(MS | {"integrity": f"{SHA512} {SHA1}"}, ["hash"], id="two-hashes"),
        pytest.param(MS | {"integrity": "sha384-" + "A" * 64}, ["hash"], id="hash-that-nix-lacks"),
        pytest.param(
            {"resolved": "git+ssh://git@forge.example/a/b.git#0123", "integrity": SHA512}, ["git"], id="git"
        ),
        pytest.param(MS | {"resolved": "file:../ms-2.1.3.tgz"}, ["file"], id="file"),
        pytest.param(MS | {"resolved": "HTTPS://registry.example/a.tgz"}, ["file"], id="unknown-scheme"),
        pytest.param({"resolved": "packages/ms", "link": True}, ["folder"], id="link"),
        pytest.param(
            MS | {"resolved": "https://h.example/download/ms/2.1.3/0f3c"}, ["archive"], id="no-ending"
        ),
        pytest.param(MS | {"resolved": "https://h.example/ms.tgz?token=1"}, ["archive"], id="query"),
        pytest.param(MS | {"resolved": "https://h.example/ms.tar.gz"}, [], id="tar-gz"),
        pytest.param(MS | {"dependencies": {"x": "latest"}}, ["floating"], id="latest-of-one-not-there"),
        pytest.param(MS | {"dependencies": {"ms": "latest"}}, [], id="latest-of-one-on-top"),
        pytest.param(MS | {"dependencies": {"x": "github:a/b"}}, ["floating"], id="github"),
    ],
)
def test_gaps(entry: dict[str, Any], kinds: list[str]) -> None:
    assert list(gaps(lock(ms=entry))) == kinds


def test_workspaces_are_gaps_by_their_place() -> None:
    found = at_paths(
        {
            "node_modules/tool": {"resolved": "packages/tool", "link": True},
            "packages/tool": {"version": "1.0.0"},
            "packages/tool/node_modules/ms": MS,
            "node_modules/@a/b/node_modules/ms": MS,
        }
    )
    assert gaps(found) == {"folder": ("node_modules/tool", "packages/tool", "packages/tool/node_modules/ms")}


def test_each_package_is_named_once_for_each_kind() -> None:
    entry = {"version": "1.0.0"}
    found = at_paths({"node_modules/a": entry, "node_modules/b/node_modules/a": entry, "node_modules/b": MS})
    assert gaps(found) == {"address": ("a",)}


def test_a_password_is_no_part_of_the_host() -> None:
    assert lock(ms=MS | {"resolved": "https://u:p@Registry.Example:8443/ms.tgz"}).entries[0].host == (
        "registry.example:8443"
    )
