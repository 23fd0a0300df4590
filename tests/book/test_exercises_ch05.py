"""The checks of chapter 5 take the right answers and refuse typical wrong ones."""

import pytest
import torch

import lvc
from lvcbook.exercises import ch05 as exercises
from tests.support.answers import refuses, verdict


def aggregate(w, x, d):
    return w.mT @ x - w.sum(1).unsqueeze(-1) * d


def remainder(w, x, d):
    return x - w @ d


def literal_remainder(w, x, d):
    return (w.unsqueeze(-1) * (x.unsqueeze(2) - d)).sum(2)


def one_off(w, x, d):
    place = tuple(map(torch.tensor, (1, 4, 2)))
    return aggregate(w, x, d).index_put(place, torch.tensor(7.0))


WRONG_AGGREGATE = {
    "it returned None, expected (b k c) = (2, 5, 3)": lambda w, x, d: None,
    "it returned a float, expected (b k c) = (2, 5, 3)": lambda w, x, d: 1.0,
    "the codewords are missing": lambda w, x, d: w.mT @ x,
    "times its total weight, not once": lambda w, x, d: w.mT @ x - d,
    "times its total weight, not n times": lambda w, x, d: w.mT @ x - 24 * d,
    "this adds them": lambda w, x, d: w.mT @ x + w.sum(1).unsqueeze(-1) * d,
    "the sign is off": lambda w, x, d: -aggregate(w, x, d),
    "where this takes the mean": lambda w, x, d: aggregate(w, x, d) / 24,
    "the encoding is a sum": lambda w, x, d: aggregate(w / w.sum(1, True), x, d),
    "the axes are there, in another order": lambda w, x, d: aggregate(w, x, d).mT,
    "axis n should be gone; axis k is missing": remainder,
    "axis k is missing": lambda w, x, d: aggregate(w, x, d).sum(1),
    "at b 1, k 4, c 2 it is 7.000": one_off,
    "multiply pixels and weights as matrices": lvc.reference.aggregate,
}
WRONG_REMAINDER = {
    "it returned None, expected (b n c) = (2, 24, 3)": lambda w, x, d: None,
    "axis k should be gone; axis n is missing": aggregate,
    "subtract it from the pixel": lambda w, x, d: w @ d,
    "the sign is off": lambda w, x, d: w @ d - x,
    "this adds them": lambda w, x, d: x + w @ d,
    "this subtracts all of them": lambda w, x, d: x - d.sum(0),
    "each pixel counts k times": lambda w, x, d: 5 * x - w @ d,
    "where this takes the mean": lambda w, x, d: remainder(w, x, d) / 5,
    "this is the pixel, the codewords are missing": lambda w, x, d: x,
    "mix the codewords first": literal_remainder,
}
WRONG_FACTOR = {
    "put a number in place of the dots": ...,
    "a mean would stay the same": 1,
    "three times as many columns": 3,
    "that is for 2 x 2": 4,
    "each counts once": 81,
    "how many times does each pixel occur now?": 6,
}


@pytest.mark.parametrize(
    ("check", "answers"),
    [
        (exercises.check_aggregate, WRONG_AGGREGATE),
        (exercises.check_remainder, WRONG_REMAINDER),
        (exercises.check_factor, WRONG_FACTOR),
    ],
    ids=["aggregate", "remainder", "factor"],
)
def test_wrong_answers(capsys, check, answers):
    for message, answer in answers.items():
        refuses(capsys, message, check, answer)


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_aggregate, aggregate)
    assert "right." in verdict(capsys, exercises.check_remainder, remainder)
    assert "right." in verdict(capsys, exercises.check_factor, 9)
