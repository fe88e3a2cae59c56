"""The manual page, of what the parser knows; argparse-manpage joins the lines of examples, which are put back here.

usage: man-page.py FILE
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dock2nix.cli.arguments import argument_parser
from dock2nix.cli.examples import EXAMPLES


def main(path: Path) -> None:
    """Write the page."""
    program = str(Path(sys.executable).with_name("argparse-manpage"))
    words = ["--module", "dock2nix.cli.arguments", "--function", "argument_parser", "--prog", "dock2nix"]
    words += ["--project-name", "dock2nix", "--description", "Dockerfile to Nix", "--output", str(path)]
    words += ["--manual-title", "dock2nix"]
    subprocess.run([program, *words], check=True)
    options, _, _ = path.read_text(encoding="utf-8").partition(".SH COMMENTS\n")
    parts = [("", argument_parser().epilog or ""), *EXAMPLES.items()]
    examples = "".join(_part(name, text) for name, text in parts)
    path.write_text(f"{options}.SH EXAMPLES\n{examples}", encoding="utf-8")


def _part(name: str, text: str) -> str:
    title = f".SS dock2nix {name}\n" if name else ""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("\n.", "\n\\&.").replace("\n'", "\n\\&'")
    return f"{title}.nf\n{plain.strip()}\n.fi\n"


main(Path(sys.argv[1]))
