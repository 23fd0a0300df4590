"""The Learnable Visual Center (LVC) block of CFPNet, readable and tested."""

from lvc import reference, steps
from lvc.axes import EXAMPLE, Sizes
from lvc.checkpoint import as_in_detector, load_cfpnet
from lvc.functional import aggregate, encode, scaled_l2
from lvc.layers import ConvBlock, Encoding, EVCBlock, LightMLPBlock, LVCBlock, Mean
from lvc.size import trained_at
from lvc.table import shape_table, trace

__version__ = "0.1.0"

__all__ = [
    "EXAMPLE",
    "ConvBlock",
    "EVCBlock",
    "Encoding",
    "LVCBlock",
    "LightMLPBlock",
    "Mean",
    "Sizes",
    "aggregate",
    "as_in_detector",
    "encode",
    "load_cfpnet",
    "reference",
    "scaled_l2",
    "shape_table",
    "steps",
    "trace",
    "trained_at",
]
