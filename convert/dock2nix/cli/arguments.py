"""What the command line looks like."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix import __version__
from dock2nix.cli.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

# Where channels of nixpkgs are, and the archive of each of its revisions.
_CHANNELS = "https://channels.nixos.org"
_ARCHIVES = "https://github.com/NixOS/nixpkgs/archive"

_EXAMPLES = """\
examples:
  dock2nix Dockerfile                      write flake.nix, flake.lock and nix/ beside it
  dock2nix . --target prod -o out          one stage of ./Dockerfile, into another folder
  dock2nix - --context app < Dockerfile    read standard input
  dock2nix parse Dockerfile --json         the instructions as BuildKit reads them
  dock2nix why apt:libpq5                  which attribute, the evidence, the row to change it
  dock2nix scan services --json all.jsonl  every Dockerfile below a folder
  dock2nix check                           has the Dockerfile moved away from its flake?
  dock2nix diff --git main..HEAD           what a pull request changes, as a reviewer reads it
  dock2nix lock                            fill in the hashes that a conversion left open
  dock2nix audit Dockerfile                what others can change in it, and why it matters
  dock2nix verify . --against old.tar      build the image twice, and compare it with the one of before
  dock2nix sbom . > sbom.cdx.json          the bill of materials of the image

exit codes: 0 nothing left to look at, 1 something needs a human, 2 could not run
"""


def argument_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of the command line. Each command's module is imported when the command runs, not before.

    Args:
        command: the only one to be read; "" for all of them. Describing all takes longer than reading one.
    """
    parser = argparse.ArgumentParser(
        prog="dock2nix",
        description="Convert a Dockerfile to a pinned Nix flake with a dockerTools image.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"dock2nix {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, add in _ADDERS.items():
        if command in {"", name}:
            add(commands)
    return parser


def _command(commands: Any, name: str, text: str, function: str = "run") -> argparse.ArgumentParser:  # noqa: ANN401
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text,
        epilog=EXAMPLES.get(name),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=_later(name, function))
    return parser


def _later(name: str, function: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        return int(getattr(import_module(f"dock2nix.cli.{name}"), function)(options))

    return run


def _add_dockerfile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "dockerfile", metavar="DOCKERFILE|DIR|-", help="the Dockerfile, its folder, or - for stdin"
    )


def _add_stage_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", metavar="STAGE", default="", help="the stage to make an image of (default: the last)"
    )
    parser.add_argument(
        "--build-arg",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a build argument; KEY alone takes the environment's",
    )
    parser.add_argument(
        "--platform", metavar="OS/ARCH", default="", help="linux/amd64 or linux/arm64 (default: both)"
    )


