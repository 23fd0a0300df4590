"""The shape explorer: its HTML, with the table of shapes as data for its script.

The script (`web/explorer.js`) knows one thing: how to evaluate axes such as
'b (4 c) h w'. All else is data: the steps of `lvc.steps`, and what stands below.
"""

import json
from dataclasses import dataclass
from html import escape

from IPython.display import HTML

import lvc
from lvc.axes import AXES, DERIVED, EXAMPLE, Sizes, operands
from lvc.steps import ENCODING_STEPS, STEPS, Intermediate, Step
from lvcbook import figures

BLOCKS = {
    kind.__name__: kind for kind in (lvc.LVCBlock, lvc.LightMLPBlock, lvc.EVCBlock)
}
# The least and the largest that can be typed, and the right end of each slider.
LEAST = Sizes(b=1, c=4, h=1, w=1, k=1)
MOST = Sizes(b=1024, c=4096, h=1024, w=1024, k=4096)
SLIDER = Sizes(b=32, c=1024, h=128, w=128, k=256)

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


CODE = "<code>exps/example/custom/cfp_{}.py</code>"
PRESETS = (
    Preset("The article", "LVCBlock", EXAMPLE, "CSDN 130277607, as in this book."),
    Preset(
        "CFPNet s",
        "EVCBlock",
        Sizes(1, 256, 40, 40, 64),
        "One image of 640 × 640, so 40 × 40 where the neck has its EVCBlock: behind a "
        "lateral 1 × 1 convolution and an upsampling, at stride 16. Channels: "
        "2 · 256 · width. From <code>cfp/models/yolo_pafpn.py</code>, "
        f"<code>cfp/exp/yolox_base.py</code> and {CODE.format('s')} of the official "
        "code.",
    ),
    Preset(
        "CFPNet m",
        "EVCBlock",
        Sizes(1, 384, 40, 40, 64),
        f"As CFPNet s, with the width in {CODE.format('m')}.",
    ),
    Preset(
        "CFPNet l",
        "EVCBlock",
        Sizes(1, 512, 40, 40, 64),
        f"As CFPNet s, with the width in {CODE.format('l')}.",
    ),
    Preset(
        "EncNet",
        "LVCBlock",
        Sizes(1, 512, 60, 60, 32),
        "One crop of 480 × 480, at stride 8. Its module is LVCBlock without ConvBlock. "
        "From <code>encoding/models/sseg/encnet.py</code> and "
        "<code>encoding/models/base.py</code> of PyTorch-Encoding.",
    ),
)


def _made(steps: tuple[Step, ...]) -> list[Intermediate]:
    """Return each tensor that the steps make, in order; a view is none."""
    return [
        one
        for step in steps
        for one in step.intermediates
        or [Intermediate(step.name, step.axes, step.operations)]
        if one.operations
    ]


# Each tensor that the encoding makes, in both forms.
MADE = {form: _made(steps) for form, steps in ENCODING_STEPS.items()}


def data() -> dict:
    """Return all that the script shows or evaluates."""

    def described(step: Step):
        return {
            "name": step.name,
            "pattern": step.pattern,
            "does": step.does,
            "takes": step.takes,
            "axes": step.axes,
            "parameters": operands(step.parameters),
            "operations": step.all_operations(),
        }

    return {
        "axes": AXES,
        "colours": figures.COLOURS,
        "least": LEAST._asdict(),
        "most": MOST._asdict(),
        "derived": DERIVED,
        "example": EXAMPLE._asdict(),
        "blocks": {
            block: {
                form: list(map(described, steps))
                for form, steps in STEPS[block].items()
            }
            for block in BLOCKS
        },
        "made": {form: [one._asdict() for one in made] for form, made in MADE.items()},
        "presets": {
            one.name: {"block": one.block} | one.sizes._asdict() for one in PRESETS
        },
    }


