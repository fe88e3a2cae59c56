"""Redirections, here-documents, and what groups read and write."""

from __future__ import annotations

import pytest

from dock2nix.model.dockerfile import Heredoc
from dock2nix.model.shell import Opaque, Redirect, ShellCommand
from dock2nix.model.source import SourceText
from shell_probe import commands, items, the

Shown = list[tuple[str, int | None, str | None, str | None]]


def _shown(command: ShellCommand) -> Shown:
    return [_show(redirect) for redirect in command.redirects]


def _show(redirect: Redirect) -> tuple[str, int | None, str | None, str | None]:
    target = redirect.target.value if redirect.target else None
    return redirect.operator, redirect.descriptor, target, redirect.body


def _heredoc(name: str, body: str, *, expand: bool = True, line: int = 9) -> Heredoc:
    source = SourceText.at("Dockerfile", body, line=line)
    return Heredoc(name=name, body=body, expand=expand, chomp=False, source=source)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("y > f", [(">", None, "f", None)], id="output"),
        pytest.param("y >> f 2>&1", [(">>", None, "f", None), (">&", 2, "1", None)], id="append-and-errors"),
        pytest.param("y &> f", [("&>", None, "f", None)], id="both"),
        pytest.param("y < f", [("<", None, "f", None)], id="input"),
        pytest.param("y 2>/dev/null", [(">", 2, "/dev/null", None)], id="descriptor"),
        pytest.param("y >| f", [(">|", None, "f", None)], id="clobber"),
        pytest.param('y > "$D/f g"', [(">", None, "/d/f g", None)], id="expanded-target"),
        pytest.param("y > $U", [(">", None, None, None)], id="unknown-target"),
        pytest.param("y > ~/f", [(">", None, "/root/f", None)], id="home"),
        pytest.param('y <<< "a $D"', [("<<<", None, "a /d", "a /d\n")], id="here-string"),
        pytest.param("y <<E\na $D `echo b` \\$c\nE", [("<<", None, None, "a /d b $c\n")], id="heredoc"),
        pytest.param("y <<'E'\na $D `echo b` \\$c\nE", [("<<", None, None, "a $D `echo b` \\$c\n")], id="quoted-heredoc"),
        pytest.param("y <<-E\n\ta\n\t\tb\n\tE", [("<<-", None, None, "a\nb\n")], id="chomped-heredoc"),
        pytest.param("y <<E\n$(curl x)\nE", [("<<", None, None, None)], id="unknown-heredoc"),
        pytest.param("y <<E\n\"a\" 'b' \\\\ \\n\nE", [("<<", None, None, "\"a\" 'b' \\ \\n\n")], id="quotes-in-a-heredoc"),
        pytest.param("y <<E > f\na\nE", [("<<", None, None, "a\n"), (">", None, "f", None)], id="heredoc-and-output"),
        pytest.param("y <<E\nE", [("<<", None, None, "")], id="empty-heredoc"),
        pytest.param("f() { y; }; f > g", [(">", None, "g", None)], id="of-a-function-call"),
        pytest.param("sudo sh -c 'y' > g", [(">", None, "g", None)], id="of-a-nested-shell"),
        pytest.param("{ y; } > g", [(">", None, "g", None)], id="of-a-group"),
        pytest.param("{ y > f; } > g", [(">", None, "f", None)], id="the-inner-one-counts"),
        pytest.param("{ y 2> f; } > g", [(">", 2, "f", None), (">", None, "g", None)], id="each-descriptor-by-itself"),
        pytest.param("{ y | x; } > g", [], id="output-into-a-pipe-is-not-the-groups"),
        pytest.param("for i in 1 2; do y $i; done >> g", [(">>", None, "g", None)], id="append-of-a-loop"),
        pytest.param("for i in 1 2; do y $i > $i; done", [(">", None, None, None)], id="target-that-differs-from-run-to-run"),
        pytest.param("while read x; do y; done < g", [("<", None, "g", None)], id="input-of-a-loop"),
    ],
)  # fmt: skip
def test_redirections(text: str, expected: Shown) -> None:
    assert _shown(the(text, "y", {"D": "/d", "U": None, "HOME": "/root"}, dialect="bash")) == expected


def test_a_redirection_alone_empties_the_file() -> None:
    (found,) = commands("> /etc/x")
    assert (found.program, found.text, _shown(found)) == (":", "> /etc/x", [(">", None, "/etc/x", None)])


