"""The one table of shapes: every step of the blocks with its einops pattern.

`python -m lvc` prints it, the book's strips and tables are read from it, and `trace`
fills it with what a block of yours really makes.
"""

import re
from dataclasses import dataclass
from html import escape
from math import prod
from typing import NamedTuple
from unittest import mock

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lvc import functional, reference
from lvc.layers import EVCBlock, LightMLPBlock, LVCBlock

AXES = {
    "b": "images in the batch",
    "c": "channels",
    "h": "rows of the feature map",
    "w": "columns of the feature map",
    "n": "pixels, n = h w",
    "k": "codewords, the visual centres",
}


def split(axes: str) -> list[str]:
    """Return the axes one by one: 'b (4 c) h' has b, '4 c' and h."""
    return [group or axis for group, axis in re.findall(r"\(([^)]*)\)|(\S+)", axes)]


class Sizes(NamedTuple):
    """The sizes a user chooses; the other axes follow from them."""

    b: int
    c: int
    h: int
    w: int
    k: int

    def of(self, axes: str) -> tuple[int, ...]:
        """Return the sizes of axes such as 'b n c' or 'b (4 c) h w'.

        m is the width inside ConvBlock, a quarter of c; a number stands for itself.
        """
        known = self._asdict() | {"n": self.h * self.w, "m": self.c // 4}
        return tuple(
            prod(known[part] if part in known else int(part) for part in axis.split())
            for axis in split(axes)
        )


EXAMPLE = Sizes(b=6, c=32, h=10, w=10, k=64)


@dataclass(frozen=True)
class Step:
    """One step of a block.

    Its result is the output of the submodule `module`, or else of the torch function
    `function`. `parameters` has the axes of each parameter that the step is the first
    to use, in the order of the state_dict; their names begin with `owner`, or else with
    `module`.
    """

    name: str
    pattern: str
    does: str
    module: str = ""
    parameters: str = ""
    function: str = ""
    owner: str = ""

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

    def parameter_shapes(self, sizes: Sizes) -> list[tuple[int, ...]]:
        return [sizes.of(axes) for axes in _operands(self.parameters)]

    def parameter_count(self, sizes: Sizes) -> int:
        return sum(map(prod, self.parameter_shapes(sizes)))


def _operands(text: str) -> list[str]:
    return [axes.strip() for axes in text.split(",") if axes]


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
    Step(
        "pixels",
        "b c h w -> b (h w) c",
        "makes one list of rows and columns",
        function="reshape",
    ),
    Step(
        "residuals",
        "b n c, k c -> b n k c",
        "subtracts every codeword from every pixel",
        parameters="k c",
        function="sub",
        owner="LVC.3.codewords",
    ),
    Step(
        "squared distance",
        "b n k c -> b n k",
        "squares, sums over the channels",
        function="sum",
    ),
    Step(
        "scaled_l2",
        "b n k, k -> b n k",
        "times the codeword's scale",
        parameters="k",
        function="mul",
        owner="LVC.3.scale",
    ),
    Step(
        "assignment weights",
        "b n k -> b n k",
        "softmax over the codewords",
        function="softmax",
    ),
    Step(
        "weighted residuals",
        "b n k, b n k c -> b n k c",
        "multiplies each residual by its weight",
        function="mul",
    ),
    Step("encoding", "b n k c -> b k c", "sums over the pixels", "LVC.3"),
    Step("BatchNorm1d", "b k c -> b k c", "normalises codewords", "LVC.4", "k, k"),
    Step("ReLU of the encoding", "b k c -> b k c", "sets negatives to 0", "LVC.5"),
    Step("Mean", "b k c -> b c", "averages over the codewords", "LVC.6"),
    Step("Linear", "b c -> b c", "mixes the channels of each image", "fc.0", "c c, c"),
    Step("gate", "b c -> b c", "sigmoid: a number in (0, 1) per channel", "fc.1"),
    Step(
        "gate as a map",
        "b c -> b c 1 1",
        "adds two axes of size 1",
        function="reshape",
    ),
    Step(
        "output",
        "b c h w, b c 1 1 -> b c h w",
        "relu(x + x * gate)",
        function="relu",
    ),
)

