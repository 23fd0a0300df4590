"""The house style of the figures: drawn from tensors, one colour per axis.

Each function returns HTML with inline SVG and alt text written from the same numbers.
Text and outlines take the colour of the page, so that every figure reads in light and
in dark.
"""

import base64
import io
import re
from html import escape
from pathlib import Path

import matplotlib.pyplot
import numpy as np
import torch
from IPython.display import HTML
from PIL import Image

import lvc
from lvc import LVCBlock
from lvc.axes import AXES, EXAMPLE, Sizes, split
from lvc.steps import LVC_STEPS, Step

# Okabe and Ito's palette, made for every kind of colour vision. n = h w has one colour.
COLOURS = {"b": "#009E73", "c": "#E69F00", "n": "#56B4E9", "k": "#CC79A7"}
COLOURS |= {"h": COLOURS["n"], "w": COLOURS["n"], "j": COLOURS["k"], "1": "#BBBBBB"}

STYLE = """<style>
.lvc, .lvc ol {display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .7rem;
  margin: .5rem 0; padding: 0; list-style: none; font-size: .9rem; line-height: 1.3}
.lvc figure {margin: 0; text-align: center; max-width: 100%}
.lvc figcaption {font-size: .9rem}
.lvc ol {gap: .3rem .2rem; align-items: end}
.lvc li {margin: 0; padding: 2px 3px; border: 2px solid transparent;
  border-radius: 6px}
.lvc li b {display: block; font-size: .7rem; font-weight: normal}
.lvc li[aria-current] {border-color: currentColor}
.lvc li[aria-current] b {font-weight: bold}
.lvc i {display: inline-block; font: 600 .8rem monospace; color: #000;
  border-radius: 3px; padding: 1px 4px; margin: 1px}
.lvc svg {display: block; margin: auto; max-width: 100%; height: auto;
  overflow: visible}
.lvc .cells svg {height: 20px}
.lvc figure svg text {font: 600 13px monospace}
.lvc .faces {fill: var(--pst-color-background, var(--jp-layout-color0, #fff));
  fill: color-mix(in srgb, currentColor 6%,
    var(--pst-color-background, var(--jp-layout-color0, #fff)));
  stroke: currentColor; stroke-width: .8}
.lvc img {image-rendering: pixelated; max-width: 100%}
.lvc .operator {font-size: 1.4rem}
.lvc.wide {overflow-x: auto}
.lvc .cells {flex: 1 1 100%; display: flex; flex-wrap: wrap;
  justify-content: space-between}
.lvc table {border-collapse: collapse; margin: 0; font-size: .85rem}
.lvc small {display: block; font-weight: normal}
.lvc code {background: none; border: 0; padding: 0; color: inherit}
.lvc td {min-width: 6.5em}
.lvc td, .lvc th {padding: 2px 6px; text-align: left; background: none}
</style>"""


def _html(label: str, body: str, role: str = "img") -> HTML:
    # Names of axes and steps hold no quotes, but a caller's text may.
    attributes = f'class="lvc" role="{role}" aria-label="{escape(label)}"'
    return HTML(f"{STYLE}<div {attributes}>{body}</div>")


def chips(axes: str, sizes: tuple[int, ...] | None = None) -> str:
    """Return the axes, each on its colour, with their sizes if given."""
    labels = names = [axis.replace(" ", "") for axis in split(axes)]
    if sizes:
        labels = [a if a == "1" else f"{a} {s}" for a, s in zip(names, sizes)]
    return "".join(
        f'<i style="background:{COLOURS[name[-1]]}">{label}</i>'
        for name, label in zip(names, labels)
    )


LITERAL = LVC_STEPS["literal"]


def pipeline(*current: str) -> HTML:
    """Draw the steps of LVCBlock, in the literal form, as one line of axis letters."""
    names = [step.name for step in LITERAL]
    unknown = set(current) - set(names)
    if unknown:
        raise ValueError(f"no such step: {', '.join(unknown)}; there are {names}")
    items = []
    for step in LITERAL:
        mark = ' aria-current="step"' if step.name in current else ""
        shape = ", ".join(map(str, step.shape(EXAMPLE)))
        items.append(
            f'<li{mark} title="{step.name} ({shape})">'
            f"<b>{step.name} </b>{chips(step.axes)}</li>"
        )
    here = " and ".join(current)
    arrow = '<li aria-hidden="true">→</li>'
    label = f"The {len(names)} steps of LVCBlock by their axes; this page: {here}"
    body = f'<ol aria-label="{escape(label)}">{arrow.join(items)}</ol>'
    return HTML(f'{STYLE}<div class="lvc">{body}</div>')


