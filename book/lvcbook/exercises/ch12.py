"""The checks of chapter 12."""

import torch

import lvc
from lvcbook.exercises.common import check, problem_with, random

T_9 = 2.262157  # 95 % of Student's t with 9 degrees of freedom lie within +- this


def _numbers(result) -> tuple | None:
    """Return two numbers as floats, or None."""
    try:
        low, high = (float(number) for number in result)
    except (TypeError, ValueError):
        return None
    return low, high


@check()
def check_interval(function):
    """Check a function from the accuracies of two arms to a paired 95 % interval."""
    shared = random("n", seed=3)[:10]
    one = shared + 0.1 * random("n", seed=4)[:10] + 0.1
    other = shared + 0.1 * random("n", seed=5)[:10]
    difference = one - other
    mean, half = difference.mean(), T_9 * difference.std() / 10**0.5

    def around(width, middle=mean):
        return tuple((middle + sign * width).item() for sign in (-1, 1))

    apart = 2.1 * (one.var() / 10 + other.var() / 10) ** 0.5
    biased = T_9 * difference.std(correction=0) / 10**0.5
    mistakes = {
        "this is the second less the first": around(half, -mean),
        "divide the standard deviation by the root of the number of seeds": around(
            half * 10**0.5
        ),
        "1.96 is for many seeds, ten need Student's t": around(half * 1.96 / T_9),
        "the standard deviation of a sample divides by one less": around(biased),
    }
    right, got = around(half), _numbers(function(one, other))

    def close(expected):
        return all(abs(x - y) < 1e-4 for x, y in zip(got, expected))

    if got is None:
        yield "return two numbers, the lower end and the upper end"
    for words, wrong in mistakes.items():
        if close(wrong):
            yield words
    (low, high), (expected_low, expected_high) = got, right
    if abs(high - low - 2 * apart) < 0.1 * apart:
        yield (
            "take the difference of each seed first: what both arms share "
            "with their seed then cancels"
        )
    if not close(right):
        yield (
            f"it returned ({low:.3f}, {high:.3f}), "
            f"expected ({expected_low:.3f}, {expected_high:.3f})"
        )


@check()
def check_in_use(function):
    """Check the number of codewords in use, from the weights of all pixels."""
    weights = (3 * random("b n k")).softmax(dim=-1)
    share = weights.mean(dim=(0, 1))
    entropy = torch.special.entr(share).sum()
    right = entropy.exp()
    mistakes = {
        "this is the entropy; take its exponential": entropy,
        "average the weights over the pixels first, then take the entropy": (
            torch.special.entr(weights).sum(dim=-1).exp().mean()
        ),
        "use the natural logarithm in the entropy, as exp does": (
            entropy / torch.tensor(2.0).log()
        ).exp(),
        "the entropy has a minus": (-entropy).exp(),
    }
    yield problem_with(function(weights), right, "", mistakes)
    one = torch.zeros(2, 24, 5)
    one[..., 3] = 1
    if not torch.allclose(function(one), torch.tensor(1.0)):
        yield "where one codeword takes all weight, it must be 1: 0 log 0 is 0"


@check()
def check_size_free(function):
    """Check an encoding that a larger image of the same pixels does not change."""
    x, codewords = random("b n c"), random("k c", seed=2)
    scale = -random("k", seed=3).sigmoid()
    encoding = lvc.encode(x, codewords, scale)
    mistakes = {
        "this is the encoding itself, which grows with the pixels": encoding,
        "divide by the number of pixels, not of codewords": encoding / 5,
        "divide by the number of pixels, not of channels": encoding / 3,
        "divide by the number of pixels, not of images": encoding / 2,
        "a vector of length 1 is free of the size too, but keep the mean residual": (
            torch.nn.functional.normalize(encoding.flatten(1)).view_as(encoding)
        ),
    }
    result = function(x, codewords, scale)
    yield problem_with(result, encoding / 24, "b k c", mistakes)
    twice = function(torch.cat([x, x], dim=1), codewords, scale)
    if not torch.allclose(twice, result, atol=1e-6):
        yield "with every pixel twice it changes: count the pixels of this x"
