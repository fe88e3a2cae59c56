"""Real Nix fetches the wheels of a lock by their hashes, and the environment that it builds of them works."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.locking.uv import _program
from nix_lab import Nix, available_nixes, build_flake, check_flake, flake_packages, package_set, why_no_builds
from python_index import Index, serving, use_only
from wheels import Wheel, elf_file, sdist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(_program() is None, reason="uv is not installed"),
]
builds = pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())

SHARED = {"tests/__init__.py": b"", "tests/conftest.py": b""}
GREET = b"from d2n_colours import red\ndef main():\n    print(red('hello'))\n"
WHEELS = (
    Wheel(
        name="d2n-greeter",
        version="1.2",
        requires=("d2n-colours", "d2n-fast"),
        files={"d2n_greeter.py": GREET, **SHARED, "tests/conftest.py": b"# the greeter's\n"},
        scripts={"greet": "d2n_greeter:main"},
    ),
    Wheel(
        name="d2n-colours",
        version="1.1+local",
        files={"d2n_colours.py": b"def red(text):\n    return f'red {text}'\n", **SHARED},
    ),
    *(
        Wheel(
            name="d2n-fast",
            tag=f"cp312-cp312-manylinux_2_17_{cpu}.manylinux2014_{cpu}",
            files={"d2n_fast/__init__.py": b"", "d2n_fast/fast.so": elf_file("libz.so.1", machine=machine)},
        )
        for cpu, machine in (("x86_64", 62), ("aarch64", 183))
    ),
    Wheel(name="d2n-arms", tag="py3-none-any"),
)
DOCKERFILE = """FROM python:3.12-slim
RUN apt-get update && apt-get install -y python3-idna
RUN pip install d2n-greeter==1.2 "d2n-arms; platform_machine == 'aarch64'"
CMD ["greet"]
"""


@pytest.fixture
def flake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Index]]:
    """A converted image whose wheels are on a server that goes on running."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "Dockerfile").write_text(DOCKERFILE)
    with serving(Index(wheels=WHEELS)) as index:
        use_only(index.url, monkeypatch, str(tmp_path / "uv"))
        assert main([str(app / "Dockerfile"), "--quiet", "--python", "lock"]) == 0
        yield app, index


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _python(flake: Path, system: str) -> str:
    """The expression of the Python environment."""
    packages = package_set(flake_packages(flake)["nixpkgs"])
    return f'import {flake}/nix/python.nix {{ pkgs = import {packages} {{ system = "{system}"; }}; }}'


def environment(flake: Path, nix: Nix) -> Path:
    """The Python environment built; where it is on this machine."""
    built = nix.run("nix-build", "--no-out-link", "--expr", _python(flake, "x86_64-linux"))
    return nix.home / "store" / built.strip().lstrip("/")


def test_flake_evaluates_for_both_systems(flake: tuple[Path, Index], nix: Nix) -> None:
    derivations = check_flake(flake[0], nix).derivations
    assert "packages.aarch64-linux.default" in derivations
    assert "packages.x86_64-linux.default" in derivations


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        pytest.param(
            "x86_64-linux",
            ["d2n_fast-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"],
            id="x86_64",
        ),
        pytest.param(
            "aarch64-linux",
            [
                "d2n_arms-1.0-py3-none-any.whl",
                "d2n_fast-1.0-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
            ],
            id="aarch64",
        ),
    ],
)
def test_each_system_has_its_own_wheels(
    flake: tuple[Path, Index], nix: Nix, system: str, expected: list[str]
) -> None:
    derivation = nix.run("nix-instantiate", "--expr", _python(flake[0], system)).strip()
    needed = nix.run("nix-store", "--query", "--requisites", derivation).split()
    wheels = {path.partition("-")[2].removesuffix(".drv") for path in needed if path.endswith(".whl.drv")}
    shared = {"d2n_colours-1.1+local-py3-none-any.whl", "d2n_greeter-1.2-py3-none-any.whl"}
    assert sorted(wheels - shared) == expected
    assert wheels >= shared


