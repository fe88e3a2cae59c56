"""Which interpreter the packages of a language are installed into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.base import Setting
from dock2nix.model.packages import AttributePath, NixpkgsPackage, Origin, Unresolved
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import Resolution

_PYTHON = regex(r"python3\d*")
_INTERPRETER = regex(
    r"(?P<python>python3\d*)(?:Packages\..+)?|(?P<nodejs>nodejs(?:-slim)?(?:_\d+)?)|(?P<php>php\d*)(?:(?:Extensions)?\..+)?"
)

# What a package that names no version stands for (php-pear): one that does goes before.
_ANY_PHP = "php"


def setting_of(base: BaseImage | None) -> Setting:
    """Where packages are asked for in an image that stands on `base`, before anything is installed; None for an unknown one."""
    if base is None:
        return Setting()
    return Setting(
        interpreter=base.interpreter,
        language=base.language,
        distribution=base.distribution,
        release=base.release,
        channel=base.channel,
        own=base.interpreter is not None,
    )


def with_interpreter(setting: Setting, resolutions: tuple[Resolution, ...]) -> Setting:
    """The setting behind an installation: `apt-get install python3` gives a stage without one the interpreter of pip.

    So does a package of Python (`python3-pip`): it brings its interpreter along. PHP counts until there is one of the others.
    """
    if setting.interpreter is not None and (setting.own or setting.language != "php"):
        return setting
    for resolution in resolutions:
        if isinstance(resolution, NixpkgsPackage) and (
            found := _INTERPRETER.fullmatch(resolution.attribute_path)
        ):
            language = next(name for name in ("python", "nodejs", "php") if found[name])
            if language == setting.language and setting.interpreter != _ANY_PHP:
                continue
            return replace(setting, interpreter=AttributePath(found[language]), language=language)
    return setting


def without_second(setting: Setting, resolutions: tuple[Resolution, ...]) -> tuple[Resolution, ...]:
    """The resolutions, less another Python beside the one that the base image is about: their files have the same names."""
    if not setting.own or setting.language != "python":
        return resolutions
    return tuple(_first_only(setting, one) for one in resolutions)


def _first_only(setting: Setting, resolution: Resolution) -> Resolution:
    if not isinstance(resolution, NixpkgsPackage) or resolution.origin is Origin.OVERRIDE:
        return resolution
    path = resolution.attribute_path
    if path == setting.interpreter or not _PYTHON.fullmatch(path):
        return resolution
    reason = f"the image has a Python of its own, {setting.interpreter}: {path} has files of the same names"
    return Unresolved(requirement=resolution.requirement, reason=reason, candidates=(path,), elsewhere=False)
