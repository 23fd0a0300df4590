"""Every verdict of chapter 11 follows from results, and turns when the results change."""

import re

import pytest
from docutils.nodes import make_id

import lvc
from lvc import functional, reference
from lvcbook import claims
from tests.support.notebooks import NOTEBOOKS, code_cells, printed

CELLS = code_cells(NOTEBOOKS["ch11_claims"])
SHARED = [cell for cell in CELLS if cell.id in ("setup", "ranks", "factors")]
# What the chapter has found. A verdict changes here only together with its cell.
FOUND = {
    "The visual centres are predefined": "wrong",
    "The scale must lie between -1 and 0": "wrong",
    "The scale says how important a codeword is": "depends",
    "The centres are compared by Euclidean distance": "imprecise",
    "The difference is a distance": "imprecise",
    "The softmax gives numbers between 0 and 1": "right",
    "The weights tell which centre a pixel is like": "depends",
    "The farther a pixel, the more it counts": "depends",
    "Pixels compete for attention": "wrong",
    "The softmax weights adjust the channels": "imprecise",
    "The encoding sums over the centres": "wrong",
    "The comments give the right shapes": "imprecise",
    "The mean removes the influence of the centres": "wrong",
    "ReLU keeps what is positive": "right",
    "Linear flattens the batch": "imprecise",
    "The gate is copied to all pixels": "imprecise",
    "It is channel attention": "right",
    "It marks corners and edges": "wrong",
    "A scale cannot become positive": "wrong",
    "The mean is EncNet's sum": "imprecise",
    "The last ReLU does something": "wrong",
    "The factor stays below 2": "depends",
    "The depthwise convolution mixes neighbours": "wrong",
    "The gate does not depend on the image size": "depends",
    "Any feature map will do": "depends",
    "Half precision is enough": "depends",
    "TorchScript compiles the block": "depends",
}


def decided_in(cell):
    """Return the claim of the call of decide in a cell, or None."""
    match = re.search(r'\bdecide\(\s*"([^"]+)"', cell.source)
    return match and match[1]


DECIDING = {decided_in(cell): cell for cell in CELLS if decided_in(cell)}


def run(cell, changes=(), patch=lambda: None):
    """Execute a deciding cell behind those that all share; return the verdict."""
    namespace = {}
    for shared in SHARED:
        exec(shared.source, namespace)
    patch()
    source = cell.source
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    exec(source, namespace)
    return claims.DECIDED[decided_in(cell)][0]


def without_codewords(x, codewords, scale):
    """An encoding through which no gradient reaches a codeword."""
    return reference.encode(x, codewords.detach(), scale) + 0 * codewords.sum()


def mean_of_pixels(x, codewords, scale):
    """An encoding that does not grow with the number of pixels."""
    return reference.encode(x, codewords, scale) / x.shape[1]


def root(x, codewords, scale):
    """A distance without the square, and without the scale."""
    return reference.residuals(x, codewords).norm(dim=-1) + 0 * scale


def pixel_by_pixel(block, x):
    """A block whose factor differs from place to place."""
    x = block.conv_1(x)
    return x + x * x


def of(module, name, value):
    return lambda patch: patch.setattr(module, name, value)


