"""The checks of chapter 13 take the right answers and refuse typical wrong ones."""

import pytest
import torch

from lvcbook.exercises import ch13 as exercises
from tests.support.answers import refuses, verdict


def right_prior(scale, c):
    return (-c / 2 * (-2 * scale).log()).softmax(dim=0)


def right_rest(weights, x):
    total = weights.sum(dim=(0, 1)).unsqueeze(-1)
    return torch.einsum("bnk,bnc->kc", weights, x) / total


def queries(x, square=1, one=1):
    squares = x.square().sum(dim=-1, keepdim=True)
    return torch.cat([x, square * squares, one * torch.ones_like(squares)], dim=-1)


def keys(codewords, scale, factor=-2, scaled=(True, True, True)):
    slope = scale.unsqueeze(-1)
    squares = codewords.square().sum(dim=-1, keepdim=True)
    parts = [factor * codewords, torch.ones_like(slope), squares]
    return torch.cat(
        [part * slope if by else part for part, by in zip(parts, scaled)], dim=-1
    )


WRONG_PRIOR = {
    "it returned None": lambda scale, c: None,
    "the sign is off": lambda scale, c: right_prior(scale, -c),
    "a prior for one channel": lambda scale, c: right_prior(scale, 1),
    "priors sum to 1": lambda scale, c: (-2 * scale) ** (-c / 2),
    "these are logarithms of priors": lambda scale, c: -c / 2 * (-2 * scale).log(),
    "take exp": lambda scale, c: right_prior(scale, c).log(),
    "equal priors": lambda scale, c: torch.full_like(scale, 1 / len(scale)),
    "the square root is missing": lambda scale, c: right_prior(scale, 2 * c),
    "the shape is right, but": lambda scale, c: scale,
}
WRONG_REST = {
    "it returned None": lambda weights, x: None,
    "sum over axis b too": lambda weights, x: (
        weights.mT @ x / weights.sum(dim=1).unsqueeze(-1)
    ),
    "the mean over images": lambda weights, x: (
        weights.mT @ x / weights.sum(dim=1).unsqueeze(-1)
    ).mean(dim=0),
    "not by the number of pixels": lambda weights, x: (
        torch.einsum("bnk,bnc->kc", weights, x) / x[..., 0].numel()
    ),
    "divide by the total weight.": lambda weights, x: torch.einsum(
        "bnk,bnc->kc", weights, x
    ),
    "the weights are missing": lambda weights, x: x.mean(dim=(0, 1)).repeat(5, 1),
    "axes are there, in another order": lambda weights, x: right_rest(weights, x).mT,
}
WRONG_SCORE = {
    "my_queries returned a NoneType": (lambda x: None, keys),
    "my_keys returned a NoneType": (queries, lambda codewords, scale: None),
    "my_queries returned (24, 3), expected (2, 24, channels)": (lambda x: x[0], keys),
    "my_keys returned (5, 5, 1), expected (5, channels)": (
        queries,
        lambda codewords, scale: keys(codewords, scale).unsqueeze(-1),
    ),
    "a query has 3 channels, and a key 5": (lambda x: x, keys),
    "the term scale |codeword|² is missing": (lambda x: queries(x, one=0), keys),
    "the term scale |pixel|² is missing": (lambda x: queries(x, square=0), keys),
    "|pixel|² must be multiplied": (
        queries,
        lambda codewords, scale: keys(codewords, scale, scaled=(True, False, True)),
    ),
    "|codeword|² must be multiplied": (
        queries,
        lambda codewords, scale: keys(codewords, scale, scaled=(True, True, False)),
    ),
    "needs the factor -2 scale": (
        queries,
        lambda codewords, scale: keys(codewords, scale, 1, (False, True, True)),
    ),
    "the sign of the factor 2": (
        queries,
        lambda codewords, scale: keys(codewords, scale, factor=2),
    ),
    "the factor 2 of the dot product is missing": (
        queries,
        lambda codewords, scale: keys(codewords, scale, factor=-1),
    ),
    "the shape is right, but": (
        queries,
        lambda codewords, scale: keys(codewords, -scale),
    ),
}


@pytest.mark.parametrize("message", WRONG_PRIOR)
def test_wrong_prior(capsys, message):
    refuses(capsys, message, exercises.check_prior, WRONG_PRIOR[message])


@pytest.mark.parametrize("message", WRONG_REST)
def test_wrong_rest(capsys, message):
    refuses(capsys, message, exercises.check_rest, WRONG_REST[message])


@pytest.mark.parametrize("message", WRONG_SCORE)
def test_wrong_score(capsys, message):
    refuses(capsys, message, exercises.check_score, *WRONG_SCORE[message])


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_prior, right_prior)
    assert "right." in verdict(capsys, exercises.check_rest, right_rest)
    assert "right." in verdict(capsys, exercises.check_score, queries, keys)
