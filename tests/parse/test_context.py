"""The build context: what COPY sees and where it puts it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from dock2nix.model.image import ContextSource
from dock2nix.parse.context import LARGEST_TEXT, BuildContext, nearest_context
from dock2nix.parse.copying import CopyResolution, image_path

TREE = """
    .dockerignore Dockerfile README.md app.py hello.py pkg/__init__.py pkg/core.py pkg/data/x.csv
    docs/a.md docs/b.txt web/package.json web/src/index.js web/src/deep/more.js conf.d/one.conf conf.d/two.conf secret.key
"""


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}\n", encoding="utf-8")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = write(tmp_path / "context", *TREE.split())
    (folder / ".dockerignore").write_text("*.key\ndocs\n!docs/b.txt\n", encoding="utf-8")
    return folder


def resolve(root: Path, line: str, workdir: str = "/srv", **flags: object) -> CopyResolution:
    *sources, destination = line.split()
    options: dict[str, object] = {"is_add": False, **flags}
    return BuildContext.read(root).resolve_copy(tuple(sources), destination, workdir, **options)  # type: ignore[arg-type]


def files(resolution: CopyResolution) -> list[tuple[str, str]]:
    return [(s.path + "/" * s.directory, s.destination) for s in resolution.files]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("app.py app.py", [("app.py", "/srv/app.py")], id="file-to-relative-name"),
        pytest.param("app.py .", [("app.py", "/srv/app.py")], id="file-to-dot"),
        pytest.param("app.py ./", [("app.py", "/srv/app.py")], id="file-to-dot-slash"),
        pytest.param("app.py /srv", [("app.py", "/srv/app.py")], id="file-to-the-working-directory"),
        pytest.param("app.py ..", [("app.py", "/app.py")], id="file-to-the-folder-above"),
        pytest.param("app.py ../../../x/", [("app.py", "/x/app.py")], id="never-above-the-root"),
        pytest.param("app.py /opt/app/", [("app.py", "/opt/app/app.py")], id="file-to-folder-with-slash"),
        pytest.param("app.py /opt/app/.", [("app.py", "/opt/app/app.py")], id="file-to-folder-with-dot"),
        pytest.param("app.py /opt/main", [("app.py", "/opt/main")], id="file-renamed"),
        pytest.param(
            "app.py /usr/local/bin", [("app.py", "/usr/local/bin/app.py")], id="file-to-a-standard-folder"
        ),
        pytest.param("./app.py /x", [("app.py", "/x")], id="dot-slash-source"),
        pytest.param("/app.py /x", [("app.py", "/x")], id="absolute-source-is-in-the-context"),
        pytest.param("pkg /opt", [("pkg/", "/opt")], id="contents-of-a-folder"),
        pytest.param("pkg/ /opt/pkg/", [("pkg/", "/opt/pkg")], id="contents-of-a-folder-with-slashes"),
        pytest.param(". .", [("/", "/srv")], id="everything"),
        pytest.param("/ /x", [("/", "/x")], id="everything-by-its-root"),
        pytest.param("pkg/../web /x", [("web/", "/x")], id="dots-inside-the-context"),
        pytest.param(
            "app.py hello.py /x", [("app.py", "/x/app.py"), ("hello.py", "/x/hello.py")], id="several-sources"
        ),
        pytest.param(
            "app.py pkg web/src /x/",
            [("app.py", "/x/app.py"), ("pkg/", "/x"), ("web/src/", "/x")],
            id="mixed-sources",
        ),
        pytest.param("*.py /x/", [("app.py", "/x/app.py"), ("hello.py", "/x/hello.py")], id="star-is-sorted"),
        pytest.param(
            "*.py /x",
            [("app.py", "/x/app.py"), ("hello.py", "/x/hello.py")],
            id="several-matches-need-a-folder",
        ),
        pytest.param("a*.py /x", [("app.py", "/x")], id="one-match-is-renamed"),
        pytest.param(
            "conf.d/*.conf /x/",
            [("conf.d/one.conf", "/x/one.conf"), ("conf.d/two.conf", "/x/two.conf")],
            id="star-below",
        ),
        pytest.param("?pp.py /x/", [("app.py", "/x/app.py")], id="question-mark"),
        pytest.param("[gh]*.py /x/", [("hello.py", "/x/hello.py")], id="brackets"),
        pytest.param("pk* /x/", [("pkg/", "/x")], id="matched-folder-gives-its-contents"),
        pytest.param("*/src /x/", [("web/src/", "/x")], id="star-for-a-folder"),
        pytest.param("**/*.js /x/", [], id="double-star-is-one-level-here"),
        pytest.param(
            "**/*.json /x/", [("web/package.json", "/x/package.json")], id="double-star-matches-one-level"
        ),
        pytest.param("app.py app.py /x/", [("app.py", "/x/app.py")], id="the-same-twice"),
        pytest.param("docs/b.txt /x/", [("docs/b.txt", "/x/b.txt")], id="excepted-file"),
        pytest.param("docs /x/", [("docs/", "/x")], id="ignored-folder-with-an-excepted-file"),
    ],
)
def test_sources_go_where_buildkit_puts_them(root: Path, line: str, expected: list[tuple[str, str]]) -> None:
    assert files(resolve(root, line)) == expected


@pytest.mark.parametrize(
    ("line", "field"),
    [
        pytest.param("nothing.txt /x", "missing", id="missing"),
        pytest.param("app.py/x /x", "missing", id="below-a-file"),
        pytest.param("nothing*.txt /x", "unmatched", id="wildcard-without-match"),
        pytest.param("[a /x", "unmatched", id="malformed-wildcard"),
        pytest.param("secret.key /x", "ignored", id="ignored"),
        pytest.param("*.key /x", "ignored", id="wildcard-of-ignored-files"),
        pytest.param("docs/a.md /x", "ignored", id="in-an-ignored-folder"),
        pytest.param("../app.py /x", "outside", id="above-the-context"),
        pytest.param("pkg/../../x /x", "outside", id="climbs-out-later"),
        pytest.param("/../x /x", "outside", id="absolute-and-above"),
        pytest.param("https://example.org/a.tgz /x", "urls", id="address"),
        pytest.param("http://example.org/a.git.tgz /x", "urls", id="address-that-only-looks-like-git"),
        pytest.param("https://example.org/a.git#v1:sub /x", "git", id="git-over-https"),
        pytest.param("git@example.org:a/b.git /x", "git", id="git-over-ssh"),
    ],
)
def test_other_sources_are_told_apart(root: Path, line: str, field: str) -> None:
    found = resolve(root, line, is_add=True)
    fields = ("missing", "ignored", "outside", "unmatched", "archives", "urls", "git", "malformed")
    assert {name: getattr(found, name) for name in fields if getattr(found, name)} == {
        field: (line.split(maxsplit=1)[0],)
    }
    assert found.files == ()


def test_every_source_has_one_fate(root: Path) -> None:
    found = resolve(root, "app.py gone secret.key ../up x*y /dst/")
    assert files(found) == [("app.py", "/dst/app.py")]
    assert (found.missing, found.ignored) == (("gone",), ("secret.key",))
    assert (found.outside, found.unmatched) == (("../up",), ("x*y",))
    assert (found.destination, found.into) == ("/dst", True)


def test_known_folders_decide_whether_a_file_is_renamed(root: Path) -> None:
    assert files(resolve(root, "app.py /data", directories=frozenset({"/data"}))) == [
        ("app.py", "/data/app.py")
    ]
    assert files(resolve(root, "app.py /usr/bin", directories=frozenset())) == [("app.py", "/usr/bin")]


def test_a_copied_folder_makes_the_next_file_go_into_it(root: Path) -> None:
    found = BuildContext.read(root).resolve_copy(("[pa]*",), "/new", "/", is_add=False)
    assert files(found) == [("app.py", "/new"), ("pkg/", "/new")]
    other = BuildContext.read(root).resolve_copy(("[ch]*",), "/new", "/", is_add=False)
    assert files(other) == [("conf.d/", "/new"), ("hello.py", "/new/hello.py")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("web/src/index.js /x/", [("web/src/index.js", "/x/web/src/index.js")], id="file"),
        pytest.param("web/src /x", [("web/src/", "/x/web/src")], id="folder"),
        pytest.param("web/./src/index.js /x/", [("web/src/index.js", "/x/src/index.js")], id="pivot"),
        pytest.param(
            "**/*.js /x/",
            [
                ("web/src/deep/more.js", "/x/web/src/deep/more.js"),
                ("web/src/index.js", "/x/web/src/index.js"),
            ],
            id="any-depth",
        ),
        pytest.param("web/./**/deep /x/", [("web/src/deep/", "/x/src/deep")], id="pivot-and-wildcard"),
        pytest.param("** /x/", [], id="everything-but-what-is-ignored"),
    ],
)
def test_parents_keeps_the_folders(root: Path, line: str, expected: list[tuple[str, str]]) -> None:
    found = files(resolve(root, line, parents=True))
    if line.startswith("** "):
        assert {path for path, _ in found} >= {"app.py", "pkg/", "web/", "docs/"}
        assert "secret.key" not in {path for path, _ in found}
    else:
        assert found == expected


def test_parents_reports_what_is_not_there(root: Path) -> None:
    found = resolve(root, "gone/x **/gone ../up secret.key /x/", parents=True)
    assert (found.missing, found.unmatched) == (("gone/x",), ("**/gone",))
    assert (found.outside, found.ignored) == (("../up",), ("secret.key",))


def test_add_tells_archives_from_files(root: Path) -> None:
    write(root, "rootfs.txt")
    (root / "rootfs.tar.gz").write_bytes(b"")
    assert resolve(root, "rootfs.tar.gz /", is_add=True).archives == ("rootfs.tar.gz",)
    assert files(resolve(root, "rootfs.tar.gz /", is_add=False)) == [("rootfs.tar.gz", "/rootfs.tar.gz")]
    assert resolve(root, "rootfs.txt /", is_add=True).archives == ()


def test_exclude_patterns_come_with_the_result(root: Path) -> None:
    found = resolve(root, "pkg /x", exclude=("*.csv", "["))
    assert [pattern.pattern for pattern in found.exclude] == ["*.csv"]
    assert found.malformed == ("[",)


def test_links_are_followed_inside_the_context_only(root: Path, tmp_path: Path) -> None:
    write(tmp_path, "outside.txt")
    links = {
        "inside": "pkg/core.py",
        "absolute": "/pkg",
        "chain": "inside",
        "away": "../outside.txt",
        "etc": "/etc/hostname",
        "round": "round",
        "hidden": "secret.key",
        "pkg/up": "../web",
    }
    for name, target in links.items():
        (root / name).symlink_to(target)
    assert files(resolve(root, "inside /x/")) == [("pkg/core.py", "/x/inside")]
    assert files(resolve(root, "chain /x/")) == [("pkg/core.py", "/x/chain")]
    assert files(resolve(root, "absolute /x/")) == [("pkg/", "/x")]
    assert files(resolve(root, "pkg/up/src /x/")) == [("web/src/", "/x")]
    assert resolve(root, "away etc round /x/").missing == ("away", "etc", "round")
    assert resolve(root, "hidden /x/").ignored == ("hidden",)


def test_a_link_that_is_ignored_is_not_there(root: Path) -> None:
    (root / "link.key").symlink_to("app.py")
    assert resolve(root, "link.key /x").ignored == ("link.key",)


def test_own_ignore_file_of_the_dockerfile_wins(root: Path, tmp_path: Path) -> None:
    own = write(tmp_path, "build/Prod.Dockerfile", "build/Prod.Dockerfile.dockerignore")
    (own / "build/Prod.Dockerfile.dockerignore").write_text("app.py\n", encoding="utf-8")
    context = BuildContext.read(root, own / "build/Prod.Dockerfile")
    assert context.ignore_file == "Prod.Dockerfile.dockerignore"
    assert not context.exists("app.py")
    assert context.exists("secret.key")
    assert BuildContext.read(root, own / "build/Other").ignore_file == ".dockerignore"
    assert BuildContext.read(own).ignore_file == ""


def test_unusable_patterns_are_problems_of_the_context(root: Path) -> None:
    (root / ".dockerignore").write_text("a\n[\n", encoding="utf-8")
    assert [line for line, _ in BuildContext.read(root).problems] == [2]


@pytest.mark.parametrize(
    ("path", "exists", "folder"),
    [
        pytest.param("app.py", True, False, id="file"),
        pytest.param("./pkg/../pkg", True, True, id="folder"),
        pytest.param("", True, True, id="the-context"),
        pytest.param("gone", False, False, id="missing"),
        pytest.param("secret.key", False, False, id="ignored"),
        pytest.param("../context/app.py", False, False, id="outside"),
        pytest.param("a\0b", False, False, id="nul"),
        pytest.param("x/" * 5000, False, False, id="far-too-long"),
    ],
)
def test_what_the_build_sees(root: Path, path: str, exists: bool, folder: bool) -> None:
    context = BuildContext.read(root)
    assert (context.exists(path), context.is_directory(path)) == (exists, folder)


def test_text_of_the_context_is_read_and_nothing_else(root: Path) -> None:
    (root / "latin.txt").write_bytes(b"caf\xe9\n")
    with (root / "large.txt").open("wb") as file:
        file.truncate(LARGEST_TEXT + 1)
    os.mkfifo(root / "pipe")
    context = BuildContext.read(root)
    assert context.read_context_file("pkg/core.py") == "content of pkg/core.py\n"
    assert context.read_context_file("latin.txt") == "caf\ufffd\n"
    for name in ("large.txt", "pipe", "pkg", "gone", "secret.key", "../context/app.py"):
        assert context.read_context_file(name) is None


def test_large_and_deep_contexts_take_no_time(tmp_path: Path) -> None:
    deep = tmp_path / Path(*["d"] * 300)
    deep.mkdir(parents=True)
    for count in range(2000):
        (tmp_path / f"f{count}").touch()
    (tmp_path / ".dockerignore").write_text("**\n!**/x*y\n", encoding="utf-8")
    started = time.perf_counter()
    assert resolve(tmp_path, "d /x").ignored == ("d",)
    assert resolve(tmp_path, "f* /x/").ignored == ("f*",)
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("path", "workdir", "expected"),
    [
        pytest.param("a", "/srv", "/srv/a", id="relative"),
        pytest.param("/a//b/", "/srv", "/a/b", id="absolute"),
        pytest.param("../../..", "/srv", "/", id="above"),
        pytest.param("//a", "", "/a", id="two-slashes"),
        pytest.param(".", "app", "/app", id="relative-working-directory"),
    ],
)
def test_image_paths_are_absolute_and_normal(path: str, workdir: str, expected: str) -> None:
    assert image_path(path, workdir) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(["main.go"], "cmd/app", id="own-folder-first"),
        pytest.param([], "cmd/app", id="nothing-copied"),
        pytest.param(["go.mod", "cmd/app/main.go"], "", id="top-of-the-repository"),
        pytest.param(["app/main.go"], "cmd", id="folder-in-between"),
        pytest.param(["go.*", "/cmd"], "", id="wildcards-and-absolute-paths"),
        pytest.param(["https://example.org/x", "main.go"], "cmd/app", id="addresses-are-passed-over"),
        pytest.param(["gone", "go.mod"], "cmd/app", id="own-folder-when-no-folder-has-all"),
        pytest.param(["above.txt"], "cmd/app", id="never-above-the-repository"),
    ],
)
def test_nearest_context_has_all_sources(tmp_path: Path, sources: list[str], expected: str) -> None:
    repository = write(tmp_path / "repo", "go.mod", "go.sum", "cmd/app/main.go", "cmd/app/Dockerfile")
    (repository / ".git").mkdir()
    write(tmp_path, "above.txt")
    assert nearest_context(repository / "cmd/app/Dockerfile", sources) == repository / expected


def test_nearest_context_gives_up_after_some_levels(tmp_path: Path) -> None:
    write(tmp_path, "far.txt", "a/b/c/d/e/f/g/h/i/j/Dockerfile", "a/b/c/near.txt")
    dockerfile = tmp_path / "a/b/c/d/e/f/g/h/i/j/Dockerfile"
    assert nearest_context(dockerfile, ["far.txt"]) == dockerfile.parent
    assert nearest_context(dockerfile, ["near.txt"]) == tmp_path / "a/b/c"


def test_sources_are_plain_data(root: Path) -> None:
    assert resolve(root, "pkg /x").files == (ContextSource(path="pkg", destination="/x", directory=True),)
