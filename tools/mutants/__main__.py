"""Run every mutant of lvc against the chapters and the unit tests: make mutants.

Each mutant meets the unit tests alone, and if its definition stands in a chapter, the
chapters alone. Then the other way round: what is stored in the chapters is changed,
outputs and prose, and nbval and the gates on the prose run.

Without arguments it runs all of it, which takes more than an hour with two cores, and
writes book/data/mutants.json as it goes: stopped, it goes on with --again.
"""

import argparse
import json
import sys

from tqdm import tqdm

from tools.mutants.changes import Mutant, every_mutant
from tools.mutants.pages import edits
from tools.mutants.result import RESULT, pieces, settle, write
from tools.mutants.suites import SUITES, meets, run


def show(chosen: dict[str, Mutant]) -> None:
    """Run these mutants, and print what noticed them."""
    names = {mutant: name for name, mutant in chosen.items()}
    for suite, mutant, noticed in run(
        [(s, m) for m in names for s in SUITES if meets(m.place, s)]
    ):
        print(f"{names[mutant]}\n    {suite}: {noticed or 'SURVIVED'}", flush=True)


def refuse_a_broken_lvc() -> None:
    """End with one sentence if lvc as it is fails a suite."""
    for suite, _, noticed in run([(suite, None) for suite in SUITES]):
        if noticed:
            sys.exit(f"lvc as it is fails the {suite}: {noticed}; make test says why")


def run_all(again: bool) -> None:
    """Run what waits, definition by definition, and keep what each gave."""
    every, known = every_mutant(), json.loads(RESULT.read_text())
    if not again:
        known["ran"] = {suite: {} for suite in SUITES}
        known["survivors"] = {suite: [] for suite in SUITES}
    refuse_a_broken_lvc()
    names = {mutant: name for name, mutant in every.items()}
    left = pieces(every, known)
    missed = {piece: [] for piece in left}
    jobs = [(suite, every[n]) for (suite, _), its in left.items() for n in its]
    with tqdm(total=len(jobs), unit="mutant") as bar:
        for suite, mutant, noticed in run(jobs):
            name, piece = names[mutant], (suite, mutant.place)
            left[piece].remove(name)
            if not noticed:
                missed[piece].append(name)
                bar.write(f"survived the {suite}: {name}", file=sys.stdout)
            if not left[piece]:
                settle(every, known, *piece, missed[piece])
                write(every, known)
            bar.update()
    known["edits"] = edits()
    write(every, known)
    print(f"written: {RESULT.name}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--again",
        action="store_true",
        help="go on: run what is left, what changed, and survivors without a reason",
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
