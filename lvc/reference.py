"""The encoding step by step, in einops patterns: the form to read.

It is also the specification that every other form must meet. The residuals are made as
a (b n k c) tensor, so memory grows with all four axes: b images, n pixels, k codewords,
c channels. Wrong input to the first four functions raises TypeError or ValueError, see
`lvc.checks.checked`.

The last four return what the steps of a layer or block make, by the name of the step,
in the order of `lvc.steps`. They take the map that its forward takes and give its
numbers, up to rounding and before `lvc.trained_at`; in float16, a sum of squares may
overflow that is finite in a forward. They run its own parts: in training mode
BatchNorm's running statistics move, as in a forward, and wrong input raises what the
part raises.
"""

from collections.abc import Callable

import torch
from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor, nn

from lvc.checks import checked


@checked
def residuals(
    x: Float[Tensor, "b n c"], codewords: Float[Tensor, "k c"]
) -> Float[Tensor, "b n k c"]:
    """Return the vector x_n - c_k from every codeword to every pixel.

    Shapes: (b n c), (k c) -> (b n k c).
    Errors: TypeError, ValueError (see the module).
    Source: r_ik in Zhang, Xue and Dana, Deep TEN, CVPR 2017.
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
    Source: e_k in Deep TEN; CFPNet's `Encoding.aggregate`.
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


def encoding_layer(layer: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Return what each step of an Encoding's literal form makes, by the step's name."""
    made = {"input": x}
    made["pixels"] = rearrange(x, "b c h w -> b (h w) c")
    made["residuals"] = residuals(made["pixels"], layer.codewords)
    made["squared distance"] = reduce(made["residuals"] ** 2, "b n k c -> b n k", "sum")
    made["scaled_l2"] = rearrange(layer.scale, "k -> 1 1 k") * made["squared distance"]
    made["assignment weights"] = made["scaled_l2"].softmax(dim=-1)
    weights = rearrange(made["assignment weights"], "b n k -> b n k 1")
    made["weighted residuals"] = weights * made["residuals"]
    made["encoding"] = reduce(made["weighted residuals"], "b n k c -> b k c", "sum")
    return made


def lvc_block(
    block: nn.Module, x: Tensor, encoding: Callable = encoding_layer
) -> dict[str, Tensor]:
    """Return what each step of an LVCBlock makes of a map, by the step's name."""
    conv, norm_2d, relu_2d, layer, norm_1d, relu_1d, mean = block.LVC
    linear, sigmoid = block.fc
    made = {"input": x}
    made["ConvBlock"] = block.conv_1(x)
    made["Conv 1x1"] = conv(made["ConvBlock"])
    made["BatchNorm2d"] = norm_2d(made["Conv 1x1"])
    made["ReLU"] = relu_2d(made["BatchNorm2d"])
    made |= encoding(layer, made["ReLU"]) | {"input": x}
    made["BatchNorm1d"] = norm_1d(made["encoding"])
    made["ReLU of the encoding"] = relu_1d(made["BatchNorm1d"])
    made["Mean"] = mean(made["ReLU of the encoding"])
    made["Linear"] = linear(made["Mean"])
    made["gate"] = sigmoid(made["Linear"])
    made["gate as a map"] = rearrange(made["gate"], "b c -> b c 1 1")
    scaled = made["ConvBlock"] * made["gate as a map"]
    made["output"] = torch.relu(made["ConvBlock"] + scaled)
    return made


def light_mlp_block(block: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Return what each step of a LightMLPBlock makes of a map, by the step's name."""
    scale_1 = rearrange(block.layer_scale_1, "c -> c 1 1")
    scale_2 = rearrange(block.layer_scale_2, "c -> c 1 1")
    made = {"input": x}
    made["norm1"] = block.norm1(x)
    made["dconv"] = block.dw.dconv(made["norm1"])
    made["pconv"] = block.dw.pconv(made["dconv"])
    made["first sum"] = x + scale_1 * made["pconv"]
    made["norm2"] = block.norm2(made["first sum"])
    made["fc1"] = block.mlp.fc1(made["norm2"])
    made["GELU"] = block.mlp.act(made["fc1"])
    made["fc2"] = block.mlp.fc2(made["GELU"])
    made["output"] = made["first sum"] + scale_2 * made["fc2"]
    return made


def evc_block(
    block: nn.Module, x: Tensor, encoding: Callable = encoding_layer
) -> dict[str, Tensor]:
    """Return what each step of an EVCBlock makes of a map, by the step's name."""
    made = {"input": x}
    made["Conv 7x7"] = block.conv1(x)
    made["BatchNorm2d"] = block.bn1(made["Conv 7x7"])
    made["ReLU"] = block.act1(made["BatchNorm2d"])
    made["max-pool"] = block.maxpool(made["ReLU"])
    made["LVCBlock"] = lvc_block(block.lvc, made["max-pool"], encoding)["output"]
    made["LightMLPBlock"] = light_mlp_block(block.l_MLP, made["max-pool"])["output"]
    made["joined"] = torch.cat([made["LVCBlock"], made["LightMLPBlock"]], dim=1)
    made["output"] = block.cnv1(made["joined"])
    return made
