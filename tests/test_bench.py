"""The benchmark measures what it says, on its smallest size; how fast anything is stays untested."""

import json
import os
import re
import sys
from math import prod
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tools import bench as module
from tools import pasted

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
OFFICIAL = ROOT / "book" / "data" / "official"
SMALLEST = (6, 32, 10, 10, 64)


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.setattr(module, "DEVICE", module.DEVICE)  # tests set it
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "BURST", 0)
    # Compiling takes long, and the checks of shapes that conftest.py adds cannot be compiled.
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    return module


@pytest.mark.parametrize(
    "name, block",
    [
        ("encoding_c32", pasted.Encoding),
        ("convblock_c32", pasted.ConvBlock),
        ("lvcblock_c32", pasted.LVCBlock),
        ("lightmlp_c32", pasted.LightMLPBlock),
        ("evcblock_c32", pasted.EVCBlock),
    ],
)
def test_the_opponent_is_the_official_code(name, block):
    with np.load(OFFICIAL / f"{name}.npz", allow_pickle=False) as file:
        golden = {key: torch.from_numpy(file[key]) for key in file.files}
    # In float64, where only the file is rounded, as in tests/test_golden.py.
    golden = {k: v.double() if v.is_floating_point() else v for k, v in golden.items()}
    state = {
        key.removeprefix("state/"): value
        for key, value in golden.items()
        if key.startswith("state/") and "linear." not in key
    }
    for mode in ("eval", "train"):
        opponent = block(32).double()
        assert opponent.state_dict().keys() == state.keys()
        opponent.load_state_dict(state)
        x = golden["x"].clone().requires_grad_()
        # In a network the block gets what a layer made, which ReLU may overwrite.
        y = opponent.train(mode == "train")(x + 0)
        y.backward(golden["cotangent"])
        made = {"y": y, "grad_x": x.grad}
        if mode == "eval":
            made |= {f"grad/{n}": p.grad for n, p in opponent.named_parameters()}
        else:
            made |= {n: v for n, v in opponent.named_buffers() if "running" in n}
        assert {f"{mode}/{key}" for key in made} == {
            key for key in golden if key.startswith(mode) and "linear." not in key
        }
        for key, value in made.items():
            expected = golden[f"{mode}/{key}"]
            error = (value - expected).abs().max() / expected.abs().max()
            assert error < 1e-5, f"{mode} {key}"


def test_the_opponent_copies_the_pixels(bench):
    """On a view of the map the same operations take longer: that is no fair opponent."""
    b, c, h, w, k = SMALLEST
    x, layer = bench.operands(SMALLEST, "pasted")
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(kept.append, lambda tensor: tensor):
        layer(x)
    large = [tensor for tensor in kept if tensor.shape == (b, h * w, k, c)]
    assert large and all(tensor.is_contiguous() for tensor in large)


@pytest.mark.parametrize("block", ["Encoding", "LVCBlock", "EVCBlock"])
def test_both_forms_agree_on_what_is_measured(bench, device, block):
    bench.DEVICE = torch.device(device)
    for passes in bench.PASSES:
        literal = bench.call(SMALLEST, passes, "pasted", block=block)()
        product = bench.call(SMALLEST, passes, "lvc", block=block)()
        torch.testing.assert_close(product, literal, rtol=1e-3, atol=1e-3)
    if block != "Encoding":
        return
    x, codewords, scale = product  # the gradients
    assert x.shape == SMALLEST[:4]
    assert codewords.shape == (64, 32) and scale.shape == (64,)
    assert x.device.type == device


def test_a_forward_pass_keeps_nothing_for_a_backward_pass(bench):
    assert not bench.call(SMALLEST, "forward", "lvc")().requires_grad


