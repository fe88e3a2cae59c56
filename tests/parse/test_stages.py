"""Stages: what FROM stands on, what is in scope where, what is needed, what is refused."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import DockerfileError, UsageError
from dock2nix.model.dockerfile import ImageReference, ScopedInstruction, Scratch, Stage, StageReference
from dock2nix.model.finding import Severity
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.expansion import copied_body
from dock2nix.parse.scope import DEFAULT_PATH
from dock2nix.parse.stages import link_stages, needed_stages, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.finding import Outcome


def outcome(
    text: str, *, platform: str = "linux/amd64", target: str = "", **build_arguments: str
) -> Outcome[tuple[Stage, ...]]:
    dockerfile = parse_dockerfile(text.encode(), "Dockerfile").value
    return link_stages(dockerfile, build_arguments=build_arguments, platform=platform, target=target)


def link(
    text: str, *, platform: str = "linux/amd64", target: str = "", **build_arguments: str
) -> tuple[Stage, ...]:
    return outcome(text, platform=platform, target=target, **build_arguments).value


def last(text: str, **build_arguments: str) -> ScopedInstruction:
    """The last instruction of the last stage."""
    return link(text, **build_arguments)[-1].instructions[-1]


def image(stage: Stage) -> str:
    assert isinstance(stage.base, ImageReference)
    return stage.base.text


# --- FROM ---


@pytest.mark.parametrize(
    ("text", "arguments", "expected"),
    [
        pytest.param("FROM a:1", {}, "a:1", id="constant"),
        pytest.param("ARG V=1\nFROM a:$V", {}, "a:1", id="default"),
        pytest.param("ARG V=1\nFROM a:$V", {"V": "2"}, "a:2", id="given"),
        pytest.param("ARG V\nFROM a:${V:-3}", {}, "a:3", id="default-in-the-word"),
        pytest.param("ARG V=1 W=$V.2\nFROM a:$W", {}, "a:1.2", id="one-argument-in-another"),
        pytest.param("ARG V=1\nARG V\nFROM a:$V", {}, "a:1", id="declared-again-without-value"),
        pytest.param("ARG V=1\nARG V=2\nFROM a:$V", {}, "a:2", id="declared-again-with-value"),
        pytest.param("ARG V='1'\nFROM a:$V", {}, "a:1", id="quotes"),
        pytest.param('FROM "a:1"', {}, "a:1", id="quotes-in-from"),
        pytest.param("FROM a:$TARGETARCH", {}, "a:amd64", id="platform-argument"),
        pytest.param("FROM a:$TARGETARCH", {"TARGETARCH": "x"}, "a:x", id="platform-argument-given"),
        pytest.param("FROM a:1${TARGETVARIANT}", {}, "a:1", id="platform-argument-that-is-empty"),
        pytest.param("FROM x\nARG V=1\nFROM a:${V:-2}", {}, "a:2", id="arguments-of-a-stage-are-not-seen"),
    ],
)
def test_base_images(text: str, arguments: Mapping[str, str], expected: str) -> None:
    assert image(link(text + "\n", **arguments)[-1]) == expected


@pytest.mark.parametrize(
    ("text", "base"),
    [
        pytest.param("FROM scratch\n", Scratch(), id="scratch"),
        pytest.param("FROM a AS b\nFROM b\n", StageReference(index=0), id="by-name"),
        pytest.param("FROM a AS B\nFROM b\n", StageReference(index=0), id="names-are-kept-in-lower-case"),
        pytest.param("FROM a AS b\nFROM B\n", StageReference(index=0), id="upper-case-in-from"),
        pytest.param(
            "FROM a AS b\nFROM c AS b\nFROM b\n", StageReference(index=1), id="the-latest-of-a-name"
        ),
        pytest.param(
            "FROM a AS scratch\nFROM scratch\n", StageReference(index=0), id="a-stage-named-scratch"
        ),
        pytest.param("ARG S=b\nFROM a AS b\nFROM $S\n", StageReference(index=0), id="by-argument"),
    ],
)
def test_bases_that_are_no_image(text: str, base: object) -> None:
    assert link(text)[-1].base == base


def test_from_reads_numbers_and_later_names_as_images() -> None:
    first, second = link("FROM b\nFROM 0 AS b\n")
    assert (image(first), image(second)) == ("b", "0")


def test_stages_have_numbers_names_places_and_platforms() -> None:
    first, second = link("FROM --platform=linux/arm64 a AS Base\nFROM base\n")
    assert (first.index, first.name, first.platform, first.location.line) == (0, "base", "linux/arm64", 1)
    assert (second.index, second.name, second.platform) == (1, "", "linux/arm64")
    assert link("FROM a\n", platform="linux/aarch64")[0].platform == "linux/arm64"
    assert link("FROM --platform=$BUILDPLATFORM a\n")[0].platform == "linux/amd64"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param(
            "ARG X\nFROM ${X}", 2, 6, r"base name \(\$\{X\}\) should not be blank.*--build-arg X", id="unset"
        ),
        pytest.param("ARG X=\nFROM $X", 2, 6, r"base name \(\$X\) should not be blank", id="empty"),
        pytest.param("FROM  $NO", 1, 7, "should not be blank", id="undeclared"),
        pytest.param("FROM a:$X", 1, 6, "invalid reference format.*--build-arg X", id="empty-tag"),
        pytest.param("FROM a\nFROM Upper", 2, 6, "invalid reference format", id="upper-case"),
        pytest.param("FROM ${X:?say}", 1, 6, "X: say", id="required"),
        pytest.param("FROM ${X", 1, 6, "missing '}'", id="malformed"),
        pytest.param("ARG A=${X:?no}\nFROM a", 1, 7, "X: no", id="required-by-a-default"),
        pytest.param("FROM --platform=what/ a", 1, 1, "failed to parse platform", id="platform"),
        pytest.param("FROM --platform=$NO a", 1, 1, "failed to parse platform", id="platform-unset"),
    ],
)
def test_bases_that_are_refused(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        link(text + "\n")
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_required_argument_may_be_given() -> None:
    assert image(link("ARG A=${X:?no}\nFROM $A\n", A="b")[0]) == "b"


# --- scope ---


@pytest.mark.parametrize(
    ("text", "arguments", "environment"),
    [
        pytest.param("ENV A=1", {}, {"A": "1"}, id="env"),
        pytest.param("ENV A=1\nENV A=2 B=$A", {}, {"A": "2", "B": "1"}, id="env-sees-what-was-before"),
        pytest.param("ENV A x $PATH", {}, {"A": f"x {DEFAULT_PATH}"}, id="old-form"),
        pytest.param("ENV 'A'=1", {}, {"A": "1"}, id="quoted-name"),
        pytest.param("ARG A=1", {}, {"A": "1"}, id="arg"),
        pytest.param("ARG A=1 B=$A", {}, {"A": "1", "B": "1"}, id="arg-sees-the-one-before"),
        pytest.param("ARG A", {}, {"A": None}, id="arg-without-value"),
        pytest.param("ARG A=", {}, {"A": ""}, id="arg-empty"),
        pytest.param("ARG A=1", {"A": "2"}, {"A": "2"}, id="arg-given"),
        pytest.param("ARG A", {"A": ""}, {"A": ""}, id="arg-given-empty"),
        pytest.param("ARG A=1\nENV A=2", {"A": "3"}, {"A": "2"}, id="env-beats-an-earlier-arg"),
        pytest.param("ENV A=1\nARG A=2", {}, {"A": "2"}, id="a-later-arg-beats-env-in-buildkit"),
        pytest.param("ENV A=1\nARG A", {}, {"A": "1"}, id="a-later-arg-without-value-does-not"),
        pytest.param("ARG A=${X:?no}", {"A": "1"}, {"A": "1"}, id="a-default-not-needed-is-not-expanded"),
        pytest.param(
            "ARG TARGETARCH TARGETVARIANT", {}, {"TARGETARCH": "amd64", "TARGETVARIANT": ""}, id="platform"
        ),
        pytest.param("RUN x", {"A": "1"}, {}, id="undeclared-arguments-are-not-seen"),
        pytest.param("RUN x", {"http_proxy": "p"}, {"http_proxy": "p", "HTTP_PROXY": "p"}, id="proxies-are"),
        pytest.param("ARG BUILDKIT_SBOM_SCAN_STAGE=true", {}, {}, id="arguments-for-the-builder"),
    ],
)
def test_variables_that_a_run_sees(
    text: str, arguments: Mapping[str, str], environment: dict[str, str | None]
) -> None:
    run = last(f"FROM a\n{text}\nRUN env\n", **arguments)
    assert run.environment == {"PATH": DEFAULT_PATH, **environment}


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        pytest.param("", "unseen", id="not-without-declaration"),
        pytest.param("ARG A", "1", id="declared"),
        pytest.param("ARG A=2", "2", id="with-a-default-of-its-own"),
    ],
)
def test_arguments_before_from_in_a_stage(declaration: str, value: str) -> None:
    assert last(f"ARG A=1\nFROM a\n{declaration}\nUSER ${{A-unseen}}\n").arguments == (value,)


def test_an_instruction_sees_what_was_before_it() -> None:
    env = link("FROM a\nENV A=1\nENV A=2\n")[0].instructions[1]
    assert env.environment["A"] == "1"
    assert env.arguments == ("A", "2")


def test_only_env_counts_as_variable_of_the_image() -> None:
    run = last("FROM a\nARG A=1\nENV B=2\nRUN x\n")
    assert run.environment_names == {"PATH", "B"}


def test_a_base_image_brings_its_variables() -> None:
    dockerfile = parse_dockerfile(b"FROM go:1 AS b\nENV PATH=$GOPATH/bin:$PATH\nFROM b\nRUN x\n", "D").value
    known = {"go": {"GOPATH": "/go", "PATH": "/bin"}}
    stages = link_stages(
        dockerfile, build_arguments={}, base_environment=lambda reference: known[reference.repository]
    ).value
    run = stages[1].instructions[0]
    assert run.environment == {"GOPATH": "/go", "PATH": "/go/bin:/bin"}
    assert run.environment_names == {"GOPATH", "PATH"}


def test_a_stage_inherits_variables_arguments_and_shell_of_the_stage_it_stands_on() -> None:
    text = 'FROM a AS b\nSHELL ["/bin/bash", "-c"]\nENV E=1\nARG A=2\nFROM b\nRUN x\nFROM a\nRUN y\n'
    _, inherited, other = link(text)
    assert inherited.instructions[0].environment == {"PATH": DEFAULT_PATH, "E": "1", "A": "2"}
    assert inherited.instructions[0].shell == ("/bin/bash", "-c")
    assert other.instructions[0].environment == {"PATH": DEFAULT_PATH}
    assert other.instructions[0].shell == ("/bin/sh", "-c")


def test_shell_is_in_force_behind_its_instruction() -> None:
    before, shell, after = link('FROM a\nRUN x\nSHELL ["sh", "-ec"]\nRUN y\n')[0].instructions
    assert (before.shell, shell.shell) == (("/bin/sh", "-c"), ("/bin/sh", "-c"))
    assert after.shell == ("sh", "-ec")
    assert link("FROM --platform=windows/amd64 a\nRUN x\n")[0].instructions[0].shell == ("cmd", "/S", "/C")


# --- what is expanded ---


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        pytest.param("ENV K=$X", ("K", "v w"), id="env"),
        pytest.param("LABEL k='$X' l=\"$X\"", ("k", "$X", "l", "v w"), id="label"),
        pytest.param("WORKDIR /$X", ("/v w",), id="workdir-is-not-split"),
        pytest.param("USER $X", ("v w",), id="user"),
        pytest.param("EXPOSE $P 9", ("80", "81/udp", "9"), id="expose-is-split"),
        pytest.param("VOLUME $X /y", ("v w", "/y"), id="volume-is-not-split"),
        pytest.param('VOLUME [" $X "]', ("v w",), id="volume-json"),
        pytest.param("STOPSIGNAL $S", ("TERM",), id="stopsignal"),
        pytest.param("COPY $X b /$X", ("v w", "b", "/v w"), id="copy"),
        pytest.param('COPY ["$X", "\\"b\\""]', ("v w", "b"), id="copy-json-too"),
        pytest.param("ADD https://x/$S /y", ("https://x/TERM", "/y"), id="add"),
        pytest.param("ARG N=$X M", ("N=v w", "M"), id="arg"),
        pytest.param("RUN echo $X '$X'", ("echo $X '$X'",), id="run-is-not"),
        pytest.param('CMD ["$X"]', ("$X",), id="cmd-is-not"),
        pytest.param("ENTRYPOINT $X", ("$X",), id="entrypoint-is-not"),
        pytest.param("HEALTHCHECK CMD $X", ("CMD", "$X"), id="healthcheck-is-not"),
        pytest.param('SHELL ["$X"]', ("$X",), id="shell-is-not"),
        pytest.param("ONBUILD USER $X", ("USER", "$X"), id="onbuild-is-not"),
        pytest.param("MAINTAINER $X", ("$X",), id="maintainer-is-not"),
    ],
)
def test_expanded_arguments(text: str, arguments: tuple[str, ...]) -> None:
    assert last(f"FROM a\nENV X='v w' P='80 81/udp' S=TERM\n{text}\n").arguments == arguments


def test_the_instruction_itself_stays_as_written() -> None:
    scoped = last("FROM a\nENV X=1\nUSER $X\n")
    assert scoped.instruction.arguments == ("$X",)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        pytest.param("COPY --chown=$X:$X --chmod=$M a b", ("--chown=1:1", "--chmod=755"), id="copy"),
        pytest.param("COPY --link --exclude=$X a b", ("--link", "--exclude=$X"), id="other-flags-are-not"),
        pytest.param("ADD --checksum=sha256:$X https://x b", ("--checksum=sha256:1",), id="add"),
        pytest.param(
            "RUN --mount=type=bind,target=/$X,ro x", ("--mount=type=bind,target=/1,ro",), id="mount"
        ),
        pytest.param("RUN --mount=target=/$C x", ('--mount="target=/a,b"',), id="a-comma-is-quoted"),
        pytest.param("HEALTHCHECK --interval=5s CMD x", ("--interval=5s",), id="healthcheck-is-not"),
    ],
)
def test_expanded_flags(text: str, flags: tuple[str, ...]) -> None:
    assert last(f"FROM a\nENV X=1 M=755 C=a,b\n{text}\n").flags == flags


def test_the_escape_character_in_force_is_used() -> None:
    assert last("# escape=`\nFROM a\nENV X=1\nUSER `$X\\$X\n").arguments == ("$X\\1",)


def test_a_heredoc_among_the_sources_stays_and_its_body_is_expanded_on_demand() -> None:
    copy = last("FROM a\nENV X=1\nCOPY <<A <<'B' $X /\n\"$X\"\nA\n$X\nB\n")
    assert copy.arguments == ("<<A", "<<'B'", "1", "/")
    bodies = [copied_body(heredoc, copy.environment) for heredoc in copy.instruction.heredocs]
    assert bodies == ['"1"\n', "$X\n"]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("USER ${X:?no user}", 2, 6, "X: no user", id="required"),
        pytest.param("ENV A=1 \\\n  B=${X", 3, 5, "missing '}'", id="malformed-on-the-second-line"),
        pytest.param("LABEL a='b", 2, 9, "single-quote", id="open-quote"),
        pytest.param("EXPOSE 80 http", 2, 11, "invalid port: 'http'", id="port"),
        pytest.param("EXPOSE 80-70", 2, 8, "invalid port range", id="port-range"),
        pytest.param("STOPSIGNAL HUPS", 2, 12, "invalid signal: 'HUPS'", id="signal"),
        pytest.param("VOLUME $X", 2, 1, "can not be an empty string", id="empty-volume"),
        pytest.param("COPY --chmod=9 a b", 2, 1, "invalid chmod parameter: '9'", id="mode"),
        pytest.param("COPY https://x/y z", 2, 1, "can't be a URL for COPY", id="copy-of-a-url"),
        pytest.param("RUN --mount=type=what x", 2, 1, "unsupported mount type", id="mount"),
        pytest.param("COPY <<E /x\na\n${X\nE", 3, 1, "failed to process the heredoc", id="body-of-a-heredoc"),
    ],
)
def test_what_cannot_be_expanded_is_refused_at_the_word(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        link(f"FROM a\n{text}\n")
    assert (caught.value.line, caught.value.column) == (line, column)


# --- findings ---


@pytest.mark.parametrize(
    ("text", "severity", "line", "column", "message"),
    [
        pytest.param("FROM a\nARG X\nENV A=b$X", Severity.WARNING, 3, 8, "X has no value", id="no-value"),
        pytest.param(
            "FROM a\nENV A=b \\\n C=${X}", Severity.INFO, 3, 4, "neither ARG nor ENV sets X", id="undeclared"
        ),
        pytest.param(
            "ARG X=1\nFROM a\nUSER u$X", Severity.WARNING, 3, 7, "before the first FROM only", id="global"
        ),
        pytest.param("ARG X\nFROM a$X", Severity.WARNING, 2, 7, "X has no value", id="in-from"),
        pytest.param("FROM a\nCOPY --chown=$X b c", Severity.INFO, 2, 1, "sets X", id="in-a-flag"),
        pytest.param("FROM a\nCOPY <<E /f\ny\nx=$X\nE", Severity.INFO, 4, 3, "sets X", id="in-a-heredoc"),
    ],
)
def test_a_variable_without_value_is_a_finding_where_it_is_used(
    text: str, severity: Severity, line: int, column: int, message: str
) -> None:
    (finding,) = outcome(text + "\n").findings
    assert (finding.code, finding.severity) == ("D2N102", severity)
    assert (finding.location.line, finding.location.column) == (line, column)
    assert message in finding.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ENV A=${X:-y} B=${X+z}", id="provided-for"),
        pytest.param("RUN echo $X", id="left-to-the-shell"),
        pytest.param("ENV A='$X'", id="quoted"),
        pytest.param("COPY <<'E' /f\n$X\nE", id="in-a-quoted-heredoc"),
        pytest.param("ARG TARGETVARIANT\nENV A=$TARGETVARIANT", id="empty-but-set"),
    ],
)
def test_no_finding(text: str) -> None:
    assert outcome(f"FROM a\nARG X\n{text}\n").findings == ()


def test_a_name_is_reported_once_for_an_instruction() -> None:
    assert len(outcome("FROM a\nARG X\nENV A=$X B=$X\nENV C=$X\n").findings) == 2


def test_onbuild_is_a_finding() -> None:
    (finding,) = outcome("FROM a\nONBUILD RUN x\n").findings
    assert (finding.code, finding.location.line) == ("D2N109", 2)


def test_findings_are_in_the_order_of_the_file_and_of_needed_stages_only() -> None:
    text = "ARG V\nFROM a$V AS x\nUSER $X\nFROM b AS y\nUSER $Y\nFROM x\nUSER $Z\n"
    assert [finding.location.line for finding in outcome(text).findings] == [2, 3, 7]


def test_a_file_of_nothing_but_findings_does_not_fill_the_report() -> None:
    findings = outcome("FROM a\n" + "USER $X\n" * 3_000).findings
    assert len(findings) == 1_001
    assert "left out" in findings[-1].message


# --- stages that need others ---


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        pytest.param("FROM a AS x\nFROM x", [(), (0,)], id="stands-on"),
        pytest.param("FROM a AS x\nFROM b\nCOPY --from=x c d", [(), (0,)], id="copies-by-name"),
        pytest.param("FROM a AS X\nFROM b\nCOPY --from=x c d", [(), (0,)], id="names-in-any-case"),
        pytest.param("FROM a AS x\nFROM b\nCOPY --from=X c d", [(), (0,)], id="uses-in-any-case"),
        pytest.param("FROM a\nFROM b\nCOPY --from=0 c d", [(), (0,)], id="copies-by-number"),
        pytest.param("FROM a\nFROM b\nCOPY --from=busybox:1 c d", [(), ()], id="copies-from-an-image"),
        pytest.param("FROM a AS x\nFROM b\nRUN --mount=from=x,target=/y z", [(), (0,)], id="mounts-by-name"),
        pytest.param("FROM a\nFROM b\nRUN --mount=FROM=0,target=/y z", [(), (0,)], id="mounts-by-number"),
        pytest.param("FROM a\nFROM b\nRUN --mount=from=c,target=/y z", [(), ()], id="mounts-an-image"),
        pytest.param(
            "FROM a AS x\nFROM b AS y\nFROM x\nCOPY --from=y c d\nCOPY --from=1 e f",
            [(), (), (0, 1)],
            id="several-once-each",
        ),
        pytest.param("FROM a AS x\nONBUILD COPY --from=0 c d\nFROM x", [(), (0,)], id="by-a-trigger"),
    ],
)
def test_needs(text: str, needs: list[tuple[int, ...]]) -> None:
    assert [stage.needs for stage in link(text + "\n")] == needs


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        pytest.param("", (1, 2, 4), id="the-last-one"),
        pytest.param("c", (1, 2), id="by-name"),
        pytest.param("C", (1, 2), id="by-name-in-upper-case"),
        pytest.param("3", (0, 3), id="by-number"),
        pytest.param("a", (0,), id="one-alone"),
    ],
)
def test_needed_stages(target: str, needed: tuple[int, ...]) -> None:
    text = "FROM i AS a\nFROM i AS b\nFROM b AS c\nFROM a\nFROM i\nCOPY --from=c x y\n"
    assert needed_stages(link(text, target=target), target) == needed


@pytest.mark.parametrize("target", ["nothing", "2", "-1", "0x0"])
def test_an_unknown_target_is_bad_usage(target: str) -> None:
    with pytest.raises(UsageError, match="could not be found: expected one of a, 1"):
        link("FROM i AS a\nFROM i\n", target=target)


def test_an_unknown_platform_is_bad_usage() -> None:
    with pytest.raises(UsageError, match="no such platform: 'what'"):
        link("FROM a\n", platform="what")


def test_the_target_is_an_argument() -> None:
    text = "FROM a AS x\nARG TARGETSTAGE\nUSER $TARGETSTAGE\nFROM a AS y\n"
    assert link(text, target="x")[0].instructions[-1].arguments == ("x",)
    assert link(text)[0].instructions[-1].arguments == ("y",)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        pytest.param(
            "FROM a\nCOPY --from=1 b c",
            2,
            "invalid stage index 1: expected a number from 0 to 0",
            id="number",
        ),
        pytest.param("FROM a\nCOPY --from=-1 b c", 2, "invalid stage index -1", id="negative-number"),
        pytest.param(
            "FROM a AS x\nCOPY --from=x b c", 2, "circular dependency detected on stage: x", id="itself"
        ),
        pytest.param("FROM a\nCOPY --from=0 b c", 2, "circular dependency", id="itself-by-number"),
        pytest.param(
            "FROM a AS x\nCOPY --from=y b c\nFROM a AS y\nCOPY --from=x d e", 4, "circular", id="circle"
        ),
        pytest.param(
            "FROM a AS x\nCOPY --from=z b c\nFROM a AS y\nCOPY --from=x b c\nFROM a AS z\nCOPY --from=y b c",
            4,
            "circular dependency detected on stage: y",
            id="circle-of-three",
        ),
        pytest.param(
            "FROM a AS x\nCOPY --from=y b c\nFROM a AS y\nFROM x",
            2,
            "defined before current stage 'x'",
            id="later",
        ),
        pytest.param(
            "FROM a AS x\nRUN --mount=from=y,target=/b c\nFROM a AS y\nFROM x",
            2,
            "cannot mount",
            id="later-mount",
        ),
        pytest.param(
            "FROM a\nCOPY --from=No_Such b c",
            2,
            "expected the name or number of a stage",
            id="no-image-either",
        ),
        pytest.param(
            "ARG S=x\nFROM a AS x\nFROM a\nCOPY --from=$S b c", 4, "not supported for --from", id="variable"
        ),
        pytest.param("FROM a AS x\nONBUILD FOO\nFROM x", 2, "unknown instruction: FOO", id="trigger-in-use"),
        pytest.param(
            "FROM a AS x\nONBUILD COPY --x b c\nFROM x", 2, "unknown flag: --x", id="flag-of-a-trigger"
        ),
    ],
)
def test_stages_that_cannot_be_linked(text: str, line: int, message: str) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        link(text + "\n")
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM a AS x\nCOPY --from=y b c\nFROM a AS y", id="a-later-stage"),
        pytest.param("FROM a AS x\nUSER ${X:?no}\nFROM a", id="a-required-variable"),
        pytest.param("FROM a AS x\nEXPOSE http\nFROM a", id="a-port"),
        pytest.param("FROM a AS w\nONBUILD FOO\nFROM w AS x\nFROM a", id="a-trigger"),
    ],
)
def test_a_stage_that_is_not_needed_may_be_broken(text: str) -> None:
    stages = link(text + "\n")
    assert needed_stages(stages) == (len(stages) - 1,)


def test_words_that_cannot_be_expanded_stay_in_a_stage_that_is_not_needed() -> None:
    stages = link("FROM a\nENV X=1\nUSER ${Y:?no}\nWORKDIR /$X\nFROM b\n")
    assert [it.arguments for it in stages[0].instructions] == [("X", "1"), ("${Y:?no}",), ("/1",)]


def test_triggers_run_first_in_the_stages_that_stand_on_theirs_and_no_further() -> None:
    text = "FROM a AS x\nONBUILD ENV T=1\nONBUILD USER $T\nFROM x AS y\nRUN z\nFROM y\nRUN z\n"
    _, child, grandchild = link(text)
    assert [it.keyword for it in child.instructions] == ["ENV", "USER", "RUN"]
    assert child.instructions[1].arguments == ("1",)
    assert [it.keyword for it in grandchild.instructions] == ["RUN"]


def test_a_name_given_twice_means_its_last_stage_to_copy() -> None:
    stages = link("FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x d e\n")
    assert stages[2].needs == (1,)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("X", StageReference(index=0), id="name"),
        pytest.param("1", StageReference(index=1), id="number"),
        pytest.param("7", None, id="number-too-large"),
        pytest.param("scratch", Scratch(), id="scratch"),
        pytest.param("No", None, id="nothing"),
    ],
)
def test_sources_by_name(name: str, expected: object) -> None:
    assert source_of(name, link("FROM a AS x\nFROM b\n")) == expected


def test_a_source_may_be_an_image() -> None:
    found = source_of("busybox:1", link("FROM a\n"))
    assert isinstance(found, ImageReference)
    assert found.tag == "1"


# --- size ---


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("".join(f"ENV V{number}=$V{number // 2}x\n" for number in range(4_000)), id="env"),
        pytest.param("".join(f"ARG V{number}=x\nRUN y\n" for number in range(4_000)), id="arg"),
        pytest.param(
            "".join(f"FROM b AS s{number}\nCOPY --from={number} c d\n" for number in range(1_500)),
            id="copies",
        ),
        pytest.param("".join(f"FROM s AS s\nENV V{number}=x\n" for number in range(1_500)), id="stages"),
    ],
)
def test_long_files_are_linked_in_a_few_seconds(text: str) -> None:
    dockerfile = parse_dockerfile(f"FROM a AS s\n{text}".encode(), "D").value
    started = time.process_time()
    link_stages(dockerfile, build_arguments={})
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ENV A=xx\n" + "ENV A=$A$A\n" * 40, "longer than 131072", id="one-value"),
        pytest.param("ENV A=xx\n" + "ENV A=$A$A\n" * 15 + "ENV B=${A}y\n" * 2_000, "in all", id="all-values"),
        pytest.param("FROM b\n" * 3_000, "expected at most 2000", id="stages"),
    ],
)
def test_what_would_fill_the_memory_is_refused(text: str, message: str) -> None:
    with pytest.raises(DockerfileError, match=message):
        link(f"FROM a\n{text}")
