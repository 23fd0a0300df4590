"""Gates that keep the prose true to the table of shapes and to what the cells compute.

`wrong(kind, name, page)` returns a sentence for each text that is wrong: where it is, which
text, what to do. The kinds are shapes, counts of parameters, and all other numbers.
"""

import re

from nbformat.v4 import new_markdown_cell, new_notebook

from tests.support.notebooks import BOOK, NOTEBOOKS, ROOT
from tests.support.numbers import numbers
from tests.support.shapes import parameters, shapes

# README's table of the benchmark is held against its data in tests/test_bench.py.
MEASURED = re.compile("<!-- benchmark -->.*<!-- end of benchmark -->", re.DOTALL)


def text_of(path) -> str:
    return MEASURED.sub("", path.read_text(encoding="utf-8"))


PAGES = NOTEBOOKS | {
    path.name: new_notebook(cells=[new_markdown_cell(text_of(path))])
    for path in (ROOT / "README.md", BOOK / "index.md")
}

# What a gate would report though it is right: (page, the words around it) and the reason.
EXCEPTIONS = {
    ("README.md", "Python 3.10"): "the version in pyproject.toml",
    ("README.md", "PyTorch 2.1 or"): "the version in pyproject.toml",
    ("README.md", "tests with 2.1"): "the version in tests/requirements-oldest.txt",
    ("README.md", "from PyTorch 2.5 on"): "versions tried",
    ("README.md", "with PyTorch 2.13, and not with 2.10"): "versions tried",
    ("README.md", "CC BY 4.0"): "a licence",
    ("README.md", "(499, 568): the tensors"): "what tests/test_ultralytics.py sees",
    ("README.md", "(2, 32, 64): b k c"): "asserted by tests/test_package.py",
    ("README.md", "(2, 64, 40, 40): b c h w"): "asserted by tests/test_package.py",
    ("README.md", "at stride 16. The row"): "shown in chapter 14",
    ("README.md", "mAP, 41.1, 46.4 and 49.4, is"): "what CFPNet reports",
    ("ch01_pixels", "channel 100"): "no index: a channel is 100 numbers away",
    ("ch02_codewords", "variance 1"): "what BatchNorm does",
    ("ch04_softmax", "a weight of 0.9"): "what the exercise asks for",
    ("ch06_mean", "calls axis 1 the channels, and here axis 1 is `k`"): "b k c",
    ("ch06_mean", "6 · 32 = 192"): "printed in the section on the two modes",
    ("ch07_gate", "the factors lie around 1.5"): "1 + 0.5, the expected gate",
    ("ch14_your_network", "(499, 568): the tensors"): "as in README.md",
    ("ch15_when_it_goes_wrong", "mAP is 0 after"): "what people report",
    ("ch15_when_it_goes_wrong", "mAP 为 0, 或"): "what people report",
}

FINDERS = {"shapes": shapes, "parameters": parameters, "numbers": numbers}
FAULTS = {
    "shapes": "is no shape of the table",
    "parameters": "is no count of parameters of the table",
    "numbers": "is not what the cells of its section or the table of shapes show",
}


def wrong(kind, name, page):
    """Return a sentence for each text of the kind that is wrong and no exception."""
    return [
        f"{place(name, page, found)}: {' '.join(found.text.split())} {FAULTS[kind]}; "
        "correct it, or list it with a reason in tests/support/prose.py"
        for found in FINDERS[kind](page)
        if not found.right and not exceptions(name, page, found)
    ]


def place(name, page, found):
    return name if "." in name else f"{name}, cell {page.cells[found.cell].id}"


def exceptions(name, page, found):
    """Return the exceptions that cover a text."""
    return [
        (on, words)
        for on, words in EXCEPTIONS
        if on == name
        for match in re.finditer(
            r"\s+".join(map(re.escape, words.split())), page.cells[found.cell].source
        )
        if match.start() <= found.start and found.start + len(found.text) <= match.end()
    ]


def unused(pages):
    """Return a sentence for each exception that covers nothing on its page."""
    used = [
        exception
        for name, page in pages.items()
        for finder in FINDERS.values()
        for found in finder(page)
        if not found.right
        for exception in exceptions(name, page, found)
    ]
    return [
        f"{name}: {words!r} is not on the page, or needs no exception; "
        "remove it from EXCEPTIONS in tests/support/prose.py"
        for name, words in EXCEPTIONS
        if (name, words) not in used
    ]
