"""The experiment of chapter 12: small networks learn to name photographs and digits.

An arm is one design. Every arm runs with the same seeds. A seed fixes what trains and
what tests, the first weights of what the arms share, and the batches.
"""

# ruff: noqa: F401 -- the names that the chapter uses
from .arms import ARMS, CODES, GATES, HEADS, LONGER, PHOTOS, SEEDS, SETTINGS, Arm
from .data import Digits, Photographs, grey, windows
from .findings import CORNERS
from .networks import network
from .runs import saved, small
from .training import WATCH, train
