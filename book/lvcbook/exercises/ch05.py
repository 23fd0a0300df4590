"""The checks of chapter 5."""

import lvc
from lvcbook.exercises.common import LargestTensor, count, problem_with, random, verdict


def _input():
    weights = random("b n k").softmax(dim=-1)
    return weights, random("b n c", seed=2), random("k c", seed=3)


def _check(function, axes: str, right, mistakes: dict, advice: str) -> None:
    weights, x, codewords = _input()
    with LargestTensor() as largest:
        result = function(weights, x, codewords)
    problem = problem_with(result, right, axes, mistakes)
    if not problem and count(largest.shape) >= weights.numel() * x.shape[-1]:
        problem = f"right, but a tensor on the way, {largest.shape}, is as large as "
        problem += f"(b n k c): {advice}"
    verdict(function.__name__, problem)


def check_aggregate(function) -> None:
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
    _check(function, "b k c", right, mistakes, advice)


def check_remainder(function) -> None:
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
    _check(function, "b n c", x - mix, mistakes, "mix the codewords first")


def check_factor(answer) -> None:
    """Check by what the encoding grows when a map is tiled 3 x 3."""
    mistakes = {
        1: "a mean would stay the same, this is a sum",
        3: "there are three times as many rows, and three times as many columns",
        4: "that is for 2 x 2",
        81: "the pixels are nine times as many, and each counts once",
    }
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif answer != 9:
        problem = mistakes.get(answer, "how many times does each pixel occur now?")
    verdict("the factor", problem)
