"""Answers to the exercises of chapter 10: wrong ones, by what the check says, and right ones."""

import torch
from einops import rearrange

import lvc


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


def centred_on_each_image(x, codewords):
    """Right too: each image has its own centre, so nothing spreads."""
    centre = x.mean(dim=1, keepdim=True)
    codewords = codewords - centre
    return (
        squares(x - centre).unsqueeze(-1)
        - 2 * (x - centre) @ codewords.mT
        + squares(codewords).unsqueeze(1)
    )


WRONG = {
    "check_nearest": {
        "it returned None, expected (b n) = (2, 24)": lambda x, d: None,
        "it returned (b n k) = (2, 24, 5), expected (b n) = (2, 24); axis k should be gone": by_products,
        "it returned (b k) = (2, 5), expected (b n) = (2, 24); axis k should be gone; axis n is missing": lambda x, d: (
            by_products(x, d).argmin(dim=1)
        ),
        "this is the farthest codeword of every pixel": lambda x, d: by_products(
            x, d
        ).argmax(dim=-1),
        "|codeword|² differs from codeword to codeword and must stay": lambda x, d: (
            x @ d.mT
        ).argmax(dim=-1),
        "the product has the factor -2, and |codeword|² has 1": lambda x, d: (
            squares(d) - x @ d.mT
        ).argmin(-1),
        "the sign of the product is off": lambda x, d: (
            squares(d) + 2 * x @ d.mT
        ).argmin(-1),
        "only 48% of the pixels get their nearest codeword": lambda x, d: (
            nearest(x, d) * 0
        ),
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): multiply pixels and codewords": lambda x, d: (
            literal(x, d).argmin(dim=-1)
        ),
    },
    "check_centring": {
        "it returned None, expected (b n k) = (2, 24, 5)": lambda x, d: None,
        "at an offset of 1000 it is off by …: centre first": by_products,
        "centre pixels and codewords on the same vector": lambda x, d: by_products(
            x - x.mean((0, 1)), d - d.mean(0)
        ),
        "subtract the centre from the codewords too": lambda x, d: by_products(
            x - d.mean(0), d
        ),
        "subtract the centre from the pixels too": lambda x, d: by_products(
            x, d - d.mean(0)
        ),
        "the product has the factor -2": lambda x, d: centred(x, d) + x @ d.mT,
        "it returned (b k n) = (2, 5, 24), expected (b n k) = (2, 24, 5); the axes are there, in another order": lambda x, d: (
            rearrange(centred(x, d), "b n k -> b k n")
        ),
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): multiply pixels and codewords": literal,
        "one inf in image 0 spoils image 1: a mean over the pixels carries it there, so centre on the codewords": centred_on_pixels,
        "the shape is right, but at b 0, n …, k … it is …, expected …": lambda x, d: (
            centred(x, d) + 1
        ),
    },
    "check_factor": {
        "put a number in place of the dots": ...,
        "that is against x; another tensor is larger": 64,
        "that is against the encoding; others are larger": 100,
        "divide by the size of the largest tensor of the product form": 6
        * 100
        * 64
        * 32,
        "which of (b n c), (b n k) and (b k c) is the largest?": 12,
    },
}
RIGHT = {
    "check_nearest": [nearest],
    "check_factor": [torch.tensor(32)],
    "check_centring": [centred, centred_on_each_image],
}
