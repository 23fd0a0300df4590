"""Draw the picture in the README."""

from pathlib import Path

from lvcbook.figures import BLOCK, svg_file

file = Path(__file__).parents[2] / "_static" / "block.svg"
file.write_text(svg_file(*BLOCK), encoding="utf-8")
