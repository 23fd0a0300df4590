"""A stem, what an arm puts in the middle, and a classifier."""

from copy import deepcopy

import torch
from einops import rearrange, repeat
from einops.layers.torch import Reduce
from torch import nn

import lvc

from .arms import GATE_CODES, HEAD_CODES, HEADS, SETTINGS, Arm
from .data import DATA, generator_of

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


def network(arm: Arm, seed: int) -> nn.Sequential:
    """Return stem, middle and classifier. Arms of a seed share what they can."""
    data, c = DATA[arm.data], CHANNELS
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
    model = nn.Sequential(stem, middle, nn.Linear(width, data.classes))
    if arm.change.startswith("spread"):
        _spread(model, data(seed).batch(generator_of(seed, 5))[0], arm.change)
    return model


def _head(arm, classes):
    """What describes the map by one vector, and how long the vector is."""
    c, pool = CHANNELS, Reduce("b c h w -> b c", "mean")
    if arm.middle == "encoding":
        encoding = lvc.Encoding(c, arm.codes)
        return nn.Sequential(encoding, Normalised()), arm.codes * c
    if arm.middle == "mean":
        return pool, c
    # As many parameters as the encoding and its classifier, as nearly as possible.
    as_many = HEAD_CODES * (c + 1 + c * classes)
    width = round(as_many / (c + 1 + classes))
    if arm.middle == "mean, then a hidden layer":
        return nn.Sequential(pool, nn.Linear(c, width), nn.ReLU()), width
    return nn.Sequential(nn.Conv2d(c, width, 1), nn.ReLU(), pool), width


def _gate(arm):
    """LVCBlock, or LVCBlock with another gate, and the mean over the pixels."""
    c = CHANNELS  # ConvBlock is drawn first
    block = lvc.LVCBlock(c, num_codes=arm.codes or GATE_CODES)
    if arm.middle in ("no gate", "random gate"):
        gate = torch.rand(c) if arm.middle == "random gate" else torch.zeros(c)
        block.LVC, block.fc = Constant(gate), nn.Identity()
    elif arm.middle == "squeeze-and-excitation":
        width = round((parameters(block.LVC) + parameters(block.fc) - c) / (2 * c + 1))
        block.LVC = Reduce("b c h w -> b c", "mean")
        block.fc = nn.Sequential(
            nn.Linear(c, width), nn.ReLU(), nn.Linear(width, c), nn.Sigmoid()
        )
    elif arm.change == "divided by n":
        divided = Divided(c, arm.codes)
        divided.load_state_dict(block.LVC[3].state_dict())
        block.LVC[3] = divided
    return nn.Sequential(block, Reduce("b c h w -> b c", "mean"))


def encoding_of(model):
    found = [part for part in model.modules() if isinstance(part, lvc.Encoding)]
    return found[0] if found else None


@torch.no_grad()
def pixels_of(model, x):
    """Return what goes into the encoding: (b n c)."""
    stem, (first, _), _ = model
    x = stem(x)
    if isinstance(first, lvc.LVCBlock):
        x = first.LVC[:3](first.conv_1(x))
    return rearrange(x, "b c h w -> b (h w) c")


@torch.no_grad()
def _spread(model, x, change):
    """Let the codewords start on pixels drawn from a batch, and the scales be equal."""
    encoding = encoding_of(model)
    # The copy keeps the running statistics of BatchNorm as they are.
    pixels = rearrange(pixels_of(deepcopy(model), x), "b n c -> (b n) c")
    encoding.codewords.copy_(pixels[torch.randperm(len(pixels))[: encoding.num_codes]])
    if change == "spread, one scale":
        squared = torch.cdist(pixels, encoding.codewords).square()
        encoding.scale.fill_(-1 / squared.mean())
