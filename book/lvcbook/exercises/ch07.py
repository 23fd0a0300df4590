"""The checks of chapter 7."""

import torch
from einops import rearrange, reduce

from lvcbook.exercises.common import (
    check,
    problem_with,
    problem_with_number,
    random,
    shape_problem,
)


def _input():
    # Half of x is 0, as behind a ReLU, and each channel has a number above 0.
    return random("b c h w").relu(), random("b c", seed=2).sigmoid()


@check("the count")
def check_count(answer, channels: int):
    """Check the number of parameters of the gate's Linear."""
    flat = 6 * channels
    mistakes = {
        "these are the weights, and each output has a bias too": channels**2,
        "every output channel has a weight for every input channel": (
            2 * channels,
            channels,
        ),
        "Linear does not see the batch: all images share it": flat**2 + flat,
        "each output channel has a bias of its own": channels**2 + 1,
    }
    otherwise = f"{channels} outputs, each with {channels} weights and one bias"
    yield problem_with_number(answer, channels**2 + channels, mistakes, otherwise)


@check()
def check_apply_gate(function):
    """Check a function that multiplies each channel by 1 + gate."""
    x, gate = _input()
    factor = 1 + rearrange(gate, "b c -> b c 1 1")
    given = x.clone()
    try:
        result = function(given, gate.clone())
    except RuntimeError as error:
        yield f"PyTorch says '{error}': the gate needs axes that face h and w"
    one_for_all = 1 + reduce(gate, "b c -> b 1 1 1", "mean")
    mistakes = {
        "this is x * gate; the block adds x to that": x * (factor - 1),
        "this returns x: the gate is not applied": x,
        "multiply by the gate, this adds it": x + (factor - 1),
        "multiply by 1 + gate, this adds it": x + factor,
        "the factor is 1 + gate, this has 1 - gate": x * (2 - factor),
        "the gate comes from a sigmoid already": x * (1 + (factor - 1).sigmoid()),
        "this has a gate for each pixel; use the gate given": x * (1 + x.sigmoid()),
        "each channel has its own factor, this has one for all": x * one_for_all,
        "each image has its own factor, this takes those of image 0": x * factor[:1],
    }
    yield problem_with(result, x * factor, "b c h w", mistakes)
    if not torch.equal(given, x):
        yield "the numbers are right, but it changes x in place: make a new tensor"


@check()
def check_gate(function):
    """Check a function that finds the gate from x and the output."""
    x, gate = _input()
    output = x * (1 + rearrange(gate, "b c -> b c 1 1"))
    result = function(x.clone(), output.clone())
    yield shape_problem(result, "b c")
    if result.isnan().any():
        yield "it returned NaN: where x is 0, so is the output, and 0 / 0 is NaN"
    ratio = (output / x).nan_to_num(0)
    mistakes = {
        "this is the factor; the gate is 1 less": 1 + gate,
        "this is the logit, before the sigmoid": torch.logit(gate),
        "this is x over the output": 1 / (1 + gate),
        "this is the sum of the differences; divide it by the sum of x": reduce(
            output - x, "b c h w -> b c", "sum"
        ),
        "pixels where x is 0 count as a ratio of 0": (
            reduce(ratio, "b c h w -> b c", "mean") - 1
        ),
    }
    yield problem_with(result, gate, "b c", mistakes)
