"""The built book, opened from disk in headless Chromium."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    command = Path(sys.executable).with_name("jupyter-book")
    build = [command, "build", ROOT, "--path-output", out, "-n", "-W", "--keep-going"]
    result = subprocess.run(build, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return out / "_build" / "html"


@pytest.fixture(scope="session")
def browser():
    if PROGRAM is None:
        pytest.skip("no Chromium here; on Debian or Ubuntu: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=PROGRAM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


# What the theme says on every page that is opened from disk.
KNOWN = ("THEBE_JS_URL", "fontawesome", "ERR_FAILED")


@pytest.fixture
def open_page(browser, book):
    contexts, errors = [], []

    def open_page(name, width=1280, theme="light"):
        context = browser.new_context(viewport={"width": width, "height": 800})
        contexts.append(context)
        context.add_init_script(f"localStorage.mode = localStorage.theme = {theme!r};")
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: errors.append(said.text) if said.type == "error" else None,
        )
        page.goto((book / "book" / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    errors = [said for said in errors if not any(word in said for word in KNOWN)]
    assert not errors, errors
