"""When the Python environment is locked, what is asked of the locker, and what becomes of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.locking.base import LinkedLibraries, LockRefused, LockRequest, LockUnavailableError
from dock2nix.pipeline import Options, Source, convert
from dock2nix.plan import ImageSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.locking.sdists import SourceMetadata
    from dock2nix.model.python_lock import LockedDistribution
    from dock2nix.pipeline import Conversion

X86, ARM = "x86_64-linux", "aarch64-linux"


def answer(**versions: str) -> str:
    """A lock file of uv's; a version may have the tag of its wheel behind a space."""
    rows = []
    for name, text in versions.items():
        version, _, tag = text.partition(" ")
        file = f"{name.replace('-', '_')}-{version}-{tag or 'py3-none-any'}.whl"
        wheel = f'{{ url = "https://files.test/{file}", size = 5, hashes = {{ sha256 = "{"a" * 64}" }} }}'
        rows.append(f'[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{wheel}]\n')
    return 'lock-version = "1.0"\n' + "\n".join(rows)


class FakeLocker:
    """Answers what a test says, by system, and keeps what it was asked."""

    def __init__(
        self, answers: Mapping[str, str | LockRefused] | str | Exception, **linked: LinkedLibraries
    ) -> None:
        self.answers = answers
        self.linked = linked
        self.asked: list[tuple[LockRequest, tuple[str, ...]]] = []

    def resolve(
        self,
        request: LockRequest,
        systems: tuple[str, ...],
        previous: str,
        sources: tuple[SourceMetadata, ...] = (),
    ) -> Mapping[str, str | LockRefused]:
        del previous, sources
        self.asked.append((request, systems))
        if isinstance(self.answers, Exception):
            raise self.answers
        if isinstance(self.answers, str):
            return dict.fromkeys(systems, self.answers)
        if len(self.asked) > 1:  # pinned to what the first system has
            return {system: self.answers.get(f"pinned {system}", LockRefused("no")) for system in systems}
        return {system: self.answers[system] for system in systems}

    def download(self, url: str, sha256: str) -> bytes:
        raise AssertionError(f"{url} {sha256}: no test has sources")

    def linked_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        del request, system
        names = {one.name for one in distributions}
        return {name: linked for name, linked in self.linked.items() if name in names}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def converted(text: str, locker: FakeLocker, python: str = "auto", platform: str = "") -> Conversion:
        source = Source(content=text.encode(), path="Dockerfile", file=None, context=tmp_path)
        settings = ImageSettings(name="app", platform=platform)
        options = Options(image=settings, python=python, platform=platform)
        return convert(source, options, LocalCatalogue(), lambda: locker)

    return converted


def outcomes(found: Conversion) -> dict[str, str]:
    return {one.requirement.name: str(one.outcome) for one in found.report.requirements}


def messages(found: Conversion, code: str) -> list[str]:
    return [one.message for one in found.report.findings if one.code == code]


FLASK = "FROM python:3.12-slim\nRUN pip install flask==1.0\n"


# --- whether -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("install", "locked"),
    [
        pytest.param("flask", False, id="any-version"),
        pytest.param("'flask>=2'", False, id="a-version-nixpkgs-has"),
        pytest.param("flask==1.0", True, id="a-version-nixpkgs-lacks"),
        pytest.param("flask d2n-nowhere", True, id="a-name-nixpkgs-lacks"),
        pytest.param("'flask[d2n-extra]'", True, id="an-extra-nobody-knows"),
        pytest.param("'uvicorn[standard]'", False, id="an-extra-with-a-row"),
        pytest.param("pip setuptools", False, id="nothing-to-install"),
        pytest.param("git+https://git.test/a.git", False, id="only-an-address"),
        pytest.param(
            "flask \"d2n-nowhere; sys_platform == 'win32'\"", False, id="a-marker-of-another-system"
        ),
    ],
)
def test_auto_locks_what_nixpkgs_does_not_fulfil(run: Any, install: str, locked: bool) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    run(f"FROM python:3.12-slim\nRUN pip install {install}\n", locker)
    assert bool(locker.asked) is locked


@pytest.mark.parametrize(("python", "locked"), [("auto", False), ("lock", True), ("nixpkgs", False)])
def test_the_user_decides(run: Any, python: str, locked: bool) -> None:
    locker = FakeLocker(answer(flask="3.0"))
    found = run("FROM python:3.12-slim\nRUN pip install flask\n", locker, python)
    assert outcomes(found) == {"flask": "locked" if locked else "nixpkgs"}


