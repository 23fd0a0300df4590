"""Every step of every block, in order: data, from which all tables are made.

An Encoding has two forms: the literal form, `lvc.reference`, is the one to read; the
product form, `lvc.functional`, the one that the layers run. A LightMLPBlock has one.
"""

import re
from dataclasses import dataclass, replace
from math import prod
from typing import NamedTuple

from lvc.axes import Sizes, operands


class Intermediate(NamedTuple):
    """A tensor that is made within a step; the last one is the step's result.

    One of a single axis may stand for those on the way to it.
    """

    name: str
    axes: str
    operations: str


@dataclass(frozen=True)
class Step:
    """One step of a block.

    `part` is the submodule or parameter at work. `parameters` has the axes of each
    parameter that the step is the first to give a gradient, in the order of the
    state_dict, or of the inner steps where the step is a whole block.
    `operations` are products of axes and numbers: '2 b n k c' is two for each
    combination of an image, a pixel, a codeword and a channel; they stand at the
    `intermediates` if there are any.
    """

    name: str
    pattern: str
    does: str
    part: str = ""
    parameters: str = ""
    operations: str = ""
    intermediates: tuple[Intermediate, ...] = ()

    @property
    def takes(self) -> list[str]:
        """The axes of each tensor that goes in, such as ['b n c', 'k c']."""
        before, arrow, _ = self.pattern.partition("->")
        return operands(before) if arrow else []

    @property
    def axes(self) -> str:
        """The axes of what comes out, such as 'b n c'."""
        return re.sub(r"\(h w\)", "n", self.pattern.rpartition("->")[2]).strip()

    def shape(self, sizes: Sizes) -> tuple[int, ...]:
        return sizes.of(self.axes)

    def size_in_bytes(self, sizes: Sizes) -> int:
        """The size of what comes out, in bytes, in float32."""
        return 4 * prod(self.shape(sizes))

    def parameter_shapes(self, sizes: Sizes) -> list[tuple[int, ...]]:
        return [sizes.of(axes) for axes in operands(self.parameters)]

    def parameter_count(self, sizes: Sizes) -> int:
        return sum(map(prod, self.parameter_shapes(sizes)))

    def all_operations(self) -> list[str]:
        """The operations one by one, such as ['2 b n k c', '2 b n k']."""
        each = [one.operations for one in self.intermediates]
        return operands(",".join(each) or self.operations)


INPUT = Step("input", "b c h w", "the feature map")
PIXELS = Step("pixels", "b c h w -> b (h w) c", "makes one list of rows and columns")
WEIGHTS = Step(
    "assignment weights",
    "b n k -> b n k",
    "softmax over the codewords",
    operations="5 b n k",
)

