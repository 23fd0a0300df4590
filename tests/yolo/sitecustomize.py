"""For a torch and a torchvision of two builds: nms, which torchvision then lacks.

Ultralytics' validation imports torchvision for nms alone, and has one of its own.
"""

import torch

library = torch.library.Library("torchvision", "DEF")
for name in "nms", "qnms":
    library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def nms(boxes, scores, threshold):
    from ultralytics.utils.nms import TorchNMS

    return TorchNMS.nms(boxes, scores, threshold)


library.impl("nms", nms, "CPU")

import torchvision  # noqa: E402

torchvision.extension._has_ops = lambda: True
