"""Every definition of lvc stands, as a syntax tree, in one cell tagged `lvc`."""

import ast
import inspect

import lvc
from tests.support.notebooks import places, statements, tags

PLACES = (lvc.reference, lvc.functional, lvc.layers)


def is_definition(statement):
    return isinstance(statement, ast.FunctionDef | ast.ClassDef)


def code(definition) -> str:
    """Return a definition without its docstrings, as text to compare."""
    for node in ast.walk(definition):
        if is_definition(node) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.dump(definition)


def whole_name(member):
    return f"{member.__name__} of {member.__module__}"


def judged(source, members):
    """Return what a tagged cell defines, as in lvc, or None, and the fault of the cell."""
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        return None, f"Python cannot read line {error.lineno} ({error.msg}); correct it"
    if len(body) != 1 or not is_definition(body[0]):
        return (
            None,
            "a cell tagged lvc holds one definition and nothing else; move the rest to another cell, or remove the tag",
        )
    name = body[0].name
    ours = [member for member in members if member.__name__ == name]
    if not ours:
        return None, f"lvc has no {name}; correct the name, or remove the tag lvc"
    for member in ours:
        (definition,) = statements(inspect.getsource(inspect.unwrap(member)))
        if code(body[0]) == code(definition):
            return member, None
    modules = " and from ".join(member.__module__ for member in ours)
    return (
        None,
        f"{name} differs from {modules}; make the cell and the module the same",
    )


def definitions(notebooks):
    """Every definition of PLACES stands in one cell of its own, tagged `lvc`."""
    members = [
        member
        for place in PLACES
        for member in vars(place).values()
        if getattr(member, "__module__", None) == place.__name__
    ]
    found, untagged, complaints = {}, {}, []
    for where, cell in places(notebooks):
        if "lvc" not in tags(cell):
            for node in filter(is_definition, statements(cell.source)):
                untagged.setdefault(node.name, where)
            continue
        member, fault = judged(cell.source, members)
        if member in found:
            fault = f"{whole_name(member)} is defined in {found[member]} too; remove the tag lvc from one of the two"
        if member:
            found.setdefault(member, where)
        if fault:
            complaints.append(f"{where}: {fault}")
    if complaints:  # a name may be missing because its cell has a fault
        return complaints
    for member in [member for member in members if member not in found]:
        name, whole = member.__name__, whole_name(member)
        complaints.append(
            f"{untagged[name]}: the cell defines {whole}; tag it lvc"
            if name in untagged
            else f"no cell defines {whole}; add a cell with its definition, tagged lvc"
        )
    return complaints
