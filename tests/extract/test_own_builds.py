"""Builds where they stand: which commands belong together, what their sources are, and why some are left alone."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GO = {"go.mod": "module example.org/tide\n\ngo 1.25\n", "main.go": "package main\n"}
TARBALL = """\
    RUN wget -O x.tar.gz https://files.index.example/x-1.0.tar.gz \\
     && echo "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  x.tar.gz" | sha256sum -c - \\
     && tar -xzf x.tar.gz && rm x.tar.gz
"""


class Converted:
    """What is written for a Dockerfile."""

    def __init__(self, folder: Path, dockerfile: str, files: Mapping[str, str]) -> None:
        for name, text in {"Dockerfile": dedent(dockerfile), **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        main([str(folder / "Dockerfile"), "--quiet", "--offline"])
        self.folder = folder
        self.report: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())

    @property
    def stages(self) -> dict[str, str]:
        """The files of nix/stages/ by name."""
        return {path.stem: path.read_text() for path in sorted((self.folder / "nix/stages").glob("*.nix"))}

    @property
    def image(self) -> str:
        return (self.folder / "nix/image.nix").read_text()

    def reasons(self) -> dict[str, str]:
        """Why commands are left, by their text."""
        left = (one for one in self.report["commands"] if one["outcome"] == "unresolved")
        return {one["text"]: one["reason"] for one in left}


@pytest.mark.parametrize(
    ("dockerfile", "text", "why"),
    [
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN unheard-of --all\nRUN go build -o /x\n",
            "go build -o /x",
            "what line 4 does to its files before is not known: unheard-of --all",
            id="something unknown ran among its files",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN unheard-of /a/main.go\nRUN go build -o /x\n",
            "go build -o /x",
            "what line 4 does to its files before is not known: unheard-of /a/main.go",
            id="something unknown was told of its files",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN [ -e /b ] && go build -o /x\n",
            "go build -o /x",
            "a build that runs only under a condition",
            id="under a condition",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN go build -o /x > /log\n",
            "go build -o /x > /log",
            "a build whose output is written to a file",
            id="its output is kept",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN go mod download\n",
            "go mod download",
            "it only prepares, and nothing is known to be built of that",
            id="only downloads",
        ),
        pytest.param(
            "FROM debian\nRUN make -C /a\n",
            "make -C /a",
            "where the sources that it builds are from is not known",
            id="no sources",
        ),
        pytest.param(
            "FROM debian\nWORKDIR /a\nCOPY . .\nRUN ./configure\nRUN sed -i s/a/b/ main.go\nRUN make\n",
            "make",
            "line 5 changes its files between the steps of the build",
            id="changed between the steps",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN for f in *; do echo > $f; done\nRUN go build -o /x\n",
            "go build -o /x",
            "what line 4 does to its files is not translated for builds yet",
            id="a script ran among its files",
        ),
        pytest.param(
            "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN go build -o /x && go generate\n",
            "go build -o /x",
            "goes with line 4: go generate is not translated yet",
            id="for the sake of another",
        ),
    ],
)
def test_left_with_the_reason(tmp_path: Path, dockerfile: str, text: str, why: str) -> None:
    reasons = Converted(tmp_path, dockerfile, GO).reasons()
    assert why in reasons[text]


def test_packages_that_are_not_known_do_not_touch_the_files(tmp_path: Path) -> None:
    found = Converted(
        tmp_path,
        "FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN apt-get install -y no-such-package-here\nRUN go build -o /x\n",
        GO,
    )
    assert list(found.stages) == ["image"]


def test_maven_in_several_folders_is_left_since_one_may_install_for_the_other(tmp_path: Path) -> None:
    dockerfile = "FROM maven:3.9\nCOPY . /a\nRUN cd /a/lib && mvn install\nRUN cd /a/app && mvn package\n"
    files = {"lib/pom.xml": "<project/>", "app/pom.xml": "<project/>"}
    reasons = Converted(tmp_path, dockerfile, files).reasons()
    assert reasons == {
        "mvn install": "goes with line 4: mvn builds several times",
        "mvn package": "mvn builds several times",
    }


def test_of_two_builds_in_one_folder_the_later_is_copied_from(tmp_path: Path) -> None:
    dockerfile = """
        FROM debian AS build
        COPY all /a
        RUN make -C /a
        COPY sub /a/sub
        RUN make -C /a/sub
        FROM debian
        COPY --from=build /a/sub/out.txt /out.txt
        """
    found = Converted(tmp_path, dockerfile, {"all/Makefile": "all:\n", "sub/Makefile": "all:\n"})
    assert found.reasons() == {}
    assert found.image.count("/a/sub/out.txt out.txt") == 1
    assert "${stage-build-sub}/a/sub/out.txt" in found.image


def test_effects_keep_their_order(tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.25
        WORKDIR /a
        COPY . .
        RUN go build -o x && mv x y
        RUN ln -s y z
        """
    lines = Converted(tmp_path, dockerfile, GO).image.split("\n")
    places = [
        next(at for at, line in enumerate(lines) if text in line)
        for text in ("# 4: COPY . .", "# 5: go build", "# 5: mv x y", "# 6: ln -s y z")
    ]
    assert places == sorted(places)


