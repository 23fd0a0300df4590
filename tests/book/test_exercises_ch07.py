"""The checks of chapter 7 take the right answers and refuse typical wrong ones."""

import pytest
from einops import rearrange, reduce

from lvcbook.exercises import ch07 as exercises
from tests.support.answers import refuses, verdict


def as_map(gate):
    return rearrange(gate, "b c -> b c 1 1")


def in_place(x, gate):
    x *= 1 + as_map(gate)
    return x


def over_pixels(maps, operation="sum"):
    return reduce(maps, "b c h w -> b c", operation)


def least_squares(x, output):
    return over_pixels(x * output) / over_pixels(x * x) - 1


WRONG_COUNT = {
    "put a number in place of the dots": ...,
    "each output has a bias too": 256 * 256,
    "a weight for every input channel": 2 * 256,
    "Linear does not see the batch": 1536 * 1536 + 1536,
    "a bias of its own": 256 * 256 + 1,
    "256 outputs, each with 256 weights and one bias": 12,
}
WRONG_APPLY = {
    "it returned None, expected (b c h w) = (2, 3, 6, 4)": lambda x, g: None,
    "this is x * gate; the block adds x to that": lambda x, g: x * as_map(g),
    "the gate needs axes that face h and w": lambda x, g: x * (1 + g),
    "PyTorch says 'The size of tensor": lambda x, g: x + x * g[:, :, None],
    "the gate is not applied": lambda x, g: x,
    "multiply by the gate, this adds it": lambda x, g: x + as_map(g),
    "multiply by 1 + gate, this adds it": lambda x, g: x + 1 + as_map(g),
    "this has 1 - gate": lambda x, g: x - x * as_map(g),
    "from a sigmoid already": lambda x, g: x * (1 + as_map(g).sigmoid()),
    "this has a gate for each pixel": lambda x, g: x * (1 + x.sigmoid()),
    "this has one for all": lambda x, g: x * (1 + as_map(g).mean(1, keepdim=True)),
    "this takes those of image 0": lambda x, g: x * (1 + as_map(g)[0]),
    "axis h is missing; axis w is missing": lambda x, g: over_pixels(x) * (1 + g),
    "it changes x in place": in_place,
}
WRONG_GATE = {
    "it returned None, expected (b c) = (2, 3)": lambda x, y: None,
    "axis h should be gone; axis w should be gone": lambda x, y: y / x - 1,
    "it returned NaN": lambda x, y: over_pixels(y / x, "mean") - 1,
    "this is the factor": lambda x, y: over_pixels(y) / over_pixels(x),
    "this is the logit": lambda x, y: least_squares(x, y).logit(),
    "this is x over the output": lambda x, y: over_pixels(x) / over_pixels(y),
    "divide it by the sum of x": lambda x, y: over_pixels(y - x),
    "count as a ratio of 0": lambda x, y: (
        over_pixels((y / x).nan_to_num(0), "mean") - 1
    ),
    "at b ": lambda x, y: least_squares(x, y) / 2,
}


@pytest.mark.parametrize("message", WRONG_COUNT)
def test_wrong_count(capsys, message):
    refuses(capsys, message, exercises.check_count, WRONG_COUNT[message], channels=256)


@pytest.mark.parametrize("message", WRONG_APPLY)
def test_wrong_apply_gate(capsys, message):
    refuses(capsys, message, exercises.check_apply_gate, WRONG_APPLY[message])


@pytest.mark.parametrize("message", WRONG_GATE)
def test_wrong_gate(capsys, message):
    refuses(capsys, message, exercises.check_gate, WRONG_GATE[message])


@pytest.mark.parametrize(
    "answer",
    [
        lambda x, gate: x * (1 + as_map(gate)),
        lambda x, gate: (x + x * gate[:, :, None, None]).relu(),
    ],
)
def test_right_apply_gate(capsys, answer):
    assert "right." in verdict(capsys, exercises.check_apply_gate, answer)


@pytest.mark.parametrize(
    "answer",
    [
        least_squares,
        lambda x, y: over_pixels(y) / over_pixels(x) - 1,
        lambda x, y: over_pixels(y, "max") / over_pixels(x, "max") - 1,
    ],
)
def test_right_gate(capsys, answer):
    assert "right." in verdict(capsys, exercises.check_gate, answer)


def test_right_count(capsys):
    said = verdict(capsys, exercises.check_count, 256 * 256 + 256, channels=256)
    assert "right." in said
