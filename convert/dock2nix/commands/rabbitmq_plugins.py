"""`rabbitmq-plugins enable --offline`: the plugins that RabbitMQ starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, read_options, writes_nowhere
from dock2nix.model.image import RunTool, ToolPath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"rabbitmq-plugins"})
_OPTIONS = option_table("--offline", "--online", "-q --quiet", "-s --silent")
_NAME = regex(r"rabbitmq_[a-z0-9_]+")
_FILE = "/etc/rabbitmq/enabled_plugins"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """The plugins are written in front of those that the file names already; only RabbitMQ's own are known to be there."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not writes_nowhere(redirects) or len(options.operands) < 2:
        return None
    verb, *names = (word.value or "" for word in options.operands)
    if verb != "enable" or not all(_NAME.fullmatch(name) for name in names):
        return None
    words = ("-i", f"s/^\\[/[{','.join(names)},/", ToolPath(_FILE))
    effect = RunTool(program="sed", words=words, reads=(_FILE,), location=location, text=text)
    return Translation(effects=(effect,), reason="switches plugins on")
