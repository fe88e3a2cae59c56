"""Convert a Dockerfile to a pinned Nix flake with a dockerTools image."""

__version__ = "0.1.0"
