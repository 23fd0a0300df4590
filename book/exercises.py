"""The checks of the exercises: each takes the reader's own answer and says what is off.

A check prints one line. It draws its own input with a different size for every axis,
so that a swapped axis cannot pass.
"""

import torch
from torch.overrides import TorchFunctionMode

import lvc
from lvc.shapes import LVC_STEPS, Sizes

SIZES = {"b": 2, "n": 7, "k": 5, "c": 3}


class LargestTensor(TorchFunctionMode):
    """Remember the largest tensor that torch makes while this is active."""

    shape = ()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.shape = max(self.shape, tuple(result.shape), key=_count)
        return result


def _count(shape: tuple) -> int:
    return torch.Size(shape).numel()


def _example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    b, n, k, c = SIZES.values()
    x = torch.randn(b, n, c, generator=generator)
    codewords = torch.randn(k, c, generator=generator)
    return x, codewords, -1 - torch.rand(k, generator=generator)


def _shape_problem(result, axes: str) -> str:
    """Say what is wrong with the axes of `result`, or nothing."""
    expected = tuple(SIZES[axis] for axis in axes.split())
    wanted = f"expected ({axes}) = {expected}"
    if result is None:
        return f"it returned None, {wanted}"
    if not isinstance(result, torch.Tensor):
        return f"it returned a {type(result).__name__}, {wanted}"
    shape = tuple(result.shape)
    if shape == expected:
        return ""
    letter = {size: axis for axis, size in SIZES.items()}
    got = " ".join(letter.get(size, str(size)) for size in shape)
    extra = [a for a in got.split() if a in SIZES and a not in axes.split()]
    missing = [a for a in axes.split() if a not in got.split()]
    hint = "".join(f"; axis {axis} should be gone" for axis in extra)
    hint += "".join(f"; axis {axis} is missing" for axis in missing)
    if sorted(shape) == sorted(expected):
        hint = "; the axes are there, in another order"
    return f"it returned ({got}) = {shape}, {wanted}{hint}"


def _verdict(name: str, problem: str) -> None:
    print(f"Not yet, {name}: {problem}." if problem else f"{name}: right.")


def check_scaled_l2(function) -> None:
    """Check a scaled_l2 that never makes a (b n k c) tensor."""
    x, codewords, scale = _example()
    with LargestTensor() as largest:
        result = function(x, codewords, scale)
    problem = _shape_problem(result, "b n k")
    if not problem:
        problem = _value_problem(result, x, codewords, scale)
    if not problem and _count(largest.shape) == _count(tuple(SIZES.values())):
        problem = f"right, but a tensor on the way, {largest.shape}, is as large as "
        problem += "(b n k c): visit one codeword at a time"
    _verdict(function.__name__, problem)


def _value_problem(result, x, codewords, scale) -> str:
    squared = lvc.reference.scaled_l2(x, codewords, torch.ones_like(scale))
    if torch.allclose(result, scale * squared, rtol=1e-4):
        return ""
    difference = lvc.reference.residuals(x, codewords)
    total = lvc.reference.residuals(x, -codewords)
    mistakes = {
        "the squared distances are right, but not multiplied by scale": squared,
        "this is the distance, not its square": scale * squared.sqrt(),
        "the sign is off: scale already has its minus": -scale * squared,
        "sum over axis c, where this takes the mean": scale * squared / SIZES["c"],
        "square each difference before the sum": scale * difference.sum(-1),
        "subtract the codewords, this adds them": scale * (total**2).sum(-1),
    }
    for words, wrong in mistakes.items():
        if torch.allclose(result, wrong, rtol=1e-4):
            return words
    off = (result - scale * squared).abs().flatten().argmax()
    i, n, k = (int(index) for index in torch.unravel_index(off, result.shape))
    return (
        f"the shape is right, but image {i}, pixel {n}, codeword {k} gives "
        f"{result[i, n, k]:.3f}, expected {scale[k] * squared[i, n, k]:.3f}"
    )


def check_nearest(function) -> None:
    """Check a function that finds the nearest codeword of every pixel."""
    x, codewords, scale = _example()
    result = function(x, codewords)
    problem = _shape_problem(result, "b n")
    squared = lvc.reference.scaled_l2(x, codewords, torch.ones_like(scale))
    if not problem and not torch.equal(result, squared.argmin(dim=-1)):
        share = (result == squared.argmin(dim=-1)).float().mean()
        problem = f"only {share:.0%} of the pixels get their nearest codeword"
        if torch.equal(result, squared.argmax(dim=-1)):
            problem = "this is the farthest codeword of every pixel"
        elif not torch.equal(result, result.long()):
            problem = "expected the index of the codeword, this holds other numbers"
    _verdict(function.__name__, problem)


def check_bytes(answer, sizes: Sizes) -> None:
    """Check the bytes of the residuals in float32 at `sizes`."""
    residuals = next(step for step in LVC_STEPS if step.name == "residuals")
    right = residuals.size_in_bytes(sizes)
    problem = ""
    if answer is None or answer is ...:
        problem = "put a number in place of the dots"
    elif answer == right / 4:
        problem = "this counts the numbers, and each takes 4 bytes"
    elif answer == right / sizes.k:
        problem = "this is the size of x, axis k is missing"
    elif answer == right / sizes.c:
        problem = "axis c is missing: the residuals still have their channels"
    elif answer == right / sizes.b:
        problem = "this is one image, axis b is missing"
    elif answer != right:
        problem = "multiply the sizes of all four axes, b n k c, and 4 bytes each"
    _verdict("the bytes", problem)
