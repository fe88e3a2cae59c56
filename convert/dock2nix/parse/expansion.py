"""One instruction expanded in its scope, by the rules that BuildKit has for its keyword."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import ScopedInstruction
from dock2nix.model.finding import Finding, Severity
from dock2nix.parse.heredoc import heredoc_operator
from dock2nix.parse.lines import SPACE
from dock2nix.parse.mounts import csv_fields, csv_line, mount_fields, mount_problem
from dock2nix.parse.values import exposed_ports, is_file_mode, is_signal
from dock2nix.parse.variables import ExpansionError, expand, expand_words
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.model.dockerfile import Heredoc, Instruction
    from dock2nix.model.source import Location, SourceText
    from dock2nix.parse.scope import Environment, Scope

# BuildKit gives a RUN both spellings of these when --build-arg has one, declared or not.
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
# Arguments that steer the build and are no variables.
_NOT_VARIABLES = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})
_EXPANDED_FLAGS = frozenset({"chown", "chmod", "checksum"})
# Of all expanded arguments of a file together.
MAXIMUM_TOTAL = 50_000_000
MAXIMUM_FINDINGS = 1_000
_VARIABLE = regex(r"\$\{?(\w+)")


class Expander(Struct, kw_only=True):
    """Expands the instructions of one file.

    `build_arguments` are those of the command line, `global_arguments` what ARG before the first FROM and the platform give.
    """

    escape: str
    build_arguments: Mapping[str, str]
    global_arguments: Mapping[str, str | None]
    findings: list[Finding] = field(default_factory=list)
    total: int = 0

    def report(self, finding: Finding) -> None:
        """Keep a finding; of a file that is nothing but findings, the first thousand."""
        if len(self.findings) < MAXIMUM_FINDINGS:
            self.findings.append(finding)
        elif len(self.findings) == MAXIMUM_FINDINGS:
            message = f"more than {MAXIMUM_FINDINGS} findings: those from here on are left out"
            self.findings.append(Finding(code=finding.code, message=message, location=finding.location))

    def expand(self, instruction: Instruction, scope: Scope) -> ScopedInstruction:
        """The instruction as it acts in `scope`, which then goes on behind it.

        Raises:
            DockerfileError: BuildKit refuses to expand it, or what it expands to.

        """
        words = _Words(expander=self, instruction=instruction, environment=scope.environment)
        environment, names, shell = scope.environment, scope.environment_names, scope.shell
        if instruction.keyword == "ARG":
            arguments = words.declared(scope)
        else:
            arguments = _EXPANSIONS.get(instruction.keyword, _unchanged)(words)
        flags = tuple(words.flag(flag) for flag in instruction.flags)
        self._count(instruction, arguments)
        if instruction.keyword == "ENV":
            scope.set_variables(zip(arguments[::2], arguments[1::2], strict=True))
        elif instruction.keyword == "SHELL":
            scope.shell = arguments
        elif instruction.keyword == "RUN":
            environment = scope.with_variables(proxy_variables(self.build_arguments))
        return ScopedInstruction(
            instruction=instruction,
            arguments=arguments,
            flags=flags,
            environment=environment,
            environment_names=names,
            shell=shell,
        )

    def _count(self, instruction: Instruction, arguments: tuple[str, ...]) -> None:
        self.total += sum(map(len, arguments))
        if self.total > MAXIMUM_TOTAL:
            message = f"the expanded arguments are longer than {MAXIMUM_TOTAL} characters in all"
            raise refused(instruction.location, message)


def proxy_variables(build_arguments: Mapping[str, str]) -> dict[str, str]:
    """The variables that a proxy among the build arguments gives to every RUN."""
    given = {name.upper(): value for name, value in sorted(build_arguments.items())}
    return {spelling: given[name] for name in PROXIES if given.get(name) for spelling in (name, name.lower())}


def refused(location: Location, message: str) -> DockerfileError:
    """The error at the start of `location`."""
    return DockerfileError(message, path=location.path, line=location.line, column=location.column)


class _Words(Struct, kw_only=True):
    """The words of one instruction, in the environment where it stands."""

    expander: Expander
    instruction: Instruction
    environment: Environment
    reported: set[str] = field(default_factory=set)
    places: dict[str, Location] | None = None

    def place(self, text: str) -> Location:
        """Where `text` stands in the instruction; the instruction when that cannot be said."""
        return place_of(text, self.instruction.source) or self.instruction.location

    def refuse(self, word: str, message: str) -> DockerfileError:
        return refused(self.place(word), message)

    def word(self, word: str) -> str:
        try:
            expansion = expand(word, self.environment, escape=self.expander.escape)
        except ExpansionError as error:
            raise self.refuse(word, f"failed to process {word!r}: {error}") from None
        self.report(expansion.unset)
        return expansion.value

    def words(self) -> tuple[str, ...]:
        return tuple(self.word(word) for word in self.instruction.arguments)

    def ports(self) -> tuple[str, ...]:
        found: list[str] = []
        for word in self.instruction.arguments:
            self.word(word)
            split = expand_words(word, self.environment, escape=self.expander.escape)
            for port in split:
                try:
                    exposed_ports(port)
                except ValueError as error:
                    raise self.refuse(word, str(error)) from None
            found += split
        return tuple(found)

    def report(self, unset: tuple[str, ...], place: Location | None = None) -> None:
        for name in unset:
            if name not in self.reported:
                self.reported.add(name)
                where = place or self._first_uses().get(name, self.instruction.location)
                self.expander.report(self._unset(name, where))

    def _first_uses(self) -> dict[str, Location]:
        """Looked for once: an instruction may have thousands of words."""
        if self.places is None:
            self.places = variable_places(self.instruction.source)
        return self.places

    def _unset(self, name: str, where: Location) -> Finding:
        if name in self.environment:
            return unset_argument(name, where)
        if name in self.expander.global_arguments:
            message = f"{name} is declared before the first FROM only: it has no value in this stage"
            return Finding(
                code="D2N102", message=message, location=where, hint=f"add `ARG {name}` to the stage"
            )
        return undeclared_variable(name, where)

    def declared(self, scope: Scope) -> tuple[str, ...]:
        """ARG: every word in turn sees what those before it declared."""
        result: list[str] = []
        for word in self.instruction.arguments:
            name, sign, default = word.partition("=")
            value = self._argument_value(name, default if sign else None)
            if name not in _NOT_VARIABLES:
                scope.declare(name, value)
                self.environment = scope.environment
            result.append(name if value is None else f"{name}={value}")
        return tuple(result)

    def _argument_value(self, name: str, default: str | None) -> str | None:
        if name in self.expander.build_arguments:
            return self.expander.build_arguments[name]
        return self.expander.global_arguments.get(name) if default is None else self.word(default)

    def sources_and_destination(self) -> tuple[str, ...]:
        """ADD, COPY: a `<<EOF` among the sources stays; what its body uses is looked at."""
        *sources, destination = self.instruction.arguments
        opened = [_heredoc_name(source) if self.instruction.heredocs else None for source in sources]
        for heredoc in self.instruction.heredocs:
            if heredoc.expand and heredoc.name in opened:
                self._body(heredoc.source)
        result = (
            source if name is not None else self.word(source)
            for source, name in zip(sources, opened, strict=True)
        )
        arguments = (*result, self.word(destination))
        self._check_copy(arguments[:-1])
        return arguments

    def _body(self, body: SourceText) -> None:
        try:
            expansion = expand(body.text, self.environment, quotes=False)
        except ExpansionError as error:
            raise refused(body.locate(0, 0), f"failed to process the heredoc: {error}") from None
        places = variable_places(body)
        for name in expansion.unset:
            self.report((name,), places.get(name, self.instruction.location))

    def _check_copy(self, sources: tuple[str, ...]) -> None:
        urls = [source for source in sources if source.startswith(("http://", "https://"))]
        if urls and self.instruction.keyword == "COPY":
            raise refused(self.instruction.location, f"source can't be a URL for COPY: {urls[0]}")

    def flag(self, flag: str) -> str:
        """ADD and COPY expand three of their flags, RUN the values in --mount."""
        name, sign, value = flag.removeprefix("--").partition("=")
        if self.instruction.keyword == "RUN" and name == "mount":
            return f"--mount={self._mount(value)}"
        if self.instruction.keyword not in {"ADD", "COPY"} or name not in _EXPANDED_FLAGS or not sign:
            return flag
        expanded = self.word(value)
        if name == "chmod" and expanded and not is_file_mode(expanded):
            message = (
                f"invalid chmod parameter: {expanded!r}: expected an octal mode up to 07777 or a symbolic one"
            )
            raise refused(self.instruction.location, message)
        return f"--{name}={expanded}"

    def _mount(self, value: str) -> str:
        fields = (item.partition("=") for item in csv_fields(value))
        expanded = csv_line(tuple(f"{name}{sign}{self.word(text)}" for name, sign, text in fields))
        problem = mount_problem(mount_fields(expanded))
        if problem:
            raise refused(self.instruction.location, problem)
        return expanded


def copied_body(heredoc: Heredoc, environment: Mapping[str, str | None]) -> str:
    """What COPY or ADD writes for a heredoc: its body with the variables of the instruction's environment.

    Args:
        heredoc: one of the instruction's.
        environment: the instruction's.

    Returns:
        The content of the file; the body as it is when the heredoc's name was quoted.

    Raises:
        ExpansionError: a `${` in it that BuildKit refuses; `link_stages` has refused the file then.

    """
    return expand(heredoc.body, environment, quotes=False).value if heredoc.expand else heredoc.body


def _heredoc_name(word: str) -> str | None:
    try:
        operator = heredoc_operator(word)
    except ExpansionError:
        return None
    return operator.name if operator else None


# --- places and findings ---


def place_of(text: str, source: SourceText) -> Location | None:
    """Where `text` stands in `source`, if it stands there as it is: as a word, else as a part of one."""
    word = re.search(rf"(?<!\S){re.escape(text)}(?!\S)", source.text)
    at = word.start() if word else source.text.find(text)
    return source.locate(at, at + len(text)) if text and at >= 0 else None


def variable_places(source: SourceText) -> dict[str, Location]:
    """Where each variable is first used in a text: `$name` or `${name`."""
    uses: dict[str, re.Match[str]] = {}
    for match in _VARIABLE.finditer(source.text):
        uses.setdefault(match[1], match)
    return {name: source.locate(*match.span()) for name, match in islice(uses.items(), MAXIMUM_FINDINGS)}


def unset_argument(name: str, where: Location) -> Finding:
    """The finding for a build argument that nobody gave a value."""
    message = f"the build argument {name} has no value: it expands to nothing"
    hint = f"pass --build-arg {name}=VALUE, or give it a default: ARG {name}=VALUE"
    return Finding(code="D2N102", message=message, location=where, hint=hint)


def undeclared_variable(name: str, where: Location) -> Finding:
    """The finding for a variable that neither ARG nor ENV of the file declares."""
    message = f"neither ARG nor ENV sets {name} before this place: it expands to nothing, unless the base image sets it"
    return Finding(code="D2N102", message=message, location=where, severity_override=Severity.INFO)


# --- by keyword ---


def _unchanged(words: _Words) -> tuple[str, ...]:
    """CMD, ENTRYPOINT, HEALTHCHECK, MAINTAINER, ONBUILD, RUN, SHELL."""
    return words.instruction.arguments


def _stop_signal(words: _Words) -> tuple[str, ...]:
    arguments = words.words()
    if not is_signal(arguments[0]):
        message = f"invalid signal: {arguments[0]!r}: expected a name as SIGTERM or a number"
        raise words.refuse(words.instruction.arguments[0], message)
    return arguments


def _volume(words: _Words) -> tuple[str, ...]:
    arguments = tuple(words.word(word.strip(SPACE)) for word in words.instruction.arguments)
    if "" in arguments:
        raise refused(words.instruction.location, "VOLUME specified can not be an empty string")
    return arguments


_EXPANSIONS: dict[str, Callable[[_Words], tuple[str, ...]]] = {
    "ADD": _Words.sources_and_destination,
    "COPY": _Words.sources_and_destination,
    "ENV": _Words.words,
    "EXPOSE": _Words.ports,
    "LABEL": _Words.words,
    "STOPSIGNAL": _stop_signal,
    "USER": _Words.words,
    "VOLUME": _volume,
    "WORKDIR": _Words.words,
}
