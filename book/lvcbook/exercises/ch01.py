"""The checks of chapter 1."""

import torch
from torch import Tensor

from lvcbook.exercises.common import SIZES, problem_with, random, shape_problem, verdict


def check_number(function) -> None:
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
    problem = ""
    if any(result is None or result is ... for result in results):
        problem = "it returned nothing, expected the index of the pixel"
    elif results != right:
        wrong = next(i for i, index in enumerate(right) if results[i] != index)
        row, column = places[wrong]
        general = f"row {row}, column {column} of a {height} x {width} map is pixel "
        general += f"{right[wrong]}, this says {results[wrong]}"
        named = [words for words, mistake in mistakes.items() if results == mistake]
        problem = named[0] if named else general
    verdict(function.__name__, problem)


def check_pixels(function) -> None:
    """Check a function that lists the pixels of a map, whole and cropped."""
    whole = random("b c h w")
    around = random("b c h w", seed=2).repeat(1, 1, 2, 2)
    crop = around[:, :, 1 : 1 + SIZES["h"], 1 : 1 + SIZES["w"]]
    problem = _list_problem(function(whole), whole)
    if not problem:
        try:
            problem = _list_problem(function(crop), crop)
        except RuntimeError as error:
            first = str(error).partition(" (")[0]
            problem = f"right for a whole map, but on a crop: {first}"
    verdict(function.__name__, problem)


def check_map(function) -> None:
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
    result = function(x, h, w)
    verdict(function.__name__, problem_with(result, right, "b c h w", mistakes))


def _list_problem(result: object, feature_map: Tensor) -> str:
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
    problem = shape_problem(result, "b n c")
    if not problem and not torch.is_floating_point(result):
        problem = "expected the numbers of the map, this holds whole numbers"
    return problem or problem_with(result, right, "b n c", mistakes)
