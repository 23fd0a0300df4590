"""Every exercise is open, its solution is right, and its check refuses wrong answers.

The answers stand in tests/book/answers, a module a chapter: `WRONG` maps, for each check,
what it says to the answer of which it says so, or to a list of them; '…' stands for what
differs between machines. `RIGHT` has right answers other than the solution.
"""

import ast
import contextlib
import dis
import functools
import importlib
import io
import re
from types import CodeType

import pytest
import torch

from tests.support.notebooks import (
    BOOK,
    CHAPTERS,
    STEP_BY_STEP,
    code_cells,
    printed,
    statements,
    tags,
)

EXERCISES = {
    (page, cell.id.removeprefix("exercise-")): cell
    for page in STEP_BY_STEP
    for cell in code_cells(CHAPTERS[page])
    if cell.id.startswith("exercise-")
}
exercises = pytest.mark.parametrize(
    ("page", "number"), EXERCISES, ids=[f"{page[:4]}-{n}" for page, n in EXERCISES]
)


@pytest.mark.parametrize("page", STEP_BY_STEP)
def test_numbers_follow_the_order_of_the_page(page):
    """Those of the texts, of the open cells and of the solutions."""
    cells = CHAPTERS[page].cells
    texts = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    in_text = re.findall(r"^\*\*Exercise (\d+) ·", texts, re.MULTILINE)
    ids = [number for where, number in EXERCISES if where == page]
    solutions = [
        cell.id.removeprefix("solution-")
        for cell in code_cells(CHAPTERS[page])
        if cell.id.startswith("solution-")
    ]
    assert in_text == ids == solutions == [str(i + 1) for i in range(len(ids))]


def call_of_the_check(cell) -> ast.Expr:
    """Return the one call of a check in a cell, such as check_count(my_count, k=3)."""
    calls = [
        statement
        for statement in statements(cell.source)
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func).startswith("check_")
    ]
    assert len(calls) == 1, f"{cell.id} calls {len(calls)} checks; call one"
    return calls[0]


def solution_of(page, number):
    named = [c for c in code_cells(CHAPTERS[page]) if c.id == f"solution-{number}"]
    assert named, f"{page}.ipynb has no cell solution-{number}; write one"
    return named[0]


def name_of_the_check(cell) -> str:
    return ast.unparse(call_of_the_check(cell).value.func)


def answers_of(page):
    return importlib.import_module(f"tests.book.answers.{page[:4]}")


def compiled(statement: ast.stmt) -> CodeType:
    return compile(ast.Module([statement], []), "notebook", "exec")


def names(code: CodeType, what: str) -> set:
    """Return the global names that code loads or stores, in its functions too."""
    inner = (names(one, what) for one in code.co_consts if isinstance(one, CodeType))
    kinds = f"{what}_NAME", f"{what}_GLOBAL"
    own = {i.argval for i in dis.get_instructions(code) if i.opname in kinds}
    return own.union(*inner)


@functools.cache
def solved(page, number) -> dict:
    """Run the solution of an exercise, and of the cells before it what it needs."""
    solution, cells = solution_of(page, number), code_cells(CHAPTERS[page])
    before = cells[: cells.index(solution) + 1]
    needed = names(compiled(call_of_the_check(solution)), "LOAD")
    run = []
    for statement in reversed([s for c in before for s in statements(c.source)]):
        code = compiled(statement)
        if stored := names(code, "STORE") & needed:
            if not isinstance(statement, ast.If | ast.For | ast.While | ast.Try):
                needed -= stored  # what came before it is overwritten
            needed |= names(code, "LOAD")
            run.append(code)
    variables = {}
    for code in reversed(run):
        exec(code, variables)
    return variables


