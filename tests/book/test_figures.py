"""Figures show the tensors they are given: sizes, proportions, numbers and words."""

import base64
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image

from lvc.axes import AXES, EXAMPLE
from lvc.steps import LVC_STEPS
from lvcbook import figures
from lvcbook.figures import boxes, flow
from tests.support.notebooks import BOOK, ROOT


def test_every_axis_has_a_colour_of_its_own_that_black_text_reads_on():
    assert set(AXES) <= set(figures.COLOURS)
    assert len({figures.COLOURS[axis] for axis in "bnkc"}) == 4
    for colour in figures.COLOURS.values():
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in channels
        ]
        luminance = np.dot(linear, [0.2126, 0.7152, 0.0722])
        assert (luminance + 0.05) / 0.05 >= 4.5  # WCAG 2.2 AA against black


@given(st.lists(st.integers(1, 200), min_size=4, max_size=4))
@settings(max_examples=20, deadline=None)
def test_edges_are_as_long_as_the_roots_of_the_sizes(shape):
    drawn = figures.equation(
        ("residuals", torch.empty(shape, device="meta"), "b n k c")
    ).data
    lengths = {}
    for points, colour in re.findall(
        r'<polyline points="([^"]*)" stroke="([^"]*)"', drawn
    ):
        (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
        lengths[colour] = np.hypot(x1 - x0, y1 - y0)
    _, n, k, c = shape
    assert lengths[figures.COLOURS["n"]] == pytest.approx(10 * n**0.5, abs=0.2)
    assert lengths[figures.COLOURS["c"]] == pytest.approx(10 * c**0.5, abs=0.2)
    unit = np.hypot(*boxes.UNIT["depth"])
    assert lengths[figures.COLOURS["k"]] == pytest.approx(unit * k**0.5, abs=0.2)
    assert re.findall(r">([bnkc] \d+)</text>", drawn) == [
        f"{axis} {size}" for axis, size in zip("bnkc", shape)
    ]
    assert drawn.count("<polygon") == 3 * min(shape[0], 6)


def test_alt_text_says_names_axes_and_sizes():
    drawn = figures.equation(
        ("x", torch.zeros(2, 9, 3), "b n c"), "−", ("words", torch.zeros(4, 3), "k c")
    ).data
    words = "Boxes: x with axes b 2, n 9, c 3 − words with axes k 4, c 3"
    assert f'role="img" aria-label="{words}"' in drawn


@pytest.mark.parametrize("step", LVC_STEPS["literal"], ids=lambda step: step.name)
def test_every_step_can_be_drawn(step):
    drawn = figures.equation(step).data
    for axis, size in zip(step.axes.split(), step.shape(EXAMPLE)):
        assert f">{axis if axis == '1' else f'{axis} {size}'}</text>" in drawn


def test_pictures_hold_the_values():
    values = torch.tensor([[0.0, 0.5, 1.0], [2.0, 4.0, 3.0]])
    drawn = figures.images(("a map", values), size=30, dark="near", light="far").data
    data = re.search(r"base64,([^\"]*)", drawn)[1]
    levels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert np.array_equal(levels, np.round(values.numpy() / 4 * 255))
    assert 'aria-label="Pictures: a map, 2 by 3, near 0 to far 4"' in drawn
    assert 'width="30" height="20"' in drawn


def test_cells_hold_the_values():
    drawn = figures.vectors(
        ("up", torch.tensor([0.0, 1.0]), ""), ("x", [2.0], "sum 2")
    ).data
    assert re.findall(r"rgb\((\d+)", drawn) == ["0", "128", "255"]
    assert "up, 2 numbers from 0.000 to 1.000; x, 1 numbers from 2.000" in drawn
    assert "sum 2" in drawn


def test_a_last_digit_that_processors_disagree_on_does_not_show_in_a_plot():
    def drawn(width):
        with plt.style.context(figures.THEME):
            figure = plt.figure()
            figure.add_axes([0.1, 0.1, width, 0.7]).plot([1, 2])
            return figures.plot(figure, "a line from 1 to 2").data

    assert drawn(0.7) == drawn(0.7 + 1e-14)


def test_plots_take_the_colour_of_the_page():
    with plt.style.context(figures.THEME):
        ink = to_hex(plt.rcParams["text.color"])
        figure, axes = plt.subplots()
        axes.plot([1, 2], label="line")
        axes.legend()
        drawn = figures.plot(figure, "a line from 1 to 2").data
    assert ink not in drawn
    assert "currentColor" in drawn
    assert 'aria-label="a line from 1 to 2"' in drawn
    assert not plt.get_fignums()


def test_a_step_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="no such step: residual; there are"):
        figures.pipeline("residual")


