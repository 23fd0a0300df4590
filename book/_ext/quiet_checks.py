"""Name what is folded: a quiet mark says how many checks the code behind it passed.

The code of every page has run, so each assert in it has held.
"""

import ast
import re

from docutils import nodes
from sphinx.locale import get_translation

_ = get_translation("sphinx")


def is_check(node: ast.AST) -> bool:
    """Tell whether this is an assert, or a call of a function that asserts."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        return name.startswith("assert_")
    return isinstance(node, ast.Assert)


def words_for(source: str, topic: str = "") -> str:
    """Return the words for a fold: of code alone, or of a whole cell with a topic."""
    checks = sum(map(is_check, ast.walk(ast.parse(source))))
    mark = _("✓ 1 check") if checks == 1 else _("✓ {} checks").format(checks)
    return " · ".join(filter(None, [topic, checks and str(mark)])) or str(_("Code"))


def topic_of(metadata: dict) -> str:
    """Return what a folded cell says of itself: "Show the solution" is a Solution."""
    said = metadata.get("mystnb", {}).get("code_prompt_show", str(_("Deeper")))
    topic = re.sub("^Show (the )?", "", said)
    return topic[:1].upper() + topic[1:]


def name_the_folds(app, doctree):
    """Give the fold of each cell its words."""
    for cell in doctree.findall(nodes.container):
        if "hide_mode" in cell:
            source = next(cell.findall(nodes.literal_block)).astext()
            whole = cell["hide_mode"] == "all"
            topic = topic_of(cell["cell_metadata"]) if whole else ""
            cell["prompt_show"] = cell["prompt_hide"] = words_for(source, topic)


def setup(app):
    """Register it with Sphinx."""
    app.connect("doctree-read", name_the_folds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
