"""Every command says with --help what it takes, and wrong arguments get one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Of each command: what --help names, and wrong arguments with the end of their sentence.
COMMANDS = {
    "book/execute.py": (
        "NOTEBOOK",
        [
            (
                ["nothing.ipynb"],
                "argument NOTEBOOK: there is no notebook nothing.ipynb",
            ),
            (
                ["book/index.md"],
                "argument NOTEBOOK: there is no notebook book/index.md",
            ),
            (["--fast"], "unrecognized arguments: --fast"),
        ],
    ),
    "book/pdf.py": (
        "Chromium",
        [(["page.pdf"], "unrecognized arguments: page.pdf")],
    ),
    "book/experiment.py": (
        "--fresh",
        [(["digits"], "unrecognized arguments: digits")],
    ),
    "benchmarks/bench.py": (
        "lvc.reference.encode",
        [(["--quick"], "unrecognized arguments: --quick")],
    ),
    "tests/mutation.py": (
        "--again",
        [
            (["--again", "foo"], "argument TEXT: not allowed with argument --again"),
            (["no such mutant"], "no mutant has 'no such mutant' in its name"),
            ([""], "no mutant has '' in its name"),
            (["--all"], "unrecognized arguments: --all"),
        ],
    ),
}
CASES = [(path, *case) for path, (_, cases) in COMMANDS.items() for case in cases]


def run(path, *arguments):
    return subprocess.run(
        [sys.executable, path, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,  # what it would start takes longer
    )


@pytest.mark.parametrize("path", COMMANDS)
def test_help(path):
    result = run(path, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ") and COMMANDS[path][0] in result.stdout


@pytest.mark.parametrize(("path", "arguments", "sentence"), CASES, ids=str)
def test_wrong_arguments_get_one_sentence(path, arguments, sentence):
    result = run(path, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ")
    assert result.stderr.splitlines()[-1].endswith(f": error: {sentence}")


def test_every_command_of_make_is_here():
    makefile = (ROOT / "Makefile").read_text()
    assert all(path in makefile for path in COMMANDS)
    scripts = {
        line.split("$(BIN)/python ")[-1].split()[0]
        for line in makefile.splitlines()
        if "$(BIN)/python " in line
    }
    assert {script for script in scripts if script.endswith(".py")} == {*COMMANDS}
