"""The shape explorer: its HTML, with the table of shapes as data for its script.

The script (`_static/explorer.js`) knows one thing: how to evaluate axes such as
'b (4 c) h w'. All else is data from here: the steps and parameters of `lvc.shapes`, and
the operations below, which `tests/browser/test_explorer.py` compares with PyTorch.
"""

import json
from dataclasses import asdict, dataclass
from html import escape

from IPython.display import HTML

import figures
from lvc.__main__ import LEAST
from lvc.shapes import AXES, BLOCKS, EXAMPLE, Sizes, Step

# The largest that can be typed, and the right end of each slider.
MOST = Sizes(b=1024, c=4096, h=1024, w=1024, k=4096)
SLIDER = Sizes(b=32, c=1024, h=128, w=128, k=256)

# The axes that follow from the others: the product of some, divided, rounded down.
DERIVED = {"n": ("h w", 1), "m": ("c", 4)}

# What one operation is, as operations for each number.
COUNTED = {
    "matrix product, convolution": (2, "pair", "a multiplication and an addition"),
    "sum, mean, maximum": (1, "number that goes in", "an addition or comparison"),
    "softmax": (5, "number", "maximum, subtraction, exponential, sum, division"),
    "BatchNorm": (4, "number", "subtraction, division, multiplication, addition"),
    "GroupNorm": (7, "number", "the same, and mean and variance: three more"),
    "SiLU, GELU": (2, "number", "a function and a multiplication"),
    "any other function": (1, "number that comes out", "+, -, x, ReLU, sigmoid"),
}


@dataclass(frozen=True)
class Made:
    """A tensor that the encoding makes, as part of a step.

    `operations` lists products of axes and numbers: '2 b n k c' is two operations for
    each combination of an image, a pixel, a codeword and a channel.
    """

    step: str
    name: str
    axes: str
    operations: str


# Each tensor that `lvc.reference.encode` makes, in order ...
LITERAL = (
    Made("residuals", "residuals", "b n k c", "b n k c"),
    Made("squared distance", "squared residuals", "b n k c", "b n k c"),
    Made("squared distance", "squared distance", "b n k", "b n k c"),
    Made("scaled_l2", "scaled_l2", "b n k", "b n k"),
    Made("assignment weights", "assignment weights", "b n k", "5 b n k"),
    Made("weighted residuals", "residuals again", "b n k c", "b n k c"),
    Made("weighted residuals", "weighted residuals", "b n k c", "b n k c"),
    Made("encoding", "encoding", "b k c", "b n k c"),
)
# ... and each that `lvc.encode` makes. A factor of a product counts when it is used.
FAST = (
    Made("centred", "mean codeword", "c", "k c"),
    Made("centred", "centred pixels", "b n c", "b n c"),
    Made("centred", "centred codewords", "k c", "k c"),
    Made("scaled_l2", "squares of the pixels", "b n c", "b n c"),
    Made("scaled_l2", "|pixel|²", "b n 1", "b n c"),
    Made("scaled_l2", "squares of the codewords", "k c", "k c"),
    Made("scaled_l2", "|codeword|²", "k", "k c"),
    Made("scaled_l2", "-2 scale", "k", "k"),
    Made("scaled_l2", "-2 scale × codewords", "k c", "k c"),
    Made("scaled_l2", "scale × |codeword|²", "k", "k"),
    Made("scaled_l2", "that + pixels · codewords", "b n k", "2 b n k c"),
    Made("scaled_l2", "scaled_l2", "b n k", "2 b n k"),
    Made("assignment weights", "assignment weights", "b n k", "5 b n k"),
    Made("encoding", "total weight", "b k 1", "b n k"),
    Made("encoding", "-codewords", "k c", "k c"),
    Made("encoding", "total weight × -codewords", "b k c", "b k c"),
    Made("encoding", "encoding", "b k c", "2 b n k c"),
)
# The steps of the fast form, in place of those from the residuals to the encoding.
FAST_STEPS = (
    Step(
        "centred",
        "b n c, k c -> b n c",
        "subtracts the mean codeword from pixels and codewords",
        parameters="k c",
    ),
    Step(
        "scaled_l2",
        "b n c, k c, k -> b n k",
        "one product of pixels and codewords, plus the squares of both",
        parameters="k",
    ),
    Step("assignment weights", "b n k -> b n k", "softmax over the codewords"),
    Step(
        "encoding",
        "b n k, b n c, k c -> b k c",
        "one product of weights and pixels, minus the codewords",
    ),
)
FORMS = {"literal": LITERAL, "fast": FAST}

