"""Export the block of the live page, trained and new, with every step as an output.

Writes book/web/live/blocks.js and photographs.js, which the page loads.
"""

import argparse
import base64
import io
import json
import warnings
from pathlib import Path

import onnx
import skimage.data
import torch
from PIL import Image

from lvcbook.live import block, page

BOOK = Path(__file__).parents[2]
SCRIPT = BOOK / "web" / "live" / "blocks.js"
LARGEST = max(page.SIZES)


def exported(module, inputs, outputs, dynamic) -> bytes:
    """Return a module as ONNX, without what names the machine that wrote it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own libraries
        program = torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            input_names=[*inputs],
            output_names=outputs,
            dynamic_shapes=dynamic,
            dynamo=True,
            verbose=False,
        )
    model = program.model_proto
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    return model.SerializeToString()


def pieces(network) -> dict[str, bytes]:
    """Return the pieces of a network by name, each as ONNX."""
    h, w = (torch.export.Dim(axis, min=1, max=4096) for axis in "hw")
    before, after = block.names("literal")
    picture = {"picture": torch.rand(1, 1, 38, 26)}
    made = {
        "front": exported(
            block.Front(network), picture, before, {"picture": {2: h, 3: w}}
        )
    }
    x = block.Front(network)(*picture.values())[-1].detach()
    inputs = {"x": x} | block.parameters(network) | {"share": torch.tensor(1.0)}
    dynamic = {"x": {2: h, 3: w}, "codewords": {}, "scale": {}, "share": {}}
    for form in block.FORMS:
        after = block.names(form)[1]
        made[form] = exported(block.Back(network, form), inputs, after, dynamic)
    return made


def data() -> dict:
    """Return all that the page needs to run the block."""
    networks = {}
    for name in block.NETWORKS:
        network = block.network(name)
        networks[name] = {
            "pieces": {
                piece: base64.b64encode(file).decode()
                for piece, file in pieces(network).items()
            }
        } | {key: value.tolist() for key, value in block.parameters(network).items()}
    pixels = block.pixels_in_training(block.network("trained"))
    return {"pixels": pixels, "networks": networks}


def photograph(name: str) -> bytes:
    """Return a photograph of scikit-image, made small, as a file."""
    photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    photo.thumbnail((LARGEST, LARGEST))
    file = io.BytesIO()
    photo.save(file, "WebP", quality=85, method=6)
    return file.getvalue()


def script(name: str, content: dict) -> str:
    text = json.dumps(content, separators=(",", ":"))
    return f'"use strict";\nself.{name} = {text};\n'


def main() -> None:
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    SCRIPT.write_text(script("lvcBlocks", data()), encoding="utf-8")
    photos = {name: photograph(name) for name in page.PHOTOGRAPHS}
    as_text = {name: base64.b64encode(file).decode() for name, file in photos.items()}
    page.FILE.write_text(script("lvcPictures", as_text), encoding="utf-8")
    for path in (SCRIPT, page.FILE):
        print(f"{path.relative_to(BOOK.parent)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
