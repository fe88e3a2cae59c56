"""Base images: what a reference is taken for, and that every row of the data can be what it says."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
import tomli

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.services import service
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.model.image import User, WriteFile
from dock2nix.parse.references import image_reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dock2nix.catalogue.image_rows import Part, Row, Version
    from dock2nix.model.image import BaseImage

FOLDER = data_folder("mappings") / "base-images"
IMAGES = BaseImages.load()
INDEX = PackageIndex.open()
REPOSITORIES = IMAGES.repositories()

USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ESSENTIAL = {"bashInteractive", "coreutils", "findutils", "gawk", "gnugrep", "gnused", "gnutar", "gzip"}
# The program's version stands elsewhere than in the version of the package.
OTHER_VERSIONS = {
    "pypy": "PyPy's own",
    "pypy3": "PyPy's own",
    "pypy310": "PyPy's own",
    "influxdb2": "a bundle",
    "apacheKafka": "Scala's stands in front",
}


def look_up(text: str, images: BaseImages = IMAGES) -> BaseImage | None:
    reference = image_reference(text)
    assert reference is not None
    return images.lookup(reference)


def known(text: str, images: BaseImages = IMAGES) -> BaseImage:
    image = look_up(text, images)
    assert image is not None
    return image


@cache
def row_of(repository: str) -> Row:
    first, _, rest = repository.partition("/")
    row = IMAGES.row(first, rest) if "." in first else IMAGES.row("", repository)
    assert row is not None, f"{repository}: its header is not found"
    return row


def entries(row: Row) -> Iterator[tuple[str, Version]]:
    for versions in (row.versions, *(companion.versions for companion in row.companions)):
        yield from versions.entries.items()


def parts(row: Row) -> tuple[Part, ...]:
    return (row.part, *(overlay.part for overlay in row.overlays), *(one.part for _, one in entries(row)))


def tags(row: Row) -> Iterator[str]:
    """Tags that reach every version and every variant of a row, together with the one of no tag."""
    numbers = re.compile(r"\d+(\.\d+)*|[a-z]+\d+(\.\d+)*")
    words = {word for overlay in row.overlays for word in overlay.any_of | overlay.none_of}
    variants = sorted(word for word in words if not numbers.fullmatch(word))
    yield from ("", *row.versions.entries, *variants)
    yield from (f"{number}-{word}" for number in row.versions.entries for word in variants)


@cache
def samples() -> tuple[BaseImage, ...]:
    found = (
        look_up(f"{repository}:{tag}" if tag else repository)
        for repository in REPOSITORIES
        for tag in tags(row_of(repository))
    )
    return tuple(image for image in found if image)


# --- tags -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "interpreter", "distribution", "release", "channel"),
    [
        pytest.param("python", "python314", "debian", "trixie", "", id="no tag is the default version"),
        pytest.param(
            "python:latest", "python314", "debian", "trixie", "", id="latest is the default version"
        ),
        pytest.param("python:3.12", "python312", "debian", "trixie", "", id="minor version"),
        pytest.param(
            "python:3.12.4-slim", "python312", "debian", "trixie", "", id="patch version and variant"
        ),
        pytest.param("python:3", "python314", "debian", "trixie", "", id="major version is its newest"),
        pytest.param(
            "python:2", "python27", "debian", "trixie", "nixos-22.05", id="major version gone for long"
        ),
        pytest.param(
            "python:3.13-slim-bookworm", "python313", "debian", "bookworm", "", id="release by codename"
        ),
        pytest.param("python:3.13-alpine", "python313", "alpine", "3.23", "", id="alpine without release"),
        pytest.param("python:3.13-alpine3.20", "python313", "alpine", "3.20", "", id="alpine with release"),
        pytest.param("python:slim", "python314", "debian", "trixie", "", id="variant alone"),
        pytest.param("python:alpine3.19", "python314", "alpine", "3.19", "", id="distribution alone"),
        pytest.param(
            "python:3.8-slim-buster", "python38", "debian", "buster", "nixos-23.11", id="gone version"
        ),
        pytest.param("python:3.13.0rc1-slim", "python313", "debian", "trixie", "", id="release candidate"),
        pytest.param("node:lts-alpine", "nodejs_24", "alpine", "3.23", "", id="version by word"),
        pytest.param(
            "node:iron-bookworm-slim", "nodejs_20", "debian", "bookworm", "", id="version by codename"
        ),
        pytest.param("golang:1.26.1-alpine3.23", "go_1_26", "alpine", "3.23", "", id="go on alpine"),
        pytest.param("ruby:2", "ruby_2_7", "debian", "trixie", "nixos-22.11", id="newest of gone versions"),
        pytest.param(
            "eclipse-temurin:17.0.9_9-jre-jammy", "temurin-jre-bin-17", "ubuntu", "jammy", "", id="jre"
        ),
        pytest.param(
            "eclipse-temurin:8u412-b08-jdk", "temurin-bin-8", "ubuntu", "noble", "", id="update of Java 8"
        ),
        pytest.param(
            "openjdk:11-jdk-slim-buster", "jdk11_headless", "debian", "buster", "", id="slim is headless"
        ),
        pytest.param("openjdk:17-oracle", "jdk17", "rhel", "9", "", id="openjdk on Oracle Linux"),
        pytest.param(
            "maven:3.9-eclipse-temurin-21-alpine", "temurin-bin-21", "alpine", "3.23", "", id="second version"
        ),
        pytest.param(
            "maven:3-jdk-8", "temurin-bin-8", "ubuntu", "noble", "", id="second version, old spelling"
        ),
        pytest.param(
            "gradle:8-jdk17", "temurin-bin-17", "ubuntu", "noble", "", id="second version without dash"
        ),
        pytest.param(
            "gradle:7", "temurin-bin-17", "ubuntu", "noble", "nixos-25.05", id="own default of the second"
        ),
        pytest.param(
            "elixir:1.18-otp-27-slim", "beam27Packages.elixir", "debian", "trixie", "", id="elixir on otp"
        ),
        pytest.param(
            "sbtscala/scala-sbt:eclipse-temurin-21.0.8_9_1.11.7_2.13.17",
            "temurin-bin-21",
            "ubuntu",
            "jammy",
            "",
            id="beginning that says nothing",
        ),
        pytest.param(
            "tiangolo/uvicorn-gunicorn:python3.11-slim-2023-01-02",
            "python311",
            "debian",
            "bookworm",
            "",
            id="date at the end",
        ),
        pytest.param(
            "ghcr.io/astral-sh/uv:python3.12-bookworm-slim",
            "python312",
            "debian",
            "bookworm",
            "",
            id="uv's python",
        ),
        pytest.param(
            "mcr.microsoft.com/dotnet/sdk:10.0",
            "dotnet-sdk_10",
            "ubuntu",
            "noble",
            "",
            id="version's distribution",
        ),
        pytest.param(
            "mcr.microsoft.com/dotnet/aspnet:8.0.30-alpine3.20-amd64",
            "dotnetCorePackages.aspnetcore_8_0-bin",
            "alpine",
            "3.20",
            "",
            id="architecture at the end",
        ),
        pytest.param(
            "mcr.microsoft.com/dotnet/aspnet:9.0-noble-chiseled",
            "dotnet-aspnetcore_9",
            "",
            "",
            "",
            id="variant without a distribution",
        ),
    ],
)
def test_tag_tells_version_and_distribution(
    text: str, interpreter: str, distribution: str, release: str, channel: str
) -> None:
    image = known(text)
    assert (image.interpreter, image.distribution, image.release) == (interpreter, distribution, release)
    assert image.channel == channel
    assert image.interpreter in image.packages


@pytest.mark.parametrize(
    ("text", "distribution", "release"),
    [
        pytest.param("debian", "debian", "trixie", id="debian"),
        pytest.param("debian:12.5-slim", "debian", "bookworm", id="debian by number"),
        pytest.param("debian:bookworm-20240110-slim", "debian", "bookworm", id="debian with date"),
        pytest.param("debian:oldstable", "debian", "bookworm", id="debian by rank"),
        pytest.param("ubuntu:22.04", "ubuntu", "jammy", id="ubuntu by number"),
        pytest.param("ubuntu:xenial-20210114", "ubuntu", "xenial", id="ubuntu by codename"),
        pytest.param("alpine:3.20.3", "alpine", "3.20", id="alpine by number"),
        pytest.param("alpine:3.99", "alpine", "3.99", id="alpine newer than we know"),
        pytest.param("alpine:edge", "alpine", "edge", id="alpine edge"),
        pytest.param("centos:centos7.9.2009", "rhel", "7", id="centos by its own spelling"),
        pytest.param("centos:7", "rhel", "7", id="centos by number"),
        pytest.param("quay.io/centos/centos:stream9", "rhel", "9", id="centos stream"),
        pytest.param("fedora:41", "fedora", "41", id="fedora"),
        pytest.param("rockylinux:9.3-minimal", "rhel", "9", id="rockylinux"),
        pytest.param("oraclelinux:8-slim", "rhel", "8", id="oraclelinux"),
        pytest.param(
            "registry.access.redhat.com/ubi9/ubi-minimal:9.4-1194", "rhel", "9", id="ubi with build number"
        ),
        pytest.param("amazonlinux:2023.4.20240416.0", "amazon", "2023", id="amazonlinux"),
        pytest.param("opensuse/leap:15.6", "opensuse", "15.6", id="opensuse"),
        pytest.param("archlinux:base-devel", "arch", "", id="archlinux"),
        pytest.param("buildpack-deps:noble-curl", "ubuntu", "noble", id="buildpack-deps on ubuntu"),
        pytest.param("busybox:1.36-musl", "busybox", "1.36", id="busybox"),
    ],
)
def test_tag_of_an_operating_system_is_its_release(text: str, distribution: str, release: str) -> None:
    image = known(text)
    assert (image.distribution, image.release, image.interpreter) == (distribution, release, None)
    assert image.difference == ""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("python:3.99", id="version nobody knows"),
        pytest.param("python:3.12-windowsservercore-ltsc2022", id="windows variant"),
        pytest.param("mcr.microsoft.com/dotnet/aspnet:8.0-nanoserver-1809", id="windows of dotnet"),
        pytest.param("python:3.12-mystery", id="unknown word"),
        pytest.param("python:3.12-3.13", id="two versions"),
        pytest.param("python:3.12mystery", id="unknown word at the version"),
        pytest.param("debian:nosuchrelease", id="unknown release"),
        pytest.param("node:8-alpine", id="version that no nixpkgs has"),
        pytest.param("nginx:9.9", id="another major version"),
        pytest.param("maven:3.9-eclipse-temurin-99", id="unknown second version"),
        pytest.param("mcr.microsoft.com/windows/servercore:ltsc2022", id="windows"),
        pytest.param("nvcr.io/nvidia/pytorch:22.11-py3", id="vendor's image"),
        pytest.param("registry.example.org/python:3.12", id="somebody's own registry"),
        pytest.param("someone/python:3.12", id="somebody's own image"),
    ],
)
def test_what_is_not_known_is_not_served(text: str) -> None:
    assert look_up(text) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("docker.io/library/python:3.12-slim", id="docker.io"),
        pytest.param("index.docker.io/library/python:3.12-slim", id="index.docker.io"),
        pytest.param("registry-1.docker.io/library/python:3.12-slim", id="registry-1.docker.io"),
        pytest.param("mirror.gcr.io/library/python:3.12-slim", id="mirror.gcr.io"),
        pytest.param("public.ecr.aws/docker/library/python:3.12-slim", id="public.ecr.aws"),
        pytest.param("amd64/python:3.12-slim", id="architecture"),
        pytest.param("mirror.gcr.io/arm64v8/python:3.12-slim", id="architecture at a mirror"),
        pytest.param(f"python:3.12-slim@sha256:{'0' * 64}", id="tag with digest"),
    ],
)
def test_mirrors_hold_the_same(text: str) -> None:
    original = known("python:3.12-slim")
    copy = known(text)
    assert (copy.packages, copy.config, copy.evidence) == (
        original.packages,
        original.config,
        original.evidence,
    )
    assert copy.difference == ""
    assert copy.reference.text == text


def test_another_name_of_a_repository() -> None:
    assert known("gcr.io/distroless/static-debian12").packages == known("gcr.io/distroless/static").packages
    assert known("mcr.microsoft.com/dotnet/core/sdk:3.1").channel == "nixos-22.05"


def test_asked_version_is_the_number_of_the_tag() -> None:
    reference = image_reference("python:3.12.4-slim-bookworm")
    assert reference is not None
    assert IMAGES.asked_version(reference) == "3.12.4"


@pytest.mark.parametrize("text", ["python:slim", "python", "nobody/knows:3.12", "python:3.12-mystery"])
def test_asked_version_is_empty_when_there_is_none(text: str) -> None:
    reference = image_reference(text)
    assert reference is not None
    assert IMAGES.asked_version(reference) == ""


# --- what a reference brings --------------------------------------------------------------------------------------------------


def test_slim_python_brings_what_scripts_need_and_no_more() -> None:
    image = known("python:3.13-slim")
    assert set(image.packages) == ESSENTIAL | {"cacert", "tzdata.out", "python313"}
    assert image.packages == tuple(sorted(image.packages))
    assert image.config.cmd == ("python3",)
    assert image.config.env == ()
    assert (image.language, image.difference) == ("python", "")


def test_whole_python_brings_the_programs_of_buildpack_deps() -> None:
    assert {"curl", "gcc", "git", "gnumake", "wget"} <= set(known("python:3.13").packages)
    assert not {"curl", "gcc", "git"} & set(known("python:3.13-alpine").packages)


def test_python_sets_lang_up_to_3_12() -> None:
    assert dict(known("python:3.12-slim").config.env) == {"LANG": "C.UTF-8"}


def test_alpine_is_busybox_with_certificates() -> None:
    image = known("alpine")
    assert image.packages == ("busybox", "cacert")
    assert image.config.cmd == ("/bin/sh",)


@pytest.mark.parametrize(
    ("text", "user"),
    [
        pytest.param("node:22", ("node", 1000, 1000, "/home/node", "/bin/bash"), id="node"),
        pytest.param("node:22-alpine", ("node", 1000, 1000, "/home/node", "/bin/sh"), id="node on alpine"),
        pytest.param("nginx", ("nginx", 101, 101, "/nonexistent", "/bin/false"), id="nginx"),
        pytest.param(
            "postgres:16", ("postgres", 999, 999, "/var/lib/postgresql", "/bin/bash"), id="postgres"
        ),
        pytest.param(
            "postgres:16-alpine", ("postgres", 70, 70, "/var/lib/postgresql", "/bin/sh"), id="on alpine"
        ),
        pytest.param("debian", ("www-data", 33, 33, "/var/www", "/usr/sbin/nologin"), id="debian"),
        pytest.param("php:8.4-fpm-alpine", ("www-data", 82, 82, "/home/www-data", "/sbin/nologin"), id="php"),
        pytest.param(
            "ubuntu:24.04", ("ubuntu", 1000, 1000, "/home/ubuntu", "/bin/bash"), id="ubuntu since 23.04"
        ),
        pytest.param(
            "gcr.io/distroless/static",
            ("nonroot", 65532, 65532, "/home/nonroot", "/sbin/nologin"),
            id="distroless",
        ),
    ],
)
def test_users_of_the_image(text: str, user: tuple[str, int, int, str, str]) -> None:
    image = known(text)
    found = {one.name: one for one in image.users}[user[0]]
    assert (found.name, found.uid, found.gid, found.home, found.shell) == user


def test_older_ubuntu_has_no_ordinary_user() -> None:
    assert "ubuntu" not in {user.name for user in known("ubuntu:22.04").users}


def test_an_entry_point_takes_back_the_command_of_the_distribution() -> None:
    config = known("grafana/grafana").config
    assert (config.entrypoint, config.cmd) == (("/run.sh",), None)


def test_configuration_is_inherited_as_published() -> None:
    config = known("golang:1.26").config
    assert dict(config.env) == {
        "GOTOOLCHAIN": "local",
        "GOPATH": "/go",
        "PATH": f"/go/bin:/usr/local/go/bin:{USUAL_PATH}",
    }
    assert (config.working_dir, config.cmd, config.entrypoint) == ("/go", ("bash",), None)
    config = known("php:8.4-fpm").config
    assert (config.working_dir, config.exposed_ports) == ("/var/www/html", ("9000/tcp",))
    assert (config.stop_signal, config.cmd) == ("SIGQUIT", ("php-fpm",))
    config = known("gcr.io/distroless/nodejs24-debian12:nonroot").config
    assert (config.entrypoint, config.cmd, config.user) == (("node",), None, "65532")
    config = known("redis:8").config
    assert (config.volumes, config.exposed_ports) == (("/data",), ("6379/tcp",))


@pytest.mark.parametrize(
    ("text", "home"),
    [
        pytest.param("eclipse-temurin:17", "@temurin-bin-17@", id="temurin is its own home"),
        pytest.param("eclipse-temurin:17-jre", "@temurin-jre-bin-17@", id="the variant's package"),
        pytest.param("openjdk:17", "@jdk17@/lib/openjdk", id="a folder in the package"),
        pytest.param("maven:3.9-eclipse-temurin-21", "@temurin-bin-21@", id="the second version's package"),
    ],
)
def test_variables_point_into_the_store(text: str, home: str) -> None:
    assert dict(known(text).config.env)["JAVA_HOME"] == home


@pytest.mark.parametrize(
    ("text", "difference"),
    [
        pytest.param(
            "python:3.8-slim",
            "python 3.8 is gone from current nixpkgs: it comes from nixos-23.11; "
            "upstream maintained it until 2024-10-07",
            id="old channel",
        ),
        pytest.param(
            "erlang:24",
            "erlang 24 is gone from current nixpkgs: it comes from nixos-23.05",
            id="old channel, end of maintenance not known",
        ),
        pytest.param("rust:1.64", "rust 1.64 is asked for, nixpkgs has 1.94", id="nearest version"),
        pytest.param(
            f"python@sha256:{'0' * 64}",
            "only a digest is given, which does not tell the version: the one that `latest` means is taken",
            id="digest alone",
        ),
        pytest.param(
            "maven:3.6.3",
            "maven 3.6.3 is asked for, nixpkgs has 3.9; the tag names no jdk: 25 is taken",
            id="old tag without its second version",
        ),
        pytest.param(f"alpine@sha256:{'0' * 64}", "", id="digest of something without versions"),
    ],
)
def test_difference_says_what_is_not_as_asked(text: str, difference: str) -> None:
    assert (known(text).outdated or known(text).difference) == difference


@pytest.mark.parametrize("text", ["influxdb", "couchdb", "varnish", "zookeeper"])
def test_entry_points_that_do_real_work_are_missed_aloud(text: str) -> None:
    assert "not there" in known(text).difference


@pytest.mark.parametrize(
    ("text", "command"),
    [
        pytest.param("hashicorp/terraform:1.5", None, id="of the distribution, before the entry point"),
        pytest.param("alpine/git", ("--help",), id="beside the entry point"),
        pytest.param(
            "ghcr.io/astral-sh/uv:python3.12-alpine", ("uv",), id="an entry point that is taken away"
        ),
    ],
)
def test_an_entry_point_takes_away_the_command_before_it(text: str, command: tuple[str, ...] | None) -> None:
    assert known(text).config.cmd == command


@pytest.mark.parametrize(
    ("text", "release"),
    [
        pytest.param("bitnami/redis:7.0.5-debian-12-r3", "bookworm", id="debian-12"),
        pytest.param("mcr.microsoft.com/powershell:7.4-ubuntu-20.04", "focal", id="ubuntu-20.04"),
    ],
)
def test_name_and_number_of_a_release_may_be_two_words(text: str, release: str) -> None:
    assert known(text).release == release


# --- the user's own rows ------------------------------------------------------------------------------------------------------


def test_override_wins_over_our_row() -> None:
    row = {"evidence": "mine", "packages": ["hello"], "config": {"cmd": ["hello"]}}
    image = known("python", BaseImages.load(overrides={"docker.io/library/python": row}))
    assert (image.packages, image.config.cmd, image.evidence) == (("hello",), ("hello",), "mine")


def test_override_may_name_a_repository_that_it_is_like() -> None:
    images = BaseImages.load(overrides={"registry.example.org/base/python": "python"})
    assert known("registry.example.org/base/python:3.12-slim", images).interpreter == "python312"


# --- tables that cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param({"evidence": "x", "colour": "red"}, "unknown key `colour`", id="unknown key"),
        pytest.param({"packages": ["hello"]}, "`evidence` must say", id="no evidence"),
        pytest.param(
            {"evidence": "x", "packages": ["not a path"]}, "not an attribute path", id="attribute path"
        ),
        pytest.param({"evidence": "x", "packages": "hello"}, "must be an array of strings", id="no array"),
        pytest.param({"evidence": "x", "packages": [1]}, "must be an array of strings", id="no strings"),
        pytest.param({"evidence": 1}, "`evidence` must be a string", id="no string"),
        pytest.param({"evidence": "x", "nearest": "yes"}, "`nearest` must be true or false", id="no boolean"),
        pytest.param({"evidence": "x", "config": []}, "`config` must be a table", id="no table"),
        pytest.param(
            {"evidence": "x", "config": {"ports": ["80"]}}, "80 is not of the form 80/tcp", id="port"
        ),
        pytest.param(
            {"evidence": "x", "config": {"comand": []}}, "unknown key `comand`", id="unknown setting"
        ),
        pytest.param({"evidence": "x", "users": ["me:1000"]}, "not a line of /etc/passwd", id="user"),
        pytest.param({"evidence": "x", "groups": ["me:x:one:"]}, "not a line of /etc/group", id="group"),
        pytest.param(
            {"evidence": "x", "versions": {"new": "hello"}}, "a version must be a number", id="version"
        ),
        pytest.param({"evidence": "x", "versions": {"1": 2}}, "a table is wanted here", id="version's value"),
        pytest.param({"evidence": "x", "default": "3"}, "there is no version 3", id="default"),
        pytest.param(
            {"evidence": "x", "names": {"lts": "3"}}, "there is no version 3", id="word for a version"
        ),
        pytest.param({"evidence": "x", "interpreter": "jdk"}, "no companion jdk", id="interpreter"),
        pytest.param(
            {"evidence": "x", "versions": {"1": {"packages": ["hello"], "channel": "stable"}}},
            "stable is not the name of a nixpkgs release",
            id="channel",
        ),
        pytest.param(
            {"evidence": "x", "when": [{"packages": ["hello"]}]}, "`any` or `none` must say", id="overlay"
        ),
        pytest.param(
            {"evidence": "x", "versions": {"1": {"packages": ["x"], "insecure": ["old"]}}},
            "old is not a name with its version",
            id="insecure without version",
        ),
        pytest.param({"evidence": "x", "companion": {"jdk": {}}}, "`prefixes` must say", id="companion"),
        pytest.param(
            {"evidence": "x", "sets": ["nosuchset"]}, "no package set `nosuchset`", id="package set"
        ),
        pytest.param(
            {"evidence": "x", "distribution": "plan9"}, "no distribution `plan9`", id="distribution"
        ),
        pytest.param(["hello"], "a table is wanted here", id="no table at all"),
    ],
)
def test_row_that_cannot_be_used_is_said_to_be(row: object, message: str) -> None:
    images = BaseImages.load(overrides={"mine": row})
    with pytest.raises(UsageError, match=re.escape(message)):
        look_up("mine", images)


def test_message_says_where_the_row_stands() -> None:
    images = BaseImages.load(
        overrides={"mine": {"evidence": "x", "when": [{"any": ["slim"], "colour": "red"}]}}
    )
    with pytest.raises(
        UsageError, match=re.escape("override of base image mine.when[0]: unknown key `colour`")
    ):
        look_up("mine", images)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("rows.toml", b'[image."mine"]\nevidence = \n', id="no TOML"),
        pytest.param("rows.toml", b"\xff\xfe", id="no text"),
        pytest.param("_shared.toml", b"[sets\n", id="no TOML in what all share"),
        pytest.param("_shared.toml", b"colour = 1\n", id="unknown key in what all share"),
        pytest.param("_mirrors.toml", b"same = 1\n", id="no table of mirrors"),
    ],
)
def test_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / "rows.toml").write_text('[image."mine"]\nevidence = "x"\n')
    (tmp_path / "_shared.toml").write_text("")
    (tmp_path / "_mirrors.toml").write_text("")
    (tmp_path / name).write_bytes(content)
    images = BaseImages.load(tmp_path)
    with pytest.raises(UsageError, match=re.escape(name)):
        look_up("another" if name == "_mirrors.toml" else "mine", images)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothere"):
        look_up("debian", BaseImages.load(tmp_path / "nothere"))


def test_look_up_parses_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files with all rows take long to parse: a look-up parses the row it needs and what all rows share."""
    parsed: list[int] = []
    loads = tomli.loads

    def measured(text: str) -> dict[str, object]:
        parsed.append(len(text))
        return loads(text)

    monkeypatch.setattr(tomli, "loads", measured)
    images = BaseImages.load()
    known("python:3.13-slim", images)
    known("debian", images)
    rows = sum(parsed) - (FOLDER / "_shared.toml").stat().st_size
    assert 0 < rows < 4_000


