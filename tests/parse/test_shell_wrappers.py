"""Commands that run other commands, and texts that shells run."""

from __future__ import annotations

import pytest

from dock2nix.model.shell import Opaque, ShellCommand
from dock2nix.model.source import Location
from dock2nix.parse.shell import exec_form_command, shell_dialect
from shell_probe import all_runs, commands, items, run, runs, the, values


@pytest.mark.parametrize(
    ("text", "wrappers"),
    [
        pytest.param("sudo y a", ("sudo",), id="sudo"),
        pytest.param("sudo -E -u root -- y a", ("sudo",), id="sudo-with-options"),
        pytest.param("sudo -EHu root y a", ("sudo",), id="sudo-with-bundled-options"),
        pytest.param("sudo --user=root A=b y a", ("sudo",), id="sudo-with-assignment"),
        pytest.param("env y a", ("env",), id="env"),
        pytest.param("env -i -u HOME A=b C=d y a", ("env",), id="env-with-options"),
        pytest.param("/usr/bin/env y a", ("env",), id="env-by-path"),
        pytest.param("time y a", ("time",), id="time"),
        pytest.param("time -p y a", ("time",), id="time-p"),
        pytest.param("nice -n 10 y a", ("nice",), id="nice"),
        pytest.param("nohup y a", ("nohup",), id="nohup"),
        pytest.param("timeout -k 5 --signal KILL 10m y a", ("timeout",), id="timeout"),
        pytest.param("stdbuf -oL y a", ("stdbuf",), id="stdbuf"),
        pytest.param("command y a", ("command",), id="command"),
        pytest.param("exec y a", ("exec",), id="exec"),
        pytest.param("gosu app y a", ("gosu",), id="gosu"),
        pytest.param("su-exec app:app y a", ("su-exec",), id="su-exec"),
        pytest.param("runuser -u app -- y a", ("runuser",), id="runuser"),
        pytest.param("flock /lock y a", ("flock",), id="flock"),
        pytest.param("sudo env A=b nice y a", ("sudo", "env", "nice"), id="several"),
        pytest.param("sh -c 'y a'", ("sh",), id="sh"),
        pytest.param("bash -lc 'y a'", ("bash",), id="login-shell"),
        pytest.param("/bin/bash -euxo pipefail -c 'y a'", ("bash",), id="shell-with-options"),
        pytest.param("sh -c 'y $1' name a", ("sh",), id="shell-with-arguments"),
        pytest.param("su app -c 'y a'", ("su",), id="su"),
        pytest.param("su - app -s /bin/bash -c 'y a'", ("su",), id="su-with-options"),
        pytest.param("sudo bash -c 'exec y a'", ("sudo", "bash", "exec"), id="shell-in-a-wrapper"),
        pytest.param("eval y a", ("eval",), id="eval"),
        pytest.param("eval 'y a'", ("eval",), id="eval-of-a-text"),
        pytest.param("echo 'y a' | sh", ("sh",), id="text-piped-into-a-shell"),
        pytest.param("bash <<E\ny a\nE", ("bash",), id="heredoc-for-a-shell"),
        pytest.param("bash -s <<'E'\ny a\nE", ("bash",), id="heredoc-for-a-shell-with-s"),
        pytest.param("bash <<< 'y a'", ("bash",), id="here-string-for-a-shell"),
        pytest.param("echo a | xargs y", ("xargs",), id="xargs"),
        pytest.param("echo a | xargs -r -n 5 sudo y", ("xargs", "sudo"), id="wrapper-in-xargs"),
    ],
)
def test_wrappers_are_taken_off(text: str, wrappers: tuple[str, ...]) -> None:
    found = the(text, "y")
    assert (runs(found), found.wrappers) == ([["y", "a"]], wrappers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("sudo -i", ["sudo", "-i"], id="sudo-alone"),
        pytest.param("sudo -l y", ["sudo", "-l", "y"], id="sudo-that-runs-nothing"),
        pytest.param("env", ["env"], id="env-alone"),
        pytest.param("command -v y", ["command", "-v", "y"], id="command-as-a-question"),
        pytest.param("timeout 5", ["timeout", "5"], id="timeout-alone"),
        pytest.param("bash script.sh", ["bash", "script.sh"], id="shell-with-a-file"),
        pytest.param("exec >log", ["exec"], id="exec-with-redirections-only"),
        pytest.param("su - app", ["su", "-", "app"], id="su-alone"),
        pytest.param("env -S 'y a'", ["env", "-S", "y a"], id="env-that-splits"),
        pytest.param('sh -c "$U"', ["sh", "-c", None], id="unknown-text"),
        pytest.param('eval "$U"', ["eval", None], id="eval-of-an-unknown"),
        pytest.param("curl x | bash", ["bash"], id="download-piped-into-a-shell"),
        pytest.param("xargs -L 1 y", ["xargs", "-L", "1", "y"], id="xargs-by-lines"),
    ],
)  # fmt: skip
def test_what_wraps_nothing_known_stays_itself(text: str, expected: list[str | None]) -> None:
    found = commands(text, {"U": None})[-1]
    assert runs(found) == [expected]


def test_assignments_of_wrappers_belong_to_the_run() -> None:
    found = the("sudo A=1 env B='2 3' y", "y").invocations[0]
    assert [(name, word.value) for name, word in found.assignments] == [("A", "1"), ("B", "2 3")]


