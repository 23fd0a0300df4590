"""What a user of the layers relies on: any dtype and memory layout, num_codes, names, initial values, nothing changed in place."""

import copy

import pytest
import torch
from einops import rearrange, repeat

import lvc

BLOCKS = [
    lvc.Encoding,
    lambda c: lvc.ConvBlock(c, c),
    lvc.LVCBlock,
    lvc.LightMLPBlock,
    lvc.EVCBlock,
]
NAMES = ["Encoding", "ConvBlock", "LVCBlock", "LightMLPBlock", "EVCBlock"]
blocks = pytest.mark.parametrize("block", BLOCKS, ids=NAMES)


@blocks
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str
)
def test_every_dtype_gives_itself_and_nearly_the_same_numbers(block, dtype, device):
    torch.manual_seed(0)
    module, x = (
        block(8).double().to(device).eval(),
        torch.randn(2, 8, 5, 7, dtype=torch.float64, device=device),
    )
    exact = module(x)
    result = module.to(dtype)(x.to(dtype))
    assert result.dtype == dtype
    tolerance = {torch.float64: 0, torch.float32: 1e-5, torch.bfloat16: 0.05}[dtype]
    assert (result - exact).abs().max() <= tolerance * exact.abs().max()


@blocks
def test_every_memory_layout_gives_the_same_numbers(block, device):
    torch.manual_seed(0)
    module, big = block(8).to(device).eval(), torch.randn(2, 8, 9, 9, device=device)
    cropped = big[:, :, 2:7, 1:8]
    assert not cropped.is_contiguous()
    expected = module(cropped.contiguous())
    torch.testing.assert_close(module(cropped), expected)
    torch.testing.assert_close(
        module(cropped.contiguous(memory_format=torch.channels_last)), expected
    )


@blocks
def test_autocast_is_accepted(block):
    with torch.autocast("cpu", torch.bfloat16):
        result = block(8)(torch.randn(2, 8, 5, 5))
    assert result.isfinite().all()


@blocks
@pytest.mark.parametrize("training", [True, False])
def test_an_empty_batch_gives_an_empty_result(block, training):
    result = block(8).train(training)(torch.zeros(0, 8, 5, 5))
    assert result.shape[0] == 0


@blocks
def test_a_single_pixel_is_enough_outside_training(block):
    assert block(8).eval()(torch.randn(1, 8, 1, 1)).isfinite().all()


@blocks
def test_the_input_and_the_copy_stay_as_they_were(block):
    module = block(8)
    twin = copy.deepcopy(module)
    x = torch.randn(2, 8, 5, 5)
    before = x.clone()
    assert torch.equal(module(x), twin(x))
    assert torch.equal(x, before)