# --- the data -----------------------------------------------------------------------------------------------------------------


def test_there_are_enough_repositories() -> None:
    assert len(REPOSITORIES) >= 150


def test_no_repository_has_two_rows() -> None:
    assert len(set(REPOSITORIES)) == len(REPOSITORIES)


@pytest.mark.parametrize("repository", REPOSITORIES)
def test_every_row_can_be_read_and_found(repository: str) -> None:
    assert row_of(repository).part.evidence


def test_other_names_lead_to_rows_that_exist() -> None:
    same = tomli.loads((FOLDER / "_mirrors.toml").read_text())["same"]
    assert {other.partition(":")[0] for other in same.values()} <= set(REPOSITORIES)
    assert [name for name, other in same.items() if ":" in other and look_up(name) is None] == []
    assert not set(same) & set(REPOSITORIES)


def test_attributes_are_in_the_package_index() -> None:
    unindexed = IMAGES.shared.unindexed
    wanted = {path for paths in IMAGES.shared.sets.values() for path in paths}
    wanted |= {path for one in IMAGES.shared.distributions.values() for path in one.part.packages}
    for row in map(row_of, REPOSITORIES):
        wanted |= {path for part in (row.part, *(one.part for one in row.overlays)) for path in part.packages}
        for _, version in entries(row):
            if not version.channel:
                wanted |= {
                    *version.part.packages,
                    *(path for _, paths in version.alternatives for path in paths),
                }
    missing = {path for path in wanted if not _is_indexed(path)}
    assert missing == set(unindexed)
    assert all(unindexed.values())


