"""Headless Chromium, Debian's package or what DOCK2NIX_CHROMIUM names, driven by Playwright, which brings no browser of its own here."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

CHROMIUM = os.environ.get("DOCK2NIX_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
NO_CHROMIUM = "there is no Chromium: on Debian `apt-get install chromium`, or name one in DOCK2NIX_CHROMIUM"


@contextmanager
def headless() -> Iterator[Browser]:
    """A browser for the tests of one module."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=root)
        try:
            yield browser
        finally:
            browser.close()
