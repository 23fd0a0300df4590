"""The blocks as people paste them, the opponent of the benchmark.

Plain torch and the operations of CFPNet's code, in other words: pixels copied by
`contiguous`, a (b n k c) tensor by `expand`, ReLU in place, no check. A test holds them
to outputs, gradients and names of the official code. `linear`, which no forward uses,
is left out, since it has no gradient. `codes` is always 64 in a block, as there.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


class Encoding(nn.Module):
    def __init__(self, channels, codes=64):
        super().__init__()
        bound = (channels * codes) ** -0.5
        self.codewords = nn.Parameter(torch.empty(codes, channels))
        self.codewords.data.uniform_(-bound, bound)
        self.scale = nn.Parameter(torch.empty(codes).uniform_(-1, 0))

    def forward(self, x):
        b, c = x.shape[:2]
        k = len(self.codewords)
        pixels = x.view(b, c, -1).transpose(1, 2).contiguous()
        pixels = pixels.unsqueeze(2).expand(b, -1, k, c)
        codewords = self.codewords.view(1, 1, k, c)
        squares = (pixels - codewords).pow(2).sum(dim=3)
        weights = F.softmax(self.scale.view(1, 1, k) * squares, dim=2)
        return (weights.unsqueeze(3) * (pixels - codewords)).sum(dim=1)


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


class ConvBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        narrow = channels // 4
        self.conv1 = nn.Conv2d(channels, narrow, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(narrow, eps=1e-6)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(narrow, eps=1e-6)
        self.conv3 = nn.Conv2d(narrow, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels, eps=1e-6)
        self.residual_conv = nn.Conv2d(channels, channels, 1, bias=False)
        self.residual_bn = nn.BatchNorm2d(channels, eps=1e-6)

    def forward(self, x):
        residual = x
        x = F.relu(self.bn1(self.conv1(x)), inplace=True)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        x = self.bn3(self.conv3(x))
        x += self.residual_bn(self.residual_conv(residual))
        return F.relu(x, inplace=True)


class LVCBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv_1 = ConvBlock(channels)
        self.LVC = nn.Sequential(
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            Encoding(channels),
            nn.BatchNorm1d(64),
            nn.ReLU(inplace=True),
            Mean(),
        )
        self.fc = nn.Sequential(nn.Linear(channels, channels), nn.Sigmoid())

    def forward(self, x):
        x = self.conv_1(x)
        b, c = x.shape[:2]
        gate = self.fc(self.LVC(x)).view(b, c, 1, 1)
        return F.relu(x + x * gate, inplace=True)


def conv_norm_silu(channels, groups):
    conv = nn.Conv2d(channels, channels, 1, groups=groups, bias=False)
    parts = {"conv": conv, "bn": nn.BatchNorm2d(channels), "act": nn.SiLU(inplace=True)}
    return nn.Sequential(OrderedDict(parts))


class LightMLPBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm1, self.norm2 = (nn.GroupNorm(1, channels) for _ in range(2))
        depthwise = conv_norm_silu(channels, groups=channels)
        parts = {"dconv": depthwise, "pconv": conv_norm_silu(channels, groups=1)}
        self.dw = nn.Sequential(OrderedDict(parts))
        wide = nn.Conv2d(channels, 4 * channels, 1)
        parts = {
            "fc1": wide,
            "act": nn.GELU(),
            "fc2": nn.Conv2d(4 * channels, channels, 1),
        }
        self.mlp = nn.Sequential(OrderedDict(parts))
        self.layer_scale_1 = nn.Parameter(torch.full((channels,), 1e-5))
        self.layer_scale_2 = nn.Parameter(torch.full((channels,), 1e-5))

    def forward(self, x):
        scale_1 = self.layer_scale_1.unsqueeze(-1).unsqueeze(-1)
        scale_2 = self.layer_scale_2.unsqueeze(-1).unsqueeze(-1)
        x = x + scale_1 * self.dw(self.norm1(x))
        return x + scale_2 * self.mlp(self.norm2(x))


class EVCBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 7, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.act1 = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=1, padding=1)
        self.lvc = LVCBlock(channels)
        self.l_MLP = LightMLPBlock(channels)
        self.cnv1 = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x):
        x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
        return self.cnv1(torch.cat((self.lvc(x), self.l_MLP(x)), dim=1))
