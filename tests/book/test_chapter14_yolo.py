"""What chapter 14 says about Ultralytics' YOLO, held against the real package.

Its texts are README's, which tests/test_ultralytics.py runs in processes of their own.
"""

import copy
import inspect
import json
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import lvc
from lvcbook import figures
from lvcbook.exercises import ch14

pytestmark = pytest.mark.slow

if find_spec("ultralytics") is None:
    pytest.skip(
        "Ultralytics is not installed: pip install --no-deps -r tests/requirements-ultralytics.txt",
        allow_module_level=True,
    )

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
BOOK = ROOT / "book"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads((BOOK / "ch14_your_network.ipynb").read_text("utf-8"))[
        "cells"
    ]
}
TEXTS = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder to work in, where Ultralytics also keeps its settings, offline."""
    folder = tmp_path_factory.mktemp("yolo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("YOLO_CONFIG_DIR", str(folder))
        patch.setenv("YOLO_OFFLINE", "true")
        patch.setenv("YOLO_AUTOINSTALL", "false")
        yield folder


@pytest.fixture(scope="module")
def plain(folder):
    """A yolo11n, and its file."""
    from ultralytics import YOLO

    YOLO("yolo11n.yaml").save("yolo11n.pt")
    return YOLO("yolo11n.pt").model


@pytest.fixture(scope="module")
def names(plain):
    """What the chapter's recipe defines, run beside the file."""
    names = {}
    _, text = TEXTS.findall(CELLS["title"])[0]
    torch.manual_seed(0)
    exec(compile(text, "chapter 14", "exec"), names)
    return names


@pytest.fixture
def model(names):
    return names["yolo"].model


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_recipe_is_that_of_the_readme():
    in_readme = TEXTS.findall((ROOT / "README.md").read_text("utf-8"))
    recipe = TEXTS.findall(CELLS["title"])
    assert [kind for kind, _ in recipe] == ["python", ""]
    assert all(text in in_readme for text in recipe)


def test_the_other_texts_are_what_the_scripts_of_tests_yolo_run():
    """Names apart: there the file of a pasted block is old.pt, here best.pt."""
    build, train = (
        (TESTS / "yolo" / name).read_text("utf-8") for name in ("build.py", "train.py")
    )
    (_, migrate), (_, validate) = [
        text for cell in list(CELLS)[1:] for text in TEXTS.findall(CELLS[cell])
    ]
    there, here = [line.partition("  #")[0] for line in migrate.splitlines()]
    assert there.replace("best.pt", "old.pt") in build
    assert here == 'carry_over(yolo, torch.load("state.pt"))'
    assert 'torch.load("state.pt")' in build and "carry_over(new, checkpoint)" in build
    *_, added, _ = validate.splitlines()
    assert added.partition("  #")[0] in train


def test_the_chapter_names_the_version_that_is_tested():
    wanted = re.search(
        r"^ultralytics==(.*)$",
        (TESTS / "requirements-ultralytics.txt").read_text(),
        re.M,
    )[1]
    assert version("ultralytics") == wanted
    assert f"Ultralytics {wanted}." in " ".join(CELLS["title"].split())


@pytest.mark.parametrize("place", ["SPPF", "nn.Upsample"])
def test_the_picture_is_the_yaml(place, names):
    """Arrows are what reads what, where Conv, Upsample and Concat are left out."""
    shown = {"figures": figures}
    exec(CELLS["places"], shown)
    drawn = shown["after_sppf" if place == "SPPF" else "after_upsample"]
    arrows = {
        tuple((drawn[key].name, drawn[key].row) for key in edge)
        for edge in figures.edges(shown["chains"][place])
    }

    yaml = names["yaml_with"]("EVCBlock", "yolo11n", place, f"yolo11n-{place}.yaml")
    from ultralytics import YOLO

    rows = YOLO(yaml).model.model
    stride, sources, boxes = {-1: 1}, {-1: set()}, {}
    for row in rows:
        kind = row.type.rpartition(".")[2]
        before = [row.f] if isinstance(row.f, int) else row.f
        before = [row.i + f if f < 0 else f for f in before]
        stride[row.i] = max(stride[number] for number in before)
        if kind == "Conv":
            stride[row.i] *= 2
        elif kind == "Upsample":
            stride[row.i] //= 2
        elif kind == "Concat":
            assert len({stride[number] for number in before}) == 1
        sources[row.i] = set().union(*(sources[number] for number in before))
        if kind not in ("Conv", "Upsample", "Concat"):
            boxes[row.i], sources[row.i] = sources[row.i], {row.i}
    *_, detect = boxes
    kinds = {row.i: row.type.rpartition(".")[2] for row in rows}

    def box(number):
        in_backbone = kinds[number] == "C3k2" and number < 9
        here = stride[number]
        return f"stride {here}" if in_backbone else kinds[number], here

    real = {
        (box(source), box(number))
        for number, found in boxes.items()
        for source in found
        if number != detect and stride[source] >= 8
    }
    assert arrows == real
    last = {box(number) for number in boxes[detect]}
    assert last == {("C3k2", stride) for stride in (8, 16, 32)}
    assert [drawn[f"{key}"].row for key in ("to fine", "back to middle")] == [8, 16]


def test_the_block_has_more_parameters_than_all_other_rows(model, plain):
    block = model.model[10]
    assert isinstance(block, lvc.EVCBlock)
    assert count(block) > count(model) - count(block) == count(plain)


