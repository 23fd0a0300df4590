"""Gates that keep the prose true to the table of shapes and to what the cells compute.

`wrong(kind, name, page)` returns a sentence for each text that is wrong: where it is, which
text, what to do. The kinds are shapes, counts of parameters, and all other numbers.
"""

import ast
import re
from copy import copy
from functools import cache
from itertools import accumulate, combinations
from typing import NamedTuple

from nbformat.v4 import new_markdown_cell, new_notebook

from lvc import EXAMPLE, shape_table
from lvc.table import TENSORS
from tests.support.notebooks import BOOK, NOTEBOOKS, ROOT, code_cells

# README's table of the benchmark is held against its data in tests/test_bench.py.
MEASURED = re.compile("<!-- benchmark -->.*<!-- end of benchmark -->", re.DOTALL)


def text_of(path) -> str:
    return MEASURED.sub("", path.read_text(encoding="utf-8"))


PAGES = NOTEBOOKS | {
    path.name: new_notebook(cells=[new_markdown_cell(text_of(path))])
    for path in (ROOT / "README.md", BOOK / "index.md")
}

# What a gate would report though it is right: (page, the words around it) and the reason.
EXCEPTIONS = {
    ("README.md", "Python 3.10"): "the version in pyproject.toml",
    ("README.md", "PyTorch 2.1 or"): "the version in pyproject.toml",
    ("README.md", "tests with 2.1"): "the version in tests/requirements-oldest.txt",
    ("README.md", "from PyTorch 2.5 on"): "versions tried",
    ("README.md", "with PyTorch 2.13, and not with 2.10"): "versions tried",
    ("README.md", "CC BY 4.0"): "a licence",
    ("ch01_pixels", "channel 100"): "no index: a channel is 100 numbers away",
    ("ch02_codewords", "variance 1"): "what BatchNorm does",
    ("ch03_scaled_l2", r"\approx 0.022"): "1 / sqrt(64 * 32)",
    ("ch04_softmax", "a weight of 0.9"): "what the exercise asks for",
    ("ch05_aggregate", "roughly 0.1 is left"): "0.102 and 0.109, rounded",
    ("ch05_aggregate", "0.99 is left"): "0.986, rounded",
    ("ch05_aggregate", "at 128 × 128 is"): "shown in the section on the photograph",
    ("ch05_aggregate", "at 64 × 64"): "128 / 2",
    ("ch06_mean", "calls axis 1 the channels, and here axis 1 is `k`"): "b k c",
    ("ch06_mean", "6 · 32 = 192"): "printed in the section on the two modes",
    ("ch06_mean", "a 300 × 300 crop"): "the cell adds 300 to both corners",
    ("ch07_gate", "depend on channel 20"): "an example; any channel will do",
    ("ch07_gate", "the factors lie around 1.5"): "1 + 0.5, the expected gate",
    ("ch07_gate", "are 0, though no channel is 0"): "what the exercise gives",
    ("ch08_lvcblock", "whose variance is 0"): "one number has none",
    ("ch08_lvcblock", "16 places"): "4 * 4",
    ("ch08_lvcblock", "a quarter of 48"): "shown above, on the same photograph",
    ("ch09_evcblock", "(0 and 1 before training)"): "what BatchNorm starts with",
    ("ch09_evcblock", "below 0 after ReLU"): "what ReLU does",
    ("ch09_evcblock", "layer scales are 1e-5"): "asserted in the second trap",
    ("ch09_evcblock", "with numbers up to 1:"): "what torch.rand draws",
}

# What "between 0 and 1" or "in (0, 1)" may say.
INTERVALS = {
    (0, 1): "a gate",
    (1, 2): "the factor 1 + gate",
    (-1, 0): "the scales at the start",
    (1, EXAMPLE.k): "a sum of k powers, the largest of which is 1",
}

COUNT = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
NUMBER = rf"(?<![\w.])(?<!\w-)[-−+]?{COUNT}(?:\.\d+)?(?:e-?\d+)?(?!\w|[.,]\d)(?:\s?%)?"
WHOLE = r"(?<!\w)[-−]?\d+(?!\w|[.,]\d)"
SIZES = r"(?<!\w)\((?:\d+(?:,\s*\d+)+|\d+,)\)"
AXIS = r"(?:[bchwnk]|\d|\((?:\d )?[bchwnk](?: [bchwnk])*\))"
AXES_IN_CODE = rf'`"?{AXIS}(?: (?:-> )?{AXIS})+"?`|`\([bchwnk ]+\)`'
AXES_IN_TEXT = r'(?<![\w`"])\([bchwnk](?: [bchwnk\d])*\)'
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
    r"\b[Ss]tep\s\d+|\b[Cc]hapters?\s\d+(?:(?:,|\sto|\sand)\s\d+)*|\s\(\d\)",
    r"^:[^\n]*",  # MyST directives and their options
    f"{SIZES}|{AXES_IN_TEXT}",
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

