"""Which commands run, how often and under which condition."""

from __future__ import annotations

import pytest

from dock2nix.model.shell import Certainty, Opaque
from shell_probe import all_runs, commands, items, runs, the, values

ALWAYS, FALLBACK, CONDITIONAL, NEVER = "always", "fallback", "conditional", "never"


def _certainties(text: str, environment: dict[str, str | None] | None = None) -> dict[str | None, str]:
    return {
        command.program: command.certainty.value for command in commands(text, environment, dialect="bash")
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a && b; c", {"a": ALWAYS, "b": ALWAYS, "c": ALWAYS}, id="sequence"),
        pytest.param("a || b; c", {"a": ALWAYS, "b": FALLBACK, "c": ALWAYS}, id="behind-or"),
        pytest.param("a || true; c", {"a": ALWAYS, "true": FALLBACK, "c": ALWAYS}, id="or-true"),
        pytest.param("a || b && c", {"a": ALWAYS, "b": FALLBACK, "c": ALWAYS}, id="or-then-and"),
        pytest.param("false || a; true || b", {"false": ALWAYS, "a": ALWAYS, "true": ALWAYS, "b": NEVER}, id="known-left"),
        pytest.param("false && a; true && b", {"false": ALWAYS, "a": NEVER, "true": ALWAYS, "b": ALWAYS}, id="known-and"),
        pytest.param("! true || a", {"true": ALWAYS, "a": ALWAYS}, id="negation"),
        pytest.param("[ -f x ] && a", {"[": ALWAYS, "a": CONDITIONAL}, id="behind-a-test"),
        pytest.param("[ -f x ] && a && b", {"[": ALWAYS, "a": CONDITIONAL, "b": CONDITIONAL}, id="two-behind-a-test"),
        pytest.param("[ -f x ] || a", {"[": ALWAYS, "a": FALLBACK}, id="test-or"),
        pytest.param("{ [ -f x ] || a; } && b", {"[": ALWAYS, "a": FALLBACK, "b": ALWAYS}, id="test-or-in-a-group"),
        pytest.param("test -f x && a; b", {"test": ALWAYS, "a": CONDITIONAL, "b": ALWAYS}, id="test-command"),
        pytest.param("[[ -f x ]] && a", {"[[": ALWAYS, "a": CONDITIONAL}, id="double-brackets"),
        pytest.param("command -v x && a; b", {"command": ALWAYS, "a": CONDITIONAL, "b": ALWAYS}, id="query"),
        pytest.param("a && which x && b", {"a": ALWAYS, "which": ALWAYS, "b": ALWAYS}, id="query-that-must-succeed"),
        pytest.param("grep -q x f || a; b", {"grep": ALWAYS, "a": FALLBACK, "b": ALWAYS}, id="query-or"),
        pytest.param("a & b", {"a": ALWAYS, "b": ALWAYS}, id="background"),
        pytest.param("(a; b) | c", {"a": ALWAYS, "b": ALWAYS, "c": ALWAYS}, id="subshell-and-pipe"),
        pytest.param("if a; then b; else c; fi; d", {"a": ALWAYS, "b": CONDITIONAL, "c": CONDITIONAL, "d": ALWAYS}, id="if"),
        pytest.param("if true; then b; else c; fi", {"true": ALWAYS, "b": ALWAYS, "c": NEVER}, id="known-if"),
        pytest.param("if false; then b; elif [ 1 = 1 ]; then c; else d; fi", {"false": ALWAYS, "b": NEVER, "[": ALWAYS, "c": ALWAYS, "d": NEVER}, id="known-elif"),
        pytest.param("while a; do b; done; c", {"a": ALWAYS, "b": CONDITIONAL, "c": ALWAYS}, id="while"),
        pytest.param("until a; do b; done", {"a": ALWAYS, "b": CONDITIONAL}, id="until"),
        pytest.param("while false; do b; done", {"false": ALWAYS, "b": NEVER}, id="while-false"),
        pytest.param("while true; do b && break; done; c", {"true": ALWAYS, "b": ALWAYS, "break": ALWAYS, "c": ALWAYS}, id="while-true"),
        pytest.param("for x in $(a); do b; done", {"a": ALWAYS, "b": CONDITIONAL}, id="loop-over-output"),
        pytest.param("for x in *.deb; do b $x; done", {"b": CONDITIONAL}, id="loop-over-files"),
        pytest.param("for x in; do b; done || a", {}, id="loop-over-nothing-written"),
        pytest.param("for x in $NOT_SET; do b; done", {"b": NEVER}, id="loop-over-nothing"),
        pytest.param("case $UNKNOWN in a) b;; c) d;; esac; e", {"b": CONDITIONAL, "d": CONDITIONAL, "e": ALWAYS}, id="case"),
        pytest.param("case a in a) b;; *) d;; esac", {"b": ALWAYS, "d": NEVER}, id="known-case"),
        pytest.param("exit 0; a", {"exit": ALWAYS, "a": NEVER}, id="behind-exit"),
        pytest.param("if [ -f x ]; then exit 0; fi; a", {"[": ALWAYS, "exit": CONDITIONAL, "a": CONDITIONAL}, id="behind-a-possible-exit"),
        pytest.param("[ -f x ] || exit 1; a", {"[": ALWAYS, "exit": FALLBACK, "a": ALWAYS}, id="failure-is-no-way-out"),
        pytest.param("a || exit 0; b", {"a": ALWAYS, "exit": FALLBACK, "b": ALWAYS}, id="commands-are-taken-to-succeed"),
        pytest.param("(exit 0; a); b", {"exit": ALWAYS, "a": NEVER, "b": ALWAYS}, id="exit-of-a-subshell"),
        pytest.param("exec a; b", {"a": ALWAYS, "b": NEVER}, id="behind-exec"),
    ],
)  # fmt: skip
def test_certainty(text: str, expected: dict[str | None, str]) -> None:
    if "in;" in text:
        assert any(isinstance(item, Opaque) for item in items(text))
        return
    assert _certainties(text, {"UNKNOWN": None}) == expected


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        pytest.param("[ -f x ] && y", "[ -f x ]", id="and"),
        pytest.param("[ -f x ] && a && y", "[ -f x ]", id="the-question-not-the-last-command"),
        pytest.param("a || y", "! a", id="or"),
        pytest.param("if  [ -f x ]; then y; fi", "[ -f x ]", id="if"),
        pytest.param("if ! a; then y; fi", "! a", id="negated-if"),
        pytest.param("if a; then b; else y; fi", "! a", id="else"),
        pytest.param("if ! a; then b; else y; fi", "a", id="else-of-a-negation"),
        pytest.param("if a; then if b; then y; fi; fi", "b", id="innermost"),
        pytest.param("case $U in b|c) y;; esac", "case $U in b|c)", id="case"),
        pytest.param("while a; do y; done", "a", id="while"),
        pytest.param("until a; do y; done", "! a", id="until"),
        pytest.param("for i in $(a); do y; done", "for i in $(a)", id="for"),
        pytest.param("[ -f x ] && exit 0; y", "! [ -f x ]", id="behind-a-possible-exit"),
        pytest.param("f() { y; }", "f is never called", id="function"),
    ],
)
def test_condition_is_the_text_of_the_innermost_one(text: str, condition: str) -> None:
    assert the(text, "y", {"U": None}).condition == condition


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        pytest.param("[ a = a ]", True, id="equal"),
        pytest.param("[ a != a ]", False, id="unequal"),
        pytest.param("[ -z '' ]", True, id="empty"),
        pytest.param('[ -n "$NOT_SET" ]', False, id="unset-is-empty"),
        pytest.param("[ 3 -lt 10 ]", True, id="numbers"),
        pytest.param("[ 3 -eq 03 ]", True, id="leading-zero"),
        pytest.param("[ -n a -a b = b ]", True, id="and"),
        pytest.param("[ -z a -o b = b ]", True, id="or"),
        pytest.param("[ ! -z a ]", True, id="not"),
        pytest.param("[ '(' a = a ')' ]", True, id="brackets"),
        pytest.param("[ '!' = '!' ]", True, id="operator-as-operand"),
        pytest.param("[ a ]", True, id="one-word"),
        pytest.param("test", False, id="no-word"),
        pytest.param("[ -f /x ]", None, id="file"),
        pytest.param('[ "$U" = a ]', None, id="unknown"),
        pytest.param('[ "$U" = a -a b = c ]', False, id="unknown-and-false"),
        pytest.param('[ a = a -o -f "$U" ]', True, id="true-or-unknown"),
        pytest.param("[ $U = a ]", None, id="unknown-and-unquoted"),
        pytest.param("[ a = b", None, id="no-closing-bracket"),
        pytest.param("[[ abc == a* ]]", True, id="pattern"),
        pytest.param('[[ abc == "a*" ]]', False, id="quoted-pattern"),
        pytest.param("[[ $X = 'a b' ]]", True, id="no-splitting"),
        pytest.param("[[ abc =~ ^ab ]]", True, id="expression"),
        pytest.param("[[ abc =~ ^a.c$ ]]", None, id="real-expression"),
        pytest.param("[[ a < b && ( -z a || -n b ) ]]", True, id="combined"),
        pytest.param("[[ ! a == b || -f x ]]", True, id="not-or"),
        pytest.param("[[ -v NOT_SET ]]", False, id="unset"),
        pytest.param("[[ abc == @(a|b)* ]]", None, id="extended-pattern"),
        pytest.param("(( 2 > 1 ))", True, id="arithmetic"),
        pytest.param("(( U > 1 ))", None, id="unknown-arithmetic"),
    ],
)
def test_tests_are_decided_when_they_can_be(test: str, holds: bool | None) -> None:
    found = the(f"if {test}; then yes; fi", "yes", {"U": None, "X": "a b"}, dialect="bash")
    assert found.certainty == {True: ALWAYS, False: NEVER, None: CONDITIONAL}[holds]


