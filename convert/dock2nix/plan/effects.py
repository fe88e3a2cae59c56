"""What happens to the image's files, made ready to be written down: homes, owners as numbers, links followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.extract.owners import with_login_group
from dock2nix.model.downloads import FetchFile, Unpack
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    LeftOut,
    MakeDirectory,
    Remove,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    WriteFile,
)
from dock2nix.model.steps import CommandOutcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import Effect, ImageConfig
    from dock2nix.model.steps import Step
    from dock2nix.plan.users import Accounts

_SPECIAL_BITS = 0o6000
_SETS_SPECIAL_BITS = regex(r"[+=][rwxXt]*s")
_OCTAL = regex(r"[0-7]{1,5}")
_TAKES_USERS = (["deluser"], ["userdel"])
_OF_ROOT = frozenset({"0", "0:0", ":0"})


def final_effects(
    steps: tuple[Step, ...],
    accounts: Accounts,
    homes: tuple[Effect, ...] = (),
    brought: tuple[Effect, ...] = (),
    *,
    by_name: bool = False,
) -> Outcome[tuple[Effect, ...]]:
    """Accounts are in the passwd file by now; homes become directories; owners become numbers; gaps become remarks.

    Args:
        steps: of the stages that the image consists of.
        accounts: all accounts of the image.
        homes: what is done before the first step.
        brought: what stands in the base image beside its packages, put there after the homes.
        by_name: accounts are made, and owners looked up, where the image is made: only there its passwd file is known.
    """
    effects: list[Effect] = [*homes]
    findings: list[Finding] = []
    had_owners = any(map(_has_owner, homes))
    for step, done_there in ((None, brought), *((step, step.effects) for step in steps)):
        for effect in done_there:
            done = _named(effect, accounts) if by_name else _final(effect, accounts, had_owners=had_owners)
            effects += (one for one in done.value if not _removes_nothing(one, effects))
            findings += done.findings
            had_owners = had_owners or any(map(_has_owner, done.value))
        if step is not None and step.outcome is CommandOutcome.UNRESOLVED:
            effects.append(LeftOut(location=step.location, text=step.text))
    return Outcome(tuple(effects), tuple(findings))


def _final(effect: Effect, accounts: Accounts, *, had_owners: bool) -> Outcome[tuple[Effect, ...]]:
    match effect:
        case AddUser():
            return Outcome(_home_of(effect, accounts))
        case AddGroup():
            return Outcome(())
        case RemoveAccount():
            return Outcome(_without_home(effect, accounts))
        case SetOwner():
            return _numbered(effect, effect.path, accounts, had_owners=had_owners)
        case RunScript():
            return _run_as(effect, accounts)
        case CopyFiles() if effect.owner:
            done = _numbered(effect, effect.sources[0].destination, accounts, had_owners=True)
            return Outcome(done.value or (replace(effect, owner=""),), done.findings)
        case _:
            return Outcome((effect,))


def _named(effect: Effect, accounts: Accounts) -> Outcome[tuple[Effect, ...]]:
    """As `_final`, but that accounts and owners are left to be known later."""
    match effect:
        case AddUser():
            home = accounts.home_of(effect.name) if effect.create_home else ""
            owner = SetOwner(path=home, owner=f"{effect.name}:", location=effect.location, text=effect.text)
            made = MakeDirectory(path=home, location=effect.location, text=effect.text)
            return Outcome((effect, *((made, owner) if home else ())))
        case RemoveAccount():
            return Outcome((effect, *_without_home(effect, accounts)))
        case RunScript():
            name = effect.user.partition(":")[0]
            homes = {key: user.home for user in accounts.users.values() for key in (user.name, str(user.uid))}
            if name in {"", "0", "root"}:
                return Outcome((replace(effect, user="", home="/root"),))
            return Outcome((replace(effect, user=with_login_group(effect.user), home=homes.get(name, "/")),))
        case _:
            return Outcome((effect,))


def _numbered(
    effect: SetOwner | CopyFiles, path: str, accounts: Accounts, *, had_owners: bool
) -> Outcome[tuple[Effect, ...]]:
    """The effect with numbers for names; nothing when it gives to root what is root's anyway."""
    owner = accounts.numeric_owner(effect.owner)
    if owner is None:
        text = f"{effect.owner}: no such user or group is known, the owner of {path} stays root"
        return Outcome((), (Finding(code="D2N304", message=text, location=effect.location),))
    if owner in _OF_ROOT and not had_owners:
        return Outcome(())
    return Outcome((replace(effect, owner=owner),))


