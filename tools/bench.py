"""Measure time and memory of lvc against the form that people paste: make bench.

It prints its progress, then one table, writes book/data/benchmark.json, which chapters
10 and 14 show, and puts a short table into README.md and README.zh-CN.md.
The opponent is `tools.pasted`.
It measures on a GPU if there is one (that path has not been run yet), else on the CPU.

Each round runs everything in turn: pasted, lvc, both compiled, a large matrix product,
a large copy. Every ratio compares times of the same round. The file has the least, the
median and the largest over the rounds, and their number. Peak memory is the most bytes
of tensors alive at once that a call allocates, over the bytes of x. Its inputs do not
count, its results do.

The CPU's default allocator gives each large tensor back to the system, which clears the
pages before the next use. Long-running programs often avoid that with another
allocator, or with the variables in `REUSE`. These must be there when a program starts,
so each size is measured in a new process.

Some processors take many times as long for numbers below 1e-38, and
`torch.set_flush_denormal(True)` makes them 0. It is off, as by default; what it saves
is measured apart: on one thread, because it holds for the thread that calls it.
"""

import argparse
import json
import os
import platform
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import product
from math import log2, prod
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from unittest.mock import patch

import psutil
import torch
from einops import rearrange
from torch.profiler import ProfilerActivity, profile

import lvc
from tools import pasted

ROOT = Path(__file__).parents[1]
DATA = ROOT / "book" / "data" / "benchmark.json"
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SIZES = [  # b, c, h, w, k
    (6, 32, 10, 10, 64),
    (8, 512, 20, 20, 64),
    (4, 512, 60, 60, 32),
    (1, 256, 160, 160, 64),
]
BLOCK_SIZES = [(2, 128, 80, 80, 64), (4, 256, 40, 40, 64), (8, 512, 20, 20, 64)]
WORK = [("Encoding", size) for size in SIZES] + [
    (block, size) for block in ("LVCBlock", "EVCBlock") for size in BLOCK_SIZES
]
GROWTH = {  # the same with one axis doubled
    "none": (4, 256, 20, 20, 64),
    "n": (4, 256, 40, 20, 64),
    "k": (4, 256, 20, 20, 128),
    "c": (4, 512, 20, 20, 64),
}
FORMS = {"pasted": pasted, "lvc": lvc}
PASSES = ["forward", "with backward"]
MODES = ["eager", "compiled"]
REUSE = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}
ROUNDS = 3  # at least, and more until SECONDS are over
SECONDS = 3.0
BURST = 0.02  # seconds: a short call repeats until it lasts that long


# What is measured


def operands(size, form, block="Encoding"):
    """Return a map after ReLU, and a form's layer or block with lvc's new state."""
    b, c, h, w, k = size
    torch.manual_seed(0)
    x = torch.randn(b, c, h, w).relu().to(DEVICE).requires_grad_()
    sizes = (c, k) if block == "Encoding" else (c,)
    state = getattr(lvc, block)(*sizes).state_dict()
    module = getattr(FORMS[form], block)(*sizes)
    module.load_state_dict(state)
    return x, module.to(DEVICE)


def call(size, passes, form, mode="eager", block="Encoding"):
    """Return a function without arguments: one call, in training mode.

    Forward returns the output. With backward returns the gradients of the map and of
    all parameters.
    """
    x, module = operands(size, form, block)
    leaves = [x] + [leaf for _, leaf in sorted(module.named_parameters())]
    b, c, _, _, k = size
    torch.manual_seed(1)
    shape = (b, k, c) if block == "Encoding" else x.shape
    cotangent, run = torch.randn(shape).to(DEVICE), module
    if mode == "compiled":
        run = torch.compile(module, fullgraph=True, dynamic=False)

    def forward():
        with torch.no_grad():
            return run(x)

    def with_backward():
        return torch.autograd.grad(run(x), leaves, cotangent)

    return forward if passes == "forward" else with_backward


def matrix_product():
    """Return a call of a large product, and its operations."""
    n = 8192 if DEVICE.type == "cuda" else 2048
    x = torch.randn(n, n, device=DEVICE)
    return lambda: x @ x, 2 * n**3


def large_copy():
    """Return a call of a copy larger than the caches, and the bytes that it moves."""
    x = torch.randn(2**26, device=DEVICE)
    y = torch.empty_like(x)
    return lambda: y.copy_(x), 2 * x.nbytes


def least_operations(size, passes):
    """Return the operations of the products: two forward, four more backward."""
    b, c, h, w, k = size
    return (4 if passes == "forward" else 12) * b * h * w * k * c


