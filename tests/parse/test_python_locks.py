"""Locks of Python projects are read as the tools that made them install from them."""

from __future__ import annotations

import pytest

from dock2nix.parse.python_locks import Groups, LockedProject, read_lock

UV = """
version = 1
requires-python = ">=3.12"

[[package]]
name = "shop"
version = "0.1.0"
source = { editable = "." }
dependencies = [
    { name = "flask" },
    { name = "colorama", marker = "sys_platform == 'win32'" },
]

[package.optional-dependencies]
metrics = [{ name = "prometheus-client" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]
docs = [{ name = "sphinx" }]

[[package]]
name = "flask"
version = "3.1.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "click", extra = ["shell"] }]
sdist = { url = "https://files.example/flask-3.1.0.tar.gz", hash = "sha256:01" }
wheels = [{ url = "https://files.example/flask-3.1.0-py3-none-any.whl", hash = "sha256:02" }]

[[package]]
name = "click"
version = "8.1.7"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "colorama", marker = "platform_system == 'Windows'" }]

[package.optional-dependencies]
shell = [{ name = "shellingham" }]

[[package]]
name = "shellingham"
version = "1.5.4"
source = { git = "https://git.example/shellingham?rev=main#0123456789abcdef0123456789abcdef01234567" }

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://index.example/simple" }

[[package]]
name = "prometheus-client"
version = "0.21.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "8.3.4"
source = { registry = "https://index.example/simple" }

[[package]]
name = "sphinx"
version = "8.1.3"
source = { registry = "https://index.example/simple" }
"""

POETRY_1 = """
[[package]]
name = "requests"
version = "2.31.0"
optional = false
python-versions = ">=3.7"
files = [{file = "requests-2.31.0-py3-none-any.whl", hash = "sha256:aa"}]

[package.dependencies]
idna = ">=2.5,<4"
PySocks = {version = ">=1.5.6", optional = true, markers = "extra == \\"socks\\""}

[package.extras]
socks = ["PySocks (>=1.5.6,!=1.5.7)"]

[[package]]
name = "idna"
version = "3.6"
optional = false
python-versions = ">=3.5"
files = []

[[package]]
name = "PySocks"
version = "1.7.1"
optional = false
python-versions = "*"
files = []

[[package]]
name = "numpy"
version = "1.26.0"
optional = false
python-versions = ">=3.9"
files = []

[[package]]
name = "numpy"
version = "2.1.0"
optional = false
python-versions = ">=3.10"
files = []

[[package]]
name = "black"
version = "24.1.0"
optional = false
python-versions = ">=3.8"
files = []

[metadata]
lock-version = "2.0"
"""
POETRY_PROJECT = """
[tool.poetry]
name = "shop"

[tool.poetry.dependencies]
python = "^3.11"
requests = {version = "^2.31", extras = ["socks"]}
numpy = "^2.0"

[tool.poetry.group.dev.dependencies]
black = "^24.1"
"""

POETRY_2 = """
[[package]]
name = "requests"
version = "2.31.0"
groups = ["main"]
files = []

[[package]]
name = "tomli"
version = "2.0.1"
groups = ["main", "dev"]
markers = {main = "python_version < \\"3.11\\"", dev = "python_version < \\"3.12\\""}
files = []

[[package]]
name = "black"
version = "24.1.0"
groups = ["dev"]
files = []

[[package]]
name = "redis"
version = "5.0.1"
groups = ["main"]
markers = "extra == \\"cache\\""
files = []
"""

PIPFILE = """{
  "_meta": {},
  "default": {
    "flask": {"version": "==3.1.0", "hashes": ["sha256:02", "sha256:01"], "markers": "python_version >= '3.9'"},
    "tool": {"git": "https://git.example/tool", "ref": "0123456"}
  },
  "develop": {"pytest": {"version": "==8.3.4"}}
}"""


def pins(found: LockedProject) -> dict[str, str]:
    """Each requirement with its version or address, and its marker behind a semicolon."""
    assert found.problem == ""
    return {
        one.requirement.name: ";".join(
            filter(None, (one.requirement.specifier or one.requirement.url, one.requirement.marker))
        )
        for one in found.requirements
    }


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param(Groups(), {"flask", "click", "shellingham", "colorama"}, id="main"),
        pytest.param(
            Groups(named=("dev",)), {"flask", "click", "shellingham", "colorama", "pytest"}, id="a-group"
        ),
        pytest.param(
            Groups(extras=("metrics",)),
            {"flask", "click", "shellingham", "colorama", "prometheus-client"},
            id="an-extra",
        ),
        pytest.param(Groups(main=False, named=("docs",)), {"sphinx"}, id="only-a-group"),
        pytest.param(
            Groups(main=False, every_group=True, without=("docs",)), {"pytest"}, id="all-groups-but-one"
        ),
    ],
)
def test_uv_installs_what_the_project_reaches(groups: Groups, expected: set[str]) -> None:
    assert set(pins(read_lock(UV, "app/uv.lock", groups))) == expected


