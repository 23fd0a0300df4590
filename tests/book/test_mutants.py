"""The page on the checks shows this lvc: each suite noticed every mutant that matters."""

import json
import re
import subprocess
import sys

import pytest

from tests.support.definitions import PLACES
from tests.support.notebooks import CHAPTERS, NOTEBOOKS, ROOT, code_cells
from tools.mutants.changes import MODULES, every_mutant, mutants
from tools.mutants.harmless import HARMLESS
from tools.mutants.pages import OWN_PAGE
from tools.mutants.result import RESULT, by_definition, pieces, settle, waiting
from tools.mutants.suites import IN_CHAPTERS, SUITES

result = json.loads(RESULT.read_text())
# Python 3.10 writes some expressions otherwise, so its mutants have other names.
names_as_stored = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 writes some expressions otherwise"
)


@names_as_stored
def test_every_survivor_is_harmless_and_has_its_reason():
    for suite, survived in result["survivors"].items():
        for name in survived:
            assert name in HARMLESS, f"the {suite} do not notice {name}"
    every = every_mutant()
    waits = {d for its in waiting(every, result["ran"]).values() for d in its}
    ran = {name for name in HARMLESS if every[name].place not in waits}
    survived = {name for suite in SUITES for name in result["survivors"][suite]}
    assert ran <= survived <= {*HARMLESS}, "a harmless mutant was noticed"
    assert result["harmless"] == HARMLESS, "a reason has changed; run: make mutants"


@names_as_stored
def test_the_counts_are_those_of_the_survivors():
    rows = by_definition(every_mutant(), result["survivors"], result["ran"])
    assert rows == result["definitions"]


def test_the_modules_that_meet_the_chapters_are_those_that_stand_there():
    assert {place.__name__.removeprefix("lvc.") for place in PLACES} == IN_CHAPTERS


def test_every_module_is_broken_but_the_one_that_the_page_names():
    modules = {path.stem for path in (ROOT / "lvc").glob("*.py")} - {"__init__"}
    assert modules - {*MODULES} == {"ultralytics"}
    page = NOTEBOOKS[OWN_PAGE]
    (text,) = [cell.source for cell in page.cells if cell.id == "mutants-text"]
    assert "one place of `lvc` at a time, `lvc.ultralytics` aside" in text


def test_the_chapters_that_read_measurements_are_those_that_the_page_names():
    read = r"experiment\.saved\(|advice\.stored\(|data/(?!official)\w+\.json"
    chapters = [
        int(name[2:4])
        for name, page in CHAPTERS.items()
        if any(re.search(read, cell.source) for cell in code_cells(page))
    ]
    *others, last = map(str, chapters)
    text = " ".join(NOTEBOOKS[OWN_PAGE].cells[0].source.split())
    assert f"chapters {', '.join(others)} and {last} read stored measurements" in text


def test_every_page_was_edited_and_every_shape_and_output_noticed():
    assert [row["page"] for row in result["edits"]] == [
        n for n in NOTEBOOKS if n != OWN_PAGE
    ]
    for row in result["edits"]:
        for kind in ("outputs", "shapes", "parameters"):
            changed, noticed = row[kind]
            assert noticed == changed, f"{row['page']}: {kind}"
        if row["page"] in CHAPTERS:
            assert row["outputs"][0] > 5


def test_a_run_that_was_stopped_goes_on_where_it_was():
    """What waits is run, and what survived again; a definition settled waits no more."""
    every, suite = every_mutant(), SUITES[0]
    known = {"ran": {s: {} for s in SUITES}, "survivors": {s: [] for s in SUITES}}
    everything = pieces(every, known)
    in_chapters = [m for m in every.values() if m.module in IN_CHAPTERS]
    assert sum(map(len, everything.values())) == len(every) + len(in_chapters)
    definition = "reference.scaled_l2"
    first, *others = everything[suite, definition]
    settle(every, known, suite, definition, [first])
    left = pieces(every, known)
    assert left[suite, definition] == [first] and others
    assert {**everything, (suite, definition): [first]} == left
    settle(every, known, suite, definition, [])
    assert (suite, definition) not in pieces(every, known)


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_python_and_differs(module):
    source = (ROOT / "lvc" / f"{module}.py").read_text()
    for name, mutant in mutants(module).items():
        compile(mutant.source, name, "exec")
        assert mutant.source != source


def test_the_kinds_of_change_that_matter_are_there():
    names = set(every_mutant())
    assert {
        "reference.scaled_l2: 'sum' -> 'mean'",
        "reference.scaled_l2: 2 -> 3",
        "reference.aggregate: 'b n k -> b n k 1' -> 'b n k -> b k n 1'",
        "reference.aggregate: 'b n k c -> b k c' -> 'b n k c -> b k'",
        "reference.encode: -1 -> 1",
        "layers.Mean.forward: x.mean -> x.sum",
        "layers._conv_and_norm: nn.BatchNorm2d(out_channels, eps=1e-06, **placed) -> nn.BatchNorm2d(out_channels, **placed)",
        "layers.EVCBlock.forward: [self.lvc(x), self.l_MLP(x)] -> [self.l_MLP(x), self.lvc(x)]",
        "layers.LVCBlock.forward: @checked -> nothing",
        "checks.whole_number: number < least -> number <= least",
    } <= names


@pytest.mark.slow
def test_one_mutant_live():
    """Both suites notice a sum that became a mean; the tree of the project stays as it is."""
    name = "reference.scaled_l2: 'sum' -> 'mean'"
    command = [sys.executable, "-m", "tools.mutants", name]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    chapters, tests = sorted(shown.stdout.split(f"{name}\n")[1:])
    assert re.match(r"    chapters: \w+, cell [\w-]+\n", chapters)
    assert re.match(r"    unit tests: tests/test_\w+\.py::", tests)


@pytest.mark.slow
def test_what_computes_too_long_is_noticed():
    """Not on the clock: other work on the machine would count as noticing."""
    code = """
from tools.mutants import suites
suites.SECONDS = 2
[(_, _, noticed)] = suites.run([("unit tests", None)])
print(noticed)
"""
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.stdout.startswith("ProcessExpired"), shown.stderr
