"""The table of shapes: `shape_table` for any sizes, `trace` for a block of yours."""

from collections import OrderedDict
from copy import deepcopy
from dataclasses import dataclass
from html import escape

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from lvc.axes import Sizes
from lvc.checks import whole_number
from lvc.functional import _aggregate, _scaled_l2, centred, in_float32
from lvc.layers import Encoding, EVCBlock, LightMLPBlock, LVCBlock
from lvc.reference import encoding_layer, evc_block, light_mlp_block, lvc_block
from lvc.steps import FORMS, LEAST_CHANNELS, STEPS, Step


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
    """The steps of a block in one form; print it, or let a notebook show it."""

    block: str
    form: str  # empty for a block that has one form
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        return f"{self.block}, {self.form} form" if self.form else self.block

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    def _texts(self) -> list[list[str]]:
        head = [self.title, "einops pattern", "shape", "parameters", "bytes"]
        total = ["in all", "", "", f"{self.parameters:,}", ""]
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
        return f"<table aria-label='Steps of {self.title}'>{body}</table>"


def shape_table(sizes: Sizes, block: type = LVCBlock, form: str = "literal") -> Table:
    """Return the steps of a block with their shapes, parameters and float32 bytes.

    `block` is Encoding, LVCBlock, LightMLPBlock or EVCBlock. `form` is "literal", as in
    `lvc.reference`, or "product", as the layers run.

    Errors: TypeError for another block, what is no Sizes, or sizes that are no whole
    numbers; ValueError for another form or sizes that the block cannot have.
    """
    if not isinstance(block, type):
        _refuse("shape_table", f"an instance of {type(block).__name__}")
    if block not in TENSORS:
        _refuse("shape_table", block.__name__)
    if not isinstance(sizes, Sizes):
        raise TypeError(
            f"shape_table: sizes must be lvc.Sizes, got {type(sizes).__name__}"
        )
    for axis, size in sizes._asdict().items():
        least = LEAST_CHANNELS[block.__name__] if axis == "c" else 1
        whole_number(f"shape_table: {axis} of sizes", size, least, 2**63 - 1)
    rows = (
        Row(
            step,
            step.shape(sizes),
            step.parameter_count(sizes),
            step.size_in_bytes(sizes),
        )
        for step in _steps("shape_table", block, form)
    )
    return _table(block, form, rows)


def trace(
    block: nn.Module, x: Float[Tensor, "b c h w"], form: str = "literal"
) -> Table:
    """Return the steps of your block on your input, with what each of them makes.

    `form` is "literal", what the block would make in the form of `lvc.reference`, or
    "product", what it makes when it runs. A copy runs on PyTorch's fake tensors, which
    have shape, dtype and device but no memory: a large map takes no longer than a small
    one, dtypes under autocast are those of a real run, and your block stays as it is.
    Its forward hooks do not run. A parameter counts at the first step that gives it a
    gradient.

    Errors: TypeError for another block, or one with a forward of its own; ValueError
    for another form; for the input, as the block itself.
    """
    kind = _kind(block) or _refuse("trace", type(block).__name__)
    steps = _steps("trace", kind, form)
    for part in block.modules():
        known = _kind(part)
        if known and type(part).forward is not known.forward:
            raise TypeError(
                f"trace: {type(part).__name__} has a forward of its own, so its steps "
                f"may not be those of {known.__name__}"
            )
    # The graph of the gradients tells which parameters a tensor comes from.
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    with torch.inference_mode(False), torch.enable_grad(), fake:
        copied = _fake_copy(block)
        if isinstance(x, Tensor) and not x.is_nested:
            x = torch.empty_like(x)
        copied(x)  # refuses wrong input
        made = TENSORS[kind](copied, x, ENCODINGS[form])
    rows, counted = [], set()
    for step in steps:
        result = made[step.name]
        first_used = _parameters_behind(result) - counted
        counted |= first_used
        count = sum(map(torch.numel, first_used))
        rows.append(Row(step, tuple(result.shape), count, result.nbytes))
    return _table(kind, form, rows)


def _products(layer: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Return what each step of an Encoding makes when it runs, by the step's name."""
    made = {"input": x, "pixels": rearrange(x, "b c h w -> b (h w) c")}

    @in_float32
    def encode(x, codewords, scale):
        x, codewords = centred(x, codewords)
        made["centred pixels"], made["centred codewords"] = x, codewords
        made["scaled_l2"] = _scaled_l2(x, codewords, scale)
        made["assignment weights"] = made["scaled_l2"].softmax(dim=-1)
        return _aggregate(made["assignment weights"], x, codewords)

    made["encoding"] = encode(made["pixels"], layer.codewords, layer.scale)
    return made


ENCODINGS = {"literal": encoding_layer, "product": _products}
TENSORS = {
    Encoding: lambda layer, x, encoding: encoding(layer, x),
    LVCBlock: lvc_block,
    LightMLPBlock: lambda block, x, encoding: light_mlp_block(block, x),
    EVCBlock: evc_block,
}


def _kind(module: nn.Module) -> type | None:
    return next((kind for kind in TENSORS if isinstance(module, kind)), None)


def _refuse(caller: str, got: object) -> None:
    names = ", ".join(kind.__name__ for kind in TENSORS)
    raise TypeError(f"{caller}: block must be one of {names}, got {got}")


def _steps(caller: str, kind: type, form: str) -> tuple[Step, ...]:
    if form not in FORMS:
        raise ValueError(
            f"{caller}: form must be one of {', '.join(FORMS)}, got {form}"
        )
    return STEPS[kind.__name__][form]


def _table(kind: type, form: str, rows) -> Table:
    forms = STEPS[kind.__name__]
    has_forms = forms["literal"] != forms["product"]
    return Table(kind.__name__, form if has_forms else "", tuple(rows))


def _fake_copy(block: nn.Module) -> nn.Module:
    """Return a copy with fake tensors, which need no memory, and no forward hooks.

    All parameters require gradients.
    """
    memo = {}  # deepcopy takes what it finds here for a copy
    for module in block.modules():
        memo[id(module._forward_hooks)] = OrderedDict()
        for tensor in [
            *module._parameters.values(),
            *module._buffers.values(),
            *vars(module).values(),  # a pruned parameter is an attribute
        ]:
            if isinstance(tensor, Tensor):
                fake = torch.empty_like(tensor)
                parameter = isinstance(tensor, nn.Parameter)
                memo[id(tensor)] = nn.Parameter(fake) if parameter else fake
    return deepcopy(block, memo)


def _parameters_behind(tensor: Tensor) -> set[Tensor]:
    """Return the parameters from which the tensor was computed."""
    found, seen, waiting = set(), set(), [tensor.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            found |= {node.variable} if hasattr(node, "variable") else set()
            waiting += [before for before, _ in node.next_functions]
    return found


def _line(cells: list[str], widths: list[int]) -> str:
    texts = [cell.ljust(width) for cell, width in zip(cells[:3], widths)]
    numbers = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:])]
    return "  ".join(texts + numbers).rstrip()
