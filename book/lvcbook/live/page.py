"""The page "The block on your picture": its HTML, with what its scripts need as data.

`page` draws the start state whole, as a still. In the built book the scripts of
`web/live/` take over when the reader asks for it.
"""

import base64
import io
import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from IPython.display import HTML
from PIL import Image, ImageColor

from lvc.axes import factors
from lvc.steps import STEPS
from lvcbook import figures
from lvcbook.live import block
from lvcbook.markup import Markup, render, styled

FILE = Path(__file__).parents[2] / "web" / "live" / "photographs.js"


class Photograph(NamedTuple):
    """A photograph that comes along, all of them from scikit-image."""

    title: str
    source: str


PHOTOGRAPHS = {
    "chelsea": Photograph("Cat", "Chelsea, by Stefan van der Walt, CC0"),
    "astronaut": Photograph("Astronaut", "Eileen Collins, by NASA, public domain"),
    "coffee": Photograph("Coffee", "Pikolo Espresso Bar, by Rachel Michetti, CC0"),
    "rocket": Photograph("Rocket", "Launch of DSCOVR, by SpaceX, public domain"),
    "coins": Photograph(
        "Coins", "Greek coins from Pompeii, Brooklyn Museum, no known restrictions"
    ),
    "gravel": Photograph("Gravel", "Gravel04, CC0Textures, CC0"),
}
SIZES = {64: "64 pixels", 128: "128 pixels", 256: "256 pixels"}
START = {
    "picture": "chelsea",
    "size": 128,
    "trial": "",
    "t": 1,
    "pixel": [18, 22],
    "codeword": 2,
    "channel": 14,
    "stop": 0,
}
OFF = -1e6  # a scale so far below 0 that its codeword has the weight 0
STRONG = 4  # what the trial with t begins with
# What the views show, and the step that makes it.
SHOWN = {
    "before": "ConvBlock",
    "map": "ReLU",
    "residual": "residuals",
    "distance": "squared distance",
    "score": "scaled_l2",
    "weight": "assignment weights",
    "encoding": "encoding",
    "gate": "gate",
    "after": "output",
}
LUMINANCE = [0.2125, 0.7154, 0.0721]  # scikit-image's


def names_between(form: str) -> list[str]:
    """Return the steps from the pixels, which are a view, to the encoding."""
    after = block.names(form)[1]
    return after[after.index("pixels") + 1 : after.index("encoding") + 1]


def data() -> dict:
    """Return all that the scripts show or look up."""
    steps = {step.name: step for step in STEPS["LVCBlock"]["literal"]}
    return {
        "start": START,
        "sizes": [*SIZES],
        "yours": "yours",
        "pictures": {name: {"name": one.title} for name, one in PHOTOGRAPHS.items()},
        "colours": figures.COLOURS,
        "paint": ImageColor.getrgb(figures.COLOURS["k"]),
        "split": block.SPLIT,
        "steps": SHOWN,
        "shown": [name for name in SHOWN.values() if name != block.SPLIT],
        "axes": {
            view: [axis for [axis] in factors(steps[name].axes)]
            for view, name in SHOWN.items()
        }
        | {"picture": ["1", "1", "h", "w"]},
        "made": {form: names_between(form) for form in block.FORMS},
        "off": OFF,
        "t": STRONG,
    }


def grey(name: str, size: int) -> torch.Tensor:
    """Return a photograph in grey from 0 to 1, as (1 1 h w), in float64."""
    files = json.loads(FILE.read_text().partition("=")[2].strip("; \n"))
    photo = Image.open(io.BytesIO(base64.b64decode(files[name]))).convert("RGB")
    photo.thumbnail((size, size))
    levels = torch.from_numpy(np.asarray(photo) / 255)
    return rearrange(levels @ torch.tensor(LUMINANCE).double(), "h w -> 1 1 h w")


@cache
def start() -> dict[str, torch.Tensor]:
    """Return every step of the start state, by its name, in float64."""
    network = deepcopy(block.network("trained")).double()
    picture = grey(START["picture"], START["size"])
    made = block.run(network, picture)
    share = block.pixels_in_training(network) / made[block.SPLIT][0, 0].numel()
    made = block.run(network, picture, share=torch.tensor(share))
    return made | {"picture": picture}


def still() -> Markup:
    """Draw the start state, for a reader who has not loaded the block."""
    made = start()
    (row, column), k, c = START["pixel"], START["codeword"], START["channel"]
    h, w = made["ReLU"].shape[2:]
    weights = rearrange(made["assignment weights"][0], "(h w) k -> h w k", h=h)
    pictures = figures.images(
        (f"{PHOTOGRAPHS[START['picture']].title}, in grey", made["picture"][0, 0]),
        (f"Feature map, channel {c}", made["ReLU"][0, c]),
        (f"Weights of codeword {k}", weights[..., k]),
        ("Encoding, a row for each codeword", made["encoding"][0]),
        (f"After the gate, channel {c}", made["output"][0, c]),
        size=150,
    )
    here = weights[row, column]
    place = f"row {row}, column {column}"
    weights = figures.vectors(
        (f"Weights of the pixel in {place}", here, f"sum {here.sum():.2f}")
    )
    factors = figures.vectors(("1 + gate", 1 + made["gate"][0], "one for each channel"))
    return Markup(pictures.data) + Markup(weights.data) + Markup(factors.data)


def page() -> HTML:
    """Return the page. Without its scripts it shows the start state."""
    _, trained = block.parts(block.network("trained"))
    content = json.dumps(data(), ensure_ascii=False, separators=(",", ":"))
    shown = render(
        "live.html",
        photographs=PHOTOGRAPHS,
        sizes=SIZES,
        start=START,
        channels=trained.channels,
        codes=trained.num_codes,
        pixels=block.pixels_in_training(block.network("trained")),
        colours=figures.COLOURS,
        still=still(),
        data=Markup(content.replace("<", "\\u003c")),
    )
    return styled(HTML(shown))
