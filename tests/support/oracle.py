"""The specification: the encoding as scalar loops in float64, slow and plain enough to check by eye."""

from math import exp

import numpy as np


def scaled_l2(x, codewords, scale):
    (b, n, c), k = x.shape, len(codewords)
    result = np.zeros((b, n, k))
    for image, pixel, code, channel in np.ndindex(b, n, k, c):
        difference = float(x[image, pixel, channel]) - float(codewords[code, channel])
        result[image, pixel, code] += float(scale[code]) * difference * difference
    return result


def softmax(scores):
    b, n, k = scores.shape
    result = np.zeros((b, n, k))
    for image, pixel in np.ndindex(b, n):
        # exp of the largest would overflow; the quotient does not change
        largest = max(scores[image, pixel])
        total = sum(exp(score - largest) for score in scores[image, pixel])
        for code in range(k):
            result[image, pixel, code] = (
                exp(scores[image, pixel, code] - largest) / total
            )
    return result


def aggregate(weights, x, codewords):
    (b, n, c), k = x.shape, len(codewords)
    result = np.zeros((b, k, c))
    for image, code, channel, pixel in np.ndindex(b, k, c, n):
        difference = float(x[image, pixel, channel]) - float(codewords[code, channel])
        result[image, code, channel] += weights[image, pixel, code] * difference
    return result


def encode(x, codewords, scale):
    return aggregate(softmax(scaled_l2(x, codewords, scale)), x, codewords)
