"""The checks of chapter 8 take the right answers and refuse typical wrong ones."""

import pytest

from lvc.steps import LVC_STEPS
from lvcbook.exercises import ch08 as exercises
from tests.support.answers import refuses, verdict

PARTS = {step.part: step.name for step in LVC_STEPS["literal"] if step.part}


def step_of(key):
    return PARTS[part_of(key)]


def part_of(key):
    return next(part for part in PARTS if key.startswith(part))


WRONG_PARAMETERS = {
    "put a number in place of the dots": ...,
    "in proportion to the channels": 8 * 6656,
    "with the square of the channels": 64 * 6656,
    "ConvBlock is missing": 284_864 - 136_448,
    "the offset of Linear is missing": 284_864 - 256,
    "the scales are missing": 284_864 - 64,
    "the BatchNorms are missing": 284_864 - 2 * (64 + 64 + 256 + 256 + 256 + 64),
    "has no offset, only Linear": 284_864 + 256,
    "running statistics": 284_864 + 2 * (64 + 64 + 256 + 256 + 256 + 64) + 6,
    "not 12; ConvBlock alone has 136,448": 12,
}
WRONG_STEP_OF = {
    "it returned None for conv_1.conv1.weight": lambda key: None,
    "conv_1 is a part of the block": part_of,
    "which is no step of the table": lambda key: step_of(key).lower(),
    "does not belong to the input": lambda key: next(
        step.name for step in LVC_STEPS["literal"] if key.startswith(step.part)
    ),
    "LVC.0.weight is not of 'ConvBlock'": lambda key: "ConvBlock",
}
WRONG_REACH = {
    "put three numbers in place of the dots": (..., ..., ...),
    "middle: this is one ConvBlock": (9, 9, 100),
    "middle: each 3x3 adds one pixel on either side": (81, 9, 100),
    "corner: this is one ConvBlock": (25, 4, 100),
    "corner: a corner has neighbours on two sides only": (25, 25, 100),
    "LVCBlock: ConvBlock alone has this reach": (25, 9, 9),
    "LVCBlock: 600 is too many": (25, 9, 600),
}


@pytest.mark.parametrize("message", WRONG_PARAMETERS)
def test_wrong_parameters(capsys, message):
    refuses(capsys, message, exercises.check_parameters, WRONG_PARAMETERS[message])


@pytest.mark.parametrize("message", WRONG_STEP_OF)
def test_wrong_step_of(capsys, message):
    refuses(capsys, message, exercises.check_step_of, WRONG_STEP_OF[message])


@pytest.mark.parametrize("message", WRONG_REACH)
def test_wrong_reach(capsys, message):
    refuses(capsys, message, exercises.check_reach, WRONG_REACH[message])


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_parameters, 284_864)
    assert "right." in verdict(capsys, exercises.check_step_of, step_of)
    assert "right." in verdict(capsys, exercises.check_reach, (25, 9, 100))
