"""The checks of chapter 1."""

import torch
from torch import Tensor

from lvcbook.exercises.common import SIZES, check, problem_with, random, shape_problem


@check()
def check_number(function):
    """Check a function that gives the index of the pixel at a row and a column."""
    height, width = 5, 9
    places = [(row, column) for row in range(height) for column in range(width)]
    results = [function(row, column, height, width) for row, column in places]
    right = [row * width + column for row, column in places]
    mistakes = {
        "this goes column by column, the order of (w h)": [
            column * height + row for row, column in places
        ],
        "a row has w pixels, this multiplies by h": [
            row * height + column for row, column in places
        ],
        "row and column are swapped": [column * width + row for row, column in places],
        "the first pixel is 0, this starts at 1": [index + 1 for index in right],
    }
    if any(result is None or result is ... for result in results):
        yield "it returned nothing, expected the index of the pixel"
    for words, mistake in mistakes.items():
        if results == mistake:
            yield words
    for (row, column), result, index in zip(places, results, right):
        if result != index:
            yield (
                f"row {row}, column {column} of a {height} x {width} map is pixel "
                f"{index}, this says {result}"
            )


@check()
def check_pixels(function):
    """Check a function that lists the pixels of a map, whole and cropped."""
    whole = random("b c h w")
    around = random("b c h w", seed=2).repeat(1, 1, 2, 2)
    crop = around[:, :, 1 : 1 + SIZES["h"], 1 : 1 + SIZES["w"]]
    yield from _list_problems(function(whole), whole)
    try:
        yield from _list_problems(function(crop), crop)
    except RuntimeError as error:
        first = str(error).partition(" (")[0]
        yield f"right for a whole map, but on a crop: {first}"


@check()
def check_map(function):
    """Check a function that makes a map of a list of pixels."""
    right = random("b c h w")
    b, c, h, w = right.shape
    x = right.flatten(2).transpose(1, 2)
    mistakes = {
        "this cuts the list in pieces: move the channels first": x.reshape(b, c, h, w),
        "this fills the map column by column, the order of (w h)": x.transpose(1, 2)
        .reshape(b, c, w, h)
        .transpose(2, 3),
    }
    yield problem_with(function(x, h, w), right, "b c h w", mistakes)


def _list_problems(result: object, feature_map: Tensor):
    b, c, h, w = feature_map.shape
    right = feature_map.flatten(2).transpose(1, 2)
    mistakes = {
        "this cuts memory in pieces of c: move the channels to the end": (
            feature_map.reshape(b, h * w, c)
        ),
        "this goes column by column, the order of (w h)": (
            feature_map.transpose(2, 3).flatten(2).transpose(1, 2)
        ),
    }
    yield shape_problem(result, "b n c")
    if not torch.is_floating_point(result):
        yield "expected the numbers of the map, this holds whole numbers"
    yield problem_with(result, right, "b n c", mistakes)
