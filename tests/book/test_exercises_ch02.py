"""The checks of chapter 2 take the right answers and refuse typical wrong ones."""

import pytest

import lvc
from lvcbook.exercises import ch02 as exercises
from tests.support.answers import refuses, verdict

WRONG_BOUND = {
    "expected a number, got None": lambda k, c: None,
    "expected a number, got 'a bound'": lambda k, c: "a bound",
    "this is the square of the bound": lambda k, c: 1 / (k * c),
    "take one over it": lambda k, c: (k * c) ** 0.5,
    "axis k is missing": lambda k, c: c**-0.5,
    "axis c is missing": lambda k, c: k**-0.5,
    "this adds them": lambda k, c: (k + c) ** -0.5,
    "return the upper one": lambda k, c: -((k * c) ** -0.5),
    "it is 0.2582: expected 0.01562 for k 16 and c 256": lambda k, c: 15**-0.5,
}
WRONG_SCALE = {
    "it returned None, expected (k) = (5,)": lambda sigma: None,
    "it returned a float, expected (k) = (5,)": lambda sigma: -0.5,
    "the sign is off": lambda sigma: 1 / (2 * sigma**2),
    "this is minus one over the variance": lambda sigma: -1 / sigma**2,
    "this is one over the variance": lambda sigma: 1 / sigma**2,
    "square sigma": lambda sigma: -1 / (2 * sigma),
    "outside of the square": lambda sigma: -1 / (2 * sigma) ** 2,
    "this multiplies by it": lambda sigma: -(sigma**2) / 2,
    "the shape is right, but at k": lambda sigma: sigma * 0,
}
WRONG_COUNT = {
    "put a number in place of the dots": ...,
    "the scales are missing": 24 * 256,
    "the codewords are missing": 24,
    "not one for each channel": 2 * 24 * 256,
    "not for each channel": 24 * 256 + 256,
    "multiply k by c": 24 + 256 + 24,
    "these are the parameters with 64 codewords": 64 * 256 + 64,
    "this counts bytes": 4 * (24 * 256 + 24),
    "it is 12: add the numbers of codewords": 12,
}


@pytest.mark.parametrize("message", WRONG_BOUND)
def test_wrong_bound(capsys, message):
    refuses(capsys, message, exercises.check_bound, WRONG_BOUND[message])


@pytest.mark.parametrize("message", WRONG_SCALE)
def test_wrong_scale(capsys, message):
    refuses(capsys, message, exercises.check_scale, WRONG_SCALE[message])


@pytest.mark.parametrize("message", WRONG_COUNT)
def test_wrong_count(capsys, message):
    refuses(capsys, message, exercises.check_count, WRONG_COUNT[message], 256, 24)


def test_right_answers(capsys):
    bound = verdict(capsys, exercises.check_bound, lambda k, c: (k * c) ** -0.5)
    scale = verdict(capsys, exercises.check_scale, lambda sigma: -1 / (2 * sigma**2))
    right = sum(parameter.numel() for parameter in lvc.Encoding(256, 24).parameters())
    count = verdict(capsys, exercises.check_count, right, 256, 24)
    for said in (bound, scale, count):
        assert said.rstrip().endswith("right.")
