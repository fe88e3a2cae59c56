"""One thing in which two images differ."""

from __future__ import annotations

from msgspec import Struct


class Difference(Struct, frozen=True, kw_only=True, order=True):
    """`aspect` is what kind of thing differs (env, cmd, file, owner …), `subject` which one; "" stands for: not there."""

    aspect: str
    subject: str
    ours: str
    theirs: str

    @property
    def name(self) -> str:
        """Which difference it is, without the values."""
        return f"{self.aspect} {self.subject}".rstrip()

    def __str__(self) -> str:
        return f"{self.name}: {self.ours or 'none'}, in the other image {self.theirs or 'none'}"
