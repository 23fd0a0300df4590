"""The product form against the literal one in float64: how far off its numbers are, and what it keeps in memory."""

import contextlib
from math import prod

import pytest
import torch
from einops import rearrange
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.profiler import ProfilerActivity, profile

import lvc

HALVES = [torch.bfloat16, torch.float16]
autocasts = pytest.mark.parametrize("autocast", [None, *HALVES], ids=str)
offsets = pytest.mark.parametrize("offset", [0, 100, 10_000])

sizes = st.fixed_dictionaries(
    {
        "b": st.integers(0, 3),
        "n": st.integers(0, 20),
        "c": st.integers(1, 16),
        "k": st.integers(1, 12),
        "spread": st.sampled_from([0.05, 0.3, 1]),
        "pixels_are_codewords": st.booleans(),
        "seed": st.integers(0, 2**32 - 1),
    }
)
USUAL = {"c": 3, "k": 2, "spread": 1, "pixels_are_codewords": False, "seed": 0}


def draw(
    b=2,
    n=40,
    c=16,
    k=24,
    offset=0,
    spread=1,
    pixels_are_codewords=False,
    seed=0,
    device="cpu",
):
    """Return pixels, codewords, scales of either sign and 1/4 to 1 in size, and weights."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(b, n, c, generator=generator) + offset
    codewords = torch.randn(k, c, generator=generator) * spread + offset
    if pixels_are_codewords:  # as many as there are, up to half of the pixels
        x[:, : n // 2] = codewords[: n // 2].repeat(n, 1)[: n // 2]
    size = torch.rand(k, generator=generator) * 0.75 + 0.25
    sign = torch.randint(2, (k,), generator=generator) * 2 - 1
    weights = torch.rand(b, n, k, generator=generator)
    return [tensor.to(device) for tensor in (x, codewords, sign * size, weights)]


def outcome(function, tensors, dtype=None, autocast=None):
    """Return the result and, for each tensor, the gradients of 4 random sums of the result."""
    tensors = [tensor.detach().to(dtype or tensor.dtype) for tensor in tensors]
    tensors = [tensor.requires_grad_() for tensor in tensors]
    device = tensors[0].device.type
    with torch.autocast(device, autocast) if autocast else contextlib.nullcontext():
        result = function(*tensors)
    generator = torch.Generator().manual_seed(1)
    sums = torch.randn(4, *result.shape, generator=generator, dtype=torch.float64)
    gradients = [
        torch.autograd.grad(result, tensors, weights, retain_graph=True)
        for weights in sums.to(result)
    ]
    return [result.detach(), *map(torch.stack, zip(*gradients))]


def errors(actual, exact):
    """Return for each pair the largest error, as a share of the largest exact value."""
    assert [one.shape for one in actual] == [one.shape for one in exact]
    pairs = [(one.double(), other) for one, other in zip(actual, exact) if one.numel()]
    return [
        (one - other).abs().max().item() / (other.abs().max().item() or 1)
        for one, other in pairs
    ]


def exactly(name, tensors):
    return outcome(getattr(lvc.reference, name), tensors, torch.float64)


def assert_accurate(name, tensors, autocast=None):
    actual = outcome(getattr(lvc, name), tensors, autocast=autocast)
    found = errors(actual, exactly(name, tensors))
    # A gradient has the dtype of its tensor, and so the rounding of a half type.
    allowed = [max(1e-6, torch.finfo(one.dtype).eps) for one in actual if one.numel()]
    assert all(error <= limit for error, limit in zip(found, allowed)), found


def for_small_scores(scale, x, codewords):
    """Return `scale` made so small that no score is larger than 1, or 100 times as large if that is less."""
    scores = lvc.reference.scaled_l2(x, codewords, scale)
    largest = scores.abs().max().item() if scores.numel() else 0
    return scale / max(largest, 0.01)


@offsets
@given(sizes, st.sampled_from([0.01, 1, 100]))
@example(USUAL | {"b": 0, "n": 4}, 1)  # an empty batch
@example(USUAL | {"b": 2, "n": 0}, 1)  # no pixels
@example(USUAL | {"b": 2, "n": 1}, 100)  # one pixel
@example(USUAL | {"b": 2, "n": 4, "k": 1}, 100)  # one codeword
@settings(max_examples=25, deadline=None)
def test_scores_and_sums_are_exact_to_the_rounding_of_float32(
    device, offset, sizes, largest_scale
):
    x, codewords, scale, weights = draw(offset=offset, device=device, **sizes)
    assert_accurate("scaled_l2", [x, codewords, largest_scale * scale])
    assert_accurate("aggregate", [weights, x, codewords])


@offsets
@given(sizes)
@example(USUAL | {"b": 0, "n": 4})
@example(USUAL | {"b": 2, "n": 0})
@example(USUAL | {"b": 2, "n": 1})
@example(USUAL | {"b": 2, "n": 4, "k": 1})
@settings(max_examples=25, deadline=None)
def test_the_encoding_is_exact_to_the_rounding_of_float32(device, offset, sizes):
    """Where no score is larger than 1: softmax makes an absolute error of a score a relative one of a weight."""
    x, codewords, scale, _ = draw(offset=offset, device=device, **sizes)
    assert_accurate("encode", [x, codewords, for_small_scores(scale, x, codewords)])


@offsets
@pytest.mark.parametrize("pixels_are_codewords", [False, True])
@pytest.mark.parametrize("largest_scale", [1, 10, 100])
def test_where_scores_are_large_the_encoding_is_no_worse_than_the_literal_one(
    offset, pixels_are_codewords, largest_scale
):
    """No form in float32 keeps 1e-6 there. One draw shows chance, so compared is what 9 of 10 draws stay below."""
    product, literal = [], []
    for seed in range(40):
        x, codewords, scale, _ = draw(
            offset=offset, pixels_are_codewords=pixels_are_codewords, seed=seed
        )
        tensors = [x, codewords, largest_scale * scale]
        exact = exactly("encode", tensors)
        product.append(errors(outcome(lvc.encode, tensors), exact))
        literal.append(errors(outcome(lvc.reference.encode, tensors), exact))
    product, literal = (
        torch.tensor(draws).quantile(0.9, dim=0) for draws in (product, literal)
    )
    assert (product <= (2 * literal).clamp(min=1e-6)).all(), (product, literal)


LAYOUTS = {
    "contiguous": lambda x: x,
    "channels first": lambda x: rearrange(
        rearrange(x, "b n c -> b c n").contiguous(), "b c n -> b n c"
    ),
    "every third pixel": lambda x: x.repeat_interleave(3, dim=1)[:, ::3],
    "every other channel": lambda x: x.repeat_interleave(2, dim=2)[..., ::2],
    "last image first in memory": lambda x: rearrange(
        rearrange(x, "b n c -> n b c").contiguous(), "n b c -> b n c"
    ),
    "one pixel expanded": lambda x: x[:, :1].expand_as(x),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_memory_layout_of_the_pixels_does_not_matter(device, layout):
    x, codewords, scale, weights = draw(offset=100, device=device)
    x = LAYOUTS[layout](x)
    assert x.is_contiguous() == (layout == "contiguous")
    assert_accurate("scaled_l2", [x, codewords, scale])
    assert_accurate("aggregate", [weights, x, codewords])
    assert_accurate("encode", [x, codewords, for_small_scores(scale, x, codewords)])


@pytest.mark.parametrize("layout", ["crop", "channels_last"])
def test_a_crop_and_a_channels_last_map_are_as_accurate(device, layout):
    torch.manual_seed(0)
    encoding = lvc.Encoding(16, 24).to(device)
    big = torch.randn(2, 16, 9, 9, device=device)
    x = {
        "crop": big[:, :, 2:7, 1:8],
        "channels_last": big.to(memory_format=torch.channels_last),
    }[layout]

    def of_map(x, codewords, scale):
        state = {"codewords": codewords, "scale": scale}
        return torch.func.functional_call(encoding, state, x)

    def literally(x, codewords, scale):
        pixels = rearrange(x, "b c h w -> b (h w) c")
        return lvc.reference.encode(pixels, codewords, scale)

    tensors = [x, encoding.codewords, encoding.scale]
    found = errors(outcome(of_map, tensors), outcome(literally, tensors, torch.float64))
    assert max(found) <= 1e-6, found


@offsets
@pytest.mark.parametrize("autocast", HALVES, ids=str)
def test_autocast_changes_no_bit(device, autocast, offset):
    x, codewords, scale, weights = draw(offset=offset, device=device)
    for function, tensors in [
        (lvc.scaled_l2, [x, codewords, scale]),
        (lvc.aggregate, [weights, x, codewords]),
        (lvc.encode, [x, codewords, scale]),
    ]:
        for with_autocast, without in zip(
            outcome(function, tensors, autocast=autocast), outcome(function, tensors)
        ):
            assert with_autocast.dtype == torch.float32
            assert torch.equal(with_autocast, without)


def test_a_backward_pass_inside_autocast_rounds_as_pytorch_warns():
    tensors = draw()[:3]
    exact = outcome(lvc.encode, tensors)
    with torch.autocast("cpu", torch.bfloat16):
        inside = outcome(lvc.encode, tensors)
    assert torch.equal(inside[0], exact[0])
    assert 1e-4 < max(errors(inside, [one.double() for one in exact])) < 0.1


@autocasts
@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_half_pixels_with_float32_codewords_cost_only_their_own_rounding(
    device, dtype, autocast
):
    x, codewords, scale, weights = draw(device=device)
    x = x.to(dtype)
    scale = for_small_scores(scale, x, codewords)
    assert lvc.encode(x, codewords, scale).dtype == torch.float32
    assert_accurate("scaled_l2", [x, codewords, scale], autocast)
    assert_accurate("aggregate", [weights, x, codewords], autocast)
    assert_accurate("encode", [x, codewords, scale], autocast)


def test_a_module_in_float16_is_finite_where_the_literal_form_overflows(device):
    torch.manual_seed(0)
    encoding = lvc.Encoding(512).to(device, torch.float16)
    x = torch.full((1, 512, 2, 2), 12.0, dtype=torch.float16, device=device)
    tensors = [rearrange(x, "b c h w -> b (h w) c"), encoding.codewords, encoding.scale]
    assert lvc.reference.encode(*tensors).isnan().any()
    steps = lvc.reference.encoding_layer(encoding, x)
    assert steps["squared distance"].isinf().any() and steps["encoding"].isnan().any()
    found = errors([encoding(x)], exactly("encode", tensors)[:1])
    assert max(found) <= torch.finfo(torch.float16).eps


def far_and_near(near, far, distance):
    """Return the errors of both forms where some codewords are near the pixels and others far, in each channel."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 40, 8, generator=generator)
    codewords = torch.randn(near + far, 8, generator=generator)
    codewords[near:] += distance
    tensors = [x, codewords, torch.full((near + far,), -0.5)]
    exact = exactly("encode", tensors)[0][:, :near]
    forms = lvc.encode, lvc.reference.encode
    return [errors([form(*tensors)[:, :near]], [exact])[0] for form in forms]


