"""What build tools are asked in tests: commands of one line each, in a stage whose files are a dictionary."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dock2nix.builders import builder_of
from dock2nix.builders.base import Built, Refusal, Work
from dock2nix.model.dockerfile import ImageReference
from dock2nix.model.image import BaseImage, NodeModules
from dock2nix.model.packages import AttributePath
from fakes import invocation, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ASSIGNMENT = re.compile(r"([A-Z_][A-Z0-9_]*)=(\S*) ")


class Folder:
    """Files of a stage by absolute path; all are from the build context."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def read(self, path: str) -> str | None:
        return self.files.get(posixpath.normpath(path))

    def origin(self, path: str) -> str | None:
        return posixpath.normpath(path).lstrip("/") if posixpath.normpath(path) in self.files else None

    def names(self, folder: str) -> tuple[str, ...]:
        return tuple(
            sorted(posixpath.basename(path) for path in self.files if posixpath.dirname(path) == folder)
        )


def base_image(
    language: str, interpreter: str = "", *, packages: Iterable[str] = (), channel: str = ""
) -> BaseImage:
    """What the catalogue would say of an image of a language."""
    return BaseImage(
        reference=ImageReference(registry="", repository=language, tag="", digest="", text=language),
        packages=tuple(AttributePath(path) for path in packages),
        interpreter=AttributePath(interpreter) if interpreter else None,
        language=language,
        channel=channel,
    )


def node_modules(path: str) -> NodeModules:
    """The node_modules of a project in a folder."""
    return NodeModules(
        path=f"{path}/node_modules",
        manifest="package.json",
        lock="package-lock.json",
        location=place(),
        text="npm ci",
    )


def work(
    commands: str,
    files: Mapping[str, str] | None = None,
    *,
    directory: str = "/src",
    base: BaseImage | None = None,
    installed: Iterable[str] = (),
    modules: tuple[NodeModules, ...] = (),
    environment: Mapping[str, str | None] | None = None,
    unset: Iterable[str] = (),
    others: Iterable[str] = (),
    made: Iterable[str] = (),
) -> Work:
    """A stage in which the commands run, a line each; `cd FOLDER` stands before what runs elsewhere, `NAME=x ` in front of one."""
    calls = []
    for line in commands.strip().splitlines():
        text, folder, variables = line.strip(), directory, dict(environment or {})
        while found := re.match(r"cd (\S+) && ", text):
            folder, text = posixpath.normpath(posixpath.join(folder, found[1])), text[found.end() :]
        while assigned := _ASSIGNMENT.match(text):
            variables[assigned[1]], text = assigned[2], text[assigned.end() :]
        calls.append(invocation(text, directory=folder, environment=variables))
    return Work(
        calls=tuple(calls),
        files=Folder(files or {}),
        modules=modules,
        base=base,
        installed=frozenset(installed),
        platform="linux/amd64",
        unset=frozenset(unset),
        root=directory,
        others=frozenset(others),
        made=frozenset(made),
    )


def asked(stage: Work) -> tuple[Built, ...] | Refusal:
    """What the tool of the first command says."""
    builder = builder_of(stage.calls[0])
    assert builder is not None
    return builder.recognise(stage)


def reason(stage: Work) -> str:
    """Why the tool refuses."""
    found = asked(stage)
    assert isinstance(found, Refusal), found
    return found.reason


def only(stage: Work) -> Built:
    """The one derivation that the tool makes of it."""
    found = asked(stage)
    assert not isinstance(found, Refusal), found.reason
    assert len(found) == 1
    return found[0]
