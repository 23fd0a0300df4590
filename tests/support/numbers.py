"""The other numbers in a text, held against the cells under the same heading."""

import ast
import re
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from lvc import EXAMPLE
from tests.support.notebooks import code_cells
from tests.support.shapes import (
    ALL_STEPS,
    AXES_IN_TEXT,
    COUNT,
    INTERVALS,
    TABLES,
    TUPLE,
    Found,
    counts,
    nodes,
    parameters,
)

NUMBER = rf"(?<![\w.])(?<!\w-)[-−+]?{COUNT}(?:\.\d+)?(?:e-?\d+)?(?!\w|[.,]\d)(?:\s?%)?"
WHOLE = r"(?<!\w)[-−]?\d+(?!\w|[.,]\d)"
INDEX = r"(?i)\b(?:image|pixel|codeword|channel|row|column|axis)\s\d+\b"
PAIR = r"\b\d+ ?[×x] ?\d+\b"
BETWEEN = r"(?: ?[×x*] ?| by |, ?(?:\w+=)?|\) \(\w )"
NEIGHBOURS = rf"(?<![\w.])(?=(\d+){BETWEEN}(\d+)(?![\w.]))"
MATH = r"\$\$.*?\$\$|\$[^$]*\$"
# What the gate for numbers leaves out.
ELSEWHERE = [
    r"```.*?```|`[^`]*`",
    r"!?\[[^]]*\]\([^)]*\)|<img[^>]*>",
    r"^#+ \d+ ·|\*\*\d+\.\s",  # numbers of chapters and exercises
    r"\*\*Exercise \d+ · \d+ minutes?\.\*\*",
    r"\b[Ss]tep\s\d+|\b[Cc]hapters?\s\d+(?:(?:,|\sto|\sand)\s\d+)*|\s\(\d\)",
    r"^:[^\n]*",  # MyST directives and their options
    f"{TUPLE}|{AXES_IN_TEXT}",
]
# Phrases with a number, #, that does not depend on any size.
PHRASES = {
    "clos(?:e|er|est) to #": 0,
    "(?:symmetric|cloud) around #": 0,
    "negative(?: numbers)? (?:to|become) #": 0,
    "count from #": 0,
    "becomes #": 0,
    "across #": 0,
    "(?:divisor|root|number) (?:above|below|from) #": 0,
    "(?:sums? to|total of|shrinks to) #": 1,
    r"\bn - #": 1,
    "size #": 1,
    "stride,? #": 1,
    "peak(?: stays)? #": 1,
    r"# (?:\+|plus the) gate": 1,
}
PAIRS = {
    pair
    for step in ALL_STEPS
    for pair in re.findall(r"(\d+)x(\d+)", f"{step.name} {step.does}")
}


class Numbers(NamedTuple):
    """The numbers in code cells: values, indices, axes to sum over, and neighbours.

    Of the values, those written with a point, and those written as a percentage.
    """

    values: frozenset = frozenset()
    indices: frozenset = frozenset()
    axes: frozenset = frozenset()
    pairs: frozenset = frozenset()
    decimals: frozenset = frozenset()
    percentages: frozenset = frozenset()


def numbers(page):
    """Find the other numbers, and look for them in the cells under the same heading."""
    counted = {(found.cell, found.start) for found in parameters(page)}
    for number, start, text, cells in pieces(page):
        shown = union([in_backticks(text), *map(of_cell, cells)])
        for match, rule in written(text):
            at = start + match.start()
            if (number, at) not in counted:
                yield Found(number, at, match[0], rule(match[0], shown))


def pieces(page):
    """Split the Markdown at its headings: cell, start, text, and the code cells below.

    The introduction, and what has no code cell, such as the summary, gets all of the page.
    """
    sections, found = [[]], []
    for number, cell in enumerate(page.cells):
        if cell.cell_type == "code":
            sections[-1].append(cell)
        elif cell.cell_type == "markdown":
            parts = re.split(r"(?m)^(?=##)", cell.source)
            for start, part in zip(accumulate(map(len, parts), initial=0), parts):
                if part.startswith("##"):
                    sections.append([])
                found.append((number, start, part, len(sections) - 1))
    whole = code_cells(page)
    return [(*piece, (last and sections[last]) or whole) for *piece, last in found]


