"""The table of shapes, and `trace`, which fills it with what a block really makes."""

import inspect
import re
import threading
from html.parser import HTMLParser
from math import prod

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

import lvc
from lvc import EXAMPLE, Sizes, shape_table, trace
from lvc.steps import FORMS, LVC_STEPS
from lvc.table import ENCODINGS, TENSORS

any_sizes = st.builds(
    Sizes,
    b=st.integers(2, 5),
    c=st.integers(4, 20),
    h=st.integers(1, 6),
    w=st.integers(1, 6),
    k=st.integers(1, 9),
)
blocks = pytest.mark.parametrize("block", TENSORS, ids=lambda block: block.__name__)
forms = pytest.mark.parametrize("form", FORMS)
LITERAL = {
    lvc.Encoding: lvc.reference.encoding_layer,
    lvc.LVCBlock: lvc.reference.lvc_block,
    lvc.LightMLPBlock: lvc.reference.light_mlp_block,
    lvc.EVCBlock: lvc.reference.evc_block,
}


def build(block: type, sizes: Sizes) -> nn.Module:
    codes = {} if block is lvc.LightMLPBlock else {"num_codes": sizes.k}
    return block(sizes.c, **codes)


@forms
@blocks
@given(sizes=any_sizes)
@example(sizes=EXAMPLE)
@settings(max_examples=10, deadline=None)
def test_what_a_real_block_makes_is_the_table(block, form, sizes):
    """Names, order, patterns, shapes, parameters and bytes, all in one comparison."""
    traced = trace(build(block, sizes), torch.zeros(sizes.of("b c h w")), form)
    assert traced == shape_table(sizes, block, form)


@blocks
@pytest.mark.parametrize("training", [True, False])
@given(sizes=any_sizes)
@example(sizes=EXAMPLE)
@settings(max_examples=10, deadline=None)
def test_the_literal_form_is_the_table_and_the_block(block, training, sizes):
    """Names, order and shapes those of the table; the last tensor that of forward."""
    real = build(block, sizes).double().train(training)
    x = torch.rand(sizes.of("b c h w")).double()
    state = {name: value.clone() for name, value in real.state_dict().items()}
    output, moved = real(x), real.state_dict()
    moved = {name: value.clone() for name, value in moved.items()}
    real.load_state_dict(state)
    made = LITERAL[block](real, x)
    table = shape_table(sizes, block)
    assert [(name, tuple(tensor.shape)) for name, tensor in made.items()] == [
        (row.step.name, row.shape) for row in table.rows
    ]
    assert made["input"] is x
    torch.testing.assert_close([*made.values()][-1], output, rtol=1e-9, atol=1e-9)
    # The running statistics move as in one forward, and in eval mode not at all.
    torch.testing.assert_close(dict(real.state_dict()), moved)


def test_each_tensor_of_the_literal_form_is_its_step():
    """Against the modules' own outputs, and the functions of the literal form."""
    block, x = lvc.EVCBlock(8, num_codes=5).double(), torch.rand(2, 8, 3, 4).double()
    outputs = {}
    for name, module in block.named_modules():
        module.register_forward_hook(
            lambda _, __, result, name=name: outputs.setdefault(name, result)
        )
    block(x)
    stem = outputs["maxpool"]
    made = {
        "": lvc.reference.evc_block(block, x),
        "lvc.": lvc.reference.lvc_block(block.lvc, stem),
        "l_MLP.": lvc.reference.light_mlp_block(block.l_MLP, stem),
    }
    for prefix, kind in zip(made, (lvc.EVCBlock, lvc.LVCBlock, lvc.LightMLPBlock)):
        for row in shape_table(EXAMPLE, kind).rows:
            if f"{prefix}{row.step.part}" in outputs and row.step.part:
                expected = outputs[f"{prefix}{row.step.part}"]
                torch.testing.assert_close(made[prefix][row.step.name], expected)
    layer, steps = block.lvc.LVC[3], made["lvc."]
    pixels = steps["ReLU"].flatten(2).mT
    scores = lvc.reference.scaled_l2(pixels, layer.codewords, layer.scale)
    weights, residual = (
        scores.softmax(dim=-1),
        lvc.reference.residuals(pixels, layer.codewords),
    )
    for name, expected in {
        "pixels": pixels,
        "residuals": residual,
        "squared distance": residual.square().sum(dim=-1),
        "scaled_l2": scores,
        "assignment weights": weights,
        "weighted residuals": weights[..., None] * residual,
        "encoding": lvc.reference.encode(pixels, layer.codewords, layer.scale),
        "gate as a map": steps["gate"][:, :, None, None],
    }.items():
        torch.testing.assert_close(steps[name], expected)
    joined = torch.cat([outputs["lvc"], outputs["l_MLP"]], dim=1)
    torch.testing.assert_close(made[""]["joined"], joined)
    light = made["l_MLP."]
    half = stem + 1e-5 * light["pconv"]
    torch.testing.assert_close(light["first sum"], half, rtol=0, atol=1e-9)


