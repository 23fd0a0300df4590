"""A cell tagged `lvc` holds the module's own definition, as a syntax tree."""

import lvc
from tests.support.definitions import PLACES, definitions
from tests.support.notebooks import DAMAGED, NOTEBOOKS


def test_every_definition_has_one_cell():
    """All of lvc.reference and lvc.functional, all layers, and the helpers of each."""
    complaints = DAMAGED or definitions(NOTEBOOKS)
    assert not complaints, "\n".join(complaints)


def test_what_lvc_exports_is_defined_in_these_places():
    """So that no public name of the block escapes; the table and checkpoints are no part of it."""
    aside = {"reference", "steps", "EXAMPLE", "Sizes", "shape_table", "trace"}
    aside |= {"as_in_detector", "load_cfpnet"}
    for name in set(lvc.__all__) - aside:
        exported = getattr(lvc, name)
        assert any(vars(place).get(name) is exported for place in PLACES), name
