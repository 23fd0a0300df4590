"""The whole block as boxes and arrows: on the first page, and in the README."""

import numpy as np
from IPython.display import HTML

from lvc.axes import EXAMPLE
from lvc.steps import LVC_STEPS
from lvcbook.figures.boxes import box, with_sizes
from lvcbook.figures.networks import edges, with_head
from lvcbook.markup import macros, render

CHAIN = "input → ConvBlock → pixels → residuals → assignment weights → encoding → gate → output"
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
GAP, CAPTION, MARGIN = np.array([22, 24]), 20, 4
LANE, TURN = 18, 8  # from one line beside a column to the next, and the radius of a turn


def block() -> HTML:
    """Draw LVCBlock in its literal form, with what is used twice."""
    drawn = {"wide": _drawn(WIDE), "narrow": _drawn(NARROW)}
    return HTML(macros("figures.html").flow(block_in_words(), drawn))


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
    shapes = _shapes()
    boxes = {name: box(shapes[name][1].split(), shapes[name][0], UNIT) for name in places}
    sizes = {name: np.array([one.width, one.height]) for name, one in boxes.items()}
    extents = [
        [
            max(sizes[name][way] for name, place in places.items() if place[way] == line)
            for line in range(max(place[way] for place in places.values()) + 1)
        ]
        for way in (0, 1)
    ]
    extents[1] = [height + CAPTION for height in extents[1]]
    starts = [
        np.cumsum([MARGIN, *(extent + gap for extent in line)])
        for line, gap in zip(extents, GAP)
    ]
    corners = {
        name: np.array(
            [
                starts[0][i] + (extents[0][i] - sizes[name][0]) / 2,
                starts[1][j] + (extents[1][j] - CAPTION - sizes[name][1]) / 2,
            ]
        )
        for name, (i, j) in places.items()
    }
    ends = {name: corners[name] + sizes[name] for name in places}
    right = starts[0][-1] - GAP[0]
    arrows, beside = [], 0
    for chains, again in ((CHAIN, *ENTER), False), (AGAIN, True):
        for a, b in edges(chains):
            lane = right + LANE * (beside + 1)
            (i, j), (k, l) = places[a], places[b]
            if i == k and abs(j - l) > 1:
                beside += 1
                arrow = _beside(corners[a], ends[a], corners[b], ends[b], lane)
            elif j == l:
                arrow = _across(corners[a], ends[a], corners[b], ends[b])
            else:
                arrow = _down(corners[a], ends[a], corners[b], ends[b])
            arrows.append((*arrow, again))
    return {
        "width": round(right + LANE * beside + MARGIN),
        "height": round(starts[1][-1] - GAP[1] + MARGIN),
        "boxes": [
            {
                "name": name,
                "box": one,
                "place": corners[name].round().astype(int).tolist(),
                "x": round((corners[name][0] + ends[name][0]) / 2),
                "y": round(ends[name][1]) + CAPTION - 6,
            }
            for name, one in boxes.items()
        ],
        "arrows": arrows,
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
    aside = np.sign(to - x)  # beside the arrow that goes straight down
    points = [
        (x + aside * (start_end[0] - start[0]) / 4, start_end[1] + CAPTION),
        (to, goal[1] - 3),
    ]
    return with_head(["M", "L"], np.array(points))


def _beside(start, start_end, goal, goal_end, lane) -> tuple[str, str]:
    """Return the arrow from the right of a box to that of a lower one, in a lane."""
    (top, bottom) = ((low[1] + high[1]) / 2 for low, high in ((start, start_end), (goal, goal_end)))
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