LIGHT_MLP_STEPS = (
    Step("input", "b c h w", "the feature map"),
    Step("norm1", "b c h w -> b c h w", "normalises a whole image", "norm1", "c, c"),
    Step(
        "dconv",
        "b c h w -> b c h w",
        "1x1, each channel by itself, with BatchNorm; SiLU",
        "dw.dconv",
        "c 1 1 1, c, c",
    ),
    Step(
        "pconv",
        "b c h w -> b c h w",
        "1x1, mixes channels, with BatchNorm; SiLU",
        "dw.pconv",
        "c c 1 1, c, c",
    ),
    Step(
        "first sum",
        "b c h w, b c h w -> b c h w",
        "input + layer_scale_1 * pconv",
        parameters="c",
        function="add",
        owner="layer_scale_1",
    ),
    Step("norm2", "b c h w -> b c h w", "normalises a whole image", "norm2", "c, c"),
    Step(
        "fc1",
        "b c h w -> b (4 c) h w",
        "1x1 to four times the channels",
        "mlp.fc1",
        "(4 c) c 1 1, (4 c)",
    ),
    Step("GELU", "b (4 c) h w -> b (4 c) h w", "x times Phi(x)", "mlp.act"),
    Step(
        "fc2",
        "b (4 c) h w -> b c h w",
        "1x1 back to the channels",
        "mlp.fc2",
        "c (4 c) 1 1, c",
    ),
    Step(
        "output",
        "b c h w, b c h w -> b c h w",
        "first sum + layer_scale_2 * fc2",
        parameters="c",
        function="add",
        owner="layer_scale_2",
    ),
)

EVC_STEPS = (
    Step("input", "b c h w", "the feature map"),
    Step("Conv 7x7", "b c h w -> b c h w", "mixes neighbours", "conv1", "c c 7 7"),
    Step("BatchNorm2d", "b c h w -> b c h w", "normalises channels", "bn1", "c, c"),
    Step("ReLU", "b c h w -> b c h w", "sets negative values to 0", "act1"),
    Step("max-pool", "b c h w -> b c h w", "the largest of 3x3 neighbours", "maxpool"),
    Step(
        "LVCBlock",
        "b c h w -> b c h w",
        "scales each channel by 1 + gate",
        "lvc",
        ", ".join(step.parameters for step in LVC_STEPS if step.parameters),
    ),
    Step(
        "LightMLPBlock",
        "b c h w -> b c h w",
        "mixes the channels of each pixel",
        "l_MLP",
        ", ".join(step.parameters for step in LIGHT_MLP_STEPS if step.parameters),
    ),
    Step(
        "joined",
        "b c h w, b c h w -> b (2 c) h w",
        "puts both results side by side",
        function="cat",
    ),
    Step(
        "output",
        "b (2 c) h w -> b c h w",
        "1x1 convolution back to the channels",
        "cnv1",
        "c (2 c) 1 1, c",
    ),
)

BLOCKS = {
    LVCBlock: LVC_STEPS,
    LightMLPBlock: LIGHT_MLP_STEPS,
    EVCBlock: EVC_STEPS,
}


@dataclass(frozen=True)
class Row:
    """A step with what it made: shape, number of parameters, bytes."""

    step: Step
    shape: tuple[int, ...]
    parameters: int
    size_in_bytes: int

    def texts(self) -> list[str]:
        count = f"{self.parameters:,}" if self.parameters else ""
        size = f"{self.size_in_bytes:,}"
        return [self.step.name, self.step.pattern, str(self.shape), count, size]


