"""The book builds without a warning, and its pages need nothing from another host."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from chapters import NOTEBOOKS, ROOT


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("book")
    command = Path(sys.executable).with_name("jupyter-book")
    build = [command, "build", ROOT, "--path-output", out, "-n", "-W", "--keep-going"]
    result = subprocess.run(build, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return out / "_build" / "html"


def test_every_notebook_has_its_page(pages):
    for name in [*NOTEBOOKS, "index", "bibliography"]:
        assert (pages / "book" / f"{name}.html").is_file()
    assert "book/index.html" in (pages / "index.html").read_text()


def test_pages_load_nothing_from_another_host(pages):
    loads = r'<(?:script|img|iframe|source)[^>]*\ssrc="(https?:)?//|<link[^>]*href="(https?:)?//'
    for page in pages.rglob("*.html"):
        assert not re.search(loads, page.read_text()), page.name


def test_equations_have_their_script_beside_them(pages):
    text = (pages / "book" / "ch03_scaled_l2.html").read_text()
    source = re.search(r'src="\.\./(_static/tex-svg\.js)[^"]*"', text)[1]
    assert (pages / source).stat().st_size > 1_000_000


def test_figures_are_in_the_page_with_their_alt_text(pages):
    for name in ("index", "ch00_overview", "ch03_scaled_l2"):
        text = (pages / "book" / f"{name}.html").read_text()
        assert re.search(r'role="img" aria-label="Boxes: [^"]*b 6, n 100', text)
