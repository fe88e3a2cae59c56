"""Shell text understood without running it.

`analysis` is the way in. `lexer` and `structure` make the syntax tree of a text, `words` reads one word, `evaluate` follows the
tree with `commands` for the simple commands, `expand` gives the values of words, `state` is what the shell knows at a moment,
`record` collects the commands seen. `pieces` cuts a text into parts that can be run one by one.
"""

from dock2nix.parse.shell.analysis import exec_form_command, parse_shell, shell_dialect
from dock2nix.parse.shell.pieces import Piece, pieces_of

__all__ = ["Piece", "exec_form_command", "parse_shell", "pieces_of", "shell_dialect"]
