"""Every verdict of chapter 11 follows from results, and turns when the results change."""

import re

import pytest
import torch
from docutils.nodes import make_id
from torch import nn

import lvc
from lvc import functional, reference
from lvcbook import claims
from tests.support.notebooks import NOTEBOOKS, code_cells, printed

CELLS = code_cells(NOTEBOOKS["ch11_claims"])
SHARED = [cell for cell in CELLS if cell.id in ("setup", "ranks", "factors")]
# What the chapter has found. A verdict changes here only together with its cell.
FOUND = {
    "The visual centres are predefined": "imprecise",
    "The centres live in the space of the channels": "right",
    "The centres' vectors are the aim": "imprecise",
    "The scale must lie between -1 and 0": "imprecise",
    "The scale says how important a codeword is": "depends",
    "The pixels must be expanded": "imprecise",
    "The squares sum to the Euclidean distance": "imprecise",
    "The softmax gives numbers between 0 and 1": "right",
    "The weights tell which centre a pixel is like": "depends",
    "What is farther gets a larger weight": "depends",
    "What is farther counts more": "depends",
    "Pixels compete for attention": "wrong",
    "The softmax weights adjust the channels": "imprecise",
    "The encoding sums over the centres": "depends",
    "The encoding makes the gate": "right",
    "The comments give the right shapes": "depends",
    "The mean removes the influence of the centres": "wrong",
    "ReLU keeps what is positive": "right",
    "What leaves LVC are the channel weights": "imprecise",
    "Linear flattens the batch": "imprecise",
    "It is channel attention": "right",
    "It is a cumbersome way to a gate": "right",
    "It locates corners": "wrong",
    "It chooses channels that show corners": "depends",
    "LightMLP captures long-range dependencies": "imprecise",
}


def decided_in(cell):
    """Return the claim of the call of decide in a cell, or None."""
    match = re.search(r'\bdecide\(\s*"([^"]+)"', cell.source)
    return match and match[1]


DECIDING = {decided_in(cell): cell for cell in CELLS if decided_in(cell)}


def run(cell, changes=(), patch=lambda: None):
    """Execute a deciding cell after those that all share; return the verdict."""
    namespace = {}
    for shared in SHARED:
        exec(shared.source, namespace)
    patch()
    source = cell.source
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new)
    exec(source, namespace)
    return claims.DECIDED[decided_in(cell)][1]


def without_codewords(x, codewords, scale):
    """An encoding through which no gradient reaches a codeword."""
    return reference.encode(x, codewords.detach(), scale) + 0 * codewords.sum()


def in_any_order(x, codewords, scale):
    """Scores of sorted channels, which know no order."""
    return reference.scaled_l2(x.sort(-1)[0], codewords.sort(-1)[0], scale)


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
        "The centres live in the space of the channels",
        of(lvc, "scaled_l2", in_any_order),
        "depends",
    ),
    ("The centres' vectors are the aim", [("codewords.flip(0)", "codewords")], "wrong"),
    (
        "The scale must lie between -1 and 0",
        [("-(scale.abs()", "(scale.abs()")],
        "wrong",
    ),
    ("The scale says how important a codeword is", [("2 * s, s", "s / 2, s")], "right"),
    (
        "The pixels must be expanded",
        [(".expand(b, n, k, c)", ".expand(b, n, k, c).contiguous()")],
        "undecided",
    ),
    (
        "The squares sum to the Euclidean distance",
        [(".square().sum(dim=-1)", ".norm(dim=-1)")],
        "depends",
    ),
    (
        "The softmax gives numbers between 0 and 1",
        [("reduce(weights,", "reduce(weights / 2,")],
        "depends",
    ),
    (
        "The weights tell which centre a pixel is like",
        [("full_like(s, -0.5)", "full_like(s, 0.5)")],
        "wrong",
    ),
    (
        "What is farther gets a larger weight",
        [("agreement(a, far) >", "agreement(-far, far) >")]
        + [("(-0.5, 0.5)", "(-0.5, -0.6)"), ("portion(up, a)", "0.05")]
        + [("share > 0.5 for", "share < 0.5 for")],
        "wrong",
    ),
    (
        "What is farther counts more",
        [("a = lvc", "a = far * lvc"), ("rise(a * far, far)", "rise(far, far)")],
        "right",
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
        "The encoding makes the gate",
        of(lvc.Mean, "forward", lambda self, x: torch.ones_like(x[:, 0])),
        "depends",
    ),
    (
        "The comments give the right shapes",
        [
            ("(6, 32, 64), weights", "(6, 100, 64), weights"),
            ("(6, 32, 64), encoding", "(6, 64, 32), encoding"),
            ("(6, 32, 100, 64)", "(1, 1, 64)"),
            ("(6, 32, 100), pixels", "(6, 100, 32), pixels"),
            ("w + 2, h), wide", "h, w + 2), wide"),
        ],
        "right",
    ),
    (
        "The mean removes the influence of the centres",
        of(functional, "encode", without_codewords),
        "undecided",
    ),
    ("ReLU keeps what is positive", [("block.LVC[5]", "torch.abs")], "depends"),
    (
        "What leaves LVC are the channel weights",
        [("block.fc(squeezed)", "squeezed")],
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
    ("It is channel attention", of(lvc.LVCBlock, "forward", pixel_by_pixel), "wrong"),
    ("It is a cumbersome way to a gate", [("width // 4", "width * 40")], "depends"),
    ("It locates corners", of(lvc.LVCBlock, "forward", pixel_by_pixel), "right"),
    ("It chooses channels that show corners", [("sign * torch", "torch")], "right"),
    (
        "LightMLP captures long-range dependencies",
        of(nn.GroupNorm, "forward", lambda self, x: x),
        "wrong",
    ),
]


