"""Wrong input gets one clear sentence, read from the shapes in the signatures."""

import operator
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx import Proxy

Function = TypeVar("Function", bound=Callable[..., Any])
# PyTorch 2.1 does not say whether it compiles.
is_compiling = getattr(torch.compiler, "is_compiling", bool)
# PyTorch before 2.4 has no function that takes the device.
ASKS_FOR_DEVICE = hasattr(torch, "get_autocast_dtype")
ANY_SHAPE = [("...", "")]
DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def checked(function: Function) -> Function:
    """Return `function` with its tensors checked against the shapes of its signature.

    All its arguments are annotated by jaxtyping. An axis letter has one size in the
    whole call; `...` is any shape. In a module's method `c={self.channels}` says that
    axis c has the size of that attribute, and the tensor must have the device and,
    outside autocast, the dtype of the parameters. A module that has none of its own
    leaves that to its layers, and says what is wrong when one of them fails: what the
    layers hold is theirs, and may be elsewhere, sharded or in another dtype until they
    run.

    `torch.fx` traces through a module's method, and takes a function as one node.

    Raises on a call: TypeError for what is not a dense tensor of float16, bfloat16,
    float32 or float64 numbers, or not of the parameters' dtype, ValueError for a wrong
    number of axes, a wrong size, or another device.
    """
    axes_of = {
        name: [_letter_and_attribute(axis) for axis in annotation.dim_str.split()]
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
        # Older PyTorch compiles no `next` with a default.
        proxies = [arguments[n] for n in given if type(arguments[n]) is Proxy]
        if proxies:
            if module is not None:
                return function(*args, **kwargs)
            return proxies[0].tracer.create_proxy(
                "call_function", with_checks, args, kwargs
            )
        sizes = {}  # of each axis: the size, and where it was first seen
        for name in given:
            tensor, what = arguments[name], f"{caller}: {name}"
            _check_floating(what, tensor)
            if axes_of[name] != ANY_SHAPE:
                shape = tuple(tensor.shape)
                _check_axes(caller, name, shape, axes_of[name], sizes, module)
            first = arguments[given[0]]
            _check_device(what, tensor, first.device, f"where {given[0]} is")
            if module is not None:
                # Without numbers, wrong tensors make no layer fail.
                is_meta = tensor.device.type == "meta" or type(tensor) is FakeTensor
                _check_like(
                    what,
                    tensor,
                    module.parameters() if is_meta else module._parameters.values(),
                )
        if module is None or is_compiling():
            return function(*args, **kwargs)
        try:
            return function(*args, **kwargs)
        except (RuntimeError, TypeError, ValueError):
            for name in given:
                what = f"{caller}: {name}"
                _check_like(what, arguments[name], module.parameters())
            raise

    return cast(Function, with_checks)


def needs_pixels(forward: Function) -> Function:
    """Return a module's `forward` that refuses a map without pixels.

    In training it also refuses a single pixel, which BatchNorm cannot normalise.

    Raises on a call: ValueError.
    """

    @wraps(forward)
    def with_check(self, x):
        if type(x) is Proxy:
            return forward(self, x)
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

    return cast(Function, with_check)


def whole_number(
    what: str, value: object, least: int = 1, most: int = 2**31 - 1
) -> int:
    """Return `value` as an int from `least` to `most`.

    Raises: TypeError, ValueError, with a sentence that begins with `what`.
    """
    try:
        # Python would count True as 1.
        number = operator.index(None if isinstance(value, bool) else value)  # type: ignore[arg-type]
    except TypeError:
        is_short = isinstance(value, (str, float, bool, type(None)))
        got = repr(value) if is_short else type(value).__name__
        raise TypeError(f"{what} must be a whole number, got {got}") from None
    if number < least:
        raise ValueError(
            f"{what} must be a whole number of at least {least}, got {value!r}"
        )
    if number > most:
        raise ValueError(f"{what} must be a whole number of at most {most:,}, got more")
    return number


def same_channels(block: nn.Module, channels: int, out_channels: int | None) -> None:
    """Check the `out_channels` that official code hands to a block.

    Raises: TypeError, ValueError, when they are not `channels`.
    """
    name = type(block).__name__
    if out_channels is None:
        return
    if whole_number(f"{name}: out_channels", out_channels) != channels:
        raise ValueError(
            f"{name}: out_channels must be {channels}, as channels, since the block "
            f"keeps them, got {out_channels}"
        )


def _check_floating(what: str, tensor: object) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{what} must be a torch.Tensor, got {type(tensor).__name__}")
    if tensor.layout != torch.strided or tensor.is_nested:
        kind = "a nested tensor" if tensor.is_nested else tensor.layout
        raise TypeError(f"{what} must be a dense tensor, got {kind}")
    if not tensor.is_floating_point():
        raise TypeError(f"{what} must hold floating-point numbers, got {tensor.dtype}")
    if tensor.dtype not in DTYPES:
        raise TypeError(
            f"{what} must be float16, bfloat16, float32 or float64, got {tensor.dtype}"
        )


def _letter_and_attribute(axis: str) -> tuple[str, str]:
    """Return ('c', 'channels') of 'c={self.channels}', and ('c', '') of 'c'."""
    letter, _, attribute = axis.partition("={self.")
    return letter, attribute.rstrip("}")


def _check_axes(
    caller: str, name: str, shape: tuple, axes: list, sizes: dict, module: object
) -> None:
    if len(shape) != len(axes):
        number = "1 axis" if len(axes) == 1 else f"{len(axes)} axes"
        raise ValueError(
            f"{caller}: {name} must have {number} {_pattern(axes)}, "
            f"got {len(shape)}: {shape}"
        )
    for (letter, attribute), size in zip(axes, shape):
        if attribute:
            known = getattr(module, attribute), f"the {attribute} of this module"
        else:
            known = size, f"as in {name}"
        if letter == "k" and size == 0:
            raise ValueError(
                f"{caller}: axis k of {name} must be at least 1, got 0: "
                f"{name} is {_pattern(axes)} = {shape}"
            )
        expected, where = sizes.setdefault(letter, known)
        if size != expected:
            raise ValueError(
                f"{caller}: axis {letter} of {name} must be {expected}, {where}, "
                f"got {size}: {name} is {_pattern(axes)} = {shape}"
            )


def _pattern(axes: list) -> str:
    return f"({' '.join(letter for letter, _ in axes)})"


def _check_device(
    what: str, tensor: Tensor, expected: torch.device, where: str
) -> None:
    if tensor.device != expected:
        raise ValueError(f"{what} must be on {expected}, {where}, got {tensor.device}")


def _check_like(what: str, tensor: Tensor, parameters) -> None:
    """Compare with the first of the parameters that is a plain or a fake one."""
    plain = (nn.Parameter, FakeTensor)
    comparable = [p for p in parameters if type(p) in plain]
    if not comparable:
        return
    parameter = comparable[0]
    _check_device(what, tensor, parameter.device, "where the module's parameters are")
    if tensor.dtype == parameter.dtype:
        return
    # Autocast casts what is not float64.
    wide = torch.float64 in (tensor.dtype, parameter.dtype)
    if wide or not autocast_is_on(tensor.device.type):
        raise TypeError(
            f"{what} must be {parameter.dtype}, as the module's parameters are, "
            f"got {tensor.dtype}"
        )


def autocast_is_on(device_type: str) -> bool:
    """Return whether autocast is on for a device; the meta device has none."""
    if device_type == "meta":
        return False
    if ASKS_FOR_DEVICE:
        return torch.is_autocast_enabled(device_type)
    if device_type == "cpu":
        return torch.is_autocast_cpu_enabled()
    return torch.is_autocast_enabled()
