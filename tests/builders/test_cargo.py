"""cargo build and cargo install: the crate, its features, where programs come to stand, and what is left alone."""

from __future__ import annotations

import pytest

from builders_lab import only, reason, work
from dock2nix.model.builds import CargoRecipe

CRATE = {
    "/src/Cargo.toml": '[package]\nname = "tide"\n',
    "/src/Cargo.lock": '[[package]]\nname = "tide"\nversion = "1.0.0"\n',
}


def locked(*packages: str) -> dict[str, str]:
    """The crate with further packages in its lock."""
    return CRATE | {
        "/src/Cargo.lock": CRATE["/src/Cargo.lock"] + "".join(f"\n[[package]]\n{one}\n" for one in packages)
    }


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param("cargo build --release --locked", {}, id="a release"),
        pytest.param("cargo build", {"debug": True}, id="not optimised"),
        pytest.param("cargo fetch\ncargo build -r", {}, id="what only downloads"),
        pytest.param("cargo build -r --features a,b", {"features": ("a", "b")}, id="features"),
        pytest.param(
            "cargo build -r --no-default-features", {"default_features": False}, id="without the usual ones"
        ),
        pytest.param("cargo build -r --bin tide", {"flags": ("--bin", "tide")}, id="one program"),
        pytest.param("cargo build -r -p tide", {"flags": ("--package", "tide")}, id="one crate"),
        pytest.param(
            "cargo build -r\ncargo build -r --features x", {"features": ("x",)}, id="the last of two builds"
        ),
        pytest.param("cargo install --path .", {}, id="installed"),
    ],
)
def test_built(text: str, changes: dict[str, object]) -> None:
    recipe = only(work(text, CRATE)).recipe
    assert isinstance(recipe, CargoRecipe)
    expected: dict[str, object] = {
        "lock": "src/Cargo.lock",
        "debug": False,
        "features": (),
        "default_features": True,
        "flags": (),
        **changes,
    }
    assert {name: getattr(recipe, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("cargo build --release", "/src/target/release", id="a release"),
        pytest.param("cargo build", "/src/target/debug", id="not optimised"),
        pytest.param(
            "cargo build -r --target x86_64-unknown-linux-musl",
            "/src/target/x86_64-unknown-linux-musl/release",
            id="for a named target",
        ),
        pytest.param("cargo install --path .", "/usr/local/cargo/bin", id="installed"),
        pytest.param("cargo install --path . --root /opt", "/opt/bin", id="installed elsewhere"),
    ],
)
def test_products(text: str, place: str) -> None:
    assert only(work(text, CRATE)).products == ((f"{place}/", "bin/"), (f"{place}/tide", "bin/tide"))


def test_libraries_that_crates_link_to() -> None:
    recipe = only(
        work("cargo build -r", locked('name = "openssl-sys"\nversion = "1"\nsource = "registry"'))
    ).recipe
    assert isinstance(recipe, CargoRecipe)
    assert recipe.libraries == ("openssl",)
    own = locked(
        'name = "openssl-sys"\nversion = "1"\nsource = "registry"',
        'name = "openssl-src"\nversion = "1"\nsource = "registry"',
    )
    bundled = only(work("cargo build -r", own)).recipe
    assert isinstance(bundled, CargoRecipe)
    assert bundled.libraries == ()


def test_dependencies_from_git_are_named() -> None:
    recipe = only(
        work("cargo build -r", locked('name = "x"\nversion = "2.0.0"\nsource = "git+https://h/x#0"'))
    ).recipe
    assert isinstance(recipe, CargoRecipe)
    assert recipe.git == ("x-2.0.0",)


def test_a_crate_of_a_workspace() -> None:
    built = only(work("cd depth && cargo build -r", CRATE))
    assert isinstance(built.recipe, CargoRecipe)
    assert (built.recipe.crate, built.directory) == ("depth", "/src")


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("cargo build -r", {}, "there is no Cargo.lock", id="no lock"),
        pytest.param(
            "cargo build -r", CRATE | {"/src/Cargo.lock": "=="}, "Cargo.lock is no TOML", id="no TOML"
        ),
        pytest.param("cargo install ripgrep", CRATE, "installs crates of a registry", id="of a registry"),
        pytest.param(
            "cargo build -r --target wasm32-wasi", CRATE, "is for another system: wasm32-wasi", id="wasm"
        ),
        pytest.param(
            "cargo build --profile x", CRATE, "its option --profile is not translated yet", id="a profile"
        ),
        pytest.param("cargo build --nonsense", CRATE, "its option --nonsense is not known", id="no option"),
        pytest.param("cargo run", CRATE, "cargo run is not translated yet", id="run"),
        pytest.param("rustc main.rs", CRATE, "rustc is not translated yet", id="the compiler itself"),
        pytest.param("cargo build $X", CRATE, "a word of it cannot be known", id="an unknown word"),
        pytest.param(
            "cargo build -r --bin a\ncargo build -r --bin b",
            CRATE,
            "builds several crates, or one in several ways",
            id="two",
        ),
        pytest.param(
            "CARGO_TARGET_DIR=/t cargo build -r", CRATE, "CARGO_TARGET_DIR is set", id="another folder"
        ),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files))


def test_a_build_for_the_machine_s_own_processor_is_spoken_of() -> None:
    (problem,) = only(work("RUSTFLAGS=-Ctarget-cpu=native cargo build -r", CRATE)).problems
    assert problem[0] == "D2N111"
