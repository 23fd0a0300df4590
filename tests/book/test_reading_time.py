"""Each chapter says how long it takes to read, and the home page by which rule."""

import re

import nbformat
import pytest

from _ext import reading_time
from tests.support.notebooks import BOOK, CHAPTERS

SHOWN = {name: reading_time.shown(BOOK / f"{name}.ipynb") for name in CHAPTERS}
TIMES = {name: reading_time.minutes(BOOK / f"{name}.ipynb") for name in CHAPTERS}


def minutes_of(tmp_path, *cells) -> int:
    path = tmp_path / "ch.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return reading_time.minutes(path)


def cell(source="", outputs=(), *tags):
    metadata = {"tags": list(tags)}
    return nbformat.v4.new_code_cell(source, outputs=[*outputs], metadata=metadata)


WORDS = "word " * reading_time.WORDS


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_read_in_one_sitting(name):
    words, lines = SHOWN[name]
    most = 10 if name < "ch10" else 12
    minutes = words / reading_time.WORDS + lines / reading_time.LINES
    assert minutes <= most, f"{name}: {minutes:.1f} minutes; fold or cut, to {most}"
    assert lines <= 90, f"{name} shows {lines} lines of code; fold some, to 90"


def test_the_book_takes_three_hours_at_most():
    assert sum(TIMES.values()) <= 180


def test_text_counts_and_what_is_folded_in_it_does_not(tmp_path):
    folded = f"{WORDS}\n\n:::{{dropdown}} Deeper\n{WORDS}\n:::\n\n{WORDS}"
    assert minutes_of(tmp_path, nbformat.v4.new_markdown_cell(folded)) == 2


def test_code_counts_where_it_is_shown(tmp_path):
    code = "\n\n".join(["a = 1"] * reading_time.LINES)
    folded = [cell(code, (), tag) for tag in reading_time.NO_INPUT]
    assert minutes_of(tmp_path, *folded, cell(code), cell(code, (), "lvc")) == 2


@pytest.mark.parametrize(
    ("output", "minutes"),
    [
        (nbformat.v4.new_output("stream", text=WORDS), 1),
        ({"text/html": f"<table><td>{WORDS}</td><td>{WORDS}</td></table>"}, 2),
        ({"text/html": f"<figcaption>{WORDS}</figcaption><svg>{WORDS}</svg>"}, 1),
        ({"text/html": f"<style>{WORDS}</style>", "text/plain": WORDS}, 0),
        ({"text/plain": WORDS}, 1),
        ({"text/html": f"<details><summary>{WORDS}</summary>{WORDS}</details>"}, 1),
    ],
)
def test_what_cells_print_counts_as_words(tmp_path, output, minutes):
    if "output_type" not in output:
        output = nbformat.v4.new_output("display_data", data=output)
    folded = [cell("", [output], tag) for tag in reading_time.NO_OUTPUT]
    assert minutes_of(tmp_path, cell("", [output], "hide-input"), *folded) == minutes


def test_the_line_stands_under_the_title(book):
    for name, minutes in TIMES.items():
        text = (book / "book" / f"{name}.html").read_text()
        line = re.search(r'</h1>\s*<p class="reading-time">(.*?)</p>', text)
        assert line and line[1] == f"{minutes} minutes to read", name


def test_the_home_page_says_the_range_and_the_rule(book):
    text = (book / "book" / "index.html").read_text()
    assert f"{min(TIMES.values())} to {max(TIMES.values())} minutes each" in text
    assert f"{sum(TIMES.values())} minutes in all" in text
    rule = f"{reading_time.WORDS} words or {reading_time.LINES} lines of code a minute"
    assert rule in text
