"""Answers to the exercises of chapter 9: wrong ones, by what the check says, and right ones."""

from torch import nn

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


WRONG = {
    "check_stem": {
        "put a number in place of the dots": ...,
        "BatchNorm has parameters too, a weight and a bias for each channel": KERNEL,
        "BatchNorm has two parameters for each channel, not one": KERNEL + 256,
        "the convolution has no bias": KERNEL + 3 * 256,
        "running means and variances are not parameters": KERNEL + 4 * 256,
        "each of the output channels sees all input channels": 256 * 49 + 512,
        "a kernel has 7 rows and 7 columns": 256 * 256 * 7 + 512,
        "axes i and j of the kernel, 7 each, are missing": 256 * 256 + 512,
        "this is the stem for 32 channels": 50_240,
        "multiply the sizes of the kernel's four axes, then add BatchNorm's": 12,
    },
    "check_norm": {
        "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x: None,
        "it returned (b h w) = (2, 6, 4), expected (b c h w) = (2, 3, 6, 4); axis c is missing": lambda x: (
            of_each_pixel(x).mean(1)
        ),
        "this has one mean for a whole image: axes h and w must stay": lambda x: (
            nn.functional.group_norm(x, 1)
        ),
        "this normalises each channel over the pixels: axis c must go, not h and w": lambda x: (
            nn.functional.instance_norm(x)
        ),
        "this mixes the images, as BatchNorm does in training": lambda x: (
            nn.functional.batch_norm(x, None, None, training=True)
        ),
        "the eps is missing: add 1e-5 to the variance": lambda x: (
            centred(x) / x.std(1, keepdim=True, correction=0)
        ),
        "add the eps to the variance, before the root": lambda x: (
            centred(x) / (x.std(1, keepdim=True, correction=0) + 1e-5)
        ),
        "the mean is right, now divide by the standard deviation": centred,
        "divide by the square root of the variance": lambda x: (
            centred(x) / (x.var(1, keepdim=True, correction=0) + 1e-5)
        ),
        "subtract the mean": lambda x: (
            x / (x.var(1, keepdim=True, correction=0) + 1e-5).sqrt()
        ),
        "divide the sum of squares by c, not by c - 1": lambda x: (
            centred(x) / (x.var(1, keepdim=True) + 1e-5).sqrt()
        ),
        "the shape is right, but at b 0, c 0, h 4, w 0 it is 0.036, expected -0.964": lambda x: (
            of_each_pixel(x) + 1
        ),
    },
    "check_reach": {
        "put a number in place of the dots of max-pool, ConvBlock, LVCBlock, LightMLPBlock, join": {},
        "put a number in place of the dots of join": REACH | {"join": ...},
        "max-pool is not 1: each pixel takes the largest of 3 x 3": REACH
        | {"max-pool": 1},
        "ConvBlock is not 1: one of its convolutions is 3 x 3, the others are 1 x 1": REACH
        | {"ConvBlock": 1},
        "LVCBlock is not 9: the gate is made from all pixels and multiplies all of them": REACH
        | {"LVCBlock": 9},
        "LightMLPBlock is not 1: the statistics of GroupNorm come from all pixels": REACH
        | {"LightMLPBlock": 1},
        "join is not 576: a 1 x 1 convolution sees one pixel": REACH | {"join": 576},
    },
}
RIGHT = {
    "check_norm": [of_each_pixel],
    "check_reach": [REACH],
    "check_stem": [KERNEL + 512],
}
