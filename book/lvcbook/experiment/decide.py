"""What the stored runs say: paired differences, intervals, Holm's correction."""

import scipy.stats
import torch

from .protocol import LEVEL, PRIMARY, Arm, twice


def scores(known: dict, arm: Arm, *path: str) -> torch.Tensor:
    """Return the test scores of an arm in percent, one for each seed."""
    runs = known["runs"][str(arm)].values()
    found = []
    for run in runs:
        for key in path or ("score",):
            run = run[key]
        found.append(100 * run)
    return torch.tensor(found).double()


def interval(differences) -> tuple[float, float, float]:
    """Return the mean of paired differences, and the ends of its 95 % interval."""
    low, high = scipy.stats.ttest_1samp(differences, 0).confidence_interval()
    return float(differences.mean()), float(low), float(high)


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for their number: Holm's step-down."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def answers(known: dict, of=lambda arm: arm) -> dict[str, tuple]:
    """Return of each primary question: mean, low, high, p-value after Holm."""
    differences = {
        question: scores(known, of(one)) - scores(known, of(other))
        for question, (one, other) in PRIMARY.items()
    }
    p_values = [
        float(scipy.stats.ttest_1samp(difference, 0).pvalue)
        for difference in differences.values()
    ]
    return {
        question: (*interval(difference), p)
        for (question, difference), p in zip(differences.items(), holm(p_values))
    }


def verdict(once: tuple, longer: tuple) -> str:
    """Return what is found: the first arm better, worse, or no difference found."""
    found = [of[3] < LEVEL for of in (once, longer)]
    if not all(found) or once[0] * longer[0] < 0:
        return "not found"
    return "better" if once[0] > 0 else "worse"


def verdicts(known: dict) -> dict[str, str]:
    """Return the verdict on each primary question: at the steps, and at twice them."""
    once, longer = answers(known), answers(known, twice)
    return {question: verdict(once[question], longer[question]) for question in once}
