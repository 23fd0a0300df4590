"""The book builds without a warning, and its pages need nothing from another host."""

import re

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from _ext import quiet_checks
from _ext.icons import NAME
from tests.support.notebooks import NOTEBOOKS, code_cells, tags


def test_every_notebook_has_its_page(book):
    for name in [*NOTEBOOKS, "index", "bibliography"]:
        assert (book / "book" / f"{name}.html").is_file()
    assert "book/index.html" in (book / "index.html").read_text()


def test_pages_load_nothing_from_another_host(book):
    loads = r'<(?:script|img|iframe|source)[^>]*\ssrc="(https?:)?//|<link[^>]*href="(https?:)?//'
    for page in book.rglob("*.html"):
        assert not re.search(loads, page.read_text()), page.name


def test_equations_have_their_script_beside_them(book):
    text = (book / "book" / "ch03_scaled_l2.html").read_text()
    source = re.search(r'src="\.\./(_static/tex-svg\.js)[^"]*"', text)[1]
    assert (book / source).stat().st_size > 1_000_000


def test_figures_are_in_the_page_with_their_alt_text(book):
    for name in ("index", "ch00_overview", "ch03_scaled_l2"):
        text = (book / "book" / f"{name}.html").read_text()
        assert re.search(r'role="img" aria-label="Boxes: [^"]*b 6, n 100', text)


def test_every_icon_of_the_pages_is_left_in_the_font(book):
    """And little else: the theme's has 1,400."""
    (sheet,) = book.glob("_static/vendor/fontawesome/*/css/all.min.css")
    rules = re.findall(r'([^{}]*)\{content:"\\(\w+)"\}', sheet.read_text())
    icon = {name: code for names, code in rules for name in re.findall(NAME, names)}
    font = TTFont(sheet.parents[1] / "webfonts" / "icons.woff")
    assert "webfonts/icons.woff" in sheet.read_text()
    drawn = {f"{code:x}" for code in font.getBestCmap()}
    pages = [page.read_text() for page in book.rglob("*.html")]
    named = re.findall(r'class="[^"]*\bfa-(?!solid|lg)([\w-]+)[^"]*"', "".join(pages))
    assert {"bars", "list", "moon"} <= set(named)
    missing = {name for name in named if icon.get(name) not in drawn}
    assert not missing
    assert len(drawn) < 40


@pytest.mark.parametrize(
    ("code", "topic", "words"),
    [
        ("assert 1\nfor n in ():\n    assert n\n", "", "✓ 2 checks"),
        ("torch.testing.assert_close(a, b)", "", "✓ 1 check"),
        ("a = 1\nprint('assert')", "", "Code"),
        ("check_map(my_map)", "Solution", "Solution"),
        ("check_map(x)\nassert x", "Deeper", "Deeper · ✓ 1 check"),
    ],
)
def test_a_fold_says_what_is_in_it(code, topic, words):
    assert quiet_checks.words_for(code, topic) == words


def test_the_topic_of_a_fold_is_what_its_cell_says():
    for said, topic in {
        "Show the solution": "Solution",
        "Show what was tried": "What was tried",
        "Deeper: three sizes": "Deeper: three sizes",
    }.items():
        assert quiet_checks.topic_of({"mystnb": {"code_prompt_show": said}}) == topic
    assert quiet_checks.topic_of({"tags": ["hide-cell"]}) == "Deeper"


def test_folds_of_pages_have_their_words(book):
    for name, notebook in NOTEBOOKS.items():
        page = BeautifulSoup((book / f"book/{name}.html").read_text(), "html.parser")
        said = [title.text for title in page.select("details.hide .collapsed")]
        topics = [
            (cell, quiet_checks.topic_of(cell.metadata) * ("hide-cell" in tags(cell)))
            for cell in code_cells(notebook)
            if {"hide-cell", "hide-input"} & tags(cell)
        ]
        folded = [quiet_checks.words_for(cell.source, topic) for cell, topic in topics]
        assert said == folded, name
        assert not page.select("summary[aria-label]"), f"{name}: a fold of another name"
