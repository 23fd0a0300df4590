"""`python -m lvc` prints the table for any sizes, and answers a wrong option with one line."""

import subprocess
import sys

import pytest

from lvc.shapes import BLOCKS, EXAMPLE, LVC_STEPS, Sizes, table


def run(*options):
    return subprocess.run(
        [sys.executable, "-m", "lvc", *options], capture_output=True, text=True
    )


def test_without_options_it_prints_every_step_of_the_running_example():
    result = run()
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


def test_every_option_changes_its_axis():
    result = run(
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
    )
    assert result.stdout.endswith(f"{table(Sizes(b=2, c=8, h=3, w=5, k=7))}\n")
    assert "(2, 15, 7, 8)" in result.stdout


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_every_block_is_printed(block):
    printed = run("--block", block.__name__).stdout
    assert printed.endswith(f"\n\n{table(EXAMPLE, block)}\n")


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
        (["--height"], "argument --height: expected one argument"),
    ],
)
def test_a_wrong_option_gets_one_line(options, message):
    result = run(*options)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == f"python -m lvc: {message} (see python -m lvc --help)\n"
