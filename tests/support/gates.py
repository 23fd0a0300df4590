"""The gates that every notebook must pass.

A gate takes notebooks by name and gives sentences: which cell, what is wrong, what to do.
"""

import ast
import re

from tests.support.definitions import is_definition
from tests.support.notebooks import places, printed, statements, tags
from tools.execute import METADATA

IGNORING = {"nbval-ignore-output", "nbval-skip", "raises-exception", "skip-execution"}
HIDDEN = {"remove-input", "hide-input", "hide-cell"}  # where the page folds the code
# A cell may be listed here, as "ch03_scaled_l2.ipynb, cell setup": reason, to have its
# output ignored.
ALLOWED_TO_IGNORE = {}


def executed_in_order(notebooks):
    """The cells were executed from first to last; only the first that was not is named."""
    for name, book in notebooks.items():
        for number, (where, cell) in enumerate(places({name: book}), start=1):
            count = cell.execution_count
            if count != number:
                order = f"out of order, as number {count} and not {number}"
                what = f"was executed {order}" if count else "was not executed"
                yield f"{where}: the cell {what}; run: make run"
                break


def metadata_is_the_same_everywhere(notebooks):
    return [
        f"{name}.ipynb: the metadata of the notebook name another kernel or program; run: make run"
        for name, book in notebooks.items()
        if book.metadata != METADATA
    ]


def cells_have_names_of_their_own(notebooks):
    for name, book in notebooks.items():
        ids = [cell.id for cell in book.cells]
        for cell_id in dict.fromkeys(ids):
            where = f"{name}.ipynb, cell {cell_id}"
            if ids.count(cell_id) > 1:
                yield f"{where}: {ids.count(cell_id)} cells have this id; rename all but one"
            if not re.fullmatch(r"(?![0-9a-f]{8}$)[a-z][a-z0-9-]+", cell_id):
                yield f"{where}: the id is not in words; name the cell as in by-hand"


def outputs_are_clean(notebooks):
    for where, cell in places(notebooks):
        kinds = {output.output_type for output in cell.outputs}
        kinds |= {output.get("name") for output in cell.outputs}
        kinds |= {kind for output in cell.outputs for kind in output.get("data", {})}
        text = printed(cell)
        path = re.search(r"(?<![<\w.:/])/(home|root|tmp|Users|work|usr|var)/", text)
        device = re.search(r"\bcuda\b|\bcpu\b|device=|NVIDIA|0x[0-9a-f]{6,}", text)
        for fault, what, advice in (
            ("error" in kinds, "the output is an error", "correct the cell"),
            ("stderr" in kinds, "the cell writes to stderr", "correct the cell"),
            (
                {"image/png", "image/jpeg"} & kinds,
                "the output is a PNG or JPEG, which is not compared",
                "draw it with figures",
            ),
            (path, "the output shows an absolute path", "print it without"),
            (device, "the output shows a device or an address", "print it without"),
        ):
            if fault:
                yield f"{where}: {what}; {advice}, then run: make run"


def no_output_is_ignored_without_a_reason(notebooks):
    for where, cell in places(notebooks):
        ignoring = sorted(IGNORING & tags(cell))
        ignoring += re.findall(r"#\s*(?:NBVAL|PYTEST)\w*", cell.source)
        if ignoring and where not in ALLOWED_TO_IGNORE:
            yield f"{where}: {ignoring[0]} keeps the output from being compared; remove it, or give the reason in ALLOWED_TO_IGNORE of tests/support/gates.py"


def hidden_cells_are_hidden_in_jupyterlab_too(notebooks):
    return [
        f"{where}: the tags and JupyterLab's source_hidden do not agree; set source_hidden exactly where a cell is tagged remove-input, hide-input or hide-cell"
        for where, cell in places(notebooks)
        if cell.metadata.get("jupyter", {}).get("source_hidden", False)
        != bool(HIDDEN & tags(cell))
    ]


def checks_and_imports_are_folded(notebooks):
    """In a chapter, a cell that shows its code shows what a reader should read."""
    for where, cell in places(notebooks):
        if not where.startswith("ch") or (HIDDEN | {"remove-cell"}) & tags(cell):
            continue
        top = statements(cell.source)
        if any(isinstance(node, ast.Assert) for node in ast.walk(ast.Module(top))):
            yield f"{where}: the page shows an assert; move it to a cell tagged hide-input, whose id ends in -check"
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in top):
            yield f"{where}: the page shows an import; move it to a cell tagged hide-input"


def pictures_have_alt_text_of_their_own(notebooks):
    for name, book in notebooks.items():
        seen = set()
        for where, cell in places({name: book}):
            shown = (
                output.get("data", {}).get("text/html", "") for output in cell.outputs
            )
            for label in re.findall(r'role="img" aria-label="([^"]*)"', "".join(shown)):
                if label in seen:
                    yield f"{where}: another picture of the chapter has the same alt text {label!r}; say what differs"
                if not re.search(r"\d", label):
                    yield f"{where}: the alt text {label!r} has no number; say one that the picture shows"
                seen.add(label)


def what_a_reader_types_along_is_defined_where_they_can_see_it(notebooks):
    """No visible cell uses a name that only a hidden cell defines."""
    for name, book in notebooks.items():
        defined, used = {True: set(), False: set()}, {}
        for where, cell in places({name: book}):
            hidden = "remove-input" in tags(cell)
            for node in ast.walk(ast.Module(statements(cell.source))):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    defined[hidden].add(node.id)
                elif is_definition(node):
                    defined[hidden].add(node.name)
                elif isinstance(node, ast.alias):
                    defined[hidden].add((node.asname or node.name).split(".")[0])
                elif isinstance(node, ast.Name) and not hidden:
                    used.setdefault(node.id, where)
        for variable in sorted((defined[True] - defined[False]) & set(used)):
            yield f"{used[variable]}: only a hidden cell defines {variable}; define it in a visible one"


GATES = (
    executed_in_order,
    metadata_is_the_same_everywhere,
    cells_have_names_of_their_own,
    outputs_are_clean,
    no_output_is_ignored_without_a_reason,
    hidden_cells_are_hidden_in_jupyterlab_too,
    checks_and_imports_are_folded,
    pictures_have_alt_text_of_their_own,
    what_a_reader_types_along_is_defined_where_they_can_see_it,
)
