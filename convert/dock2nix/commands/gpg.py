"""`gpg`: keys and signatures, which a file that is fetched by its hash does not need when it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, writes_nowhere

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"gpg", "gpg1", "gpg2", "gpgv", "dirmngr", "gpg-agent"})
_CHECKS = frozenset({"--verify", "--verify-files"})
_KEYS = frozenset(
    {
        *(
            "--recv-keys",
            "--recv-key",
            "--receive-keys",
            "--recv",
            "--import",
            "--refresh-keys",
            "--fingerprint",
        ),
        *(
            "--list-keys",
            "--list-key",
            "-k",
            "--delete-key",
            "--delete-keys",
            "--import-ownertrust",
            "--search-keys",
        ),
        *(
            "--update-trustdb",
            "--check-trustdb",
            "--locate-keys",
            "--fetch-keys",
            "--show-keys",
            "--with-fingerprint",
        ),
    }
)
_READS = frozenset({"--decrypt", "-d"})
_MAKES = frozenset(
    {
        *(
            "--gen-key",
            "--generate-key",
            "--full-generate-key",
            "--quick-gen-key",
            "--sign",
            "-s",
            "--clearsign",
        ),
        *(
            "--detach-sign",
            "-b",
            "--encrypt",
            "-e",
            "--symmetric",
            "-c",
            "--export",
            "--export-secret-keys",
            "--dearmor",
        ),
        *("--enarmor", "--edit-key", "--sign-key"),
    }
)
SIGNATURES = "signatures are not needed: the flake has the hash of what was downloaded when it was converted"
_OF_KEYS = "keys are for checking signatures; the flake pins by hash"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """Nothing happens to the image; None for what makes keys, signatures or files."""
    del location, text
    program = (invocation.program or "").rpartition("/")[2]
    words = {(word.value or "").partition("=")[0] for word in invocation.arguments}
    if not writes_nowhere(redirects) or words & _MAKES:
        return None
    if words & (_CHECKS | _READS) or program == "gpgv":
        return Translation(effects=(), reason=SIGNATURES)
    if words & _KEYS or program in {"dirmngr", "gpg-agent"}:
        return Translation(effects=(), reason=_OF_KEYS)
    return None
