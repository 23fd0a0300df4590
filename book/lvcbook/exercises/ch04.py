"""The checks of chapter 4."""

from math import exp

import torch

import lvc
from lvcbook.exercises.common import check, is_number, problem_with, random


@check()
def check_softmax(function):
    """Check a softmax over k that neither overflows nor underflows."""
    scores = random("b n k")
    powers = scores.exp()
    mistakes = {
        "this is the softmax over n: sum over the codewords": scores.softmax(dim=1),
        "this is the softmax over all numbers: one sum for each pixel": (
            powers / powers.sum()
        ),
        "exponentiated, but not divided by the sum": powers,
        "divided, but not exponentiated": scores / scores.sum(dim=-1, keepdim=True),
        "the sign is off: a larger score gives a larger weight": (-scores).softmax(-1),
        "this is the logarithm of the weights": scores.log_softmax(dim=-1),
        "only the largest power is 1: divide by the sum, not by the largest": (
            powers / powers.amax(dim=-1, keepdim=True)
        ),
    }
    yield problem_with(function(scores), scores.softmax(-1), "b n k", mistakes)
    large = 1000 * scores
    if not torch.allclose(function(large), large.softmax(-1)):
        yield (
            "right for small scores, but not for scores in the thousands: "
            "subtract the largest score of each pixel first"
        )


@check("the scale")
def check_scale(answer, near: float, far: float):
    """Check the scale that gives the nearer of two codewords a weight of 0.9."""
    if not is_number(answer):
        yield "put a number in place of the dots"
    weight = torch.tensor([near, far]).double().mul(answer).softmax(0)[0].item()
    if abs(weight - 0.1) < 1e-3:
        yield "this gives the farther one 0.9: the sign is off"
    if abs(weight - 1 / (1 + exp(-0.9))) < 1e-3:
        yield "the difference of the scores is the logarithm of 9, not 0.9"
    if not abs(weight - 0.9) < 1e-3:  # nan is not near
        yield f"this gives the nearer one a weight of {weight:.3f}"


@check()
def check_hard(function):
    """Check the limit of the weights for a shared scale going to minus infinity."""
    x, codewords = random("b n c"), random("k c", seed=2)
    squared = lvc.reference.scaled_l2(x, codewords, torch.ones(len(codewords)))

    def hard(indices):
        return torch.nn.functional.one_hot(indices, len(codewords)).to(x.dtype)

    mistakes = {
        "this gives 1 to the farthest codeword of each pixel": hard(squared.argmax(-1)),
        "these are soft weights, for a scale of -1": (-squared).softmax(-1),
        "1 and 0 are the wrong way round": 1 - hard(squared.argmin(-1)),
    }
    right = hard(squared.argmin(-1))
    yield problem_with(function(x, codewords), right, "b n k", mistakes)