def test_the_first_command_of_a_group_empties_the_file_the_others_add() -> None:
    found = commands("{ a; b; c > d; } > f 2>/dev/null")
    assert [_shown(command)[0][:3] for command in found] == [
        (">", None, "f"),
        (">>", None, "f"),
        (">", None, "d"),
    ]
    assert _shown(found[1])[1] == (">", 2, "/dev/null", None)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("for i in 1 2; do y $i; done > f", id="loop"),
        pytest.param("if [ -f x ]; then y; else z; fi > f", id="branch"),
        pytest.param("{ y; [ -f x ] && z; } > f", id="group-with-a-condition"),
    ],
)
def test_a_file_emptied_by_more_than_a_plain_group_is_opaque(text: str) -> None:
    found = items(text)
    assert [item.text for item in found if isinstance(item, Opaque)] == ["> f"]
    written = [item for item in found if isinstance(item, ShellCommand) and item.program == "y"]
    assert not [
        redirect for redirect in written[0].redirects if redirect.target and redirect.target.value == "f"
    ]


def test_nothing_is_opaque_when_a_loop_writes_to_the_void() -> None:
    found = commands("for i in 1 2; do y $i; done > /dev/null 2>&1")
    assert [redirect[:3] for redirect in _shown(found[0])] == [(">", None, "/dev/null"), (">&", 2, "1")]


def test_a_group_that_is_piped_shows_its_whole_output() -> None:
    found = the("{ echo a; echo b; } | tee f", "tee")
    assert (found.stdin_from, _shown(found)) == (1, [("|", 0, None, "a\nb\n")])
    found = the("(echo a; curl b) | tee f", "tee")
    assert (found.stdin_from, _shown(found)) == (1, [("|", 0, None, None)])
    assert _shown(the("(echo a) | tee f", "tee")) == []


# --- here-documents of the instruction ---------------------------------------------------------------------------------------


def test_bodies_behind_the_instruction_go_to_their_redirections() -> None:
    found = items(
        "cat <<EOF > /x && tee /y <<'RAW' | z",
        {"A": "1"},
        heredocs=(_heredoc("EOF", "a $A\n"), _heredoc("RAW", "b $A\n", expand=False, line=20)),
    )
    shown = {item.program: _shown(item) for item in found if isinstance(item, ShellCommand)}
    assert shown["cat"] == [("<<", None, None, "a 1\n"), (">", None, "/x", None)]
    assert shown["tee"] == [("<<", None, None, "b $A\n")]


def test_bodies_of_one_name_go_in_order() -> None:
    found = items("a <<E; b <<E", heredocs=(_heredoc("E", "1\n"), _heredoc("E", "2\n", line=12)))
    assert [_shown(item)[0][3] for item in found if isinstance(item, ShellCommand)] == ["1\n", "2\n"]


def test_a_body_that_cannot_be_known_is_none() -> None:
    found = items("cat <<E > /x", heredocs=(_heredoc("E", "a $(date)\n"),))
    cat, date = (item for item in found if isinstance(item, ShellCommand))
    assert _shown(cat)[0] == ("<<", None, None, None)
    assert (date.program, date.substitution_of) == ("date", 0)
    assert (date.location.first_line, date.location.first_column) == (9, 5)


def test_a_heredoc_without_body_is_unknown() -> None:
    (found,) = commands("cat <<E > /x")
    assert _shown(found)[0] == ("<<", None, None, None)


def test_a_script_for_bash_behind_the_instruction_is_followed_in_its_place() -> None:
    found = items(
        "bash <<EOF", heredocs=(_heredoc("EOF", "set -e\napt-get install -y \\\n  curl\n", expand=False),)
    )
    commands_found = [item for item in found if isinstance(item, ShellCommand)]
    assert [command.program for command in commands_found] == ["set", "apt-get"]
    assert [command.location.first_line for command in commands_found] == [9, 10]
    assert commands_found[1].location.last_line == 11
    assert commands_found[1].text == "apt-get install -y curl"
    assert commands_found[1].redirects == ()


def test_a_script_for_another_interpreter_is_its_input() -> None:
    (found,) = items("python3 <<EOF", heredocs=(_heredoc("EOF", "print('$(x)')\n", expand=False),))
    assert isinstance(found, ShellCommand)
    assert (found.program, _shown(found)) == ("python3", [("<<", None, None, "print('$(x)')\n")])
