"""The checks of chapter 9."""

from functools import cache

import torch
from einops import reduce

import lvc
from lvcbook.exercises.common import check, problem_with, problem_with_number, random

SIDE = 24  # of the map in which one pixel changes


@check("the stem")
def check_stem(answer, channels: int):
    """Check the number of parameters of the 7x7 convolution and its BatchNorm."""
    kernel, norm = 49 * channels**2, 2 * channels
    mistakes = {
        "BatchNorm has parameters too, a weight and a bias for each channel": kernel,
        "BatchNorm has two parameters for each channel, not one": kernel + channels,
        "the convolution has no bias": kernel + norm + channels,
        "running means and variances are not parameters": kernel + 2 * norm,
        "each of the output channels sees all input channels": 49 * channels + norm,
        "a kernel has 7 rows and 7 columns": 7 * channels**2 + norm,
        "axes i and j of the kernel, 7 each, are missing": channels**2 + norm,
        "this is the stem for 32 channels": 50_176 + 64,
    }
    otherwise = "multiply the sizes of the kernel's four axes, then add BatchNorm's"
    yield problem_with_number(answer, kernel + norm, mistakes, otherwise)


def _normalised(x, axes: str, eps: float = 1e-5):
    """Return `x` with mean 0 and variance 1 over the axes that `axes` has as 1."""
    mean = reduce(x, f"b c h w -> {axes}", "mean")
    variance = reduce((x - mean) ** 2, f"b c h w -> {axes}", "mean")
    return (x - mean) / (variance + eps).sqrt()


@check()
def check_norm(function):
    """Check a norm over the channels of each pixel."""
    # Differences as small as the eps, and means far from 0, so that both must be right.
    x = 3 + 0.01 * random("b c h w").double()
    right = _normalised(x, "b 1 h w")
    centred = x - reduce(x, "b c h w -> b 1 h w", "mean")
    variance = reduce(centred**2, "b c h w -> b 1 h w", "mean")
    mistakes = {
        "this has one mean for a whole image: axes h and w must stay": _normalised(
            x, "b 1 1 1"
        ),
        "this normalises each channel over the pixels: axis c must go, not h and w": (
            _normalised(x, "b c 1 1")
        ),
        "this mixes the images, as BatchNorm does in training": _normalised(
            x, "1 c 1 1"
        ),
        "the eps is missing: add 1e-5 to the variance": centred / variance.sqrt(),
        "add the eps to the variance, before the root": centred
        / (variance.sqrt() + 1e-5),
        "the mean is right, now divide by the standard deviation": centred,
        "divide by the square root of the variance": centred / (variance + 1e-5),
        "subtract the mean": x / (variance + 1e-5).sqrt(),
        "divide the sum of squares by c, not by c - 1": centred
        / (variance * x.shape[1] / (x.shape[1] - 1) + 1e-5).sqrt(),
    }
    yield problem_with(function(x), right, "b c h w", mistakes)


@cache
def _measured_reach() -> dict[str, int]:
    """Return how many pixels of each part's output change with one of its input."""
    torch.manual_seed(0)
    block = lvc.EVCBlock(32).double().eval()
    x = torch.rand(20, 64, SIDE, SIDE, dtype=torch.float64)
    changed = x.clone()
    changed[:, :, 12, 12] += torch.rand(20, 64, dtype=torch.float64)
    parts = {
        "max-pool": block.maxpool,
        "ConvBlock": block.lvc.conv_1,
        "LVCBlock": block.lvc,
        "LightMLPBlock": block.l_MLP,
        "join": block.cnv1,
    }
    reach = {}
    with torch.no_grad():
        for name, part in parts.items():
            channels = 64 if name == "join" else 32
            difference = part(changed[:, :channels]) - part(x[:, :channels])
            moved = reduce(difference.abs(), "b c h w -> h w", "max") > 1e-13
            reach[name] = int(moved.sum())
    return reach


@check("how far a pixel reaches")
def check_reach(answers: dict):
    """Check how many pixels change when one pixel does, part by part."""
    right = _measured_reach()
    hints = {
        "max-pool": "each pixel takes the largest of 3 x 3",
        "ConvBlock": "one of its convolutions is 3 x 3, the others are 1 x 1",
        "LVCBlock": "the gate is made from all pixels and multiplies all of them",
        "LightMLPBlock": "the statistics of GroupNorm come from all pixels",
        "join": "a 1 x 1 convolution sees one pixel",
    }
    open_parts = [part for part in right if answers.get(part) in (None, ...)]
    if open_parts:
        yield f"put a number in place of the dots of {', '.join(open_parts)}"
    for part, hint in hints.items():
        if answers[part] != right[part]:
            yield f"{part} is not {answers[part]}: {hint}"
