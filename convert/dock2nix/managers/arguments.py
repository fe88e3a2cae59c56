"""Command lines of package managers: which word is an option, its value, the verb, or an operand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.packages import UnknownWord
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dock2nix.managers.base import Problem
    from dock2nix.model.packages import Action, Requirement
    from dock2nix.model.shell import Word

_LITERAL_OPTION = regex(r"[\"']?(--?[A-Za-z0-9][A-Za-z0-9_.:-]*)")
_BOOLEANS = frozenset({"true", "false", "null"})
_USER_INFO = regex(r"//[^/@\s]*@")


class Option(Struct, frozen=True, kw_only=True):
    """One option. `value` is None when it has none or when it cannot be known; `word` is the word that carries the value."""

    name: str
    value: str | None
    word: Word
    text: str


class CommandLine(Struct, frozen=True, kw_only=True):
    """A command line taken apart. `verb` is the subcommand, "" for none; `operands` are the words behind it."""

    verb: str
    options: tuple[Option, ...]
    operands: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        """Whether one of the options was given, and not as `--option=false`."""
        return any(
            option.name in names and option.value not in {"false", "no", "0"} for option in self.options
        )

    def values(self, *names: str) -> tuple[str, ...]:
        """The known values of these options, in order."""
        return tuple(
            option.value for option in self.options if option.name in names and option.value is not None
        )

    def last(self, *names: str) -> str:
        """The value that counts when an option is given twice; "" when it is not given or not known."""
        return (self.values(*names) or ("",))[-1]

    @property
    def kept(self) -> tuple[str, ...]:
        """The options as written, passwords in addresses left out."""
        return tuple(without_password(option.text) for option in self.options)


def read_command_line(
    words: tuple[Word, ...],
    valued: frozenset[str],
    *,
    valued_behind: frozenset[str] | None = None,
    booleans: bool = False,
    has_verb: bool = True,
) -> CommandLine:
    """Take a command line of the form `[options] verb [options and operands]` apart.

    Args:
        words: the arguments of the program.
        valued: options that take a value, in the next word unless it is attached (`-tX`, `--target=X`, `-t=X`).
        valued_behind: those that do behind the verb, when they differ.
        booleans: whether `true` and `false` behind an option are its value, as npm reads them.
        has_verb: false for a program without subcommands: then all operands are operands.

    Returns:
        The verb is the first operand that is known; operands before it, which are not, are kept as operands.
    """
    options: list[Option] = []
    operands: list[Word] = []
    verb = ""
    at = 0
    while at < len(words):
        word = words[at]
        if word.value == "--":
            operands += words[at + 1 :]
            break
        if _is_option(word):
            takes_value = valued if not verb or valued_behind is None else valued_behind
            found, used = _read_option(word, words[at + 1 : at + 2], takes_value, booleans=booleans)
            options += found
            at += used
        elif has_verb and not verb and word.value:
            verb = word.value
        else:
            operands.append(word)
        at += 1
    return CommandLine(verb=verb, options=tuple(options), operands=tuple(operands))


def _is_option(word: Word) -> bool:
    if word.value is None:
        return _LITERAL_OPTION.match(word.text) is not None
    return word.value.startswith("-") and len(word.value) > 1


def _read_option(
    word: Word, following: tuple[Word, ...], valued: frozenset[str], *, booleans: bool
) -> tuple[tuple[Option, ...], int]:
    """The options of one word (several in `-yqt`), and how many of the following words it takes."""
    if word.value is None:
        literal = _LITERAL_OPTION.match(word.text)
        name = literal[1] if literal else word.text
        return (Option(name=name, value=None, word=word, text=word.text),), 0
    if word.value.startswith("--"):
        return _read_long(word, word.value, following, valued, booleans=booleans)
    return _read_cluster(word, word.value, following, valued, booleans=booleans)


def _read_long(
    word: Word, text: str, following: tuple[Word, ...], valued: frozenset[str], *, booleans: bool
) -> tuple[tuple[Option, ...], int]:
    name, equals, value = text.partition("=")
    if equals:
        return (Option(name=name, value=value, word=word, text=text),), 0
    return _with_next_word(name, word, following, takes=name in valued, booleans=booleans)


def _read_cluster(
    word: Word, text: str, following: tuple[Word, ...], valued: frozenset[str], *, booleans: bool
) -> tuple[tuple[Option, ...], int]:
    options: list[Option] = []
    for at, letter in enumerate(text[1:], start=2):
        name, rest = f"-{letter}", text[at:]
        if rest.startswith("=") or (rest and name in valued):
            options.append(Option(name=name, value=rest.removeprefix("="), word=word, text=name + rest))
            return tuple(options), 0
        if not rest:
            last, used = _with_next_word(name, word, following, takes=name in valued, booleans=booleans)
            return (*options, *last), used
        options.append(Option(name=name, value=None, word=word, text=name))
    return tuple(options), 0


def _with_next_word(
    name: str, word: Word, following: tuple[Word, ...], *, takes: bool, booleans: bool
) -> tuple[tuple[Option, ...], int]:
    for value in following:
        if takes or (booleans and value.value in _BOOLEANS):
            text = f"{name} {value.text}"
            return (Option(name=name, value=value.value, word=value, text=text),), 1
    return (Option(name=name, value=None, word=word, text=name),), 0


def unknown_word(word: Word) -> UnknownWord:
    """A word whose value the shell would have to make."""
    reason = word.unknown or "cannot be known without running the shell"
    return UnknownWord(text=word.text, reason=reason, location=word.location)


def refused(word: Word, reason: str) -> UnknownWord:
    """A word that is known, but is no package name."""
    return UnknownWord(text=word.value or word.text, reason=reason, location=word.location)


def read_words(
    words: tuple[Word, ...], read: Callable[[Word, str], Requirement | UnknownWord | None]
) -> tuple[tuple[Requirement, ...], tuple[UnknownWord, ...]]:
    """Sort operands into requirements and words that are none.

    Args:
        words: the operands.
        read: what one known word means; None for a word that asks for nothing.
    """
    found = tuple(_read_word(word, read) for word in words)
    unknown = tuple(item for item in found if isinstance(item, UnknownWord))
    return tuple(item for item in found if item is not None and not isinstance(item, UnknownWord)), unknown


def _read_word(
    word: Word, read: Callable[[Word, str], Requirement | UnknownWord | None]
) -> Requirement | UnknownWord | None:
    if word.value is None:
        return unknown_word(word)
    return read(word, word.value) if word.value else refused(word, "is empty")


def option_problems(
    options: tuple[Option, ...], risks: Mapping[str, tuple[str, str, str]]
) -> tuple[Problem, ...]:
    """What is to be said of options that weaken the supply chain.

    Args:
        options: of the command line.
        risks: option to (finding code, message, hint); `{}` in the message stands for the option as written.
    """
    return tuple(dict.fromkeys(_option_problems(options, risks)))


def _option_problems(
    options: tuple[Option, ...], risks: Mapping[str, tuple[str, str, str]]
) -> Iterator[Problem]:
    for option in options:
        if option.name in risks and option.value not in {"false", "no", "0"}:
            code, message, hint = risks[option.name]
            yield code, message.replace("{}", without_password(option.text)), hint


def root_problem(line: CommandLine, *options: str) -> tuple[Problem, ...]:
    """Packages that are installed into another root are taken as the image's own: that is worth a look."""
    root = line.last(*options)
    if root in {"", "/"}:
        return ()
    message = f"the packages are installed into another root, {root}: they are taken as part of this image"
    return (("D2N307", message, "check that nothing else is copied out of that folder"),)


def without_password(text: str) -> str:
    """An address without the user name and password it may carry."""
    return _USER_INFO.sub("//", text)


# --- tables ------------------------------------------------------------------------------------------------------------------


def option_names(text: str) -> frozenset[str]:
    """A set of options, written as words."""
    return frozenset(text.split())


def verb_table(*rows: tuple[str, Action, str]) -> dict[str, tuple[Action, str]]:
    """What each verb of a package manager does.

    Args:
        rows: verbs separated by `|`, the action, and the reason to report with it.
    """
    return {verb.strip(): (action, reason) for verbs, action, reason in rows for verb in verbs.split("|")}