def test_every_size_gives_one_row_for_each_way_to_run_it(bench, capsys):
    rows = bench.measure("Encoding", SMALLEST, "default")
    assert [(row["passes"], row["mode"]) for row in rows] == [
        ("forward", "eager"),
        ("forward", "compiled"),
        ("with backward", "eager"),
        ("with backward", "compiled"),
    ]
    for block in ("LVCBlock", "EVCBlock"):
        (row,) = bench.measure(block, SMALLEST, "default")
        assert (row["passes"], row["mode"]) == ("with backward", "eager")
        assert row["block"] == block and "of_rate" not in row
        rows.append(row)
    for row in rows:
        assert row["size"] == row["measured"] == SMALLEST
        assert row["allocator"] == "default"
        assert row["rounds"] == bench.ROUNDS
        spreads = [row["ratio"], *row["seconds"].values()]
        assert row["seconds"].keys() == row["peak"].keys() == bench.FORMS.keys()
        if row["block"] == "Encoding":
            spreads += [row["of_rate"], row["of_floor"]]
            assert row["of_rate"][1] <= row["of_floor"][1]
        for least, middle, largest in spreads:
            assert 0 < least <= middle <= largest
        assert 0 < row["peak"]["lvc"] < row["peak"]["pasted"]
    assert len(capsys.readouterr().err.splitlines()) == len(bench.PASSES) + 2


def test_every_figure_compares_times_of_the_same_round(bench, monkeypatch):
    eager = {"pasted": [8.0, 12.0, 24.0], "lvc": [2.0, 2.0, 8.0]}
    times = {("eager", form): eager[form] for form in eager}
    times |= {("compiled", form): eager[form] for form in eager}
    times |= {"product": [1.0, 1.0, 4.0], "copy": [0.5, 2.0, 14.0]}
    monkeypatch.setattr(bench, "in_turn", lambda runs, warm: times)
    monkeypatch.setattr(bench, "matrix_product", lambda: (None, 1))
    monkeypatch.setattr(bench, "large_copy", lambda: (None, 1))
    monkeypatch.setattr(bench, "least_operations", lambda *_: 1)
    monkeypatch.setattr(bench, "least_bytes", lambda *_: 0.5)
    row = bench.measure("Encoding", SMALLEST, "default")[0]
    assert row["ratio"] == [3, 4, 6]
    assert row["rounds"] == 3
    assert row["seconds"] == {"pasted": [8, 12, 24], "lvc": [2, 2, 8]}
    assert row["of_rate"] == [0.5, 0.5, 0.5]
    assert row["of_floor"] == [0.5, 0.5, 0.875]  # of 1/2, 1/2 and 7/8


def test_growth_says_what_doubling_an_axis_does(bench, monkeypatch):
    sizes = {
        "none": (2, 64, 8, 8, 16),
        "n": (2, 64, 16, 8, 16),
        "k": (2, 64, 8, 8, 32),
        "c": (2, 128, 8, 8, 16),
    }
    times = {"none": [1.0, 1.0, 4.0], "n": [2.0, 4.0, 32.0]}
    times |= {"k": [1.0, 1.0, 4.0], "c": [0.5, 0.5, 2.0]}
    monkeypatch.setattr(
        bench, "in_turn", lambda runs, warm: {name: times[name[0]] for name in runs}
    )
    rows = bench.growth(sizes)
    assert all(row["rounds"] == 3 for row in rows)
    expected = {"n": [1, 2, 3], "k": [0, 0, 0], "c": [-1, -1, -1]}
    assert all(row["time"] == expected[row["axis"]] for row in rows)
    exponents = {(row["passes"], row["form"], row["axis"]): row["peak"] for row in rows}
    for passes in bench.PASSES:
        literal = [exponents[passes, "pasted", axis] for axis in "nkc"]
        assert literal == pytest.approx([1, 1, 1], abs=0.05)
        n, k, c = (exponents[passes, "lvc", axis] for axis in "nkc")
        assert k < 0.5 < min(n, c)


def test_subnormal_weights_are_counted_and_flushed_in_turn(bench, monkeypatch):
    set_to = []
    monkeypatch.setattr(torch, "set_flush_denormal", set_to.append)
    monkeypatch.setattr(torch, "set_num_threads", lambda number: None)

    def in_turn(runs, warm):
        for run in runs.values():
            run()
        return {False: [2.0, 3.0, 8.0], True: [1.0, 1.0, 2.0]}

    monkeypatch.setattr(bench, "in_turn", in_turn)
    row = bench.subnormal((1, 512, 4, 4, 64), "lvc")
    assert row["ratio"] == [2, 3, 4] and row["rounds"] == 3
    assert 0.01 < row["share"] < 0.2
    assert set_to == [False, False, True]