# Changed results, and the verdict that they give: numbers in the cell, or a changed lvc.
TURNS = [
    (
        "The visual centres are predefined",
        of(lvc, "encode", without_codewords),
        "undecided",
    ),
    (
        "The scale must lie between -1 and 0",
        [("(-scores).softmax", "(scores).softmax")],
        "depends",
    ),
    ("The scale says how important a codeword is", [("2 * s, s", "s / 2, s")], "right"),
    (
        "The centres are compared by Euclidean distance",
        of(lvc, "scaled_l2", root),
        "right",
    ),
    (
        "The difference is a distance",
        [("(residual.norm", "(2 * residual.norm")],
        "wrong",
    ),
    (
        "The softmax gives numbers between 0 and 1",
        [("reduce(weights,", "reduce(weights / 2,")],
        "depends",
    ),
    (
        "The weights tell which centre a pixel is like",
        [
            ("range(200)", "range(2)"),
            ("/ 200", "/ 2"),
            ("full_like(s, -0.5)", "full_like(s, 0.5)"),
            ("> 100", "> 0"),
            ("3 * error", "1"),
        ],
        "wrong",
    ),
    (
        "The farther a pixel, the more it counts",
        [("(-0.5, 0.5)", "(0.5, 0.5)")],
        "undecided",
    ),
    (
        "Pixels compete for attention",
        [("dim=-1)\nraised", "dim=1)\nraised")],
        "undecided",
    ),
    (
        "The softmax weights adjust the channels",
        [("c in weights.shape", "k in weights.shape")],
        "right",
    ),
    ("The encoding sums over the centres", [("dim=2", "dim=1")], "right"),
    (
        "The comments give the right shapes",
        [
            ("(6, 32, 64), weights", "(6, 100, 64), weights"),
            ("(6, 32, 64), encoding", "(6, 64, 32), encoding"),
            ("(6, 32, 100, 64)", "(1, 1, 64)"),
            ("w + 2, h), wide", "h, w + 2), wide"),
        ],
        "right",
    ),
    (
        "The mean removes the influence of the centres",
        of(functional, "encode", without_codewords),
        "undecided",
    ),
    (
        "ReLU keeps what is positive",
        [("block.LVC[5](before.clone())", "torch.tanh(before)")],
        "undecided",
    ),
    (
        "Linear flattens the batch",
        [
            (
                "block.fc[0]",
                "nn.Sequential(nn.Flatten(0), nn.Linear(b * c, b * c).double(), nn.Unflatten(0, (b, c)))",
            )
        ],
        "undecided",
    ),
    (
        "The gate is copied to all pixels",
        [(".expand(b, c, h, w)", ".expand(b, c, h, w).contiguous()")],
        "right",
    ),
    ("It is channel attention", of(lvc.LVCBlock, "forward", pixel_by_pixel), "wrong"),
    (
        "It marks corners and edges",
        of(lvc.LVCBlock, "forward", pixel_by_pixel),
        "right",
    ),
    ("A scale cannot become positive", [("lr=0.1", "lr=0.0")], "right"),
    (
        "The mean is EncNet's sum",
        [("block.LVC[6](positive), total", "k * mean, total")],
        "right",
    ),
    ("The last ReLU does something", [("x + x *", "x - 2 * x *")], "right"),
    ("The factor stays below 2", [("17.0", "7.0")], "right"),
    (
        "The depthwise convolution mixes neighbours",
        [("pixels_changed(light.dw)", "pixels_changed(nn.AvgPool2d(3, 1, 1))")],
        "undecided",
    ),
    (
        "The gate does not depend on the image size",
        of(functional, "encode", mean_of_pixels),
        "undecided",
    ),
    ("Any feature map will do", [("x.view(b, c, -1)", "x.reshape(b, c, -1)")], "right"),
    ("Half precision is enough", [("(1.0, 12.0)", "(1.0, 2.0)")], "right"),
    (
        "TorchScript compiles the block",
        [("torch.jit.script(scripted_block)", "torch.jit.script(nn.ReLU())")],
        "right",
    ),
]


def test_every_claim_has_its_heading_its_cell_and_its_row():
    """One after the other: the heading that the table links to, then the cell that decides."""
    text = "\n".join(
        cell.source
        for cell in NOTEBOOKS["ch11_claims"].cells
        if cell.cell_type == "markdown"
    )
    headings = re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
    assert headings == [*DECIDING] == [*FOUND]
    rows = re.findall(
        r'<a href="#([^"]+)">[^<]+</a></th><td>(\w+)</td>', printed(CELLS[-1])
    )
    expected = [(make_id(claim), word) for claim, word in FOUND.items()]
    assert rows == 2 * expected  # glued, and shown


@pytest.mark.parametrize("claim", FOUND)
def test_the_verdict_shown_follows_from_the_results_shown(claim):
    shown = printed(DECIDING[claim])
    (word,) = re.findall(r'<th scope="col">(\w+)<small>', shown)
    results = {"as said": [], "in part": [], "in fact": []}
    for part, holds in re.findall(
        r"<small>([a-z ]+)</small></th><td>([\w ]+)</td>", shown
    ):
        if " of " in holds:
            held, tried = map(int, holds.split(" of "))
            results[part] += [True] * held + [False] * (tried - held)
        else:
            results[part].append({"yes": True, "no": False}[holds])
    assert word == claims.verdict(*results.values()) == FOUND[claim]


@pytest.mark.parametrize(
    ("claim", "change", "word"), TURNS, ids=[turn[0] for turn in TURNS]
)
def test_other_results_turn_the_verdict(monkeypatch, claim, change, word):
    monkeypatch.setattr(claims, "DECIDED", {})
    if callable(change):
        turned = run(DECIDING[claim], patch=lambda: change(monkeypatch))
    else:
        turned = run(DECIDING[claim], changes=change)
    assert turned == word != FOUND[claim]


def test_every_verdict_is_turned():
    assert [claim for claim, *_ in TURNS] == [*FOUND]


@pytest.mark.parametrize(
    ("as_said", "in_part", "in_fact", "word"),
    [
        ([True, True], [], [], "right"),
        ([True, False], [True], [True], "depends"),
        ([False, False], [True, True], [], "imprecise"),
        ([False], [True, False], [True], "wrong"),
        ([False], [], [], "wrong"),
        ([True], [], [False], "undecided"),
    ],
)
def test_the_words(as_said, in_part, in_fact, word):
    assert claims.verdict(as_said, in_part, in_fact) == word


def test_no_verdict_without_a_result():
    with pytest.raises(ValueError, match="at least one result"):
        claims.verdict([], [True], [True])
