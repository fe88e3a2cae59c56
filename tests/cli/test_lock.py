"""`dock2nix lock`: hashes are filled in by downloads and by real Nix, nothing else changes, and the next conversion keeps them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from file_server import Answers, serving
from nix.locking import use_nix
from nix_lab import Nix, available_nixes, build_flake, check_flake, why_no_builds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

builds = pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())
ANYWHERE = "--allow-private-addresses"
SCRIPT = b"#!/bin/sh\necho hello\n"
FAKE = "lib.fakeHash"


def sri(content: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


@pytest.fixture
def answers() -> Answers:
    return Answers(files={"/tool-1.0": SCRIPT, "/data.bin": b"data"})


@pytest.fixture
def server(answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(answers) as address:
        yield address


@pytest.fixture
def flake(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A conversion without network of an image that downloads two files."""
    monkeypatch.setenv("PATH", "/nonexistent")
    app = tmp_path / "app"
    app.mkdir()
    (app / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\n"
        f"ADD {server}/tool-1.0 /opt/tool\n"
        f"RUN curl -fsSL -o /opt/data.bin {server}/data.bin\n"
        'CMD ["/bin/sh", "/opt/tool"]\n'
    )
    assert main([str(app / "Dockerfile"), "--quiet", "--offline"]) == 1
    return app


def texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def report(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "nix/report.json").read_text())
    return found


def test_only_hashes_change_and_both_reports_follow(flake: Path) -> None:
    before = texts(flake)
    assert before["nix/image.nix"].count(FAKE) == 2
    assert main(["lock", str(flake), ANYWHERE]) == 0
    after = texts(flake)
    changed = {path for path in after if after[path] != before[path]}
    assert changed == {"nix/image.nix", "nix/report.json", "nix/report.md"}
    expected = before["nix/image.nix"].replace(FAKE, f'"{sri(SCRIPT)}"', 1).replace(FAKE, f'"{sri(b"data")}"')
    assert after["nix/image.nix"] == expected
    rows = {row["url"].rpartition("/")[2]: row["hash"] for row in report(flake)["fetched"]}  # type: ignore[attr-defined]
    assert rows == {"tool-1.0": sri(SCRIPT), "data.bin": sri(b"data")}
    assert "its hash is not known" not in after["nix/report.md"]
    assert "its hash is filled in, whether it holds programs" in after["nix/report.md"]


def test_a_page_of_before_is_named(flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(flake / "Dockerfile"), "--quiet", "--offline", "--html"]) == 1
    assert main(["lock", str(flake), ANYWHERE]) == 0
    assert "report.html: shows the conversion as it was before" in capsys.readouterr().err
    assert main([str(flake / "Dockerfile"), "--quiet", "--offline", "--html"]) in {0, 1}
    assert main(["check", str(flake)]) == 0


def test_the_next_conversion_takes_no_hash_for_an_edit_and_keeps_all(flake: Path, answers: Answers) -> None:
    main(["lock", str(flake), ANYWHERE, "-q"])
    locked = texts(flake)
    answers.files["/tool-1.0"] = b"something else"
    assert main([str(flake / "Dockerfile"), "--quiet", "--offline"]) == 0
    after = texts(flake)
    assert after["nix/image.nix"] == locked["nix/image.nix"].replace("dockerTools lib;", "dockerTools;")
    assert report(flake)["result"] == "converted"
    assert "Converted: nothing is left to look at" in after["nix/report.md"]


