"""Locks that npm makes for projects without a good one: what npm is told, and what becomes of its answer."""

from __future__ import annotations

import json
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from downloads import downloads, integrity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHA512 = "sha512-" + "A" * 86 + "=="
PROJECT = {
    "name": "app",
    "version": "1.0.0",
    "dependencies": {"ms": "^2.1.0"},
    "scripts": {"start": "node ."},
    "workspaces": ["x"],
}
MS = {
    "version": "2.1.3",
    "resolved": "https://registry.example/ms/-/ms-2.1.3.tgz",
    "integrity": SHA512,
}
NPM = """#!/bin/sh
echo "$*" >> "$FAKE/calls"
case "$1" in
    config) cat "$FAKE/$3" 2>/dev/null || echo undefined ;;
    install) cat package.json > "$FAKE/given"; cat package-lock.json > "$FAKE/older" 2>/dev/null; . "$FAKE/answer" ;;
esac
"""


def lock(
    entry: dict[str, Any] = MS, name: str = "ms", more: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    root = {"dependencies": {name: "^2.1.0"}}
    packages = {"": root, f"node_modules/{name}": entry} | (more or {})
    return {"lockfileVersion": 3, "packages": packages}


class Npm:
    """A folder that has nothing but a made-up npm, and what that was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        (folder / "bin/npm").write_text(NPM)
        (folder / "bin/npm").chmod(0o755)
        (folder / "registry").write_text("https://registry.example/\n")
        self.answers(lock())

    def answers(self, made: dict[str, Any]) -> None:
        (self.folder / "made").write_text(json.dumps(made))
        (self.folder / "answer").write_text('cat "$FAKE/made" > package-lock.json\n')

    def fails(self, message: str) -> None:
        (self.folder / "answer").write_text(f'echo "{message}" >&2; exit 1\n')

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def given(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text() or "null")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Npm:
    made = Npm(tmp_path / "npm")
    for tool in ("cat", "sh"):
        (made.folder / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    monkeypatch.setenv("PATH", str(made.folder / "bin"))
    monkeypatch.setenv("FAKE", str(made.folder))
    return made


class Context:
    """A project with a Dockerfile that installs it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        folder.mkdir()

    def write(self, name: str, content: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def convert(self, *options: str, run: str = "npm install", folder: str = ".") -> dict[str, Any]:
        text = f"FROM node:22-alpine\nWORKDIR /app\nCOPY {folder} .\nRUN {run}\n"
        (self.folder / "Dockerfile").write_text(text)
        assert main([str(self.folder / "Dockerfile"), "--json", *options]) in {0, 1}
        report: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return report

    def made(self, path: str = "nix/package-lock.json") -> Any:
        return json.loads((self.folder / path).read_text())


@pytest.fixture
def context(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Context:
    made = Context(tmp_path / "app", capsys)
    made.write("package.json", PROJECT)
    return made


def codes(report: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in report["findings"]]


# --- no lock -----------------------------------------------------------------------------------------------------------------


def test_a_missing_lock_is_made_and_used(npm: Npm, context: Context) -> None:
    report = context.convert()
    assert context.made() == lock()
    assert codes(report) == ["D2N213"]
    assert "nix/package-lock.json" in report["files"]
    assert [row["outcome"] for row in report["requirements"]] == ["locked"]
    assert "lib.importJSON ./package-lock.json" in (context.folder / "nix/image.nix").read_text()
    assert len(npm.calls) == 1


def test_npm_gets_what_is_asked_for_and_runs_nothing(npm: Npm, context: Context) -> None:
    context.write(".npmrc", "registry=https://elsewhere.example/${HOME}")
    context.convert(run="npm install --legacy-peer-deps")
    assert npm.given("given") == {key: PROJECT[key] for key in ("name", "version", "dependencies")}
    (call,) = npm.calls
    words = {"install", "--package-lock-only", "--ignore-scripts", "--legacy-peer-deps"}
    assert words <= set(call.split())


def test_a_lock_that_was_made_is_kept_until_the_project_changes(npm: Npm, context: Context) -> None:
    context.convert()
    npm.answers(lock(MS | {"version": "2.1.9"}))
    context.convert("--offline")
    assert context.made()["packages"]["node_modules/ms"]["version"] == "2.1.3"
    assert len(npm.calls) == 1
    context.write("package.json", PROJECT | {"dependencies": {"ms": "^2.1.9"}})
    context.convert()
    assert context.made()["packages"]["node_modules/ms"]["version"] == "2.1.9"


def test_projects_in_folders_have_locks_in_folders(npm: Npm, context: Context) -> None:
    context.write("web/package.json", PROJECT)
    report = context.convert(folder="web")
    assert "nix/web/package-lock.json" in report["files"]
    assert context.made("nix/web/package-lock.json") == lock()
    assert len(npm.calls) == 1


def test_a_lock_for_a_stage_that_the_image_lacks_is_not_written(npm: Npm, context: Context) -> None:
    text = "FROM node:22-alpine AS a\nCOPY . /a\nRUN cd /a && npm install\nFROM debian:12\nCOPY --from=a /a/x /x\n"
    (context.folder / "Dockerfile").write_text(text)
    main([str(context.folder / "Dockerfile"), "--quiet"])
    assert len(npm.calls) == 1
    assert not (context.folder / "nix/package-lock.json").exists()


@pytest.mark.parametrize(
    ("message", "said"),
    [
        pytest.param("npm error code E404", "not done here: npm ended with E404", id="code"),
        pytest.param("npm ERR! code ETARGET", "not done here: npm ended with ETARGET", id="code-of-old-npm"),
        pytest.param("boom at /home/me", "not done here: npm failed", id="no-path-of-the-machine"),
    ],
)
def test_why_npm_made_none_is_said(npm: Npm, context: Context, message: str, said: str) -> None:
    npm.fails(message)
    report = context.convert()
    assert codes(report) == ["D2N211"]
    assert said in report["findings"][0]["hint"]
    assert not (context.folder / "nix/package-lock.json").exists()


def test_what_npm_makes_is_checked(npm: Npm, context: Context) -> None:
    npm.answers(lock({"version": "2.1.3", "resolved": "git+ssh://git@forge.example/ms.git#01"}))
    report = context.convert()
    assert codes(report) == ["D2N211"]
    assert "git repositories" in report["findings"][0]["message"]


def test_without_network_npm_is_not_asked(npm: Npm, context: Context) -> None:
    report = context.convert("--offline")
    assert "not done here: --offline was given" in report["findings"][0]["hint"]
    assert npm.calls == []


def test_without_npm_the_command_is_left_with_the_command_to_run(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    report = context.convert()
    assert codes(report) == ["D2N211"]
    assert "npm install --package-lock-only --ignore-scripts" in report["findings"][0]["hint"]


@pytest.mark.parametrize(
    ("changes", "run"),
    [
        pytest.param({}, "npm ci", id="npm-ci-refuses-too"),
        pytest.param({}, "npm install --no-package-lock", id="locks-are-ignored"),
        pytest.param({"dependencies": {"ms": "git+ssh://git@forge.example/ms.git"}}, "npm install", id="git"),
        pytest.param({"dependencies": {"ms": "user/repo"}}, "npm install", id="forge"),
        pytest.param({"dependencies": {"ms": "file:../ms"}}, "npm install", id="folder"),
    ],
)
def test_npm_is_asked_for_packages_of_the_registry_only(
    npm: Npm, context: Context, changes: dict[str, Any], run: str
) -> None:
    context.write("package.json", PROJECT | changes)
    report = context.convert(run=run)
    assert [row["outcome"] for row in report["commands"]] == ["unresolved"]
    assert npm.calls == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"overrides": {"a": {"b": "https://h.example/b.tgz"}}}, id="override"),
        pytest.param({"peerDependencies": {"a": "github:user/repo"}}, id="peer"),
    ],
)
def test_what_npm_is_not_asked_for_here_is_awaited(
    npm: Npm, context: Context, changes: dict[str, Any]
) -> None:
    context.write("package.json", PROJECT | changes)
    report = context.convert(run="npm install")
    assert [row["outcome"] for row in report["commands"]] == ["translated"]
    assert codes(report) == ["D2N211"]
    assert npm.calls == []


