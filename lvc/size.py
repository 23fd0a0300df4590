"""A network that was trained at one size of images, at other sizes."""

from functools import partial
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from lvc.layers import Encoding

M = TypeVar("M", bound=nn.Module)


def trained_at(network: M, x: object) -> M:
    """Let every Encoding of a network sum as if its map had as many pixels as for `x`.

    The encoding is a sum over pixels, and the BatchNorm behind it keeps, in eval mode,
    the statistics of the maps that it was trained on: at another size the gate moves.
    `x` is an input of the size of training, and its numbers do not matter. At that size
    nothing changes. A forward hook does it: `state_dict` does not hold it, a pickled or
    copied network does. Calling it again takes the new size in place of the old.

    Errors: TypeError for what is not a module; ValueError for a network that runs no
    `lvc.Encoding`, as one of pasted blocks does not, and for a map without pixels, in
    this call or when the network runs.
    """
    if not isinstance(network, nn.Module):
        raise TypeError(
            "trained_at: network must be a torch.nn.Module, "
            f"got {type(network).__name__}"
        )
    layers = [module for module in network.modules() if isinstance(module, Encoding)]
    pixels = {}

    def count(layer, inputs, keywords, output):
        pixels[layer] = _map_in(inputs, keywords).shape[2:].numel()

    counting = [
        layer.register_forward_hook(count, with_kwargs=True) for layer in layers
    ]
    modes = [(module, module.training) for module in network.modules()]
    try:
        with torch.no_grad():
            network.eval()(x)
    finally:
        for handle in counting:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    if not pixels:
        raise ValueError("trained_at: network must run an lvc.Encoding, and runs none")
    if 0 in pixels.values():
        raise ValueError("trained_at: an lvc.Encoding gets a map without pixels")
    for layer in pixels:
        for key, hook in [*layer._forward_hooks.items()]:
            if isinstance(hook, partial) and hook.func is _as_with:
                del layer._forward_hooks[key], layer._forward_hooks_with_kwargs[key]
        as_with = partial(_as_with, pixels[layer])
        layer.register_forward_hook(as_with, with_kwargs=True)
    return network


def _as_with(
    pixels: int, layer: nn.Module, inputs: tuple, keywords: dict, output: Tensor
) -> Tensor:
    """Scale an encoding to what it would be with this number of pixels."""
    rows, columns = _map_in(inputs, keywords).shape[2:]
    if type(output) is not Proxy and rows * columns == 0:
        raise ValueError(
            f"{type(layer).__name__}: axes h and w of x must be at least 1 after "
            f"trained_at, got {rows} and {columns}"
        )
    return output * (pixels / (rows * columns))


def _map_in(inputs: tuple, keywords: dict) -> Tensor:
    return inputs[0] if inputs else keywords["x"]
