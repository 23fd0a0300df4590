"""The notebooks of the book, read once."""

from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = {path.stem: nbformat.read(path, 4) for path in sorted(BOOK.glob("*.ipynb"))}
CHAPTERS = {name: book for name, book in NOTEBOOKS.items() if name.startswith("ch")}
STEP_BY_STEP = [name for name in CHAPTERS if name != "ch00_overview"]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag):
    return [
        cell for cell in code_cells(notebook) if tag in cell.metadata.get("tags", [])
    ]


def printed(cell) -> str:
    """All that a reader sees of the outputs of a cell, as text."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        texts += [output.get("text", ""), *(str(data[kind]) for kind in data)]
    return "\n".join(texts)