def test_the_strip_marks_the_current_step_for_eyes_and_ears():
    drawn = figures.pipeline("residuals").data
    marked = re.findall(r'<li aria-current="step"[^>]*><b>(\w+) </b>', drawn)
    assert marked == ["residuals"]


def test_networks_show_every_module_and_every_arrow():
    modules = {
        "a": figures.Module("Conv", 0, 8),
        "b": figures.Module("EVCBlock", 1, 8, marked=True),
        "c": figures.Module("Detect", 2, 8),
        "d": figures.Module("Neck", 2, 16),
    }
    chains = ["a → b → c → d", "a → c", "b → d"]
    assert figures.edges(chains) == [*zip("abc", "bcd"), ("a", "c"), ("b", "d")]
    drawn = figures.networks(("small", modules, chains)).data
    assert re.findall(r">(\w+)</text>", drawn) == [m.name for m in modules.values()]
    assert len(re.findall("<rect ", drawn)) == 4 and drawn.count("stroke-width") == 1
    assert drawn.count("<path ") == drawn.count("<polygon ") == 5
    (bent,) = re.findall(r'd="M[^"]*Q[^"]*"', drawn)  # over b
    words = "Conv at stride 8 → EVCBlock at stride 8 → Detect at stride 8 and Neck at stride 16"
    assert f'aria-label="Networks: small, 4 modules, {words}"' in drawn


def test_networks_without_a_marked_module_say_every_chain():
    modules = {
        key: figures.Module(key.upper(), 0, row) for row, key in enumerate("abc")
    }
    drawn = figures.networks(("fork", modules, ["a → b", "a → c"])).data
    assert 'aria-label="Networks: fork, 3 modules, A → B; A → C"' in drawn
    assert "stroke-width" not in drawn


def test_a_lane_is_a_row_of_the_same_stride():
    modules = {
        "a": figures.Module("a", 0, 16, marked=True),
        "b": figures.Module("b", 0, 16, lane=1),
    }
    drawn = figures.networks(("two", modules, ["a → b"])).data
    (_, y), (_, v) = re.findall(r'<rect x="(\d+)" y="(\d+)"', drawn)
    assert int(v) > int(y)
    assert "a at stride 16 → b at stride 16" in drawn


def test_arrows_touch_the_boxes_that_they_join():
    a, b = figures.Module("a", 0, 8, marked=True), figures.Module("b", 1, 16)
    drawn = figures.networks(("two", {"a": a, "b": b}, ["a → b"])).data
    (x, y), (u, v) = re.findall(r'<rect x="(\d+)" y="(\d+)"', drawn)
    width, height = map(
        int, re.search(r'width="(\d+)" height="(\d+)" rx', drawn).groups()
    )
    line = re.search(r'd="M([\d.]+),([\d.]+) L([\d.]+),([\d.]+)"', drawn)
    assert [*map(float, line.groups())] == [
        int(x) + width,
        int(y) + height / 2,
        int(u) + width / 2,
        int(v),
    ]


def test_the_picture_of_the_block_has_every_box_and_arrow_with_and_without_room():
    drawn = figures.block().data
    wide, narrow = drawn.split('<svg class="narrow"')
    arrows = figures.edges([flow.CHAIN, *flow.ENTER, *flow.AGAIN])
    for picture, places in ((wide, flow.WIDE), (narrow, flow.NARROW)):
        names = re.findall(r'class="caption"[^>]*>([^<]*)<', picture)
        assert {*names} == {*places} == {name for pair in arrows for name in pair}
        assert picture.count("<path ") == len(arrows)
        assert picture.count("stroke-dasharray") == len(flow.AGAIN)


def test_the_picture_in_the_readme_is_the_books():
    assert (BOOK / "_static" / "block.svg").read_text() == figures.block_file(), (
        "the README's picture is old; run in book/: python -m lvcbook.figures"
    )
    assert f'alt="{figures.block_in_words()}"' in (ROOT / "README.md").read_text()
