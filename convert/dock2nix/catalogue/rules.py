"""Rules of a mapping table: one row for all names of a form (`openjdk-17-jdk`, `pkgconfig(zlib)`, `py3-requests`)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.base import CuratedPackage
from dock2nix.catalogue.rows import ROW_KEYS, check_keys, flag_of, package_from_row, text_of, texts_of
from dock2nix.errors import UsageError
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Attribute, Provider

_RULE_KEYS = ROW_KEYS | {"pattern", "examples", "provider", "of", "if_indexed"}
_LITERAL_START = regex(r"(?:[\w-]|\\[^\w\s])*")
_PLACEHOLDER = regex(r"\{([^{}]*)\}")
_PLAIN_NAME = regex(r"[A-Za-z_][A-Za-z0-9_-]*")
_INTERPRETER_SET = regex(r"^python3[0-9]+Packages\.")


class Index(Protocol):
    """What a rule asks of the package index; `PackageIndex` and every `Catalogue` can answer."""

    def attribute(self, path: str) -> Attribute | None: ...
    def providers(self, kind: str, name: str) -> tuple[Provider, ...]: ...


class Rule(Struct, frozen=True, kw_only=True):
    """A row for all names of one form. `pattern` must match the whole name; its groups stand as `{group}` in the row.

    `examples` are names it is meant for. `provider` (`kind:name`) asks the index who has that command, library or module. `of`
    names another package: the rule stands for a part of it. `if_indexed`: the rule holds only where the index has the attribute.
    `where` is file and number, for messages.
    """

    pattern: str
    examples: tuple[str, ...]
    row: dict[str, Any]
    provider: str = ""
    of: str = ""
    if_indexed: bool = False
    where: str

    def match(self, name: str) -> dict[str, str] | None:
        """The groups of `pattern` if it matches the whole name. Its constant start is compared first: compiling costs more."""
        if not name.startswith(_constant_start(self.pattern)):
            return None
        found = re.compile(self.pattern).fullmatch(name)
        return found.groupdict() if found else None


def rule_from_table(table: dict[str, Any], where: str) -> Rule:
    """A `[[rules]]` table, checked.

    Args:
        table: the keys of a row, with `pattern` and `examples`, and perhaps `provider`, `of` and `if_indexed`.
        where: file and number of the rule, for messages.

    Raises:
        UsageError: the table has not the documented form.

    """
    check_keys(table, _RULE_KEYS, where)
    pattern = text_of(table, "pattern", where)
    examples = texts_of(table, "examples", where)
    if not (pattern and examples):
        raise UsageError(f"{where}: a rule needs pattern and examples")
    return Rule(
        pattern=pattern,
        examples=examples,
        row={key: value for key, value in table.items() if key in ROW_KEYS},
        provider=text_of(table, "provider", where),
        of=text_of(table, "of", where),
        if_indexed=flag_of(table, "if_indexed", where),
        where=where,
    )


def apply_rule(
    rule: Rule, name: str, index: Index | None, whole: Callable[[str], CuratedPackage | None]
) -> CuratedPackage | None:
    """What a rule makes of a name, None when it does not apply or the index does not bear it out.

    Args:
        rule: the rule.
        name: the package's name.
        index: what nixpkgs holds; without it only rules apply that need no look.
        whole: the package of another name in the same table, for rules with `of`.

    """
    groups = rule.match(name)
    if groups is None:
        return None
    if rule.provider:
        package = _provided(name, _filled(rule.provider, groups), index)
    elif rule.of:
        package = _part(rule, name, _filled(rule.of, groups), index, whole)
    else:
        package = _confirmed(package_from_row(name, _filled_row(rule.row, groups), rule.where), rule, index)
    return None if package is None else _told(package, rule)


@cache
def _constant_start(pattern: str) -> str:
    found = _LITERAL_START.match(pattern)
    constant = found[0] if found else ""
    if pattern[len(constant) : len(constant) + 1] in {"?", "*", "+", "{"}:
        constant = constant[:-2] if constant[-2:-1] == "\\" else constant[:-1]
    return constant.replace("\\", "")


def _filled(text: str, groups: dict[str, str]) -> str:
    """`{group}` replaced by what the group matched; what matched is not looked at again."""
    return _PLACEHOLDER.sub(lambda found: groups.get(found[1]) or "", text)


def _filled_row(row: dict[str, Any], groups: dict[str, str]) -> dict[str, Any]:
    filled = dict(row)
    if "attribute" in row:
        filled["attribute"] = _filled(row["attribute"], groups)
    if "attributes" in row:
        filled["attributes"] = [_filled(text, groups) for text in row["attributes"]]
    return filled


def _told(package: CuratedPackage, rule: Rule) -> CuratedPackage:
    """The package with what the rule says of all its names; the reason calls the rule by an example, easier to read than its pattern."""
    reason = package.reason or text_of(rule.row, "reason", rule.where)
    label = f"rule for names like {rule.examples[0]}"
    return replace(
        package,
        reason=f"{label}: {reason}" if reason else label,
        build_only=package.build_only or flag_of(rule.row, "build_only", rule.where),
    )


def _confirmed(package: CuratedPackage, rule: Rule, index: Index | None) -> CuratedPackage | None:
    """The package as far as the index bears it out: None where an attribute is missing, outputs cut down to those there are."""
    if package.not_needed or package.unfree or package.unindexed:
        return package
    if index is None:
        return None if rule.if_indexed else package
    known = [(path, outputs, index.attribute(path)) for path, outputs in package.attributes]
    if any(attribute is None for _, _, attribute in known):
        return None
    attributes = tuple(
        (path, tuple(output for output in outputs if attribute is not None and output in attribute.outputs))
        for path, outputs, attribute in known
    )
    return replace(package, attributes=attributes)


def _provided(name: str, provider: str, index: Index | None) -> CuratedPackage | None:
    """The best provider of a `kind:name`. Python modules come from the set of the image's interpreter."""
    kind, _, wanted = provider.partition(":")
    if index is None or not wanted:
        return None
    spelled = _spelled(kind, wanted)
    found = index.providers(kind, spelled)
    if not found:
        return None
    path = AttributePath(_INTERPRETER_SET.sub("python3Packages.", found[0].path))
    outputs = _told_apart(index.attribute(found[0].path), found[0].output)
    return CuratedPackage(name=name, attributes=((path, outputs),), reason=f"{path} provides {spelled}")


