"""Tables, and the strip of the steps at the top of a chapter."""

from IPython.display import HTML

import lvc
from lvc import LVCBlock
from lvc.axes import AXES, EXAMPLE, Sizes
from lvc.steps import LVC_STEPS
from lvcbook.figures.chips import chips, code, note
from lvcbook.markup import macros, styled


def table(label: str, head: list, rows: list[list]) -> HTML:
    """Return a table; the first cell of a row is its heading."""
    return HTML(macros("tables.html").table(label, head, rows))


def shape_table(sizes: Sizes, block: type = LVCBlock, form: str = "literal") -> HTML:
    """Return the table of shapes of a block, with the axes on their colours."""
    shapes, rows = lvc.shape_table(sizes, block, form), []
    for row in shapes.rows:
        step, count = row.step, row.parameters
        name = note(step.name, step.does, code(step.pattern))
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


def legend() -> HTML:
    """Return the axes with their sizes in the running example, in one line."""
    sizes = {axis: EXAMPLE.of(axis) for axis in AXES}
    axes = [(chips(axis, sizes[axis]), counts) for axis, counts in AXES.items()]
    return HTML(macros("figures.html").legend(axes))


def pipeline(*current: str) -> HTML:
    """Draw the steps of LVCBlock, in the literal form, as one line of axis letters.

    It opens a chapter, and so has the style of the chapter's figures.
    """
    literal = LVC_STEPS["literal"]
    names = [step.name for step in literal]
    unknown = set(current) - set(names)
    if unknown:
        raise ValueError(f"no such step: {', '.join(unknown)}; there are {names}")
    steps = [
        {
            "name": step.name,
            "current": step.name in current,
            "shape": ", ".join(map(str, step.shape(EXAMPLE))),
            "chips": chips(step.axes),
        }
        for step in literal
    ]
    here = " and ".join(current)
    label = f"The {len(names)} steps of LVCBlock by their axes; this page: {here}"
    return styled(HTML(macros("figures.html").strip(label, steps)))
