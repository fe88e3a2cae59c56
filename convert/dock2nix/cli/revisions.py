"""Conversions as git has them, and as they lie in the folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import NixError, UsageError
from dock2nix.nix import run_program
from dock2nix.output import read_earlier
from dock2nix.regex import regex
from dock2nix.review.manifest import LARGEST, MANIFEST, NOTHING, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.review.manifest import Manifest

_RANGE = regex(r"(?P<base>.*?)(?P<dots>\.\.\.?)(?P<head>.*)")
_REVISION = regex(r"[A-Za-z0-9@][A-Za-z0-9._/@{}^~+-]*")


def compared_flakes(text: str, folders: list[Path]) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Each flake with what two revisions hold of it.

    Args:
        text: `BASE..HEAD`, `BASE...HEAD` (BASE is where the two parted), or `BASE` (and the files as they are).
        folders: of the flakes; none stands for all below the current folder.

    Raises:
        UsageError: there is no git, no repository, or no such revision.
    """
    base, head = _revisions(text)
    for folder in folders or _flakes(base, head):
        path = (folder / MANIFEST).as_posix()
        new = _committed(head, path) if head else read_earlier(folder)
        yield folder.as_posix() if folder != Path() else "flake", _committed(base, path), new


def _revisions(text: str) -> tuple[str, str]:
    """The two commits; "" for the files as they are."""
    found = _RANGE.fullmatch(text)
    base, head = (found["base"] or "HEAD", found["head"] or "HEAD") if found else (text, "")
    first, second = _commit(base), _commit(head) if head else ""
    if found and found["dots"] == "...":
        first = _git("merge-base", first, second).strip()
    return first, second


def _commit(revision: str) -> str:
    if not _REVISION.fullmatch(revision):
        raise UsageError(f"--git {revision}: is no revision")
    return _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", failure=revision).strip()


def _flakes(base: str, head: str) -> list[Path]:
    """The flakes below the current folder of which either revision has a report."""
    commits = [base, *([head] if head else [])]
    listed = [_git("ls-tree", "-r", "-z", "--name-only", commit, "--", ".") for commit in commits]
    if not head:
        listed.append(_git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."))
    paths = {Path(path) for text in listed for path in text.split("\0") if path}
    return sorted({path.parent.parent for path in paths if path.as_posix().endswith(MANIFEST)})


def _committed(commit: str, path: str) -> Manifest:
    """The report in a commit; nothing when it has none."""
    name = f"{commit}:./{path}"
    try:
        if int(_git("cat-file", "-s", name)) > LARGEST:
            return NOTHING
        return read_manifest(_git("cat-file", "blob", name))
    except UsageError:
        return NOTHING


def _git(*arguments: str, failure: str = "") -> str:
    try:
        # Settings of a repository could name programs to run; what is asked here needs none.
        return run_program(["git", "-c", "core.fsmonitor=false", *arguments])
    except NixError as error:
        message = f"--git {failure}: there is no such revision here" if failure else str(error)
        raise UsageError(message) from error
