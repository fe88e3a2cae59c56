"""Templates hold no logic: what they would have to decide is decided in the plan."""

from __future__ import annotations

import pytest
from jinja2 import nodes

from dock2nix.emit.render import OUTPUTS, STAGE, environment
from dock2nix.folders import data_folder

ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.Include,
)
PAGES = ("report.html.jinja", "scan.html.jinja")  # each with its own style sheet and script
TEMPLATES = sorted(path.name for path in data_folder("templates").glob("*.jinja"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_only_prints_repeats_and_asks_for_presence(name: str) -> None:
    text = (data_folder("templates") / name).read_text(encoding="utf-8")
    tree = environment().parse(text)
    others = {type(node).__name__ for node in tree.find_all(nodes.Node) if not isinstance(node, ALLOWED)}
    assert not others
    for question in tree.find_all(nodes.If):
        assert isinstance(question.test, (nodes.Name, nodes.Getattr))


def test_every_template_is_used() -> None:
    assert sorted([STAGE, *PAGES, *(output.template for output in OUTPUTS)]) == TEMPLATES
