"""What a Dockerfile builds, built by real Nix: in stages that others copy from, and in the image's own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from fakes import HASH
from nix.images import read_image
from nix.notes import write
from nix_lab import available_nixes, build_flake, check_flake, why_no_builds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nix.images import Image
    from nix_lab import Nix

pytestmark = pytest.mark.nix
builds = pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())

SAMPLE = Path(__file__).parents[2] / "samples" / "alpine-node"
_TOLD = re.compile(r"got:\s+(sha256-\S+)")
_FAKE = "lib.fakeHash"


def flake(folder: Path, dockerfile: str, files: Mapping[str, str]) -> Path:
    """The folder, as flake, of a Dockerfile with its build context; nothing is downloaded for it."""
    for name, text in {"Dockerfile": dockerfile, **files}.items():
        write(folder / name, text)
    main([str(folder / "Dockerfile"), "--quiet", "--offline"])
    return folder


def built(folder: Path) -> Image:
    """The image. A hash that is missing is filled in as Nix tells it, as one would by hand."""
    nix = available_nixes()[-1]
    stages = sorted((folder / "nix/stages").glob("*.nix"))
    while missing := [stage for stage in stages if _FAKE in stage.read_text()]:
        with pytest.raises(AssertionError) as refused:
            build_flake(folder, nix)
        told = _TOLD.search(str(refused.value))
        assert told, refused.value
        missing[0].write_text(missing[0].read_text().replace(_FAKE, f'"{told[1]}"', 1))
    return read_image(build_flake(folder, nix))


def left(folder: Path) -> list[str]:
    """The commands that the report has no answer for."""
    report = json.loads((folder / "nix/report.json").read_text())
    return [one["text"] for one in report["commands"] if one["outcome"] == "unresolved"]


MAKEFILE = """\
PREFIX ?= /usr/local
tide: tide.in
\tsed -e s,@place@,$(PREFIX), tide.in > $@
\tchmod +x $@
install: tide
\tinstall -D tide $(DESTDIR)$(PREFIX)/bin/tide
"""
TIDE = "#!/bin/sh\necho tide of @place@\n"
GO = {"go.mod": "module example.org/tide\n\ngo 1.25\n", "main.go": "package main\n"}
CRATE = {
    "Cargo.toml": '[package]\nname = "tide"\nversion = "1.0.0"\n',
    "Cargo.lock": '[[package]]\nname = "tide"\nversion = "1.0.0"\n',
    "src/main.rs": "fn main() {}\n",
}


@builds
def test_go_in_the_stage_that_runs_it(tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.25
        WORKDIR /app
        COPY . .
        RUN GOAMD64=v3 go build -o server . && chmod 700 server
        CMD ["./server"]
        """
    folder = flake(tmp_path / "own-go", dockerfile, GO)
    assert left(folder) == []
    image = built(folder)
    assert "echo tide: cgo 1" in image.read("/app/server")
    assert image.entry("/app/server").mode == 0o700
    assert image.read("/app/main.go") == "package main\n"


@builds
def test_later_commands_find_what_was_built(tmp_path: Path) -> None:
    dockerfile = """
        FROM rust:1.94
        WORKDIR /src
        COPY . .
        RUN cargo build --release && cp target/release/tide /usr/local/bin/tide && rm -rf target
        CMD ["tide"]
        """
    folder = flake(tmp_path / "own-cargo", dockerfile, CRATE)
    assert left(folder) == []
    image = built(folder)
    assert "echo tide: release" in image.read("/usr/local/bin/tide")
    assert "src/target" not in image.entries


