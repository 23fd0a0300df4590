"""`python -m lvc` prints the table for any sizes, and answers a wrong option with one line."""

import subprocess
import sys

import pytest

from lvc.__main__ import main
from lvc.shapes import BLOCKS, EXAMPLE, LVC_STEPS, Sizes, table


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command in this process; return its status, its output and its errors."""

    def run(*options):
        monkeypatch.setattr(sys, "argv", ["lvc", *options])
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return run


def test_as_a_command_it_prints_every_step_of_the_running_example():
    command = [sys.executable, "-m", "lvc"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith(f"\n\n{table(EXAMPLE)}\n")
    lines = result.stdout.splitlines()
    assert lines[0] == "LVCBlock in float32, b = 6, c = 32, h = 10, w = 10, k = 64"
    assert lines[2].split() == [
        "step",
        "einops",
        "pattern",
        "shape",
        "parameters",
        "bytes",
    ]
    for step, line in zip(LVC_STEPS, lines[3:], strict=False):
        assert line.startswith(step.name)
        assert step.pattern in line
        assert str(step.shape(EXAMPLE)) in line
        assert line.endswith(f"{step.size_in_bytes(EXAMPLE):,}")
    assert lines[-1].split() == ["LVCBlock", "6,656"]


def test_as_a_command_it_fails_with_a_status():
    command = [sys.executable, "-m", "lvc", "--batch", "0"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_every_option_changes_its_axis(run):
    options = [
        "--batch",
        "2",
        "--channels",
        "8",
        "--height",
        "3",
        "--width",
        "5",
        "--codes",
        "7",
    ]
    _, printed, _ = run(*options)
    assert printed.endswith(f"{table(Sizes(b=2, c=8, h=3, w=5, k=7))}\n")
    assert "(2, 15, 7, 8)" in printed


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_block_is_printed(run, block):
    _, printed, _ = run("--block", block.__name__)
    assert printed.startswith(f"{block.__name__} in float32, b = 6, ")
    assert printed.endswith(f"\n\n{table(EXAMPLE, block)}\n")


def test_the_smallest_sizes_are_allowed(run):
    options = [
        "--batch",
        "1",
        "--channels",
        "4",
        "--height",
        "1",
        "--width",
        "1",
        "--codes",
        "1",
    ]
    status, printed, errors = run(*options)
    assert (status, errors) == (None, "")
    assert printed.endswith(f"{table(Sizes(b=1, c=4, h=1, w=1, k=1))}\n")


def test_help_names_every_option_and_its_default(run):
    status, printed, _ = run("--help")
    assert status == 0
    assert "Print every step of a block" in printed
    for option, axis in zip(
        ("--batch", "--channels", "--height", "--width", "--codes"), Sizes._fields
    ):
        (line,) = [
            line for line in printed.splitlines() if f"  {option} {axis}" in line
        ]
        assert line.endswith(f"default: {getattr(EXAMPLE, axis)}")
    assert "default: LVCBlock" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", "0"], "--batch must be a whole number of at least 1, got 0"),
        (["--channels", "3"], "--channels must be a whole number of at least 4, got 3"),
        (["--codes", "many"], "argument --codes: invalid int value: 'many'"),
        (["--codes", "1.5"], "argument --codes: invalid int value: '1.5'"),
        (["--codes", "0"], "--codes must be a whole number of at least 1, got 0"),
        (["--height", "0"], "--height must be a whole number of at least 1, got 0"),
        (["--width", "-1"], "--width must be a whole number of at least 1, got -1"),
        (["--pixels", "9"], "unrecognized arguments: --pixels 9"),
        (["--chan", "9"], "unrecognized arguments: --chan 9"),
        (["--height"], "argument --height: expected one argument"),
    ],
)
def test_a_wrong_option_gets_one_line(run, options, message):
    status, printed, errors = run(*options)
    assert (status, printed) == (2, "")
    assert errors == f"python -m lvc: {message} (see python -m lvc --help)\n"


def test_a_block_that_is_not_there_gets_one_line(run):
    status, _, errors = run("--block", "Mean")
    assert status == 2 and errors.count("\n") == 1
    assert errors.startswith("python -m lvc: argument --block: invalid choice: 'Mean'")
