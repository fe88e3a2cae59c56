"""Who owns what an instruction makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.model.downloads import FetchFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddUser,
    CopyOutput,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    RunTool,
    SetOwner,
    Symlink,
    WriteFile,
)

if TYPE_CHECKING:
    from dock2nix.model.image import Effect

ROOTS = frozenset({"", "0", "root", "0:0", "root:root"})


# /etc/default/useradd and CREATE_HOME in /etc/login.defs, where they are not shadow's own.
_USUAL_SHELL = dict.fromkeys(("amazon", "azurelinux", "fedora", "opensuse", "rhel"), "/bin/bash")
_USUAL_HOME = frozenset({"amazon", "fedora", "rhel"})


def as_usual(effects: tuple[Effect, ...], distribution: str) -> tuple[Effect, ...]:
    """The effects of a command, in which new users have what useradd gives them in this distribution.

    Args:
        effects: in order.
        distribution: of the image, as in `BaseImage`.
    """
    if distribution not in _USUAL_SHELL or not any(isinstance(effect, AddUser) for effect in effects):
        return effects
    return tuple(
        replace(
            effect,
            shell=effect.shell or _USUAL_SHELL[distribution],
            create_home=effect.create_home or (effect.unsaid_home and distribution in _USUAL_HOME),
        )
        if isinstance(effect, AddUser) and effect.text.split()[:1] != ["usermod"]
        else effect
        for effect in effects
    )


def with_login_group(user: str) -> str:
    """`app` to `app:`, chown's way to say: and the group of that user."""
    return user if ":" in user else f"{user}:"


def owned_by(effects: tuple[Effect, ...], user: str) -> tuple[Effect, ...]:
    """The effects of a command, with the ownership of what it makes: that of the USER that runs it.

    Args:
        effects: in order.
        user: the USER in force, "" for root.
    """
    if user in ROOTS:
        return effects
    owned: list[Effect] = []
    for effect in effects:
        owned.append(effect)
        if isinstance(effect, RunTool) and effect.target:
            owner = with_login_group(user)
            owned.append(
                SetOwner(
                    path=effect.target,
                    owner=owner,
                    recursive=True,
                    location=effect.location,
                    text=effect.text,
                )
            )
        if isinstance(
            effect,
            (
                CopyOutput,
                FetchFile,
                FetchTree,
                LinkProgram,
                MakeDirectory,
                NodeModules,
                Symlink,
                Unpack,
                WriteFile,
            ),
        ):
            owned.append(
                SetOwner(
                    path=effect.path,
                    owner=with_login_group(user),
                    recursive=isinstance(effect, (FetchTree, NodeModules, Unpack))
                    or (isinstance(effect, CopyOutput) and effect.folder),
                    location=effect.location,
                    text=effect.text,
                )
            )
    return tuple(owned)
