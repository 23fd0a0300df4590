"""The checks of chapter 14."""

from math import ceil, isclose

import torch

import lvc
from lvcbook.exercises.common import verdict

WRITTEN = 768
SCALES = {"n": (0.25, 1024), "x": (1.25, 512)}  # width and max_channels


def check_channels(answer) -> None:
    """Check which channels EVCBlock has behind a row with 768, at scales n and x."""
    problem = ""
    if not isinstance(answer, tuple) or len(answer) != 2 or ... in answer:
        problem = "put two numbers in place of the dots"
    else:
        for (scale, (width, most)), got in zip(SCALES.items(), answer):
            right = ceil(min(WRITTEN, most) * width / 8) * 8
            mistakes = {
                WRITTEN * width: "max_channels limits the number that is written",
                WRITTEN * 0.5: "the first number of a scale is the depth",
                WRITTEN: "this is before scaling; the row before is scaled",
                most: "max_channels limits the number that is written; then scale",
                most * width: "take the smaller of both numbers, then scale",
            }
            if got != right:
                general = "the smaller of the number and max_channels, times the width"
                problem = f"scale {scale}: not {got}: {mistakes.get(got, general)}"
                break
    verdict("the channels", problem)


def whole_state() -> tuple[dict, dict]:
    """Return the state of a network with several blocks, and that of `neck.evc`."""
    right, other = (
        lvc.EVCBlock(4, num_codes=2).state_dict(),
        lvc.EVCBlock(4, num_codes=2).state_dict(),
    )
    whole = {"neck.lateral.weight": torch.zeros(4, 8, 1, 1)}
    for name, state in (("neck.evc", right), ("neck.evc2", other)):
        for prefix in (f"{name}.", f"teacher.{name}."):
            # The teacher's numbers differ, so that its state cannot pass.
            shift = 1 if prefix.startswith("teacher") else 0
            whole |= {prefix + key: value + shift for key, value in state.items()}
    return whole, right


def check_state_of(function) -> None:
    """Check a function from the state of a network to that of one of its blocks."""
    with torch.random.fork_rng(devices=[]):
        whole, right = whole_state()
    before = dict(whole)
    got = function("neck.evc", whole)
    problem = ""
    if not isinstance(got, dict):
        returned = "None" if got is None else f"a {type(got).__name__}"
        problem = f"it returned {returned}, expected a dict"
    elif whole.keys() != before.keys():
        problem = "it changed the state of the whole network; make a new dict"
    elif foreign := [key for key in got if key not in right]:
        problem = f"the block has no {foreign[0]!r}; "
        if foreign[0].startswith("neck.evc."):
            problem += "cut the prefix off"
        elif foreign[0].startswith("."):
            problem += "the dot belongs to the prefix"
        elif "evc2" in foreign[0] or foreign[0].startswith("2."):
            problem += "neck.evc2 starts with neck.evc too, so compare up to the dot"
        elif foreign[0].startswith(("teacher", "neck.lateral")):
            problem += "keep what starts with the prefix"
        else:
            problem += "strip the prefix and not its letters: removeprefix, not lstrip"
    elif missing := [key for key in right if key not in got]:
        problem = f"{missing[0]!r} is missing"
        if any(key.endswith(missing[0]) for key in whole if key not in got):
            problem += "; it must be there without the prefix"
    elif any(got[key] is not whole[f"neck.evc.{key}"] for key in right):
        problem = "these are the numbers of another block: keep what starts with the "
        problem += "prefix, up to its dot"
    verdict(function.__name__, problem)


def check_factor(answer) -> None:
    """Check the hook's factor: trained at 640 x 640, used at 960 x 640."""
    trained, used = 20 * 20, 30 * 20
    mistakes = {
        used / trained: "the map has more pixels now, so the factor is below 1",
        (trained / used) ** 2: "rows times columns: only the rows changed",
        (trained / used) ** 0.5: "rows times columns: only the rows changed",
        1 / used: "this divides by the pixels, and trained with the sum of all",
        1 / (960 * 640): "count the pixels of the map, not of the image",
        1.0: "the sum has more terms now",
    }
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif not isclose(answer, trained / used, rel_tol=1e-2):
        general = f"not {answer}; the old number of pixels over the new one"
        problem = next(
            (words for wrong, words in mistakes.items() if isclose(answer, wrong)),
            general,
        )
    verdict("the factor", problem)
