"""echo, printf, cat, tee and `:` that write files."""

from __future__ import annotations

import pytest

from dock2nix.commands.echo import printed_text, translate
from dock2nix.model.image import AddGroup, AddUser, WriteFile
from dock2nix.model.shell import Redirect
from fakes import invocation, place, words


def redirect(
    operator: str, target: str | None = None, body: str | None = None, descriptor: int | None = None
) -> Redirect:
    word = words(target)[0] if target else None
    return Redirect(operator=operator, descriptor=descriptor, target=word, body=body)


TO_FILE = redirect(">", "/f")


def written(command: str, *redirects: Redirect) -> list[tuple[str, str, bool]] | None:
    found = translate(invocation(command, directory="/w"), redirects, place(), command)
    if found is None:
        return None
    return [
        (effect.path, effect.content, effect.append)
        for effect in found.effects
        if isinstance(effect, WriteFile)
    ]


@pytest.mark.parametrize(
    ("command", "content"),
    [
        pytest.param("echo a b", "a b\n", id="echo"),
        pytest.param("echo 'a  b' c", "a  b c\n", id="echo-quoted"),
        pytest.param("echo", "\n", id="echo-nothing"),
        pytest.param("echo -n a", "a", id="echo-without-line-end"),
        pytest.param("echo a -n", "a -n\n", id="echo-option-behind"),
        pytest.param("echo '-x'", "-x\n", id="echo-what-is-no-option"),
        pytest.param('echo "a\nb"', "a\nb\n", id="echo-line-end"),
        pytest.param("printf 'a\\nb\\n'", "a\nb\n", id="printf-escapes"),
        pytest.param("printf '%s=%s\\n' a b", "a=b\n", id="printf-strings"),
        pytest.param("printf '%s\\n' a b c", "a\nb\nc\n", id="printf-again-and-again"),
        pytest.param("printf '%s,%s;' a b c", "a,b;c,;", id="printf-missing-argument"),
        pytest.param("printf '%d%%' 5", "5%", id="printf-number"),
        pytest.param("printf '\\101\\t\\\\'", "A\t\\", id="printf-octal"),
        pytest.param("printf plain ignored", "plain", id="printf-without-conversion"),
        pytest.param("printf -- '-x'", "-x", id="printf-double-dash"),
        pytest.param(":", "", id="colon"),
        pytest.param("true", "", id="true"),
    ],
)
def test_constant_text_becomes_a_file(command: str, content: str) -> None:
    assert written(command, TO_FILE) == [("/f", content, False)]
    assert written(command, redirect(">>", "g")) == [("/w/g", content, True)]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("echo -e 'a'", id="option-of-some-shells"),
        pytest.param("echo -ne a", id="options-together"),
        pytest.param("echo 'a\\nb'", id="backslash-means-different-things"),
        pytest.param("echo $X", id="unknown-word"),
        pytest.param("echo *", id="pattern"),
        pytest.param("echo [a]", id="brackets"),
        pytest.param("printf '%x' 10", id="other-conversion"),
        pytest.param("printf '%5s' a", id="width"),
        pytest.param("printf '%d' a", id="no-number"),
        pytest.param("printf '%d' 010", id="octal-number"),
        pytest.param("printf '\\x41'", id="escape-of-some-shells"),
        pytest.param("printf '\\0'", id="nul"),
        pytest.param("printf '%'", id="unfinished"),
        pytest.param("printf -v x a", id="option"),
        pytest.param("printf", id="nothing"),
        pytest.param('printf "$X"', id="unknown-format"),
        pytest.param("cat /etc/hosts", id="another-file"),
        pytest.param("cat", id="standard-input"),
    ],
)
def test_text_that_is_not_known_is_not_written(command: str) -> None:
    assert written(command, TO_FILE) is None


@pytest.mark.parametrize(
    "redirects",
    [
        pytest.param((), id="no-file"),
        pytest.param((redirect(">", "/dev/null"),), id="nowhere"),
        pytest.param((redirect(">", "$F"),), id="unknown-file"),
        pytest.param((redirect(">", "/dir/*"),), id="pattern"),
        pytest.param((redirect(">", "/a"), redirect(">", "/b")), id="two-files"),
        pytest.param((redirect(">", "/proc/sys/x"),), id="kernel"),
        pytest.param((redirect(">", "/dev/sda"),), id="device"),
        pytest.param((redirect(">>", "/etc/shadow"),), id="passwords"),
    ],
)
def test_a_file_that_is_not_known_is_not_written(redirects: tuple[Redirect, ...]) -> None:
    assert written("echo a", *redirects) is None


