"""Dockerfiles that mean harm: how they are made, and what must hold of everything that dock2nix says of them."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tree_sitter_nix
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from dock2nix.audit import audit
from dock2nix.audit.data import audit_json
from dock2nix.audit.markdown import audit_markdown
from dock2nix.audit.reading import read_subject
from dock2nix.audit.sarif import audit_sarif
from dock2nix.audit.text import audit_text
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.errors import Dock2nixError
from dock2nix.parse.context import BuildContext
from dock2nix.pipeline import Conversion, Options, Source, convert
from dock2nix.plan import ImageSettings
from dock2nix.report.data import report_text
from dock2nix.report.terminal import summary
from dock2nix.sbom.inventory import take_inventory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hypothesis.strategies import SearchStrategy
    from tree_sitter import Node

SAMPLES = Path(__file__).parents[1] / "samples"
CANARY = "canaryThatSings"  # a name that must never stand where Nix would evaluate it
_SECONDS = "2026-01-01T00:00:00Z"

# --- texts ------------------------------------------------------------------------------------------------------------

PAYLOADS = (
    f"${{builtins.abort {CANARY}}}",
    f"''${{builtins.readFile {CANARY}}}''",
    f"'' + {CANARY} + ''",
    f'" + {CANARY} + "',
    f'\\" + {CANARY} + \\"',
    f"$${{{CANARY}}}",
    f"''\\${{{CANARY}}}",
    f"'''${{{CANARY}}}",
    f"\\${{{CANARY}}}",
    f"# \n{CANARY}",
    f"*/ {CANARY} /*",
    f"; {CANARY} = 1;",
    f"}}; in {CANARY}",
    f"../../../{CANARY}",
    f"<{CANARY}>",
    "$(touch /tmp/canary)",
    "`touch /tmp/canary`",
    "'; touch /tmp/canary; '",
    "</script><script>alert(1)</script>",
    "--><img src=x onerror=alert(1)>",
    "| a | b |",
    "[x](javascript:alert(1))",
    "```",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnirts\u202c",
    "\u2066x\u2069",
    "\u200b",
    "\ufeff",
    "\0",
    "\r",
    "\r\n",
    "\x0b\x0c\x85\u2028\u2029",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "\U0001f4a9\u0301",
    "%s%n{0}{}%(x)s",
    "::error file=x::y",
    "-rf",
    "--",
    "~root",
    "*",
    "[a-",
    "{a,b}",
    "\\",
    "'",
    '"',
    "''",
    "$",
    "${",
    "${x",
    "$(",
    "((",
    "<<",
    "<<EOF",
    "&&",
    "x" * 5000,
    "../" * 50,
    "/" * 300,
)
_WORDS = (
    "a", "app", "/app", "/etc/passwd", "/usr/bin/env", "src", ".", "..", "curl", "git", "nginx", "flask==3.0", "root",
    "1000:1000", "0", "80/tcp", "python3", "x=y", "$HOME", "${HOME:-x}", "${A:+b}", "${A%%.*}", "$1", "-y", "-o", "--flag=v",
    "http://example.com/a.tar.gz", "https://example.com/a.git#main", "requirements.txt", "latest", "99999999999999999999",
)  # fmt: skip

payloads = st.sampled_from(PAYLOADS)
plain_words = st.sampled_from(_WORDS)
texts = st.one_of(
    plain_words,
    payloads,
    st.builds("{}{}{}".format, plain_words, payloads, plain_words),
    st.text(max_size=12),
)
# what stays one word in a Dockerfile: no line ends
words = texts.map(lambda text: re.sub(r"[\n\r]", " ", text))


def _quoted(text: str, quote: str) -> str:
    return f"{quote}{text}{quote}"


shell_words = st.one_of(
    words,
    st.builds(_quoted, words, st.sampled_from(("'", '"', "`", "$'"))),
    words.map(lambda text: "'" + text.replace("'", "'\\''") + "'"),
    words.map(lambda text: json.dumps(text, ensure_ascii=False)),
)

# --- shell programs ---------------------------------------------------------------------------------------------------

_COMMANDS = (
    "apt-get update", "apt-get install -y", "apt-get install -y --no-install-recommends", "apk add --no-cache", "dnf install -y",
    "pip install", "pip install -r", "pip3 install --no-cache-dir", "npm install -g", "npm ci", "yarn install", "pnpm install",
    "gem install", "go install", "go build -o", "cargo build --release", "mvn package", "make", "./configure", "cmake ..",
    "useradd -u 1000", "adduser -D", "groupadd -g 1", "usermod -aG", "mkdir -p", "chown -R", "chmod 755", "chmod u+s", "rm -rf",
    "ln -s", "cp -r", "mv", "touch", "echo", "echo -e", "printf '%s\\n'", "cat", "sed -i", "tee", "install -m 755", "curl -fsSL",
    "curl -o", "wget -O", "tar -xzf", "unzip", "git clone", "export", "cd", "set -eux", "set -o pipefail", "exec", "eval", ".",
    "source", "sh -c", "bash -c", "env", "sudo", "su -c", "test -f", "[ -n", "exit", "true", "read", "unset", "trap", "alias",
    "a2enmod", "setcap", "update-alternatives --install", "locale-gen", "ldconfig", "crontab", "gpg --recv-keys", "sha256sum -c",
    "python -m venv", "python -c", "corepack enable", "poetry install", "uv sync", "composer install", "dotnet publish",
)  # fmt: skip


def _command(head: str, arguments: list[str]) -> str:
    return " ".join([head, *arguments])


_simple = st.builds(
    _command, st.one_of(st.sampled_from(_COMMANDS), shell_words), st.lists(shell_words, max_size=4)
)


def _larger(inner: SearchStrategy[str]) -> SearchStrategy[str]:
    names = st.sampled_from(("i", "x", "_"))
    return st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(("&&", "||", ";", "|", "&", "|&")), inner),
        st.builds("({})".format, inner),
        st.builds("{{ {}; }}".format, inner),
        st.builds(
            "for {} in {}; do {}; done".format, names, st.lists(shell_words, max_size=3).map(" ".join), inner
        ),
        st.builds("while {}; do {}; done".format, inner, inner),
        st.builds("if {}; then {}; else {}; fi".format, inner, inner, inner),
        st.builds("case {} in {}) {};; *) {};; esac".format, shell_words, shell_words, inner, inner),
        st.builds("f() {{ {}; }}; f {}".format, inner, shell_words),
        st.builds("{}=$({}); echo ${}".format, names, inner, names),
        st.builds("{}={} {}".format, names, shell_words, inner),
        st.builds(
            "{} {} {}".format, inner, st.sampled_from((">", ">>", "2>&1 >", "<", "&>", "<<<")), shell_words
        ),
        st.builds("{} <({})".format, inner, inner),
        st.builds("! {}".format, inner),
        st.builds('echo "$({})"'.format, inner),
        st.builds("{} \\\n  && {}".format, inner, inner),
        st.builds("{} \\\n# {}\n  {}".format, inner, words, inner),
        st.builds("cat <<'X' > {}\n{}\nX\n{}".format, shell_words, texts, inner),
    )


shell_programs = st.recursive(_simple, _larger, max_leaves=5)

# --- Dockerfiles ------------------------------------------------------------------------------------------------------

_BASES = (
    "debian:12", "debian:bookworm-slim AS build", "alpine:3.20", "python:3.12-slim", "node:20", "scratch", "nginx:1.27", "build",
    "php:8.3-apache", "golang:1.22 AS build", "fedora:40", "ubuntu", "ghcr.io/a/b@sha256:" + "0" * 64, "$BASE", "postgres:16",
    "--platform=$BUILDPLATFORM debian:12 AS build", "rust:1 AS build", "maven:3 AS build",
)  # fmt: skip


def _json_list(items: list[str]) -> str:
    return json.dumps(items, ensure_ascii=False)


_lists = st.lists(words, min_size=1, max_size=4)
_pairs = st.builds(
    "{}={}".format, st.one_of(st.sampled_from(("A", "PATH", "HOME", "LANG")), words), shell_words
)
_forms = st.one_of(_lists.map(_json_list), shell_programs, _lists.map(" ".join))
_flags = st.one_of(
    st.just(""),
    st.sampled_from((
        "--from=build ", "--from=0 ", "--chown=1000:1000 ", "--chmod=755 ", "--link ", "--parents ", "--mount=type=cache,target=/x ",
        "--mount=type=secret,id=x ", "--network=none ", "--security=insecure ", "--checksum=sha256:" + "0" * 64 + " ",
        "--exclude=*.md ", "--keep-git-dir=true ", "--interval=5s ", "--start-period=1s ",
    )),
    st.builds("--{}={} ".format, st.sampled_from(("from", "chown", "chmod", "mount", "exclude", "platform", "x")), words),
)  # fmt: skip
_heredocs = st.builds(
    "RUN {}<<{}\n{}\n{}".format,
    _flags,
    st.sampled_from(("EOF", "'EOF'", "-EOF", '"EOF"')),
    shell_programs,
    st.just("EOF"),
)
_instructions = st.one_of(
    st.builds("RUN {}{}".format, _flags, shell_programs),
    st.builds("RUN {}{}".format, _flags, shell_programs),
    st.builds("RUN {}{}".format, _flags, shell_programs),
    _lists.map(lambda items: "RUN " + _json_list(items)),
    _heredocs,
    st.builds("COPY {}<<EOF {}\n{}\nEOF".format, _flags, words, texts),
    st.builds("{} {}{} {}".format, st.sampled_from(("COPY", "ADD")), _flags, _lists.map(" ".join), words),
    st.builds("{} {}{}".format, st.sampled_from(("COPY", "ADD")), _flags, _lists.map(_json_list)),
    st.builds("{} {}".format, st.sampled_from(("ENV", "LABEL", "ARG")), st.lists(_pairs, min_size=1, max_size=3).map(" ".join)),
    st.builds("ENV {} {}".format, words, words),
    st.builds("{} {}".format, st.sampled_from(("CMD", "ENTRYPOINT", "SHELL", "VOLUME")), _forms),
    st.builds("HEALTHCHECK {}CMD {}".format, _flags, _forms),
    st.builds("{} {}".format, st.sampled_from(("WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER", "EXPOSE")), words),
    st.builds("ONBUILD {} {}".format, st.sampled_from(("RUN", "COPY", "CMD", "ENV")), words),
    st.builds("FROM {}".format, st.one_of(st.sampled_from(_BASES), st.builds("{} AS {}".format, words, words))),
    st.builds("# {}".format, words),
    st.builds("# dock2nix: {} {} {}".format, st.sampled_from(("map", "ignore", "keep", "build-only")), words, words),
    st.builds("{} {}".format, st.one_of(st.sampled_from(("run", "FRUM", "")), words), words),
)  # fmt: skip
_heads = st.one_of(
    st.just(""),
    st.sampled_from(
        ("# syntax=docker/dockerfile:1\n", "# escape=`\n", "ARG BASE=debian:12\n", "# check=skip=all\n")
    ),
    st.builds("# {}={}\n".format, st.sampled_from(("escape", "syntax")), words),
)


def _dockerfile(head: str, base: str, lines: list[str]) -> bytes:
    return f"{head}FROM {base}\n{chr(10).join(lines)}\n".encode("utf-8", "surrogatepass")


written = st.builds(_dockerfile, _heads, st.sampled_from(_BASES), st.lists(_instructions, max_size=8))


@cache
def sample_texts() -> tuple[bytes, ...]:
    """The Dockerfiles of the samples."""
    return tuple(path.read_bytes() for path in sorted(SAMPLES.glob("*/Dockerfile")))


def _mutated(base: bytes, changes: list[tuple[float, str, str]]) -> bytes:
    """A sample with text inserted, lines doubled and removed, and words replaced at places given as fractions."""
    for place, kind, text in changes:
        raw = text.encode("utf-8", "surrogatepass")
        at = int(place * len(base))
        start, end = base.rfind(b"\n", 0, at) + 1, base.find(b"\n", at) + 1 or len(base)
        match kind:
            case "insert":
                base = base[:at] + raw + base[at:]
            case "cut":
                base = base[:at] + base[at + len(raw) :]
            case "double":
                base = base[:end] + base[start:end] + base[end:]
            case "drop":
                base = base[:start] + base[end:]
            case _:
                left, right = base.rfind(b" ", 0, at) + 1, base.find(b" ", at)
                base = base[:left] + raw + base[right if right >= 0 else len(base) :]
    return base


_changes = st.tuples(
    st.floats(0, 1, allow_nan=False), st.sampled_from(("insert", "cut", "double", "drop", "replace")), texts
)
mutated = st.builds(_mutated, st.sampled_from(sample_texts()), st.lists(_changes, min_size=1, max_size=4))
dockerfiles = st.one_of(
    written, written, mutated, st.binary(max_size=60).map(lambda raw: b"FROM debian:12\nRUN " + raw)
)

# --- what dock2nix says of one ----------------------------------------------------------------------------------------


def converted(content: bytes, context: Path) -> Conversion | str:
    """The conversion, or the message of why there is none; anything else that is raised is a bug."""
    source = Source(content=content, path="Dockerfile", file=None, context=context)
    settings = ImageSettings(name="image", dockerfile="Dockerfile")
    try:
        return convert(source, Options(image=settings), catalogue())
    except Dock2nixError as error:
        return str(error)


@cache
def catalogue() -> LocalCatalogue:
    """The tables that ship with dock2nix."""
    return LocalCatalogue(overrides=None)


def documents(content: bytes, context: Path, done: Conversion) -> dict[str, str]:
    """Every other text that dock2nix makes of the Dockerfile, by name: what `convert`, `audit` and `sbom` print."""
    subject = read_subject(
        content,
        "Dockerfile",
        context=BuildContext.read(context),
        catalogue=catalogue(),
        report=done.report,
        target="",
        build_arguments={},
        platform="",
    )
    found = audit(subject)
    inventory = take_inventory(done.report, catalogue(), done.files.get)
    from dock2nix.sbom.cyclonedx import cyclonedx_json
    from dock2nix.sbom.spdx import spdx_json

    return {
        "terminal": summary(done.report, colour=False, verbose=True),
        "report.json": report_text(done.report),
        "audit.md": audit_markdown(found),
        "audit.json": audit_json(found),
        "audit.sarif": audit_sarif(found, "Dockerfile"),
        "audit.txt": audit_text(found, colour=False),
        "cyclonedx.json": cyclonedx_json(inventory, None),
        "spdx.json": spdx_json(inventory, None),
    }


# --- what must hold ---------------------------------------------------------------------------------------------------

_TEXT_OF_NIX = {"string_fragment", "comment", "escape_sequence", "dollar_escape"}


@cache
def _nix_parser() -> Parser:
    return Parser(Language(tree_sitter_nix.language()))


def faults(files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with texts, by the form that their names tell."""
    for name, text in sorted(files.items()):
        kind = name.rpartition(".")[2]
        check = (
            (lambda _: ()) if name.startswith("nix/base/") else _CHECKS.get(kind, _visible)
        )  # files of ours
        yield from (f"{name}: {fault}" for fault in check(text))


