"""The runs: which are stored in book/data/experiment.json, and which are to train."""

import ast
import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from .protocol import (
    ARMS,
    ENCODING,
    EVC,
    FOUR_TIMES,
    LVC,
    SEEDS,
    SETTINGS,
    TUNING_SEEDS,
    Arm,
    twice,
)
from .training import FIRST, fit, steps_of, train, tune

SAVED = Path(__file__).parents[2] / "data" / "experiment.json"
WHAT_TRAINS = ("data", "scenes", "networks", "detector", "training", "findings")
# How close first losses are on another processor, step by step. It rounds otherwise,
# and training makes that larger, since Adam's first step is the sign of a gradient,
# which rounding turns where it is almost 0. Tried were instructions of SSE4.1 to AVX2,
# and first weights that differ in their last bit. These losses differed by 5e-5, since
# four digits are stored, a detector's second by 1.2e-3. Its third differed by 0.2.
CLOSE = {"photographs": (2e-4,) * 4, "digits": (2e-4,) * 4, "scenes": (2e-4, 4e-3)}


def code() -> str:
    """Return a fingerprint of the code that trains, without what only explains it."""
    files = [Path(__file__).with_name(f"{name}.py") for name in WHAT_TRAINS]
    said = [ast.dump(_without_docstrings(file.read_text())) for file in files]
    return hashlib.sha256("".join(said).encode()).hexdigest()[:16]


def _without_docstrings(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                del node.body[0]
    return tree


def empty() -> dict:
    return {"settings": SETTINGS, "code": code(), "tuning": {}, "runs": {}}


def saved() -> dict:
    """Return what is saved: settings, code, validation by rate, and runs by seed."""
    return json.loads(SAVED.read_text()) if SAVED.exists() else empty()


def save(known: dict) -> None:
    """Write a file beside, then put it in place: no half of a file is ever read."""
    beside = SAVED.with_suffix(".part")
    beside.write_text(json.dumps(_sorted(known), separators=(",", ":")) + "\n")
    os.replace(beside, SAVED)


def _sorted(known):
    if not isinstance(known, dict):
        return known
    return {key: _sorted(known[key]) for key in sorted(known)}


def rounded(result):
    """Return a result with four digits after the point."""
    return json.loads(
        json.dumps(result), parse_float=lambda text: round(float(text), 4)
    )


def validation(known: dict, arm: Arm) -> dict[float, float]:
    """Return the mean validation score by rate, of the rates that all seeds tried."""
    of_arm = known["tuning"].get(str(arm), {})
    return {
        float(rate): sum(of_rate.values()) / len(of_rate)
        for rate, of_rate in of_arm.items()
        if len(of_rate) == len(TUNING_SEEDS)
    }


def rates(known: dict, arm: Arm) -> list[float]:
    """Return the rates to try: the grid, one more where the best is at its edge."""
    tried = validation(known, arm)
    grid = sorted({*SETTINGS["rates"], *tried})
    if {*grid} == {*tried}:
        best = max(tried, key=tried.get)
        if best == grid[0]:
            grid.insert(0, best / 2)
        elif best == grid[-1]:
            grid.append(best * 2)
    return grid


def chosen(known: dict, arm: Arm) -> float | None:
    """Return the rate of an arm, or None while the grid still grows."""
    if arm.change == FOUR_TIMES:
        return chosen(known, twice(arm))
    tried = validation(known, arm)
    if {*rates(known, arm)} != {*tried}:
        return None
    return max(tried, key=tried.get)


def missing(known: dict) -> list[tuple]:
    """Return the runs to train now: ("tuning" or "runs", arm, seed, rate)."""
    tuning, test = [], []
    for arm in ARMS:
        for rate in rates(known, arm) if arm.change != FOUR_TIMES else ():
            of_rate = known["tuning"].get(str(arm), {}).get(str(rate), {})
            lacking = [seed for seed in TUNING_SEEDS if str(seed) not in of_rate]
            tuning += [("tuning", arm, seed, rate) for seed in lacking]
        if (rate := chosen(known, arm)) is not None:
            of_arm = known["runs"].get(str(arm), {})
            lacking = [seed for seed in SEEDS if str(seed) not in of_arm]
            test += [("runs", arm, seed, rate) for seed in lacking]
    return tuning or test  # the test is seen when nothing is chosen any more


def first_losses(arm: Arm, seed: int, rate: float) -> list[float]:
    """Return the losses of the first steps, trained here and now."""
    return fit(arm, seed, rate, FIRST)[2]


def alike(arm: Arm, losses, others, times: float = 1) -> bool:
    """Return whether first losses of an arm differ by no more than rounding."""
    steps = zip(losses, others, CLOSE[arm.data])
    return all(abs(one - other) < times * close for one, other, close in steps)


def distance(losses, others) -> float:
    """Return how far two lists of first losses are apart."""
    return max(abs(one - other) for one, other in zip(losses, others))


CHECKED = (
    Arm("scenes", "nothing"),
    Arm("scenes", *EVC),
    Arm("photographs", *LVC),
    Arm("digits", *ENCODING),
)


def changed(known: dict) -> str:
    """Return how the stored runs differ from what is trained now, or nothing.

    Settings and code are compared, and the first steps of a few arms trained again,
    which sees a change in lvc, too.
    """
    if known["settings"] != SETTINGS:
        return "the settings are others"
    if known["code"] != code():
        return "the code that trains is another"
    for arm in CHECKED:
        if run := known["runs"].get(str(arm), {}).get("0"):
            now = first_losses(arm, 0, chosen(known, arm))
            if not alike(arm, now, run["losses"]):
                apart = distance(now, run["losses"])
                return f"{arm}: the first losses differ by {apart:.4f}"
    return ""


def work(kind: str, arm: Arm, seed: int, rate: float):
    return rounded((tune if kind == "tuning" else train)(arm, seed, rate))


def run_missing(known: dict) -> None:
    """Train what is not saved yet, and save each run as it ends."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        while todo := missing(known):
            kind = todo[0][0]
            words = {"tuning": "choosing rates", "runs": "test runs"}[kind]
            # Longer ones first, so that no process ends long after the other.
            todo.sort(key=lambda run: -steps_of(run[1]) * (run[1].data == "scenes"))
            futures = {pool.submit(work, *run): run for run in todo}
            with tqdm(total=len(todo), unit="run", desc=words) as bar:
                for future in as_completed(futures):
                    _, arm, seed, rate = futures[future]
                    of_arm = known[kind].setdefault(str(arm), {})
                    if kind == "tuning":
                        of_arm = of_arm.setdefault(str(rate), {})
                    of_arm[str(seed)] = future.result()
                    save(known)
                    bar.update()
