"""The attribute paths in the text of a flake, looked up in what the pinned nixpkgs has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import LanguageEnvironment, PackageEntry
from dock2nix.verify.syntax import attribute_names, dotted, text_of, unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import tree_sitter

    from dock2nix.model.plan import ImagePlan
    from dock2nix.verify.fault import Fault
    from dock2nix.verify.names import Use
    from dock2nix.verify.syntax import NixFile

# What nixpkgs' top level has besides packages, as far as flakes of ours call it.
FUNCTIONS = frozenset(
    """
    addDriverRunpath appimageTools applyPatches autoPatchelfHook buildDotnetModule buildEnv buildFHSEnv buildGo buildGoModule
    buildMavenPackage buildNpmPackage buildPackages bundlerApp bundlerEnv callPackage closureInfo copyPathToStore dockerTools
    emptyDirectory emptyFile fakeNss fetchCargoVendor fetchFromBitbucket fetchFromCodeberg fetchFromGitHub fetchFromGitLab
    fetchFromGitea fetchFromSourcehut fetchNpmDeps fetchPypi fetchPnpmDeps fetchYarnDeps fetchgit fetchpatch fetchsvn fetchurl
    fetchzip fixup_yarn_lock formats importCargoLock importNpmLock installShellFiles lib linkFarm linkFarmFromDrvs makeSetupHook
    makeWrapper makeBinaryWrapper mkShell mkShellNoCC npmHooks patchRcPathBash pnpmConfigHook python3Packages requireFile
    runCommand runCommandCC runCommandLocal rustPlatform srcOnly stdenv stdenvNoCC symlinkJoin testers testVersion
    unzip windows wrapGAppsHook3 writeReferencesToFile writeScript writeScriptBin writeShellApplication writeShellScript
    writeShellScriptBin writeText writeTextDir writeTextFile yarnBuildHook yarnConfigHook yarnInstallHook zip
    """.split()  # noqa: SIM905 - words in lines, not one a line
)  # fmt: skip
# What packages have besides their outputs, and is called or read in text of ours.
_PASSED = frozenset(
    """
    buildEnv cc extensions fetchers interpreter lib libPrefix meta name out outPath override overrideAttrs overridePythonAttrs
    passthru pkgs pname pythonVersion sitePackages src stdenv version with withExtensions withPackages
    buildNpmPackage buildGoModule buildRustPackage buildMavenPackage fetchDeps fetchYarnBerryDeps libc bintools mkComposerVendor
    yarnBerryConfigHook
    """.split()  # noqa: SIM905 - words in lines, not one a line
)  # fmt: skip


class Packages(Protocol):
    """What is known of the nixpkgs that a flake pins."""

    def outputs(self, path: str) -> tuple[str, ...] | None:
        """The outputs of the package at an attribute path, None when there is no package; () when they are not known."""
        ...


def attribute_faults(file: NixFile, uses: list[Use], packages: Packages) -> Iterator[Fault]:
    """Packages that the pinned nixpkgs does not have, and outputs that they do not have.

    Args:
        file: a file of nix/, where `pkgs` is the pinned nixpkgs.
        uses: its nodes.
        packages: what that has.
    """
    for use in uses:
        node = use.node
        if node.type == "select_expression" and (path := dotted(node))[:1] == ("pkgs",):
            yield from _missing(file, node, path[1:], packages)
        elif node.type == "inherit_from":
            source, names = node.child_by_field_name("expression"), node.child_by_field_name("attrs")
            if source is not None and names is not None and dotted(source) == ("pkgs",):
                for name in attribute_names(names):
                    yield from _missing(file, node, (name or "",), packages)
        elif node.type == "apply_expression":
            yield from _modules(file, node, packages)


def _missing(
    file: NixFile, node: tree_sitter.Node, path: tuple[str, ...], packages: Packages
) -> Iterator[Fault]:
    if path[0] in FUNCTIONS:
        return
    for count in range(len(path), 0, -1):
        outputs = packages.outputs(_written(path[:count]))
        if outputs is None:
            continue
        rest = path[count:]
        if rest and outputs and rest[0] not in outputs and rest[0] not in _PASSED:
            name = _written(path[:count])
            yield file.fault(node, "D2N605", f"{name} has no output {rest[0]} ({', '.join(outputs)})")
        return
    yield file.fault(node, "D2N605", f"the pinned nixpkgs has no {_written(path)}")


def _written(path: tuple[str, ...]) -> str:
    return ".".join(path)


def _modules(file: NixFile, node: tree_sitter.Node, packages: Packages) -> Iterator[Fault]:
    """`pkgs.python313.withPackages (ps: [ ps.flask ])`: modules are looked up in sets that the index has."""
    function, argument = node.child_by_field_name("function"), node.child_by_field_name("argument")
    names = dotted(function) if function is not None else ()
    if names[:1] != ("pkgs",) or names[2:] != ("withPackages",) or argument is None:
        return
    modules, lambda_ = f"{names[1]}Packages", unwrapped(argument)
    parameter, body = lambda_.child_by_field_name("universal"), lambda_.child_by_field_name("body")
    if parameter is None or body is None or packages.outputs(f"{modules}.pip") is None:
        return
    for element in body.children_by_field_name("element"):
        path = dotted(element)
        if path[:1] == (text_of(parameter),):
            yield from _missing(file, element, (modules, *path[1:]), packages)


def plan_attributes(plan: ImagePlan) -> frozenset[str]:
    """The attribute paths that a plan takes from nixpkgs: resolution has looked them up, or the user answers for them."""
    entries = [entry for section in (*plan.sections, *plan.build_sections) for entry in section.entries]
    packages = [
        entry.attribute_path for entry in entries if isinstance(entry, PackageEntry) and not entry.source
    ]
    interpreters = [entry.interpreter for entry in entries if isinstance(entry, LanguageEnvironment)]
    if plan.python is not None:
        interpreters.append(plan.python.interpreter)
    variables = [part for one in plan.environment for part in one.parts if isinstance(part, AttributePath)]
    return frozenset(str(path) for path in (*packages, *interpreters, *variables))


class IndexedPackages:
    """Answers from the package index, and from what was vouched for otherwise.

    Args:
        outputs: the index's answer: outputs of the package at a path, None when it has none.
        vouched: attribute paths that the index cannot know and the user, or a curated row, answers for.
    """

    def __init__(
        self, outputs: Callable[[str], tuple[str, ...] | None], vouched: Callable[[], frozenset[str]]
    ) -> None:
        self._outputs = outputs
        self._vouched = vouched

    def outputs(self, path: str) -> tuple[str, ...] | None:
        """As `Packages` says; nothing is known of the outputs of what was only vouched for."""
        found = self._outputs(path)
        return found if found is not None else () if path in self._vouched() else None