def table(label: str, head: list[str], rows: list[list]) -> HTML:
    """Return a table whose cells hold HTML; the first of a row is its heading."""
    titles = "".join(f"<th scope='col'>{title}</th>" for title in head)
    lines = ""
    for first, *rest in rows:
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        lines += f"<tr><th scope='row'>{first}</th>{cells}</tr>"
    body = f"<thead><tr>{titles}</tr></thead><tbody>{lines}</tbody>"
    scroll = f'class="lvc wide" tabindex="0" role="region" aria-label="{escape(label)}"'
    return HTML(f"{STYLE}<div {scroll}><table>{body}</table></div>")


def shape_table(sizes: Sizes, block: type = LVCBlock, form: str = "literal") -> HTML:
    """Return the table of shapes of a block, with the axes on their colours."""
    shapes, rows = lvc.shape_table(sizes, block, form), []
    for row in shapes.rows:
        step, count = row.step, row.parameters
        name = f"{step.name}<small>{step.does}</small>"
        name += f"<small><code>{step.pattern}</code></small>"
        made = chips(step.axes, row.shape)
        rows.append([name, made, f"{count:,}" if count else ""])
    rows.append(["in all", "", f"{shapes.parameters:,}"])
    head = [shapes.title, "what comes out", "parameters"]
    return table(f"Table of shapes of {shapes.title}", head, rows)


def axes_table() -> HTML:
    """Return the table of the axes and their colours."""
    known = EXAMPLE._asdict() | {"n": EXAMPLE.h * EXAMPLE.w}
    rows = [[chips(axis), meaning, known[axis]] for axis, meaning in AXES.items()]
    return table("Axes", ["axis", "counts", "in the running example"], rows)


def equation(*parts) -> HTML:
    """Draw tensors as boxes in a row, with operators between them.

    Each part is an operator, such as '-', a step of the table of shapes, or a triple
    (name, tensor, axes), where axes is 'b n c' or the like.
    """
    drawn = []
    for part in map(_named_shape, parts):
        if isinstance(part, str):
            drawn.append(f'<span class="operator">{escape(part)}</span>')
        else:
            name, shape, axes = part
            caption = f"<figcaption>{escape(name)}</figcaption>"
            drawn.append(f"<figure>{_box(axes.split(), shape)[0]}{caption}</figure>")
    return _html(in_words(*parts), "".join(drawn))


def in_words(*parts) -> str:
    """Return the alt text of an equation: its operators, names, axes and sizes."""
    words = []
    for part in map(_named_shape, parts):
        if isinstance(part, str):
            words.append(part)
        else:
            name, shape, axes = part
            sizes = ", ".join(f"{a} {s}" for a, s in zip(axes.split(), shape))
            words.append(f"{name} with axes {sizes}")
    return "Boxes: " + " ".join(words)


def _named_shape(part) -> str | tuple[str, tuple[int, ...], str]:
    if isinstance(part, Step):
        return part.name, part.shape(EXAMPLE), part.axes
    if isinstance(part, tuple):
        name, tensor, axes = part
        return name, tuple(tensor.shape), axes
    return part


def picture(*rows) -> str:
    """Return rows of parts, as for `equation`, as the text of one SVG file."""
    drawn, top, right = [], 0, 0
    for row in rows:
        parts = [_named_shape(part) for part in row]
        boxes = [
            None if isinstance(p, str) else _box(p[2].split(), p[1]) for p in parts
        ]
        tallest = max(box[1][1] for box in boxes if box)
        left = 0
        for part, box in zip(parts, boxes):
            if box is None:
                at = f'x="{left + 14}" y="{top + tallest / 2 + 6:.0f}"'
                drawn.append(f'<text class="operator" {at}>{escape(part)}</text>')
                left += 40
            else:
                svg, (width, height) = box
                y = top + (tallest - height) // 2
                drawn.append(svg.replace("<svg", f'<svg x="{left}" y="{y}"', 1))
                at = f'x="{left + width / 2:.0f}" y="{y + height + 16}"'
                drawn.append(f'<text class="caption" {at}>{escape(part[0])}</text>')
                left += width
        top, right = top + tallest + 40, max(right, left)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -5 {right + 20} {top}" '
        f'width="{right + 20}" height="{top}" color="#222">{FILE_STYLE}'
        f"{''.join(drawn)}</svg>\n"
    )


