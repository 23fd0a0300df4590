"""Plots of matplotlib, in the look of `theme.mplstyle` and the colours of the page."""

import io
import zlib
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.pyplot
from IPython.display import HTML
from matplotlib.colors import to_hex

from lvcbook.markup import Markup, macros

THEME = Path(__file__).with_name("theme.mplstyle")  # for plt.style.use
SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"


def plot(figure, alt: str) -> HTML:
    """Return a matplotlib figure as inline SVG in the page's colours, and close it."""
    file = io.StringIO()
    figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    matplotlib.pyplot.close(figure)
    ink = to_hex(matplotlib.rcParams["text.color"])
    svg = ElementTree.fromstring(file.getvalue().replace(ink, "currentColor"))
    svg.remove(svg.find(f"{SVG}metadata"))
    svg.set("aria-hidden", "true")
    for group in svg.iter(f"{SVG}g"):
        group.attrib.pop("id", None)
    for element in svg.iter():  # in a page, SVG needs no names of other spaces
        element.tag = element.tag.removeprefix(SVG)
        if f"{XLINK}href" in element.attrib:
            element.set("href", element.attrib.pop(f"{XLINK}href"))
    text = ElementTree.tostring(svg, encoding="unicode")
    # matplotlib's names hash places to their last digit, which processors disagree on.
    drawing = f"plot-{zlib.crc32(alt.encode()):08x}"
    names = [element.get("id") for element in svg.iter() if element.get("id")]
    for number, name in enumerate(names):
        text = text.replace(name, f"{drawing}-{number}")
    return HTML(macros("figures.html").plot(alt, Markup(text)))
