"""A committed conversion looked at again: what hand edits are, what has drifted, what two conversions differ in.

`manifest` reads what an earlier conversion left, `merge` keeps hand edits, `items` and `compare` say what two reports differ in,
`drift` what of that the committed files lack; `fleet` sums up many reports. The other modules print.
"""
