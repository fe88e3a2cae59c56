"""Downloads of a Dockerfile by hash: compared with what it says, kept while nothing changes, told where something is wrong."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import socket
import tarfile
import zipfile
from typing import TYPE_CHECKING, NoReturn

import pytest

from dock2nix.cli import main
from file_server import Answers, serving
from nix_lab import available_nixes, build_flake, why_no_builds
from wheels import elf_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

builds = pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())
ANYWHERE = "--allow-private-addresses"
SCRIPT = b"#!/bin/sh\necho hello\n"
PROGRAM = elf_file("libz.so.1", "libc.so.6")


def packed(entries: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return archive.getvalue()


def sri(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def hexadecimal(content: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, content).hexdigest()


TOOL = packed({"tool-1.0/bin/tool": SCRIPT, "tool-1.0/README": b"read me"})
FILES = {
    "/tool-1.0.tgz": TOOL,
    "/tool.zip": zipped({"tool": SCRIPT}),
    "/tool.gz": gzip.compress(SCRIPT, mtime=0),
    "/script.sh": SCRIPT,
    "/program": PROGRAM,
}


@pytest.fixture
def answers() -> Answers:
    return Answers(files=dict(FILES))


@pytest.fixture
def server(answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(answers) as address:
        yield address


def convert(folder: Path, body: str, server: str, *options: str) -> tuple[str, list[dict[str, str]]]:
    """nix/image.nix and the findings of a Dockerfile; `@` stands for the server's address."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{body}\n".replace("@", server))
    assert main([str(folder / "Dockerfile"), "--quiet", ANYWHERE, *options]) in {0, 1}
    findings = json.loads((folder / "nix/report.json").read_text())["findings"]
    return (folder / "nix/image.nix").read_text(), findings


def codes(findings: list[dict[str, str]]) -> set[str]:
    return {one["code"] for one in findings} - {"D2N247"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(
            "RUN curl -fsSL @/tool-1.0.tgz | tar xz -C /opt --strip-components=1",
            ["/tool-1.0.tgz", sri(TOOL), "-C opt --strip-components=1"],
            id="curl into tar",
        ),
        pytest.param(
            "RUN wget -qO- @/tool-1.0.tgz | tar -xzf - -C /opt", [sri(TOOL), "-C opt"], id="wget into tar"
        ),
        pytest.param(
            "ARG V=1.0\nRUN cd /tmp && wget @/tool-$V.tgz && tar xf tool-$V.tgz"
            " && mv tool-$V/bin/tool /usr/local/bin/ && rm -rf tool-$V tool-$V.tgz",
            [sri(TOOL), "usr/local/bin"],
            id="unpacked, moved, removed",
        ),
        pytest.param(
            "RUN curl -o /usr/local/bin/s @/script.sh && chmod +x /usr/local/bin/s",
            [sri(SCRIPT), "install -m 755", "usr/local/bin/s"],
            id="made a program",
        ),
        pytest.param(
            "RUN curl -sSLO @/tool.zip && unzip -q tool.zip -d /usr/local/bin && rm tool.zip",
            [sri(FILES["/tool.zip"]), "${pkgs.unzip}/bin/unzip", "-d usr/local/bin"],
            id="unzip",
        ),
        pytest.param(
            "RUN curl -s @/tool.gz | gunzip > /usr/bin/tool && chmod 755 /usr/bin/tool",
            [sri(FILES["/tool.gz"]), "gzip -dc"],
            id="curl into gunzip",
        ),
        pytest.param(f"ADD @/script.sh /opt/", [sri(SCRIPT), "install -m 600", "opt/script.sh"], id="ADD"),  # noqa: F541
        pytest.param(
            f"ADD --checksum=sha256:{hexadecimal(SCRIPT)} @/script.sh /opt/s",
            [sri(SCRIPT)],
            id="ADD with its checksum",
        ),
        pytest.param(
            f"RUN curl -o /s @/script.sh && echo '{hexadecimal(SCRIPT, 'sha512')}  /s' | sha512sum -c -",
            [sri(SCRIPT, "sha512")],
            id="checked by SHA-512",
        ),
    ],
)
def test_a_download_is_fetched_by_hash(tmp_path: Path, server: str, body: str, words: list[str]) -> None:
    text, findings = convert(tmp_path / "app", body, server)
    assert codes(findings) == set()
    for word in words:
        assert word in text
    assert "fakeHash" not in text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"ADD --checksum=sha256:{'0' * 64} @/script.sh /s", id="ADD"),
        *(
            pytest.param(f"RUN curl -o /s @/script.sh && echo '{'0' * digits}  /s' | {program}", id=program)
            for digits, program in (
                (64, "sha256sum -c"),
                (128, "sha512sum --check"),
                (40, "sha1sum -c"),
                (40, "shasum -c"),
                (64, "shasum -a 256 -c -"),
                (32, "md5sum -c"),
                (96, "sha384sum -c"),
            )
        ),
    ],
)
def test_what_is_not_as_the_dockerfile_says_is_told_and_does_not_build(
    tmp_path: Path, server: str, body: str
) -> None:
    text, findings = convert(tmp_path / "app", body, server)
    wrong = [one for one in findings if one["code"] == "D2N242"]
    assert len(wrong) == 1
    assert "the Dockerfile says" in wrong[0]["message"]
    assert sri(SCRIPT) not in text
    assert sri(SCRIPT, "sha1") not in text


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize(
    "check",
    ["sha256sum -c --ignore-missing SUMS", "grep script.sh SUMS | sha256sum -c -"],
    ids=["list", "grep"],
)
def test_a_published_list_of_hashes_is_compared(
    tmp_path: Path, answers: Answers, server: str, check: str, *, right: bool
) -> None:
    digest = hexadecimal(SCRIPT) if right else "0" * 64
    answers.files["/SUMS"] = f"{'1' * 64}  other\n{digest}  script.sh\n".encode()
    body = f"RUN cd /opt && curl -O @/script.sh && curl -O @/SUMS && {check} && rm SUMS"
    _, findings = convert(tmp_path / "app", body, server)
    assert codes(findings) == (set() if right else {"D2N242"})