@pytest.mark.parametrize(
    ("command", "redirects", "expected"),
    [
        pytest.param("cat", (redirect("<<", body="a\nb\n"), TO_FILE), [("/f", "a\nb\n", False)], id="cat"),
        pytest.param("cat -", (TO_FILE, redirect("<<-", body="a\n")), [("/f", "a\n", False)], id="cat-dash"),
        pytest.param("cat", (redirect("<<<", "text"), TO_FILE), [("/f", "text\n", False)], id="here-string"),
        pytest.param("cat", (redirect("<", "/dev/null"), TO_FILE), [("/f", "", False)], id="null-device"),
        pytest.param("cat", (redirect("<<", body=None), TO_FILE), None, id="unknown-body"),
        pytest.param("cat", (redirect("<", "/etc/hosts"), TO_FILE), None, id="another-file"),
        pytest.param(
            "tee /a b",
            (redirect("<<", body="x\n"),),
            [("/a", "x\n", False), ("/w/b", "x\n", False)],
            id="tee",
        ),
        pytest.param(
            "tee -a /a",
            (redirect("<<", body="x\n"), redirect(">", "/dev/null")),
            [("/a", "x\n", True)],
            id="tee-append",
        ),
        pytest.param("tee /a", (), None, id="tee-from-a-pipe"),
        pytest.param("tee /a", (redirect("<<", body="x"), TO_FILE), None, id="tee-with-a-second-file"),
        pytest.param("tee", (redirect("<<", body="x"),), None, id="tee-without-file"),
        pytest.param("tee $F", (redirect("<<", body="x"),), None, id="tee-to-an-unknown-file"),
    ],
)
def test_here_documents_become_files(
    command: str, redirects: tuple[Redirect, ...], expected: list[tuple[str, str, bool]] | None
) -> None:
    assert written(command, *redirects) == expected


@pytest.mark.parametrize(
    ("command", "redirects", "expected"),
    [
        pytest.param("echo a", (), "a\n", id="echo"),
        pytest.param("printf '%s' a", (redirect(">", "/dev/null", descriptor=2),), "a", id="errors-dropped"),
        pytest.param("cat", (redirect("<<", body="x\n"),), "x\n", id="here-document"),
        pytest.param("echo a", (TO_FILE,), None, id="into-a-file"),
        pytest.param("echo a", (redirect(">", "/dev/null"),), None, id="nowhere"),
        pytest.param("echo a", (redirect(">&", "2"),), None, id="to-the-errors"),
        pytest.param("echo $X", (), None, id="unknown"),
        pytest.param("ls", (), None, id="another-program"),
    ],
)
def test_text_for_a_pipe_is_known(
    command: str, redirects: tuple[Redirect, ...], expected: str | None
) -> None:
    assert printed_text(invocation(command), redirects) == expected


def test_lines_for_passwd_and_group_are_users_and_groups() -> None:
    user = translate(
        invocation("echo 'app:x:1000:0:An App:/srv:/bin/sh'"), (redirect(">>", "/etc/passwd"),), place(), "t"
    )
    assert user is not None
    assert user.effects == (
        AddUser(
            name="app",
            uid=1000,
            gid=0,
            comment="An App",
            home="/srv",
            shell="/bin/sh",
            location=place(),
            text="t",
        ),
    )
    group = translate(invocation("echo 'web:x:33:a,b'"), (redirect(">>", "/etc/group"),), place(), "t")
    assert group is not None
    assert group.effects == (AddGroup(name="web", gid=33, members=("a", "b"), location=place(), text="t"),)


@pytest.mark.parametrize(
    ("command", "operator", "path"),
    [
        pytest.param("echo 'app:x:1000:0::/srv:/bin/sh'", ">", "/etc/passwd", id="all-users-replaced"),
        pytest.param("echo 'app:x:1000'", ">>", "/etc/passwd", id="fields-missing"),
        pytest.param("echo 'app:x:u:0::/srv:/bin/sh'", ">>", "/etc/passwd", id="no-number"),
        pytest.param("echo '+:x:1:0::/srv:/bin/sh'", ">>", "/etc/passwd", id="no-name"),
        pytest.param("echo 'web:x:'", ">>", "/etc/group", id="group-fields-missing"),
    ],
)
def test_other_lines_for_passwd_are_not_translated(command: str, operator: str, path: str) -> None:
    assert translate(invocation(command), (redirect(operator, path),), place(), "t") is None
