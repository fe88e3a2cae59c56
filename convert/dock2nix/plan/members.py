"""Packages that work only together with their interpreter or server, which is then made with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import JoinFunction
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.packages import NixpkgsPackage

_PYTHON = regex(r"(?P<interpreter>(?:python|pypy)\d*)Packages\.(?P<name>.+)")
_PHP = regex(r"(?P<interpreter>php\d*)Extensions\.(?P<name>.+)")
_POSTGRESQL = regex(r"postgresql(?P<version>\d*)Packages\.(?P<name>.+)")
_PERL = regex(r"perl(?:5)?Packages\.(?P<name>.+)")
_RUBY = regex(r"rubyPackages(?P<version>(?:_\d+_\d+)?)\.(?P<name>.+)")
# As distributions name modules of Perl; what is called otherwise is a program that happens to be written in it.
_PERL_MODULE = regex(r"lib.+-perl|perl-.+|perl\(.+\)")
_RUBY_GEM = regex(r"ruby-.+|rubygem-.+")


class Member(Struct, frozen=True, kw_only=True):
    """A package of a set: `name` in it, the attribute it is joined with, and by which function."""

    interpreter: AttributePath
    name: str
    function: JoinFunction = JoinFunction.PACKAGES


def member_of(package: NixpkgsPackage) -> Member | None:
    """The set that a package belongs to, if it does nothing without the others of it; None for one that works by itself."""
    path, asked, manager = package.attribute_path, package.requirement.name, package.requirement.manager
    if found := _PYTHON.fullmatch(path):
        return Member(interpreter=AttributePath(found["interpreter"]), name=found["name"])
    if found := _PHP.fullmatch(path):
        interpreter = AttributePath(found["interpreter"])
        return Member(interpreter=interpreter, name=found["name"], function=JoinFunction.EXTENSIONS)
    if found := _POSTGRESQL.fullmatch(path):
        version = f"_{found['version']}" if found["version"] else ""
        return Member(interpreter=AttributePath(f"postgresql{version}"), name=found["name"])
    if (found := _PERL.fullmatch(path)) and _PERL_MODULE.fullmatch(asked):
        return Member(interpreter=AttributePath("perl"), name=found["name"])
    if (found := _RUBY.fullmatch(path)) and (manager == "gem" or _RUBY_GEM.fullmatch(asked)):
        return Member(interpreter=AttributePath(f"ruby{found['version']}"), name=found["name"])
    return None