# --- a lock that lacks something -----------------------------------------------------------------------------------------------


def test_an_old_lock_is_upgraded(npm: Npm, context: Context) -> None:
    old = {"lockfileVersion": 1, "dependencies": {"ms": {"version": "2.1.3"}}}
    context.write("package-lock.json", old)
    report = context.convert(run="npm ci")
    assert npm.given("older") == old
    assert codes(report) == ["D2N214"]
    assert report["result"] == "converted"


def test_a_lock_out_of_step_is_brought_into_step_for_npm_install(npm: Npm, context: Context) -> None:
    context.write("package-lock.json", lock(MS | {"version": "1.0.0"}, name="other"))
    assert codes(context.convert()) == ["D2N213"]
    assert npm.given("older")["packages"]["node_modules/other"]["version"] == "1.0.0"
    (context.folder / "nix/package-lock.json").unlink()
    assert codes(context.convert(run="npm ci")) == ["D2N211"]


def test_addresses_are_those_of_the_registries_npm_is_told(npm: Npm, context: Context) -> None:
    bare = {"version": "2.1.3", "integrity": SHA512}
    (npm.folder / "@acme:registry").write_text("https://me:hunter2@npm.acme.example/store\n")
    nested = "node_modules/@acme/a/node_modules/ms"
    more = {"node_modules/@acme/a": bare, nested: MS, "node_modules/b": bare | {"name": "@other/c"}}
    context.write("package-lock.json", lock(bare, more=more))
    context.convert("--offline", run="npm ci")
    packages = context.made()["packages"]
    assert {path: entry.get("resolved") for path, entry in packages.items() if path} == {
        "node_modules/ms": "https://registry.example/ms/-/ms-2.1.3.tgz",
        "node_modules/@acme/a": "https://npm.acme.example/store/@acme/a/-/a-2.1.3.tgz",
        nested: MS["resolved"],
        "node_modules/b": "https://registry.example/@other/c/-/c-2.1.3.tgz",
    }
    assert {entry.get("version") for path, entry in packages.items() if path} == {"2.1.3"}
    assert not [call for call in npm.calls if call.startswith("install")]


