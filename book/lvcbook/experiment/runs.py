"""The runs: which are stored in book/data/experiment.json, and which are to train."""

import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from .arms import ARMS, GATE_CODES, HEAD_CODES, SEEDS, SETTINGS, Arm
from .networks import network, parameters
from .training import train

SAVED = Path(__file__).parents[2] / "data" / "experiment.json"


def saved() -> dict:
    """Return what is saved: "settings", and "runs" by arm and seed."""
    if SAVED.exists():
        return json.loads(SAVED.read_text())
    return {"settings": SETTINGS, "runs": {}}


def save(known: dict) -> None:
    """Write a file beside, then put it in place: no half of a file is ever read."""
    beside = SAVED.with_suffix(".part")
    runs = {arm: dict(sorted(of.items())) for arm, of in sorted(known["runs"].items())}
    beside.write_text(json.dumps({**known, "runs": runs}, separators=(",", ":")) + "\n")
    os.replace(beside, SAVED)


def rounded(result: dict) -> dict:
    """Return a result with four digits after the point."""
    return json.loads(
        json.dumps(result), parse_float=lambda text: round(float(text), 4)
    )


SMALL = [
    Arm("photographs", "encoding", HEAD_CODES),
    Arm("digits", "LVC gate", GATE_CODES),
]


def small() -> dict[Arm, list[float]]:
    """Run a few arms with two seeds that are not saved; return their accuracies."""
    seeds = range(100, 102)
    return {arm: [train(arm, seed)["accuracy"] for seed in seeds] for arm in SMALL}


def missing(known: dict) -> list[tuple[Arm, int]]:
    """Return the runs that are not saved yet."""
    return [
        (arm, seed)
        for seed in SEEDS
        for arm in ARMS
        if str(seed) not in known["runs"].get(str(arm), {})
    ]


def changed(known: dict) -> str:
    """Return how the stored runs differ from what is trained now, or nothing.

    Settings and networks are compared, and a few runs are trained again. Rounding
    differs from machine to machine, and training makes it larger.
    """
    if known["settings"] != SETTINGS:
        return "the settings are others"
    arms = {str(arm): arm for arm in ARMS}
    for name, runs in known["runs"].items():
        if name not in arms:
            return f"{name} is no arm any more"
        count = parameters(network(arms[name], seed=0))
        if any(run["parameters"] != count for run in runs.values()):
            return f"{name} now has {count:,} parameters"
    for arm in SMALL:
        if run := known["runs"].get(str(arm), {}).get("0"):
            now, stored = train(arm, 0)["accuracy"], run["accuracy"]
            if abs(now - stored) > 0.02:
                return f"{arm} now reaches {now:.4f} with seed 0, not {stored:.4f}"
    return ""


def run_missing(known: dict) -> None:
    """Train what is not saved yet, and save each run as it ends."""
    total, todo = len(SEEDS) * len(ARMS), missing(known)
    with (
        ProcessPoolExecutor(2, get_context("spawn")) as pool,
        tqdm(total=total, initial=total - len(todo), unit="run") as bar,
    ):
        futures = {pool.submit(train, *run): run for run in todo}
        for future in as_completed(futures):
            arm, seed = futures[future]
            known["runs"].setdefault(str(arm), {})[str(seed)] = rounded(future.result())
            save(known)
            bar.update()
