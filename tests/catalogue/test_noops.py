"""Commands and paths without effect: how strictly the rows of no-ops.toml are matched."""

from __future__ import annotations

import tomllib

import pytest

from dock2nix.catalogue.noops import NoOps, Words, split_words
from dock2nix.errors import UsageError

ROWS = """
[[no_op]]
program = "apt-get"
arguments = ["update"]
valued = ["-o", "--option"]
reason = "lists"

[[no_op]]
programs = ["apt-mark"]
more = true
reason = "marks"

[[no_op]]
programs = ["go"]
arguments = ["clean"]
any_option = ["-modcache"]
reason = "cache"

[[no_op]]
programs = ["date"]
no_option = ["-s", "--set"]
reason = "time"

[[no_op]]
program = "*"
last = ["--version"]
valued = ["-m"]
reason = "version"

[[no_op]]
program = "*"
last = ["--help"]
subcommands = true
reason = "help"

[[no_op]]
program = "*"
sole = ["-h"]
reason = "short help"

[[no_op]]
programs = ["update-ca-certificates"]
unless_written = ["/usr/local/share/ca-certificates"]
reason = "certificates"

[[no_op]]
programs = ["rm"]
paths = true

[[no_op]]
programs = ["chmod"]
paths = true
skip = 1

[[no_op]]
programs = ["curl"]
path_options = ["-o", "--output"]
no_option = ["-O"]
more = true

[[path]]
path = "/var/lib/apt"
writable = true
reason = "apt"

[[path]]
path = "/var/cache"
reason = "caches"

[[path]]
path = "/home/*/.cache"
reason = "home"

[[path]]
path = "/tmp"
whole = true
reason = "temporary"
"""


@pytest.fixture
def no_ops() -> NoOps:
    return NoOps.from_tables(tomllib.loads(ROWS), "no-ops.toml")


def words(line: str) -> tuple[str, tuple[str, ...]]:
    program, *arguments = line.split()
    return program, tuple(arguments)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("apt-get update", "lists", id="program-and-argument"),
        pytest.param("/usr/bin/apt-get update", "lists", id="program-with-its-path"),
        pytest.param("apt-get -y -qq update", "lists", id="options-before-the-argument"),
        pytest.param("apt-get -o Acquire::Retries=3 update", "lists", id="option-with-a-value"),
        pytest.param("apt-get -oAcquire::Retries=3 update", "lists", id="option-with-a-value-in-one-word"),
        pytest.param("apt-get --option=X=1 update", "lists", id="long-option-with-a-value"),
        pytest.param("apt-mark auto .* zlib1g", "marks", id="any-further-words"),
        pytest.param("go clean -modcache", "cache", id="the-option-that-counts"),
        pytest.param("date", "time", id="without-the-option-that-changes"),
        pytest.param("anything --version", "version", id="every-program"),
        pytest.param("./configure -q --version", "version", id="other-options-before"),
        pytest.param("python3 -m pip --version", "version", id="value-of-an-option-before"),
        pytest.param("tool remote add --help", "help", id="behind-names-of-commands"),
        pytest.param("tool -h", "short help", id="the-only-word"),
        pytest.param("rm -rf /var/lib/apt/lists/*", "apt", id="below-a-path"),
        pytest.param("rm -r -- /var/cache/apk/* /var/lib/apt", "caches", id="several-paths"),
        pytest.param("rm -rf /home/app/.cache/pip", "home", id="any-one-name"),
        pytest.param("rm -rf /home/*/.cache", "home", id="any-one-name-by-a-glob"),
        pytest.param("rm -rf /tmp/* /tmp/.*", "temporary", id="all-at-once"),
        pytest.param("rm -rf /var//cache/./apt", "caches", id="path-in-another-spelling"),
        pytest.param("chmod 755 /var/lib/apt/keys", "apt", id="mode-before-the-path"),
        pytest.param("curl -fsSLo /var/lib/apt/key.asc http://x", "apt", id="written-by-an-option"),
        pytest.param("curl http://x --output /var/lib/apt/key.asc", "apt", id="written-by-a-long-option"),
        pytest.param("update-ca-certificates --fresh", "certificates", id="nothing-was-written"),
    ],
)  # fmt: skip
def test_reason_of_a_command(no_ops: NoOps, line: str, reason: str) -> None:
    assert no_ops.command(*words(line)) == reason


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("apt-get install curl", id="another-argument"),
        pytest.param("apt-get update curl", id="a-word-too-many"),
        pytest.param("apt-get", id="no-argument"),
        pytest.param("apt update", id="another-program"),
        pytest.param("go clean", id="without-the-option-that-counts"),
        pytest.param("date 01020304", id="a-word-where-none-is-known"),
        pytest.param("date -s yesterday", id="with-the-option-that-changes"),
        pytest.param("date --set=yesterday", id="with-the-long-option-that-changes"),
        pytest.param("pip install --version", id="version-behind-a-command"),
        pytest.param("anything --version now", id="version-is-not-the-last-word"),
        pytest.param("sh install.sh --help", id="what-is-no-name-of-a-command-in-front"),
        pytest.param("chown -h app", id="not-the-only-word"),
        pytest.param("rm -rf /opt/app", id="a-path-that-matters"),
        pytest.param("rm -rf /var/cache/x /opt/app", id="one-path-that-matters"),
        pytest.param("rm -rf", id="no-path"),
        pytest.param("rm -rf cache", id="relative-path"),
        pytest.param("rm -rf /var/cache/../lib/app", id="path-with-dots"),
        pytest.param("rm -rf /var/*", id="glob-that-covers-more"),
        pytest.param("rm -rf /var/c*", id="glob-in-a-name"),
        pytest.param("rm -rf /var/cachebox", id="longer-name"),
        pytest.param("rm -rf /tmp/app", id="one-file-in-a-place-removed-as-a-whole"),
        pytest.param("rm -rf /tmp/app/*", id="one-folder-in-a-place-removed-as-a-whole"),
        pytest.param("chmod 755 /var/cache/nginx", id="written-where-only-removal-does-not-matter"),
        pytest.param("chmod 755", id="mode-without-path"),
        pytest.param("curl http://x", id="nothing-is-written-by-an-option"),
        pytest.param("curl -o /usr/bin/x http://x", id="written-to-a-path-that-matters"),
        pytest.param("curl -o /var/lib/apt/a http://x -o /usr/bin/x http://y", id="one-written-path-matters"),
        pytest.param("curl -fsSLO http://x", id="option-among-letters"),
    ],
)
def test_command_that_may_have_an_effect(no_ops: NoOps, line: str) -> None:
    assert no_ops.command(*words(line)) is None


