"""The glossary has the words of the book: those set in bold, each with the page that explains it."""

import re

from tests.support.notebooks import CHAPTERS, NOTEBOOKS

TERMS = next(c.source for c in NOTEBOOKS["glossary"].cells if c.id == "terms")
ENTRIES = [
    (entry[1].strip().split("\n"), " ".join(entry[2].split()))
    for entry in re.finditer(r"^((?:[^\s:].*\n)+)((?:  .+\n)+)", TERMS, re.MULTILINE)
]
NAMES = [name for names, _ in ENTRIES for name in names]

# What chapters set in bold that is no term, and why.
NO_TERMS = {
    "e": "a vector in a formula",
    "cancel": "a word of every day",
    "cancels": "a word of every day",
    **dict.fromkeys(["photographs", "digits", "scenes"], "the tasks of chapter 12"),
    **dict.fromkeys(
        ["right", "imprecise", "wrong", "depends", "undecided"],
        "the verdicts of chapter 11, defined where they are set in bold",
    ),
}


def text_of(page) -> str:
    cells = NOTEBOOKS[page].cells
    text = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return " ".join(text.split()).casefold()


def as_term(words: str) -> str:
    """Return the name in the glossary, which is in the singular where it can be."""
    words, names = words.casefold(), {name.casefold() for name in NAMES}
    return words if words in names else words.removesuffix("s")


def test_the_terms_are_in_order_and_none_is_there_twice():
    first = [names[0].casefold() for names, _ in ENTRIES]
    assert first == sorted(first)
    assert len({*NAMES}) == len(NAMES) > 50


def test_the_page_that_a_term_links_to_uses_it():
    unused = []
    for names, definition in ENTRIES:
        pages = re.findall(r"\]\((\w+)\)", definition)
        for name in names:
            used = re.compile(rf"(?<!\w){re.escape(name.casefold())}s?(?!\w)")
            if not any(used.search(text_of(page)) for page in pages):
                unused.append(f"{name}: {' and '.join(pages) or 'no page'}")
    assert not unused, f"link to a page that uses the word; {'; '.join(unused)}"


def test_what_a_chapter_sets_in_bold_is_in_the_glossary():
    missing = []
    for page in CHAPTERS:
        for words in re.findall(r"\*\*([^*]+?)\*\*", text_of(page)):
            if len(words.split()) > 3 or re.search(r"\W$", words) or words in NO_TERMS:
                continue
            if as_term(words) not in map(str.casefold, NAMES):
                missing.append(f"{page}: {words}")
    assert not missing, f"not in book/glossary.ipynb: {'; '.join(missing)}"


def test_no_exception_is_left_over():
    bold = " ".join(f"{text_of(page)} " for page in CHAPTERS)
    assert not [words for words in NO_TERMS if f"**{words}**" not in bold]
