"""Command substitutions and pipelines of pure programs are evaluated; all others are unknown."""

from __future__ import annotations

import pytest

from shell_probe import arguments, the

VARIABLES = {"V": "1.22.3", "P": "/a/b.tar.gz"}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("echo hi there", "hi there", id="echo"),
        pytest.param("echo a; echo b", "a\nb", id="two-commands"),
        pytest.param("echo -n a; echo b", "ab", id="echo-without-newline"),
        pytest.param("printf '%s-%s\\n' a b c", "a-b\nc-", id="printf-goes-round"),
        pytest.param("printf '%d%%' 07", "7%", id="printf-number"),
        pytest.param(
            "basename $P .gz; dirname $P; basename /a/b/", "b.tar\n/a\nb", id="basename-and-dirname"
        ),
        pytest.param("pwd; cd /x/../y; pwd", "/\n/y", id="pwd"),
        pytest.param("seq 3; seq 2 2 4", "1\n2\n3\n2\n4", id="seq"),
        pytest.param("echo $V | cut -d. -f1,2", "1.22", id="cut-fields"),
        pytest.param("echo abcd | cut -c2-3", "bc", id="cut-characters"),
        pytest.param("echo $V | tr . _", "1_22_3", id="tr"),
        pytest.param("echo abc | tr a-y '[:upper:]'", "ABC", id="tr-classes"),
        pytest.param("echo 'a b' | tr -d ' '", "ab", id="tr-delete"),
        pytest.param("echo $V | sed 's/\\./-/g'", "1-22-3", id="sed"),
        pytest.param("echo $V | sed -e 's/\\..*//' -e s/^/v/", "v1", id="sed-twice"),
        pytest.param("echo $V | sed -E 's#([0-9]+)\\.([0-9]+).*#\\2/\\1#'", "22/1", id="sed-groups"),
        pytest.param("echo $V | sed 's/^\\([0-9]*\\).*$/v\\1&/'", "v11.22.3", id="sed-basic-groups"),
        pytest.param("echo $V | awk -F. '{print $1\".\"$2}'", "1.22", id="awk-print"),
        pytest.param("echo a-b-c | awk -F- '{ print $NF }'", "c", id="awk-last-field"),
        pytest.param("echo a-b-c | awk -F- '{ print $(NF-1) \"/\" $1 }'", "b/a", id="awk-field-from-behind"),
        pytest.param("dpkg --print-architecture | awk -F- '{print $NF}'", "amd64", id="architecture"),
        pytest.param("dpkg-architecture --query DEB_BUILD_GNU_CPU", "x86_64", id="processor"),
        pytest.param("printf 'a\\nb\\nc\\n' | head -n 2 | tail -1", "b", id="head-and-tail"),
        pytest.param("cat <<E\n$V\nE", "1.22.3", id="cat-of-a-heredoc"),
        pytest.param("echo a b | xargs", "a b", id="xargs-alone"),
        pytest.param("true && echo y || echo n", "y", id="condition"),
        pytest.param("[ $V = 1.22.3 ] && echo y", "y", id="test"),
        pytest.param(
            "echo err >&2; echo hidden >/dev/null; echo out", "out", id="redirected-output-is-not-seen"
        ),
        pytest.param("sh -c 'echo $1' x y", "y", id="another-shell"),
        pytest.param("uname -s", "Linux", id="uname-s"),
    ],
)
def test_known_output(script: str, expected: str) -> None:
    assert arguments(f'"$({script}\n)"', VARIABLES) == [expected]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("curl -s https://x", id="network"),
        pytest.param("date +%s", id="time"),
        pytest.param("nproc", id="machine"),
        pytest.param("id -u", id="user"),
        pytest.param("cat /etc/os-release", id="file"),
        pytest.param("sed s/a/b/ file", id="filter-of-a-file"),
        pytest.param("echo x | sed 's/x/y/;p'", id="sed-program"),
        pytest.param("echo x | awk '{print NR}'", id="awk-program"),
        pytest.param("echo x | awk '{print $(NF-9)}'", id="awk-field-before-the-first"),
        pytest.param("echo 'a\\tb'", id="echo-with-escapes-differs-between-shells"),
        pytest.param("echo -e x", id="echo-e-differs-between-shells"),
        pytest.param("echo a; curl x", id="one-of-two"),
        pytest.param("curl x | tr a b", id="filter-of-an-unknown"),
        pytest.param("printf %x 3", id="rare-conversion"),
        pytest.param("lsb_release -cs", id="release"),
        pytest.param("[ -f x ] && echo y", id="under-a-condition-that-is-not-known"),
        pytest.param("sleep 1 & echo x", id="background"),
    ],
)
def test_unknown_output(script: str) -> None:
    assert arguments(f'"$({script})"', VARIABLES) == [None]


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        pytest.param("linux/amd64", ["amd64", "x86_64", "x86_64", "x86_64", "x86_64-linux-gnu"], id="amd64"),
        pytest.param("linux/arm64", ["arm64", "aarch64", "aarch64", "aarch64", "aarch64-linux-gnu"], id="arm64"),
        pytest.param("linux/arm/v7", ["armhf", "armv7l", "armv7", "armv7l", "arm-linux-gnueabihf"], id="arm"),
        pytest.param("linux/mips", [None] * 5, id="a-platform-without-row"),
    ],
)  # fmt: skip
def test_programs_that_tell_the_platform(platform: str, expected: list[str | None]) -> None:
    word = (
        "$(dpkg --print-architecture) $(uname -m) $(apk --print-arch) $(arch)"
        " $(dpkg-architecture -qDEB_HOST_MULTIARCH)"
    )
    assert arguments(word, platform=platform) == expected


def test_a_case_of_the_platform_is_decided() -> None:
    text = (
        'case "$(uname -m)" in x86_64) A=amd64;; aarch64) A=arm64;; *) echo "no" >&2; exit 1;; esac; '
        "curl -o x https://host/tool-$A.tgz"
    )
    assert the(text, "curl").invocations[0].arguments[-1].value == "https://host/tool-amd64.tgz"
    assert (
        the(text, "curl", platform="linux/arm64").invocations[0].arguments[-1].value
        == "https://host/tool-arm64.tgz"
    )


def test_expressions_that_would_take_long_are_not_evaluated() -> None:
    long = "a" * 3000
    assert arguments(f"$(echo {long} | sed 's/a*a*a*b/c/')") == [None]
