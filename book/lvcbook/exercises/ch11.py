"""The checks of chapter 11."""

import torch
from torch import Tensor

import lvc
from lvcbook.exercises.common import check, is_number, problem_with_number


def _gate(block, x: Tensor) -> Tensor:
    return block.fc(block.LVC(block.conv_1(x)))


def _largest(change: Tensor) -> float:
    return change.abs().max().item()


@check()
def check_turn(function):
    """Check a function that returns how far the gate moves when the map is turned."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(2, 8, 4, 5, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        torch.manual_seed(1)
        block = lvc.LVCBlock(8, num_codes=5).double().eval()
        got = function(block, x)
        gate, turned = _gate(block, x), _gate(block, x.flip(2, 3))
        right = _largest(turned - gate)
        inside = block.conv_1(x)
        mistakes = {
            "this compares the outputs of the block, whose pixels are turned too": (
                _largest(block(x.flip(2, 3)) - block(x))
            ),
            "this turns the channels; rows are axis 2, columns axis 3": (
                _largest(_gate(block, x.flip(1)) - gate)
            ),
            "this is a flip of the rows alone": _largest(
                _gate(block, x.flip(2)) - gate
            ),
            "this is a flip of the columns alone": _largest(
                _gate(block, x.flip(3)) - gate
            ),
            "this turns the map after ConvBlock, where order no longer matters": (
                _largest(block.fc(block.LVC(inside.flip(2, 3))) - gate)
            ),
            "this is the mean change, return the largest": (
                (turned - gate).abs().mean().item()
            ),
            "this is a change with its sign; take abs() first": (
                (turned - gate).max().item()
            ),
        }
    if got is None:
        yield "it returned None, expected a number"
    if not is_number(got):
        yield "return one number, such as change.abs().max()"
    otherwise = f"it returned {{:.5f}}, expected {right:.5f}"
    yield problem_with_number(got, right, mistakes, otherwise, rel_tol=1e-7)


@check()
def check_scale(function):
    """Check scales in (-1, 0) with which every pixel's nearest codeword weighs most."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 24, 3, generator=generator, dtype=torch.float64)
    x = torch.cat([x, 1e5 * x], dim=1)  # far out, any two scales that differ show
    codewords = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    scale = function(codewords)
    if scale is None:
        yield "it returned None, expected (k) = (5,)"
    if not isinstance(scale, Tensor) or tuple(scale.shape) != (5,):
        got = tuple(scale.shape) if isinstance(scale, Tensor) else type(scale).__name__
        yield f"it returned {got}, expected (k) = (5,)"
    if not ((scale > -1) & (scale < 0)).all():
        yield "each scale must lie between -1 and 0, and be neither"
    scores = lvc.reference.scaled_l2(x, codewords, scale.to(x))
    nearest = torch.cdist(x, codewords).argmin(dim=-1)
    share = (scores.argmax(dim=-1) == nearest).double().mean().item()
    if share < 1:
        yield f"only {share:.0%} of the pixels give their nearest the most"
