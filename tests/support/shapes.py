"""The shapes and counts of parameters in a text, held against the table of shapes.

The patterns are regular expressions over Markdown: markdown-it-py's tokens do not say
where in a line a text stands, and the edits change a page in exactly one place.
"""

import ast
import re
from functools import cache
from typing import NamedTuple

from lvc import EXAMPLE, shape_table
from lvc.table import TENSORS
from tests.support.notebooks import code_cells, statements

# What "between 0 and 1" or "in (0, 1)" may say.
INTERVALS = {
    (0, 1): "a gate",
    (1, 2): "the factor 1 + gate",
    (-1, 0): "the scales at the start",
    (1, EXAMPLE.k): "a sum of k powers, the largest of which is 1",
}

COUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
TUPLE = r"(?<!\w)\((?:\d+(?:,\s*\d+)+|\d+,)\)"
AXIS = r"(?:[bchwnk]|\d|\((?:\d )?[bchwnk](?: [bchwnk])*\))"
AXES_IN_CODE = rf'`"?{AXIS}(?: (?:-> )?{AXIS})+"?`|`\([bchwnk ]+\)`'
AXES_IN_TEXT = r'(?<![\w`"])\([bchwnk](?: [bchwnk\d])*\)'

TABLES = [shape_table(EXAMPLE, block) for block in TENSORS]
ALL_STEPS = list(dict.fromkeys(row.step for table in TABLES for row in table.rows))
KNOWN_AXES = {
    axes
    for step in ALL_STEPS
    for axes in [step.axes, *step.takes, *step.parameters.split(", ")]
    if axes
}
SHAPES = {EXAMPLE.of(axes) for axes in KNOWN_AXES}


class Found(NamedTuple):
    """A text in a Markdown cell, and whether it is right."""

    cell: int
    start: int
    text: str
    right: bool


def markdown(page):
    """Return the number and the source of each Markdown cell."""
    return [
        (number, cell.source)
        for number, cell in enumerate(page.cells)
        if cell.cell_type == "markdown"
    ]


def shapes(page):
    """Find shapes, such as (6, 100, 64), and axes, such as (b n k c) or `k c`."""
    in_cells = (operands(cell.source) for cell in code_cells(page))
    known = KNOWN_AXES.union(sides(step.pattern for step in ALL_STEPS), *in_cells)
    for number, source in markdown(page):
        for match in re.finditer(TUPLE, source):
            sizes = tuple(map(int, re.findall(r"\d+", match[0])))
            interval = re.search(r"\bin(to)?\s$", source[: match.start()])
            right = sizes in (INTERVALS if interval and len(sizes) == 2 else SHAPES)
            yield Found(number, match.start(), match[0], right)
        for match in re.finditer(f"{AXES_IN_CODE}|{AXES_IN_TEXT}", source):
            parts = match[0].strip('`"').split(" -> ")
            right = all({part, part.strip("()")} & known for part in parts)
            yield Found(number, match.start(), match[0], right)


def nodes(source):
    return [node for statement in statements(source) for node in ast.walk(statement)]


@cache
def operands(source):
    """Return what the einops patterns in a source name: see `sides`."""
    texts = (node.value for node in nodes(source) if isinstance(node, ast.Constant))
    return sides(text for text in texts if isinstance(text, str) and "->" in text)


def sides(patterns):
    """Return the operands of patterns, such as 'b (h w) c', and their groups: '(h w)'."""
    text = ",".join(patterns).replace("->", ",")
    return {side.strip() for side in text.split(",")} | {*re.findall(r"\(.*?\)", text)}


def parameters(page):
    """Find "N parameters", "parameters: N", and the columns of parameters in tables."""
    for number, source in markdown(page):
        for match in re.finditer(
            rf"\b{COUNT}(?=\sparameters)|(?<=\bparameters:\s){COUNT}\b", source
        ):
            sentence = re.split(r"\.\s|\n\n", source[: match.start()])[-1]
            sentence += re.split(r"\.\s|\n\n", source[match.start() :])[0]
            right = is_count(match[0], sentence)
            yield Found(number, match.start(), match[0], right)
        for head, start, text in table_cells(source):
            cost = head == "cost" and "cost is in parameters" in source
            if (cost or "parameters" in head) and re.fullmatch(COUNT, text):
                yield Found(number, start, text, is_count(text, head))


def is_count(text, words):
    """Is this a count of the table, for the channels that the words name?"""
    named = re.findall(r"\bc (\d+)|\b(\d+) channels", words)
    channels = [int(one or other) for one, other in named] or [EXAMPLE.c]
    return any(int(text.replace(",", "")) in counts(c) for c in channels)


@cache
def counts(channels):
    """Return the parameters of every step, of every block, and of Encoding."""
    sizes = EXAMPLE._replace(c=channels)
    return {
        *(step.parameter_count(sizes) for step in ALL_STEPS),
        *(shape_table(sizes, block).parameters for block in TENSORS),
    }


def table_cells(source):
    """Return the cells of Markdown tables: the head of the column, start, and text."""
    heads, found = [], []
    for line in re.finditer(r".*\n?", source):
        cells = list(re.finditer(r"(?<=\|)\s*([^|\n]*?)\s*(?=\|)", line[0]))
        if not (heads and cells):
            heads = [cell[1] for cell in cells]
        for head, cell in zip(heads, cells):
            found.append((head, line.start() + cell.start(1), cell[1]))
    return found
