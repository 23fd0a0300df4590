"""scaled_l2, softmax and aggregate against scalar loops, for any sizes, and their first and second derivatives."""

import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lvc
from tests.support import oracle

FORMS = [lvc, lvc.reference]
ERROR = {
    torch.float64: 1e-12,
    torch.float32: 1e-5,
    torch.bfloat16: 0.1,
}  # of the largest value of the result

sizes = st.fixed_dictionaries(
    {
        "b": st.integers(0, 3),
        "n": st.integers(0, 6),
        "c": st.integers(1, 5),
        "k": st.integers(1, 5),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def draw(b, n, c, k, seed, dtype=torch.float64, device="cpu"):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(b, n, c, generator=generator, dtype=torch.float64)
    codewords = torch.randn(k, c, generator=generator, dtype=torch.float64)
    scale = torch.randn(k, generator=generator, dtype=torch.float64)
    return [tensor.to(device, dtype) for tensor in (x, codewords, scale)]


def as_arrays(*tensors):
    return [tensor.double().cpu().numpy() for tensor in tensors]


def assert_near(actual, expected, dtype):
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    error = np.abs(as_arrays(actual)[0] - expected).max(initial=0)
    assert error <= ERROR[dtype] * np.abs(expected).max(initial=1)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("dtype", ERROR, ids=str)
@given(sizes)
@example({"b": 0, "n": 4, "c": 3, "k": 2, "seed": 0})  # an empty batch
@example({"b": 2, "n": 0, "c": 3, "k": 2, "seed": 0})  # no pixel
@example({"b": 2, "n": 1, "c": 3, "k": 2, "seed": 0})  # one pixel
@example({"b": 2, "n": 4, "c": 1, "k": 2, "seed": 0})  # one channel
@example({"b": 2, "n": 4, "c": 3, "k": 1, "seed": 0})  # one codeword
@settings(max_examples=40, deadline=None)
def test_every_function_agrees_with_the_loops(device, form, dtype, sizes):
    x, codewords, scale = draw(**sizes, dtype=dtype, device=device)
    x_, codewords_, scale_ = as_arrays(x, codewords, scale)
    scores = form.scaled_l2(x, codewords, scale)
    assert_near(scores, oracle.scaled_l2(x_, codewords_, scale_), dtype)
    weights = scores.softmax(dim=-1)
    assert_near(weights, oracle.softmax(as_arrays(scores)[0]), dtype)
    assert_near(
        form.aggregate(weights, x, codewords),
        oracle.aggregate(as_arrays(weights)[0], x_, codewords_),
        dtype,
    )
    if (
        dtype != torch.bfloat16
    ):  # there the softmax amplifies the rounding of the scores without bound
        assert_near(
            form.encode(x, codewords, scale),
            oracle.encode(x_, codewords_, scale_),
            dtype,
        )


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_arguments_may_be_named(form):
    x, codewords, scale = draw(2, 3, 4, 5, seed=0)
    by_place = form.encode(x, codewords, scale)
    assert torch.equal(form.encode(x, scale=scale, codewords=codewords), by_place)
    named = {"scale": scale, "x": x, "codewords": codewords}
    assert torch.equal(form.encode(**named), by_place)


@pytest.mark.parametrize("inside", [False, True], ids=["plain", "autocast"])
def test_half_precision_is_computed_in_float32(device, inside):
    """Large numbers: half precision would overflow, and autocast would round the products."""
    x, codewords, scale = draw(2, 3, 512, 5, seed=0, dtype=torch.float16, device=device)
    x, scale = x + 12, -scale.abs()
    wide = [tensor.float() for tensor in (x, codewords, scale)]
    weights = lvc.reference.scaled_l2(*wide).softmax(dim=-1)
    with torch.autocast(device, dtype=torch.bfloat16, enabled=inside):
        for named in (False, True):
            if named:
                half = lvc.encode(x, codewords=codewords, scale=scale)
                full = lvc.encode(wide[0], scale=wide[2], codewords=wide[1])
            else:
                half, full = lvc.encode(x, codewords, scale), lvc.encode(*wide)
            assert (half.dtype, full.dtype) == (torch.float16, torch.float32)
            assert half.isfinite().all()
            torch.testing.assert_close(full, lvc.reference.encode(*wide))
            torch.testing.assert_close(half.float(), full, rtol=1e-3, atol=1e-2)
        scores = lvc.scaled_l2(*wide)
        torch.testing.assert_close(scores, lvc.reference.scaled_l2(*wide))
        sums = lvc.aggregate(weights, *wide[:2])
        torch.testing.assert_close(sums, lvc.reference.aggregate(weights, *wide[:2]))
        assert lvc.encode(x, *wide[1:]).dtype == torch.float32  # the wider of both


def test_every_channel_may_have_an_offset_of_its_own(device):
    """Centring on one number for all channels would not be enough."""
    x, codewords, scale = draw(2, 9, 8, 5, seed=0, dtype=torch.float32, device=device)
    offset = torch.linspace(-1e3, 1e3, 8, device=device)
    x, codewords = x + offset, codewords + offset
    exact = lvc.reference.encode(x.double(), codewords.double(), scale.double())
    error = (lvc.encode(x, codewords, scale) - exact).abs().max() / exact.abs().max()
    assert error < 1e-5


def test_a_device_without_numbers_and_without_autocast():
    tensors = [tensor.to("meta") for tensor in draw(2, 3, 4, 5, seed=0)]
    assert lvc.encode(*tensors).shape == (2, 5, 4)


@given(sizes)
@settings(max_examples=20, deadline=None)
def test_residuals_are_pixels_minus_codewords(sizes):
    x, codewords, _ = draw(**sizes)
    expected = (
        as_arrays(x)[0][:, :, None, :] - as_arrays(codewords)[0][None, None, :, :]
    )
    assert np.array_equal(lvc.reference.residuals(x, codewords).numpy(), expected)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize(
    "size", [(2, 3, 2, 4), (1, 1, 1, 1), (0, 3, 2, 2), (2, 0, 2, 2)], ids=str
)
@pytest.mark.parametrize(
    "check",
    [torch.autograd.gradcheck, torch.autograd.gradgradcheck],
    ids=lambda check: check.__name__,
)
def test_first_and_second_derivatives(device, form, size, check):
    b, n, c, k = size
    x, codewords, scale = [
        tensor.requires_grad_() for tensor in draw(b, n, c, k, seed=0, device=device)
    ]
    weights = torch.randn(
        b, n, k, dtype=torch.float64, device=device, requires_grad=True
    )
    assert check(form.scaled_l2, (x, codewords, scale))
    assert check(form.aggregate, (weights, x, codewords))
    assert check(form.encode, (x, codewords, scale))


def test_the_shapes_in_the_signatures_are_checked_while_the_tests_run():
    x, codewords, scale = draw(2, 3, 4, 5, seed=0)
    without_own_checks = lvc.reference.scaled_l2.__wrapped__
    assert without_own_checks(x, codewords, scale).shape == (2, 3, 5)
    with pytest.raises(jaxtyping.TypeCheckError, match="k=5"):
        without_own_checks(x, codewords, scale[:1])  # would broadcast
