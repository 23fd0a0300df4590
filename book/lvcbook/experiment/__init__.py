"""The experiment of chapter 12: small networks, with and without the block.

An arm is one design, `protocol` says how arms are compared, and `answers` what came.
"""

# ruff: noqa: F401 -- the names that the chapter uses
from .answers import answers, holm, interval, scores, verdicts
from .block import new, trained
from .data import Digits, Photographs, grey, standardised, windows
from .findings import CORNERS, SIZES, accuracy, gate_of, look, paint
from .protocol import (
    ARMS,
    LEVEL,
    ONCE,
    PHOTOS,
    PRIMARY,
    SEEDS,
    SETTINGS,
    TUNING_SEEDS,
    Arm,
    twice,
)
from .runs import chosen, distance, first_losses, saved, validation
from .scenes import Scenes
from .training import train
