"""Wrong input gets one clear sentence, read from the shapes in the signatures."""

import operator
from functools import wraps
from inspect import signature

import torch
from torch import Tensor, nn


def checked(function):
    """Return `function` with its tensors checked against the shapes of its signature.

    All its arguments are annotated by jaxtyping. An axis letter has one size in the
    whole call. In a module's method `c={self.channels}` says that axis c has the size
    of that attribute, and the tensor must have the device and, outside autocast, the
    dtype of the module's parameters.

    Raises on a call: TypeError for what is not a tensor of floating-point numbers,
    ValueError for a wrong number of axes, a wrong size, or another device.
    """
    axes_of = {
        name: annotation.dim_str.split()
        for name, annotation in function.__annotations__.items()
        if name != "return"
    }
    names = [*signature(function).parameters]  # old torch.compile wants a list

    @wraps(function)
    def with_checks(*args, **kwargs):
        arguments = dict(zip(names, args), **kwargs)
        module = arguments.get("self")
        caller = type(module).__name__ if module is not None else function.__name__
        # Python itself names an argument that is missing.
        given = [name for name in axes_of if name in arguments]
        sizes = {}  # of each axis: the size, and where it was first seen
        for name in given:
            tensor, what = arguments[name], f"{caller}: {name}"
            _check_floating(what, tensor)
            _check_axes(caller, name, tuple(tensor.shape), axes_of[name], sizes, module)
            first = arguments[given[0]]
            _check_device(what, tensor, first.device, f"where {given[0]} is")
            if module is not None:
                _check_like_parameters(what, tensor, module)
        return function(*args, **kwargs)

    return with_checks


def needs_pixels(forward):
    """Return a module's `forward` that refuses a map without pixels.

    In training it also refuses a single pixel, which BatchNorm cannot normalise.

    Raises on a call: ValueError.
    """

    @wraps(forward)
    def with_check(self, x):
        b, _, h, w = x.shape
        name = type(self).__name__
        if h * w == 0:
            raise ValueError(
                f"{name}: axes h and w of x must be at least 1, got {h} and {w}"
            )
        if self.training and b * h * w == 1:
            raise ValueError(
                f"{name}: BatchNorm needs at least 2 pixels in the batch to train, "
                "got 1 (b = h = w = 1)"
            )
        return forward(self, x)

    return with_check


def whole_number(what: str, value: object, least: int = 1) -> int:
    """Return `value` as an int of at least `least`.

    Raises: TypeError, ValueError, with a sentence that begins with `what`.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be a whole number, got {value!r}") from None
    if isinstance(value, bool) or number < least:
        raise ValueError(
            f"{what} must be a whole number of at least {least}, got {value!r}"
        )
    return number


def _check_floating(what: str, tensor: object) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{what} must be a torch.Tensor, got {type(tensor).__name__}")
    if not tensor.is_floating_point():
        raise TypeError(f"{what} must hold floating-point numbers, got {tensor.dtype}")


def _check_axes(
    caller: str, name: str, shape: tuple, axes: list, sizes: dict, module: object
) -> None:
    letters = [axis[0] for axis in axes]
    pattern = f"({' '.join(letters)})"
    if len(shape) != len(axes):
        number = "1 axis" if len(axes) == 1 else f"{len(axes)} axes"
        raise ValueError(
            f"{caller}: {name} must have {number} {pattern}, got {len(shape)}: {shape}"
        )
    for letter, axis, size in zip(letters, axes, shape):
        attribute = axis.partition("={self.")[2].rstrip("}")
        if attribute:
            known = getattr(module, attribute), f"the {attribute} of this module"
        else:
            known = size, f"as in {name}"
        expected, where = sizes.setdefault(letter, known)
        if size != expected:
            raise ValueError(
                f"{caller}: axis {letter} of {name} must be {expected}, {where}, "
                f"got {size}: {name} is {pattern} = {shape}"
            )


def _check_device(
    what: str, tensor: Tensor, expected: torch.device, where: str
) -> None:
    if tensor.device != expected:
        raise ValueError(f"{what} must be on {expected}, {where}, got {tensor.device}")


def _check_like_parameters(what: str, tensor: Tensor, module: nn.Module) -> None:
    parameter = next(module.parameters())
    _check_device(what, tensor, parameter.device, "where the module's parameters are")
    if tensor.dtype != parameter.dtype and not autocast_is_on(tensor.device.type):
        raise TypeError(
            f"{what} must be {parameter.dtype}, as the module's parameters are, "
            f"got {tensor.dtype}"
        )


def autocast_is_on(device_type: str) -> bool:
    """Return whether autocast is on for a device; the meta device has none."""
    return device_type != "meta" and torch.is_autocast_enabled(device_type)
