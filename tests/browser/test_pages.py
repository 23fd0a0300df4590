"""Every page works on every screen and for every reader, also opened from disk."""

import functools
import threading
from collections import defaultdict
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from tools import toc
from tools.weigh_pages import weight

PAGES = [page.removeprefix("book/") for page in toc.pages()]
PAGES += ["../search", "../genindex"]
THEMES = ["light", "dark"]
IN_THEME = "(theme) => {document.documentElement.dataset.theme = theme}"

# The inside of a figure is hidden from a screen reader, and axe is slow among its lines.
EMPTY_FIGURES = """() => document.querySelectorAll("svg[aria-hidden=true]").forEach(
  (figure) => figure.replaceChildren())"""
# Code is thousands of tokens in few colours. Of those that look alike on the same ground, in
# either theme, one is left for axe to measure, and the others become text of their line.
ALIKE_TOKENS = """(themes) => {
  const {dataset} = document.documentElement, shown = dataset.theme;
  const codes = [...document.querySelectorAll("pre")].map((code) =>
    [code, [...code.querySelectorAll("span")].map((token) => [token, []])]);
  for (dataset.theme of themes)
    for (const [code, tokens] of codes) {
      const ground = [];
      for (let box = code; box; box = box.parentElement) {
        const style = getComputedStyle(box);
        ground.push(style.backgroundColor, style.backgroundImage, style.opacity);
      }
      for (const [token, looks] of tokens) {
        const style = getComputedStyle(token);
        looks.push(style.color, style.backgroundColor, style.fontSize, style.fontWeight,
          style.opacity, getComputedStyle(token.parentElement).backgroundColor, ...ground);
      }
    }
  dataset.theme = shown;
  const seen = new Set();
  for (const [code, tokens] of codes) {
    for (const [token, looks] of tokens)
      if ((seen.has(looks.join()) || !seen.add(looks.join())) && !token.id)
        token.replaceWith(...token.childNodes);
    code.normalize();
  }
}"""
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},  # axe leaves it off
    "resultTypes": ["violations"],
    "preload": False,  # from disk, style sheets cannot be read a second time
}
# What else axe looks at is the same in each theme.
COLOURS = WCAG | {"runOnly": ["color-contrast", "link-in-text-block"], "rules": {}}
OPEN_ALL = """async () => {
  await window.MathJax?.startup.promise;
  for (const hidden of document.querySelectorAll("details")) hidden.open = true;
  for (const hidden of document.querySelectorAll("button.toggle-button-hidden"))
    hidden.click();
  const still = document.createElement("style");
  still.textContent = "* {transition: none !important; animation: none !important;" +
    " scroll-behavior: auto !important}";
  document.head.append(still);
  await document.fonts.ready;
}"""
RAW_TEX = r"""() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [...document.querySelectorAll("mjx-merror, [data-mjx-error]")].map(
    (error) => error.textContent);
  for (let node; (node = texts.nextNode()); ) {
    const parent = node.parentElement;
    if (parent.checkVisibility() && !parent.closest("pre, code, mjx-container") &&
        /\\[a-z([{]|\$[^$]+\$|[\^_]\{/i.test(node.data)) found.push(node.data.trim());
  }
  return found;
}"""
TOO_WIDE = """() => {
  const found = [];
  for (let box = document.querySelector("h1"); box; box = box.parentElement)
    if (box.scrollWidth > box.clientWidth && box.clientWidth)
      found.push(`${box.tagName}.${box.className}: ${box.scrollWidth}`);
  return found;
}"""
# A plot shrinks with the screen, and its letters with it.
SMALL_LETTERS = """() => [...document.querySelectorAll(".lvc svg text")].filter((text) =>
  parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.getScreenCTM().a < 8
).map((text) => text.textContent)"""
# The theme puts HTML outputs on a light ground in dark mode; lvc.css takes it away.
OWN_GROUND = """() => [...document.querySelectorAll(".cell_output .text_html")].filter(
  (output) => getComputedStyle(output).backgroundColor != "rgba(0, 0, 0, 0)"
).map((output) => output.innerText.slice(0, 40))"""
# What takes the focus is noted with its looks, and how it looks without the focus.
TABBABLE = """() => {
  const all = document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]");
  const looks = (element) => {
    const style = getComputedStyle(element);
    return [style.outline, style.boxShadow, style.backgroundColor, style.borderColor,
      style.textDecoration, style.fill, style.stroke,
      getComputedStyle(element, "::after").outline].join();
  };
  const chosen = (element) => element.type != "radio" || element.checked ||
    !document.querySelector(`input[name="${element.name}"]:checked`);
  window.seen = new Map();
  window.named = (element) => element.outerHTML.slice(0, 120);
  window.complaints = () => {
    document.activeElement.blur();
    const found = [...window.expected].filter((element) => !seen.has(element)).map(
      (element) => "Tab does not reach " + named(element));
    for (const [element, [style, visible]] of seen) {
      if (!visible) found.push("hidden while it has the focus: " + named(element));
      if (style == looks(element)) found.push("no sign of the focus: " + named(element));
    }
    return found;
  };
  document.activeElement.blur();
  window.expected = new Set([...all].filter((element) => element.tabIndex >= 0 &&
    !element.disabled && chosen(element) &&
    element.checkVisibility({visibilityProperty: true})));
  addEventListener("focusin", ({target}) => {
    const box = (target.closest(".sd-card") ?? target).getBoundingClientRect();
    const visible = box.width > 1 && box.height > 1 &&
      box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight &&
      target.checkVisibility({opacityProperty: true, visibilityProperty: true});
    seen.set(target, [looks(target), visible]);
  });
  return window.expected.size;
}"""


