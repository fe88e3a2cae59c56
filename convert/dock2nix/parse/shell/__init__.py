"""Shell text understood without running it.

`analysis` is the way in. `lexer` and `structure` make the syntax tree of a text, `words` reads one word, `evaluate` follows the
tree with `commands` for the simple commands, `expand` gives the values of words, `state` is what the shell knows at a moment,
`record` collects the commands seen.
"""

from dock2nix.parse.shell.analysis import exec_form_command, parse_shell, shell_dialect

__all__ = ["exec_form_command", "parse_shell", "shell_dialect"]