def test_sources_evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nix: Nix) -> None:
    metadata = "Metadata-Version: 2.2\nName: {}\nVersion: 0.1\n"
    index = Index(
        sdists={
            "d2n-source-0.1.tar.gz": sdist({"PKG-INFO": metadata.format("d2n-source")}),
            "pyyaml-0.1.tar.gz": sdist({"PKG-INFO": metadata.format("pyyaml"), "yaml.c": "int x;"}),
        }
    )
    (tmp_path / "Dockerfile").write_text("FROM python:3.12-slim\nRUN pip install d2n-source pyyaml==0.1\n")
    with serving(index):
        use_only(index.url, monkeypatch, str(tmp_path / "uv"))
        assert main([str(tmp_path / "Dockerfile"), "--quiet", "--output", str(tmp_path / "flake")]) == 1
    check_flake(tmp_path / "flake", nix)
    derivation = nix.run("nix-instantiate", "--expr", _python(tmp_path / "flake", "x86_64-linux")).strip()
    needed = nix.run("nix-store", "--query", "--requisites", derivation).split()
    names = {path.partition("-")[2] for path in needed}
    assert {"python3.12-d2n-source-0.1.drv", "python3.12-pyyaml-0.1.drv"} <= names
    assert any("setuptools" in name for name in names)


@pytest.mark.parametrize("choice", ["lock", "nixpkgs"])
def test_projects_of_the_context_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nix: Nix, choice: str
) -> None:
    app = tmp_path / "app"
    (app / "shop").mkdir(parents=True)
    (app / "shop" / "__init__.py").write_text("")
    (app / "setup.py").write_text(
        'from setuptools import setup\nsetup(name="shop", version="1.2", install_requires=["idna"])\n'
    )
    (app / "Dockerfile").write_text("FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n")
    with serving(Index(wheels=(Wheel(name="idna", version="3"),))) as index:
        use_only(index.url, monkeypatch, str(tmp_path / "uv"))
        assert main([str(app / "Dockerfile"), "--quiet", "--python", choice]) == 0
    check_flake(app, nix)
    assert "python-shop.nix" in (app / "nix/packages.nix").read_text() + _text(app / "nix/python.nix")


@builds
def test_console_scripts_find_what_was_fetched_by_hash(flake: tuple[Path, Index]) -> None:
    app, index = flake
    index.asked.clear()
    nix = available_nixes()[-1]
    built = environment(app, nix)
    assert (built / "bin/greet").exists()
    names = {path.name for path in (built / "lib/python3.12/site-packages").iterdir()}
    assert {"d2n_greeter.py", "d2n_colours.py", "d2n_fast", "tests"} <= names
    assert "d2n_arms-1.0.dist-info" not in names
    packages = package_set(flake_packages(app)["nixpkgs"])
    ran = nix.run(
        "nix-build",
        "--no-out-link",
        "--expr",
        f'with import {packages} {{ system = "x86_64-linux"; }}; runCommand "greeting" {{ }} '
        f'"${{import {app}/nix/python.nix {{ inherit pkgs; }}}}/bin/greet > $out"',
    )
    assert (nix.home / "store" / ran.strip().lstrip("/")).read_text() == "red hello\n"


@builds
def test_the_image_is_built_twice_alike(flake: tuple[Path, Index]) -> None:
    assert build_flake(flake[0], available_nixes()[-1]).stat().st_size > 0


@builds
def test_a_byte_that_changed_on_the_server_fails_the_build(flake: tuple[Path, Index]) -> None:
    app, index = flake
    changed = Wheel(
        name="d2n-colours", version="1.1+local", files={"d2n_colours.py": f"# {index.port}\n".encode()}
    )
    index.wheels = tuple(changed if wheel.name == "d2n-colours" else wheel for wheel in index.wheels)
    text = (app / "nix/pylock.toml").read_text()
    before = next(wheel for wheel in WHEELS if wheel.name == "d2n-colours")
    # another name, so that the store does not have it yet
    (app / "nix/pylock.toml").write_text(
        text.replace(f'name = "{before.file_name}"', f'name = "n{before.file_name}"')
    )
    with pytest.raises(AssertionError, match="hash mismatch") as caught:
        environment(app, available_nixes()[-1])
    assert before.sri in str(caught.value)
    assert changed.sri in str(caught.value)