@pytest.mark.parametrize("distance", [1e3, -1e4, 1e8, float("inf"), -float("inf")])
def test_far_codewords_do_not_spoil_the_others(distance):
    for near, far in ((2, 1), (63, 1), (33, 31)):
        product, literal = far_and_near(near, far, distance)
        assert max(product, literal) <= 3e-6, (near, far, product, literal)


@pytest.mark.parametrize(("near", "far"), [(2, 3), (3, 61), (1, 63)])
def test_the_known_limit_is_a_majority_of_codewords_far_from_the_pixels(near, far):
    product, literal = zip(
        *(far_and_near(near, far, distance) for distance in (10, 100, 1000))
    )
    assert max(literal) <= 1e-6
    assert product[0] < 1e-4
    assert all(farther > 5 * closer for closer, farther in zip(product, product[1:])), (
        product
    )


def test_a_majority_far_away_on_all_sides_leaves_the_median_near():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 40, 8, generator=generator)
    far = torch.randn(32, 8, generator=generator) * 1e6
    codewords = torch.cat([torch.zeros(1, 8), far, -far])
    tensors = [x, codewords, torch.full((65,), -0.5)]
    value, exact = lvc.encode(*tensors)[:, :1], exactly("encode", tensors)[0][:, :1]
    assert errors([value], [exact])[0] <= 1e-6