def test_a_package_without_hash_stays_a_gap(npm: Npm, context: Context) -> None:
    context.write("package-lock.json", lock({"version": "2.1.3"}))
    report = context.convert(run="npm ci")
    assert codes(report) == ["D2N211"]
    assert [call for call in npm.calls if call.startswith("install")] == []


def test_a_lock_without_registry_is_left(npm: Npm, context: Context) -> None:
    (npm.folder / "registry").write_text("undefined\n")
    context.write("package-lock.json", lock({"version": "2.1.3", "integrity": SHA512}))
    report = context.convert(run="npm ci")
    assert "npm has no registry" in report["findings"][0]["hint"]


# --- the real npm ------------------------------------------------------------------------------------------------------------


class Registry(BaseHTTPRequestHandler):
    """What npm asks a registry for: the description of a package."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        archives = {key: content for key, content in downloads().items() if key.split("/")[1] == name}
        if not archives:
            self.send_error(404)
            return
        (content,) = archives.values()
        address = f"https://registry.example/{name}/-/{name}-1.0.0.tgz"
        version = {
            "name": name,
            "version": "1.0.0",
            "dist": {"tarball": address, "integrity": integrity(content)},
        }
        body = json.dumps({"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in (
        ("registry", f"http://127.0.0.1:{server.server_port}/"),
        ("cache", str(tmp_path / "cache")),
        ("userconfig", str(tmp_path / "npmrc")),
    ):
        monkeypatch.setenv(f"npm_config_{name}", value)
    yield
    server.shutdown()


@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm here: what it makes of a project is not seen")
@pytest.mark.usefixtures("registry")
def test_npm_itself_makes_a_lock_that_does(context: Context) -> None:
    context.write("package.json", PROJECT | {"dependencies": {"duration-words": "^1.0.0"}})
    report = context.convert()
    assert [(row["name"], row["outcome"]) for row in report["requirements"]] == [("duration-words", "locked")]
    (entry,) = (entry for path, entry in context.made()["packages"].items() if path)
    assert entry["integrity"] == integrity(
        downloads()["registry.example/duration-words/-/duration-words-1.0.0.tgz"]
    )
    assert entry["resolved"].endswith("/duration-words/-/duration-words-1.0.0.tgz")
