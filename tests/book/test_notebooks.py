"""The notebooks are stored as a reader would get them: executed whole, clean, comparable."""

import re

import pytest

from lvc.shapes import EXAMPLE, LVC_STEPS
from tests.support.notebooks import DAMAGED, GATES, NOTEBOOKS, STEP_BY_STEP, printed


def test_every_file_is_a_notebook():
    assert not DAMAGED, "\n".join(DAMAGED)


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.__name__)
def test_gate(gate):
    complaints = gate(NOTEBOOKS)
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_the_strip_shows_the_steps_of_the_table(name):
    strip = next((cell for cell in NOTEBOOKS[name].cells if cell.id == "strip"), None)
    assert strip, f"{name}.ipynb: no cell has the id strip; name the first figure so"
    shown = printed(strip)
    titles = re.findall(r'title="([^"]*)"', shown)
    assert titles == [f"{step.name} {step.shape(EXAMPLE)}" for step in LVC_STEPS], (
        f"{name}.ipynb, cell strip: the steps are not those of lvc.shapes; run: make run"
    )
    assert shown.count('aria-current="step"') >= 1, (
        f"{name}.ipynb, cell strip: no step is marked; name the steps of the chapter"
    )