@cache
def written(text):
    """Return the numbers of a text, each with the rule that it must pass."""
    for pattern in ELSEWHERE:
        text = blank(pattern, text)
    # In a formula, a single digit measures nothing.
    digit = r"(?<![\d.])\d(?![\d.])"
    text = re.sub(MATH, lambda math: blank(digit, math[0]), text, flags=re.DOTALL)
    found = []
    for pattern, rule in RULES:
        found += [(match, rule) for match in re.finditer(pattern, text)]
        text = blank(pattern, text)
    return found


def blank(pattern, text):
    """Put nulls in place of what matches, so that the rest stays where it is."""
    flags = re.DOTALL | re.MULTILINE
    return re.sub(pattern, lambda match: "\0" * len(match[0]), text, flags=flags)


def values(text):
    """Return the numbers of a text: 6,656 is 6656."""
    return [value_of(number) for number in re.findall(NUMBER, text)]


def value_of(number):
    return float(number.rstrip("% \n").replace(",", "").replace("−", "-"))


def phrase(value):
    return lambda text, shown: values(text)[0] == value


def interval(text, shown):
    return tuple(values(text)) in INTERVALS


def pair(text, shown):
    return tuple(re.findall(r"\d+", text)) in shown.pairs | PAIRS


def index(text, shown):
    among = shown.axes if text.lower().startswith("axis") else shown.indices
    return values(text)[0] in among


def plain(text, shown):
    """A percentage and a decimal are looked for among their like."""
    (value,) = values(text)
    if text.endswith("%"):
        share = round(value / 100, 9)
        return value in shown.percentages or share in shown.decimals
    if "." in text:
        return value in shown.decimals
    return value in shown.values | IN_TABLE


ROWS = [row for table in TABLES for row in table.rows]
IN_TABLE = counts(EXAMPLE.c).union(*({*r.shape, r.size_in_bytes} for r in ROWS))
IN_TABLE -= {0, 1}
RULES = [
    *(
        (words.replace("#", WHOLE).replace(" ", r"\s+"), phrase(value))
        for words, value in PHRASES.items()
    ),
    (rf"\bbetween\s{NUMBER}\sand\s{NUMBER}", interval),
    (PAIR, pair),
    (INDEX, index),
    (NUMBER, plain),
]


def of_cell(cell):
    """Return the numbers of a code cell and of what it printed."""
    texts = []
    for output in cell.outputs:
        data = output.get("data", {})
        texts += [output.get("text", ""), data.get("text/plain", "")]
        texts.append(data.get("text/html", ""))
    return union([of_source(cell.source), *map(of_text, texts)])


@cache
def of_source(source):
    """Return the numbers of a source; what indexes is no value, and an exponent neither."""
    numbers, indices, axes, exponents, negative = [], set(), set(), set(), set()
    for node in nodes(source):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            numbers.append(node)
        elif isinstance(node, ast.Subscript):
            indices |= {*ast.walk(node.slice)}
        elif isinstance(node, ast.keyword) and node.arg == "dim":
            axes |= {*ast.walk(node.value)}
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            exponents |= {*ast.walk(node.right)}
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            negative.add(node.operand)

    def among(chosen):
        return frozenset(
            -node.value if node in negative else node.value
            for node in numbers
            if node in chosen
        )

    others = {*numbers} - indices - axes - exponents
    pairs = frozenset(re.findall(NEIGHBOURS, source))
    decimals = frozenset(value for value in among(others) if isinstance(value, float))
    return Numbers(among(others), among(indices), among(axes), pairs, decimals)


@cache
def of_text(text):
    """Return the numbers of an output; of HTML, those of the text that is read aloud."""
    if text.startswith("<"):
        text = "\n".join(re.findall(r'aria-label="([^"]*)"', text))
    indices = frozenset(values(found)[0] for found in re.findall(INDEX, text))
    pairs = frozenset(re.findall(NEIGHBOURS, text))
    written = re.findall(NUMBER, text)
    decimals = frozenset(value_of(one) for one in written if "." in one)
    percentages = frozenset(value_of(one) for one in written if one.endswith("%"))
    found = frozenset(map(value_of, written))
    return Numbers(found, indices, indices, pairs, decimals, percentages)


def in_backticks(text):
    """Return the indices in the code of a text, as of `x[0, 37]`, and axes: `.sum(1)`."""
    indices = re.findall(r"`\w+\[([\d, ]+)\]`", text)
    axes = re.findall(r"`[\w.]*\.\w+\((\d)\)`", text)
    both = (
        frozenset(map(int, re.findall(r"\d+", " ".join(s)))) for s in (indices, axes)
    )
    return Numbers(frozenset(), *both)


def union(parts):
    return Numbers(*(frozenset().union(*sets) for sets in zip(Numbers(), *parts)))
