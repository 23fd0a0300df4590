"""A function as a listing that was run: each line with the axes of what it makes.

The notes are comments in the function: above each statement its note, which the page
folds. A paragraph that begins with "CFPNet" says what the official code has instead. A
comment with two signs, such as `## softmax`, is a heading. The docstring is the note of
the first line.
"""

import ast
import inspect
import re
from dataclasses import dataclass
from textwrap import dedent

import torch
from IPython.display import HTML
from torch import Tensor

import lvc
from lvc.axes import Sizes
from lvcbook.figures import COLOURS, chips, with_code
from lvcbook.markup import Markup, render, styled

# Here each axis has a size of its own, so a size tells the axis.
DISTINCT = Sizes(b=2, c=12, h=5, w=7, k=11)
AXIS_OF = {1: "1"} | {DISTINCT.of(axis)[0]: axis for axis in "bchwnkm"}
PATTERN = re.compile(r'("[^"]*->[^"]*")')  # of einops
AXIS = re.compile(r"(\w+)")


@dataclass(frozen=True)
class Line:
    """A statement: its heading, if one stands above it, its notes, and what it made."""

    heading: str
    notes: list[str]
    code: str
    made: Tensor | None


@torch.no_grad()
def run(function, *arguments) -> list[Line]:
    """Run the source of a function, statement by statement."""
    source = dedent(inspect.getsource(function))
    text, (tree,) = source.splitlines(), ast.parse(source).body
    docstring, *statements = tree.body
    names = dict(zip(inspect.signature(function).parameters, arguments))
    known = function.__globals__ | names
    notes = [inspect.cleandoc(ast.literal_eval(docstring.value))]
    lines = [Line("", notes, text[tree.lineno - 1], arguments[0])]
    done = docstring.end_lineno
    for one in statements:
        heading, notes = _notes(text[done : one.lineno - 1])
        if not notes:
            raise ValueError(f"{function.__name__}: no note above {ast.unparse(one)}")
        done = one.end_lineno
        code = dedent("\n".join(text[one.lineno - 1 : done]))
        lines.append(Line(heading, notes, code, _made(one, known)))
    return lines


def _notes(comments: list[str]) -> tuple[str, list[str]]:
    """Return the heading and the paragraphs of the comments above a statement."""
    heading, paragraphs = "", []
    for comment in filter(None, map(str.strip, comments)):
        if comment.startswith("## "):
            heading = comment[3:]
        elif not paragraphs or comment.startswith("# CFPNet"):
            paragraphs.append(comment[2:])
        else:
            paragraphs[-1] += comment[1:]
    return heading, paragraphs


def _made(statement: ast.stmt, known: dict) -> Tensor | None:
    """Run a statement; return what it assigns or returns, and None of a definition."""
    if isinstance(statement, ast.Return):
        return eval(ast.unparse(statement.value), known)
    exec(ast.unparse(statement), known)
    return known[statement.targets[0].id] if isinstance(statement, ast.Assign) else None


def figure(function, x: Tensor, block: lvc.LVCBlock) -> HTML:
    """Show a function of a map and a block, with the shapes of this run.

    The letters of the axes are read off a second run, in which no two sizes are alike.
    """
    with torch.random.fork_rng(devices=[]):
        other = lvc.LVCBlock(DISTINCT.c, num_codes=DISTINCT.k)
        again = run(function, torch.rand(DISTINCT.of("b c h w")), other)
    lines = [
        {
            "heading": line.heading,
            "notes": [with_code(note) for note in line.notes],
            "code": _pieces(line.code),
            "chips": _chips(line.made, twin.made),
        }
        for line, twin in zip(run(function, x, block), again, strict=True)
    ]
    label = f"{function.__name__}, line by line"
    return styled(HTML(render("listing.html", lines=lines, label=label)), "listing.css")


def _chips(made: Tensor | None, twin: Tensor | None) -> Markup | str:
    if made is None:
        return ""
    axes = " ".join(AXIS_OF[size] for size in twin.shape)
    return chips(axes, tuple(made.shape))


def _pieces(code: str) -> list[tuple[str, str]]:
    """Split code at the axes of its einops patterns: each piece with its colour."""
    pieces = []
    for at, part in enumerate(PATTERN.split(code)):
        for piece in AXIS.split(part) if at % 2 else [part]:
            pieces.append((piece, COLOURS.get(piece, "") if at % 2 else ""))
    return [one for one in pieces if one[0]]
