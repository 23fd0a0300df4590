"""What make test says on the way, and what is left of it with FAST=1."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest

@pytest.fixture
def book(): pass

@pytest.mark.slow
def test_slow(): pass

def test_of_a_built_page(book): pass

def test_quick(): pass
"""


@pytest.fixture
def project(tmp_path):
    """A project with this conftest.py, all of it committed."""
    for folder in ("book", "tests"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "tests" / "test_some.py").write_text(TESTS)
    for name in ("Zwölf 1", "same"):
        write(tmp_path, name, "1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x")
    return tmp_path


def write(project, name, source):
    cells = [nbformat.v4.new_code_cell(source, id="one")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, project / "book" / f"{name}.ipynb")


def git(folder, *arguments):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def run(project, *options):
    clean = {name: v for name, v in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, *options], cwd=project, env=clean, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def collected(project, *options):
    shown = run(project, "--collect-only", "-q", *options).splitlines()
    return {line.rpartition("/")[2] for line in shown if "::" in line}


@pytest.mark.slow
def test_fast_leaves_out_what_is_slow_the_pages_and_unchanged_notebooks(project):
    for name in ("Zwölf 1", "new"):
        write(project, name, "2")
    kept = {"test_some.py::test_quick", "Zwölf 1.ipynb::Cell 0", "new.ipynb::Cell 0"}
    assert collected(project, "--fast") == kept
    shutil.rmtree(project / ".git")  # where git cannot say what changed, all are run
    assert collected(project, "--fast") == kept | {"same.ipynb::Cell 0"}


@pytest.mark.slow
def test_each_piece_is_named_when_it_begins_with_the_time_and_the_share(project):
    """One worker, so that the order is that of the pieces: what takes long comes first."""
    shown = run(project, "-n1", "--nbval-current-env")
    begun = re.findall(r"^\d+:\d\d +(\d+) % (.+\.(?:py|ipynb)) ", shown, re.MULTILINE)
    pieces = ["tests/test_some.py", "book/Zwölf 1.ipynb", "book/same.ipynb"]
    assert begun == list(zip(("0", "60", "80"), pieces))
