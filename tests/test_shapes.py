"""The table of shapes is what the real LVCBlock does, for any sizes."""

from math import prod

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

import lvc
from lvc.shapes import AXES, EXAMPLE, LVC_STEPS, Sizes

any_sizes = st.builds(
    Sizes,
    b=st.integers(2, 5),
    c=st.integers(4, 20),
    h=st.integers(1, 6),
    w=st.integers(1, 6),
    k=st.integers(1, 9),
)


class RecordShapes(TorchFunctionMode):
    """Remember the shape of every tensor that any torch function returns."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.shapes.append(tuple(result.shape))
        return result


@given(any_sizes)
@example(EXAMPLE)
@settings(max_examples=25, deadline=None)
def test_every_submodules_output_has_the_shape_of_its_step(sizes):
    block, seen = lvc.LVCBlock(sizes.c, sizes.k), {}
    for name, module in block.named_modules():
        module.register_forward_hook(
            lambda _, __, out, name=name: seen.update({name: tuple(out.shape)})
        )
    seen["input"] = sizes.of("b c h w")
    block(torch.zeros(seen["input"]))
    steps = [step for step in LVC_STEPS if step.module]
    assert [step.module for step in steps] == [
        name for name in seen if name in {step.module for step in steps}
    ]
    assert {step.module: step.shape(sizes) for step in steps} == {
        step.module: seen[step.module] for step in steps
    }
    assert LVC_STEPS[-1].shape(sizes) == seen[""]


@given(any_sizes)
@example(EXAMPLE)
@settings(max_examples=25, deadline=None)
def test_the_block_makes_every_shape_in_the_order_of_the_table(sizes):
    block, x = lvc.LVCBlock(sizes.c, sizes.k), torch.zeros(sizes.of("b c h w"))
    with RecordShapes() as recorded:
        block(x)
    made = iter([tuple(x.shape), *recorded.shapes])
    for step in LVC_STEPS:
        assert step.shape(sizes) in made, (
            f"{step.name}: no tensor of shape {step.shape(sizes)} where the table has one"
        )


@given(any_sizes)
@example(EXAMPLE)
@settings(max_examples=25, deadline=None)
def test_parameter_counts(sizes):
    block = lvc.LVCBlock(sizes.c, sizes.k)
    counted = {
        step.module: step.parameter_count(sizes) for step in LVC_STEPS if step.module
    }
    counted["LVC.3"] = sum(
        step.parameter_count(sizes) for step in LVC_STEPS if not step.module
    )
    assert counted == {
        name: sum(map(torch.numel, block.get_submodule(name).parameters()))
        for name in counted
    }
    assert sum(counted.values()) == sum(map(torch.numel, block.parameters()))


@pytest.mark.parametrize("step", LVC_STEPS, ids=lambda step: step.name)
def test_each_pattern_starts_from_what_is_there(step):
    """What a step takes is what an earlier step gives, or a parameter that the step itself declares."""
    made = [earlier.axes for earlier in LVC_STEPS[: LVC_STEPS.index(step)]]
    parameters = [axes.strip() for axes in step.parameters.split(",")]
    assert all(axes in made + parameters for axes in step.takes)
    assert set(step.axes.split()) <= set(AXES) | {"1"}


def test_the_running_example_is_the_articles():
    assert EXAMPLE.of("b c h w") == (6, 32, 10, 10)
    assert EXAMPLE.k == 64
    assert sum(step.parameter_count(EXAMPLE) for step in LVC_STEPS) == 6656
    residuals = next(step for step in LVC_STEPS if step.name == "residuals")
    assert (
        residuals.size_in_bytes(EXAMPLE)
        == 4 * prod(residuals.shape(EXAMPLE))
        == 4_915_200
    )


def test_names_are_unique():
    assert len({step.name for step in LVC_STEPS}) == len(LVC_STEPS)