def _nix(text: str) -> Iterator[str]:
    """It parses, and the canary stands in strings and comments alone."""
    raw = text.encode()
    tree = _nix_parser().parse(raw)
    if tree.root_node.has_error:
        yield "is no Nix"
    at = raw.find(CANARY.encode())
    while at >= 0:
        node = tree.root_node.descendant_for_byte_range(at, at + len(CANARY))
        if node is None or not (node.type in _TEXT_OF_NIX or _names_a_binding(node)):
            yield f"the canary is {node.type if node else 'nowhere'}: {text[max(0, at - 60) : at + 40]!r}"
        at = raw.find(CANARY.encode(), at + 1)
    yield from _visible(text)


def _names_a_binding(node: Node) -> bool:
    path = node.parent if node.type == "identifier" else None
    return bool(path and path.type == "attrpath" and path.parent and path.parent.type == "binding")


def _json(text: str) -> Iterator[str]:
    try:
        json.loads(text)
    except ValueError as error:
        yield f"is no JSON: {error}"
    yield from (
        f"has {ch!r}"
        for ch in sorted(set(re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)))
    )


def _markdown(text: str) -> Iterator[str]:
    yield from _visible(text)
    bare = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    if re.search(r"(?<!\\)<(?!/?(?:details|summary|br)\b)", bare):
        yield "has HTML in it"
    lines = text.split("\n")
    for above, row in pairwise(lines):
        if above.startswith("|") and row.startswith("|") and _cells(above) != _cells(row):
            yield f"has a row of another length: {row[:200]!r}"


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", row))


