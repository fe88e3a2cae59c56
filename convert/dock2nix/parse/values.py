"""The small languages inside of flags and arguments: durations, ports, signals, file modes, platforms."""

from __future__ import annotations

import re

from msgspec import Struct

from dock2nix.regex import regex

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_DURATION_PART = regex(r"([0-9]{1,20})?(?:\.([0-9]{0,20}))?(ns|us|µs|μs|ms|s|m|h)")
_PORTS = regex(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([a-zA-Z]*))?")
_MODE_CLAUSE = regex(r"[ugoa]*(?:[-+=][rwxXstugo]*)+")
_PLATFORM_PART = regex(r"[A-Za-z0-9_.-]+")
_OS_PART = regex(r"([A-Za-z0-9_-]+)(?:\([A-Za-z0-9_.%+-]*\))?")
_SIGNALS = frozenset(
    ["ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX"]
) | {f"RTMIN+{n}" for n in range(1, 16)} | {f"RTMAX-{n}" for n in range(1, 15)}  # fmt: skip
_SYSTEMS = frozenset(
    [
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "hurd",
        "illumos",
        "ios",
        "js",
        "linux",
        "nacl",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "windows",
        "zos",
    ]
)
_ARCHITECTURES = frozenset(
    [
        "386",
        "amd64",
        "amd64p32",
        "arm",
        "armbe",
        "arm64",
        "arm64be",
        "ppc64",
        "ppc64le",
        "loong64",
        "mips",
        "mipsle",
        "mips64",
        "mips64le",
        "mips64p32",
        "mips64p32le",
        "ppc",
        "riscv",
        "riscv64",
        "s390",
        "s390x",
        "sparc",
        "sparc64",
        "wasm",
    ]
)


def duration(text: str) -> int | None:
    """A duration as Go writes it (`1m30s`, `1.5h`, `0`) in nanoseconds; None when it is none."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    total, at = 0, 0
    while at < len(rest):
        part = _DURATION_PART.match(rest, at)
        if part is None or not (part[1] or part[2]):
            return None
        fraction = part[2] or ""
        total += int((part[1] or "") + fraction) * _UNITS[part[3]] // 10 ** len(fraction)
        at = part.end()
    return sign * total if rest and total < 2**63 else None


def exposed_ports(text: str) -> tuple[str, ...]:
    """The ports of one word of EXPOSE as an image config has them: `8000-8001/udp` gives `8000/udp` and `8001/udp`.

    An address and a host port before it (`127.0.0.1:80:8000`) mean nothing and are dropped.

    Raises:
        ValueError: it is no port; the text says what was expected.

    """
    *host, container = text.rsplit(":", 2)
    match = _PORTS.fullmatch(container)
    protocol = (match[3] or "tcp").lower() if match else ""
    if match is None or protocol not in {"tcp", "udp", "sctp"} or (host and not _PORTS.fullmatch(host[-1])):
        raise ValueError(f"invalid port: {text!r}: expected PORT, PORT-PORT, with /tcp, /udp or /sctp")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last <= 65_535:
        raise ValueError(f"invalid port range: {text!r}: expected ports up to 65535, the lower one first")
    return tuple(f"{port}/{protocol}" for port in range(first, last + 1))


def is_signal(text: str) -> bool:
    """Whether a word of STOPSIGNAL is a signal of Linux, by number or by name with or without `SIG`."""
    if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text) != 0
    return text.upper().removeprefix("SIG") in _SIGNALS


def is_file_mode(text: str) -> bool:
    """Whether the value of `--chmod` is an octal mode up to 7777 or a symbolic one (`u=rwX,go=rX`)."""
    if re.fullmatch(r"[0-7]+", text):
        return len(text.lstrip("0")) <= 4
    return all(_MODE_CLAUSE.fullmatch(clause) for clause in text.split(","))


class Platform(Struct, frozen=True):
    """A platform in the words of the OCI image specification: `linux`, `arm64`, `v8` or "" for the variant."""

    system: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.system, self.architecture, self.variant) if part)


def parse_platform(text: str) -> Platform | None:
    """The platform that `linux/amd64`, `arm64`, `linux/arm/v6` … stands for, names normalised; None when it is none."""
    system, *parts = text.split("/")
    match = _OS_PART.fullmatch(system)
    if match is None or len(parts) > 2 or not all(_PLATFORM_PART.fullmatch(part) for part in parts):
        return None
    name = match[1].lower().replace("macos", "darwin")
    if not parts:
        return _short_platform(name)
    architecture, variant = _normalised(parts[0], "".join(parts[1:]))
    if len(parts) == 1 and (architecture, variant) == ("arm", "v7"):
        variant = ""
    if len(parts) == 2 and (architecture, variant) == ("arm64", ""):
        variant = "v8"
    return Platform(name, architecture, variant)


def _short_platform(name: str) -> Platform | None:
    """`linux` or `arm64` alone: the other half is taken from the platform that dock2nix converts for by default."""
    if name in _SYSTEMS:
        return Platform(name, "amd64")
    architecture, variant = _normalised(name, "")
    if architecture not in _ARCHITECTURES:
        return None
    return Platform("linux", architecture, "" if (architecture, variant) == ("arm", "v7") else variant)


def _normalised(architecture: str, variant: str) -> tuple[str, str]:
    """Containerd's names: `x86_64` is `amd64`, `aarch64` is `arm64`, `armhf` is `arm` v7."""
    architecture, variant = architecture.lower(), variant.lower()
    match architecture:
        case "i386":
            return "386", ""
        case "x86_64" | "x86-64" | "amd64":
            return "amd64", "" if variant == "v1" else variant
        case "aarch64" | "arm64":
            return "arm64", {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(
                variant, variant
            )
        case "armhf":
            return "arm", "v7"
        case "armel":
            return "arm", "v6"
        case "arm":
            return "arm", {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}.get(variant, variant)
        case _:
            return architecture, variant
