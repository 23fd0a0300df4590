"""Train the networks of chapter 12: make experiment writes book/data/experiment.json.

Then it trains those of its advice, for book/data/advice.json. The first file is
written after each run: started again, the experiment goes on where it stopped.
"""

import argparse
import sys

from . import advice, block, runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="train everything again, also what is stored: on two cores in about an "
        "hour; if it is stopped, it goes on without this option",
    )
    fresh, known = parser.parse_args().fresh, runs.saved()
    if fresh or not known["tuning"]:
        return run(runs.empty())
    afresh = "To train everything afresh: make experiment FRESH=1"
    print(f"Results are stored in {runs.SAVED.name}. A few runs begin again.")
    if difference := runs.changed(known):
        sys.exit(f"The experiment has changed: {difference}. {afresh}")
    if runs.missing(known):
        return run(known)
    return print(f"All results are stored, and those come out again. {afresh}")


def run(known: dict) -> None:
    runs.run_missing(known)
    block.store(lambda arm: runs.chosen(known, arm))
    advice.store()


if __name__ == "__main__":
    main()
