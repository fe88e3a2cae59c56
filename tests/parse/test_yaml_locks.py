"""Locks in YAML: what they pin, and what is none."""

from __future__ import annotations

import pytest

from dock2nix.parse.yaml_locks import YamlEntry, YamlLock, read_berry_lock, read_pnpm_lock

HASH = f"sha512-{'A' * 86}=="
PNPM = f"""
lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a:
        specifier: ^1.0.0
        version: 1.2.0(b@2.0.0)
    devDependencies:
      '@s/c': {{specifier: 3.x, version: 3.0.0}}
packages:
  a@1.2.0: {{resolution: {{integrity: {HASH}}}}}
  '@s/c@3.0.0(a@1.2.0)': {{resolution: {{integrity: {HASH}}}}}
"""
OLD = f"""
lockfileVersion: '6.0'
dependencies:
  a: {{specifier: ^1.0.0, version: 1.2.0}}
packages:
  /a@1.2.0: {{resolution: {{integrity: {HASH}}}}}
"""
BERRY = """
__metadata:
  version: 8
"a@npm:^1.0.0, a@npm:^1.2.0":
  version: 1.2.0
  resolution: "a@npm:1.2.0"
  checksum: 10c0/00
"@s/c@npm:3.x":
  version: 3.0.0
  resolution: "@s/c@npm:3.0.0"
"t@patch:t@npm%3A^5#optional!builtin<compat/typescript>":
  version: 5.0.0
  resolution: "t@patch:t@npm%3A5.0.0#optional!builtin<compat/typescript>::version=5.0.0&hash=1"
  checksum: 10c0/01
"own@workspace:.":
  version: 0.0.0-use.local
  resolution: "own@workspace:."
"""


def test_a_lock_of_pnpm() -> None:
    assert read_pnpm_lock(PNPM) == YamlLock(
        version=9,
        direct=(("a", "^1.0.0", "1.2.0"), ("@s/c", "3.x", "3.0.0")),
        entries=(
            YamlEntry(name="a", version="1.2.0", hash=HASH),
            YamlEntry(name="@s/c", version="3.0.0", hash=HASH),
        ),
    )


def test_a_lock_of_an_older_pnpm() -> None:
    assert read_pnpm_lock(OLD) == YamlLock(
        version=6,
        direct=(("a", "^1.0.0", "1.2.0"),),
        entries=(YamlEntry(name="a", version="1.2.0", hash=HASH),),
    )


def test_what_is_not_from_the_registry_is_told() -> None:
    text = "lockfileVersion: '9.0'\npackages:\n  a@https://h.example/a: {resolution: {tarball: https://h.example/a}}\n"
    found = read_pnpm_lock(text)
    assert found is not None
    assert [entry.origin for entry in found.entries] == ["https://h.example/a"]


def test_other_projects_of_a_workspace_are_named() -> None:
    found = read_pnpm_lock("lockfileVersion: '9.0'\nimporters:\n  .: {}\n  packages/a: {}\n")
    assert found is not None
    assert found.folders == ("packages/a",)


def test_a_lock_of_yarn_4() -> None:
    found = read_berry_lock(BERRY)
    assert found is not None
    assert (found.version, found.folders, found.unchecked) == (8, (), ("@s/c",))
    assert found.direct[:3] == (("a", "^1.0.0", "1.2.0"), ("a", "^1.2.0", "1.2.0"), ("@s/c", "3.x", "3.0.0"))
    assert [(entry.name, entry.version, entry.origin) for entry in found.entries] == [
        ("a", "1.2.0", ""),
        ("@s/c", "3.0.0", ""),
        ("t", "5.0.0", ""),
    ]


@pytest.mark.parametrize(
    "reference",
    ["git@h.example:a.git#commit=1", "https://h.example/a.tgz", "patch:a@npm%3A1#~/.yarn/patches/a"],
)
def test_what_yarn_has_from_elsewhere_is_told(reference: str) -> None:
    text = f'__metadata:\n  version: 8\n"a@x":\n  version: 1.0.0\n  resolution: "a@{reference}"\n'
    found = read_berry_lock(text)
    assert found is not None
    assert [entry.origin for entry in found.entries] == [f"a@{reference}"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "lockfileVersion: 5.4\n",
        "lockfileVersion: [9]\n",
        "a: &a [*a]\n",
        "{" * 3000,
        "2001-99-99: 1\nb: 2001-99-99\n",
        "\x00",
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_what_is_no_lock(text: str) -> None:
    assert read_pnpm_lock(text) is None
    assert read_berry_lock(text) is None
