"""The types that flow between the passes: frozen, made of tuples, without behaviour beyond self-checks."""
