"""Train the networks of chapter 12: make experiment writes book/data/experiment.json.

It is written after each run: started again, the experiment goes on where it stopped.
"""

import argparse
import sys

from . import SETTINGS, runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="train everything again, also what is stored: on two cores in about a "
        "quarter of an hour; if it is stopped, it goes on without this option",
    )
    fresh, known = parser.parse_args().fresh, runs.saved()
    if fresh or not known["runs"]:
        return runs.run_missing({"settings": SETTINGS, "runs": {}})
    afresh = "To train everything afresh: make experiment FRESH=1"
    print(f"Results are stored in {runs.SAVED.name}. A few are trained again.")
    if difference := runs.changed(known):
        sys.exit(f"The experiment has changed: {difference}. {afresh}")
    if runs.missing(known):
        return runs.run_missing(known)
    return print(f"All results are stored, and those come out again. {afresh}")


if __name__ == "__main__":
    main()
