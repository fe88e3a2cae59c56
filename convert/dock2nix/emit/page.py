"""Values into HTML: everything is escaped but the one script and the one style sheet of ours."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment


def fill_page(template: str, values: Mapping[str, object]) -> str:
    """A page from a template of the same name as its style sheet and its script: `report.html.jinja`, `report.css`, `report.js`.

    Args:
        template: the template's name.
        values: texts, numbers, and lists and mappings of them.

    Returns:
        HTML. Content Security Policy 3 allows scripts and styles by hash: `policy` in the template lets these two in and nothing
        else, neither from the text nor from elsewhere.
    """
    from markupsafe import Markup  # noqa: PLC0415 - few runs make a page

    stem = template.split(".", 1)[0]
    folder = data_folder("templates")
    style = (folder / f"{stem}.css").read_text(encoding="utf-8")
    script = (folder / f"{stem}.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{_source_hash(script)}'; style-src '{_source_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    own = {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704 - files of ours
    return _environment().get_template(template).render({**values, **own})


def _source_hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    import jinja2  # noqa: PLC0415 - few runs make a page

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_folder("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
