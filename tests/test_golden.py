"""lvc agrees with the official code: the golden files hold its parameters, outputs, gradients and running statistics."""

from pathlib import Path

import numpy as np
import pytest
import torch

import lvc

GOLDEN = Path(__file__).parents[1] / "book" / "data" / "official"
MODULES = {
    "encoding_c32": lambda: lvc.Encoding(32),
    "convblock_c32": lambda: lvc.ConvBlock(32, 32),
    "lvcblock_c32": lambda: lvc.LVCBlock(32),
    "lightmlp_c32": lambda: lvc.LightMLPBlock(32),
    "evcblock_c32": lambda: lvc.EVCBlock(32),
    "evcblock_c32_detector": None,  # with the eps of a detector, so loaded as from one
}
# Of the largest value of the tensor. The files are in float32, and lvc computes here in float64: what is left is the
# files' own rounding, 7e-6 at most, on every processor. A wrong eps is 2e-5 at least.
ROUNDING = 1e-5


def below(golden: dict, prefix: str) -> dict:
    return {
        key.removeprefix(prefix): value
        for key, value in golden.items()
        if key.startswith(prefix)
    }


def assert_same(actual: dict, expected: dict) -> None:
    """Same names, same shapes, and values equal up to rounding."""
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        assert value.shape == expected[name].shape, name
        error = (value.detach() - expected[name]).abs().max() / expected[
            name
        ].abs().max().clamp(min=1e-30)
        assert error <= ROUNDING, f"{name} is off by {error:.1e} of its largest value"


@pytest.fixture(params=MODULES)
def name(request):
    return request.param


@pytest.fixture
def golden(name, device):
    with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
        stored = {key: torch.from_numpy(file[key]) for key in file.files}
    return {
        key: value.to(device, torch.float64 if value.is_floating_point() else None)
        for key, value in stored.items()
    }


@pytest.fixture
def module(name, golden):
    state = below(golden, "state/")
    if MODULES[name] is None:
        network = {f"module.neck.evc.{key}": value for key, value in state.items()}
        return lvc.load_cfpnet({"model": network}).to(golden["x"])
    module = MODULES[name]().to(golden["x"])
    module.load_state_dict(state, strict=True)
    return module


def run(module, golden) -> dict:
    """Return what one pass forward and backward with the golden cotangent gives, under the golden files' names."""
    x = golden["x"].clone().requires_grad_()
    y = module(x)
    y.backward(golden["cotangent"])
    return {"y": y, "grad_x": x.grad}


def test_eval_output_and_every_gradient(module, golden):
    result = run(module.eval(), golden)
    gradients = {
        f"grad/{name}": parameter.grad for name, parameter in module.named_parameters()
    }
    assert_same(result | gradients, below(golden, "eval/"))


def test_train_output_gradient_and_running_statistics(module, golden):
    result = run(module.train(), golden)
    statistics = {
        name: value for name, value in module.named_buffers() if "running" in name
    }
    assert_same(result | statistics, below(golden, "train/"))


def test_the_parameters_are_the_official_ones(name, module, golden):
    state = below(golden, "state/")
    unused = {key for key in state if key.rpartition(".")[0].endswith("linear")}
    assert module.state_dict().keys() == state.keys() - unused
    assert bool(unused) == name.startswith(("lightmlp", "evcblock"))


def test_a_checkpoint_with_a_missing_or_a_foreign_entry_is_refused(module, golden):
    state = below(golden, "state/")
    first = next(iter(state))
    with pytest.raises(RuntimeError, match=f'Missing key.*"{first}"'):
        module.load_state_dict(
            {key: value for key, value in state.items() if key != first}
        )
    with pytest.raises(RuntimeError, match='Unexpected key.*"foreign"'):
        module.load_state_dict(state | {"foreign": torch.zeros(1)})


def test_loading_leaves_the_checkpoint_as_it_was(module, golden):
    state = below(golden, "state/")
    before = set(state)
    module.load_state_dict(state)
    assert set(state) == before
