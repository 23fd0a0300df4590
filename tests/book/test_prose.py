"""The prose says what the table of shapes and the cells say; a changed text is reported."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import lvc
from tests.support import edits, prose

pages = pytest.mark.parametrize("name", prose.PAGES)


def page(*texts, source="x = 0.25", printed="99.8% of 4 × 4"):
    """Return a page of Markdown cells, the last one followed by a code cell."""
    outputs = [new_output("stream", text=printed)]
    cells = [new_markdown_cell(text, id=f"text-{i}") for i, text in enumerate(texts)]
    return new_notebook(cells=[*cells, new_code_cell(source, outputs=outputs)])


@pages
@pytest.mark.parametrize("kind", prose.FINDERS)
def test_the_prose_is_true(kind, name):
    faults = prose.wrong(kind, name, prose.PAGES[name])
    assert not faults, "\n".join(faults)


def test_every_exception_is_needed_and_has_a_reason():
    unused = prose.unused(prose.PAGES)
    assert not unused, "\n".join(unused)
    assert all(prose.EXCEPTIONS.values())


def test_the_gates_have_something_to_check():
    found = {
        kind: sum(len([*finder(page)]) for page in prose.PAGES.values())
        for kind, finder in prose.FINDERS.items()
    }
    assert found["shapes"] > 80
    assert found["numbers"] > 350


def test_the_totals_of_the_blocks_are_among_the_counts_of_parameters():
    """Few texts count parameters; those that say a whole block's do, and are found."""
    said = {
        int(found.text.replace(",", ""))
        for page in prose.PAGES.values()
        for found in prose.parameters(page)
    }
    blocks = lvc.Encoding, lvc.LVCBlock, lvc.EVCBlock
    assert {lvc.shape_table(lvc.EXAMPLE, block).parameters for block in blocks} <= said


@pages
@pytest.mark.parametrize("kind", ["shapes", "parameters"])
def test_every_changed_shape_and_count_is_reported(kind, name):
    _, unseen = edits.unseen(kind, name)
    assert not unseen, "\n".join(unseen)


@pages
def test_every_swap_of_two_sizes_is_reported(name):
    _, unseen = edits.unseen("shapes", name, edits.swaps)
    assert not unseen, "\n".join(unseen)


@pytest.mark.slow
def test_most_changed_digits_are_reported():
    """90 % when this was written; nearly all others turn a 0 into a 1, or the like."""
    counts = [edits.changes_detected(name)["numbers"] for name in prose.PAGES]
    made, detected = map(sum, zip(*counts))
    assert detected >= 0.88 * made, f"only {detected} of {made} changes are reported"


@pytest.mark.parametrize(
    ("kind", "right", "changed"),
    [
        ("shapes", "the map (6, 32, 10, 10)", "the map (6, 10, 10, 32)"),
        ("shapes", "one for each, (64,)", "one for each, (46,)"),
        ("shapes", "a gate in (0, 1)", "a gate in (0, 2)"),
        ("shapes", "`b c h w -> b (h w) c`", "`b c h w -> b (w h) c`"),
        ("shapes", "a (b n k) tensor", "a (b k n) tensor"),
        ("shapes", "`k c` and `y z`", "`c k` and `y z`"),
        ("parameters", "2,112 parameters", "2,122 parameters"),
        ("parameters", "parameters: 6656", "parameters: 6565"),
        ("parameters", "For 256 channels, 65,792\nparameters", "65,792\nparameters"),
        (
            "parameters",
            "| a | parameters |\n| b | 64 |",
            "| a | parameters |\n| b | 46 |",
        ),
        ("parameters", "| cost |\n| 0 |\n\nThe cost is in parameters", "1 parameters"),
        ("numbers", "64 codewords", "63 codewords"),
        ("numbers", "a quarter, 0.25", "a quarter, 0.26"),
        ("numbers", "a quarter, 0.25", "sixteen quarters, 4.0"),
        ("numbers", "99.8 % of them", "99.7 % of them"),
        ("numbers", "99.8 % of them", "4 % of them"),
        ("numbers", "25 % of them", "2.5 % of them"),
        ("numbers", "blocks of 4 × 4", "blocks of 4 × 3"),
        ("numbers", "an axis of size 1", "an axis of size 2"),
        ("numbers", "closest\nto 0", "closest\nto 6"),
        ("numbers", "between -1 and 0", "between 0 and -1"),
        ("numbers", r"$x_1^2$, $\log 64$", r"$x_1^2$, $\log 46$"),
        ("numbers", "`x[3]` is pixel 3", "`x[3]` is pixel 6"),
    ],
)
def test_a_text_is_right_and_a_changed_one_is_not(kind, right, changed):
    assert not prose.wrong(kind, "made up", page(right))
    assert len(prose.wrong(kind, "made up", page(changed))) == 1


def test_a_number_is_looked_for_under_its_own_heading():
    here = page("## One", "## Two\n\nIt is 0.25.")
    there = page("## Two\n\nIt is 0.25.", "## One")
    there.cells.insert(1, new_code_cell("y = 8"))
    assert not prose.wrong("numbers", "made up", here)
    assert prose.wrong("numbers", "made up", there)


@pytest.mark.parametrize(
    ("source", "found"), [("x[7]", False), ("x**7", False), ("-7", False), ("7", True)]
)
def test_an_index_an_exponent_and_a_negative_number_are_other_numbers(source, found):
    faults = prose.wrong("numbers", "made up", page("7 times", source=source))
    assert bool(faults) != found


def test_the_message_says_where_what_and_what_to_do():
    book = page("In all (6, 100,\n46).")
    assert prose.wrong("shapes", "ch03_scaled_l2", book) == [
        "ch03_scaled_l2, cell text-0: (6, 100, 46) is no shape of the table; "
        "correct it, or list it with a reason in tests/support/prose.py"
    ]


def test_an_exception_holds_for_its_own_words_and_must_be_needed(monkeypatch):
    one, other = ("made up", "all 17 of"), ("made up", "19 more")
    monkeypatch.setattr(prose, "EXCEPTIONS", {one: "a reason", other: "another"})
    assert not prose.wrong("numbers", "made up", page("all\n17 of them, 19 more"))
    assert prose.wrong("numbers", "made up", page("only 17 of them"))
    assert prose.wrong("numbers", "another", page("all 17 of them"))
    (sentence,) = prose.unused({"made up": page("all 17 of, 19 more", printed="17")})
    assert sentence.startswith("made up: 'all 17 of' is not on the page")