def _told_apart(attribute: Attribute | None, output: str) -> tuple[str, ...]:
    """The output to ask for: none where it is the default one, which `out` is unless there is a `bin`."""
    if output == "out" and not (attribute and "bin" in attribute.outputs):
        return ()
    return (output,)


def _spelled(kind: str, name: str) -> str:
    match kind:
        case "python":
            return re.sub(r"[-_.]+", "-", name).lower()  # PEP 503
        case "perl":
            return name.replace("-", "::")
        case _:
            return name


def _part(
    rule: Rule,
    name: str,
    whole_name: str,
    index: Index | None,
    whole: Callable[[str], CuratedPackage | None],
) -> CuratedPackage | None:
    """A part of another package: its row or rule, or the attribute of that very name, with the outputs of the rule."""
    if index is None or not 0 < len(whole_name) < len(name):
        return None
    wanted = texts_of(rule.row, "outputs", rule.where)
    base = whole(whole_name) or _same_name(whole_name, index, headers="dev" in wanted)
    if base is None or base.keep_with:
        return None
    attributes = tuple((path, wanted or outputs) for path, outputs in base.attributes)
    part = replace(base, name=name, attributes=attributes, environment=())
    return _confirmed(part, rule, index)


def _same_name(name: str, index: Index, *, headers: bool) -> CuratedPackage | None:
    """The attribute called exactly like the package, when what it holds is called so too; with `headers` it must have some."""
    if not _PLAIN_NAME.fullmatch(name):
        return None
    attribute = index.attribute(name)
    if attribute is None or attribute.pname.lower() != name.lower():
        return None
    if headers and not _has_headers(attribute, index):
        return None  # a program that happens to be called like a library
    return CuratedPackage(name=name, attributes=((AttributePath(name), ()),))


def _has_headers(attribute: Attribute, index: Index) -> bool:
    """Whether there is an output of headers, or a header, .pc file or library that is called like the package."""
    name = attribute.path
    asked = (
        ("header", f"{name}.h"),
        ("pkgconfig", name),
        ("pkgconfig", f"lib{name}"),
        ("soname", f"lib{name}.so"),
    )
    return "dev" in attribute.outputs or any(
        provider.path == name for kind, what in asked for provider in index.providers(kind, what)
    )
