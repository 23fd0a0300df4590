"""The mutants of lvc: its modules, each with one place changed.

Most of what lvc means stands in strings, the einops patterns, which mutation libraries
take for constants. So the changes are made here, on Python's syntax tree.
"""

import ast
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = [
    *("reference", "functional", "layers", "checks", "checkpoint"),
    *("axes", "steps", "table", "size", "__main__"),
]

AXIS = r"(?:[bchwnkmoj]|[1-9])(?:=\{self\.\w+\})?"
PATTERN = re.compile(rf"(?:{AXIS}|->|[ ,()])+")
OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
WORDS = {"sum": "mean", "mean": "sum", "any": "all", "all": "any", "max": "min"}
LIBRARIES = {"self", "torch", "nn", "functional", "operator", "re", "argparse", "sys"}


@dataclass(frozen=True)
class Mutant:
    """The source of a module with one change, and in which definition that is."""

    module: str
    definition: str
    source: str

    @property
    def place(self) -> str:
        return f"{self.module}.{self.definition}"


def mutants(module: str) -> dict[str, Mutant]:
    """Return all mutants of a module of lvc by name, in the order of its lines."""
    source = (ROOT / "lvc" / f"{module}.py").read_text()
    assert source.isascii()  # the tree counts bytes
    lines = source.splitlines(keepends=True)
    found, sources = {}, set()
    for definition, node, new in _changes(ast.parse(source), ""):
        start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
        end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
        old, new = ast.unparse(node), ast.unparse(new) if new else ""
        instead = new or "pass"
        if isinstance(node, ast.expr) and new:
            instead = f"({new})"
        elif isinstance(node, ast.expr):  # a decorator goes with its @
            start, old, instead = start - 1, f"@{old}", ""
        changed = f"{source[:start]}{instead}{source[end:]}"
        if changed in sources:
            continue
        sources.add(changed)
        # A stable name: no line numbers, no line ends, one kind of quotes.
        name = f"{module}.{definition}: {old} -> {new or 'nothing'}".replace('"', "'")
        number = sum(other.partition(" #")[0] == name for other in found) + 1
        name = f"{name} #{number}" if number > 1 else name
        found[name] = Mutant(module, definition, changed)
    return found


def every_mutant() -> dict[str, Mutant]:
    return {name: m for module in MODULES for name, m in mutants(module).items()}


def _changes(node: ast.AST, definition: str) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Yield the definition, the node and what replaces it, for all nodes within."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        definition = f"{definition}.{node.name}".lstrip(".")
        for decorator in node.decorator_list:
            yield definition, decorator, None
        if ast.get_docstring(node):
            node.body = node.body[1:]
        parts = [*node.body]
        if isinstance(node, ast.FunctionDef):
            parts = [node.args, *node.body]
    elif isinstance(node, ast.Assign) and not definition:
        definition = ast.unparse(node.targets[0])
        parts = [] if definition == "__all__" else [node.value]
    elif isinstance(node, ast.AnnAssign):
        parts = [node.value] if node.value else []
    elif (
        isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Raise)
        or isinstance(node, ast.If)
        and "__name__" in ast.unparse(node.test)
    ):
        return
    else:
        parts = ast.iter_child_nodes(node)
    if definition:
        replacements = _replacements(node)
        if definition.endswith("_STEPS"):  # data: one change of an entry is enough
            replacements = islice(chain(_shorter(node), replacements), 1)
        for new in replacements:
            yield definition, node, new
    for part in parts:
        yield from _changes(part, definition)


def _replacements(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield what may stand in the place of this node."""
    match node:
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int()):
            yield ast.Constant(node.value + 1)
        case ast.Constant(value=float()):
            yield ast.Constant(node.value * 10)
        case ast.Constant(value=str()):
            if node.value in WORDS:
                yield ast.Constant(WORDS[node.value])
            elif PATTERN.fullmatch(node.value):
                yield from map(ast.Constant, _patterns(node.value))
        case ast.Attribute() if node.attr in WORDS:
            yield ast.Attribute(node.value, WORDS[node.attr])
        case ast.BinOp() | ast.BoolOp() if type(node.op) in OPERATORS:
            yield _with(node, op=OPERATORS[type(node.op)]())
        case ast.Compare() if len(node.ops) == 1:
            yield _with(node, ops=[OPERATORS[type(node.ops[0])]()])
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield node.operand
        case ast.List(elts=[one, other]):
            yield _with(node, elts=[other, one])
        case ast.Expr(value=ast.Call()):
            yield None
        case ast.Call():
            for keyword in node.keywords:
                if keyword.arg:
                    rest = [other for other in node.keywords if other is not keyword]
                    yield _with(node, keywords=rest)
            yield from _without_call(node)


def _shorter(node: ast.AST) -> Iterator[ast.AST]:
    """Yield axes without the last one: in a number of operations no order counts."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        before, space, _ = node.value.rpartition(" ")
        if PATTERN.fullmatch(before) and space and "->" not in node.value:
            yield ast.Constant(before)


def _without_call(call: ast.Call) -> Iterator[ast.AST]:
    """Yield what remains when the call is left out: its argument, or its receiver."""
    if not isinstance(call.func, ast.Name | ast.Attribute):
        return
    called = ast.unparse(call.func)
    root, _, last = called.rpartition(".")
    values = [
        value
        for value in call.args
        if not isinstance(value, ast.Constant | ast.Starred | ast.GeneratorExp)
    ]
    if root == "nn" and last[0].isupper():
        if last != "Parameter":
            yield ast.parse("nn.Identity()", mode="eval").body
    elif root and root.split(".")[0] not in LIBRARIES and "super" not in root:
        yield call.func.value
    elif values and not last[0].isupper():
        yield values[0]


def _patterns(pattern: str) -> Iterator[str]:
    """Yield the pattern with two neighbouring axes swapped, or one axis dropped."""
    axes = list(re.finditer(AXIS, pattern))
    for axis in axes:
        if axis.start() > pattern.find("->") > 0:
            dropped = pattern[: axis.start()] + pattern[axis.end() :]
            yield re.sub(r" +", " ", dropped).strip()
    for one, other in zip(axes, axes[1:]):
        between = pattern[one.end() : other.start()]
        if one[0] != other[0] and not {",", ">"} & {*between}:
            before, after = pattern[: one.start()], pattern[other.end() :]
            yield f"{before}{other[0]}{between}{one[0]}{after}"


def _with(node: ast.AST, **fields) -> ast.AST:
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
