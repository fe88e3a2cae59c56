"""`npm run build` and its kin, behind `npm ci`, or yarn's: nixpkgs' builder and hooks (nixpkgs manual, "JavaScript")."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.builders.base import Built, Refusal, program_of, texts
from dock2nix.model.builds import NpmRecipe
from dock2nix.parse.manifests import read_package_json

if TYPE_CHECKING:
    from dock2nix.builders.base import Work
    from dock2nix.model.image import NodeModules
    from dock2nix.model.shell import Invocation

_RUNNERS = frozenset({"npm", "npx", "pnpm", "yarn"})
# Programs that a package of the same name brings, or one of another name.
_TOOLS = {"astro": "astro", "ng": "@angular/cli", "next": "next", "nest": "@nestjs/cli", "nuxt": "nuxt"}
_TOOLS |= {"react-scripts": "react-scripts", "tsc": "typescript", "vite": "vite", "vue-cli-service": ""}
_TOOLS |= {"webpack": "webpack", "rollup": "rollup", "esbuild": "esbuild", "tailwindcss": "tailwindcss"}
IN_PLACE = False
BY_TREE = False
BY_FOLDER = True
PROGRAMS = _RUNNERS | frozenset(_TOOLS)
_RUN = frozenset({"run", "run-script", "rum", "urn"})
_SHORT = frozenset({"build", "lint"})  # scripts that yarn and pnpm run by their name alone
_WITHOUT_MEANING = frozenset({"--silent", "-s", "--if-present", "--no-progress", "--offline"})
_PRODUCTION = frozenset({"--production", "--omit=dev", "--only=production", "--prod", "--only=prod"})


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The project whose node_modules the stage installs, and what is run in it."""
    if len(work.modules) != 1:
        return Refusal("which packages it builds with is not known", work.calls[0])
    modules = work.modules[0]
    folder = posixpath.dirname(modules.path)
    commands: list[tuple[str, ...]] = []
    prune = False
    for run in work.calls:
        words = texts(run.arguments)
        if words is None:
            return Refusal("a word of it cannot be known without running something", run)
        if run.directory != folder:
            return Refusal(f"it runs in {run.directory}, and node_modules are in {folder}", run)
        if program_of(run) in {"npm", "pnpm", "yarn"} and words[:1] == ["prune"]:
            prune = set(words[1:]) <= _PRODUCTION
            if not prune:
                return Refusal("what it leaves of node_modules is not known", run)
            continue
        if prune:
            return Refusal("it runs when part of node_modules is gone", run)
        command = _command(program_of(run), words, run, modules, work)
        if isinstance(command, Refusal):
            return command
        commands.append(command)
    recipe = NpmRecipe(modules=modules, commands=tuple(commands), prune=prune)
    return (Built(recipe=recipe, directory=folder),)


def _command(
    program: str, words: list[str], run: Invocation, modules: NodeModules, work: Work
) -> tuple[str, ...] | Refusal:
    """What runs instead: `npm run SCRIPT -- WORDS`, or a program of node_modules."""
    if program == "npx":
        named = [word for word in words if word not in {"--no-install", "--no", "-y", "--yes"}]
        return _program(named, run, modules, work)
    if program in _TOOLS:
        return _program([program, *words], run, modules, work)
    words = [word for word in words if word not in _WITHOUT_MEANING]
    if words[:1] and (words[0] in _RUN):
        return _script(words[1:], run, work, own=program == "npm")
    if words in (["test"], ["t"]):
        return _script(["test"], run, work, own=True)
    if program in {"pnpm", "yarn"} and words[:1] and words[0] in _SHORT:
        return _script(words, run, work, own=False)
    return Refusal(f"{' '.join([program, *words[:2]])} is not translated yet", run)


def _script(words: list[str], run: Invocation, work: Work, *, own: bool) -> tuple[str, ...] | Refusal:
    """A script of package.json; `own`: arguments for it stand behind `--`."""
    if not words or words[0].startswith("-"):
        return Refusal("which script it runs is not known", run)
    name, arguments = words[0], words[1:]
    if arguments[:1] == ["--"]:
        arguments = arguments[1:]
    elif arguments and own:
        return Refusal(f"its option {arguments[0]} is not translated yet", run)
    project = read_package_json(work.files.read(posixpath.join(run.directory or "/", "package.json")) or "")
    if project is None or name not in dict(project.scripts):
        return Refusal(f"package.json has no script {name}", run)
    return ("npm", "run", name, *(("--", *arguments) if arguments else ()))


def _program(
    words: list[str], run: Invocation, modules: NodeModules, work: Work
) -> tuple[str, ...] | Refusal:
    """A program of node_modules; one that they lack would be downloaded."""
    if not words or words[0].startswith("-"):
        return Refusal("which program it runs is not known", run)
    packages = {package.path for package in modules.packages if not package.elsewhere}
    if modules.awaited:
        project = read_package_json(
            work.files.read(posixpath.join(run.directory or "/", "package.json")) or ""
        )
        packages = {f"node_modules/{one.name}" for one in project.dependencies} if project else set()
    names = {words[0], _TOOLS.get(words[0], words[0])} - {""}
    if not {f"node_modules/{name}" for name in names} & packages:
        return Refusal(f"{words[0]} is in no package of the lock that has its name", run)
    return ("npx", "--no-install", *words)
