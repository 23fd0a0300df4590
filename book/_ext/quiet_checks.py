"""Name what is folded: a quiet mark says how many checks the code behind it passed.

The code of every page has run, so each assert in it has held.
"""

import ast

from docutils import nodes
from sphinx.locale import get_translation

_ = get_translation("sphinx")


def is_check(node: ast.AST) -> bool:
    """Tell whether this is an assert, or a call of a function that asserts."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name.startswith("assert_")
    return isinstance(node, ast.Assert)


def words_for(source: str, whole_cell: bool) -> str:
    """Return the words for a fold: of code alone, or with what it prints."""
    tree = ast.parse(source)
    checks = sum(map(is_check, ast.walk(tree)))
    mark = _("✓ 1 check") if checks == 1 else _("✓ {} checks").format(checks)
    mark = mark if checks else _("Code")
    if not whole_cell:
        return mark
    last = getattr(tree.body[-1], "value", None)
    name = getattr(getattr(last, "func", None), "id", "")
    return _("Solution") if name.startswith("check_") else _("Deeper: {}").format(mark)


def name_the_folds(app, doctree):
    """Give the fold of each cell its words."""
    for cell in doctree.findall(nodes.container):
        if "hide_mode" in cell:
            source = next(cell.findall(nodes.literal_block)).astext()
            words = words_for(source, whole_cell=cell["hide_mode"] == "all")
            cell["prompt_show"] = cell["prompt_hide"] = words


def setup(app):
    """Register it with Sphinx."""
    app.connect("doctree-read", name_the_folds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
