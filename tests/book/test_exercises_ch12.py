"""The checks of chapter 12 take the right answers and refuse typical wrong ones."""

import pytest
import torch

import lvc
from lvcbook.exercises import ch12 as exercises
from lvcbook.exercises.ch12 import T_9
from tests.support.answers import refuses, verdict


def interval(one, other, quantile=T_9, root=10**0.5, correction=1):
    difference = one - other
    half = quantile * difference.std(correction=correction) / root
    return difference.mean() - half, difference.mean() + half


def unpaired(one, other):
    middle = one.mean() - other.mean()
    half = 2.1 * ((one.var() + other.var()) / 10) ** 0.5
    return middle - half, middle + half


def in_use(weights):
    share = weights.mean(dim=(0, 1))
    return torch.special.entr(share).sum().exp()


def with_log(weights):
    share = weights.mean(dim=(0, 1))
    return (-(share * share.log()).sum()).exp()


def size_free(x, codewords, scale):
    return lvc.encode(x, codewords, scale) / x.shape[1]


def unit(x, codewords, scale):
    encoding = lvc.encode(x, codewords, scale)
    return torch.nn.functional.normalize(encoding.flatten(1)).view_as(encoding)


WRONG_INTERVAL = {
    "return two numbers": lambda one, other: None,
    "the lower end and the upper end": lambda one, other: one - other,
    "the second less the first": lambda one, other: interval(other, one),
    "by the root of the number of seeds": lambda one, other: interval(
        one, other, root=1
    ),
    "1.96 is for many seeds": lambda one, other: interval(one, other, 1.96),
    "divides by one less": lambda one, other: interval(one, other, correction=0),
    "take the difference of each seed first": unpaired,
    "it returned (0.000, 1.000), expected (": lambda one, other: (0, 1),
}
WRONG_IN_USE = {
    "it returned None": lambda weights: None,
    "take its exponential": lambda weights: in_use(weights).log(),
    "average the weights over the pixels first": lambda weights: (
        torch.special.entr(weights).sum(dim=-1).exp().mean()
    ),
    "use the natural logarithm": lambda weights: (in_use(weights).log2()).exp(),
    "the entropy has a minus": lambda weights: 1 / in_use(weights),
    "0 log 0 is 0": with_log,
}
WRONG_SIZE_FREE = {
    "it returned None": lambda *all: None,
    "which grows with the pixels": lvc.encode,
    "not of codewords": lambda *all: lvc.encode(*all) / 5,
    "not of channels": lambda *all: lvc.encode(*all) / 3,
    "not of images": lambda *all: lvc.encode(*all) / 2,
    "keep the mean residual": unit,
    "count the pixels of this x": lambda *all: lvc.encode(*all) / 24,
}


@pytest.mark.parametrize("message", WRONG_INTERVAL)
def test_wrong_interval(capsys, message):
    refuses(capsys, message, exercises.check_interval, WRONG_INTERVAL[message])


@pytest.mark.parametrize("message", WRONG_IN_USE)
def test_wrong_in_use(capsys, message):
    refuses(capsys, message, exercises.check_in_use, WRONG_IN_USE[message])


@pytest.mark.parametrize("message", WRONG_SIZE_FREE)
def test_wrong_size_free(capsys, message):
    refuses(capsys, message, exercises.check_size_free, WRONG_SIZE_FREE[message])


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_interval, interval)
    assert "right." in verdict(capsys, exercises.check_in_use, in_use)
    assert "right." in verdict(capsys, exercises.check_size_free, size_free)
