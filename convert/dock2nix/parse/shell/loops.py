"""What a loop's body may change, found without following it: all of that is unknown from its second round on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.parse.shell.state import Unknown
from dock2nix.parse.shell.syntax import For, Function, Node, Script, Simple, children
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.parse.shell.state import State

_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[[^\]]*\])?\+?=")
_DEFAULTED = regex(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?=")
_COUNTED = regex(
    r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*(?:[-+*/%&|^]?=|\+\+|--)|(?:\+\+|--)([A-Za-z_][A-Za-z0-9_]*)"
)
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMING = frozenset(
    {"read", "export", "local", "readonly", "declare", "typeset", "unset", "mapfile", "readarray", "getopts"}
)
_MOVING = frozenset({"cd", "pushd", "popd"})
_SOURCING = frozenset({".", "source", "eval"})


class Changes(Struct):
    """Names of variables, and what else changes: `everything` says why nothing is safe."""

    names: set[str] = field(default_factory=set)
    everything: str = ""
    moves: bool = False
    shifts: bool = False

    def forget(self, state: State) -> None:
        """Make all of it unknown."""
        if self.everything:
            state.forget_all(f"may be changed by {self.everything} in a loop")
        state.forget(sorted(self.names), "changes in a loop")
        if self.moves:
            state.directory = None
            state.directories = ()
        if self.shifts:
            state.positional = Unknown("the positional parameters change in a loop")


def changed_by(node: Node, script: Script, state: State) -> Changes:
    """What a statement may change in the shell that runs it, functions it calls included."""
    changes = Changes()
    waiting: list[tuple[Node, Script]] = [(node, script)]
    seen: set[Function] = set()
    while waiting:
        current, home = waiting.pop()
        match current:
            case For():
                changes.names |= {current.variable} if current.variable else set()
                changes.names |= (
                    _counted(home.text[slice(*current.header)]) if current.unknown_items else set()
                )
            case Simple():
                for function in _note(current, home, changes, state):
                    if function[0] not in seen:
                        seen.add(function[0])
                        waiting.append((function[0].body, function[1]))
        if not isinstance(current, Function):
            waiting.extend((child, home) for child in children(current))
    return changes


def _note(node: Simple, script: Script, changes: Changes, state: State) -> list[tuple[Function, Script]]:
    words = [script.text[slice(*word)] for word in node.words]
    changes.names.update(_DEFAULTED.findall(script.text[slice(*node.span)]))
    while words and (found := _ASSIGNMENT.match(words[0])):
        changes.names.add(found[1])
        words.pop(0)
    if not words:
        return []
    program, arguments = words[0], words[1:]
    if program.startswith("((") or program == "let" or "$((" in script.text[slice(*node.span)]:
        changes.names |= _counted(script.text[slice(*node.span)])
    if program in _NAMING or (program == "printf" and "-v" in arguments):
        found_names = [_NAME.match(argument.strip("'\"")) for argument in arguments]
        changes.names.update(name[0] for name in found_names if name)
        changes.names |= {"REPLY", "MAPFILE", "OPTARG"} if program not in {"export", "local"} else set()
    changes.moves |= program in _MOVING
    changes.shifts |= program in {"shift", "set"}
    if program in _SOURCING or program[:1] in "$`":
        changes.everything = program if program in _SOURCING else "a command that is not known"
    return [known for known in state.functions.get(program, ()) if known]


def _counted(text: str) -> set[str]:
    return {found[1] or found[2] for found in _COUNTED.finditer(text)}