def test_the_tensors_of_the_product_form_are_those_of_a_real_encoding():
    """Its steps are those of the literal form where both have them, and end as the layer does."""
    layer, x = lvc.Encoding(8, 5).double(), torch.rand(2, 8, 3, 4).double()
    product, literal = (ENCODINGS[form](layer, x) for form in ("product", "literal"))
    both = [name for name in product if name in literal]
    assert both == ["input", "pixels", "scaled_l2", "assignment weights", "encoding"]
    for name in both:
        torch.testing.assert_close(product[name], literal[name])
    torch.testing.assert_close(product["encoding"], layer(x), rtol=0, atol=0)
    centre = x.flatten(2).mT - product["centred pixels"]
    codewords = layer.codewords - product["centred codewords"]
    torch.testing.assert_close(codewords[None, :1].expand(2, 12, 8), centre)


def test_the_last_relu_acts_where_a_map_is_negative():
    block = lvc.LVCBlock(8, num_codes=5)
    block.conv_1 = nn.Identity()  # behind ConvBlock nothing is negative
    x = torch.randn(2, 8, 3, 4)
    made = lvc.reference.lvc_block(block, x)["output"]
    assert made.min() == 0
    torch.testing.assert_close(made, block(x))


def test_trace_runs_the_readers_own_block_and_changes_nothing():
    block = lvc.LVCBlock(8, num_codes=5).double()
    block.LVC[3].codewords.requires_grad_(False)
    state = {name: value.clone() for name, value in block.state_dict().items()}
    called = []
    block.fc.register_forward_hook(lambda *_: called.append("hook"))
    x = torch.rand(2, 8, 3, 4).double()
    for form in FORMS:
        traced = trace(block, x, form)
        assert traced.rows[-1].shape == (2, 8, 3, 4)
        assert all(type(row.shape) is tuple for row in traced.rows)  # no torch.Size
        assert traced.rows[-1].size_in_bytes == 8 * 2 * 8 * 3 * 4  # float64
        assert traced.parameters == sum(p.numel() for p in block.parameters())
    for name, value in block.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert block.training and not called
    assert not block.LVC[3].codewords.requires_grad
    assert all(parameter.grad is None for parameter in block.parameters())
    block(x)  # and it still runs where it was
    assert called == ["hook"]