def violations(page, rules=WCAG):
    page.evaluate(EMPTY_FIGURES)
    page.evaluate(ALIKE_TOKENS, THEMES)
    return [
        f"{broken['id']}: {broken['help']}: {node['target']} {node['html'][:150]}"
        for broken in Axe().run(page, options=rules).response["violations"]
        for node in broken["nodes"]
    ]


def keyboard(page):
    """Press Tab through the whole page, and tell what it does not reach or show."""
    for _ in range(page.evaluate(TABBABLE) + 1):
        page.keyboard.press("Tab")
    return page.evaluate("complaints()")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_page(open_page, name, width):
    """A page is opened once in each width, in one theme, and looked at in both."""
    themes = THEMES if width == 390 else THEMES[::-1]
    page = open_page(name, width, themes[-1])
    found = complaints(page, themes)
    if name.startswith("ch") and width == 1280:
        kilobytes = weight(page.loaded)
        found += [f"too heavy: {kilobytes:.0f} kB"] if kilobytes > 200 else []
    assert not found, "\n".join(found)


def complaints(page, themes):
    """Return what is wrong with an open page in each of these themes."""
    page.evaluate(OPEN_ALL)
    complaints = []
    for theme in themes:
        page.evaluate(IN_THEME, theme)
        found = [f"raw TeX: {text}" for text in page.evaluate(RAW_TEX)]
        found += [f"scrolls sideways: {box}" for box in page.evaluate(TOO_WIDE)]
        found += [f"too small: {text}" for text in page.evaluate(SMALL_LETTERS)]
        found += [f"a ground of its own: {text}" for text in page.evaluate(OWN_GROUND)]
        complaints += [f"{theme}: {complaint}" for complaint in found]
    for theme in themes:
        page.evaluate(IN_THEME, theme)
        rules = WCAG if theme == themes[0] else COLOURS
        complaints += [f"{theme}: {broken}" for broken in violations(page, rules)]
    # Tab after Tab takes time: in the last theme.
    return complaints + keyboard(page)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["index", "ch04_softmax", "../search"])
