"""Calls of dockerTools and of fetchers: their arguments, the image's configuration, their hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.regex import regex
from dock2nix.verify.syntax import bindings, bound_values, constant_string, dotted, is_set, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import tree_sitter

    from dock2nix.verify.fault import Fault
    from dock2nix.verify.names import Use
    from dock2nix.verify.syntax import NixFile

_IMAGE = frozenset(
    [
        "architecture",
        "compressor",
        "config",
        "created",
        "extraCommands",
        "fromImage",
        "gid",
        "includeNixDB",
        "meta",
        "name",
        "passthru",
        "tag",
        "uid",
    ]
)
_LAYERED = _IMAGE | frozenset(
    [
        "contents",
        "debug",
        "enableFakechroot",
        "fakeRootCommands",
        "gname",
        "includeStorePaths",
        "layeringPipeline",
        "maxLayers",
        "mtime",
        "uname",
    ]
)
# The arguments of each function of dockerTools, as nixpkgs has them: it refuses others. runAsRoot, which buildImage takes, needs
# a virtual machine and is never written.
DOCKER_TOOLS: Mapping[str, frozenset[str]] = {
    "buildImage": (_IMAGE - {"passthru"})
    | frozenset(
        [
            "buildVMMemorySize",
            "copyToRoot",
            "diskSize",
            "fromImageName",
            "fromImageTag",
            "keepContentsDirlinks",
        ]
    ),
    "buildLayeredImage": _LAYERED,
    "streamLayeredImage": _LAYERED - {"compressor"},
    "pullImage": frozenset(
        [
            "arch",
            "finalImageName",
            "finalImageTag",
            "hash",
            "imageDigest",
            "imageName",
            "name",
            "os",
            "outputHash",
            "outputHashAlgo",
            "sha256",
            "tlsVerify",
        ]
    ),
}

# The keys of an image's configuration (OCI image specification 1.1, and those of Docker's own), each with the form of its value.
# Nobody else checks them: a wrong one is without effect.
_LIST, _TEXT, _SET = "list_expression", "string_expression", "attrset_expression"
CONFIG_KEYS: Mapping[str, str] = {
    "ArgsEscaped": "",
    "Cmd": _LIST,
    "Domainname": _TEXT,
    "Entrypoint": _LIST,
    "Env": _LIST,
    "ExposedPorts": _SET,
    "Healthcheck": _SET,
    "Hostname": _TEXT,
    "Labels": _SET,
    "OnBuild": _LIST,
    "Shell": _LIST,
    "StopSignal": _TEXT,
    "StopTimeout": "",
    "User": _TEXT,
    "Volumes": _SET,
    "WorkingDir": _TEXT,
}
HEALTHCHECK_KEYS = frozenset({"Interval", "Retries", "StartInterval", "StartPeriod", "Test", "Timeout"})

# Functions that fetch, or that fetch on the way: the names of which one must be given.
_HASH = ("hash", "sha256", "sha512", "sha1", "outputHash")
HASHED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        [
            "fetchCargoVendor",
            "fetchFromBitbucket",
            "fetchFromCodeberg",
            "fetchFromGitHub",
            "fetchFromGitLab",
            "fetchFromGitea",
            "fetchFromSourcehut",
            "fetchNpmDeps",
            "fetchPypi",
            "fetchgit",
            "fetchsvn",
            "fetchurl",
            "fetchzip",
            "pullImage",
            "requireFile",
        ],
        _HASH,
    ),
    "buildGoModule": ("vendorHash",),
    "buildMavenPackage": ("mvnHash",),
    "buildNpmPackage": ("npmDepsHash", "npmDeps", "npmConfigHook"),
    "buildRustPackage": ("cargoHash", "cargoLock", "cargoDeps", "cargoVendorDir"),
}
_HASH_NAMES = frozenset({*_HASH, "vendorHash", "mvnHash", "npmDepsHash", "cargoHash", "imageDigest"})
_FAKE = frozenset({"fakeHash", "fakeSha256", "fakeSha512"})
# The lengths of digests in each form that Nix reads: SRI's base64, base 16 and base 32 (Nix manual, "Hashes").
_DIGEST = {
    "md5": (24, 32, 26),
    "sha1": (28, 40, 32),
    "sha256": (44, 64, 52),
    "sha512": (88, 128, 103),
}
_SRI = regex(r"(md5|sha1|sha256|sha512)-([A-Za-z0-9+/]+={0,2})")
_PREFIXED = regex(r"(md5|sha1|sha256|sha512):([a-z0-9]+)")
_PLAIN = regex(r"[a-z0-9]+")
# What the last figure of a digest may be: with 256 bits in 43 figures of six, two bits are left over, and must be zero.
_LAST = {"sha256": "AEIMQUYcgkosw048", "sha1": "AEIMQUYcgkosw048", "sha512": "AQgw", "md5": "AQgw"}


def call_faults(file: NixFile, uses: list[Use], *, unknown_hashes: bool) -> Iterator[Fault]:
    """What nixpkgs would refuse of a call, or take in silence and do something else.

    Args:
        file: the file.
        uses: its nodes.
        unknown_hashes: whether it was told that hashes are not known yet, so `lib.fakeHash` is in order.
    """
    for use in uses:
        if use.node.type == "apply_expression":
            yield from _call(file, use.node)
        elif use.node.type == "binding":
            yield from _hash(file, use.node, unknown_hashes=unknown_hashes)


def _call(file: NixFile, node: tree_sitter.Node) -> Iterator[Fault]:
    function, argument = node.child_by_field_name("function"), node.child_by_field_name("argument")
    names = dotted(function) if function is not None else ()
    if not names or argument is None:
        return
    argument = unwrapped(argument)
    if not is_set(argument):
        return
    if names[-2:-1] == ("dockerTools",) and names[-1] in DOCKER_TOOLS:
        yield from _docker_tools(file, argument, names[-1])
    if names[-1] in HASHED:
        yield from _unhashed(file, node, argument, names[-1])


def _docker_tools(file: NixFile, argument: tree_sitter.Node, function: str) -> Iterator[Fault]:
    for one in bindings(argument):
        name = one.path[0]
        if name is not None and name not in DOCKER_TOOLS[function]:
            yield file.fault(one.node, "D2N606", f"dockerTools.{function} takes no argument {name}")
        if name == "config":
            yield from _config(file, one.path[1:], one.value, one.node)


def _config(
    file: NixFile, path: tuple[str | None, ...], value: tree_sitter.Node | None, node: tree_sitter.Node
) -> Iterator[Fault]:
    if not path:
        if value is not None and is_set(value):
            for one in bindings(value):
                yield from _config(file, one.path, one.value, one.node)
        return
    key = path[0]
    if key is None:
        return
    if key not in CONFIG_KEYS:
        yield file.fault(node, "D2N607", f"{key} is no key of an image's configuration{_meant(key)}")
        return
    if len(path) == 1 and value is not None:
        yield from _form(file, key, value, node)
    if key == "Healthcheck":
        yield from _healthcheck(file, path, value, node)


def _meant(key: str) -> str:
    near = [name for name in CONFIG_KEYS if name.lower() == key.lower()]
    return f"; it is spelt {near[0]}" if near else ""


def _form(file: NixFile, key: str, value: tree_sitter.Node, node: tree_sitter.Node) -> Iterator[Fault]:
    """A value that is written out must have the form of its key; of one that is computed nothing is known."""
    written, wanted = unwrapped(value).type, CONFIG_KEYS[key]
    written = {"rec_attrset_expression": _SET, "indented_string_expression": _TEXT}.get(written, written)
    if wanted and written in {_LIST, _TEXT, _SET, "integer_expression"} and written != wanted:
        form = {_LIST: "a list", _TEXT: "a string", _SET: "an attribute set"}[wanted]
        yield file.fault(node, "D2N607", f"{key} must be {form}")


def _healthcheck(
    file: NixFile, path: tuple[str | None, ...], value: tree_sitter.Node | None, node: tree_sitter.Node
) -> Iterator[Fault]:
    keys = (
        [path[1]]
        if len(path) > 1
        else list(bound_values(value))
        if value is not None and is_set(value)
        else []
    )
    for key in keys:
        if key is not None and key not in HEALTHCHECK_KEYS:
            yield file.fault(node, "D2N607", f"{key} is no key of a Healthcheck")


def _unhashed(
    file: NixFile, node: tree_sitter.Node, argument: tree_sitter.Node, function: str
) -> Iterator[Fault]:
    given = bound_values(argument)
    if not any(name in given for name in HASHED[function]):
        yield file.fault(node, "D2N609", f"{function} is given no {HASHED[function][0]}")


def _hash(file: NixFile, node: tree_sitter.Node, *, unknown_hashes: bool) -> Iterator[Fault]:
    path, value = node.child_by_field_name("attrpath"), node.child_by_field_name("expression")
    name = (path.text or b"").decode(errors="replace") if path is not None else ""
    if name not in _HASH_NAMES or value is None:
        return
    text = constant_string(value)
    fake = text == "" or not _FAKE.isdisjoint(dotted(value)[-1:])
    if fake and not unknown_hashes:
        yield file.fault(node, "D2N609", f"{name} is not filled in")
    elif text and (wrong := hash_problem(text, name)):
        yield file.fault(node, "D2N610", f"{name}: {wrong}")


def hash_problem(text: str, name: str = "hash") -> str:
    """What is wrong with a hash, "" when it can be one.

    Args:
        text: as SRI (`sha256-…`), as `sha256:…`, or plain figures.
        name: of the argument that it is given as, which tells the kind of plain figures.
    """
    if found := _SRI.fullmatch(text):
        kind, digest = found[1], found[2]
        if len(digest) != _DIGEST[kind][0]:
            return f"{text} has {len(digest)} figures, and {kind} has {_DIGEST[kind][0]}"
        last = digest.rstrip("=")[-1:]
        return "" if last in _LAST[kind] else f"{text} does not end as a {kind} does"
    found = _PREFIXED.fullmatch(text)
    kind, digest = (found[1], found[2]) if found else (name if name in _DIGEST else "sha256", text)
    return "" if _PLAIN.fullmatch(digest) and len(digest) in _DIGEST[kind] else f"{text[:100]} is no hash"