def test_threads_that_trace_do_not_disturb_a_forward():
    """Nothing global is changed: what runs meanwhile is the product form, on real numbers."""
    block, x = lvc.LVCBlock(8, num_codes=5).eval(), torch.rand(2, 8, 3, 4)
    before = lvc.functional.encode
    expected, problems = block(x), []

    def repeat(call):
        try:
            for _ in range(20):
                call()
        except Exception as problem:
            problems.append(problem)

    def run():
        assert lvc.functional.encode is before
        torch.testing.assert_close(block(x), expected)

    def traces():
        assert trace(block, x) == shape_table(Sizes(2, 8, 3, 4, 5))

    calls = [traces, traces, run, run]
    threads = [threading.Thread(target=repeat, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert lvc.functional.encode is before


def test_trace_needs_no_memory_for_a_large_map():
    x = torch.zeros(1, 1, 1, 1).expand(64, 256, 400, 400)
    rows = {row.step.name: row for row in trace(lvc.LVCBlock(256), x).rows}
    assert rows["residuals"].size_in_bytes == 4 * 64 * 160_000 * 64 * 256


def test_trace_sees_what_differs_from_the_table():
    """A block with another layer inside: the table is not merely repeated."""
    block = lvc.LVCBlock(8, num_codes=5)
    block.fc[0] = nn.Linear(8, 8, bias=False)
    differing = [
        (traced.step.name, traced.parameters)
        for traced, row in zip(
            trace(block, torch.zeros(2, 8, 3, 4)).rows,
            shape_table(Sizes(2, 8, 3, 4, 5)).rows,
        )
        if traced != row
    ]
    assert differing == [("Linear", 64)]


def as_users_have_it(function):
    """Without the type checks of the tests, which come before its own."""
    return inspect.unwrap(function)


class Doubled(nn.Module):
    def forward(self, x):
        return 2 * x


def pruned(layer):
    prune.l1_unstructured(layer, "codewords", amount=0.5)


def parametrised(layer):
    parametrize.register_parametrization(layer, "codewords", Doubled())


@forms
@pytest.mark.parametrize("change", [pruned, parametrised])
def test_changed_codewords_are_counted_as_they_are_stored(change, form):
    block = lvc.LVCBlock(8, num_codes=5)
    change(block.LVC[3])
    parametrizations.weight_norm(block.fc[0])  # a length for each row, stored beside it
    rows = trace(block, torch.zeros(2, 8, 3, 4), form).rows
    expected = shape_table(Sizes(2, 8, 3, 4, 5), form=form).rows
    assert [row.parameters for row in rows] == [
        row.parameters + 8 * (row.step.name == "Linear") for row in expected
    ]


def test_under_autocast_the_bytes_are_those_of_a_real_run():
    block, x = lvc.LVCBlock(8, num_codes=5).eval(), torch.rand(2, 8, 3, 4)
    real = {}

    def remember(module, _, result):
        real[module] = result.nbytes

    for module in (block.LVC[0], block.LVC[3], block.fc[0]):
        module.register_forward_hook(remember)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        block(x)
        traced = {row.step.name: row for row in trace(block, x, "product").rows}
        half = trace(block, x.bfloat16()).rows[0]
    steps = traced["Conv 1x1"], traced["encoding"], traced["Linear"]
    assert [step.size_in_bytes for step in steps] == [*real.values()]
    assert [*real.values()] == [2 * 2 * 8 * 12, 4 * 2 * 5 * 8, 2 * 2 * 8]
    assert half.size_in_bytes == 2 * x.numel()


def test_trace_in_inference_mode():
    with torch.inference_mode():
        block, x = lvc.LVCBlock(8, num_codes=5), torch.rand(2, 8, 3, 4)
        assert trace(block, x) == shape_table(Sizes(2, 8, 3, 4, 5))


def test_what_only_a_subclass_has_is_not_counted():
    class WithLinear(lvc.LightMLPBlock):
        def __init__(self):
            super().__init__(8)
            self.linear = nn.Linear(8, 8)

    x = torch.zeros(2, 8, 3, 4)
    assert trace(WithLinear(), x) == trace(lvc.LightMLPBlock(8), x)


def test_trace_refuses_what_it_has_no_table_for():
    names = "Encoding, LVCBlock, LightMLPBlock, EVCBlock"
    x = torch.zeros(2, 8, 3, 4)
    with pytest.raises(
        TypeError, match=f"^trace: block must be one of {names}, got Linear$"
    ):
        trace(nn.Linear(2, 2), x)
    for kind, got in (
        (nn.Linear, "Linear"),
        (lvc.LVCBlock(8), "an instance of LVCBlock"),
        ([lvc.LVCBlock], "an instance of list"),
    ):
        with pytest.raises(
            TypeError, match=f"^shape_table: block must be one of {names}, got {got}$"
        ):
            as_users_have_it(shape_table)(EXAMPLE, kind)
    for call in (
        lambda: trace(lvc.LVCBlock(8), x, "fast"),
        lambda: shape_table(EXAMPLE, form="fast"),
    ):
        with pytest.raises(
            ValueError, match=r": form must be one of literal, product, got fast$"
        ):
            call()

    class WithoutGate(lvc.LVCBlock):
        def forward(self, x):
            return self.conv_1(x)

    outer = lvc.EVCBlock(8)
    outer.lvc = WithoutGate(8)
    for block in (WithoutGate(8), outer):
        with pytest.raises(
            TypeError,
            match="^trace: WithoutGate has a forward of its own, so its steps may not be "
            "those of LVCBlock$",
        ):
            trace(block, x)


def test_the_largest_sizes():
    """PyTorch counts in 64 bits."""
    assert shape_table(EXAMPLE._replace(b=2**63 - 1)).rows[0].shape[0] == 2**63 - 1
    with pytest.raises(
        ValueError, match=r"^shape_table: b of sizes must be .* at most"
    ):
        shape_table(EXAMPLE._replace(b=2**63))


@blocks
@pytest.mark.parametrize(
    "x",
    [
        None,
        torch.zeros(2, 3, 4, 4),
        torch.zeros(8, 4, 4),
        torch.zeros(2, 8, 3, 3).long(),
        torch.zeros(2, 8, 3, 3).double(),
        torch.zeros(2, 8, 3, 3, device="meta"),
        torch.zeros(2, 8, 0, 3),
        torch.zeros(1, 8, 1, 1),
    ],
    ids=["none", "channels", "axes", "integers", "dtype", "device", "empty", "single"],
)
def test_wrong_input_is_refused_by_the_block_itself(block, x):
    real = block(8)
    try:
        real(x)
    except (TypeError, ValueError) as said:
        with pytest.raises(type(said)) as raised:
            as_users_have_it(trace)(real, x)
        assert str(raised.value) == str(said) and "\n" not in str(said)
    else:
        assert block is lvc.Encoding and x.numel() <= 8
        trace(real, x)


@forms
@blocks
def test_text_and_html_say_the_same(block, form):
    shown = shape_table(EXAMPLE, block, form)
    cells = []
    parser = HTMLParser()
    parser.handle_data = cells.append
    parser.feed(shown._repr_html_())
    lines = str(shown).splitlines()
    assert len(lines) == len(shown.rows) + 2
    assert " ".join(cells) == " ".join(" ".join(lines).split())
    assert shown._repr_html_().count("<tr>") == len(lines)
    title = block.__name__
    if block is not lvc.LightMLPBlock:
        title += f", {form} form"
    assert str(shown).startswith(f"{title}  ")
    assert f"aria-label='Steps of {title}'" in shown._repr_html_()
    assert lines[-1].startswith("in all ")


def test_columns_of_the_text_are_aligned():
    lines = str(shape_table(EXAMPLE)).splitlines()
    head, *rows = lines
    for title, side in (("einops", 0), ("shape", 0), ("bytes", -1)):
        at = head.index(title)
        if side == 0:
            assert all(row[at - 2 : at] == "  " for row in rows[:-1])
            assert all(row[at] != " " for row in rows[:-1])
        else:
            assert all(len(row) == len(head) for row in rows[:-1])
    assert not any(line.endswith(" ") for line in lines)
    end = head.index("parameters") + len("parameters")
    assert lines[2][:end].endswith(" 2,272") and lines[-1][:end].endswith(" 6,656")


def test_the_running_example_is_the_articles():
    assert EXAMPLE.of("b c h w") == (6, 32, 10, 10)
    assert EXAMPLE.k == 64
    (residuals,) = (s for s in LVC_STEPS["literal"] if s.name == "residuals")
    assert (
        residuals.size_in_bytes(EXAMPLE)
        == 4 * prod(residuals.shape(EXAMPLE))
        == 4_915_200
    )
    counts = [shape_table(EXAMPLE, block).parameters for block in TENSORS]
    assert counts == [2_112, 6_656, 9_728, 68_704]


@pytest.mark.parametrize(
    "sizes, error, sentence",
    [
        ((6, 32, 10, 10, 64), TypeError, "sizes must be lvc.Sizes, got tuple"),
        (
            EXAMPLE._replace(b=-1),
            ValueError,
            "b of sizes must be a whole number of at least 1, got -1",
        ),
        (
            EXAMPLE._replace(c=3),
            ValueError,
            "c of sizes must be a whole number of at least 4, got 3",
        ),
        (
            EXAMPLE._replace(h=2.5),
            TypeError,
            "h of sizes must be a whole number, got 2.5",
        ),
    ],
)
def test_sizes_that_no_block_has(sizes, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(f'shape_table: {sentence}')}$"):
        inspect.unwrap(shape_table)(sizes)  # past the tests' own type checks
