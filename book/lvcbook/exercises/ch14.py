"""The checks of chapter 14."""

import torch

import lvc
from lvcbook.exercises.common import check, problem_with_number

CHANNELS, PLAIN = 256, 499  # of the block in yolo11n, and the tensors of yolo11n


@check("the tensors")
def check_carried(answer):
    """Check what carry_over returns of yolo11n, with LVCBlock in place of EVCBlock."""
    if not isinstance(answer, tuple) or len(answer) != 2 or ... in answer:
        yield "put two numbers in place of the dots"
    whole, alone = lvc.EVCBlock(CHANNELS), lvc.LVCBlock(CHANNELS)
    right = PLAIN + len(alone.state_dict())
    mistakes = {
        "the second number counts the block too": PLAIN,
        "this is with EVCBlock, and LVCBlock is one part of it": (
            PLAIN + len(whole.state_dict())
        ),
        "running statistics are tensors too: count those of state_dict()": (
            PLAIN + len(list(alone.parameters()))
        ),
        "this is the block alone; the network has more": len(alone.state_dict()),
    }
    if answer[0] != PLAIN:
        yield f"the first is not {answer[0]}: all tensors of the plain network come"
    otherwise = "the plain network's, and those of LVCBlock"
    problem = problem_with_number(answer[1], right, mistakes, otherwise)
    yield problem and f"the second is not {answer[1]}: {problem}"


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
    if got is None:
        yield "it returned None, expected a dict"
    if not isinstance(got, dict):
        yield f"it returned a {type(got).__name__}, expected a dict"
    if whole.keys() != before.keys():
        yield "it changed the state of the whole network; make a new dict"
    for key in (key for key in got if key not in right):
        yield f"the block has no {key!r}; {_why(key)}"
    for key in (key for key in right if key not in got):
        hint = ""
        if any(other.endswith(key) for other in whole if other not in got):
            hint = "; it must be there without the prefix"
        yield f"it lacks {key!r}{hint}"
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
    """Check the factor of trained_at: trained at 640 x 640, used at 960 x 640."""
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
