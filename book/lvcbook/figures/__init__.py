"""The house style of the figures: drawn from tensors, one colour per axis.

Each function returns HTML with inline SVG and alt text written from the same numbers.
Text and outlines take the colour of the page, so that every figure reads in light and
in dark.
"""

from lvcbook.figures.boxes import equation
from lvcbook.figures.chips import (
    COLOURS,
    chips,
    code,
    lines,
    link,
    note,
    swatch,
    with_code,
)
from lvcbook.figures.flow import block, block_file, block_in_words
from lvcbook.figures.networks import Module, edges, networks
from lvcbook.figures.pictures import images, vectors
from lvcbook.figures.plots import THEME, plot
from lvcbook.figures.tables import axes_table, legend, pipeline, shape_table, table
from lvcbook.markup import styled
