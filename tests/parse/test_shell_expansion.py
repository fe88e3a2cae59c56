"""Words expanded: what a program gets for what is written."""

from __future__ import annotations

import pytest

from shell_probe import arguments, commands, the

VARIABLES = {
    "X": "a b",
    "E": "",
    "P": "/usr/local/lib/foo.tar.gz",
    "V": "1.22.3",
    "N": "5",
    "G": "a*c",
    "U": "ABC",
    "L": "abc",
    "HOME": "/root",
    "UNKNOWN": None,
}


def _table(*rows: tuple[str, list[str]]) -> list[object]:
    return [pytest.param(word, expected, id=word) for word, expected in rows]


@pytest.mark.parametrize(
    ("word", "expected"),
    _table(
        ("$X", ["a", "b"]),
        ('"$X"', ["a b"]),
        ("'$X'", ["$X"]),
        ("x$X'y'", ["xa", "by"]),
        ("$E", []),
        ('"$E"', [""]),
        ("$NOT_SET", []),
        ("a$NOT_SET", ["a"]),
        ('"$X"$X', ["a ba", "b"]),
        ("a\\ b", ["a b"]),
        ('"a\\ b"', ["a\\ b"]),
        ('"a\\$X"', ["a$X"]),
        ("'a\\b'", ["a\\b"]),
        ("a\"b\"'c'$N", ["abc5"]),
        ("''", [""]),
        ("~/x ~", ["/root/x", "/root"]),
        ('"~" a~', ["~", "a~"]),
        ("*.c [a-z] $G", ["*.c", "[a-z]", "a*c"]),
    ),
)
def test_quotes_and_splitting(word: str, expected: list[str]) -> None:
    assert arguments(word, VARIABLES) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    _table(
        ("${X:-d}", ["a", "b"]),
        ("${E:-d e}", ["d", "e"]),
        ('"${E:-d e}"', ["d e"]),
        ("${E-d}", []),
        ("${Q-d}", ["d"]),
        ('${Q:-"d e"}', ["d e"]),
        ("\"${Q:-'d e'}\"", ["'d e'"]),
        ("${Q:+x}", []),
        ("${X:+x y}", ["x", "y"]),
        ("${Q:=set} $Q", ["set", "set"]),
        ("${Q:-${V%.*}}", ["1.22"]),
        ("${#X} ${#Q}", ["3", "0"]),
        ("${P##*/} ${P#*/}", ["foo.tar.gz", "usr/local/lib/foo.tar.gz"]),
        ("${P%.*} ${P%%.*}", ["/usr/local/lib/foo.tar", "/usr/local/lib/foo"]),
        ("${P%/*} ${P%%/*}", ["/usr/local/lib"]),
        ("${V%.*} ${V%%.*} ${V#*.} ${V##*.}", ["1.22", "1", "22.3", "3"]),
        ("${G#'a*'} ${G#a\\*} ${G%\\*c}", ["c", "c", "a"]),
        ("${V%%[!0-9]*} ${V##[[:digit:]].} ${V%?}", ["1", "22.3", "1.22."]),
        ('${P%"${P##*/}"}', ["/usr/local/lib/"]),
    ),
)
def test_parameter_expansion(word: str, expected: list[str]) -> None:
    assert arguments(word, VARIABLES) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    _table(
        ("$((1+2*3)) $((N+1)) $(($N % 3))", ["7", "6", "2"]),
        ("$(( (1+2)*3 )) $((N > 3 ? 10 : 20)) $((1 << 4 | 1))", ["9", "10", "17"]),
        ("$((-7/2)) $((-7%3)) $((010)) $((0x1f))", ["-3", "-1", "8", "31"]),
        ("$((!0)) $((~1)) $((2>1&&0)) $(( 3 == 3 ))", ["1", "-2", "0", "1"]),
    ),
)
def test_arithmetic(word: str, expected: list[str]) -> None:
    assert arguments(word, VARIABLES) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    _table(
        ("${V/./_} ${V//./_} ${V/#1/x} ${V/%3/x}", ["1_22.3", "1_22_3", "x.22.3", "1.22.x"]),
        ("${V//[0-9]/n} ${V/.*/} ${P//\\//_}", ["n.nn.n", "1", "_usr_local_lib_foo.tar.gz"]),
        ("${L^^} ${U,,} ${L^} ${U,}", ["ABC", "abc", "Abc", "aBC"]),
        ("${V:2} ${V:2:2} ${V: -1} ${V:0:1}", ["22.3", "22", "3", "1"]),
        ("lib{a,b}.so {1..3} {c..a}", ["liba.so", "libb.so", "1", "2", "3", "c", "b", "a"]),
        ("x{a,b}{1,2} {a,{b,c}} {01..03}", ["xa1", "xa2", "xb1", "xb2", "a", "b", "c", "01", "02", "03"]),
        ('{a {a} a{,b} "{a,b}" {$N,c}', ["{a", "{a}", "a", "ab", "{a,b}", "5", "c"]),
        ("$'a\\tb\\x41\\101'", ["a\tbAA"]),
        ("$((2**10))", ["1024"]),
    ),
)
def test_bash(word: str, expected: list[str]) -> None:
    assert arguments(word, VARIABLES, dialect="bash") == expected


