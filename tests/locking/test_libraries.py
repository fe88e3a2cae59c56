"""Which packages have the libraries that wheels link to."""

from __future__ import annotations

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.locking.libraries import native_libraries
from dock2nix.model.packages import SriHash
from dock2nix.model.python_lock import LockedDistribution, LockedWheel, NativeLibraries, PythonLock
from fakes import HASH

X86 = "x86_64-linux"


def libraries(
    needs: tuple[str, ...] | None, *, channel: str = "", tag: str = "cp312-cp312-linux_x86_64"
) -> NativeLibraries | None:
    wheel = LockedWheel(name=f"a-1-{tag}.whl", url="https://files.test/a", hash=SriHash(HASH), systems=(X86,))
    one = LockedDistribution(name="a", version="1", wheels=(wheel,), needs=needs)
    lock = PythonLock(python="3.12", request="", systems=(X86,), distributions=(one,))
    return next(iter(native_libraries(lock, LocalCatalogue(), channel)), None)


@pytest.mark.parametrize(
    ("needed", "package"),
    [
        pytest.param("libc.so.6", None, id="c-library"),
        pytest.param("ld-linux-aarch64.so.1", None, id="loader"),
        pytest.param("libstdc++.so.6", ("stdenv.cc.cc", "lib"), id="c++"),
        pytest.param("libgomp.so.1", ("stdenv.cc.cc", "lib"), id="openmp"),
        pytest.param("libz.so.1", ("zlib", ""), id="zlib"),
        pytest.param("libpq.so.5", ("libpq", ""), id="libpq"),
        pytest.param("libGL.so.1", ("libglvnd", ""), id="opengl"),
        pytest.param("libdbus-1.so.3", ("dbus", "lib"), id="in-another-output"),
    ],
)
def test_package_of_a_library(needed: str, package: tuple[str, str] | None) -> None:
    found = libraries((needed,))
    assert found is not None
    assert found.packages == ((package,) if package else ())
    assert found.missing == ()


def test_an_unknown_library_is_named() -> None:
    found = libraries(("libnowhere.so.7", "libz.so.1"))
    assert found is not None
    assert found.missing == ("libnowhere.so.7",)


def test_an_old_release_is_given_what_it_surely_has() -> None:
    found = libraries(("libX11.so.6", "libpq.so.5"), channel="nixos-23.11")
    assert found is not None
    assert (found.packages, found.missing) == ((("xorg.libX11", ""),), ("libpq.so.5",))


def test_wheels_that_nobody_looked_into_get_what_pep_600_promises() -> None:
    found = libraries(None)
    assert found is not None
    assert not found.measured
    assert ("stdenv.cc.cc", "lib") in found.packages
    assert ("zlib", "") in found.packages


def test_pure_wheels_need_nothing() -> None:
    assert libraries(None, tag="py3-none-any") is None
