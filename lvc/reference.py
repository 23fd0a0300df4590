"""The encoding step by step, each line one einops pattern: the form to read.

It is also the specification that every other form must meet. The residuals are made as
a (b n k c) tensor, so memory grows with all four axes: b images, n pixels, k codewords,
c channels. Wrong input raises TypeError or ValueError, see `lvc.checks.checked`.
"""

from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor

from lvc.checks import checked


@checked
def residuals(
    x: Float[Tensor, "b n c"], codewords: Float[Tensor, "k c"]
) -> Float[Tensor, "b n k c"]:
    """Return the vector x_n - c_k from every codeword to every pixel.

    Shapes: (b n c), (k c) -> (b n k c).
    Errors: TypeError, ValueError (see the module).
    Source: r_ik in Zhang, Xue and Dana, Deep TEN, CVPR 2017, section 3.
    """
    return rearrange(x, "b n c -> b n 1 c") - rearrange(codewords, "k c -> 1 1 k c")


@checked
def scaled_l2(
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
    scale: Float[Tensor, "k"],
) -> Float[Tensor, "b n k"]:
    """Return scale_k |x_n - c_k|^2: squared distances, scaled codeword by codeword.

    Shapes: (b n c), (k c), (k) -> (b n k).
    Errors: TypeError, ValueError (see the module).
    Source: the exponent of Deep TEN's softmax, where scale is -s;
    CFPNet's `Encoding.scaled_l2`.
    """
    squared_distances = reduce(residuals(x, codewords) ** 2, "b n k c -> b n k", "sum")
    return rearrange(scale, "k -> 1 1 k") * squared_distances


@checked
def aggregate(
    weights: Float[Tensor, "b n k"],
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
) -> Float[Tensor, "b k c"]:
    """Return sum_n a_nk (x_n - c_k): the residuals, weighted and summed over pixels.

    Shapes: (b n k), (b n c), (k c) -> (b k c).
    Errors: TypeError, ValueError (see the module).
    Source: e_k in Deep TEN, section 3; CFPNet's `Encoding.aggregate`.
    """
    weighted = rearrange(weights, "b n k -> b n k 1") * residuals(x, codewords)
    return reduce(weighted, "b n k c -> b k c", "sum")


@checked
def encode(
    x: Float[Tensor, "b n c"],
    codewords: Float[Tensor, "k c"],
    scale: Float[Tensor, "k"],
) -> Float[Tensor, "b k c"]:
    """Return the encoding E: `scaled_l2`, softmax over the codewords, `aggregate`.

    Shapes: (b n c), (k c), (k) -> (b k c).
    Errors: TypeError, ValueError (see the module).
    Source: CFPNet's `Encoding.forward`.
    """
    weights = scaled_l2(x, codewords, scale).softmax(dim=-1)
    return aggregate(weights, x, codewords)
