"""The layers of the block, with the parameter names of CFPNet's checkpoints.

Source: Quan, Zhang, Zhang and Tang, Centralized Feature Pyramid for Object Detection,
arXiv 2210.02093 (CFPNet), and its code. As in torch.nn, `device` and `dtype` are those
of the parameters, and `reset_parameters` starts a module's own ones anew. TorchScript
takes the blocks by `torch.jit.trace`, not by `torch.jit.script`. Wrong input raises
TypeError or ValueError, see `lvc.checks`.
"""

from collections import OrderedDict

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from lvc import functional
from lvc.checks import checked, needs_pixels, same_channels, whole_number

torch.fx.wrap("rearrange")  # one node of a graph that torch.fx traces


class Encoding(nn.Module):
    """Describe a feature map by its weighted residuals to learned codewords.

    Shapes: (b c h w) -> (b k c), with c = in_channels and k = num_codes.
    Errors: TypeError, ValueError (see the module).
    Source: the encoding layer of Zhang, Xue and Dana, Deep TEN, CVPR 2017, in the form
    of MMSegmentation's code and, after it, CFPNet's.
    """

    def __init__(self, in_channels: int, num_codes: int = 64, device=None, dtype=None):
        super().__init__()
        self.in_channels = whole_number("Encoding: in_channels", in_channels)
        self.num_codes = whole_number("Encoding: num_codes", num_codes)
        sizes = self.num_codes, self.in_channels
        self.codewords = nn.Parameter(torch.empty(sizes, device=device, dtype=dtype))
        self.scale = nn.Parameter(torch.empty(sizes[0], device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = (self.num_codes * self.in_channels) ** -0.5
        nn.init.uniform_(self.codewords, -bound, bound)
        nn.init.uniform_(self.scale, -1, 0)

    def extra_repr(self) -> str:
        return f"{self.in_channels}, num_codes={self.num_codes}"

    @checked
    def forward(
        self, x: Float[Tensor, "b c={self.in_channels} h w"]
    ) -> Float[Tensor, "b k={self.num_codes} c"]:
        return functional.encode(
            rearrange(x, "b c h w -> b (h w) c"), self.codewords, self.scale
        )


class Mean(nn.Module):
    """Take the mean over axis `dim`, which goes, or stays with size 1 if `keep_dim`.

    Errors: TypeError, ValueError (see the module), IndexError for an axis that the
    input does not have.
    """

    def __init__(self, dim: int, keep_dim: bool = False):
        super().__init__()
        self.dim = whole_number("Mean: dim", dim, least=-(2**31))
        self.keep_dim = keep_dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}, keep_dim={self.keep_dim}"

    @checked
    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return x.mean(self.dim, self.keep_dim)


class ConvBlock(nn.Module):
    """Convolve 1x1 to a quarter of the channels, 3x3, 1x1 back; add a 1x1 shortcut.

    Shapes: (b c h w) -> (b o h w), with c = in_channels, o = out_channels >= 4.
    Errors: TypeError, ValueError (see the module).
    """

    def __init__(self, in_channels: int, out_channels: int, device=None, dtype=None):
        super().__init__()
        self.in_channels = whole_number("ConvBlock: in_channels", in_channels)
        self.out_channels = whole_number(
            "ConvBlock: out_channels", out_channels, least=4
        )
        inside, placed = self.out_channels // 4, {"device": device, "dtype": dtype}
        self.conv1, self.bn1 = _conv_and_norm(self.in_channels, inside, 1, **placed)
        self.conv2, self.bn2 = _conv_and_norm(inside, inside, 3, **placed)
        self.conv3, self.bn3 = _conv_and_norm(inside, self.out_channels, 1, **placed)
        self.residual_conv, self.residual_bn = _conv_and_norm(
            self.in_channels, self.out_channels, 1, **placed
        )

    @checked
    @needs_pixels
    def forward(
        self, x: Float[Tensor, "b c={self.in_channels} h w"]
    ) -> Float[Tensor, "b o={self.out_channels} h w"]:
        shortcut = self.residual_bn(self.residual_conv(x))
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        return torch.relu(self.bn3(self.conv3(x)) + shortcut)


class LVCBlock(nn.Module):
    """Scale each channel by 1 + gate, read from the encoding of the whole map.

    Shapes: (b c h w) -> (b c h w), with c = channels, at least 4. `out_channels` is
    there for files written for the official code; it must be `channels`.
    Errors: TypeError, ValueError (see the module).
    Source: CFPNet, the learnable visual center.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        *,
        num_codes: int = 64,
        device=None,
        dtype=None,
    ):
        super().__init__()
        self.channels = c = whole_number("LVCBlock: channels", channels, least=4)
        self.num_codes = whole_number("LVCBlock: num_codes", num_codes)
        same_channels(self, c, out_channels)
        placed = {"device": device, "dtype": dtype}
        self.conv_1 = ConvBlock(c, c, **placed)
        self.LVC = nn.Sequential(
            nn.Conv2d(c, c, kernel_size=1, bias=False, **placed),
            nn.BatchNorm2d(c, **placed),
            nn.ReLU(),
            Encoding(c, self.num_codes, **placed),
            nn.BatchNorm1d(self.num_codes, **placed),
            nn.ReLU(),
            Mean(dim=1),
        )
        self.fc = nn.Sequential(nn.Linear(c, c, **placed), nn.Sigmoid())

    @checked
    @needs_pixels
    def forward(
        self, x: Float[Tensor, "b c={self.channels} h w"]
    ) -> Float[Tensor, "b c h w"]:
        x = self.conv_1(x)
        gate = self.fc(self.LVC(x))
        return torch.relu(x + x * rearrange(gate, "b c -> b c 1 1"))


class PixelLinear(nn.Conv2d):
    """A 1x1 convolution with the initial values of LightMLPBlock's hidden layers."""

    def reset_parameters(self) -> None:
        nn.init.trunc_normal_(self.weight, std=0.02)
        nn.init.zeros_(self.bias)


class LightMLPBlock(nn.Module):
    """Mix the channels of each pixel in two branches, each scaled by a small factor.

    Shapes: (b c h w) -> (b c h w), with c = channels.
    Errors: TypeError, ValueError (see the module).
    Source: CFPNet, the lightweight MLP. A `linear` that no forward uses is left out
    here, and dropped from a checkpoint that has it.
    """

    def __init__(self, channels: int, device=None, dtype=None):
        super().__init__()
        self.channels = c = whole_number("LightMLPBlock: channels", channels)
        placed = {"device": device, "dtype": dtype}
        self.norm1 = nn.GroupNorm(1, c, **placed)
        self.dw = nn.Sequential(
            OrderedDict(
                dconv=_conv_norm_silu(c, groups=c, **placed),
                pconv=_conv_norm_silu(c, groups=1, **placed),
            )
        )
        self.norm2 = nn.GroupNorm(1, c, **placed)
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=PixelLinear(c, 4 * c, kernel_size=1, **placed),
                act=nn.GELU(),
                fc2=PixelLinear(4 * c, c, kernel_size=1, **placed),
            )
        )
        self.layer_scale_1 = nn.Parameter(torch.empty(c, **placed))
        self.layer_scale_2 = nn.Parameter(torch.empty(c, **placed))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.layer_scale_1, 1e-5)
        nn.init.constant_(self.layer_scale_2, 1e-5)

    def _load_from_state_dict(self, state_dict, prefix, *args) -> None:
        if not hasattr(self, "linear"):
            state_dict.pop(f"{prefix}linear.weight", None)
            state_dict.pop(f"{prefix}linear.bias", None)
        super()._load_from_state_dict(state_dict, prefix, *args)

    @checked
    @needs_pixels
    def forward(
        self, x: Float[Tensor, "b c={self.channels} h w"]
    ) -> Float[Tensor, "b c h w"]:
        x = x + rearrange(self.layer_scale_1, "c -> c 1 1") * self.dw(self.norm1(x))
        return x + rearrange(self.layer_scale_2, "c -> c 1 1") * self.mlp(self.norm2(x))


