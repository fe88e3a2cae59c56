"""The part of the build context that a COPY takes, as a `lib.fileset` expression that stays true when files are added."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.emit.expression import INDENT, nix_comment, nix_string
from dock2nix.model.fileset import ExcludePath, ExcludePattern, IgnoreRules, IncludePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.model.fileset import FilesetExclusion, IgnoreRule
    from dock2nix.model.image import ContextSource

_PLAIN_PATH = regex(r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._+-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._+-]+)*")

_ESCAPED = regex(r"\\[^/]")
# Sets of characters in a regular expression that no slash is in.
_SETS = regex(r"\[(?:\^/|(?:[A-Za-z0-9_](?:-[A-Za-z0-9])?)+-?)\]")

_UNMATCHED = """\
# the files that, with all folders above them, none of the regular expressions matches
unmatched =
  patterns:
  lib.fileset.fromSource (
    lib.cleanSourceWith {
      src = ROOT;
      filter =
        path: _:
        let
          name = lib.removePrefix "${toString ROOT}/" path;
        in
        !lib.any (pattern: builtins.match pattern name != null) patterns;
    }
  );"""

_NOT_IGNORED = """\
# the files that BuildKit does not ignore: a pattern is tried on paths not ignored so far, an
# exception (with a leading "!") on the others, and what matches a folder holds for all in it
notIgnored =
  patterns:
  let
    visit =
      name:
      let
        parent = dirOf name;
        above = if parent == "." then map (_: false) patterns else (visit parent).hits;
        try =
          state: pattern:
          let
            negated = lib.hasPrefix "!" pattern;
            regex = lib.removePrefix "!" pattern;
            hit =
              builtins.elemAt above (builtins.length state.hits)
              || (negated == state.ignored && builtins.match regex name != null);
          in
          {
            ignored = if hit then !negated else state.ignored;
            hits = state.hits ++ [ hit ];
          };
        start = {
          ignored = false;
          hits = [ ];
        };
      in
      lib.foldl' try start patterns;
  in
  lib.fileset.fromSource (
    lib.cleanSourceWith {
      src = ROOT;
      filter =
        path: type:
        let
          name = lib.removePrefix "${toString ROOT}/" path;
        in
        type == "directory" || !(visit name).ignored;
    }
  );"""


class _Item(Struct, frozen=True, kw_only=True):
    """An element of a list, with the remark behind it."""

    text: str
    remark: str = ""


class _Step(Struct, frozen=True, kw_only=True):
    """A set operation of `lib.fileset` on the set so far and on what `maker` makes of a list."""

    operation: str
    maker: str
    items: tuple[_Item, ...]


def fileset_expression(
    sources: tuple[ContextSource, ...],
    exclusions: tuple[FilesetExclusion, ...],
    generated: tuple[str, ...],
    relative_root: str = "../.",
) -> str:
    """The store path of what an instruction copies, at the same places as in the context.

    Args:
        sources: as `BuildContext.resolve_copy` gave them; destinations do not matter here.
        exclusions: as `fileset_exclusions` gave them for these sources, to be applied in this order to the folders.
        generated: paths in the context of what dock2nix writes; they are never copied along with a folder.
        relative_root: the context as a Nix path, seen from the file that the expression stands in.

    Returns:
        A call of `lib.fileset.toSource` in nixfmt's style, the first line not indented. It uses `lib` and `builtins` only.

    """
    printer = _Printer(root=relative_root)
    folders = _outermost({source.path for source in sources if source.directory})
    exclusions = tuple(one for one in exclusions if "" in folders or not _is_of_the_top(one))
    files = sorted({source.path for source in sources if not source.directory})
    base, rest = printer.start(folders, exclusions)
    steps = printer.steps(rest, tuple(path for path in sorted(generated) if _is_in_any(path, folders)))
    items = tuple(_Item(text=printer.path(path)) for path in files if steps or not _is_in_any(path, folders))
    if steps and items:
        steps.append(_Step(operation="union", maker="lib.fileset.unions", items=items))
        items = ()
    bindings, value = _chain(_union((*base, *items)), steps)
    return _to_source(relative_root, [*_functions(exclusions, relative_root), *bindings], value)


class _Printer(Struct, frozen=True, kw_only=True):
    """Turns paths and exclusions into Nix, seen from a file for which the context is at `root`."""

    root: str

    def path(self, path: str) -> str:
        """A Nix path; one with unusual characters is put together from a string, which needs the parentheses."""
        if not path:
            return self.root
        if self.root == "../." and path == "nix":
            return "./."
        if _PLAIN_PATH.fullmatch(path):
            return f"{self.root.removesuffix('.')}{path}"
        return f"({self.root} + {nix_string('/' + path)})"

    def start(
        self, folders: list[str], exclusions: tuple[FilesetExclusion, ...]
    ) -> tuple[tuple[_Item, ...], tuple[FilesetExclusion, ...]]:
        """The files to begin with, and the exclusions left: after "all but", only the exceptions count."""
        whole = [
            at
            for at, exclusion in enumerate(exclusions)
            if isinstance(exclusion, ExcludePath) and folders == [exclusion.path]
        ]
        if not whole:
            return tuple(_Item(text=self.path(folder)) for folder in folders), exclusions
        head, *rest = exclusions[whole[-1] :]
        count = next((at for at, e in enumerate(rest) if not isinstance(e, IncludePath)), len(rest))
        items = [_Item(text="", remark=head.origin)] if isinstance(head, ExcludePath) else []
        items += [self._maybe(e) for e in rest[:count] if isinstance(e, IncludePath)]
        return tuple(items), tuple(rest[count:])

    def steps(self, exclusions: tuple[FilesetExclusion, ...], generated: tuple[str, ...]) -> list[_Step]:
        """One step or two for each run of exclusions; the order inside a run does not matter."""
        steps: list[_Step] = []
        for (kind, _), group in groupby(exclusions, _kind):
            run = tuple(group)
            paths = tuple(self._maybe(e) for e in run if isinstance(e, ExcludePath | IncludePath))
            patterns = tuple(item for e in run for item in _pattern_items(e))
            maker = "unmatched" if kind == "exclude" else "notIgnored"
            operation = "difference" if kind == "exclude" else "union"
            if patterns:
                steps.append(_Step(operation="intersection", maker=maker, items=patterns))
            if paths:
                steps.append(_Step(operation=operation, maker="lib.fileset.unions", items=paths))
        return _without(steps, tuple(_Item(text=self.path(path)) for path in generated))

    def _maybe(self, exclusion: ExcludePath | IncludePath) -> _Item:
        return _Item(text=f"(lib.fileset.maybeMissing {self.path(exclusion.path)})", remark=exclusion.origin)


def _is_of_the_top(exclusion: FilesetExclusion) -> bool:
    """Whether it is a pattern for names at the top of the context alone, which nothing in a folder of it has."""
    if not isinstance(exclusion, ExcludePattern):
        return False
    left = _SETS.sub("", _ESCAPED.sub("", exclusion.regex))
    return not any(char in left for char in "/.[")


def _without(steps: list[_Step], items: tuple[_Item, ...]) -> list[_Step]:
    """The steps, with more to leave out at the end."""
    if items and steps and steps[-1].operation == "difference":
        return [*steps[:-1], replace(steps[-1], items=items + steps[-1].items)]
    if items:
        steps = [*steps, _Step(operation="difference", maker="lib.fileset.unions", items=items)]
    return steps


def _kind(exclusion: FilesetExclusion) -> tuple[str, IgnoreRules | None]:
    """What may be done in one step; each set of rules is a step of its own."""
    match exclusion:
        case ExcludePath() | ExcludePattern():
            return "exclude", None
        case IncludePath():
            return "include", None
        case IgnoreRules():
            return "rules", exclusion
    assert_never(exclusion)


def _pattern_items(exclusion: FilesetExclusion) -> tuple[_Item, ...]:
    match exclusion:
        case ExcludePattern():
            return (_Item(text=nix_string(exclusion.regex), remark=exclusion.origin),)
        case IgnoreRules():
            return tuple(_Item(text=nix_string(_marked(r)), remark=r.origin) for r in exclusion.rules)
        case _:
            return ()


def _marked(rule: IgnoreRule) -> str:
    """The regular expression with the mark of an exception; a pattern's own `!` is put into brackets."""
    if rule.negated:
        return f"!{rule.regex}"
    return f"[!]{rule.regex[1:]}" if rule.regex.startswith("!") else rule.regex