def test_braces_are_plain_characters_in_sh() -> None:
    assert arguments("lib{a,b} {1..3}") == ["lib{a,b}", "{1..3}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'a=(x "y z" w); probe ${#a[@]} ${a[1]} "${a[@]}" $a',
            ["3", "y", "z", "x", "y z", "w", "x"],
            id="array",
        ),
        pytest.param('a=(1); a+=(2); probe "${a[*]}" "${a[@]/1/9}"', ["1 2", "9", "2"], id="appended-array"),
        pytest.param("s=a; s+=b; probe $s", ["ab"], id="appended-string"),
        pytest.param('n=s; s="t u"; probe "${!n}"', ["t u"], id="indirection"),
        pytest.param("declare -a q=(1 2); probe ${q[1]}", ["2"], id="declared-array"),
    ],
)
def test_arrays_and_references(text: str, expected: list[str]) -> None:
    assert [word.value for word in the(text, "probe", dialect="bash").invocations[0].arguments] == expected


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param("$UNKNOWN", "UNKNOWN is not known", id="declared-without-value"),
        pytest.param("a-$UNKNOWN.deb", "UNKNOWN is not known", id="part-of-a-word"),
        pytest.param("${UNKNOWN:-x}", "UNKNOWN is not known", id="default-of-an-unknown"),
        pytest.param("$(curl -s https://x)", "$(curl -s https://x)", id="output-of-a-program"),
        pytest.param("`nproc`", "`nproc`", id="backquotes"),
        pytest.param("$?", "$? is set by the shell itself", id="status"),
        pytest.param("$RANDOM", "RANDOM is random", id="random"),
        pytest.param("~bob/x", "~bob depends on the user", id="home-of-another-user"),
        pytest.param("<(ls)", "<(ls)", id="process-substitution"),
        pytest.param("${X@Q}", "${X@Q} is not evaluated", id="rare-operator"),
        pytest.param("${MUST:?no}", "MUST is not set", id="required-variable"),
        pytest.param("$((UNKNOWN+1))", "((UNKNOWN+1)) is not known", id="arithmetic-with-an-unknown"),
        pytest.param("$((1/0))", "((1/0)) is not known", id="division-by-zero"),
    ],
)
def test_a_value_that_cannot_be_known_is_none_with_the_reason(word: str, reason: str) -> None:
    found = the(f"probe {word}", "probe", VARIABLES, dialect="bash").invocations[0].arguments
    assert [(one.value, one.unknown) for one in found] == [(None, reason)]


def test_home_and_path_are_not_guessed() -> None:
    assert arguments("~/x $HOME $PATH") == [None, None, None]


def test_names_that_may_be_inherited_are_not_taken_for_unset() -> None:
    assert arguments("$ANY ${OTHER:-x}", {"*": None}) == [None, None]
    assert arguments("$ANY ${OTHER:-x}") == ["x"]


def test_an_unset_name_is_unknown_under_set_u() -> None:
    (word,) = the("set -u; probe $NAME", "probe").invocations[0].arguments
    assert (word.value, word.unknown) == (None, "NAME is not set")


def test_a_separator_of_the_scripts_own() -> None:
    assert commands('IFS=,; S="a,b,,c"; probe $S')[0].invocations[0].arguments[2].value == ""
    assert arguments("$S", {"S": "a:b", "IFS": ":"}) == ["a", "b"]


def test_fields_of_one_word_share_text_and_place() -> None:
    words = the("apt-get install $PKGS", "apt-get", {"PKGS": "curl jq"}).invocations[0].arguments[1:]
    assert [(word.text, word.value, word.quoted) for word in words] == [
        ("$PKGS", "curl", False),
        ("$PKGS", "jq", False),
    ]
    assert words[0].location == words[1].location


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        pytest.param("a", False, id="plain"),
        pytest.param("'a'", True, id="single"),
        pytest.param('a"b"', True, id="part"),
        pytest.param("a\\*", True, id="escape"),
        pytest.param("$N", False, id="expansion"),
        pytest.param('"$N"', True, id="quoted-expansion"),
    ],
)
def test_a_word_says_whether_it_was_quoted(word: str, quoted: bool) -> None:
    assert the(f"probe {word}", "probe", VARIABLES).invocations[0].arguments[0].quoted is quoted


def test_words_of_the_command_itself() -> None:
    found = the('S=apt-get; $S install "$S"', "apt-get")
    assert [word.value for word in found.invocations[0].arguments] == ["install", "apt-get"]