def test_what_a_uv_lock_says_of_a_package_is_kept() -> None:
    found = read_lock(UV, "app/uv.lock", Groups())
    by_name = {one.requirement.name: one for one in found.requirements}

    assert by_name["flask"].requirement.hashes == ("sha256:01", "sha256:02")
    assert by_name["flask"].origin == "app/uv.lock:22"
    assert (
        by_name["shellingham"].requirement.url
        == "git+https://git.example/shellingham@0123456789abcdef0123456789abcdef01234567"
    )
    assert by_name["colorama"].requirement.marker == (
        "(platform_system == 'Windows') or (sys_platform == 'win32')"
    )
    assert found.package is True


def test_a_virtual_project_is_no_package_itself() -> None:
    assert read_lock(UV.replace("editable", "virtual"), "uv.lock", Groups()).package is False


def test_the_older_poetry_lock_is_followed_from_the_project() -> None:
    found = read_lock(POETRY_1, "poetry.lock", Groups(), POETRY_PROJECT)

    assert pins(found) == {"requests": "==2.31.0", "idna": "==3.6", "pysocks": "==1.7.1", "numpy": "==2.1.0"}


def test_a_group_of_the_older_poetry_lock() -> None:
    found = read_lock(POETRY_1, "poetry.lock", Groups(main=False, every_group=True), POETRY_PROJECT)

    assert pins(found) == {"black": "==24.1.0"}


def test_the_older_poetry_lock_alone_does_not_tell_what_is_installed() -> None:
    assert "pyproject.toml" in read_lock(POETRY_1, "poetry.lock", Groups()).problem


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param(
            Groups(), {"requests": "==2.31.0", "tomli": '==2.0.1;python_version < "3.11"'}, id="main"
        ),
        pytest.param(
            Groups(main=False, every_group=True),
            {"black": "==24.1.0", "tomli": '==2.0.1;python_version < "3.12"'},
            id="dev",
        ),
        pytest.param(
            Groups(extras=("cache",)),
            {"requests": "==2.31.0", "tomli": '==2.0.1;python_version < "3.11"', "redis": "==5.0.1"},
            id="an-extra",
        ),
    ],
)
def test_the_newer_poetry_lock_names_groups(groups: Groups, expected: dict[str, str]) -> None:
    found = pins(read_lock(POETRY_2, "poetry.lock", groups))

    assert {name: text.replace("(", "").replace(")", "") for name, text in found.items()} == expected


def test_pipenv_installs_default_and_with_dev_develop() -> None:
    default = read_lock(PIPFILE, "Pipfile.lock", Groups())

    assert pins(default) == {
        "flask": "==3.1.0;python_version >= '3.9'",
        "tool": "git+https://git.example/tool@0123456",
    }
    assert default.requirements[0].requirement.hashes == ("sha256:01", "sha256:02")
    assert "pytest" in pins(read_lock(PIPFILE, "Pipfile.lock", Groups(named=("dev",))))


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        pytest.param("", "uv.lock", "uv.lock is empty", id="empty"),
        pytest.param("[[", "uv.lock", "uv.lock is not TOML", id="no-toml"),
        pytest.param("version = 1\n", "uv.lock", "which of its packages is the project", id="no-root"),
        pytest.param("[]", "Pipfile.lock", "no JSON object", id="no-object"),
        pytest.param("[" * 100_000, "Pipfile.lock", "no JSON object", id="deep"),
    ],
)
def test_what_is_no_lock_says_so(text: str, path: str, problem: str) -> None:
    assert problem in read_lock(text, path, Groups()).problem


def test_packages_that_need_each_other_come_to_an_end() -> None:
    text = UV.replace(
        'dependencies = [{ name = "colorama", marker = "platform_system == \'Windows\'" }]',
        'dependencies = [{ name = "flask", marker = "python_version > \'3\'" }, { name = "click", extra = ["shell"] }]',
    )

    assert "flask" in pins(read_lock(text, "uv.lock", Groups()))
