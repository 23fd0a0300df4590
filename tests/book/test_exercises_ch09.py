"""The checks of chapter 9 take the right answers and refuse typical wrong ones."""

import pytest
import torch
from torch import nn

from lvcbook.exercises import ch09 as exercises
from tests.support.answers import refuses, verdict

KERNEL = 256 * 256 * 49
REACH = {
    "max-pool": 9,
    "ConvBlock": 9,
    "LVCBlock": 576,
    "LightMLPBlock": 576,
    "join": 1,
}


def of_each_pixel(x):
    """PyTorch's own: LayerNorm over the channels."""
    last = x.movedim(1, -1)
    return nn.functional.layer_norm(last, last.shape[-1:], eps=1e-5).movedim(-1, 1)


def centred(x):
    return x - x.mean(1, keepdim=True)


WRONG_STEM = {
    "put a number in place of the dots": ...,
    "BatchNorm has parameters too": KERNEL,
    "two parameters for each channel, not one": KERNEL + 256,
    "the convolution has no bias": KERNEL + 3 * 256,
    "running means and variances are not parameters": KERNEL + 4 * 256,
    "sees all input channels": 256 * 49 + 512,
    "7 rows and 7 columns": 256 * 256 * 7 + 512,
    "axes i and j of the kernel": 256 * 256 + 512,
    "this is the stem for 32 channels": 50_240,
    "multiply the sizes of the kernel's four axes": 12,
}
WRONG_NORM = {
    "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x: None,
    "axis c is missing": lambda x: of_each_pixel(x).mean(1),
    "one mean for a whole image": lambda x: nn.functional.group_norm(x, 1),
    "each channel over the pixels": lambda x: nn.functional.instance_norm(x),
    "this mixes the images": lambda x: nn.functional.batch_norm(
        x, None, None, training=True
    ),
    "the eps is missing": lambda x: centred(x) / x.std(1, keepdim=True, correction=0),
    "before the root": lambda x: (
        centred(x) / (x.std(1, keepdim=True, correction=0) + 1e-5)
    ),
    "now divide by the standard deviation": centred,
    "divide by the square root": lambda x: (
        centred(x) / (x.var(1, keepdim=True, correction=0) + 1e-5)
    ),
    "subtract the mean": lambda x: (
        x / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
    ),
    "not by c - 1": lambda x: centred(x) / (x.var(1, keepdim=True) + 1e-5).sqrt(),
    "the shape is right, but at": lambda x: of_each_pixel(x) + 1,
}
WRONG_REACH = {
    "the dots of max-pool, ConvBlock, LVCBlock, LightMLPBlock, join": {},
    "the dots of join": REACH | {"join": ...},
    "max-pool is not 1: each pixel takes the largest": REACH | {"max-pool": 1},
    "ConvBlock is not 1: one of its convolutions": REACH | {"ConvBlock": 1},
    "LVCBlock is not 9: the gate is made from all": REACH | {"LVCBlock": 9},
    "LightMLPBlock is not 1: the statistics": REACH | {"LightMLPBlock": 1},
    "join is not 576: a 1 x 1 convolution": REACH | {"join": 576},
}


@pytest.mark.parametrize("message", WRONG_STEM)
def test_wrong_stem(capsys, message):
    refuses(capsys, message, exercises.check_stem, WRONG_STEM[message], channels=256)


@pytest.mark.parametrize("message", WRONG_NORM)
def test_wrong_norm(capsys, message):
    refuses(capsys, message, exercises.check_norm, WRONG_NORM[message])


@pytest.mark.parametrize("message", WRONG_REACH)
def test_wrong_reach(capsys, message):
    refuses(capsys, message, exercises.check_reach, WRONG_REACH[message])


def test_right_answers(capsys):
    stem = verdict(capsys, exercises.check_stem, KERNEL + 512, channels=256)
    assert "right." in stem
    assert "right." in verdict(capsys, exercises.check_norm, of_each_pixel)
    assert "right." in verdict(capsys, exercises.check_reach, REACH)


def test_a_check_leaves_the_readers_random_numbers_alone(capsys):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    exercises.check_reach(REACH)
    assert torch.equal(torch.rand(1), expected)
