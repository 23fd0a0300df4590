"""The checks of chapter 2."""

from lvcbook.exercises.common import check, problem_with, problem_with_number, random


@check()
def check_bound(function):
    """Check a function that returns the bound of the codewords' start."""
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
        otherwise = f"it is {{:.4g}}: expected {right:.4g} for k {k} and c {c}"
        answer = function(k, c)
        yield problem_with_number(answer, right, mistakes, otherwise, rel_tol=1e-6)


@check()
def check_scale(function):
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
    yield problem_with(function(sigma), -inverse / 2, "k", mistakes)


@check("the count")
def check_count(answer, in_channels: int, num_codes: int):
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
    otherwise = "it is {:.4g}: add the numbers of codewords, k times c, and of scale"
    yield problem_with_number(answer, k * c + k, mistakes, otherwise)
