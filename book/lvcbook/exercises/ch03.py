"""The checks of chapter 3."""

import torch

import lvc
from lvc import Sizes
from lvcbook.exercises.common import (
    LargestTensor,
    check,
    count,
    problem_with,
    problem_with_number,
    random,
    shape_problem,
)


def _input():
    x, codewords = random("b n c"), random("k c", seed=2)
    return x, codewords, -random("k", seed=3).abs() - 0.1


@check()
def check_scaled_l2(function):
    """Check a scaled_l2 that never makes a (b n k c) tensor."""
    x, codewords, scale = _input()
    with LargestTensor() as largest:
        result = function(x, codewords, scale)
    difference = lvc.reference.residuals(x, codewords)
    total = lvc.reference.residuals(x, -codewords)
    squared = (difference**2).sum(-1)
    mistakes = {
        "the squared distances are right, but not multiplied by scale": squared,
        "this is the distance, not its square": scale * squared.sqrt(),
        "the sign is off: scale already has its minus": -scale * squared,
        "sum over axis c, where this takes the mean": scale * (difference**2).mean(-1),
        "square each difference before the sum": scale * difference.sum(-1),
        "subtract the codewords, this adds them": scale * (total**2).sum(-1),
    }
    yield problem_with(result, scale * squared, "b n k", mistakes)
    yield largest.problem("visit one codeword at a time")


@check()
def check_nearest(function):
    """Check a function that finds the nearest codeword of every pixel."""
    x, codewords, scale = _input()
    result = function(x, codewords)
    squared = lvc.reference.scaled_l2(x, codewords, torch.ones_like(scale))
    yield shape_problem(result, "b n")
    if torch.equal(result, squared.argmax(dim=-1)):
        yield "this is the farthest codeword of every pixel"
    if not torch.equal(result, result.long()):
        yield "expected the index of the codeword, this holds other numbers"
    share = (result == squared.argmin(dim=-1)).float().mean()
    if share < 1:
        yield f"only {share:.0%} of the pixels get their nearest codeword"


@check("the bytes")
def check_bytes(answer, sizes: Sizes):
    """Check the bytes of the residuals in float32 at `sizes`."""
    right = 4 * count(sizes.of("b n k c"))
    mistakes = {
        "this counts the numbers, and each takes 4 bytes": right / 4,
        "this is the size of x, axis k is missing": right / sizes.k,
        "axis c is missing: the residuals still have their channels": right / sizes.c,
        "this is one image, axis b is missing": right / sizes.b,
    }
    otherwise = "multiply the sizes of all four axes, b n k c, and 4 bytes each"
    yield problem_with_number(answer, right, mistakes, otherwise)
