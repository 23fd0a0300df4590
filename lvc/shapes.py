"""The one table of shapes: every step of LVCBlock with its einops pattern.

`python -m lvc` prints it, and the book's strips and tables are read from it.
"""

import re
from dataclasses import dataclass
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


class Sizes(NamedTuple):
    """The sizes a user chooses; the other axes follow from them."""

    b: int
    c: int
    h: int
    w: int
    k: int

    def of(self, axes: str) -> tuple[int, ...]:
        """Return the sizes of axes such as 'b n c'.

        m is the width inside ConvBlock, a quarter of c; a number stands for itself.
        """
        known = self._asdict() | {"n": self.h * self.w, "m": self.c // 4}
        return tuple(
            known[axis] if axis in known else int(axis) for axis in axes.split()
        )


EXAMPLE = Sizes(b=6, c=32, h=10, w=10, k=64)


@dataclass(frozen=True)
class Step:
    """One step of LVCBlock.

    `module` is the submodule whose output it is, if it is one; `parameters` has the
    axes of each parameter that the step is the first to use.
    """

    name: str
    pattern: str
    does: str
    module: str = ""
    parameters: str = ""

    @property
    def takes(self) -> list[str]:
        """The axes of each tensor that goes in, such as ['b n c', 'k c']."""
        before, arrow, _ = self.pattern.partition("->")
        return _operands(before) if arrow else []

    @property
    def axes(self) -> str:
        """The axes of what comes out, such as 'b n c'."""
        return re.sub(r"\(h w\)", "n", self.pattern.rpartition("->")[2]).strip()

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        return sizes.of(self.axes)

    def size_in_bytes(self, sizes: Sizes) -> int:
        """The size of what comes out, in bytes, in float32."""
        return 4 * prod(self.shape(sizes))

    def parameter_count(self, sizes: Sizes) -> int:
        return sum(prod(sizes.of(axes)) for axes in _operands(self.parameters))


LVC_STEPS = (
    Step("input", "b c h w", "the feature map"),
    Step(
        "ConvBlock",
        "b c h w -> b c h w",
        "1x1 to c / 4, 3x3, 1x1 back, plus a 1x1 shortcut, with BatchNorm; ReLU",
        "conv_1",
        "m c 1 1, m, m, m m 3 3, m, m, c m 1 1, c, c, c c 1 1, c, c",
    ),
    Step("Conv 1x1", "b c h w -> b c h w", "mixes channels", "LVC.0", "c c 1 1"),
    Step("BatchNorm2d", "b c h w -> b c h w", "normalises channels", "LVC.1", "c, c"),
    Step("ReLU", "b c h w -> b c h w", "sets negative values to 0", "LVC.2"),
    Step("pixels", "b c h w -> b (h w) c", "makes one list of rows and columns"),
    Step(
        "residuals",
        "b n c, k c -> b n k c",
        "subtracts every codeword from every pixel",
        parameters="k c",
    ),
    Step("squared distance", "b n k c -> b n k", "squares, sums over the channels"),
    Step(
        "scaled_l2", "b n k, k -> b n k", "times the codeword's scale", parameters="k"
    ),
    Step("assignment weights", "b n k -> b n k", "softmax over the codewords"),
    Step(
        "weighted residuals",
        "b n k, b n k c -> b n k c",
        "multiplies each residual by its weight",
    ),
    Step("encoding", "b n k c -> b k c", "sums over the pixels", "LVC.3"),
    Step("BatchNorm1d", "b k c -> b k c", "normalises codewords", "LVC.4", "k, k"),
    Step("ReLU of the encoding", "b k c -> b k c", "sets negatives to 0", "LVC.5"),
    Step("Mean", "b k c -> b c", "averages over the codewords", "LVC.6"),
    Step("Linear", "b c -> b c", "mixes the channels of each image", "fc.0", "c c, c"),
    Step("gate", "b c -> b c", "sigmoid: a number in (0, 1) per channel", "fc.1"),
    Step("gate as a map", "b c -> b c 1 1", "adds two axes of size 1"),
    Step("output", "b c h w, b c 1 1 -> b c h w", "relu(x + x * gate)"),
)


def table(sizes: Sizes) -> str:
    """Return the steps as lines of text: pattern, shape, parameters, float32 bytes."""
    rows = [("step", "einops pattern", "shape", "parameters", "bytes")]
    for step in LVC_STEPS:
        count = step.parameter_count(sizes)
        parameters = f"{count:,}" if count else ""
        size = f"{step.size_in_bytes(sizes):,}"
        rows.append((step.name, step.pattern, str(step.shape(sizes)), parameters, size))
    total = sum(step.parameter_count(sizes) for step in LVC_STEPS)
    rows.append(("LVCBlock", "", "", f"{total:,}", ""))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(_line(row, widths) for row in rows)


def _operands(text: str) -> list[str]:
    return [axes.strip() for axes in text.split(",") if axes]


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    texts = [cell.ljust(width) for cell, width in zip(row[:3], widths)]
    numbers = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:])]
    return "  ".join(texts + numbers).rstrip()
