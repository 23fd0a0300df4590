"""Answers to the exercises of chapter 13: wrong ones, by what the check says, and right ones."""

import torch


def right_prior(scale, c):
    return (-c / 2 * (-2 * scale).log()).softmax(dim=0)


def right_rest(weights, x):
    total = weights.sum(dim=(0, 1)).unsqueeze(-1)
    return torch.einsum("bnk,bnc->kc", weights, x) / total


def queries(x, square=1, one=1):
    squares = x.square().sum(dim=-1, keepdim=True)
    return torch.cat([x, square * squares, one * torch.ones_like(squares)], dim=-1)


def keys(codewords, scale, factor=-2, scaled=(True, True, True)):
    slope = scale.unsqueeze(-1)
    squares = codewords.square().sum(dim=-1, keepdim=True)
    parts = [factor * codewords, torch.ones_like(slope), squares]
    return torch.cat(
        [part * slope if by else part for part, by in zip(parts, scaled)], dim=-1
    )


WRONG = {
    "check_rest": {
        "it returned None, expected (k c) = (5, 3)": lambda weights, x: None,
        "one codeword for all images is asked for, sum over axis b too": lambda weights, x: (
            weights.mT @ x / weights.sum(dim=1).unsqueeze(-1)
        ),
        "the mean over images of each one's mean: images weigh differently": lambda weights, x: (
            (weights.mT @ x / weights.sum(dim=1).unsqueeze(-1)).mean(dim=0)
        ),
        "divide by the total weight, not by the number of pixels": lambda weights, x: (
            torch.einsum("bnk,bnc->kc", weights, x) / x[..., 0].numel()
        ),
        "divide by the total weight": lambda weights, x: torch.einsum(
            "bnk,bnc->kc", weights, x
        ),
        "the weights are missing: this is the mean of all pixels": lambda weights, x: (
            x.mean(dim=(0, 1)).repeat(5, 1)
        ),
        "it returned (c k) = (3, 5), expected (k c) = (5, 3); the axes are there, in another order": lambda weights, x: (
            right_rest(weights, x).mT
        ),
    },
    "check_prior": {
        "it returned None, expected (k) = (5,)": lambda scale, c: None,
        "the sign is off: the wide Gaussians need the large priors": lambda scale, c: (
            right_prior(scale, -c)
        ),
        "a prior for one channel: the density has c factors": lambda scale, c: (
            right_prior(scale, 1)
        ),
        "priors sum to 1: divide by their sum": lambda scale, c: (
            (-2 * scale) ** (-c / 2)
        ),
        "these are logarithms of priors": lambda scale, c: -c / 2 * (-2 * scale).log(),
        "these are logarithms of the priors, take exp": lambda scale, c: right_prior(
            scale, c
        ).log(),
        "equal priors leave the other term where it is": lambda scale, c: (
            torch.full_like(scale, 1 / len(scale))
        ),
        "the square root is missing: this is the variance, not sigma, to the c": lambda scale, c: (
            right_prior(scale, 2 * c)
        ),
        "the shape is right, but at k 0 it is -0.761, expected 0.059": lambda scale, c: (
            scale
        ),
    },
    "check_score": {
        "my_queries returned a NoneType, expected a tensor": (lambda x: None, keys),
        "my_keys returned a NoneType, expected a tensor": (
            queries,
            lambda codewords, scale: None,
        ),
        "my_queries returned (24, 3), expected (2, 24, channels)": (
            lambda x: x[0],
            keys,
        ),
        "my_keys returned (5, 5, 1), expected (5, channels)": (
            queries,
            lambda codewords, scale: keys(codewords, scale).unsqueeze(-1),
        ),
        "a query has 3 channels, and a key 5; give them the same": (lambda x: x, keys),
        "the term scale |codeword|² is missing": (lambda x: queries(x, one=0), keys),
        "the term scale |pixel|² is missing": (lambda x: queries(x, square=0), keys),
        "|pixel|² must be multiplied by the scale": (
            queries,
            lambda codewords, scale: keys(codewords, scale, scaled=(True, False, True)),
        ),
        "|codeword|² must be multiplied by the scale": (
            queries,
            lambda codewords, scale: keys(codewords, scale, scaled=(True, True, False)),
        ),
        "the dot product needs the factor -2 scale": (
            queries,
            lambda codewords, scale: keys(codewords, scale, 1, (False, True, True)),
        ),
        "the sign of the factor 2 is off": (
            queries,
            lambda codewords, scale: keys(codewords, scale, factor=2),
        ),
        "the factor 2 of the dot product is missing": (
            queries,
            lambda codewords, scale: keys(codewords, scale, factor=-1),
        ),
        "the shape is right, but at b 0, n 20, k 3 it is 17.240, expected -17.240": (
            queries,
            lambda codewords, scale: keys(codewords, -scale),
        ),
    },
}
RIGHT = {
    "check_prior": [right_prior],
    "check_rest": [right_rest],
    "check_score": [(queries, keys)],
}
