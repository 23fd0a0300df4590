"""The checks of chapter 11 take the right answers and refuse typical wrong ones."""

import pytest
import torch

from lvcbook.exercises import ch11 as exercises
from tests.support.answers import refuses, verdict


def gate(block, x):
    return block.fc(block.LVC(block.conv_1(x)))


def largest(change):
    return change.abs().max()


def turn(block, x):
    return largest(gate(block, x.flip(2, 3)) - gate(block, x))


def behind(block, x):
    inside = block.conv_1(x)
    gates = (block.fc(block.LVC(t)) for t in (inside, inside.flip(2, 3)))
    return largest(next(gates) - next(gates))


WRONG_TURN = {
    "it returned None": lambda block, x: None,
    "return one number": lambda block, x: gate(block, x),
    "return one number, such": lambda block, x: "no change",
    "compares the outputs": lambda block, x: largest(block(x.flip(2, 3)) - block(x)),
    "turns the channels": lambda block, x: largest(
        gate(block, x.flip(1)) - gate(block, x)
    ),
    "the rows alone": lambda block, x: largest(gate(block, x.flip(2)) - gate(block, x)),
    "the columns alone": lambda block, x: largest(
        gate(block, x.flip(3)) - gate(block, x)
    ),
    "behind ConvBlock": behind,
    "the mean change": lambda block, x: (
        (gate(block, x.flip(2, 3)) - gate(block, x)).abs().mean()
    ),
    "take abs() first": lambda block, x: (
        gate(block, x.flip(2, 3)) - gate(block, x)
    ).max(),
    "it returned 7.00000, expected": lambda block, x: 7,
}
WRONG_SCALE = {
    "it returned None": lambda codewords: None,
    "it returned float, expected (k) = (5,)": lambda codewords: -0.5,
    "it returned (5, 3), expected (k) = (5,)": lambda codewords: -0.5 * codewords,
    "between -1 and 0, without both": lambda codewords: torch.full((5,), 0.5),
    "each scale must lie between": lambda codewords: torch.zeros(5),
    "of the pixels give their nearest the most": lambda codewords: torch.linspace(
        -0.9, -0.1, 5
    ),
}


@pytest.mark.parametrize("message", WRONG_TURN)
def test_wrong_turn(capsys, message):
    refuses(capsys, message, exercises.check_turn, WRONG_TURN[message])


@pytest.mark.parametrize("message", WRONG_SCALE)
def test_wrong_scale(capsys, message):
    refuses(capsys, message, exercises.check_scale, WRONG_SCALE[message])


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_turn, turn)
    assert "right." in verdict(
        capsys, exercises.check_scale, lambda codewords: torch.full((5,), -0.9)
    )