class EVCBlock(nn.Module):
    """Run LVCBlock and LightMLPBlock side by side behind a 7x7 stem; join by 1x1.

    Shapes: (b c h w) -> (b c h w), with c = channels, at least 4. `out_channels` is
    there for files written for the official code; it must be `channels`.
    Errors: TypeError, ValueError (see the module).
    Source: CFPNet, the explicit visual center.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        *,
        num_codes: int = 64,
        device=None,
        dtype=None,
    ):
        super().__init__()
        self.channels = c = whole_number("EVCBlock: channels", channels, least=4)
        self.num_codes = whole_number("EVCBlock: num_codes", num_codes)
        same_channels(self, c, out_channels)
        placed = {"device": device, "dtype": dtype}
        self.conv1 = nn.Conv2d(c, c, kernel_size=7, padding=3, bias=False, **placed)
        self.bn1 = nn.BatchNorm2d(c, **placed)
        self.act1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.lvc = LVCBlock(c, num_codes=self.num_codes, **placed)
        self.l_MLP = LightMLPBlock(c, **placed)
        self.cnv1 = nn.Conv2d(2 * c, c, kernel_size=1, **placed)

    @checked
    @needs_pixels
    def forward(
        self, x: Float[Tensor, "b c={self.channels} h w"]
    ) -> Float[Tensor, "b c h w"]:
        x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
        return self.cnv1(torch.cat([self.lvc(x), self.l_MLP(x)], dim=1))


def _conv_and_norm(
    in_channels: int, out_channels: int, kernel_size: int, **placed
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    padding = kernel_size // 2
    conv = nn.Conv2d(
        in_channels, out_channels, kernel_size, padding=padding, bias=False, **placed
    )
    return conv, nn.BatchNorm2d(out_channels, eps=1e-6, **placed)


def _conv_norm_silu(channels: int, groups: int, **placed) -> nn.Sequential:
    conv = nn.Conv2d(channels, channels, 1, groups=groups, bias=False, **placed)
    norm = nn.BatchNorm2d(channels, **placed)
    return nn.Sequential(OrderedDict(conv=conv, bn=norm, act=nn.SiLU()))
