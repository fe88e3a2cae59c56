"""What an image runs when it is started: CMD, ENTRYPOINT, HEALTHCHECK and the scripts they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.extract import extract
from dock2nix.model.image import BaseImage, ImageConfig
from dock2nix.parse.context import BuildContext
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.references import image_reference
from dock2nix.parse.stages import link_stages, needed_stages
from dock2nix.plan import image_chain
from dock2nix.plan.calls import LONGEST_SCRIPT, MOST_SCRIPTS, run_time_calls
from fakes import FakeCatalogue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.plan.calls import Call


def base_image(entrypoint: tuple[str, ...] | None = None) -> BaseImage:
    reference = image_reference("base")
    assert reference is not None
    return BaseImage(
        reference=reference,
        packages=(),
        distribution="debian",
        config=ImageConfig(entrypoint=entrypoint, cmd=("bash",)),
    )


def calls_of(
    folder: Path,
    text: str,
    files: Mapping[str, str] | None = None,
    *,
    entrypoint: tuple[str, ...] | None = None,
) -> tuple[Call, ...]:
    for name, content in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    parsed = parse_dockerfile(f"FROM base\n{text}\n".encode(), "Dockerfile").value
    stages = link_stages(parsed, build_arguments={}).value
    needed = needed_stages(stages, "")
    context = BuildContext.read(folder)
    base = base_image(entrypoint)
    done = extract(stages, needed, context, FakeCatalogue(images={"base": base})).value
    return run_time_calls(stages, image_chain(stages, needed[-1]), done, context, base)


def names(calls: tuple[Call, ...]) -> list[str]:
    return [call.name for call in calls]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("RUN make\nENV A=b", [], id="nothing of its own"),
        pytest.param('CMD ["nginx", "-g", "x"]', ["nginx"], id="exec form"),
        pytest.param("CMD nginx -g x", ["nginx"], id="shell form"),
        pytest.param("CMD a && b; c | d", ["a", "b", "c", "d"], id="several in a shell"),
        pytest.param("CMD a || b", ["a"], id="a fallback is not certain"),
        pytest.param("CMD if x; then y; fi", ["x"], id="what is behind a condition is not certain"),
        pytest.param('CMD ["a"]\nCMD ["b"]', ["b"], id="the last CMD counts"),
        pytest.param('ENTRYPOINT ["a"]\nCMD ["b"]', ["a"], id="CMD is arguments of the entry point"),
        pytest.param('CMD ["b"]\nENTRYPOINT a x', ["a"], id="shell form of the entry point takes no CMD"),
        pytest.param('ENTRYPOINT ["tini", "--"]\nCMD ["b"]', ["tini", "b"], id="a wrapper and what it runs"),
        pytest.param('ENTRYPOINT ["gosu", "app"]\nCMD b c', ["gosu", "b"], id="a wrapper and a shell form"),
        pytest.param('ENTRYPOINT ["sh", "-c", "a $X && b"]', ["a", "b"], id="a shell with a text"),
        pytest.param("CMD exec sudo -u me a", ["sudo", "a"], id="wrappers of a command"),
        pytest.param("CMD cd /x && echo y && test -f z && export A=b", [], id="builtins are no programs"),
        pytest.param("CMD f() { a; }; f", ["a"], id="functions are no programs"),
        pytest.param("CMD $RUNNER x", [], id="an unknown program"),
        pytest.param("ENV RUNNER=a\nCMD $RUNNER x", ["a"], id="a program out of ENV"),
        pytest.param('CMD ["/usr/bin/a"]', ["a"], id="by its path where programs are"),
        pytest.param('CMD ["/app/a"]', [], id="a program of the project's own"),
        pytest.param('WORKDIR /app\nCMD ["./a"]', [], id="a relative path"),
        pytest.param("HEALTHCHECK CMD curl -f x || exit 1", ["curl"], id="health check"),
        pytest.param(
            'HEALTHCHECK --interval=5s CMD ["pg_isready"]', ["pg_isready"], id="health check, exec form"
        ),
        pytest.param("HEALTHCHECK CMD a\nHEALTHCHECK NONE", [], id="health check switched off"),
        pytest.param('SHELL ["pwsh", "-c"]\nCMD a', [], id="a shell that is not read"),
        pytest.param('ENTRYPOINT []\nCMD ["a"]', ["a"], id="an entry point taken away"),
    ],
)
def test_only_what_runs_for_certain_is_called(text: str, expected: list[str], tmp_path: Path) -> None:
    assert names(calls_of(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('CMD ["a"]', ["tini", "a"], id="inherited wrapper"),
        pytest.param("CMD a", ["tini", "a"], id="inherited wrapper with a shell form"),
        pytest.param('ENTRYPOINT ["b"]', ["b"], id="replaced"),
    ],
)
def test_an_inherited_entry_point_is_started(text: str, expected: list[str], tmp_path: Path) -> None:
    assert names(calls_of(tmp_path, text, entrypoint=("tini", "--"))) == expected


# --- scripts -----------------------------------------------------------------------------------------------------------------

ENTRY = 'COPY entry.sh /usr/local/bin/\nENTRYPOINT ["entry.sh"]\nCMD ["server", "--port"]'


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("#!/bin/sh\na\nb\n", ["a", "b"], id="sh is always there"),
        pytest.param("#!/bin/bash\na\n", ["bash", "a"], id="its interpreter"),
        pytest.param("#!/usr/bin/env bash\na\n", ["bash", "a"], id="by env"),
        pytest.param("#!/usr/bin/env -S bash -e\na\n", ["bash", "a"], id="by env with options"),
        pytest.param('#!/bin/sh\nexec "$@"\n', ["server"], id="it runs CMD"),
        pytest.param(
            '#!/bin/sh\nexec gosu app "$@"\n', ["gosu", "server"], id="it runs CMD behind a wrapper"
        ),
        pytest.param(
            '#!/bin/sh\nif [ "$1" = server ]; then a; else b; fi\n', ["a"], id="CMD decides conditions"
        ),
        pytest.param('#!/bin/sh\nset -- "x" "$@"\nexec "$@"\n', ["x"], id="arguments set again"),
        pytest.param("#!/bin/sh\nlog() { date; }\nlog\n", ["date"], id="functions"),
        pytest.param("#!/bin/sh\n[ -f x ] && a\n", [], id="conditions"),
        pytest.param("#!/bin/sh\nA=$(hostname -i)\n", ["hostname"], id="substitutions"),
        pytest.param(
            "#!/bin/sh\na\n. /unknown.sh\nb\n", ["a"], id="nothing is known behind a file that is not"
        ),
        pytest.param('#!/bin/sh\na\neval "$(b)"\nc\n', ["a"], id="nor behind an unknown eval"),
        pytest.param("#!/usr/bin/python3\nimport os\n", ["python3"], id="another language"),
        pytest.param("#!/opt/venv/bin/python\n", [], id="an interpreter of the project's own"),
        pytest.param("a\nb\n", [], id="without a first line it is none"),
        pytest.param("", [], id="empty"),
    ],
)
def test_a_copied_script_is_followed(script: str, expected: list[str], tmp_path: Path) -> None:
    assert names(calls_of(tmp_path, ENTRY, {"entry.sh": script})) == expected


def test_calls_say_where_they_are(tmp_path: Path) -> None:
    calls = calls_of(tmp_path, ENTRY, {"entry.sh": '#!/bin/bash\n\na \\\n  b\nexec "$@"\n'})
    assert [(call.name, call.where) for call in calls] == [
        ("bash", "entry.sh:1"),
        ("a", "entry.sh:3"),
        ("server", "entry.sh:5"),
    ]
    assert {call.location.first_line for call in calls} == {3}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('COPY run /app/run\nCMD ["/app/run"]', id="by its path"),
        pytest.param('COPY . /app\nWORKDIR /app\nCMD ["./run"]', id="relative to the working directory"),
        pytest.param('COPY . /app\nCMD ["sh", "/app/run"]', id="by a shell"),
        pytest.param("COPY . /app\nWORKDIR /app\nCMD sh -e run", id="by a shell with options"),
        pytest.param('COPY run /opt/x/\nENV PATH=/opt/x:$PATH\nCMD ["run"]', id="by PATH"),
        pytest.param("COPY run /run.sh\nCMD . /run.sh", id="read by the shell itself"),
    ],
)
def test_a_script_is_found_where_it_was_copied(text: str, tmp_path: Path) -> None:
    assert names(calls_of(tmp_path, text, {"run": "#!/bin/sh\nfrom-script\n"})) == ["from-script"]


def test_functions_of_a_file_that_is_read_are_no_programs(tmp_path: Path) -> None:
    files = {
        "entry.sh": "#!/bin/bash\nsource /lib/log.sh\nlog hi\nwarn hi\na\n",
        "log.sh": "log() { date; }\nfunction warn { echo; }\n",
    }
    text = f"COPY log.sh /lib/log.sh\n{ENTRY}"
    assert names(calls_of(tmp_path, text, files)) == ["bash", "a"]


def test_scripts_that_start_each_other_come_to_an_end(tmp_path: Path) -> None:
    files = {"entry.sh": "#!/bin/sh\na\nother.sh\n", "other.sh": "#!/bin/sh\nb\nentry.sh\n"}
    assert names(calls_of(tmp_path, f"COPY other.sh /bin/\n{ENTRY}", files)) == ["a", "b"]


def test_scripts_are_read_up_to_a_limit(tmp_path: Path) -> None:
    count = MOST_SCRIPTS + 5
    files = {f"s{at:02}": f"#!/bin/sh\nprogram{at:02}\ns{at + 1:02}\n" for at in range(count)}
    text = 'COPY s* /bin/\nCMD ["s00"]'
    found = names(calls_of(tmp_path, text, files))
    assert found[:MOST_SCRIPTS] == [f"program{at:02}" for at in range(MOST_SCRIPTS)]
    assert f"program{MOST_SCRIPTS:02}" not in found
    filler = "# " + "x" * 98 + "\n"
    long = "#!/bin/sh\na\n" + filler * (LONGEST_SCRIPT // 101 + 1) + "\nb\n"
    assert names(calls_of(tmp_path, ENTRY, {"entry.sh": long})) == ["a"]
