"""Answers to the exercises of chapter 2: wrong ones, by what the check says, and right ones."""

import lvc

WRONG = {
    "check_bound": {
        "expected a number, got None": lambda k, c: None,
        "expected a number, got 'a bound'": lambda k, c: "a bound",
        "this is the square of the bound: take its root": lambda k, c: 1 / (k * c),
        "this grows with the sizes: take one over it": lambda k, c: (k * c) ** 0.5,
        "axis k is missing: the number of codewords counts too": lambda k, c: c**-0.5,
        "axis c is missing: the number of channels counts too": lambda k, c: k**-0.5,
        "multiply the sizes of k and c, this adds them": lambda k, c: (k + c) ** -0.5,
        "this is the lower bound, return the upper one": lambda k, c: (
            -((k * c) ** -0.5)
        ),
        "it is 0.2582: expected 0.01562 for k 16 and c 256": lambda k, c: 15**-0.5,
    },
    "check_count": {
        "put a number in place of the dots": ...,
        "these are the codewords, the scales are missing": 24 * 256,
        "these are the scales, the codewords are missing": 24,
        "a codeword has one scale, not one for each channel": 2 * 24 * 256,
        "there is a scale for each codeword, not for each channel": 24 * 256 + 256,
        "the codewords have both axes: multiply k by c": 24 + 256 + 24,
        "these are the parameters with 64 codewords": 64 * 256 + 64,
        "this counts bytes": 4 * (24 * 256 + 24),
        "it is 12: add the numbers of codewords, k times c, and of scale": 12,
    },
    "check_scale": {
        "it returned None, expected (k) = (5,)": lambda sigma: None,
        "it returned a float, expected (k) = (5,)": lambda sigma: -0.5,
        "the sign is off: a Gaussian falls with the distance": lambda sigma: (
            1 / (2 * sigma**2)
        ),
        "this is minus one over the variance: the exponent has half of it": lambda sigma: (
            -1 / sigma**2
        ),
        "this is one over the variance: the exponent has -1/2 of it": lambda sigma: (
            1 / sigma**2
        ),
        "square sigma": lambda sigma: -1 / (2 * sigma),
        "the half belongs outside of the square": lambda sigma: -1 / (2 * sigma) ** 2,
        "divide by the variance, this multiplies by it": lambda sigma: -(sigma**2) / 2,
        "the shape is right, but at k 2 it is 0.000, expected -1.585": lambda sigma: (
            sigma * 0
        ),
    },
}
RIGHT = {
    "check_bound": [lambda k, c: 1 / (k * c) ** 0.5],
    "check_count": [sum(one.numel() for one in lvc.Encoding(256, 24).parameters())],
}
