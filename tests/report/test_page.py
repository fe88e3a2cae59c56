"""nix/report.html as text: which lines belong together, and that no text of a Dockerfile becomes markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.report.links import linked_lines, named_lines
from dock2nix.report.page import visible

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "</script><script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "\"'><svg/onload=document.title='taken'>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "&lt;b&gt;",
    "\u202etxet\u2066",
)


def page_of(folder: Path, dockerfile: str, *options: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    assert main([str(folder), "--offline", "--quiet", "--html", *options]) in {0, 1}
    return (folder / "nix/report.html").read_text(encoding="utf-8")


def hostile_dockerfile() -> str:
    lines = ["FROM debian:bookworm-slim"]
    for text in HOSTILE:
        quoted = json.dumps(text, ensure_ascii=False)
        lines += [f"# {text}", f"LABEL a={quoted}", f"ENV B={quoted}"]
        lines += [f"RUN apt-get install -y {quoted}", f"RUN strange {quoted}"]
        if not {'"', "'"} & set(text):  # BuildKit expands words of COPY once more
            lines += [f'COPY [{quoted}, "/x/"]']
    return "\n".join(lines) + "\n"


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("[\n  # 2: FROM x\n  pkgs.a\n\n  # 8: apt-get install\n  pkgs.b # b\n]", (0, 2, 2, 0, 8, 8, 0)),
        ('  Env = [\n    "A=1" # 4\n    "B=2" # 5: FROM\n  ];', (0, 4, 5, 0)),
        ("    # UNRESOLVED 23: bash -\n    cp a b", (23, 0)),
        ("# 2: FROM x\n# 5: npm ci\n{ pkgs }:\n\npkgs.y", (2, 5, 2, 0, 2)),
        ("  extraCommands = ''\n    mkdir a # 3: FROM x\n    mkdir b\n    cp c d # 4: COPY c d\n    chmod d\n  '';", (0, 3, 3, 4, 4, 0)),
        ("  extraCommands = ''\n    mkdir a # 3: FROM x\n    chmod a # what came is read-only\n    mkdir b\n  '';", (0, 3, 0, 0, 0)),
        ('  config = {\n    Cmd = [\n      "x"\n    ];\n    StopSignal = "A";\n  };', (0, 9, 9, 9, 0, 0)),
        ("  x = 1; # no number: nothing", (0,)),
        ('  "# 7: within text"', (0,)),
    ],
)  # fmt: skip
def test_a_generated_line_is_linked_to_the_line_that_its_remark_names(
    text: str, links: tuple[int, ...]
) -> None:
    assert linked_lines(text, {"Cmd": 9}) == links


def test_a_package_is_linked_to_the_line_that_names_it_where_the_command_has_several() -> None:
    text = "  # 8: apt-get install\n  pkgs.curl # curl\n  pkgs.libpq # libpq5\n  ps.flask # flask>=2"
    assert named_lines(text, (8, 8, 8, 8), {(8, "libpq5"): 10, (8, "flask"): 11}) == (8, 8, 10, 11)


def test_the_page_has_the_dockerfile_the_files_and_the_evidence(tmp_path: Path) -> None:
    page = page_of(
        tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y jq \\\n  no-such-thing-here\n"
    )
    for text in ("pkgs.jq", "no-such-thing-here", "nix/image.nix", "D2N201", "RUN, lines 2–3"):
        assert text in page, text


def test_nothing_of_a_hostile_dockerfile_is_markup(tmp_path: Path) -> None:
    elements = Elements(page_of(tmp_path, hostile_dockerfile())).seen
    plain = Elements(
        page_of(tmp_path / "plain", "FROM debian:bookworm-slim\nLABEL a=b\nRUN strange jq\n")
    ).seen
    assert {tag for tag, _ in elements} <= {tag for tag, _ in plain} | {
        "table",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
        "br",
    }
    assert [tag for tag, _ in elements].count("script") == 1
    assert not [
        one for _, one in elements if any(name.startswith("on") or name in {"src", "style"} for name in one)
    ]
    assert all(str(one.get("href")).startswith("#") for tag, one in elements if tag == "a")


def test_what_cannot_be_seen_is_named(tmp_path: Path) -> None:
    assert visible("a\u202eb\x1b[31m\tc") == "a⟨U+202E⟩b⟨U+001B⟩[31m\tc"
    assert "\u202e" not in page_of(tmp_path, hostile_dockerfile())


def test_the_page_is_the_same_each_time_and_counts_as_a_file_of_the_conversion(tmp_path: Path) -> None:
    first = page_of(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y jq\n")
    assert page_of(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y jq\n") == first
    report = json.loads((tmp_path / "nix/report.json").read_text())
    assert "nix/report.html" in report["files"]
    assert "nix/report.html" in report["digests"]
    assert main(["check", str(tmp_path)]) == 0
    assert main([str(tmp_path), "--offline", "--quiet"]) == 0
    assert not (tmp_path / "nix/report.html").exists()
