"""The encoding by matrix products: the numbers of `lvc.reference`, without (b n k c).

    |x - c|^2 = |x|^2 - 2 x.c + |c|^2    and    E = A^T x - (sum_n A) c

Both subtract numbers that may be large and nearly equal. So pixels and codewords are
centred first, on the mean codeword. That changes neither result, because both depend on
differences alone. What remains grows with the spread of the codewords over their
distance to the pixels. Wrong input raises TypeError or ValueError, see
`lvc.checks.checked`.
"""

from functools import wraps

import torch
from einops import rearrange, reduce, repeat
from jaxtyping import Float
from torch import Tensor

from lvc.checks import autocast_is_on, checked


def in_float32(function):
    """Return `function` computing in float32, or in float64 if a tensor is.

    Autocast would round the products to half precision, so it is off meanwhile. The
    result has the dtype to which the tensors promote.
    """

    @wraps(function)
    def in_wide_numbers(*args, **kwargs):
        tensors = [*args, *kwargs.values()]
        dtype = tensors[0].dtype
        for tensor in tensors:
            dtype = torch.promote_types(dtype, tensor.dtype)
        wide = torch.promote_types(dtype, torch.float32)
        args = [tensor.to(wide) for tensor in args]
        kwargs = {name: tensor.to(wide) for name, tensor in kwargs.items()}
        device = tensors[0].device.type
        if autocast_is_on(device):
            with torch.autocast(device, enabled=False):
                return function(*args, **kwargs).to(dtype)
        return function(*args, **kwargs).to(dtype)

    return in_wide_numbers


def centred(
    x: Float[Tensor, "b n c"], codewords: Float[Tensor, "k c"]
) -> tuple[Float[Tensor, "b n c"], Float[Tensor, "k c"]]:
    """Return pixels and codewords minus the mean codeword, which has no gradient."""
    centre = reduce(codewords.detach(), "k c -> c", "mean")
    return x - centre, codewords - centre


def _scaled_l2(x, codewords, scale):
    """`scaled_l2` of what is centred: (b n c), (k c), (k) -> (b n k)."""
    squared_pixels = reduce(x * x, "b n c -> b n 1", "sum")
    squared_codewords = reduce(codewords * codewords, "k c -> k", "sum")
    factors = rearrange(-2 * scale, "k -> k 1") * codewords
    factors = repeat(factors, "k c -> b c k", b=x.shape[0])
    return torch.baddbmm(scale * squared_codewords, x, factors).addcmul(
        squared_pixels, scale
    )


def _aggregate(weights, x, codewords):
    """`aggregate` of what is centred: (b n k), (b n c), (k c) -> (b k c)."""
    sums = reduce(weights, "b n k -> b k 1", "sum")
    return torch.baddbmm(sums * -codewords, rearrange(weights, "b n k -> b k n"), x)


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
