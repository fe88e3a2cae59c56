"""Every difference that matters between two images is named, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.verify.comparison import compare
from dock2nix.verify.image import read_image
from image_archives import Item, Made, folder, link

if TYPE_CHECKING:
    from pathlib import Path

STORE = f"nix/store/{'a' * 32}-hello-1"
OTHER_STORE = f"nix/store/{'b' * 32}-hello-1"
PASSWD = (
    "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"
)
FILES = {
    "bin": folder(),
    "bin/sh": Item(text="sh", mode=0o755),
    "bin/curl": Item(text="curl", mode=0o755),
    "etc": folder(),
    "etc/passwd": Item(text=PASSWD),
    "etc/motd": Item(text="hello\n"),
    "srv": folder(),
    "srv/app": folder(owner=(1000, 1000)),
    "srv/app/main.py": Item(text="print()\n", owner=(1000, 1000)),
    "srv/app/data": folder(),
    "srv/app/data/a.txt": Item(text="a"),
}
CONFIG: dict[str, Any] = {
    "Env": ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"],
    "Cmd": ["python3", "main.py"],
    "Entrypoint": ["tini", "--"],
    "User": "app",
    "WorkingDir": "/srv/app",
    "ExposedPorts": {"8000/tcp": {}},
    "Labels": {"version": "1"},
    "Volumes": {"/srv/app/data": {}},
    "StopSignal": "SIGINT",
    "Healthcheck": {"Test": ["CMD", "curl"], "Interval": 3000000000},
}
IMAGE = Made(layers=[FILES], config=CONFIG)


def configured(**changes: object) -> Made:
    return replace(IMAGE, config=CONFIG | changes)


def changed(**items: Item) -> Made:
    return replace(
        IMAGE,
        layers=[
            FILES | {path.replace("__", "/").replace("_dot_", "."): item for path, item in items.items()}
        ],
    )


def without(path: str) -> Made:
    return replace(IMAGE, layers=[{name: item for name, item in FILES.items() if name != path}])


OWNED = (1000, 1000)
DIFFERENCES = [
    pytest.param(configured(Env=["PATH=/usr/bin:/bin", "LANG=C"]), ["env LANG"], id="env"),
    pytest.param(configured(Env=["PATH=/usr/bin:/bin"]), ["env LANG"], id="env missing"),
    pytest.param(configured(Env=[*CONFIG["Env"], "NEW="]), ["env NEW"], id="empty env"),
    pytest.param(configured(Cmd=["python3", "other.py"]), ["cmd"], id="cmd"),
    pytest.param(configured(Entrypoint=None), ["entrypoint"], id="entrypoint"),
    pytest.param(configured(User="1000"), ["user"], id="user"),
    pytest.param(configured(ExposedPorts={"8000/udp": {}}), ["port 8000/tcp", "port 8000/udp"], id="port"),
    pytest.param(configured(Volumes={}), ["volume /srv/app/data"], id="volume"),
    pytest.param(configured(StopSignal="SIGTERM"), ["stop signal"], id="stop signal"),
    pytest.param(
        configured(Healthcheck={"Test": ["CMD", "curl"], "Interval": 1}),
        ["healthcheck Interval"],
        id="healthcheck",
    ),
    pytest.param(configured(Labels={"version": "2"}), ["label version"], id="label"),
    pytest.param(replace(IMAGE, architecture="arm64"), ["architecture"], id="architecture"),
    pytest.param(without("srv/app/data/a.txt"), ["file /srv/app/data/a.txt"], id="missing file"),
    pytest.param(without("etc/motd"), ["file /etc/motd"], id="missing copied file"),
    pytest.param(changed(srv__app__more_dot_txt=Item()), ["file /srv/app/more.txt"], id="extra file"),
    pytest.param(
        changed(srv__app__main_dot_py=Item(text="print(1)\n", owner=OWNED)),
        ["content /srv/app/main.py"],
        id="changed file",
    ),
    pytest.param(
        changed(srv__app__main_dot_py=Item(text="print()\n", owner=OWNED, mode=0o600)),
        ["mode /srv/app/main.py"],
        id="mode",
    ),
    pytest.param(
        changed(srv__app__main_dot_py=Item(text="print()\n")), ["owner /srv/app/main.py"], id="owner"
    ),
    pytest.param(
        changed(srv__app__main_dot_py=folder(owner=OWNED)),
        ["file /srv/app/main.py"],
        id="a folder for a file",
    ),
    pytest.param(
        changed(srv__app__main_dot_py=link("/x")), ["file /srv/app/main.py"], id="a link for a file"
    ),
    pytest.param(without("bin/curl"), ["command curl"], id="missing command"),
    pytest.param(
        changed(bin__curl=Item(text="curl", mode=0o644)), ["command curl"], id="command that cannot be run"
    ),
    pytest.param(changed(bin__wget=Item(text="wget", mode=0o755)), ["command wget"], id="extra command"),
    pytest.param(
        changed(etc__passwd=Item(text=PASSWD.replace("1000", "1001", 1))), ["account app"], id="account"
    ),
]
# Another working directory is another place at which files are compared, too.
ELSEWHERE = replace(IMAGE, config=CONFIG | {"WorkingDir": "/srv/app/data"})


def names(ours: Made, theirs: Made, folder: Path) -> list[str]:
    first, second = (read_image(one.docker(folder / f"{at}.tar")) for at, one in enumerate((ours, theirs)))
    return [one.name for one in compare(first, second, ["/etc/motd"])]


@pytest.mark.parametrize(("other", "expected"), DIFFERENCES)
def test_a_planted_difference_and_nothing_else_is_named_from_both_sides(
    tmp_path: Path, other: Made, expected: list[str]
) -> None:
    assert names(IMAGE, other, tmp_path) == expected
    assert names(other, IMAGE, tmp_path) == expected


def test_another_working_directory_is_named(tmp_path: Path) -> None:
    assert names(IMAGE, ELSEWHERE, tmp_path) == ["workdir"]


SAME = [
    pytest.param(IMAGE, id="itself"),
    pytest.param(configured(Env=list(reversed(CONFIG["Env"]))), id="order of variables"),
    pytest.param(configured(WorkingDir="/srv/app/"), id="slash behind the working directory"),
    pytest.param(
        configured(Hostname="1234", Image="sha256:…", OnBuild=None), id="what containers do not go by"
    ),
    pytest.param(
        replace(IMAGE, layers=[{path: replace(item, date=9) for path, item in FILES.items()}]), id="dates"
    ),
    pytest.param(replace(IMAGE, layers=[{path: item} for path, item in FILES.items()]), id="layers"),
    pytest.param(
        replace(IMAGE, layers=[FILES, {"srv/app/x": Item()}, {"srv/app/.wh.x": Item()}]),
        id="a file that is gone",
    ),
    pytest.param(
        replace(IMAGE, layers=[{"srv/app/x": Item()}, {"srv/app/.wh..wh..opq": Item()}, FILES]),
        id="a folder that was emptied",
    ),
    pytest.param(changed(var__log__apt=Item(text="x")), id="files where nothing is copied to"),
    pytest.param(changed(bin__curl=Item(text="another build", mode=0o555)), id="another build of a command"),
]


@pytest.mark.parametrize("other", SAME)
def test_what_does_not_matter_is_no_difference(tmp_path: Path, other: Made) -> None:
    assert names(IMAGE, other, tmp_path) == []


def test_links_into_the_store_are_what_they_lead_to(tmp_path: Path) -> None:
    def image(store: str, text: str = "hi") -> Made:
        files = {f"{store}/bin/hi": Item(text=text, mode=0o555), f"{store}/doc": Item(text=text, mode=0o444)}
        links = {"usr/bin/hi": link(f"/{store}/bin/hi"), "srv/app/doc": link(f"/{store}/doc")}
        return replace(IMAGE, layers=[FILES | links, files])

    plain = replace(IMAGE, layers=[FILES | {"usr/bin/hi": Item(mode=0o755), "srv/app/doc": Item(text="hi")}])
    assert names(image(STORE), image(OTHER_STORE), tmp_path) == []
    assert names(image(STORE), plain, tmp_path) == []
    assert names(image(STORE), image(STORE, "ho"), tmp_path) == ["content /srv/app/doc"]


@pytest.mark.parametrize("layers_how", ["", "gzip", "zstd"])
@pytest.mark.parametrize("how", ["", "gzip", "zstd"])
@pytest.mark.parametrize("form", ["docker", "oci"])
def test_every_form_of_archive_holds_the_same_image(
    tmp_path: Path, form: str, how: str, layers_how: str
) -> None:
    other = getattr(IMAGE, form)(tmp_path / "other", how, layers_how)
    images = read_image(IMAGE.docker(tmp_path / "first")), read_image(other)
    assert compare(*images, ["/etc/motd"]) == ()
    assert len(list(images[1].tree.walk())) == len(FILES) + 1


def test_of_an_image_for_several_processors_the_one_asked_for_is_taken(tmp_path: Path) -> None:
    path = IMAGE.oci(tmp_path / "image.tar", index=True)
    assert read_image(path, "amd64").architecture == "amd64"


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text(
        'FROM debian:12\nWORKDIR /srv/app\nCOPY motd /etc/\nCMD ["sh"]\n'
    )
    (tmp_path / "app/motd").write_text("hello\n")
    assert main([str(tmp_path / "app"), "--offline", "--quiet"]) == 0
    return tmp_path / "app"


def verified(
    flake: Path, ours: Path, theirs: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, Any]:
    capsys.readouterr()
    code = main(["verify", str(flake), "--image", str(ours), "--against", str(theirs), "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_identical_images_are_said_to_be_identical(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = IMAGE.docker(tmp_path / "a.tar"), IMAGE.oci(tmp_path / "b.tar", "zstd")
    code, found = verified(flake, ours, theirs, capsys)
    assert (code, found["result"], found["differences"]) == (0, "proven", [])
    assert found["steps"][-1] == {"name": "compare", "outcome": "passed", "detail": "identical"}


@pytest.mark.parametrize(("other", "expected"), DIFFERENCES)
def test_the_command_names_exactly_the_planted_difference(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], other: Made, expected: list[str]
) -> None:
    ours, theirs = IMAGE.docker(tmp_path / "a.tar"), other.docker(tmp_path / "b.tar", "gzip")
    code, found = verified(flake, ours, theirs, capsys)
    assert [f"{one['aspect']} {one['subject']}".strip() for one in found["differences"]] == expected
    assert (code, found["result"]) == (1, "failed")


def test_the_text_names_the_difference_with_both_values(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = configured(User="\x1b[31mroot\u202e")
    ours, theirs = IMAGE.docker(tmp_path / "a.tar"), other.docker(tmp_path / "b.tar")
    capsys.readouterr()
    assert main(["verify", str(flake), "--image", str(ours), "--against", str(theirs)]) == 1
    text = capsys.readouterr().out
    assert "  user: app, in the other image [31mroot" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_differences_that_are_intended_do_not_count(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = changed(bin__apt=Item(mode=0o755), bin__dpkg=Item(mode=0o755))
    ours, theirs = IMAGE.docker(tmp_path / "a.tar"), other.docker(tmp_path / "b.tar")
    assert verified(flake, ours, theirs, capsys, "--intended", "command apt")[0] == 1
    code, found = verified(flake, ours, theirs, capsys, "--intended", "command *")
    assert (code, found["differences"]) == (0, [])
    assert "2 intended" in found["steps"][-1]["detail"]


def test_without_nix_and_skopeo_it_says_what_was_not_done(
    flake: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    capsys.readouterr()
    assert main(["verify", str(flake), "--against", "docker://registry.example/app", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    outcomes = {step["name"]: step["outcome"] for step in found["steps"]}
    assert outcomes == {"text": "passed"} | dict.fromkeys(
        ("nix", "evaluate", "build", "rebuild", "compare"), "not done"
    )
    assert found["result"] == "incomplete"


def test_a_fault_in_the_text_is_told_with_its_place(flake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = flake / "nix/image.nix"
    path.write_text(path.read_text().replace("WorkingDir", "Workdir"))
    capsys.readouterr()
    assert main(["verify", str(flake)]) == 1
    out = capsys.readouterr().out
    assert "text: FAILED, 1 fault" in out
    assert "nix/image.nix:" in out
    assert "Workdir is no key of an image's configuration" in out


@pytest.mark.parametrize("name", ["gone.tar", "folder"])
def test_an_image_that_is_not_there_is_one_message(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert main(["verify", str(flake), "--image", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.endswith(f"{name}: no such file\n")


def test_a_folder_without_a_flake_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == 2
    assert "no flake.nix there" in capsys.readouterr().err


def test_a_dockerfile_from_standard_input_is_said_to_be_unknown(
    flake: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = flake / "nix/report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"options": {"dockerfile": "-"}}))
    archive = IMAGE.docker(tmp_path / "a.tar")
    assert main(["verify", str(flake), "--image", str(archive), "--against", str(archive)]) == 0
    assert "the files that are copied are not compared" in capsys.readouterr().err
