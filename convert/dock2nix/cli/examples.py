"""What stands below the options in the help of each command."""

from __future__ import annotations

EXAMPLES = {
    "convert": """\
examples:
  dock2nix Dockerfile                            write flake.nix, flake.lock and nix/ beside it
  dock2nix . --target prod --build-arg VERSION=2 -o out
  dock2nix . --html                              with nix/report.html, Dockerfile and Nix side by side
  dock2nix . --python lock                       every wheel by its hash, whatever nixpkgs has
  dock2nix - --context app < Dockerfile          read standard input

What is written over: files that dock2nix wrote. Your edits in them are kept; files of others stop it, until --force.

exit codes: 0 nothing left to look at, 1 written, but something needs a human, 2 could not run, nothing written
""",
    "parse": """\
examples:
  dock2nix parse Dockerfile                      one instruction a line
  dock2nix parse . --json                        flags, words, here-documents, lines
  dock2nix parse . --expand --build-arg VERSION=2
""",
    "why": """\
examples:
  dock2nix why apt:libpq5                        which attribute, the evidence, the row to change it
  dock2nix why pip:flask --interpreter python312
  dock2nix why image:python:3.11-slim            what stands in the place of a base image
  dock2nix why command:dig                       who has a program
""",
    "scan": """\
examples:
  dock2nix scan .                                      every Dockerfile below this folder that git does not ignore
  dock2nix scan services --json all.jsonl --jobs 8     one report a line, the same for any number of jobs
  git ls-files -z '*Dockerfile*' | dock2nix scan -     those that standard input names
  dock2nix scan --list paths.txt --markdown fleet.md --html fleet.html
  dock2nix scan . --output converted                   write each conversion too

Files are those called Dockerfile, Containerfile, Dockerfile.NAME and NAME.Dockerfile. The table begins with those that have least
left to do; below it stands what is missing, by the number of files that it blocks. Ctrl-C keeps what is done.

exit codes: 0 nothing left to look at in any, 1 something needs a human, 2 could not run, or was interrupted
""",
    "lock": """\
examples:
  dock2nix lock                                  fill in what is open in ./flake.nix
  dock2nix lock services/api --update build      renew the hash of the dependencies of the stage build
  dock2nix lock --offline                        with what is cached

exit codes: 0 no hash is open, 1 some stay open, 2 could not run
""",
    "check": """\
examples:
  dock2nix check                                has ./Dockerfile moved away from ./flake.nix?
  dock2nix check services/api --format github   annotations in a job of GitHub Actions
  dock2nix check --format sarif -o drift.sarif  for code scanning
  dock2nix check --build-arg VERSION=2          as it was converted, with another value

It converts again in memory, with the options that nix/report.json keeps, without network. Hand edits are no drift; what they
have already brought about is not asked for again.

exit codes: 0 the flake is what the Dockerfile asks for, 1 they have moved apart, 2 could not run
""",
    "diff": """\
examples:
  dock2nix diff old new                          two conversions in two folders
  dock2nix diff --git main..HEAD                 every flake below the current folder that a branch changes
  dock2nix diff --git HEAD services/api          one flake, as committed and as it lies there
  dock2nix diff --git main..HEAD --format markdown   for a comment in a pull request

exit codes: 0 compared (whether or not anything differs), 2 could not run
""",
    "audit": """\
examples:
  dock2nix audit Dockerfile                           read what others can change, and why it matters
  dock2nix audit . --fail-on warning                  for CI: 1 for warnings too (default: for errors)
  dock2nix audit . --format sarif --output audit.sarif   for code scanning
  dock2nix audit - --format markdown < Dockerfile     for a comment

A `# dock2nix: ignore=D2N512 the reason` in front of an instruction makes its findings of that code mere remarks.

exit codes: 0 nothing as bad as --fail-on, 1 something is, 2 could not run
""",
    "sbom": """\
examples:
  dock2nix sbom . > sbom.cdx.json                CycloneDX 1.6
  dock2nix sbom . --format spdx -o sbom.spdx.json
  dock2nix sbom - --context app < Dockerfile
""",
    "verify": """\
examples:
  dock2nix verify                                     is the flake in order, and does it give the same bytes twice?
  dock2nix verify . --against production.tar          and how does its image differ from what `docker save` wrote?
  dock2nix verify . --against docker://ghcr.io/me/app:1.4 --attestation image.intoto.json
  dock2nix verify . --against old.tar --intended 'command apt*' --intended 'env LC_ALL'

Compared are the configuration, users and groups, commands on PATH by name, and the files below the working directory and where
COPY and ADD put some: kind, content, mode, owner. Dates, layers and hashes of store paths do not count. No docker is needed.

exit codes: 0 all is proven, 1 something is wrong or differs, 2 a step could not be done (no Nix, no skopeo)
""",
    "mappings": """\
examples:
  dock2nix mappings check                        is dock2nix.toml in order?
  dock2nix mappings sort team/dock2nix.toml
  dock2nix mappings schema > dock2nix.schema.json   for editors: `#:schema ./dock2nix.schema.json` above the tables
""",
    "index": """\
examples:
  dock2nix index info                            which nixpkgs is known, and of what files
  dock2nix index update --channel nixos-25.11    for $DOCK2NIX_INDEX
  dock2nix index build --renew
""",
    "completion": """\
examples:
  dock2nix completion bash > ~/.local/share/bash-completion/completions/dock2nix
  dock2nix completion zsh > ~/.zfunc/_dock2nix
  dock2nix completion fish > ~/.config/fish/completions/dock2nix.fish
""",
}
