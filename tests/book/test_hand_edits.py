"""A notebook edited by hand fails with one sentence: which cell, what is wrong, what to do."""

import copy
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from tests.support.definitions import definitions
from tests.support.gates import GATES
from tests.support.notebooks import BOOK, NOTEBOOKS, ROOT, code_cells, read


def gives(output_type, **content):
    """Return the edit that puts one output in the place of the stored ones."""
    output = nbformat.v4.new_output(output_type, **content)
    return lambda cell: cell.update(outputs=[output])


def tagged(*tags):
    return lambda cell: cell.metadata.update(tags=[*tags])


def hidden(cell):
    cell.metadata.update(tags=["remove-input"], jupyter={"source_hidden": True})


def defines(source):
    """Return the edit that puts a tagged definition in the place of the cell's source."""
    return lambda cell: cell.update(source=source, metadata={"tags": ["lvc"]})


def source_of(chapter, cell_id):
    return next(c.source for c in NOTEBOOKS[chapter].cells if c.id == cell_id)


RESIDUALS = source_of("ch03_scaled_l2", "define-residuals")
PICTURE = '<svg role="img" aria-label="a line from 1 to 2"></svg>'
ADDED = nbformat.v4.new_code_cell("print(1)", id="added")
EDITS = {
    "missing tag": (
        ("ch03_scaled_l2", "define-residuals", tagged()),
        "ch03_scaled_l2.ipynb, cell define-residuals: the cell defines residuals of lvc.reference; tag it lvc",
    ),
    "missing definition": (
        ("ch06_mean", "define-mean", lambda cell: cell.update(source="", metadata={})),
        "no cell defines Mean of lvc.layers; add a cell with its definition, tagged lvc",
    ),
    "duplicate tag": (
        ("ch04_softmax", "define-weights", defines(RESIDUALS)),
        "ch04_softmax.ipynb, cell define-weights: residuals of lvc.reference is defined in ch03_scaled_l2.ipynb, cell define-residuals too; remove the tag lvc from one of the two",
    ),
    "one name in two modules, one tag missing": (
        ("ch10_products", "define-encode", tagged()),
        "ch10_products.ipynb, cell define-encode: the cell defines encode of lvc.functional; tag it lvc",
    ),
    "one name in two modules, one definition missing": (
        (
            "ch10_products",
            "define-encode",
            lambda cell: cell.update(source="", metadata={}),
        ),
        "no cell defines encode of lvc.functional; add a cell with its definition, tagged lvc",
    ),
    "one name in two modules, one of them twice": (
        (
            "ch10_products",
            "define-encode",
            defines(source_of("ch05_aggregate", "define-encode")),
        ),
        "ch10_products.ipynb, cell define-encode: encode of lvc.reference is defined in ch05_aggregate.ipynb, cell define-encode too; remove the tag lvc from one of the two",
    ),
    "one name in two modules, neither": (
        (
            "ch10_products",
            "define-encode",
            defines(
                source_of("ch10_products", "define-encode").replace("dim=-1", "dim=1")
            ),
        ),
        "ch10_products.ipynb, cell define-encode: encode differs from lvc.reference and from lvc.functional; make the cell and the module the same",
    ),
    "unknown name": (
        (
            "ch03_scaled_l2",
            "define-residuals",
            defines(RESIDUALS.replace("def residuals", "def residual")),
        ),
        "ch03_scaled_l2.ipynb, cell define-residuals: lvc has no residual; correct the name, or remove the tag lvc",
    ),
    "name that lvc only imports": (
        (
            "ch03_scaled_l2",
            "define-residuals",
            defines(RESIDUALS.replace("def residuals", "def rearrange")),
        ),
        "ch03_scaled_l2.ipynb, cell define-residuals: lvc has no rearrange; correct the name, or remove the tag lvc",
    ),
    "two statements": (
        ("ch03_scaled_l2", "define-residuals", defines(f"{RESIDUALS}\nprint(1)")),
        "ch03_scaled_l2.ipynb, cell define-residuals: a cell tagged lvc holds one definition and nothing else; move the rest to another cell, or remove the tag",
    ),
    "no definition": (
        ("ch03_scaled_l2", "define-residuals", defines("print(1)")),
        "ch03_scaled_l2.ipynb, cell define-residuals: a cell tagged lvc holds one definition and nothing else; move the rest to another cell, or remove the tag",
    ),
    "syntax error": (
        ("ch03_scaled_l2", "define-residuals", defines("@checked\ndef residuals(:")),
        "ch03_scaled_l2.ipynb, cell define-residuals: Python cannot read line 2 (invalid syntax); correct it",
    ),
    "different definition": (
        (
            "ch03_scaled_l2",
            "define-residuals",
            defines(RESIDUALS.replace(" - ", " + ")),
        ),
        "ch03_scaled_l2.ipynb, cell define-residuals: residuals differs from lvc.reference; make the cell and the module the same",
    ),
    "unexecuted cell": (
        ("ch03_scaled_l2", "setup", lambda cell: cell.update(execution_count=None)),
        "ch03_scaled_l2.ipynb, cell setup: the cell was not executed; run: make run",
    ),
    "executed out of order": (
        ("ch03_scaled_l2", "setup", lambda cell: cell.update(execution_count=47)),
        "ch03_scaled_l2.ipynb, cell setup: the cell was executed out of order, as number 47 and not 2; run: make run",
    ),
    "cell added": (
        ("ch03_scaled_l2", None, lambda book: book.cells.insert(4, ADDED)),
        "ch03_scaled_l2.ipynb, cell added: the cell was not executed; run: make run",
    ),
    "metadata of another program": (
        ("ch03_scaled_l2", None, lambda book: book.metadata.update(colab={})),
        "ch03_scaled_l2.ipynb: the metadata of the notebook name another kernel or program; run: make run",
    ),
    "duplicate cell id": (
        ("ch03_scaled_l2", "line-up", lambda cell: cell.update(id="setup")),
        "ch03_scaled_l2.ipynb, cell setup: 2 cells have this id; rename all but one",
    ),
    "id in capitals": (
        ("ch03_scaled_l2", "line-up", lambda cell: cell.update(id="Line_Up")),
        "ch03_scaled_l2.ipynb, cell Line_Up: the id is not in words; name the cell as in by-hand",
    ),
    "random id": (
        ("ch03_scaled_l2", "line-up", lambda cell: cell.update(id="a1b2c3d4")),
        "ch03_scaled_l2.ipynb, cell a1b2c3d4: the id is not in words; name the cell as in by-hand",
    ),
    "error output": (
        (
            "ch03_scaled_l2",
            "line-up",
            gives("error", ename="ValueError", evalue="", traceback=[]),
        ),
        "ch03_scaled_l2.ipynb, cell line-up: the output is an error; correct the cell, then run: make run",
    ),
    "output on stderr": (
        ("ch03_scaled_l2", "line-up", gives("stream", name="stderr", text="a warning")),
        "ch03_scaled_l2.ipynb, cell line-up: the cell writes to stderr; correct the cell, then run: make run",
    ),
    "PNG output": (
        ("ch03_scaled_l2", "line-up", gives("display_data", data={"image/png": "iV"})),
        "ch03_scaled_l2.ipynb, cell line-up: the output is a PNG or JPEG, which is not compared; draw it with figures, then run: make run",
    ),
    "absolute path": (
        ("ch03_scaled_l2", "line-up", gives("stream", text="in /home/me/book")),
        "ch03_scaled_l2.ipynb, cell line-up: the output shows an absolute path; print it without, then run: make run",
    ),
    "device": (
        ("ch03_scaled_l2", "line-up", gives("stream", text="device='cuda:0'")),
        "ch03_scaled_l2.ipynb, cell line-up: the output shows a device or an address; print it without, then run: make run",
    ),
    "output ignored by a tag": (
        ("ch03_scaled_l2", "line-up", tagged("nbval-ignore-output")),
        "ch03_scaled_l2.ipynb, cell line-up: nbval-ignore-output keeps the output from being compared; remove it, or give the reason in ALLOWED_TO_IGNORE of tests/support/gates.py",
    ),
    "output ignored by a comment": (
        ("ch03_scaled_l2", "line-up", lambda cell: cell.update(source="# NBVAL_SKIP")),
        "ch03_scaled_l2.ipynb, cell line-up: # NBVAL_SKIP keeps the output from being compared; remove it, or give the reason in ALLOWED_TO_IGNORE of tests/support/gates.py",
    ),
    "solution open in JupyterLab": (
        (
            "ch03_scaled_l2",
            "solution-1",
            lambda cell: cell.metadata.pop("jupyter"),
        ),
        "ch03_scaled_l2.ipynb, cell solution-1: the tags and JupyterLab's source_hidden do not agree; set source_hidden exactly where a cell is tagged remove-input, hide-input or hide-cell",
    ),
    "check open in JupyterLab": (
        (
            "ch03_scaled_l2",
            "subtract-check",
            lambda cell: cell.metadata.pop("jupyter"),
        ),
        "ch03_scaled_l2.ipynb, cell subtract-check: the tags and JupyterLab's source_hidden do not agree; set source_hidden exactly where a cell is tagged remove-input, hide-input or hide-cell",
    ),
    "check shown": (
        ("ch03_scaled_l2", "subtract-check", lambda cell: cell.update(metadata={})),
        "ch03_scaled_l2.ipynb, cell subtract-check: the page shows an assert; move it to a cell tagged hide-input, whose id ends in -check",
    ),
    "import shown": (
        ("ch03_scaled_l2", "line-up", lambda cell: cell.update(source="import math")),
        "ch03_scaled_l2.ipynb, cell line-up: the page shows an import; move it to a cell tagged hide-input",
    ),
    "alt text of another picture": (
        (
            "ch03_scaled_l2",
            "line-up",
            gives("display_data", data={"text/html": 2 * PICTURE}),
        ),
        "ch03_scaled_l2.ipynb, cell line-up: another picture of the chapter has the same alt text 'a line from 1 to 2'; say what differs",
    ),
    "alt text without a number": (
        (
            "ch03_scaled_l2",
            "line-up",
            gives(
                "display_data",
                data={"text/html": '<svg role="img" aria-label="a line">'},
            ),
        ),
        "ch03_scaled_l2.ipynb, cell line-up: the alt text 'a line' has no number; say one that the picture shows",
    ),
    "definition hidden": (
        ("ch03_scaled_l2", "subtract", hidden),
        "ch03_scaled_l2.ipynb, cell subtract-check: only a hidden cell defines residual; define it in a visible one",
    ),
}


