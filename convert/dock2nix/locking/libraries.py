"""The packages of nixpkgs whose libraries prebuilt wheels link to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.packages import AttributePath
from dock2nix.model.python_lock import NativeLibraries

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue, Provider
    from dock2nix.model.python_lock import LockedDistribution, PythonLock

# The C library comes with the interpreter; these are its parts (glibc's manual, "Library Summary").
_C_LIBRARY = {
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libc_malloc_debug.so.0",
    "libdl.so.2",
    "libm.so.6",
    "libmvec.so.1",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libthread_db.so.1",
    "libutil.so.1",
}
_COMPILER = AttributePath("stdenv.cc.cc")
# The libraries of the compiler: the index has them as parts of gcc-unwrapped, nixpkgs means `stdenv.cc.cc.lib`.
_COMPILER_LIBRARIES = {
    "libasan.so.8",
    "libatomic.so.1",
    "libgcc_s.so.1",
    "libgfortran.so.5",
    "libgomp.so.1",
    "libquadmath.so.0",
    "libstdc++.so.6",
}
# Besides the C library and the compiler's, what PEP 600 lets a wheel expect of the system.
_PROMISED = (
    "libGL.so.1",
    "libICE.so.6",
    "libSM.so.6",
    "libX11.so.6",
    "libXext.so.6",
    "libXrender.so.1",
    "libexpat.so.1",
    "libglib-2.0.so.0",
    "libstdc++.so.6",
    "libz.so.1",
)
# An older release is not indexed; these names it has in any case.
_IN_EVERY_RELEASE = {
    "libexpat.so.1": "expat",
    "libffi.so.8": "libffi",
    "libGL.so.1": "libGL",
    "libICE.so.6": "xorg.libICE",
    "libSM.so.6": "xorg.libSM",
    "libX11.so.6": "xorg.libX11",
    "libXext.so.6": "xorg.libXext",
    "libXrender.so.1": "xorg.libXrender",
    "libglib-2.0.so.0": "glib",
    "libgobject-2.0.so.0": "glib",
    "libgthread-2.0.so.0": "glib",
    "libz.so.1": "zlib",
}


def native_libraries(lock: PythonLock, catalogue: Catalogue, channel: str) -> tuple[NativeLibraries, ...]:
    """What to give the wheels with machine code, by distribution.

    Args:
        lock: the distributions.
        catalogue: for the packages that have a library.
        channel: the old release that the interpreter comes from, "" for the indexed nixpkgs.
    """
    return tuple(
        _libraries(distribution, catalogue, channel)
        for distribution in lock.distributions
        if not distribution.pure
    )


def _libraries(distribution: LockedDistribution, catalogue: Catalogue, channel: str) -> NativeLibraries:
    measured = distribution.needs is not None
    found: set[tuple[AttributePath, str]] = set()
    missing: list[str] = []
    for name in distribution.needs if distribution.needs is not None else _PROMISED:
        packages = packages_with(name, catalogue, channel)
        found.update(packages)
        if not packages and name not in _C_LIBRARY:
            missing.append(name)
    return NativeLibraries(
        distribution=distribution.name,
        packages=tuple(sorted(found)),
        missing=tuple(missing) if measured else (),
        borrows=distribution.borrows,
        measured=measured,
    )


def is_of_c_library(library: str) -> bool:
    """Whether a library is a part of glibc, or its loader."""
    return library in _C_LIBRARY


def packages_with(library: str, catalogue: Catalogue, channel: str) -> tuple[tuple[AttributePath, str], ...]:
    """The packages (attribute path, output or "") to link to for a library; () for the C library's own, and when none is known.

    Args:
        library: its soname.
        catalogue: for the packages that have it.
        channel: the old release that they are to come from, "" for the indexed nixpkgs.
    """
    if library in _C_LIBRARY:
        return ()
    if library in _COMPILER_LIBRARIES:
        return ((_COMPILER, "lib"),)
    if channel:
        path = _IN_EVERY_RELEASE.get(library)
        return ((AttributePath(path), ""),) if path else ()
    return tuple(_output(provider) for provider in catalogue.providers("soname", library)[:1])


def _output(provider: Provider) -> tuple[AttributePath, str]:
    return provider.path, "" if provider.output == "out" else provider.output