@blocks
def test_every_parameter_receives_a_gradient(block):
    module = block(8)
    module(torch.randn(2, 8, 5, 5)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("num_codes", [1, 16, 64, 100])
def test_num_codes_is_honoured(num_codes):
    encoding = lvc.Encoding(8, num_codes)
    assert encoding.num_codes == num_codes
    assert encoding.codewords.shape == (num_codes, 8)
    assert encoding.scale.shape == (num_codes,)
    x = torch.randn(2, 8, 5, 5)
    assert encoding(x).shape == (2, num_codes, 8)
    for block in (lvc.LVCBlock, lvc.EVCBlock):
        module = block(8, num_codes=num_codes)
        assert module(x).shape == x.shape
        assert [
            part.num_codes
            for part in module.modules()
            if isinstance(part, lvc.Encoding)
        ] == [num_codes]


def test_codewords_and_scale_start_in_their_ranges():
    torch.manual_seed(0)
    encoding = lvc.Encoding(32, 64)
    bound = (64 * 32) ** -0.5
    assert 0.99 * bound < encoding.codewords.max() <= bound
    assert -bound <= encoding.codewords.min() < -0.99 * bound
    assert -1 <= encoding.scale.min() < -0.9
    assert -0.1 < encoding.scale.max() <= 0


def test_the_light_mlp_starts_near_the_identity():
    torch.manual_seed(0)
    module = lvc.LightMLPBlock(64)
    assert (module.layer_scale_1 == 1e-5).all()
    assert (module.layer_scale_2 == 1e-5).all()
    for layer in (module.mlp.fc1, module.mlp.fc2):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert (layer.bias == 0).all()


@blocks
def test_a_block_made_on_the_meta_device_is_drawn_as_any_other(block):
    """The way of torch.nn: build without memory, then to_empty and reset_parameters of every module."""
    with torch.device("meta"):
        module = block(8)
    assert {one.device.type for one in module.state_dict().values()} == {"meta"}
    module.to_empty(device="cpu")
    for value in module.state_dict().values():
        value.fill_(1000)
    torch.manual_seed(0)
    for part in module.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    drawn = block(8)
    for name, value in module.state_dict().items():
        expected = drawn.state_dict()[name].to(value)
        if value.numel() > 1 and expected.std() > 0:  # random: alike in size
            assert 0.3 < value.std() / expected.std() < 3, name
        else:
            assert torch.equal(value, expected), name


@pytest.mark.parametrize(
    "block", [lvc.Encoding, lvc.LVCBlock, lvc.LightMLPBlock, lvc.EVCBlock]
)
def test_device_and_dtype_are_those_of_the_parameters(block):
    module = block(8, device="meta", dtype=torch.float64)
    floating = [one for one in module.state_dict().values() if one.is_floating_point()]
    assert {(one.device.type, one.dtype) for one in floating} == {
        ("meta", torch.float64)
    }
    module = torch.nn.utils.skip_init(block, 8, dtype=torch.float64)
    assert {one.device.type for one in module.state_dict().values()} == {"cpu"}
    assert module.double()(torch.zeros(2, 8, 3, 3).double()).shape[0] == 2
    conv = lvc.ConvBlock(8, 8, device="meta", dtype=torch.float64)
    assert {one.dtype for one in conv.parameters()} == {torch.float64}
    assert {one.device.type for one in conv.parameters()} == {"meta"}


@pytest.mark.parametrize("block", [lvc.LVCBlock, lvc.EVCBlock])
def test_the_officials_second_argument_is_the_channels_again(block):
    """People's files say [256, 256]; that must not mean 256 codewords."""
    for module in (block(8, 8), block(8, out_channels=8), block(8)):
        assert (module.channels, module.num_codes) == (8, 64)
    with pytest.raises(TypeError, match="positional arguments"):
        block(8, 8, 16)


def test_a_subclass_keeps_a_linear_of_its_own():
    class WithLinear(lvc.LightMLPBlock):
        def __init__(self, channels):
            super().__init__(channels)
            self.linear = torch.nn.Linear(channels, channels)

    module, twin = WithLinear(8), WithLinear(8)
    twin.load_state_dict(module.state_dict(), strict=True)
    assert torch.equal(twin.linear.weight, module.linear.weight)
    assert lvc.LightMLPBlock(8).load_state_dict(module.state_dict(), strict=True)


def test_a_layer_says_its_sizes():
    assert repr(lvc.Encoding(8, 5)) == "Encoding(8, num_codes=5)"
    assert repr(lvc.Mean(1)) == "Mean(dim=1, keep_dim=False)"
    assert "Encoding(8, num_codes=16)" in repr(lvc.EVCBlock(8, num_codes=16))


def test_mean_drops_or_keeps_the_axis():
    x = torch.arange(12.0).reshape(2, 3, 2)
    assert lvc.Mean(dim=1)(x).tolist() == [[2, 3], [8, 9]]
    assert lvc.Mean(dim=1, keep_dim=True)(x).shape == (2, 1, 2)


def test_conv_block_may_change_the_channels():
    assert lvc.ConvBlock(6, 20)(torch.randn(2, 6, 5, 5)).shape == (2, 20, 5, 5)


def test_the_gate_is_one_factor_between_1_and_2_for_each_image_and_channel():
    torch.manual_seed(0)
    block = lvc.LVCBlock(8)
    x = torch.randn(2, 8, 5, 5)
    inside = block.conv_1(x)
    factor = block(x)[inside > 0] / inside[inside > 0]
    assert factor.min() > 1
    assert factor.max() < 2
    of_pixel = repeat(torch.arange(16.0), "(b c) -> b c h w", b=2, h=5, w=5)[inside > 0]
    for image_and_channel in of_pixel.unique():
        assert factor[of_pixel == image_and_channel].std(correction=0) < 1e-6


def test_the_encoding_does_not_see_where_pixels_are_and_sums_them():
    torch.manual_seed(0)
    encoding, x = lvc.Encoding(8).double(), torch.randn(2, 8, 4, 6, dtype=torch.float64)
    pixels = rearrange(x, "b c h w -> b c (h w)")
    shuffled = rearrange(pixels[:, :, torch.randperm(24)], "b c (h w) -> b c h w", h=4)
    torch.testing.assert_close(encoding(shuffled), encoding(x))
    torch.testing.assert_close(
        encoding(repeat(x, "b c h w -> b c (2 h) (2 w)")), 4 * encoding(x)
    )