@pytest.mark.parametrize(("edit", "sentence"), EDITS.values(), ids=EDITS)
def test_an_edit_gets_one_sentence(edit, sentence):
    chapter, cell_id, change = edit
    book = copy.deepcopy(NOTEBOOKS[chapter])
    change(next((cell for cell in book.cells if cell.id == cell_id), book))
    complaints = definitions({**NOTEBOOKS, chapter: book})
    for gate in GATES:
        complaints += gate({chapter: book})
    assert complaints == [sentence]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '{\n "cells": [',
            '{\n<<<<<<< HEAD\n "cells": [',
            "ch03_scaled_l2.ipynb: the file is not JSON (Expecting property name enclosed in double quotes: line 2 column 1 (char 2)); resolve the merge conflict or undo the edit",
        ),
        (
            '   "id": "setup",\n',
            "",
            "ch03_scaled_l2.ipynb, cell number 4: the file is not a notebook ('id' is a required property); undo the edit",
        ),
        (
            '"nbformat": 4,',
            "",
            "ch03_scaled_l2.ipynb: the file is not a notebook ('nbformat' is a required property); undo the edit",
        ),
    ],
    ids=["merge conflict", "cell without id", "no format"],
)
def test_a_damaged_file_gets_one_sentence(tmp_path, old, new, sentence):
    path = tmp_path / "ch03_scaled_l2.ipynb"
    text = (BOOK / path.name).read_text()
    path.write_text(text)
    assert read(path) == NOTEBOOKS[path.stem]
    path.write_text(text.replace(old, new, 1))
    assert read(path) == sentence


