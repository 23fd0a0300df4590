"""make finds what the book is made of, makes .venv for this folder, and says what failed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = "Bücher, ü & 'a' $b"  # what people call folders
# It stands for Python: it makes an environment, and notes what pip is asked to do.
PYTHON = """#!/bin/sh
case "$1 $2" in
  "-c "*ensurepip*) exit ${NO_VENV:-0} ;;
  "-c "*version*) exit 0 ;;
  "-m venv")
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python" || exit 1
    [ -z "$FULL" ] || { echo "No space left on device" >&2; exit 1; } ;;
  "-m pip") echo "$*" >> pip.log; exit ${PIP:-0} ;;
esac
"""


@pytest.fixture
def project(tmp_path):
    """A copy of what make reads, in a folder with a difficult name."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    folder = tmp_path / FOLDER
    folder.mkdir()
    for name in ("Makefile", "_config.yml", "_toc.yml", "requirements.txt"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "lvc").mkdir()
    (folder / "book").mkdir()
    (folder / "book" / "index.md").touch()
    (folder / "book" / "ch01_pixels.ipynb").touch()
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return folder


def make(project, *arguments, **environment):
    command = ["make", *arguments, f"PYTHON={project.parent / 'python'}"]
    # What the make around this test was told is not for this one.
    told = ("MAKE", "FAST")
    clean = {k: v for k, v in os.environ.items() if not any(one in k for one in told)}
    return subprocess.run(
        command, cwd=project, env=clean | environment, capture_output=True, text=True
    )


def pip_runs(project):
    log = project / "pip.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_the_environment_is_made_once(project):
    first = make(project, ".venv/installed")
    assert first.returncode == 0, first.stderr
    assert "Making .venv." in first.stdout and "moved" not in first.stdout
    assert (project / ".venv/installed").read_text() == f"{project.resolve()}\n"
    assert pip_runs(project) == 2
    again = make(project, ".venv/installed")
    assert again.returncode == 0 and "up to date" in again.stdout
    assert pip_runs(project) == 2


@pytest.mark.parametrize("way", [shutil.move, shutil.copytree])
def test_a_moved_or_copied_folder_is_made_good(project, way):
    make(project, ".venv/installed")
    other = project.with_name("elsewhere")
    way(project, other)
    kept = other / ".venv" / "kept"
    kept.touch()
    made = make(other, ".venv/installed")
    assert made.returncode == 0, made.stderr
    assert "This folder has moved or was copied" in made.stdout
    assert (other / ".venv/installed").read_text() == f"{other.resolve()}\n"
    assert pip_runs(other) == 4 and kept.exists()


def test_only_a_missing_module_is_called_missing(project):
    made = make(project, ".venv/installed", NO_VENV="1")
    assert made.returncode and "venv module is missing" in made.stdout
    made = make(project, ".venv/installed", FULL="1")
    assert made.returncode and "venv module" not in made.stdout
    assert "Making .venv failed; the lines above say why." in made.stdout
    assert "No space left on device" in made.stderr


def test_a_failure_deletes_what_it_made_and_nothing_else(project):
    make(project, ".venv/installed", FULL="1")
    assert not (project / ".venv").exists()
    (project / ".venv").mkdir()
    (project / ".venv" / "mine").touch()
    make(project, ".venv/installed", FULL="1")
    assert (project / ".venv" / "mine").exists()
    (project / ".venv" / "mine").unlink()
    assert make(project, ".venv/installed", PIP="1").returncode
    assert not (project / ".venv" / "installed").exists()
    assert (project / ".venv" / "bin").exists()  # make goes on from here


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_may_not_be_written_is_said_so(project):
    project.chmod(0o555)
    made = make(project, ".venv/installed")
    project.chmod(0o755)
    assert "Making .venv failed" in made.stdout and "venv module" not in made.stdout


@pytest.mark.parametrize(
    "name",
    ["My notes.ipynb", "x:y.ipynb", "50%.ipynb", "Übung.ipynb", "a#b.csv", "my/b c.py"],
)
def test_any_name_of_a_readers_own_file_is_fine(project, name):
    make(project, ".venv/installed")
    mine = project / "book" / name
    mine.parent.mkdir(exist_ok=True)
    mine.touch()
    for target in ("book", "pdf", "test", "run"):
        made = make(project, "-n", target)
        assert made.returncode == 0, made.stderr
        assert mine.name not in made.stdout
    assert make(project, "lab").returncode == 0


@pytest.mark.parametrize(("option", "fast"), [((), False), (("FAST=1",), True)])
def test_fast_is_handed_to_pytest(project, option, fast):
    make(project, ".venv/installed")
    made = make(project, "-n", "test", *option)
    assert made.stdout.split()[2:] == ["pytest"] + ["--fast"] * fast


def test_the_book_is_built_again_after_a_change_of_a_page_and_of_no_other(project):
    make(project, ".venv/installed")
    page = project / "_build/html/index.html"
    page.parent.mkdir(parents=True)
    later = project.stat().st_mtime + 10
    page.touch()
    os.utime(page, (later, later))
    for name, built in [("Untitled.ipynb", False), ("ch01_pixels.ipynb", True)]:
        path = project / "book" / name
        path.touch()
        os.utime(path, (later + 10, later + 10))
        assert ("jupyter" in make(project, "-n", "book").stdout) == built, name


def test_the_address_of_the_book_opens_in_a_browser(project):
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/python").symlink_to(sys.executable)
    (project / ".venv/installed").write_text(f"{project.resolve()}\n")
    page = project / "_build/html/index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    later = page.stat().st_mtime + 10
    os.utime(page, (later, later))
    made = make(project, "book")
    address = page.resolve().as_uri()
    chinese = (page.parent / "zh" / "index.html").resolve().as_uri()
    said = f"The book is built. Open: {address}\nIn Chinese: {chinese}\n"
    assert made.stdout == said, made.stderr
    assert address.isascii() and " " not in address