def test_a_list_that_does_not_name_the_file_is_told(tmp_path: Path, answers: Answers, server: str) -> None:
    answers.files["/SUMS"] = f"{'1' * 64}  other\n".encode()
    body = "RUN cd /opt && curl -O @/script.sh && curl -O @/SUMS && sha256sum -c --ignore-missing SUMS"
    assert codes(convert(tmp_path / "app", body, server)[1]) == {"D2N244"}


def test_programs_are_patched_for_the_libraries_that_they_need(tmp_path: Path, server: str) -> None:
    body = "RUN curl -o /usr/local/bin/p @/program && chmod +x /usr/local/bin/p"
    text, findings = convert(tmp_path / "app", body, server)
    assert codes(findings) == {"D2N245", "D2N233"}
    assert "nativeBuildInputs = [ pkgs.autoPatchelfHook ];" in text
    assert "buildInputs = [ pkgs.zlib ];" in text
    assert "LD_LIBRARY_PATH" not in text


def test_what_was_found_in_a_download_holds_when_nobody_sees_it(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "RUN curl -o /usr/local/bin/p @/program && chmod +x /usr/local/bin/p"
    text, before = convert(tmp_path / "app", body, server)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    again, after = convert(tmp_path / "app", body, server, "--offline")
    assert "autoPatchelfHook" in text
    assert again == text
    assert after == before


@pytest.mark.parametrize(
    "programs",
    [None, [], {"systems": "x86_64-linux"}, {"systems": [1]}],
)
def test_what_a_report_says_of_a_download_is_taken_in_its_own_form_alone(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, programs: object
) -> None:
    body = "RUN curl -o /usr/local/bin/p-linux-amd64 @/program"
    convert(tmp_path / "app", body, server)
    report = tmp_path / "app/nix/report.json"
    data = json.loads(report.read_text())
    data["fetched"][0]["programs"] = programs
    report.write_text(json.dumps(data))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    text, _ = convert(tmp_path / "app", body, server, "--offline")
    assert "autoPatchelfHook" not in text


@pytest.mark.parametrize(
    ("address", "told"),
    [
        pytest.param("https://example.org/tool-1.0-linux-amd64.tar.gz", True, id="for a machine"),
        pytest.param("https://example.org/tool_1.0_amd64.deb", True, id="a package"),
        pytest.param("https://example.org/tool.x86_64", True, id="a program"),
        pytest.param("https://example.org/tool-1.0.tar.gz", False, id="sources, as far as its name says"),
        pytest.param("https://example.org/linuxbrew-1.0.tgz", False, id="only a word like it"),
    ],
)
def test_machine_code_that_nobody_has_seen_is_told(tmp_path: Path, address: str, told: bool) -> None:
    digest = "1" * 64
    (tmp_path / "Dockerfile").write_text(
        f"FROM debian:bookworm-slim\nADD --checksum=sha256:{digest} {address} /opt/\n"
    )
    main([str(tmp_path / "Dockerfile"), "--quiet", "--offline"])
    findings = json.loads((tmp_path / "nix/report.json").read_text())["findings"]
    assert [one["severity"] for one in findings if one["code"] == "D2N245"] == ["warning"] * told


def test_a_failed_download_is_a_finding_with_its_address(
    tmp_path: Path, answers: Answers, server: str
) -> None:
    answers.status["/script.sh"] = 404
    text, findings = convert(tmp_path / "app", "ADD @/script.sh /s", server)
    assert codes(findings) == {"D2N241"}
    assert (
        f"{server}/script.sh: its hash is not known, the server answers with status 404"
        in findings[0]["message"]
    )
    assert "lib.fakeHash" in text


def test_the_hash_that_was_pinned_is_kept_and_a_changed_file_told(
    tmp_path: Path, answers: Answers, server: str
) -> None:
    app = tmp_path / "app"
    first, _ = convert(app, "ADD @/script.sh /s", server)
    answers.files["/script.sh"] = b"something else"
    second, findings = convert(app, "ADD @/script.sh /s", server)
    assert second == first
    assert codes(findings) == {"D2N246"}
    answers.status["/script.sh"] = 500
    third, findings = convert(app, "ADD @/script.sh /s", server)
    assert third == first
    assert codes(findings) == set()


def test_a_second_run_gives_the_same_bytes_offline_and_opens_no_socket(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "RUN curl @/tool-1.0.tgz | tar xz -C /opt\nADD @/program /usr/bin/p"
    text, _ = convert(tmp_path / "app", body, server)

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    assert convert(tmp_path / "app", body, server, "--offline")[0] == text


def test_this_machine_is_not_asked_unless_that_is_wanted(
    tmp_path: Path, answers: Answers, server: str
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM debian:bookworm-slim\nADD {server}/script.sh /s\n")
    assert main([str(tmp_path / "Dockerfile"), "--quiet"]) == 1
    assert "--allow-private-addresses allows that" in (tmp_path / "nix/report.md").read_text()
    assert answers.requests == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("@/${x}", id="unknown"),
        pytest.param("@/a'\"b", id="quotes"),
        pytest.param("http://user:secret@host.example/x", id="password"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("ftp://host.example/x", id="ftp"),
    ],
)
def test_addresses_that_are_none_are_left_to_a_human(tmp_path: Path, server: str, url: str) -> None:
    app = tmp_path / "app"
    app.mkdir()
    text = f"FROM debian:bookworm-slim\nRUN curl -o /s $(cat /x)'{url}'\n"
    (app / "Dockerfile").write_text(text.replace("@/", f"{server}/"))
    assert main([str(app / "Dockerfile"), "--quiet", "--offline"]) == 1
    image = (app / "nix/image.nix").read_text()
    assert "fetchurl" not in image


@builds
@pytest.mark.nix
def test_nix_fetches_unpacks_and_builds_twice_alike(tmp_path: Path, answers: Answers, server: str) -> None:
    body = (
        "RUN curl -fsSL @/tool-1.0.tgz | tar xz -C /opt --strip-components=1\n"
        "RUN curl -o /usr/local/bin/s @/script.sh && chmod +x /usr/local/bin/s\n"
        "ADD @/script.sh /opt/script.sh\nCMD /opt/bin/tool"
    )
    answers.files |= {"/tool-1.0.tgz": packed({"t/bin/tool": SCRIPT, "t/at": server.encode()})}
    convert(tmp_path / "app", body, server)
    archive = build_flake(tmp_path / "app", available_nixes()[-1])
    names = _contents(archive)
    assert names["opt/bin/tool"] == (SCRIPT, 0o755)
    assert names["usr/local/bin/s"] == (SCRIPT, 0o755)
    assert names["opt/script.sh"] == (SCRIPT, 0o600)


def _contents(archive: Path) -> dict[str, tuple[bytes, int]]:
    """The files of an image with their permissions."""
    found: dict[str, tuple[bytes, int]] = {}
    with tarfile.open(archive) as image:
        for layer in [one for one in image if one.name.endswith("layer.tar")]:
            content = image.extractfile(layer)
            assert content is not None
            with tarfile.open(fileobj=content) as tar:
                for one in tar:
                    file = tar.extractfile(one) if one.isreg() else None
                    if file is not None:
                        found[one.name.removeprefix("./")] = (file.read(), one.mode)
    return found


@builds
@pytest.mark.nix
def test_a_byte_that_changed_on_the_server_fails_the_build_with_both_hashes(
    tmp_path: Path, answers: Answers, server: str
) -> None:
    answers.files["/once.sh"] = before = SCRIPT + server.encode()
    convert(tmp_path / "app", "ADD @/once.sh /s", server)
    answers.files["/once.sh"] = after = before[:-1] + b"X"
    with pytest.raises(AssertionError, match="hash mismatch") as caught:
        build_flake(tmp_path / "app", available_nixes()[-1])
    assert sri(before) in str(caught.value)
    assert sri(after) in str(caught.value)
