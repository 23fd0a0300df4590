"""Photographs in patches, and digits: what trains, what chooses the rate, what tests.

The test data are the same for every seed, and no tile and no digit of theirs serves
anything else. Of the rest, a seed draws what trains; what is left is for validation.
"""

from functools import cache

import skimage.color
import skimage.data
import sklearn.datasets
import torch
from einops import rearrange, reduce

from .protocol import PHOTOS, SETTINGS

PATCH = SETTINGS["patch"]


class Photographs:
    """Patches of grey photographs, cut into tiles that do not overlap."""

    classes, stride = len(PHOTOS), 2

    def __init__(self, seed: int):
        generator, (train, validate, test) = generator_of(seed, 1), SETTINGS["tiles"]
        kept = train + validate
        self.training, self.validation, self.held_out = [], [], []
        for name in PHOTOS:
            tiles = windows(grey(name), SETTINGS["tile"], SETTINGS["tile"])
            # As many of each photograph, and those of the test the same for each seed.
            tiles = tiles[torch.randperm(len(tiles), generator=generator_of(0, 9))]
            drawn = torch.randperm(kept, generator=generator)
            self.training.append(tiles[drawn[:train]])
            self.validation.append(tiles[drawn[train:]])
            self.held_out.append(tiles[kept : kept + test])
        self.training = torch.stack(self.training)

    def batch(self, generator):
        places, count = SETTINGS["tile"] - PATCH + 1, SETTINGS["batch"]["photographs"]
        chosen = [
            torch.randint(high, (count,), generator=generator).tolist()
            for high in (*self.training.shape[:2], places, places)
        ]
        patches = [
            self.training[photo, tile, row : row + PATCH, column : column + PATCH]
            for photo, tile, row, column in zip(*chosen)
        ]
        return standardised(torch.stack(patches)), torch.tensor(chosen[0])

    def validate(self):
        return self._cut(self.validation, PATCH, PATCH)

    def test(self):
        return self._cut(self.held_out, PATCH, PATCH)

    def test_at(self, size: int):
        """Return the middle of each test tile, of any size up to the tile."""
        margin = (SETTINGS["tile"] - size) // 2
        tiles = [part[:, margin:, margin:] for part in self.held_out]
        return self._cut(tiles, size, SETTINGS["tile"])

    @staticmethod
    def _cut(tiles, size, step):
        patches = [windows(part, size, step) for part in tiles]
        labels = [torch.full((len(part),), i) for i, part in enumerate(patches)]
        return standardised(torch.cat(patches)), torch.cat(labels)


class Digits:
    """scikit-learn's 8 x 8 digits."""

    classes, stride = 10, 1

    def __init__(self, seed: int):
        self.images, self.labels = digits()
        train, validate, _ = SETTINGS["digits"]
        drawn = torch.randperm(train + validate, generator=generator_of(seed, 1))
        self.training, self.validation = drawn[:train], drawn[train:]
        self.held_out = torch.arange(train + validate, len(self.labels))

    def batch(self, generator):
        count = (SETTINGS["batch"]["digits"],)
        chosen = torch.randint(len(self.training), count, generator=generator)
        return self._of(self.training[chosen])

    def validate(self):
        return self._of(self.validation)

    def test(self):
        return self._of(self.held_out)

    def _of(self, chosen):
        return standardised(self.images[chosen]), self.labels[chosen]


def generator_of(seed, purpose):
    return torch.Generator().manual_seed(10 * seed + purpose)


@cache
def digits():
    """Return scikit-learn's digits, shuffled: (i h w), from 0 to 1, and their names."""
    known = sklearn.datasets.load_digits()
    order = torch.randperm(len(known.target), generator=generator_of(0, 8))
    images = torch.from_numpy(known.images).float() / 16
    return images[order], torch.from_numpy(known.target)[order]


@cache
def grey(name):
    """Return a photograph of scikit-image in grey: (h w), from 0 to 1."""
    photo = getattr(skimage.data, name)()
    values = skimage.color.rgb2gray(photo) if photo.ndim == 3 else photo / 255
    return torch.from_numpy(values).float()


def windows(images, size, step):
    """Cut (... h w) images into one list of squares: (i h w)."""
    cut = images.unfold(-2, size, step).unfold(-2, size, step)
    return cut.reshape(-1, size, size)


def standardised(patches):
    """Give every patch mean 0 and variance 1: (i h w) -> (i 1 h w)."""
    patches = rearrange(patches, "i h w -> i 1 h w")
    mean = reduce(patches, "i 1 h w -> i 1 1 1", "mean")
    square = reduce((patches - mean) ** 2, "i 1 h w -> i 1 1 1", "mean")
    return (patches - mean) / (square + 1e-6).sqrt()
