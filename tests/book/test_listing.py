"""The listing shows a function that was run: its own shapes, a note for every line."""

import linecache
import re

import pytest
import torch
from einops import rearrange, reduce

import lvc
from lvcbook import listing
from tests.support.notebooks import NOTEBOOKS, ROOT

CELLS = {cell.id: cell for cell in NOTEBOOKS["ch00_overview"].cells}
SIZES = lvc.Sizes(b=3, c=8, h=4, w=6, k=5)


def short(x, block):
    """A map comes in."""

    # The helper has no shape.
    def twice(x):
        return 2 * x

    ## The pixels
    # A list of pixels,
    # row by row.
    # CFPNet: `x.view(...)`, here.
    pixels = rearrange(twice(x), "b c h w -> b (h w) c")
    # Their sum.
    return reduce(pixels, "b n c -> b 1 c", "sum")


def without_a_note(x, block):
    """A map comes in."""
    return x + 1


@pytest.fixture
def given():
    torch.manual_seed(0)
    return torch.rand(SIZES.of("b c h w")), lvc.LVCBlock(SIZES.c, num_codes=SIZES.k)


@pytest.fixture(scope="module")
def of_the_page(tmp_path_factory):
    """The function of chapter 0, from its cell."""
    source = CELLS["listing"].source.rpartition("\n")[0]
    folder = tmp_path_factory.mktemp("listing")
    return function_of(source, folder)


def function_of(source, folder):
    path = folder / "listed.py"  # where inspect finds the source
    path.write_text(source, encoding="utf-8")
    known = {"rearrange": rearrange, "reduce": reduce, "torch": torch}
    exec(compile(source, path, "exec"), known)
    linecache.checkcache()
    return known["lvc_block"]


def test_each_line_has_its_notes_and_what_it_made(given):
    x, block = given
    head, helper, pixels, last = listing.run(short, x, block)
    assert head.code == "def short(x, block):" and head.made is x
    assert head.notes == ["A map comes in."]
    assert helper.made is None and helper.code == "def twice(x):\n    return 2 * x"
    assert pixels.heading == "The pixels" and last.heading == ""
    assert pixels.notes == [
        "A list of pixels, row by row.",
        "CFPNet: `x.view(...)`, here.",
    ]
    assert torch.equal(pixels.made, rearrange(2 * x, "b c h w -> b (h w) c"))
    assert torch.equal(last.made, short(x, block))


def test_a_line_without_a_note_is_refused(given):
    with pytest.raises(
        ValueError, match=r"without_a_note: no note above return x \+ 1"
    ):
        listing.run(without_a_note, *given)


def test_the_figure_shows_the_shapes_of_the_run_on_the_colours_of_the_axes(given):
    x, block = given
    state = torch.random.get_rng_state()
    drawn = listing.figure(short, x, block).data
    assert torch.equal(torch.random.get_rng_state(), state)
    made = re.findall(r'<span class="made">(.*?)</span>', drawn)
    labels = [re.findall(r">([^<]+)</i>", chips) for chips in made]
    assert labels == [
        ["b 3", "c 8", "h 4", "w 6"],
        [],
        ["b 3", "n 24", "c 8"],
        ["b 3", "1", "c 8"],
    ]
    for axis in "bc":
        assert f'background:{listing.COLOURS[axis]}">{axis} ' in made[0]
    assert drawn.count("<details>") == 4 and drawn.count(">CFPNet<") == 1
    assert "<code>x.view(...)</code>" in drawn


def test_no_two_axes_of_the_second_run_have_one_size():
    assert len(listing.AXIS_OF) == len("1bchwnkm")


@pytest.mark.parametrize("sizes", [lvc.EXAMPLE, SIZES])
def test_the_listing_of_chapter_0_is_the_block(of_the_page, sizes):
    torch.manual_seed(1)
    block = lvc.LVCBlock(sizes.c, num_codes=sizes.k).double()
    x = torch.randn(sizes.of("b c h w")).double()
    with torch.no_grad():
        expected = block(x)
        torch.testing.assert_close(of_the_page(x, block), expected)
    torch.testing.assert_close(listing.run(of_the_page, x, block)[-1].made, expected)
    literal = lvc.reference.lvc_block(block, x)
    shapes = {tuple(line.made.shape) for line in listing.run(of_the_page, x, block)[2:]}
    left_out = {tuple(made.shape) for made in literal.values()} - shapes
    assert not left_out


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("scale * distance", "-scale * distance"),
        ("softmax(dim=-1)", "softmax(dim=1)"),
        ('"b k c -> b c", "mean"', '"b k c -> b c", "sum"'),
        ("relu(x + x * gate)", "relu(x * gate)"),
        ("rearrange(weight", "rearrange(score"),
    ],
)
def test_a_wrong_line_is_noticed(given, tmp_path, right, wrong):
    source = CELLS["listing"].source.rpartition("\n")[0]
    assert source.count(right) == 1
    changed = function_of(source.replace(right, wrong), tmp_path)
    x, block = given
    with torch.no_grad(), pytest.raises(AssertionError):
        torch.testing.assert_close(changed(x, block), block(x))


def test_the_page_compares_the_listing_with_the_module():
    check = CELLS["listing-check"].source
    assert "assert_close(output, expected)" in check
    assert "lvc_block(feature_map, block), block(feature_map)" in check
    assert (ROOT / "book" / "web" / "listing.css").exists()
