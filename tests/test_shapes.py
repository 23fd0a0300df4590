"""The table of shapes is what the real blocks do, for any sizes."""

from html.parser import HTMLParser
from math import prod
from unittest import mock

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

import lvc
from lvc.shapes import (
    AXES,
    BLOCKS,
    EXAMPLE,
    LVC_STEPS,
    Recorder,
    Sizes,
    split,
    table,
    trace,
)

any_sizes = st.builds(
    Sizes,
    b=st.integers(2, 5),
    c=st.integers(4, 20),
    h=st.integers(1, 6),
    w=st.integers(1, 6),
    k=st.integers(1, 9),
)
blocks = pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
steps = pytest.mark.parametrize(
    ("block", "step"),
    [(block, step) for block in BLOCKS for step in BLOCKS[block]],
    ids=lambda value: getattr(value, "name", None) or value.__name__,
)


def build(block: type, sizes: Sizes) -> nn.Module:
    codes = {} if block is lvc.LightMLPBlock else {"num_codes": sizes.k}
    return block(sizes.c, **codes)


@blocks
@given(sizes=any_sizes)
@example(sizes=EXAMPLE)
@settings(max_examples=20, deadline=None)
def test_what_a_real_block_makes_is_the_table(block, sizes):
    """Names, order, patterns, shapes, parameters and bytes, all in one comparison."""
    traced = trace(build(block, sizes), torch.zeros(sizes.of("b c h w")))
    assert traced == table(sizes, block)


@blocks
@given(sizes=any_sizes)
@example(sizes=EXAMPLE)
@settings(max_examples=20, deadline=None)
def test_a_run_with_real_numbers_makes_the_same_shapes(block, sizes):
    """Without `trace`, without the meta device: hooks and torch functions of one plain call."""
    real = build(block, sizes)
    with (
        Recorder() as recorder,
        mock.patch("lvc.functional.encode", lvc.reference.encode),
    ):
        for name, module in real.named_modules():
            module.register_forward_hook(
                lambda _, __, result, name=name: recorder.results.append((name, result))
            )
        output = real(torch.zeros(sizes.of("b c h w")))
    made = iter((name, tuple(result.shape)) for name, result in recorder.results)
    for step in BLOCKS[block][1:]:
        wanted = step.module or step.function, step.shape(sizes)
        assert wanted in made, f"{step.name}: the block made no {wanted} here"
    assert BLOCKS[block][-1].shape(sizes) == tuple(output.shape)


@blocks
@given(sizes=any_sizes)
@example(sizes=EXAMPLE)
@settings(max_examples=20, deadline=None)
def test_parameters_have_the_shapes_of_the_table(block, sizes):
    """Every parameter belongs to one step, in the order of the state_dict."""
    parameters = dict(build(block, sizes).named_parameters())
    claimed = []
    for step in BLOCKS[block]:
        if step.parameters:
            owner = step.owner or step.module
            names = [name for name in parameters if f"{name}.".startswith(f"{owner}.")]
            assert step.parameter_count(sizes) == sum(
                parameters[name].numel() for name in names
            )
            # Those of a whole inner block come in the order of its steps.
            assert sorted(step.parameter_shapes(sizes)) == sorted(
                tuple(parameters[name].shape) for name in names
            )
            claimed += names
    assert sorted(claimed) == sorted(parameters)


@steps
def test_each_pattern_starts_from_what_is_there(block, step):
    """What a step takes is what an earlier step gives, or a parameter that the step itself declares."""
    before = BLOCKS[block][: BLOCKS[block].index(step)]
    made = [split(earlier.axes) for earlier in before]
    parameters = [axes.strip() for axes in step.parameters.split(",")]
    assert all(split(axes) in made or axes in parameters for axes in step.takes)
    assert {axis.split()[-1] for axis in split(step.axes)} <= {*AXES, "1"}
    assert bool(step.takes) == (step is not BLOCKS[block][0])


def test_the_literal_form_makes_four_tensors_of_all_axes():
    b, c, h, w, k = EXAMPLE
    x, codewords, scale = torch.zeros(b, h * w, c), torch.zeros(k, c), torch.zeros(k)
    with Recorder() as recorder:
        lvc.reference.encode(x, codewords, scale)
    whole = EXAMPLE.of("b n k c")
    names = [name for name, result in recorder.results if result.shape == whole]
    assert names == ["sub", "pow", "sub", "mul"]


def test_trace_runs_the_readers_own_block_and_changes_nothing():
    block = lvc.LVCBlock(8, num_codes=5).double()
    state = {name: value.clone() for name, value in block.state_dict().items()}
    x = torch.rand(2, 8, 3, 4).double()
    traced = trace(block, x)
    assert traced.rows[-1].shape == (2, 8, 3, 4)
    assert all(type(row.shape) is tuple for row in traced.rows)  # no torch.Size
    assert traced.rows[-1].size_in_bytes == 8 * 2 * 8 * 3 * 4  # float64
    assert not any(module._forward_hooks for module in block.modules())
    for name, value in block.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert block.training
    block(x)  # and it still runs where it was


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
            table(Sizes(2, 8, 3, 4, 5)).rows,
        )
        if traced != row
    ]
    assert differing == [("Linear", 64)]


def test_trace_refuses_what_it_has_no_table_for():
    with pytest.raises(
        TypeError,
        match="^trace: block must be one of LVCBlock, LightMLPBlock, EVCBlock, got Linear$",
    ):
        trace(nn.Linear(2, 2), torch.zeros(1, 2, 3, 4))
    with pytest.raises(
        ValueError, match="LVCBlock: axis c of x must be 8, .*got 3"
    ) as raised:
        trace(lvc.LVCBlock(8), torch.zeros(2, 3, 4, 4))
    assert "\n" not in str(raised.value)

    class WithoutGate(lvc.LVCBlock):
        def forward(self, x):
            return self.conv_1(x)

    with pytest.raises(
        TypeError, match="^trace: this LVCBlock has no step 'Conv 1x1'$"
    ):
        trace(WithoutGate(8), torch.zeros(2, 8, 3, 4))


@blocks
def test_text_and_html_say_the_same(block):
    shown = table(EXAMPLE, block)
    cells = []
    parser = HTMLParser()
    parser.handle_data = cells.append
    parser.feed(shown._repr_html_())
    lines = str(shown).splitlines()
    assert len(lines) == len(shown.rows) + 2
    assert " ".join(cells) == " ".join(" ".join(lines).split())
    assert shown._repr_html_().count("<tr>") == len(lines)


def test_columns_of_the_text_are_aligned():
    lines = str(table(EXAMPLE)).splitlines()
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
    residuals = next(step for step in LVC_STEPS if step.name == "residuals")
    assert (
        residuals.size_in_bytes(EXAMPLE)
        == 4 * prod(residuals.shape(EXAMPLE))
        == 4_915_200
    )
    counts = [table(EXAMPLE, block).parameters for block in BLOCKS]
    assert counts == [6_656, 9_728, 68_704]


@blocks
def test_names_are_unique(block):
    assert len({step.name for step in BLOCKS[block]}) == len(BLOCKS[block])


def test_sizes_of_grouped_axes():
    assert Sizes(2, 8, 3, 5, 7).of("b (4 c) n m 1") == (2, 32, 15, 2, 1)