def test_the_chosen_theme_is_there_from_the_start(open_page, name, theme):
    page = open_page(name, theme=theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme


@pytest.mark.parametrize("theme, pale", [("light", "#ccc"), ("dark", "#333")])
def test_a_token_of_low_contrast_is_found_in_its_theme(open_page, theme, pale):
    page = open_page("ch02_codewords")
    # In the other theme all code has one colour: that must not take its tokens away.
    section = "#the-class-that-holds-them pre"
    page.add_style_tag(
        content=f"html[data-theme={theme}] {section} .k {{color: {pale}}}"
        f"html:not([data-theme={theme}]) {section} * {{color: inherit}}"
    )
    for shown in THEMES:
        page.evaluate(IN_THEME, shown)
        found = any("color-contrast" in broken for broken in violations(page, COLOURS))
        assert found == (shown == theme)


@pytest.mark.parametrize("name", ["index", "ch00_overview", "../search"])
def test_a_first_visit_logs_no_error(open_page, name):
    page = open_page(name, theme=None)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


@pytest.mark.parametrize("where", ["disk", "server"])
def test_the_address_of_the_folder_leads_to_the_book(open_page, origin, where):
    page = open_page(
        "../index", theme=None, origin=origin if where == "server" else None
    )
    page.wait_for_url("**/book/index.html")
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_every_built_page_is_opened(book):
    built = {*book.glob("*.html"), *book.glob("book/**/*.html")}
    opened = {(book / "book" / f"{name}.html").resolve() for name in PAGES}
    left = {path.name for path in built if path.resolve() not in opened}
    assert left == {"index.html"}  # that one leads to the book, see above


@functools.cache
def soup(path):
    return BeautifulSoup(path.read_text(), "html.parser")


@functools.cache
def anchors(path):
    found = soup(path).select("[id], a[name]")
    return {element.get("id") or element["name"] for element in found}


def test_every_link_inside_the_book_resolves(book):
    complaints, seen = set(), 0
    for path in [*book.glob("*.html"), *book.glob("book/*.html")]:
        for link in soup(path).select("[href]:not([hreflang]), [src]"):
            target = link.get("href", link.get("src"))
            if urlsplit(target).scheme or target == "#":
                continue
            seen += 1
            place, anchor = urldefrag(urljoin(path.as_uri(), target))
            goal = Path(url2pathname(urlsplit(place).path))
            if not goal.is_file():
                complaints.add(f"{path.name}: no file for {target}")
            elif anchor and unquote(anchor) not in anchors(goal):
                complaints.add(f"{path.name}: no place for {target}")
    assert seen > 1000
    assert not complaints, "\n".join(sorted(complaints))


def test_every_picture_has_its_own_alt_text(book):
    said, complaints = defaultdict(set), []
    for name in PAGES:
        for picture in soup(book / "book" / f"{name}.html").select(
            "img, svg, canvas, [role=img], .lvc > ol"
        ):
            if picture.find_parent(attrs={"role": "img"}) or picture.get("aria-hidden"):
                continue  # the picture around it says it all, or there is none
            text = picture.get("alt", picture.get("aria-label", "")).strip()
            if not text:
                complaints.append(f"{name}: no alt text: {str(picture)[:100]}")
            elif "logo__image" not in picture.get("class", []):
                said[text].add(picture.get("src") or str(picture))
    complaints += [f"said of two: {text}" for text, of in said.items() if len(of) > 1]
    assert said
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def origin(book):
    """The address of the book on a server of this machine."""
    handler = functools.partial(QuietHandler, directory=book)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.parametrize("where", ["disk", "server"])
@pytest.mark.parametrize("width", [1280, 390])
def test_search(open_page, origin, where, width):
    page = open_page("index", width, origin=origin if where == "server" else None)
    page.keyboard.press("Control+k")
    page.keyboard.type("residual")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.click()
    page.wait_for_url("**/book/*.html*")
    assert "residual" in page.locator("article").inner_text().lower()


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_contents_open_and_close_by_keyboard_on_a_phone(open_page, side):
    page = open_page("ch03_scaled_l2", 390)
    links = page.locator(f".bd-sidebar-{side} a:focus")
    page.locator(f"button.{side}-toggle").focus()
    page.keyboard.press("Enter")
    links.wait_for()  # the focus goes to the first link
    first = links.get_attribute("href")
    page.keyboard.press("Tab")
    assert links.get_attribute("href") != first
    page.keyboard.press("Escape")
    page.locator(f".bd-sidebar-{side}").wait_for(state="hidden")
    assert page.locator(f"button.{side}-toggle:focus").is_visible()
