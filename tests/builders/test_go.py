"""go build and go install: packages, flags, where programs come to stand, and what is left alone."""

from __future__ import annotations

import pytest

from builders_lab import asked, base_image, only, reason, work
from dock2nix.builders.base import Refusal
from dock2nix.model.builds import GoRecipe

GO = base_image("go", "go_1_25")
PLAIN = {"/src/go.mod": "module example.org/tide\n\ngo 1.25\n", "/src/main.go": "package main\n"}
WITH_LOCK = {
    "/src/go.mod": "module example.org/tide/v2\n\ngo 1.25\n\nrequire example.org/x v1.0.0\n",
    "/src/go.sum": "example.org/x v1.0.0 h1:x\n",
}


@pytest.mark.parametrize(
    ("text", "packages", "products"),
    [
        pytest.param("go build", (".",), (("/src/tide", "bin/tide"),), id="in its folder"),
        pytest.param("go build -o /app", (".",), (("/app", "bin/tide"),), id="under another name"),
        pytest.param("go build -o bin/ ./cmd/a", ("cmd/a",), (("/src/bin/a", "bin/a"),), id="into a folder"),
        pytest.param("go build -o /app main.go", (".",), (("/app", "bin/tide"),), id="by its only file"),
        pytest.param("go install ./cmd/a", ("cmd/a",), (("/root/go/bin/a", "bin/a"),), id="installed"),
        pytest.param(
            "go build -o /a ./cmd/a\ngo build -o /b ./cmd/b",
            ("cmd/a", "cmd/b"),
            (("/a", "bin/a"), ("/b", "bin/b")),
            id="two programs built alike are one derivation",
        ),
        pytest.param("go vet ./...\ngo build -o /app", (".",), (("/app", "bin/tide"),), id="what only looks"),
    ],
)
def test_programs(text: str, packages: tuple[str, ...], products: tuple[tuple[str, str], ...]) -> None:
    built = only(work(text, PLAIN, base=GO))
    assert isinstance(built.recipe, GoRecipe)
    assert (built.recipe.packages, built.products) == (packages, products)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param("go build", {}, id="nothing said"),
        pytest.param("CGO_ENABLED=0 go build", {"cgo": False}, id="without C"),
        pytest.param("go build -tags a,b", {"tags": ("a", "b")}, id="tags"),
        pytest.param(
            "go build -ldflags '-s -w -X main.v=1'",
            {"ldflags": ("-s", "-w", "-X main.v=1")},
            id="flags of the linker",
        ),
        pytest.param("go build -gcflags=-N", {"flags": ("-gcflags=-N",)}, id="flags of the compiler"),
        pytest.param("go test ./...\ngo build", {"tests": True}, id="tests"),
        pytest.param("GOOS=linux GOARCH=amd64 go build", {}, id="the image's own system"),
    ],
)
def test_how(text: str, changes: dict[str, object]) -> None:
    base = base_image("go", "go_1_25", packages=["gcc"])
    recipe = only(work(text, PLAIN, base=base)).recipe
    expected: dict[str, object] = {
        "cgo": None,
        "tags": (),
        "ldflags": (),
        "flags": (),
        "tests": False,
        **changes,
    }
    assert {name: getattr(recipe, name) for name in expected} == expected


def test_variables_that_decide_are_passed_on() -> None:
    assert only(work("GOAMD64=v3 go build", PLAIN, base=GO)).environment == (("GOAMD64", "v3"),)


def test_dependencies_are_fetched_under_a_hash_unless_they_are_vendored() -> None:
    recipe = only(work("go mod download\ngo build -o /app", WITH_LOCK, base=GO)).recipe
    assert isinstance(recipe, GoRecipe)
    assert recipe.dependencies
    vendored = only(work("go build", WITH_LOCK | {"/src/vendor/modules.txt": ""}, base=GO)).recipe
    assert isinstance(vendored, GoRecipe)
    assert not vendored.dependencies


def test_build_arguments_without_value_are_nothing_and_spoken_of() -> None:
    built = only(
        work("go build -gcflags=${FLAGS}", PLAIN, base=GO, unset=["FLAGS"], environment={"FLAGS": None})
    )
    assert isinstance(built.recipe, GoRecipe)
    assert built.recipe.flags == ()
    assert [code for code, _, _ in built.problems] == ["D2N102"]


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("go build -ldflags=${X}", PLAIN, "a word of it cannot be known", id="an unknown word"),
        pytest.param("GOOS=windows go build", PLAIN, "is for another system: windows/amd64", id="Windows"),
        pytest.param(
            "GOARCH=arm64 go build", PLAIN, "is for another system: linux/arm64", id="another processor"
        ),
        pytest.param("go build -race", PLAIN, "its option -race is not translated yet", id="an option"),
        pytest.param("go build -nonsense", PLAIN, "its option -nonsense is not known", id="no option"),
        pytest.param(
            "go test -c -o /t", PLAIN, "go test -c makes a program of the tests", id="a program of tests"
        ),
        pytest.param("go generate", PLAIN, "go generate is not translated yet", id="another verb"),
        pytest.param("go get -u ./...", PLAIN, "go get -u ./... is not translated yet", id="newer versions"),
        pytest.param(
            "go build", {"/src/go.mod": WITH_LOCK["/src/go.mod"]}, "go.sum is missing", id="nothing pins"
        ),
        pytest.param("go build", {}, "there is no go.mod, and no source of Go", id="no module"),
        pytest.param(
            "go build -o /x main.go",
            {"/src/main.go": 'package main\nimport "example.org/y"\n'},
            "there is no go.mod that says which version of example.org/y",
            id="foreign imports without a module",
        ),
        pytest.param(
            "go install ./...", PLAIN, "which programs that makes is not known", id="all below a folder"
        ),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files, base=GO))


def test_the_compiler_is_the_image_s_or_an_installed_one() -> None:
    assert "which Go builds it" in reason(work("go build", PLAIN))
    recipe = only(work("go build", PLAIN, installed=["golang-go"])).recipe
    assert isinstance(recipe, GoRecipe)
    assert recipe.go is None


def test_downloading_alone_makes_nothing() -> None:
    found = asked(work("go mod download", WITH_LOCK, base=GO))
    assert not isinstance(found, Refusal)
    assert found == ()
