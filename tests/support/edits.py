"""Change a page in one place at a time, and see that a gate on the prose reports it."""

import re
from copy import copy
from itertools import combinations

from tests.support.prose import FINDERS, PAGES, place, wrong
from tests.support.shapes import COUNT, TUPLE


def changes(kind, text):
    """Return changed texts: the last size or the count is raised by one, or any digit."""
    if kind == "numbers":
        return [
            text[: digit.start()] + "1234567898"[int(digit[0])] + text[digit.end() :]
            for digit in re.finditer(r"\d", text)
        ]
    if kind == "shapes" and not re.fullmatch(TUPLE, text):
        return [re.sub(r"[)`\"]*$", lambda end: f" b{end[0]}", text, count=1)]
    *_, last = re.finditer(COUNT, text)
    raised = int(last[0].replace(",", "")) + 1
    raised = f"{raised:,}" if "," in last[0] else str(raised)
    return [text[: last.start()] + raised + text[last.end() :]]


def swaps(_, text):
    """Return the shapes with two sizes that differ in each other's place."""
    sizes = re.findall(r"\d+", text) if re.fullmatch(TUPLE, text) else []
    swapped = []
    for i, j in combinations(range(len(sizes)), 2):
        other = sizes.copy()
        other[i], other[j] = sizes[j], sizes[i]
        swapped.append(f"({', '.join(other)})")
    return [other for other in swapped if other != text]


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
        kind: (made, made - len(missed)) for kind, (made, missed) in results.items()
    }
