"""enter.py ROOT PRELOADED PROGRAM [ARGUMENT...]: run a program with ROOT as its root folder, devices, processes and the store in it.

Stands in for proot, which nixpkgs has for that. proot makes believe, by tracing the program; here it is so, by namespaces that
any user may make. PRELOADED is the library of fakeroot, where ROOT has it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_VISIBLE = ("/dev", "/proc", "/sys", "/nix/store")

libc = ctypes.CDLL(None, use_errno=True)


def checked(status: int, what: str) -> None:
    """End with the system's message when a call failed."""
    if status != 0:
        sys.exit(f"enter.py: {what}: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, flags: int) -> None:
    """mount(2) without a file system of its own."""
    checked(libc.mount(source.encode(), target.encode(), None, flags, None), f"mount {target}")


def main() -> None:
    root, preloaded, *command = sys.argv[1:]
    user, group = os.getuid(), os.getgid()
    checked(libc.unshare(_NEW_USER | _NEW_MOUNTS), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    mount("none", "/", _RECURSIVE | _PRIVATE)
    for place in filter(os.path.isdir, _VISIBLE):
        Path(root + place).mkdir(parents=True, exist_ok=True)
        mount(place, root + place, _BIND | _RECURSIVE)
    os.chroot(root)
    os.chdir("/")
    os.environ["LD_PRELOAD"] = preloaded
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