@pytest.mark.parametrize(
    ("word", "pattern", "matches"),
    [
        pytest.param("bookworm", "bookworm", True, id="word"),
        pytest.param("bookworm", "book*", True, id="star"),
        pytest.param("bookworm", "b??kworm", True, id="question-marks"),
        pytest.param("bookworm", "*o*r*", True, id="stars"),
        pytest.param("bookworm", "[abc]*[!x-z]", True, id="brackets"),
        pytest.param("v1", "v[[:digit:]]", True, id="named-class"),
        pytest.param("a]", "a[]]", True, id="bracket-in-brackets"),
        pytest.param("a[", "a[", True, id="open-bracket"),
        pytest.param("a*", "'a*'", True, id="quoted-star"),
        pytest.param("ab", "'a*'", False, id="quoted-star-is-no-star"),
        pytest.param("ab", "a", False, id="whole-word"),
        pytest.param("x", "a|x", True, id="alternatives"),
        pytest.param("''", "''", True, id="empty"),
    ],
)
def test_case_patterns(word: str, pattern: str, matches: bool) -> None:
    found = _certainties(f"case {word} in {pattern}) yes;; *) no;; esac")
    assert found == ({"yes": ALWAYS, "no": NEVER} if matches else {"yes": NEVER, "no": ALWAYS})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('for t in git vim; do y "$t"; done', [["y", "git"], ["y", "vim"]], id="words"),
        pytest.param("for t in $T z; do y $t; done", [["y", "a"], ["y", "b"], ["y", "z"]], id="split-words"),
        pytest.param('for t in "$T"; do y "$t"; done', [["y", "a b"]], id="quoted-words"),
        pytest.param("for i in $(seq 2); do y $i; done", [["y", "1"], ["y", "2"]], id="known-output"),
        pytest.param("for i in a b; do for j in 1 2; do y $i$j; done; done", [["y", "a1"], ["y", "a2"], ["y", "b1"], ["y", "b2"]], id="nested"),
        pytest.param("for i in 1 2 3; do y; done", [["y"]], id="equal-runs-once"),
        pytest.param("for i in a b; do [ $i = b ] && y $i; done", [["y", "b"]], id="condition-by-item"),
        pytest.param("for i in a b c; do [ $i = b ] && continue; y $i; done", [["y", "a"], ["y", "c"]], id="continue"),
        pytest.param("for i in a b c; do [ $i = b ] && break; y $i; done", [["y", "a"]], id="break"),
        pytest.param('P=; for i in a b; do P="$P $i"; done; y $P', [["y", "a", "b"]], id="collected-in-a-loop"),
        pytest.param("set -- a 'b c'; for i; do y \"$i\"; done", [["y", "a"], ["y", "b c"]], id="positional-parameters"),
        pytest.param("for i in a $U; do y $i; done", [["y", "a"], ["y", None]], id="one-item-unknown"),
        pytest.param("for i in $(curl x); do y $i z; done", [["y", None, "z"]], id="items-unknown"),
        pytest.param("for i in a b\ndo\n y $i\ndone", [["y", "a"], ["y", "b"]], id="lines"),
        pytest.param('for i in a b; do sh -c "y $i"; done', [["y", "a"], ["y", "b"]], id="nested-shell"),
        pytest.param("f() { y $1; }; for i in a b; do f $i; done", [["y", "a"], ["y", "b"]], id="function-in-a-loop"),
    ],
)  # fmt: skip
def test_loops_are_followed_item_by_item(text: str, expected: list[list[str | None]]) -> None:
    found = [
        one
        for command in commands(text, {"T": "a b", "U": None})
        if command.program == "y"
        for one in runs(command)
    ]
    assert found == expected


