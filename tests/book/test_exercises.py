"""Every exercise is open, and the hidden solution below it is right."""

import pytest

from tests.support.notebooks import CHAPTERS, STEP_BY_STEP, printed


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_every_exercise_is_open_and_every_solution_right(name):
    """What a reader opens is not solved yet, and what is hidden below it solves it."""
    cells = {cell.id: cell for cell in CHAPTERS[name].cells}
    numbers = [c.removeprefix("exercise-") for c in cells if c.startswith("exercise-")]
    numbers = [number for number in numbers if number.isdigit()]
    assert len(numbers) >= 2, f"{name} has fewer than two exercises"
    for number in numbers:
        assert printed(cells[f"exercise-{number}"]).startswith("Not yet, ")
        solution = cells[f"solution-{number}"]
        assert printed(solution).rstrip().endswith("right.")
        assert "hide-cell" in solution.metadata.tags
