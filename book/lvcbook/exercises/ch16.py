"""The checks of chapter 16."""

import torch

import lvc
from lvcbook.exercises.common import LargestTensor, check, problem_with, random


def _inputs():
    """Return x, codewords, scale and the gradient of the encoding."""
    scale = -torch.linspace(0.1, 0.9, random("k").numel())
    return random("b n c"), random("k c", seed=2), scale, random("b k c", seed=3)


@check()
def check_grad_weights(function):
    """Check the gradient of the weights by matrix products."""
    x, codewords, _, grad_encoding = _inputs()
    with LargestTensor() as largest:
        result = function(grad_encoding, x, codewords)
    of_pixels = x @ grad_encoding.mT
    of_codewords = (grad_encoding * codewords).sum(dim=-1).unsqueeze(1)
    mistakes = {
        "the codewords are missing: a residual subtracts them": of_pixels,
        "the sign of the codewords is off": of_pixels + of_codewords,
        "the sign is off: a residual is the pixel minus the codeword": of_codewords
        - of_pixels,
    }
    yield problem_with(result, of_pixels - of_codewords, "b n k", mistakes)
    yield largest.problem("multiply pixels and gradient")


@check()
def check_grad_codewords(function):
    """Check the gradient of the codewords by matrix products."""
    x, codewords, scale, grad_encoding = _inputs()
    leaves = [tensor.requires_grad_() for tensor in (x, codewords, scale)]
    scores = lvc.reference.scaled_l2(*leaves)
    scores.retain_grad()
    weights = scores.softmax(dim=-1)
    encoding = lvc.reference.aggregate(weights, x, codewords)
    (encoding * grad_encoding).sum().backward()
    right, grad_scores = codewords.grad, scores.grad
    x, codewords, scale, weights = (
        tensor.detach() for tensor in (x, codewords, scale, weights)
    )
    with LargestTensor() as largest:
        result = function(grad_encoding, grad_scores, weights, x, codewords, scale)

    direct = -torch.einsum("bnk,bkc->kc", weights, grad_encoding)
    through = right - direct
    of_pixels = torch.einsum("bnk,bnc->kc", grad_scores, x)
    mistakes = {
        "this is the direct way alone": direct,
        "this is the way through the weights alone": through,
        "the sign is off: codewords are subtracted": -right,
        "the derivative of a square has the factor 2": direct + through / 2,
        "the scale is missing in the way through the weights": direct
        + through / scale.unsqueeze(-1),
        "the codewords are missing in the second sum: a residual subtracts them": direct
        - 2 * scale.unsqueeze(-1) * of_pixels,
    }
    yield problem_with(result, right, "k c", mistakes)
    yield largest.problem("multiply matrices")