def test_packages_of_stages_that_the_image_does_not_have_are_not_locked(run: Any) -> None:
    locker = FakeLocker(answer())
    run(
        "FROM python:3.12 AS docs\nRUN pip install flask==1.0 && touch /x\nFROM debian\nCOPY --from=docs /x /x\n",
        locker,
    )
    assert locker.asked == []


def test_packages_that_are_copied_out_of_another_stage_are_locked(run: Any) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    text = (
        "FROM python:3.12 AS build\nRUN pip install flask==1.0\nFROM python:3.12-slim\n"
        "COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages\n"
    )
    assert outcomes(run(text, locker)) == {"flask": "locked"}


# --- what is asked -----------------------------------------------------------------------------------------------------------


def test_all_requirements_are_asked_for_at_once(run: Any) -> None:
    locker = FakeLocker(answer(flask="1.0", rich="1", idna="1"))
    run(
        "FROM python:3.12-slim\nRUN pip install flask==1.0\nRUN pip install rich 'idna; python_version>\"3\"'\n",
        locker,
    )
    request, systems = locker.asked[0]
    assert request.requirements == ("flask==1.0", 'idna; python_version > "3"', "rich")
    assert request.python.startswith("3.12.")
    assert systems == ("x86_64-linux",)


def test_other_systems_get_the_versions_of_the_first(run: Any) -> None:
    locker = FakeLocker(answer(flask="1.0", rich="2"))
    run("FROM python:3.12-slim\nRUN pip install flask==1.0\n", locker)
    (_, first), (pinned, others) = locker.asked
    assert (first, others) == (("x86_64-linux",), (ARM,))
    assert pinned.constraints == ("flask==1.0", "rich==2")


@pytest.mark.parametrize(
    ("base", "python", "glibc"),
    [
        pytest.param("python:3.13-slim", "3.13", "2_40", id="current"),
        pytest.param("python:3.8", "3.8.99", "2_28", id="old"),
        pytest.param("ubuntu:24.04\nRUN apt-get install -y python3-pip", "3.13", "2_40", id="from-apt"),
    ],
)
def test_the_interpreter_is_that_of_the_image(run: Any, base: str, python: str, glibc: str) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    run(f"FROM {base}\nRUN pip install flask==1.0\n", locker)
    request, _ = locker.asked[0]
    assert request.python.startswith(python)
    assert request.glibc == glibc


def test_one_platform_is_one_system(run: Any) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    found = run(FLASK, locker, platform="linux/arm64")
    assert locker.asked[0][1] == (ARM,)
    assert found.report.plan.systems == (ARM,)
    assert messages(found, "D2N233") == []


def test_prereleases_are_asked_for_as_pip_is(run: Any) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    run("FROM python:3.12-slim\nRUN pip install --pre flask==1.0\n", locker)
    assert locker.asked[0][0].prereleases


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("FROM pypy:3.11\nRUN pip install flask==1.0\n", "cannot resolve for pypy3", id="pypy"),
        pytest.param(
            "FROM python:2.7\nRUN pip install flask==1.0\n", "cannot resolve for python27", id="python-2"
        ),
    ],
)
def test_interpreters_that_uv_does_not_know_are_left_to_nixpkgs(run: Any, text: str, reason: str) -> None:
    locker = FakeLocker(answer(flask="1.0"))
    (message,) = messages(run(text, locker), "D2N231")
    assert reason in message
    assert locker.asked == []


# --- what is answered --------------------------------------------------------------------------------------------------------


def test_what_was_said_of_nixpkgs_is_withdrawn(run: Any) -> None:
    text = "FROM python:3.12-slim\nRUN pip install flask==1.0 d2n-nowhere\n"
    found = run(text, FakeLocker(answer(flask="1.0", **{"d2n-nowhere": "2"})))
    assert outcomes(found) == {"flask": "locked", "d2n-nowhere": "locked"}
    assert found.report.findings == ()


def test_what_a_marker_keeps_out_of_the_lock_is_not_needed(run: Any) -> None:
    text = "FROM python:3.12-slim\nRUN pip install flask==1.0 'rich; python_full_version<\"3.12.1\"'\n"
    assert outcomes(run(text, FakeLocker(answer(flask="1.0")))) == {"flask": "locked", "rich": "not-needed"}


