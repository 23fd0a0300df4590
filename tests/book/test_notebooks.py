"""The notebooks are stored as a reader would get them: executed whole, clean, comparable."""

import ast
import re

import pytest

from chapters import NOTEBOOKS, STEP_BY_STEP, code_cells, printed
from lvc.shapes import EXAMPLE, LVC_STEPS

IGNORING = {"nbval-ignore-output", "nbval-skip", "raises-exception", "skip-execution"}
# A cell may be listed here, as (notebook, cell id): reason, to have its output ignored.
ALLOWED_TO_IGNORE = {}
cells = pytest.mark.parametrize(
    ("name", "cell"),
    [(name, cell) for name, book in NOTEBOOKS.items() for cell in code_cells(book)],
    ids=lambda value: value if isinstance(value, str) else value.id,
)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_executed_whole_and_in_order(name):
    counts = [cell.execution_count for cell in code_cells(NOTEBOOKS[name])]
    assert counts == list(range(1, len(counts) + 1)), (
        f"{name}: cells were not executed 1..n in order; run: make run"
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_metadata_is_the_same_everywhere(name):
    assert NOTEBOOKS[name].metadata == {
        "kernelspec": {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        },
        "language_info": {"name": "python"},
    }, f"{name}: foreign metadata; run: make run"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_have_names_of_their_own(name):
    for cell in NOTEBOOKS[name].cells:
        assert re.fullmatch(r"[a-z][a-z0-9-]+", cell.id), f"{name}: cell id {cell.id!r}"
        assert not re.fullmatch(r"[0-9a-f]{8}", cell.id), f"{name}: name {cell.id!r}"


@cells
def test_outputs_are_clean(name, cell):
    where = f"{name}, cell {cell.id}"
    for output in cell.outputs:
        assert output.output_type != "error", f"{where} raised an error"
        assert output.get("name") != "stderr", f"{where} wrote to stderr"
        assert "image/png" not in output.get("data", {}), (
            f"{where}: PNG is not compared"
        )
    text = printed(cell)
    assert not re.search(r"(?<![<\w.:/])/(home|root|tmp|Users|work|usr|var)/", text), (
        f"{where} shows an absolute path"
    )
    assert not re.search(r"\bcuda\b|\bcpu\b|device=|NVIDIA|0x[0-9a-f]{6,}", text), (
        f"{where} shows a device or an address"
    )


@cells
def test_no_output_is_ignored_without_a_reason(name, cell):
    if (name, cell.id) in ALLOWED_TO_IGNORE:
        return
    assert not IGNORING & set(cell.metadata.get("tags", []))
    assert not re.search(r"#\s*(NBVAL|PYTEST)", cell.source)


@cells
def test_hidden_solutions_are_hidden_in_jupyterlab_too(name, cell):
    tags, lab = cell.metadata.get("tags", []), cell.metadata.get("jupyter", {})
    assert lab.get("source_hidden", False) == bool(
        {"remove-input", "hide-cell"} & {*tags}
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_pictures_have_alt_text_of_their_own(name):
    labels = []
    for cell in code_cells(NOTEBOOKS[name]):
        shown = (output.get("data", {}).get("text/html", "") for output in cell.outputs)
        labels += re.findall(r'role="img" aria-label="([^"]*)"', "".join(shown))
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert re.search(r"\d", label), f"{name}: no number in the alt text {label!r}"


@pytest.mark.parametrize("name", STEP_BY_STEP)
def test_the_strip_shows_the_steps_of_the_table(name):
    shown = printed(next(cell for cell in NOTEBOOKS[name].cells if cell.id == "strip"))
    titles = re.findall(r'title="([^"]*)"', shown)
    assert titles == [f"{step.name} {step.shape(EXAMPLE)}" for step in LVC_STEPS]
    assert shown.count('aria-current="step"') >= 1


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_what_a_reader_types_along_is_defined_where_they_can_see_it(name):
    """No visible cell uses a name that only a hidden cell defines."""
    defined, used = {True: set(), False: set()}, {}
    for cell in code_cells(NOTEBOOKS[name]):
        hidden = "remove-input" in cell.metadata.get("tags", [])
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                defined[hidden].add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                defined[hidden].add(node.name)
            elif isinstance(node, ast.alias):
                defined[hidden].add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.Name) and not hidden:
                used.setdefault(node.id, cell.id)
    for variable in (defined[True] - defined[False]) & set(used):
        raise AssertionError(
            f"{name}, cell {used[variable]}: {variable} is defined in a hidden cell"
        )
