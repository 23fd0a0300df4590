"""Answers to the exercises of chapter 8: wrong ones, by what the check says, and right ones."""

from lvc.steps import LVC_STEPS

PARTS = {step.part: step.name for step in LVC_STEPS["literal"] if step.part}


def step_of(key):
    return PARTS[part_of(key)]


def part_of(key):
    return next(part for part in PARTS if key.startswith(part))


WRONG = {
    "check_reach": {
        "put three numbers in place of the dots": (..., ..., ...),
        "two ConvBlocks, middle: this is one ConvBlock, there are two": (9, 9, 100),
        "two ConvBlocks, middle: each 3x3 adds one pixel on either side, 3 and then 5": (
            81,
            9,
            100,
        ),
        "two ConvBlocks, corner: this is one ConvBlock, there are two": (25, 4, 100),
        "two ConvBlocks, corner: a corner has neighbours on two sides only": (
            25,
            25,
            100,
        ),
        "LVCBlock: ConvBlock alone has this reach, and then comes the gate": (25, 9, 9),
        "LVCBlock: 600 is too many": (25, 9, 600),
    },
    "check_parameters": {
        "put a number in place of the dots": ...,
        "not all parts grow in proportion to the channels": 8 * 6656,
        "not all parts grow with the square of the channels": 64 * 6656,
        "ConvBlock is missing": 284_864 - 136_448,
        "the offset of Linear is missing": 284_864 - 256,
        "the scales are missing": 284_864 - 64,
        "the BatchNorms are missing": 284_864 - 2 * (64 + 64 + 256 + 256 + 256 + 64),
        "the 1x1 convolution has no offset, only Linear has one": 284_864 + 256,
        "this counts the running statistics too, which are not parameters": 284_864
        + 2 * (64 + 64 + 256 + 256 + 256 + 64)
        + 6,
        "not 12; ConvBlock alone has 136,448": 12,
    },
    "check_step_of": {
        "it returned None for conv_1.conv1.weight": lambda key: None,
        "conv_1 is a part of the block, return the name of its step": part_of,
        "for conv_1.conv1.weight it returned 'convblock', which is no step of the table": lambda key: (
            step_of(key).lower()
        ),
        "conv_1.conv1.weight does not belong to the input: its part is empty, and every text starts with an empty text": lambda key: (
            next(
                step.name for step in LVC_STEPS["literal"] if key.startswith(step.part)
            )
        ),
        "LVC.0.weight is not of 'ConvBlock': it must begin with the part": lambda key: (
            "ConvBlock"
        ),
    },
}
RIGHT = {
    "check_reach": [(25, 9, 100)],
    "check_parameters": [284_864],
    "check_step_of": [step_of],
}
