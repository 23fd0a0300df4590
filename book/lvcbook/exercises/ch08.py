"""The checks of chapter 8."""

import torch

import lvc
from lvc import Sizes
from lvc.steps import LVC_STEPS
from lvcbook.exercises.common import check, is_number, problem_with_number

BLOCK_STEPS = LVC_STEPS["literal"]


def _parameters(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@check("the parameters")
def check_parameters(answer):
    """Check the number of parameters of LVCBlock for 256 channels, 64 codewords."""
    block, small = lvc.LVCBlock(256), _parameters(lvc.LVCBlock(32))
    right = _parameters(block)
    norms = [part for part in block.modules() if hasattr(part, "running_mean")]
    stored = sum(value.numel() for value in block.state_dict().values())
    mistakes = {
        "not all parts grow in proportion to the channels": 8 * small,
        "not all parts grow with the square of the channels": 64 * small,
        "this counts the running statistics too, which are not parameters": stored,
        "ConvBlock is missing": right - _parameters(block.conv_1),
        "the offset of Linear is missing": right - 256,
        "the scales are missing": right - 64,
        "the BatchNorms are missing": right - sum(map(_parameters, norms)),
        "the 1x1 convolution has no offset, only Linear has one": right + 256,
    }
    conv_block = BLOCK_STEPS[1].parameter_count(Sizes(b=1, c=256, h=1, w=1, k=64))
    otherwise = f"not {{}}; ConvBlock alone has {conv_block:,}"
    yield problem_with_number(answer, right, mistakes, otherwise)


@check()
def check_step_of(function):
    """Check a function from a name in an official file to the name of a step."""
    parts = {step.part: step.name for step in BLOCK_STEPS if step.part}
    names = {step.name for step in BLOCK_STEPS}
    for key in lvc.LVCBlock(32).state_dict():
        right = next(
            name for part, name in parts.items() if f"{key}.".startswith(f"{part}.")
        )
        got = function(key)
        if got is None:
            yield f"it returned None for {key}"
        if got in parts:
            yield f"{got} is a part of the block, return the name of its step"
        if got not in names:
            yield f"for {key} it returned {got!r}, which is no step of the table"
        if got == "input":
            yield (
                f"{key} does not belong to the input: its part is empty, and "
                "every text starts with an empty text"
            )
        if got != right:
            yield f"{key} is not of {got!r}: it must begin with the part"


def _reached(network, row: int, column: int) -> int:
    """Count the pixels of the output that change with one pixel of the input."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(8, 32, 10, 10, generator=generator, dtype=torch.float64)
    changed = x.clone()
    changed[:, :, row, column] += 1
    with torch.no_grad():
        change = (network(changed) - network(x)).abs().amax(dim=(0, 1))
    return int((change > 1e-12).sum())


@check("the reach")
def check_reach(answer):
    """Check how many pixels change: two ConvBlocks, the same at a corner, LVCBlock."""
    torch.manual_seed(1)
    two = torch.nn.Sequential(lvc.ConvBlock(32, 32), lvc.ConvBlock(32, 32))
    block = lvc.LVCBlock(32)
    two, block = two.double().eval(), block.double().eval()
    right = (_reached(two, 4, 5), _reached(two, 0, 0), _reached(block, 4, 5))
    hints = (
        {
            "this is one ConvBlock, there are two": 9,
            "each 3x3 adds one pixel on either side, 3 and then 5": (36, 81),
        },
        {
            "this is one ConvBlock, there are two": 4,
            "a corner has neighbours on two sides only": 25,
        },
        {"ConvBlock alone has this reach, and then comes the gate": 9},
    )
    places = ("two ConvBlocks, middle", "two ConvBlocks, corner", "LVCBlock")
    if not isinstance(answer, tuple) or len(answer) != 3 or ... in answer:
        yield "put three numbers in place of the dots"
    for place, got, expected, mistakes in zip(places, answer, right, hints):
        few = is_number(got) and got < expected
        otherwise = "{} is too few" if few else "{} is too many"
        problem = problem_with_number(got, expected, mistakes, otherwise)
        yield problem and f"{place}: {problem}"
