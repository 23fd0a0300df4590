"""A new process that never names lvc: resume, use, export, save."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from ultralytics import YOLO

facts = {"off by": {}, "pixels of training": {}}


def keep_pixels(name):
    layer = yolo.model.model[10].lvc.LVC[3]
    pixels = [hook.args[0] for hook in layer._forward_hooks.values()]
    facts["pixels of training"][name] = pixels


assert "lvc" not in sys.modules
yolo = YOLO("runs/first/weights/last.pt")
keep_pixels("last.pt")
yolo.train(resume=True)
facts["epochs"] = len(Path("runs/first/results.csv").read_text().splitlines()) - 1

best = "runs/first/weights/best.pt"
yolo = YOLO(best)
block = yolo.model.model[10]
facts["block"] = type(block).__module__
keep_pixels("resumed")
metrics = yolo.val(data="data.yaml", imgsz=64, plots=False, workers=0, device="cpu")
facts["mAP"] = metrics.box.map


def boxes(rows, columns, **options):
    image = np.full((rows, columns, 3), 127, np.uint8)
    (found,) = YOLO(best).predict(image, imgsz=96, conf=1e-9, verbose=False, **options)
    return found.boxes.data


for rows, columns, options in (64, 64, {}), (48, 96, {}), (64, 64, {"half": True}):
    found = boxes(rows, columns, device="cpu", **options)
    assert found.shape[1] == 6 and found.isfinite().all()

network = YOLO(best).model.eval()


def compare(name, run, *sizes):
    for size in sizes:
        x = torch.rand(1, 3, *size)
        expected = network(x)[0].detach()
        error = (run(x) - expected).abs().max() / expected.abs().max()
        facts["off by"][f"{name} {size}"] = error.item()


def in_onnx_runtime(**options):
    path = yolo.export(format="onnx", imgsz=64, simplify=False, **options)
    session = onnxruntime.InferenceSession(path)
    return lambda x: torch.from_numpy(session.run(None, {"images": x.numpy()})[0])


compare("static", in_onnx_runtime(), (64, 64))
compare("dynamic", in_onnx_runtime(dynamic=True), (64, 64), (96, 32))
compare("TorchScript", torch.jit.load(yolo.export(format="torchscript")), (64, 64))

fused = YOLO(best).fuse()
compare("fused", lambda x: fused.model.eval()(x)[0], (64, 64))
facts["info"] = YOLO(best).info()
facts["parameters"] = sum(p.numel() for p in network.parameters())
facts["parameters of the block"] = sum(p.numel() for p in block.parameters())
YOLO(best).save("saved.pt")
saved = YOLO("saved.pt").model.eval()
compare("saved", lambda x: saved(x)[0], (64, 64))
Path("facts.json").write_text(json.dumps(facts))
