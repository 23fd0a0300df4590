"""The checks of chapter 10."""

import torch

import lvc
from lvc import EXAMPLE
from lvcbook.exercises.common import (
    LargestTensor,
    check,
    count,
    problem_with,
    problem_with_number,
    random,
    shape_problem,
)


def _squared_distances(x, codewords):
    return lvc.reference.residuals(x, codewords).square().sum(dim=-1)


@check()
def check_nearest(function):
    """Check a function that finds the nearest codewords by one matrix product."""
    x, codewords = random("b n c"), random("k c", seed=2)
    codewords = codewords * torch.linspace(0.5, 2, len(codewords)).unsqueeze(-1)
    with LargestTensor() as largest:
        result = function(x, codewords)
    squared, products = _squared_distances(x, codewords), x @ codewords.mT
    right = squared.argmin(dim=-1)
    mistakes = {
        "this is the farthest codeword of every pixel": squared.argmax(dim=-1),
        "|codeword|² differs from codeword to codeword and must stay": products.argmax(
            dim=-1
        ),
        "the product has the factor -2, and |codeword|² has 1": (
            codewords.square().sum(dim=-1) - products
        ).argmin(dim=-1),
        "the sign of the product is off": (
            codewords.square().sum(dim=-1) + 2 * products
        ).argmin(dim=-1),
    }
    yield shape_problem(result, "b n")
    for words, wrong in mistakes.items():
        if torch.equal(result, wrong):
            yield words
    share = (result == right).float().mean()
    if share < 1:
        yield f"only {share:.0%} of the pixels get their nearest codeword"
    yield largest.problem("multiply pixels and codewords")


@check("the factor")
def check_factor(answer):
    """Check (b n k c) over the largest tensor of the product form, in the example."""
    sizes = {axes: count(EXAMPLE.of(axes)) for axes in ("b n c", "b n k", "b k c")}
    pairs = count(EXAMPLE.of("b n k c"))
    right = pairs // max(sizes.values())
    mistakes = {
        "that is against x; another tensor is larger": pairs // sizes["b n c"],
        "that is against the encoding; others are larger": pairs // sizes["b k c"],
        "divide by the size of the largest tensor of the product form": pairs,
    }
    otherwise = "which of (b n c), (b n k) and (b k c) is the largest?"
    yield problem_with_number(answer, right, mistakes, otherwise)


@check()
def check_centring(function):
    """Check squared distances by products that keep their digits far from 0."""
    x, codewords = random("b n c"), random("k c", seed=2)
    with LargestTensor() as largest:
        result = function(x, codewords)
    mean = codewords.mean(dim=0)
    mistakes = {
        "centre pixels and codewords on the same vector": _squared_distances(
            x - x.mean(dim=(0, 1)), codewords - mean
        ),
        "subtract the centre from the codewords too": _squared_distances(
            x - mean, codewords
        ),
        "subtract the centre from the pixels too": _squared_distances(
            x, codewords - mean
        ),
        "the product has the factor -2": _squared_distances(x, codewords)
        + x @ codewords.mT,
    }
    squared = _squared_distances(x, codewords)
    yield problem_with(result, squared, "b n k", mistakes)
    yield largest.problem("multiply pixels and codewords")
    far = x + 1000, codewords + 1000
    exact = _squared_distances(*(tensor.double() for tensor in far))
    off = (function(*far) - exact).abs().max() / exact.abs().max()
    if not off < 1e-5:
        yield f"at an offset of 1000 it is off by {off:.0%}: centre first"
    spoiled = x.clone()
    spoiled[0, 0] = torch.inf
    if not function(spoiled, codewords)[1].isfinite().all():
        yield (
            "one inf in image 0 spoils image 1: a mean over the pixels "
            "carries it there, so centre on the codewords"
        )
