"""What runs verbatim while the image is made: in the image as its root folder, with the Dockerfile's variables, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import (
    Interpolated,
    NixExpression,
    ShellCode,
    ShellLine,
    Text,
    nix_string,
    to_nix,
)
from dock2nix.emit.flake import inherited_arguments
from dock2nix.model.image import RunScript
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dock2nix.model.plan import ImagePlan

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LONGEST_ON_A_LINE = 160
_STORED = regex(r"@([A-Za-z_][A-Za-z0-9_.'-]*)@")
_OFFLINE = """\
# offline NAME=VALUE... COMMAND...: with the variables of the Dockerfile alone. Nix builds have no network. All files have one date,
# as later in the image: gzip, zip and Python write dates down. Python orders sets by chance, if it may.
offline() {
  found -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 \\
    %s"$@"
}
# found EXPRESSION...: find, in the image.
found() {
  find / \\( -path /dev -o -path /nix -o -path /proc -o -path /sys \\) -prune -o "$@"
}
"""
_FAKEROOT = """FAKEROOTKEY="${FAKEROOTKEY-}" LD_LIBRARY_PATH="${LD_LIBRARY_PATH-}" LD_PRELOAD="${LD_PRELOAD-}" \\
    """
_OWNED = """\
# owned USER COMMAND...: what the command makes belongs to the user, though it runs as root does.
owned() {
  found -printf '%i %p\\0' | LC_ALL=C sort -z > /tmp/.before
  "${@:2}"
  found -printf '%i %p\\0' | LC_ALL=C sort -z | LC_ALL=C comm -z -13 /tmp/.before - | cut -z -d ' ' -f 2- |
    xargs -0 -r chown -h "$1"
  rm -f /tmp/.before
}
"""


def helper_file(plan: ImagePlan) -> NixExpression | None:
    """The shell functions that the scripts of a plan are run by, as a file in the store; None when there are no scripts.

    Programs of an old nixpkgs, or of a published base image, have a C library that fakeroot's is too new for: then they run
    without it, and cannot give files to others.
    """
    scripts = [effect for effect in plan.effects if isinstance(effect, RunScript)]
    if not scripts:
        return None
    text = _OFFLINE % (_FAKEROOT if len(plan.inputs) == 1 and plan.kept is None else "")
    text += _OWNED if any(effect.user for effect in scripts) else ""
    return NixExpression(f"pkgs.writeText {nix_string('verbatim.sh')} {to_nix(Text(text))}")


def tools_binding(plan: ImagePlan) -> NixExpression | None:
    """What `buildPackages` stands for: the packages for building only, when a script needs one of them."""
    if not any(isinstance(effect, RunScript) and effect.tools for effect in plan.effects):
        return None
    return NixExpression(f"import ./build-packages.nix {inherited_arguments(plan)}")


def stored_packages(plan: ImagePlan) -> Mapping[str, str]:
    """The packages whose store paths stand in variables of the image as `@attribute@`, each with the set that it is in."""
    return {
        str(part): variable.source or "pkgs"
        for variable in plan.environment
        for part in variable.parts
        if isinstance(part, AttributePath)
    }


def script_environment(effect: RunScript, stored: Mapping[str, str]) -> str:
    """The variables of a script as Nix text: words for the shell, sorted by name.

    Args:
        effect: the script.
        stored: see `stored_packages`.
    """
    variables = {"HOME": effect.home or "/root", "PATH": _PATH} | dict(effect.environment)
    items: list[str | Interpolated] = []
    for name, value in sorted(variables.items()):
        parts = [*_with_packages(f"{name}={value}", stored)]
        if name == "PATH" and effect.tools:
            parts += [":", NixExpression("lib.makeBinPath buildPackages")]
        plain = "".join(part for part in parts if isinstance(part, str))
        items.append(plain if len(parts) == 1 else Interpolated(tuple(parts)))
    return f"lib.escapeShellArgs {to_nix(tuple(items))}"


def _with_packages(text: str, stored: Mapping[str, str]) -> Iterator[str | NixExpression]:
    """`@jdk17@/bin` to its parts; what no variable of the image has is text."""
    last = 0
    for found in _STORED.finditer(text):
        if found[1] in stored:
            yield text[last : found.start()]
            yield NixExpression(f"{stored[found[1]]}.{found[1]}")
            last = found.end()
    yield text[last:]


def script_line(
    effect: RunScript,
    environment: NixExpression,
    bind: Callable[[object], NixExpression],
    owner_code: str = "{0}",
) -> ShellLine:
    """The line that runs a script.

    Args:
        effect: the script.
        environment: the name of its variables.
        bind: gives a name to a file in the store; long texts go there.
        owner_code: shell text that gives the owner of what it makes, with `{0}` for his name.
    """
    text = "\n".join((*effect.before, effect.script))
    shell: tuple[str, ...] = effect.shell
    script: str | Interpolated = text
    if "\n" in text or "'" in text or len(text) > _LONGEST_ON_A_LINE:
        value = NixExpression(f"pkgs.writeText {nix_string('script.sh')} {to_nix(Text(text + chr(10)))}")
        script, shell = Interpolated((bind(value),)), _reading_files(shell)
    folder = effect.directory.lstrip("/") or "."
    owner = (ShellCode(f"owned {owner_code}", (effect.user,)),) if effect.user else ()
    end = ShellCode(") || true" if effect.may_fail else ")", ())
    start = ShellCode("(cd {0} &&", (f"./{folder}" if folder.startswith("-") else folder,))
    return ShellLine(
        (start, *owner, ShellCode("offline", ()), Interpolated((environment,)), *shell, script, end)
    )


def _reading_files(shell: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a shell that is given a file in place of a text: `-ec` is `-e` then."""
    *others, last = shell
    option = last.replace("c", "", 1)
    return (*others, option) if option != "-" else tuple(others)
