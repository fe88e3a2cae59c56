"""Puts together what a base image holds from the parts that its repository, its tag and its distribution speak of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec.structs import replace

from dock2nix.catalogue.image_tags import release_name, select, version_words
from dock2nix.errors import UsageError
from dock2nix.model.image import BaseImage, ImageConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.catalogue.image_rows import ConfigPart, Distribution, Overlay, Part, Row, Shared
    from dock2nix.catalogue.image_tags import Selection, TagReading
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.packages import AttributePath

T = TypeVar("T")

_MAIN = "version"
_DIGEST_ONLY = "only a digest is given, which does not tell the version: the one that `latest` means is taken"


class _Choice(NamedTuple):
    """A version out of a table: of what (`subject`), which number was asked for, and the packages it brings.

    `maintained` is until when upstream cared for it, "" when that is not known.
    """

    subject: str
    asked: str
    selection: Selection
    packages: tuple[AttributePath, ...]
    maintained: str

    @property
    def channel(self) -> str:
        return self.selection.version.channel

    @property
    def outdated(self) -> str:
        """That it comes from an old release of nixpkgs, and what follows; "" when it does not."""
        if not self.channel:
            return ""
        gone = (
            f"{self.subject} {self.selection.key} is gone from current nixpkgs: it comes from {self.channel}"
        )
        until = f"; upstream maintained it until {self.maintained}" if self.maintained else ""
        refused = ", ".join(self.selection.version.insecure)
        permitted = f"; nixpkgs marks {refused} as insecure, and flake.nix permits that" if refused else ""
        return f"{gone}{until}{permitted}"

    @property
    def difference(self) -> str:
        """How it differs from what was asked for; "" when it does not."""
        if self.selection.exact or self.channel:
            return ""
        return f"{self.subject} {self.asked} is asked for, nixpkgs has {self.selection.key}"


class _Ground(NamedTuple):
    """What an image stands on: its distribution with the release, and the overlays that hold for its tag."""

    distribution: Distribution | None
    release: str
    overlays: tuple[Overlay, ...]

    @property
    def use(self) -> str:
        """The alternative packages that the last overlay to speak of them chooses."""
        return next((overlay.use for overlay in reversed(self.overlays) if overlay.use), "")


def compose(reference: ImageReference, row: Row, reading: TagReading, shared: Shared) -> BaseImage | None:
    """What the image of that reference holds.

    Args:
        reference: as asked for.
        row: its repository's row.
        reading: what its tag says.
        shared: package sets and distributions.

    Returns:
        The image; None when its version is not known, or when its versions need different releases of nixpkgs.

    Raises:
        UsageError: the row names a package set or a distribution that does not exist.

    """
    selections = _selections(row, reading)
    if selections is None or len({one.version.channel for one in selections.values()} - {""}) > 1:
        return None
    ground = _ground(row, reading, selections, shared)
    subject = row.subject or reference.repository.rsplit("/", 1)[-1]
    choices = _choices(subject, reading, selections, ground.use, shared)
    return _image(reference, row, _parts(row, ground, choices), choices, ground, shared)


def extended(image: BaseImage, reference: ImageReference, part: Part, shared: Shared) -> BaseImage:
    """An image that is like another one but for what a part adds or says otherwise.

    Raises:
        UsageError: the part names a package set that does not exist.

    """
    sayings = part.config._replace(env=())
    said = {key: value for key, value in sayings._asdict().items() if key != "env" and value is not None}
    users = {user.name: user for user in (*image.users, *part.users)}
    groups = {group.name: group for group in (*image.groups, *part.groups)}
    return replace(
        image,
        reference=reference,
        packages=tuple(sorted({*image.packages, *_packages((part,), shared)})),
        config=replace(
            image.config, **said, env=tuple((dict(image.config.env) | dict(part.config.env)).items())
        ),
        users=tuple(users.values()),
        groups=tuple(groups.values()),
        services=tuple(dict.fromkeys((*image.services, *part.services))),
        evidence=_joined((part.evidence, image.evidence)),
        difference=_joined((image.difference, part.difference)),
        unfree=tuple(sorted({*image.unfree, *part.unfree})),
    )


def _image(
    reference: ImageReference,
    row: Row,
    parts: tuple[Part, ...],
    choices: Mapping[str, _Choice],
    ground: _Ground,
    shared: Shared,
) -> BaseImage:
    main = choices.get(row.interpreter)
    interpreter = main.packages[0] if row.language and main and main.packages else None
    return BaseImage(
        reference=reference,
        packages=_packages(parts, shared),
        interpreter=interpreter,
        language=row.language if interpreter else "",
        distribution=ground.distribution.name if ground.distribution else "",
        release=ground.release,
        config=_config(parts, choices),
        users=tuple({user.name: user for part in parts for user in part.users}.values()),
        groups=tuple({group.name: group for part in parts for group in part.groups}.values()),
        channel=next((choice.channel for choice in choices.values() if choice.channel), ""),
        insecure=tuple(name for choice in choices.values() for name in choice.selection.version.insecure),
        unfree=tuple(sorted({name for part in parts for name in part.unfree})),
        arguments=tuple({name: value for part in parts for name, value in part.arguments}.items()),
        services=tuple(dict.fromkeys(name for part in parts for name in part.services)),
        chosen=tuple((name, choice.packages[0]) for name, choice in choices.items() if choice.packages),
        evidence=_joined(part.evidence for part in parts),
        outdated=_joined(choice.outdated for choice in choices.values()),
        difference=_joined((*_differences(reference, row, choices), *(part.difference for part in parts))),
    )


def _selections(row: Row, reading: TagReading) -> dict[str, Selection] | None:
    """The version of everything in the tag that has one; None when one of them is not known."""
    main = select(row.versions, reading.number or reading.name)
    if main is None and row.versions.entries:
        return None
    found = {_MAIN: main} if main else {}
    defaults = dict(main.version.defaults) if main else {}
    for companion in row.companions:
        asked = reading.companions.get(companion.name, "")
        selection = select(companion.versions, asked or defaults.get(companion.name, ""))
        if selection:
            found[companion.name] = selection
        elif asked:
            return None
    return found


def _ground(row: Row, reading: TagReading, selections: Mapping[str, Selection], shared: Shared) -> _Ground:
    main = selections.get(_MAIN)
    own = main.version if main and main.version.distribution else row
    name = reading.distribution or own.distribution
    distribution = _distribution(name, shared)
    release = reading.release or (own.release if name == own.distribution else "")
    if distribution:
        release = release_name(distribution, release or distribution.default)
    words = {*reading.words, name, release, *version_words(main.key if main else "")}
    words |= {f"{name}{selection.key}" for name, selection in selections.items() if name != _MAIN}
    special = _holding(row.overlays, words)
    replaced = [overlay.distribution for overlay in special if overlay.distribution is not None]
    if replaced:
        distribution = _distribution(replaced[-1], shared)
    return _Ground(
        distribution=distribution,
        release=release if distribution else "",
        overlays=(*_holding(distribution.overlays if distribution else (), words), *special),
    )


def _distribution(name: str, shared: Shared) -> Distribution | None:
    if name and name not in shared.distributions:
        raise UsageError(f"base images: there is no distribution `{name}`")
    return shared.distributions.get(name)


def _holding(overlays: tuple[Overlay, ...], words: set[str]) -> tuple[Overlay, ...]:
    return tuple(
        overlay
        for overlay in overlays
        if not overlay.none_of & words and (overlay.any_of & words or not overlay.any_of)
    )


def _choices(
    subject: str, reading: TagReading, selections: Mapping[str, Selection], use: str, shared: Shared
) -> dict[str, _Choice]:
    chosen = {name: selection.version.chosen(use) for name, selection in selections.items()}
    return {
        name: _Choice(
            subject=subject if name == _MAIN else name,
            asked=reading.number if name == _MAIN else reading.companions.get(name, ""),
            selection=selection,
            packages=chosen[name],
            maintained=next(
                (shared.maintained[path] for path in chosen[name] if path in shared.maintained), ""
            ),
        )
        for name, selection in selections.items()
    }


def _parts(row: Row, ground: _Ground, choices: Mapping[str, _Choice]) -> tuple[Part, ...]:
    """From the most general to the most special; what comes later wins."""
    base = (ground.distribution.part,) if ground.distribution else ()
    versions = (
        choice.selection.version.part._replace(packages=choice.packages) for choice in choices.values()
    )
    return (*base, row.part, *(overlay.part for overlay in ground.overlays), *versions)


def _packages(parts: tuple[Part, ...], shared: Shared) -> tuple[AttributePath, ...]:
    named = {path for part in parts for path in part.packages}
    for name in {name for part in parts for name in part.sets}:
        if name not in shared.sets:
            raise UsageError(f"base images: there is no package set `{name}`")
        named.update(shared.sets[name])
    return tuple(sorted(named))


def _config(parts: tuple[Part, ...], choices: Mapping[str, _Choice]) -> ImageConfig:
    configs = [part.config for part in parts]
    env = {name: value for config in configs for name, value in config.env}
    return ImageConfig(
        env=tuple((name, _interpolated(value, choices)) for name, value in env.items()),
        entrypoint=_last(config.entrypoint for config in configs) or None,
        cmd=_cmd(configs) or None,
        working_dir=_last(config.working_dir for config in configs) or "",
        user=_last(config.user for config in configs) or "",
        exposed_ports=_last(config.exposed_ports for config in configs) or (),
        volumes=_last(config.volumes for config in configs) or (),
        stop_signal=_last(config.stop_signal for config in configs) or "",
    )


def _cmd(configs: list[ConfigPart]) -> tuple[str, ...] | None:
    """The last CMD; an ENTRYPOINT behind it takes it back, as it does in a Dockerfile."""
    for config in reversed(configs):
        if config.cmd is not None or config.entrypoint is not None:
            return config.cmd
    return None


def _interpolated(value: str, choices: Mapping[str, _Choice]) -> str:
    """`@version@` becomes the first package chosen for it: `@jdk17@`, which the emitter knows as its store path."""

    def attribute(found: re.Match[str]) -> str:
        choice = choices.get(found[1])
        return f"@{choice.packages[0]}@" if choice and choice.packages else found[0]

    return re.sub(r"@([a-z]+)@", attribute, value)


def _last(values: Iterable[T | None]) -> T | None:
    """What the last part that says something says."""
    return next((value for value in reversed([*values]) if value is not None), None)


def _differences(reference: ImageReference, row: Row, choices: Mapping[str, _Choice]) -> tuple[str, ...]:
    """How the versions taken differ from those asked for, or what is not known of those."""
    found = [choice.difference for choice in choices.values()]
    if reference.digest and not reference.tag and row.versions.entries:
        found.append(_DIGEST_ONLY)
    if _MAIN in choices and not choices[_MAIN].selection.exact:
        guessed = (choice for name, choice in choices.items() if name != _MAIN and not choice.asked)
        found += [f"the tag names no {one.subject}: {one.selection.key} is taken" for one in guessed]
    return tuple(found)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
