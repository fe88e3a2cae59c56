"""What dock2nix has to say about a Dockerfile. The only place where a finding code is defined."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.source import Location

T = TypeVar("T")


class Severity(StrEnum):
    """`error` and `warning` need a human (exit code 1); `info` does not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


# A code's slug, severity and meaning.
FINDING_CODES: dict[str, tuple[str, Severity, str]] = {
    # 1xx: reading the Dockerfile
    "D2N101": ("syntax-error", Severity.ERROR, "BuildKit would refuse this Dockerfile"),
    "D2N102": ("unset-build-argument", Severity.WARNING, "a build argument without value is used"),
    "D2N103": ("undecodable-bytes", Severity.WARNING, "bytes that are not UTF-8 were replaced"),
    "D2N104": ("blank-continuation", Severity.INFO, "a blank line inside a continued instruction"),
    "D2N105": ("missing-copy-source", Severity.WARNING, "a COPY or ADD source is not in the build context"),
    "D2N106": (
        "copy-source-outside-context",
        Severity.ERROR,
        "a COPY or ADD source lies outside the build context",
    ),
    "D2N107": ("unsupported-shell", Severity.ERROR, "PowerShell, cmd or another shell that is not POSIX"),
    "D2N108": ("unparsed-shell", Severity.ERROR, "shell text that could not be understood"),
    "D2N109": (
        "onbuild-trigger",
        Severity.WARNING,
        "an ONBUILD instruction acts in other images, not in this one",
    ),
    "D2N111": ("platform-dependent", Severity.INFO, "what is built depends on the processor"),
    "D2N112": (
        "runner-left-out",
        Severity.INFO,
        "a tool that only looks for the environment does not run in the image",
    ),
    "D2N120": ("malformed-annotation", Severity.WARNING, "a `# dock2nix:` comment that cannot be understood"),
    "D2N121": ("idle-annotation", Severity.INFO, "a `# dock2nix:` comment that nothing here answers to"),
    # 2xx: packages and base images
    "D2N201": ("unmapped-package", Severity.ERROR, "no nixpkgs attribute is known for a package"),
    "D2N202": ("version-differs", Severity.WARNING, "nixpkgs has another version than the one asked for"),
    "D2N203": ("unmapped-base-image", Severity.ERROR, "nothing is known of what a base image holds"),
    "D2N204": (
        "unknown-name",
        Severity.ERROR,
        "a package name that cannot be known without running the shell",
    ),
    "D2N205": (
        "unfree-package",
        Severity.WARNING,
        "the package has an unfree licence and must be allowed by name",
    ),
    "D2N206": (
        "conditional-install",
        Severity.WARNING,
        "installed only under a condition that is not known here",
    ),
    "D2N207": ("missing-requirements-file", Severity.ERROR, "a requirements or manifest file cannot be read"),
    "D2N208": ("unsupported-requirement", Severity.ERROR, "a requirement that is not a name with a version"),
    "D2N209": (
        "base-version-differs",
        Severity.WARNING,
        "nixpkgs has another version of the base image's runtime",
    ),
    "D2N210": (
        "old-nixpkgs",
        Severity.WARNING,
        "a runtime that is gone from current nixpkgs: an old release is pinned",
    ),
    "D2N211": (
        "incomplete-lock",
        Severity.ERROR,
        "a project's lock file does not pin all that is installed",
    ),
    "D2N212": ("uncopied-lock", Severity.WARNING, "a lock file is used that the image does not get"),
    "D2N231": ("python-not-locked", Severity.WARNING, "Python packages that need a lock come from nixpkgs"),
    "D2N232": ("unknown-library", Severity.WARNING, "a prebuilt file links to a library that no package has"),
    "D2N233": ("system-left-out", Severity.INFO, "a locked distribution has no file for one of the systems"),
    "D2N234": (
        "built-from-source",
        Severity.WARNING,
        "a distribution without wheels is built from its sources",
    ),
    "D2N220": ("missing-program", Severity.WARNING, "a program that the image runs is in no package of it"),
    "D2N221": (
        "added-program",
        Severity.INFO,
        "a package was added for a program that the image runs and nothing installs",
    ),
    "D2N222": ("program-collision", Severity.INFO, "packages of the image have programs of the same name"),
    "D2N225": (
        "missing-file",
        Severity.WARNING,
        "a file that the image is told to use is made by nothing here",
    ),
    "D2N213": ("made-lock", Severity.WARNING, "npm chose versions, which nothing pinned, for a lock of ours"),
    "D2N214": ("completed-lock", Severity.INFO, "a lock file was upgraded or completed for the flake"),
    "D2N215": ("incomplete-package", Severity.WARNING, "a package alone does not do all that was asked for"),
    "D2N224": ("idle-name", Severity.INFO, "a package name that cannot be known, and need not be"),
    "D2N251": ("kept-base", Severity.INFO, "the image stands on its published base image, as it is"),
    "D2N252": ("unknown-digest", Severity.ERROR, "nothing says which image a tag of the base image means"),
    "D2N253": (
        "unread-configuration",
        Severity.WARNING,
        "what the base image itself says of how it is started has not been read",
    ),
    "D2N254": (
        "library-beside-base",
        Severity.WARNING,
        "programs of the published base image do not find a library of nixpkgs",
    ),
    "D2N256": (
        "interpreter-beside-base",
        Severity.WARNING,
        "an interpreter of nixpkgs takes the place of the published base image's own",
    ),
    "D2N255": ("own-base", Severity.WARNING, "another Dockerfile of the project builds a base image"),
    "D2N216": ("build-tool-left-out", Severity.INFO, "a compiler or build tool is not in the image"),
    "D2N217": (
        "unverified-packages",
        Severity.WARNING,
        "packages of an old release, whose contents nobody here has seen",
    ),
    "D2N241": (
        "unknown-hash",
        Severity.ERROR,
        "what an address gives has not been seen, so its hash is not known",
    ),
    "D2N242": (
        "wrong-checksum",
        Severity.ERROR,
        "an address gives another file than the Dockerfile's checksum says",
    ),
    "D2N243": (
        "unverified-signature",
        Severity.INFO,
        "dock2nix checks hashes, not the signatures of downloads",
    ),
    "D2N244": (
        "unmade-check",
        Severity.INFO,
        "a download was not compared with the list of hashes beside it",
    ),
    "D2N245": (
        "foreign-program",
        Severity.INFO,
        "machine code of a download is patched to run on Nix' libraries",
    ),
    "D2N246": ("changed-download", Severity.WARNING, "an address gives another file than when it was pinned"),
    "D2N247": ("moving-download", Severity.INFO, "what an address gives changes over time"),
    "D2N261": (
        "distribution-file",
        Severity.INFO,
        "a package that nixpkgs lacks is the distribution's own file",
    ),
    "D2N262": (
        "no-distribution-file",
        Severity.WARNING,
        "a package does not come from the distribution's files, though it was asked to",
    ),
    "D2N263": (
        "idle-maintainer-script",
        Severity.WARNING,
        "what a package's own scripts do when it is installed is not done",
    ),
    "D2N264": ("unverified-archive", Severity.WARNING, "the signature of a package archive was not checked"),
    "D2N265": (
        "exact-version",
        Severity.WARNING,
        "a package is built from the sources of the version asked for, by a recipe for another one",
    ),
    # 3xx: translating commands
    "D2N301": ("untranslated-command", Severity.ERROR, "a command has no translation yet"),
    "D2N302": ("untranslated-stage", Severity.ERROR, "the build of another stage is not translated yet"),
    "D2N303": ("untranslated-copy", Severity.ERROR, "a COPY or ADD cannot be translated yet"),
    "D2N304": ("file-ownership", Severity.WARNING, "owner or mode of a file differs from the original"),
    "D2N305": ("ignored-mount", Severity.INFO, "a RUN --mount that has no meaning for the result"),
    "D2N306": ("unsupported-mount", Severity.ERROR, "a RUN --mount that cannot be honoured"),
    "D2N307": ("unsupported-option", Severity.WARNING, "an option of a command that has no translation"),
    "D2N308": (
        "install-script",
        Severity.WARNING,
        "install scripts of packages run without network, the project's own do not run",
    ),
    "D2N310": ("missing-hash", Severity.ERROR, "a hash that only a download can tell is not filled in yet"),
    "D2N311": (
        "assumed-destdir",
        Severity.WARNING,
        "a Makefile that was not seen is taken to install below DESTDIR",
    ),
    # 5xx: supply chain
    "D2N501": ("pipe-to-shell", Severity.ERROR, "a download is piped into an interpreter"),
    "D2N503": ("extra-package-index", Severity.WARNING, "packages may come from more than one index"),
    "D2N504": ("unauthenticated-packages", Severity.WARNING, "signature checks are switched off"),
    "D2N505": ("secret-in-image", Severity.WARNING, "a secret would become part of the image"),
    "D2N506": ("extra-package-repository", Severity.WARNING, "packages come from a further repository"),
    "D2N507": ("weak-checksum", Severity.WARNING, "a download is checked by SHA-1 only"),
    "D2N510": ("unpinned-base-image", Severity.WARNING, "a base image is named by a tag, which can move"),
    "D2N511": ("unpinned-package", Severity.WARNING, "packages are installed in whatever version there is"),
    "D2N512": ("unverified-download", Severity.WARNING, "a download is compared with no checksum"),
    "D2N513": ("unencrypted-download", Severity.ERROR, "anybody on the way can replace a download"),
    "D2N514": ("unchecked-server", Severity.ERROR, "the certificate of a server is not checked"),
    "D2N515": ("unpinned-source", Severity.WARNING, "sources are fetched at whatever commit there is"),
    "D2N516": ("unchecked-key", Severity.WARNING, "a signing key is trusted as it comes"),
    "D2N517": ("near-miss-name", Severity.WARNING, "a package name is one slip from a well-known one"),
    "D2N518": ("set-user-id", Severity.WARNING, "a program runs with the rights of its owner"),
    "D2N519": ("root-at-run-time", Severity.WARNING, "the image runs as root"),
    # 6xx: the generated files, read again without Nix
    "D2N601": ("malformed-nix", Severity.ERROR, "a generated file is no Nix expression"),
    "D2N602": ("undefined-name", Severity.ERROR, "a generated file uses a name that nothing defines"),
    "D2N603": ("impure-expression", Severity.ERROR, "a generated file reaches out of the flake"),
    "D2N604": ("missing-import", Severity.ERROR, "a generated file imports one that is not there"),
    "D2N605": ("unknown-attribute", Severity.ERROR, "the pinned nixpkgs has no such package or output"),
    "D2N606": ("unknown-argument", Severity.ERROR, "a function of dockerTools has no such argument"),
    "D2N607": (
        "unknown-config-key",
        Severity.ERROR,
        "the image's configuration has no such key, or not in this form",
    ),
    "D2N608": ("lock-drift", Severity.ERROR, "flake.lock is not in step with flake.nix"),
    "D2N609": ("unhashed-download", Severity.ERROR, "something is fetched without a hash"),
    "D2N610": ("malformed-hash", Severity.ERROR, "a hash cannot be right"),
    # 7xx: Dockerfile and flake moved apart
    "D2N701": ("missing-in-flake", Severity.ERROR, "the Dockerfile has something that the flake lacks"),
    "D2N702": ("gone-from-dockerfile", Severity.ERROR, "the flake has something that the Dockerfile lost"),
    "D2N703": ("changed-in-dockerfile", Severity.ERROR, "the flake has something as it was before"),
    "D2N704": ("missing-file", Severity.ERROR, "a file of the flake is not there"),
    "D2N705": ("outdated-file", Severity.ERROR, "a file of the flake would be written otherwise now"),
    "D2N706": ("open-conflict", Severity.ERROR, "a file of the flake has a conflict nobody has settled"),
}

# Those that only `dock2nix check` speaks of.
DRIFT_CODES = frozenset(f"D2N{number}" for number in range(701, 707))

# Those that only the audit speaks of.
AUDIT_CODES = frozenset(f"D2N{number}" for number in range(510, 520))


class Finding(Struct, frozen=True, kw_only=True):
    """One remark, at one place. `hint` says what to do about it, if that is known.

    With a `subject` (`django==1.11`) the message holds for all that have the same one: they are told in one, at the first place.
    """

    code: str
    message: str
    location: Location
    hint: str = ""
    severity_override: Severity | None = None
    subject: str = ""

    def __post_init__(self) -> None:
        if self.code not in FINDING_CODES:
            raise ValueError(f"no such finding code: {self.code}")

    @property
    def slug(self) -> str:
        return FINDING_CODES[self.code][0]

    @property
    def severity(self) -> Severity:
        return self.severity_override or FINDING_CODES[self.code][1]


class Outcome(NamedTuple, Generic[T]):
    """What a pass returns: its value, and what it has to say."""

    value: T
    findings: tuple[Finding, ...] = ()
