"""What the checks of all chapters share. A check prints one line, and raises nothing
that the answer does not raise.

Each check draws its own input, with a different size for every axis, so that a swapped
axis cannot pass. It first looks at the shape, then for a typical mistake, and names the
number that is farthest off if the mistake is a new one.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, wraps
from math import isclose
from numbers import Real
from pathlib import Path

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

SIZES = {"b": 2, "c": 3, "h": 6, "w": 4, "n": 24, "k": 5}

language = "en"  # a notebook in another one says so in its first cell
LOCALE = Path(__file__).parents[2] / "locale"


@cache
def sentences(language: str) -> list[tuple[re.Pattern, str]]:
    """Return what a sentence looks like, and its translation."""
    import polib

    found = []
    for entry in polib.pofile(f"{LOCALE}/{language}/LC_MESSAGES/exercises.po"):
        if entry.msgstr and not entry.fuzzy:
            pieces = map(re.escape, re.split(r"\{\d\}", entry.msgid))
            found.append((re.compile("(.*?)".join(pieces), re.DOTALL), entry.msgstr))
    return found


@cache
def translated(text: str, language: str) -> str:
    """Return the translation, with what it inserts, that leaves the least English."""

    def filled(translation, inserted):
        for place, words in enumerate(inserted, start=1):
            translation = translation.replace(
                f"{{{place}}}", translated(words, language)
            )
        return translation

    made = [
        filled(translation, match.groups(""))
        for pattern, translation in sentences(language)
        if (match := pattern.fullmatch(text)) and match.groups("") != (text,)
    ]
    for mark, wide in ("; ", "；"), (": ", "："):
        if mark in text:
            parts = [translated(part, language) for part in text.split(mark, 1)]
            made.append(wide.join(parts))
    return min(made, key=lambda one: len(re.findall("[a-z]", one)), default=text)


def in_language(text: str) -> str:
    """Return what a check says in the language of the notebook."""
    return text if language == "en" else translated(text, language)


def check(name: str = "") -> Callable:
    """Make a check of a generator that yields what is wrong with an answer, in order.

    The first problem that is not empty is printed, and nothing behind it runs. The line
    names the answer: as `name` says, or as the reader's function is called.
    """

    def decorate(problems: Callable[..., Iterator[str]]) -> Callable[..., None]:
        @wraps(problems)
        def print_the_first(answer, *more, **options) -> None:
            with torch.random.fork_rng(devices=[]):  # the reader's numbers stay
                found = next(filter(None, problems(answer, *more, **options)), "")
            called = name or answer.__name__
            line = in_language("Not yet, {1}: {2}." if found else "{1}: right.")
            line = line.replace("{1}", in_language(called))
            print(line.replace("{2}", in_language(found)))

        return print_the_first

    return decorate


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

    def problem(self, advice: str) -> str:
        """Say that this tensor is as large as (b n k c), or nothing."""
        if count(self.shape) < count(tuple(SIZES[axis] for axis in "bnkc")):
            return ""
        return (
            f"right, but a tensor on the way, {self.shape}, is as large as (b n k c): "
            f"{advice}"
        )


def random(axes: str, seed: int = 1) -> Tensor:
    """Return standard normal numbers with the axes 'b n c' or the like."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn([SIZES[axis] for axis in axes.split()], generator=generator)


def is_number(answer: object) -> bool:
    """Tell whether the answer is one number: Python's, NumPy's or PyTorch's."""
    return isinstance(answer, Real) or isinstance(answer, Tensor) and not answer.ndim


def problem_with_number(
    answer: object,
    right: float,
    mistakes: dict[str, float | tuple[float, ...]],
    otherwise: str,
    rel_tol: float = 1e-9,
) -> str:
    """Say what is wrong with a number, or nothing.

    `mistakes` maps what to say to a typical wrong number, or to several; `otherwise` is
    said of all others, with the answer in place of '{}'.
    """
    if answer is ...:
        return "put a number in place of the dots"
    if not is_number(answer):
        return f"expected a number, got {answer!r}"
    if isclose(answer, right, rel_tol=rel_tol):
        return ""
    for words, wrong in mistakes.items():
        numbers = wrong if isinstance(wrong, tuple) else (wrong,)
        if any(isclose(answer, number, rel_tol=rel_tol) for number in numbers):
            return words
    return otherwise.format(answer)


def shape_problem(result: object, axes: str) -> str:
    """Say what is wrong with the axes of `result`, or nothing."""
    expected = tuple(SIZES.get(axis, 1) for axis in axes.split())
    wanted = f"expected ({axes}) = {expected}" if axes else "expected one number"
    if result is None:
        return f"it returned None, {wanted}"
    if not isinstance(result, Tensor):
        return f"it returned a {type(result).__name__}, {wanted}"
    shape = tuple(result.shape)
    if shape == expected:
        return ""
    letter = {size: axis for axis, size in SIZES.items()}
    got = [letter.get(size, str(size)) for size in shape]
    hints = [
        f"axis {axis} should be gone"
        for axis in got
        if axis in SIZES and axis not in axes.split()
    ]
    hints += [f"axis {axis} is missing" for axis in axes.split() if axis not in got]
    if sorted(shape) == sorted(expected):
        hints = ["the axes are there, in another order"]
    return "; ".join([f"it returned ({' '.join(got)}) = {shape}, {wanted}", *hints])


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
    where = f"at {where} " if where else ""
    got, expected = (float(tensor[tuple(place)]) for tensor in (result, right))
    return f"the shape is right, but {where}it is {got:.3f}, expected {expected:.3f}"