@dataclass(frozen=True, repr=False)
class Table:
    """The steps of a block; print it, or let a notebook show it."""

    block: str
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    def _texts(self) -> list[list[str]]:
        head = ["step", "einops pattern", "shape", "parameters", "bytes"]
        total = [self.block, "", "", f"{self.parameters:,}", ""]
        return [head, *(row.texts() for row in self.rows), total]

    def __repr__(self) -> str:
        lines = self._texts()
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join(_line(cells, widths) for cells in lines)

    def _repr_html_(self) -> str:
        head, *lines = [list(map(escape, line)) for line in self._texts()]
        titles = "".join(f"<th scope='col'>{title}</th>" for title in head)
        rows = "".join(
            f"<tr><th scope='row'>{name}</th>"
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in lines
        )
        body = f"<thead><tr>{titles}</tr></thead><tbody>{rows}</tbody>"
        return f"<table aria-label='Steps of {self.block}'>{body}</table>"


def table(sizes: Sizes, block: type = LVCBlock) -> Table:
    """Return the steps of a block with their shapes, parameters and float32 bytes."""
    rows = (
        Row(
            step,
            step.shape(sizes),
            step.parameter_count(sizes),
            step.size_in_bytes(sizes),
        )
        for step in BLOCKS[block]
    )
    return Table(block.__name__, tuple(rows))


class Recorder(TorchFunctionMode):
    """Inside `with`, keep the name and result of each torch function, in `results`."""

    def __init__(self):
        super().__init__()
        self.results = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.results.append((function.__name__, result))
        return result


def trace(block: nn.Module, x: Float[Tensor, "b c h w"]) -> Table:
    """Return the steps of your block on your input, each with what was really made.

    `block` is an LVCBlock, LightMLPBlock or EVCBlock. It runs on torch's meta device,
    where a tensor has a shape and a type but no memory: a map of any size takes no
    time, and neither the block nor its running statistics change.

    Errors: TypeError for another block or one whose steps are not those of the table;
    for the input, as the block itself.
    """
    kind = next((kind for kind in BLOCKS if isinstance(block, kind)), None)
    if kind is None:
        names = ", ".join(known.__name__ for known in BLOCKS)
        raise TypeError(
            f"trace: block must be one of {names}, got {type(block).__name__}"
        )
    made = iter(_results(block, x))
    rows = []
    for step in BLOCKS[kind]:
        wanted = step.module or step.function or "input"
        result = next((result for name, result in made if name == wanted), None)
        if result is None:
            raise TypeError(f"trace: this {kind.__name__} has no step {step.name!r}")
        count = sum(map(torch.numel, _parameters(block, step).values()))
        rows.append(Row(step, tuple(result.shape), count, result.nbytes))
    return Table(kind.__name__, tuple(rows))


def _results(block: nn.Module, x: Tensor) -> list[tuple[str, Tensor]]:
    """Return the results of all torch functions and submodules, in order."""
    state = {**dict(block.named_parameters()), **dict(block.named_buffers())}
    state = {name: tensor.to("meta") for name, tensor in state.items()}
    if isinstance(x, Tensor):  # if not, the block itself says so
        x = x.to("meta")
    recorder = Recorder()
    recorder.results.append(("input", x))
    hooks = [
        module.register_forward_hook(
            lambda _, __, result, name=name: recorder.results.append((name, result))
        )
        for name, module in block.named_modules()
    ]
    # The steps of the table are those of the literal form.
    literal = mock.patch.object(functional, "encode", reference.encode)
    try:
        with recorder, literal:
            torch.func.functional_call(block, state, (x,))
    finally:
        for hook in hooks:
            hook.remove()
    return recorder.results


def _parameters(block: nn.Module, step: Step) -> dict[str, Tensor]:
    """Return the parameters that the step is the first to use, by name."""
    owner = step.owner or step.module
    return {
        name: parameter
        for name, parameter in block.named_parameters()
        if step.parameters and f"{name}.".startswith(f"{owner}.")
    }


def _line(cells: list[str], widths: list[int]) -> str:
    texts = [cell.ljust(width) for cell, width in zip(cells[:3], widths)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:])]
    return "  ".join(texts + numbers).rstrip()
