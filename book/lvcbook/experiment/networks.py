"""A stem, what an arm puts in the middle, and a classifier."""

from collections import OrderedDict
from copy import deepcopy

import torch
from einops import rearrange, repeat
from einops.layers.torch import Reduce
from torch import nn

import lvc

from .data import generator_of
from .protocol import BY_N, ENCODING, HEADS, LVC, ON_PIXELS, SETTINGS, Arm

CHANNELS = SETTINGS["channels"]


class Constant(nn.Module):
    """A gate that does not look: the same numbers for every image."""

    def __init__(self, gate):
        super().__init__()
        self.register_buffer("gate", gate)

    def forward(self, x):
        return repeat(self.gate, "c -> b c", b=len(x))


class Divided(lvc.Encoding):
    """The encoding, divided by the number of pixels."""

    def forward(self, x):
        return super().forward(x) / (x.shape[-2] * x.shape[-1])


class Normalised(nn.Module):
    """The encoding as one vector of length 1, as Deep TEN classifies it."""

    def forward(self, encoding):
        return nn.functional.normalize(rearrange(encoding, "b k c -> b (k c)"))


def parameters(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def network(arm: Arm, data, seed: int) -> nn.Sequential:
    """Return stem, middle and classifier. Arms of a seed share what they can."""
    c = CHANNELS
    torch.manual_seed(10 * seed + 2)
    stem = nn.Sequential(
        nn.Conv2d(1, c, 3, padding=1, bias=False),
        nn.BatchNorm2d(c),
        nn.ReLU(),
        nn.Conv2d(c, c, 3, stride=data.stride, padding=1, bias=False),
        nn.BatchNorm2d(c),
        nn.ReLU(),
    )
    torch.manual_seed(10 * seed + 3)
    is_head = arm.middle == "encoding" or arm.middle in HEADS
    middle, width = _head(arm, data.classes) if is_head else (_gate(arm), c)
    torch.manual_seed(10 * seed + 4)
    classifier = nn.Linear(width, data.classes)
    model = nn.Sequential(
        OrderedDict(stem=stem, middle=middle, classifier=classifier),
    )
    if arm.change == ON_PIXELS:
        _start_on_pixels(model, data.batch(generator_of(seed, 5))[0])
    return model


def _head(arm, classes):
    """What describes the map by one vector, and how long the vector is."""
    c, pool = CHANNELS, Reduce("b c h w -> b c", "mean")
    if arm.middle == "encoding":
        encoding = lvc.Encoding(c, arm.codes)
        return nn.Sequential(encoding, Normalised()), arm.codes * c
    if arm.middle == "mean":
        return nn.Sequential(pool), c
    if arm.middle == "mean, BatchNorm1d":
        return nn.Sequential(pool, nn.BatchNorm1d(c)), c
    # As many parameters as the encoding and its classifier, as nearly as possible.
    as_many = ENCODING[1] * (c + 1 + c * classes)
    width = round(as_many / (c + 1 + classes))
    return nn.Sequential(nn.Conv2d(c, width, 1), nn.ReLU(), pool), width


def _gate(arm):
    """LVCBlock, or LVCBlock with another gate, and the mean over the pixels."""
    c = CHANNELS  # ConvBlock is drawn first
    block = lvc.LVCBlock(c, num_codes=arm.codes or LVC[1])
    if arm.middle in ("no gate", "constant gate"):
        gate = torch.full((c,), 0.5 if arm.middle == "constant gate" else 0.0)
        block.LVC, block.fc = Constant(gate), nn.Identity()
    elif arm.middle == "squeeze-and-excitation":
        block.LVC, block.fc = excitation(parameters(block.LVC) + parameters(block.fc))
    elif arm.change == BY_N:
        divided = Divided(c, arm.codes)
        divided.load_state_dict(block.LVC[3].state_dict())
        block.LVC[3] = divided
    return nn.Sequential(block, Reduce("b c h w -> b c", "mean"))


def excitation(count):
    """Return squeeze and excitation with `count` parameters, as nearly as possible."""
    c = CHANNELS
    width = round((count - c) / (2 * c + 1))
    two = nn.Sequential(
        nn.Linear(c, width), nn.ReLU(), nn.Linear(width, c), nn.Sigmoid()
    )
    return Reduce("b c h w -> b c", "mean"), two


def encoding_of(model):
    found = [part for part in model.modules() if isinstance(part, lvc.Encoding)]
    return found[0] if found else None


@torch.no_grad()
def pixels_of(model, x):
    """Return what goes into the encoding: (b n c)."""
    x, first = model.stem(x), model.middle[0]
    if isinstance(first, lvc.LVCBlock):
        x = first.LVC[:3](first.conv_1(x))
    return rearrange(x, "b c h w -> b (h w) c")


@torch.no_grad()
def _start_on_pixels(model, x):
    """Put the codewords on pixels of a batch, and let all scales be equal."""
    encoding = encoding_of(model)
    # The copy keeps the running statistics of BatchNorm as they are.
    pixels = rearrange(pixels_of(deepcopy(model), x), "b n c -> (b n) c")
    encoding.codewords.copy_(pixels[torch.randperm(len(pixels))[: encoding.num_codes]])
    squared = torch.cdist(pixels, encoding.codewords).square()
    encoding.scale.fill_(-1 / squared.mean())
