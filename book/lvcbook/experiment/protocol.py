"""The protocol, written before the runs: designs, questions, and how they are decided.

Every arm gets its own learning rate: the one with the best mean score on validation
data, over TUNING_SEEDS, where the score is accuracy, or a detector's AP. If the best
one is at an edge, the grid grows by a factor of two until it is not. Then every arm
trains with SEEDS, and the test data are seen for the first time. A seed fixes what
trains, the first weights of what arms share, and the batches, so arms are compared
seed by seed.

PRIMARY are the questions asked beforehand: Student's t of the paired differences, two-
sided, with Holm's correction over all of them. A difference is found if it is
significant at LEVEL, and is again, with the same sign, in runs of twice the steps with
rates chosen anew. What else is compared is exploratory: an interval, no verdict.
"""

from typing import NamedTuple

PHOTOS = ["brick", "grass", "gravel", "immunohistochemistry"]
PHOTOS += ["coffee", "camera", "moon", "hubble_deep_field"]
SETTINGS = {
    "steps": {"photographs": 250, "digits": 250, "scenes": 300},
    "batch": {"photographs": 32, "digits": 32, "scenes": 16},
    "rates": [0.005, 0.01, 0.02],
    "channels": 16,
    "photographs": PHOTOS,
    "tile": 64,  # pixels on a side
    "patch": 32,
    "tiles": [16, 16, 22],  # of each photograph: training, validation, test
    "digits": [200, 697, 900],
    "scene": 64,  # pixels on a side
    "scenes": [600, 100, 200],
}
TUNING_SEEDS, SEEDS = range(100, 102), range(8)
LEVEL = 0.05


class Arm(NamedTuple):
    """One design: the data, what stands in the middle, K, how it differs."""

    data: str
    middle: str
    codes: int = 0
    change: str = ""

    def __str__(self):
        codes = f"K {self.codes}" if self.codes else ""
        return ", ".join(filter(None, (self.data, self.middle, codes, self.change)))


TWICE, FOUR_TIMES = "twice the steps", "four times the steps"
ON_PIXELS, BY_N, SE_LOSS = "on pixels", "divided by n", "SE-loss"
GATES = ("no gate", "constant gate", "squeeze-and-excitation")
LVC, ENCODING = ("LVC gate", 64), ("encoding", 8)
HEADS = ("mean", "mean, BatchNorm1d", "1x1 convolution, then mean")
EVC, STEM_LVC = ("EVCBlock", 64), ("stem, LVCBlock", 64)
PHOTOGRAPHS = [
    ENCODING,
    ("encoding", 1),
    (*ENCODING, ON_PIXELS),
    *((head,) for head in HEADS),
    LVC,
    ("LVC gate", 8),
    ("LVC gate", 1),
    ("LVC gate", 8, ON_PIXELS),
    (*LVC, BY_N),
    *((gate,) for gate in GATES),
]
DIGITS = [
    ENCODING,
    ("encoding", 1),
    *((head,) for head in HEADS),
    LVC,
    ("LVC gate", 1),
    *((gate,) for gate in GATES),
]
SCENES = [
    ("nothing",),
    ("stem",),
    STEM_LVC,
    ("stem, constant gate",),
    ("stem, squeeze-and-excitation",),
    ("stem, LightMLP",),
    EVC,
    ("EVCBlock", 1),
    ("3x3 convolutions",),
    (*EVC, SE_LOSS),
    ("EVCBlock", 1, SE_LOSS),
    ("EVCBlock on the coarsest map", 64),
    ("EVCBlock behind the concatenation", 64),
]


# Each question: the first arm less the second.
PRIMARY = {
    "EVCBlock, or nothing?": (Arm("scenes", *EVC), Arm("scenes", "nothing")),
    "EVCBlock, or 3x3 convolutions of its size?": (
        Arm("scenes", *EVC),
        Arm("scenes", "3x3 convolutions"),
    ),
    "LVCBlock behind the stem, or the stem alone?": (
        Arm("scenes", *STEM_LVC),
        Arm("scenes", "stem"),
    ),
    "LVC's gate, or the constant 0.5, in a detector?": (
        Arm("scenes", *STEM_LVC),
        Arm("scenes", "stem, constant gate"),
    ),
    "LVC's gate, or the constant 0.5?": (
        Arm("photographs", *LVC),
        Arm("photographs", "constant gate"),
    ),
    "LVC's gate, or squeeze-and-excitation?": (
        Arm("photographs", *LVC),
        Arm("photographs", "squeeze-and-excitation"),
    ),
    "64 codewords, or one?": (
        Arm("photographs", *LVC),
        Arm("photographs", "LVC gate", 1),
    ),
    "the encoding, or a mean with BatchNorm1d?": (
        Arm("photographs", *ENCODING),
        Arm("photographs", "mean, BatchNorm1d"),
    ),
}


def twice(one: Arm) -> Arm:
    """Return the arm that trains for twice the steps."""
    return one._replace(change=TWICE)


ONCE = [
    *(Arm("scenes", *which) for which in SCENES),
    *(Arm("photographs", *which) for which in PHOTOGRAPHS),
    *(Arm("digits", *which) for which in DIGITS),
]
ARMS = [
    *ONCE,
    *map(twice, dict.fromkeys(one for pair in PRIMARY.values() for one in pair)),
    # Exploratory, with the rates chosen for twice the steps.
    *(Arm("scenes", *which, FOUR_TIMES) for which in (EVC, ("nothing", 0))),
]
