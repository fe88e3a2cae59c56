"""The small languages inside of flags and arguments."""

from __future__ import annotations

import pytest

from dock2nix.parse.mounts import csv_fields, csv_line, mount_fields, mount_problem
from dock2nix.parse.values import duration, exposed_ports, is_file_mode, is_signal, parse_platform


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        pytest.param("30s", 30_000_000_000, id="seconds"),
        pytest.param("1h2m3s4ms5us6ns", 3_723_004_005_006, id="all-units"),
        pytest.param("1.5s", 1_500_000_000, id="fraction"),
        pytest.param(".5s", 500_000_000, id="fraction-alone"),
        pytest.param("1.s", 1_000_000_000, id="point-without-fraction"),
        pytest.param("5µs", 5_000, id="micro-sign"),
        pytest.param("0", 0, id="zero-needs-no-unit"),
        pytest.param("-1s", -1_000_000_000, id="negative"),
        pytest.param("+1s", 1_000_000_000, id="positive"),
        pytest.param("", None, id="empty"),
        pytest.param("5", None, id="no-unit"),
        pytest.param("5 s", None, id="blank"),
        pytest.param(".s", None, id="no-digit"),
        pytest.param("5x", None, id="unknown-unit"),
        pytest.param("9999999999h", None, id="too-long"),
    ],
)
def test_durations(text: str, nanoseconds: int | None) -> None:
    assert duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        pytest.param("80", ("80/tcp",), id="tcp-is-meant"),
        pytest.param("53/UDP", ("53/udp",), id="protocol-in-any-case"),
        pytest.param("80/", ("80/tcp",), id="empty-protocol"),
        pytest.param("8000-8002", ("8000/tcp", "8001/tcp", "8002/tcp"), id="range"),
        pytest.param("80-80", ("80/tcp",), id="range-of-one"),
        pytest.param("127.0.0.1:8080:80/sctp", ("80/sctp",), id="host-is-dropped"),
    ],
)
def test_ports(text: str, ports: tuple[str, ...]) -> None:
    assert exposed_ports(text) == ports


@pytest.mark.parametrize("text", ["", "http", "80/http", "70000", "90-80", "80:", "-80", "8 0", "x:80"])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(ValueError, match="invalid port"):
        exposed_ports(text)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        pytest.param("SIGTERM", True, id="name"),
        pytest.param("term", True, id="short-name-in-lower-case"),
        pytest.param("SIGRTMIN+3", True, id="real-time"),
        pytest.param("9", True, id="number"),
        pytest.param("0", False, id="zero"),
        pytest.param("SIGNOTHING", False, id="unknown"),
        pytest.param("", False, id="empty"),
    ],
)
def test_signals(text: str, known: bool) -> None:
    assert is_signal(text) is known


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        pytest.param("755", True, id="octal"),
        pytest.param("07777", True, id="octal-with-zero"),
        pytest.param("u=rwX,go=rX", True, id="symbolic"),
        pytest.param("+x", True, id="no-class"),
        pytest.param("g=u-w", True, id="copy-and-remove"),
        pytest.param("788", False, id="not-octal"),
        pytest.param("17777", False, id="too-large"),
        pytest.param("rwx", False, id="no-operator"),
        pytest.param("u+y", False, id="unknown-letter"),
        pytest.param("u=r,", False, id="empty-clause"),
    ],
)
def test_file_modes(text: str, valid: bool) -> None:
    assert is_file_mode(text) is valid


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("a,b", ("a", "b"), id="plain"),
        pytest.param("", ("",), id="empty"),
        pytest.param("a,,b,", ("a", "", "b", ""), id="empty-fields"),
        pytest.param('"a,b",c', ("a,b", "c"), id="quoted"),
        pytest.param('"a""b"', ('a"b',), id="doubled-quote"),
    ],
)
def test_comma_separated_values(text: str, fields: tuple[str, ...]) -> None:
    assert csv_fields(text) == fields
    assert csv_fields(csv_line(fields)) == fields


@pytest.mark.parametrize("text", ['a"b', '"a"b', '"a', 'x,"a'])
def test_stray_quotes(text: str) -> None:
    with pytest.raises(ValueError, match="stray quote"):
        csv_fields(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("target=/x", "", id="bind-is-meant"),
        pytest.param("TYPE=Cache,TARGET=/x,sharing=locked,id=a,mode=0755,uid=1", "", id="cache"),
        pytest.param("type=bind,from=a,source=b,target=/x,rw", "", id="bind"),
        pytest.param("type=tmpfs,target=/x,size=64m", "", id="tmpfs"),
        pytest.param("type=secret,id=a,required", "", id="secret"),
        pytest.param("type=secret,id=a,env=X", "", id="secret-as-variable"),
        pytest.param("type=ssh", "", id="ssh"),
        pytest.param("type=what", "unsupported mount type 'what'", id="unknown-type"),
        pytest.param("colour=red", "unexpected key 'colour'", id="unknown-key"),
        pytest.param("target", "must be a key=value pair", id="key-without-value"),
        pytest.param("target=/x,ro=maybe", "invalid value for ro", id="not-boolean"),
        pytest.param("target=/x,size=1", "unexpected key 'size' for mount type 'bind'", id="size-of-a-bind"),
        pytest.param("type=cache,mode=9", "invalid value for mode", id="mode-not-octal"),
        pytest.param("type=cache,sharing=x", "invalid value for sharing", id="unknown-sharing"),
        pytest.param("type=secret", "expected a source, target or id", id="secret-of-nothing"),
        pytest.param("type=secret,id=a,from=b", "should not have a from", id="secret-from-a-stage"),
        pytest.param("type=secret,id=a,source=b", "both source and id", id="secret-twice"),
    ],
)
def test_mounts(text: str, problem: str) -> None:
    found = mount_problem(mount_fields(text))
    assert problem in found
    assert bool(problem) == bool(found)


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        pytest.param("linux/amd64", "linux/amd64", id="usual"),
        pytest.param("Linux/X86_64", "linux/amd64", id="other-names"),
        pytest.param("linux/aarch64", "linux/arm64", id="arm64"),
        pytest.param("linux/arm64/v8", "linux/arm64/v8", id="arm64-with-variant"),
        pytest.param("linux/arm/v7", "linux/arm/v7", id="arm-v7"),
        pytest.param("linux/arm", "linux/arm", id="arm"),
        pytest.param("linux/armhf", "linux/arm", id="armhf"),
        pytest.param("linux/armel", "linux/arm/v6", id="armel"),
        pytest.param("linux", "linux/amd64", id="system-alone"),
        pytest.param("arm64", "linux/arm64", id="architecture-alone"),
        pytest.param("windows(10.0.17763)/amd64", "windows/amd64", id="windows-with-version"),
        pytest.param("", None, id="empty"),
        pytest.param("what", None, id="neither"),
        pytest.param("linux/", None, id="empty-architecture"),
        pytest.param("linux/a/b/c", None, id="too-many-parts"),
        pytest.param("linux/amd 64", None, id="blank"),
    ],
)
def test_platforms(text: str, platform: str | None) -> None:
    found = parse_platform(text)
    assert (str(found) if found else None) == platform