def test_a_loop_is_one_command_with_a_run_for_each_item() -> None:
    found = the("for t in git vim git; do apt-get install -y $t; done", "apt-get")
    assert found.certainty == ALWAYS
    assert [values(run.arguments)[-1] for run in found.invocations] == ["git", "vim"]
    assert [run.environment["t"] for run in found.invocations] == ["git", "vim"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("X=a; probe $X", ["a"], id="assignment"),
        pytest.param('X=a; X="$X b"; probe $X', ["a", "b"], id="added-to-itself"),
        pytest.param("export X=a Y=$Z; probe $X $Y", ["a", "z"], id="export"),
        pytest.param("X=a; (X=b); probe $X", ["a"], id="subshell-keeps-its-own"),
        pytest.param("X=a; { X=b; }; probe $X", ["b"], id="group-shares"),
        pytest.param("X=a; echo | X=b; probe $X", ["a"], id="pipeline-keeps-its-own"),
        pytest.param("X=a other; probe $X.", ["."], id="prefix-is-for-one-command"),
        pytest.param("if true; then X=a; else X=b; fi; probe $X", ["a"], id="known-branch"),
        pytest.param("if [ -f x ]; then X=a; else X=b; fi; probe $X", [None], id="unknown-branches"),
        pytest.param("if [ -f x ]; then X=a; else X=a; fi; probe $X", ["a"], id="branches-agree"),
        pytest.param("X=b; [ -f x ] && X=a; probe $X", [None], id="perhaps-assigned"),
        pytest.param("X=b; false || X=a; probe $X", ["a"], id="surely-assigned"),
        pytest.param("if [ -f x ]; then X=a; else exit 1; fi; probe $X", ["a"], id="other-branch-fails"),
        pytest.param("case $U in a) X=1;; b) X=2;; esac; probe $X", [None], id="unknown-case"),
        pytest.param("X=1; while a; do probe $X; X=2; done", [None], id="changed-in-a-while"),
        pytest.param("X=$(curl y); probe $X", [None], id="unknown-output"),
        pytest.param("read X; probe $X", [None], id="read"),
        pytest.param("X=a; . ./env.sh; probe $X", [None], id="sourced-file"),
        pytest.param("X=a; . /etc/os-release; probe $X $ID", ["a", None], id="os-release-sets-its-own-names"),
        pytest.param('X=a; eval "$U"; probe $X', [None], id="eval-of-an-unknown"),
        pytest.param("X=a; eval 'X=b'; probe $X", ["b"], id="eval"),
        pytest.param("X=a; unset X; probe $X.", ["."], id="unset"),
        pytest.param("X=a; $U; probe $X", [None], id="unknown-command-may-be-anything"),
        pytest.param("f() { local X=b; probe $X; }; X=a; f", ["b"], id="local"),
        pytest.param("f() { local X; probe $X; }; X=a; f", [None], id="local-without-value"),
        pytest.param("f() { X=b; }; X=a; f; probe $X", ["b"], id="function-shares"),
        pytest.param("f() { local X=b; }; X=a; f; probe $X", ["a"], id="local-ends-with-the-function"),
        pytest.param("f() { [ -f x ] && return; X=b; }; X=a; f; probe $X", [None], id="perhaps-returned"),
        pytest.param("X=a; sh -c 'probe $X.'", ["."], id="child-sees-no-shell-variables"),
        pytest.param("export X=a; sh -c 'probe $X.'", ["a."], id="child-sees-exported-ones"),
        pytest.param("X=a sh -c 'probe $X.'", ["a."], id="child-sees-its-prefix"),
        pytest.param("set -a; X=a; sh -c 'probe $X.'", ["a."], id="all-exported"),
        pytest.param("X=1; ((X++)); probe $X", [None], id="counted"),
        pytest.param('set -- a b c; shift; probe $# $1 "$@"', ["2", "b", "b", "c"], id="shift"),
        pytest.param("probe $PWD; cd /x; probe2", ["/"], id="pwd"),
    ],
)  # fmt: skip
def test_variables_are_followed(text: str, expected: list[str | None]) -> None:
    found = the(text, "probe", {"Z": "z", "U": None}, dialect="bash")
    assert values(found.invocations[0].arguments) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("f() { y $1; }; f a; f b", [["y", "a"], ["y", "b"]], id="two-calls"),
        pytest.param("f() { y $#; y \"$@\"; }; f a 'b c'", [["y", "2"], ["y", "a", "b c"]], id="arguments"),
        pytest.param("function f { y $1; }; f a", [["y", "a"]], id="function-keyword"),
        pytest.param("f() { g $1; }; g() { y $1; }; f a", [["y", "a"]], id="function-in-a-function"),
        pytest.param("f() { y $1; }; f $U", [["y", None]], id="unknown-argument"),
        pytest.param("f() { y $1; }; time f a", [["y", "a"]], id="timed"),
        pytest.param("f() { return; y; }; f", [["y"]], id="behind-return"),
        pytest.param("f() ( cd /x; y ); f; y", [["y"], ["y"]], id="subshell-body"),
    ],
)
def test_a_function_is_attributed_to_its_calls(text: str, expected: list[list[str | None]]) -> None:
    found = commands(text, {"U": None}, dialect="bash")
    assert [one for command in found if command.program == "y" for one in runs(command)] == expected
    assert {command.program for command in found} <= {"y", "cd", "return"}


