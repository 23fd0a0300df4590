"""What is looked at in a trained network of photographs or digits."""

import numpy as np
import skimage.feature
import torch
from einops import rearrange, reduce

import lvc

from .data import PATCH, grey, standardised
from .networks import encoding_of, pixels_of

CORNERS, BORDER = 0.05, 2  # of the pixels of a map; cells at each border left out
SIZES = (PATCH // 2, PATCH, 2 * PATCH)


@torch.no_grad()
def accuracy(model, x, y) -> float:
    return (model(x).argmax(dim=-1) == y).float().mean().item()


@torch.no_grad()
def look(model, x) -> dict:
    """Return how the encoding of a network stands, on the patches `x`."""
    encoding, pixels = encoding_of(model), pixels_of(model, x)
    scale, codewords = encoding.scale, encoding.codewords
    weights = lvc.scaled_l2(pixels, codewords, scale).softmax(dim=-1)
    taken = weights.argmax(dim=-1).flatten().bincount(minlength=len(scale))
    share = reduce(weights, "b n k -> k", "mean")
    return {
        "most taken": (taken.max() / taken.sum()).item(),
        "in use": torch.special.entr(share).sum().exp().item(),
        "positive": (scale > 0).float().mean().item(),
        "length": (codewords.norm(dim=-1).mean() / pixels.norm(dim=-1).mean()).item(),
    }


def gate_of(block, x):
    """Return the gate that an LVCBlock gives a map: (b c h w) -> (b c)."""
    return block.fc(block.LVC(block.conv_1(x)))


@torch.no_grad()
def corners(model, data) -> dict:
    """Return, of each channel, its mean gate, and how much more it marks corners.

    That is the mean response at corners less the mean elsewhere, in standard
    deviations. Corners are the pixels with the greatest Harris response of each image,
    borders aside.
    """
    x, _ = data.test_at(2 * PATCH)
    harris = [skimage.feature.corner_harris(patch[0].numpy()) for patch in x]
    harris = reduce(
        np.stack(harris), "b (h p) (w q) -> b h w", "max", p=data.stride, q=data.stride
    )
    inside = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    harris = rearrange(harris[inside], "b h w -> b (h w)")
    least = np.quantile(harris, 1 - CORNERS, axis=1, keepdims=True)
    corner = torch.from_numpy(harris >= least).flatten()
    block = model.middle[0]
    x = model.stem(x)
    response = rearrange(block.conv_1(x)[inside], "b c h w -> c (b h w)")
    more = [
        (one[corner].mean() - one[~corner].mean()) / (one.std() + 1e-6)
        for one in response
    ]
    return {
        "gate": reduce(gate_of(block, x), "b c -> c", "mean").tolist(),
        "corners": torch.stack(more).tolist(),
    }


@torch.no_grad()
def at_sizes(model, data) -> dict:
    """Return accuracy and mean gate of each channel on larger and smaller patches."""
    result = {}
    for size in SIZES:
        x, y = data.test_at(size)
        gate = gate_of(model.middle[0], model.stem(x))
        gate = reduce(gate, "b c -> c", "mean").tolist()
        result[str(size)] = {"accuracy": accuracy(model, x, y), "gate": gate}
    return result


@torch.no_grad()
def paint(model, photo="astronaut"):
    """Return each pixel's heaviest codeword, on a photograph at a quarter: (h w)."""
    photo = reduce(grey(photo), "(h p) (w q) -> 1 h w", "mean", p=4, q=4)
    encoding, pixels = encoding_of(model), pixels_of(model, standardised(photo))
    scores = lvc.scaled_l2(pixels, encoding.codewords, encoding.scale)
    return rearrange(scores.argmax(dim=-1), "1 (h w) -> h w", h=64)
