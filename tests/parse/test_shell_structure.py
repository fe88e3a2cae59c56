"""Shell text split into simple commands, compared with shfmt, another parser of shell."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dock2nix.model.shell import Opaque
from dock2nix.model.source import SourceText
from dock2nix.parse.shell.structure import read_script
from dock2nix.parse.shell.syntax import Redirected, Script, Simple, Unparsed, children
from shell_probe import all_runs, items

Commands = Counter[tuple[tuple[str, ...], tuple[str, ...]]]
"""(words, targets of redirections) of each simple command; `("compound",)` for the redirections of a compound one."""

SHFMT = shutil.which("shfmt") or str(Path(sys.executable).parent / "shfmt")

WRITTEN = [
    pytest.param("apt-get update && apt-get install -y curl; rm -rf /x || true", id="operators"),
    pytest.param("a | b |& c & d", id="pipes-and-background"),
    pytest.param("apt-get install -y >/dev/null curl git", id="words-behind-a-redirection"),
    pytest.param("2>/dev/null >out cmd a 2>&1 b <in c >>log d", id="redirections-everywhere"),
    pytest.param("tar xf a-$B-$C.tgz lib$X\"y\"'z'`w`.so", id="touching-parts-are-one-word"),
    pytest.param("time apt-get install x; time -p y; coproc z", id="time-and-coproc"),
    pytest.param("(a; b) > x 2>&1; { c; d; } >> y", id="redirected-groups"),
    pytest.param("if [ -f x ]; then a; elif b; then c; else d; fi > log", id="if"),
    pytest.param("case $x in a|b) c;; (d) e;; *) f; esac | g", id="case"),
    pytest.param("for x in a b; do c $x; done; for y\ndo d; done; for ((i=0;i<3;i++)); do e; done", id="for"),
    pytest.param("while read -r x; do a; done < f; until b; do c; done", id="while-and-until"),
    pytest.param('f() { a "$1"; }; function g { b; }; h() (c); f x', id="functions"),
    pytest.param("! a && ! b | c; if ! { d; }; then e; fi", id="negation"),
    pytest.param('x=1 y="a b" cmd; z=$(date); w=(a "b c" $d)', id="assignments"),
    pytest.param('export A=b C; local d; readonly E="f g"; declare -a i=(j)', id="declarations"),
    pytest.param("[[ $a == b* && ! -f c ]] && d; [[ $e =~ ^(f|g)$ ]]; (( i++ )); ((j>1)) && k", id="brackets"),
    pytest.param("cat <<EOF > x && b\nhello $A 'it\nEOF\nc <<-'E' | d\n\t$(x)\n\tE\ne", id="heredocs"),
    pytest.param("(cat <<A; cat <<B) && c\na\nA\nb\nB\nd", id="several-heredocs-in-a-subshell"),
    pytest.param("a <<< word b; c <(d) >(e)", id="here-strings-and-process-substitution"),
    pytest.param("a 'b;c' \"d && e $(f; g) `h | i` \\\" \" j\\ k l\\;m", id="quotes-hide-operators"),
    pytest.param("a # b; c\nd #e\n#f\ng#h", id="comments"),
    pytest.param("a \\\n  b \\\n&& c\\\nd", id="continued-lines"),
    pytest.param("find . -name '*.o' -exec rm {} \\; -o -print", id="escaped-semicolon"),
    pytest.param("echo if then fi { } ! do done case esac", id="reserved-words-as-arguments"),
    pytest.param('echo ${x:-$(a; b)} ${y//\\//_} ${z%%[!0-9]*} ${#w} "${v:-"u t"}"', id="parameter-expansions"),
    pytest.param('echo $((1 + (2 * 3))) $( (a) ) "$(case x in x) b;; esac)"', id="brackets-in-substitutions"),
    pytest.param("echo 'a\nb' \"c\nd\"; e", id="newlines-in-quotes"),
    pytest.param("set -eux; { a; b; } || { c; exit 1; }; d", id="groups"),
    pytest.param("if a; then if b; then c; fi; fi; while d; do while e; do f; done; done", id="nested"),
    pytest.param("a &&\n\n b ||\n c |\n d", id="operators-at-line-ends"),
    pytest.param("echo 世界 é && ü", id="letters-outside-ascii"),
    pytest.param("mkdir -p /a/{b,c}/d{1..3} && x {} {y}", id="braces"),
]  # fmt: skip


def _shfmt(text: str) -> Commands:
    done = subprocess.run([SHFMT, "--to-json"], input=text.encode(), capture_output=True, check=True)
    found: Commands = Counter()
    _collect(json.loads(done.stdout)["Stmts"], text.encode(), found)
    return found


def _text(node: dict[str, Any], source: bytes) -> str:
    return source[node["Pos"]["Offset"] : node["End"]["Offset"]].decode().replace("\\\n", "")


def _collect(node: Any, source: bytes, found: Commands) -> None:
    if isinstance(node, list):
        for one in node:
            _collect(one, source, found)
    elif isinstance(node, dict):
        if "Cmd" in node or ("Redirs" in node and "Type" not in node):
            _collect_statement(node, source, found)
            return
        for key, value in node.items():
            if key not in {"Word", "Patterns", "Loop"}:
                _collect(value, source, found)


def _collect_statement(node: dict[str, Any], source: bytes, found: Commands) -> None:
    targets = [_text(redirect["Word"], source) for redirect in node.get("Redirs", [])]
    command = node.get("Cmd") or {}
    words: list[str] = []
    while command.get("Type") == "TimeClause":
        words += ["time", "-p"] if command.get("PosixFormat") else ["time"]
        command = command["Stmt"]["Cmd"]
    match command.get("Type"):
        case "CallExpr" | "DeclClause" | None:
            words += [command["Variant"]["Value"]] if "Variant" in command else []
            words += [_text(word, source) for word in (*command.get("Assigns", []), *command.get("Args", []))]
            found[tuple(words), tuple(targets)] += 1
        case "TestClause" | "ArithmCmd":
            found[(_text(command, source),), tuple(targets)] += 1
        case "CoprocClause":
            _collect(command["Stmt"], source, found)
        case _:
            found.update([(("compound",), tuple(targets))] if targets else [])
            _collect(command, source, found)


def _ours(text: str) -> Commands:
    found: Commands = Counter()
    waiting: list[Any] = [read_script(Script(source=SourceText.at("Dockerfile", text), dialect="bash"))]
    while waiting:
        node = waiting.pop()
        assert not isinstance(node, Unparsed), node.reason
        if isinstance(node, Simple | Redirected):
            spans = node.words if isinstance(node, Simple) else ()
            words = [text[slice(*span)].replace("\\\n", "") for span in spans]
            coproc = words[:1] == ["coproc"]
            targets = tuple(text[slice(*redirect.target)] for redirect in node.redirects)
            found[tuple(words[coproc:] if spans or isinstance(node, Simple) else ["compound"]), targets] += 1
        waiting.extend(children(node))
    return found


@pytest.mark.parametrize("text", WRITTEN)
def test_simple_commands_are_those_of_shfmt(text: str) -> None:
    assert _ours(text) == _shfmt(text)


@pytest.mark.parametrize(
    ("text", "understood", "reason"),
    [
        pytest.param("a; b 'c", [["a"]], "' without end", id="open-single-quote"),
        pytest.param('a; b "c', [["a"]], '" without end', id="open-double-quote"),
        pytest.param("a; b $(c", [["a"]], "( without )", id="open-substitution"),
        pytest.param("a; b ${c", [["a"]], "${ without }", id="open-parameter"),
        pytest.param("a; if b; then c", [["a"]], "not understood as shell", id="if-without-fi"),
        pytest.param("a; fi", [["a"]], "a reserved word where none may stand", id="fi-without-if"),
        pytest.param("a; ) ", [["a"]], "not understood as shell", id="stray-bracket"),
        pytest.param("a >", [], "a redirection without target", id="redirection-without-target"),
    ],
)
def test_what_is_understood_before_an_error_is_kept(
    text: str, understood: list[list[str]], reason: str
) -> None:
    found = items(text)
    opaque = [item for item in found if isinstance(item, Opaque)]
    assert [item.reason for item in opaque] == [reason]
    assert [[item.program] for item in found if not isinstance(item, Opaque)] == understood


def test_nothing_is_sure_behind_text_that_is_not_understood() -> None:
    found = [item for item in items("X=a; ) ; b $X") if not isinstance(item, Opaque)]
    assert found[0].certainty == "conditional"
    assert found[0].invocations[0].arguments[0].value is None


def test_an_empty_text_has_no_commands() -> None:
    assert items("") == items("  \n\n # only a comment") == ()


def test_time_before_a_group_is_no_command() -> None:
    assert all_runs("time { a; b; }; time -p (c)", dialect="bash") == [["a"], ["b"], ["c"]]
