"""A browser for the tests of the built book: Chromium without a window."""

import os

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


@pytest.fixture
def open_page(browser, book):
    """Open pages of the book, and fail at the end if one of them was not content.

    A page is opened from disk, or from `origin`. It must not log an error, nor ask for
    anything outside the book. Without a theme it meets a reader for the first time.
    """
    contexts, complaints = [], []

    def open_page(name, width=1280, theme="light", origin=None, fragment=""):
        origin = origin or book.as_uri()
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",  # a page that still scrolls has no fixed places
        )
        contexts.append(context)
        if theme:
            context.add_init_script(
                f"for (const key of ['mode', 'theme']) localStorage[key] = '{theme}'"
            )
        page = context.new_page()
        page.loaded = set()
        where = f"{name}.html, {width} pixels wide, {theme}"

        def console(message):
            if message.type == "error":
                complaints.append(f"{where}: the console says {message.text}")

        def request(request):
            page.loaded.add(request.url)
            if not request.url.startswith((f"{origin}/", "data:", "blob:")):
                complaints.append(f"{where}: the page asks for {request.url}")

        page.on("console", console)
        page.on("pageerror", lambda error: complaints.append(f"{where}: {error}"))
        page.on("request", request)
        page.goto(f"{origin}/book/{name}.html{fragment}", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(dict.fromkeys(complaints))
