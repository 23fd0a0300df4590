"""Answers to the exercises of chapter 16: wrong ones, by what the check says, and right ones."""

import torch
from einops import einsum, rearrange, reduce

import lvc


def of_pixels(grad, x):
    return einsum(grad, x, "b k c, b n c -> b n k")


def of_codewords(grad, codewords):
    return rearrange(einsum(grad, codewords, "b k c, k c -> b k"), "b k -> b 1 k")


def grad_weights(grad, x, codewords):
    return of_pixels(grad, x) - of_codewords(grad, codewords)


def literal_grad_weights(grad, x, codewords):
    residual = lvc.reference.residuals(x, codewords)
    return einsum(grad, residual, "b k c, b n k c -> b n k")


def direct(grad, weights):
    return -rearrange(reduce(weights, "b n k -> b k", "sum"), "b k -> b k 1") * grad


def through(grad_scores, x, codewords, scale):
    total = reduce(grad_scores, "b n k -> k 1", "sum")
    sums = einsum(grad_scores, x, "b n k, b n c -> k c") - total * codewords
    return -2 * rearrange(scale, "k -> k 1") * sums


def grad_codewords(grad, grad_scores, weights, x, codewords, scale):
    both = direct(grad, weights).sum(dim=0)
    return both + through(grad_scores, x, codewords, scale)


def literal_grad_codewords(grad, grad_scores, weights, x, codewords, scale):
    residual = lvc.reference.residuals(x, codewords)
    factors = rearrange(2 * scale * grad_scores, "b n k -> b n k 1")
    of_residual = einsum(weights, grad, "b n k, b k c -> b n k c") + factors * residual
    return -reduce(of_residual, "b n k c -> k c", "sum")


WRONG = {
    "check_grad_weights": {
        "it returned None, expected (b n k) = (2, 24, 5)": lambda g, x, d: None,
        "it returned (b k n) = (2, 5, 24), expected (b n k) = (2, 24, 5); the axes are there, in another order": lambda g, x, d: (
            grad_weights(g, x, d).mT
        ),
        "the codewords are missing: a residual subtracts them": lambda g, x, d: (
            of_pixels(g, x)
        ),
        "the sign of the codewords is off": lambda g, x, d: (
            of_pixels(g, x) + of_codewords(g, d)
        ),
        "the sign is off: a residual is the pixel minus the codeword": lambda g, x, d: (
            -grad_weights(g, x, d)
        ),
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): multiply pixels and gradient": literal_grad_weights,
    },
    "check_grad_codewords": {
        "it returned None, expected (k c) = (5, 3)": lambda g, gz, a, x, d, s: None,
        "it returned (b k c) = (2, 5, 3), expected (k c) = (5, 3); axis b should be gone": lambda g, gz, a, x, d, s: (
            direct(g, a) + through(gz, x, d, s)
        ),
        "this is the direct way alone": lambda g, gz, a, x, d, s: direct(g, a).sum(0),
        "this is the way through the weights alone": lambda g, gz, a, x, d, s: through(
            gz, x, d, s
        ),
        "the sign is off: codewords are subtracted": lambda *given: (
            -grad_codewords(*given)
        ),
        "the derivative of a square has the factor 2": lambda g, gz, a, x, d, s: (
            direct(g, a).sum(0) + through(gz, x, d, s) / 2
        ),
        "the scale is missing in the way through the weights": lambda g, gz, a, x, d, s: (
            direct(g, a).sum(0) + through(gz, x, d, torch.ones_like(s))
        ),
        "the codewords are missing in the second sum: a residual subtracts them": lambda g, gz, a, x, d, s: (
            direct(g, a).sum(0) + through(gz, x, 0 * d, s)
        ),
        "right, but a tensor on the way, (2, 24, 5, 3), is as large as (b n k c): multiply matrices": literal_grad_codewords,
    },
}
RIGHT = {
    "check_grad_weights": [
        lambda g, x, d: x @ g.mT - of_codewords(g, d),
    ],
    "check_grad_codewords": [grad_codewords],
}
