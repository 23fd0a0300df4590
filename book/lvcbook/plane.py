"""The playable step: pixels and codewords to drag, with weights, residuals and E.

`figure` draws the start state whole, as a picture with alt text. In the built book
`web/plane.js` takes over and draws the same marks at the reader's positions.
"""

import json
from html import escape
from math import hypot

import torch
from IPython.display import HTML

import lvc
from lvcbook.figures import COLOURS, STYLE, chips

# n pixels and k codewords with 2 channels from 0 to 1, and a scale for each codeword.
START = {
    "pixels": [[0.1, 0.75], [0.25, 0.5], [0.45, 0.6], [0.6, 0.85], [0.9, 0.25]],
    "codewords": [[0.2, 0.25], [0.4, 0.9], [0.75, 0.5]],
    "scale": [-10, -10, -10],
}
SIDE = 300  # of the picture, so that a hundredth is a whole number of units
SHADES = ["#0072B2", "#D55E00", "#888888"]  # what is not an axis, as in figures.py

PLAY_STYLE = """<style>
.lvc.play {align-items: start; justify-content: center; gap: .5rem 1rem}
.play figure, .play figure + div {flex: 1 1 320px; max-width: 360px; min-width: 0}
.play svg {width: 100%; user-select: none; -webkit-user-select: none}
.play svg path, .play .frame, .play .slice {fill: none}
.play .frame {stroke: currentColor; opacity: .4}
.play .residual {stroke-dasharray: 2 4; opacity: .6}
.play .weighted {stroke-width: 1.5}
.play .encoding {stroke: currentColor; stroke-width: 3; pointer-events: none}
.play.with-weights .encoding {stroke-width: 2; opacity: .6}
.play .slice {stroke-width: 10}
.play .outline {stroke: currentColor; stroke-width: 1.5}
.play .grip {fill: transparent; stroke: none}
.play[data-live] .point {cursor: grab; outline: none}
.play .point:focus-visible {outline: 3px solid currentColor !important}
.play fieldset {border: 0; margin: 0; padding: 0; min-width: 0}
.play label {display: flex; align-items: center; gap: .5rem; min-height: 1.75rem}
.play input {flex: 1; min-width: 0; accent-color: #0072B2}
.play .value {font: 600 .8rem monospace; width: 3rem; text-align: right}
.play button {font: inherit; color: inherit; background: none; padding: 2px 10px;
  border: 1px solid currentColor; border-radius: 4px}
.play fieldset:disabled button {display: none}
.play p {margin: .3rem 0; min-height: 2.6em}
.play table {width: 100%; table-layout: fixed; font-variant-numeric: tabular-nums}
.play thead td, .play thead th:last-child {width: 2.7rem}
.play caption {caption-side: top; color: inherit; padding: 0; font-size: .85rem}
.lvc.play td {min-width: 0; white-space: nowrap; font-size: .8rem; line-height: 1.2}
.lvc.play td, .lvc.play th {padding: 2px 3px}
.play td small, .play .vector {font-size: .72rem}
.play .pair {background: linear-gradient(var(--shade) 0 0) no-repeat 0 100%;
  background-size: calc(100% * var(--weight)) 3px}
.play.with-encoding .pair b {font-weight: normal}
.play.with-encoding .vector, .play.with-weights .sum {font-weight: bold}
.play tfoot tr:first-child > * {border-top: 1px solid}
</style>"""


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

    alt = f"Plot: {_in_words(weights, encoding)[emphasis]}"
    data = escape(json.dumps(START | {"side": SIDE}))
    return HTML(
        f'{STYLE}{PLAY_STYLE}<div class="lvc play with-{emphasis}" data-play="{data}">'
        f"<figure>{_svg(alt, weights, residual, encoding)}"
        "<figcaption>Circles are pixels, each a pie of its weights; squares are "
        "codewords. Dashed: residuals. Thin arrows: the same times their weights. "
        f"Thick: <b>e</b> / {len(weights)}.</figcaption></figure>"
        f"<div>{_controls()}{_table(weights, residual, encoding)}</div></div>"
    )


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


