"""Networks as boxes and arrows, in rows: those of a detector are its strides."""

from dataclasses import dataclass

import numpy as np
from IPython.display import HTML

from lvcbook.markup import macros

PITCH, BOX = (92, 58), (78, 24)  # from one box to the next, and of a box
BEND = 19  # how far an arrow goes above the boxes that it passes
MARGIN = 2, BEND


@dataclass(frozen=True)
class Module:
    """A box: its text, its place, and whether it is what the picture is about.

    `lane` tells rows of the same stride apart.
    """

    name: str
    column: int
    row: int
    marked: bool = False
    lane: int = 0

    def __str__(self) -> str:
        return f"{self.name} at stride {self.row}"


def networks(*panels) -> HTML:
    """Draw networks side by side, or one below the other where there is no room.

    A panel is (title, modules, chains): modules are `Module`s by a key, and a chain is
    keys with arrows: "a → b → c" says that b reads a, and c reads b. The alt text says
    what stands around the marked module, at which stride, or, without one, all chains.
    """
    drawn = [_drawn(*panel) for panel in panels]
    label = "Networks: " + ". ".join(_in_words(*panel) for panel in panels)
    return HTML(macros("figures.html").networks(label, drawn))


def edges(chains) -> list[tuple[str, str]]:
    """Return who is read by whom, as pairs of keys."""
    keys = [chain.split(" → ") for chain in chains]
    return [pair for chain in keys for pair in zip(chain, chain[1:])]


def _in_words(title, modules, chains) -> str:
    marked = [key for key, module in modules.items() if module.marked]
    if not marked:
        names = [[modules[key].name for key in c.split(" → ")] for c in chains]
        whole = "; ".join(map(" → ".join, names))
        return f"{title}, {len(modules)} modules, {whole}"
    (key,) = marked
    sources = [str(modules[a]) for a, b in edges(chains) if b == key]
    readers = [str(modules[b]) for a, b in edges(chains) if a == key]
    path = [" and ".join(sources), str(modules[key]), " and ".join(readers)]
    return f"{title}, {len(modules)} modules, {' → '.join(path)}"


def _drawn(title, modules, chains) -> dict:
    rows = sorted({(module.row, module.lane) for module in modules.values()})
    places = {
        key: (m.column, rows.index((m.row, m.lane))) for key, m in modules.items()
    }
    corners = {key: np.multiply(place, PITCH) + MARGIN for key, place in places.items()}
    size = np.max([*corners.values()], axis=0) + BOX + 2
    arrows = []
    for a, b in edges(chains):
        others = [corner for key, corner in corners.items() if key not in (a, b)]
        arrows.append(_arrow(corners[a], corners[b], others))
    boxes = [(*corners[key], module) for key, module in modules.items()]
    drawn = {"title": title, "size": size, "box": BOX}
    return drawn | {"boxes": boxes, "arrows": arrows}


def _arrow(start, end, others) -> tuple[str, str]:
    """Return the line from one box to another, and the corners of its head."""
    width, height = BOX
    right = start + (width, height / 2)
    below = end[1] > start[1]
    if start[0] == end[0]:
        side = np.array([width / 2, height if below else 0])
        points = [start + side, end + (width / 2, 0 if below else height)]
    elif start[1] != end[1]:
        points = [right, end + (width / 2, 0 if below else height)]
    elif any(c[1] == end[1] and start[0] < c[0] < end[0] for c in others):
        first, last = start + (0.8 * width, 0), end + (0.2 * width, 0)
        points = [first, (first + last) / 2 - (0, 2 * BEND - 4), last]
    else:
        points = [right, end + (0, height / 2)]
    kinds = ["M", "Q", ""] if len(points) == 3 else ["M", "L"]
    return with_head(kinds, points)


def with_head(kinds, points) -> tuple[str, str]:
    """Return the path with these commands and points, and the corners of its head."""
    along = (points[-1] - points[-2]) / np.linalg.norm(points[-1] - points[-2])
    across = np.array([-along[1], along[0]])
    head = [points[-1], *(points[-1] - 7 * along + s * across for s in (3.5, -3.5))]
    line = " ".join(f"{kind}{_text([point])}" for kind, point in zip(kinds, points))
    return line, _text(head)


def _text(points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
