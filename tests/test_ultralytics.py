"""What chapter 14 says about Ultralytics' YOLO, by running its two texts against the real package."""

import copy
import inspect
import json
import math
import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

import lvc

pytestmark = pytest.mark.slow

if find_spec("ultralytics") is None:
    pytest.skip(
        "Ultralytics is not installed: pip install --no-deps -r tests/requirements-ultralytics.txt",
        allow_module_level=True,
    )

TESTS = Path(__file__).parent
BOOK = TESTS.parent / "book"
CHAPTER = BOOK / "ch14_your_network.ipynb"
CELLS = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(CHAPTER.read_text(encoding="utf-8"))["cells"]
}
TEXTS = dict(re.findall(r"```(yaml|python)\n(.*?)```", "\n".join(CELLS.values()), re.S))
SCALES = yaml.safe_load(TEXTS["yaml"])["scales"]


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
def names(folder):
    """What the chapter's Python defines, run beside the chapter's YAML."""
    Path("yolo8n-evc.yaml").write_text(TEXTS["yaml"])
    names = {}
    torch.manual_seed(0)
    exec(compile(TEXTS["python"], "chapter 14", "exec"), names)
    return names


@pytest.fixture
def tasks(names):
    return names["tasks"]


@pytest.fixture(scope="module")
def scaled():
    """The chapter's function from the channels of a row to those after scaling."""
    names = {"ceil": math.ceil}
    exec(CELLS["yolo-channels"], names)
    return names["scaled"]


def build(tasks, scale="n", rows="EVCBlock, [128]"):
    """Return the chapter's network at another scale or with other rows for EVCBlock."""
    assert TEXTS["yaml"].count("EVCBlock, [128]") == 1
    config = yaml.safe_load(TEXTS["yaml"].replace("EVCBlock, [128]", rows))
    return tasks.DetectionModel(config | {"scale": scale}, verbose=False)


def with_lateral(written, channels):
    """Return the chapter's network at scale n with another lateral row."""
    text = TEXTS["yaml"].replace("Conv, [512, 1, 1]", f"Conv, [{written}, 1, 1]")
    text = text.replace("EVCBlock, [128]", f"EVCBlock, [{channels}]")
    return yaml.safe_load(text) | {"scale": "n"}


def one_step(model, names):
    """Return the loss on the chapter's batch; every parameter of the block gets a gradient."""
    model.args = names["get_cfg"]()
    loss = model.train().loss(names["batch"])[0].sum()
    loss.backward()
    return loss


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_chapter_has_one_text_of_each_kind():
    assert re.findall(r"```(\w+)", "\n".join(CELLS.values())) == ["yaml", "python"]


def test_the_chapter_names_the_version_that_is_tested():
    wanted = re.search(
        r"^ultralytics==(.*)$",
        (TESTS / "requirements-ultralytics.txt").read_text(),
        re.M,
    )[1]
    assert version("ultralytics") == wanted
    assert f"Ultralytics {wanted}." in CELLS["yolo-yaml"]


def test_the_network_is_built_from_the_file_trained_one_step_and_predicts(names):
    model = names["model"]
    (block,) = (part for part in model.modules() if isinstance(part, lvc.EVCBlock))
    assert (block.channels, block.num_codes) == (128, 64)
    assert model.yaml["scale"] == "n"
    assert model.stride.tolist() == [8, 16, 32]
    assert names["losses"].isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in block.parameters())
    assert all(parameter.grad.any() for parameter in block.parameters())
    (prediction,) = names["predictions"]
    assert len(prediction) == 4 + model.yaml["nc"]
    assert prediction.isfinite().all()
    assert names["boxes"].shape[1] == 6


def test_the_step_changes_the_block(names):
    torch.manual_seed(0)
    untrained = names["YOLO"]("yolo8n-evc.yaml").model.model[7]
    trained = names["model"].model[7]
    assert not torch.equal(trained.lvc.LVC[3].codewords, untrained.lvc.LVC[3].codewords)


def test_the_letter_in_the_name_chooses_the_scale(names, scaled):
    rows = f"EVCBlock, [{scaled(512, *SCALES['s'][1:])}]"
    Path("yolo8s-evc.yaml").write_text(TEXTS["yaml"].replace("EVCBlock, [128]", rows))
    model = names["YOLO"]("yolo8s-evc.yaml").model
    assert model.yaml["scale"] == "s"
    assert model.model[7].channels == 256


def test_a_name_that_is_not_registered_is_a_key_error(tasks, monkeypatch):
    monkeypatch.delattr(tasks, "EVCBlock")
    with pytest.raises(KeyError, match="EVCBlock"):
        build(tasks)


@pytest.mark.parametrize("scale", SCALES)
def test_the_channels_to_write_are_those_after_scaling(tasks, scaled, scale):
    _, width, most = SCALES[scale]
    assert f'("{scale}", {width}, {most})' in CELLS["yolo-channels"]
    model = build(tasks, scale, f"EVCBlock, [{scaled(512, width, most)}]")
    assert model.model[5].conv.out_channels == model.model[7].channels
    for row, written in enumerate((64, 128, 256, 512, 1024, 512)):
        made = model.model[row].conv.out_channels
        assert made == scaled(written, width, most)


