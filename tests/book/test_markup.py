"""Tags stand in templates, styles in files, and words in the page, where they can be translated."""

import ast
import re

import pytest
from pygments.lexers import JavascriptLexer
from pygments.token import String

from lvcbook.markup import WEB, render
from tests.support.notebooks import BOOK, NOTEBOOKS, code_cells

# What `make live` makes is no text of ours.
MADE = {"engine.js", "ort.wasm.min.js", "blocks.js", "photographs.js"}
SCRIPTS = sorted(path for path in WEB.rglob("*.js") if path.name not in MADE)
TAG = re.compile(r"</?[a-zA-Z]|<!--")
# Where a script names elements, words are selectors.
SELECTED = re.compile(r"(?:querySelector(?:All)?|closest|all|find)\($")
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:]? (… )?[A-Za-z]{2,}|[A-Za-z]{2,}[.:;!?]( |$)")
STYLES = re.compile(r'<style data-file="([\w.]+)">')


def tags_in(source):
    """Return the lines of a Python source whose strings hold a tag."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and TAG.search(node.value)
    ]


def strings_in(script):
    """Return the strings of a script, each without what it names elements by."""
    while (whole := re.sub(r"\$\{[^{}`]*\}", "…", script)) != script:
        script = whole
    found, before, inside = [], "", False
    for kind, text in JavascriptLexer().get_tokens(script):
        if kind not in String or kind in String.Regex:
            before, inside = (before + text)[-40:], False
        elif inside:
            found[-1] += text
        elif not SELECTED.search(before):
            found.append(text)
            inside = True
    return [text.strip("\"'`") for text in found]


def words_in(script):
    """Return the strings of a script that a reader would read, or that hold a tag."""
    return [
        text
        for text in strings_in(script)
        if text != "use strict" and (SENTENCE.search(text) or TAG.search(text))
    ]


def test_what_the_gates_refuse():
    assert tags_in('x = f"<b>{y}</b>"') and tags_in("'</i>'")
    assert not tags_in("x = '1 < y'")
    assert words_in('says.textContent = "The code is selected";') == [
        "The code is selected"
    ]
    assert words_in("x = `Pixel ${n} at ${place}`") and words_in('x = "Copied."')
    assert words_in("x = `<i>${n}</i>`")
    assert not words_in('root.querySelector(".steps tbody tr")')


@pytest.mark.parametrize("path", sorted(BOOK.glob("lvcbook/**/*.py")), ids=str)
def test_no_python_holds_a_tag(path):
    lines = tags_in(path.read_text(encoding="utf-8"))
    assert not lines, f"{path.name}, lines {lines}: put the markup into a template"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_cell_makes_markup(name):
    for cell in code_cells(NOTEBOOKS[name]):
        if "figures." in cell.source:
            assert not tags_in(cell.source), f"{name}, cell {cell.id}"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda one: one.name)
def test_no_script_holds_words_or_tags(path):
    assert not words_in(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda one: one.name)
def test_no_script_takes_axes_apart(path):
    """Python hands over the factors of axes: no script splits a text at its spaces."""
    assert not re.search(r"matchAll|split\(.? .?\)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_has_its_style_once_and_first(name):
    shown = "".join(
        output.get("data", {}).get("text/html", "")
        for cell in code_cells(NOTEBOOKS[name])
        for output in cell.outputs
    )
    styles = STYLES.findall(shown)
    assert len(styles) == len(set(styles)), f"{name} stores a style twice"
    if 'class="lvc' in shown:
        first = shown.index('class="lvc')
        assert f'<style data-file="{styles[0]}">' in shown[:first]
        assert styles[0] == "figures.css"


def test_the_pages_have_the_styles_as_files(book):
    for page in book.glob("book/*.html"):
        text = page.read_text(encoding="utf-8")
        assert not STYLES.search(text), page.name
        assert "figures.css" in text and "plane.css" in text


def test_what_a_template_gets_is_escaped():
    name = '<script>"&'
    sheets = {name: "a > b"}
    assert render("styles.html", sheets=sheets) == (
        '<style data-file="&lt;script&gt;&#34;&amp;">a &gt; b</style>'
    )
