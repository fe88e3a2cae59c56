"""unpack_gem.py NAME VERSION GEMHOME RUBY: $gem at the places where RubyGems would have put its files; nothing of it is run."""

from __future__ import annotations

import gzip
import io
import os
import re
import sys
import tarfile
from pathlib import Path

STUB = """\
#!{ruby}
require 'rubygems'
load Gem.activate_bin_path('{name}', '{program}', '{version}')
"""
SPECIFICATION = """\
# -*- encoding: utf-8 -*-
# stub: {name} {version} ruby lib

Gem::Specification.new do |s|
  s.name = "{name}"
  s.version = "{version}"
  s.executables = {programs}
  s.require_paths = ["lib"]
end
"""


def main() -> None:
    """A gem is a tar file of its description (YAML) and of another one with its files."""
    name, version, home, ruby = sys.argv[1:]
    with tarfile.open(os.environ["gem"]) as gem:
        parts = {entry.name: part.read() for entry in gem if (part := gem.extractfile(entry))}
    description = gzip.decompress(parts["metadata.gz"]).decode()
    data = gzip.decompress(parts["data.tar.gz"])
    place = Path(home) / "gems" / f"{name}-{version}"
    place.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as files:
        files.extractall(place)
    listed = re.search(r"^executables:\n((?:- .*\n)*)", description, re.MULTILINE)
    programs = [line.removeprefix("- ") for line in listed[1].splitlines()] if listed else []
    for folder in ("bin", "specifications"):
        (Path(home) / folder).mkdir()
    for program in programs:
        stub = Path(home) / "bin" / program
        stub.write_text(STUB.format(ruby=ruby, name=name, program=program, version=version))
        stub.chmod(0o755)
    text = SPECIFICATION.format(name=name, version=version, programs=str(programs).replace("'", '"'))
    (Path(home) / "specifications" / f"{name}-{version}.gemspec").write_text(text)


main()
