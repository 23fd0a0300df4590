"""A small detector: a backbone, CFPNet's place in a neck, and a head without anchors.

It predicts, in each cell of the map at stride 4, whether the centre of a digit lies
there, which digit, where in the cell and how large, as CenterNet does.
"""

import contextlib
import io
import math
from copy import deepcopy

import torch
from einops import rearrange, reduce
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn
from torch.nn import functional as f
from torch.utils.flop_counter import FlopCounterMode

import lvc

from .networks import CHANNELS, Constant, excitation, parameters
from .protocol import SE_LOSS, SETTINGS

STRIDE, KEPT = 4, 20  # pixels of a cell; detections kept in an image
BACKBONE = (12, 24, 32)  # channels at strides 2, 4, 8
SE_WEIGHT = 0.2  # EncNet's
ON_COARSEST, BEHIND = "on the coarsest map", "behind the concatenation"


class Detector(nn.Module):
    """Backbone, neck with `middle` at CFPNet's place, head: (b 1 h w) -> (b o h w)."""

    def __init__(self, middle, place, classes):
        super().__init__()
        widths = (1, *BACKBONE)
        self.backbone = nn.ModuleList(
            nn.Sequential(_conv(one, other, 2), _conv(other, other))
            for one, other in zip(widths, widths[1:])
        )
        self.lateral = _conv(BACKBONE[2], CHANNELS, kernel=1)
        self.join = _conv(CHANNELS + BACKBONE[1], BACKBONE[2])
        if place == BEHIND:
            self.join = _conv(CHANNELS + BACKBONE[1], CHANNELS)
        self.head = nn.Conv2d(self.join[0].out_channels, classes + 4, 1)
        nn.init.constant_(self.head.bias[:classes], -4.0)  # a digit is rare
        self.middle, self.place = middle, place

    def add_se_loss(self, classes):
        """Let a linear layer read from the encoding which digits are there."""
        self.presence = nn.Linear(CHANNELS, classes)
        keep = lambda _, __, encoding: setattr(self, "encoding", encoding)  # noqa: E731
        self.middle.lvc.LVC.register_forward_hook(keep)

    def se_loss(self, boxes):
        """Return EncNet's loss of the last images, with its weight."""
        said = self.presence(self.encoding)
        there = torch.zeros_like(said)
        for i, of_image in enumerate(boxes):
            there[i, of_image[:, 4]] = 1
        return SE_WEIGHT * f.binary_cross_entropy_with_logits(said, there)

    def forward(self, x):
        finest, fine, coarse = self.levels(x)
        x = self.lateral(coarse)
        if self.place == ON_COARSEST:
            x = self.middle(x)
        x = f.interpolate(x, scale_factor=2.0)
        if self.place == "":
            x = self.middle(x)
        x = self.join(torch.cat([x, fine], dim=1))
        return self.head(self.middle(x) if self.place == BEHIND else x)

    def levels(self, x):
        maps = []
        for stage in self.backbone:
            x = stage(x)
            maps.append(x)
        return maps


def detector(arm, seed: int, classes: int) -> Detector:
    """Return the detector of an arm. Arms of a seed share what they can."""
    torch.manual_seed(10 * seed + 2)
    name, _, place = arm.middle.partition(" on the ")
    place = ON_COARSEST if place else ""
    if name.endswith(BEHIND):
        name, place = name.removesuffix(f" {BEHIND}"), BEHIND
    model = Detector(nn.Identity(), place, classes)
    torch.manual_seed(10 * seed + 3)
    model.middle = middle_of(name, arm.codes)
    if arm.change == SE_LOSS:
        model.add_se_loss(classes)
    return model


def middle_of(name: str, codes: int) -> nn.Module:
    """Return what stands at CFPNet's place: EVCBlock, a part of it, or another."""
    whole = lvc.EVCBlock(CHANNELS, num_codes=codes or 64)
    stem = nn.Sequential(whole.conv1, whole.bn1, whole.act1, whole.maxpool)
    block = whole.lvc
    if name.endswith("constant gate"):
        block.LVC, block.fc = Constant(torch.full((CHANNELS,), 0.5)), nn.Identity()
    elif name.endswith("squeeze-and-excitation"):
        block.LVC, block.fc = excitation(parameters(block.LVC) + parameters(block.fc))
    return {
        "nothing": nn.Identity(),
        "stem": stem,
        "stem, LVCBlock": nn.Sequential(stem, block),
        "stem, constant gate": nn.Sequential(stem, block),
        "stem, squeeze-and-excitation": nn.Sequential(stem, block),
        "stem, LightMLP": nn.Sequential(stem, whole.l_MLP),
        "EVCBlock": whole,
        "3x3 convolutions": _of_size(parameters(whole)),
    }[name]


def _of_size(count):
    """Return two 3x3 convolutions with BatchNorm and ReLU of `count` parameters."""
    width = round((count - 2 * CHANNELS) / (18 * CHANNELS + 2))
    return nn.Sequential(_conv(CHANNELS, width), _conv(width, CHANNELS))


