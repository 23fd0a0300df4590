"""The checks of chapter 2."""

from math import isclose

from lvcbook.exercises.common import problem_with, random, verdict


def _problem_with_number(
    answer: object, right: float, mistakes: dict[str, float], advice: str
) -> str:
    """Say what is wrong with a number, or nothing.

    `mistakes` maps what to say to a typical wrong number; `advice` is for all others.
    """
    try:
        number = float(answer)
    except (TypeError, ValueError):
        if answer is ...:
            return "put a number in place of the dots"
        return f"expected a number, got {answer!r}"
    if isclose(number, right, rel_tol=1e-6):
        return ""
    for words, wrong in mistakes.items():
        if isclose(number, wrong, rel_tol=1e-6):
            return words
    return f"it is {number:.4g}: {advice}"


def check_bound(function) -> None:
    """Check a function that returns the bound of the codewords' start."""
    problem = ""
    for k, c in ((5, 3), (16, 256)):
        right = (k * c) ** -0.5
        mistakes = {
            "this is the square of the bound: take its root": right**2,
            "this grows with the sizes: take one over it": 1 / right,
            "axis k is missing: the number of codewords counts too": c**-0.5,
            "axis c is missing: the number of channels counts too": k**-0.5,
            "multiply the sizes of k and c, this adds them": (k + c) ** -0.5,
            "this is the lower bound, return the upper one": -right,
        }
        advice = f"expected {right:.4g} for k {k} and c {c}"
        problem = problem or _problem_with_number(
            function(k, c), right, mistakes, advice
        )
    verdict(function.__name__, problem)


def check_scale(function) -> None:
    """Check a function that turns standard deviations into scales."""
    sigma = random("k").abs() + 0.5
    inverse = sigma**-2
    mistakes = {
        "the sign is off: a Gaussian falls with the distance": inverse / 2,
        "this is minus one over the variance: the exponent has half of it": -inverse,
        "this is one over the variance: the exponent has -1/2 of it": inverse,
        "square sigma": -1 / (2 * sigma),
        "the half belongs outside of the square": -1 / (2 * sigma) ** 2,
        "divide by the variance, this multiplies by it": -(sigma**2) / 2,
    }
    problem = problem_with(function(sigma), -inverse / 2, "k", mistakes)
    verdict(function.__name__, problem)


def check_count(answer, in_channels: int, num_codes: int) -> None:
    """Check the number of parameters of an Encoding."""
    k, c = num_codes, in_channels
    mistakes = {
        "these are the codewords, the scales are missing": k * c,
        "these are the scales, the codewords are missing": k,
        "a codeword has one scale, not one for each channel": 2 * k * c,
        "there is a scale for each codeword, not for each channel": k * c + c,
        "the codewords have both axes: multiply k by c": 2 * k + c,
        "these are the parameters with 64 codewords": 64 * c + 64,
        "this counts bytes": 4 * (k * c + k),
    }
    advice = "add the numbers of codewords, k times c, and of scale"
    verdict("the count", _problem_with_number(answer, k * c + k, mistakes, advice))
