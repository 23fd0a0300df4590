"""Draw the picture in the README."""

from pathlib import Path

from lvcbook.figures import block_file

file = Path(__file__).parents[2] / "_static" / "block.svg"
file.write_text(block_file(), encoding="utf-8")
