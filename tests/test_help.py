"""Every command says with --help what it takes, and wrong arguments get one sentence."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Of each command: what --help names, and wrong arguments with the end of their sentence.
COMMANDS = {
    "tools.execute": (
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
    "tools.pdf": (
        "Chromium",
        [(["page.pdf"], "unrecognized arguments: page.pdf")],
    ),
    "tools.translate": (
        "--notebooks",
        [(["--lab"], "unrecognized arguments: --lab")],
    ),
    "tools.catalogues": (
        "--check",
        [(["--check", "ch99"], "there is no catalogue ch99")],
    ),
    "tools.weigh_pages": (
        "kB",
        [(["page.html"], "unrecognized arguments: page.html")],
    ),
    "lvcbook.experiment": (
        "--fresh",
        [(["digits"], "unrecognized arguments: digits")],
    ),
    "lvcbook.live.export": (
        "every step",
        [(["trained"], "unrecognized arguments: trained")],
    ),
    "tools.pack_engine": (
        "onnxruntime-web",
        [(["1.31.0"], "unrecognized arguments: 1.31.0")],
    ),
    "tools.bench": (
        "tools.pasted",
        [(["--quick"], "unrecognized arguments: --quick")],
    ),
    "tools.mutants": (
        "--again",
        [
            (["--again", "foo"], "argument TEXT: not allowed with argument --again"),
            (["no such mutant"], "no mutant has 'no such mutant' in its name"),
            ([""], "no mutant has '' in its name"),
            (["--all"], "unrecognized arguments: --all"),
        ],
    ),
}
CASES = [(module, *case) for module, (_, cases) in COMMANDS.items() for case in cases]


def run(module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'book'}"},
        capture_output=True,
        text=True,
        timeout=60,  # what it would start takes longer
    )


@pytest.mark.parametrize("module", COMMANDS)
def test_help(module):
    result = run(module, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ") and COMMANDS[module][0] in result.stdout


@pytest.mark.parametrize(("module", "arguments", "sentence"), CASES, ids=str)
def test_wrong_arguments_get_one_sentence(module, arguments, sentence):
    result = run(module, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: ")
    assert result.stderr.splitlines()[-1].endswith(f": error: {sentence}")


def test_every_command_of_make_is_here():
    modules = re.findall(r"python -m ([\w.]+)", (ROOT / "Makefile").read_text())
    ours = {module for module in modules if module.startswith(("tools.", "lvcbook."))}
    assert ours | {"tools.weigh_pages", "tools.catalogues"} == {*COMMANDS}