def test_versions_are_those_of_the_package_index() -> None:
    """A version's number is the beginning of that of its first package: else the index has moved on and the row has not."""
    wrong = {
        (repository, number, version.part.packages[0])
        for repository in REPOSITORIES
        for number, version in entries(row_of(repository))
        if version.part.packages
        and not version.channel
        and version.part.packages[0] not in {*OTHER_VERSIONS, *IMAGES.shared.unindexed}
        if not re.match(rf"{re.escape(number)}(?!\d)", _indexed_version(version.part.packages[0]))
    }
    assert wrong == set()


def _is_indexed(path: str) -> bool:
    """Whether the index has the attribute, or the attribute in front of the last dot with an output of that name."""
    whole, output = path.rpartition(".")[::2]
    attribute = INDEX.attribute(whole) if whole else None
    return INDEX.attribute(path) is not None or (attribute is not None and output in attribute.outputs)


def _indexed_version(path: str) -> str:
    attribute = INDEX.attribute(path)
    return attribute.version if attribute else ""


def test_days_of_maintenance_are_those_of_versions_from_old_releases() -> None:
    maintained = IMAGES.shared.maintained
    gone = {
        path
        for row in map(row_of, REPOSITORIES)
        for _, version in entries(row)
        if version.channel
        for paths in (version.part.packages, *(found for _, found in version.alternatives))
        for path in paths
    }
    assert set(maintained) <= gone
    assert list(maintained) == sorted(maintained)
    assert all(re.fullmatch(r"20\d\d-[01]\d(?:-[0-3]\d)?", day) for day in maintained.values())


