"""The checks of chapter 6 take the right answers and refuse typical wrong ones."""

import pytest
import torch
from einops import rearrange, reduce

from lvcbook.exercises import ch06 as exercises
from tests.support.answers import refuses, verdict


def normalise(
    encoding, weight, bias, to="1 k 1", eps=1e-5, outside=0.0, power=0.5, correction=0
):
    mean = reduce(encoding, f"b k c -> {to}", "mean")
    variance = reduce((encoding - mean) ** 2, f"b k c -> {to}", "mean")
    count = encoding.numel() / mean.numel()
    variance = variance * count / (count - correction)
    normalised = (encoding - mean) / ((variance + eps) ** power + outside)
    return normalised * rearrange(weight, "k -> 1 k 1") + rearrange(bias, "k -> 1 k 1")


def module(encoding, weight, bias):
    norm = torch.nn.BatchNorm1d(encoding.shape[1])
    norm.load_state_dict({**norm.state_dict(), "weight": weight, "bias": bias})
    return norm(encoding)


def variant(**options):
    return lambda e, w, b: normalise(e, w, b, **options)


WRONG_NORM = {
    "it returned None, expected (b k c) = (2, 5, 3)": lambda e, w, b: None,
    "it returned a float, expected (b k c) = (2, 5, 3)": lambda e, w, b: 1.0,
    "the axes are there, in another order": lambda e, w, b: normalise(e, w, b).mT,
    "axis k is missing": lambda e, w, b: normalise(e, w, b).mean(1),
    "weight and bias are missing": lambda e, w, b: normalise(e, w * 0 + 1, b * 0),
    "the bias is missing": lambda e, w, b: normalise(e, w, b * 0),
    "the weight is missing": lambda e, w, b: normalise(e, w * 0 + 1, b),
    "the biased variance": variant(correction=1),
    "the statistics are over k": variant(to="1 1 c"),
    "all three axes share one mean": variant(to="1 1 1"),
    "the statistics are over c alone": variant(to="b k 1"),
    "the statistics are over b alone": variant(to="1 k c"),
    "divide by the square root": variant(power=1),
    "eps belongs to the variance": variant(eps=0, outside=1e-5),
    "eps is missing": variant(eps=0),
    "subtract the mean first": lambda e, w, b: (
        normalise(e, w, b)
        + rearrange(w, "k -> 1 k 1")
        * reduce(e, "b k c -> 1 k 1", "mean")
        / (e.var((0, 2), correction=0, keepdim=True) + 1e-5).sqrt()
    ),
    "the shape is right, but at": lambda e, w, b: 3 * normalise(e, w, b),
}
WRONG_AXES = {
    "put letters in place of the dots": ...,
    "expected letters of axes as a string": ("b", "k"),
    "expected letters of axes": "batch",
    "this is the norm of the block": "b c",
    "this axis keeps a number of its own": "c",
    "images of the batch are averaged too": "k",
    "for every pair of a codeword and a channel": "b",
    "then one number would remain": "b k c",
    "axis c remains": "k c",
}
WRONG_FACTOR = {
    "put a number in place of the dots": ...,
    "the sum is larger than the mean": 64,
    "a sum is not a mean": 1,
    "no square root": 1 / 8,
    "not channels": 1 / 32,
    "how many numbers does the sum add": 0.3,
}


@pytest.mark.parametrize("message", WRONG_NORM)
def test_wrong_norm(capsys, message):
    refuses(capsys, message, exercises.check_norm, WRONG_NORM[message])


@pytest.mark.parametrize("message", WRONG_AXES)
def test_wrong_axes(capsys, message):
    refuses(capsys, message, exercises.check_axes, WRONG_AXES[message])


@pytest.mark.parametrize("message", WRONG_FACTOR)
def test_wrong_factor(capsys, message):
    refuses(capsys, message, exercises.check_factor, WRONG_FACTOR[message], 64)


@pytest.mark.parametrize("norm", [normalise, module])
def test_right_norm(capsys, norm):
    assert "right." in verdict(capsys, exercises.check_norm, norm)


@pytest.mark.parametrize("axes", ["b k", "k b", "bk", "b, k"])
def test_right_axes(capsys, axes):
    assert "right." in verdict(capsys, exercises.check_axes, axes)


def test_right_factor(capsys):
    assert "right." in verdict(capsys, exercises.check_factor, 1 / 64, 64)