def test_ultralytics_own_load_leaves_more_than_half_out(plain, names):
    held, old = names["yolo"].model.state_dict(), plain.state_dict()
    same = [
        name for name in held if name in old and held[name].shape == old[name].shape
    ]
    assert len(same) < len(old) / 2
    from ultralytics.utils.torch_utils import intersect_dicts

    assert len(intersect_dicts(old, held)) == len(same)  # which load() uses


@pytest.mark.parametrize("block", ["EVCBlock", "LVCBlock"])
def test_what_is_carried_over(block, names):
    from ultralytics import YOLO

    yolo = YOLO(names["yaml_with"](block, "yolo11n"))
    carried = names["carry_over"](yolo, "yolo11n.pt")
    new = getattr(lvc, block)(ch14.CHANNELS).state_dict()
    assert carried == (ch14.PLAIN, ch14.PLAIN + len(new))
    assert yolo.model.model[10].channels == ch14.CHANNELS


def values(module):
    norms = [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    return {(norm.eps, norm.momentum) for norm in norms}


def test_as_in_detector_sets_what_ultralytics_sets_in_a_network_that_it_builds(model):
    assert values(lvc.as_in_detector(lvc.EVCBlock(8))) == {(0.001, 0.03)}
    assert values(model) == {(0.001, 0.03)}  # the block's, and all others
    assert values(lvc.EVCBlock(256)) == {(1e-6, 0.1), (1e-5, 0.1)}


def test_a_block_that_ultralytics_initialises_gives_the_official_output():
    from ultralytics.utils.torch_utils import initialize_weights

    with np.load(
        BOOK / "data" / "official" / "evcblock_c32_detector.npz", allow_pickle=False
    ) as file:
        golden = {name: torch.from_numpy(file[name]) for name in file.files}
    state = {
        name.removeprefix("state/"): value
        for name, value in golden.items()
        if name.startswith("state/")
    }
    block = lvc.EVCBlock(32).eval()
    initialize_weights(block)  # what does it to the network
    block.load_state_dict(lvc.load_cfpnet(state).state_dict())
    expected = golden["eval/y"]
    error = (block(golden["x"]) - expected).abs().max() / expected.abs().max()
    assert error < 1e-5


def test_a_block_out_of_a_saved_model(model, folder):
    """The file holds the model itself, as Ultralytics saves it, so its state goes first."""
    torch.save({"model": copy.deepcopy(model).half()}, "best.pt")
    with pytest.raises(ValueError, match=r"best.pt holds .*\.DetectionModel\)"):
        lvc.load_cfpnet("best.pt")
    saved = torch.load("best.pt", weights_only=False)["model"]
    torch.save(saved.state_dict(), "state.pt")
    block = lvc.load_cfpnet("state.pt", prefix="model.10.")
    assert values(block) == values(saved)
    trained = saved.float().model[10].eval()
    x = torch.rand(1, 256, 8, 8)
    assert torch.equal(block(x), trained(x))


def test_a_trained_network_sees_the_pixels_of_training(model):
    _, text = TEXTS.findall(CELLS["size-after"])[0]
    yolo = SimpleNamespace(model=copy.deepcopy(model))
    exec(text.splitlines()[-1], {"lvc": lvc, "torch": torch, "yolo": yolo})
    (hook,) = yolo.model.model[10].lvc.LVC[3]._forward_hooks.values()
    assert hook.args == (20 * 20,)  # stride 32


def test_a_saved_model_asks_for_a_package_of_the_missing_name(folder, monkeypatch):
    from ultralytics.nn import tasks

    asked = []

    def load(*_, **__):
        raise ModuleNotFoundError("No module named 'lvc'", name="lvc")

    def install(package):
        asked.append(package)
        raise KeyboardInterrupt

    Path("moved.pt").touch()
    monkeypatch.setattr(tasks, "torch_load", load)
    monkeypatch.setattr(tasks, "check_requirements", install)
    with pytest.raises(KeyboardInterrupt):
        tasks.torch_safe_load("moved.pt")
    assert asked == ["lvc"]


def test_training_takes_squares_and_what_follows_rectangles(names, model):
    from ultralytics.cfg import get_cfg
    from ultralytics.models.yolo.detect import DetectionPredictor, DetectionTrainer

    assert get_cfg().rect is False
    assert 'rect=mode == "val"' in inspect.getsource(DetectionTrainer.build_dataset)
    assert '"rect": True' in inspect.getsource(names["YOLO"].predict)
    predictor = DetectionPredictor(overrides={"rect": True, "device": "cpu"})
    predictor.setup_model(copy.deepcopy(model), verbose=False)
    predictor.imgsz = [640, 640]
    (wide,) = predictor.pre_transform([np.zeros((720, 1280, 3), np.uint8)])
    assert wide.shape == (384, 640, 3)


def test_validation_gives_a_square_more_pixels_than_training(folder):
    import cv2
    from ultralytics.cfg import get_cfg
    from ultralytics.data.build import build_yolo_dataset

    Path("square", "images").mkdir(parents=True)
    cv2.imwrite("square/images/0.png", np.zeros((640, 640, 3), np.uint8))
    cfg, data = get_cfg(), {"names": {0: "square"}, "channels": 3}
    made = build_yolo_dataset(
        cfg, "square/images", 1, data, mode="val", rect=True, stride=32
    )
    assert made.batch_shapes.tolist() == [[672, 672]]