def _chain(base: str, steps: list[_Step]) -> tuple[list[str], str]:
    """Bindings for the sets on the way, and the expression of the last one."""
    bindings = [f"copied = {base};"] if steps and "\n" in base else []
    value = base
    for count, step in enumerate(steps):
        if count:
            bindings.append(f"kept{count} = {value};")
        so_far = f"kept{count}" if count else "copied" if bindings else base
        value = f"lib.fileset.{step.operation} {so_far} {_argument(step)}"
    return bindings, value


def _argument(step: _Step) -> str:
    if len(step.items) == 1 and not step.items[0].remark:
        return step.items[0].text
    return f"(\n{_indented(f'{step.maker} {_list(step.items)}')}\n)"


def _union(items: tuple[_Item, ...]) -> str:
    if len(items) == 1 and items[0].text and not items[0].remark:
        return items[0].text
    return f"lib.fileset.unions {_list(items)}"


def _list(items: tuple[_Item, ...]) -> str:
    lines = (f"{item.text}{' # ' * bool(item.remark)}{nix_comment(item.remark)}".strip() for item in items)
    return "[\n" + "".join(f"{INDENT}{line}\n" for line in lines) + "]"


def _functions(exclusions: tuple[FilesetExclusion, ...], root: str) -> list[str]:
    """The definitions of the functions that the steps use."""
    texts = []
    if any(isinstance(exclusion, ExcludePattern) for exclusion in exclusions):
        texts.append(_UNMATCHED.replace("ROOT", root))
    if any(isinstance(exclusion, IgnoreRules) for exclusion in exclusions):
        texts.append(_NOT_IGNORED.replace("ROOT", root))
    return texts


def _to_source(root: str, bindings: list[str], value: str) -> str:
    if bindings:
        inner = "\n".join(("let", *(_indented(binding) for binding in bindings), "in", value))
        fields = f"root = {root};\nfileset =\n{_indented(inner)};"
    else:
        fields = f"root = {root};\nfileset = {value};"
    return f"lib.fileset.toSource {{\n{_indented(fields)}\n}}"


def _indented(text: str) -> str:
    return "\n".join(f"{INDENT}{line}" if line else line for line in text.split("\n"))


def _outermost(folders: set[str]) -> list[str]:
    return sorted(folder for folder in folders if not _is_in_any(folder, folders - {folder}))


def _is_in_any(path: str, folders: Iterable[str]) -> bool:
    return any(not folder or f"{path}/".startswith(f"{folder}/") for folder in folders)
