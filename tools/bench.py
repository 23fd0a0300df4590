"""Measure time and memory of `lvc.encode` against `lvc.reference.encode`: make bench.

It prints its progress, then one table, and writes book/data/benchmark.json, which
chapter 10 shows. It measures on a GPU if there is one (that path has not been run yet),
else on the CPU.

Each round runs everything in turn: reference, lvc, both compiled, a large matrix
product, a large copy. Every figure compares times of the same round: the file has the
quartiles over the rounds, the table the median. Peak memory is the most bytes of
tensors alive at once that a call allocates, over the bytes of x. Its inputs do not
count, its results do.

The CPU's default allocator gives each large tensor back to the system, which clears the
pages before the next use. Long-running programs often avoid that with another
allocator, or with the variables in `REUSE`. These must be there when a program starts,
so each size is measured in a child process.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from itertools import product
from math import log2, prod
from pathlib import Path
from statistics import quantiles

import torch
from einops import rearrange
from torch.profiler import ProfilerActivity, profile

import lvc

DATA = Path(__file__).parents[1] / "book" / "data" / "benchmark.json"
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SIZES = [  # b, c, h, w, k
    (6, 32, 10, 10, 64),
    (8, 512, 20, 20, 64),
    (4, 512, 60, 60, 32),
    (1, 256, 160, 160, 64),
]
GROWTH = {  # the same with one axis doubled
    "none": (4, 256, 20, 20, 64),
    "n": (4, 256, 40, 20, 64),
    "k": (4, 256, 20, 20, 128),
    "c": (4, 512, 20, 20, 64),
}
FORMS = {"reference": lvc.reference.encode, "lvc": lvc.encode}
PASSES = ["forward", "with backward"]
MODES = ["eager", "compiled"]
REUSE = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}
ROUNDS = 3  # at least, and more until SECONDS are over
SECONDS = 3.0
BURST = 0.02  # seconds: a short call repeats until it lasts that long


# What is measured


def operands(size):
    """Return a map after ReLU, as in the block, and the parameters of a new layer."""
    b, c, h, w, k = size
    torch.manual_seed(0)
    layer = lvc.Encoding(c, k)
    tensors = [torch.randn(b, c, h, w).relu(), layer.codewords, layer.scale]
    return [tensor.detach().to(DEVICE).requires_grad_() for tensor in tensors]


def call(size, passes, form, mode="eager"):
    """Return a function without arguments: one call of `form`, as the layer makes it.

    Forward returns E. With backward returns the gradients of the map, the codewords and
    the scale. The pixels are a view of the channels-first map.
    """
    tensors = operands(size)
    b, c, _, _, k = size
    cotangent = torch.randn(b, k, c).to(DEVICE)

    def encode(x, codewords, scale):
        return FORMS[form](rearrange(x, "b c h w -> b (h w) c"), codewords, scale)

    if mode == "compiled":
        encode = torch.compile(encode, fullgraph=True, dynamic=False)

    def forward():
        with torch.no_grad():
            return encode(*tensors)

    def with_backward():
        return torch.autograd.grad(encode(*tensors), tensors, cotangent)

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


def quartiles(values):
    return [float(f"{q:.4g}") for q in quantiles(values, n=4, method="inclusive")]


def free_bytes():
    """Return the memory that is left, or 8 GB where only Linux would know."""
    if DEVICE.type == "cuda":
        return torch.cuda.mem_get_info()[0]
    if sys.platform != "linux":
        return 8e9
    lines = Path("/proc/meminfo").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("MemAvailable"))
    return 1024 * int(line.split()[1])


def that_fits(size, passes, allocator):
    """Return `size`, with h halved until the literal form takes 3/4 of what is free.

    That form holds 2 tensors (b n k c) forward and 4 with backward. A heap that gives
    nothing back leaves gaps between them: it grew to 3.3 times their size.
    """
    b, c, h, w, k = size
    tensors = (2 if passes == "forward" else 4) * (3.5 if allocator == "reuse" else 1)
    while h > 1 and tensors * 4 * b * h * w * k * c > 0.75 * free_bytes():
        h //= 2
    return b, c, h, w, k


def progress(text, end=""):
    print(text, end=end, file=sys.stderr, flush=True)


def measure(size, allocator):
    """Return the rows of one size: one for each of PASSES and MODES."""
    return [row for passes in PASSES for row in measure_passes(size, passes, allocator)]


def measure_passes(size, passes, allocator):
    start = time.perf_counter()
    measured = that_fits(size, passes, allocator)
    progress(f"{as_text(measured):26} {passes:14} {allocator:8}")
    runs, peak, missing = {}, {}, None
    for mode, form in product(MODES, FORMS):
        run = call(measured, passes, form, mode)
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
    for mode in MODES:
        row = {"size": size, "measured": measured, "passes": passes}
        row |= {"allocator": allocator, "mode": mode}
        if mode == "compiled" and missing:
            rows.append(row | {"missing": missing})
            continue
        of = {form: times[mode, form] for form in FORMS}
        row["ratio"] = quartiles(over(of["reference"], of["lvc"]))
        row["peak"] = {form: peak[mode, form] for form in FORMS}
        row["seconds"] = {form: quartiles(of[form]) for form in FORMS}
        row["of_rate"] = {form: quartiles(over(at_rate, of[form])) for form in FORMS}
        row["of_floor"] = {form: quartiles(over(floor, of[form])) for form in FORMS}
        rows.append(row | {"rounds": len(floor)})
    progress(f"{time.perf_counter() - start:5.0f} s", end="\n")
    return rows


def growth(sizes):
    """Return what doubling one axis does to time and peak memory, for each form.

    As exponents of 2: 1 is twice as much, 0 is the same.
    """
    rows = []
    for passes in PASSES:
        start = time.perf_counter()
        progress(f"{'one axis doubled':26} {passes:14} {'':8}")
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
            row["time"] = quartiles([log2(ratio) for ratio in longer])
            rows.append(row | {"peak": round(log2(larger), 3)})
        progress(f"{time.perf_counter() - start:5.0f} s", end="\n")
    return rows


# The children, the table and the file


def allocators():
    if DEVICE.type == "cuda":
        return ["torch's"]  # which reuses memory
    return ["default", "reuse"] if sys.platform == "linux" else ["default"]


def child(allocator, function, *arguments):
    """Return what `function` of this file returns in a process with that allocator."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    environment["KINETO_LOG_LEVEL"] = "99"  # else the profiler prints two lines a call
    if allocator == "reuse":
        environment |= REUSE
    command = [sys.executable, __file__, "--child", function, json.dumps(arguments)]
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(
            f"The benchmark stopped: {function} ended with status {result.returncode} "
            f"for {arguments}. Status -9 means that memory ran out."
        )
    return json.loads(result.stdout.splitlines()[-1])


