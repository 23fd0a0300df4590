"""Answers to the exercises of chapter 6: wrong ones, by what the check says, and right ones."""

import torch
from einops import rearrange, reduce


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


WRONG = {
    "check_norm": {
        "it returned None, expected (b k c) = (2, 5, 3)": lambda e, w, b: None,
        "it returned a float, expected (b k c) = (2, 5, 3)": lambda e, w, b: 1.0,
        "it returned (b c k) = (2, 3, 5), expected (b k c) = (2, 5, 3); the axes are there, in another order": lambda e, w, b: (
            normalise(e, w, b).mT
        ),
        "it returned (b c) = (2, 3), expected (b k c) = (2, 5, 3); axis k is missing": lambda e, w, b: (
            normalise(e, w, b).mean(1)
        ),
        "weight and bias are missing": lambda e, w, b: normalise(e, w * 0 + 1, b * 0),
        "the bias is missing": lambda e, w, b: normalise(e, w, b * 0),
        "the weight is missing": lambda e, w, b: normalise(e, w * 0 + 1, b),
        "divide by n, not by n - 1: this norm takes the biased variance": variant(
            correction=1
        ),
        "the statistics are over k: each codeword needs its own": variant(to="1 1 c"),
        "all three axes share one mean: each codeword needs its own": variant(
            to="1 1 1"
        ),
        "the statistics are over c alone: b belongs to them": variant(to="b k 1"),
        "the statistics are over b alone: c belongs to them": variant(to="1 k c"),
        "divide by the square root of the variance": variant(power=1),
        "eps belongs to the variance, under the root": variant(eps=0, outside=1e-5),
        "eps is missing, and one codeword is weak": variant(eps=0),
        "subtract the mean first": lambda e, w, b: (
            normalise(e, w, b)
            + rearrange(w, "k -> 1 k 1")
            * reduce(e, "b k c -> 1 k 1", "mean")
            / (e.var((0, 2), correction=0, keepdim=True) + 1e-5).sqrt()
        ),
        "the shape is right, but at b 0, k 3, c 0 it is -6.003, expected -2.001": lambda e, w, b: (
            3 * normalise(e, w, b)
        ),
    },
    "check_axes": {
        "put letters in place of the dots": ...,
        'expected letters of axes as a string, such as "b c"': [
            ("b", "k"),
            "batch",
            "",
            " ,",
        ],
        "this is the norm of the block, whose running_mean has 64 numbers": "b c",
        "this axis keeps a number of its own, the question is for the others": "c",
        "images of the batch are averaged too": "k",
        "one number would remain for every pair of a codeword and a channel": "b",
        "then one number would remain": "b k c",
        "axis c remains, so it is not in it": "k c",
    },
    "check_factor": {
        "put a number in place of the dots": ...,
        "the sum is larger than the mean: the matrix must make up for it": 64,
        "a sum is not a mean": 1,
        "no square root: a sum is a mean times the number of terms": 1 / 8,
        "the sum runs over codewords, not channels": 1 / 32,
        "how many numbers does the sum add where the mean divides: divide by that": 0.3,
    },
}
RIGHT = {
    "check_norm": [normalise, module],
    "check_axes": ["b k", "k b", "bk", "b, k"],
}