FILE_STYLE = """<style>text {font: 600 13px monospace}
.faces {fill: #f2f2f2; stroke: currentColor; stroke-width: .8}
.caption {font: 14px sans-serif; text-anchor: middle; fill: currentColor}
.operator {font: 20px sans-serif; fill: currentColor}
@media (prefers-color-scheme: dark) {
svg {color: #ddd} .faces {fill: #22272e}}</style>"""


def steps(*names: str) -> list[Step | str]:
    """Return the steps with these names; what is no step's name is an operator."""
    by_name = {step.name: step for step in LITERAL}
    return [by_name.get(name, name) for name in names]


BLOCK = (
    steps("input", "→", "ConvBlock", "→", "pixels", "→", "residuals"),
    steps(
        "→",
        "assignment weights",
        "→",
        "encoding",
        "→",
        "gate",
        "→",
        "output",
    ),
)


# Which way an axis is drawn: pixels go down, channels right, codewords into the depth;
# in a map, rows go down, columns right, channels into the depth; images are copies.
PIXEL_LIST = {"b": "copies", "n": "down", "k": "depth", "c": "right"}
MAP = {"b": "copies", "h": "down", "c": "depth", "w": "right"}
STEPS = {
    "down": (0, 10),
    "right": (10, 0),
    "depth": (7, -4.5),
    "copies": (-3, 3),
}


def _box(axes: list[str], shape: tuple[int, ...]) -> tuple[str, tuple[int, int]]:
    """Return a box whose edges are as long as the roots of the sizes, and its size."""
    ways = PIXEL_LIST if len(axes) < 4 or {"n", "k"} & {*axes} else MAP
    taken = [ways.get(axis) for axis in axes]
    free = [way for way in ways.values() if way not in taken]
    # An axis of size 1 has no way of its own and takes a free one.
    way_of = [way or free.pop(0) for way in taken]
    size = dict(zip(way_of, shape))
    edge = {
        way: np.array(step) * size.get(way, 0) ** 0.5 for way, step in STEPS.items()
    }
    down, right, depth = edge["down"], edge["right"], edge["depth"]
    zero = np.zeros(2)
    front = np.array(STEPS["copies"]) * (min(size.get("copies", 1), 6) - 1)
    faces = [
        (zero, down, right),
        (zero, right, depth),
        (right, down, depth),
    ]
    polygons = []
    for copy in np.linspace(zero, front, max(1, min(size.get("copies", 1), 6))):
        for start, one, other in faces:
            corners = np.cumsum([copy + start, one, other, -one], axis=0)
            polygons.append(f'<polygon points="{_points(corners)}"/>')

    lines = {
        "down": (front, front + down),
        "right": (front + down, front + down + right),
        "depth": (front + right, front + right + depth),
    }
    labels, extent = [], [front, front + down + right, depth, right + depth]
    left_of_all = front[0] - 5
    for way, axis, length in zip(way_of, axes, shape):
        text = axis if axis == "1" else f"{axis} {length}"
        if way == "down":
            at = (left_of_all, front[1] + down[1] / 2 + 4), "end"
        elif way == "right":
            at = (
                (front[0] + right[0] / 2, front[1] + down[1] + 19),
                "middle",
            )
        elif way == "depth":
            at = (right[0] + depth[0] + 5, depth[1] + 4), "start"
        else:
            beyond = max(0, (_width("c 32") - right[0]) / 2) if "right" in size else 0
            at = (
                (left_of_all - beyond, front[1] + max(down[1] + 19, 28)),
                "end",
            )
        if way in lines:
            labels.append(
                f'<polyline points="{_points(lines[way])}" stroke="{COLOURS[axis]}"/>'
            )
        chip, corners = _label(text, *at, COLOURS[axis])
        labels.append(chip)
        extent += corners

    low, high = np.min(extent, axis=0) - 2, np.max(extent, axis=0) + 2
    view = " ".join(f"{value:.0f}" for value in (*low, *(high - low)))
    width, height = (int(side) for side in (high - low).round())
    svg = (
        f'<svg aria-hidden="true" viewBox="{view}" width="{width}" height="{height}">'
        f'<g class="faces">{"".join(polygons)}</g>'
        f'<g fill="none" stroke-width="4">{"".join(labels)}</g></svg>'
    )
    return svg, (width, height)


def _points(points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _width(text: str) -> int:
    return 8 * len(text) + 6


def _label(text: str, at, anchor: str, colour: str) -> tuple[str, list]:
    """Return a chip of an axis, and two of its corners."""
    (x, y), width = at, _width(text)
    left, top = (
        x - {"start": 0, "middle": 0.5, "end": 1}[anchor] * width,
        y - 13,
    )
    chip = (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width}" height="17" rx="3" '
        f'fill="{colour}"/>'
        f'<text x="{left + 3:.1f}" y="{y:.1f}" fill="#000">{text}</text>'
    )
    return chip, [(left, top), (left + width, top + 17)]


