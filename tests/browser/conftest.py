"""The built book in a headless Chromium."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """Return the folder of the built pages."""
    out = tmp_path_factory.mktemp("book")
    command = Path(sys.executable).with_name("jupyter-book")
    build = [command, "build", ROOT, "--path-output", out, "-n", "-W", "--keep-going"]
    result = subprocess.run(build, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return out / "_build" / "html"


@pytest.fixture(scope="session")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is missing; on Debian: apt install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=program, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(book, browser):
    """Return a function that opens a page of the book; an error in its console fails."""
    contexts, errors = [], []

    def note(error):
        # the theme's own, on a page from disk
        if not any(word in error for word in ("THEBE", "Access to font", "ERR_FAILED")):
            errors.append(error)

    def open_one(name, width=1280, theme="light"):
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        context.add_init_script(f"localStorage.mode = localStorage.theme = {theme!r}")
        page = context.new_page()
        page.on("pageerror", lambda error: note(str(error)))
        page.on("console", lambda told: told.type == "error" and note(told.text))
        page.goto((book / "book" / f"{name}.html").as_uri())
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not errors, "\n".join(errors)
