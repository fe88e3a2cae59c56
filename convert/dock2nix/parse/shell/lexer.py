"""Before the grammar: words, quotes, redirections and here-documents of shell text become marks of the same length.

What is left for the grammar to see is reserved words, control operators and runs of `x` (a word) and `zyy` (a redirection),
so that neither an odd quote nor a here-document nor a redirection in an unusual place can mislead it.
"""

from __future__ import annotations

import re

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.parse.shell.quoting import MOST_BRACKETS, Quoting
from dock2nix.parse.shell.syntax import HeredocSyntax, RedirectSyntax, ShellSyntaxError, Span
from dock2nix.regex import regex

_PLAIN = regex(r"[^ \t\r\n;&|<>()\\'\"`$]+")
_BLANKS = regex(r"(?:[ \t]|\r(?=\n)|\\\n)+")
_COMMENT = regex(r"#[^\n]*")
_CONTROL = regex(r";;&|;;|;&|&&|\|\||\|&|[;&|()]")
_REDIRECT = regex(
    r"(?P<descriptor>[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})?"
    r"(?P<operator><<<|<<-|<<|<&|<>|>>|>\||>&|<(?!\()|>(?!\())|(?P<both>&>>|&>)"
)
_FUNCTION = regex(r"[ \t]*\([ \t]*\)")
_ARRAY = regex(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_TIMED_GROUP = regex(r"(?:time|coproc)[ \t]+(?:-p[ \t]+)?(?=[({!]|(?:if|for|while|until|case|\[\[)\s)")
_OPENERS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "{"})
_CLOSERS = frozenset({"fi", "done", "}"})
_BRACKET_BREAKS = " \t\r\n&|<>()"


class Masked(Struct, kw_only=True):
    """The marked text and what the marks stand for, by offset.

    `redirects` by their start; `trailing` are the starts of redirections behind a compound command, by the offset behind it;
    `negations` hold where the `!` of a negated pipeline stands, by its start; `error` is where the text could not be read on.
    """

    text: str = ""
    redirects: dict[int, RedirectSyntax] = field(default_factory=dict)
    trailing: dict[int, list[int]] = field(default_factory=dict)
    negations: dict[int, int] = field(default_factory=dict)
    operators: int = 0
    error: ShellSyntaxError | None = None


def mask(text: str, dialect: str) -> Masked:
    """Mark words, redirections and here-documents of a script. Never raises: see `Masked.error`."""
    lexer = _Lexer(quoting(text), dialect)
    try:
        lexer.run()
    except ShellSyntaxError as error:
        lexer.give_up(error)
    lexer.masked.text = "".join(lexer.out)
    return lexer.masked


def words_in(text: str, span: Span, *, comments: bool) -> list[Span]:
    """The words between blanks and newlines in a part of `text`; operators and brackets count as words.

    Raises:
        ShellSyntaxError: a quote or bracket stays open.

    """
    lexer = _Lexer(quoting(text[: span.end]), "bash", at=span.start)
    words = []
    at = span.start
    while at < span.end:
        if blanks := _BLANKS.match(text, at, span.end):
            at = blanks.end()
        elif text[at] == "\n":
            at += 1
        elif comments and (comment := _COMMENT.match(text, at, span.end)) is not None:
            at = comment.end()
        else:
            words.append(Span(at, max(lexer.word_end(at), at + 1)))
            at = words[-1].end
    return words


def quoting(text: str) -> Quoting:
    """What finds the ends of quotes and expansions in `text`."""
    return Quoting(text, _end_of_commands)


def _end_of_commands(quoting: Quoting, at: int, level: int) -> int:
    return _Lexer(quoting, "bash", at=at, level=level, nested=True).run()


