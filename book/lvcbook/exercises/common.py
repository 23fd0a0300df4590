"""What the checks of all chapters share. A check prints one line and raises nothing.

Each check draws its own input, with a different size for every axis, so that a swapped
axis cannot pass. It first looks at the shape, then for a typical mistake, and names the
first number that is off if the mistake is a new one.
"""

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

SIZES = {"b": 2, "c": 3, "h": 6, "w": 4, "n": 24, "k": 5}


def count(shape: tuple) -> int:
    """Return how many numbers a tensor of this shape holds."""
    return torch.Size(shape).numel()


class LargestTensor(TorchFunctionMode):
    """Remember the shape of the largest tensor made while this is active."""

    shape = ()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            self.shape = max(self.shape, tuple(result.shape), key=count)
        return result


def random(axes: str, seed: int = 1) -> Tensor:
    """Return standard normal numbers with the axes 'b n c' or the like."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn([SIZES[axis] for axis in axes.split()], generator=generator)


def verdict(name: str, problem: str) -> None:
    """Print that the answer is right, or what is wrong with it."""
    print(f"Not yet, {name}: {problem}." if problem else f"{name}: right.")


def shape_problem(result: object, axes: str) -> str:
    """Say what is wrong with the axes of `result`, or nothing."""
    expected = tuple(SIZES.get(axis, 1) for axis in axes.split())
    wanted = f"expected ({axes}) = {expected}"
    if result is None:
        return f"it returned None, {wanted}"
    if not isinstance(result, Tensor):
        return f"it returned a {type(result).__name__}, {wanted}"
    shape = tuple(result.shape)
    if shape == expected:
        return ""
    letter = {size: axis for axis, size in SIZES.items()}
    got = [letter.get(size, str(size)) for size in shape]
    hint = "".join(
        f"; axis {axis} should be gone"
        for axis in got
        if axis in SIZES and axis not in axes.split()
    )
    hint += "".join(
        f"; axis {axis} is missing" for axis in axes.split() if axis not in got
    )
    if sorted(shape) == sorted(expected):
        hint = "; the axes are there, in another order"
    return f"it returned ({' '.join(got)}) = {shape}, {wanted}{hint}"


def problem_with(
    result: object, right: Tensor, axes: str, mistakes: dict[str, Tensor]
) -> str:
    """Say what is wrong with `result`, or nothing.

    `right` has the axes `axes`; `mistakes` maps what to say to what a typical mistake
    would have returned.
    """
    problem = shape_problem(result, axes)
    if problem or torch.allclose(result.to(right), right, rtol=1e-4, atol=1e-6):
        return problem
    for words, wrong in mistakes.items():
        close = wrong.shape == right.shape and torch.allclose(
            result.to(right), wrong.to(right), rtol=1e-4, atol=1e-6
        )
        if close:
            return words
    off = (result.to(right) - right).abs().nan_to_num(torch.inf).flatten().argmax()
    place = [int(index) for index in torch.unravel_index(off, right.shape)]
    where = ", ".join(f"{axis} {index}" for axis, index in zip(axes.split(), place))
    got, expected = (float(tensor[tuple(place)]) for tensor in (result, right))
    return (
        f"the shape is right, but at {where} it is {got:.3f}, expected {expected:.3f}"
    )
