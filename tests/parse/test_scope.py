"""The variables in force: moments of a history that stay as they were."""

from __future__ import annotations

import pickle

from dock2nix.parse.scope import DEFAULT_PATH, DEFAULT_SHELL, Scope


def image(**variables: str) -> Scope:
    return Scope.of_image(variables, windows=False)


def test_an_image_always_has_a_path() -> None:
    assert dict(image().environment) == {"PATH": DEFAULT_PATH}
    assert image(PATH="/x").environment["PATH"] == "/x"
    assert dict(Scope.of_image({}, windows=True).environment) == {}


def test_what_was_read_stays_as_it_was() -> None:
    scope = image(A="1")
    before, names = scope.environment, scope.environment_names
    scope.set_variables([("A", "2"), ("B", "3")])
    assert (before["A"], "B" in before, "B" in names) == ("1", False, False)
    assert (scope.environment["A"], scope.environment["B"]) == ("2", "3")
    assert scope.environment_names == {"PATH", "A", "B"}


def test_an_argument_is_no_variable_of_the_image() -> None:
    scope = image()
    scope.declare("A", "1")
    assert scope.environment["A"] == "1"
    assert "A" not in scope.environment_names


def test_an_argument_without_value_takes_none_away() -> None:
    scope = image(A="1")
    scope.declare("A", None)
    scope.declare("B", None)
    assert scope.environment["A"] == "1"
    assert scope.environment["B"] is None


def test_a_stage_goes_on_where_its_base_ended_and_leaves_it_alone() -> None:
    base = image(A="1")
    base.shell = ("/bin/bash", "-c")
    child = Scope(base=base)
    base.set_variables([("LATER", "x")])
    child.set_variables([("A", "2")])
    assert base.environment["A"] == "1"
    assert dict(child.environment) == {"PATH": DEFAULT_PATH, "A": "2"}
    assert child.shell == ("/bin/bash", "-c")
    assert Scope().shell == DEFAULT_SHELL


def test_a_long_row_of_stages_keeps_all_values() -> None:
    scope = image()
    for number in range(200):
        scope = Scope(base=scope)
        scope.set_variables([(f"V{number}", str(number)), ("LAST", str(number))])
    assert len(scope.environment) == 202
    assert (scope.environment["V0"], scope.environment["LAST"]) == ("0", "199")


def test_variables_for_one_command_do_not_last() -> None:
    scope = image()
    assert scope.with_variables({"A": "1"})["A"] == "1"
    assert "A" not in scope.environment
    assert scope.with_variables({}) is scope.environment


def test_environments_compare_print_and_travel_as_mappings_do() -> None:
    scope = image(A="1")
    assert scope.environment == {"PATH": DEFAULT_PATH, "A": "1"}
    assert "'A': '1'" in repr(scope.environment)
    assert pickle.loads(pickle.dumps(scope.environment)) == scope.environment
    assert scope.environment_names | {"B"} == frozenset({"PATH", "A", "B"})
    assert repr(scope.environment_names) == "EnvironmentNames(['A', 'PATH'])"
