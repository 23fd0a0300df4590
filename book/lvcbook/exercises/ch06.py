"""The checks of chapter 6."""

from torch import Tensor
from torch.nn.functional import batch_norm

from lvcbook.exercises.common import check, problem_with, problem_with_number, random

EPS = 1e-5


def _input():
    encoding = random("b k c")
    # A codeword so weak that eps counts, and a level that differs from 0.
    encoding[:, 0] *= 0.005
    return encoding + 2, random("k", seed=2), random("k", seed=3)


def _normalised(encoding: Tensor, axes: tuple, correction: int = 0) -> Tensor:
    mean = encoding.mean(axes, keepdim=True)
    variance = encoding.var(axes, correction=correction, keepdim=True)
    return (encoding - mean) / (variance + EPS).sqrt()


@check()
def check_norm(function):
    """Check BatchNorm1d in training mode, with statistics per codeword."""
    encoding, weight, bias = _input()
    result = function(encoding.clone(), weight.clone(), bias.clone())
    right = batch_norm(encoding, None, None, weight, bias, training=True, eps=EPS)

    w, b = weight[:, None], bias[:, None]
    bare = _normalised(encoding, (0, 2))
    centred = encoding - encoding.mean((0, 2), keepdim=True)
    variance = centred.square().mean((0, 2), keepdim=True)
    sample = _normalised(encoding, (0, 2), correction=1)
    mistakes = {
        "weight and bias are missing": bare,
        "the bias is missing": bare * w,
        "the weight is missing": bare + b,
        "divide by n, not by n - 1: this norm takes the biased variance": sample * w
        + b,
        "the statistics are over k: each codeword needs its own": _normalised(
            encoding, (0, 1)
        )
        * w
        + b,
        "all three axes share one mean: each codeword needs its own": _normalised(
            encoding, (0, 1, 2)
        )
        * w
        + b,
        "the statistics are over c alone: b belongs to them": _normalised(
            encoding, (2,)
        )
        * w
        + b,
        "the statistics are over b alone: c belongs to them": _normalised(
            encoding, (0,)
        )
        * w
        + b,
        "divide by the square root of the variance": centred / (variance + EPS) * w + b,
        "eps belongs to the variance, under the root": centred
        / (variance.sqrt() + EPS)
        * w
        + b,
        "eps is missing, and one codeword is weak": centred / variance.sqrt() * w + b,
        "subtract the mean first": encoding / (variance + EPS).sqrt() * w + b,
    }
    yield problem_with(result, right, "b k c", mistakes)


@check("the axes")
def check_axes(answer):
    """Check the axes over which a norm takes its statistics, with c left."""
    mistakes = {
        "this is the norm of the block, whose running_mean has 64 numbers": "bc",
        "this axis keeps a number of its own, the question is for the others": "c",
        "images of the batch are averaged too": "k",
        "one number would remain for every pair of a codeword and a channel": "b",
        "then one number would remain": "bkc",
    }
    if answer is None or answer is ...:
        yield "put letters in place of the dots"
    if (
        not isinstance(answer, str)
        or not {*answer} <= {*"bkc ,"}
        or not answer.strip(" ,")
    ):
        yield 'expected letters of axes as a string, such as "b c"'
    axes = {*answer} - {*" ,"}
    for words, letters in mistakes.items():
        if axes == {*letters}:
            yield words
    if axes != {*"bk"}:
        yield "axis c remains, so it is not in it"


@check("the factor")
def check_factor(answer, codes: int):
    """Check the factor that makes up for a sum over `codes` in place of a mean."""
    mistakes = {
        "the sum is larger than the mean: the matrix must make up for it": codes,
        "a sum is not a mean": 1,
        "no square root: a sum is a mean times the number of terms": codes**-0.5,
        "the sum runs over codewords, not channels": 1 / 32,
    }
    otherwise = (
        "how many numbers does the sum add where the mean divides: divide by that"
    )
    yield problem_with_number(answer, 1 / codes, mistakes, otherwise)
