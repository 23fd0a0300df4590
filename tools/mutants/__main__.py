"""Run every mutant of lvc against the chapters and the unit tests: make mutants.

Each mutant meets the chapters alone and the unit tests alone. Then the other way round:
what is stored in the chapters is changed, outputs and prose, and nbval and the gates on
the prose run.

Without arguments it runs all of it, which takes three quarters of an hour with two
cores, and writes book/data/mutants.json.
"""

import argparse
import json
import sys

from tools.mutants.changes import Mutant, every_mutant
from tools.mutants.result import RESULT, fingerprint, waiting, write
from tools.mutants.suites import SUITES, run


def show(chosen: dict[str, Mutant]) -> None:
    """Run these mutants, and print what noticed them."""
    names = {mutant: name for name, mutant in chosen.items()}
    for suite, mutant, noticed in run([(s, m) for m in names for s in SUITES]):
        print(f"{names[mutant]}\n    {suite}: {noticed or 'SURVIVED'}", flush=True)


def survivors(every: dict[str, Mutant], jobs: list[tuple[str, str]]) -> dict:
    """Run jobs, of a suite and a mutant's name; return the names that each misses."""
    for suite, _, noticed in run([(suite, None) for suite in SUITES]):
        if noticed:
            sys.exit(f"lvc as it is fails the {suite}: {noticed}; make test says why")
    names = {mutant: name for name, mutant in every.items()}
    survived = {suite: set() for suite in SUITES}
    started = [(suite, every[name]) for suite, name in jobs]
    for count, (suite, mutant, noticed) in enumerate(run(started), start=1):
        if not noticed:
            survived[suite].add(names[mutant])
            print(f"survived the {suite}: {names[mutant]}", flush=True)
        if count % 100 == 0 or count == len(jobs):
            print(f"{count} of {len(jobs)} runs", flush=True)
    return {suite: [n for n in every if n in survived[suite]] for suite in SUITES}


def run_all(again: bool) -> None:
    every = every_mutant()
    ran = {suite: {} for suite in SUITES}
    survived = {suite: [] for suite in SUITES}
    if again:
        last = json.loads(RESULT.read_text())
        ran, survived = last["ran"], last["survivors"]
    waits = waiting(every, ran)
    jobs = [
        (suite, name)
        for name, mutant in every.items()
        for suite in SUITES
        if name in survived[suite] or mutant.place in waits[suite]
    ]
    write(every, survivors(every, jobs), fingerprint(every))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--again",
        action="store_true",
        help="run only the last survivors, and what changed in lvc since",
    )
    which.add_argument(
        "text",
        metavar="TEXT",
        nargs="?",
        help="run the mutants whose name holds TEXT, and print what notices them",
    )
    asked = parser.parse_args()
    if asked.text is None:
        return run_all(asked.again)
    chosen = {name: m for name, m in every_mutant().items() if asked.text in name}
    if not asked.text or not chosen:
        parser.error(f"no mutant has {asked.text!r} in its name")
    return show(chosen)


if __name__ == "__main__":
    main()
