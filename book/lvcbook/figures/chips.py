"""What stands in a line of a figure's text: an axis on its colour, code, notes."""

from lvc.axes import split
from lvcbook.markup import Markup, macros

# Okabe and Ito's palette, made for every kind of colour vision. n = h w has one colour.
COLOURS = {"b": "#009E73", "c": "#E69F00", "n": "#56B4E9", "k": "#CC79A7"}
COLOURS |= {"h": COLOURS["n"], "w": COLOURS["n"], "j": COLOURS["k"], "1": "#BBBBBB"}

# m, a quarter of c, stands inside ConvBlock alone.
ALL_COLOURS = COLOURS | {"m": COLOURS["c"]}

WORDS = macros("words.html")
code, with_code, link = WORDS.code, WORDS.with_code, WORDS.link
note, lines = WORDS.note, WORDS.lines


def named(axis: str, size: int) -> str:
    """Return an axis with its size; what has no letter is its size."""
    return axis if axis == "1" else f"{axis} {size}"


def chips(axes: str, sizes: tuple[int, ...] | None = None) -> Markup:
    """Return the axes, each on its colour, with their sizes if given."""
    names = [axis.replace(" ", "") for axis in split(axes)]
    labels = map(named, names, sizes) if sizes else names
    return WORDS.chips(
        [(ALL_COLOURS[name[-1]], label) for name, label in zip(names, labels)]
    )


def swatch(colour, text: str) -> Markup:
    """Return a text behind a square of an RGB colour, three numbers in 0..1."""
    levels = ",".join(str(round(255 * float(value))) for value in colour)
    return WORDS.swatch(f"rgb({levels})", text)
