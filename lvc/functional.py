"""The encoding by matrix products: the numbers of `lvc.reference`, without (b n k c).

    |x - c|^2 = |x|^2 - 2 x.c + |c|^2    and    E = A^T x - (sum_n A) c

Both subtract numbers that may be large and nearly equal. So pixels and codewords are
centred first, on the median codeword. That changes neither result, because both depend
on differences alone. What remains grows with the distance from that codeword to a
pixel, over the distance from the pixel to the codewords near it: it is large for a
pixel that is near some codewords, be it one, and far from the median, as where most lie
far away on one side. Fewer than half of the codewords and any scales may be infinite,
and cost their own rows of E and no other, where their weights are 0 in the literal
form. Wrong input raises TypeError or ValueError, see `lvc.checks.checked`.
"""

from functools import wraps
from typing import cast

import torch
from einops import rearrange, reduce, repeat
from jaxtyping import Float
from torch import Tensor

from lvc.checks import Function, autocast_is_on, checked

is_exporting = getattr(torch.compiler, "is_exporting", bool)  # PyTorch 2.7 or newer


def in_float32(function: Function) -> Function:
    """Return `function` computing in float32, or in float64 if a tensor is.

    Autocast would round the products to half precision, so it is off meanwhile, also in
    what torch.export makes. `torch.jit.trace` cannot keep that: run a traced block
    outside autocast. The result has the dtype to which the tensors promote.
    """

    def cast_to(dtype, tensor):
        # An exported `to` would insist on the dtype that the tensor had.
        return tensor if tensor.dtype == dtype else tensor.to(dtype)

    @wraps(function)
    def in_wide_numbers(*args, **kwargs):
        tensors = [*args, *kwargs.values()]
        dtype = tensors[0].dtype
        for tensor in tensors:
            dtype = torch.promote_types(dtype, tensor.dtype)
        wide = torch.promote_types(dtype, torch.float32)
        args = [cast_to(wide, tensor) for tensor in args]
        kwargs = {name: cast_to(wide, tensor) for name, tensor in kwargs.items()}
        device = tensors[0].device.type
        if autocast_is_on(device) or is_exporting():
            with torch.autocast(device, enabled=False):
                return cast_to(dtype, function(*args, **kwargs))
        return cast_to(dtype, function(*args, **kwargs))

    return cast(Function, in_wide_numbers)


def centred(
    x: Float[Tensor, "b n c"], codewords: Float[Tensor, "k c"]
) -> tuple[Float[Tensor, "b n c"], Float[Tensor, "k c"]]:
    """Return pixels and codewords minus the median codeword, which has no gradient.

    The median is taken channel by channel, the lower one of two. Fewer than half of
    the codewords may be far away or not finite, and it stays among the others.
    """
    nearer = (len(codewords) + 1) // 2
    centre = codewords.detach().topk(nearer, dim=0, largest=False).values[-1]
    return x - centre, codewords - centre


def _scaled_l2(x, codewords, scale):
    """`scaled_l2` of what is centred: (b n c), (k c), (k) -> (b n k)."""
    # What is not finite has no product: it is 0 there, and `lost` is its score.
    lost = scale.detach() * (1 + codewords.detach().norm(dim=1))
    lost = lost - lost.nan_to_num(0, 0, 0)
    scale, codewords = scale.nan_to_num(0, 0, 0), codewords.nan_to_num(0, 0, 0)

    squared_pixels = reduce(x * x, "b n c -> b n 1", "sum")
    squared_codewords = reduce(codewords * codewords, "k c -> k", "sum")
    offsets = torch.addcmul(lost, scale, squared_codewords)
    offsets = torch.addcmul(offsets, scale, squared_pixels)
    factors = rearrange(-2 * scale, "k -> k 1") * codewords
    factors = repeat(factors, "k c -> b c k", b=x.shape[0])
    return torch.baddbmm(offsets, x, factors)


def _aggregate(weights, x, codewords):
    """`aggregate` of what is centred: (b n k), (b n c), (k c) -> (b k c)."""
    sums = reduce(weights, "b n k -> b k 1", "sum")
    weights = rearrange(weights, "b n k -> b k n")
    return torch.baddbmm(sums * codewords, weights, x, beta=-1)


@checked
@in_float32
def scaled_l2(
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
    scale: Float[Tensor, "k"],
) -> Float[Tensor, "b n k"]:
    """Return scale_k |x_n - c_k|^2, as `lvc.reference.scaled_l2`.

    Shapes: (b n c), (k c), (k) -> (b n k).
    Errors: TypeError, ValueError (see the module).
    """
    return _scaled_l2(*centred(x, codewords), scale)


@checked
@in_float32
def aggregate(
    weights: Float[Tensor, "b n k"],
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
) -> Float[Tensor, "b k c"]:
    """Return sum_n a_nk (x_n - c_k), as `lvc.reference.aggregate`.

    Shapes: (b n k), (b n c), (k c) -> (b k c).
    Errors: TypeError, ValueError (see the module).
    """
    return _aggregate(weights, *centred(x, codewords))


@checked
@in_float32
def encode(
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
    scale: Float[Tensor, "k"],
) -> Float[Tensor, "b k c"]:
    """Return the encoding E, as `lvc.reference.encode`, centring once.

    Shapes: (b n c), (k c), (k) -> (b k c).
    Errors: TypeError, ValueError (see the module).
    """
    x, codewords = centred(x, codewords)
    weights = _scaled_l2(x, codewords, scale).softmax(dim=-1)
    return _aggregate(weights, x, codewords)
