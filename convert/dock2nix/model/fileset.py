"""What is left out when folders of the build context are copied, in the terms of nixpkgs' `lib.fileset`.

`lib.fileset` knows sets and no order, BuildKit's ignore patterns have exceptions and an order. Three forms cover all of it:

* without exceptions, everything that a pattern matches goes: `ExcludePath` for plain paths, `ExcludePattern` for wildcards;
* an exception for a plain path either has no effect or brings back all that is below it (`IncludePath`), which is known
  without looking at the files;
* whatever is left (an exception with wildcards) is done pattern by pattern as BuildKit does it (`IgnoreRules`).
"""

from __future__ import annotations

from msgspec import Struct


class ExcludePath(Struct, frozen=True, kw_only=True):
    """A path of the context is left out, with all below it.

    Nix: an element of the list in `lib.fileset.difference … (lib.fileset.unions [ (lib.fileset.maybeMissing ../path) ])`.
    `origin` says where that was asked for (`.dockerignore:2: docs/`).
    """

    path: str
    origin: str


class ExcludePattern(Struct, frozen=True, kw_only=True):
    """Files and folders whose path in the context is matched by `regex` are left out, a folder with all below it.

    Nix: one of the regular expressions that the filter of a `lib.cleanSourceWith` tries (`builtins.match`), which
    `lib.fileset.fromSource` turns into a file set. The filter is asked for folders too and nothing in those it refuses is
    looked at; `lib.fileset.fileFilter` sees the names of files only and could do neither `*.md` at the top nor `node_modules`.
    """

    regex: str
    origin: str


class IncludePath(Struct, frozen=True, kw_only=True):
    """An exception: what the exclusions before this one took from `path` and from below it is taken back.

    Nix: an element of the list in `lib.fileset.union … (lib.fileset.unions [ (lib.fileset.maybeMissing ../path) ])`.
    """

    path: str
    origin: str


class IgnoreRule(Struct, frozen=True, kw_only=True):
    """A pattern as BuildKit tries it: `regex` for whole paths of the context, `negated` for an exception."""

    regex: str
    negated: bool
    origin: str


class IgnoreRules(Struct, frozen=True, kw_only=True):
    """All patterns in their order; a path is left out if BuildKit's walk of the tree says so.

    Nix: `lib.fileset.fromSource` of a `lib.cleanSourceWith` whose filter is that walk in Nix; folders pass, since there may be
    exceptions in them, and a file set holds no empty ones.
    """

    rules: tuple[IgnoreRule, ...]


FilesetExclusion = ExcludePath | ExcludePattern | IncludePath | IgnoreRules