def test_the_peak_is_of_what_is_alive_at_once(bench, device):
    bench.DEVICE = torch.device(device)
    old = [torch.empty(7168, device=device)]  # from before, so it does not count

    def run():
        one = torch.empty(1024, device=device)
        two = torch.empty(2048, device=device)  # with `one`: the peak
        del one
        old.clear()
        three = torch.empty(512, device=device)
        return two, three

    assert bench.peak_bytes(run) == 4 * (1024 + 2048)


def test_the_peak_counts_what_an_operation_allocates_inside(bench):
    bench.DEVICE = torch.device("cpu")
    strided = torch.ones(64, 64)[::2, ::2]  # the product makes two copies of it
    peak = bench.peak_bytes(lambda: strided @ strided)
    assert peak == 3 * 4 * 32 * 32


def test_the_pasted_form_holds_two_tensors_and_five_with_backward(bench):
    """What the choice of a size that fits relies on."""
    b, c, h, w, k = SMALLEST
    for passes, tensors in zip(bench.PASSES, (2, 5)):
        peak = bench.peak_bytes(bench.call(SMALLEST, passes, "pasted"))
        assert peak == pytest.approx(tensors * 4 * b * h * w * k * c, rel=0.05)


def test_a_size_is_halved_until_it_fits(bench, monkeypatch):
    size = (1, 256, 160, 160, 64)
    tensor = 4 * prod(size)
    for passes, allocator, tensors in [
        ("forward", "default", 2),
        ("with backward", "default", 5),
        ("forward", "reuse", 7),
        ("with backward", "reuse", 17.5),
    ]:
        for free, h in [(1.01, 160), (0.99, 80), (0.49, 40)]:
            free *= tensors * tensor / 0.75
            monkeypatch.setattr(bench, "free_bytes", lambda free=free: free)
            assert bench.that_fits(size, passes, allocator) == (1, 256, h, 160, 64)
    monkeypatch.setattr(bench, "free_bytes", lambda: 0)
    assert bench.that_fits(size, "forward", "default") == (1, 256, 1, 160, 64)


def test_this_machine_says_how_much_memory_is_free(bench):
    assert 1e8 < bench.free_bytes() < 1e14


def test_the_operations_are_those_of_the_products(bench, monkeypatch):
    # The counter's hooks on modules do not go with autograd.grad.
    monkeypatch.setattr(torch.nn.Module, "__call__", lambda self, x: self.forward(x))
    for passes in bench.PASSES:
        with FlopCounterMode(display=False) as counter:
            bench.call(SMALLEST, passes, "lvc")()
        assert counter.get_total_flops() == bench.least_operations(SMALLEST, passes)
    run, operations = bench.matrix_product()
    with FlopCounterMode(display=False) as counter:
        run()
    assert counter.get_total_flops() == operations


def test_the_least_bytes_are_those_of_what_goes_in_and_comes_out(bench):
    x, layer = bench.operands(SMALLEST, "lvc")
    encoding = bench.call(SMALLEST, "forward", "lvc")()
    tensors = x, *layer.parameters(), encoding
    forward = sum(tensor.nbytes for tensor in tensors)
    assert bench.least_bytes(SMALLEST, "forward") == forward
    gradients = bench.call(SMALLEST, "with backward", "lvc")()
    backward = forward + sum(tensor.nbytes for tensor in gradients)
    assert bench.least_bytes(SMALLEST, "with backward") == forward + backward


def test_forms_are_measured_in_turn(bench):
    order = []
    runs = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    for warm, unmeasured in [(False, 0), (True, 2)]:
        times = bench.in_turn(runs, warm)
        assert order == list("ab" * (unmeasured + bench.ROUNDS))
        assert {name: len(one) for name, one in times.items()} == {"a": 3, "b": 3}
        order.clear()


def test_a_short_call_is_repeated_and_its_time_is_that_of_one_call(bench, monkeypatch):
    clock, calls = [0.0], []

    def run():
        calls.append(1)
        clock[0] += 0.3

    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock[0])
    bench.DEVICE = torch.device("cpu")
    bench.BURST = 1
    assert bench.seconds(run) == pytest.approx(0.3)
    assert len(calls) == 1 + 2 + 4