@torch.no_grad()
def operations(module, side: int = SETTINGS["scene"] // STRIDE) -> int:
    """Count multiplications and additions on one map, as torch counts them."""
    counter = FlopCounterMode(display=False)
    x = torch.zeros(1, CHANNELS, side, side, device="meta")
    with counter:
        deepcopy(module).eval().to("meta")(x)
    return counter.get_total_flops()


def _conv(one, other, stride=1, kernel=3):
    conv = nn.Conv2d(one, other, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(other), nn.ReLU())


def loss(predicted, boxes):
    """Return the loss of CenterNet: focal for the centres, L1 for place and size."""
    heat, place, size = _parts(predicted)
    target, cells, places, sizes = _targets(boxes, heat)
    probability = heat.sigmoid().clamp(1e-4, 1 - 1e-4)
    is_centre = target == 1
    hit = (1 - probability) ** 2 * probability.log() * is_centre
    miss = (1 - target) ** 4 * probability**2 * (1 - probability).log() * ~is_centre
    count = len(cells)
    b, row, column = cells.unbind(dim=1)
    of_place = (place[b, :, row, column].sigmoid() - places).abs().sum()
    of_size = (size[b, :, row, column] - sizes).abs().sum()
    return (of_place + of_size - (hit + miss).sum()) / count


def _parts(predicted):
    classes = predicted.shape[1] - 4
    return predicted.split([classes, 2, 2], dim=1)


def _targets(boxes, heat):
    """Return heat map, cells (b row column), place in a cell, log of size in cells."""
    target = torch.zeros_like(heat)
    h, w = heat.shape[-2:]
    rows, columns = torch.arange(h), torch.arange(w)
    cells, places, sizes = [], [], []
    for b, of_image in enumerate(boxes):
        for left, top, right, bottom, name in of_image.tolist():
            x, y = (left + right) / 2 / STRIDE, (top + bottom) / 2 / STRIDE
            row, column, side = int(y), int(x), (right - left) / STRIDE
            near = (rows - row)[:, None] ** 2 + (columns - column)[None] ** 2
            spot = torch.exp(-near / (2 * (side / 6) ** 2))
            target[b, name] = torch.maximum(target[b, name], spot)
            cells.append((b, row, column))
            places.append((x - column, y - row))
            sizes.append((math.log(side), math.log((bottom - top) / STRIDE)))
    return target, *map(torch.tensor, (cells, places, sizes))


@torch.no_grad()
def detections(predicted):
    """Return of each image the boxes, (KEPT, 4), their scores and their names."""
    heat, place, size = _parts(predicted)
    heat, place = heat.sigmoid(), place.sigmoid()
    peaks = heat * (f.max_pool2d(heat, 3, stride=1, padding=1) == heat)
    w = heat.shape[-1]
    scores, index = rearrange(peaks, "b o h w -> b (o h w)").topk(KEPT)
    name, cell = index // (heat.shape[2] * w), index % (heat.shape[2] * w)
    row, column = cell // w, cell % w
    batch = torch.arange(len(heat))[:, None]
    x = column + place[batch, 0, row, column]
    y = row + place[batch, 1, row, column]
    side = size[batch, :, row, column].clamp(-2, 4).exp()
    corner = torch.stack([x, y], dim=-1) - side / 2
    boxes = torch.cat([corner, side], dim=-1) * STRIDE  # left, top, width, height
    return boxes, scores, name


@torch.no_grad()
def average_precision(model, images, boxes) -> float:
    """Return COCO's AP, the mean over IoU 0.5 to 0.95, of a detector in eval mode."""
    truth, found = [], []
    for i, of_image in enumerate(boxes):
        for left, top, right, bottom, name in of_image.tolist():
            box = [left, top, right - left, bottom - top]
            truth.append({"image_id": i, "category_id": name, "bbox": box})
            truth[-1] |= {"id": len(truth), "area": box[2] * box[3], "iscrowd": 0}
    predicted = torch.cat([model(part) for part in images.split(50)])
    for i, (of_boxes, scores, names) in enumerate(zip(*detections(predicted))):
        rows = zip(of_boxes.tolist(), scores.tolist(), names.tolist())
        for box, score, name in rows:
            one = {"image_id": i, "category_id": name, "bbox": box, "score": score}
            found.append(one)
    return coco_ap(truth, found, len(boxes))


def coco_ap(truth, found, count) -> float:
    """Return the average precision that pycocotools computes."""
    names = sorted({one["category_id"] for one in truth})
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": i} for i in range(count)],
            "categories": [{"id": name} for name in names],
            "annotations": truth,
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@torch.no_grad()
def mean_gate(model, images):
    """Return the gate of each channel, averaged over images: (c)."""
    gates = []
    for module in model.modules():
        if isinstance(module, lvc.LVCBlock):
            module.fc.register_forward_hook(lambda _, __, gate: gates.append(gate))
    model(images)
    return reduce(gates[0], "b c -> c", "mean")
