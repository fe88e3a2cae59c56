"""Whether what is asked for is one exact version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command
    from dock2nix.model.packages import Requirement
    from dock2nix.model.shell import Word

_COMMIT = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SYSTEM = regex(r"==?\s*[^*\s<>~]*[0-9][^*\s<>]*")
_PYTHON = regex(r"===?\s*[^*,\s]+")
_NODE = regex(r"[@=v]*[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
_GO = regex(r"v[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?|[0-9a-f]{7,40}")
_PYTHON_MANAGERS = frozenset({"pip", "pipx", "poetry", "uv"})
_TOOL = regex(r"@?(?:v?[0-9]+\.[0-9]+(?:\.[0-9A-Za-z]+)*(?:[-+][0-9A-Za-z.+-]+)?|[0-9a-f]{7,40})")
TOOL_MANAGERS = frozenset({"gem", "go"})
_NODE_MANAGERS = frozenset({"corepack", "npm", "pnpm", "yarn"})
_CARGO = option_names(
    "--version --vers --git --branch --tag --rev --path --root --registry --index --features -F --target --profile "
    "--target-dir -j --jobs --bin --example --config --color -Z"
)
_GEM = option_names(
    "-v --version -i --install-dir -n --bindir --platform -s --source -P --trust-policy -p --http-proxy"
)


def is_commit(text: str) -> bool:
    """Whether a text is the full name of a git commit."""
    return _COMMIT.fullmatch(text.lower()) is not None


def is_pinned(requirement: Requirement) -> bool:
    """Whether a requirement leaves no choice: an exact version, a hash, a commit, or a file of the build context."""
    if requirement.hashes:
        return True
    if requirement.url:
        return _is_fixed_address(requirement.url)
    if requirement.manager in _PYTHON_MANAGERS:
        return _PYTHON.fullmatch(requirement.specifier.strip()) is not None
    if requirement.manager in _NODE_MANAGERS:
        return _NODE.fullmatch(requirement.specifier.strip()) is not None
    if requirement.manager in TOOL_MANAGERS:
        return _TOOL.fullmatch(requirement.specifier.strip()) is not None
    return _SYSTEM.fullmatch(requirement.specifier.strip()) is not None


def _is_fixed_address(url: str) -> bool:
    address, _, fragment = url.partition("#")
    if "://" not in address and not address.startswith("git@"):
        return True  # a file
    if re.search(r"(?:^|&)(?:sha256|sha384|sha512)=", fragment) or is_commit(fragment):
        return True
    return is_commit(address.rpartition("@")[2])


def unpinned_tools(command: Command) -> Iterator[tuple[Word, str]]:
    """What `go install`, `cargo install` and `gem install` install in no exact version: the word, and how to call it."""
    words = command.invocation.arguments
    match command.name:
        case "go":
            yield from _go(words)
        case "cargo":
            line = read_command_line(words, _CARGO)
            fixed = line.has("--version", "--vers", "--path", "--rev", "--git")
            if line.verb == "install" and not fixed:
                yield from ((word, f"cargo {word.value}") for word in line.operands if _loose(word, "@"))
        case "gem":
            line = read_command_line(words, _GEM)
            if line.verb in {"install", "i"} and not line.has("-v", "--version"):
                yield from ((word, f"gem {word.value}") for word in line.operands if _loose(word, ":"))


def _loose(word: Word, separator: str) -> bool:
    """Whether a known word names a package of the registry without a version."""
    text = word.value or ""
    return (
        bool(text) and separator not in text and not text.startswith((".", "/")) and not text.endswith(".gem")
    )


def _go(words: tuple[Word, ...]) -> Iterator[tuple[Word, str]]:
    if not words or words[0].value not in {"get", "install"}:
        return
    for word in words[1:]:
        path, at, version = (word.value or "").partition("@")
        if at and "." in path.partition("/")[0] and not _GO.fullmatch(version):
            yield word, f"go {word.value}"
