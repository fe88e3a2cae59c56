"""npm: packages of the registry by name, and projects by package.json."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.arguments import option_names, read_command_line, verb_table, without_password
from dock2nix.managers.base import called_as
from dock2nix.managers.node_words import RISKS, read_node_install, read_node_removal
from dock2nix.managers.resolution import Question, curated, package, unresolved
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import Action, InstallStep, LockedArtifact, NotNeeded, Origin

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute, Catalogue
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles, Problem, Setting
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import LockedPackage, Requirement, Resolution
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "npm"
PROGRAMS = frozenset({"npm", "npx"})
LOCKS = ("npm-shrinkwrap.json", "package-lock.json")

# npm's own definitions of its options (`npm help config`) that are no switches.
_VALUED = option_names(
    """
    -C --prefix -L --location -w --workspace --registry --reg --cache --loglevel --omit --include --only
    --also --tag --install-strategy --before --enjoy-by --min-release-age --min-release-age-exclude
    --cpu --os --libc --allow-scripts --allow-directory --allow-file --allow-git --allow-remote --access
    --audit-level --auth-type --ca --cafile --cert --key --cache-max --cache-min -c --call --depth
    --diff --editor --fetch-retries --fetch-retry-factor --fetch-retry-maxtimeout
    --fetch-retry-mintimeout --fetch-timeout --git --globalconfig --https-proxy --proxy --noproxy
    --local-address --logs-dir --logs-max --maxsockets -m --message --node-gyp --node-options --otp
    --pack-destination --package --preid --save-prefix --replace-registry-host --script-shell --shell
    --scope --sbom-format --umask --user --group --target --arch --userconfig --user-agent --viewer
    --which --nodedir --target-arch --dist-url --disturl --build-from --python --lockfile-version
    """
)

_LATER = "the versions are those of the pinned nixpkgs"
_SCRIPT = "a build or a script of the project, which is not translated yet"
_PROJECT = "changes the project's own files"
_VERBS = verb_table(
    (
        (
            "install | add | i | in | ins | inst | insta | instal | isnt | isnta | isntal | isntall | ci | "
            "clean-install | ic | install-clean | isntall-clean"
        ),
        Action.INSTALL,
        "",
    ),
    ("uninstall | unlink | remove | rm | r | un", Action.REMOVE, ""),
    ("update | up | upgrade | udpate", Action.NOTHING, _LATER),
    (
        (
            "run | run-script | rum | urn | build | test | t | tst | start | stop | restart | rebuild | rb | "
            "install-test | it | install-ci-test | cit | sit | pack | publish | link | ln | prune | dedupe | "
            "ddp | explore"
        ),
        Action.OTHER,
        _SCRIPT,
    ),
    ("exec | x", Action.OTHER, "downloads a package and runs it"),
    ("init | create | innit | pkg | set-script | shrinkwrap | version", Action.OTHER, _PROJECT),
    ("config | c | set | get", Action.NOTHING, "npm's configuration has no meaning: packages come by hash"),
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    (
        (
            " | audit | bin | bugs | completion | docs | doctor | explain | find-dupes | fund | help | info | "
            "la | list | ll | ls | outdated | ping | prefix | query | repo | root | sbom | search | show | v | "
            "view | whoami | why"
        ),
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
)
# Attributes of nixpkgs by the major version of the program.
_MANAGERS: dict[str, dict[str, str]] = {
    "npm": {},
    "pnpm": {"8": "pnpm_8", "9": "pnpm_9"},
    "yarn": {"2": "yarn-berry_3", "3": "yarn-berry_3", "4": "yarn-berry"},
}
CLEAN_INSTALL = frozenset({"ci", "clean-install", "ic", "install-clean", "isntall-clean"})


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of npm or npx asks for (npm-install(1), npm-ci(1))."""
    program, words = called_as(invocation)
    if program == "npx":
        return InstallStep(manager=NAME, action=Action.OTHER, reason="downloads a package and runs it")
    line = read_command_line(words, _VALUED, booleans=True)
    action, reason = _meaning(line)
    everywhere = _is_global(line)
    if action is Action.INSTALL:
        names = replace(line, operands=()) if line.verb in CLEAN_INSTALL else line
        folder = "" if everywhere else line.last("-C", "--prefix")
        step = read_node_install(names, invocation, location, files, locks=LOCKS, folder=folder)
        return replace(step, everywhere=everywhere)
    if action is Action.REMOVE:
        return replace(read_node_removal(line), everywhere=everywhere)
    return InstallStep(
        manager=NAME, action=action, reason=reason, problems=config_problems(line), options=line.kept
    )


