"""A Dockerfile as BuildKit's parser sees it, and its stages as BuildKit's linker sees them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from dock2nix.model.source import Location, SourceText


class Form(StrEnum):
    """How the arguments of an instruction were written."""

    SHELL = "shell"
    EXEC = "exec"


class Heredoc(Struct, frozen=True, kw_only=True):
    """A here-document: `body` as the instruction receives it (tabs stripped when `chomp`); `expand` unless quoted."""

    name: str
    body: str
    expand: bool
    chomp: bool
    descriptor: int = 0
    source: SourceText


class Instruction(Struct, frozen=True, kw_only=True):
    """One instruction, nothing expanded.

    `arguments` are the values of BuildKit's parser nodes: words for FROM, COPY, EXPOSE …; alternating names and values for
    ENV and LABEL; `NAME` or `NAME=value` for ARG; the elements of the array in exec form; the one command text in shell form.
    HEALTHCHECK has `NONE` or `CMD` first. `source` is what follows the keyword and the flags, continuation lines joined.
    `trigger` is the instruction that an ONBUILD carries.
    """

    keyword: str
    flags: tuple[str, ...]
    form: Form
    arguments: tuple[str, ...]
    heredocs: tuple[Heredoc, ...]
    location: Location
    original: str
    source: SourceText
    trigger: Instruction | None = None


class ParserDirectives(Struct, frozen=True, kw_only=True):
    """The `# syntax=`, `# escape=` and `# check=` comments at the top."""

    syntax: str | None = None
    escape: str = "\\"
    check: str | None = None


class Dockerfile(Struct, frozen=True, kw_only=True):
    """The parsed file. `path` is what the user called it; `sha256` is of the bytes as read."""

    path: str
    sha256: str
    directives: ParserDirectives
    instructions: tuple[Instruction, ...]


class ImageReference(Struct, frozen=True, kw_only=True):
    """A reference in the form of the OCI distribution specification; `repository` without the implied `library/`."""

    registry: str
    repository: str
    tag: str
    digest: str
    text: str


class StageReference(Struct, frozen=True, kw_only=True):
    """An earlier stage of the same file."""

    index: int


class Scratch(Struct, frozen=True, kw_only=True):
    """The empty image."""


Base = ImageReference | StageReference | Scratch


class ScopedInstruction(Struct, frozen=True, kw_only=True):
    """An instruction with the variables in scope where it stands.

    `arguments` and `flags` are expanded where BuildKit expands them (not for RUN, CMD, ENTRYPOINT); `environment` holds ENV
    and ARG as a RUN would see them, `None` for a name that is declared without a value; `variables` of ENV only are in
    `environment_names`. `shell` is the SHELL in force.
    """

    instruction: Instruction
    arguments: tuple[str, ...]
    flags: tuple[str, ...]
    environment: Mapping[str, str | None]
    environment_names: AbstractSet[str]
    shell: tuple[str, ...]

    @property
    def keyword(self) -> str:
        return self.instruction.keyword

    @property
    def location(self) -> Location:
        return self.instruction.location

    def flag(self, name: str) -> str | None:
        """The value of `--name=value` (last one wins), `""` for a bare `--name`, None when it is not given."""
        found = None
        for flag in self.flags:
            key, _, value = flag.removeprefix("--").partition("=")
            found = value if key == name else found
        return found


class Stage(Struct, frozen=True, kw_only=True):
    """One build stage; `instructions` are those behind its FROM. `needs` are the stages it copies from or stands on."""

    index: int
    name: str
    base: Base
    platform: str
    location: Location
    instructions: tuple[ScopedInstruction, ...]
    needs: tuple[int, ...]
