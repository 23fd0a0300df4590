"""The scenes and the small detector of chapter 12."""

import pytest
import torch

from lvcbook.experiment import detector, scenes
from lvcbook.experiment.data import generator_of
from lvcbook.experiment.protocol import SCENES, Arm
from lvcbook.experiment.training import FIRST, fit

BOXES = [
    torch.tensor([[8, 4, 24, 20, 3], [40, 40, 54, 54, 7]]),
    torch.tensor([[30, 2, 42, 14, 0]]),
]


def perfect(boxes, classes=10, cells=16):
    """Return what a detector would predict that knows the boxes."""
    predicted = torch.zeros(len(boxes), classes + 4, cells, cells)
    predicted[:, :classes] = -10
    target, *of_cells = detector._targets(boxes, predicted[:, :classes])
    for (b, row, column), place, size in zip(*of_cells):
        name = target[b, :, row, column].argmax()
        predicted[b, name, row, column] = 10
        predicted[b, classes : classes + 2, row, column] = place.logit(eps=1e-6)
        predicted[b, classes + 2 :, row, column] = size
    return predicted


class Fixed(torch.nn.Module):
    def __init__(self, predicted):
        super().__init__()
        self.predicted = predicted

    def forward(self, x):
        return self.predicted


def test_perfect_predictions_give_the_boxes_back():
    boxes, scores, names = detector.detections(perfect(BOXES))
    for i, of_image in enumerate(BOXES):
        count = len(of_image)
        assert (scores[i, :count] > 0.99).all() and (scores[i, count:] < 0.01).all()
        found = {
            (*map(round, box.tolist()), name.item())
            for box, name in zip(boxes[i, :count], names[i, :count])
        }
        wanted = {(x, y, r - x, b - y, name) for x, y, r, b, name in of_image.tolist()}
        assert found == wanted


def test_average_precision_is_1_for_the_boxes_and_less_for_moved_ones():
    images = torch.zeros(len(BOXES), 1, 64, 64)
    right = detector.average_precision(Fixed(perfect(BOXES)), images, BOXES)
    assert right == pytest.approx(1)
    moved = [boxes + torch.tensor([3, 0, 3, 0, 0]) for boxes in BOXES]
    assert 0 < detector.average_precision(Fixed(perfect(moved)), images, BOXES) < 0.6
    named = [boxes + torch.tensor([0, 0, 0, 0, 1]) for boxes in BOXES]
    assert detector.average_precision(Fixed(perfect(named)), images, BOXES) == 0


def test_a_perfect_prediction_has_the_smallest_loss():
    right = detector.loss(perfect(BOXES), BOXES)
    moved = [boxes + torch.tensor([3, 0, 3, 0, 0]) for boxes in BOXES]
    assert right < 0.1 < detector.loss(perfect(moved), BOXES)


@pytest.mark.parametrize("part", ["training", "validation", "test"])
def test_a_scene_has_digits_that_do_not_overlap_inside_it(part):
    images, boxes = scenes.scenes(part, 20, generator_of(5, 1))
    assert images.shape == (20, 1, 64, 64)
    for of_image in boxes:
        assert 1 <= len(of_image) <= scenes.MOST
        covered = torch.zeros(64, 64)
        for left, top, right, bottom, name in of_image.tolist():
            assert scenes.SMALLEST <= right - left == bottom - top <= scenes.LARGEST
            assert 0 <= name < 10 and left >= 0 and right <= 64
            covered[top:bottom, left:right] += 1
        assert covered.max() == 1


def test_no_digit_and_no_background_serves_two_parts(monkeypatch):
    """Every digit and every pixel of a photograph has a number here."""
    count = len(scenes.digits()[0])
    numbers = torch.arange(count)
    monkeypatch.setattr(scenes, "digits", lambda: (numbers, numbers))
    monkeypatch.setattr(scenes, "grey", lambda _: torch.arange(99).reshape(9, 11))
    parts = ("training", "validation", "test")
    digits = torch.cat([scenes._digits(part)[0] for part in parts])
    assert sorted(digits.tolist()) == [*range(count)]
    pixels = torch.cat([scenes._backgrounds(part)[0].flatten() for part in parts])
    assert sorted(pixels.tolist()) == [*range(99)]


@pytest.mark.parametrize("which", SCENES, ids=str)
def test_a_detector_predicts_a_cell_for_every_four_pixels(which):
    model = detector.detector(Arm("scenes", *which), seed=0, classes=10).eval()
    for size in (64, scenes.LARGER):
        shape = model(torch.zeros(2, 1, size, size)).shape
        assert shape == (2, 14, size // 4, size // 4)


def test_the_convolutions_are_of_the_size_of_the_block():
    """Parameters to 1 %, and operations to 3 %."""
    block, other = (
        detector.middle_of(name, 64) for name in ("EVCBlock", "3x3 convolutions")
    )
    for count, close in ((detector.parameters, 0.01), (detector.operations, 0.03)):
        assert count(other) == pytest.approx(count(block), rel=close)


def test_middles_of_a_seed_share_their_first_weights():
    one, other = (
        detector.detector(Arm("scenes", *which), 3, 10).middle
        for which in (("stem",), ("stem, LVCBlock", 64))
    )
    torch.testing.assert_close(one[0].weight, other[0][0].weight)


def test_the_se_loss_reads_from_the_encoding_and_falls_with_the_truth():
    arm = Arm("scenes", "EVCBlock", 64, "SE-loss")
    model = detector.detector(arm, 0, 10)
    model(torch.rand(2, 1, 64, 64))
    before = model.se_loss(BOXES)
    before.backward()
    assert model.middle.lvc.LVC[3].codewords.grad.abs().sum() > 0
    with torch.no_grad():
        model.presence.weight.zero_()
        model.presence.bias.fill_(-20.0)
    none = [torch.empty(0, 5, dtype=torch.long)] * 2
    assert model.se_loss(none) < 1e-6 < before < model.se_loss(BOXES)


@pytest.mark.slow
def test_the_loss_falls():
    losses = fit(Arm("scenes", "nothing"), 7, 0.01, 40)[2]
    first, last = losses[:FIRST], losses[-FIRST:]
    assert sum(last) < 0.7 * sum(first)
