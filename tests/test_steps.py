"""The list of steps is what the real blocks do: tensors, parameters and operations, in both forms."""

from math import prod

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

import lvc
from lvc.axes import AXES, split
from lvc.steps import ENCODING_STEPS, FORMS, LEAST_CHANNELS, STEPS
from lvc.table import TENSORS
from lvcbook import explorer

ODD = lvc.Sizes(b=3, c=21, h=5, w=7, k=11)  # no axis is another's size, nor 4 n or 2 c
ENCODE = {"literal": lvc.reference.encode, "product": lvc.encode}
KINDS = {kind.__name__: kind for kind in TENSORS}

names = pytest.mark.parametrize("name", STEPS)
forms = pytest.mark.parametrize("form", FORMS)
each_step = pytest.mark.parametrize(
    ("name", "form", "step"),
    [
        (name, form, step)
        for name, by_form in STEPS.items()
        for form, steps in by_form.items()
        for step in steps
    ],
    ids=lambda value: getattr(value, "name", value),
)


class Counter(TorchDispatchMode):
    """Inside `with`, keep the operations and the shape of each tensor that is made."""

    PER_RESULT = {
        "_native_batch_norm_legit_no_training": "BatchNorm",
        "native_batch_norm": "BatchNorm",
        "native_group_norm": "GroupNorm",
        "_softmax": "softmax",
        "silu": "SiLU, GELU",
        "gelu": "SiLU, GELU",
        **dict.fromkeys(
            (
                *("add", "sub", "mul", "neg", "pow", "relu", "sigmoid"),
                *("abs", "ne", "eq", "where", "nan_to_num"),
            ),
            "any other function",
        ),
    }
    SUMS = {
        **dict.fromkeys(("sum", "mean", "topk"), 1),
        "linalg_vector_norm": 2,  # a square and an addition
        "max_pool2d_with_indices": 9,
    }
    MOVES = {"cat", "clone", "empty", "scalar_tensor"}

    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        one = result[0] if isinstance(result, tuple) else result
        if not isinstance(one, torch.Tensor):
            return result
        name, packet = (
            function._schema.name.partition("::")[2],
            function._overloadpacket,
        )
        cost = {name: each for name, (each, *_) in explorer.COUNTED.items()}
        if packet in flop_registry:
            count = flop_registry[packet](*args, **(kwargs or {}), out_val=result)
        elif name in self.PER_RESULT:
            count = cost[self.PER_RESULT[name]] * one.numel()
        elif name in self.SUMS:
            count = (
                cost["sum, mean, maximum, median"] * self.SUMS[name] * args[0].numel()
            )
        elif name == "addcmul":
            count = 2 * one.numel()
        else:
            assert function.is_view or name in self.MOVES, f"what does {name} cost?"
            count = 0
        if not function.is_view:
            self.made.append((longer_than_1(one.shape), count))
        return result

    @property
    def operations(self):
        return sum(count for _, count in self.made)


def longer_than_1(shape):
    """Return a shape without axes of size 1, which a view adds."""
    return tuple(size for size in shape if size > 1)


def several_axes(made):
    """Leave out vectors: how many PyTorch makes on the way to one is its own business."""
    return [(shape, count) for shape, count in made if len(shape) > 1]


def counted(sizes, terms):
    return sum(prod(sizes.of(axes)) for axes in terms)


def build(name: str, sizes: lvc.Sizes = ODD) -> nn.Module:
    codes = {} if name == "LightMLPBlock" else {"num_codes": sizes.k}
    return KINDS[name](sizes.c, **codes)


