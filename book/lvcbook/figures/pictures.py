"""Arrays as pictures, and vectors as rows of cells."""

import base64
import io

import numpy as np
import torch
from IPython.display import HTML
from PIL import Image

from lvcbook.markup import Markup, macros

FIGURES = macros("figures.html")


def images(*panels, size: int, dark: str = "dark", light: str = "light") -> HTML:
    """Draw arrays as pictures in a row: (h w 3) colours in 0..1, or (h w) values.

    Each panel is a pair (caption, array). Values run from dark, the least of the panel,
    to light, the greatest, and `dark` and `light` say what that means. The longer side
    of a picture is `size` CSS pixels.
    """
    drawn, words = [], []
    for caption, values in panels:
        array = _array(values)
        low, high = (0, 1) if array.ndim == 3 else (array.min(), array.max())
        file = io.BytesIO()
        # BMP has no compression that could differ from machine to machine.
        Image.fromarray(_levels(array, low, high)).save(file, "BMP")
        extent = f"{dark} {low:.3g} to {light} {high:.3g}" if array.ndim == 2 else ""
        rows, columns = array.shape[:2]
        zoom = size / max(rows, columns)
        drawn.append(
            {
                "data": base64.b64encode(file.getvalue()).decode(),
                "width": round(columns * zoom),
                "height": round(rows * zoom),
                "caption": caption,
                "extent": extent,
            }
        )
        said = [_plain(caption), f"{rows} by {columns}", extent]
        words.append(", ".join(filter(None, said)))
    return HTML(FIGURES.images("Pictures: " + "; ".join(words), drawn))


def vectors(*rows) -> HTML:
    """Draw vectors as rows of cells, all on one range from dark (low) to light (high).

    Each row is a triple (caption, vector, note at its end).
    """
    arrays = [_array(vector) for _, vector, _ in rows]
    low, high = min(map(np.min, arrays)), max(map(np.max, arrays))
    drawn, words = [], []
    for (caption, _, note), array in zip(rows, arrays):
        drawn.append((caption, note, _levels(array, low, high).tolist()))
        extent = f"{array.min():.3f} to {array.max():.3f}"
        said = [_plain(caption), f"{len(array)} numbers from {extent}", _plain(note)]
        words.append(", ".join(filter(None, said)))
    label = "Rows of cells: " + "; ".join(words)
    return HTML(FIGURES.vectors(label, drawn, f"dark {low:.2f}, light {high:.2f}"))


def _array(values) -> np.ndarray:
    return torch.as_tensor(values).detach().cpu().double().numpy()


def _levels(array: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.round(255 * (array - low) / (high - low)).astype(np.uint8)


def _plain(text: str) -> str:
    return Markup(text).striptags()
