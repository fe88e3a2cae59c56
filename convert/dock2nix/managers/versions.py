"""Versions asked for and versions given, compared as each package manager reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

Numbers = tuple[int, ...]

_NUMBERS = regex(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")
_COMPARISON = regex(r"(>=|<=|==|=|>|<)(.+)")
_EPOCH = regex(r"[0-9]+:")
_NPM_COMPARATOR = regex(r"(\^|~>?|>=|<=|>|<|=)?\s*v?([0-9xX*][0-9A-Za-z.*+-]*)")
_NPM_HYPHEN = regex(r"v?([0-9][0-9A-Za-z.+-]*)\s+-\s+v?([0-9][0-9A-Za-z.+-]*)")
_NPM_GAP = regex(r"([<>=^~])\s+")
_LONGEST = 1000


def version_satisfies(manager: str, specifier: str, version: str) -> bool | None:
    """Whether a version is what was asked for.

    Args:
        manager: the name of the manager whose notation `specifier` is in.
        specifier: as in `Requirement.specifier`: `=15.4-1`, `>=2,<3`, `@^5`, `-1.2-3.el8`; "" for any.
        version: of the nixpkgs package; "" when it is not known.

    Returns:
        None when the two cannot be compared: a tag, a suite, a version that is not made of numbers.
        Only the upstream part counts for distribution packages: Debian's epoch and revision, Alpine's `-r0` and the release
        of an RPM mean nothing outside their distribution.
    """
    if not specifier:
        return True
    compare = _COMPARE.get(manager)
    if compare is None or not version or len(specifier) > _LONGEST:
        return None
    return compare(specifier, version)


def asked_version(manager: str, specifier: str) -> str:
    """The one version that a distribution's package is asked for in, as upstream writes it (`15.4`, `18`).

    Returns:
        "" when any version will do, when several would, and for packages of languages.
    """
    text = specifier.strip()
    if manager in {"apt", "dpkg"}:
        found = _upstream(text[1:]) if text.startswith("=") else ""
    elif manager == "apk":
        found = re.sub(r"-r[0-9]+$", "", text.lstrip("~=")) if text[:1] in {"~", "="} else ""
    elif manager in {"dnf", "zypper", "rpm"}:
        found = _rpm_version(text)
    else:
        found = ""
    return found if _NUMBERS.match(found) else ""


# --- distributions -----------------------------------------------------------------------------------------------------------


def _numbers(text: str) -> Numbers | None:
    found = _NUMBERS.match(text)
    return tuple(int(part) for part in found[0].split(".")) if found else None


def _begins_with(version: str, asked: str) -> bool:
    """`3.12.1` begins with `3.12`, not with `3.1`."""
    return version == asked or (version.startswith(asked) and not version[len(asked)].isalnum())


def _compare(version: str, operator: str, asked: str) -> bool | None:
    if operator in {"=", "=="}:
        wanted = asked.rstrip("*").rstrip(".")
        return _begins_with(version, wanted) if wanted else True
    left, right = _numbers(version), _numbers(asked)
    if left is None or right is None:
        return None
    return _ordered(left, operator, right)


def _ordered(left: Numbers, operator: str, right: Numbers) -> bool:
    width = max(len(left), len(right))
    one, two = left + (0,) * (width - len(left)), right + (0,) * (width - len(right))
    return {">": one > two, ">=": one >= two, "<": one < two, "<=": one <= two}[operator]


def _debian(specifier: str, version: str) -> bool | None:
    if not specifier.startswith("="):
        return None
    return _compare(version, "=", _upstream(specifier[1:]))


def _upstream(text: str) -> str:
    """The upstream part of a Debian version: `5:24.0.7-1~debian.12` is 24.0.7, `1.2+dfsg-3` is 1.2."""
    upstream = _EPOCH.sub("", text, count=1)
    upstream = upstream.rpartition("-")[0] or upstream
    return re.split(r"[+~](?=[A-Za-z])", upstream, maxsplit=1)[0]


def _alpine(specifier: str, version: str) -> bool | None:
    asked = re.sub(r"-r[0-9]+$", "", specifier)
    if asked.startswith(("~", "=~")):
        return _begins_with(version, asked.lstrip("~="))
    comparison = _COMPARISON.fullmatch(asked)
    return _compare(version, comparison[1], comparison[2].strip("~")) if comparison else None


def _rpm(specifier: str, version: str) -> bool | None:
    if specifier.startswith(":"):  # a module stream: nodejs:18/common
        return _begins_with(version, specifier[1:].split("/", maxsplit=1)[0])
    operator, asked = _rpm_comparison(specifier)
    return _compare(version, operator, asked)


def _rpm_comparison(specifier: str) -> tuple[str, str]:
    """Operator and version without epoch and release."""
    comparison = _COMPARISON.fullmatch(specifier.replace(" ", ""))
    operator, asked = (comparison[1], comparison[2]) if comparison else ("=", specifier.removeprefix("-"))
    return operator, _EPOCH.sub("", asked, count=1).split("-")[0]


def _rpm_version(specifier: str) -> str:
    if specifier.startswith(":"):
        return specifier[1:].split("/", maxsplit=1)[0]
    operator, asked = _rpm_comparison(specifier)
    return asked if operator in {"=", "=="} else ""


# --- Python ------------------------------------------------------------------------------------------------------------------


def _python(specifier: str, version: str) -> bool | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - slow to import
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


# --- npm ---------------------------------------------------------------------------------------------------------------------


def _npm(specifier: str, version: str) -> bool | None:
    """Ranges as `semver` reads them; one with a prerelease is compared by its numbers. The tag `latest` asks for no version."""
    numbers = _numbers(version)
    text = _NPM_GAP.sub(r"\1", specifier.removeprefix("@").strip())
    if text == "latest":
        return True
    if numbers is None or not text:
        return None
    answers = [_npm_all(part.strip(), numbers) for part in text.split("||")]
    if True in answers:
        return True
    return None if None in answers else False


def _npm_all(text: str, version: Numbers) -> bool | None:
    hyphen = _NPM_HYPHEN.fullmatch(text)
    if hyphen:
        low, high = _npm_numbers(hyphen[1]), _npm_numbers(hyphen[2])
        return _ordered(version, ">=", low) and _begins_or_below(version, high)
    answers = []
    for part in text.split() or ["*"]:
        comparator = _NPM_COMPARATOR.fullmatch(part)
        if comparator is None:
            return None
        answers.append(_npm_one(comparator[1] or "", _npm_numbers(comparator[2]), version))
    return all(answers)


def _npm_numbers(text: str) -> Numbers:
    """The leading numbers: `1.x` is (1,), `*` is ()."""
    return _numbers(text) or ()


def _begins_or_below(version: Numbers, high: Numbers) -> bool:
    return version[: len(high)] == high or _ordered(version, "<", high)


def _npm_one(operator: str, asked: Numbers, version: Numbers) -> bool:
    if not asked:
        return operator not in {"<", ">"}
    if operator in {"", "="}:
        return version[: len(asked)] == asked
    if operator == "^":
        fixed = next((at for at, number in enumerate(asked) if number), len(asked) - 1) + 1
        return _ordered(version, ">=", asked) and version[:fixed] == asked[:fixed]
    if operator.startswith("~"):
        return _ordered(version, ">=", asked) and version[: min(len(asked), 2)] == asked[:2]
    if operator == "<=":
        return _begins_or_below(version, asked)
    if operator == ">":
        return not _begins_or_below(version, asked)
    return _ordered(version, operator, asked)


# --- PHP ---------------------------------------------------------------------------------------------------------------------


def _pecl(specifier: str, version: str) -> bool | None:
    """`-3.1.6`; install-php-extensions also takes `-^3`. A state (`-beta`) is no version."""
    asked = specifier.removeprefix("-")
    if asked.startswith(("^", "~")):
        return _npm(f"@{asked}", version)
    return _compare(version, "=", asked) if asked[:1].isdigit() else None


# --- Ruby --------------------------------------------------------------------------------------------------------------------


def _gem(specifier: str, version: str) -> bool | None:
    """Requirements of RubyGems: `1.2` is that version, `~> 1.2` any from it below 2; several are joined by commas."""
    numbers = _numbers(version)
    answers: list[bool | None] = []
    for part in specifier.split(","):
        text = part.strip()
        pessimistic = text.startswith("~>")
        found = _numbers(text.removeprefix("~>").strip()) if pessimistic else None
        if pessimistic and (numbers is None or found is None):
            answers.append(None)
        elif pessimistic and numbers is not None and found is not None:
            fixed = max(len(found) - 1, 1)
            answers.append(_ordered(numbers, ">=", found) and numbers[:fixed] == found[:fixed])
        else:
            comparison = _COMPARISON.fullmatch(text)
            exact = _same(version, text) if comparison is None else None
            answers.append(
                exact if comparison is None else _compare(version, comparison[1], comparison[2].strip())
            )
    return None if None in answers else all(answers)


def _same(version: str, asked: str) -> bool | None:
    left, right = _numbers(version), _numbers(asked)
    return (
        None if left is None or right is None else _ordered(left, ">=", right) and _ordered(left, "<=", right)
    )


# --- Go ----------------------------------------------------------------------------------------------------------------------


def _go(specifier: str, version: str) -> bool | None:
    """A version, without its `v`; a commit or a branch is none."""
    asked = specifier.removeprefix("@")
    return _compare(version, "=", asked) if "." in asked or asked.isdigit() else None


_COMPARE: dict[str, Callable[[str, str], bool | None]] = {
    "apt": _debian,
    "apk": _alpine,
    "dnf": _rpm,
    "zypper": _rpm,
    "pip": _python,
    "pipx": _python,
    "npm": _npm,
    "php": _pecl,
    "gem": _gem,
    "go": _go,
}
