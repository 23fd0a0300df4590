"""The checks of chapter 3 take the right answers and refuse typical wrong ones."""

import pytest
import torch
from einops import rearrange, reduce

import lvc
from lvcbook.exercises import ch03 as exercises
from tests.support.answers import refuses, verdict

SIZES = lvc.Sizes(b=2, c=256, h=20, w=20, k=16)


def squared(x, codewords):
    return reduce(lvc.reference.residuals(x, codewords) ** 2, "b n k c -> b n k", "sum")


def one_by_one(x, codewords, scale):
    columns = [s * ((x - word) ** 2).sum(-1) for word, s in zip(codewords, scale)]
    return torch.stack(columns, dim=-1)


WRONG_SCALED_L2 = {
    "it returned None, expected (b n k) = (2, 24, 5)": lambda x, c, s: None,
    "it returned a float, expected (b n k) = (2, 24, 5)": lambda x, c, s: 1.0,
    "not multiplied by scale": lambda x, c, s: squared(x, c),
    "this is the distance, not its square": lambda x, c, s: s * squared(x, c).sqrt(),
    "the sign is off": lambda x, c, s: -s * squared(x, c),
    "where this takes the mean": lambda x, c, s: s * squared(x, c) / x.shape[-1],
    "square each difference": lambda x, c, s: s * lvc.reference.residuals(x, c).sum(-1),
    "subtract the codewords": lambda x, c, s: s * squared(x, -c),
    "the axes are there, in another order": lambda x, c, s: rearrange(
        one_by_one(x, c, s), "b n k -> b k n"
    ),
    "axis c should be gone": lambda x, c, s: lvc.reference.residuals(x, c),
    "axis k is missing": lambda x, c, s: one_by_one(x, c, s).sum(-1),
    "at b 1, n 6, k 4 it is 7.000": lambda x, c, s: one_by_one(x, c, s).index_put(
        (torch.tensor(1), torch.tensor(6), torch.tensor(4)), torch.tensor(7.0)
    ),
    "visit one codeword at a time": lvc.reference.scaled_l2,
}
WRONG_NEAREST = {
    "it returned None, expected (b n) = (2, 24)": lambda x, c: None,
    "axis k should be gone": squared,
    "this is the farthest codeword": lambda x, c: squared(x, c).argmax(-1),
    "this holds other numbers": lambda x, c: squared(x, c).min(-1).values,
    "of the pixels get their nearest": lambda x, c: squared(x, c).argmin(-1) * 0,
    "axis n is missing": lambda x, c: squared(x, c).argmin(1),
}
WRONG_BYTES = {
    "put a number in place of the dots": ...,
    "each takes 4 bytes": 2 * 400 * 16 * 256,
    "axis k is missing": 2 * 400 * 256 * 4,
    "axis c is missing": 2 * 400 * 16 * 4,
    "axis b is missing": 400 * 16 * 256 * 4,
    "multiply the sizes of all four axes": 12,
}


@pytest.mark.parametrize("message", WRONG_SCALED_L2)
def test_wrong_scaled_l2(capsys, message):
    refuses(capsys, message, exercises.check_scaled_l2, WRONG_SCALED_L2[message])


@pytest.mark.parametrize("message", WRONG_NEAREST)
def test_wrong_nearest(capsys, message):
    refuses(capsys, message, exercises.check_nearest, WRONG_NEAREST[message])


@pytest.mark.parametrize("message", WRONG_BYTES)
def test_wrong_bytes(capsys, message):
    refuses(capsys, message, exercises.check_bytes, WRONG_BYTES[message], SIZES)


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_scaled_l2, one_by_one)
    nearest = verdict(
        capsys, exercises.check_nearest, lambda x, c: squared(x, c).argmin(-1)
    )
    assert "right." in nearest
    assert "right." in verdict(
        capsys, exercises.check_bytes, 2 * 400 * 16 * 256 * 4, SIZES
    )
