"""Train one network, and return what is known of it."""

import torch
from torch import nn

from . import detector
from .data import Digits, Photographs, generator_of
from .findings import accuracy, at_sizes, corners, look
from .networks import encoding_of, network, parameters
from .protocol import FOUR_TIMES, GATES, SE_LOSS, SETTINGS, TWICE, Arm
from .scenes import LARGER, Scenes

DATA = {"photographs": Photographs, "digits": Digits, "scenes": Scenes}
FIRST = 10  # losses are stored of the first so many steps


def steps_of(arm: Arm) -> int:
    times = {TWICE: 2, FOUR_TIMES: 4}.get(arm.change, 1)
    return times * SETTINGS["steps"][arm.data]


def new(arm: Arm, seed: int):
    """Return the data of a seed and a new network."""
    data = DATA[arm.data](seed)
    if arm.data == "scenes":
        return data, detector.detector(arm, seed, data.classes)
    return data, network(arm, data, seed)


def fit(arm: Arm, seed: int, rate: float, stop: int | None = None):
    """Train with Adam, the rate falling to a hundredth; return data, network, losses.

    `stop` ends the training earlier, the rate falling as in the whole of it.
    """
    torch.set_num_threads(1)
    (data, model), steps = new(arm, seed), steps_of(arm)
    loss_of = detector.loss if arm.data == "scenes" else nn.functional.cross_entropy
    optimizer = torch.optim.Adam(model.parameters(), rate)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, steps)
    generator, losses = generator_of(seed, 6), []
    for _ in range(steps if stop is None else stop):
        images, wanted = data.batch(generator)
        loss = loss_of(model(images), wanted)
        if arm.change == SE_LOSS:
            loss = loss + model.se_loss(wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
        losses.append(loss.item())
    return data, model.eval(), losses


def score(arm: Arm, model, images, wanted) -> float:
    """Return the accuracy, or of a detector the average precision."""
    measure = detector.average_precision if arm.data == "scenes" else accuracy
    return measure(model, images, wanted)


def tune(arm: Arm, seed: int, rate: float) -> float:
    """Train a network and return its score on the validation data."""
    data, model, _ = fit(arm, seed, rate)
    return score(arm, model, *data.validate())


def train(arm: Arm, seed: int, rate: float) -> dict:
    """Train a network and return what is known of it, from the test data."""
    data, model, losses = fit(arm, seed, rate)
    result = {"parameters": parameters(model), "losses": losses[:FIRST]}
    images, wanted = data.test()
    result["score"] = score(arm, model, images, wanted)
    if arm.data == "scenes":
        larger, wanted = data.test(LARGER)
        result["larger"] = score(arm, model, larger, wanted)
        if arm.codes:
            gates = [detector.mean_gate(model, part) for part in (images, larger)]
            result["gate"], result["gate, larger"] = (gate.tolist() for gate in gates)
        return result
    if encoding_of(model) is not None:
        start = new(arm, seed)[1]  # in training mode: statistics of the batch
        result["start"], result["end"] = (
            look(start, images[::4]),
            look(model, images[::4]),
        )
    is_gate = arm.middle in (*GATES, "LVC gate")
    if arm.data == "photographs" and is_gate:
        result |= {"at size": at_sizes(model, data), **corners(model, data)}
    return result
