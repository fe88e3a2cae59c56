"""gem: Ruby's own installer. What nixpkgs has of it is a set of gems for each Ruby, and programs that are written in Ruby."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line, read_words, refused, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.resolution import (
    Question,
    curated,
    first_answer,
    package,
    plain_attribute,
    unresolved,
)
from dock2nix.model.packages import Action, InstallStep, Origin, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.managers.base import BuildFiles, Setting
    from dock2nix.model.packages import Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "gem"
PROGRAMS = frozenset({"gem"})

_VALUED = option_names(
    """
    -v --version -s --source --platform -i --install-dir -n --bindir -P --trust-policy -p --http-proxy --config-file
    --build-root --document -B --bulk-threshold --add -a --remove -r
    """
)
_VERBS = verb_table(
    ("install | i", Action.INSTALL, ""),
    ("uninstall", Action.REMOVE, ""),
    ("update", Action.NOTHING, "the versions are those of the pinned nixpkgs"),
    ("cleanup | sources", Action.NOTHING, "sets up RubyGems, which has no part in a Nix build"),
    (
        " | check | contents | dependency | environment | help | info | list | outdated | query | search | specification | which",
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)
_WHOLE_NAME = regex(r"([A-Za-z0-9][A-Za-z0-9_.-]*?)(?::([0-9][0-9A-Za-z.-]*))?")
_RUBY = regex(r"ruby(_[0-9]+_[0-9]+)?")
# The set that the index holds.
_INDEXED = "rubyPackages"


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of gem asks for."""
    line = read_command_line(called_as(invocation)[1], _VALUED)
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"gem {line.verb} has no translation"))
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=NAME, action=action, reason=reason, options=line.kept)
    version = line.last("-v", "--version")
    requirements, unknown = read_words(line.operands, lambda word, text: _gem(word, text, version))
    return InstallStep(
        manager=NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        everywhere=True,
        options=line.kept,
    )


def _gem(word: Word, text: str, version: str) -> Requirement | UnknownWord:
    if text.endswith(".gem") or "/" in text:
        return Requirement(manager=NAME, name="", url=text, location=word.location)
    found = _WHOLE_NAME.fullmatch(text)
    if found is None:
        return refused(word, "is not the name of a gem")
    asked = found[2] or version
    return Requirement(
        manager=NAME, name=found[1], specifier=f" {asked.strip()}" if asked else "", location=word.location
    )


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for a gem: nothing, where it is part of Ruby, a gem of the set of the image's Ruby, or a program of that name."""
    question = Question(
        requirement=requirement, name=requirement.name, table=NAME, catalogue=catalogue, setting=setting
    )
    if requirement.url:
        return (
            unresolved(question, f"a gem by its file ({requirement.url}): buildRubyGem would build it", ()),
        )
    return first_answer(question, curated, _of_own_set, _program, _unknown)


def _of_own_set(question: Question) -> tuple[Resolution, ...]:
    """A gem of the set, in the spelling of the image's Ruby: nixpkgs makes one for each of the same list."""
    like = f"{_INDEXED}.{question.name}"
    if question.catalogue.attribute(like) is None:
        return ()
    ruby = question.setting.interpreter or ""
    found = _RUBY.fullmatch(ruby)
    path = f"{_INDEXED}{(found[1] or '') if found else ''}.{question.name}"
    evidence = f"a gem of nixpkgs, joined with {ruby or 'ruby'} by withPackages"
    return (package(question, path, origin=Origin.SAME_NAME, evidence=evidence, like=like),)


def _program(question: Question) -> tuple[Resolution, ...]:
    """A program of that name, which nixpkgs has with gems of its own."""
    known = plain_attribute(question, question.name)
    if known is None or question.name not in known.programs:
        return ()
    evidence = f"the attribute of that name has the command {question.name}, with gems of its own"
    return (package(question, known.path, origin=Origin.SAME_NAME, evidence=evidence),)


def _unknown(question: Question) -> tuple[Resolution, ...]:
    reason = (
        f"nixpkgs' set of gems has no {question.name}: write it into a Gemfile, lock it (`bundle lock --add-checksums`), "
        "and install that (`bundle install`)"
    )
    return (unresolved(question, reason, ()),)
