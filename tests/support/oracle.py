"""The specification: the encoding as scalar loops in float64, slow and plain enough to check by eye."""

from math import exp

import numpy as np


def scaled_l2(x, codewords, scale):
    b, n, c = x.shape
    k = len(codewords)
    result = np.zeros((b, n, k))
    for image in range(b):
        for pixel in range(n):
            for code in range(k):
                for channel in range(c):
                    difference = float(x[image, pixel, channel]) - float(
                        codewords[code, channel]
                    )
                    result[image, pixel, code] += (
                        float(scale[code]) * difference * difference
                    )
    return result


def softmax(scores):
    b, n, k = scores.shape
    result = np.zeros((b, n, k))
    for image in range(b):
        for pixel in range(n):
            largest = max(
                scores[image, pixel]
            )  # exp of it would overflow; the quotient does not change
            total = sum(exp(score - largest) for score in scores[image, pixel])
            for code in range(k):
                result[image, pixel, code] = (
                    exp(scores[image, pixel, code] - largest) / total
                )
    return result


def aggregate(weights, x, codewords):
    b, n, c = x.shape
    k = len(codewords)
    result = np.zeros((b, k, c))
    for image in range(b):
        for code in range(k):
            for channel in range(c):
                for pixel in range(n):
                    difference = float(x[image, pixel, channel]) - float(
                        codewords[code, channel]
                    )
                    result[image, code, channel] += (
                        weights[image, pixel, code] * difference
                    )
    return result


def encode(x, codewords, scale):
    return aggregate(softmax(scaled_l2(x, codewords, scale)), x, codewords)
