"""The PDF has its pages in order, where its table of contents says, and all of each.

The whole book takes minutes to print, so these tests print a few pages of it.
"""

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from _ext.quiet_checks import words_for
from lvc import EXAMPLE, shape_table
from tests.support.notebooks import NOTEBOOKS, ROOT, code_cells, tags
from tools import pdf, toc

FIRST = "book/index"
FILES = [FIRST, "book/ch00_overview", "book/ch03_scaled_l2"]
FILES += ["book/explorer", "book/bibliography"]
PARTS = [("Part I", FILES[1:3]), ("Reference", FILES[3:])]


def squeezed(text):
    return re.sub(r"\s", "", text)


@pytest.fixture(scope="module")
def titles(book):
    """The title of each page, as built."""
    read = [
        BeautifulSoup((book / f"{file}.html").read_text(), "html.parser")
        for file in FILES
    ]
    return [page.select_one("article h1").text.removesuffix("#") for page in read]


@pytest.fixture(scope="module")
def printed(book):
    """The PDF, and its outline without the headings inside a page: (title, index)."""
    if not pdf.CHROMIUM:
        (pytest.fail if "CI" in os.environ else pytest.skip)(pdf.MISSING)
    reader = PdfReader(BytesIO(pdf.print_book(book, FIRST, PARTS)))
    outline = [
        (item.title, reader.get_destination_page_number(item))
        for item in reader.outline
        if not isinstance(item, list)
    ]
    return reader, outline


@pytest.fixture(scope="module")
def texts(printed):
    """The text of each page of the PDF; it ends with the title of the book and a number."""
    return [page.extract_text() for page in printed[0].pages]


def test_the_parts_are_those_of_the_book():
    first, parts = toc.parts()
    assert first == FIRST
    files = [file for _, part in parts for file in part]
    assert files == re.findall(r"file: (\S+)", (ROOT / "_toc.yml").read_text())
    assert set(FILES) <= {first, *files}


def test_every_page_is_in_the_outline_in_order(printed, titles):
    _, outline = printed
    assert [title for title, _ in outline] == [titles[0], "Contents", *titles[1:]]
    begins = [index for _, index in outline]
    assert begins == sorted(set(begins)) and begins[:2] == [0, 1]


def test_the_contents_lead_to_the_pages(printed, titles, texts):
    _, outline = printed
    shown = "".join(texts[1 : outline[2][1]])
    for title, (_, index) in zip(titles[1:], outline[2:]):
        letters = r"\s*".join(map(re.escape, squeezed(title)))
        number = re.search(rf"{letters}\s+(\d+)\b", shown)
        assert number, f"{title}: not in the table of contents, or without a number"
        assert int(number[1]) == index + 1, title
        assert squeezed(title) in squeezed(texts[index]), title


def test_every_page_has_its_number_and_more(texts, titles):
    for number, text in enumerate(texts, 1):
        footer = squeezed(titles[0]) + str(number)
        assert squeezed(text).endswith(footer), f"page {number} has no number"
        assert len(squeezed(text)) > len(footer) + 20, f"page {number} is empty"


def test_every_line_of_code_is_printed_whole_but_what_checks(printed, texts):
    _, outline = printed
    ends = [index for _, index in outline[3:]] + [len(texts)]
    for file, (_, begin), end in zip(FILES[1:], outline[2:], ends):
        notebook = NOTEBOOKS.get(Path(file).name)
        if not notebook:
            continue
        shown = [
            squeezed(line) for text in texts[begin:end] for line in text.split("\n")
        ]
        for cell in code_cells(notebook):
            lines = [*filter(None, cell.source.splitlines())]
            if not {"remove-input", "hide-input"} & tags(cell):
                for line in lines:
                    assert squeezed(line) in shown, f"{file}, cell {cell.id}: {line}"
            elif "hide-input" in tags(cell):
                assert squeezed(words_for(cell.source)) in shown
                assert squeezed("".join(lines)) not in "".join(shown), cell.id


def test_the_file_is_packed(printed):
    """The whole book takes less than 6 MB; these pages are dense ones."""
    reader, _ = printed
    assert reader.stream.seek(0, os.SEEK_END) / len(reader.pages) < 40_000


def test_the_steps_of_the_explorer_have_their_names(printed, texts):
    _, outline = printed
    (_, begin), (_, end) = outline[-2:]
    shown = squeezed("".join(texts[begin:end]))
    for row in shape_table(EXAMPLE).rows:
        assert squeezed(row.step.name + row.step.pattern) in shown, row.step.name


def test_links_lead_into_the_pdf_or_to_the_web(printed):
    reader, _ = printed
    within = 0
    for page in reader.pages:
        for link in page.get("/Annots", []):
            link = link.get_object()
            uri = link.get("/A", {}).get("/URI", "")
            assert not uri or uri.startswith("http"), uri
            within += "/Dest" in link
    assert within > len(FILES)


def test_without_chromium_one_sentence_says_so():
    command = [sys.executable, pdf.__file__]
    result = subprocess.run(
        command, env=os.environ | {"PATH": ""}, capture_output=True, text=True
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"{pdf.MISSING}\n"
