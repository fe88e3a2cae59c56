"""What stands in a service's image beside its packages: `mappings/services/`, whose README.md explains the form."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import tomli
from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.image_tables import Table
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    MakeDirectory,
    SetMode,
    SetOwner,
    StoreFiles,
    Symlink,
    WriteFile,
)
from dock2nix.model.packages import AttributePath
from dock2nix.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dock2nix.model.image import BaseImage, Effect

STORED = "base"
"""The folder in nix/ that has the files of services, each at its path in the image."""

_NOWHERE = Location(path="", first_line=0, last_line=0, first_column=0, last_column=0)
_EXECUTABLE = "755"
_PASSWD_FIELDS = 7
_VERSION = "@v@"


class Service(Struct, frozen=True, kw_only=True):
    """`effects` are in order, without a place; packages in them are names that the base image says the meaning of.

    `accounts` are users and groups of the base image without which the service does not start. `linked` are folders of packages
    that the image has at its root.
    """

    evidence: str
    effects: tuple[Effect, ...]
    accounts: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()


def service_effects(base: BaseImage, location: Location) -> tuple[Effect, ...]:
    """What a base image has beside its packages, as effects at its FROM.

    Args:
        base: the image.
        location: of the FROM.

    Raises:
        UsageError: a service is not as it must be, or names a package that the image does not choose.
    """
    text = f"FROM {base.reference.text}"
    return tuple(
        replace(_of_image(effect, dict(base.chosen)), location=location, text=text)
        for name in base.services
        for effect in service(name).effects
    )


def package_effects(manager: str, name: str, location: Location, text: str) -> tuple[Effect, ...]:
    """What a distribution's package brings beside what nixpkgs' has, as effects of the command that installs it.

    Args:
        manager: of the package (`apt`).
        name: as the manager calls it.
        location: of the command.
        text: of the command.

    Raises:
        UsageError: a table or a service is not as it must be.
    """
    found = (one.partition(":") for one in _by_package().get((manager, name), ()))
    return tuple(
        replace(_of_version(effect, version), location=location, text=text)
        for kind, _, version in found
        for effect in (*_needed_accounts(service(kind).accounts), *service(kind).effects)
    )


def _of_version(effect: Effect, version: str) -> Effect:
    """The effect with a version in its paths and its text."""
    match effect:
        case WriteFile():
            path, stored = effect.path.replace(_VERSION, version), effect.stored.replace(_VERSION, version)
            return replace(
                effect, path=path, stored=stored, content=effect.content.replace(_VERSION, version)
            )
        case MakeDirectory() | SetOwner() | SetMode():
            return replace(effect, path=effect.path.replace(_VERSION, version))
        case _:
            return effect


def _needed_accounts(names: tuple[str, ...]) -> Iterator[Effect]:
    """Accounts that the distribution has in any case, and that its image here has when something names them."""
    for name in names:
        if name == "nogroup":
            yield AddGroup(name=name, location=_NOWHERE, text="")
        else:
            yield AddUser(name=name, system=True, location=_NOWHERE, text="")


@cache
def _by_package() -> Mapping[tuple[str, str], tuple[str, ...]]:
    path = data_folder("mappings") / "services" / "packages.toml"
    table = Table(tomli.loads(path.read_text(encoding="utf-8")), path.name)
    managers = {manager: table.table(manager) for manager in table.names()}
    return {
        (manager, name): rows.texts(name) or () for manager, rows in managers.items() for name in rows.names()
    }


def service_accounts(base: BaseImage) -> frozenset[str]:
    """The users and groups without which the services of a base image do not start."""
    return frozenset(account for name in base.services for account in service(name).accounts)


def service_folders(base: BaseImage) -> tuple[str, ...]:
    """The folders of packages that the services of a base image need at its root, sorted."""
    return tuple(sorted({folder for name in base.services for folder in service(name).linked}))


def _of_image(effect: Effect, chosen: Mapping[str, AttributePath]) -> Effect:
    if not isinstance(effect, StoreFiles):
        return effect
    name, dot, rest = effect.attribute_path.partition(".")
    return replace(effect, attribute_path=AttributePath(f"{chosen.get(name, name)}{dot}{rest}"))


@cache
def service(name: str) -> Service:
    """A service that ships with dock2nix.

    Raises:
        UsageError: there is none of that name, or it has not the documented form.
    """
    return read_service(data_folder("mappings") / "services" / name)


def read_service(folder: Path) -> Service:
    """A service out of its folder.

    Args:
        folder: with `service.toml`, and `root/`, the files at their paths in the image.

    Raises:
        UsageError: it has not the documented form.
    """
    place = f"{folder.name}/service.toml"
    try:
        table = Table(tomli.loads((folder / "service.toml").read_text(encoding="utf-8")), place)
    except (OSError, tomli.TOMLDecodeError) as error:
        raise UsageError(f"{place}: {error}") from error
    evidence = table.text("evidence") or ""
    if not evidence:
        raise table.wrong("`evidence` must say on what it rests")
    accounts, linked = table.texts("accounts") or (), table.texts("linked") or ()
    effects: list[Effect] = [effect for one in table.tables("user") for effect in _user(one)]
    effects += (effect for one in table.tables("folder") for effect in _folder(one))
    effects += (_store(one) for one in table.tables("store"))
    effects += _files(folder / "root")
    effects += (_link(one) for one in table.tables("link"))
    effects += (_owner(one) for one in table.tables("owner"))
    table.end()
    return Service(evidence=evidence, effects=tuple(effects), accounts=accounts, linked=linked)


def _user(table: Table) -> Iterator[Effect]:
    """A line of passwd, with a group of the same name."""
    parts = (table.text("line") or "").split(":")
    table.end()
    if len(parts) != _PASSWD_FIELDS or not (parts[2].isdecimal() and parts[3].isdecimal()):
        raise table.wrong("`line` must be a line of /etc/passwd")
    name, _, uid, gid, comment, home, shell = parts
    yield AddGroup(name=name, gid=int(gid), system=True, location=_NOWHERE, text="")
    yield AddUser(
        name=name,
        uid=int(uid),
        gid=int(gid),
        comment=comment,
        home=home,
        shell=shell,
        system=True,
        location=_NOWHERE,
        text="",
    )


def _folder(table: Table) -> Iterator[Effect]:
    path, owner, mode = _path(table), table.text("owner"), table.text("mode") or ""
    table.end()
    yield MakeDirectory(path=path, mode=mode, location=_NOWHERE, text="")
    if owner:
        yield SetOwner(path=path, owner=owner, location=_NOWHERE, text="")
        if mode:  # the kernel takes special bits from what changes its owner
            yield SetMode(path=path, mode=mode, location=_NOWHERE, text="")


def _store(table: Table) -> StoreFiles:
    path, package, inside = _path(table), table.text("package"), table.text("inside")
    copied = table.text("copied") or ""
    table.end()
    if not package or inside is None:
        raise table.wrong("`package` and `inside` must say what of which package stands there")
    if copied not in {"", "file", "folder"}:
        raise table.wrong("`copied` must be file or folder")
    return StoreFiles(
        path=path,
        attribute_path=AttributePath(package),
        inside=inside,
        copied="file" if copied == "file" else "folder" if copied else "",
        location=_NOWHERE,
        text="",
    )


def _link(table: Table) -> Symlink:
    path, target = _path(table), table.text("target")
    table.end()
    if not target:
        raise table.wrong("`target` must say where the link leads to")
    return Symlink(path=path, target=target, location=_NOWHERE, text="")


def _owner(table: Table) -> SetOwner:
    path, owner = _path(table), table.text("owner")
    table.end()
    if not owner:
        raise table.wrong("`owner` must say whose it is")
    return SetOwner(path=path, owner=owner, recursive=True, location=_NOWHERE, text="")


def _path(table: Table) -> str:
    path = table.text("path") or ""
    if not path.startswith("/"):
        raise table.wrong("`path` must be an absolute path of the image")
    return path


def _files(root: Path) -> Iterator[WriteFile]:
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        inside = file.relative_to(root).as_posix()
        text = file.read_text(encoding="utf-8")
        yield WriteFile(
            path=f"/{inside}",
            content=text,
            mode=_EXECUTABLE if text.startswith("#!") else "",
            stored=f"{STORED}/{inside}",
            location=_NOWHERE,
            text="",
        )