def test_without_a_compiler_the_table_says_so(bench, monkeypatch):
    def fail(function, **_):
        def compiled(*_):
            raise RuntimeError("no compiler")

        return compiled

    monkeypatch.setattr(torch, "compile", fail)
    rows = bench.measure("Encoding", SMALLEST, "default")
    missing = "torch.compile fails here: RuntimeError"
    assert [row.get("missing") for row in rows] == [None, missing] * 2
    data = {"machine": bench.machine(), "rows": rows, "growth": [], "subnormal": []}
    assert missing in bench.table(data)


def test_an_error_that_is_not_the_compilers_is_not_hidden(bench, monkeypatch):
    def fail(*_):
        raise RuntimeError("no memory")

    monkeypatch.setattr(bench.lvc.Encoding, "forward", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        bench.measure("Encoding", SMALLEST, "default")


def allocator_settings():
    kept = {name: os.environ.get(name) for name in ("KEPT", "MALLOC_ARENA_MAX")}
    return os.getpid(), kept, {name: os.environ.get(name) for name in module.REUSE}


def test_a_process_has_the_allocator_that_is_asked_for(bench, monkeypatch):
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("KEPT", "1")
    before = dict(os.environ)
    nothing = dict.fromkeys(bench.REUSE)
    for allocator, expected in [("default", nothing), ("reuse", bench.REUSE)]:
        process, kept, settings = bench.in_process(allocator, allocator_settings)
        assert process != os.getpid()
        assert kept == {"KEPT": "1", "MALLOC_ARENA_MAX": None}
        assert settings == expected
    assert dict(os.environ) == before


def test_a_process_that_is_killed_gets_one_sentence(bench):
    with pytest.raises(SystemExit, match=r"_exit ended for \(9,\). Perhaps memory ran"):
        bench.in_process("default", os._exit, 9)


def test_the_data_name_nothing_private_of_the_machine(bench):
    machine = bench.machine()
    assert machine.keys() == {"device", "processor", "threads", "torch"}
    assert machine["threads"] == torch.get_num_threads()
    assert machine["torch"].replace(".", "").isdigit()


def test_the_tables_say_where_they_were_measured(bench):
    machine = {"device": "CPU", "processor": "X", "threads": 2, "torch": "2.13.0"}
    where = bench.on_what(machine)
    assert where == "CPU, 2 threads: X, torch 2.13.0. No GPU has been measured."
    assert bench.on_what(machine | {"device": "GPU"}) == "GPU: X, torch 2.13.0."
    data = {"machine": machine, "rows": [row_of("Encoding", SMALLEST)]}
    data |= {"growth": [], "subnormal": []}
    assert where in bench.table(data) and where in bench.short_table(data)


def row_of(block, size, allocator="reuse", mode="eager", passes="with backward"):
    shares = [0.4, 0.5, 0.6]
    row = {"block": block, "size": size, "measured": size, "passes": passes}
    row |= {"allocator": allocator, "mode": mode, "rounds": 4}
    row |= {"ratio": [17.5, 18.0, 21.25], "peak": {"pasted": 128.0, "lvc": 2.02}}
    return row | {"of_rate": shares, "of_floor": shares}


def test_the_table_of_the_readme_shows_training_with_an_allocator_that_reuses(bench):
    rows = [
        row_of("Encoding", SMALLEST, passes="forward"),
        row_of("Encoding", SMALLEST, allocator="default"),
        row_of("Encoding", SMALLEST, mode="compiled"),
        row_of("EVCBlock", (4, 256, 40, 40, 64)),
        row_of("LVCBlock", (1, 4, 64, 64, 64)),  # 1/16 MiB
    ]
    data = {"machine": bench.machine(), "rows": rows}
    line, small = bench.short_table(data).splitlines()[2:-2]
    assert small.endswith("| 8.0 → 0.1 |")
    memory = "800 → 13"  # 4 x 256 x 40 x 40 numbers are 6.25 MiB
    size = "4 × 256 × 40 × 40, 64"
    assert line == f"| EVCBlock | {size} | 18 (18 to 21) | 4 | {memory} |"


def test_the_whole_run_writes_what_it_prints(bench, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["bench.py"])
    asked = []

    def in_process(allocator, function, *arguments):
        asked.append((allocator, function, *arguments))
        if function is bench.growth:
            row = {"passes": "forward", "form": "lvc", "axis": "k", "rounds": 5}
            return [row | {"time": [0.4, 0.5, 0.6], "peak": 0.125}]
        if function is bench.subnormal:
            return {"share": 0.0625, "form": arguments[1], "ratio": [6.5, 7.5, 8.5]}
        return [row_of(*arguments)]

    monkeypatch.setattr(bench, "in_process", in_process)
    monkeypatch.setattr(bench, "DATA", tmp_path / "benchmark.json")
    monkeypatch.setattr(bench, "README", tmp_path / "README.md")
    around = "before\n<!-- benchmark -->\n{}\n<!-- end of benchmark -->\nafter\n"
    monkeypatch.setattr(bench, "CHINESE", tmp_path / "README.zh-CN.md")
    for path in bench.README, bench.CHINESE:
        path.write_text(around.format("old"))
    bench.main()
    work = [tuple(each[2:4]) for each in asked if each[1] is bench.measure]
    assert sorted(work) == sorted(bench.WORK * len(bench.allocators()))
    assert all(each[0] == each[-1] for each in asked if each[1] is bench.measure)
    kept = bench.allocators()[-1]
    assert asked[-3:] == [
        (kept, bench.growth, bench.GROWTH),
        (kept, bench.subnormal, bench.SIZES[1], "pasted"),
        (kept, bench.subnormal, bench.SIZES[1], "lvc"),
    ]

    text = (tmp_path / "benchmark.json").read_text()
    data = json.loads(text)
    assert list(data) == ["machine", "rows", "growth", "subnormal"]
    assert len(text.splitlines()) == 7 + len(data["rows"]) + len(data["growth"]) + 2
    table = bench.short_table(data)
    assert bench.README.read_text() == around.format(table)
    assert bench.CHINESE.read_text() == around.format(bench.in_chinese(table))
    printed = capsys.readouterr().out
    assert "   4   18.0 (17.5 to 21.2)" in printed
    assert "(8, 512, 20, 20) K 64" in printed
    assert "5 rounds time  0.50   peak  0.12" in printed
    assert "subnormal weights: 6.2%." in printed and "lvc: 7.5" in printed
    assert len(printed.splitlines()) < len(data["rows"]) + 20


@pytest.fixture
def data():
    return json.loads((ROOT / "book" / "data" / "benchmark.json").read_text())


def test_the_tables_of_the_readmes_are_those_of_the_data(bench, data):
    table = bench.short_table(data)
    for path, words in (bench.README, table), (bench.CHINESE, bench.in_chinese(table)):
        text = path.read_text("utf-8")
        assert words in text and bench.with_table(text, words) == text


def test_a_table_in_chinese_has_no_english_words(bench, data):
    on_cpu = bench.in_chinese(bench.short_table(data))
    data["machine"]["device"] = "GPU"
    for table in on_cpu, bench.in_chinese(bench.short_table(data)):
        known = r"b × c × h × w, K|MiB|→ lvc|\w+(Block|Encoding)|Encoding|[CG]PU|torch"
        for name in known, re.escape(data["machine"]["processor"]):
            table = re.sub(name, "", table)
        assert not re.findall("[A-Za-z]+", table)


def test_the_data_of_the_book_has_every_row_of_the_benchmark(bench, data):
    rows = {
        (row["block"], *row["size"], row["passes"], row["mode"]) for row in data["rows"]
    }
    of_layer = {
        (block, *size, passes, mode)
        for block, size in bench.WORK
        for passes in bench.PASSES
        for mode in bench.MODES
        if block == "Encoding" or (passes, mode) == ("with backward", "eager")
    }
    assert rows == of_layer
    exponents = {(row["passes"], row["form"], row["axis"]) for row in data["growth"]}
    assert len(exponents) == len(data["growth"]) == 2 * 2 * 3
    assert [row["form"] for row in data["subnormal"]] == [*bench.FORMS]
    # Memory is the same on every machine, so that of old code would differ.
    bench.DEVICE = torch.device("cpu")
    for row in data["rows"]:
        if row["size"] == [*SMALLEST] and row["mode"] == "eager":
            for form in bench.FORMS:
                peak = bench.peak_bytes(bench.call(SMALLEST, row["passes"], form))
                of_x = peak / (4 * prod(SMALLEST[:4]))
                assert row["peak"][form] == pytest.approx(of_x, rel=0.01)
