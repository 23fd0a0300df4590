"""Photographs in patches, and digits: a seed fixes what trains and what tests."""

from functools import cache

import skimage.color
import skimage.data
import sklearn.datasets
import torch
from einops import rearrange, reduce

from .arms import PHOTOS, SETTINGS

PATCH = SETTINGS["patch"]


class Photographs:
    """Patches of grey photographs; no tile serves both training and test."""

    classes, stride = len(PHOTOS), 2

    def __init__(self, seed: int):
        generator, half = generator_of(seed, 1), SETTINGS["tiles"] // 2
        tiles = []
        for name in PHOTOS:
            cut = windows(grey(name), SETTINGS["tile"], SETTINGS["tile"])
            tiles.append(cut[torch.randperm(len(cut), generator=generator)[: 2 * half]])
        self.training = torch.stack([part[:half] for part in tiles])
        self.held_out = torch.stack([part[half:] for part in tiles])

    def batch(self, generator):
        places = SETTINGS["tile"] - PATCH + 1
        chosen = [
            torch.randint(high, (SETTINGS["batch"],), generator=generator).tolist()
            for high in (*self.training.shape[:2], places, places)
        ]
        patches = [
            self.training[photo, tile, row : row + PATCH, column : column + PATCH]
            for photo, tile, row, column in zip(*chosen)
        ]
        return standardised(torch.stack(patches)), torch.tensor(chosen[0])

    def test(self, size: int = PATCH, step: int = 16):
        patches = [windows(tiles, size, step) for tiles in self.held_out]
        labels = [torch.full((len(part),), i) for i, part in enumerate(patches)]
        return standardised(torch.cat(patches)), torch.cat(labels)


class Digits:
    """scikit-learn's 8 x 8 digits."""

    classes, stride = 10, 1

    def __init__(self, seed: int):
        digits = sklearn.datasets.load_digits()
        order = torch.randperm(len(digits.target), generator=generator_of(seed, 1))
        self.images = standardised(torch.from_numpy(digits.images).float()[order])
        self.labels = torch.from_numpy(digits.target)[order]

    def batch(self, generator):
        high = SETTINGS["digits"]
        chosen = torch.randint(high, (SETTINGS["batch"],), generator=generator)
        return self.images[chosen], self.labels[chosen]

    def test(self):
        return self.images[SETTINGS["digits"] :], self.labels[SETTINGS["digits"] :]


DATA = {"photographs": Photographs, "digits": Digits}


def generator_of(seed, purpose):
    return torch.Generator().manual_seed(10 * seed + purpose)


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