def test_a_scale_of_minus_infinity_prunes_its_codeword_and_no_other():
    x, codewords, scale, _ = draw(k=6)
    scale, kept = -scale.abs(), torch.arange(6) != 2
    pruned = scale.masked_fill(~kept, -float("inf"))
    value, *gradients = outcome(lvc.encode, [x, codewords, pruned])
    whole = outcome(lvc.encode, [x, codewords[kept], scale[kept]])
    assert (value[:, 2] == 0).all()
    torch.testing.assert_close(value[:, kept], whole[0], rtol=1e-5, atol=1e-5)
    assert gradients[0].isfinite().all()
    assert gradients[1][:, kept].isfinite().all() and gradients[2].isfinite().all()
    # The middle codeword itself, at distance 0 from the centre.
    same = torch.zeros(3, 16)
    pruned = torch.tensor([-1.0, -float("inf"), -1.0])
    expected = lvc.encode(x, same[:2], pruned[[0, 2]])
    torch.testing.assert_close(lvc.encode(x, same, pruned)[:, [0, 2]], expected)


@pytest.mark.parametrize("bad", [float("inf"), -float("inf"), float("nan")], ids=str)
@pytest.mark.parametrize("which", ["codeword", "scale"])
def test_what_is_not_finite_loses_what_the_literal_form_loses(bad, which):
    x, codewords, scale, _ = draw(k=6)
    scale = -scale.abs()
    (codewords[2] if which == "codeword" else scale)[2] = bad
    value = lvc.encode(x, codewords, scale)
    literal = lvc.reference.encode(x, codewords, scale)
    torch.testing.assert_close(value, literal, equal_nan=True)


