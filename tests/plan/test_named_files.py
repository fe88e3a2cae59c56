"""Files that the image is told to use: linked to the package that has them, missed, or none of our business."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.places import places, read_places
from dock2nix.cli import main
from dock2nix.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def report_on(text: str, folder: Path) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    (folder / "app.conf").write_text("x\n", encoding="utf-8")
    assert main([str(folder), "--offline", "--quiet"]) in {0, 1}
    found: dict[str, Any] = json.loads((folder / "nix/report.json").read_text(encoding="utf-8"))
    return found


def missed(text: str, folder: Path) -> list[str]:
    findings = report_on(text, folder)["findings"]
    return [one["message"].partition(",")[0] for one in findings if one["code"] == "D2N225"]


FTP = "FROM debian:bookworm\nRUN apt-get update && apt-get install -y pure-ftpd\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            FTP + 'ENTRYPOINT ["pure-ftpd"]\nCMD ["/etc/pure-ftpd/pure-ftpd.conf"]\n',
            ["CMD names /etc/pure-ftpd/pure-ftpd.conf"],
            id="a word of CMD",
        ),
        pytest.param(
            FTP + "CMD pure-ftpd -c /etc/pure-ftpd/pure-ftpd.conf\n",
            ["CMD names /etc/pure-ftpd/pure-ftpd.conf"],
            id="in a text for the shell",
        ),
        pytest.param(
            FTP + "ENV FTP_CONF=/etc/pure-ftpd/pure-ftpd.conf\nCMD pure-ftpd\n",
            ["ENV FTP_CONF names /etc/pure-ftpd/pure-ftpd.conf"],
            id="a variable",
        ),
        pytest.param(
            FTP + 'ENTRYPOINT ["pure-ftpd", "--config=/etc/pure-ftpd/pure-ftpd.conf"]\n',
            ["ENTRYPOINT names /etc/pure-ftpd/pure-ftpd.conf"],
            id="behind an option",
        ),
    ],
)
def test_a_file_that_a_package_may_have_brought_is_missed(
    text: str, expected: list[str], tmp_path: Path
) -> None:
    assert missed(text, tmp_path) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            FTP + 'COPY app.conf /etc/pure-ftpd/\nCMD ["pure-ftpd", "/etc/pure-ftpd/app.conf"]\n', id="copied"
        ),
        pytest.param(
            FTP + 'RUN mkdir -p /etc/ftp && echo x > /etc/ftp/f\nCMD ["pure-ftpd", "/etc/ftp/f"]\n',
            id="written",
        ),
        pytest.param(
            'FROM debian:bookworm\nCMD ["cat", "/etc/my/own"]\n', id="no package that could have brought it"
        ),
        pytest.param(
            FTP + 'CMD ["/etc/a/b"]\nCMD ["pure-ftpd"]\n', id="a CMD that another one takes the place of"
        ),
        pytest.param(
            FTP + 'VOLUME /etc/ftp\nCMD ["pure-ftpd", "/etc/ftp"]\n', id="a volume, which is always there"
        ),
        pytest.param(FTP + 'CMD ["pure-ftpd", "http://host/etc/a/b"]\n', id="part of an address"),
        pytest.param(FTP + 'CMD ["pure-ftpd", "/var/log/ftp.log"]\n', id="a log"),
        pytest.param(FTP + 'CMD pure-ftpd "/etc/$NAME/conf" /etc/*.conf\n', id="not known here"),
        pytest.param(FTP + 'ENV LIBRARY_PATH=/opt/none/lib\nCMD ["pure-ftpd"]\n', id="a search path"),
        pytest.param(FTP + 'CMD ["/usr/bin/nothing"]\n', id="a program, which is reported as one"),
    ],
)
def test_a_file_that_is_there_or_comes_later_is_not_missed(text: str, tmp_path: Path) -> None:
    assert missed(text, tmp_path) == []


@pytest.mark.parametrize(
    ("install", "named", "link"),
    [
        pytest.param(
            "openjdk-17-jdk",
            "/usr/lib/jvm/java-17-openjdk-amd64",
            "${pkgs.jdk17}/lib/openjdk usr/lib/jvm/java-17-openjdk-amd64",
            id="a JDK",
        ),
        pytest.param(
            "openjdk-17-jre-headless",
            "/usr/lib/jvm/java-1.17.0-openjdk",
            "/lib/openjdk usr/lib/jvm/java-1.17.0-openjdk",
            id="a runtime, by another way to write its version",
        ),
        pytest.param(
            "default-jdk",
            "/usr/lib/jvm/default-java/bin",
            "/lib/openjdk usr/lib/jvm/default-java",
            id="no version, and below",
        ),
        pytest.param("maven", "/usr/share/maven", "${pkgs.maven}/maven usr/share/maven", id="Maven"),
    ],
)
def test_a_place_of_a_distribution_is_a_link_to_the_package(
    install: str, named: str, link: str, tmp_path: Path
) -> None:
    text = f"FROM debian:bookworm\nRUN apt-get install -y {install}\nENV TOOL_HOME={named}\n"
    assert missed(text, tmp_path) == []
    assert link in (tmp_path / "nix/image.nix").read_text(encoding="utf-8")


def test_a_package_of_another_version_does_not_fit(tmp_path: Path) -> None:
    text = "FROM debian:bookworm\nRUN apt-get install -y openjdk-17-jdk\nENV JAVA_HOME=/usr/lib/jvm/java-11-openjdk-amd64\n"
    assert missed(text, tmp_path) == ["ENV JAVA_HOME names /usr/lib/jvm/java-11-openjdk-amd64"]


def test_the_bundled_places_are_sorted_and_fit_packages_of_the_index() -> None:
    rows = places()
    assert [row.path for row in rows] == sorted(row.path for row in rows)
    index = PackageIndex.open()
    sample = ("jdk17", "temurin-bin-21", "postgresql_16", "maven")
    assert all(index.attribute(path) for path in sample)
    assert all(any(row.fits(path) for path in sample) for row in rows)


@pytest.mark.parametrize(
    "row",
    [
        {"path": "usr/lib", "attributes": ["jdk"]},
        {"path": "/usr/lib", "attributes": []},
        {"path": "/usr/lib", "attributes": ["jdk"], "outside": "x"},
    ],
)
def test_a_malformed_row_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"places\.toml: \[\[place\]\] 1"):
        read_places({"place": [row]}, "places.toml")
