"""What a student runs first: training from a YAML, broken off after one epoch."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import torch
from ultralytics import YOLO
from ultralytics.utils.dist import generate_ddp_file

from lvc.ultralytics import validate_as_trained

DEFAULTS = {"data": "data.yaml", "imgsz": 64, "batch": 4, "workers": 0, "device": "cpu"}
DEFAULTS |= {"plots": False, "verbose": False, "project": str(Path("runs").resolve())}

random = np.random.default_rng(0)
for part in "train", "val":
    for kind in "images", "labels":
        Path("data", kind, part).mkdir(parents=True)
    for number, width in enumerate((48, 64, 48, 64)):
        image = random.integers(0, 255, (32, width, 3), dtype=np.uint8)
        image[8:24, 8:24] = 255
        cv2.imwrite(f"data/images/{part}/{number}.png", image)
        Path(f"data/labels/{part}/{number}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
folder = Path("data").resolve()
text = f"path: {folder}\ntrain: images/train\nval: images/val\nnames: [square, other]\n"
Path("data.yaml").write_text(text)

YOLO("yolo11n.yaml").save("yolo11n.pt")
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
snippets = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
(snippet,) = [snippet for snippet in snippets if "ultralytics" in snippet]
names = {}
exec(snippet, names)
yolo = names["yolo"]
carried = yolo.model.model[0].conv.weight.clone()
facts = {}


def begin(trainer):
    began = trainer.model.model[0].conv.weight
    facts["begins with the carried weights"] = torch.equal(began, carried)
    facts["trained at"] = type(trainer.model.model[10]).__module__


def break_off(trainer):
    if trainer.epoch == 1:
        raise KeyboardInterrupt


yolo.add_callback("on_train_start", validate_as_trained)
yolo.add_callback("on_train_start", begin)
yolo.add_callback("on_train_epoch_start", break_off)
try:
    yolo.train(**DEFAULTS, epochs=2, name="first")
except KeyboardInterrupt:
    facts["broken off"] = True

# The file that Ultralytics writes for each process of a training on several GPUs.
yolo = YOLO("yolo11n-evc.yaml")
trainer = yolo._smart_load("trainer")(
    overrides={
        **DEFAULTS,
        "model": "yolo11n-evc.yaml",
        "epochs": 1,
        "name": "parallel",
    },
    _callbacks=yolo.callbacks,
)
assert isinstance(trainer.model, str)  # each process reads the YAML
facts["parallel"] = generate_ddp_file(trainer)
Path("facts.json").write_text(json.dumps(facts))
