"""The experiment of chapter 12: small networks, with and without the block.

An arm is one design, `protocol` says how arms are compared, `decide` what came.
"""

# ruff: noqa: F401 -- the names that the chapter uses
from .data import Digits, Photographs, grey
from .decide import answers, interval, scores, verdicts
from .findings import CORNERS, SIZES, accuracy, gate_of, paint
from .protocol import (
    ARMS,
    LEVEL,
    ONCE,
    PRIMARY,
    SEEDS,
    SETTINGS,
    TUNING_SEEDS,
    Arm,
    twice,
)
from .runs import alike, chosen, distance, first_losses, saved, validation
from .scenes import Scenes
from .training import train
