"""Answers to the exercises of chapter 4: wrong ones, by what the check says, and right ones."""

from math import log, log10

import torch
from einops import rearrange, reduce

import lvc


def softmax(scores):
    powers = (scores - reduce(scores, "b n k -> b n 1", "max")).exp()
    return powers / reduce(powers, "b n k -> b n 1", "sum")


def squared(x, codewords):
    return reduce(lvc.reference.residuals(x, codewords) ** 2, "b n k c -> b n k", "sum")


def hard(x, codewords):
    nearest = squared(x, codewords).argmin(dim=-1)
    return torch.nn.functional.one_hot(nearest, len(codewords))


WRONG = {
    "check_softmax": {
        "it returned None, expected (b n k) = (2, 24, 5)": lambda z: None,
        "it returned (b n) = (2, 24), expected (b n k) = (2, 24, 5); axis k is missing": lambda z: (
            z.exp().sum(-1)
        ),
        "it returned (b k n) = (2, 5, 24), expected (b n k) = (2, 24, 5); the axes are there, in another order": lambda z: (
            rearrange(softmax(z), "b n k -> b k n")
        ),
        "this is the softmax over n: sum over the codewords": lambda z: z.softmax(
            dim=1
        ),
        "this is the softmax over all numbers: one sum for each pixel": lambda z: (
            z.exp() / z.exp().sum()
        ),
        "exponentiated, but not divided by the sum": lambda z: z.exp(),
        "divided, but not exponentiated": lambda z: z / z.sum(dim=-1, keepdim=True),
        "the sign is off: a larger score gives a larger weight": lambda z: softmax(-z),
        "this is the logarithm of the weights": lambda z: z.log_softmax(dim=-1),
        "only the largest power is 1: divide by the sum, not by the largest": lambda z: (
            (z - z.amax(dim=-1, keepdim=True)).exp()
        ),
        "the shape is right, but at b 0, n 2, k 3 it is 0.906, expected 0.621": lambda z: (
            softmax(2 * z)
        ),
        "right for small scores, but not for scores in the thousands: subtract the largest score of each pixel first": [
            lambda z: z.exp() / z.exp().sum(dim=-1, keepdim=True),
            lambda z: (
                (z - z.max()).exp() / (z - z.max()).exp().sum(dim=-1, keepdim=True)
            ),
            lambda z: (
                (z - z.mean(-1, keepdim=True)).exp()
                / (z - z.mean(-1, keepdim=True)).exp().sum(dim=-1, keepdim=True)
            ),
        ],
    },
    "check_scale": {
        "put a number in place of the dots": ...,
        "this gives the farther one 0.9: the sign is off": log(9) / 0.3,
        "the difference of the scores is the logarithm of 9, not 0.9": -0.9 / 0.3,
        "this gives the nearer one a weight of 0.722": -log10(9) / 0.3,
        "this gives the nearer one a weight of 0.500": 0,
        "this gives the nearer one a weight of nan": [float("nan"), -float("inf")],
    },
    "check_hard": {
        "it returned None, expected (b n k) = (2, 24, 5)": lambda x, c: None,
        "it returned (b n) = (2, 24), expected (b n k) = (2, 24, 5); axis k is missing": lambda x, c: (
            squared(x, c).argmin(-1)
        ),
        "this gives 1 to the farthest codeword of each pixel": lambda x, c: (
            torch.nn.functional.one_hot(squared(x, c).argmax(-1), len(c))
        ),
        "these are soft weights, for a scale of -1": lambda x, c: softmax(
            -squared(x, c)
        ),
        "1 and 0 are the wrong way round": lambda x, c: 1 - hard(x, c),
        "the shape is right, but at b 0, n 0, k 2 it is 1.000, expected 0.000": lambda x, c: (
            hard(x, -c)
        ),
    },
}
RIGHT = {
    "check_softmax": [softmax, lambda z: z.softmax(dim=-1)],
    "check_scale": [
        -log(9) / 0.3,
        -7.324,
        torch.tensor(-7.324).item(),
        torch.tensor(-7.324),
    ],
    "check_hard": [hard],
}
