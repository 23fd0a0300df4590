"""The shape explorer: its HTML, with the table of shapes as data for its script.

The script (`web/explorer.js`) multiplies sizes. All else is data: the steps of
`lvc.steps` with their axes as factors, what stands below, and words of the template.
"""

import json
from dataclasses import dataclass

from IPython.display import HTML

import lvc
from lvc.axes import AXES, DERIVED, EXAMPLE, Sizes, factors, operands
from lvc.steps import ENCODING_STEPS, STEPS, Intermediate, Step
from lvcbook import figures
from lvcbook.figures.chips import with_code
from lvcbook.markup import Markup, render, styled

BLOCKS = {
    kind.__name__: kind for kind in (lvc.LVCBlock, lvc.LightMLPBlock, lvc.EVCBlock)
}
FORMS = {"literal": "literal, as the article", "product": "product, as `lvc`"}
SMALLEST = Sizes(b=1, c=4, h=1, w=1, k=1)
LARGEST = Sizes(b=1024, c=4096, h=1024, w=1024, k=4096)
LARGEST_BY_SLIDER = Sizes(b=32, c=1024, h=128, w=128, k=256)

# What one operation is, as operations for each number.
COUNTED = {
    "matrix product, convolution": (2, "pair", "a multiplication and an addition"),
    "sum, mean, maximum, median": (
        1,
        "number that goes in",
        "an addition or comparison",
    ),
    "softmax": (5, "number", "maximum, subtraction, exponential, sum, division"),
    "BatchNorm": (4, "number", "subtraction, division, multiplication, addition"),
    "GroupNorm": (7, "number", "the same, and mean and variance: three more"),
    "SiLU, GELU": (2, "number", "a function and a multiplication"),
    "any other function": (1, "number that comes out", "+, -, x, ReLU, sigmoid"),
}


@dataclass(frozen=True)
class Preset:
    """Sizes that somebody uses, and where that can be read."""

    name: str
    block: str
    sizes: Sizes
    source: str


PRESETS = (
    Preset("The article", "LVCBlock", EXAMPLE, "CSDN 130277607, as in this book."),
    Preset(
        "CFPNet s",
        "EVCBlock",
        Sizes(1, 256, 40, 40, 64),
        "One image of 640 × 640, so 40 × 40 where the neck has its EVCBlock: behind a "
        "lateral 1 × 1 convolution and an upsampling, at stride 16. Channels: "
        "2 · 256 · width. From `cfp/models/yolo_pafpn.py`, `cfp/exp/yolox_base.py` and "
        "`exps/example/custom/cfp_s.py` of the official code.",
    ),
    Preset(
        "CFPNet m",
        "EVCBlock",
        Sizes(1, 384, 40, 40, 64),
        "As CFPNet s, with the width in `exps/example/custom/cfp_m.py`.",
    ),
    Preset(
        "CFPNet l",
        "EVCBlock",
        Sizes(1, 512, 40, 40, 64),
        "As CFPNet s, with the width in `exps/example/custom/cfp_l.py`.",
    ),
    Preset(
        "EncNet",
        "LVCBlock",
        Sizes(1, 512, 60, 60, 32),
        "One crop of 480 × 480, at stride 8. Its module is LVCBlock without ConvBlock. "
        "From `encoding/models/sseg/encnet.py` and `encoding/models/base.py` of "
        "PyTorch-Encoding.",
    ),
)


def _intermediates(steps: tuple[Step, ...]) -> list[Intermediate]:
    """Return each tensor that the steps make, in order; a view is none."""
    return [
        one
        for step in steps
        for one in step.intermediates
        or [Intermediate(step.name, step.axes, step.operations)]
        if one.operations
    ]


# Each tensor that the encoding makes, in both forms.
INTERMEDIATES = {form: _intermediates(steps) for form, steps in ENCODING_STEPS.items()}

PROGRAM = """\
import torch

import lvc

torch.set_default_device("meta")  # shapes without memory; leave it out to compute
block = lvc.{block}({arguments}).eval()
x = torch.rand({b}, {c}, {h}, {w})
print(lvc.trace(block, x, "{form}"))
"""


def _product(axes: str) -> dict:
    """Return axes such as 'b (4 c) h w' with their factors, which the script reads."""
    return {"text": axes, "axes": factors(axes)}


def _products(texts: list[str]) -> list[dict]:
    return list(map(_product, texts))


def _step(step: Step) -> dict:
    return {
        "name": step.name,
        "pattern": step.pattern,
        "does": step.does,
        "takes": _products(step.takes),
        "makes": _product(step.axes),
        "parameters": _products(operands(step.parameters)),
        "operations": _products(step.all_operations()),
    }


def data() -> dict:
    """Return all that the script shows or evaluates."""
    return {
        "colours": figures.COLOURS,
        "least": SMALLEST._asdict(),
        "most": LARGEST._asdict(),
        "derived": {
            axis: {"of": _product(of), "plus": plus, "divisor": divisor}
            for axis, (of, plus, divisor) in DERIVED.items()
        },
        "example": EXAMPLE._asdict(),
        "blocks": {
            block: {form: list(map(_step, steps)) for form, steps in forms.items()}
            for block, forms in STEPS.items()
            if block in BLOCKS
        },
        "made": {
            form: [
                {
                    "name": one.name,
                    "makes": _product(one.axes),
                    "operations": _products(operands(one.operations)),
                }
                for one in made
            ]
            for form, made in INTERMEDIATES.items()
        },
        "presets": {
            one.name: {"block": one.block} | one.sizes._asdict() for one in PRESETS
        },
        "program": PROGRAM,
        "arguments": {
            block: "{c}" if kind is lvc.LightMLPBlock else "{c}, num_codes={k}"
            for block, kind in BLOCKS.items()
        },
    }


def explorer() -> HTML:
    """Return the explorer. Without its script it shows the running example."""
    content = json.dumps(data(), ensure_ascii=False, separators=(",", ":"))
    page = render(
        "explorer.html",
        blocks={block: block for block in BLOCKS},
        forms=FORMS,
        presets=PRESETS,
        fields={
            axis: {
                "colour": figures.COLOURS[axis],
                "counts": AXES[axis].split(",")[0],
                "least": getattr(SMALLEST, axis),
                "end": getattr(LARGEST_BY_SLIDER, axis),
                "step": 4 if axis == "c" else 1,
                "size": size,
            }
            for axis, size in EXAMPLE._asdict().items()
        },
        example=EXAMPLE,
        static={
            name: Markup(figures.shape_table(EXAMPLE, block).data)
            for name, block in BLOCKS.items()
        },
        counted=[[k, f"{n} for each {of}", why] for k, (n, of, why) in COUNTED.items()],
        sources=[
            [one.name, figures.chips("b c h w k", one.sizes), with_code(one.source)]
            for one in PRESETS
        ],
        data=Markup(content.replace("<", "\\u003c")),
    )
    return styled(HTML(page))
