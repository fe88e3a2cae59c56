"""What report.json remembers of generated texts: enough to tell hand edits from text of ours, and to merge, without a copy.

A digest of the whole text tells whether anybody has edited it. For texts that people edit there is a digest of each line too: a
three-way merge asks of the text it starts from only which lines of it are still there, never what they say. So no second copy
of every file lies about in a pull request, and nothing in it has to be taken on trust.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode

from dock2nix.regex import regex

WIDTH = 6  # signs a line: 36 bits, so that two lines of a file are mistaken for one another once in a thousand million times
_EDITED_SUFFIXES = (".nix", ".md")
# The line of the Dockerfile that a line of ours names in its remark: ` # 14: COPY . .`, ` # 4`.
_LINE_NUMBER = regex(r"((?:^|\s)# (?:UNRESOLVED )?)[0-9]+(?=: |$)")


def text_digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def line_digests(text: str) -> str:
    """A digest of every line, `WIDTH` signs each, one behind the other.

    Lines that differ only in the number that their remark begins with have the same one: a line added at the top of a Dockerfile
    changes all of these, and means nothing.
    """
    return "".join(map(_line_digest, split_lines(text)))


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends. `str.splitlines` knows more ends of lines than Nix does."""
    return text.removesuffix("\n").split("\n")


def split_digests(digests: str) -> tuple[str, ...]:
    """The result of `line_digests`, line by line."""
    return tuple(digests[at : at + WIDTH] for at in range(0, len(digests), WIDTH))


def people_edit(path: str) -> bool:
    """Whether a generated file is one that people edit line by line; the others are locks and data, which programs write."""
    return path.endswith(_EDITED_SUFFIXES)


def without_line_number(line: str) -> str:
    """A line of a generated file without the number that its remark begins with."""
    return _LINE_NUMBER.sub(r"\1", line)


def _line_digest(line: str) -> str:
    bare = without_line_number(line) if "# " in line else line
    digest = hashlib.sha256(bare.encode(errors="surrogatepass")).digest()
    return b64encode(digest[:6]).decode()[:WIDTH]
