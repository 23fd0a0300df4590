"""A trained EVCBlock out of a detector's checkpoint.

A state_dict holds tensors by name, and neither the eps nor the momentum of BatchNorm.
Detectors change both after the network is built: CFPNet, YOLOX, YOLOv5 and Ultralytics'
YOLO set 1e-3 and 0.03 on every BatchNorm2d.
"""

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn

from lvc.layers import EVCBlock

CODEWORDS = "lvc.LVC.3.codewords"  # by this name an EVCBlock is found
M = TypeVar("M", bound=nn.Module)


def as_in_detector(module: M) -> M:
    """Set eps 1e-3 and momentum 0.03 on every BatchNorm2d of a module, and return it.

    A new block has the values of CFPNet's constructors. The detectors that CFPNet,
    YOLOX, YOLOv5 and Ultralytics train have these.
    Errors: TypeError for what is not a module.
    Source: `get_model` in cfp/exp/yolox_base.py of CFPNet's code.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(
            "as_in_detector: module must be a torch.nn.Module, "
            f"got {type(module).__name__}"
        )
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.eps, norm.momentum = 1e-3, 0.03
    return module


def load_cfpnet(
    checkpoint: str | os.PathLike | Mapping, prefix: str | None = None
) -> EVCBlock:
    """Return the EVCBlock of a checkpoint as CFPNet's detector runs it, in eval mode.

    It is in float32, with eps and momentum as `as_in_detector` sets them. `checkpoint`
    is a file, opened with `weights_only=True`, or what `torch.load` returned: the state
    of a whole network or of EVCBlock alone, or a dictionary that holds one. `prefix` is
    what stands before the block's names, such as "backbone.evcblock.", and only several
    blocks need it.

    Errors: OSError for a path that holds no file; TypeError for what is no checkpoint
    or no prefix; ValueError for a file that is cut off, foreign, or holds whole
    modules, for no block or several, and for missing, foreign or wrong tensors.
    Warning: tensors that are not finite.
    """
    if isinstance(checkpoint, str | os.PathLike):
        checkpoint = _opened(checkpoint)
    if not isinstance(checkpoint, Mapping):
        raise TypeError(
            "load_cfpnet: checkpoint must be a path or a dictionary of tensors, "
            f"got {type(checkpoint).__name__}"
        )
    if not isinstance(prefix, str | None):
        raise TypeError(
            f"load_cfpnet: prefix must be a string, got {type(prefix).__name__}"
        )
    state = _state_of_block(checkpoint, prefix)
    codewords = state[CODEWORDS]
    if not isinstance(codewords, Tensor) or codewords.ndim != 2:
        raise ValueError(
            f"load_cfpnet: {CODEWORDS} must be a tensor with 2 axes (k c), "
            f"got {_described(codewords)}"
        )
    num_codes, channels = codewords.shape
    block = as_in_detector(EVCBlock(channels, num_codes=num_codes)).float()
    for name, tensor in block.state_dict().items():
        stored = state.get(name, tensor)
        if not isinstance(stored, Tensor) or stored.shape != tensor.shape:
            raise ValueError(
                f"load_cfpnet: {name} must be {_described(tensor)}, as in a block "
                f"with {channels} channels and {num_codes} codewords, "
                f"got {_described(stored)}"
            )
        counts = not tensor.is_floating_point()
        dense = stored.layout == torch.strided and not stored.is_meta
        if not dense or not (counts or stored.is_floating_point()):
            raise ValueError(
                f"load_cfpnet: {name} must hold dense numbers such as {tensor.dtype}, "
                f"got {stored.dtype}, {stored.layout}, on {stored.device}"
            )
    missing, foreign = block.load_state_dict(state, strict=False)
    for names, fault in ((missing, "lacks"), (foreign, "also holds")):
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise ValueError(
                "load_cfpnet: the EVCBlock of the checkpoint "
                f"{fault} {', '.join(names[:3])}{more}"
            )
    lost = [
        f"{int((~tensor.isfinite()).sum())} of {tensor.numel()} in {name}"
        for name, tensor in block.state_dict().items()
        if not tensor.isfinite().all()
    ]
    if lost:
        warnings.warn(
            f"load_cfpnet: numbers that are not finite: {', '.join(lost)}. If the file "
            "is in half precision, which ends at 65504 and stores inf for what is "
            "larger, load one in float32",
            stacklevel=2,
        )
    return block.eval()


def _opened(path: str | os.PathLike) -> object:
    allowed = getattr(torch.serialization, "safe_globals", nullcontext)  # torch >= 2.5
    open(path, "rb").close()  # raises OSError, and only for what is no file to read
    try:
        with allowed(_NUMPY):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds: whatever the first bytes seem to say
        refused = re.search(r"Unsupported (?:global: GLOBAL|class) (\S+)", str(error))
        if refused:
            raise ValueError(
                f"load_cfpnet: {os.fspath(path)} holds Python objects ({refused[1]}), "
                "which can run code when they are opened; if you trust the file, open "
                "it with torch.load(path, weights_only=False), save the state of the "
                "model in it with torch.save(model.state_dict(), 'state.pt'), and load "
                "that"
            ) from error
        raise ValueError(
            f"load_cfpnet: {os.fspath(path)} is cut off, or no file that "
            "torch.load(path, weights_only=True) can read"
        ) from error


class _Skipped:
    """A NumPy number: CFPNet stores its best result as one, and no weight."""

    def __init__(self, *_: object): ...

    def __setstate__(self, _: object): ...


_NUMPY = [
    type(name, (_Skipped,), {"__module__": module})
    for module, name in (
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),  # since NumPy 2
    )
]


def _state_of_block(checkpoint: Mapping, prefix: str | None) -> dict:
    """Return the tensors of the one EVCBlock, by their names in the block."""
    found = [
        (name.removesuffix(CODEWORDS), state)
        for state in _dictionaries(checkpoint)
        for name in state
        if f".{name}".endswith(f".{CODEWORDS}")
    ]
    prefixes = " and ".join(repr(before) for before, _ in found)
    if not found:
        raise ValueError(
            "load_cfpnet: no EVCBlock in the checkpoint: no tensor has a name that "
            f"ends with {CODEWORDS}; of a whole model, pass its state_dict()"
        )
    if prefix is not None:
        wanted = f"{prefix.removesuffix('.')}." if prefix else ""
        found = [(before, state) for before, state in found if before == wanted]
        if not found:
            raise ValueError(
                f"load_cfpnet: no EVCBlock has the prefix {prefix!r}, but {prefixes}"
            )
    if len(found) > 1:
        raise ValueError(
            f"load_cfpnet: {len(found)} EVCBlocks in the checkpoint, with the prefixes "
            f"{prefixes}: choose one with prefix=, or pass the dictionary that holds it"
        )
    ((before, state),) = found
    return {
        name.removeprefix(before): value
        for name, value in state.items()
        if isinstance(name, str) and name.startswith(before)
    }


def _dictionaries(checkpoint: object) -> Iterator[Mapping]:
    if isinstance(checkpoint, Mapping):
        yield checkpoint
        for value in checkpoint.values():
            yield from _dictionaries(value)


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    return type(value).__name__