@pytest.mark.slow
def test_nbval_begins_with_one_sentence(tmp_path):
    """In a worker of xdist, as in `make test`; the summary repeats the sentence."""
    shutil.copy(BOOK / "conftest.py", tmp_path)
    (tmp_path / "cut.ipynb").write_text('{\n "cells": [')
    (tmp_path / "empty.ipynb").write_text("{}")
    setup = copy.deepcopy(code_cells(NOTEBOOKS["ch01_pixels"])[1])
    setup.outputs[0].text = setup.outputs[0].text.replace("100", "101")
    cells = [setup]
    for source in (
        "print(n)",
        "assert n == 99",
        "raise ValueError('1\\n2')",
        "print(0)",
    ):
        cells.append(nbformat.v4.new_code_cell(source, execution_count=len(cells) + 1))
        cells[-1].id = f"cell-{len(cells)}"
    cells[-1].update(execution_count=None, outputs=cells[0].outputs)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "edited.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-n1", "--continue-on-collection-errors"]
        + ["--nbval", "--nbval-current-env", "-p", "no:cacheprovider"],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{BOOK}", "COLUMNS": "300"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    differs = "the stored output is not what the cell gives now; if the change is meant, run: make run"
    sentences = {
        "FAILED edited.ipynb::Cell 0": f"edited.ipynb, cell setup: {differs}",
        "FAILED edited.ipynb::Cell 1": f"edited.ipynb, cell cell-2: {differs}",
        "FAILED edited.ipynb::Cell 2": "edited.ipynb, cell cell-3: the cell raised AssertionError; correct the cell or lvc",
        "FAILED edited.ipynb::Cell 3": "edited.ipynb, cell cell-4: the cell raised ValueError: 1; correct the cell or lvc",
        "FAILED edited.ipynb::Cell 4": "edited.ipynb, cell cell-5: the cell was not executed; run: make run",
        "ERROR cut.ipynb": "cut.ipynb: the file is not JSON (Expecting value: line 2 column 12 (char 13)); resolve the merge conflict or undo the edit",
        "ERROR empty.ipynb": "empty.ipynb: the file is not a notebook; undo the edit",
    }
    lines = result.stdout.splitlines()
    summary = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    assert summary == [f"{cell} - {words}" for cell, words in sentences.items()]
    assert set(sentences.values()) <= set(lines)