TABLES = [shape_table(EXAMPLE, block) for block in TENSORS]
STEPS = list(dict.fromkeys(row.step for table in TABLES for row in table.rows))
AXES = {
    axes
    for step in STEPS
    for axes in [step.axes, *step.takes, *step.parameters.split(", ")]
    if axes
}
SHAPES = {EXAMPLE.of(axes) for axes in AXES}
PAIRS = {
    pair
    for step in STEPS
    for pair in re.findall(r"(\d+)x(\d+)", f"{step.name} {step.does}")
}


class Found(NamedTuple):
    """A text in a Markdown cell, and whether it is right."""

    cell: int
    start: int
    text: str
    right: bool


class Shown(NamedTuple):
    """The numbers in code cells: values, indices, axes to sum over, and neighbours."""

    values: frozenset = frozenset()
    indices: frozenset = frozenset()
    axes: frozenset = frozenset()
    pairs: frozenset = frozenset()


def wrong(kind, name, page):
    """Return a sentence for each text of the kind that is wrong and no exception."""
    return [
        f"{place(name, page, found)}: {' '.join(found.text.split())} {FAULTS[kind]}; "
        "correct it, or list it with a reason in tests/support/prose.py"
        for found in FINDERS[kind](page)
        if not found.right and not exceptions(name, page, found)
    ]


def place(name, page, found):
    return name if "." in name else f"{name}, cell {page.cells[found.cell].id}"


def exceptions(name, page, found):
    """Return the exceptions that cover a text."""
    return [
        (on, words)
        for on, words in EXCEPTIONS
        if on == name
        for match in re.finditer(
            r"\s+".join(map(re.escape, words.split())), page.cells[found.cell].source
        )
        if match.start() <= found.start and found.start + len(found.text) <= match.end()
    ]


def unused(pages):
    """Return a sentence for each exception that covers nothing on its page."""
    used = [
        exception
        for name, page in pages.items()
        for finder in FINDERS.values()
        for found in finder(page)
        if not found.right
        for exception in exceptions(name, page, found)
    ]
    return [
        f"{name}: {words!r} is not on the page, or needs no exception; "
        "remove it from EXCEPTIONS in tests/support/prose.py"
        for name, words in EXCEPTIONS
        if (name, words) not in used
    ]


def markdown(page):
    """Return the number and the source of each Markdown cell."""
    return [
        (number, cell.source)
        for number, cell in enumerate(page.cells)
        if cell.cell_type == "markdown"
    ]


def parsed(source):
    """Return all nodes of a source; none if Python cannot read it, as nbval will say."""
    try:
        return list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return []


# Shapes


def shapes(page):
    """Find shapes, such as (6, 100, 64), and axes, such as (b n k c) or `k c`."""
    in_cells = (operands(cell.source) for cell in code_cells(page))
    known = AXES.union(sides(step.pattern for step in STEPS), *in_cells)
    for number, source in markdown(page):
        for match in re.finditer(SIZES, source):
            sizes = tuple(map(int, re.findall(r"\d+", match[0])))
            interval = re.search(r"\bin(to)?\s$", source[: match.start()])
            right = sizes in (INTERVALS if interval and len(sizes) == 2 else SHAPES)
            yield Found(number, match.start(), match[0], right)
        for match in re.finditer(f"{AXES_IN_CODE}|{AXES_IN_TEXT}", source):
            parts = match[0].strip('`"').split(" -> ")
            right = all({part, part.strip("()")} & known for part in parts)
            yield Found(number, match.start(), match[0], right)


@cache
def operands(source):
    """Return what the einops patterns in a source name: see `sides`."""
    texts = (node.value for node in parsed(source) if isinstance(node, ast.Constant))
    return sides(text for text in texts if isinstance(text, str) and "->" in text)


