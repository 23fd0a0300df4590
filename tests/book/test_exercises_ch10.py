"""The checks of chapter 10 take the right answers and refuse typical wrong ones."""

import pytest
import torch
from einops import rearrange

import lvc
from lvcbook.exercises import ch10 as exercises
from tests.support.answers import refuses, verdict


def squares(codewords):
    return (codewords**2).sum(dim=-1)


def nearest(x, codewords):
    return (squares(codewords) - 2 * x @ codewords.mT).argmin(dim=-1)


def by_products(x, codewords):
    dot_product = x @ codewords.mT
    return squares(x).unsqueeze(-1) - 2 * dot_product + squares(codewords)


def centred(x, codewords):
    centre = codewords.mean(dim=0)
    return by_products(x - centre, codewords - centre)


def centred_on_pixels(x, codewords):
    centre = x.mean(dim=(0, 1))
    return by_products(x - centre, codewords - centre)


def literal(x, codewords):
    return (lvc.reference.residuals(x, codewords) ** 2).sum(dim=-1)


WRONG_NEAREST = {
    "it returned None, expected (b n) = (2, 24)": lambda x, d: None,
    "axis k should be gone": by_products,
    "axis n is missing": lambda x, d: by_products(x, d).argmin(dim=1),
    "this is the farthest codeword": lambda x, d: by_products(x, d).argmax(dim=-1),
    "|codeword|² differs from codeword": lambda x, d: (x @ d.mT).argmax(dim=-1),
    "the product has the factor -2": lambda x, d: (squares(d) - x @ d.mT).argmin(-1),
    "the sign of the product": lambda x, d: (squares(d) + 2 * x @ d.mT).argmin(-1),
    "of the pixels get their nearest": lambda x, d: nearest(x, d) * 0,
    "is as large as (b n k c): multiply": lambda x, d: literal(x, d).argmin(dim=-1),
}
WRONG_FACTOR = {
    "put a number in place of the dots": ...,
    "that is against x": 64,
    "that is against the encoding": 100,
    "divide by the size of the largest": 6 * 100 * 64 * 32,
    "which of (b n c), (b n k) and (b k c)": 12,
}
WRONG_CENTRING = {
    "it returned None, expected (b n k) = (2, 24, 5)": lambda x, d: None,
    "at an offset of 1000 it is off by": by_products,
    "on the same vector": lambda x, d: by_products(x - x.mean((0, 1)), d - d.mean(0)),
    "from the codewords too": lambda x, d: by_products(x - d.mean(0), d),
    "from the pixels too": lambda x, d: by_products(x, d - d.mean(0)),
    "the product has the factor -2": lambda x, d: centred(x, d) + x @ d.mT,
    "the axes are there, in another order": lambda x, d: rearrange(
        centred(x, d), "b n k -> b k n"
    ),
    "is as large as (b n k c): multiply": literal,
    "one inf in image 0 spoils image 1": centred_on_pixels,
    "the shape is right, but at b": lambda x, d: centred(x, d) + 1,
}


@pytest.mark.parametrize("message", WRONG_NEAREST)
def test_wrong_nearest(capsys, message):
    refuses(capsys, message, exercises.check_nearest, WRONG_NEAREST[message])


@pytest.mark.parametrize("message", WRONG_FACTOR)
def test_wrong_factor(capsys, message):
    refuses(capsys, message, exercises.check_factor, WRONG_FACTOR[message])


@pytest.mark.parametrize("message", WRONG_CENTRING)
def test_wrong_centring(capsys, message):
    refuses(capsys, message, exercises.check_centring, WRONG_CENTRING[message])


def centred_on_each_image(x, codewords):
    """Right too: each image has its own centre, so nothing spreads."""
    centre = x.mean(dim=1, keepdim=True)
    codewords = codewords - centre
    return (
        squares(x - centre).unsqueeze(-1)
        - 2 * (x - centre) @ codewords.mT
        + squares(codewords).unsqueeze(1)
    )


@pytest.mark.parametrize("answer", [centred, centred_on_each_image])
def test_right_centring(capsys, answer):
    assert "right." in verdict(capsys, exercises.check_centring, answer)


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_nearest, nearest)
    assert "right." in verdict(capsys, exercises.check_factor, 32)
    assert "right." in verdict(capsys, exercises.check_factor, torch.tensor(32))
