"""Answers to the exercises of chapter 12: wrong ones, by what the check says, and right ones."""

import torch

import lvc
from lvcbook.exercises.ch12 import T_9


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


WRONG = {
    "check_in_use": {
        "it returned None, expected one number": lambda weights: None,
        "this is the entropy; take its exponential": lambda weights: in_use(
            weights
        ).log(),
        "average the weights over the pixels first, then take the entropy": lambda weights: (
            torch.special.entr(weights).sum(dim=-1).exp().mean()
        ),
        "use the natural logarithm in the entropy, as exp does": lambda weights: (
            in_use(weights).log2()
        ).exp(),
        "the entropy has a minus": lambda weights: 1 / in_use(weights),
        "where one codeword takes all weight, it must be 1: 0 log 0 is 0": with_log,
    },
    "check_interval": {
        "return two numbers, the lower end and the upper end": [
            lambda one, other: None,
            lambda one, other: one - other,
        ],
        "this is the second less the first": lambda one, other: interval(other, one),
        "divide the standard deviation by the root of the number of seeds": lambda one, other: (
            interval(one, other, root=1)
        ),
        "1.96 is for many seeds, ten need Student's t": lambda one, other: interval(
            one, other, 1.96
        ),
        "the standard deviation of a sample divides by one less": lambda one, other: (
            interval(one, other, correction=0)
        ),
        "take the difference of each seed first: what both arms share with their seed then cancels": unpaired,
        "it returned (0.000, 1.000), expected (-0.083, 0.214)": lambda one, other: (
            0,
            1,
        ),
    },
    "check_size_free": {
        "it returned None, expected (b k c) = (2, 5, 3)": lambda *all: None,
        "this is the encoding itself, which grows with the pixels": lvc.encode,
        "divide by the number of pixels, not of codewords": lambda *all: (
            lvc.encode(*all) / 5
        ),
        "divide by the number of pixels, not of channels": lambda *all: (
            lvc.encode(*all) / 3
        ),
        "divide by the number of pixels, not of images": lambda *all: (
            lvc.encode(*all) / 2
        ),
        "a vector of length 1 is free of the size too, but keep the mean residual": unit,
        "with every pixel twice it changes: count the pixels of this x": lambda *all: (
            lvc.encode(*all) / 24
        ),
    },
}
RIGHT = {
    "check_interval": [interval],
    "check_in_use": [in_use],
    "check_size_free": [size_free],
}