def test_another_user_has_another_home() -> None:
    assert values(the("sudo -u app sh -c 'y ~'", "y", {"HOME": "/root"}).invocations[0].arguments) == [None]
    assert values(the("sh -c 'y ~'", "y", {"HOME": "/root"}).invocations[0].arguments) == ["/root"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("echo a b | xargs y -q", [["y", "-q", "a", "b"]], id="words-of-echo"),
        pytest.param("printf 'a b\\n\"c d\"' | xargs y", [["y", "a", "b", "c d"]], id="quotes-in-the-input"),
        pytest.param("echo a b c | xargs -n2 y", [["y", "a", "b"], ["y", "c"]], id="n"),
        pytest.param(
            "printf 'a b\\nc\\n' | xargs -I{} y -{}- z",
            [["y", "-a b-", "z"], ["y", "-c-", "z"]],
            id="replace",
        ),
        pytest.param("printf 'a b\\nc' | xargs -d '\\n' y", [["y", "a b", "c"]], id="delimiter"),
        pytest.param("xargs y <<E\na\nb\nE", [["y", "a", "b"]], id="heredoc"),
        pytest.param("cat list | xargs y x", [["y", "x", None]], id="unknown-input"),
        pytest.param("xargs -a list y x", [["y", "x", None]], id="file"),
        pytest.param("xargs y x < list", [["y", "x", None]], id="input-from-a-file"),
        pytest.param("find . | xargs -I@ y @ z", [["y", None, "z"]], id="replace-unknown"),
    ],
)
def test_xargs(text: str, expected: list[list[str | None]]) -> None:
    assert runs(the(text, "y")) == expected


def test_words_that_xargs_reads_say_where_from() -> None:
    assert (
        the("xargs -a list y", "y").invocations[0].arguments[0].unknown == "words that xargs reads from list"
    )


def test_a_shell_in_a_shell_in_a_shell() -> None:
    text = """bash -c "sh -c 'apt-get install a && apt-get install \\"b c\\"'" """
    assert all_runs(text) == [["apt-get", "install", "a"], ["apt-get", "install", "b c"]]


LOCATION = Location(path="Dockerfile", first_line=3, first_column=1, last_line=3, last_column=40)


def _exec(*arguments: str) -> list[ShellCommand]:
    found = exec_form_command(arguments, LOCATION, environment={"X": "a b"}, directory="/app")
    return [item for item in found if isinstance(item, ShellCommand)]


def test_exec_form_expands_nothing() -> None:
    (found,) = _exec("echo", "$X", "${HOME}", "*", "a b")
    assert run(found.invocations[0]) == ["echo", "$X", "${HOME}", "*", "a b"]
    assert (found.location, found.invocations[0].directory) == (LOCATION, "/app")
    assert found.text == "echo '$X' '${HOME}' '*' 'a b'"


def test_exec_form_of_a_shell_expands_as_that_shell_does() -> None:
    found = _exec("/bin/sh", "-ec", "cd sub && probe $X | tee log")
    assert [run(command.invocations[0]) for command in found] == [
        ["cd", "sub"],
        ["probe", "a", "b"],
        ["tee", "log"],
    ]
    assert [command.invocations[0].directory for command in found] == ["/app", "/app/sub", "/app/sub"]
    assert {command.wrappers for command in found} == {("sh",)}
    assert {command.location for command in found} == {LOCATION}
    assert found[2].stdin_from == 1


def test_exec_form_has_no_builtins() -> None:
    assert [run(command.invocations[0]) for command in _exec("cd", "/x")] == [["cd", "/x"]]
    assert _exec() == []


def test_exec_form_takes_wrappers_off() -> None:
    (found,) = _exec("sudo", "-E", "apt-get", "install", "-y", "curl")
    assert (run(found.invocations[0]), found.wrappers) == (["apt-get", "install", "-y", "curl"], ("sudo",))


@pytest.mark.parametrize(
    ("shell", "dialect"),
    [
        pytest.param(("/bin/sh", "-c"), "sh", id="default"),
        pytest.param(("/bin/bash", "-o", "pipefail", "-c"), "bash", id="bash-pipefail"),
        pytest.param(("bash", "-lc"), "bash", id="login"),
        pytest.param(("/bin/bash", "-euxo", "pipefail", "-c"), "bash", id="bundled"),
        pytest.param(("/bin/ash", "-eo", "pipefail", "-c"), "ash", id="ash"),
        pytest.param(("dash", "-c"), "dash", id="dash"),
        pytest.param(("/usr/bin/zsh", "-c"), "zsh", id="zsh"),
        pytest.param(("mksh", "-c"), "ksh", id="mksh"),
        pytest.param(("conda", "run", "-n", "x", "/bin/bash", "-c"), "bash", id="behind-a-wrapper"),
        pytest.param(("/bin/busybox", "sh", "-c"), "sh", id="busybox"),
        pytest.param(("powershell", "-Command"), None, id="powershell"),
        pytest.param(("pwsh", "-c"), None, id="pwsh"),
        pytest.param(("cmd", "/S", "/C"), None, id="cmd"),
        pytest.param(("/bin/bash",), None, id="shell-without-c"),
        pytest.param(("python3", "-c"), None, id="another-interpreter"),
        pytest.param((), None, id="nothing"),
    ],
)
def test_shell_dialect(shell: tuple[str, ...], dialect: str | None) -> None:
    assert shell_dialect(shell) == dialect


def test_a_nested_text_with_errors_is_opaque() -> None:
    found = items("a; sh -c 'b; if c'; d")
    assert [type(item) for item in found] == [ShellCommand, ShellCommand, Opaque, ShellCommand]
