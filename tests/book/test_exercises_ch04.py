"""The checks of chapter 4 take the right answers and refuse typical wrong ones."""

from math import log, log10

import pytest
import torch
from einops import rearrange, reduce

import lvc
from lvcbook.exercises import ch04 as exercises
from tests.support.answers import refuses, verdict


def softmax(scores):
    powers = (scores - reduce(scores, "b n k -> b n 1", "max")).exp()
    return powers / reduce(powers, "b n k -> b n 1", "sum")


def squared(x, codewords):
    return reduce(lvc.reference.residuals(x, codewords) ** 2, "b n k c -> b n k", "sum")


def hard(x, codewords):
    nearest = squared(x, codewords).argmin(dim=-1)
    return torch.nn.functional.one_hot(nearest, len(codewords))


WRONG_SOFTMAX = {
    "it returned None, expected (b n k) = (2, 24, 5)": lambda z: None,
    "axis k is missing": lambda z: z.exp().sum(-1),
    "the axes are there, in another order": lambda z: rearrange(
        softmax(z), "b n k -> b k n"
    ),
    "this is the softmax over n": lambda z: z.softmax(dim=1),
    "this is the softmax over all numbers": lambda z: z.exp() / z.exp().sum(),
    "not divided by the sum": lambda z: z.exp(),
    "not exponentiated": lambda z: z / z.sum(dim=-1, keepdim=True),
    "the sign is off": lambda z: softmax(-z),
    "this is the logarithm of the weights": lambda z: z.log_softmax(dim=-1),
    "divide by the sum, not by the largest": lambda z: (
        z - z.amax(dim=-1, keepdim=True)
    ).exp(),
    "the shape is right, but at b": lambda z: softmax(2 * z),
    "subtract the largest score of each pixel first": lambda z: (
        z.exp() / z.exp().sum(dim=-1, keepdim=True)
    ),
}
# Right for small scores: one number subtracted from all pixels does not help the others.
ONE_FOR_ALL = {
    "the largest of all": lambda z: (
        (z - z.max()).exp() / (z - z.max()).exp().sum(dim=-1, keepdim=True)
    ),
    "the mean of each pixel": lambda z: (
        (z - z.mean(-1, keepdim=True)).exp()
        / (z - z.mean(-1, keepdim=True)).exp().sum(dim=-1, keepdim=True)
    ),
}
WRONG_SCALE = {
    "put a number in place of the dots": ...,
    "this gives the farther one 0.9: the sign is off": log(9) / 0.3,
    "the logarithm of 9, not 0.9": -0.9 / 0.3,
    "this gives the nearer one a weight of 0.722": -log10(9) / 0.3,
    "this gives the nearer one a weight of 0.500": 0,
}
WRONG_HARD = {
    "it returned None, expected (b n k) = (2, 24, 5)": lambda x, c: None,
    "axis k is missing": lambda x, c: squared(x, c).argmin(-1),
    "1 to the farthest codeword": lambda x, c: torch.nn.functional.one_hot(
        squared(x, c).argmax(-1), len(c)
    ),
    "these are soft weights": lambda x, c: softmax(-squared(x, c)),
    "the wrong way round": lambda x, c: 1 - hard(x, c),
    "the shape is right, but at b": lambda x, c: hard(x, -c),
}


@pytest.mark.parametrize("message", WRONG_SOFTMAX)
def test_wrong_softmax(capsys, message):
    refuses(capsys, message, exercises.check_softmax, WRONG_SOFTMAX[message])


@pytest.mark.parametrize("name", ONE_FOR_ALL)
def test_the_wrong_constant_subtracted(capsys, name):
    message = "subtract the largest score of each pixel first"
    refuses(capsys, message, exercises.check_softmax, ONE_FOR_ALL[name])


@pytest.mark.parametrize("message", WRONG_SCALE)
def test_wrong_scale(capsys, message):
    refuses(capsys, message, exercises.check_scale, WRONG_SCALE[message], 0.02, 0.32)


@pytest.mark.parametrize("message", WRONG_HARD)
def test_wrong_hard(capsys, message):
    refuses(capsys, message, exercises.check_hard, WRONG_HARD[message])


@pytest.mark.parametrize("softmax_over_k", [softmax, lambda z: z.softmax(dim=-1)])
def test_right_softmax(capsys, softmax_over_k):
    assert "right." in verdict(capsys, exercises.check_softmax, softmax_over_k)


@pytest.mark.parametrize("scale", [-log(9) / 0.3, -7.324, torch.tensor(-7.324).item()])
def test_right_scale(capsys, scale):
    assert "right." in verdict(capsys, exercises.check_scale, scale, 0.02, 0.32)


def test_right_hard(capsys):
    assert "right." in verdict(capsys, exercises.check_hard, hard)
