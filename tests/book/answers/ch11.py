"""Answers to the exercises of chapter 11: wrong ones, by what the check says, and right ones."""

import torch


def gate(block, x):
    return block.fc(block.LVC(block.conv_1(x)))


def largest(change):
    return change.abs().max()


def turn(block, x):
    return largest(gate(block, x.flip(2, 3)) - gate(block, x))


def after_convblock(block, x):
    inside = block.conv_1(x)
    gates = (block.fc(block.LVC(t)) for t in (inside, inside.flip(2, 3)))
    return largest(next(gates) - next(gates))


WRONG = {
    "check_scale": {
        "it returned None, expected (k) = (5,)": lambda codewords: None,
        "it returned float, expected (k) = (5,)": lambda codewords: -0.5,
        "it returned (5, 3), expected (k) = (5,)": lambda codewords: -0.5 * codewords,
        "each scale must lie between -1 and 0, and be neither": [
            lambda codewords: torch.full((5,), 0.5),
            lambda codewords: torch.zeros(5),
        ],
        "only …% of the pixels give their nearest the most": [
            lambda codewords: torch.linspace(-0.9, -0.1, 5),
            lambda codewords: torch.linspace(-0.501, -0.499, 5),
        ],
    },
    "check_turn": {
        "it returned None, expected a number": lambda block, x: None,
        "return one number, such as change.abs().max()": [
            lambda block, x: gate(block, x),
            lambda block, x: "no change",
        ],
        "this compares the outputs of the block, whose pixels are turned too": lambda block, x: (
            largest(block(x.flip(2, 3)) - block(x))
        ),
        "this turns the channels; rows are axis 2, columns axis 3": lambda block, x: (
            largest(gate(block, x.flip(1)) - gate(block, x))
        ),
        "this is a flip of the rows alone": lambda block, x: largest(
            gate(block, x.flip(2)) - gate(block, x)
        ),
        "this is a flip of the columns alone": lambda block, x: largest(
            gate(block, x.flip(3)) - gate(block, x)
        ),
        "this turns the map after ConvBlock, where order no longer matters": after_convblock,
        "this is the mean change, return the largest": lambda block, x: (
            (gate(block, x.flip(2, 3)) - gate(block, x)).abs().mean()
        ),
        "this is a change with its sign; take abs() first": lambda block, x: (
            gate(block, x.flip(2, 3)) - gate(block, x)
        ).max(),
        "it returned 7.00000, expected 0.00059": lambda block, x: 7,
    },
}
RIGHT = {
    "check_turn": [turn],
    "check_scale": [lambda codewords: torch.full((5,), -0.9)],
}
