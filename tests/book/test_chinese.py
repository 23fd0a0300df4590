"""The Chinese book says what the English one says: all of it, with the same code."""

import json
import re

import pytest
from bs4 import BeautifulSoup
from bs4.element import PreformattedString

from lvcbook.exercises import common
from tests.book.test_exercises import EXERCISES, answers_of, name_of_the_check
from tests.support.notebooks import BOOK, NOTEBOOKS
from tools import catalogues, messages, translate

WANTED = catalogues.catalogues()
ENGLISH = catalogues.WRONG["English left"]
# What checks say in English: words of PyTorch, quoted.
QUOTED = r"The size of tensor [^”]*|view size is not compatible .*"


@pytest.mark.parametrize("name", WANTED)
def test_every_text_is_translated_without_a_fault(name):
    problems = catalogues.problems(name, WANTED[name])
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", WANTED)
def test_a_catalogue_has_what_the_page_has_in_its_order(name):
    there = [(entry.msgctxt, entry.msgid) for entry in catalogues.read(name)]
    wanted = [message[:2] for message in WANTED[name]]
    assert there == wanted, f"{name}.po: run python -m tools.catalogues"


def test_every_catalogue_belongs_to_a_page():
    assert {path.stem for path in catalogues.FOLDER.glob("*.po")} == {*WANTED}


def test_every_term_that_has_one_translation_is_in_the_glossary():
    assert [*catalogues.terms()] == re.split(r",\s", catalogues.TERMS)


@pytest.mark.parametrize("page, number", EXERCISES)
def test_checks_speak_chinese(page, number, monkeypatch):
    monkeypatch.setattr(common, "language", translate.LANGUAGE)
    check = name_of_the_check(EXERCISES[page, number])
    for sentence in answers_of(page).WRONG[check]:
        said = re.sub(QUOTED, "", common.in_language(sentence))
        assert not re.search(ENGLISH, catalogues.bare(said)), said


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """The generated notebooks, by their names."""
    folder = tmp_path_factory.mktemp("zh")
    translate.write_pages(folder)
    read = {path.stem: path.read_text("utf-8") for path in folder.glob("*.ipynb")}
    return {name: json.loads(text) for name, text in read.items()}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_code_and_outputs_are_the_english_ones(name, chinese):
    english = json.loads((BOOK / f"{name}.ipynb").read_text("utf-8"))["cells"]
    title, first, *rest = chinese[name]["cells"]
    assert first["source"] == translate.FIRST and chinese[name]["metadata"]["generated"]
    assert len(rest) + 1 == len(english)
    for same, cell in zip([title, *rest], english):
        assert (same["id"], same["cell_type"]) == (cell["id"], cell["cell_type"])
        if cell["cell_type"] == "code":
            assert same["source"] == cell["source"]
            assert [*map(frame, same["outputs"])] == [*map(frame, cell["outputs"])]


def frame(output):
    """Return an output without its words: its tags, numbers and pictures."""
    kept = json.loads(json.dumps(output))
    for kind, data in kept.get("data", {}).items():
        if kind.endswith("text/html"):
            tags = re.sub(messages.SHOWN, "", "".join(data))
            tags = re.sub(messages.NAMED, "", tags)
            found = [tag[0] for tag in re.finditer(messages.TAG, tags, re.DOTALL)]
            kept["data"][kind] = found
    return kept


@pytest.mark.slow
def test_a_chinese_notebook_runs_and_its_check_speaks_chinese(chinese):
    import nbformat
    from nbclient import NotebookClient

    (BOOK / "zh").mkdir(exist_ok=True)  # as after make lab
    notebook = nbformat.reads(json.dumps(chinese["ch03_scaled_l2"]), as_version=4)
    place = {"metadata": {"path": str(BOOK / "zh")}}
    NotebookClient(notebook, kernel_name="python3", resources=place).execute()
    (cell,) = [cell for cell in notebook.cells if cell.id == "exercise-1"]
    assert re.search("[\u4e00-\u9fff]", cell.outputs[0].text)


def test_the_pages_are_chinese(chinese_book):
    """What the theme writes, and texts that are no message, are seen on the pages alone."""
    complaints = []
    for name in (*NOTEBOOKS, "index", "bibliography"):
        page = BeautifulSoup((chinese_book / f"book/{name}.html").read_text(), "lxml")
        assert page.html["lang"] == "zh-CN"
        for code in page.select(
            "pre, code, script, style, svg, dl.py, .bibtex, .citation, "
            ".math, mjx-container, [lang=en], [hidden], .sd-d-none"
        ):
            code.replace_with("X")
        texts = page.find_all(
            string=lambda text: not isinstance(text, PreformattedString)
        )
        texts += [
            tag[kind]
            for tag in page.select("body *")
            for kind in ("aria-label", "alt", "placeholder")
            if tag.has_attr(kind)
        ]
        found = [text.strip()[:80] for text in texts if re.search(ENGLISH, text)]
        complaints += [f"{name}: {text}" for text in found]
    assert not complaints, "\n".join(dict.fromkeys(complaints))