def least_bytes(size, passes):
    """Return what any program must move, even one that keeps all between on the chip.

    Forward it reads x and the parameters and writes E. Only then comes the gradient of
    E, so backward it reads all three again, and writes the gradients of two.
    """
    b, c, h, w, k = size
    x, parameters, e = b * h * w * c, k * c + k, b * k * c
    forward = x + parameters + e
    backward = x + parameters + e + x + parameters
    return 4 * (forward if passes == "forward" else forward + backward)


# Measuring


def seconds(run):
    """Return the seconds of one call, from a burst of calls if it is short."""
    calls = 1
    while True:
        if DEVICE.type == "cuda":
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            for _ in range(calls):
                run()
            end.record()
            end.synchronize()
            elapsed = start.elapsed_time(end) / 1000
        else:
            start = time.perf_counter()
            for _ in range(calls):
                run()
            elapsed = time.perf_counter() - start
        if elapsed >= BURST:
            return elapsed / calls
        calls *= 2


def in_turn(runs, warm):
    """Return {name: seconds of one call in each round}.

    `warm` runs everything twice before. A heap that is kept grows until then.
    """
    if warm:
        for run in 2 * list(runs.values()):
            run()
    times = {name: [] for name in runs}
    start, done = time.perf_counter(), 0
    while done < ROUNDS or time.perf_counter() < start + SECONDS:
        for name, run in runs.items():
            times[name].append(seconds(run))
        done += 1
    return times


def peak_bytes(run):
    """Return the most bytes of tensors alive at once that `run` allocates."""
    if DEVICE.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        return torch.cuda.max_memory_allocated() - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    events = profiler.profiler.kineto_results.events()
    events = [event for event in events if event.name() == "[memory]"]
    alive = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        alive += event.nbytes()  # negative where memory is freed
        most = max(most, alive)
    return most


def over(above, below):
    return [a / b for a, b in zip(above, below)]


def spread(values):
    """Return the least, the median and the largest, with four digits."""
    return [float(f"{q:.4g}") for q in (min(values), median(values), max(values))]


def free_bytes():
    if DEVICE.type == "cuda":
        return torch.cuda.mem_get_info()[0]
    return psutil.virtual_memory().available


def that_fits(size, passes, allocator):
    """Return `size`, with h halved until the pasted form takes 3/4 of what is free.

    Its encoding holds 2 tensors (b n k c) forward and 5 with backward. A heap that
    gives nothing back leaves gaps between them: it grew to 3.3 times their size.
    """
    b, c, h, w, k = size
    tensors = (2 if passes == "forward" else 5) * (3.5 if allocator == "reuse" else 1)
    while h > 1 and tensors * 4 * b * h * w * k * c > 0.75 * free_bytes():
        h //= 2
    return b, c, h, w, k


def progress(text, end=""):
    print(text, end=end, file=sys.stderr, flush=True)


def measure(block, size, allocator):
    """Return the rows of one size: of a layer one for each of PASSES and MODES.

    A block is measured as in training: with backward, eager.
    """
    if block != "Encoding":
        return measure_passes(block, size, PASSES[1], MODES[:1], allocator)
    rows = [measure_passes(block, size, each, MODES, allocator) for each in PASSES]
    return sum(rows, [])


def measure_passes(block, size, passes, modes, allocator):
    start = time.perf_counter()
    measured = that_fits(size, passes, allocator)
    progress(f"{block:9} {as_text(measured):26} {passes:14} {allocator:8}")
    runs, peak, missing = {}, {}, None
    for mode, form in product(modes, FORMS):
        run = call(measured, passes, form, mode, block)
        if mode == "compiled":
            try:
                run()
            except Exception as error:  # no compiler, or none that works
                missing = f"torch.compile fails here: {type(error).__name__}"
                continue
        peak[mode, form] = round(peak_bytes(run) / (4 * prod(measured[:4])), 3)
        runs[mode, form] = run
    runs["product"], operations = matrix_product()
    runs["copy"], moved = large_copy()
    times = in_turn(runs, warm=allocator == "reuse")
    # The least time at the measured rates: of the products, of what must be moved.
    operations = least_operations(measured, passes) / operations
    moved = least_bytes(measured, passes) / moved
    at_rate = [operations * took for took in times["product"]]
    floor = [max(rate, moved * took) for rate, took in zip(at_rate, times["copy"])]
    rows = []
    for mode in modes:
        row = {"block": block, "size": size, "measured": measured, "passes": passes}
        row |= {"allocator": allocator, "mode": mode}
        if mode == "compiled" and missing:
            rows.append(row | {"missing": missing})
            continue
        of = {form: times[mode, form] for form in FORMS}
        row |= {"rounds": len(floor), "ratio": spread(over(of["pasted"], of["lvc"]))}
        row["peak"] = {form: peak[mode, form] for form in FORMS}
        row["seconds"] = {form: spread(of[form]) for form in FORMS}
        if block == "Encoding":
            row["of_rate"] = spread(over(at_rate, of["lvc"]))
            row["of_floor"] = spread(over(floor, of["lvc"]))
        rows.append(row)
    progress(f"{time.perf_counter() - start:5.0f} s", end="\n")
    return rows


