"""The value of `RUN --mount`: fields separated by commas, and what BuildKit accepts in them."""

from __future__ import annotations

from dock2nix.regex import regex

_QUOTED_FIELD = regex(r'"((?:[^"]|"")*)"')
_TYPES = frozenset({"bind", "cache", "secret", "ssh", "tmpfs"})
_SHARING = frozenset({"locked", "private", "shared"})
_TRUTHS = frozenset(["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"])
_SWITCHES = frozenset({"readonly", "readwrite", "required", "ro", "rw"})
_NAMES = _SWITCHES | frozenset(
    {
        "destination",
        "dst",
        "env",
        "from",
        "gid",
        "id",
        "mode",
        "sharing",
        "size",
        "source",
        "src",
        "target",
        "type",
        "uid",
    }
)
# The types of mounts that know a field.
_TYPES_WITH = {
    "gid": frozenset({"cache", "secret", "ssh"}),
    "mode": frozenset({"cache", "secret", "ssh"}),
    "required": frozenset({"secret", "ssh"}),
    "sharing": frozenset({"cache"}),
    "size": frozenset({"tmpfs"}),
    "uid": frozenset({"cache", "secret", "ssh"}),
}
_FORMS = {
    "gid": regex("[0-9]{1,10}"),
    "mode": regex("[0-7]{1,11}"),
    "size": regex(r"[0-9]+(\.[0-9]+)? ?([kKmMgGtTpP]?[iI]?[bB]?)"),
    "uid": regex("[0-9]{1,10}"),
}

Fields = tuple[tuple[str, str | None], ...]


def csv_fields(text: str) -> tuple[str, ...]:
    """The fields of one line of comma-separated values (RFC 4180).

    Raises:
        ValueError: a quote where none may stand.

    """
    if '"' not in text:
        return tuple(text.split(","))
    fields: list[str] = []
    at = 0
    while at <= len(text):
        quoted = _QUOTED_FIELD.match(text, at)
        end = quoted.end() if quoted else (text + ",").index(",", at)
        field = quoted[1].replace('""', '"') if quoted else text[at:end]
        if (not quoted and '"' in field) or text[end : end + 1] not in {"", ","}:
            raise ValueError(f"failed to parse csv fields: a stray quote in {text!r}")
        fields.append(field)
        at = end + 1
    return tuple(fields)


def csv_line(fields: tuple[str, ...]) -> str:
    """The line that `csv_fields` takes apart into `fields`."""
    return ",".join(
        '"' + field.replace('"', '""') + '"' if '"' in field or "," in field else field for field in fields
    )


def mount_fields(text: str) -> Fields:
    """The fields of a `RUN --mount`, names in lower case; the value is None for a bare name (`readonly`).

    Raises:
        ValueError: a stray quote.

    """
    parts = (field.partition("=") for field in csv_fields(text))
    return tuple((name.lower(), value if sign else None) for name, sign, value in parts)


def mount_problem(fields: Fields) -> str:
    """What BuildKit refuses in a mount whose values are expanded; "" when it accepts it."""
    given = {name: value for name, value in fields if value is not None or name in _SWITCHES}
    kind = (given.get("type") or "bind").lower()
    if kind not in _TYPES:
        return f"unsupported mount type {given['type']!r}: expected one of {', '.join(sorted(_TYPES))}"
    problems = (_field_problem(name, value, kind) for name, value in fields)
    return next((problem for problem in problems if problem), "") or _secret_problem(given, kind)


def _field_problem(name: str, value: str | None, kind: str) -> str:
    if name not in _NAMES:
        return f"unexpected key {name!r} in mount: expected one of {', '.join(sorted(_NAMES))}"
    if kind not in _TYPES_WITH.get(name, _TYPES):
        return f"unexpected key {name!r} for mount type {kind!r}"
    if value is None:
        return "" if name in _SWITCHES else f"invalid field {name!r} must be a key=value pair"
    form = _FORMS.get(name)
    if (
        (form and not form.fullmatch(value))
        or (name in _SWITCHES and value not in _TRUTHS)
        or (name == "sharing" and value.lower() not in _SHARING)
    ):
        return f"invalid value for {name}: {value}"
    return ""


def _secret_problem(given: dict[str, str | None], kind: str) -> str:
    if kind != "secret":
        return ""
    source = given.get("source") or given.get("src")
    target = given.get("target") or given.get("dst") or given.get("destination")
    if given.get("from"):
        return "secret mount should not have a from"
    if source and given.get("id"):
        return "both source and id can't be set"
    return (
        "" if source or target or given.get("id") else "invalid secret mount: expected a source, target or id"
    )
