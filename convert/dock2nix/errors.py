"""Problems of the run. Problems in the user's Dockerfile that can be worked around are `Finding`s instead."""

from __future__ import annotations


class Dock2nixError(Exception):
    """A problem that ends the run with exit code 2; its text is the message for the user."""

    code = "D2N001"


class UsageError(Dock2nixError):
    """The command line or the files it names cannot be used."""


class LocatedError(Dock2nixError):
    """A problem at one place of a file of the user's.

    Args:
        message: what is wrong and what was expected.
        path: the file as the user named it.
        line: 1-based line.
        column: 1-based column.
        code: the finding code printed behind the message.

    """

    def __init__(
        self, message: str, *, path: str, line: int = 1, column: int = 1, code: str = Dock2nixError.code
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.code = code

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: error: {self.message} [{self.code}]"


class DockerfileError(LocatedError):
    """The Dockerfile is not one: BuildKit would refuse it too."""

    def __init__(
        self, message: str, *, path: str, line: int = 1, column: int = 1, code: str = "D2N101"
    ) -> None:
        super().__init__(message, path=path, line=line, column=column, code=code)


class ConfigurationError(LocatedError, UsageError):
    """The user's dock2nix.toml, or another mapping table, is not as it must be."""


class NixError(Dock2nixError):
    """Nix, or another program we ran, failed."""


class MissingProgramError(NixError):
    """A program that we wanted to run is not installed."""


class NetworkError(Dock2nixError):
    """A registry or server could not be asked."""
