"""Lock files: those of uv put together, ours written and read again."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from msgspec.structs import replace

from dock2nix.locking.base import LockRefused, LockRequest
from dock2nix.locking.pylock import merge, read_lock, versions_of, write_lock
from dock2nix.locking.sdists import SourceMetadata

X86, ARM = "x86_64-linux", "aarch64-linux"
REQUEST = LockRequest(python="3.12.13", glibc="2_40", systems=(ARM, X86), requirements=("a==1",))
A, B = "a" * 64, "b" * 64


def uv_lock(*packages: str) -> str:
    head = 'lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = ">=3.12.13"\n'
    return head + "".join(f"\n[[packages]]\n{package}\n" for package in packages)


def package(
    file: str = "a-1-py3-none-any.whl", sha: str = A, *, name: str = "a", url: str = "https://files.test/x/{}"
) -> str:
    wheel = f'{{ url = "{url.format(file)}", upload-time = 2024-11-08T17:25:46Z, size = 9, hashes = {{ sha256 = "{sha}" }} }}'
    return f'name = "{name}"\nversion = "1"\nwheels = [{wheel}]'


def both(**values: Any) -> dict[str, str]:
    return {X86: uv_lock(package(**values)), ARM: uv_lock(package(**values))}


def test_a_pure_wheel_is_for_both_systems() -> None:
    (found,) = merge(both(), REQUEST).distributions
    assert [(wheel.name, wheel.systems) for wheel in found.wheels] == [("a-1-py3-none-any.whl", (ARM, X86))]
    assert found.pure


def test_a_wheel_with_machine_code_is_for_one() -> None:
    texts = {
        X86: uv_lock(package("a-1-cp312-cp312-manylinux_2_17_x86_64.whl")),
        ARM: uv_lock(package("a-1-cp312-cp312-manylinux_2_17_aarch64.whl", B)),
    }
    (found,) = merge(texts, REQUEST).distributions
    assert [wheel.systems for wheel in found.wheels] == [(ARM,), (X86,)]
    assert not found.pure


def test_a_distribution_of_one_system_has_a_marker() -> None:
    lock = merge({X86: uv_lock(package()), ARM: uv_lock()}, REQUEST)
    (row,) = tomllib.loads(write_lock(lock))["packages"]
    assert row["marker"] == "sys_platform == 'linux' and platform_machine == 'x86_64'"
    assert read_lock(write_lock(lock)) == lock


def test_dates_are_left_out_for_nix() -> None:
    assert "2024" not in write_lock(merge(both(), REQUEST))


def test_names_in_addresses_are_unquoted() -> None:
    lock = merge(both(file="a-1%2Bcpu-py3-none-any.whl"), REQUEST)
    assert lock.distributions[0].wheels[0].name == "a-1+cpu-py3-none-any.whl"
    assert lock.distributions[0].wheels[0].url.endswith("/a-1%2Bcpu-py3-none-any.whl")


@pytest.mark.parametrize(
    "needs",
    [
        pytest.param(None, id="nobody-looked"),
        pytest.param((), id="none"),
        pytest.param(("libz.so.1",), id="some"),
    ],
)
def test_what_is_written_is_read_again(needs: tuple[str, ...] | None) -> None:
    lock = merge(both(), REQUEST)
    first = replace(lock.distributions[0], needs=needs, borrows=("libtorch.so",) if needs else ())
    lock = replace(lock, distributions=(first,))
    assert read_lock(write_lock(lock)) == lock


def test_an_empty_environment_is_a_lock_too() -> None:
    lock = merge({X86: uv_lock(), ARM: uv_lock()}, REQUEST)
    assert lock.distributions == ()
    assert read_lock(write_lock(lock)) == lock


def test_versions_are_read() -> None:
    assert versions_of(uv_lock(package())) == {"a": "1"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        pytest.param({"url": "https://me:secret@files.test/{}"}, "password", id="password"),
        pytest.param({"url": "https://token@files.test/{}"}, "password", id="user"),
        pytest.param({"url": "https://files.test/{}?sig=secret"}, "token", id="token"),
        pytest.param({"url": "file:///home/me/{}"}, "folder of this machine", id="folder"),
        pytest.param({"url": "https://files.test/${{builtins}}/{}", "sha": "x"}, "sha256", id="no-hash"),
        pytest.param({"file": "a!1-py3-none-any.whl"}, "file name", id="odd-file-name"),
        pytest.param({"file": "a-1-cp311-cp311-manylinux1_x86_64.whl"}, "no wheel fits", id="another-python"),
        pytest.param({"name": "A${x}"}, "no name and version", id="odd-name"),
    ],
)
def test_what_may_not_be_in_a_file_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(LockRefused, match=reason) as caught:
        merge({X86: uv_lock(package(**values))}, REQUEST)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(
            f'name = "a"\nversion = "1"\nsdist = {{ url = "https://files.test/a.tar.gz", hashes = {{ sha256 = "{A}" }} }}',
            id="sources-of-which-nothing-is-known",
        ),
        pytest.param('name = "a"\nversion = "1"\ndirectory = { path = "." }', id="folder"),
    ],
)
def test_a_distribution_without_wheels_is_refused(row: str) -> None:
    with pytest.raises(LockRefused, match="no wheel"):
        merge({X86: uv_lock(row)}, REQUEST)


def source_lock(sha: str = A) -> str:
    sdist = f'{{ url = "https://files.test/a-1.tar.gz", size = 7, hashes = {{ sha256 = "{sha}" }} }}'
    return uv_lock(f'name = "a"\nversion = "1"\nsdist = {sdist}')


KNOWN = SourceMetadata(
    name="a",
    version="1",
    build_requires=("Setuptools>=60", "tomli; python_version<'3.11'", "flit_core"),
    native=True,
)


def test_sources_are_kept_with_what_builds_them() -> None:
    lock = merge({X86: source_lock(), ARM: source_lock()}, REQUEST, (KNOWN,))
    (found,) = lock.distributions
    assert found.source is not None
    assert (found.source.name, found.source.builders, found.source.native) == (
        "a-1.tar.gz",
        ("setuptools", "flit-core"),
        True,
    )
    assert found.systems == (ARM, X86)
    assert read_lock(write_lock(lock)) == lock


def test_sources_of_which_another_version_was_read_are_refused() -> None:
    with pytest.raises(LockRefused, match="not known"):
        merge({X86: source_lock()}, REQUEST, (replace(KNOWN, version="2"),))


def test_sources_are_compared_with_hashes_that_are_asked_for() -> None:
    wanted = replace(REQUEST, hashes=(("a", (f"sha256:{A}",)),))
    assert merge({X86: source_lock()}, wanted, (KNOWN,)).distributions
    with pytest.raises(LockRefused, match="none of the hashes"):
        merge({X86: source_lock(B)}, wanted, (KNOWN,))


def test_only_files_with_a_hash_that_was_asked_for_are_taken() -> None:
    wanted = replace(REQUEST, hashes=(("a", (f"sha256:{A}", "md5:1")),))
    assert merge(both(), wanted).distributions
    with pytest.raises(LockRefused, match="one of the hashes"):
        merge(both(sha=B), wanted)


GOOD = write_lock(merge(both(), REQUEST))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("request = ", "other = ", id="not-ours"),
        pytest.param("https://", "file://", id="folder"),
        pytest.param("-any.whl", "-win_amd64.whl", id="for-no-system"),
        pytest.param('version = "1"', 'version = "1${x}"', id="odd-version"),
        pytest.param("wheels = [", "wheels = 1 #", id="no-list"),
        pytest.param("[[packages]]", "[[packages]]\ntool.dock2nix.needs = ['a b']", id="odd-library"),
    ],
)
def test_what_is_no_lock_of_ours_is_not_read(old: str, new: str) -> None:
    assert old in GOOD
    assert read_lock(GOOD.replace(old, new)) is None


@pytest.mark.parametrize("text", ["", "[", "packages = 1", "[" * 5000, "\0"])
def test_other_texts_are_not_read(text: str) -> None:
    assert read_lock(text) is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"python": "3.11.1"}, id="python"),
        pytest.param({"requirements": ("a==2",)}, id="requirements"),
        pytest.param({"constraints": ("b<1",)}, id="constraints"),
        pytest.param({"systems": (X86,)}, id="systems"),
        pytest.param({"hashes": (("a", ("sha256:0",)),)}, id="hashes"),
        pytest.param({"indexes": ("https://i.test",)}, id="indexes"),
        pytest.param({"prereleases": True}, id="prereleases"),
    ],
)
def test_another_request_has_another_digest(changed: dict[str, Any]) -> None:
    assert replace(REQUEST, **changed).digest != REQUEST.digest
