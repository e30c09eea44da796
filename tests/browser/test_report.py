"""The report in a browser: no error, no request, every section in sight, and it prints."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from equipoise.exchange.pack.contents import KEYS
from equipoise.exchange.report import report
from tests.unit import plan_example

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report(plan_example.tables(), plan_example.setting()), encoding="utf-8")
    return path


def _opened(browser: Browser, file: Path, width: int = 1280) -> tuple[Page, list[str], list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    return page, errors, requests


def test_it_loads_without_errors_or_requests(browser: Browser, file: Path) -> None:
    page, errors, requests = _opened(browser, file)
    assert errors == []
    assert requests == [file.as_uri()]
    assert page.title() == "Sales and operations plan alpine-2026-11"
    page.close()


def test_every_section_can_be_reached_and_every_picture_has_a_size(browser: Browser, file: Path) -> None:
    page, _, _ = _opened(browser, file)
    for key in [key for key in KEYS if key != "risk"]:  # the example has no simulation
        page.click(f"nav a[href='#{key}']")
        assert page.locator(f"section#{key} h2").is_visible()
    for picture in page.locator("figure svg").all():
        box = picture.bounding_box()
        assert box is not None
        assert box["width"] > 600
        assert box["height"] > 80
    page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_itself_never_scrolls_sideways(browser: Browser, file: Path, width: int) -> None:
    page, _, _ = _opened(browser, file, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_it_prints_with_nothing_cut_off(browser: Browser, file: Path, paper: str) -> None:
    page, _, _ = _opened(browser, file)
    pdf = page.pdf(format=paper, prefer_css_page_size=False)
    assert pdf.startswith(b"%PDF-")
    pages = pdf.count(b"/Type /Page\n")
    assert 6 <= pages <= 18
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})  # the printable width of A4, in CSS pixels
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    page.close()


def test_text_stands_out_from_its_ground_in_the_dark(browser: Browser, file: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(file.as_uri())
    colors = page.evaluate("[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]")
    ink, ground = ([int(part) for part in color.strip("rgb()").split(",")] for color in colors)
    assert sum(ink) - sum(ground) > 400
    page.close()
