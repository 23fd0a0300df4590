"""The notebooks are stored as a reader would get them: executed whole, clean, comparable."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lvc.axes import EXAMPLE
from lvc.steps import LVC_STEPS
from tests.support.gates import GATES
from tests.support.notebooks import (
    DAMAGED,
    NOTEBOOKS,
    ROOT,
    STEP_BY_STEP,
    printed,
    read,
)
from tools import toc


def test_every_file_is_a_notebook():
    assert not DAMAGED, "\n".join(DAMAGED)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_gate(gate):
    complaints = [*gate(NOTEBOOKS)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_the_strip_shows_the_steps_of_the_table(name):
    strip = next((cell for cell in NOTEBOOKS[name].cells if cell.id == "strip"), None)
    assert strip, f"{name}.ipynb: no cell has the id strip; name the first figure so"
    shown = printed(strip)
    titles = re.findall(r'title="([^"]*)"', shown)
    assert titles == [
        f"{step.name} {step.shape(EXAMPLE)}" for step in LVC_STEPS["literal"]
    ], f"{name}.ipynb, cell strip: the steps are not those of lvc.steps; run: make run"
    assert shown.count('aria-current="step"') >= 1, (
        f"{name}.ipynb, cell strip: no step is marked; name the steps of the chapter"
    )


def test_the_overview_lists_every_chapter():
    overview = "".join(cell.source for cell in NOTEBOOKS["ch00_overview"].cells)
    chapters = {Path(page).name for page in toc.pages()} - {"ch00_overview"}
    left_out = [
        name
        for name in sorted(chapters)
        if name.startswith("ch") and f"]({name})" not in overview
    ]
    assert not left_out, f"ch00_overview.ipynb: no row for {', '.join(left_out)}"


@pytest.fixture
def with_own_notebooks(tmp_path):
    """A copy of the book in which a reader has notebooks of their own."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "book").mkdir()
    for name in ("_toc.yml", "book/conftest.py", "book/index.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    for page in toc.pages():
        if (ROOT / f"{page}.md").exists():
            (tmp_path / f"{page}.md").touch()
    for name in toc.notebooks():
        (tmp_path / "book" / name.name).write_text(GOOD)
    for name in OWN:
        (tmp_path / "book" / name).write_text("not even JSON")
    return tmp_path


OWN = ["My notes.ipynb", "Untitled.ipynb", "ch03_copy.ipynb", "x:y [1].ipynb"]
GOOD = nbformat.writes(
    nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1)", id="one")])
)


def run(folder, *command):
    """Run Python in a copy of the book."""
    clean = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=clean,
        capture_output=True,
        text=True,
    )


def test_a_readers_own_notebooks_are_not_executed_but_named(with_own_notebooks):
    script = with_own_notebooks / "tools" / "execute.py"
    # Executing them all takes long.
    text = script.read_text().replace("        execute(path)", "        continue")
    script.write_text(text)
    result = run(with_own_notebooks, "-m", "tools.execute")
    assert result.returncode == 0, result.stderr
    first, *executed = result.stdout.splitlines()
    names = ", ".join(f"book/{name}" for name in OWN)
    assert first == f"Not in _toc.yml, so no page of the book and left alone: {names}"
    assert executed == [f"executing {path.name}" for path in toc.notebooks()]


@pytest.mark.slow
def test_a_readers_own_notebooks_are_not_tested_but_named(with_own_notebooks):
    command = "-m pytest -q --nbval --collect-only -p no:cacheprovider book"
    result = run(with_own_notebooks, *command.split())
    assert result.returncode == 0, result.stdout
    assert all(f"{path.name}::" in result.stdout for path in toc.notebooks())
    assert not any(f"{name}::" in result.stdout for name in OWN)
    loud = run(with_own_notebooks, *command.replace("-q ", "").split())
    assert "left alone: book/My notes.ipynb" in loud.stdout


def test_a_page_that_is_missing_gets_one_sentence(tmp_path):
    assert read(tmp_path / "ch03.ipynb") == (
        "ch03.ipynb: _toc.yml names this page, and it is not there; add it, or correct _toc.yml"
    )


def test_the_pages_are_those_of_the_table_of_contents():
    files = re.findall(r"(?:file|root): (\S+)", (ROOT / "_toc.yml").read_text())
    assert toc.pages() == files
    assert {path.stem for path in toc.notebooks()} == {*NOTEBOOKS}
    assert len(NOTEBOOKS) > 15
