"""Convert a Dockerfile to a pinned Nix flake with a dockerTools image.

>>> import dock2nix
>>> conversion = dock2nix.convert("Dockerfile")
>>> print(conversion.report.result, sorted(conversion.files))
>>> dock2nix.write(conversion, "out")

The types of these are in __init__.pyi, so that importing the package imports nothing else.
"""

__all__ = ["Conversion", "Dock2nixError", "__version__", "convert", "write"]
__version__ = "0.1.0"

_FROM = {
    "Conversion": "dock2nix.api",
    "Dock2nixError": "dock2nix.errors",
    "convert": "dock2nix.api",
    "write": "dock2nix.api",
}


def __getattr__(name: str) -> object:  # PEP 562: nothing is imported before it is asked for
    if name not in _FROM:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_FROM[name]), name)
