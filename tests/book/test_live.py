"""What the live page runs is the present block, with the weights of the present experiment."""

import base64
import gzip
import io
import json
import re

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image

import lvc
from lvc.reference import encoding_layer
from lvcbook.live import block, export, page
from lvcbook.markup import WEB

REBUILD = "run: make live"
SIZES = [(1, 1), (5, 9), (64, 43), (85, 128)]


def read(path):
    """Return what a script of the page holds."""
    return json.loads(path.read_text().partition("=")[2].strip("; \n"))


KNOWN = read(export.SCRIPT)
FILES = {
    (network, piece): base64.b64decode(text)
    for network, known in KNOWN["networks"].items()
    for piece, text in known["pieces"].items()
}


def sessions(network):
    names = ["front", *block.FORMS]
    return [onnxruntime.InferenceSession(FILES[network, piece]) for piece in names]


def differences(name):
    """Return how the exported pieces of a network differ from what lvc makes."""
    network, found = block.network(name), []
    front, *backs = sessions(name)
    inputs = {key: one.numpy() for key, one in block.parameters(network).items()}
    for h, w in SIZES:
        picture = torch.rand(1, 1, h, w, generator=torch.Generator().manual_seed(h))
        [*_, x] = before = front.run(None, {"picture": picture.numpy()})
        for form, back in zip(block.FORMS, backs):
            share = np.array(0.25, np.float32)
            after = back.run(None, {"x": x, "share": share, **inputs})
            names = [one.name for one in (*front.get_outputs(), *back.get_outputs())]
            made = block.run(network, picture, form, torch.tensor(0.25))
            if names != [*made]:
                found.append(f"{form}: the steps are {', '.join(made)}")
                continue
            for step, value in zip(names, before + after):
                if value.shape != made[step].shape:
                    found.append(f"{form}, {step}: the shape is {made[step].shape}")
                elif not np.allclose(value, made[step], rtol=1e-4, atol=1e-4):
                    found.append(f"{form}, {step}: the values are others")
    return found


@pytest.mark.parametrize("name", block.NETWORKS)
def test_the_exported_steps_are_those_of_lvc(name):
    assert not differences(name), REBUILD


def test_the_page_has_every_step_and_the_numbers_of_training():
    network = block.network("trained")
    for form in block.FORMS:
        before, after = block.names(form)
        table = lvc.shape_table(lvc.EXAMPLE, form=form)
        assert before + after == [row.step.name for row in table.rows]
    assert KNOWN["pixels"] == block.pixels_in_training(network), REBUILD
    for name, known in KNOWN["networks"].items():
        for key, value in block.parameters(block.network(name)).items():
            assert torch.allclose(torch.tensor(known[key]), value), REBUILD


def doubled(layer, x):
    made = encoding_layer(layer, x)
    return made | {"encoding": 2 * made["encoding"]}


def test_a_changed_block_is_noticed(monkeypatch):
    monkeypatch.setitem(block.ENCODINGS, "literal", doubled)
    found = " ".join(differences("trained"))
    assert "literal, encoding: the values" in found and "product" not in found


def test_a_step_of_another_name_is_noticed(monkeypatch):
    steps = block.STEPS["LVCBlock"]
    fewer = {**steps, "literal": steps["literal"][:-1]}
    monkeypatch.setitem(block.STEPS, "LVCBlock", fewer)
    assert any("the steps are" in one for one in differences("trained"))


def test_the_files_do_not_name_the_machine_that_wrote_them():
    for name, file in FILES.items():
        assert not re.search(rb"\.py\b|/(home|root|tmp|work|usr)/", file), name
        onnx.checker.check_model(onnx.load_from_string(file))


@pytest.mark.parametrize("name", page.PHOTOGRAPHS)
def test_the_photographs_are_those_of_scikit_image(name):
    stored, now = (
        np.asarray(Image.open(io.BytesIO(file))).astype(int)
        for file in (base64.b64decode(read(page.FILE)[name]), export.photograph(name))
    )
    assert stored.shape == now.shape and abs(stored - now).mean() < 2, REBUILD
    assert max(stored.shape) == export.LARGEST


def test_the_engine_is_a_published_one():
    text = (WEB / "live" / "engine.js").read_text()
    engine = read(WEB / "live" / "engine.js")
    assert text.startswith(f"/* onnxruntime-web {engine['version']}, Microsoft, MIT")
    assert (
        f"v{engine['version']}" in (WEB / "live" / "ort.wasm.min.js").read_text()[:100]
    )
    assert gzip.decompress(base64.b64decode(engine["wasm"]))[:4] == b"\0asm"
    assert "Copyright (c) Microsoft" in (WEB / "live" / "LICENSE.txt").read_text()


def test_what_is_loaded_is_small():
    sizes = {path.name: path.stat().st_size for path in (WEB / "live").iterdir()}
    assert sizes.pop("engine.js") < 5_000_000
    assert sum(sizes.values()) < 350_000


def test_the_sentences_of_the_tour_are_true():
    scale = block.parameters(block.network("trained"))["scale"]
    assert (scale < 0).all(), "stop 3 of book/lvcbook/templates/live.html says so"
    made, (row, column) = page.start(), page.START["pixel"]
    at = row * made["ReLU"].shape[3] + column
    nearest = made["squared distance"][0, at].argmin()
    heaviest = made["assignment weights"][0, at].argmax()
    assert nearest != heaviest == page.START["codeword"], "so does stop 3"


@pytest.mark.parametrize("name", page.PHOTOGRAPHS)
def test_a_longer_side_leaves_the_divided_encoding_about_as_large(name):
    network, lengths, whole = block.network("trained"), [], []
    for size in page.SIZES:
        picture = page.grey(name, size).float()
        made = block.run(network, picture)
        n = made[block.SPLIT][0, 0].numel()
        whole.append(made["encoding"].norm())
        lengths.append(whole[-1] * block.pixels_in_training(network) / n)
    assert max(lengths) < 1.5 * min(lengths), "stop 6 says so"
    assert max(whole) > 10 * min(whole), "so does stop 6"