def growth(sizes):
    """Return what doubling one axis does to time and peak memory, for each form.

    As exponents of 2: 1 is twice as much, 0 is the same.
    """
    rows = []
    for passes in PASSES:
        start = time.perf_counter()
        progress(f"{'Encoding':9} {'one axis doubled':26} {passes:14} {'':8}")
        runs = {
            (axis, form): call(size, passes, form)
            for axis, size in sizes.items()
            for form in FORMS
        }
        peak = {name: peak_bytes(run) for name, run in runs.items()}
        times = in_turn(runs, warm=True)
        for form, axis in product(FORMS, "nkc"):
            longer = over(times[axis, form], times["none", form])
            larger = peak[axis, form] / peak["none", form]
            row = {"passes": passes, "form": form, "axis": axis}
            row |= {"rounds": len(longer), "time": spread([*map(log2, longer)])}
            rows.append(row | {"peak": round(log2(larger), 3)})
        progress(f"{time.perf_counter() - start:5.0f} s", end="\n")
    return rows


def subnormal(size, form):
    """Return how many of a new layer's weights are subnormal, and what flushing saves.

    That is the time of a call with backward by default, over that with flushing.
    """
    start = time.perf_counter()
    progress(f"{'Encoding':9} {as_text(size):26} {'subnormal numbers':14} {form:8}")
    torch.set_num_threads(1)
    torch.set_flush_denormal(False)
    x, layer = operands(size, "lvc")
    pixels = rearrange(x, "b c h w -> b (h w) c")
    weights = lvc.scaled_l2(pixels, layer.codewords, layer.scale).softmax(dim=-1)
    least = torch.finfo(weights.dtype).tiny
    share = ((weights > 0) & (weights < least)).double().mean().item()
    run = call(size, PASSES[1], form)

    def flushed(flush):
        torch.set_flush_denormal(flush)
        return run()

    times = in_turn({each: partial(flushed, each) for each in (False, True)}, warm=True)
    progress(f"{time.perf_counter() - start:5.0f} s", end="\n")
    return {
        "size": size,
        "form": form,
        "share": round(share, 3),
        "rounds": len(times[True]),
        "ratio": spread(over(times[False], times[True])),
    }


# The processes, the tables and the files


def allocators():
    if DEVICE.type == "cuda":
        return ["torch's"]  # which reuses memory
    return ["default", "reuse"] if sys.platform == "linux" else ["default"]