def _run_as(effect: RunScript, accounts: Accounts) -> Outcome[tuple[Effect, ...]]:
    """A script with its user as a number, and his home (as Docker sets it: `/` for a user that passwd does not have)."""
    name = effect.user.partition(":")[0]
    homes = {key: user.home for user in accounts.users.values() for key in (user.name, str(user.uid))}
    if name in {"", "0", "root"}:
        return Outcome((replace(effect, user="", home=homes.get("root", "/root")),))
    owner = accounts.numeric_owner(with_login_group(effect.user))
    if owner is None:
        text = (
            f"{effect.user}: no such user is known, what line {effect.location.first_line} makes stays root's"
        )
        finding = Finding(code="D2N304", message=text, location=effect.location)
        return Outcome((replace(effect, user="", home="/"),), (finding,))
    return Outcome((replace(effect, user=owner, home=homes.get(name, "/")),))


def _without_home(effect: RemoveAccount, accounts: Accounts) -> tuple[Effect, ...]:
    home = accounts.gone.get(effect.name, "")
    if not effect.home or not home:
        return ()
    return (Remove(path=home, recursive=True, location=effect.location, text=effect.text),)


def _removes_nothing(effect: Effect, before: list[Effect]) -> bool:
    """Whether the home of a user who is taken away was not made in the first place."""
    homes = (one.path for one in before if isinstance(one, MakeDirectory))
    return isinstance(effect, Remove) and effect.text.split()[:1] in _TAKES_USERS and effect.path not in homes


def _home_of(effect: AddUser, accounts: Accounts) -> tuple[Effect, ...]:
    user, home = accounts.users.get(effect.name), accounts.home_of(effect.name)
    if user is None or not effect.create_home or not home:
        return ()
    return (
        MakeDirectory(path=home, location=effect.location, text=effect.text),
        SetOwner(path=home, owner=f"{user.uid}:{user.gid}", location=effect.location, text=effect.text),
    )


def named_accounts(steps: tuple[Step, ...], config: ImageConfig) -> frozenset[str]:
    """Users and groups that the Dockerfile names, or gives the numbers of: in USER, as owners, as members."""
    names = set(config.user.split(":"))
    for effect in (effect for step in steps for effect in step.effects):
        match effect:
            case SetOwner() | CopyFiles():
                names.update(effect.owner.split(":"))
            case RunScript():
                names.update(effect.user.split(":"))
            case AddUser():
                names.update((effect.name, effect.group, *effect.groups))
            case AddGroup():
                names.update((effect.name, *effect.members))
    return frozenset(names - {""})


def needs_fakeroot(effects: tuple[Effect, ...]) -> bool:
    """Whether something is done that only root may do: owners other than root, and bits that Nix's sandbox refuses.

    In a Nix build the system call that sets a set-user-ID or set-group-ID bit fails; under fakeroot it is recorded instead.
    """
    return runs_scripts(effects) or any(
        _has_owner(effect) or _is_whole_system(effect) or any(map(_is_special, _modes(effect)))
        for effect in effects
    )


def runs_scripts(effects: tuple[Effect, ...]) -> bool:
    """Whether something runs verbatim, for which the image must be the root folder while it is made."""
    return any(isinstance(effect, RunScript) for effect in effects)


def _is_whole_system(effect: Effect) -> bool:
    """Whether an archive of the build context becomes the root of the image: it has devices, owners and special bits."""
    return isinstance(effect, Unpack) and effect.context != "" and effect.path == "/"


def _has_owner(effect: Effect) -> bool:
    owned = isinstance(effect, CopyFiles) and effect.owner != ""
    return owned or isinstance(effect, SetOwner) or (isinstance(effect, RunScript) and effect.user != "")


def _modes(effect: Effect) -> tuple[str, ...]:
    match effect:
        case SetMode() | MakeDirectory() | WriteFile() | CopyFiles() | FetchFile():
            return (effect.mode,)
        case RunTool() if effect.program == "chmod":
            return tuple(word for word in effect.words if isinstance(word, str))
        case _:
            return ()


def _is_special(mode: str) -> bool:
    if _OCTAL.fullmatch(mode):
        return bool(int(mode, 8) & _SPECIAL_BITS)
    return _SETS_SPECIAL_BITS.search(mode) is not None
