"""nix/report.html in a real browser: what lights up, by pointer and by keyboard; accessible; nothing hostile runs or is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser import CHROMIUM, NO_CHROMIUM, headless
from dock2nix.cli import main
from report.test_page import hostile_dockerfile, page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM)
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages of three samples and of a hostile Dockerfile."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("hard", "flask", "vite-nginx"):
        shutil.copytree(SAMPLES / name, folder / name, ignore=shutil.ignore_patterns("expected"))
        main([str(folder / name), "--offline", "--quiet", "--html"])
    page_of(folder / "hostile", hostile_dockerfile())
    return {path.name: path / "nix/report.html" for path in folder.iterdir()}


def opened(browser: Browser, path: Path, **options: Any) -> tuple[Page, list[str]]:
    """The page, and what it asked for or complained about: a list that stays empty."""
    page = browser.new_page(**({"viewport": {"width": 1400, "height": 900}} | options))
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    return page, wrong


def lit(page: Page, side: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(
        f"{side} .line.lit code", "all => all.map(one => one.textContent.trim())"
    )
    return found


def evidence(page: Page) -> str:
    return page.locator("#evidence article:visible").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["hard", "hostile"])
@pytest.mark.parametrize("width", [1400, 480])
def test_axe_has_nothing_to_say(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    page, wrong = opened(browser, pages[name], color_scheme=scheme, viewport={"width": width, "height": 900})
    for line in ("", "#d4"):
        if line:
            page.locator(line).focus()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []
    assert wrong == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_scan_is_accessible_and_sorts_its_tables(
    browser: Browser, pages: dict[str, Path], scheme: str, tmp_path: Path
) -> None:
    path = tmp_path / "fleet.html"
    main(["scan", str(pages["hard"].parents[2]), "--quiet", "--html", str(path)])
    page, wrong = opened(browser, path, color_scheme=scheme)
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    left = page.locator("#files + table tbody td:first-child")
    page.get_by_role("button", name="left").click()
    rising = [int(text) for text in left.all_inner_texts()]
    page.get_by_role("button", name="left").press("Enter")
    assert [int(text) for text in left.all_inner_texts()] == rising[::-1]
    assert rising == sorted(rising)
    assert len(set(rising)) > 1
    assert wrong == []
    page.close()


def test_pointing_at_a_line_lights_its_counterpart_with_its_evidence(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page, wrong = opened(browser, pages["hard"])
    page.locator("#d11").hover()
    assert lit(page, "#nix") == ["pkgs.libpq # libpq5", "pkgs.postgresql_15 # postgresql-client-15"]
    assert "mappings/apt.toml" in evidence(page)
    page.get_by_text("pkgs.vim # vim").hover()
    assert lit(page, "#dockerfile") == ['RUN for t in git vim; do apt-get install -y "$t"; done']
    page.locator("h1").hover()
    assert lit(page, "#nix") == []
    assert wrong == []
    page.close()


def test_the_keyboard_does_all_of_it(browser: Browser, pages: dict[str, Path]) -> None:
    page, wrong = opened(browser, pages["hard"])
    page.keyboard.press("n")
    assert lit(page, "#dockerfile") == ["RUN curl -fsSL https://example.com/setup.sh | bash -"]
    assert "D2N501" in evidence(page)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#nix') !== null")
    assert page.evaluate("document.activeElement.textContent").endswith(
        "# UNRESOLVED 23: curl -fsSL https://example.com/setup.sh"
    )
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "d21"
    assert lit(page, "#nix")[0].startswith("# 18: COPY")
    page.keyboard.press("Escape")
    assert "Needs you" in evidence(page)
    page.locator("#evidence article:visible a").first.click()
    assert page.evaluate("document.activeElement.id") == "d23"
    assert wrong == []
    page.close()


def test_a_line_is_announced_as_an_option_with_what_became_of_it(
    browser: Browser, pages: dict[str, Path]
) -> None:
    page, _ = opened(browser, pages["hard"])
    tree = page.locator("#dockerfile").aria_snapshot()
    assert 'listbox "Dockerfile"' in tree
    assert "23 RUN curl -fsSL https://example.com/setup.sh | bash - needs you" in tree
    page.close()


def test_nothing_hostile_runs(browser: Browser, pages: dict[str, Path]) -> None:
    page, wrong = opened(browser, pages["hostile"])
    for line in page.locator("#dockerfile .line").all()[:40]:
        line.focus()
    assert page.title() == "Dockerfile → Nix"
    assert page.locator("script").count() == 1
    assert page.locator("img, svg, iframe, object, link").count() == 0
    assert wrong == []
    page.close()


def test_the_policy_of_the_page_stops_what_would_get_in_nevertheless(
    browser: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    text = pages["flask"].read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(
        text.replace(
            "</h1>", "<script>document.title='taken'</script><img src=https://example.invalid/x></h1>"
        )
    )
    page, wrong = opened(browser, broken)
    assert page.title() == "Dockerfile → Nix"
    assert any("Content Security Policy" in one for one in wrong)
    page.close()


def test_without_scripts_and_on_paper_everything_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    page, _ = opened(browser, pages["hard"], java_script_enabled=False)
    page.emulate_media(media="print")
    assert page.locator("article").count() == page.locator("article:visible").count()
    page.close()
    scripted, _ = opened(browser, pages["hard"])
    scripted.emulate_media(media="print")
    assert scripted.locator("article").count() == scripted.locator("article:visible").count()
    scripted.close()
