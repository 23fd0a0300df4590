"""What is looked at in a network, new or trained."""

import numpy as np
import skimage.feature
import torch
from einops import rearrange, reduce

import lvc

from .data import PATCH, grey, standardised
from .networks import encoding_of, pixels_of

CORNERS = 0.05  # of all pixels


@torch.no_grad()
def accuracy(model, x, y) -> float:
    return (model(x).argmax(dim=-1) == y).float().mean().item()


@torch.no_grad()
def look(model, x) -> dict:
    """Return how the encoding of a network stands, on the patches `x`."""
    encoding, pixels = encoding_of(model), pixels_of(model, x)
    scale, codewords = encoding.scale, encoding.codewords
    squared = lvc.scaled_l2(pixels, codewords, torch.ones_like(scale))
    weights = (scale * squared).softmax(dim=-1)
    heaviest = weights.argmax(dim=-1)
    share = reduce(weights, "b n k -> k", "mean")
    return {
        "nearest": (heaviest == squared.argmin(dim=-1)).float().mean().item(),
        "largest scale": (heaviest == scale.argmax()).float().mean().item(),
        "in use": torch.special.entr(share).sum().exp().item(),
        "positive": (scale > 0).float().mean().item(),
        "length": (codewords.norm(dim=-1).mean() / pixels.norm(dim=-1).mean()).item(),
    }


@torch.no_grad()
def corners(model, data) -> dict:
    """Return, of each channel, its mean gate, and how much more it marks corners.

    That is the mean response at corners less the mean elsewhere, in standard
    deviations. Corners are the pixels with the greatest Harris response.
    """
    x, _ = data.test(step=PATCH)
    harris = [skimage.feature.corner_harris(patch[0].numpy()) for patch in x]
    harris = reduce(
        np.stack(harris), "b (h p) (w q) -> b h w", "max", p=data.stride, q=data.stride
    )
    corner = torch.from_numpy(harris >= np.quantile(harris, 1 - CORNERS))
    stem, (block, _), _ = model
    response = block.conv_1(stem(x))
    gate = block.fc(block.LVC(response))
    response = rearrange(response, "b c h w -> c b h w")
    more = [
        (one[corner].mean() - one[~corner].mean()) / (one.std() + 1e-6)
        for one in response
    ]
    return {
        "gate": reduce(gate, "b c -> c", "mean").tolist(),
        "corners": torch.stack(more).tolist(),
    }


@torch.no_grad()
def at_sizes(model, data) -> dict:
    """Return accuracy and mean gate of each channel on larger and smaller patches."""
    stem, (block, _), _ = model
    result = {}
    for size in (PATCH // 2, PATCH, 2 * PATCH):
        x, y = data.test(size)
        gate = block.fc(block.LVC(block.conv_1(stem(x))))
        gate = reduce(gate, "b c -> c", "mean").tolist()
        result[str(size)] = {"accuracy": accuracy(model, x, y), "gate": gate}
    return result


@torch.no_grad()
def paint(model) -> list[str]:
    """Return the letter of each pixel's heaviest codeword, on another photograph."""
    photo = reduce(grey("astronaut"), "(h p) (w q) -> 1 h w", "mean", p=4, q=4)
    encoding, pixels = encoding_of(model), pixels_of(model, standardised(photo))
    scores = lvc.scaled_l2(pixels, encoding.codewords, encoding.scale)
    heaviest = rearrange(scores.argmax(dim=-1), "1 (h w) -> h w", h=64)
    return ["".join(chr(48 + k) for k in row) for row in heaviest.tolist()]
