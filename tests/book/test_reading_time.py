"""Each chapter says how long it takes to read, and the home page by which rule."""

import re

import nbformat

from _ext import reading_time
from tests.support.notebooks import BOOK, CHAPTERS

TIMES = {name: reading_time.minutes(BOOK / f"{name}.ipynb") for name in CHAPTERS}


def test_text_and_shown_code_count(tmp_path):
    notebook = nbformat.v4.new_notebook()
    code = "\n\n".join(["a = 1"] * reading_time.LINES)
    for tag in ("seen", *reading_time.HIDDEN):
        cell = nbformat.v4.new_code_cell(code, metadata={"tags": [tag]})
        notebook.cells.append(cell)
    text = "word " * reading_time.WORDS * 2
    notebook.cells.append(nbformat.v4.new_markdown_cell(text))
    nbformat.write(notebook, tmp_path / "ch.ipynb")
    assert reading_time.minutes(tmp_path / "ch.ipynb") == 3


def test_the_line_stands_under_the_title(book):
    for name, minutes in TIMES.items():
        text = (book / "book" / f"{name}.html").read_text()
        line = re.search(r'</h1>\s*<p class="reading-time">(.*?)</p>', text)
        assert line and line[1] == f"{minutes} minutes to read", name


def test_the_home_page_says_the_range_and_the_rule(book):
    text = (book / "book" / "index.html").read_text()
    assert f"{min(TIMES.values())} to {max(TIMES.values())} minutes each" in text
    rule = f"{reading_time.WORDS} words or {reading_time.LINES} lines of code a minute"
    assert rule in text
