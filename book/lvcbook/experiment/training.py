"""Train one network, and return what is known of it."""

from copy import deepcopy

import torch
from torch import nn

from .arms import GATE_CODES, GATES, HEAD_CODES, LONGER, SETTINGS, Arm
from .data import DATA, generator_of
from .findings import accuracy, at_sizes, corners, look, paint
from .networks import encoding_of, network, parameters

WATCH = 20  # every so many steps, scales and codewords of seed 0 are kept


def train(arm: Arm, seed: int, steps: int = SETTINGS["steps"]) -> dict:
    """Train a network and return what is known of it."""
    steps *= 2 if arm.change == LONGER else 1
    torch.set_num_threads(1)
    data, model = DATA[arm.data](seed), network(arm, seed)
    optimizer = torch.optim.Adam(model.parameters(), SETTINGS["learning rate"])
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, steps)
    generator, (x, y) = generator_of(seed, 6), data.test()
    encoding, on_photos = encoding_of(model), arm.data == "photographs"
    codes = {"encoding": HEAD_CODES, "LVC gate": GATE_CODES}.get(arm.middle)
    drawn = seed == 0 and on_photos and arm.codes == codes
    result, path, painted = {"parameters": parameters(model)}, [], {}
    if encoding is not None:
        start = deepcopy(model)  # in training mode, BatchNorm normalises by the batch
        result["start"] = look(start, x[::4])
        if drawn:
            painted["start"] = paint(start)
    for step in range(steps + 1):
        if drawn and step % WATCH == 0:
            lengths = encoding.codewords.norm(dim=-1).tolist()
            path.append([encoding.scale.tolist(), lengths])
        if step == steps:
            break
        images, labels = data.batch(generator)
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    model.eval()
    result["accuracy"] = accuracy(model, x, y)
    if encoding is not None:
        result["end"] = look(model, x[::4])
    if drawn:
        painted["end"] = paint(model)
        result |= {"path": path, "painted": painted}
    is_gate = arm.middle in (*GATES, "LVC gate")
    if on_photos and is_gate and arm.codes in (0, GATE_CODES):
        result |= {"at size": at_sizes(model, data), **corners(model, data)}
    return result
