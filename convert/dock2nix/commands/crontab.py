"""`crontab FILE`: a user's table of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    is_account,
    option_table,
    path_of,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import MakeDirectory, RunTool, SetMode, ToolPath, WriteFile

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"crontab"})
_OPTIONS = option_table("-u --user =", "-c =")
_FOLDER = "/var/spool/cron/crontabs"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """The file, or what comes through the pipe, as the table in /var/spool/cron/crontabs, where cron and busybox look."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or len(options.operands) > 1 or not writes_nowhere(redirects):
        return None
    user = options.last("-u") or "root"
    body = next((one.body for one in redirects if one.operator == "<<"), None)
    if not is_account(user):
        return None
    table = f"{_FOLDER}/{user}"
    folder = MakeDirectory(path=options.last("-c") or _FOLDER, location=location, text=text)
    from_input = not options.operands or options.operands[0].value == "-"
    put: Effect
    if from_input:
        if body is None:
            return None
        put = WriteFile(path=table, content=body, location=location, text=text)
    else:
        path = path_of(options.operands[0], invocation.directory)
        if path is None:
            return None
        words = (ToolPath(path), ToolPath(table))
        put = RunTool(program="cp", words=words, reads=(path,), target=table, location=location, text=text)
    mode = SetMode(path=table, mode="600", location=location, text=text)
    return Translation(effects=(folder, put, mode), reason="a table for cron")
