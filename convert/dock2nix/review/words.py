"""How things of a conversion are called in front of people. All text is made visible by whoever prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.review.items import LAST, OPEN

if TYPE_CHECKING:
    from dock2nix.review.compare import Change
    from dock2nix.review.items import Item

_KEYWORDS = {"env": "ENV", "port": "EXPOSE", "volume": "VOLUME", "label": "LABEL"}
LONGEST = 90


def called(item: Item) -> str:
    """`apt:jq`, `ENV PATH`, `EXPOSE 80/tcp`, `curl -O … (stage build)`."""
    name = f"{_KEYWORDS[item.kind]} {item.name}" if item.kind in _KEYWORDS else item.name
    if item.kind == "base":
        name = "base of the image" if item.stage == LAST else f"base of stage {item.stage}"
    if item.kind == "image":
        name = f"the image's {item.name}"
    where = f" (stage {item.stage})" if item.stage != LAST and item.kind != "base" else ""
    return shortened(name) + where


def becomes(item: Item) -> str:
    """What stands for a package: `pkgs.jq 1.7.1`, `left to a human`."""
    if item.outcome == OPEN:
        return "left to a human"
    shown = ", ".join(map(attribute, item.attributes))
    outputs = f" ({', '.join(item.outputs)})" if item.outputs else ""
    version = f" {item.version}" if item.version else ""
    text = f"{shown}{outputs}{version}".strip() or item.outcome
    return f"{text}, for building only" if item.outcome == "build-only" else text


def attribute(path: str) -> str:
    """An attribute path as it stands in Nix; one of another input keeps its prefix."""
    return path if path.startswith("inputs.") else f"pkgs.{path}"


def told(change: Change) -> str:
    """What has changed, in one line without the name: `3.0 → 3.1`, `asks for >=3 instead of >=2`."""
    old, new = change.old, change.new
    if old is None or new is None:
        return described(change.item)
    parts = [] if old.asked == new.asked else [_pair(old.asked, new.asked)]
    if old.kind == "package":
        before, after = becomes(old), becomes(new)
        if before != after:
            parts.append(_pair(before, after))
        elif old.hash != new.hash or (old.given != new.given and not parts):
            parts.append("another hash" if old.hash != new.hash else _pair(old.outcome, new.outcome))
    elif old.given != new.given:
        parts.append(_given(old, new))
    return "; ".join(dict.fromkeys(parts))


def described(item: Item) -> str:
    """What a thing is, in one line without its name."""
    match item.kind:
        case "package":
            asked = f"{item.asked} " if item.asked else ""
            return f"{asked}{becomes(item)}"
        case "command" | "copy":
            return "left to a human" if item.outcome == OPEN else item.outcome
        case "locked" | "pin":
            return item.version[:12] if item.kind == "pin" else item.version
        case "download":
            return item.hash
        case _:
            return shortened(item.asked)


def _given(old: Item, new: Item) -> str:
    if old.kind == "pin":
        return _pair(old.version[:12], new.version[:12])
    if old.version != new.version:
        return _pair(old.version, new.version)
    if old.hash != new.hash:
        return _pair(old.hash, new.hash)
    if old.outcome != new.outcome:
        return _pair(described(old), described(new))
    if old.attributes != new.attributes:
        gone = [one for one in old.attributes if one not in new.attributes]
        come = [one for one in new.attributes if one not in old.attributes]
        return shortened(" ".join([*(f"-{one}" for one in gone), *(f"+{one}" for one in come)]))
    if old.kind == "locked":
        return "other files"
    gone = [one for one in old.detail if one not in new.detail]
    come = [one for one in new.detail if one not in old.detail]
    return shortened(
        ", ".join([*(f"-{one}" for one in gone), *(f"+{one}" for one in come)]) or "another order"
    )


def _pair(old: str, new: str) -> str:
    return f"{shortened(old) or 'nothing'} → {shortened(new) or 'nothing'}"


def shortened(text: str) -> str:
    """A text cut to what fits a line."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
