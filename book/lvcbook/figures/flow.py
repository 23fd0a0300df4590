"""The whole block as boxes and arrows: on the first page, and in the README."""

import numpy as np
from IPython.display import HTML

from lvc.axes import EXAMPLE
from lvc.steps import LVC_STEPS
from lvcbook.figures.boxes import box, with_sizes
from lvcbook.figures.networks import edges, with_head
from lvcbook.markup import macros, render, styled

CHAIN = "input → ConvBlock → pixels → residuals → assignment weights → encoding → gate"
CHAIN += " → output"
ENTER = ["codewords → residuals", "scale → assignment weights"]
AGAIN = ["residuals → encoding", "ConvBlock → output"]  # what is read a second time
# Column and row of each box, where there is room, and on a phone.
WIDE = {
    "input": (0, 0),
    "ConvBlock": (1, 0),
    "pixels": (2, 0),
    "residuals": (3, 0),
    "codewords": (4, 0),
    "output": (0, 1),
    "gate": (1, 1),
    "encoding": (2, 1),
    "assignment weights": (3, 1),
    "scale": (4, 1),
}
NARROW = {
    "input": (0, 0),
    "ConvBlock": (1, 0),
    "pixels": (1, 1),
    "codewords": (0, 2),
    "residuals": (1, 2),
    "scale": (0, 3),
    "assignment weights": (1, 3),
    "encoding": (1, 4),
    "gate": (1, 5),
    "output": (1, 6),
}
UNIT = 0.75  # of the boxes, so that five stand in a row of a page
GAP, CAPTION, MARGIN = (22, 24), 20, 4
LANE, TURN = 18, 8  # between lines beside a column, and the radius of a turn


def block() -> HTML:
    """Draw LVCBlock in its literal form, with what is used twice."""
    drawn = {"wide": _drawn(WIDE), "narrow": _drawn(NARROW)}
    return styled(
        HTML(macros("figures.html").flow(block_in_words(), drawn)), "flow.css"
    )


def block_file() -> str:
    """Return the picture, where there is room, as the text of one SVG file."""
    return render("file.svg", drawn=_drawn(WIDE)) + "\n"


def block_in_words() -> str:
    """Return the alt text of the picture: names, axes, sizes and arrows."""
    shapes = _shapes()
    chain = " → ".join(with_sizes(name, *shapes[name]) for name in CHAIN.split(" → "))
    enter = [with_sizes(a, *shapes[a]) + f" → {b}" for a, b in edges(ENTER)]
    again = [f"{chain} again" for chain in AGAIN]
    return "Boxes: " + "; ".join([chain, *enter, *again])


def _shapes() -> dict[str, tuple]:
    """Return shape and axes of each box."""
    steps = {step.name: step for step in LVC_STEPS["literal"]}
    shapes = {name: (step.shape(EXAMPLE), step.axes) for name, step in steps.items()}
    for name, axes in (("codewords", "k c"), ("scale", "k")):
        shapes[name] = EXAMPLE.of(axes), axes
    return shapes


def _drawn(places) -> dict:
    boxes = {
        name: box(axes.split(), shape, UNIT)
        for name, (shape, axes) in _shapes().items()
    }
    lows = _corners(places, boxes)
    ends = {n: (low, low + _size(boxes[n])) for n, low in lows.items()}
    right, bottom = np.max([end for _, end in ends.values()], axis=0)
    arrows, lane = [], right
    for chains, again in ((CHAIN, *ENTER), False), (AGAIN, True):
        for a, b in edges(chains):
            (column, row), (to_column, to_row) = places[a], places[b]
            if row == to_row:
                arrow = _across(*ends[a], *ends[b])
            elif column == to_column and to_row - row > 1:
                lane += LANE
                arrow = _beside(*ends[a], *ends[b], lane)
            else:
                arrow = _down(*ends[a], *ends[b])
            arrows.append((*arrow, again))
    named = [
        {
            "name": name,
            "box": boxes[name],
            "place": low.tolist(),
            "x": round((low[0] + end[0]) / 2),
            "y": end[1] + CAPTION - 6,
        }
        for name, (low, end) in ends.items()
    ]
    size = {"width": lane + MARGIN, "height": bottom + CAPTION + MARGIN}
    return size | {"boxes": named, "arrows": arrows}


def _size(one) -> np.ndarray:
    return np.array([one.width, one.height])


def _corners(places, boxes) -> dict[str, np.ndarray]:
    """Return the upper left corner of each box, in the middle of its column and row."""
    room = {name: _size(boxes[name]) + (0, CAPTION) for name in places}
    starts, extents = [], []
    for way in (0, 1):
        lines = range(max(place[way] for place in places.values()) + 1)
        extents.append(
            [max(room[n][way] for n in places if places[n][way] == i) for i in lines]
        )
        ends = np.cumsum([extent + GAP[way] for extent in extents[way]])
        starts.append([MARGIN, *(ends + MARGIN)])
    return {
        name: np.array(
            [
                starts[way][i] + (extents[way][i] - room[name][way]) // 2
                for way, i in enumerate(place)
            ]
        )
        for name, place in places.items()
    }


def _across(start, start_end, goal, goal_end) -> tuple[str, str]:
    """Return the arrow from the side of a box to that of one in its row."""
    y = (start[1] + start_end[1]) / 2
    ways = (start_end[0] + 3, goal[0] - 3), (start[0] - 3, goal_end[0] + 3)
    xs = ways[int(start[0] > goal[0])]
    return with_head(["M", "L"], np.array([[x, y] for x in xs]))


def _down(start, start_end, goal, goal_end) -> tuple[str, str]:
    """Return the arrow from below the name of a box to the top of a lower one."""
    x, to = (start[0] + start_end[0]) / 2, (goal[0] + goal_end[0]) / 2
    aside = np.sign(to - x) * (abs(to - x) > 1)  # of the arrow that goes straight down
    points = [
        (x + aside * (start_end[0] - start[0]) / 4, start_end[1] + CAPTION),
        (to, goal[1] - 3),
    ]
    return with_head(["M", "L"], np.array(points))


def _beside(start, start_end, goal, goal_end, lane) -> tuple[str, str]:
    """Return the arrow from the right of a box to that of a lower one, in a lane."""
    (top, bottom) = (
        (low[1] + high[1]) / 2 for low, high in ((start, start_end), (goal, goal_end))
    )
    points = [
        (start_end[0] + 3, top),
        (lane - TURN, top),
        (lane, top),
        (lane, top + TURN),
        (lane, bottom - TURN),
        (lane, bottom),
        (lane - TURN, bottom),
        (goal_end[0] + 3, bottom),
    ]
    return with_head(["M", "L", "Q", "", "L", "Q", "", "L"], np.array(points))