def test_hand_edits_stay_and_are_still_known_for_what_they_are(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = flake / "nix/image.nix"
    image.write_text(image.read_text().replace('tag = "latest"', 'tag = "mine"').replace(FAKE, '""', 1))
    assert main(["lock", str(flake), ANYWHERE, "-q"]) == 0
    assert 'tag = "mine"' in image.read_text()
    assert FAKE not in image.read_text()
    assert main([str(flake / "Dockerfile"), "--offline"]) == 0
    assert "your edits are kept" in capsys.readouterr().err
    assert 'tag = "mine"' in image.read_text()
    assert "CONFLICT" not in image.read_text()


def test_without_network_and_nix_it_says_what_stays_open(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(flake)
    assert main(["lock", str(flake), "--offline"]) == 1
    line = before["nix/image.nix"].split(FAKE)[0].count("\n") + 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith(f"{flake}/nix/image.nix:{line}: error: download2.hash: ")
    assert "--offline was given" in errors[0]
    assert texts(flake) == before


def test_a_server_that_fails_changes_nothing(
    flake: Path, answers: Answers, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(flake)
    answers.status = {"/tool-1.0": 404, "/data.bin": 403}
    assert main(["lock", str(flake), ANYWHERE]) == 1
    errors = capsys.readouterr().err
    assert "/tool-1.0: the server answers with status 404" in errors
    assert "/data.bin: the server answers with status 403" in errors
    assert texts(flake) == before


def test_one_hash_is_renewed_and_no_other(flake: Path, answers: Answers) -> None:
    main(["lock", str(flake), ANYWHERE, "-q"])
    main([str(flake / "Dockerfile"), "--quiet", "--offline"])
    before = texts(flake)
    answers.files |= {"/tool-1.0": b"newer", "/data.bin": b"newer data"}
    assert main(["lock", str(flake), "--update", "tool-1.0", ANYWHERE, "-q"]) == 0
    after = texts(flake)
    assert after["nix/image.nix"] == before["nix/image.nix"].replace(sri(SCRIPT), sri(b"newer"))
    assert main([str(flake / "Dockerfile"), "--quiet", "--offline"]) == 0
    assert texts(flake)["nix/image.nix"] == after["nix/image.nix"]


def test_a_name_that_nothing_has_is_refused_with_those_there_are(
    flake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", str(flake), "--update", "tool"]) == 2
    assert "nothing here is called so; there is data.bin, tool-1.0" in capsys.readouterr().err


def test_a_folder_without_a_conversion_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", str(tmp_path)]) == 2
    assert "convert a Dockerfile first" in capsys.readouterr().err


def test_what_is_not_as_the_dockerfile_says_is_never_filled_in(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\n"
        f"RUN curl -o /opt/t {server}/tool-1.0 && echo '{'0' * 32}  /opt/t' | md5sum -c\n"
    )
    assert main([str(tmp_path / "Dockerfile"), "--quiet", ANYWHERE]) == 1
    assert FAKE in (tmp_path / "nix/image.nix").read_text()
    before = texts(tmp_path)
    assert main(["lock", str(tmp_path), ANYWHERE]) == 1
    assert "it is not what the Dockerfile says" in capsys.readouterr().err
    assert texts(tmp_path) == before


# --- what only Nix can tell ---------------------------------------------------------------------------------------------------

GO_DOCKERFILE = """FROM golang:1.25 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
RUN CGO_ENABLED=0 go build -o /out/harbour .

FROM debian:bookworm-slim
COPY --from=build /out/harbour /usr/local/bin/harbour
CMD ["harbour"]
"""
GO_SUM = "example.org/tides v1.2.3 h1:abc=\nexample.org/tides v1.2.3/go.mod h1:def=\n"


@pytest.fixture
def go_flake(tmp_path: Path, server: str) -> Path:
    del server
    app = tmp_path / "harbour"
    app.mkdir()
    (app / "Dockerfile").write_text(GO_DOCKERFILE)
    (app / "go.mod").write_text("module example.org/harbour\n\ngo 1.24\n\nrequire example.org/tides v1.2.3\n")
    (app / "go.sum").write_text(GO_SUM)
    (app / "main.go").write_text("package main\n\nfunc main() {}\n")
    assert main([str(app / "Dockerfile"), "--quiet", "--offline"]) == 1
    return app


@builds
@pytest.mark.nix
def test_nix_is_asked_for_the_hash_of_many_downloads(
    go_flake: Path, nix: Nix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = texts(go_flake)
    stage = before["nix/stages/build.nix"]
    assert stage.count(FAKE) == 1
    use_nix(nix, go_flake, tmp_path, monkeypatch)
    assert main(["lock", str(go_flake)]) == 0
    after = texts(go_flake)
    found = re.search(
        r'vendorHash = "(sha256-[^"]+)"; # for ([0-9a-f]{16})$', after["nix/stages/build.nix"], re.MULTILINE
    )
    assert found
    # all that changes is the value, and `lib` is still there for nobody
    assert after["nix/stages/build.nix"] == stage.replace(FAKE, f'"{found[1]}"')
    assert {path for path in after if after[path] != before[path]} == {
        "nix/report.json",
        "nix/report.md",
        "nix/stages/build.nix",
    }
    assert report(go_flake)["result"] == "converted"
    assert "nothing is left to look at" in after["nix/report.md"]
    assert "Needs you" not in after["nix/report.md"]
    check_flake(go_flake, nix)


@builds
@pytest.mark.nix
def test_the_hash_is_kept_while_the_lock_is_the_same(
    go_flake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nix = available_nixes()[-1]
    use_nix(nix, go_flake, tmp_path, monkeypatch)
    assert main(["lock", str(go_flake), "-q"]) == 0
    vendor = re.compile(r"vendorHash = ([^;]+);")
    locked = vendor.findall(texts(go_flake)["nix/stages/build.nix"])
    (go_flake / "main.go").write_text("package main\n\n// changed\nfunc main() {}\n")
    assert main([str(go_flake / "Dockerfile"), "--quiet", "--offline"]) == 0
    assert vendor.findall(texts(go_flake)["nix/stages/build.nix"]) == locked
    assert build_flake(go_flake, nix).stat().st_size > 0
    (go_flake / "go.sum").write_text(GO_SUM.replace("1.2.3", "1.2.4"))
    (go_flake / "go.mod").write_text(
        "module example.org/harbour\n\ngo 1.24\n\nrequire example.org/tides v1.2.4\n"
    )
    assert main([str(go_flake / "Dockerfile"), "--quiet", "--offline"]) == 1
    assert vendor.findall(texts(go_flake)["nix/stages/build.nix"]) == [FAKE]
    assert main(["lock", str(go_flake), "-q"]) == 0
    assert vendor.findall(texts(go_flake)["nix/stages/build.nix"]) != locked


@builds
@pytest.mark.nix
def test_a_wrong_hash_is_renewed_by_the_name_of_the_stage(
    go_flake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_nix(available_nixes()[-1], go_flake, tmp_path, monkeypatch)
    main(["lock", str(go_flake), "-q"])
    right = texts(go_flake)["nix/stages/build.nix"]
    found = re.search(r"sha256-[^\"]+", right)
    assert found
    stage = go_flake / "nix/stages/build.nix"
    stage.write_text(right.replace(found[0], sri(b"wrong")))
    assert main(["lock", str(go_flake), "--update", "build", "-q"]) == 0
    assert stage.read_text() == right


@builds
@pytest.mark.nix
def test_a_flake_that_does_not_evaluate_is_told_with_nix_words(
    go_flake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_nix(available_nixes()[-1], go_flake, tmp_path, monkeypatch)
    image = go_flake / "nix/image.nix"
    image.write_text(image.read_text().replace('tag = "latest"', 'tag = throw "not yet"'))
    before = texts(go_flake)
    assert main(["lock", str(go_flake)]) == 1
    assert "the flake cannot be evaluated: not yet" in capsys.readouterr().err
    assert texts(go_flake) == before
