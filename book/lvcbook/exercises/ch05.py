"""The checks of chapter 5."""

import lvc
from lvcbook.exercises.common import (
    LargestTensor,
    check,
    problem_with,
    problem_with_number,
    random,
)


def _input():
    weights = random("b n k").softmax(dim=-1)
    return weights, random("b n c", seed=2), random("k c", seed=3)


def _problems(function, axes: str, right, mistakes: dict, advice: str):
    weights, x, codewords = _input()
    with LargestTensor() as largest:
        result = function(weights, x, codewords)
    yield problem_with(result, right, axes, mistakes)
    yield largest.problem(advice)


@check()
def check_aggregate(function):
    """Check an aggregate that never makes a (b n k c) tensor."""
    weights, x, codewords = _input()
    by_pixels = weights.mT @ x
    total_weight = weights.sum(1).unsqueeze(-1)
    right = lvc.reference.aggregate(weights, x, codewords)
    mistakes = {
        "this is the sum of the weighted pixels, the codewords are missing": by_pixels,
        "subtract each codeword times its total weight, not once": by_pixels
        - codewords,
        "subtract each codeword times its total weight, not n times": by_pixels
        - x.shape[1] * codewords,
        "subtract the codewords, this adds them": by_pixels + total_weight * codewords,
        "the sign is off: the residual is pixel minus codeword": -right,
        "sum over axis n, where this takes the mean": right / x.shape[1],
        "this divides by the total weight, the encoding is a sum": right / total_weight,
    }
    advice = "multiply pixels and weights as matrices"
    yield from _problems(function, "b k c", right, mistakes, advice)


@check()
def check_remainder(function):
    """Check a sum of the weighted residuals over k without a (b n k c) tensor."""
    weights, x, codewords = _input()
    mix = weights @ codewords
    mistakes = {
        "this is the mix of codewords, subtract it from the pixel": mix,
        "the sign is off: the residual is pixel minus codeword": mix - x,
        "subtract the codewords, this adds them": x + mix,
        "weigh the codewords, this subtracts all of them": x - codewords.sum(0),
        "each pixel counts k times, but its weights sum to 1": x * len(codewords) - mix,
        "sum over axis k, where this takes the mean": (x - mix) / len(codewords),
        "this is the pixel, the codewords are missing": x,
    }
    advice = "mix the codewords first"
    yield from _problems(function, "b n c", x - mix, mistakes, advice)


@check("the factor")
def check_factor(answer):
    """Check by what the encoding grows when `features` are tiled 3 x 3."""
    mistakes = {
        "a mean would stay the same, this is a sum": 1,
        "there are three times as many rows, and three times as many columns": 3,
        "that is for 2 x 2": 4,
        "the pixels are nine times as many, and each counts once": 81,
    }
    otherwise = "how many times does each pixel occur now?"
    yield problem_with_number(answer, 9, mistakes, otherwise)