@pytest.mark.parametrize(("written", "right"), [(100, 32), (1536, 256)])
def test_the_rule_rounds_up_and_stops_at_max_channels(tasks, scaled, written, right):
    assert scaled(written, 0.25, 1024) == right
    model = tasks.DetectionModel(with_lateral(written, right), verbose=False)
    assert model.model[5].conv.out_channels == right


@pytest.mark.parametrize("written", [256, 512])
def test_a_wrong_number_stops_with_the_right_one(tasks, written):
    sentence = f"axis c of x must be {written}, .* got 128"
    with pytest.raises(ValueError, match=sentence):
        build(tasks, rows=f"EVCBlock, [{written}]")


@pytest.mark.parametrize("rows", ["EVCBlock, [128]", "EVCBlock, [128, 128]"])
def test_the_officials_two_numbers_mean_the_channels(tasks, names, rows):
    model = build(tasks, rows=rows)
    assert (model.model[7].channels, model.model[7].num_codes) == (128, 64)
    assert one_step(model, names).isfinite()
    model.model[7].load_state_dict(lvc.EVCBlock(128).state_dict(), strict=True)


def test_a_parser_that_knows_the_block_puts_the_channels_in_front(tasks, monkeypatch):
    known = inspect.getsource(tasks.parse_model).replace("SPPF,", "SPPF, EVCBlock,", 1)
    edited = dict(vars(tasks))
    exec(known, edited)
    monkeypatch.setattr(tasks, "parse_model", edited["parse_model"])
    block = build(tasks, rows="EVCBlock, [512]").model[7]
    assert (block.channels, block.num_codes) == (128, 64)


def test_with_the_old_row_numbers_the_network_still_builds_from_other_rows(tasks):
    right = build(tasks).model
    shifted = build(tasks, rows="Conv, [512, 1, 1]]\n  - [-1, 1, EVCBlock, [128]").model

    def sources(model):
        return [type(model[row]).__name__ for row in model[-1].f]

    assert sources(right) == ["C2f", "C2f", "Conv"]
    assert sources(shifted) == ["Concat", "Concat", "Conv"]


def values(module):
    norms = [m for m in module.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    return {(norm.eps, norm.momentum) for norm in norms}


def test_as_in_detector_sets_what_ultralytics_sets_in_a_network_that_it_builds(names):
    assert values(lvc.as_in_detector(lvc.EVCBlock(8))) == {(0.001, 0.03)}
    assert values(names["model"]) == {(0.001, 0.03)}  # the block's, and all others
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
    assert error < 2e-6


def test_a_block_out_of_a_saved_model(names, folder):
    """The file holds the model itself, as Ultralytics saves it, so its state goes first."""
    torch.save({"model": copy.deepcopy(names["model"]).half()}, "best.pt")
    with pytest.raises(ValueError, match=r"best.pt holds .*\.DetectionModel\)"):
        lvc.load_cfpnet("best.pt")
    model = torch.load("best.pt", weights_only=False)["model"]
    torch.save(model.state_dict(), "state.pt")
    block = lvc.load_cfpnet("state.pt", prefix="model.7.")
    assert values(block) == values(model)
    trained = model.float().model[7].eval()
    x = torch.rand(1, 128, 8, 8)
    assert torch.equal(block(x), trained(x))


def test_a_saved_model_loads_where_the_name_is_not_registered(
    tasks, names, monkeypatch
):
    torch.save({"model": names["model"]}, "trained.pt")
    monkeypatch.delattr(tasks, "EVCBlock")
    loaded = tasks.torch_safe_load("trained.pt")[0]["model"]
    assert isinstance(loaded.model[7], lvc.EVCBlock)


def test_a_saved_model_asks_for_a_package_of_the_missing_name(tasks, monkeypatch):
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


def test_the_block_has_nearly_half_of_the_parameters_and_can_have_fewer(tasks, names):
    model = names["model"]
    share = count(model.model[7]) / count(model)
    assert 0.45 < share < 0.5
    smaller = tasks.DetectionModel(with_lateral(256, 64), verbose=False)
    ratio = count(smaller.model[7]) / count(model.model[7])
    assert ratio == pytest.approx(0.25, abs=0.01)


def test_training_takes_squares_and_prediction_rectangles(names):
    from ultralytics.models.yolo.detect import DetectionPredictor

    assert names["get_cfg"]().rect is False
    defaults = inspect.getsource(names["YOLO"].predict)
    assert '"rect": True' in defaults
    predictor = DetectionPredictor(overrides={"rect": True, "device": "cpu"})
    predictor.setup_model(names["model"], verbose=False)
    predictor.imgsz = [640, 640]
    (wide,) = predictor.pre_transform([np.zeros((720, 1280, 3), np.uint8)])
    assert wide.shape == (384, 640, 3)