def in_process(allocator, function, *arguments):
    """Return what `function` returns in a new process with that allocator."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    environment["KINETO_LOG_LEVEL"] = "99"  # else the profiler prints two lines a call
    if allocator == "reuse":
        environment |= REUSE
    with (
        patch.dict(os.environ, environment, clear=True),
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
    ):
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool:
            sys.exit(
                f"The benchmark stopped: the process of {function.__name__} ended for "
                f"{arguments}. Perhaps memory ran out."
            )


def machine():
    name = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(": ")[1] for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    if DEVICE.type == "cuda":
        name = torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    of_torch = torch.__version__.partition("+")[0]
    device = "GPU" if DEVICE.type == "cuda" else "CPU"
    return {"device": device, "processor": name, "threads": threads, "torch": of_torch}


def as_text(size):
    *x, k = size
    return f"{tuple(x)} K {k}"


def on_what(machine):
    """Return where the numbers are from, and what they do not say."""
    where = f"{machine['processor']}, torch {machine['torch']}"
    if machine["device"] == "GPU":
        return f"GPU: {where}."
    return f"CPU, {machine['threads']} threads: {where}. No GPU has been measured."


def table(data):
    """Return the table as text, one line for each row of the data."""
    lines = [
        on_what(data["machine"]),
        "Times as fast: pasted over lvc, median (least to largest) of the rounds.",
        "Peak: memory over the bytes of x, pasted and lvc. Rate: the products at the",
        "rate of a large one, over lvc's time. Floor: the same, but the bytes moved if",
        "they take longer.",
        "",
        f"{'':9} {'b c h w, K':26} {'passes':14} {'allocator':9} {'mode':9} "
        f"{'rounds':6} {'times as fast':20} {'peak':>8} {'':>6} {'rate':>6} "
        f"{'floor':>6}",
    ]
    for row in data["rows"]:
        block, size, passes, allocator, mode = [
            row[name] for name in ("block", "measured", "passes", "allocator", "mode")
        ]
        start = f"{block:9} {as_text(size):26} {passes:14} {allocator:9} {mode:9} "
        if "missing" in row:
            lines.append(start + row["missing"])
            continue
        least, middle, largest = row["ratio"]
        ratio = f"{middle:6.1f} ({least:.1f} to {largest:.1f})"
        peak = row["peak"]
        shares = [
            f"{row[name][1]:6.0%}" for name in ("of_rate", "of_floor") if name in row
        ]
        line = f"{start}{row['rounds']:6} {ratio:20}"
        line += f" {peak['pasted']:8.2f} {peak['lvc']:6.2f}"
        lines.append(" ".join([line, *shares]))
    lines += ["", "one axis doubled: time and peak memory as powers of 2", ""]
    for row in data["growth"]:
        lines.append(
            f"{row['axis']:26} {row['passes']:14} {row['form']:9} "
            f"{row['rounds']:6} rounds time {row['time'][1]:5.2f} "
            f"  peak {row['peak']:5.2f}"
        )
    for row in data["subnormal"]:
        lines.append(
            f"subnormal weights: {row['share']:.1%}. Time over that with them flushed, "
            f"one thread, {row['form']}: {row['ratio'][1]:.1f}"
        )
    return "\n".join(lines)


def in_mib(row, form):
    """Return the peak of a row in MiB, as text."""
    mib = row["peak"][form] * 4 * prod(row["measured"][:4]) / 2**20
    return f"{mib:,.0f}" if mib > 10 else f"{mib:.1f}"


def short_table(data):
    """Return README's table in Markdown: training, with an allocator that reuses."""
    allocator = data["rows"][-1]["allocator"]
    lines = [
        "| | b × c × h × w, K | times as fast | rounds | peak MiB, pasted → lvc |",
        "|---|---|---|---|---|",
    ]
    for row in data["rows"]:
        kind = row["passes"], row["mode"], row["allocator"]
        if kind != ("with backward", "eager", allocator):
            continue
        size = "{} × {} × {} × {}, {}".format(*row["measured"])
        least, middle, largest = [f"{ratio:.2g}" for ratio in row["ratio"]]
        memory = f"{in_mib(row, 'pasted')} → {in_mib(row, 'lvc')}"
        cells = (
            row["block"],
            size,
            f"{middle} ({least} to {largest})",
            row["rounds"],
            memory,
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, "", on_what(data["machine"])])


def in_chinese(table):
    """Return README's table with its words in Chinese."""
    for words, chinese in {
        "times as fast": "快到几倍",
        "rounds": "轮数",
        "peak MiB, pasted → lvc": "峰值 MiB，粘贴的代码 → lvc",
        r" \((\S+) to (\S+)\)": r"（\1 到 \2）",
        r"CPU, (\d+) threads: (.+), (torch \S+)\. No GPU has been measured\.": (
            r"CPU，\1 个线程：\2，\3。没有在 GPU 上测过。"
        ),
        r"GPU: (.+), (torch \S+)\.$": r"GPU：\1，\2。",
    }.items():
        table = re.sub(words, chinese, table)
    return table


def with_table(text, table):
    """Return the text of a README with this table."""
    around = r"(<!-- benchmark -->\n)(.*)(\n<!-- end of benchmark -->)"
    return re.sub(around, lambda m: m[1] + table + m[3], text, flags=re.S)


def write(data):
    """Write the data file, one row a line, and the table of each README."""
    parts = [f'"machine": {json.dumps(data["machine"])}']
    for name in ("rows", "growth", "subnormal"):
        lines = ",\n".join(map(json.dumps, data[name]))
        parts.append(f'"{name}": [\n{lines}\n]')
    DATA.write_text("{" + ",\n".join(parts) + "}\n")
    table = short_table(data)
    for path, words in (README, table), (CHINESE, in_chinese(table)):
        path.write_text(with_table(path.read_text("utf-8"), words), "utf-8")


def main():
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    progress("Measuring takes minutes.", end="\n")
    rows = [
        row
        for (block, size), allocator in product(WORK, allocators())
        for row in in_process(allocator, measure, block, size, allocator)
    ]
    grown = in_process(allocators()[-1], growth, GROWTH)
    slow = [in_process(allocators()[-1], subnormal, SIZES[1], form) for form in FORMS]
    data = {"machine": machine(), "rows": rows, "growth": grown, "subnormal": slow}
    write(data)
    print(table(data))
    print(f"\nWritten: book/data/{DATA.name} and the tables of the READMEs.")
    print("Chapters 10 and 14 show it after make run.")


if __name__ == "__main__":
    main()
