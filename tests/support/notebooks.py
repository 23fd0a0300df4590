"""The notebooks of the book, read once, and what is asked of their cells."""

import ast
import json

import nbformat
from nbformat.validator import iter_validate

from tools import toc
from tools.toc import BOOK, ROOT  # noqa: F401  (the tests take them from here)


def read(path):
    """Return the notebook as it is stored, or the sentence that says why it is none."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return f"{path.name}: _toc.yml names this page, and it is not there; add it, or correct _toc.yml"
    except ValueError as error:
        return f"{path.name}: the file is not JSON ({error}); resolve the merge conflict or undo the edit"
    for error in iter_validate(stored, version=4, version_minor=5):
        where = path.name
        match [*error.absolute_path]:
            case ["cells", number, *_]:
                where += f", cell number {number + 1}"
        return (
            f"{where}: the file is not a notebook ({error.message[:80]}); undo the edit"
        )
    return nbformat.v4.to_notebook(stored)


FILES = {path.stem: read(path) for path in toc.notebooks()}
DAMAGED = [book for book in FILES.values() if isinstance(book, str)]
NOTEBOOKS = {name: book for name, book in FILES.items() if not isinstance(book, str)}
CHAPTERS = {name: book for name, book in NOTEBOOKS.items() if name.startswith("ch")}
REFERENCE = "ch15_when_it_goes_wrong"  # no steps, so no strip, and no exercises
STEP_BY_STEP = [name for name in CHAPTERS if name not in {"ch00_overview", REFERENCE}]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell) -> set:
    return set(cell.metadata.get("tags", []))


def places(notebooks):
    """Return every code cell, with the words that say where it is."""
    return [
        (f"{name}.ipynb, cell {cell.id}", cell)
        for name, book in notebooks.items()
        for cell in code_cells(book)
    ]


def printed(cell) -> str:
    """All that a reader sees of the outputs of a cell, as text."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        texts += [output.get("text", ""), *(str(data[kind]) for kind in data)]
    return "\n".join(texts)


def statements(source):
    """Return the statements of a source; none if Python cannot read it, as nbval will say."""
    try:
        return ast.parse(source).body
    except SyntaxError:
        return []