def test_names_are_those_of_stages_and_of_what_is_built(tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.25 AS tools
        COPY . /a
        COPY . /b
        RUN cd /a && go build -o /bin/a
        RUN cd /b && CGO_ENABLED=0 go build -o /bin/b
        """
    assert sorted(Converted(tmp_path, dockerfile, GO).stages) == ["tools", "tools-b"]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param("RUN cd x-1.0 && ./configure && make", ['sourceRoot = "x-1.0";'], id="its own folder"),
        pytest.param("RUN cd x-1.0/sub && make", ['sourceRoot = "x-1.0";', "cd sub\n"], id="a folder in it"),
        pytest.param(
            "RUN mkdir x-1.0/b && cd x-1.0/b && cmake ..",
            ["mkdir -p b\n    cd b\n"],
            id="a folder that is made in it",
        ),
    ],
)
def test_an_archive_is_the_source(tmp_path: Path, run: str, expected: list[str]) -> None:
    found = Converted(tmp_path, f"FROM debian\n{dedent(TARBALL)}{run}\n", {})
    (text,) = found.stages.values()
    assert "src = pkgs.fetchurl {" in text
    for part in expected:
        assert part in text


def test_a_repository_is_the_source_with_what_is_changed_in_it(tmp_path: Path) -> None:
    dockerfile = """
        FROM debian
        RUN git clone --branch v1 https://github.com/owner/tool /t
        COPY extra.c /t/src/extra.c
        RUN sed -i s/a/b/ /t/Makefile
        RUN cd /t && ./configure && make install && rm -rf /t
        """
    found = Converted(tmp_path, dockerfile, {"extra.c": "int x;\n"})
    (text,) = found.stages.values()
    assert "src = pkgs.fetchFromGitHub {" in text
    assert "cp ${../../extra.c} src/extra.c" in text
    assert "sed -i -e s/a/b/ Makefile" in text


def test_sources_that_only_a_build_needs_are_not_put_into_the_image(tmp_path: Path) -> None:
    run = "RUN cd x-1.0 && ./configure && make install && cd / && rm -rf x-1.0\n"
    found = Converted(tmp_path, f"FROM debian\nWORKDIR /usr/src\n{dedent(TARBALL)}{run}", {})
    assert "tar -C ${stage-image} --mode=u+w -c ." in found.image
    kept = run.replace("&& rm -rf x-1.0", "")
    (tmp_path / "kept").mkdir()
    other = Converted(tmp_path / "kept", f"FROM debian\nWORKDIR /usr/src\n{dedent(TARBALL)}{kept}", {})
    assert "tar -xf ${download" in other.image


def test_a_script_that_runs_in_the_root_and_names_other_files_is_no_change(tmp_path: Path) -> None:
    unpack = dedent(TARBALL).replace("rm x.tar.gz", "rm x.tar.gz*")
    found = Converted(tmp_path, f"FROM debian\n{unpack}RUN cd x-1.0 && ./configure && make install\n", {})
    assert found.reasons() == {}
    (tmp_path / "all").mkdir()
    other = f"FROM debian\n{dedent(TARBALL)}RUN cat x-1.0/a x-1.0/b > x-1.0/c\nRUN cd x-1.0 && make\n"
    reasons = Converted(tmp_path / "all", other, {}).reasons()
    assert "is not translated for builds yet" in reasons["make"]


def test_the_folder_is_taken_along_when_something_later_is_in_it(tmp_path: Path) -> None:
    run = "RUN cd x-1.0 && ./configure && make install\n"
    alone = Converted(tmp_path, f"FROM debian\n{dedent(TARBALL)}{run}", {})
    assert "cp -r ./. " not in next(iter(alone.stages.values()))
    (tmp_path / "used").mkdir()
    used = Converted(
        tmp_path / "used", f"FROM debian\n{dedent(TARBALL)}{run}RUN cp /x-1.0/tool /usr/bin/tool\n", {}
    )
    assert "cp -r ./. $out/x-1.0" in next(iter(used.stages.values()))


def test_a_stage_below_that_only_prepares_counts_as_done(tmp_path: Path) -> None:
    dockerfile = """
        FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
        WORKDIR /src
        COPY . .
        RUN dotnet restore && dotnet build -o /app
        FROM build AS publish
        RUN dotnet publish -o /app
        FROM mcr.microsoft.com/dotnet/aspnet:10.0
        COPY --from=publish /app /app
        """
    found = Converted(tmp_path, dockerfile, {"A.csproj": "<Project/>\n"})
    assert found.reasons() == {}
    assert list(found.stages) == ["publish"]
    assert (tmp_path / "nix/stages/publish-deps.json").read_text() == "[]\n"


def test_what_is_copied_of_a_folder_that_was_built_in(tmp_path: Path) -> None:
    dockerfile = """
        FROM gradle:8-jdk21 AS build
        WORKDIR /app
        COPY . .
        RUN gradle bootJar
        FROM eclipse-temurin:21-jre
        COPY --from=build /app/build/libs/*.jar app.jar
        COPY --from=build /app/build/libs/*.jar /jars/
        COPY --from=build /app/build/libs /libs
        COPY --from=build /app/build/libs/app.jar /one/
        """
    found = Converted(tmp_path, dockerfile, {"build.gradle": "\n"})
    for line in (
        "cp -r ${stage-build}/app/build/libs/*.jar app.jar ",
        "cp -r ${stage-build}/app/build/libs/*.jar jars ",
        "cp -r ${stage-build}/app/build/libs/. libs ",
        "cp ${stage-build}/app/build/libs/app.jar one/app.jar ",
    ):
        assert line in found.image
    (stage,) = found.stages.values()
    assert stage.count("cp -r ") == 1
    assert "cp -r build/libs $out/app/build" in stage


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    dockerfile = r"""
        FROM debian
        WORKDIR /a
        COPY . .
        ENV EVIL='\${builtins.abort "x"}'
        RUN ./configure '--with-a=$(touch /tmp/x)' "--b='\${pkgs.bash}" && make
        """
    files = {"configure": "#!/bin/sh\n", "Makefile": "all:\n"}
    (text,) = Converted(tmp_path, dockerfile, files).stages.values()
    assert "'--with-a=$(touch /tmp/x)'" in text
    for expression in ("${pkgs.bash}", "${builtins.abort"):
        assert expression in text
        assert expression not in text.replace(f"''{expression}", "").replace(f"\\{expression}", "")


def test_pinned_sources_are_told(tmp_path: Path) -> None:
    run = "RUN cd x-1.0 && ./configure && make install && cd / && rm -rf x-1.0\n"
    report = Converted(tmp_path, f"FROM debian\nWORKDIR /usr/src\n{dedent(TARBALL)}{run}", {}).report
    assert [one["url"] for one in report["fetched"]] == ["https://files.index.example/x-1.0.tar.gz"]
