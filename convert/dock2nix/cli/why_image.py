"""Why a base image is taken for what it is."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dock2nix.catalogue.image_tags import read_tag
from dock2nix.catalogue.overrides import IMAGES
from dock2nix.cli.answers import Answer, Candidate, Row, toml_row
from dock2nix.cli.image_toml import image_row
from dock2nix.errors import UsageError
from dock2nix.parse.references import image_reference
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base_images import BaseImages
    from dock2nix.catalogue.local import LocalCatalogue
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import BaseImage, ImageConfig

_NUMBER = regex(r"\d+(?:\.\d+)*")
_EMPTY = "scratch"
_LIKE_NOTHING = "debian:bookworm-slim"


def explain_image(text: str, catalogue: LocalCatalogue) -> Answer:
    """What is known of a base image.

    Args:
        text: as behind FROM.
        catalogue: what is known.

    Raises:
        UsageError: the text is no image reference.

    """
    reference = image_reference(text)
    if reference is None:
        raise UsageError(f"image:{text}: not an image reference (docker: invalid reference format)")
    if text == _EMPTY:
        return _nothing_in_it()
    image = catalogue.base_image(reference)
    images = catalogue.base_images
    if image is None:
        return _unknown(reference, images)
    return Answer(
        known=True,
        facts=tuple(_facts(image, catalogue)),
        data=_data(image, catalogue),
        candidates=tuple(_versions(reference, images)),
        row=image_row(image, images),
    )


def _nothing_in_it() -> Answer:
    """`FROM scratch` is no image but the absence of one; a row of that name would never be asked for."""
    reason = "the image of BuildKit's own that holds nothing"
    return Answer(
        known=True,
        facts=(("decision", "nothing"), ("because", reason)),
        data={"image": _EMPTY, "outcome": "not-needed", "reason": reason, "attributes": []},
        candidates=(),
        row=Row(table="", text="# nothing can be written in place of scratch"),
    )


def repository_of(reference: ImageReference) -> str:
    """The key of its row: Docker Hub's without registry."""
    return "/".join(part for part in (reference.registry, reference.repository) if part)


def _facts(image: BaseImage, catalogue: LocalCatalogue) -> Iterator[tuple[str, str]]:
    pin = catalogue.pin(image.channel)
    known = catalogue.attribute(image.interpreter) if image.interpreter and not image.channel else None
    main = f"pkgs.{image.interpreter} {known.version if known else ''}".rstrip() if image.interpreter else ""
    yield "decision", main or "the packages below"
    yield "because", image.evidence
    if image.outdated:
        yield "outdated", image.outdated
    if image.difference:
        yield "difference", image.difference
    if image.unfree:
        yield "unfree", f"allowed by name in flake.nix: {', '.join(image.unfree)}"
    if image.channel:
        yield "channel", f"{image.channel}, revision {pin.rev}"
    if image.distribution:
        yield "system", f"{image.distribution} {image.release}".rstrip()
    for label, values in (
        ("packages", [f"pkgs.{path}" for path in image.packages]),
        ("config", _config_lines(image.config)),
        (
            "users",
            [f"{user.name} ({user.uid}:{user.gid}, {user.home}, {user.shell})" for user in image.users],
        ),
        ("groups", [f"{group.name} ({group.gid})" for group in image.groups]),
    ):
        for at, value in enumerate(_wrapped(values) if label != "config" else values):
            yield label if at == 0 else "", value


def _config_lines(config: ImageConfig) -> list[str]:
    """One variable a line; lists as Docker writes them."""
    values = _config(config)
    lines = [f"Env {variable}" for variable in values.pop("Env", ())]
    return lines + [
        f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()
    ]


def _wrapped(values: list[str], width: int = 100) -> list[str]:
    """Values with commas between them, in lines of a readable length."""
    lines: list[str] = []
    for value in values:
        if lines and len(lines[-1]) + len(value) < width:
            lines[-1] += f", {value}"
        else:
            lines.append(value)
    return lines


