"""Runs asked for advice, after the experiment: its networks, trained in another way.

All keep the rate that was chosen for their arm without the change, so they are
exploratory, and are compared seed by seed with the runs of that arm.
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from .data import generator_of
from .findings import accuracy, look
from .networks import encoding_of
from .protocol import LVC, ON_PIXELS, SEEDS, Arm
from .runs import chosen, rounded, saved
from .training import FIRST, new, steps_of

FILE = Path(__file__).parents[2] / "data" / "advice.json"
USUAL, CONSTANT = Arm("photographs", *LVC), Arm("photographs", "constant gate")
FROM_PIXELS = Arm("photographs", "LVC gate", 8, ON_PIXELS)


class Way(NamedTuple):
    """How a network is trained: what differs from the arm's own runs."""

    arm: Arm
    decay: float = 0.0  # decoupled, of codewords and scale alone
    times: float = 1.0  # the rate of codewords and scale
    images: int | None = None  # of each batch, the first so many
    negative: bool = False  # no scale above 0 after a step


WAYS = {
    "weight decay": Way(USUAL, decay=1.0),
    "rate times 10": Way(USUAL, times=10.0),
    "rate by 10": Way(USUAL, times=0.1),
    "4 images": Way(USUAL, images=4),
    "4 images, constant gate": Way(CONSTANT, images=4),
    "held negative": Way(USUAL, negative=True),
    "held negative, from pixels": Way(FROM_PIXELS, negative=True),
}


def fit(way: Way, seed: int, rate: float, stop: int | None = None):
    """Train as `training.fit` does, but for what the way changes."""
    torch.set_num_threads(1)
    (data, model), steps = new(way.arm, seed), steps_of(way.arm)
    encoding = encoding_of(model)
    own = [] if encoding is None else [encoding.codewords, encoding.scale]
    others = [one for one in model.parameters() if all(one is not mine for mine in own)]
    groups = [{"params": others, "lr": rate}]
    if own:
        groups.append(
            {"params": own, "lr": rate * way.times, "weight_decay": way.decay}
        )
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, steps)
    generator, losses = generator_of(seed, 6), []
    for _ in range(steps if stop is None else stop):
        images, wanted = (part[: way.images] for part in data.batch(generator))
        loss = nn.functional.cross_entropy(model(images), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if way.negative:
            encoding.scale.data.clamp_(max=0)
        falling.step()
        losses.append(loss.item())
    return data, model.eval(), losses


def train(way: Way, seed: int, rate: float) -> dict:
    """Train a network and return its test score, and how its encoding ends."""
    data, model, losses = fit(way, seed, rate)
    images, wanted = data.test()
    result = {"losses": losses[:FIRST], "score": accuracy(model, images, wanted)}
    if encoding_of(model) is not None:
        result["end"] = look(model, images[::4])
    return result


def stored() -> dict:
    """Return what is stored: of each way, the runs by seed."""
    return json.loads(FILE.read_text())


def store() -> None:
    """Train all ways with all seeds, in minutes, and write what is known of them."""
    known, runs = saved(), {}
    for name, way in WAYS.items():
        rate = chosen(known, way.arm)
        each = {str(seed): train(way, seed, rate) for seed in SEEDS}
        runs[name] = rounded(each)
    FILE.write_text(json.dumps(runs, separators=(",", ":"), sort_keys=True) + "\n")
