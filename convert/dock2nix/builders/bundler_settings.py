"""What Bundler is told: options, `bundle config`, variables and its files (bundle-config(1))."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.builders.base import variable
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.builders.base import StageFolder
    from dock2nix.model.shell import Invocation

# The settings that say what is installed and where; all others say how, or hold what a flake must not (credentials).
INSTALLS = frozenset({"deployment", "gemfile", "path", "path.system", "system", "with", "without"})
_HOW = frozenset(
    {
        *("auto_install", "bin", "cache_all", "cache_all_platforms", "clean", "disable_checksum_validation"),
        *(
            "disable_version_check",
            "disable_shared_gems",
            "force_ruby_platform",
            "frozen",
            "global_gem_cache",
        ),
        *(
            "ignore_config",
            "ignore_messages",
            "jobs",
            "no_install",
            "no_prune",
            "only_update_to_newer_versions",
        ),
        *("prefer_patch", "redirect", "retry", "shebang", "silence_deprecations", "silence_root_warning"),
        *("ssl_ca_cert", "ssl_verify_mode", "timeout", "user_agent", "version"),
    }
)
# `build.GEM` are options of its extension, which nixpkgs' own settings of gems stand for.
_HOW_BEGINS = ("build.", "mirror.", "fallback_timeout.", "gem.")
_LINE = regex(r"""(BUNDLE_[A-Z0-9_]+): *(?:"([^"]*)"|'([^']*)'|(\S.*?))? *""")
_LIST_LINE = regex(r"- *[\"']?([^\"']*)[\"']? *")
_GROUPS = frozenset({"with", "without"})
_SEPARATORS = regex(r"[\s:,]+")
_TRUE = frozenset({"1", "t", "true", "y", "yes"})


class Settings(Struct):
    """The settings while the commands of a stage are read: of the project (`local`) and of the user.

    `written` are those of commands, which stay in files of the image: by path of the file, in order.
    """

    local: dict[str, str] = field(default_factory=dict)
    user: dict[str, str] = field(default_factory=dict)
    written: dict[str, dict[str, str]] = field(default_factory=dict)

    def value(self, name: str, run: Invocation) -> str:
        """A setting: the project's comes before a variable, and that before the user's."""
        told = self.local.get(name) or variable(run, _key(name)) or self.user.get(name)
        return told or ""

    def is_on(self, name: str, run: Invocation) -> bool:
        """Whether a setting that is a switch is on."""
        return self.value(name, run).lower() in _TRUE

    def groups(self, name: str, run: Invocation) -> frozenset[str]:
        """The groups that `with` or `without` names."""
        return frozenset(_SEPARATORS.split(self.value(name, run))) - {""}

    def read(self, run: Invocation, files: StageFolder) -> None:
        """Take in what files say that are there, commands that wrote them since left alone."""
        for store, path in ((self.local, local_file(run)), (self.user, user_file(run))):
            for name, value in _entries(files.read(path) or ""):
                store.setdefault(name, value)

    def set(self, name: str, value: str, run: Invocation, *, local: bool) -> None:
        """What `bundle config` sets, or an option that is remembered."""
        store = self.local if local else self.user
        own = self.written.setdefault(local_file(run) if local else user_file(run), dict(store))
        store[name] = own[name] = ":".join(_SEPARATORS.split(value.strip())) if name in _GROUPS else value

    def unset(self, name: str) -> None:
        """`bundle config unset` takes it out everywhere."""
        for store in (self.local, self.user, *self.written.values()):
            store.pop(name, None)

    def files(self) -> tuple[tuple[str, str], ...]:
        """The files with what was set, as Bundler writes them."""
        return tuple((path, _text(entries.items())) for path, entries in self.written.items() if entries)


def is_known(name: str) -> bool:
    """Whether a setting is one whose meaning for what is installed is known."""
    return name in INSTALLS | _HOW or name.startswith(_HOW_BEGINS)


def local_file(run: Invocation) -> str:
    """The project's own settings."""
    folder = variable(run, "BUNDLE_APP_CONFIG") or ".bundle"
    return posixpath.normpath(posixpath.join(run.directory or "/", folder, "config"))


def user_file(run: Invocation) -> str:
    """The settings of who runs it."""
    return posixpath.join(variable(run, "HOME") or "/root", ".bundle/config")


def _key(name: str) -> str:
    return "BUNDLE_" + name.replace(".", "__").replace("-", "___").upper()


def _name(key: str) -> str:
    return key.removeprefix("BUNDLE_").replace("___", "-").replace("__", ".").lower()


def _entries(text: str) -> Iterable[tuple[str, str]]:
    found: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if entry := _LINE.fullmatch(line):
            last = _name(entry[1])
            found[last] = entry[2] or entry[3] or entry[4] or ""
        elif last and (item := _LIST_LINE.fullmatch(line)):
            found[last] = f"{found[last]}:{item[1]}".strip(":")
    return found.items()


def _text(entries: Iterable[tuple[str, str]]) -> str:
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in entries)
    return "---\n" + "".join(f'{_key(name)}: "{value}"\n' for name, value in quoted)
