"""Ruff finds nothing, in files and in the notebooks of the book."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import toc

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    ruff = [sys.executable, "-m", "ruff", *command, "--quiet", "--no-cache"]
    ruff += ["--extend-exclude", "*.ipynb", ".", *toc.notebooks()]
    result = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
