"""What source distributions say of themselves, without being run."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from msgspec.structs import replace

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.locking.base import LockRefused
from dock2nix.locking.recipes import source_recipes
from dock2nix.locking.sdists import applying, read_sdist
from dock2nix.model.packages import SriHash
from dock2nix.model.python_lock import LockedDistribution, LockedSource, PythonLock
from fakes import HASH
from wheels import sdist

OLD = "Metadata-Version: 1.1\nName: a\nVersion: 1.0\n"
NEW = "Metadata-Version: 2.2\nName: a\nVersion: 1.0\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({"PKG-INFO": NEW + "Requires-Dist: b>=1\n"}, ("b>=1",), id="metadata"),
        pytest.param({"PKG-INFO": NEW}, (), id="metadata-without-any"),
        pytest.param(
            {"PKG-INFO": OLD, "a.egg-info/requires.txt": "b>=1\n\n[fast]\nc\n\n[:python_version < '3']\nd\n"},
            ("b>=1", 'c ; extra == "fast"', "d ; (python_version < '3')"),
            id="setuptools-list",
        ),
        pytest.param(
            {
                "PKG-INFO": OLD,
                "src/a.egg-info/requires.txt": "[x:os_name == 'nt']\ne; python_version > '3'\n",
            },
            ("e ; (python_version > '3') and (os_name == 'nt') and extra == \"x\"",),
            id="setuptools-list-with-extra-and-marker",
        ),
        pytest.param(
            {"PKG-INFO": OLD, "setup.py": "", "a.egg-info/SOURCES.txt": ""},
            (),
            id="setuptools-without-a-list",
        ),
        pytest.param({"PKG-INFO": OLD, "pyproject.toml": ""}, (), id="other-builders-without-any"),
        pytest.param(
            {"PKG-INFO": NEW + "Dynamic: Requires-Dist\n", "a.egg-info/requires.txt": "b\n"},
            ("b",),
            id="dynamic",
        ),
        pytest.param(
            {
                "PKG-INFO": OLD,
                "setup.py": "setup(install_requires=['b'], extras_require={'x': ['c;os_name!=\"nt\"']})",
            },
            ("b", 'c ; (os_name!="nt") and extra == "x"'),
            id="setup-py-that-lists-them",
        ),
        pytest.param(
            {
                "PKG-INFO": OLD,
                "setup.py": "compute()",
                "pyproject.toml": '[project]\ndependencies = ["b"]\noptional-dependencies.x = ["c"]\n',
            },
            ("b", 'c ; extra == "x"'),
            id="pyproject-that-lists-them",
        ),
    ],
)
def test_requirements(files: dict[str, str], expected: tuple[str, ...]) -> None:
    assert read_sdist("a", "1.0", "a-1.0.tar.gz", sdist(files)).requires == expected


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"setup.py": "setup(install_requires=compute())"}, id="setup-py-alone"),
        pytest.param({"PKG-INFO": OLD, "setup.py": ""}, id="old-metadata-and-setup-py"),
        pytest.param({"PKG-INFO": NEW + "Dynamic: Requires-Dist\n"}, id="computed"),
        pytest.param({"a.py": ""}, id="nothing"),
        pytest.param(
            {"setup.py": "compute()", "pyproject.toml": '[project]\ndynamic = ["dependencies"]\n'},
            id="pyproject-that-leaves-it-open",
        ),
        pytest.param(
            {"setup.py": "setup(name='a')", "setup.cfg": "[options]\ninstall_requires = b\n"},
            id="setup-cfg-beside-setup-py",
        ),
    ],
)
def test_what_is_known_only_by_running_it_is_refused(files: dict[str, str]) -> None:
    with pytest.raises(LockRefused, match="only by running it"):
        read_sdist("a", "1.0", "a-1.0.tar.gz", sdist(files))


def _zipped(files: dict[str, str], *, folder: str = "a-1.0") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in files.items():
            archive.writestr(f"{folder}/{path}", text)
    return content.getvalue()


def test_a_zip_archive_is_read_too() -> None:
    content = _zipped({"PKG-INFO": NEW + "Requires-Dist: b\n", "src/fast.c": "x"})
    found = read_sdist("a", "1.0", "a-1.0.zip", content)
    assert (found.requires, found.native) == (("b",), True)


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        pytest.param("", ("setuptools",), id="none"),
        pytest.param("[project]\n", ("setuptools",), id="no-table"),
        pytest.param('[build-system]\nrequires = ["hatchling>=1"]\n', ("hatchling>=1",), id="table"),
        pytest.param("[build-system\n", ("setuptools",), id="no-toml"),
    ],
)
def test_builders(pyproject: str, expected: tuple[str, ...]) -> None:
    content = sdist({"PKG-INFO": NEW, "pyproject.toml": pyproject})
    assert read_sdist("a", "1.0", "a-1.0.tar.gz", content).build_requires == expected


@pytest.mark.parametrize(
    ("path", "native"),
    [
        pytest.param("src/fast.c", True, id="c"),
        pytest.param("a/fast.pyx", True, id="cython"),
        pytest.param("Cargo.toml", True, id="rust"),
        pytest.param("meson.build", True, id="meson"),
        pytest.param("tests/fast.c", False, id="in-tests"),
        pytest.param("a/tests/fast.c", False, id="in-tests-below"),
        pytest.param("a/core.py", False, id="python"),
        pytest.param("README.md", False, id="text"),
    ],
)
def test_machine_code(path: str, native: bool) -> None:
    assert read_sdist("a", "1.0", "a-1.0.tar.gz", sdist({"PKG-INFO": NEW, path: "x"})).native is native


def test_names_of_what_applies() -> None:
    texts = ("Flit_Core>=3", "tomli; python_version<'3.11'", "x; sys_platform=='win32'", "y; extra=='z'")
    assert list(applying(texts, "3.12.1")) == ["flit-core"]
    with pytest.raises(LockRefused, match="PEP 508"):
        list(applying(("a b",), "3.12.1"))


def _bomb() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("a-1.0/zeros")
        entry.size = 1000
        tar.addfile(entry, io.BytesIO(bytes(1000)))
    return gzip.compress(archive.getvalue() + bytes(300 * 2**20), 9, mtime=0)


@pytest.mark.parametrize(
    ("file_name", "content", "reason"),
    [
        pytest.param("a-1.0.tar.bz2", b"", "no archive that is read", id="another-kind"),
        pytest.param("a-1.0.tar.gz", b"not gzip", "cannot be read", id="no-gzip"),
        pytest.param("a-1.0.tar.gz", gzip.compress(b"not tar" * 200), "cannot be read", id="no-tar"),
        pytest.param("a-1.0.tar.gz", sdist({"PKG-INFO": NEW})[:-20], "cannot be read", id="cut-off"),
        pytest.param("a-1.0.tar.gz", _bomb(), "too much", id="too-much-in-it"),
        pytest.param("a-1.0.zip", b"not zip", "cannot be read", id="no-zip"),
        pytest.param("a-1.0.zip", _zipped({"PKG-INFO": NEW})[:-9], "cannot be read", id="zip-cut-off"),
        pytest.param(
            "a-1.0.zip", _zipped({"PKG-INFO": "x" * 2**21}), "only by running", id="zip-with-a-large-file"
        ),
    ],
)
def test_archives_that_cannot_be_read_are_refused(file_name: str, content: bytes, reason: str) -> None:
    with pytest.raises(LockRefused, match=reason):
        read_sdist("a", "1.0", file_name, content)


# --- recipes -----------------------------------------------------------------------------------------------------------------


def lock(name: str, *builders: str, native: bool = False) -> PythonLock:
    source = LockedSource(
        name=f"{name}-1.tar.gz",
        url="https://files.test/a",
        hash=SriHash(HASH),
        builders=builders,
        native=native,
    )
    one = LockedDistribution(
        name=name, version="1", wheels=(), source=source, source_systems=("x86_64-linux",)
    )
    return PythonLock(python="3.12", request="", systems=("x86_64-linux",), distributions=(one,))


def test_python_alone_is_built_with_what_it_names() -> None:
    (recipe,) = source_recipes(lock("nowhere", "setuptools", "wheel", "flit-core"), LocalCatalogue(), "")
    assert (recipe.attribute, recipe.builders) == ("", ("flit-core", "setuptools"))


def test_machine_code_is_built_by_the_recipe_of_another_version() -> None:
    (recipe,) = source_recipes(lock("psycopg2", "setuptools", native=True), LocalCatalogue(), "")
    assert (recipe.attribute, recipe.builders) == ("psycopg2", ())


@pytest.mark.parametrize(
    ("given", "channel", "reason"),
    [
        pytest.param(
            lock("nowhere", "setuptools", native=True), "", "machine code", id="machine-code-without-recipe"
        ),
        pytest.param(lock("nowhere", "d2n-nothing"), "", "d2n-nothing", id="builder-that-nixpkgs-lacks"),
        pytest.param(lock("nowhere", "setuptools"), "nixos-23.11", "nixos-23.11", id="old-release"),
    ],
)
def test_what_cannot_be_built_is_refused(given: PythonLock, channel: str, reason: str) -> None:
    with pytest.raises(LockRefused, match=reason):
        source_recipes(given, LocalCatalogue(), channel)


def _zipped_lock(*, native: bool) -> PythonLock:
    made = lock("a", "setuptools", native=native)
    (one,) = made.distributions
    assert one.source is not None
    return replace(made, distributions=(replace(one, source=replace(one.source, name="a-1.zip")),))


def test_a_zip_archive_is_unpacked_by_a_package_more() -> None:
    (recipe,) = source_recipes(_zipped_lock(native=False), LocalCatalogue(), "")
    assert (recipe.zipped, recipe.builders) == (True, ("setuptools",))


def test_a_recipe_of_nixpkgs_is_not_given_a_zip_archive() -> None:
    with pytest.raises(LockRefused, match=r"do not unpack a-1\.zip"):
        source_recipes(_zipped_lock(native=True), LocalCatalogue(), "")