def _field(axis: str) -> str:
    least, most, size = (getattr(s, axis) for s in (LEAST, SLIDER, EXAMPLE))
    step = 4 if axis == "c" else 1
    colour = figures.COLOURS[axis]
    return (
        f'<div class="field"><label for="explorer-{axis}">'
        f'<i style="background:{colour}">{axis}</i> {AXES[axis].split(",")[0]}</label>'
        f'<input type="range" min="{least}" max="{most}" step="{step}" value="{size}" '
        f'name="{axis}" aria-label="{axis} by slider" style="accent-color:{colour}">'
        f'<input type="text" inputmode="numeric" autocomplete="off" value="{size}" '
        f'id="explorer-{axis}" name="{axis}" aria-describedby="explorer-{axis}-says">'
        f'<p class="says" id="explorer-{axis}-says" role="alert"></p></div>'
    )


def _choice(name: str, legend: str, options: dict[str, str]) -> str:
    buttons = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"> {words}</label>'
        for value, words in options.items()
    )
    return f"<fieldset><legend>{legend}</legend>{buttons}</fieldset>"


def _table(kind: str, label: str, heads: list[str]) -> str:
    titles = "".join(
        f'<th scope="col" role="columnheader">{head}</th>' for head in heads
    )
    return (
        f'<table class="{kind}" role="table" aria-label="{escape(label)}">'
        f'<thead role="rowgroup"><tr role="row">{titles}</tr></thead>'
        '<tbody role="rowgroup"></tbody></table>'
    )


def explorer() -> HTML:
    """Return the explorer. Without its script it shows the running example."""
    forms = {
        "literal": "literal, as the article",
        "product": "product, as <code>lvc</code>",
    }
    presets = "".join(
        f'<button type="button" name="preset" value="{one.name}">{one.name}</button>'
        for one in PRESETS
    )
    controls = (
        f'<div class="presets" role="group" aria-label="Presets">{presets}</div>'
        f'<div class="fields">{"".join(map(_field, Sizes._fields))}</div>'
        '<div class="choices">'
        + _choice("block", "Block", {block: block for block in BLOCKS})
        + _choice("form", "Form of the encoding", forms)
        + "</div>"
    )
    views = (
        _table(
            "steps",
            "Steps of the block",
            ["step", "what comes out", "bytes", "operations", "parameters"],
        )
        + '<div class="explained" role="status"></div>'
        + "<h2>Literal against product</h2><p>From the pixels to the encoding. Bytes "
        "are those of all tensors made on the way; not all are kept to the end.</p>"
        + _table(
            "forms",
            "The encoding in both forms",
            ["form", "bytes in all", "largest tensor", "operations"],
        )
        + "<details><summary>Each tensor that is made</summary>"
        + "".join(
            f"<h3>{form} form</h3>"
            + _table(
                f"made {form}",
                f"Tensors of the {form} form",
                ["tensor", "axes", "bytes", "operations"],
            )
            for form in MADE
        )
        + "</details><h2>The same in Python</h2>"
        '<pre class="code" tabindex="0" aria-label="Python code"></pre>'
        '<p><button type="button" name="copy">Copy the code</button> '
        '<span class="copied" role="status"></span></p>'
    )
    static = "".join(
        f"<p><b>{name}</b> of the running example, {EXAMPLE}</p>"
        + figures.shape_table(EXAMPLE, block).data
        for name, block in BLOCKS.items()
    )
    counted = figures.table(
        "What counts as an operation",
        ["step", "operations", "because"],
        [[k, f"{n} for each {of}", why] for k, (n, of, why) in COUNTED.items()],
    ).data
    sources = figures.table(
        "Presets and their sources",
        ["preset", "sizes", "source"],
        [
            [one.name, figures.chips("b c h w k", one.sizes), one.source]
            for one in PRESETS
        ],
    ).data
    content = json.dumps(data(), ensure_ascii=False, separators=(",", ":"))
    content = content.replace("<", "\\u003c")
    return HTML(
        '<link rel="stylesheet" href="../_static/explorer.css">'
        f'{figures.STYLE}<div class="lvc explorer">'
        f"<form hidden>{controls}</form>"
        f'<div class="views" hidden>{views}</div><div class="static">{static}</div>'
        f"<h2>What counts as an operation</h2>{counted}"
        f"<h2>Where the presets come from</h2>{sources}"
        f'<script type="application/json">{content}</script></div>'
        '<script defer src="../_static/explorer.js"></script>'
    )