def test_a_codeword_that_is_not_finite_spoils_no_gradient_of_other_scores():
    x, codewords, scale, _ = draw(k=6)
    codewords[2] = float("inf")
    others = [k for k in range(6) if k != 2]
    value, *gradients = outcome(
        lambda *t: lvc.scaled_l2(*t)[..., others], [x, codewords, scale]
    )
    assert value.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_where_every_pixel_is_its_codeword_the_sums_keep_the_rounding_of_the_pixels():
    """The same limit at distance 0: E is nearly 0, and what is left in it is rounding."""
    codewords = draw()[1]
    pixels = codewords.repeat(37, 1)[None]
    tensors = [pixels, codewords, torch.full((24,), -100.0)]
    assert lvc.reference.encode(*tensors).abs().max() < 1e-9
    rounding = lvc.encode(*tensors).abs().max()
    assert 1e-9 < rounding <= 1e-6 * 37 * codewords.abs().max()


@pytest.mark.parametrize("bad", [float("inf"), -float("inf"), float("nan")], ids=str)
def test_what_is_not_finite_stays_in_its_image(device, bad):
    x, codewords, scale, weights = draw(b=3, device=device)
    damaged = x.clone()
    damaged[1, 7, 3] = bad
    for function in (
        lambda x: lvc.scaled_l2(x, codewords, scale),
        lambda x: lvc.aggregate(weights, x, codewords),
        lambda x: lvc.encode(x, codewords, scale),
    ):
        (value, gradient), whole = outcome(function, [damaged]), outcome(function, [x])
        assert not value[1].isfinite().all()
        torch.testing.assert_close(value[[0, 2]], whole[0][[0, 2]])
        torch.testing.assert_close(gradient[:, [0, 2]], whole[1][:, [0, 2]])


def copied_and_made(function, tensors):
    """Return the sizes of all copies, and of the largest tensor made, forward and backward, in numbers."""
    with profile(
        activities=[ProfilerActivity.CPU], record_shapes=True, profile_memory=True
    ) as record:
        result = function(*tensors)
        torch.autograd.grad(result, tensors, torch.ones_like(result))
    events = record.events()
    copied = [
        prod(event.input_shapes[0]) for event in events if event.name == "aten::copy_"
    ]
    return copied, max(event.self_cpu_memory_usage for event in events) // 4


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", ["scaled_l2", "aggregate", "encode"])
def test_no_pixel_is_copied_and_no_tensor_is_larger_than_the_pixels(name, memory):
    b, c, h, w, k = 2, 24, 5, 7, 11
    n = h * w
    image = torch.randn(b, c, h, w).to(memory_format=memory)
    x = rearrange(image, "b c h w -> b (h w) c")
    assert x.data_ptr() == image.data_ptr()
    _, codewords, scale, weights = draw(n=n, c=c, k=k)
    tensors = [weights, x, codewords] if name == "aggregate" else [x, codewords, scale]
    tensors = [tensor.requires_grad_() for tensor in tensors]
    copied, largest = copied_and_made(getattr(lvc, name), tensors)
    assert max(copied) < n * c  # less than the pixels of one image
    assert largest == b * n * c
    _, largest = copied_and_made(getattr(lvc.reference, name), tensors)
    assert largest == b * n * k * c
