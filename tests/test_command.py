"""`python -m lvc` prints the table for any sizes, and answers a wrong option with one line."""

import os
import subprocess
import sys

import pytest

from lvc.__main__ import main
from lvc.axes import EXAMPLE, Sizes
from lvc.steps import FORMS, LVC_STEPS, STEPS
from lvc.table import TENSORS, shape_table

SIZE = "must be a whole number of at least {} and at most 18 digits"


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


@pytest.mark.slow
def test_as_a_command_it_prints_every_step_of_the_running_example():
    command = [sys.executable, "-m", "lvc"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith(f"\n\n{shape_table(EXAMPLE)}\n")
    lines = result.stdout.splitlines()
    sizes = "b = 6, c = 32, h = 10, w = 10, k = 64"
    assert lines[0] == f"LVCBlock, literal form, in float32, {sizes}"
    assert lines[2].split() == [
        *("LVCBlock,", "literal", "form"),
        "einops",
        "pattern",
        "shape",
        "parameters",
        "bytes",
    ]
    for step, line in zip(LVC_STEPS["literal"], lines[3:], strict=False):
        assert line.startswith(step.name)
        assert step.pattern in line
        assert str(step.shape(EXAMPLE)) in line
        assert line.endswith(f"{step.size_in_bytes(EXAMPLE):,}")
    assert lines[-1].split() == ["in", "all", "6,656"]


@pytest.mark.slow
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
    assert printed.endswith(f"{shape_table(Sizes(b=2, c=8, h=3, w=5, k=7))}\n")
    assert "(2, 15, 7, 8)" in printed


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("block", TENSORS, ids=lambda block: block.__name__)
def test_every_block_is_printed(run, block, form):
    name = block.__name__
    if name == "LightMLPBlock":
        _, printed, _ = run("--block", name)
        assert printed.startswith(f"{name}, in float32, b = 6, ")
        assert " k = " not in printed
    else:
        _, printed, _ = run("--block", name, "--form", form)
        assert printed.startswith(f"{name}, {form} form, in float32, b = 6, ")
    assert printed.endswith(f"\n\n{shape_table(EXAMPLE, block, form)}\n")


def test_the_product_form_has_no_tensor_of_all_axes(run):
    for form, there in (("literal", True), ("product", False)):
        _, printed, _ = run("--form", form)
        assert ("(6, 100, 64, 32)" in printed) == there


@pytest.mark.parametrize("block", STEPS)
def test_the_least_channels_are_those_of_the_block(run, block):
    least = 4 if block in ("LVCBlock", "EVCBlock") else 1
    status, printed, errors = run("--block", block, "--channels", str(least))
    assert (status, errors) == (None, "") and f"(6, {least}, 10, 10)" in printed
    status, printed, errors = run("--block", block, "--channels", str(least - 1))
    assert (status, printed) == (2, "") and f"of at least {least} and" in errors


def test_sizes_up_to_18_digits_are_printed(run):
    options = [
        f"--{word}" for word in ["batch", "channels", "height", "width", "codes"]
    ]
    most = "9" * 18
    words = [word for option in options for word in (option, most)]
    for block in ("Encoding", "LVCBlock", "EVCBlock"):
        status, printed, _ = run("--block", block, *words)
        assert status is None and most in printed


@pytest.mark.slow
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("options", [[], ["--help"]])
def test_a_reader_that_goes_away_is_no_error(options, unbuffered):
    """As in `python -m lvc | true`: nobody reads what is printed."""
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "lvc", *options]
    with os.fdopen(write, "wb") as pipe:
        result = subprocess.run(
            command, stdout=pipe, stderr=subprocess.PIPE, env=environment
        )
    assert (result.returncode, result.stderr) == (0, b"")


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
    assert printed.endswith(f"{shape_table(Sizes(b=1, c=4, h=1, w=1, k=1))}\n")


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
    assert "default: LVCBlock" in printed and "default: literal" in printed
    assert "{literal,product}" in printed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch", "0"], f"--batch {SIZE.format(1)}, got 0"),
        (["--channels", "3"], f"--channels {SIZE.format(4)}, got 3"),
        (["--codes", "many"], f"--codes {SIZE.format(1)}, got many"),
        (["--codes", "1.5"], f"--codes {SIZE.format(1)}, got 1.5"),
        (["--codes", "0"], f"--codes {SIZE.format(1)}, got 0"),
        (["--height", "0"], f"--height {SIZE.format(1)}, got 0"),
        (["--width", "-1"], f"--width {SIZE.format(1)}, got -1"),
        (["--width", ""], f"--width {SIZE.format(1)}, got "),
        (["--width", "x" * 18], f"--width {SIZE.format(1)}, got {'x' * 18}"),
        (["--batch", "9" * 19], f"--batch {SIZE.format(1)}, got 19 characters"),
        (["--batch", "9" * 2000], f"--batch {SIZE.format(1)}, got 2000 characters"),
        (["--batch", "9" * 5000], f"--batch {SIZE.format(1)}, got 5000 characters"),
        (
            ["--block", "LightMLPBlock", "--codes", "64"],
            "--codes says nothing to LightMLPBlock, which has no codewords",
        ),
        (
            ["--block", "LightMLPBlock", "--form", "product"],
            "--form says nothing to LightMLPBlock, which has one form",
        ),
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
