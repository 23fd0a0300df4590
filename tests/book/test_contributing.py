"""What CONTRIBUTING.md names is there: files, commands of make, ids and tags of cells."""

import ast
import re
import textwrap

import lvc
from lvcbook.exercises import ch03
from tests.support.notebooks import CHAPTERS, ROOT, tags

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_path_is_there():
    paths = re.findall(r"[\w.]+/[\w./]*\w|\b\w+/(?=`)|(?<=`)[\w.]+\.(?:py|yml)", TEXT)
    inside = ("", "lvc", "book/lvcbook", "tests/support", "tools/mutants")
    folders = [ROOT / name for name in inside]
    assert len(paths) > 30
    for path in paths:
        pattern = path.replace("NN", "[0-9][0-9]").rstrip("/")
        there = [found for folder in folders for found in folder.glob(pattern)]
        assert there, f"CONTRIBUTING.md names {path}, and it is not there"


def test_every_command_is_there():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {*re.findall(r"`make (\w+)", TEXT)} <= {*targets}


def test_the_example_of_an_exercise_works(capsys):
    check, table = (
        textwrap.dedent(text)
        for text in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    )
    names = {**vars(ch03)}
    exec(check, names)
    [(name, answers)] = ast.literal_eval(f"{{{table}}}").items()
    for sentence, answer in answers.items():
        names[name](answer, lvc.Sizes(b=2, c=256, h=20, w=20, k=16))
        assert capsys.readouterr().out == f"Not yet, the scores: {sentence}.\n"


def test_cells_are_named_and_tagged_so():
    cells = CHAPTERS["ch03_scaled_l2"].cells
    assert {"strip", "setup", "exercise-2-text"} <= {cell.id for cell in cells}
    assert {"lvc", "hide-cell", "remove-input"} <= set().union(*map(tags, cells))
    folded = CHAPTERS["ch11_claims"].cells
    assert "hide-input" in set().union(*map(tags, folded))