def sides(patterns):
    """Return the operands of patterns, such as 'b (h w) c', and their groups: '(h w)'."""
    text = ",".join(patterns).replace("->", ",")
    return {side.strip() for side in text.split(",")} | {*re.findall(r"\(.*?\)", text)}


# Counts of parameters


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
        *(step.parameter_count(sizes) for step in STEPS),
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


# Numbers


def numbers(page):
    """Find the other numbers, and look for them in the cells under the same heading."""
    counted = {(found.cell, found.start) for found in parameters(page)}
    for number, start, text, cells in pieces(page):
        shown = union([of_span(text), *map(of_cell, cells)])
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
    found = (number.rstrip("% \n") for number in re.findall(NUMBER, text))
    return [float(number.replace(",", "").replace("−", "-")) for number in found]


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
    (value,) = values(text)
    as_share = {round(value / 100, 9)} if text.endswith("%") else set()
    return bool({value, *as_share} & (shown.values | IN_TABLE))


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
    for node in parsed(source):
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
    return Shown(among(others), among(indices), among(axes), pairs)


@cache
def of_text(text):
    """Return the numbers of an output; of HTML, those of the text that is read aloud."""
    if text.startswith("<"):
        text = "\n".join(re.findall(r'aria-label="([^"]*)"', text))
    indices = frozenset(values(found)[0] for found in re.findall(INDEX, text))
    pairs = frozenset(re.findall(NEIGHBOURS, text))
    return Shown(frozenset(values(text)), indices, indices, pairs)


def of_span(text):
    """Return the indices in the code of a text, as of `x[0, 37]`, and axes: `.sum(1)`."""
    indices = re.findall(r"`\w+\[([\d, ]+)\]`", text)
    axes = re.findall(r"`[\w.]*\.\w+\((\d)\)`", text)
    both = (
        frozenset(map(int, re.findall(r"\d+", " ".join(s)))) for s in (indices, axes)
    )
    return Shown(frozenset(), *both)


def union(parts):
    return Shown(*(frozenset().union(*sets) for sets in zip(Shown(), *parts)))


# Changes


FINDERS = {"shapes": shapes, "parameters": parameters, "numbers": numbers}
FAULTS = {
    "shapes": "is no shape of the table",
    "parameters": "is no count of parameters of the table",
    "numbers": "is not what the cells of its section or the table of shapes show",
}


def changes(kind, text):
    """Return changed texts: the last size or the count is raised by one, or any digit."""
    if kind == "numbers":
        return [
            text[: digit.start()] + "1234567898"[int(digit[0])] + text[digit.end() :]
            for digit in re.finditer(r"\d", text)
        ]
    if kind == "shapes" and not re.fullmatch(SIZES, text):
        return [re.sub(r"[)`\"]*$", lambda end: f" b{end[0]}", text, count=1)]
    *_, last = re.finditer(COUNT, text)
    raised = int(last[0].replace(",", "")) + 1
    raised = f"{raised:,}" if "," in last[0] else str(raised)
    return [text[: last.start()] + raised + text[last.end() :]]


def swaps(_, text):
    """Return the shapes with two sizes that differ in each other's place."""
    if not re.fullmatch(SIZES, text):
        return []
    sizes, swapped = re.findall(r"\d+", text), []
    for i, j in combinations(range(len(sizes)), 2):
        if sizes[i] != sizes[j]:
            other = sizes.copy()
            other[i], other[j] = sizes[j], sizes[i]
            swapped.append(f"({', '.join(other)})")
    return swapped


def edited(page, found, text):
    """Return the page with the text in place of what was found."""
    page = copy(page)
    page.cells = [*page.cells]
    cell = page.cells[found.cell] = copy(page.cells[found.cell])
    end = found.start + len(found.text)
    cell.source = cell.source[: found.start] + text + cell.source[end:]
    return page


def unseen(kind, name, change=changes):
    """Change a page in one place at a time; return how often, and what no gate reports."""
    page, made, passed = PAGES[name], 0, []
    before = wrong(kind, name, page)
    for found in FINDERS[kind](page):
        for text in change(kind, found.text):
            made += 1
            if not {*wrong(kind, name, edited(page, found, text))} - {*before}:
                passed.append(f"{place(name, page, found)}: {found.text} -> {text}")
    return made, passed


def changes_detected(name):
    """Return for each kind how many changes were made to a page, and how many reported."""
    results = {kind: unseen(kind, name) for kind in FINDERS}
    return {
        kind: (made, made - len(passed)) for kind, (made, passed) in results.items()
    }
