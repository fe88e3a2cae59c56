"""Hashes in Nix text: which there are, what they are of, and that nothing but them changes."""

from __future__ import annotations

import pytest

from dock2nix.verify.hashes import fill_in, hash_places, with_hashes

ONE = "sha256-" + "A" * 43 + "="
TWO = "sha256-" + "B" * 42 + "E="
STATE = "0123456789abcdef"
TEXT = f"""{{ pkgs }}:
let
  inherit (pkgs) lib;
  # hash = lib.fakeHash;
  source3 = pkgs.fetchFromGitHub {{
    owner = "o";
    repo = "r";
    rev = "v1";
    hash = lib.fakeHash;
  }};
  patched = pkgs.runCommandCC "é" {{
    src = pkgs.fetchurl {{ url = "https://host.example/x"; hash = "{ONE}"; }};
    other = pkgs.fetchurl {{ url = "https://host.example/${{y}}"; hash = ""; }};
  }} "hash = lib.fakeHash;";
in
pkgs.buildRustPackage {{
  cargoHash = file.hash;
  cargoLock = {{
    lockFile = ../Cargo.lock;
    outputHashes."tide-0.1.0" = lib.fakeHash;
  }}; # for {STATE}
  vendorHash = lib.fakeHash; # for {STATE}
  mvnHash = lib.fakeHash; # for nothing
}}
"""


def test_each_constant_hash_is_found_with_what_it_is_of() -> None:
    found = hash_places({"nix/x.nix": TEXT, "nix/y.nix": "{ hash = ", "z.md": TEXT})
    assert [(one.attribute, one.hash, one.function, one.of) for one in found] == [
        ("source3.hash", "", "fetchFromGitHub", ""),
        ("patched.src.hash", ONE, "fetchurl", ""),
        ("patched.other.hash", "", "fetchurl", ""),
        ('cargoLock.outputHashes."tide-0.1.0"', "", "buildRustPackage", STATE),
        ("vendorHash", "", "buildRustPackage", STATE),
        ("mvnHash", "", "buildRustPackage", ""),
    ]
    assert found[0].arguments == {"owner": "o", "repo": "r", "rev": "v1", "hash?": ""}
    assert "url?" in found[2].arguments
    assert [one.line for one in found] == [9, 12, 13, 20, 22, 23]


def test_nothing_but_the_hashes_changes() -> None:
    places = hash_places({"x.nix": TEXT})
    text = with_hashes(TEXT, [(places[4], TWO), (places[0], f"{ONE} {'c' * 40}"), (places[2], TWO)])
    assert text == (
        TEXT.replace("vendorHash = lib.fakeHash", f'vendorHash = "{TWO}"')
        .replace('rev = "v1";\n    hash = lib.fakeHash', f'rev = "{"c" * 40}";\n    hash = "{ONE}"')
        .replace('hash = ""', f'hash = "{TWO}"')
    )


@pytest.mark.parametrize(
    "new", ['"; evil = "', "sha256-", f'{ONE}"', "lib.fakeHash", f"{ONE} v1", f"{ONE} {'c' * 39}\n"]
)
def test_what_is_no_hash_is_never_written(new: str) -> None:
    with pytest.raises(ValueError, match="no hash"):
        with_hashes(TEXT, [(hash_places({"x.nix": TEXT})[0], new)])


@pytest.mark.parametrize(
    ("key", "filled"),
    [
        pytest.param(("x.nix", "vendorHash", STATE), True, id="known"),
        pytest.param(("x.nix", "vendorHash", "f" * 16), False, id="of other dependencies"),
        pytest.param(("y.nix", "vendorHash", STATE), False, id="of another file"),
        pytest.param(("x.nix", "patched.src.hash", ""), False, id="not missing"),
    ],
)
def test_a_known_hash_is_filled_in_where_it_is_of_the_same(
    key: tuple[str, str, str], *, filled: bool
) -> None:
    done = fill_in({"x.nix": TEXT, "z.md": "z"}, {key: TWO})
    assert (TWO in done["x.nix"]) == filled
    assert done["z.md"] == "z"