def test_what_a_channel_refuses_is_known_by_name_and_version() -> None:
    row = {
        "evidence": "x",
        "versions": {"1": {"packages": ["old"], "channel": "nixos-23.05", "insecure": ["old-1.2"]}},
        "default": "1",
    }
    image = known("mine", BaseImages.load(overrides={"mine": row}))
    assert image.insecure == ("old-1.2",)
    assert "nixpkgs marks old-1.2 as insecure" in image.outdated


def test_channels_are_pinned() -> None:
    channels = {version.channel for row in map(row_of, REPOSITORIES) for _, version in entries(row)} - {""}
    assert channels <= set(INDEX.channels())
    assert len(channels) > 5


def test_defaults_are_of_current_nixpkgs() -> None:
    gone = {
        repository
        for repository in REPOSITORIES
        if (image := look_up(repository)) and image.channel
        if any(not version.channel for version in row_of(repository).versions.entries.values())
    }
    assert gone == set()


def test_every_repository_has_samples() -> None:
    served = {image.reference.text.partition(":")[0] for image in samples()}
    assert served == set(REPOSITORIES)
    assert len(samples()) > 500


def test_groups_of_users_exist() -> None:
    alone = {
        (image.reference.text, user.name)
        for image in samples()
        for user in image.users
        if user.gid not in {0, 65534} | {group.gid for group in image.groups}
    }
    assert alone == set()