def test_packages_of_apt_join_the_locked_environment(run: Any) -> None:
    text = "FROM ubuntu:24.04\nRUN apt-get install -y python3-pip python3-idna && pip install flask==1.0\n"
    found = run(text, FakeLocker(answer(flask="1.0")))
    assert "python.pkgs.idna # python3-idna" in found.files["nix/python.nix"]
    assert "withPackages" not in found.files["nix/packages.nix"]


def test_an_old_interpreter_and_its_libraries_come_from_one_release(run: Any) -> None:
    native = answer(flask="1.0 cp38-cp38-manylinux_2_17_x86_64")
    found = run("FROM python:3.8\nRUN pip install flask==1.0\n", FakeLocker(native), platform="linux/amd64")
    assert "(import ./python.nix { pkgs = nixos-23_11; })" in found.files["nix/packages.nix"]
    assert "python = pkgs.python38;" in found.files["nix/python.nix"]


def test_systems_that_differ_are_asked_again_with_the_versions_of_the_first(run: Any) -> None:
    locker = FakeLocker(
        {X86: answer(flask="1.0"), ARM: answer(flask="0.9"), f"pinned {ARM}": answer(flask="1.0")}
    )
    found = run(FLASK, locker)
    assert [(request.constraints, systems) for request, systems in locker.asked[1:]] == [
        (("flask==1.0",), (ARM,))
    ]
    assert set(found.report.plan.systems) == {X86, ARM}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(LockRefused("no wheels"), id="refused"),
        pytest.param(answer(flask="0.9"), id="other-versions-only"),
        pytest.param(answer(flask="1.0 cp312-cp312-manylinux_2_17_x86_64"), id="wheel-of-the-first"),
    ],
)
def test_a_system_that_has_no_lock_is_left_out(run: Any, other: str | LockRefused) -> None:
    found = run(FLASK, FakeLocker({X86: answer(flask="1.0"), ARM: other}))
    assert found.report.plan.systems == (X86,)
    assert "aarch64-linux" in messages(found, "D2N233")[0]


def test_a_first_system_without_a_lock_leaves_all_to_nixpkgs(run: Any) -> None:
    found = run(FLASK, FakeLocker({X86: LockRefused("too new"), ARM: answer(flask="1.0")}))
    assert outcomes(found) == {"flask": "nixpkgs"}
    assert "too new" in messages(found, "D2N231")[0]
    assert messages(found, "D2N202")


def test_a_refusal_is_an_error_when_a_lock_was_insisted_on(run: Any) -> None:
    found = run(FLASK, FakeLocker(dict.fromkeys((X86, ARM), LockRefused("too new"))), "lock")
    assert [(one.code, str(one.severity)) for one in found.report.findings if one.code == "D2N231"] == [
        ("D2N231", "error")
    ]


def test_no_locker_ends_the_run_only_when_a_lock_was_insisted_on(run: Any) -> None:
    locker = FakeLocker(LockUnavailableError("no network", "try again"))
    assert "no network" in messages(run(FLASK, locker), "D2N231")[0]
    with pytest.raises(LockUnavailableError, match="no network; try again"):
        run(FLASK, locker, "lock")


# --- libraries ---------------------------------------------------------------------------------------------------------------


def linked(*needed: str, brought: tuple[str, ...] = ()) -> LinkedLibraries:
    return LinkedLibraries(needed=frozenset(needed), brought=frozenset(brought))


def test_libraries_of_another_distribution_are_not_looked_for(run: Any) -> None:
    tag = "cp312-cp312-manylinux_2_17_x86_64"
    locker = FakeLocker(
        {X86: answer(flask=f"1.0 {tag}", torch=f"2 {tag}"), ARM: LockRefused("no")},
        flask=linked("libtorch.so", "libz.so.1", "libown.so", brought=("libown.so",)),
        torch=linked("libc.so.6", brought=("libtorch.so",)),
    )
    found = run(FLASK, locker)
    text = found.files["nix/python.nix"]
    assert 'flask = [ "libtorch.so" ];' in text
    assert "flask = [ pkgs.zlib ];" in text
    assert messages(found, "D2N232") == []


def test_wheels_that_were_not_looked_into_are_told(run: Any) -> None:
    tag = "cp312-cp312-manylinux_2_17_x86_64"
    found = run(FLASK, FakeLocker({X86: answer(flask=f"1.0 {tag}"), ARM: LockRefused("no")}))
    assert "flask" in messages(found, "D2N232")[0]
    assert 'flask = [ "*" ];' in found.files["nix/python.nix"]
