"""The designs that the experiment trains, and what they share."""

from typing import NamedTuple

PHOTOS = ["brick", "grass", "gravel", "immunohistochemistry"]
PHOTOS += ["coins", "chelsea", "coffee", "camera"]
SEEDS = range(10)
SETTINGS = {
    "steps": 200,
    "batch": 32,
    "learning rate": 0.005,
    "channels": 16,
    "photographs": PHOTOS,
    "tiles": 24,  # of a photograph: one half to train, one half to test
    "tile": 64,  # pixels on a side
    "patch": 32,
    "digits": 200,  # to train; the others to test
}


class Arm(NamedTuple):
    """One design: the data, what follows the stem, K, and how the encoding differs."""

    data: str
    middle: str
    codes: int = 0
    change: str = ""

    def __str__(self):
        codes = f"K {self.codes}" if self.codes else ""
        return ", ".join(filter(None, (self.data, self.middle, codes, self.change)))


HEADS = ("mean", "mean, then a hidden layer", "1x1 convolution, then mean")
GATES = ("no gate", "random gate", "squeeze-and-excitation")
CHANGES = ("spread", "spread, one scale")
LONGER = "twice the steps"
CODES = (1, 2, 4, 8, 16, 32, 64)
HEAD_CODES, GATE_CODES = 8, 64
ARMS = [
    *(Arm("photographs", "encoding", codes) for codes in CODES),
    *(Arm("photographs", head) for head in HEADS),
    *(Arm("photographs", "LVC gate", codes) for codes in CODES),
    *(Arm("photographs", gate) for gate in GATES),
    *(Arm("photographs", "encoding", HEAD_CODES, change) for change in CHANGES),
    *(
        Arm("photographs", "LVC gate", GATE_CODES, change)
        for change in (*CHANGES, "divided by n")
    ),
    Arm("digits", "encoding", HEAD_CODES),
    *(Arm("digits", head) for head in HEADS),
    Arm("digits", "LVC gate", GATE_CODES),
    *(Arm("digits", gate) for gate in GATES),
    *(
        Arm(data, middle, codes, LONGER)
        for data in ("photographs", "digits")
        for middle, codes in (
            ("encoding", HEAD_CODES),
            *((head, 0) for head in HEADS[1:]),
            ("LVC gate", GATE_CODES),
            ("no gate", 0),
        )
    ),
]