def _visible(text: str) -> Iterator[str]:
    hidden = {ch for ch in text if ch != "\n" and unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    yield from (f"has {ch!r}" for ch in sorted(hidden))


_CHECKS = {"nix": _nix, "json": _json, "lock": _json, "sarif": _json, "md": _markdown}


def unaccounted(done: Conversion) -> Iterator[str]:
    """Commands that the report names twice: the same text at the same place."""
    seen: set[tuple[Any, ...]] = set()
    for step in done.report.commands:
        place = (step.location, step.text)
        if place in seen:
            yield f"twice in the report: {step.text!r} at {step.location}"
        seen.add(place)


def make_context(folder: Path) -> None:
    """A context with files of which Dockerfiles make use, and links that lead out of it and in circles."""
    (folder / "src").mkdir(parents=True)
    for name in ("a", "app", f"src/{CANARY}", "src/${x}'' y", "line\nend"):
        (folder / name).write_text(f"{CANARY}\n")
    (folder / "requirements.txt").write_text(
        f"flask==3.0\n-r ../../etc/passwd\n-r requirements.txt\n{CANARY}\n"
    )
    (folder / "package.json").write_text(
        json.dumps({"name": "../x", "workspaces": ["../../*", "*"], "scripts": {"start": "node ${x}"}})
    )
    (folder / "out").symlink_to("/etc")
    (folder / "loop").symlink_to("loop")