def test_every_claim_has_its_heading_its_cell_and_its_row():
    """Its heading, which the table links to, its verdict in words, and the cell that decides."""
    text = "\n".join(
        cell.source
        for cell in NOTEBOOKS["ch11_claims"].cells
        if cell.cell_type == "markdown"
    )
    headings = re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
    assert headings == [*DECIDING] == [*FOUND]
    said = re.findall(r"^\*\*(\w+)\.\*\* ", text, flags=re.MULTILINE)
    assert said == [word.capitalize() for word in FOUND.values()]
    rows = re.findall(
        r'<a href="#([^"]+)">[^<]+</a></th><td>[^<]+</td><td>(\w+)</td>',
        printed(CELLS[-1]),
    )
    expected = [(make_id(claim), word) for claim, word in FOUND.items()]
    assert rows == 2 * expected  # glued, and shown


@pytest.mark.parametrize("claim", FOUND)
def test_the_verdict_shown_follows_from_the_results_shown(claim):
    shown = printed(DECIDING[claim])
    (word,) = re.findall(r'<th scope="col">(\w+)<small>', shown)
    results = {"as said": [], "in part": [], "in fact": []}
    for part, holds in re.findall(
        r"<small>([a-z ]+)</small></th><td>([\w %]+)</td>", shown
    ):
        results[part].append(share(holds))
    assert word == claims.verdict(*results.values()) == FOUND[claim]


def share(holds):
    """Return the share that a table shows: yes, no, 3 of 4 or 75%."""
    if " of " in holds:
        held, tried = map(int, holds.split(" of "))
        return held / tried
    return int(holds[:-1]) / 100 if "%" in holds else {"yes": 1, "no": 0}[holds]


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
        ([1, 1], [], [], "right"),
        ([0.9, 1], [], [0.9], "right"),
        ([0.89, 1], [], [], "depends"),
        ([1, 0], [1], [1], "depends"),
        ([0.11, 0], [1], [1], "depends"),
        ([0, 0.1], [1, 0.9], [], "imprecise"),
        ([0], [1, 0.89], [1], "wrong"),
        ([0.1], [], [], "wrong"),
        ([1], [], [0.89], "undecided"),
    ],
)
def test_the_words(as_said, in_part, in_fact, word):
    assert claims.verdict(as_said, in_part, in_fact) == word


def test_no_verdict_without_a_result():
    with pytest.raises(ValueError, match="at least one result"):
        claims.verdict([], [1], [1])


@pytest.mark.parametrize(
    ("results", "word", "shown"),
    [
        ([True] * 8 + [False] * 92, "wrong", "8 of 100"),
        (torch.tensor(True), "right", "yes"),
        (False, "wrong", "no"),
        (0.5, "depends", "50%"),
    ],
)
def test_a_result_may_be_a_list_a_boolean_or_a_share(monkeypatch, results, word, shown):
    monkeypatch.setattr(claims, "DECIDED", {})
    table = claims.decide("A claim", "author", "code", {"it": results}).data
    assert {"A claim": ("author", word, "code")} == claims.DECIDED
    assert f"<td>{shown}</td>" in table
