"""The benchmark measures what it says, on its smallest size; how fast anything is stays untested."""

import importlib.util
import json
import os
import sys
from math import prod
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).parents[1]
SMALLEST = (6, 32, 10, 10, 64)


@pytest.fixture
def bench(monkeypatch):
    path = ROOT / "tools" / "bench.py"
    spec = importlib.util.spec_from_file_location("bench", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SECONDS", 0)
    monkeypatch.setattr(module, "BURST", 0)
    # Compiling takes long, and the checks of shapes that conftest.py adds cannot be compiled.
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    return module


def test_both_forms_agree_on_what_is_measured(bench, device):
    bench.DEVICE = torch.device(device)
    for passes in bench.PASSES:
        literal = bench.call(SMALLEST, passes, "reference")()
        fast = bench.call(SMALLEST, passes, "lvc")()
        torch.testing.assert_close(fast, literal, rtol=1e-4, atol=1e-4)
    x, codewords, scale = fast  # the gradients
    assert x.shape == SMALLEST[:4]
    assert codewords.shape == (64, 32) and scale.shape == (64,)
    assert x.device.type == device


def test_a_forward_pass_keeps_nothing_for_a_backward_pass(bench):
    assert not bench.call(SMALLEST, "forward", "lvc")().requires_grad


def test_every_size_gives_one_row_for_each_way_to_run_it(bench, capsys):
    rows = bench.measure(SMALLEST, "default")
    assert [(row["passes"], row["mode"]) for row in rows] == [
        ("forward", "eager"),
        ("forward", "compiled"),
        ("with backward", "eager"),
        ("with backward", "compiled"),
    ]
    for row in rows:
        assert row["size"] == row["measured"] == SMALLEST
        assert row["allocator"] == "default"
        assert row["rounds"] == bench.ROUNDS
        quartiles = [row["ratio"]]
        for name in ("seconds", "of_rate", "of_floor"):
            assert row[name].keys() == bench.FORMS.keys()
            quartiles += row[name].values()
        for low, middle, high in quartiles:
            assert 0 < low <= middle <= high
        assert 0 < row["peak"]["lvc"] < row["peak"]["reference"]
        for form in bench.FORMS:
            assert row["of_rate"][form][1] <= row["of_floor"][form][1]
    assert len(capsys.readouterr().err.splitlines()) == len(bench.PASSES)


def test_every_figure_compares_times_of_the_same_round(bench, monkeypatch):
    eager = {"reference": [8.0, 12.0, 24.0], "lvc": [2.0, 2.0, 8.0]}
    times = {("eager", form): eager[form] for form in eager}
    times |= {("compiled", form): eager[form] for form in eager}
    times |= {"product": [1.0, 1.0, 4.0], "copy": [0.5, 2.0, 12.0]}
    monkeypatch.setattr(bench, "in_turn", lambda runs, warm: times)
    monkeypatch.setattr(bench, "matrix_product", lambda: (None, 1))
    monkeypatch.setattr(bench, "large_copy", lambda: (None, 1))
    monkeypatch.setattr(bench, "least_operations", lambda *_: 1)
    monkeypatch.setattr(bench, "least_bytes", lambda *_: 0.5)
    row = bench.measure(SMALLEST, "default")[0]
    assert row["ratio"] == [3.5, 4, 5]  # of 4, 6 and 3
    assert row["seconds"] == {"reference": [10, 12, 18], "lvc": [2, 2, 5]}
    assert row["of_rate"]["lvc"] == [0.5, 0.5, 0.5]
    assert row["of_floor"]["lvc"] == [0.5, 0.5, 0.625]  # of 1/2, 1/2 and 6/8
    assert row["of_floor"]["reference"][2] == pytest.approx(0.1875)  # of 6/24


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
    expected = {"n": [1.5, 2, 2.5], "k": [0, 0, 0], "c": [-1, -1, -1]}
    assert all(row["time"] == expected[row["axis"]] for row in rows)
    exponents = {(row["passes"], row["form"], row["axis"]): row["peak"] for row in rows}
    for passes in bench.PASSES:
        literal = [exponents[passes, "reference", axis] for axis in "nkc"]
        assert literal == pytest.approx([1, 1, 1], abs=0.05)
        n, k, c = (exponents[passes, "lvc", axis] for axis in "nkc")
        assert k < 0.5 < min(n, c)


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


def test_the_literal_form_holds_two_tensors_and_four_with_backward(bench):
    """What the choice of a size that fits relies on."""
    b, c, h, w, k = SMALLEST
    for passes, tensors in zip(bench.PASSES, (2, 4)):
        peak = bench.peak_bytes(bench.call(SMALLEST, passes, "reference"))
        assert peak == pytest.approx(tensors * 4 * b * h * w * k * c, rel=0.05)


def test_a_size_is_halved_until_it_fits(bench, monkeypatch):
    size = (1, 256, 160, 160, 64)
    tensor = 4 * prod(size)
    for passes, allocator, tensors in [
        ("forward", "default", 2),
        ("with backward", "default", 4),
        ("forward", "reuse", 7),
        ("with backward", "reuse", 14),
    ]:
        for free, h in [(1.01, 160), (0.99, 80), (0.49, 40)]:
            free *= tensors * tensor / 0.75
            monkeypatch.setattr(bench, "free_bytes", lambda free=free: free)
            assert bench.that_fits(size, passes, allocator) == (1, 256, h, 160, 64)
    monkeypatch.setattr(bench, "free_bytes", lambda: 0)
    assert bench.that_fits(size, "forward", "default") == (1, 256, 1, 160, 64)


def test_this_machine_says_how_much_memory_is_free(bench):
    assert 1e8 < bench.free_bytes() < 1e14


def test_the_operations_are_those_of_the_products(bench):
    for passes in bench.PASSES:
        with FlopCounterMode(display=False) as counter:
            bench.call(SMALLEST, passes, "lvc")()
        assert counter.get_total_flops() == bench.least_operations(SMALLEST, passes)
    run, operations = bench.matrix_product()
    with FlopCounterMode(display=False) as counter:
        run()
    assert counter.get_total_flops() == operations


def test_the_least_bytes_are_those_of_what_goes_in_and_comes_out(bench):
    x, codewords, scale = bench.operands(SMALLEST)
    encoding = bench.call(SMALLEST, "forward", "lvc")()
    forward = sum(tensor.nbytes for tensor in (x, codewords, scale, encoding))
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
    rows = bench.measure(SMALLEST, "default")
    missing = "torch.compile fails here: RuntimeError"
    assert [row.get("missing") for row in rows] == [None, missing] * 2
    assert missing in bench.table({"rows": rows, "growth": []})


def test_an_error_that_is_not_the_compilers_is_not_hidden(bench, monkeypatch):
    def fail(*_):
        raise RuntimeError("no memory")

    monkeypatch.setitem(bench.FORMS, "lvc", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        bench.measure(SMALLEST, "default")


def test_a_child_has_the_allocator_that_is_asked_for(bench, monkeypatch):
    calls = []

    def run(command, env, **_):
        calls.append((command[3:], env))
        return SimpleNamespace(returncode=0, stdout="noise\n[1]\n")

    monkeypatch.setattr(bench.subprocess, "run", run)
    monkeypatch.setitem(os.environ, "MALLOC_ARENA_MAX", "1")
    monkeypatch.setitem(os.environ, "KEPT", "1")
    for allocator, settings in [("default", {}), ("reuse", bench.REUSE)]:
        assert bench.child(allocator, "measure", SMALLEST, allocator) == [1]
        (function, arguments), environment = calls.pop()
        assert (function, json.loads(arguments)) == (
            "measure",
            [[*SMALLEST], allocator],
        )
        assert environment["KEPT"] == "1"
        malloc = {k: v for k, v in environment.items() if k.startswith("MALLOC_")}
        assert malloc == settings


def test_a_child_that_is_killed_gets_one_sentence(bench, monkeypatch):
    killed = SimpleNamespace(returncode=-9, stdout="")
    monkeypatch.setattr(bench.subprocess, "run", lambda *_, **__: killed)
    with pytest.raises(SystemExit, match="status -9 for .* means that memory ran out"):
        bench.child("default", "measure", SMALLEST, "default")


def test_a_child_is_this_file_and_names_nothing_private(bench):
    machine = bench.child("default", "machine")
    assert machine == bench.machine()
    assert machine.keys() == {"processor", "threads", "torch"}
    assert machine["threads"] == torch.get_num_threads()


def test_the_whole_run_writes_what_it_prints(bench, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "argv", ["bench.py"])
    asked = []

    def child(allocator, function, *arguments):
        asked.append((allocator, function, *arguments))
        if function == "growth":
            row = {"passes": "forward", "form": "lvc", "axis": "k"}
            return [row | {"time": [0.4, 0.5, 0.6], "peak": 0.125}]
        shares = {"reference": [0.01, 0.02, 0.03], "lvc": [0.4, 0.5, 0.6]}
        row = {"size": arguments[0], "measured": arguments[0], "passes": "forward"}
        row |= {"allocator": allocator, "mode": "eager", "ratio": [17.5, 18.0, 21.25]}
        row |= {"peak": {"reference": 128.0, "lvc": 2.02}, "of_rate": shares}
        return [row | {"of_floor": shares}]

    monkeypatch.setattr(bench, "child", child)
    monkeypatch.setattr(bench, "DATA", tmp_path / "benchmark.json")
    bench.main()
    sizes = [arguments[0] for _, function, *arguments in asked if function == "measure"]
    assert sorted(set(sizes)) == sorted(bench.SIZES)
    assert len(sizes) == len(bench.SIZES) * len(bench.allocators())
    assert asked[-1] == (bench.allocators()[-1], "growth", bench.GROWTH)

    text = (tmp_path / "benchmark.json").read_text()
    data = json.loads(text)
    assert list(data) == ["machine", "rows", "growth"]
    assert len(text.splitlines()) == 5 + len(data["rows"]) + len(data["growth"])
    printed = capsys.readouterr().out
    assert "18.0 (17.5 to 21.2)" in printed
    assert "(8, 512, 20, 20) K 64" in printed
    assert "time  0.50   peak  0.12" in printed
    assert len(printed.splitlines()) < len(data["rows"]) + 20


def test_the_data_of_the_book_has_every_row_of_the_benchmark(bench):
    data = json.loads((ROOT / "book" / "data" / "benchmark.json").read_text())
    rows = {(*row["size"], row["passes"], row["mode"]) for row in data["rows"]}
    assert rows == {
        (*size, passes, mode)
        for size in bench.SIZES
        for passes in bench.PASSES
        for mode in bench.MODES
    }
    exponents = {(row["passes"], row["form"], row["axis"]) for row in data["growth"]}
    assert len(exponents) == len(data["growth"]) == 2 * 2 * 3
    # Memory is the same on every machine, so that of old code would differ.
    bench.DEVICE = torch.device("cpu")
    for row in data["rows"]:
        if row["size"] == [*SMALLEST] and row["mode"] == "eager":
            for form in bench.FORMS:
                peak = bench.peak_bytes(bench.call(SMALLEST, row["passes"], form))
                of_x = peak / (4 * prod(SMALLEST[:4]))
                assert row["peak"][form] == pytest.approx(of_x, rel=0.01)