@builds
def test_a_user_owns_what_is_built_as_him(tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.25
        RUN useradd -u 1234 -m app
        WORKDIR /app
        COPY . .
        USER app
        RUN go build -o /home/app/server .
        """
    image = built(flake(tmp_path / "owned", dockerfile, GO))
    assert image.owner("/home/app/server") == (1234, 1234)


@builds
def test_npm_in_the_stage_that_runs_it_has_its_modules_once(tmp_path: Path) -> None:
    manifest = json.loads((SAMPLE / "package.json").read_text())
    manifest["scripts"] = {"build": "mkdir dist && cp page.html dist/ && ls node_modules > dist/modules"}
    dockerfile = """
        FROM node:22
        WORKDIR /app
        COPY package*.json ./
        RUN npm ci
        COPY . .
        RUN npm run build && mv dist/page.html dist/index.html
        CMD ["node", "server.js"]
        """
    files = {
        "package.json": json.dumps(manifest),
        "package-lock.json": (SAMPLE / "package-lock.json").read_text(),
        "page.html": "<p>\n",
        "server.js": "\n",
    }
    folder = flake(tmp_path / "own-npm", dockerfile, files)
    assert left(folder) == []
    image = built(folder)
    assert image.read("/app/dist/index.html") == "<p>\n"
    assert json.loads(image.read("/app/package.json")) == manifest
    assert set(image.read("/app/dist/modules").split()) >= set(manifest["dependencies"])
    assert image.entry(f"/app/node_modules/{next(iter(manifest['dependencies']))}").isdir()
    assert "app/dist/page.html" not in image.entries


@builds
def test_a_stage_of_several_tools(tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.25 AS build
        WORKDIR /src/tool
        COPY tool .
        RUN make && make install
        WORKDIR /src/server
        COPY server .
        RUN go build -o /out/server .
        FROM debian:trixie
        COPY --from=build /usr/local/bin/ /usr/local/bin/
        COPY --from=build /out/server /usr/bin/
        """
    files = {f"server/{name}": text for name, text in GO.items()}
    files |= {"tool/Makefile": MAKEFILE, "tool/tide.in": TIDE}
    folder = flake(tmp_path / "several", dockerfile, files)
    assert left(folder) == []
    image = built(folder)
    assert image.read("/usr/local/bin/tide").endswith("tide of /usr/local\n")
    assert "echo tide: cgo" in image.read("/usr/bin/server")


@builds
def test_a_build_runs_what_one_before_it_installed(tmp_path: Path) -> None:
    dockerfile = """
        FROM debian:trixie
        COPY tool /src/tool
        COPY page /src/page
        RUN cd /src/tool && make && make install && cd /src/page && make && rm -rf /src/tool
        """
    page = {"page/Makefile": "page.txt:\n\ttide > page.txt\n"}
    folder = flake(tmp_path / "after", dockerfile, {"tool/Makefile": MAKEFILE, "tool/tide.in": TIDE, **page})
    assert left(folder) == []
    image = built(folder)
    assert image.read("/src/page/page.txt") == "tide of /usr/local\n"
    assert image.entry("/usr/local/bin/tide").mode & 0o111


def test_builds_beside_an_old_release_are_given_all_inputs(nix: Nix, tmp_path: Path) -> None:
    dockerfile = """
        FROM golang:1.24
        COPY page /src/page
        COPY tool /src/tool
        RUN cd /src/page && make install && cd /src/tool && make install
        WORKDIR /app
        COPY app .
        RUN go build -o /usr/local/bin/app .
        """
    made = (("Makefile", MAKEFILE), ("tide.in", TIDE))
    files = {f"{name}/{file}": text for name in ("tool", "page") for file, text in made}
    folder = flake(tmp_path / "old", dockerfile, files | {f"app/{name}": text for name, text in GO.items()})
    assert left(folder) == []
    stages = sorted((folder / "nix/stages").glob("*.nix"))
    assert len(stages) == 3
    assert all("{ pkgs, nixos-25_11 }:" in stage.read_text() for stage in stages)
    check_flake(folder, nix)


@builds
@pytest.mark.parametrize(
    "copied", ["/usr/local/ /usr/local/", "/usr/local/bin/ebb /usr/local/bin/tide /usr/local/bin/"]
)
def test_two_builds_that_install_into_one_folder_are_copied_from(tmp_path: Path, copied: str) -> None:
    dockerfile = f"""
        FROM debian:trixie AS build
        COPY tide /src/tide
        RUN cd /src/tide && make install
        COPY ebb /src/ebb
        RUN cd /src/ebb && make install
        FROM debian:trixie
        COPY --from=build {copied}
        """
    files = {"tide/Makefile": MAKEFILE, "tide/tide.in": TIDE}
    files |= {"ebb/Makefile": MAKEFILE.replace("tide", "ebb"), "ebb/ebb.in": TIDE.replace("tide", "ebb")}
    folder = flake(tmp_path / "two", dockerfile, files)
    assert left(folder) == []
    image = built(folder)
    assert image.read("/usr/local/bin/tide").endswith("tide of /usr/local\n")
    assert image.read("/usr/local/bin/ebb").endswith("ebb of /usr/local\n")


@builds
def test_a_prefix_takes_the_place_of_destdir(tmp_path: Path) -> None:
    makefile = MAKEFILE.replace("$(DESTDIR)", "").replace("/usr/local", "/opt/tide")
    dockerfile = """
        FROM debian:trixie
        WORKDIR /src
        COPY . .
        RUN make install
        """
    image = built(flake(tmp_path / "prefix", dockerfile, {"Makefile": makefile, "tide.in": TIDE}))
    assert "opt/tide/bin/tide" in image.entries


@builds
def test_variables_and_folders_of_commands(tmp_path: Path) -> None:
    makefile = 'all:\n\techo "$(CFLAGS) $(WHO)" > ../out.txt\n'
    dockerfile = """
        FROM debian:trixie
        ENV WHO="it's \\"me\\" \\$HOME"
        COPY Makefile /src/sub/Makefile
        COPY Makefile /src/Makefile
        WORKDIR /src
        RUN cd sub && CFLAGS="-O2 '-DX=\\$(id)'" make -j"$(nproc)"
        """
    folder = flake(tmp_path / "words", dockerfile, {"Makefile": makefile})
    assert left(folder) == []
    stage = next((folder / "nix/stages").glob("*.nix")).read_text()
    assert "make -j$NIX_BUILD_CORES" in stage


DOTNET = """
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
COPY . .
RUN dotnet restore
RUN dotnet publish -c Release -o /app -p:Depth=3
FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
ENTRYPOINT ["dotnet", "Depth.dll"]
"""


@builds
def test_dotnet(tmp_path: Path) -> None:
    folder = flake(tmp_path / "dotnet", DOTNET, {"Depth.csproj": "<Project/>\n", "Program.cs": "\n"})
    assert left(folder) == []
    image = built(folder)
    assert image.read("/app/Depth.dll") == "Depth: Release -p:Depth=3\n"
    assert image.entry("/app/Depth").mode & 0o111


def test_dotnet_can_be_evaluated_before_its_packages_are_listed(nix: Nix, tmp_path: Path) -> None:
    reference = (
        '<Project><ItemGroup><PackageReference Include="Tide" Version="1.0.0"/></ItemGroup></Project>\n'
    )
    folder = flake(tmp_path / "dotnet", DOTNET, {"Depth.csproj": reference})
    check_flake(folder, nix)
    report = json.loads((folder / "nix/report.json").read_text())
    (missing,) = (one for one in report["findings"] if one["code"] == "D2N310")
    assert "build-deps.json" in missing["message"]
    listed = json.dumps([{"pname": "Tide", "version": "1.0.0", "hash": HASH}])
    (folder / "nix/stages/build-deps.json").write_text(listed)
    main([str(folder / "Dockerfile"), "--quiet", "--offline"])
    assert (folder / "nix/stages/build-deps.json").read_text() == listed
    report = json.loads((folder / "nix/report.json").read_text())
    assert "D2N310" not in {one["code"] for one in report["findings"]}


def test_gradle_can_be_evaluated_before_its_downloads_are_listed(nix: Nix, tmp_path: Path) -> None:
    dockerfile = """
        FROM gradle:8-jdk21
        WORKDIR /src
        COPY . .
        RUN gradle --no-daemon installDist -x test
        """
    folder = flake(tmp_path / "gradle", dockerfile, {"build.gradle": "\n", "settings.gradle": "\n"})
    assert left(folder) == []
    check_flake(folder, nix)


@builds
def test_composer(tmp_path: Path) -> None:
    dockerfile = """
        FROM php:8.4-cli
        WORKDIR /app
        COPY . .
        RUN composer install --no-dev
        CMD ["php", "index.php"]
        """
    files = {"composer.json": "{}\n", "composer.lock": "{}\n", "index.php": "<?php\n"}
    folder = flake(tmp_path / "composer", dockerfile, files)
    assert left(folder) == []
    image = built(folder)
    assert image.read("/app/vendor/autoload.php").startswith("<?php // dev: ")
    assert image.read("/app/index.php") == "<?php\n"


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><artifactId>tide</artifactId><version>1.0</version></project>"""


@builds
def test_maven_to_a_jre_and_in_the_stage_that_runs_it(tmp_path: Path) -> None:
    build = "FROM maven:3.9-eclipse-temurin-21 AS build\nWORKDIR /src\nCOPY . .\nRUN mvn -q package\n"
    copied = "FROM eclipse-temurin:21-jre\nCOPY --from=build /src/target/*.jar /app.jar\n"
    files = {"pom.xml": POM, "src/App.java": "\n"}
    one = flake(tmp_path / "jre", build + copied + 'CMD ["java", "-jar", "/app.jar"]\n', files)
    assert left(one) == []
    assert "app.jar" in built(one).entries
    own = flake(tmp_path / "own", build + 'CMD ["java", "-jar", "target/tide-1.0.jar"]\n', files)
    assert left(own) == []
    assert built(own).entry("/src/target/tide-1.0.jar").isreg()
