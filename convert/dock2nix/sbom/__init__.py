"""Bills of materials, from plan and locks, before any build.

`inventory` collects what the flake names; `cyclonedx` and `spdx` write it down, by the libraries of these formats.
"""