# The operations of every other step, as in `Made`.
OPERATIONS = {
    "LVCBlock": {
        # conv1, conv2, conv3, residual_conv; then BatchNorm, ReLU and the sum
        "ConvBlock": "2 b n m c, 18 b n m m, 2 b n c m, 2 b n c c, 10 b n m, 10 b n c",
        "Conv 1x1": "2 b n c c",
        "BatchNorm2d": "4 b n c",
        "ReLU": "b n c",
        "BatchNorm1d": "4 b k c",
        "ReLU of the encoding": "b k c",
        "Mean": "b k c",
        "Linear": "2 b c c",
        "gate": "b c",
        "output": "3 b n c",
    },
    "LightMLPBlock": {
        "norm1": "7 b n c",
        "dconv": "2 b n c, 6 b n c",
        "pconv": "2 b n c c, 6 b n c",
        "first sum": "2 b n c",
        "norm2": "7 b n c",
        "fc1": "8 b n c c",
        "GELU": "8 b n c",
        "fc2": "8 b n c c",
        "output": "2 b n c",
    },
    "EVCBlock": {
        "Conv 7x7": "98 b n c c",
        "BatchNorm2d": "4 b n c",
        "ReLU": "b n c",
        "max-pool": "9 b n c",
        "output": "4 b n c c",
    },
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

STEPS = {kind.__name__: found for kind, found in BLOCKS.items()}


def steps(block: str, form: str) -> list[Step]:
    """Return the steps of a block; in the fast form, `FAST_STEPS` are the encoding."""
    found = list(STEPS[block])
    if form == "literal" or block != "LVCBlock":
        return found
    names = [step.name for step in found]
    start, end = names.index("residuals"), names.index("encoding") + 1
    return [*found[:start], *FAST_STEPS, *found[end:]]


def operations(block: str, step: str, form: str) -> list[str]:
    """Return the operations of a step of a block, as products of axes and numbers."""
    if step in STEPS:  # a block inside a block does what all of its steps do
        inside = [operations(step, inner.name, form) for inner in steps(step, form)]
        return sum(inside, [])
    made = FORMS[form] if block == "LVCBlock" else ()
    terms = [one.operations for one in made if one.step == step]
    terms += [OPERATIONS[block][step]] if step in OPERATIONS[block] else []
    return ", ".join(terms).split(", ") if terms else []


def data() -> dict:
    """Return all that the script shows or evaluates."""

    def described(block, step, form):
        return {
            "name": step.name,
            "pattern": step.pattern,
            "does": step.does,
            "takes": step.takes,
            "axes": step.axes,
            "parameters": [axes.strip() for axes in step.parameters.split(",") if axes],
            "operations": operations(block, step.name, form),
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
                form: [described(block, step, form) for step in steps(block, form)]
                for form in FORMS
            }
            for block in OPERATIONS
        },
        "made": {form: [asdict(one) for one in made] for form, made in FORMS.items()},
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
    forms = {"literal": "literal, as the article", "fast": "fast, as <code>lvc</code>"}
    presets = "".join(
        f'<button type="button" name="preset" value="{one.name}">{one.name}</button>'
        for one in PRESETS
    )
    controls = (
        f'<div class="presets" role="group" aria-label="Presets">{presets}</div>'
        f'<div class="fields">{"".join(map(_field, Sizes._fields))}</div>'
        '<div class="choices">'
        + _choice("block", "Block", {block: block for block in OPERATIONS})
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
        + "<h2>Literal against fast</h2><p>From the pixels to the encoding. Bytes are "
        "those of all tensors made on the way; not all are kept to the end.</p>"
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
            for form in FORMS
        )
        + "</details><h2>The same in Python</h2>"
        '<pre class="code" tabindex="0" aria-label="Python code"></pre>'
        '<p><button type="button" name="copy">Copy the code</button> '
        '<span class="copied" role="status"></span></p>'
    )
    static = "".join(
        f"<p><b>{block.__name__}</b> of the running example, {EXAMPLE}</p>"
        + figures.shape_table(EXAMPLE, block).data
        for block in BLOCKS
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
