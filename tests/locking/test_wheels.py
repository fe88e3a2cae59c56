"""The wheel that pip would choose."""

from __future__ import annotations

import pytest

from dock2nix.locking.base import LockRequest
from dock2nix.locking.wheels import best_wheel

X86, ARM = "x86_64-linux", "aarch64-linux"


def request(python: str = "3.12.13", glibc: str = "2_40") -> LockRequest:
    return LockRequest(python=python, glibc=glibc, systems=(X86, ARM), requirements=())


def best(*tags: str, system: str = X86, python: str = "3.12.13", glibc: str = "2_40") -> str | None:
    found = best_wheel([f"a-1-{tag}.whl" for tag in tags], request(python, glibc), system)
    return found and found.removeprefix("a-1-").removesuffix(".whl")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param(("py3-none-any",), "py3-none-any", id="pure"),
        pytest.param(("py2.py3-none-any",), "py2.py3-none-any", id="pure-for-both-pythons"),
        pytest.param(("py2-none-any",), None, id="python-2-only"),
        pytest.param(
            ("py3-none-any", "cp312-cp312-manylinux_2_17_x86_64"),
            "cp312-cp312-manylinux_2_17_x86_64",
            id="machine-code-before-pure",
        ),
        pytest.param(
            ("cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_28_x86_64"),
            "cp312-cp312-manylinux_2_28_x86_64",
            id="newer-c-library-first",
        ),
        pytest.param(
            ("cp312-cp312-manylinux_2_41_x86_64", "cp312-cp312-manylinux1_x86_64"),
            "cp312-cp312-manylinux1_x86_64",
            id="c-library-too-new",
        ),
        pytest.param(
            ("cp38-abi3-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
            "cp312-cp312-manylinux_2_17_x86_64",
            id="own-abi-before-stable-abi",
        ),
        pytest.param(
            ("cp38-abi3-manylinux_2_17_x86_64", "cp313-abi3-manylinux_2_17_x86_64"),
            "cp38-abi3-manylinux_2_17_x86_64",
            id="stable-abi-of-an-older-python",
        ),
        pytest.param(("cp313-cp313-manylinux_2_17_x86_64",), None, id="another-python"),
        pytest.param(("cp312-cp312t-manylinux_2_17_x86_64",), None, id="free-threaded"),
        pytest.param(
            ("cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-win_amd64"), None, id="another-system"
        ),
        pytest.param(("cp312-cp312-manylinux_2_17_i686",), None, id="another-processor"),
        pytest.param(("cp312-cp312-linux_x86_64",), "cp312-cp312-linux_x86_64", id="plain-linux"),
        pytest.param(("broken",), None, id="no-wheel-name"),
    ],
)
def test_best_wheel(tags: tuple[str, ...], expected: str | None) -> None:
    assert best(*tags) == expected
    assert best(*reversed(tags)) == expected


def test_each_system_has_its_own() -> None:
    tags = ("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_aarch64")
    assert best(*tags, system=ARM) == "cp312-cp312-manylinux_2_17_aarch64"


def test_manylinux1_was_never_for_arm() -> None:
    assert best("cp312-cp312-manylinux1_aarch64", system=ARM) is None
    assert best("cp312-cp312-manylinux2014_aarch64", system=ARM) == "cp312-cp312-manylinux2014_aarch64"


def test_old_pythons_have_an_m_in_their_abi() -> None:
    assert best("cp37-cp37m-manylinux1_x86_64", python="3.7.99") == "cp37-cp37m-manylinux1_x86_64"


def test_the_higher_build_number_wins() -> None:
    names = ["a-1-2-py3-none-any.whl", "a-1-10-py3-none-any.whl", "a-1-py3-none-any.whl"]
    assert best_wheel(names, request(), X86) == "a-1-10-py3-none-any.whl"
