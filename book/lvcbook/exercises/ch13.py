"""The checks of chapter 13."""

import torch
from torch import Tensor

import lvc
from lvcbook.exercises.common import SIZES, check, problem_with, random


@check()
def check_rest(function):
    """Check the codewords at which the encoding, summed over images, is zero."""
    x, weights = random("b n c"), random("b n k", seed=2).softmax(dim=-1)
    # The images differ in their total weights, as images do.
    weights[0] = weights[0] ** 2
    result = function(weights, x)
    sums, total = weights.mT @ x, weights.sum(dim=1).unsqueeze(-1)
    right = sums.sum(dim=0) / total.sum(dim=0)
    mistakes = {
        "the mean over images of each one's mean: images weigh differently": (
            (sums / total).mean(dim=0)
        ),
        "divide by the total weight, not by the number of pixels": (
            sums.sum(dim=0) / (SIZES["b"] * SIZES["n"])
        ),
        "divide by the total weight": sums.sum(dim=0),
        "the weights are missing: this is the mean of all pixels": (
            x.mean(dim=(0, 1)).expand(SIZES["k"], -1)
        ),
    }
    if isinstance(result, Tensor) and result.shape == sums.shape:
        yield "one codeword for all images is asked for, sum over axis b too"
    yield problem_with(result, right, "k c", mistakes)


@check()
def check_prior(function):
    """Check the priors with which a Gaussian mixture has the weights of LVC."""
    c = SIZES["c"]
    scale = -random("k").abs() - 0.1
    result = function(scale, c)
    log_price = c / 2 * (-2 * scale).log()
    right = (-log_price).softmax(dim=0)
    mistakes = {
        "the sign is off: the wide Gaussians need the large priors": (
            log_price.softmax(dim=0)
        ),
        "a prior for one channel: the density has c factors": (
            (-log_price / c).softmax(dim=0)
        ),
        "priors sum to 1: divide by their sum": (-log_price).exp(),
        "these are logarithms of priors": -log_price,
        "these are logarithms of the priors, take exp": right.log(),
        "equal priors leave the other term where it is": torch.full_like(
            scale, 1 / len(scale)
        ),
        "the square root is missing: this is the variance, not sigma, to the c": (
            (-2 * log_price).softmax(dim=0)
        ),
    }
    yield problem_with(result, right, "k", mistakes)


@check("queries and keys")
def check_score(queries_of, keys_of):
    """Check queries and keys whose dot products are scaled_l2."""
    x, codewords = random("b n c"), random("k c", seed=2)
    scale = random("k", seed=3)
    queries, keys = queries_of(x), keys_of(codewords, scale)
    right = lvc.scaled_l2(x, codewords, scale)
    squared_pixels = x.square().sum(dim=-1, keepdim=True)
    squared_words = codewords.square().sum(dim=-1)
    dots = x @ codewords.mT
    mistakes = {
        "the term scale |codeword|² is missing": right - scale * squared_words,
        "the term scale |pixel|² is missing": right - scale * squared_pixels,
        "|pixel|² must be multiplied by the scale": (
            right - scale * squared_pixels + squared_pixels
        ),
        "|codeword|² must be multiplied by the scale": (
            right - scale * squared_words + squared_words
        ),
        "the dot product needs the factor -2 scale": right + 2 * scale * dots + dots,
        "the sign of the factor 2 is off": right + 4 * scale * dots,
        "the factor 2 of the dot product is missing": right + scale * dots,
    }
    for name, result, start in (
        ("my_queries", queries, x.shape[:-1]),
        ("my_keys", keys, codewords.shape[:-1]),
    ):
        if not isinstance(result, Tensor):
            yield f"{name} returned a {type(result).__name__}, expected a tensor"
        if result.shape[:-1] != start:
            expected = ", ".join(map(str, start))
            got = tuple(result.shape)
            yield f"{name} returned {got}, expected ({expected}, channels)"
    if queries.shape[-1] != keys.shape[-1]:
        yield (
            f"a query has {queries.shape[-1]} channels, and a key "
            f"{keys.shape[-1]}; give them the same"
        )
    yield problem_with(queries @ keys.mT, right, "b n k", mistakes)
