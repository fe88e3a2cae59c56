"""Python requirements as PEP 508 and pip write them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dock2nix.parse.requirements import (
    PythonRequirement,
    RequirementsFile,
    read_requirement,
    read_requirements_file,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("requests", PythonRequirement(name="requests"), id="name"),
        pytest.param("Zope.Interface", PythonRequirement(name="zope-interface"), id="normalized"),
        pytest.param("a >= 2 , < 3", PythonRequirement(name="a", specifier=">=2,<3"), id="order-kept"),
        pytest.param("a (>=1.0)", PythonRequirement(name="a", specifier=">=1.0"), id="parentheses"),
        pytest.param(
            "a[B_c, d]==1", PythonRequirement(name="a", specifier="==1", extras=("b-c", "d")), id="extras"
        ),
        pytest.param("a==2013b-1", PythonRequirement(name="a", specifier="==2013b-1"), id="legacy-version"),
        pytest.param(
            "a; os_name=='posix'", PythonRequirement(name="a", marker='os_name == "posix"'), id="marker"
        ),
        pytest.param(
            "a @ https://h/a.zip", PythonRequirement(name="a", url="https://h/a.zip"), id="name-at-address"
        ),
        pytest.param(
            "git+ssh://git@h/a.git@v1#egg=A_b[x]&subdirectory=s",
            PythonRequirement(
                name="a-b", extras=("x",), url="git+ssh://git@h/a.git@v1#egg=A_b[x]&subdirectory=s"
            ),
            id="egg",
        ),
        pytest.param(
            "./dir[x]", PythonRequirement(name="", extras=("x",), url="./dir"), id="folder-with-extra"
        ),
        pytest.param("dir/sub", PythonRequirement(name="", url="dir/sub"), id="folder"),
        pytest.param(
            "my_pkg-1.0-py3-none-any.whl ; python_version > '3'",
            PythonRequirement(
                name="my-pkg",
                specifier="==1.0",
                marker="python_version > '3'",
                url="my_pkg-1.0-py3-none-any.whl",
            ),
            id="wheel",
        ),
    ],
)
def test_requirement(text: str, expected: object) -> None:
    assert read_requirement(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a b", id="two-names"),
        pytest.param("a=1", id="one-equals-sign"),
        pytest.param("-", id="a-dash"),
        pytest.param("a==1 garbage(", id="unbalanced"),
        pytest.param("a; " + "(" * 2000, id="deeply-nested-marker"),
        pytest.param("x" * 5000, id="endless"),
    ],
)
def test_no_requirement(text: str) -> None:
    assert isinstance(read_requirement(text), str)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a==" + " " * 4000 + "(", id="blanks"),
        pytest.param("a" * 4000 + "!", id="one-name"),
        pytest.param("a-" * 2000 + ".whl", id="dashes"),
        pytest.param("[" * 4000, id="brackets"),
        pytest.param("./" + "[" * 4000, id="brackets-behind-a-path"),
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    read_requirement(text)
    assert time.process_time() - start < 0.5


def read(
    files: dict[str, str],
    path: str = "requirements.txt",
    environment: dict[str, str | None] | None = None,
    *,
    constraint: bool = False,
) -> Any:
    return read_requirements_file(path, files.get, environment=environment or {}, constraint=constraint)


def names(found: RequirementsFile) -> list[Any]:
    return [(entry.requirement.name, entry.origin) for entry in found.requirements]


def test_continued_lines_comments_and_hashes() -> None:
    text = (
        "\ufeffa==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n"
        "# b\n"
        "c # why\n"
        "d#e\n"
        "f \\\n# in between\n"
        "g --config-settings x=y\n"
        "h ; python_version > '3' \\\n"
    )
    found = read({"requirements.txt": text})
    assert names(found) == [
        ("a", "requirements.txt:1"),
        ("c", "requirements.txt:5"),
        ("f", "requirements.txt:7"),
        ("g", "requirements.txt:9"),
        ("h", "requirements.txt:10"),
    ]
    assert [line.text for line in found.rejected] == ["d#e"]
    assert found.requirements[0].requirement.specifier == "==1"


def test_files_include_each_other_relative_to_themselves() -> None:
    files = {
        "requirements/prod.txt": "-r base.txt\n-c ../limits.txt\nz\n",
        "requirements/base.txt": "a\n--requirement=deep/more.txt\n",
        "requirements/deep/more.txt": "b\n",
        "requirements/../limits.txt": "a<2\n",
    }
    found = read(files, "requirements/prod.txt")
    assert [name for name, _ in names(found)] == ["a", "b", "z"]
    assert [entry.requirement.specifier for entry in found.constraints] == ["<2"]
    assert found.files == (
        "requirements/prod.txt",
        "requirements/base.txt",
        "requirements/deep/more.txt",
        "requirements/../limits.txt",
    )


def test_files_that_include_each_other_in_a_circle_end() -> None:
    found = read({"requirements.txt": "-r b.txt\na\n", "b.txt": "-r requirements.txt\n-r b.txt\nb\n"})
    assert [name for name, _ in names(found)] == ["b", "a"]


def test_a_chain_of_files_is_followed_so_far_only() -> None:
    files = {"requirements.txt": "-r 1.txt"} | {f"{n}.txt": f"-r {n + 1}.txt\np{n}\n" for n in range(1, 5000)}
    found = read(files)
    assert len(found.files) < 100
    assert [line.missing_file for line in found.rejected] == [True]


def test_a_missing_include_is_named_with_its_place() -> None:
    found = read({"requirements.txt": "a\n-r missing.txt\n"})
    assert [(line.text, line.origin) for line in found.rejected] == [("missing.txt", "requirements.txt:2")]


def test_what_constrains_asks_for_nothing() -> None:
    found = read({"requirements.txt": "a==1\n-r b.txt\n", "b.txt": "b==2\n"}, constraint=True)
    assert found.requirements == ()
    assert [entry.requirement.name for entry in found.constraints] == ["a", "b"]


def test_options_and_editables() -> None:
    text = "-i https://h/s\n--extra-index-url=https://h/t\n--no-binary :all:\n-e ./lib\n-e git+https://h/a#egg=a\n--editable=./b\n"
    found = read({"requirements.txt": text})
    assert [(option.name, option.value) for option in found.options] == [
        ("--index-url", "https://h/s"),
        ("--extra-index-url", "https://h/t"),
        ("--no-binary", ":all:"),
    ]
    assert [entry.requirement.url for entry in found.requirements] == [
        "./lib",
        "git+https://h/a#egg=a",
        "./b",
    ]
    assert all(entry.requirement.editable for entry in found.requirements)


def test_variables_of_the_environment() -> None:
    found = read({"requirements.txt": "a==${VERSION}\nb==${MISSING}\n"}, environment={"VERSION": "1.2"})
    assert [entry.requirement.specifier for entry in found.requirements] == ["==1.2"]
    assert [line.text for line in found.rejected] == ["b==${MISSING}"]


def test_a_large_file_takes_little_time() -> None:
    text = "".join(f"package-{n}==1.{n}\n" for n in range(5000))
    start = time.process_time()
    assert len(read({"requirements.txt": text}).requirements) == 5000
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "options",
    [
        pytest.param("--hash=sha256:0aF --hash=sha512:1b", id="equals-signs"),
        pytest.param("--hash sha256:0aF --hash sha512:1b", id="blanks"),
        pytest.param("--hash='sha256:0aF' --config-settings x=y --hash=\"sha512:1b\"", id="quotes"),
        pytest.param("\\\n  --hash=sha256:0aF \\\n  --hash=sha512:1b", id="continued-lines"),
    ],
)
def test_hashes_of_a_requirement_are_kept(options: str) -> None:
    found = read({"requirements.txt": f"a==1 {options}\nb==2\n"})
    assert [entry.requirement.hashes for entry in found.requirements] == [("sha256:0aF", "sha512:1b"), ()]
