"""A cell tagged `lvc` holds the module's own definition, as a syntax tree."""

import ast
import inspect

import pytest

import lvc
from chapters import CHAPTERS, tagged

PLACES = (lvc.reference, lvc.layers)
CELLS = [
    (name, cell) for name, book in CHAPTERS.items() for cell in tagged(book, "lvc")
]


def definition(source: str) -> ast.stmt:
    """Return the only statement of the source, without its docstring."""
    (statement,) = ast.parse(source).body
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    return statement


@pytest.mark.parametrize(("name", "cell"), CELLS, ids=lambda v: getattr(v, "id", v))
def test_cell_and_module_are_the_same_code(name, cell):
    shown = definition(cell.source)
    places = (place for place in PLACES if hasattr(place, shown.name))
    place = next(places, None)
    assert place, f"{name}, cell {cell.id}: lvc has no {shown.name}"
    member = getattr(place, shown.name)
    ours = definition(inspect.getsource(inspect.unwrap(member)))
    assert ast.dump(shown) == ast.dump(ours), (
        f"{name}, cell {cell.id}: {shown.name} differs from {member.__module__}; "
        "make the cell and the module the same"
    )


def test_no_name_is_defined_twice():
    names = [definition(cell.source).name for _, cell in CELLS]
    assert len(set(names)) == len(names)


def test_every_public_definition_has_its_cell():
    """All of lvc.reference, all layers, and the helpers that the layers call."""
    defined = {
        name
        for place in PLACES
        for name, member in vars(place).items()
        if getattr(member, "__module__", None) == place.__name__
    }
    assert {definition(cell.source).name for _, cell in CELLS} == defined


def test_what_lvc_exports_is_defined_in_these_places():
    """So that no public name escapes; modules and the table of shapes aside."""
    for name in set(lvc.__all__) - {"reference", "shapes"}:
        assert any(hasattr(place, name) for place in PLACES), name