def test_users_leave_out_those_that_every_image_has() -> None:
    assert not {user.name for image in samples() for user in image.users} & {"root", "nobody"}
    assert all(isinstance(user, User) for image in samples() for user in image.users)


def test_store_paths_in_variables_are_of_packages_of_the_image() -> None:
    strangers = {
        (image.reference.text, name)
        for image in samples()
        for _, value in image.config.env
        for name in re.findall(r"@([^@]+)@", value)
        if name not in image.packages
    }
    assert strangers == set()


def test_path_keeps_the_usual_folders() -> None:
    paths = {value for image in samples() for name, value in image.config.env if name == "PATH"}
    assert paths
    assert all(path.endswith(f":{USUAL_PATH}") for path in paths)


def test_variables_do_not_state_versions() -> None:
    names = {name for image in samples() for name, _ in image.config.env}
    assert not {name for name in names if re.search(r"VERSION|SHA\d|GPG", name)}


def test_commands_are_of_packages_of_the_image() -> None:
    """The first word of what a container runs is a program of a package; of gone versions nobody can know it here."""
    missing = set()
    for image in filter(None, map(look_up, REPOSITORIES)):
        command = image.config.entrypoint or image.config.cmd
        programs = {name for path in image.packages for name in _programs(path)}
        programs |= {
            effect.path.rpartition("/")[2]
            for name in image.services
            for effect in service(name).effects
            if isinstance(effect, WriteFile) and effect.mode
        }
        if command and not (image.channel or image.unfree) and command[0].rpartition("/")[2] not in programs:
            missing.add((image.reference.text, command[0]))
    assert missing == set()


def _programs(path: str) -> tuple[str, ...]:
    attribute = INDEX.attribute(path)
    return (*attribute.programs, "sh") if attribute else ()
