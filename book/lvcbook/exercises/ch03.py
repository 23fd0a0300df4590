"""The checks of chapter 3."""

import torch

import lvc
from lvc import Sizes
from lvcbook.exercises.common import (
    LargestTensor,
    count,
    problem_with,
    random,
    shape_problem,
    verdict,
)


def _input():
    x, codewords = random("b n c"), random("k c", seed=2)
    return x, codewords, -random("k", seed=3).abs() - 0.1


def check_scaled_l2(function) -> None:
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
    problem = problem_with(result, scale * squared, "b n k", mistakes)
    if not problem and count(largest.shape) >= difference.numel():
        problem = f"right, but a tensor on the way, {largest.shape}, is as large as "
        problem += "(b n k c): visit one codeword at a time"
    verdict(function.__name__, problem)


def check_nearest(function) -> None:
    """Check a function that finds the nearest codeword of every pixel."""
    x, codewords, scale = _input()
    result = function(x, codewords)
    squared = lvc.reference.scaled_l2(x, codewords, torch.ones_like(scale))
    problem = shape_problem(result, "b n")
    if not problem and not torch.equal(result, squared.argmin(dim=-1)):
        share = (result == squared.argmin(dim=-1)).float().mean()
        problem = f"only {share:.0%} of the pixels get their nearest codeword"
        if torch.equal(result, squared.argmax(dim=-1)):
            problem = "this is the farthest codeword of every pixel"
        elif not torch.equal(result, result.long()):
            problem = "expected the index of the codeword, this holds other numbers"
    verdict(function.__name__, problem)


def check_bytes(answer, sizes: Sizes) -> None:
    """Check the bytes of the residuals in float32 at `sizes`."""
    right = 4 * count(sizes.of("b n k c"))
    mistakes = {
        right / 4: "this counts the numbers, and each takes 4 bytes",
        right / sizes.k: "this is the size of x, axis k is missing",
        right / sizes.c: "axis c is missing: the residuals still have their channels",
        right / sizes.b: "this is one image, axis b is missing",
    }
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif answer != right:
        general = "multiply the sizes of all four axes, b n k c, and 4 bytes each"
        problem = mistakes.get(answer, general)
    verdict("the bytes", problem)
