"""What chapter 15 says of code that is not ours, held against that code."""

import inspect
import json
from pathlib import Path

import pytest

from tools import pasted

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "book" / "ch15_when_it_goes_wrong.ipynb"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(PAGE.read_text("utf-8"))["cells"]
}


def test_the_pasted_encoding_keeps_what_the_pasted_form_of_the_benchmark_keeps():
    shown = {}
    exec(CELLS["setup"], shown)
    exec(CELLS["memory"], shown)
    kept, size = shown["kept_in_training"], (2, 32, 8, 8)
    of_page = kept(shown["PastedEncoding"](32, 64), *size)
    assert of_page == pytest.approx(kept(pasted.Encoding(32), *size), rel=0.02)


def test_which_files_and_exports_of_ultralytics_are_in_half():
    pytest.importorskip("ultralytics")
    from ultralytics.engine.exporter import Exporter
    from ultralytics.engine.model import Model
    from ultralytics.engine.trainer import BaseTrainer

    saved = inspect.getsource(BaseTrainer.save_model)
    assert ".half()" in saved and "nan_to_num_" in saved
    saved = inspect.getsource(Model.save)
    assert ".half()" in saved and "nan_to_num" not in saved
    lines = inspect.getsource(Exporter).splitlines()
    for text, device in (
        ("im, model = im.half(), model.half()", '!= "cpu"'),
        ("convert_float_to_float16(", '== "cpu"'),
    ):
        (place,) = (n for n, line in enumerate(lines) if text in line)
        asked = [line for line in lines[:place] if "quantize == 16" in line]
        assert device in asked[-1]
