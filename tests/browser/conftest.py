"""A browser for the tests of the built book: Chromium without a window."""

import os
from collections import defaultdict

import pytest
from playwright.sync_api import sync_playwright

from tools.pdf import CHROMIUM, MISSING


@pytest.fixture(scope="module")  # while it is open, asyncio serves only the browser
def browser():
    if not CHROMIUM:
        (pytest.fail if "CI" in os.environ else pytest.skip)(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tabs(browser):
    """Tabs by theme and width, to be taken and given back: a new one costs half a second."""
    kept = defaultdict(list)

    def tab(theme, width):
        if kept[theme, width]:
            return kept[theme, width].pop()
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",  # a page that still scrolls has no fixed places
        )
        if theme:
            context.add_init_script(
                f"for (const key of ['mode', 'theme']) localStorage[key] = '{theme}';"
                "sessionStorage.clear()"  # where the last page was scrolled
            )
        return context.new_page()

    yield tab, kept


@pytest.fixture
def open_page(tabs, book):
    """Open pages of the book, and fail at the end if one of them was not content.

    A page is opened from disk, or from `origin`. It must not log an error, nor ask for
    anything outside the book. Without a theme it meets a reader for the first time.
    """
    tab, kept = tabs
    opened, complaints = [], []

    def open_page(name, width=1280, theme="light", origin=None, fragment=""):
        origin = origin or book.as_uri()
        page = tab(theme, width)
        page.loaded = set()
        where = f"{name}.html, {width} pixels wide, {theme}"

        def console(message):
            if message.type == "error":
                complaints.append(f"{where}: the console says {message.text}")

        def error(error):
            complaints.append(f"{where}: {error}")

        def request(request):
            page.loaded.add(request.url)
            if not request.url.startswith((f"{origin}/", "data:", "blob:")):
                complaints.append(f"{where}: the page asks for {request.url}")

        listeners = {"console": console, "pageerror": error, "request": request}
        for event, listener in listeners.items():
            page.on(event, listener)
        opened.append((page, theme, width, listeners))
        page.goto(f"{origin}/book/{name}.html{fragment}", wait_until="load")
        return page

    yield open_page
    for page, theme, width, listeners in opened:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if theme:
            page.mouse.move(0, 0)
            page.goto("about:blank")  # else an address that differs in its fragment
            kept[theme, width].append(page)  # would not be loaded again
        else:
            page.context.close()
    assert not complaints, "\n".join(dict.fromkeys(complaints))