def _add_convert(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "convert", "Convert one Dockerfile (`convert` may be left out).")
    _add_dockerfile(parser)
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="where the files go (default: the build context)"
    )
    parser.add_argument(
        "--context", metavar="DIR", type=Path, help="the build context (default: the Dockerfile's folder)"
    )
    _add_stage_options(parser)
    parser.add_argument("--name", default="", help="of the image (default: the context folder's name)")
    parser.add_argument("--tag", default="latest", help="of the image (default: latest)")
    parser.add_argument(
        "--image-builder",
        choices=("buildImage", "buildLayeredImage", "streamLayeredImage"),
        default="",
        help="the function of dockerTools (default: buildImage wherever it can express the plan)",
    )
    _add_keep_base(parser)
    pin = parser.add_mutually_exclusive_group()
    pin.add_argument(
        "--channel", metavar="NAME", default="", help="the nixpkgs release to pin (default: the index's)"
    )
    pin.add_argument(
        "--nixpkgs",
        metavar="REV",
        default="",
        help="the nixpkgs revision to pin, one of `dock2nix index info`",
    )
    parser.add_argument(
        "--python",
        choices=("auto", "nixpkgs", "lock"),
        default="auto",
        help="where Python packages come from: nixpkgs, or wheels by hash; auto locks where nixpkgs has other versions",
    )
    parser.add_argument(
        "--pin",
        choices=("index", "exact"),
        default="index",
        help="versions of apt's packages: nixpkgs', or those asked for, from the distribution's sources (default: index)",
    )
    parser.add_argument(
        "--fallback",
        choices=("none", "deb"),
        default="none",
        help="where packages of apt come from that nixpkgs lacks; deb: the distribution's own files, patched (default: none)",
    )
    parser.add_argument(
        "--debian-mirror",
        metavar="URL",
        action="append",
        default=[],
        help="an archive of Debian or Ubuntu for these, a mirror or a day of a snapshot archive (repeatable; default: apt's own)",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="never use the network (locks and downloads do); what is cached is used",
    )
    parser.add_argument(
        "--allow-private-addresses",
        action="store_true",
        help="download from this machine and from private networks too",
    )
    parser.add_argument(
        "--strict", action="store_true", help="take remarks as warnings and warnings as errors"
    )
    parser.add_argument("--force", action="store_true", help="replace files that dock2nix did not write")
    parser.add_argument("--json", action="store_true", help="print the report as JSON on standard output")
    parser.add_argument(
        "--html", action="store_true", help="write nix/report.html too: Dockerfile and Nix side by side"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    parser.add_argument("-v", "--verbose", action="store_true", help="print remarks too")
    _add_config(parser, "your own rows (default: dock2nix.toml in the context)")


def _add_keep_base(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-base",
        action="store_true",
        help="stand on the published base image, pulled by its digest, instead of on packages of nixpkgs",
    )


def _add_config(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--config", "--mappings", dest="config", metavar="FILE", type=Path, help=text)


def _add_parse(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "parse", "Show the instructions as BuildKit reads them.")
    _add_dockerfile(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--expand", action="store_true", help="with variables expanded where BuildKit expands them"
    )
    _add_stage_options(parser)


def _add_why(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands,
        "why",
        "Show what a name resolves to, the evidence, the other candidates, and the row to change it.",
    )
    parser.add_argument(
        "package",
        metavar="KIND:NAME",
        help="apt:libpq5, apk:curl, dnf:gcc, yum:gcc, zypper:gcc, pip:flask, npm:typescript, "
        "image:python:3.11-slim, command:dig",
    )
    parser.add_argument(
        "--interpreter", metavar="ATTRIBUTE", default="", help="that packages are for: python312, nodejs_22"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    _add_config(parser, "your own rows (default: dock2nix.toml in the current folder)")


def _add_scan(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "scan", "Convert many Dockerfiles and rank them by what is left to do.")
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        help="Dockerfiles, folders to search, or - for a list on stdin",
    )
    parser.add_argument(
        "--list", metavar="FILE", default="", help="a list of paths: one a line, or with NUL between them"
    )
    parser.add_argument("--no-ignore", action="store_true", help="look at what .gitignore leaves out too")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="write each conversion to a folder below DIR"
    )
    parser.add_argument(
        "--python",
        choices=("auto", "nixpkgs", "lock"),
        default="nixpkgs",
        help="where Python packages come from (default: nixpkgs; auto and lock ask package indexes)",
    )
    _add_scan_limits(parser)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write one report a line to FILE")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the ranking and what is missing")
    parser.add_argument("--html", metavar="FILE", type=Path, help="the same as one page")
    parser.add_argument("--all", action="store_true", help="print every row of the table, however many")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress bar, no table")


def _add_scan_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=0, help="processes (default: one a processor)"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=120,
        help="that one file may take (default: 120; 0: no limit)",
    )
    parser.add_argument(
        "--memory",
        metavar="MB",
        type=int,
        default=1024,
        help="that one file may take (default: 1024; 0: no limit)",
    )


def _add_check(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands, "check", "Say what a Dockerfile gained that its flake lacks, and the reverse."
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path(),
        help="of the flake (default: the current one)",
    )
    parser.add_argument(
        "--format", choices=("text", "github", "json", "sarif"), default="text", help="(default: text)"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write to a file (default: standard output)"
    )
    parser.add_argument(
        "--dockerfile",
        metavar="DOCKERFILE|-",
        default="",
        help="where the Dockerfile is now (default: where it was)",
    )
    parser.add_argument(
        "--context", metavar="DIR", type=Path, help="the build context (default: where it was)"
    )
    parser.add_argument(
        "--build-arg",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="on top of those it was made with",
    )
    _add_config(parser, "your own rows (default: those it was made with)")
    parser.set_defaults(offline=True)


