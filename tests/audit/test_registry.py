"""Every rule is in the tuple, and says what it is about."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from dock2nix.audit import rules
from dock2nix.audit.rules import RULES, WHY
from dock2nix.model.finding import AUDIT_CODES, FINDING_CODES


@pytest.mark.parametrize("name", sorted(module.name for module in pkgutil.iter_modules(rules.__path__)))
def test_every_rule_of_the_folder_is_listed(name: str) -> None:
    assert importlib.import_module(f"dock2nix.audit.rules.{name}") in RULES


def test_every_rule_has_a_code_of_its_own() -> None:
    codes = [rule.CODE for rule in RULES]
    assert len(codes) == len(set(codes))
    assert set(codes) <= set(FINDING_CODES)


def test_every_code_of_the_audit_has_a_rule() -> None:
    supply_chain = {code for code in FINDING_CODES if code.startswith("D2N5")}
    assert {rule.CODE for rule in RULES} == supply_chain
    assert supply_chain >= AUDIT_CODES


@pytest.mark.parametrize("code", sorted(WHY))
def test_every_reason_is_a_sentence(code: str) -> None:
    assert WHY[code].endswith(".")
    assert "  " not in WHY[code]
