"""The checks of chapter 10."""

import torch

import lvc
from lvc import EXAMPLE
from lvcbook.exercises.common import (
    SIZES,
    LargestTensor,
    count,
    problem_with,
    random,
    shape_problem,
    verdict,
)


def _too_large(largest: LargestTensor, advice: str) -> str:
    """Say which tensor on the way is as large as (b n k c), or nothing."""
    if count(largest.shape) < count(tuple(SIZES[axis] for axis in "bnkc")):
        return ""
    return (
        f"right, but a tensor on the way, {largest.shape}, is as large as (b n k c): "
        f"{advice}"
    )


def _squared_distances(x, codewords):
    return lvc.reference.residuals(x, codewords).square().sum(dim=-1)


def check_nearest(function) -> None:
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
    problem = shape_problem(result, "b n")
    if not problem and not torch.equal(result, right):
        share = (result == right).float().mean()
        problem = f"only {share:.0%} of the pixels get their nearest codeword"
        for words, wrong in mistakes.items():
            if torch.equal(result, wrong):
                problem = words
    problem = problem or _too_large(largest, "multiply pixels and codewords")
    verdict(function.__name__, problem)


def check_factor(answer) -> None:
    """Check (b n k c) over the largest tensor of the product form, in the example."""
    sizes = {axes: count(EXAMPLE.of(axes)) for axes in ("b n c", "b n k", "b k c")}
    pairs = count(EXAMPLE.of("b n k c"))
    right = pairs // max(sizes.values())
    mistakes = {
        pairs // sizes["b n c"]: "that is against x; another tensor is larger",
        pairs // sizes["b k c"]: "that is against the encoding; others are larger",
        pairs: "divide by the size of the largest tensor of the product form",
    }
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif answer != right:
        general = "which of (b n c), (b n k) and (b k c) is the largest?"
        problem = mistakes.get(answer, general)
    verdict("the factor", problem)


def check_centring(function) -> None:
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
    problem = problem_with(result, squared, "b n k", mistakes)
    problem = problem or _too_large(largest, "multiply pixels and codewords")
    if not problem:
        far = x + 1000, codewords + 1000
        exact = _squared_distances(*(tensor.double() for tensor in far))
        off = (function(*far) - exact).abs().max() / exact.abs().max()
        spoiled = x.clone()
        spoiled[0, 0] = torch.inf
        if not off < 1e-5:
            problem = f"at an offset of 1000 it is off by {off:.0%}: centre first"
        elif not function(spoiled, codewords)[1].isfinite().all():
            problem = "one inf in image 0 spoils image 1: a mean over the pixels "
            problem += "carries it there, so centre on the codewords"
    verdict(function.__name__, problem)
