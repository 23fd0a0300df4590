"""The networks of the live page, in the pieces that the browser runs.

`Front` leads from a grey picture to the map from ConvBlock, `Back` from there to the
output. Between them the page can shuffle pixels; codewords and scales are inputs.
Both return every step of the table, by its name.
"""

from functools import cache
from pathlib import Path

import numpy as np
import skimage.data
import torch
from einops import rearrange
from torch import nn

from lvc.layers import LVCBlock
from lvc.reference import lvc_block
from lvc.steps import STEPS
from lvc.table import ENCODINGS

# The one line that says whose network this is: a stem, and an LVCBlock further on.
from lvcbook.live.standin import PATCH, new, standardised, trained

FORMS = ("literal", "product")
SPLIT = "ConvBlock"  # the last step of the front
WEIGHTS = Path(__file__).parents[2] / "data" / "live.npz"


def parts(network: nn.Module) -> tuple[nn.Module, LVCBlock]:
    """Return the stem of a network, and the block behind it."""
    blocks = (part for part in network.modules() if isinstance(part, LVCBlock))
    return next(network.children()), next(blocks)


@torch.no_grad()
def fresh() -> nn.Module:
    """Return the network before training, in eval mode.

    Its BatchNorm layers have the statistics of the patches of one photograph, since
    those that they start with fit no picture.
    """
    network = new()
    norms = [part for part in network.modules() if hasattr(part, "momentum")]
    usual = [part.momentum for part in norms]
    photograph = torch.from_numpy(skimage.data.camera() / 255).float()
    patches = rearrange(photograph, "(h p) (w q) -> (h w) p q", p=PATCH, q=PATCH)
    for part in norms:
        part.momentum = 1.0
    network.train()(standardised(patches))
    for part, momentum in zip(norms, usual):
        part.momentum = momentum
    return network.eval()


NETWORKS = {"trained": trained, "new": fresh}


@cache
def stored(name: str) -> nn.Module:
    """Return a network of the page with its stored weights, in eval mode."""
    network, prefix = new(), f"{name}/"
    with np.load(WEIGHTS) as file:
        state = {
            key.removeprefix(prefix): torch.from_numpy(file[key])
            for key in file
            if key.startswith(prefix)
        }
    network.load_state_dict(state)
    return network.eval()


def names(form: str) -> tuple[list[str], list[str]]:
    """Return the names of the steps of the front and of the back, in their order."""
    steps = [step.name for step in STEPS["LVCBlock"][form]]
    at = steps.index(SPLIT) + 1
    return steps[:at], steps[at:]


def pixels_in_training(network: nn.Module) -> int:
    """Return how many pixels the map of one patch of the training has."""
    weight = next(network.parameters())
    stem, _ = parts(network)
    with torch.no_grad():
        return stem(weight.new_zeros(1, 1, PATCH, PATCH)).shape[2:].numel()


class Front(nn.Module):
    """From a grey picture (1 1 h w), from 0 to 1, to the map from ConvBlock."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.stem, block = parts(network)
        self.conv_1 = block.conv_1

    def forward(self, picture):
        # Mean and variance in float64: runtimes differ in how they sum many pixels.
        grey = rearrange(picture, "b 1 h w -> b h w").double()
        made = {"input": self.stem(standardised(grey).to(picture.dtype))}
        made[SPLIT] = self.conv_1(made["input"])
        return tuple(made.values())


class Back(nn.Module):
    """From the map of ConvBlock, codewords (k c) and scales (k) to the output.

    `share` multiplies the encoding: 1 is the block as it is, and the pixels of training
    over the pixels of the map what `lvc.trained_at` does.
    """

    def __init__(self, network: nn.Module, form: str = "literal"):
        super().__init__()
        _, block = parts(network)
        self.LVC, self.fc, self.form = block.LVC, block.fc, form
        self.conv_1 = nn.Identity()

    def forward(self, x, codewords, scale, share):
        def encoding(_, x):
            layer = nn.Module()
            layer.codewords, layer.scale = codewords, scale
            made = ENCODINGS[self.form](layer, x)
            return made | {"encoding": made["encoding"] * share}

        made = lvc_block(self, x, encoding)
        return tuple(made[name] for name in names(self.form)[1])


def parameters(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return what the page can change: the codewords (k c) and the scales (k)."""
    layer = parts(network)[1].LVC[3]
    return {"codewords": layer.codewords.detach(), "scale": layer.scale.detach()}


@torch.no_grad()
def run(network, picture, form="literal", share=1.0, **changed) -> dict:
    """Return every step of a network on a picture (1 1 h w), by its name, in torch."""
    inputs = parameters(network) | changed
    inputs["share"] = torch.as_tensor(share, dtype=picture.dtype)
    before, after = names(form)
    made = dict(zip(before, Front(network)(picture)))
    back = Back(network, form).eval()
    return made | dict(zip(after, back(made[SPLIT], **inputs)))