def images(*panels, size: int, dark: str = "dark", light: str = "light") -> HTML:
    """Draw arrays as pictures in a row: (h w 3) colours in 0..1, or (h w) values.

    Each panel is a pair (caption, array). Values run from dark, the least of the panel,
    to light, the greatest, and `dark` and `light` say what that means. The longer side
    of a picture is `size` CSS pixels.
    """
    drawn, words = [], []
    for caption, values in panels:
        array = _array(values)
        low, high = (0, 1) if array.ndim == 3 else (array.min(), array.max())
        file = io.BytesIO()
        # BMP has no compression that could differ from machine to machine.
        Image.fromarray(_levels(array, low, high)).save(file, "BMP")
        data = base64.b64encode(file.getvalue()).decode()
        extent = ""
        if array.ndim == 2:
            extent = f", {dark} {low:.3g} to {light} {high:.3g}"
        rows, columns = array.shape[:2]
        zoom = size / max(rows, columns)
        drawn.append(
            f'<figure><img alt="" src="data:image/bmp;base64,{data}" '
            f'width="{columns * zoom:.0f}" height="{rows * zoom:.0f}">'
            f"<figcaption>{caption}<small>{extent[2:]}</small></figcaption></figure>"
        )
        words.append(f"{_plain(caption)}, {rows} by {columns}{extent}")
    return _html("Pictures: " + "; ".join(words), "".join(drawn))


def channels(*rows) -> HTML:
    """Draw vectors as rows of cells, all on one range from dark (low) to light (high).

    Each row is a triple (caption, vector, note at its end).
    """
    vectors = [_array(vector) for _, vector, _ in rows]
    low, high = min(map(np.min, vectors)), max(map(np.max, vectors))
    drawn, words = [], []
    for (caption, _, note), vector in zip(rows, vectors):
        cells = "".join(
            f'<rect x="{x}" width="1" height="1" fill="rgb({v},{v},{v})"/>'
            for x, v in enumerate(_levels(vector, low, high))
        )
        drawn.append(
            f'<div class="cells"><span>{caption}</span><span>{note}</span>'
            f'<svg aria-hidden="true" viewBox="0 0 {len(vector)} 1" width="100%" '
            f'height="20" preserveAspectRatio="none">{cells}</svg></div>'
        )
        words.append(
            f"{_plain(caption)}, {len(vector)} numbers from {vector.min():.3f} "
            f"to {vector.max():.3f}, {_plain(note)}".rstrip(", ")
        )
    drawn.append(f"<small>dark {low:.2f}, light {high:.2f}</small>")
    return _html("Rows of cells: " + "; ".join(words), "".join(drawn))


def _array(values) -> np.ndarray:
    return torch.as_tensor(values).detach().cpu().double().numpy()


def _levels(array: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.round(255 * (array - low) / (high - low)).astype(np.uint8)


def _plain(text: str) -> str:
    return re.sub("<[^>]+>", "", text).strip()


def swatch(colour) -> str:
    """Return a small square of an RGB colour given as three numbers in 0..1."""
    red, green, blue = (round(255 * float(value)) for value in colour)
    return (
        f'<span style="display:inline-block;width:.9em;height:.9em;border:1px solid;'
        f'background:rgb({red},{green},{blue})"></span>'
    )


INK = "#123456"  # stands for the page's text colour until the SVG is written
matplotlib.rcParams |= {
    # The palette's remaining colours: those of the axes keep their meaning.
    "axes.prop_cycle": matplotlib.cycler(color=["#0072B2", "#D55E00", "#888888"]),
    "svg.hashsalt": "lvc",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "figure.figsize": (6, 3.2),
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def plot(figure, alt: str) -> HTML:
    """Return a matplotlib figure as inline SVG in the page's colours, and close it."""
    file = io.StringIO()
    figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    matplotlib.pyplot.close(figure)
    svg = file.getvalue()[file.getvalue().index("<svg") :]
    svg = svg.replace(INK, "currentColor").replace("<svg", '<svg aria-hidden="true"', 1)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)
    return _html(alt, svg)


if __name__ == "__main__":  # the picture in the README
    Path(__file__).parents[1].joinpath("_static", "block.svg").write_text(
        picture(*BLOCK)
    )
