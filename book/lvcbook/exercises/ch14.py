"""The checks of chapter 14."""

from math import ceil

import torch

import lvc
from lvcbook.exercises.common import check, problem_with_number

WRITTEN = 768
SCALES = {"n": (0.25, 1024), "x": (1.25, 512)}  # width and max_channels


@check("the channels")
def check_channels(answer):
    """Check which channels EVCBlock has behind a row with 768, at scales n and x."""
    if not isinstance(answer, tuple) or len(answer) != 2 or ... in answer:
        yield "put two numbers in place of the dots"
    for (scale, (width, most)), got in zip(SCALES.items(), answer):
        right = ceil(min(WRITTEN, most) * width / 8) * 8
        mistakes = {
            "max_channels limits the number that is written": WRITTEN * width,
            "the first number of a scale is the depth": WRITTEN * 0.5,
            "this is before scaling; the row before is scaled": WRITTEN,
            "max_channels limits the number that is written; then scale": most,
            "take the smaller of both numbers, then scale": most * width,
        }
        otherwise = "the smaller of the number and max_channels, times the width"
        problem = problem_with_number(got, right, mistakes, otherwise)
        yield problem and f"scale {scale}: not {got}: {problem}"


def _whole_state() -> tuple[dict, dict]:
    """Return the state of a network with several blocks, and that of `neck.evc`."""
    right, other = (lvc.EVCBlock(4, num_codes=2).state_dict() for _ in range(2))
    whole = {"neck.lateral.weight": torch.zeros(4, 8, 1, 1)}
    for name, state in (("neck.evc", right), ("neck.evc2", other)):
        for prefix in (f"{name}.", f"teacher.{name}."):
            # The teacher's numbers differ, so that its state cannot pass.
            shift = 1 if prefix.startswith("teacher") else 0
            whole |= {prefix + key: value + shift for key, value in state.items()}
    return whole, right


@check()
def check_state_of(function):
    """Check a function from the state of a network to that of one of its blocks."""
    whole, right = _whole_state()
    before = dict(whole)
    got = function("neck.evc", whole)
    if not isinstance(got, dict):
        returned = "None" if got is None else f"a {type(got).__name__}"
        yield f"it returned {returned}, expected a dict"
    if whole.keys() != before.keys():
        yield "it changed the state of the whole network; make a new dict"
    for key in (key for key in got if key not in right):
        yield f"the block has no {key!r}; {_why(key)}"
    for key in (key for key in right if key not in got):
        hint = ""
        if any(other.endswith(key) for other in whole if other not in got):
            hint = "; it must be there without the prefix"
        yield f"{key!r} is missing{hint}"
    if any(got[key] is not whole[f"neck.evc.{key}"] for key in right):
        yield (
            "these are the numbers of another block: keep what starts with the "
            "prefix, up to its dot"
        )


def _why(key: str) -> str:
    """Say why a key is there that the block does not have."""
    if key.startswith("neck.evc."):
        return "cut the prefix off"
    if key.startswith("."):
        return "the dot belongs to the prefix"
    if "evc2" in key or key.startswith("2."):
        return "neck.evc2 starts with neck.evc too, so compare up to the dot"
    if key.startswith(("teacher", "neck.lateral")):
        return "keep what starts with the prefix"
    return "strip the prefix and not its letters: removeprefix, not lstrip"


@check("the factor")
def check_factor(answer):
    """Check the hook's factor: trained at 640 x 640, used at 960 x 640."""
    trained, used = 40 * 40, 60 * 40
    mistakes = {
        "the map has more pixels now, so the factor is below 1": used / trained,
        "rows times columns: only the rows changed": (
            (trained / used) ** 2,
            (trained / used) ** 0.5,
        ),
        "this divides by the pixels, and trained with the sum of all": 1 / used,
        "count the pixels of the map, not of the image": 1 / (960 * 640),
        "the sum has more terms now": 1,
    }
    otherwise = "not {}; the old number of pixels over the new one"
    yield problem_with_number(answer, trained / used, mistakes, otherwise, rel_tol=1e-2)
