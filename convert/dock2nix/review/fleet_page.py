"""Many reports summed up as one page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.emit.page import fill_page
from dock2nix.report.page import visible
from dock2nix.review.fleet import headline, kind_title

if TYPE_CHECKING:
    from dock2nix.review.fleet import Fleet, Gap

_MARKS = {"converted": "done", "needs-review": "needs", "failed": "needs", "unsupported": "needs"}


def fleet_page(fleet: Fleet) -> str:
    """HTML in which no name of a file and no text of a Dockerfile is markup."""
    return fill_page(
        "scan.html.jinja",
        {
            "totals": fleet.totals,
            "headline": headline(fleet).capitalize(),
            "gaps": _groups(fleet.gaps),
            "files": [
                {
                    "places": file.places,
                    "result": file.result,
                    "mark": _MARKS[file.result],
                    "path": visible(file.path),
                    "packages": f"{file.packages[0]} of {file.packages[1]}",
                    "commands": f"{file.commands[0]} of {file.commands[1]}",
                    "missing": visible(", ".join(name for _, name in file.missing)),
                    "why": visible(file.why),
                }
                for file in fleet.files
            ],
        },
    )


def _groups(gaps: tuple[Gap, ...]) -> list[dict[str, Any]]:
    """What several files lack, and, folded where that is not all, what one file lacks."""
    several = [gap for gap in gaps if gap.files > 1]
    single = [gap for gap in gaps if gap.files == 1]
    groups = [
        (f"{len(several)} that several files lack", several, True),
        (f"{len(single)} that one file lacks", single, not several),
    ]
    return [
        {"title": title, "open": is_open, "gaps": [_gap(gap) for gap in some]}
        for title, some, is_open in groups
        if some
    ]


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "kind": kind_title(gap.kind),
        "name": visible(gap.name),
        "files": gap.files,
        "alone": gap.alone,
    }