def _config(config: ImageConfig) -> dict[str, Any]:
    """With the keys of the OCI image specification, without what is not set."""
    values = {
        "Env": [f"{name}={value}" for name, value in config.env],
        "Entrypoint": list(config.entrypoint or ()),
        "Cmd": list(config.cmd or ()),
        "WorkingDir": config.working_dir,
        "User": config.user,
        "ExposedPorts": list(config.exposed_ports),
        "Volumes": list(config.volumes),
        "StopSignal": config.stop_signal,
    }
    return {key: value for key, value in values.items() if value}


def _data(image: BaseImage, catalogue: LocalCatalogue) -> dict[str, Any]:
    pin = catalogue.pin(image.channel)
    return {
        "image": image.reference.text,
        "outcome": "nixpkgs",
        "attributes": [str(path) for path in image.packages],
        "interpreter": str(image.interpreter or ""),
        "language": image.language,
        "distribution": image.distribution,
        "release": image.release,
        "config": _config(image.config),
        "users": [
            {"name": user.name, "uid": user.uid, "gid": user.gid, "home": user.home, "shell": user.shell}
            for user in image.users
        ],
        "groups": [
            {"name": group.name, "gid": group.gid, "members": list(group.members)} for group in image.groups
        ],
        "channel": image.channel,
        "rev": pin.rev,
        "evidence": image.evidence,
        "outdated": image.outdated,
        "difference": image.difference,
        "unfree": list(image.unfree),
    }


def _versions(reference: ImageReference, images: BaseImages) -> Iterator[Candidate]:
    """The versions that its row has, as tags."""
    row = images.row(reference.registry, reference.repository)
    for number, version in row.versions.entries.items() if row else ():
        packages = ", ".join(f"pkgs.{path}" for path in version.part.packages)
        origin = f" of {version.channel}" if version.channel else ""
        yield Candidate(
            path=f"{repository_of(reference)}:{number}", why=packages + origin, is_attribute=False
        )


def _unknown(reference: ImageReference, images: BaseImages) -> Answer:
    row = images.row(reference.registry, reference.repository)
    repository = repository_of(reference)
    found = tuple(_versions(reference, images)) if row else tuple(_near(repository, images))
    reason = f"no row for the repository {repository}"
    if row is not None:
        readable = read_tag(images.meant_tag(reference), row, images.shared.distributions) is not None
        reason = f"the tag {reference.tag} " + (
            "asks for a version without a row" if readable else "has a word that is not known"
        )
    return Answer(
        known=False,
        facts=(("decision", "unresolved"), ("because", reason)),
        data={"image": reference.text, "outcome": "unresolved", "reason": reason, "attributes": []},
        candidates=found,
        row=_suggestion(reference, images, found),
    )


def _suggestion(reference: ImageReference, images: BaseImages, found: tuple[Candidate, ...]) -> Row:
    """A row for a tag that is not understood, made of what `latest` is; for an unknown repository, what it may be like."""
    latest = images.lookup(replace(reference, tag="", digest=""))
    if latest is None:
        like = found[0].path if found else _LIKE_NOTHING
        meant = image_reference(f"{like}:{reference.tag}") if found and reference.tag else None
        tagged = like if meant is None or images.lookup(meant) else f"{like}:latest"
        return toml_row(IMAGES, repository_of(reference), tagged)
    number = next((word for word in reference.tag.split("-") if _NUMBER.fullmatch(word)), "")
    return image_row(replace(latest, reference=reference), images, number)


def _near(repository: str, images: BaseImages) -> Iterator[Candidate]:
    """Repositories whose name is near, that of their last part included."""
    names = images.repositories()
    last = repository.rpartition("/")[2]
    same = sorted((name for name in names if name.rpartition("/")[2] == last), key=len)
    for name in dict.fromkeys((*same, *difflib.get_close_matches(repository, names, 3, 0.7))):
        yield Candidate(path=name, why="is called so too", is_attribute=False)
