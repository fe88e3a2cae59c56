"""The package set of the tests is as strict as nixpkgs, and the harness sees what is wrong with a flake."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import nix_lab
from dock2nix.catalogue.base import Attribute
from dock2nix.model.packages import AttributePath
from nix.notes import INDEX, NODE, REV, edit, lock_file, write
from nix_lab import PACKAGE_SET, Nix, StandIn, available_nixes, check_flake

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.nix

# --- a flake as dock2nix writes it ------------------------------------------------------------------------------------


def test_flake_evaluates_for_both_systems(flake: Path, nix: Nix) -> None:
    evaluation = check_flake(flake, nix, {"nixpkgs": INDEX})
    assert sorted(evaluation.derivations) == [
        f"{output}.{system}.default"
        for output in ("devShells", "packages")
        for system in ("aarch64-linux", "x86_64-linux")
    ]
    assert len(set(evaluation.derivations.values())) == 4


@pytest.mark.skipif(not available_nixes(), reason="no Nix here")
def test_all_versions_of_nix_agree_on_the_derivations(flake: Path) -> None:
    first, *others = [check_flake(flake, nix, {"nixpkgs": INDEX}).derivations for nix in available_nixes()]
    assert all(other == first for other in others)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        pytest.param("nix/image.nix", "{ pkgs }:", "{ pkgs }", "syntax error", id="syntax-error"),
        pytest.param(
            "nix/image.nix", "tag =", "tags =", "unexpected argument 'tags'", id="unknown-buildimage-argument"
        ),
        pytest.param(
            "nix/image.nix",
            "pathsToLink",
            "links",
            "unexpected argument 'links'",
            id="unknown-buildenv-argument",
        ),
        pytest.param(
            "nix/image.nix", "../flake.lock", "../gone", "is a path that does not exist", id="missing-file"
        ),
        pytest.param(
            "nix/image.nix",
            "extraPasswdLines",
            "users",
            "unexpected argument 'users'",
            id="unknown-fakenss-argument",
        ),
        pytest.param(
            "nix/packages.nix",
            "pkgs.bashInteractive",
            "pkgs.bashful",
            "'bashful' missing",
            id="attribute-not-in-index",
        ),
        pytest.param("nix/packages.nix", "ps.idna", "ps.iddna", "'iddna' missing", id="module-not-in-index"),
        pytest.param(
            "nix/packages.nix", "sqlite.bin", "sqlite.lib", "'lib' missing", id="output-that-does-not-exist"
        ),
        pytest.param(
            "nix/packages.nix", "pkgs.sqlite.bin", "pkgs.unrar", "has an unfree license", id="unfree-package"
        ),
        pytest.param(
            "nix/image.nix", '"latest"', '"${builtins.abort "executed"}"', "executed", id="injected-nix"
        ),
        pytest.param(
            "nix/image.nix",
            '"cp -r',
            '"${../outside} cp -r',
            "/outside",
            id="path-that-does-not-exist",
        ),
    ],
)
def test_faulty_flake_is_refused(flake: Path, nix: Nix, file: str, old: str, new: str, message: str) -> None:
    edit(flake / file, old, new)
    with pytest.raises(AssertionError, match=re.escape(message)):
        check_flake(flake, nix, {"nixpkgs": INDEX})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("flake.nix", REV, "f" * 40, id="other-revision-in-flake"),
        pytest.param(
            "flake.lock",
            f'"original": {json.dumps(NODE)}',
            '"original": {"type": "indirect", "id": "nixpkgs"}',
            id="other-original-in-lock",
        ),
        pytest.param("flake.nix", "inputs.nixpkgs.url", "inputs.extra.url", id="input-without-lock"),
        pytest.param(
            "flake.lock",
            '"root": {"inputs": {',
            '"root": {"inputs": {"gone": "nixpkgs", ',
            id="lock-without-input",
        ),
    ],
)
def test_lock_out_of_step_is_refused(flake: Path, nix: Nix, file: str, old: str, new: str) -> None:
    edit(flake / file, old, new)
    with pytest.raises(AssertionError):
        nix_lab.check_lock(flake, nix)


def test_lock_in_step_is_accepted(flake: Path, nix: Nix) -> None:
    nix_lab.check_lock(flake, nix)


def test_every_input_must_be_given_packages(flake: Path, nix: Nix) -> None:
    write(flake / "flake.lock", lock_file(NODE, "nixpkgs", "old"))
    edit(
        flake / "flake.nix",
        "inputs.nixpkgs.url",
        f'inputs.old.url = "github:NixOS/nixpkgs/{REV}";\n  inputs.nixpkgs.url',
    )
    edit(flake / "flake.nix", "{ self, nixpkgs }", "{ self, nixpkgs, old }")
    with pytest.raises(AssertionError, match=r"no packages are given for the inputs \['old'\]"):
        check_flake(flake, nix, {"nixpkgs": INDEX})
    assert check_flake(flake, nix, {"nixpkgs": INDEX, "old": {}})


def test_unfree_package_is_admitted_by_predicate(flake: Path, nix: Nix) -> None:
    edit(flake / "nix/packages.nix", "pkgs.sqlite.bin", "pkgs.unrar")
    predicate = 'import nixpkgs { inherit system; config.allowUnfreePredicate = p: nixpkgs.lib.getName p == "unrar"; }'
    edit(flake / "flake.nix", "nixpkgs.legacyPackages.${system}", f"({predicate})")
    assert check_flake(flake, nix, {"nixpkgs": INDEX})


# --- which packages a flake is given ----------------------------------------------------------------------------------


def test_packages_are_found_under_every_way_of_writing(flake: Path) -> None:
    edit(
        flake / "nix/packages.nix",
        "pkgs.bashInteractive",
        'pkgs.perl540.pkgs.DBI (with pkgs; [ jq ]) pkgs."7zz"',
    )
    paths = (
        "sqlite",
        "python313",
        "python313Packages.idna",
        "jq",
        "7zz",
        "unused",
        "perl540",
        "perl540Packages.DBI",
    )
    index = {
        path: Attribute(path=AttributePath("x"), pname=path, version="1", outputs=("out",)) for path in paths
    }
    assert set(nix_lab.used_packages(flake, index.get)) == set(paths) - {"unused"}


def test_curated_tables_add_what_the_index_cannot_know(tmp_path: Path) -> None:
    write(
        tmp_path / "apt.toml",
        """
        [packages]
        curl = "curl"
        unrar = { attribute = "unrar", unfree = true }
        jdk = { attributes = ["temurin-bin-17^man"], unindexed = "no reason to list it" }
        """,
    )
    found = nix_lab.curated_packages(tmp_path)
    assert {path: package.unfree for path, package in found.items()} == {
        "unrar": True,
        "temurin-bin-17": False,
    }
    assert found["temurin-bin-17"].outputs == ("man", "out")


def test_base_images_of_a_channel_add_its_packages(tmp_path: Path) -> None:
    write(
        tmp_path / "base-images/python.toml",
        """
        [image."python".versions]
        "3.13" = "python313"
        "3.8" = { packages = ["python38"], channel = "nixos-23.11" }
        "2.7" = { packages = ["python27"], channel = "nixos-22.11" }
        [image."node".versions]
        "16" = { packages = ["nodejs_16"], channel = "nixos-23.11" }
        """,
    )
    found = nix_lab.channel_packages(tmp_path, "nixos-23.11")
    assert {path: package.version for path, package in found.items()} == {
        "python38": "3.8",
        "nodejs_16": "16",
    }


def test_flake_is_given_what_the_bundled_index_has(flake: Path, nix: Nix) -> None:
    found = nix_lab.flake_packages(flake)
    assert {"sqlite", "python313", "python313Packages.idna"} <= set(found["nixpkgs"])
    assert check_flake(flake, nix)


# --- the functions of the set -----------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in (
        "app.py",
        "README.md",
        "docs/guide.md",
        "docs/logo.svg",
        "src/main.py",
        "src/.env",
        ".git/config",
    ):
        write(tmp_path / "tree" / name, name)
    (tmp_path / "tree/empty").mkdir()
    return tmp_path / "tree"


def in_fileset(tree: Path, expression: str) -> str:
    return f"let lib = import {PACKAGE_SET}/lib; t = {tree}; in with lib.fileset; {expression}"


@pytest.mark.parametrize(
    ("expression", "files"),
    [
        pytest.param("t + /docs", ["docs/guide.md", "docs/logo.svg"], id="directory"),
        pytest.param("t + /app.py", ["app.py"], id="file"),
        pytest.param("union (t + /app.py) (t + /docs/guide.md)", ["app.py", "docs/guide.md"], id="union"),
        pytest.param("unions [ ]", [], id="empty-union"),
        pytest.param(
            "unions [ (t + /src) (t + /src/main.py) ]", ["src/.env", "src/main.py"], id="overlapping-union"
        ),
        pytest.param("intersection t (t + /app.py)", ["app.py"], id="intersection"),
        pytest.param("intersection (t + /docs) (t + /src)", [], id="disjoint-intersection"),
        pytest.param("difference (t + /src) (t + /src/.env)", ["src/main.py"], id="difference"),
        pytest.param("difference (t + /app.py) t", [], id="difference-with-all"),
        pytest.param(
            "difference (t + /docs) (maybeMissing (t + /docs/gone))",
            ["docs/guide.md", "docs/logo.svg"],
            id="maybe-missing",
        ),
        pytest.param(
            'fileFilter (file: file.hasExt "md") t', ["README.md", "docs/guide.md"], id="filter-by-extension"
        ),
        pytest.param('fileFilter (file: file.name == ".env") t', ["src/.env"], id="filter-by-name"),
        pytest.param('fileFilter (file: file.type == "symlink") t', [], id="filter-by-type"),
        pytest.param("t + /empty", [], id="directory-without-files"),
        pytest.param("fromSource (t + /docs)", ["docs/guide.md", "docs/logo.svg"], id="path-as-source"),
        pytest.param(
            "fromSource (lib.cleanSource t)",
            ["README.md", "app.py", "docs/guide.md", "docs/logo.svg", "src/.env", "src/main.py"],
            id="clean-source",
        ),
        pytest.param(
            'fromSource (lib.cleanSourceWith { src = t; filter = path: type: baseNameOf path != "docs"; })',
            [".git/config", "README.md", "app.py", "src/.env", "src/main.py"],
            id="source-without-a-folder",
        ),
        pytest.param(
            "fromSource (lib.cleanSourceWith { src = t; filter = path: type: path == toString (t + /src/main.py); })",
            [],
            id="source-with-file-in-refused-folder",
        ),
    ],
)
def test_fileset_holds(tree: Path, nix: Nix, expression: str, files: list[str]) -> None:
    listed = nix.evaluate(in_fileset(tree, f"map toString (toList ({expression}))"))
    assert json.loads(listed) == [str(tree / file) for file in files]


def test_fileset_source_has_its_files_and_no_empty_directory(tree: Path, nix: Nix) -> None:
    chosen = "unions [ (t + /docs) (t + /src/main.py) (t + /empty) ]"
    source = json.loads(
        nix.evaluate(in_fileset(tree, f"(toSource {{ root = t; fileset = {chosen}; }}).outPath"))
    )
    stored = nix.home / "store" / source.lstrip("/")
    names = sorted(str(path.relative_to(stored)) for path in stored.rglob("*"))
    assert names == ["docs", "docs/guide.md", "docs/logo.svg", "src", "src/main.py"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        pytest.param("toList (t + /gone)", "is a path that does not exist", id="missing-path"),
        pytest.param('toList "/etc"', "is a string-like value", id="string"),
        pytest.param("toList 1", "is of type int", id="number"),
        pytest.param('toList (fromSource "x")', "is a string-like value", id="source-of-string"),
        pytest.param('maybeMissing "x"', "is a string-like value", id="maybe-missing-string"),
        pytest.param("unions t", "it should be a list instead", id="unions-of-path"),
        pytest.param(
            "toList (fileFilter (file: true) (maybeMissing t))",
            "is a file set, but it should be a path",
            id="filter-of-file-set",
        ),
        pytest.param(
            "toList (fileFilter ({ name, type, hasExt }: true) t)",
            "unexpected argument",
            id="filter-of-closed-set",
        ),
        pytest.param(
            "(toSource { root = t + /app.py; fileset = t; }).outPath",
            "is a file, but it should be a directory",
            id="root-is-file",
        ),
        pytest.param(
            "(toSource { root = t + /docs; fileset = t; }).outPath",
            "which is not under the `root`",
            id="file-outside-root",
        ),
        pytest.param(
            "(toSource { root = t; fileset = t; name = 1; }).outPath",
            "unexpected argument 'name'",
            id="unknown-argument",
        ),
        pytest.param('"${unions [ ]}"', "cannot coerce", id="file-set-as-string"),
    ],
)
def test_fileset_refuses(tree: Path, nix: Nix, expression: str, message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        nix.evaluate(in_fileset(tree, expression))


def in_set(expression: str) -> str:
    return f'with import {PACKAGE_SET} {{ system = "x86_64-linux"; }}; {expression}'


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        pytest.param("glibc.outputName", "out", id="package-is-its-first-output"),
        pytest.param("(lib.getLib hello).outputName", "out", id="get-lib-falls-back-to-out"),
        pytest.param("(lib.getBin glibc).outputName", "bin", id="get-bin"),
        pytest.param("(lib.getDev glibc).outputName", "dev", id="get-dev"),
        pytest.param("(lib.getBin glibc.dev).outputName", "dev", id="chosen-output-is-kept"),
        pytest.param("stdenv.cc.cc.lib.outputName", "lib", id="runtime-libraries-of-the-compiler"),
        pytest.param('lib.hasSuffix "/bin/hello" (lib.getExe hello)', True, id="main-program"),
        pytest.param("(lib.hiPrio hello).meta.priority", -10, id="priority"),
        pytest.param(
            '(dockerTools.buildImage { name = "a/B"; }).imageTag == null', False, id="tag-from-hash"
        ),
        pytest.param(
            '(dockerTools.buildImage { name = "A"; }).imageName', "a", id="image-name-in-lower-case"
        ),
        pytest.param(
            '(writeShellApplication { name = "run"; text = "true"; }).meta.mainProgram',
            "run",
            id="application",
        ),
        pytest.param(
            'lib.makeBinPath [ glibc hello ] == "${glibc.bin}/bin:${hello}/bin"', True, id="bin-path"
        ),
        pytest.param(
            '(fetchurl { url = "http://a.test/b.tar"; hash = lib.fakeHash; }).name',
            "b.tar",
            id="fetched-file-name",
        ),
        pytest.param(
            '(hello.overrideAttrs (old: { pname = old.pname + "2"; })).pname',
            "hello2",
            id="override-attributes",
        ),
        pytest.param('(lib.importTOML (builtins.toFile "x" "a = 1")).a', 1, id="toml"),
    ],
)
def test_set_gives(nix: Nix, expression: str, value: object) -> None:
    assert json.loads(nix.evaluate(in_set(expression))) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        pytest.param(
            'dockerTools.buildImage { name = "a"; fakeRootCommands = ""; }',
            "unexpected argument 'fakeRootCommands'",
            id="layered-argument-of-buildimage",
        ),
        pytest.param(
            'dockerTools.buildLayeredImage { name = "a"; copyToRoot = [ ]; }',
            "unexpected argument 'copyToRoot'",
            id="buildimage-argument-of-layered",
        ),
        pytest.param(
            'dockerTools.streamLayeredImage { name = "a"; runAsRoot = ""; }',
            "unexpected argument 'runAsRoot'",
            id="runasroot-of-streamed",
        ),
        pytest.param(
            'dockerTools.streamLayeredImage { name = "a"; compressor = "gz"; }',
            "unexpected argument 'compressor'",
            id="compressor-of-streamed",
        ),
        pytest.param(
            'dockerTools.buildImage { name = "a"; compressor = "xz"; }',
            "compressor must be one of",
            id="unknown-compressor",
        ),
        pytest.param(
            'dockerTools.buildLayeredImage { name = "a"; maxLayers = 1; }', "maxLayers", id="one-layer"
        ),
        pytest.param(
            'dockerTools.buildImage { tag = "a"; }',
            "without required argument 'name'",
            id="image-without-name",
        ),
        pytest.param(
            'dockerTools.buildImage { name = "a"; runAsRoot = "x"; }', "virtual machine", id="runasroot"
        ),
        pytest.param(
            'fetchurl { url = "http://a.test/b"; sha257 = "x"; }',
            "unexpected argument 'sha257'",
            id="unknown-fetchurl-argument",
        ),
        pytest.param(
            'fetchurl { url = "http://a.test/b"; hash = lib.fakeHash; sha256 = lib.fakeSha256; }',
            "multiple hashes",
            id="two-hashes",
        ),
        pytest.param(
            'fetchurl { url = "http://a.test/b"; hash = "sha256-short"; }', "hash", id="malformed-hash"
        ),
        pytest.param(
            'writeShellApplication { name = "a"; script = ""; text = ""; }',
            "unexpected argument 'script'",
            id="unknown-application-argument",
        ),
        pytest.param("hello.override { x = 1; }", "stand-in", id="override-of-stand-in"),
        pytest.param('lib.getExe\' hello "a/b"', "nested path", id="program-with-slash"),
    ],
)
def test_set_refuses(nix: Nix, expression: str, message: str) -> None:
    with pytest.raises(AssertionError, match=re.escape(message)):
        nix.evaluate(in_set(f"let value = {expression}; in builtins.seq (value.drvPath or value) null"))


MODULES = {
    name: StandIn(pname=name.rpartition(".")[2], version="1.2.3")
    for name in (
        *(
            "python312",
            "python312Packages.flask",
            "perl",
            "perlPackages.DBI",
            "ruby_3_3",
            "rubyPackages_3_3.puma",
        ),
        *(
            "php84",
            "php84Extensions.redis",
            "php84Packages.composer",
            "postgresql_16",
            "postgresql16Packages.postgis",
        ),
    )
}


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        pytest.param("python312.withPackages (ps: [ ps.flask ])", "", id="python"),
        pytest.param("python312.withPackages (ps: with ps; [ flask ])", "", id="with"),
        pytest.param("python312Packages.flask", "", id="python-set"),
        pytest.param(
            "python312.withPackages (ps: [ ps.django ])", "'django' missing", id="unknown-python-module"
        ),
        pytest.param("python312.withPackages (ps: ps.flask)", "must return a list", id="no-list"),
        pytest.param("perl.withPackages (ps: [ ps.DBI ])", "", id="perl"),
        pytest.param("ruby_3_3.withPackages (ps: [ ps.puma ])", "", id="ruby"),
        pytest.param("postgresql_16.withPackages (ps: [ ps.postgis ])", "", id="postgresql"),
        pytest.param(
            "php84.withExtensions ({ enabled, all }: enabled ++ [ all.redis ])", "", id="php-extensions"
        ),
        pytest.param("php84Packages.composer", "", id="php-packages"),
        pytest.param(
            "php84.withPackages (ps: [ ps.redis ])", "'withPackages' missing", id="php-has-no-with-packages"
        ),
    ],
)
def test_interpreters_take_modules_of_their_set(nix: Nix, expression: str, problem: str) -> None:
    value = (
        f'with import {nix_lab.package_set(MODULES)} {{ system = "x86_64-linux"; }}; ({expression}).drvPath'
    )
    if problem:
        with pytest.raises(AssertionError, match=problem):
            nix.evaluate(value)
    else:
        assert json.loads(nix.evaluate(value)).endswith(".drv")


def test_environment_takes_the_outputs_that_a_package_wants_installed(nix: Nix) -> None:
    tzdata = StandIn(pname="tzdata", version="2026a", outputs=("bin", "dev", "man", "out"))
    values = "[ tzdata.outputName tzdata.meta.outputsToInstall ]"
    given = f'with import {nix_lab.package_set({"tzdata": tzdata})} {{ system = "x86_64-linux"; }}; {values}'
    assert json.loads(nix.evaluate(given)) == ["out", ["bin", "man"]]


def test_machine_settings_are_not_read(nix: Nix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / ".config/nix/nix.conf", "sandbox = false\n")
    settings = json.loads(
        nix.run(
            "nix",
            "show-config" if nix.version < (2, 20) else "config",
            *([] if nix.version < (2, 20) else ["show"]),
            "--json",
        )
    )
    assert settings["sandbox"]["value"] in (True, "true")
    assert not [path for path in settings["sandbox-paths"]["value"] if path.startswith("/etc")]