def _meaning(line: CommandLine) -> tuple[Action, str]:
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"npm {line.verb} has no translation"))
    if (line.verb == "audit" and line.operands) or (reason == _LATER and not _is_global(line)):
        return Action.OTHER, _PROJECT
    if action is Action.INSTALL and line.has("--dry-run"):
        return Action.NOTHING, "only shows what would be done"
    if action is Action.INSTALL and line.has("--package-lock-only"):
        return Action.OTHER, "writes the lock file"
    return action, reason


def _is_global(line: CommandLine) -> bool:
    return line.has("-g", "--global") or line.last("-L", "--location") == "global"


def config_problems(line: CommandLine) -> tuple[Problem, ...]:
    """`npm config set registry ADDRESS` and `npm config set strict-ssl false`."""
    text = " ".join(word.value if word.value is not None else word.text for word in line.operands)
    words = text.replace("=", " ").split()
    words = words[1:] if words[:1] == ["set"] else words
    if line.verb not in {"config", "c", "set"} or len(words) < 2:
        return ()
    key, value = words[0].rpartition(":")[2], words[1]
    risk = {"registry": "--registry", "strict-ssl": "--no-strict-ssl"}.get(key)
    if risk is None or (key == "strict-ssl" and value != "false"):
        return ()
    code, message, hint = RISKS[risk]
    return ((code, message.replace("{}", f"{key}={without_password(value)}"), hint),)


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """What stands for an npm package: a curated row, or an attribute that holds the module and is called like it.

    A bare name is never taken: `less` and `sass` are other programs in nixpkgs.
    """
    question = Question(
        requirement=requirement, name=requirement.name, table=NAME, catalogue=catalogue, setting=setting
    )
    if requirement.origin and requirement.name in _MANAGERS:
        # `packageManager` of package.json: corepack installs that one
        return _manager(question) or curated(question)
    if requirement.origin:
        reason = f"comes with {requirement.origin.partition(':')[0]}, whose installation is not translated"
        return (unresolved(question, reason),)
    if requirement.url:
        reason = f"a direct reference ({requirement.url}): it is fetched without a hash"
        return (unresolved(question, reason, _module_providers(question)),)
    found = curated(question) or _module(question)
    if found:
        return found
    reason = (
        f"mappings/npm.toml has no row for {requirement.name}, and no attribute of nixpkgs is that package"
    )
    return (unresolved(question, reason, _module_providers(question)),)


def _manager(question: Question) -> tuple[Resolution, ...]:
    """A package manager whose lock only its own major version reads; nothing when nixpkgs has no attribute for that one."""
    major = question.requirement.specifier.lstrip("@^~=v").partition(".")[0]
    path = _MANAGERS[question.name].get(major, "")
    if not path or question.catalogue.attribute(path) is None:
        return ()
    evidence = f"package.json pins {question.name} {major}, and {path} is that one"
    return (package(question, path, origin=Origin.PROVIDER, evidence=evidence),)


def resolve_locked(requirement: Requirement, effects: tuple[Effect, ...]) -> tuple[Resolution, ...]:
    """What stands for a dependency of package.json: the package that the project's lock has under its name.

    Args:
        requirement: one whose `origin` is `package.json:NAME`.
        effects: of the command that installs the project.

    Returns:
        Nothing when the command makes no node_modules that could have it.
    """
    for effect in effects:
        if (
            not isinstance(effect, NodeModules)
            or requirement.origin != f"{effect.manifest}:{requirement.name}"
        ):
            continue
        for locked in effect.packages:
            if locked.path == f"node_modules/{requirement.name}":
                return (_locked(requirement, locked, effect),)
    return ()


def _locked(requirement: Requirement, locked: LockedPackage, effect: NodeModules) -> Resolution:
    if locked.elsewhere:
        return NotNeeded(
            requirement=requirement, reason="is for other operating systems", origin=Origin.LOCK_FILE
        )
    return LockedArtifact(
        requirement=requirement,
        url=locked.url,
        hash=locked.hash,
        version=locked.version,
        evidence=effect.lock,
    )


def _module_providers(question: Question) -> tuple[str, ...]:
    providers = question.catalogue.providers("node", question.name) if question.name else ()
    return tuple(dict.fromkeys(provider.path for provider in providers))[:3]


def _module(question: Question) -> tuple[Resolution, ...]:
    for provider in question.catalogue.providers("node", question.name):
        known = question.catalogue.attribute(provider.path)
        if "." in provider.path or known is None or not _is_called_like(known, question.name):
            continue
        where = f"lib/node_modules/{question.name}"
        return (
            package(
                question, provider.path, origin=Origin.PROVIDER, evidence=f"{provider.path} holds {where}"
            ),
        )
    return ()


def _is_called_like(known: Attribute, name: str) -> bool:
    """Many programs carry modules with them; the one that is the module has its name or its command."""
    bare = name.rpartition("/")[2]
    spellings = {_joined(name), _joined(bare)}
    return bare in known.programs or _joined(known.pname) in spellings or _joined(known.path) in spellings


def _joined(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
