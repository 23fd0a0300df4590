"""Trained blocks to look at: the networks of three arms, seed 0, with their weights.

book/data/trained.npz holds what `store` trained, in half a minute.
"""

from pathlib import Path

import numpy as np
import torch

from . import protocol, training
from .protocol import Arm

USUAL = Arm("photographs", "LVC gate", 8)
ON_PIXELS = Arm("photographs", "LVC gate", 8, protocol.ON_PIXELS)
ENCODING = Arm("photographs", "encoding", 8)
STORED = (USUAL, ON_PIXELS, ENCODING)
FILE, SEED = Path(__file__).parents[2] / "data" / "trained.npz", 0


def new(arm: Arm = USUAL) -> torch.nn.Sequential:
    """Return the network of an arm before training: stem, middle, classifier."""
    return training.new(arm, SEED)[1]


def trained(arm: Arm = USUAL) -> torch.nn.Sequential:
    """Return the network of an arm after training, in eval mode."""
    model = new(arm)
    with np.load(FILE) as file:
        state = {key: file[f"{arm}/{key}"] for key in model.state_dict()}
    model.load_state_dict({key: torch.from_numpy(state[key]) for key in state})
    return model.eval()


def store(rate_of) -> None:
    """Train the networks, each at the rate of its arm, and write their weights."""
    arrays = {}
    for arm in STORED:
        model = training.fit(arm, SEED, rate_of(arm))[1]
        for key, value in model.state_dict().items():
            arrays[f"{arm}/{key}"] = value.numpy()
    np.savez_compressed(FILE, **arrays)
