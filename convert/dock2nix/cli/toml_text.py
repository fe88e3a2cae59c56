"""Values as TOML, for the rows that are shown to be copied."""

from __future__ import annotations

import json

from dock2nix.regex import regex

_BARE = regex(r"[A-Za-z0-9_-]+")


def toml_key(name: str) -> str:
    """A key, quoted where TOML wants it."""
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_value(value: object) -> str:
    """Texts, truth values, lists and tables on one line (TOML 1.0; a JSON string is a basic string but for DEL)."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case dict():
            pairs = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            raise TypeError(f"no TOML for {type(value).__name__}")