class _Lexer:
    """One pass over the text. `expect` says what the next word is: see `_word`."""

    def __init__(
        self, quoting: Quoting, dialect: str, *, at: int = 0, level: int = 0, nested: bool = False
    ) -> None:
        self.quoting = quoting
        self.text = quoting.text
        self.extended = dialect in {"bash", "ksh", "zsh"}
        self.at = at
        self.begun = at
        self.level = level
        self.nested = nested
        self.out: list[str] = []
        self.masked = Masked()
        self.expect = "command"
        self.closer = 0
        self.depth = 0
        self.cases = 0
        self.negated: int | None = None
        self.pending: list[int] = []

    def run(self) -> int:
        """Read to the end, or behind the closing bracket when nested."""
        while self.at < len(self.text):
            if self.nested and self.text[self.at] == ")" and not self.depth and self.expect != "pattern":
                return self.at + 1
            self._step()
        if self.nested:
            raise ShellSyntaxError("( without )", self.begun)
        return self.at

    def give_up(self, error: ShellSyntaxError) -> None:
        """The rest becomes one word, which is known to be wrong."""
        self.masked.error = ShellSyntaxError(error.reason, self.at)
        self.out.append("x" * (len(self.text) - self.at))

    def _emit(self, mark: str) -> None:
        self.out.append(mark)
        self.at += len(mark)

    def _blank(self, end: int) -> None:
        self._emit(" " * (end - self.at))

    def _step(self) -> None:
        if blanks := _BLANKS.match(self.text, self.at):
            self._blank(blanks.end())
        elif comment := _COMMENT.match(self.text, self.at):
            self._blank(comment.end())
        elif self.text[self.at] == "\n":
            self._newline()
        else:
            self._token()

    def _token(self) -> None:
        if self.negated is not None and self.text[self.at : self.at + 2] not in {"! ", "!\t"}:
            self.masked.negations[self.at] = self.negated
            self.negated = None
        if self.expect not in {"pattern", "case-subject"} and (found := _REDIRECT.match(self.text, self.at)):
            self._redirect(found)
        elif self.text.startswith("((", self.at) and self._double_parenthesis():
            return
        elif control := _CONTROL.match(self.text, self.at):
            self._control(control[0])
        else:
            self._word()

    # --- newlines and here-documents -----------------------------------------------------------------------------------

    def _newline(self) -> None:
        self._emit("\n")
        if self.expect in {"arguments", "after"}:
            self.expect = "command"
        for start in self.pending:
            self._heredoc_body(start)
        self.pending.clear()

    def _heredoc_body(self, start: int) -> None:
        redirect = self.masked.redirects[start]
        heredoc = redirect.heredoc
        if heredoc is None or self.at >= len(self.text):
            return
        begun, line = self.at, self.at
        while line < len(self.text):
            end = self.text.find("\n", line)
            end = len(self.text) if end < 0 else end
            content = self.text[line:end].removesuffix("\r")
            if (content.lstrip("\t") if heredoc.chomp else content) == heredoc.name:
                break
            line = min(end + 1, len(self.text))
        else:
            end = line
        body = replace(heredoc, body=Span(begun, line))
        self.masked.redirects[start] = replace(redirect, heredoc=body)
        self._blank(end)
        if self.at < len(self.text):
            self._emit("\n")

    # --- redirections --------------------------------------------------------------------------------------------------

    def _redirect(self, found: re.Match[str]) -> None:
        start = self.at
        behind = _BLANKS.match(self.text, found.end())
        target = Span(at := behind.end() if behind else found.end(), self.word_end(at))
        if target.start == target.end:
            raise ShellSyntaxError("a redirection without target", start)
        operator = found["operator"] or found["both"]
        digits = found["descriptor"] or ""
        self.masked.redirects[start] = RedirectSyntax(
            span=Span(start, target.end),
            operator=operator,
            descriptor=int(digits[:4]) if digits.isdecimal() else None,
            target=target,
            heredoc=self._heredoc(operator, target),
        )
        if operator in {"<<", "<<-"}:
            self.pending.append(start)
        if self.expect == "after":
            self.masked.trailing.setdefault(self.closer, []).append(start)
            self._blank(target.end)
        else:
            self._emit("z" + "y" * (target.end - start - 1))

    def _heredoc(self, operator: str, target: Span) -> HeredocSyntax | None:
        if operator not in {"<<", "<<-"}:
            return None
        written = self.text[target.start : target.end]
        name = re.sub(r"\\(.)|['\"]", r"\1", written.replace("\\\n", ""))
        return HeredocSyntax(name=name, expand=name == written, chomp=operator == "<<-")

    # --- control operators ---------------------------------------------------------------------------------------------

    def _control(self, operator: str) -> None:
        self.masked.operators += operator not in {";", "&&", "||"}
        self._emit(operator)
        if operator in {";;", ";&", ";;&"} and self.cases:
            self.expect = "pattern"
        elif operator == ")":
            self._closing()
        elif self.expect != "pattern":
            self.depth += operator == "("
            if self.depth > MOST_BRACKETS:
                raise ShellSyntaxError("nested too deeply", self.at)
            self.expect = "command"

    def _closing(self) -> None:
        if self.expect == "pattern":
            self.expect = "command"
        else:
            self.depth -= 1
            self._after()

    def _after(self) -> None:
        self.expect = "after"
        self.closer = self.at

    def _double_parenthesis(self) -> bool:
        """`(( … ))` as a command is one word; the header of a `for` keeps its brackets and semicolons."""
        if self.expect not in {"command", "after", "for-name"}:
            return False
        end = self.quoting.arithmetic(self.at, self.level)
        if end is None:
            return False
        if self.expect == "for-name":
            self._emit("((" + re.sub(r"[^;]", "x", self.text[self.at + 2 : end - 2]) + "))")
            self.expect = "command"
        else:
            self._emit("x" * (end - self.at))
            self.expect = "arguments"
        return True

    # --- words ---------------------------------------------------------------------------------------------------------

    def _word(self) -> None:
        end = self.word_end(self.at)
        word = self.text[self.at : end]
        match self.expect:
            case "command" | "after":
                self._command_word(word, end)
            case "for-name":
                self._mark(end, "for-in")
            case "for-in":
                self._loop_word(word, end)
            case "case-subject":
                self._mark(end, "case-in")
            case "case-in" if word == "in":
                self._keep(word, "pattern")
            case "pattern" if word == "esac":
                self._end_of_case(word)
            case "function-name":
                self._mark(end, "command")
            case _:
                self._mark(end, self.expect)

    def _mark(self, end: int, expect: str) -> None:
        if end == self.at:
            raise ShellSyntaxError(f"{self.text[end : end + 1]} where no command may stand", end)
        self._emit("x" * (end - self.at))
        self.expect = expect

    def _keep(self, word: str, expect: str) -> None:
        self._emit(word)
        self.expect = expect

    def _command_word(self, word: str, end: int) -> None:
        """The first word of a command: the only place where reserved words are."""
        if word in _OPENERS:
            self._keep(word, "command")
        elif word in _CLOSERS:
            self._emit(word)
            self._after()
        elif word == "!":
            self.negated = self.at if self.negated is None else None
            self._blank(end)
        elif word in {"for", "select"}:
            self._keep(word, "for-name")
        elif word == "case":
            self.cases += 1
            self._keep(word, "case-subject")
        elif word == "esac":
            self._end_of_case(word)
        elif word == "function":
            self._keep(word, "function-name")
        elif timed := _TIMED_GROUP.match(self.text, self.at):
            self._blank(timed.end())
        elif word == "[[":
            self._mark(self._end_of_brackets(end), "arguments")
        else:
            self._plain_command_word(end)

    def _plain_command_word(self, end: int) -> None:
        header = _FUNCTION.match(self.text, end)
        self._mark(end, "arguments")
        if header:
            self._keep(header[0], "command")
            self.masked.operators += 1

    def _loop_word(self, word: str, end: int) -> None:
        if word == "in":
            self._keep(word, "arguments")
        elif word == "do":  # `for x do`: the grammar wants a separator there
            if self.out and self.out[-1].isspace():
                self.out[-1] = self.out[-1][:-1] + ";"
            self._keep(word, "command")
        else:
            self._mark(end, "for-in")

    def _end_of_case(self, word: str) -> None:
        self.cases = max(0, self.cases - 1)
        self._emit(word)
        self._after()

    def _end_of_brackets(self, at: int) -> int:
        """Behind the `]]` of a `[[` that ends at `at`."""
        begun = at
        while at < len(self.text):
            if self.text[at] in _BRACKET_BREAKS:
                at += 1
                continue
            end = max(self.word_end(at), at + 1)
            if self.text[at:end] == "]]":
                return end
            at = end
        raise ShellSyntaxError("[[ without ]]", begun)

    def word_end(self, start: int) -> int:
        """Behind the word that starts at `start`; `start` itself when there is none."""
        at = start
        while at < len(self.text):
            plain = _PLAIN.match(self.text, at)
            at = plain.end() if plain else at
            character = self.text[at : at + 1]
            if character and character in "\\'\"`$":
                at = self.quoting.end(at, self.level)
            elif character and character in "(<>" and (end := self._bracket_in_word(start, at)):
                at = end
            elif not character or character in " \t\n\r;&|<>()":
                end_of_line = character == "\r" and not self.text.startswith("\r\n", at)
                if not end_of_line:
                    break
                at += 1
            else:
                at += 1
        return at

    def _bracket_in_word(self, start: int, at: int) -> int | None:
        """Behind a bracket that belongs to the word: an array, an extended pattern, `<( … )`."""
        if self.text[at] != "(":
            inside = self.text.startswith("(", at + 1)
            return self.quoting.substitution(at + 2, self.level) if inside else None
        glued = self.text[max(start, at - 1) : at]
        if _ARRAY.fullmatch(self.text, start, min(at, start + 200)) or (
            self.extended and glued and glued in "?*+@!"
        ):
            return self._matching_bracket(at)
        return None

    def _matching_bracket(self, at: int) -> int:
        begun, depth = at, 0
        while at < len(self.text):
            character = self.text[at]
            depth += (character == "(") - (character == ")")
            at = self.quoting.end(at, self.level + 1)
            if not depth:
                return at
        raise ShellSyntaxError("( without )", begun)
