"""The checks of chapter 4."""

from math import exp
from numbers import Real

import torch

import lvc
from lvcbook.exercises.common import problem_with, random, verdict


def check_softmax(function) -> None:
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
    problem = problem_with(function(scores), scores.softmax(-1), "b n k", mistakes)
    large = 1000 * scores
    if not problem and not torch.allclose(function(large), large.softmax(-1)):
        problem = "right for small scores, but not for scores in the thousands: "
        problem += "subtract the largest score of each pixel first"
    verdict(function.__name__, problem)


def check_scale(answer, near: float, far: float) -> None:
    """Check the scale that gives the nearer of two codewords a weight of 0.9."""
    problem = ""
    if not isinstance(answer, Real):
        problem = "put a number in place of the dots"
    else:
        weight = torch.tensor([near, far]).double().mul(answer).softmax(0)[0].item()
        if abs(weight - 0.1) < 1e-3:
            problem = "this gives the farther one 0.9: the sign is off"
        elif abs(weight - 1 / (1 + exp(-0.9))) < 1e-3:
            problem = "the difference of the scores is the logarithm of 9, not 0.9"
        elif abs(weight - 0.9) >= 1e-3:
            problem = f"this gives the nearer one a weight of {weight:.3f}"
    verdict("the scale", problem)


def check_hard(function) -> None:
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
    problem = problem_with(function(x, codewords), right, "b n k", mistakes)
    verdict(function.__name__, problem)
