"""README.md and README.zh-CN.md have the same code, numbers, links and order."""

import re
from pathlib import Path

import pytest

from tools import catalogues

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = (
    (ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md")
)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
FENCED = r"^```.*?^```$"
OTHER = {  # each links to the other, and a picture's text is text
    r"\[中文\]\(README.zh-CN.md\)": "",
    r"\[English\]\(README.md\) · 中文": "",
    r'alt="([^"]*)"': r">\1<",
    "） → ": "）→",  # an arrow of the picture
}


def text_of(readme):
    for pattern, words in ({FENCED: ""} | OTHER).items():
        readme = re.sub(pattern, words, readme, flags=re.DOTALL | re.MULTILINE)
    return readme


def faults(english, chinese):
    """Return what differs, a sentence each; code is compared letter for letter."""
    codes = [
        re.findall(FENCED, text, re.DOTALL | re.MULTILINE)
        for text in (english, chinese)
    ]
    found = [] if codes[0] == codes[1] else ["the code differs"]
    return found + catalogues.faults(text_of(english), text_of(chinese))


def test_the_readmes_say_the_same():
    assert not faults(ENGLISH, CHINESE)
    assert "](README.zh-CN.md)" in ENGLISH[:200] and "](README.md)" in CHINESE[:200]


@pytest.mark.parametrize(
    "old, new, fault",
    [
        ("make book  ", "make  ", "the code differs"),
        ("make clean`", "make run`", "the code differ: lost `make clean`"),
        ("Python 3.10", "Python 3.11", "the numbers differ: lost 3.10; new 3.11"),
        ("](LICENSE)", "](LICENCE)", "the links differ: lost ](LICENSE)"),
        ("\n- `num_codes`", "\n`num_codes`", "the headings, items or cells"),
        ("。见 ", "。See what there is ", "English left"),
    ],
)
def test_what_differs_is_named(old, new, fault):
    changed = CHINESE.replace(old, new, 1)
    assert changed != CHINESE
    assert any(fault in each for each in faults(ENGLISH, changed))


def test_the_book_is_built_without_make_as_with_it():
    rule = re.search(r"^\$\(PAGE\):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    commands = re.findall(r"\$\(BIN\)/python (.+)", rule)
    assert len(commands) == 2  # one for each language
    for command in commands:
        line = f".venv/bin/python {command}".replace("$(BIN)", ".venv/bin")
        assert f"\n{line} " in ENGLISH
