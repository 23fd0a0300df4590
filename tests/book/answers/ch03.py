"""Answers to the exercises of chapter 3: wrong ones, by what the check says, and right ones."""

import torch
from einops import rearrange, reduce

import lvc


def squared(x, codewords):
    return reduce(lvc.reference.residuals(x, codewords) ** 2, "b n k c -> b n k", "sum")


def one_by_one(x, codewords, scale):
    columns = [s * ((x - word) ** 2).sum(-1) for word, s in zip(codewords, scale)]
    return torch.stack(columns, dim=-1)


WRONG = {
    "check_bytes": {
        "put a number in place of the dots": ...,
        "this counts the numbers, and each takes 4 bytes": 2 * 400 * 16 * 256,
        "this is the size of x, axis k is missing": 2 * 400 * 256 * 4,
        "axis c is missing: the residuals still have their channels": 2 * 400 * 16 * 4,
        "this is one image, axis b is missing": 400 * 16 * 256 * 4,
        "multiply the sizes of all four axes, b n k c, and 4 bytes each": 12,
    },
    "check_scaled_l2": {
        "it returned None, expected (b n k) = (2, 24, 5)": lambda x, c, s: None,
        "it returned a float, expected (b n k) = (2, 24, 5)": lambda x, c, s: 1.0,
        "the squared distances are right, but not multiplied by scale": lambda x, c, s: (
            squared(x, c)
        ),
        "this is the distance, not its square": lambda x, c, s: (
            s * squared(x, c).sqrt()
        ),
        "the sign is off: scale already has its minus": lambda x, c, s: (
            -s * squared(x, c)
        ),
        "sum over axis c, where this takes the mean": lambda x, c, s: (
            s * squared(x, c) / x.shape[-1]
        ),
        "square each difference before the sum": lambda x, c, s: (
            s * lvc.reference.residuals(x, c).sum(-1)
        ),
        "subtract the codewords, this adds them": lambda x, c, s: s * squared(x, -c),
        "it returned (b k n) = (2, 5, 24), expected (b n k) = (2, 24, 5); the axes are there, in another order": lambda x, c, s: (
            rearrange(one_by_one(x, c, s), "b n k -> b k n")
        ),
        "it returned (b n k c) = (2, 24, 5, 3), expected (b n k) = (2, 24, 5); axis c should be gone": lambda x, c, s: (
            lvc.reference.residuals(x, c)
        ),
        "it returned (b n) = (2, 24), expected (b n k) = (2, 24, 5); axis k is missing": lambda x, c, s: (
            one_by_one(x, c, s).sum(-1)
        ),
        "the shape is right, but at b 1, n 6, k 4 it is 7.000, expected -0.712": lambda x, c, s: (
            one_by_one(x, c, s).index_put(
                (torch.tensor(1), torch.tensor(6), torch.tensor(4)), torch.tensor(7.0)
            )
        ),
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): visit one codeword at a time": lvc.reference.scaled_l2,
    },
    "check_nearest": {
        "it returned None, expected (b n) = (2, 24)": lambda x, c: None,
        "it returned (b n k) = (2, 24, 5), expected (b n) = (2, 24); axis k should be gone": squared,
        "this is the farthest codeword of every pixel": lambda x, c: squared(
            x, c
        ).argmax(-1),
        "expected the index of the codeword, this holds other numbers": lambda x, c: (
            squared(x, c).min(-1).values
        ),
        "only 35% of the pixels get their nearest codeword": lambda x, c: (
            squared(x, c).argmin(-1) * 0
        ),
        "it returned (b k) = (2, 5), expected (b n) = (2, 24); axis k should be gone; axis n is missing": lambda x, c: (
            squared(x, c).argmin(1)
        ),
    },
}
RIGHT = {
    "check_scaled_l2": [one_by_one],
    "check_nearest": [lambda x, c: squared(x, c).argmin(-1)],
}
