"""Proof of a conversion: the text of its files, what Nix builds of them, and how that compares with another image."""
