"""Answers to the exercises of chapter 5: wrong ones, by what the check says, and right ones."""

import torch

import lvc


def aggregate(w, x, d):
    return w.mT @ x - w.sum(1).unsqueeze(-1) * d


def remainder(w, x, d):
    return x - w @ d


def literal_remainder(w, x, d):
    return (w.unsqueeze(-1) * (x.unsqueeze(2) - d)).sum(2)


def one_off(w, x, d):
    place = tuple(map(torch.tensor, (1, 4, 2)))
    return aggregate(w, x, d).index_put(place, torch.tensor(7.0))


WRONG = {
    "check_aggregate": {
        "it returned None, expected (b k c) = (2, 5, 3)": lambda w, x, d: None,
        "it returned a float, expected (b k c) = (2, 5, 3)": lambda w, x, d: 1.0,
        "this is the sum of the weighted pixels, the codewords are missing": lambda w, x, d: (
            w.mT @ x
        ),
        "subtract each codeword times its total weight, not once": lambda w, x, d: (
            w.mT @ x - d
        ),
        "subtract each codeword times its total weight, not n times": lambda w, x, d: (
            w.mT @ x - 24 * d
        ),
        "subtract the codewords, this adds them": lambda w, x, d: (
            w.mT @ x + w.sum(1).unsqueeze(-1) * d
        ),
        "the sign is off: the residual is pixel minus codeword": lambda w, x, d: (
            -aggregate(w, x, d)
        ),
        "sum over axis n, where this takes the mean": lambda w, x, d: (
            aggregate(w, x, d) / 24
        ),
        "this divides by the total weight, the encoding is a sum": lambda w, x, d: (
            aggregate(w / w.sum(1, True), x, d)
        ),
        "it returned (b c k) = (2, 3, 5), expected (b k c) = (2, 5, 3); the axes are there, in another order": lambda w, x, d: (
            aggregate(w, x, d).mT
        ),
        "it returned (b n c) = (2, 24, 3), expected (b k c) = (2, 5, 3); axis n should be gone; axis k is missing": remainder,
        "it returned (b c) = (2, 3), expected (b k c) = (2, 5, 3); axis k is missing": lambda w, x, d: (
            aggregate(w, x, d).sum(1)
        ),
        "the shape is right, but at b 1, k 4, c 2 it is 7.000, expected -2.742": one_off,
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): multiply pixels and weights as matrices": lvc.reference.aggregate,
    },
    "check_remainder": {
        "it returned None, expected (b n c) = (2, 24, 3)": lambda w, x, d: None,
        "it returned (b k c) = (2, 5, 3), expected (b n c) = (2, 24, 3); axis k should be gone; axis n is missing": aggregate,
        "this is the mix of codewords, subtract it from the pixel": lambda w, x, d: (
            w @ d
        ),
        "the sign is off: the residual is pixel minus codeword": lambda w, x, d: (
            w @ d - x
        ),
        "subtract the codewords, this adds them": lambda w, x, d: x + w @ d,
        "weigh the codewords, this subtracts all of them": lambda w, x, d: x - d.sum(0),
        "each pixel counts k times, but its weights sum to 1": lambda w, x, d: (
            5 * x - w @ d
        ),
        "sum over axis k, where this takes the mean": lambda w, x, d: (
            remainder(w, x, d) / 5
        ),
        "this is the pixel, the codewords are missing": lambda w, x, d: x,
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): mix the codewords first": literal_remainder,
    },
    "check_factor": {
        "put a number in place of the dots": ...,
        "a mean would stay the same, this is a sum": 1,
        "there are three times as many rows, and three times as many columns": 3,
        "that is for 2 x 2": 4,
        "the pixels are nine times as many, and each counts once": 81,
        "how many times does each pixel occur now?": 6,
    },
}
RIGHT = {
    "check_aggregate": [aggregate],
    "check_remainder": [remainder],
}
