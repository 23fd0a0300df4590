"""Axes and their sizes: the letters that mean the same everywhere."""

import re
from math import prod
from typing import NamedTuple

AXES = {
    "b": "images in the batch",
    "c": "channels",
    "h": "rows of the feature map",
    "w": "columns of the feature map",
    "n": "pixels, n = h w",
    "k": "codewords, the visual centres",
}

# The axes that follow from others: (their product + a number) // a divisor. m is the
# width inside ConvBlock, j the smaller half of the codewords, with the median.
DERIVED = {"n": ("h w", 0, 1), "m": ("c", 0, 4), "j": ("k", 1, 2)}


def split(axes: str) -> list[str]:
    """Return the axes one by one: 'b (4 c) h' has b, '4 c' and h."""
    return [group or axis for group, axis in re.findall(r"\(([^)]*)\)|(\S+)", axes)]


def factors(axes: str) -> list[list[str]]:
    """Return the factors of each axis: 'b (4 c) h' has [b], [4, c] and [h]."""
    return [axis.split() for axis in split(axes)]


def operands(text: str) -> list[str]:
    """Return what commas separate: 'b n c, k c' has 'b n c' and 'k c'."""
    return [axes.strip() for axes in text.split(",") if axes]


class Sizes(NamedTuple):
    """The sizes a user chooses; the other axes follow from them."""

    b: int
    c: int
    h: int
    w: int
    k: int

    def of(self, axes: str) -> tuple[int, ...]:
        """Return the sizes of axes such as 'b n c' or 'b (4 c) h w'.

        n is h w, m a quarter of c, rounded down, j half of k, rounded up; a number
        stands for itself.
        """
        return tuple(prod(map(self._size, axis)) for axis in factors(axes))

    def _size(self, axis: str) -> int:
        if axis in DERIVED:
            of, plus, divisor = DERIVED[axis]
            return (prod(self.of(of)) + plus) // divisor
        return getattr(self, axis) if axis in self._fields else int(axis)


EXAMPLE = Sizes(b=6, c=32, h=10, w=10, k=64)
