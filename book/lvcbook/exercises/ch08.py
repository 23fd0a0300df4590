"""The checks of chapter 8."""

import torch

import lvc
from lvc import Sizes
from lvc.steps import LVC_STEPS
from lvcbook.exercises.common import verdict

STEPS = LVC_STEPS["literal"]


def _parameters(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def check_parameters(answer) -> None:
    """Check the number of parameters of LVCBlock for 256 channels, 64 codewords."""
    block, small = lvc.LVCBlock(256), _parameters(lvc.LVCBlock(32))
    right = _parameters(block)
    norms = [part for part in block.modules() if hasattr(part, "running_mean")]
    stored = sum(value.numel() for value in block.state_dict().values())
    mistakes = {
        8 * small: "not all parts grow in proportion to the channels",
        64 * small: "not all parts grow with the square of the channels",
        stored: "this counts the running statistics too, which are not parameters",
        right - _parameters(block.conv_1): "ConvBlock is missing",
        right - 256: "the offset of Linear is missing",
        right - 64: "the scales are missing",
        right - sum(map(_parameters, norms)): "the BatchNorms are missing",
        right + 256: "the 1x1 convolution has no offset, only Linear has one",
    }
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif answer != right:
        sizes = Sizes(b=1, c=256, h=1, w=1, k=64)
        conv_block = STEPS[1].parameter_count(sizes)
        general = f"not {answer}; ConvBlock alone has {conv_block:,}"
        problem = mistakes.get(answer, general)
    verdict("the parameters", problem)


def check_step_of(function) -> None:
    """Check a function from a name in an official file to the name of a step."""
    parts = {step.part: step.name for step in STEPS if step.part}
    names = {step.name for step in STEPS}
    problem = ""
    for key in lvc.LVCBlock(32).state_dict():
        right = next(
            name for part, name in parts.items() if f"{key}.".startswith(f"{part}.")
        )
        got = function(key)
        if got == right:
            continue
        if got is None:
            problem = f"it returned None for {key}"
        elif got in parts:
            problem = f"{got} is a part of the block, return the name of its step"
        elif got not in names:
            problem = f"for {key} it returned {got!r}, which is no step of the table"
        elif got == "input":
            problem = f"{key} does not belong to the input: its part is empty, and "
            problem += "every text starts with an empty text"
        else:
            problem = f"{key} is not of {got!r}: it must begin with the part"
        break
    verdict(function.__name__, problem)


def _reached(network, row: int, column: int) -> int:
    """Count the pixels of the output that change with one pixel of the input."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(8, 32, 10, 10, generator=generator, dtype=torch.float64)
    changed = x.clone()
    changed[:, :, row, column] += 1
    with torch.no_grad():
        change = (network(changed) - network(x)).abs().amax(dim=(0, 1))
    return int((change > 1e-12).sum())


def check_reach(answer) -> None:
    """Check how many pixels change: two ConvBlocks, the same at a corner, LVCBlock."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        two = torch.nn.Sequential(lvc.ConvBlock(32, 32), lvc.ConvBlock(32, 32))
        block = lvc.LVCBlock(32)
    two, block = two.double().eval(), block.double().eval()
    right = (_reached(two, 4, 5), _reached(two, 0, 0), _reached(block, 4, 5))
    hints = (
        {
            9: "this is one ConvBlock, there are two",
            36: "each 3x3 adds one pixel on either side, 3 and then 5",
            81: "each 3x3 adds one pixel on either side, 3 and then 5",
        },
        {
            4: "this is one ConvBlock, there are two",
            25: "a corner has neighbours on two sides only",
        },
        {9: "ConvBlock alone has this reach, and then comes the gate"},
    )
    places = ("two ConvBlocks, middle", "two ConvBlocks, corner", "LVCBlock")
    problem = ""
    if not isinstance(answer, tuple) or len(answer) != 3 or ... in answer:
        problem = "put three numbers in place of the dots"
    else:
        for place, got, expected, hint in zip(places, answer, right, hints):
            if got != expected:
                general = f"{got} is too {'many' if got > expected else 'few'}"
                problem = f"{place}: {hint.get(got, general)}"
                break
    verdict("the reach", problem)
