"""configure, CMake, Meson and make: which commands run in a build, where they install to, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders_lab import base_image, only, reason, work
from dock2nix.model.builds import CORES, OUT, BuildCommand, NativeRecipe

if TYPE_CHECKING:
    from dock2nix.builders.base import Work


def commands(stage: Work) -> tuple[BuildCommand, ...]:
    recipe = only(stage).recipe
    assert isinstance(recipe, NativeRecipe)
    return recipe.commands


def shown(stage: Work) -> list[str]:
    """Each command, with `>` in front of one that is installed through DESTDIR."""
    found = []
    for one in commands(stage):
        words = " ".join(one.words).replace(CORES, "CORES").replace(OUT, "OUT")
        place = f"[{one.directory}] " if one.directory != "." else ""
        found.append(f"{'> ' if one.staged else ''}{place}{words}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "./configure --prefix=/usr\nmake\nmake install",
            ["./configure --prefix=/usr", "make", "> make install"],
            id="configure, make, make install",
        ),
        pytest.param(
            "sh ./autogen.sh\n./configure\nmake install-strip",
            ["sh ./autogen.sh", "./configure", "> make install-strip"],
            id="a script that a shell is given",
        ),
        pytest.param(
            "./configure\nmake -j$(nproc)\nmake -j $(nproc) altinstall",
            ["./configure", "make -jCORES", "> make -j CORES altinstall"],
            id="as many jobs as Nix gives",
        ),
        pytest.param(
            "cd build && cmake -DCMAKE_BUILD_TYPE=Release ..\ncd build && make\ncd build && make install",
            [
                "[build] cmake -DCMAKE_BUILD_TYPE=Release .. -DCMAKE_INSTALL_PREFIX=/usr/local",
                "[build] make",
                "> [build] make install",
            ],
            id="CMake in a folder of its own, with its usual prefix said",
        ),
        pytest.param(
            "cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/opt/x\ncmake --build build -j $(nproc)\ncmake --install build",
            [
                "cmake -S . -B build -DCMAKE_INSTALL_PREFIX=/opt/x",
                "cmake --build build -j CORES",
                "> cmake --install build",
            ],
            id="CMake drives the build",
        ),
        pytest.param(
            "meson setup build --prefix=/usr\nninja -C build\nninja -C build install",
            ["meson setup build --prefix=/usr", "ninja -C build", "> ninja -C build install"],
            id="Meson and ninja",
        ),
        pytest.param(
            "cmake /src/lib -DOUT=/src/lib/x",
            ["cmake lib -DOUT=lib/x -DCMAKE_INSTALL_PREFIX=/usr/local"],
            id="paths of the sources are seen from where it runs",
        ),
        pytest.param(
            "make PREFIX=/usr\nmake PREFIX=/usr install",
            ["make PREFIX=/usr", "make PREFIX=OUT/usr install"],
            id="the prefix that make is given leads to the output where it installs",
        ),
        pytest.param(
            "cd / && make -C /src/lib all",
            ["make -C lib all"],
            id="from elsewhere, into a folder that it names",
        ),
        pytest.param("make -C tools all", ["make -C tools all"], id="nothing is installed"),
    ],
)
def test_commands(text: str, expected: list[str]) -> None:
    assert shown(work(text)) == expected


@pytest.mark.parametrize(
    ("makefile", "expected"),
    [
        pytest.param("install:\n\tcp x $(DESTDIR)/usr/bin", "> make install", id="DESTDIR is known"),
        pytest.param(
            "PREFIX ?= /usr/local\ninstall:\n", "make install PREFIX=OUT/usr/local", id="only a prefix is"
        ),
        pytest.param(
            "prefix=/opt\ninstall:\n", "make install prefix=OUT/opt", id="a prefix in small letters"
        ),
    ],
)
def test_a_makefile_says_how_it_installs(makefile: str, expected: str) -> None:
    assert shown(work("make install", {"/src/Makefile": makefile})) == [expected]


def test_a_makefile_that_was_not_seen_is_spoken_of() -> None:
    built = only(work("make install"))
    assert [code for code, _, _ in built.problems] == ["D2N311"]
    assert "make install: taken to install below DESTDIR" in built.problems[0][1]
    assert not only(work("./configure\nmake install")).problems


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        pytest.param("./configure\nmake install", ("/usr/local",), id="the usual prefix"),
        pytest.param(
            "./configure --prefix=/usr --sysconfdir=/etc/x\nmake install",
            ("/etc/x", "/usr"),
            id="further folders",
        ),
        pytest.param("cmake -DCMAKE_INSTALL_PREFIX:PATH=/opt/y .\nmake install", ("/opt/y",), id="CMake's"),
        pytest.param("meson setup b --prefix /usr\nmeson install -C b", ("/usr",), id="as two words"),
        pytest.param("make PREFIX=/srv install", ("/srv",), id="make's"),
        pytest.param(
            "./configure --log-path=/proc/self/fd/1\nmake install",
            ("/usr/local",),
            id="nothing of the kernel's",
        ),
        pytest.param("make", (), id="nothing is installed"),
    ],
)
def test_reach(text: str, reach: tuple[str, ...]) -> None:
    recipe = only(work(text)).recipe
    assert isinstance(recipe, NativeRecipe)
    assert recipe.reach == reach


def test_variables_of_a_command_and_of_the_shell_that_compilers_read() -> None:
    stage = work("./configure", environment={"CFLAGS": "-O3", "HOME": "/root", "version": "1"})
    assert commands(stage)[0].variables == (("CFLAGS", "-O3"),)


def test_a_folder_that_was_made_is_made_again() -> None:
    assert commands(work("cd build && cmake ..", made=["/src/build"]))[0].made
    assert not commands(work("cd build && cmake .."))[0].made


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("./configure $(cat flags)", {}, "a word of it cannot be known", id="an unknown word"),
        pytest.param(
            "cd /other && make", {}, "it runs in /other, and the sources are in /src", id="elsewhere"
        ),
        pytest.param(
            "./configure --with-openssl=/usr/local/ssl",
            {},
            "names a place outside of its sources",
            id="a library by place",
        ),
        pytest.param(
            "./configure --add-module=../module",
            {},
            "names /module, which is not among its sources",
            id="beside the sources",
        ),
        pytest.param(
            "./configure --add-module=/opt/module",
            {},
            "names /opt/module, which is not among its sources",
            id="another tree",
        ),
        pytest.param(
            "make install",
            {"/src/Makefile": "install:\n\tcp x /usr/bin\n"},
            "knows neither DESTDIR nor PREFIX",
            id="no way",
        ),
        pytest.param(
            "make", {"/src/Makefile": "all:\n\tgo build .\n"}, "its Makefile calls go build", id="downloads"
        ),
        pytest.param(
            "/opt/tool/configure",
            {},
            "runs /opt/tool/configure, which is not of the sources",
            id="a foreign script",
        ),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files, others=["/opt/module"]))


def test_an_unseen_makefile_beside_a_language_with_packages_is_refused() -> None:
    assert "with go there it may well download" in reason(work("make", base=base_image("go", "go_1_25")))
    assert "with nodejs there" in reason(work("make", installed=["nodejs", "make"]))
    assert only(work("make", installed=["gcc", "make"]))