def _svg(alt, weights, residual, encoding) -> str:
    dashed, thin, thick, points = "", "", "", ""
    for a, r in zip(weights, residual):
        for k, tail in enumerate(START["codewords"]):
            stroke = f'stroke="{SHADES[k]}"'
            dashed += f'<path class="residual" {stroke} d="{_arrow(tail, r[k])}"/>'
            pull = [a[k] * value for value in r[k]]
            thin += f'<path class="weighted" {stroke} d="{_arrow(tail, pull)}"/>'
    for tail, e in zip(START["codewords"], encoding):
        mean = [value / len(weights) for value in e]
        thick += f'<path class="encoding" d="{_arrow(tail, mean)}"/>'
    for n, (place, a) in enumerate(zip(START["pixels"], weights)):
        slices = "".join(
            f'<circle class="slice" r="5" pathLength="1" stroke="{shade}" '
            f'stroke-dasharray="{share:.3f} 1" stroke-dashoffset="{-sum(a[:k]):.3f}"/>'
            for k, (share, shade) in enumerate(zip(a, SHADES))
        )
        outline = '<circle class="outline" r="10" fill="none"/>'
        points += _point("n", n, place, slices + outline, -14)
    for k, place in enumerate(START["codewords"]):
        square = '<rect class="outline" x="-8" y="-8" width="16" height="16"'
        points += _point("k", k, place, f'{square} fill="{SHADES[k]}"/>', 26)
    axes = _chip("c", 0, SIDE - 15, SIDE + 17) + _chip("c", 1, -15, 13)
    return (
        f'<svg role="img" aria-label="{alt}" viewBox="-32 -30 364 362">'
        f'<rect class="frame" width="{SIDE}" height="{SIDE}"/>'
        f"{axes}{dashed}{thin}{points}{thick}</svg>"
    )


def _point(axis: str, index: int, place: list[float], mark: str, below: int) -> str:
    """Return a mark with a chip and a grip of 32 units, which a finger can hold."""
    x, y = _on_picture(place)
    return (
        f'<g class="point" transform="translate({x:.1f} {y:.1f})">'
        f'<circle class="grip" r="16"/>{mark}{_chip(axis, index, 0, below)}</g>'
    )


def _chip(axis: str, index: int, x: int, y: int) -> str:
    box = f'x="{x - 15}" y="{y - 13}" width="30" height="17" rx="3"'
    return (
        f'<rect {box} fill="{COLOURS[axis]}"/><text x="{x}" y="{y}" fill="#000" '
        f'text-anchor="middle">{axis} {index}</text>'
    )


def _controls() -> str:
    sliders = "".join(
        f"<label>{chips('k', (k,))} scale <input type='range' min='-20' max='20' "
        f"step='0.5' value='{scale}'><span class='value'>{scale:.1f}</span></label>"
        for k, scale in enumerate(START["scale"])
    )
    return (
        f'<fieldset disabled aria-label="Scales">{sliders}'
        '<button type="button">Reset</button></fieldset><p aria-live="polite"></p>'
    )


def _table(weights, residual, encoding) -> str:
    heads = "".join(
        f"<th scope='col'>{chips('k', (k,))}</th>" for k in range(len(encoding))
    )
    rows = ""
    for n, (a, r) in enumerate(zip(weights, residual)):
        pairs = "".join(
            f"<td class='pair' style='--shade:{shade};--weight:{a[k]:.3f}'>"
            f"<b>{number(a[k])}</b><small>{vector(r[k])}</small></td>"
            for k, shade in enumerate(SHADES)
        )
        rows += f"<tr><th scope='row'>{chips('n', (n,))}</th>{pairs}"
        rows += f"<td class='sum'>{number(sum(a))}</td></tr>"
    totals = "".join(f"<td class='total'>{number(sum(a))}</td>" for a in zip(*weights))
    vectors = "".join(f"<td class='vector'>{vector(e)}</td>" for e in encoding)
    return (
        "<table><caption>Weights, with the residuals below them, and the encoding "
        f"<b>e</b></caption><thead><tr><td></td>{heads}<th scope='col'>sum</th></tr>"
        f"</thead><tbody>{rows}</tbody><tfoot>"
        f"<tr><th scope='row'>sum</th>{totals}<td></td></tr>"
        f"<tr><th scope='row'>e</th>{vectors}<td></td></tr></tfoot></table>"
    )
