"""A network like that of chapter 12: a stem, an LVCBlock and a classifier, in grey.

It learns in seconds from which photograph a patch is. `trained` returns it with that
training, `new` without.
"""

from functools import cache

import skimage.color
import skimage.data
import torch
from einops import rearrange, reduce
from einops.layers.torch import Reduce
from torch import nn

import lvc

PHOTOS = ["brick", "grass", "gravel", "coins", "chelsea", "coffee", "camera"]
CHANNELS, CODES, STEPS, BATCH, PATCH = 16, 8, 150, 32, 32
SHARPNESS = 8  # of the weights at the start: -scale times the mean squared distance


class Network(nn.Module):
    """A stem with stride 2, an LVCBlock, and a linear layer on the mean of its map."""

    def __init__(self):
        super().__init__()
        c = CHANNELS
        self.stem = nn.Sequential(
            nn.Conv2d(1, c, 3, padding=1, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
            nn.Conv2d(c, c, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(c),
            nn.ReLU(),
        )
        self.block = lvc.LVCBlock(c, num_codes=CODES)
        self.classify = nn.Sequential(
            Reduce("b c h w -> b c", "mean"), nn.Linear(c, len(PHOTOS))
        )

    def forward(self, x):
        return self.classify(self.block(self.stem(x)))


def standardised(patches):
    """Give every patch mean 0 and variance 1: (i h w) -> (i 1 h w)."""
    patches = rearrange(patches, "i h w -> i 1 h w")
    mean = reduce(patches, "i 1 h w -> i 1 1 1", "mean")
    square = reduce((patches - mean) ** 2, "i 1 h w -> i 1 1 1", "mean")
    return (patches - mean) / (square + 1e-6).sqrt()


def new() -> Network:
    """Return the network before training, in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = Network()
    return model.eval()


@cache
def trained() -> Network:
    """Return the network after training, in eval mode."""
    model, generator = new().train(), torch.Generator().manual_seed(1)
    photos = [_grey(name) for name in PHOTOS]
    _spread(model, _batch(photos, generator)[0], generator)
    optimizer = torch.optim.Adam(model.parameters(), 0.005)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, STEPS)
    for _ in range(STEPS):
        patches, labels = _batch(photos, generator)
        loss = nn.functional.cross_entropy(model(patches), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    return model.eval()


def _batch(photos, generator):
    drawn = torch.rand(BATCH, 3, generator=generator)
    labels = (drawn[:, 0] * len(photos)).long()
    patches = [
        _cut(photos[label], *place)
        for label, place in zip(labels, drawn[:, 1:].tolist())
    ]
    return standardised(torch.stack(patches)), labels


@torch.no_grad()
def _spread(model, patches, generator):
    """Let the codewords start on pixels of a batch, and the scales be equal."""
    encoding = model.block.LVC[3]
    x = model.block.LVC[:3](model.block.conv_1(model.stem(patches)))
    pixels = rearrange(x, "b c h w -> (b h w) c")
    chosen = torch.randperm(len(pixels), generator=generator)[:CODES]
    encoding.codewords.copy_(pixels[chosen])
    squared = torch.cdist(pixels, encoding.codewords).square()
    encoding.scale.fill_(-SHARPNESS / squared.mean())


def _grey(name):
    photo = getattr(skimage.data, name)()
    values = skimage.color.rgb2gray(photo) if photo.ndim == 3 else photo / 255
    return torch.from_numpy(values).float()


def _cut(photo, down, right):
    top, left = (int(at * (n - PATCH)) for at, n in zip((down, right), photo.shape))
    return photo[top : top + PATCH, left : left + PATCH]
