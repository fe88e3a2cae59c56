"""pip: command lines, requirements files, projects, and the interpreter's package set."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers import pip
from dock2nix.managers.base import Setting
from dock2nix.model.packages import (
    Action,
    AttributePath,
    InstallStep,
    NixpkgsPackage,
    NotNeeded,
    Origin,
    Requirement,
    Unresolved,
)
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place, row


def parse(
    command: str,
    files: dict[str, str] | None = None,
    *,
    directory: str | None = "/app",
    environment: dict[str, str | None] | None = None,
) -> InstallStep:
    run = invocation(command, directory=directory, environment=environment)
    step = pip.parse_install(run, place(), FakeFiles(files))
    assert step is not None
    return step


def shown(step: InstallStep) -> list[Any]:
    return [
        found.name
        + (f"[{','.join(found.extras)}]" if found.extras else "")
        + found.specifier
        + (f" @ {found.url}" if found.url else "")
        + (f" ; {found.marker}" if found.marker else "")
        for found in step.requirements
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("pip install flask requests", ["flask", "requests"], id="plain"),
        pytest.param("pip3.11 install --no-cache-dir -U pip", ["pip"], id="switches"),
        pytest.param(
            "python3 -m pip --disable-pip-version-check install flask",
            ["flask"],
            id="module-and-global-option",
        ),
        pytest.param(
            "pip install 'flask>=2,<3' uvicorn==0.30.*", ["flask>=2,<3", "uvicorn==0.30.*"], id="specifiers"
        ),
        pytest.param("pip install 'Flask_SQLAlchemy ~= 3.1'", ["flask-sqlalchemy~=3.1"], id="normalized"),
        pytest.param(
            "pip install 'uvicorn[standard,http2]==0.30'", ["uvicorn[http2,standard]==0.30"], id="extras"
        ),
        pytest.param(
            "pip install 'x; python_version < \"3.8\"'", ['x ; python_version < "3.8"'], id="marker"
        ),
        pytest.param(
            "pip install --index-url https://h/s -i https://h/s flask", ["flask"], id="index-is-no-package"
        ),
        pytest.param(
            "pip install --target /opt/x --prefix=/install --root / -t /y flask", ["flask"], id="folders"
        ),
        pytest.param("pip install --platform linux --only-binary :all: flask", ["flask"], id="platform"),
        pytest.param("pip install -Ut /opt/x flask", ["flask"], id="cluster"),
        pytest.param("pip install --global-option build_ext -C a=b flask", ["flask"], id="build-options"),
        pytest.param(
            "pip install git+https://h/a/b.git@v1#egg=name",
            ["name @ git+https://h/a/b.git@v1#egg=name"],
            id="git",
        ),
        pytest.param(
            "pip install 'name @ https://h/x.whl'", ["name @ https://h/x.whl"], id="address-of-a-name"
        ),
        pytest.param(
            "pip install https://h/a_b-1.0-py3-none-any.whl",
            ["a-b==1.0 @ https://h/a_b-1.0-py3-none-any.whl"],
            id="wheel",
        ),
        pytest.param("pip install /dist/a-1.2.tar.gz", ["a==1.2 @ /dist/a-1.2.tar.gz"], id="sdist"),
        pytest.param("pip install /wheels/*", [" @ /wheels/*"], id="pattern-of-files"),
        pytest.param("pip install https://u:p@h/x.zip", [" @ https://h/x.zip"], id="password-left-out"),
        pytest.param("python -m ensurepip --upgrade", ["pip"], id="ensurepip"),
        pytest.param("easy_install pip", ["pip"], id="easy-install"),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert shown(step) == expected
    assert step.unknown == ()


def test_removal() -> None:
    step = parse("pip uninstall -y Flask_Cors wheel")
    assert step.action is Action.REMOVE
    assert shown(step) == ["flask-cors", "wheel"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("pip --version", Action.NOTHING, id="version"),
        pytest.param("pip list", Action.NOTHING, id="list"),
        pytest.param("pip cache purge", Action.NOTHING, id="cache"),
        pytest.param("pip config set global.timeout 60", Action.NOTHING, id="config"),
        pytest.param("pip install --dry-run flask", Action.NOTHING, id="dry-run"),
        pytest.param("pip wheel -w /wheels -r requirements.txt", Action.OTHER, id="wheel"),
        pytest.param("pip download flask", Action.OTHER, id="download"),
        pytest.param("pip install", Action.OTHER, id="no-names"),
        pytest.param("pip frobnicate", Action.OTHER, id="unknown-verb"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param("$PACKAGE", "is not set", id="unknown-value"),
        pytest.param("-e $PATH_TO_IT", "is not set", id="unknown-folder"),
        pytest.param("-r $FILE", "is not set", id="unknown-file"),
        pytest.param("'a b'", "no requirement", id="two-names"),
        pytest.param("a=1", "no requirement", id="one-equals-sign"),
        pytest.param("''", "is empty", id="empty"),
    ],
)
def test_words_that_are_no_requirement(word: str, reason: str) -> None:
    step = parse(f"pip install flask {word}")
    assert shown(step) == ["flask"]
    assert [reason in unknown.reason for unknown in step.unknown] == [True]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        pytest.param("pip install --extra-index-url https://h/s x", ["D2N503"], id="extra-index"),
        pytest.param("pip install -i https://h/s x", ["D2N503"], id="index"),
        pytest.param("pip install --trusted-host h x", ["D2N503"], id="trusted-host"),
        pytest.param("pip install -f https://h/links.html x", ["D2N503"], id="links-of-another-server"),
        pytest.param("pip install --find-links=/wheels x", [], id="links-in-a-folder"),
        pytest.param("pip config set global.index-url https://h/s", ["D2N503"], id="configured-index"),
        pytest.param("pip install x", [], id="plain"),
    ],
)
def test_risks_are_reported(command: str, codes: list[str]) -> None:
    assert [problem[0] for problem in parse(command).problems] == codes


def test_an_index_in_the_environment_is_reported_without_its_password() -> None:
    step = parse("pip install x", environment={"PIP_EXTRA_INDEX_URL": "https://u:p@h/s"})
    assert [problem[:2] for problem in step.problems] == [
        ("D2N503", "PIP_EXTRA_INDEX_URL=https://h/s: packages may come from another index")
    ]


# --- files -------------------------------------------------------------------------------------------------------------------


def test_a_requirements_file_is_read_and_each_line_keeps_its_place() -> None:
    files = {"/app/requirements.txt": "flask==3.0\n\n# comment\nrequests>=2 # why\n"}
    step = parse("pip install -r requirements.txt", files)
    assert [(found.name, found.specifier, found.origin) for found in step.requirements] == [
        ("flask", "==3.0", "requirements.txt:1"),
        ("requests", ">=2", "requirements.txt:4"),
    ]
    assert {found.location for found in step.requirements} == {place(1, 16, 16)}
    assert [(use.path, use.role) for use in step.manifests] == [("requirements.txt", "requirements")]


def test_constraints_bind_what_is_asked_for() -> None:
    files = {"/app/c.txt": "flask<4\nunused==1\n", "/app/r.txt": "flask>=2\n"}
    step = parse("pip install -c c.txt -r r.txt jinja2", files)
    assert shown(step) == ["flask>=2,<4", "jinja2"]
    assert [(use.path, use.role) for use in step.manifests] == [
        ("c.txt", "constraints"),
        ("r.txt", "requirements"),
    ]


@pytest.mark.parametrize(
    ("command", "directory"),
    [
        pytest.param("pip install -r missing.txt", "/app", id="not-there"),
        pytest.param("pip install -r https://h/requirements.txt", "/app", id="downloaded"),
        pytest.param("pip install -r requirements.txt", None, id="directory-not-known"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(command: str, directory: str | None) -> None:
    step = parse(command, {"/app/requirements.txt": "flask"}, directory=directory)
    assert [problem[0] for problem in step.problems] == ["D2N207"]
    assert step.action is Action.INSTALL
    assert len(step.manifests) == 1


def test_lines_that_are_no_requirement_and_options_are_reported() -> None:
    files = {"/app/r.txt": "--extra-index-url https://u:p@h/s\nflask\n!!!\n"}
    step = parse("pip install -r r.txt", files)
    assert shown(step) == ["flask"]
    assert [(word.text, word.reason) for word in step.unknown] == [
        ("!!!", "r.txt:3 is no requirement as PEP 508 defines it")
    ]
    assert (
        step.problems[0][1] == "--extra-index-url https://h/s (r.txt:1): packages may come from another index"
    )


def test_a_project_is_followed_to_its_dependencies() -> None:
    files = {
        "/app/pyproject.toml": '[project]\nname = "My_App"\ndependencies = [\n  "flask>=2",\n]\n'
        '[project.optional-dependencies]\nweb = ["gunicorn"]\nother = ["x"]\n'
    }
    step = parse("pip install -e '.[web]'", files)
    assert shown(step) == ["my-app[web] @ .", "flask>=2", "gunicorn"]
    assert [found.origin for found in step.requirements] == ["", "pyproject.toml:4", "pyproject.toml:7"]
    assert [(use.path, use.role) for use in step.manifests] == [("pyproject.toml", "read")]


def test_a_project_without_metadata_is_still_asked_for() -> None:
    assert shown(parse("pip install ./lib")) == [" @ ./lib"]


# --- resolution --------------------------------------------------------------------------------------------------------------

SET = (attribute("python313Packages.requests", "2.32"), attribute("python313Packages.setuptools"))
PROVIDERS = {("python", "requests"): ("python313Packages.requests",)}


def resolve(
    name: str, catalogue: FakeCatalogue, *, interpreter: str = "python313", channel: str = "", **fields: Any
) -> tuple[Any, ...]:
    requirement = Requirement(manager="pip", name=name, location=place(), **fields)
    attribute_path = AttributePath(interpreter) if interpreter else None
    setting = Setting(interpreter=attribute_path, language="python", channel=channel)
    return pip.resolve(requirement, catalogue, setting)


@pytest.mark.parametrize(
    ("interpreter", "path", "note"),
    [
        pytest.param("python313", "python313Packages.requests", False, id="the-indexed-set"),
        pytest.param("python312", "python312Packages.requests", True, id="another-set"),
        pytest.param("pypy310", "pypy310Packages.requests", True, id="pypy"),
        pytest.param("", "python3Packages.requests", False, id="no-interpreter"),
        pytest.param("nodejs_22", "python3Packages.requests", False, id="another-language"),
    ],
)
def test_a_distribution_is_taken_from_the_set_of_the_stage(interpreter: str, path: str, note: bool) -> None:
    (found,) = resolve("requests", FakeCatalogue(SET, providers=PROVIDERS), interpreter=interpreter)
    assert isinstance(found, NixpkgsPackage)
    assert (found.attribute_path, found.version, found.origin) == (path, "2.32", Origin.PROVIDER)
    assert ("is not indexed" in found.evidence) is note


def test_a_set_that_is_indexed_must_have_the_distribution() -> None:
    catalogue = FakeCatalogue((*SET, attribute("python314Packages.setuptools")), providers=PROVIDERS)
    (found,) = resolve("requests", catalogue, interpreter="python314")
    assert isinstance(found, Unresolved)
    assert found.candidates == ("python313Packages.requests",)


def test_an_old_channel_hides_the_version() -> None:
    (found,) = resolve(
        "requests", FakeCatalogue(SET, providers=PROVIDERS), interpreter="python38", channel="nixos-23.11"
    )
    assert (found.attribute_path, found.version) == ("python38Packages.requests", "")
    assert "nixos-23.11" in found.evidence


def test_a_curated_row_names_the_set_of_the_stage() -> None:
    catalogue = FakeCatalogue(
        curated={"pip": (row("pillow", "python3Packages.pillow"), row("awscli", "awscli"))}
    )
    assert (
        resolve("pillow", catalogue, interpreter="python312")[0].attribute_path == "python312Packages.pillow"
    )
    assert resolve("awscli", catalogue, interpreter="python312")[0].attribute_path == "awscli"


def test_extras_bring_their_rows_or_a_remark() -> None:
    curated = {"pip": (row("requests[socks]", "python3Packages.pysocks"),)}
    catalogue = FakeCatalogue(SET, providers=PROVIDERS, curated=curated)
    first, second = resolve("requests", catalogue, extras=("security", "socks"))
    assert second.attribute_path == "python313Packages.pysocks"
    assert second.part
    assert not first.part
    assert first.caveat == "what the extra security asks for is not known: it is not in the image"


def test_several_extras_without_a_row_are_named_together() -> None:
    (found,) = resolve("requests", FakeCatalogue(SET, providers=PROVIDERS), extras=("a", "b"))
    assert found.caveat == "what the extras a, b ask for is not known: it is not in the image"


def test_a_package_without_extras_lacks_nothing() -> None:
    (found,) = resolve("requests", FakeCatalogue(SET, providers=PROVIDERS))
    assert found.caveat == ""


def test_a_row_in_another_set_has_the_version_of_the_indexed_one() -> None:
    catalogue = FakeCatalogue(
        (attribute("python3Packages.psycopg2", "2.9"),),
        curated={"pip": (row("psycopg2-binary", "python3Packages.psycopg2"),)},
    )
    (found,) = resolve("psycopg2-binary", catalogue, interpreter="python311")
    assert (found.attribute_path, found.version) == ("python311Packages.psycopg2", "2.9")


@pytest.mark.parametrize("interpreter", ["python27", "pypy27"])
def test_nothing_is_known_of_distributions_for_python_2(interpreter: str) -> None:
    catalogue = FakeCatalogue(
        SET, providers=PROVIDERS, curated={"pip": (row("enum34", not_needed=True, reason="part of Python"),)}
    )
    for name in ("requests", "enum34"):
        (found,) = resolve(name, catalogue, interpreter=interpreter, channel="nixos-23.11")
        assert isinstance(found, Unresolved)
        assert f"{interpreter}Packages of nixos-23.11" in found.reason


def test_pip_itself_means_nothing_for_python_2_either() -> None:
    catalogue = FakeCatalogue(curated={"pip": (row("pip", not_needed=True, reason="Nix installs"),)})
    (found,) = resolve("pip", catalogue, interpreter="python27")
    assert isinstance(found, NotNeeded)


def test_what_comes_from_an_old_channel_names_its_input() -> None:
    curated = {"pip": (row("awscli", "awscli"), row("bs4", "python3Packages.beautifulsoup4"))}
    catalogue = FakeCatalogue((*SET, attribute("awscli", "2")), providers=PROVIDERS, curated=curated)
    for name, source, version in (
        ("requests", "nixos-23_11", ""),
        ("bs4", "nixos-23_11", ""),
        ("awscli", "", "2"),
    ):
        (found,) = resolve(name, catalogue, interpreter="python38", channel="nixos-23.11")
        assert (found.source, found.version) == (source, version)


def test_an_application_stays_outside_of_the_set() -> None:
    catalogue = FakeCatalogue((attribute("poetry", "2.0"),), providers={("python", "poetry"): ("poetry",)})
    (found,) = resolve("poetry", catalogue)
    assert (found.attribute_path, found.origin) == ("poetry", Origin.PROVIDER)


@pytest.mark.parametrize(
    ("marker", "kind"),
    [
        pytest.param('python_version < "3.8"', NotNeeded, id="older-python"),
        pytest.param('sys_platform == "win32"', NotNeeded, id="another-system"),
        pytest.param('extra == "test"', NotNeeded, id="an-extra"),
        pytest.param('python_version >= "3.8"', NixpkgsPackage, id="holds"),
        pytest.param('platform_machine == "x86_64"', NixpkgsPackage, id="machine"),
        pytest.param('python_full_version < "3.13.5"', NixpkgsPackage, id="cannot-be-told"),
    ],
)
def test_a_marker_decides(marker: str, kind: Any) -> None:
    (found,) = resolve("requests", FakeCatalogue(SET, providers=PROVIDERS), marker=marker)
    assert isinstance(found, kind)


def test_a_marker_is_compared_with_the_version_of_the_index() -> None:
    catalogue = FakeCatalogue((*SET, attribute("python313", "3.13.12")), providers=PROVIDERS)
    (found,) = resolve("requests", catalogue, marker='python_full_version < "3.13.5"')
    assert isinstance(found, NotNeeded)
    assert "Python 3.13.12" in found.reason


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        pytest.param("git+https://h/requests", "fetched without a hash", id="git"),
        pytest.param(".", "no pyproject.toml, setup.cfg or setup.py of it", id="folder"),
        pytest.param("./requests-1-py3-none-any.whl", "an archive", id="archive"),
    ],
)
def test_a_direct_reference_is_never_exchanged(url: str, reason: str) -> None:
    (found,) = resolve("requests", FakeCatalogue(SET, providers=PROVIDERS), url=url)
    assert isinstance(found, Unresolved)
    assert reason in found.reason
    assert found.candidates == ("python313Packages.requests",)


def test_an_unknown_distribution_has_neighbours() -> None:
    (found,) = resolve("reqests", FakeCatalogue(SET, similar={"reqests": ("python313Packages.requests",)}))
    assert isinstance(found, Unresolved)
    assert found.candidates == ("python313Packages.requests",)


def test_an_extra_may_stand_for_further_extras() -> None:
    files = {
        "/app/pyproject.toml": '[project]\nname = "app"\n[project.optional-dependencies]\n'
        'all = ["app[web]", "app[all]", "c"]\nweb = ["b"]\nother = ["x"]\n'
    }
    assert shown(parse("pip install '.[all]'", files)) == ["app[all] @ .", "c", "b"]


def test_a_project_in_a_requirements_file_is_relative_to_the_working_directory() -> None:
    files = {
        "/app/deps/r.txt": "-e ./lib\n",
        "/app/lib/setup.cfg": "[metadata]\nname = lib\n[options]\ninstall_requires = a\n",
    }
    step = parse("pip install -r deps/r.txt", files)
    assert [(found.name, found.origin) for found in step.requirements] == [
        ("lib", "deps/r.txt:1"),
        ("a", "lib/setup.cfg:4"),
    ]


def test_constraints_and_hashes_are_kept_for_a_lock() -> None:
    files = {"/app/r.txt": "flask==3 --hash=sha256:00\n-c c.txt\n", "/app/c.txt": "jinja2<4\nflask<9\n"}
    step = parse("pip install -r r.txt", files)
    assert [(found.name, found.hashes) for found in step.requirements] == [("flask", ("sha256:00",))]
    assert [(found.name, found.specifier) for found in step.constraints] == [
        ("jinja2", "<4"),
        ("flask", "<9"),
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("pip install a", (), id="none"),
        pytest.param("pip install -i https://i.test/s a", ("https://i.test/s",), id="short"),
        pytest.param("pip install --extra-index-url=https://i.test/s a", ("https://i.test/s",), id="further"),
        pytest.param(
            "pip install --index-url https://me:pw@i.test/s a", ("https://i.test/s",), id="password"
        ),
        pytest.param("pip install -i $INDEX a", ("-i $INDEX",), id="not-known"),
        pytest.param("pip install -f https://i.test/l a", ("https://i.test/l",), id="links"),
        pytest.param("pip install -f /wheels a", (), id="folder-of-wheels"),
        pytest.param("pip install --trusted-host i.test a", (), id="host-only"),
        pytest.param("pip install -r r.txt", ("https://r.test/s",), id="in-a-file"),
    ],
)
def test_indexes_that_are_named(command: str, expected: tuple[str, ...]) -> None:
    assert parse(command, {"/app/r.txt": "-i https://r.test/s\na\n"}).indexes == expected


def test_indexes_that_the_environment_names() -> None:
    environment: dict[str, str | None] = {
        "PIP_INDEX_URL": "https://me:pw@i.test/s",
        "UV_INDEX": "https://a.test/s https://b.test/s",
        "PIP_TRUSTED_HOST": "i.test",
    }
    step = parse("pip install a", environment=environment)
    assert step.indexes == ("https://i.test/s", "https://a.test/s", "https://b.test/s")