def test_a_function_body_is_one_command_for_all_its_calls() -> None:
    found = the('install() { apt-get install -y "$1"; }; install curl; install jq', "apt-get")
    assert [values(run.arguments)[-1] for run in found.invocations] == ["curl", "jq"]
    assert found.certainty is Certainty.ALWAYS
    assert found.location.first_column == 15


def test_calls_of_different_certainty_make_the_weaker_one() -> None:
    found = the("f() { y $1; }; f a; [ -f x ] && f b", "y")
    assert (found.certainty, found.condition) == (CONDITIONAL, "[ -f x ]")


def test_a_function_defined_under_a_condition_may_be_a_program_too() -> None:
    found = _certainties("if [ -f x ]; then f() { y; }; fi; f")
    assert found == {"[": ALWAYS, "y": CONDITIONAL, "f": CONDITIONAL}


def test_a_function_that_calls_itself_is_not_followed_for_ever() -> None:
    found = items("f() { y; f; }; f")
    assert [item.reason for item in found if isinstance(item, Opaque)] == ["a function that calls itself"]
    assert [item.program for item in found if not isinstance(item, Opaque)] == ["y"]


@pytest.mark.parametrize(
    ("text", "directory"),
    [
        pytest.param("probe", "/app", id="start"),
        pytest.param("cd sub; probe", "/app/sub", id="relative"),
        pytest.param("cd /opt/../srv/; probe", "/srv", id="absolute"),
        pytest.param("(cd /x); probe", "/app", id="subshell"),
        pytest.param("cd /x && probe", "/x", id="and"),
        pytest.param("cd; probe", "/root", id="home"),
        pytest.param("cd /x; cd -; probe", "/app", id="back"),
        pytest.param("pushd /x; popd; probe", "/app", id="pushd-and-popd"),
        pytest.param("cd $(mktemp -d); probe", None, id="unknown"),
        pytest.param("cd $(mktemp -d); cd ..; probe", None, id="relative-to-an-unknown"),
        pytest.param("cd $(mktemp -d); cd /y; probe", "/y", id="known-again"),
        pytest.param("[ -f x ] && cd /x; probe", None, id="perhaps"),
        pytest.param("for i in a b; do cd $i; done; probe", "/app/a/b", id="loop"),
        pytest.param("while a; do cd x; done; probe", None, id="while"),
        pytest.param("f() { cd /f; }; f; probe", "/f", id="function"),
        pytest.param("bash -c 'cd /x'; probe", "/app", id="child"),
        pytest.param("bash -c 'cd /x; probe'", "/x", id="in-the-child"),
        pytest.param("env -C /w probe", "/w", id="env"),
        pytest.param("echo x | (cd /p; probe)", "/p", id="pipeline"),
    ],
)
def test_directory(text: str, directory: str | None) -> None:
    found = the(text, "probe", {"HOME": "/root"}, directory="/app", dialect="bash")
    assert found.invocations[0].directory == directory


