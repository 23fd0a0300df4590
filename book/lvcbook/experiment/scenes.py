"""Scenes for a detector: digits on photographs, with a box and a name for each.

Photographs and digits are divided: upper halves and the training digits train, a lower
quarter of each photograph chooses the rate, and the other quarter tests.
"""

import torch
from einops import rearrange
from torch.nn import functional as f

from .data import digits, generator_of, grey, standardised
from .protocol import PHOTOS, SETTINGS

LARGER = 96  # pixels on a side: the scenes of the test at another size
SMALLEST, LARGEST, MOST = 12, 24, 3  # pixels on a side, digits in a scene


class Scenes:
    """Scenes and their boxes: (digits, 5), with left, top, right, bottom, name."""

    classes = 10

    def __init__(self, seed: int):
        train, _, _ = SETTINGS["scenes"]
        self.images, self.boxes = scenes("training", train, generator_of(seed, 1))

    def batch(self, generator):
        count = (SETTINGS["batch"]["scenes"],)
        chosen = torch.randint(len(self.images), count, generator=generator)
        return self.images[chosen], [self.boxes[i] for i in chosen.tolist()]

    def validate(self):
        return scenes("validation", SETTINGS["scenes"][1], generator_of(0, 2))

    def test(self, size: int = SETTINGS["scene"]):
        return scenes("test", SETTINGS["scenes"][2], generator_of(0, 3), size)


def scenes(part, count, generator, size: int = SETTINGS["scene"]):
    """Return `count` scenes, (i 1 h w), and the boxes of each."""
    canvases, boxes = zip(*(_scene(part, generator, size) for _ in range(count)))
    return standardised(torch.stack(canvases)), list(boxes)


def _scene(part, generator, size):
    photo = _backgrounds(part)[_draw(len(PHOTOS), generator)]
    top, left = (_draw(length - size + 1, generator) for length in photo.shape)
    canvas = 0.5 * photo[top : top + size, left : left + size].clone()
    images, labels = _digits(part)
    free, boxes = torch.ones(size, size, dtype=torch.bool), []
    for _ in range(1 + _draw(MOST, generator)):
        which = _draw(len(images), generator)
        side = SMALLEST + _draw(LARGEST - SMALLEST + 1, generator)
        top, left = (_draw(size - side + 1, generator) for _ in "hw")
        place = (slice(top, top + side), slice(left, left + side))
        if not free[place].all():
            continue
        free[place] = False
        digit = rearrange(images[which], "h w -> 1 1 h w")
        digit = f.interpolate(digit, (side, side), mode="bilinear")[0, 0]
        canvas[place] += digit * (0.8 - canvas[place])
        boxes.append([left, top, left + side, top + side, labels[which].item()])
    return canvas, torch.tensor(boxes)


def _draw(high, generator):
    return torch.randint(high, (), generator=generator).item()


def _backgrounds(part):
    halves = []
    for name in PHOTOS:
        photo = grey(name)
        h, w = (length // 2 for length in photo.shape)
        regions = {
            "training": photo[:h],
            "validation": photo[h:, :w],
            "test": photo[h:, w:],
        }
        halves.append(regions[part])
    return halves


def _digits(part):
    images, labels = digits()
    train, validate, test = SETTINGS["digits"]
    ends = {"training": (0, train + validate // 2), "test": (train + validate, None)}
    ends["validation"] = (ends["training"][1], train + validate)
    first, last = ends[part]
    return images[first:last], labels[first:last]