@pytest.mark.parametrize(
    ("line", "written"),
    [
        pytest.param(
            "update-ca-certificates", "/usr/local/share/ca-certificates/own.crt", id="below-a-named-path"
        ),
        pytest.param("rm -rf /tmp/*", "/tmp/app.jar", id="below-a-glob"),
        pytest.param("rm -rf /var/cache/nginx", "/var/cache/nginx", id="the-very-path"),
        pytest.param("rm -rf /var/cache/nginx/x", "/var/cache/nginx", id="above-the-path"),
    ],
)
def test_written_path_speaks_against_it(no_ops: NoOps, line: str, written: str) -> None:
    assert no_ops.command(*words(line), (written,)) is None
    assert no_ops.command(*words(line), ("/srv/app",)) is not None


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        pytest.param("/var/lib/apt/lists/x", "apt", id="writable"),
        pytest.param("/var/cache/x", None, id="only-removal-does-not-matter"),
        pytest.param("/srv/app", None, id="a-path-that-matters"),
        pytest.param("var/lib/apt", None, id="relative"),
        pytest.param("/var/lib/apt/../../../etc/passwd", None, id="path-with-dots"),
    ],
)
def test_reason_of_a_path(no_ops: NoOps, path: str, reason: str | None) -> None:
    assert no_ops.path(path) == reason


@pytest.mark.parametrize(
    ("line", "valued", "expected"),
    [
        pytest.param("a -b c", (), Words(options=(("-b", None),), operands=("a", "c")), id="flags-and-operands"),
        pytest.param("-o f x", ("-o",), Words(options=(("-o", "f"),), operands=("x",)), id="value-in-the-next-word"),
        pytest.param("-of x", ("-o",), Words(options=(("-of", None), ("-o", "f")), operands=("x",)), id="value-behind-the-letter"),
        pytest.param("-so f", ("-o",), Words(options=(("-so", None), ("-s", None), ("-o", "f")), operands=()), id="letters-in-one-word"),
        pytest.param("--o=f x", ("--o",), Words(options=(("--o", "f"),), operands=("x",)), id="value-behind-an-equals-sign"),
        pytest.param("--o f x", ("--o",), Words(options=(("--o", "f"),), operands=("x",)), id="long-value-in-the-next-word"),
        pytest.param("-- -a", (), Words(options=(), operands=("-a",)), id="end-of-options"),
        pytest.param("-", (), Words(options=(), operands=("-",)), id="a-dash-alone-is-an-operand"),
        pytest.param("-o", ("-o",), Words(options=(("-o", None),), operands=()), id="missing-value"),
    ],
)  # fmt: skip
def test_words_are_told_apart_as_getopt_does(line: str, valued: tuple[str, ...], expected: Words) -> None:
    assert split_words(tuple(line.split()), valued) == expected


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param("[[no_op]]\nprogram = 'a'\n", r"\[\[no_op\]\] 1: a reason was expected", id="no-reason"),
        pytest.param("[[no_op]]\nreason = 'a'\n", r"\[\[no_op\]\] 1: program or programs", id="no-program"),
        pytest.param("[[no_op]]\nprogramm = 'a'\n", "unknown key 'programm'", id="misspelled-key"),
        pytest.param(
            "[[path]]\npath = 'tmp'\nreason = 'a'\n", r"\[\[path\]\] 1: an absolute path", id="relative-path"
        ),
        pytest.param("[[paths]]\npath = '/tmp'\n", "unknown key 'paths'", id="misspelled-table"),
    ],
)
def test_malformed_rows_are_refused(rows: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        NoOps.from_tables(tomllib.loads(rows), "no-ops.toml")