ENCODING_STEPS = {
    "literal": (
        INPUT,
        PIXELS,
        Step(
            "residuals",
            "b n c, k c -> b n k c",
            "subtracts every codeword from every pixel",
            "codewords",
            "k c",
            "b n k c",
        ),
        Step(
            "squared distance",
            "b n k c -> b n k",
            "squares, sums over the channels",
            intermediates=(
                Intermediate("squared residuals", "b n k c", "b n k c"),
                Intermediate("squared distance", "b n k", "b n k c"),
            ),
        ),
        Step(
            "scaled_l2",
            "b n k, k -> b n k",
            "times the codeword's scale",
            "scale",
            "k",
            "b n k",
        ),
        WEIGHTS,
        Step(
            "weighted residuals",
            "b n k, b n k c -> b n k c",
            "multiplies each residual by its weight",
            intermediates=(
                Intermediate("residuals again", "b n k c", "b n k c"),
                Intermediate("weighted residuals", "b n k c", "b n k c"),
            ),
        ),
        Step(
            "encoding",
            "b n k c -> b k c",
            "sums over the pixels",
            operations="b n k c",
        ),
    ),
    "product": (
        INPUT,
        PIXELS,
        Step(
            "centred pixels",
            "b n c, k c -> b n c",
            "subtracts the median codeword, which has no gradient",
            intermediates=(
                Intermediate("smaller half of the codewords", "j c", "k c"),
                Intermediate("centred pixels", "b n c", "b n c"),
            ),
        ),
        Step(
            "centred codewords",
            "k c -> k c",
            "subtracts the median codeword, which has no gradient",
            "codewords",
            "k c",
            "k c",
        ),
        Step(
            "scaled_l2",
            "b n c, k c, k -> b n k",
            "one product of pixels and codewords, plus the squares of both",
            "scale",
            "k",
            # A factor of a product counts when it is used.
            intermediates=(
                Intermediate("scores of lost codewords", "k", "2 k c, 4 k"),
                Intermediate("finite scale", "k", "k"),
                Intermediate("finite codewords", "k c", "k c"),
                Intermediate("squares of the pixels", "b n c", "b n c"),
                Intermediate("|pixel|^2", "b n 1", "b n c"),
                Intermediate("squares of the codewords", "k c", "k c"),
                Intermediate("|codeword|^2", "k", "k c"),
                Intermediate("scale x |codeword|^2, or lost", "k", "2 k"),
                Intermediate("that + scale x |pixel|^2", "b n k", "2 b n k"),
                Intermediate("-2 scale", "k", "k"),
                Intermediate("-2 scale x codewords", "k c", "k c"),
                Intermediate("scaled_l2", "b n k", "2 b n k c"),
            ),
        ),
        WEIGHTS,
        Step(
            "encoding",
            "b n k, b n c, k c -> b k c",
            "one product of weights and pixels, minus the codewords",
            intermediates=(
                Intermediate("total weight", "b k 1", "b n k"),
                Intermediate("total weight x codewords", "b k c", "b k c"),
                Intermediate("encoding", "b k c", "2 b n k c"),
            ),
        ),
    ),
}

BEFORE_STEPS = (
    INPUT,
    Step(
        "ConvBlock",
        "b c h w -> b c h w",
        "1x1 to c / 4, 3x3, 1x1 back, plus a 1x1 shortcut, with BatchNorm; ReLU",
        "conv_1",
        "m c 1 1, m, m, m m 3 3, m, m, c m 1 1, c, c, c c 1 1, c, c",
        # conv1, conv2, conv3, residual_conv; then BatchNorm, ReLU and the sum
        "2 b n m c, 18 b n m m, 2 b n c m, 2 b n c c, 10 b n m, 10 b n c",
    ),
    Step(
        "Conv 1x1",
        "b c h w -> b c h w",
        "mixes channels",
        "LVC.0",
        "c c 1 1",
        "2 b n c c",
    ),
    Step(
        "BatchNorm2d",
        "b c h w -> b c h w",
        "normalises channels",
        "LVC.1",
        "c, c",
        "4 b n c",
    ),
    Step(
        "ReLU",
        "b c h w -> b c h w",
        "sets negative values to 0",
        "LVC.2",
        operations="b n c",
    ),
)
AFTER_STEPS = (
    Step(
        "BatchNorm1d",
        "b k c -> b k c",
        "normalises codewords",
        "LVC.4",
        "k, k",
        "4 b k c",
    ),
    Step(
        "ReLU of the encoding",
        "b k c -> b k c",
        "sets negatives to 0",
        "LVC.5",
        operations="b k c",
    ),
    Step(
        "Mean",
        "b k c -> b c",
        "averages over the codewords",
        "LVC.6",
        operations="b k c",
    ),
    Step(
        "Linear",
        "b c -> b c",
        "mixes the channels of each image",
        "fc.0",
        "c c, c",
        "2 b c c",
    ),
    Step(
        "gate",
        "b c -> b c",
        "sigmoid: a number in (0, 1) per channel",
        "fc.1",
        operations="b c",
    ),
    Step("gate as a map", "b c -> b c 1 1", "adds two axes of size 1"),
    Step(
        "output",
        "b c h w, b c 1 1 -> b c h w",
        "relu(x + x * gate)",
        operations="3 b n c",
    ),
)


def _inside(module: str, step: Step) -> Step:
    return replace(step, part=f"{module}.{step.part}") if step.part else step


LVC_STEPS = {
    form: (
        *BEFORE_STEPS,
        *(_inside("LVC.3", step) for step in steps if step is not INPUT),
        *AFTER_STEPS,
    )
    for form, steps in ENCODING_STEPS.items()
}

