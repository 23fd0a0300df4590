"""The book builds without a warning, and its pages need nothing from another host."""

import re

from tests.support.notebooks import NOTEBOOKS


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
