"""A base image as a row of `[base-images]` that gives the same image again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.catalogue.image_rows import ConfigPart, Part
from dock2nix.catalogue.image_tables import read_row
from dock2nix.catalogue.image_tags import read_tag
from dock2nix.catalogue.overrides import IMAGES
from dock2nix.cli.answers import Row
from dock2nix.cli.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from dock2nix.catalogue.base_images import BaseImages
    from dock2nix.model.image import BaseImage

_CONFIG = (
    ("entrypoint", "entrypoint"),
    ("cmd", "cmd"),
    ("working_dir", "workdir"),
    ("user", "user"),
    ("exposed_ports", "ports"),
    ("volumes", "volumes"),
    ("stop_signal", "stop-signal"),
)


def image_row(image: BaseImage, images: BaseImages, number: str = "") -> Row:
    """The row for the image's repository, for its tag alone.

    Args:
        image: what is known of it.
        images: for what its distribution brings by itself.
        number: the version in the tag, where the row that ships with dock2nix does not understand it.
    """
    reference = image.reference
    repository = "/".join(part for part in (reference.registry, reference.repository) if part)
    row = _plain(image, images, number)
    row["words"] = _words(image, row, images)
    config = row.pop("config")
    header = f"{IMAGES}.{toml_key(repository)}"
    lines = [
        f"[{header}]",
        *(f"{toml_key(key)} = {toml_value(value)}" for key, value in row.items() if value),
    ]
    if isinstance(config, dict) and config:
        lines += [f"[{header}.config]", *(f"{key} = {toml_value(value)}" for key, value in config.items())]
    return Row(table="", text="\n".join(lines))


def _plain(image: BaseImage, images: BaseImages, number: str) -> dict[str, object]:
    """The row as plain data, without the words of the tag."""
    base = _distribution_part(image, images)
    version = _version(image, images, number)
    own = {path for path in image.packages if path not in _packages(base, images)}
    listed = set(version.get("packages", ()))
    row: dict[str, object] = {
        "evidence": image.evidence,
        "distribution": image.distribution,
        "release": image.release,
        "release-tags": _has_release_tags(image, images),
        "language": image.language,
        "packages": sorted(own - listed),
        "unfree": list(image.unfree),
        "users": [
            f"{user.name}:x:{user.uid}:{user.gid}:{user.comment}:{user.home}:{user.shell}"
            for user in image.users
            if user not in base.users
        ],
        "groups": [
            f"{group.name}:x:{group.gid}:{','.join(group.members)}"
            for group in image.groups
            if group not in base.groups
        ],
        "config": _config(image, base.config),
    }
    if version:
        number = version.pop("number")
        row |= {
            "default": number,
            "versions": {number: version if "channel" in version else version["packages"]},
        }
    return row


def _distribution_part(image: BaseImage, images: BaseImages) -> Part:
    found = images.shared.distributions.get(image.distribution)
    return found.part if found else Part()


def _packages(part: Part, images: BaseImages) -> set[str]:
    return {*part.packages, *(path for name in part.sets for path in images.shared.sets[name])}


def _has_release_tags(image: BaseImage, images: BaseImages) -> bool:
    row = images.row(image.reference.registry, image.reference.repository)
    return row is not None and row.release_tags


def _version(image: BaseImage, images: BaseImages, asked: str) -> dict[str, Any]:
    """Number, packages and channel of the version that the tag means; empty when the repository has none."""
    reference = image.reference
    row = images.row(reference.registry, reference.repository)
    if row is None or not row.versions.entries:
        return {}
    number = (
        asked or images.asked_version(reference) or row.versions.default or next(iter(row.versions.entries))
    )
    first = [image.interpreter] if image.interpreter else []
    return {"number": number, "packages": [str(path) for path in first]} | (
        {"channel": image.channel} if image.channel else {}
    )


def _config(image: BaseImage, base: ConfigPart) -> dict[str, object]:
    """What the image's configuration says that its distribution's does not."""
    config: dict[str, object] = {}
    env = {name: value for name, value in image.config.env if dict(base.env).get(name) != value}
    if env:
        config["env"] = env
    for field, key in _CONFIG:
        value, given = getattr(image.config, field), getattr(base, field)
        if (value or None) != (given or None):
            config[key] = value if isinstance(value, str) else list(value or ())
    return config


def _words(image: BaseImage, row: dict[str, object], images: BaseImages) -> list[str]:
    """The words of the tag that nobody else knows."""
    words: list[str] = []
    before: list[str] = []
    for word in filter(None, image.reference.tag.split("-")):
        before.append(word)
        read = read_row(row | {"words": words}, "")
        if read_tag("-".join(before), read, images.shared.distributions) is None:
            words.append(word)
    return words
