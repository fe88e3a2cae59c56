"""PHP's extensions: the scripts of Docker's php images, pecl, and install-php-extensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line, read_words, refused, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.resolution import Question, channel_of, curated_row, first_answer, package, unresolved
from dock2nix.model.packages import Action, InstallStep, Origin, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Setting
    from dock2nix.model.packages import Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "php"
PROGRAMS = frozenset(
    [
        "docker-php-ext-configure",
        "docker-php-ext-enable",
        "docker-php-ext-install",
        "docker-php-source",
        "install-php-extensions",
        "pear",
        "pecl",
    ]
)

_VALUED = option_names("-j --jobs --ini-name")
_PECL_VALUED = option_names("-D --configureoptions -R --installroot -c -C -d -u -s -y -v")
_SETTINGS = (
    "channel-update | channel-discover | update-channels | config-set | config-create | clear-cache | login"
)
_PECL_VERBS = verb_table(
    ("install | upgrade", Action.INSTALL, ""),
    ("uninstall", Action.REMOVE, ""),
    (_SETTINGS, Action.NOTHING, "sets up pecl, which has no part in a Nix build"),
    (
        " | config-get | config-show | help | info | list | list-all | list-channels | list-files | remote-info | search | version",
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)
_NAMES_OF_NOTHING = {
    "docker-php-ext-configure": "nixpkgs builds the extension with its options",
    "docker-php-source": "nixpkgs builds extensions from its own copy of PHP's source",
}
# https://pecl.php.net: NAME, NAME-VERSION, NAME-STABILITY, with or without a channel; the file of a release.
_PECL_NAME = regex(r"(?:pecl\.php\.net/|pecl/)?([A-Za-z][A-Za-z0-9_]*)(?:-([A-Za-z0-9.^~]+))?")
_EXTENSION = regex(r"[A-Za-z][A-Za-z0-9_-]*?(?:\.so)?")
_INTERPRETER = regex(r"php[0-9]*")
_SET = "phpExtensions."
_TOOLS = "phpPackages."
# It had all extensions in one piece, and no function that makes it with others.
_WITHOUT_SETS = frozenset({"nixos-20.03"})
_LIKE = "php84"


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What one of the programs asks for. Extensions that it enables count as asked for: nixpkgs' are enabled by being there."""
    program, words = called_as(invocation)
    if program in {"pecl", "pear"}:
        return _pecl(program, read_command_line(words, _PECL_VALUED))
    line = read_command_line(words, _VALUED, has_verb=False)
    reason = _NAMES_OF_NOTHING.get(program)
    if reason is not None:
        return InstallStep(manager=NAME, action=Action.NOTHING, reason=reason, options=line.kept)
    read = _any_form if program == "install-php-extensions" else _extension
    requirements, unknown = read_words(line.operands, read)
    return InstallStep(
        manager=NAME, action=Action.INSTALL, requirements=requirements, unknown=unknown, options=line.kept
    )


def _pecl(program: str, line: CommandLine) -> InstallStep:
    action, reason = _PECL_VERBS.get(line.verb, (Action.OTHER, f"{program} {line.verb} has no translation"))
    if action is Action.INSTALL and program == "pear":
        action, reason = Action.OTHER, "installs a library of PEAR, of which nixpkgs has none"
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=NAME, action=action, reason=reason, options=line.kept)
    requirements, unknown = read_words(line.operands, _pecl_package)
    return InstallStep(
        manager=NAME, action=action, requirements=requirements, unknown=unknown, options=line.kept
    )


def _extension(word: Word, text: str) -> Requirement | UnknownWord:
    name = text.rpartition("/")[2]
    if not _EXTENSION.fullmatch(name):
        return refused(word, "is not the name of an extension")
    return _required(name.removesuffix(".so"), "", word)


def _any_form(word: Word, text: str) -> Requirement | UnknownWord:
    """install-php-extensions: an extension, with a version perhaps, a tool behind `@`, or where its source is."""
    if text.startswith("@"):
        name, _, version = text[1:].partition("-")
        return Requirement(
            manager=NAME, name=f"@{name}", specifier=_specifier(version), location=word.location
        )
    if "/" in text and "@" in text:
        return Requirement(manager=NAME, name="", url=text, location=word.location)
    return _pecl_package(word, text)


def _pecl_package(word: Word, text: str) -> Requirement | UnknownWord:
    if "://" in text or text.endswith((".tgz", ".xml")) or text.startswith((".", "/")):
        return Requirement(manager=NAME, name="", url=text, location=word.location)
    found = _PECL_NAME.fullmatch(text.replace(" ", ""))
    if found is None:
        return refused(word, "is not the name of a package of PECL")
    return _required(found[1], found[2] or "", word)


def _required(name: str, version: str, word: Word) -> Requirement:
    return Requirement(
        manager=NAME,
        name=name.lower().replace("-", "_"),
        specifier=_specifier(version),
        location=word.location,
    )


def _specifier(version: str) -> str:
    return f"-{version}" if version and version != "stable" else ""


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for an extension: nothing, where nixpkgs' PHP has it anyway, else one of the set of the image's PHP."""
    question = Question(
        requirement=requirement, name=requirement.name, table=NAME, catalogue=catalogue, setting=setting
    )
    if requirement.url:
        reason = f"the source of an extension ({requirement.url}): it would have to be built by php.buildPecl"
        return (unresolved(question, reason, ()),)
    return first_answer(question, _curated, _without_sets, _of_own_set, _unknown)


def _php(question: Question) -> str:
    name = question.setting.interpreter or ""
    return name if _INTERPRETER.fullmatch(name) else "php"


def _curated(question: Question) -> tuple[Resolution, ...]:
    row = question.catalogue.curated(NAME, question.name)
    return curated_row(question, row, lambda path: _in_own_set(question, path)) if row else ()


def _in_own_set(question: Question, path: str) -> str:
    for generic in (_SET, _TOOLS):
        if path.startswith(generic):
            return _php(question) + path.removeprefix("php")
    return path


def _without_sets(question: Question) -> tuple[Resolution, ...]:
    channel = question.setting.channel
    if channel not in _WITHOUT_SETS:
        return ()
    reason = f"{channel} has no {_php(question)}.withExtensions: the extensions of its PHP cannot be chosen"
    return (unresolved(question, reason, ()),)


def _unknown(question: Question) -> tuple[Resolution, ...]:
    php = _php(question)
    return (unresolved(question, f"{php}Extensions of nixpkgs has no {question.name}", ()),)


def _of_own_set(question: Question) -> tuple[Resolution, ...]:
    php = _php(question)
    path = f"{php}Extensions.{question.name}"
    evidence = f"an extension of nixpkgs, joined with {php} by {php}.withExtensions"
    like = f"{_LIKE}Extensions.{question.name}"
    known = question.catalogue.attribute(path)
    if known is None and not (channel_of(path, question.setting) or php == "php"):
        return ()
    if known is None and question.catalogue.attribute(like) is None:
        return ()
    return (package(question, path, origin=Origin.SAME_NAME, evidence=evidence, like=like),)
