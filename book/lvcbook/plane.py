"""The plane of two channels: pixels and codewords to drag, with weights and encoding.

`figure` draws the start state whole, as a picture with alt text. In the built book
`web/plane.js` takes over and draws the same marks at the reader's positions.
"""

import json
from math import hypot

import torch
from IPython.display import HTML

import lvc
from lvcbook.figures import COLOURS, chips
from lvcbook.markup import render, styled

# n pixels and k codewords with 2 channels from 0 to 1, and a scale for each codeword.
START = {
    "pixels": [[0.1, 0.75], [0.25, 0.5], [0.45, 0.6], [0.6, 0.85], [0.9, 0.25]],
    "codewords": [[0.2, 0.25], [0.4, 0.9], [0.75, 0.5]],
    "scale": [-10, -10, -10],
}
SIDE = 300  # of the picture, so that a hundredth is a whole number of units
SHADES = ["#0072B2", "#D55E00", "#888888"]  # what is not an axis


def start() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the pixels (1 n c), codewords (k c) and scales (k), in float64."""
    x, codewords, scale = (
        torch.tensor(values, dtype=torch.float64) for values in START.values()
    )
    return x[None], codewords, scale


def figure(emphasis: str) -> HTML:
    """Draw the start state. `emphasis`, "weights" or "encoding", is what stands out."""
    x, codewords, scale = start()
    weights = lvc.scaled_l2(x, codewords, scale).softmax(dim=-1)[0].tolist()
    residual = lvc.reference.residuals(x, codewords)[0].tolist()
    encoding = lvc.encode(x, codewords, scale)[0].tolist()

    places = [*map(_on_picture, START["pixels"] + START["codewords"])]
    marks = [f"{x:.1f} {y:.1f}" for x, y in places]
    pixels = [
        {
            "place": marks[n],
            "chip": chips("n", (n,)),
            "sum": sum(row),
            "slices": [
                {
                    "shade": shade,
                    "weight": row[k],
                    "offset": -sum(row[:k]),
                    "residual": residual[n][k],
                }
                for k, shade in enumerate(SHADES)
            ],
        }
        for n, row in enumerate(weights)
    ]
    codewords = [
        {
            "place": marks[len(pixels) + k],
            "chip": chips("k", (k,)),
            "shade": shade,
            "scale": START["scale"][k],
            "sum": sum(row[k] for row in weights),
            "encoding": encoding[k],
            "arrow": _arrow(tail, [value / len(pixels) for value in encoding[k]]),
        }
        for k, (shade, tail) in enumerate(zip(SHADES, START["codewords"]))
    ]
    pairs = [
        {
            "shade": SHADES[k],
            "residual": _arrow(tail, residual[n][k]),
            "weighted": _arrow(tail, [row[k] * value for value in residual[n][k]]),
        }
        for n, row in enumerate(weights)
        for k, tail in enumerate(START["codewords"])
    ]
    page = render(
        "plane.html",
        emphasis=emphasis,
        alt=f"Plot: {_in_words(weights, encoding)[emphasis]}",
        data=json.dumps(START | {"side": SIDE}),
        side=SIDE,
        colours=COLOURS,
        number=number,
        vector=vector,
        pixels=pixels,
        codewords=codewords,
        pairs=pairs,
    )
    return styled(HTML(page), "plane.css")


def number(value: float) -> str:
    """Return a number with two digits, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def vector(values: list[float]) -> str:
    return ", ".join(map(number, values))


def _in_words(weights, encoding) -> dict[str, str]:
    pixels = (
        f"pixel {n} at ({vector(place)}) with the weights {vector(row)}"
        for n, (place, row) in enumerate(zip(START["pixels"], weights))
    )
    codewords = (
        f"codeword {k} at ({vector(place)}) with the encoding ({vector(e)})"
        for k, (place, e) in enumerate(zip(START["codewords"], encoding))
    )
    return {"weights": "; ".join(pixels), "encoding": "; ".join(codewords)}


def _on_picture(place: list[float]) -> tuple[float, float]:
    return SIDE * place[0], SIDE * (1 - place[1])


def _arrow(tail: list[float], vector: list[float]) -> str:
    """Return the path of an arrow, without a head that would be longer than itself."""
    x, y = _on_picture(tail)
    dx, dy = SIDE * vector[0], -SIDE * vector[1]
    share = 9 / max(hypot(dx, dy), 9)  # of the length that is head
    tip, back = (x + dx, y + dy), (x + dx - share * dx, y + dy - share * dy)
    points = [
        (x, y),
        tip,
        (back[0] - share * dy / 2, back[1] + share * dx / 2),
        tip,
        (back[0] + share * dy / 2, back[1] - share * dx / 2),
    ]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