def _add_diff(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands, "diff", "Show what two conversions differ in, as a reviewer wants to read it."
    )
    parser.add_argument(
        "folders", metavar="DIR", nargs="*", type=Path, help="OLD and NEW; with --git the flakes to look at"
    )
    parser.add_argument(
        "--git",
        metavar="BASE[..HEAD]",
        default="",
        help="two revisions (BASE...HEAD: since they parted; BASE: and the files as they are)",
    )
    parser.add_argument(
        "--format", choices=("text", "markdown", "json"), default="text", help="(default: text)"
    )
    parser.add_argument("--all", action="store_true", help="list everything, however long (text)")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write to a file (default: standard output)"
    )


def _add_audit(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands,
        "audit",
        "Show what in a Dockerfile others can change: unpinned, unchecked, unencrypted, secret; and what the flake does instead.",
    )
    _add_dockerfile(parser)
    parser.add_argument(
        "--format", choices=("text", "markdown", "json", "sarif"), default="text", help="(default: text)"
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "never"),
        default="error",
        help="the severity that makes the exit code 1 (default: error)",
    )
    _add_document_options(parser)


def _add_lock(commands: Any) -> None:  # noqa: ANN401
    text = "Fill in the hashes that a conversion left open, by downloading or by asking Nix; nothing else is changed."
    parser = _command(commands, "lock", text)
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path(),
        help="the flake (default: the current folder)",
    )
    parser.add_argument(
        "--update",
        metavar="NAME",
        action="append",
        default=[],
        help="renew a hash: an address, file, repository, the stage whose dependencies it is of, or a locked Python distribution",
    )
    parser.add_argument(
        "--offline", action="store_true", help="never use the network; what is cached is used"
    )
    parser.add_argument(
        "--allow-private-addresses",
        action="store_true",
        help="download from this machine and from private networks too",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="only tell what stays open")


def _add_sbom(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "sbom", "Write the bill of materials of the image, from plan and locks.")
    parser.add_argument(
        "dockerfile",
        metavar="DOCKERFILE|DIR|-",
        nargs="?",
        default=".",
        help="the Dockerfile, its folder, or - for stdin (default: the current folder)",
    )
    parser.add_argument(
        "--format", choices=("cyclonedx", "spdx"), default="cyclonedx", help="(default: cyclonedx)"
    )
    _add_document_options(parser)