def named(module: nn.Module, part: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the parameters of a part, by name."""
    return {
        name: tuple(parameter.shape)
        for name, parameter in module.named_parameters()
        if part and f"{name}.".startswith(f"{part}.")
    }


@forms
def test_each_tensor_of_the_encoding_is_made_in_this_order(form):
    inputs = [torch.rand(ODD.of(axes)) for axes in ("b n c", "k c", "k")]
    with torch.no_grad(), Counter() as counter:
        ENCODE[form](*inputs)
    said = [
        (longer_than_1(ODD.of(one.axes)), counted(ODD, one.operations.split(", ")))
        for one in explorer.INTERMEDIATES[form]
    ]
    assert several_axes(counter.made) == several_axes(said)
    assert counter.operations == sum(count for _, count in said)


def test_a_running_encoding_makes_the_tensors_of_the_product_form_and_no_other():
    """The layer itself, forward and whole: what `pixels` needs is a view."""
    layer, x = build("Encoding"), torch.rand(ODD.of("b c h w"))
    with torch.no_grad(), Counter() as counter:
        layer(x)
    said = [
        (longer_than_1(ODD.of(o.axes)), 0) for o in explorer.INTERMEDIATES["product"]
    ]
    made = [(shape, 0) for shape, _ in counter.made]
    assert several_axes(made) == several_axes(said)
    assert ODD.of("b n k c") not in [shape for shape, _ in counter.made]


@names
def test_a_running_block_makes_no_tensor_of_all_axes(name):
    block, x = build(name).eval(), torch.rand(ODD.of("b c h w"))
    with torch.no_grad(), Counter() as counter:
        block(x)
    assert max(prod(shape) for shape, _ in counter.made) < prod(ODD.of("b n k c"))


def literally(name, block, x):
    return TENSORS[KINDS[name]](block, x, lvc.reference.encoding_layer)["output"]


@names
def test_a_running_block_does_the_operations_of_the_product_form(name):
    block, x = build(name).eval(), torch.rand(ODD.of("b c h w"))
    with torch.no_grad(), Counter() as counter:
        block(x)
    terms = [step.all_operations() for step in STEPS[name]["product"]]
    assert counter.operations == sum(counted(ODD, of_step) for of_step in terms)


@names
def test_the_literal_form_differs_by_the_operations_of_the_encoding(name):
    """Held to what runs: `encode` of both forms, counted above, in an otherwise equal block."""
    both = [
        sum(counted(ODD, step.all_operations()) for step in STEPS[name][form])
        for form in FORMS
    ]
    encodings = [
        sum(counted(ODD, step.all_operations()) for step in ENCODING_STEPS[form])
        for form in FORMS
    ]
    has_codewords = name != "LightMLPBlock"
    assert both[0] - both[1] == has_codewords * (encodings[0] - encodings[1])


@each_step
def test_a_part_does_the_operations_of_its_step(name, form, step):
    block, x = build(name).eval(), torch.rand(ODD.of((step.takes or ["b"])[0]))
    module = dict(block.named_modules()).get(step.part)
    if step.part and module and not (name == "EVCBlock" and form == "literal"):
        with torch.no_grad(), Counter() as counter:
            module(x)
        assert counter.operations == counted(ODD, step.all_operations())
        assert counter.operations > 0


@each_step
def test_a_part_has_the_parameters_of_its_step(name, form, step):
    """In the order of the state_dict; those of an inner block in the order of its steps."""
    found, said = named(build(name), step.part), step.parameter_shapes(ODD)
    inner = step.name in STEPS
    assert (sorted(found.values()) if inner else [*found.values()]) == (
        sorted(said) if inner else said
    )
    assert step.parameter_count(ODD) == sum(map(prod, said))
    block = build(name)
    parts = {*dict(block.named_modules()), *dict(block.named_parameters())}
    assert step.part in parts


@forms
@names
def test_every_parameter_belongs_to_one_step(name, form):
    block = build(name)
    claimed = [key for step in STEPS[name][form] for key in named(block, step.part)]
    assert sorted(claimed) == sorted(key for key, _ in block.named_parameters())


@each_step
def test_each_pattern_starts_from_what_is_there(name, form, step):
    """What a step takes is what an earlier step gives, or a parameter of the block."""
    steps = STEPS[name][form]
    before = steps[: steps.index(step)]
    made = [split(earlier.axes) for earlier in before]
    parameters = [
        axes for one in steps for axes in one.parameters.split(", ") if one.part
    ]
    assert all(split(axes) in made or axes in parameters for axes in step.takes)
    assert {axis.split()[-1] for axis in split(step.axes)} <= {*AXES, "1"}
    assert bool(step.takes) == (step is not steps[0])


@each_step
def test_the_last_intermediate_is_the_result(name, form, step):
    if step.intermediates:
        *_, last = step.intermediates
        assert last.axes == step.axes and last.name == step.name
        assert step.operations == ""


@forms
@names
def test_names_are_unique(name, form):
    steps = STEPS[name][form]
    assert len({step.name for step in steps}) == len(steps)


@names
def test_the_least_channels_are_those_that_the_block_takes(name):
    least = LEAST_CHANNELS[name]
    assert KINDS[name](least)
    with pytest.raises(ValueError, match="whole number of at least"):
        KINDS[name](least - 1)


def test_sizes_of_grouped_and_derived_axes():
    assert lvc.Sizes(2, 8, 3, 5, 7).of("b (4 c) n m 1") == (2, 32, 15, 2, 1)
    assert lvc.Sizes(2, 7, 3, 5, 9).of("m k h w c j") == (1, 9, 3, 5, 7, 5)
    assert lvc.Sizes(2, 7, 3, 5, 8).of("j") == (4,)
