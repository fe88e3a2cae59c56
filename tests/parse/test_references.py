"""Image references as Docker normalises them."""

from __future__ import annotations

import pytest

from dock2nix.parse.references import image_reference

SHA = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        pytest.param("python", "", "python", "", "", id="name"),
        pytest.param("python:3.13-slim", "", "python", "3.13-slim", "", id="tag"),
        pytest.param("library/python:3", "", "python", "3", "", id="library"),
        pytest.param("docker.io/library/python:3", "", "python", "3", "", id="docker-hub"),
        pytest.param("docker.io/python", "", "python", "", "", id="docker-hub-without-library"),
        pytest.param("index.docker.io/a/b", "", "a/b", "", "", id="old-name-of-docker-hub"),
        pytest.param("bitnami/redis", "", "bitnami/redis", "", "", id="owner"),
        pytest.param("ghcr.io/a/b/c:1", "ghcr.io", "a/b/c", "1", "", id="registry"),
        pytest.param("quay.io/library/x", "quay.io", "library/x", "", "", id="library-elsewhere-stays"),
        pytest.param("localhost/x", "localhost", "x", "", "", id="localhost"),
        pytest.param("localhost:5000/x:1", "localhost:5000", "x", "1", "", id="port"),
        pytest.param("[::1]:5000/x", "[::1]:5000", "x", "", "", id="address"),
        pytest.param("REG/x", "REG", "x", "", "", id="upper-case-is-a-registry"),
        pytest.param(f"python@{SHA}", "", "python", "", SHA, id="digest"),
        pytest.param(f"python:3@{SHA}", "", "python", "3", SHA, id="tag-and-digest"),
        pytest.param("a__b/c.d-e--f", "", "a__b/c.d-e--f", "", "", id="separators"),
        pytest.param("0", "", "0", "", "", id="a-number-is-a-name"),
        pytest.param("x:_.-", "", "x", "_.-", "", id="strange-tag"),
    ],
)
def test_references(text: str, registry: str, repository: str, tag: str, digest: str) -> None:
    found = image_reference(text)
    assert found is not None
    assert (found.registry, found.repository, found.tag, found.digest) == (registry, repository, tag, digest)
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Python", id="upper-case"),
        pytest.param("a/B", id="upper-case-in-a-path"),
        pytest.param("python:", id="empty-tag"),
        pytest.param(":3", id="empty-name"),
        pytest.param("python:a b", id="blank"),
        pytest.param("python:-x", id="tag-with-a-dash-in-front"),
        pytest.param("python:" + "x" * 129, id="long-tag"),
        pytest.param("a//b", id="empty-part"),
        pytest.param("/a", id="slash-in-front"),
        pytest.param("a/", id="slash-behind"),
        pytest.param("a_-b", id="mixed-separators"),
        pytest.param("a___b", id="three-underscores"),
        pytest.param("-a", id="separator-in-front"),
        pytest.param("python@", id="empty-digest"),
        pytest.param("python@sha256:123", id="short-digest"),
        pytest.param("python@" + SHA.upper(), id="upper-case-digest"),
        pytest.param("python@md5:" + "0" * 32, id="unknown-digest"),
        pytest.param("python:3:4", id="two-tags"),
        pytest.param("0123456789abcdef" * 4, id="an-identifier"),
        pytest.param("a" * 256, id="long-name"),
        pytest.param("-x.io/a", id="bad-host"),
        pytest.param("${builtins.abort}", id="an-expression"),
        pytest.param("päth", id="not-ascii"),
    ],
)
def test_what_is_no_reference(text: str) -> None:
    assert image_reference(text) is None
