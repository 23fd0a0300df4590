"""Tensors as boxes, and a page's equations of them."""

from dataclasses import dataclass

import numpy as np
from IPython.display import HTML

from lvc.axes import EXAMPLE
from lvc.steps import Step
from lvcbook.figures.chips import COLOURS, named
from lvcbook.markup import macros

# Which way an axis is drawn: pixels go down, channels right, codewords into the depth;
# in a map, rows go down, columns right, channels into the depth; images are copies.
PIXEL_LIST = {"b": "copies", "n": "down", "k": "depth", "c": "right"}
MAP = {"b": "copies", "h": "down", "c": "depth", "w": "right"}
UNIT = {"down": (0, 10), "right": (10, 0), "depth": (7, -4.5), "copies": (-3, 3)}


def equation(*parts) -> HTML:
    """Draw tensors as boxes in a row, with operators between them.

    Each part is an operator, such as '-', a step of the table of shapes, or a triple
    (name, tensor, axes), where axes is 'b n c' or the like.
    """
    drawn = [
        part
        if isinstance(part, str)
        else {"name": part[0], "box": box(part[2].split(), part[1])}
        for part in map(_named_shape, parts)
    ]
    return HTML(macros("figures.html").equation(in_words(*parts), drawn))


def in_words(*parts) -> str:
    """Return the alt text of an equation: its operators, names, axes and sizes."""
    words = [
        part if isinstance(part, str) else with_sizes(*part)
        for part in map(_named_shape, parts)
    ]
    return "Boxes: " + " ".join(words)


def with_sizes(name: str, shape: tuple[int, ...], axes: str) -> str:
    """Return a tensor in words."""
    sizes = ", ".join(f"{a} {s}" for a, s in zip(axes.split(), shape))
    return f"{name} with axes {sizes}"


def _named_shape(part) -> str | tuple[str, tuple[int, ...], str]:
    if isinstance(part, Step):
        return part.name, part.shape(EXAMPLE), part.axes
    if isinstance(part, tuple):
        name, tensor, axes = part
        return name, tuple(tensor.shape), axes
    return part


@dataclass(frozen=True)
class Label:
    """An axis and its size on the colour of the axis, and the edge that it names."""

    text: str
    colour: str
    left: float
    top: float
    edge: str

    @property
    def width(self) -> int:
        return _width(self.text)

    def corners(self) -> list[tuple[float, float]]:
        below = self.left + self.width, self.top + 17
        return [(self.left, self.top), below]


@dataclass(frozen=True)
class Box:
    """What is drawn of a tensor; `width` and `height` are those of the drawing."""

    view: str
    width: int
    height: int
    faces: list[str]
    labels: list[Label]


def box(axes: list[str], shape: tuple[int, ...], unit: float = 1) -> Box:
    """Return a box whose edges are as long as the roots of the sizes, times `unit`."""
    ways = PIXEL_LIST if len(axes) < 4 or {"n", "k"} & {*axes} else MAP
    taken = [ways.get(axis) for axis in axes]
    free = [way for way in ways.values() if way not in taken]
    # An axis of size 1 has no way of its own and takes a free one.
    way_of = [way or free.pop(0) for way in taken]
    size = dict(zip(way_of, shape))
    edge = {
        way: unit * np.array(one) * size.get(way, 0) ** 0.5 for way, one in UNIT.items()
    }
    down, right, depth = edge["down"], edge["right"], edge["depth"]
    copies = max(1, min(size.get("copies", 1), 6))
    front = np.array(UNIT["copies"]) * (copies - 1)
    faces = [
        _points(np.cumsum([copy + start, one, other, -one], axis=0))
        for copy in np.linspace(0 * front, front, copies)
        for start, one, other in (
            (0 * front, down, right),
            (0 * front, right, depth),
            (right, down, depth),
        )
    ]
    lines = {
        "down": _points([front, front + down]),
        "right": _points([front + down, front + down + right]),
        "depth": _points([front + right, front + right + depth]),
        "copies": "",
    }
    left_of_all = front[0] - 5
    beyond = max(0, (_width("c 32") - right[0]) / 2) if "right" in size else 0
    # Where a label stands, and how much of its width is left of that place.
    places = {
        "down": (left_of_all, front[1] + down[1] / 2 + 4, 1),
        "right": (front[0] + right[0] / 2, front[1] + down[1] + 19, 0.5),
        "depth": (right[0] + depth[0] + 5, depth[1] + 4, 0),
        "copies": (left_of_all - beyond, front[1] + max(down[1] + 19, 28), 1),
    }
    labels = []
    for way, axis, length in zip(way_of, axes, shape):
        (x, y, share), text = places[way], named(axis, length)
        left, top = x - share * _width(text), y - 13
        labels.append(Label(text, COLOURS[axis], left, top, lines[way]))

    extent = [front, front + down + right, depth, right + depth]
    extent += [corner for label in labels for corner in label.corners()]
    low, high = np.min(extent, axis=0) - 2, np.max(extent, axis=0) + 2
    view = " ".join(f"{value:.0f}" for value in (*low, *(high - low)))
    width, height = (int(side) for side in (high - low).round())
    return Box(view, width, height, faces, labels)


def _points(points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _width(text: str) -> int:
    return 8 * len(text) + 6
