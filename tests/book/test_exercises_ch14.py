"""The checks of chapter 14 take the right answers and refuse typical wrong ones."""

import pytest
import torch

from lvcbook.exercises import ch14 as exercises
from tests.support.answers import refuses, verdict


def state_of(name, whole):
    prefix = f"{name}."
    return {k.removeprefix(prefix): v for k, v in whole.items() if k.startswith(prefix)}


def emptied(name, whole):
    """The right keys, taken out of the whole state."""
    prefix = f"{name}."
    keys = [key for key in whole if key.startswith(prefix)]
    return {key.removeprefix(prefix): whole.pop(key) for key in keys}


WRONG_CHANNELS = {
    "put two numbers in place of the dots": (..., ...),
    "put two numbers in place": 192,
    "scale n: not 768: this is before scaling": (768, 768),
    "scale n: not 384.0: the first number of a scale is the depth": (384.0, 640),
    "scale n: not 256.0: take the smaller of both numbers": (256.0, 640),
    "scale x: not 960.0: max_channels limits the number": (192, 960.0),
    "scale x: not 512: max_channels limits the number": (192, 512),
    "scale x: not 768: this is before scaling": (192, 768),
    "scale n: not 12: the smaller of the number and max_channels": (12, 640),
}
WRONG_STATE_OF = {
    "it returned None, expected a dict": lambda name, whole: None,
    "it returned a list": lambda name, whole: [key for key in whole if name in key],
    "make a new dict": emptied,
    "keep what starts with the prefix": lambda name, whole: {
        k.removeprefix(f"{name}."): v for k, v in whole.items()
    },
    "cut the prefix off": lambda name, whole: {
        k: v for k, v in whole.items() if k.startswith(f"{name}.")
    },
    "the dot belongs to the prefix": lambda name, whole: {
        k.removeprefix(name): v for k, v in whole.items() if k.startswith(f"{name}.")
    },
    "neck.evc2 starts with neck.evc too": lambda name, whole: {
        k.removeprefix(f"{name}."): v for k, v in whole.items() if k.startswith(name)
    },
    "has no '2.conv1.weight'; neck.evc2 starts": lambda name, whole: {
        k.removeprefix(name).removeprefix("."): v
        for k, v in whole.items()
        if k.startswith(name)
    },
    "removeprefix, not lstrip": lambda name, whole: {
        k.lstrip(f"{name}."): v for k, v in whole.items() if k.startswith(f"{name}.")
    },
    "'conv1.weight' is missing; it must be there without": lambda name, whole: {},
    "the numbers of another block": lambda name, whole: {
        k.split(f"{name}.")[1]: v for k, v in whole.items() if f"{name}." in k
    },
}
WRONG_FACTOR = {
    "put a number in place of the dots": ...,
    "more pixels now": 1.5,
    "only the rows changed": (2 / 3) ** 2,
    "rows times columns": (2 / 3) ** 0.5,
    "trained with the sum of all": 1 / 600,
    "count the pixels of the map": 1 / (960 * 640),
    "the sum has more terms now": 1,
    "not 2; the old number of pixels over the new one": 2,
}


@pytest.mark.parametrize("message", WRONG_CHANNELS)
def test_wrong_channels(capsys, message):
    refuses(capsys, message, exercises.check_channels, WRONG_CHANNELS[message])


@pytest.mark.parametrize("message", WRONG_STATE_OF)
def test_wrong_state_of(capsys, message):
    refuses(capsys, message, exercises.check_state_of, WRONG_STATE_OF[message])


@pytest.mark.parametrize("message", WRONG_FACTOR)
def test_wrong_factor(capsys, message):
    refuses(capsys, message, exercises.check_factor, WRONG_FACTOR[message])


def test_right_answers(capsys):
    assert "right." in verdict(capsys, exercises.check_channels, (192, 640))
    assert "right." in verdict(capsys, exercises.check_state_of, state_of)
    assert "right." in verdict(capsys, exercises.check_factor, 0.667)


def test_a_check_leaves_the_readers_random_numbers_alone(capsys):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    exercises.check_state_of(state_of)
    assert torch.equal(torch.rand(1), expected)