def machine():
    name = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(": ")[1] for line in lines if line.startswith("model name")]
        name = names[0] if names else name
    if DEVICE.type == "cuda":
        name = torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return {"processor": name, "threads": threads, "torch": torch.__version__}


def as_text(size):
    *x, k = size
    return f"{tuple(x)} K {k}"


def table(data):
    """Return the table as text, one line for each row of the data."""
    lines = [
        "Times as fast: reference over lvc, median (quartiles). Peak: memory over the",
        "bytes of x, reference and lvc. Rate: the products at the rate of a large one,",
        "over lvc's time. Floor: the same, but the bytes moved if they take longer.",
        "",
        f"{'b c h w, K':26} {'passes':14} {'allocator':9} {'mode':9} "
        f"{'times as fast':20} {'peak':>8} {'':>6} {'rate':>6} {'floor':>6}",
    ]
    for row in data["rows"]:
        size, passes, allocator, mode = [
            row[name] for name in ("measured", "passes", "allocator", "mode")
        ]
        start = f"{as_text(size):26} {passes:14} {allocator:9} {mode:9} "
        if "missing" in row:
            lines.append(start + row["missing"])
            continue
        low, middle, high = row["ratio"]
        ratio = f"{middle:6.1f} ({low:.1f} to {high:.1f})"
        peak, rate, floor = row["peak"], row["of_rate"], row["of_floor"]
        lines.append(
            f"{start}{ratio:20} {peak['reference']:8.2f} {peak['lvc']:6.2f} "
            f"{rate['lvc'][1]:6.0%} {floor['lvc'][1]:6.0%}"
        )
    lines += ["", "one axis doubled: time and peak memory as powers of 2", ""]
    for row in data["growth"]:
        lines.append(
            f"{row['axis']:26} {row['passes']:14} {row['form']:9} "
            f"time {row['time'][1]:5.2f}   peak {row['peak']:5.2f}"
        )
    return "\n".join(lines)


def write(data):
    """Write the data file, one row a line."""
    parts = [f'"machine": {json.dumps(data["machine"])}']
    for name in ("rows", "growth"):
        lines = ",\n".join(map(json.dumps, data[name]))
        parts.append(f'"{name}": [\n{lines}\n]')
    DATA.write_text("{" + ",\n".join(parts) + "}\n")


def run_all():
    progress("Measuring takes minutes.", end="\n")
    rows = [
        row
        for size, allocator in product(SIZES, allocators())
        for row in child(allocator, "measure", size, allocator)
    ]
    grown = child(allocators()[-1], "growth", GROWTH)
    data = {"machine": machine(), "rows": rows, "growth": grown}
    write(data)
    print(table(data))
    print(f"\nWritten: book/data/{DATA.name}. Chapter 10 shows it after make run.")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # In a child: a function of this file, and its arguments.
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    child = parser.parse_args().child
    if child:
        function, arguments = child
        print(json.dumps(globals()[function](*json.loads(arguments))))
    else:
        run_all()


if __name__ == "__main__":
    main()