def test_substitutions_are_commands_of_the_word_they_stand_in() -> None:
    found = commands("a; b $(c | d) `e` <(f); X=$(g); for i in $(h); do :; done")
    where = {command.program: command.substitution_of for command in found}
    assert where == {"a": None, "b": None, "c": 1, "d": 1, "e": 1, "f": 1, "g": -1, "h": -1, ":": None}


def test_pipes_name_the_command_that_writes() -> None:
    found = commands("a | b 2>&1 | c; d; e | sudo f; g | (h; i < x)")
    reads = {command.program: command.stdin_from for command in found}
    assert reads == {"a": None, "b": 0, "c": 1, "d": None, "e": None, "f": 4, "g": None, "h": 6, "i": None}


def test_the_environment_of_a_run_holds_what_is_known() -> None:
    found = the("A=1; B=$(curl x); C=2 probe", "probe", {"D": "4", "E": None}).invocations[0]
    assert dict(found.environment) == {"D": "4", "E": None, "A": "1", "B": None}
    assert [(name, word.value) for name, word in found.assignments] == [("C", "2")]


def test_every_command_is_listed_once_in_source_order() -> None:
    text = "set -e; f() { b; }; a $(c); if [ -f x ]; then d; fi; f; f; for i in 1 2; do e $i; done; true || g"
    assert [command.program for command in commands(text)] == [
        "set",
        "b",
        "a",
        "c",
        "[",
        "d",
        "e",
        "true",
        "g",
    ]


def test_an_unknown_program_is_none() -> None:
    (found,) = commands("$TOOL install x", {"TOOL": None})
    assert (found.program, values(found.invocations[0].arguments)) == (None, ["install", "x"])


def test_assignments_alone_are_no_commands() -> None:
    assert all_runs("A=1; B=2 C=3; D=$(e)") == [["e"]]