def said(page, number, *answer) -> str:
    """Return what the check prints, of the solution or of another answer.

    Where the reader writes two functions, an answer is a pair of them.
    """
    variables = dict(solved(page, number))
    call = call_of_the_check(EXERCISES[page, number])
    mine = [
        name for name in map(ast.unparse, call.value.args) if name.startswith("my_")
    ]
    given = answer[0] if answer and len(mine) > 1 else answer
    variables |= dict(zip(mine, given))
    before = torch.get_rng_state()
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(compiled(call), variables)
    assert torch.equal(torch.get_rng_state(), before), "the check draws random numbers"
    return shown.getvalue()


def cases(table: str):
    """Return every answer of the tables: page, exercise, sentence or nothing, answer."""
    found = []
    for (page, number), cell in EXERCISES.items():
        check = name_of_the_check(cell)
        known = getattr(answers_of(page), table).get(check, {})
        pairs = known.items() if isinstance(known, dict) else [("", known)]
        for sentence, given in pairs:
            for answer in given if isinstance(given, list) else [given]:
                name = f"{page[:4]}-{check}-{sentence}"
                found.append(pytest.param(page, number, sentence, answer, id=name))
    return found


@exercises
def test_the_exercise_is_open(page, number):
    cell = EXERCISES[page, number]
    assert tags(cell) == {"remove-output"}, (
        "a page that nobody can run prints no answer"
    )
    assert printed(cell).startswith("Not yet, ")
    variables = dict(solved(page, number))
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(cell.source, variables)
    assert shown.getvalue() == printed(cell), "execute the notebook"


@exercises
def test_the_solution_is_hidden_and_right(page, number):
    solution = solution_of(page, number)
    assert "hide-cell" in tags(solution)
    calls = [call_of_the_check(cell) for cell in (solution, EXERCISES[page, number])]
    assert len({*map(ast.dump, calls)}) == 1, "exercise and solution differ in the call"
    assert printed(solution).endswith(": right.\n")
    assert said(page, number).endswith(": right.\n")


@pytest.mark.parametrize(("page", "number", "sentence", "answer"), cases("WRONG"))
def test_a_wrong_answer_is_refused_with_its_sentence(page, number, sentence, answer):
    line = said(page, number, answer)
    expected = re.escape(f": {sentence}.\n").replace("…", ".*")
    assert re.fullmatch("Not yet, [^:]*" + expected, line), line


@pytest.mark.parametrize(("page", "number", "_", "answer"), cases("RIGHT"))
def test_another_right_answer_is_taken(page, number, _, answer):
    assert said(page, number, answer).endswith(": right.\n")


@pytest.mark.parametrize("page", STEP_BY_STEP)
def test_every_check_has_wrong_answers(page):
    """Two or more exercises a chapter, two or more wrong answers each, and no table left over."""
    cells = [cell for (where, _), cell in EXERCISES.items() if where == page]
    assert len(cells) >= 2, f"{page} has fewer than two exercises"
    checks = [name_of_the_check(cell) for cell in cells]
    tables = answers_of(page)
    assert [*tables.WRONG] == checks, f"{tables.__file__}: WRONG needs a table a check"
    assert {*tables.RIGHT} <= {*checks}
    assert min(map(len, tables.WRONG.values())) >= 2


@pytest.mark.parametrize("page", STEP_BY_STEP)
def test_every_sentence_is_said_of_some_answer(page):
    """Those that stand whole in the checks: keys of mistakes, and texts yielded as they are."""
    source = (BOOK / "lvcbook" / "exercises" / f"{page[:4]}.py").read_text("utf-8")
    found = []
    for node in ast.walk(ast.parse(source)):
        found += node.keys if isinstance(node, ast.Dict) else []
        found += [node.value] if isinstance(node, ast.Yield) else []
    texts = [one.value for one in found if isinstance(one, ast.Constant)]
    said_of = "\n".join(
        key for table in answers_of(page).WRONG.values() for key in table
    )
    unsaid = [text for text in texts if " " in str(text) and text not in said_of]
    assert not unsaid, f"tests/book/answers/{page[:4]}.py has no answer for {unsaid}"
