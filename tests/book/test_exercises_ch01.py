"""The checks of chapter 1 take the right answers and refuse typical wrong ones."""

import pytest
from einops import rearrange

from lvcbook.exercises import ch01 as exercises
from tests.support.answers import refuses, verdict


def by_view(feature_map):
    b, c, _, _ = feature_map.shape
    return feature_map.view(b, c, -1).transpose(1, 2)


def by_einops(feature_map):
    return rearrange(feature_map, "b c h w -> b (h w) c")


def cut(feature_map):
    b, c, h, w = feature_map.shape
    return feature_map.reshape(b, h * w, c)


WRONG_NUMBER = {
    "it returned nothing": lambda row, column, h, w: None,
    "the order of (w h)": lambda row, column, h, w: column * h + row,
    "this multiplies by h": lambda row, column, h, w: row * h + column,
    "row and column are swapped": lambda row, column, h, w: column * w + row,
    "this starts at 1": lambda row, column, h, w: row * w + column + 1,
    "row 0, column 1 of a 5 x 9 map is pixel 1, this says 0": lambda row, column, h, w: (
        row
    ),
}
WRONG_PIXELS = {
    "it returned None, expected (b n c) = (2, 24, 3)": lambda x: None,
    "this cuts memory in pieces of c": cut,
    "the order of (w h)": lambda x: rearrange(x, "b c h w -> b (w h) c"),
    "the axes are there, in another order": lambda x: x.flatten(2),
    "axis n is missing": lambda x: x,
    "right for a whole map, but on a crop: view size is not compatible": by_view,
    "this holds whole numbers": lambda x: by_einops(x).long(),
    "the shape is right, but at b": lambda x: by_einops(x).flip(1),
}
WRONG_MAP = {
    "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x, h, w: None,
    "move the channels first": lambda x, h, w: x.reshape(len(x), -1, h, w),
    "the order of (w h)": lambda x, h, w: rearrange(x, "b (w h) c -> b c h w", h=h),
    "the axes are there, in another order": lambda x, h, w: rearrange(
        x, "b (h w) c -> b h w c", h=h
    ),
    "axis n should be gone": lambda x, h, w: x.transpose(1, 2),
}


@pytest.mark.parametrize("message", WRONG_NUMBER)
def test_wrong_number(capsys, message):
    refuses(capsys, message, exercises.check_number, WRONG_NUMBER[message])


@pytest.mark.parametrize("message", WRONG_PIXELS)
def test_wrong_pixels(capsys, message):
    refuses(capsys, message, exercises.check_pixels, WRONG_PIXELS[message])


@pytest.mark.parametrize("message", WRONG_MAP)
def test_wrong_map(capsys, message):
    refuses(capsys, message, exercises.check_map, WRONG_MAP[message])


def test_right_answers(capsys):
    number = verdict(
        capsys, exercises.check_number, lambda row, column, h, w: row * w + column
    )
    assert "right." in number
    for answer in (by_einops, lambda x: x.permute(0, 2, 3, 1).flatten(1, 2)):
        assert "right." in verdict(capsys, exercises.check_pixels, answer)
    back = verdict(
        capsys,
        exercises.check_map,
        lambda x, h, w: rearrange(x, "b (h w) c -> b c h w", h=h),
    )
    assert "right." in back