def _add_document_options(parser: argparse.ArgumentParser) -> None:
    """What the commands that convert in memory share: the options of `convert` that decide about content."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write to a file (default: standard output)"
    )
    parser.add_argument(
        "--context", metavar="DIR", type=Path, help="the build context (default: the Dockerfile's folder)"
    )
    _add_stage_options(parser)
    parser.add_argument(
        "--python", choices=("auto", "nixpkgs", "lock"), default="auto", help="as for `convert`"
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help="never use the network (locks and downloads do); what is cached is used",
    )
    parser.add_argument(
        "--allow-private-addresses",
        action="store_true",
        help="download from this machine and from private networks too",
    )
    _add_config(parser, "your own rows (default: dock2nix.toml in the context)")
    _add_keep_base(parser)
    parser.set_defaults(name="", tag="latest", image_builder="", channel="", nixpkgs="", strict=False)


def _add_verify(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands, "verify", "Prove a conversion: evaluate it, build its image twice, compare it with another."
    )
    parser.add_argument(
        "folder",
        metavar="DIR",
        nargs="?",
        type=Path,
        default=Path(),
        help="of the flake (default: the current one)",
    )
    parser.add_argument(
        "--against",
        metavar="IMAGE",
        default="",
        help="an archive (docker save, OCI layout; plain, gzip, zstd), or docker://REFERENCE",
    )
    parser.add_argument(
        "--image", metavar="ARCHIVE", default="", help="take this as the flake's image, and build nothing"
    )
    parser.add_argument(
        "--path",
        metavar="PATH",
        action="append",
        default=[],
        help="an absolute path in the images to compare besides",
    )
    parser.add_argument(
        "--intended",
        metavar="DIFFERENCE",
        action="append",
        default=[],
        help="a difference that is meant, as `ASPECT SUBJECT`; * and ? stand for any text",
    )
    parser.add_argument(
        "--attestation",
        metavar="FILE",
        type=Path,
        help="write what was built from what, as an in-toto statement with SLSA provenance",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    _add_verify_build(parser)


def _add_verify_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--attribute", default="", help="the output to build (default: packages.SYSTEM.default)"
    )
    parser.add_argument(
        "--override-input", metavar=("INPUT", "FLAKE"), nargs=2, action="append", default=[], help="as of nix"
    )
    parser.add_argument("--offline", action="store_true", help="nix asks no cache and no server for inputs")
    parser.set_defaults(dockerfile="", context=None, config=None, build_arg=[])


def _add_mappings(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "mappings", "Check or sort your own rows.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, text in (
        ("check", "that rows have the documented form, name what nixpkgs has, and are sorted"),
        ("sort", "the rows of each table by name; comments directly above a row go with it"),
    ):
        action = actions.add_parser(name, help=text, allow_abbrev=False)
        action.add_argument(
            "files", metavar="FILE", nargs="*", type=Path, help="the tables (default: dock2nix.toml)"
        )
        action.set_defaults(run=_later("mappings", name))
    text = "print the JSON Schema of dock2nix.toml, for editors"
    schema = actions.add_parser("schema", help=text, description=text, allow_abbrev=False)
    schema.set_defaults(run=_later("mappings", "schema"))


def _add_index(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "index", "Build or describe the bundled package index.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    info = actions.add_parser("info", help="what the index is made of", allow_abbrev=False)
    info.add_argument("--json", action="store_true", help="as JSON")
    info.set_defaults(run=_later("index", "info"))
    build = actions.add_parser("build", help="make it anew from pinned registry packages", allow_abbrev=False)
    build.add_argument(
        "--destination", metavar="DIR", type=Path, help="where it goes (default: mappings/index)"
    )
    build.add_argument(
        "--renew",
        action="store_true",
        help="of Debian's files of today, not of those that the present index was made of",
    )
    _add_sources(build)
    build.set_defaults(run=_later("index", "build"))
    _add_index_update(actions)


def _add_sources(parser: Any) -> None:  # noqa: ANN401
    parser.add_argument(
        "--cache", metavar="DIR", type=Path, default=Path(".index-cache"), help="where downloads are kept"
    )
    parser.add_argument(
        "--debian-mirror", metavar="URL", help="a Debian mirror (default: the machine's apt sources)"
    )


def _add_index_update(actions: Any) -> None:  # noqa: ANN401
    text = "make one of what a channel of nixpkgs has now, for $DOCK2NIX_INDEX"
    parser = actions.add_parser("update", help=text, description=text, allow_abbrev=False)
    parser.add_argument(
        "--channel",
        metavar="NAME",
        default="nixpkgs-unstable",
        help="nixos-25.11 … (default: nixpkgs-unstable)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=Path,
        help="where it goes (default: dock2nix/NAME in the user's data)",
    )
    parser.add_argument(
        "--nix-index",
        metavar="URL",
        default="",
        help="a newer nix-index file (default: the pinned one, brought up to the channel)",
    )
    parser.add_argument(
        "--nix-index-sha256",
        metavar="HEX",
        default="",
        help="refuse the nix-index file if it has another SHA-256",
    )
    parser.add_argument(
        "--channels", metavar="URL", default=_CHANNELS, help=f"where channels are (default: {_CHANNELS})"
    )
    parser.add_argument(
        "--archives",
        metavar="URL",
        default=_ARCHIVES,
        help=f"where sources of revisions are (default: {_ARCHIVES})",
    )
    _add_sources(parser)
    parser.set_defaults(run=_later("index", "update"))


def _add_completion(commands: Any) -> None:  # noqa: ANN401
    parser = _command(
        commands, "completion", "Print what makes a shell complete the commands and options of dock2nix."
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh"), help="the shell")


_ADDERS: dict[str, Callable[[Any], None]] = {
    "convert": _add_convert,
    "parse": _add_parse,
    "why": _add_why,
    "scan": _add_scan,
    "lock": _add_lock,
    "check": _add_check,
    "diff": _add_diff,
    "audit": _add_audit,
    "sbom": _add_sbom,
    "verify": _add_verify,
    "mappings": _add_mappings,
    "index": _add_index,
    "completion": _add_completion,
}
COMMANDS = tuple(_ADDERS)
