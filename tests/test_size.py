"""trained_at keeps the gate of the size of training, whatever the network and the size."""

import copy
import io
import subprocess
import sys
from functools import partial

import pytest
import torch
from torch import nn

import lvc


@pytest.fixture
def block():
    torch.manual_seed(0)
    block = lvc.LVCBlock(8, num_codes=4).double().train()
    for _ in range(3):
        block(torch.rand(4, 8, 6, 6).double())
    return block.eval()


def gate_of(block, x):
    gates = []
    handle = block.fc.register_forward_hook(lambda *made: gates.append(made[2]))
    block(x)
    handle.remove()
    return gates[0]


X = torch.rand(2, 8, 6, 6, generator=torch.manual_seed(1)).double()


def test_at_the_size_of_training_nothing_changes(block):
    before, keys = block(X), block.state_dict().keys()
    assert lvc.trained_at(block, torch.zeros(1, 8, 6, 6).double()) is block
    assert torch.equal(block(X), before)
    assert block.state_dict().keys() == keys


def test_the_same_pixels_more_often_keep_the_gate(block):
    """Of a network whose convolutions look at one pixel each."""
    block.conv_1 = nn.Identity()
    tiled = X.repeat(1, 1, 2, 3)
    moved = (gate_of(block, tiled) - gate_of(block, X)).abs().max()
    lvc.trained_at(block, X)
    torch.testing.assert_close(gate_of(block, tiled), gate_of(block, X))
    assert moved > 1e-3


def test_the_factor_is_that_of_the_pixels(block):
    layer = block.LVC[3]
    plain = layer(X[:, :, :3, :2])
    lvc.trained_at(block, X)
    torch.testing.assert_close(layer(X[:, :, :3, :2]), plain * 36 / 6)


def test_the_map_may_come_by_its_name(block):
    class Named(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return self.layer(x=x)

    layer = block.LVC[3]
    plain = layer(x=X[:, :, :3, :2])
    named = lvc.trained_at(Named(layer), X)
    for tensor in (named(X[:, :, :3, :2]), layer(X[:, :, :3, :2])):
        torch.testing.assert_close(tensor, plain * 36 / 6)
    lvc.trained_at(named, X[:, :, :2, :2])
    torch.testing.assert_close(named(X[:, :, :3, :2]), plain * 4 / 6)
    assert [*layer._forward_hooks] == [*layer._forward_hooks_with_kwargs]


def test_a_second_call_takes_the_new_size(block):
    layer = block.LVC[3]
    plain = layer(X)
    for size in (3, 6, 12):
        lvc.trained_at(block, torch.zeros(1, 8, size, size).double())
    torch.testing.assert_close(layer(X), plain * 4)


def test_hooks_of_others_stay(block):
    """Those that are a partial of another function, too."""
    layer, met = block.LVC[3], []
    layer.register_forward_hook(lambda *made: met.append("function"))
    layer.register_forward_hook(
        partial(lambda word, *made: met.append(word), "partial")
    )
    for _ in range(2):
        lvc.trained_at(block, X)
    met.clear()
    block(X)
    assert met == ["function", "partial"]


def test_the_literal_form_is_that_before_the_call(block):
    before = lvc.reference.lvc_block(block, X)["output"]
    lvc.trained_at(block, torch.zeros(1, 8, 12, 12).double())
    after = lvc.reference.lvc_block(block, X)["output"]
    torch.testing.assert_close(after, before)
    assert (block(X) - after).abs().max() > 1e-3


def test_every_encoding_has_the_pixels_of_its_own_map_and_modes_stay():
    network = nn.Sequential(lvc.EVCBlock(8), nn.MaxPool2d(2), lvc.LVCBlock(8))
    network[0].eval()
    modes = [module.training for module in network.modules()]
    state = copy.deepcopy(network.state_dict())
    lvc.trained_at(network, torch.zeros(1, 8, 8, 8))
    hooks = [
        [hook.args for hook in module._forward_hooks.values()]
        for module in network.modules()
        if isinstance(module, lvc.Encoding)
    ]
    assert hooks == [[(64,)], [(16,)]]
    assert [module.training for module in network.modules()] == modes
    assert not any(module._forward_pre_hooks for module in network.modules())
    for name, value in network.state_dict().items():
        assert torch.equal(value, state[name])


def test_a_copy_and_a_file_keep_it(block, tmp_path):
    lvc.trained_at(block, X)
    small = X[:, :, :3]
    assert torch.equal(copy.deepcopy(block)(small), block(small))
    torch.save(block, tmp_path / "block.pt")
    torch.save((small, block(small)), tmp_path / "expected.pt")
    code = (
        "import torch\n"  # and not lvc
        "block = torch.load('block.pt', weights_only=False)\n"
        "x, expected = torch.load('expected.pt')\n"
        "print(torch.equal(block(x), expected))"
    )
    command = [sys.executable, "-c", code]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert shown.stdout.strip() == "True", shown.stderr


def test_a_traced_block_takes_other_sizes(block):
    lvc.trained_at(block, X)
    traced = torch.jit.trace(block, X)
    file = io.BytesIO()
    torch.jit.save(traced, file)
    file.seek(0)
    small = X[:, :, :3, :2]
    torch.testing.assert_close(torch.jit.load(file)(small), block(small))


def test_a_map_without_pixels_is_refused(block):
    layer, empty = block.LVC[3], X[:, :, :0]
    assert (layer(empty) == 0).all()
    with pytest.raises(ValueError) as caught:
        lvc.trained_at(layer, empty)
    assert str(caught.value) == "trained_at: an lvc.Encoding gets a map without pixels"
    assert not layer._forward_hooks
    lvc.trained_at(layer, X)
    for empty, got in ((X[:, :, :0], "0 and 6"), (X[..., :0], "6 and 0")):
        with pytest.raises(ValueError) as caught:
            layer(empty)
        assert str(caught.value) == (
            f"Encoding: axes h and w of x must be at least 1 after trained_at, got {got}"
        )


def test_an_encoding_says_itself_what_is_wrong_with_its_map(block, as_users_run_it):
    for wrong, sentence in (
        (None, "Encoding: x must be a torch.Tensor, got NoneType"),
        (X[0], "Encoding: x must have 4 axes (b c h w), got 3: (8, 6, 6)"),
    ):
        with pytest.raises((TypeError, ValueError)) as caught:
            lvc.trained_at(block.LVC[3], wrong)
        assert str(caught.value) == sentence


def test_torch_fx_traces_through_it(block, as_users_run_it):
    lvc.trained_at(block, X)
    small = X[:, :, :3, :2]
    torch.testing.assert_close(torch.fx.symbolic_trace(block)(small), block(small))


@pytest.mark.parametrize(
    "network, sentence",
    [
        ("block", "trained_at: network must be a torch.nn.Module, got str"),
        (nn.Identity(), "trained_at: network must run an lvc.Encoding, and runs none"),
    ],
)
def test_wrong_input_gets_one_sentence(network, sentence, as_users_run_it):
    with pytest.raises((TypeError, ValueError)) as caught:
        lvc.trained_at(network, X)
    assert str(caught.value) == sentence
