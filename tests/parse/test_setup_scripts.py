"""Requirements that a setup.py lists, read from its syntax tree."""

from __future__ import annotations

import pytest

from dock2nix.parse.setup_scripts import literal_requirements

HEAD = "from setuptools import setup\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("setup(name='a', version='1')", ((), {}), id="none listed"),
        pytest.param("setup(install_requires=['b>=1', \"c\"])", (("b>=1", "c"), {}), id="list in the call"),
        pytest.param("setup(install_requires=('b',))", (("b",), {}), id="tuple"),
        pytest.param("setup(install_requires='''\nb\n c>1\n''')", (("b", "c>1"), {}), id="lines of a text"),
        pytest.param("needs = ['b']\nsetup(install_requires=needs)", (("b",), {}), id="variable"),
        pytest.param(
            "setup(extras_require={'x': ['b'], 'y:os_name==\"nt\"': 'c'})",
            ((), {"x": ("b",), 'y:os_name=="nt"': ("c",)}),
            id="extras",
        ),
        pytest.param("import setuptools\nsetuptools.setup(name='a')", ((), {}), id="by module"),
        pytest.param("if __name__ == '__main__':\n    setup(name='a')", ((), {}), id="main guard"),
        pytest.param(
            "setup(version=open('VERSION').read(), packages=find_packages())",
            ((), {}),
            id="other things computed",
        ),
    ],
)
def test_what_is_written_down_is_read(text: str, expected: object) -> None:
    assert literal_requirements(HEAD + text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("setup(install_requires=read('requirements.txt'))", id="function"),
        pytest.param("setup(install_requires=['b'] + more)", id="sum"),
        pytest.param("setup(install_requires=['b', name])", id="item computed"),
        pytest.param(
            "needs = ['b']\nneeds.append('c')\nsetup(install_requires=needs)", id="variable changed"
        ),
        pytest.param("needs = ['b']\nneeds += ['c']\nsetup(install_requires=needs)", id="variable added to"),
        pytest.param(
            "needs = []\nif x:\n    needs = ['b']\nsetup(install_requires=needs)", id="two assignments"
        ),
        pytest.param(
            "if x:\n    needs = ['b']\nsetup(install_requires=needs)", id="assigned under a condition"
        ),
        pytest.param("setup(**settings)", id="all arguments computed"),
        pytest.param("setup('a')", id="argument without name"),
        pytest.param("setup(setup_requires=['pbr'], pbr=True)", id="a plug-in's argument"),
        pytest.param("setup(name='a')\nsetup(name='b')", id="two calls"),
        pytest.param("def setup(**words): pass\nsetup(name='a')", id="setup of its own"),
        pytest.param("setup = wrapped(setup)\nsetup(name='a')", id="setup replaced"),
        pytest.param("exec(open('real.py').read())\nsetup(name='a')", id="another file run"),
        pytest.param("setup(extras_require={key: ['b']})", id="extra's name computed"),
        pytest.param("setup(extras_require=dict(x=['b']))", id="extras computed"),
        pytest.param("", id="no call"),
        pytest.param("print 'hello'", id="not Python 3"),
        pytest.param("setup(name='a\0')", id="null byte"),
        pytest.param("x = " + "(" * 5000, id="nested deeply"),
        pytest.param("x = " + "-" * 100_000 + "1", id="many signs"),
    ],
)
def test_what_is_computed_is_not_guessed(text: str) -> None:
    assert literal_requirements(HEAD + text) is None


@pytest.mark.filterwarnings("error")
def test_a_doubtful_escape_is_no_warning_of_ours() -> None:
    assert literal_requirements(HEAD + "setup(name='a', description='\\d')") == ((), {})
