"""The networks with the block at every scale, other checkpoints, and wrong input."""

import copy
import json
from pathlib import Path

import torch
from ultralytics import YOLO
from ultralytics.nn import tasks

import lvc
from lvc.ultralytics import BLOCKS, carry_over, register, yaml_with
from tools import pasted

VARIANTS = ("EVCBlock", "SPPF"), ("EVCBlock", "nn.Upsample"), ("LVCBlock", "SPPF")
facts = {"built": {}, "errors": {}, "rows": {}, "carried": {}}


def sources(row):
    listed = [row.f] if isinstance(row.f, int) else row.f
    return [row.i + f if f < 0 else f for f in listed]


def shapes(rows, x):
    """Run the rows as Ultralytics does, on tensors without numbers."""
    made = {-1: x}
    for row in rows:
        x = [made[f] for f in sources(row)]
        made[row.i] = row(x[0] if isinstance(row.f, int) else x)
    heads = made[rows[-1].i]
    return [tuple(map_.shape) for map_ in heads.get("one2many", heads)["feats"]]


def built(file, runs):
    with torch.device("meta"):
        network = copy.deepcopy(tasks.yaml_model_load(file))
        rows, _ = tasks.parse_model(network, ch=3, verbose=False)
        (block,) = (row for row in rows if type(row).__name__ in BLOCKS)
        made = {
            "row": [type(rows[block.i - 1]).__name__, type(block).__name__],
            "channels": block.channels,
            "read by": [type(r).__name__ for r in rows if block.i in sources(r)],
            "detects": [type(rows[f]).__name__ for f in rows[-1].f],
        }
        if runs:
            rows[:-1].eval()  # the head in training mode returns its maps
            x = torch.zeros(1, 3, 64, 64)
            made["sizes"] = [shape[2] for shape in shapes(rows, x)]
        return made


for name in "yolov8", "yolo11", "yolo26":
    for block, after in VARIANTS:
        for scale in "nsmlx":
            file = yaml_with(block, name + scale, after, f"{name}{scale}.yaml")
            facts["built"][f"{name}{scale} {block} {after}"] = built(file, scale == "m")
            file.unlink()


# A YAML without scales, and with a number alone before its rows.
for name in "yolov9c", "yolov3":
    file = yaml_with("LVCBlock", name, "nn.Upsample")
    facts["built"][name] = built(file, runs=False)["row"]


def error_of(function, *arguments):
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


# What may stand in a row: 256 channels at scale n, of which 1024 is written elsewhere.
file = yaml_with("EVCBlock", "yolo11n")
facts["file"] = str(file)
assert yaml_with("EVCBlock", "yolo11n") == file  # the same text may be there
text = file.read_text()
row = "EVCBlock, []"
for written in "[]", "[256]", "[256, 256]", "[1024]", "[128]", "[256, 64]", "[1, 2, 3]":
    Path("yolo11n-row.yaml").write_text(text.replace(row, f"EVCBlock, {written}"))
    network = copy.deepcopy(tasks.yaml_model_load("yolo11n-row.yaml"))
    try:
        with torch.device("meta"):
            rows, _ = tasks.parse_model(network, ch=3, verbose=False)
        facts["rows"][written] = rows[10].channels
    except ValueError as error:
        facts["rows"][written] = str(error)
network = copy.deepcopy(tasks.yaml_model_load("yolo11n-cls.yaml"))
network["head"].insert(0, [-1, 1, "EVCBlock", []])
with torch.device("meta"):
    rows, _ = tasks.parse_model(network, ch=3, verbose=False)
facts["rows"]["in a classifier"] = rows[-2].channels
Path("yolo11n-row.yaml").write_text(text.replace(row, "EVCBlok, []"))
facts["errors"]["name"] = error_of(YOLO, "yolo11n-row.yaml")
facts["errors"]["block"] = error_of(yaml_with, "SPPF", "yolo11n")
facts["errors"]["after"] = error_of(yaml_with, "EVCBlock", "yolov8n", "C2PSA")
file.write_text(text + "# mine\n")
facts["errors"]["file"] = error_of(yaml_with, "EVCBlock", "yolo11n")
file.write_text(text)

# A plain file's weights, found again behind the new row.
plain = YOLO("yolo11n.yaml")
plain.model.names = {number: f"name {number}" for number in range(80)}
plain.save("yolo11n.pt")
yolo = YOLO(file)
facts["carried"]["plain"] = carry_over(yolo, "yolo11n.pt")
assert yolo.model.names == plain.model.names
for ours, theirs in zip(
    [*yolo.model.model[:10], *yolo.model.model[11:]], plain.model.model
):
    for one, other in zip(ours.state_dict().values(), theirs.state_dict().values()):
        assert torch.equal(one, other.half().float())
norms = [
    m for m in yolo.model.model[10].modules() if isinstance(m, torch.nn.BatchNorm2d)
]
facts["eps"] = sorted({norm.eps for norm in norms})
facts["parameters in the table"] = yolo.model.model[10].np
yolo.save("yolo11n-evc.pt")

small = YOLO(yaml_with("EVCBlock", "yolo11s"))
facts["errors"]["scale"] = error_of(carry_over, small, "yolo11n.pt")
other = YOLO(yaml_with("EVCBlock", "yolov8n", "nn.Upsample"))
facts["errors"]["other"] = error_of(carry_over, other, "yolo11n.pt")
facts["errors"]["weights"] = error_of(carry_over, yolo, "yolo11n.yaml")
Path("best.onnx").touch()
facts["errors"]["format"] = error_of(carry_over, yolo, "best.onnx")
facts["errors"]["yolo"] = error_of(carry_over, "yolo11n.pt", "yolo11n.pt")
facts["errors"]["dictionary"] = error_of(carry_over, yolo, {"model": 1})
facts["carried"]["by name"] = carry_over(YOLO(file), plain.model.state_dict())
facts["errors"]["names"] = error_of(carry_over, yolo, {"w": torch.zeros(1)})
facts["errors"]["safe"] = error_of(tasks.torch_safe_load, "yolo11n-evc.pt", True)

# A pasted block's file, with its code and without.
tasks.EVCBlock, tasks.parse_model = pasted.EVCBlock, tasks.parse_model.__wrapped__
Path("yolo11n-row.yaml").write_text(text.replace(row, "EVCBlock, [256]"))
old = YOLO("yolo11n-row.yaml")
assert type(old.model.model[10]) is pasted.EVCBlock
for norm in old.model.model[10].modules():
    if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
        norm.running_var.uniform_(0.01, 1)
old.save("old.pt")
torch.save(YOLO("old.pt").model.state_dict(), "state.pt")
register()
assert tasks.EVCBlock is pasted.EVCBlock  # what a file needs stays
x = torch.rand(1, 3, 64, 64)
expected = YOLO("old.pt").model(x)[0]
for key, checkpoint in ("pasted", "old.pt"), ("state", torch.load("state.pt")):
    new = YOLO(file)
    facts["carried"][key] = carry_over(new, checkpoint)
    assert isinstance(new.model.model[10], lvc.EVCBlock)
    error = (new.model.eval()(x)[0] - expected).abs().max() / expected.abs().max()
    facts[f"{key} is off by"] = error.item()

Path("facts.json").write_text(json.dumps(facts))
