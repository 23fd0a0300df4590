"""`lvc.ultralytics` with the real Ultralytics, each script of tests/yolo in a process of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "yolo"

pytestmark = pytest.mark.slow

if find_spec("ultralytics") is None:
    pytest.skip(
        "Ultralytics is not installed: pip install --no-deps -r tests/requirements-ultralytics.txt",
        allow_module_level=True,
    )


@cache
def paths():
    """Where a process finds lvc, and nms, which a torchvision of another build lacks."""
    fits = subprocess.run(
        [sys.executable, "-c", "import torchvision"], capture_output=True
    )
    return [str(ROOT), *([str(SCRIPTS)] if fits.returncode else [])]


def run(folder, *command, first=None):
    """Run Python in a folder, offline, and return what it printed."""
    before = [str(first)] if first else []
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([*before, *paths()]),
        "YOLO_CONFIG_DIR": str(folder),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
    }
    ran = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-3000:]
    return ran.stdout + ran.stderr


def facts_of(folder, script):
    run(folder, SCRIPTS / script)
    return json.loads((folder / "facts.json").read_text())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return facts_of(tmp_path_factory.mktemp("built"), "build.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("yolo")


@pytest.fixture(scope="module")
def trained(folder):
    return facts_of(folder, "train.py")


@pytest.fixture(scope="module")
def resumed(folder, trained):
    return facts_of(folder, "resume.py")


WIDTHS = {  # of the last map of the backbone, at n s m l x
    "yolov8": (256, 512, 576, 512, 640),
    "yolo11": (256, 512, 512, 512, 768),
    "yolo26": (256, 512, 512, 512, 768),
}


@pytest.mark.parametrize("name", WIDTHS)
@pytest.mark.parametrize(
    "block, after",
    [("EVCBlock", "SPPF"), ("EVCBlock", "nn.Upsample"), ("LVCBlock", "SPPF")],
)
def test_the_block_fits_at_every_scale(built, name, block, after):
    behind = {
        ("yolov8", "SPPF"): ["Upsample", "Concat"],
        ("yolo11", "SPPF"): ["C2PSA"],
        ("yolo26", "SPPF"): ["C2PSA"],
    }
    detects = "C2f" if name == "yolov8" else "C3k2"
    for scale, channels in zip("nsmlx", WIDTHS[name]):
        assert built["built"][f"{name}{scale} {block} {after}"] == {
            "row": [after.removeprefix("nn."), block],
            "channels": channels,
            "read by": behind.get((name, after), ["Concat"]),
            "detects": [detects] * 3,
        } | ({"sizes": [8, 4, 2]} if scale == "m" else {})


def test_a_yaml_may_have_no_scales(built):
    for name in "yolov9c", "yolov3":
        assert built["built"][name] == ["Upsample", "LVCBlock"]


def test_a_row_needs_no_number_and_a_wrong_one_is_refused(built):
    rows = built["rows"]
    for right in "[]", "[256]", "[256, 256]", "[1024]", "in a classifier":
        assert rows[right] == 256
    for wrong in "[128]", "[256, 64]", "[1, 2, 3]":
        assert rows[wrong] == (
            "row 10 of the YAML: EVCBlock gets, and keeps, the 256 channels of its map, "
            f"and {wrong} says other ones: write EVCBlock, []"
        )


def test_wrong_input_gets_one_sentence(built):
    expected = {
        "name": "ValueError: row 10 of the YAML: Ultralytics has no module EVCBlok, but EVCBlock",
        "block": "ValueError: yaml_with: block must be EVCBlock or LVCBlock, got SPPF",
        "after": "ValueError: yaml_with: yolov8n has no row C2PSA, but Conv, C2f, SPPF, nn.Upsample, Concat, Detect",
        "file": "FileExistsError: yaml_with: yolo11n-evc.yaml is there, and says something else: choose another name with file=, or delete it",
        "scale": "ValueError: carry_over: model.0.conv.weight must have shape (32, 3, 3, 3), and has (16, 3, 3, 3) in yolo11n.pt: is it of another scale, or are its rows other ones?",
        "other": "ValueError: carry_over: yolo11n.pt must have the rows of the network, with or without those of EVCBlock and LVCBlock; it has 24 rows, and the network 24: is it another YOLO?",
        "weights": "ValueError: carry_over: yolo11n.yaml holds rows, and no weights",
        "format": "TypeError: carry_over: checkpoint must be a .pt file, got best.onnx",
        "yolo": "TypeError: carry_over: yolo must be a YOLO that was read from a YAML or a .pt file, got str",
        "dictionary": "TypeError: carry_over: a dictionary must hold tensors, by their names",
        "names": "ValueError: carry_over: the dictionary has no tensor of this network's names",
    }
    errors = dict(built["errors"])
    safe = errors.pop("safe")
    assert errors == expected
    assert safe.startswith("TypeError: ERROR")
    assert (
        "references types outside the supported Ultralytics checkpoint format" in safe
    )


def test_plain_weights_are_carried_over_and_the_block_is_new(built):
    assert built["carried"]["plain"] == [499, 568]
    assert built["eps"] == [0.001]
    assert built["parameters in the table"] == 4_221_888


def test_a_dictionary_goes_by_the_names_of_its_tensors(built):
    came, of = built["carried"]["by name"]
    assert 0 < came < 499 / 2 and of == 568


def test_a_pasted_block_is_carried_over_whole(built):
    for key in "pasted", "state":
        assert built["carried"][key] == [568, 568]
        assert built[f"{key} is off by"] < 1e-5


def test_training_begins_with_the_carried_weights(trained):
    assert trained["begins with the carried weights"]
    assert trained["trained at"] == "lvc.ultralytics"
    assert trained["broken off"]


def test_a_process_that_never_names_lvc_goes_on(resumed):
    assert resumed["epochs"] == 2
    assert resumed["block"] == "lvc.ultralytics"
    assert resumed["mAP"] >= 0
    assert resumed["parameters"] == resumed["info"][1]
    assert resumed["parameters of the block"] == 4_221_888


def test_the_saved_network_sees_the_pixels_of_training(resumed):
    """By the callback validate_as_trained, 64 x 64 at stride 32; resume needs it again."""
    assert resumed["pixels of training"] == {"last.pt": [4], "resumed": []}


def test_what_is_exported_fused_or_saved_computes_the_same(resumed):
    errors = resumed["off by"]
    assert errors.pop("saved (64, 64)") < 1e-2  # Ultralytics saves in half
    assert set(errors) == {
        "static (64, 64)",
        "dynamic (64, 64)",
        "dynamic (96, 32)",
        "TorchScript (64, 64)",
        "fused (64, 64)",
    }
    assert all(error < 1e-5 for error in errors.values()), errors


def test_a_process_of_a_training_on_several_gpus_knows_the_block(folder, trained):
    shown = run(folder, trained["parallel"])
    assert "lvc.ultralytics.EVCBlock" in shown
    assert (folder / "runs" / "parallel" / "weights" / "last.pt").exists()


OPTIONS = ["imgsz=64", "batch=4", "epochs=1", "workers=0", "device=cpu", "plots=False"]
COMMAND = "from ultralytics.cfg import entrypoint; entrypoint()"  # what `yolo` runs


def test_the_command_trains_from_the_saved_file(folder, trained):
    options = ["model=yolo11n-evc.pt", "data=data.yaml", *OPTIONS]
    options += [f"project={folder / 'runs'}", "name=command"]
    run(folder, "-c", COMMAND, "detect", "train", *options)
    assert (folder / "runs" / "command" / "weights" / "best.pt").exists()


def test_one_line_in_ultralytics_own_file_makes_the_yaml_known(
    folder, trained, tmp_path
):
    """As register() says, to a process that imports nothing."""
    (package,) = find_spec("ultralytics").submodule_search_locations
    aside = shutil.ignore_patterns("assets")
    shutil.copytree(package, tmp_path / "ultralytics", ignore=aside)
    (tmp_path / "ultralytics" / "assets").mkdir()
    build = (
        "import sys, ultralytics as u; assert u.__file__.startswith(sys.argv[1])\n"
        "u.YOLO('yolo11n-evc.yaml', verbose=True)"
    )
    tasks = tmp_path / "ultralytics" / "nn" / "tasks.py"
    text = tasks.read_text(encoding="utf-8")
    pasted = text.replace(
        "            SPPF,\n", "            SPPF,\n            EVCBlock,\n", 1
    )
    pasted += "\nfrom tools.pasted import EVCBlock\n"  # as people edit it
    assert len(pasted.splitlines()) == len(text.splitlines()) + 3
    for before in text, pasted:
        tasks.write_text(before + "\nimport lvc.ultralytics\n", encoding="utf-8")
        shown = run(folder, "-c", build, tmp_path, first=tmp_path)
        assert re.search(r" 10 .* lvc.ultralytics.EVCBlock .*\[256\]", shown)


def test_a_process_that_imports_nothing_does_not_know_a_yaml(folder, trained):
    build = "import ultralytics\ntry: ultralytics.YOLO('yolo11n-evc.yaml')\n"
    build += "except KeyError as error: print('KeyError:', error)"
    assert "KeyError: 'EVCBlock'" in run(folder, "-c", build)


MISSING = """
import sys, types

for before in None, types.SimpleNamespace(__version__="8.3.253"):
    sys.modules["ultralytics"] = before
    try:
        import lvc.ultralytics
    except ImportError as error:
        print(type(error).__name__, error)
"""


def test_a_missing_or_unsupported_ultralytics_gets_one_sentence(tmp_path):
    assert run(tmp_path, "-c", MISSING).splitlines() == [
        "ModuleNotFoundError lvc.ultralytics needs Ultralytics, which is not installed: pip install torch torchvision ultralytics",
        "ImportError lvc.ultralytics needs Ultralytics 8.4 or newer, and older than 9, got 8.3.253",
    ]