LIGHT_MLP_STEPS = (
    INPUT,
    Step(
        "norm1",
        "b c h w -> b c h w",
        "normalises a whole image",
        "norm1",
        "c, c",
        "7 b n c",
    ),
    Step(
        "dconv",
        "b c h w -> b c h w",
        "1x1, each channel by itself, with BatchNorm; SiLU",
        "dw.dconv",
        "c 1 1 1, c, c",
        "2 b n c, 6 b n c",
    ),
    Step(
        "pconv",
        "b c h w -> b c h w",
        "1x1, mixes channels, with BatchNorm; SiLU",
        "dw.pconv",
        "c c 1 1, c, c",
        "2 b n c c, 6 b n c",
    ),
    Step(
        "first sum",
        "b c h w, b c h w -> b c h w",
        "input + layer_scale_1 * pconv",
        "layer_scale_1",
        "c",
        "2 b n c",
    ),
    Step(
        "norm2",
        "b c h w -> b c h w",
        "normalises a whole image",
        "norm2",
        "c, c",
        "7 b n c",
    ),
    Step(
        "fc1",
        "b c h w -> b (4 c) h w",
        "1x1 to four times the channels",
        "mlp.fc1",
        "(4 c) c 1 1, (4 c)",
        "8 b n c c",
    ),
    Step(
        "GELU",
        "b (4 c) h w -> b (4 c) h w",
        "x times Phi(x)",
        "mlp.act",
        operations="8 b n c",
    ),
    Step(
        "fc2",
        "b (4 c) h w -> b c h w",
        "1x1 back to the channels",
        "mlp.fc2",
        "c (4 c) 1 1, c",
        "8 b n c c",
    ),
    Step(
        "output",
        "b c h w, b c h w -> b c h w",
        "first sum + layer_scale_2 * fc2",
        "layer_scale_2",
        "c",
        "2 b n c",
    ),
)


def _as_one(name: str, does: str, part: str, steps: tuple[Step, ...]) -> Step:
    """Return a whole block as one step of another."""
    parameters = ", ".join(step.parameters for step in steps if step.parameters)
    operations = ", ".join(term for step in steps for term in step.all_operations())
    return Step(name, "b c h w -> b c h w", does, part, parameters, operations)


EVC_STEPS = {
    form: (
        INPUT,
        Step(
            "Conv 7x7",
            "b c h w -> b c h w",
            "mixes neighbours",
            "conv1",
            "c c 7 7",
            "98 b n c c",
        ),
        Step(
            "BatchNorm2d",
            "b c h w -> b c h w",
            "normalises channels",
            "bn1",
            "c, c",
            "4 b n c",
        ),
        Step(
            "ReLU",
            "b c h w -> b c h w",
            "sets negative values to 0",
            "act1",
            operations="b n c",
        ),
        Step(
            "max-pool",
            "b c h w -> b c h w",
            "the largest of 3x3 neighbours",
            "maxpool",
            operations="9 b n c",
        ),
        _as_one("LVCBlock", "scales each channel by 1 + gate", "lvc", steps),
        _as_one(
            "LightMLPBlock",
            "mixes the channels of each pixel",
            "l_MLP",
            LIGHT_MLP_STEPS,
        ),
        Step(
            "joined",
            "b c h w, b c h w -> b (2 c) h w",
            "puts both results side by side",
        ),
        Step(
            "output",
            "b (2 c) h w -> b c h w",
            "1x1 convolution back to the channels",
            "cnv1",
            "c (2 c) 1 1, c",
            "4 b n c c",
        ),
    )
    for form, steps in LVC_STEPS.items()
}

FORMS = tuple(ENCODING_STEPS)

LEAST_CHANNELS = {"Encoding": 1, "LVCBlock": 4, "LightMLPBlock": 1, "EVCBlock": 4}

# By the name of the block, then of the form.
STEPS = {
    "Encoding": ENCODING_STEPS,
    "LVCBlock": LVC_STEPS,
    "LightMLPBlock": dict.fromkeys(FORMS, LIGHT_MLP_STEPS),
    "EVCBlock": EVC_STEPS,
}
