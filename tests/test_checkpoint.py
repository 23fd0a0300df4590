"""load_cfpnet finds the block in whatever a detector wrote, with the detector's values, or says in one sentence why not."""

import copy
import inspect
import io
import json
import pickle
import re
import warnings
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

import lvc


@pytest.fixture(autouse=True)
def no_warning_unasked(as_users_run_it):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


class Network(nn.Module):
    """A class that no other computer has."""

    def __init__(self):
        super().__init__()
        self.evcblock = lvc.EVCBlock(8, num_codes=5)


def trained(channels=8, num_codes=5, seed=0):
    """Return a block none of whose tensors is as in a new one."""
    torch.manual_seed(seed)
    block = lvc.as_in_detector(lvc.EVCBlock(channels, num_codes=num_codes))
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.rand_like(parameter) - 0.5)
    for _ in range(2):
        block(torch.rand(2, channels, 6, 5))
    return block.eval()


BLOCK = trained()
STATE = BLOCK.state_dict()
X = torch.rand(2, 8, 7, 6)


def below(prefix, state=STATE):
    return {prefix + name: tensor for name, tensor in state.items()}


def in_protocol_4(state):
    file = io.BytesIO()
    torch.save(state, file, pickle_protocol=4)
    return file.getvalue()


def network(prefix="backbone.evcblock."):
    return {"backbone.stem.weight": torch.zeros(3, 3), **below(prefix)}


def cfpnet(state):
    """What cfp/core/trainer.py saves."""
    optimizer = {"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": []}
    return {
        "start_epoch": 300,
        "model": state,
        "optimizer": optimizer,
        "best_ap": np.float64(0.411),
    }


def assert_is(block, expected=BLOCK):
    assert isinstance(block, lvc.EVCBlock)
    assert (block.channels, block.num_codes) == (expected.channels, expected.num_codes)
    assert not any(module.training for module in block.modules())
    state = block.state_dict()
    assert state.keys() == expected.state_dict().keys()
    for name, tensor in expected.state_dict().items():
        assert state[name].dtype == tensor.dtype, name
        assert torch.equal(state[name], tensor), name
    found = [(type(m), m.eps, getattr(m, "momentum", None)) for m in norms(block)]
    assert found.count((nn.BatchNorm2d, 1e-3, 0.03)) == 8
    assert found.count((nn.BatchNorm1d, 1e-5, 0.1)) == 1
    assert found.count((nn.GroupNorm, 1e-5, None)) == 2
    assert len(found) == 11
    assert torch.equal(block(X), expected(X))


def norms(block):
    return [module for module in block.modules() if hasattr(module, "eps")]


def one_sentence(kind, message):
    return pytest.raises(kind, match=f"^load_cfpnet: {re.escape(message)}$")


# What is found


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "backbone.evcblock.", "module.backbone.evcblock.", "model.9."],
)
@pytest.mark.parametrize("given", [False, True], ids=["found", "given"])
def test_any_prefix(prefix, given):
    """A block alone has no other tensors beside it."""
    state = network(prefix) if prefix else STATE
    assert_is(lvc.load_cfpnet(state, prefix if given else None))
    assert_is(lvc.load_cfpnet(state, prefix.removesuffix(".") if given else None))


WRAPPERS = {
    "cfpnet": cfpnet,
    "state_dict": lambda state: {"state_dict": state, "meta": {"epoch": 3}},
    "ema": lambda state: {"epoch": 3, "model": None, "ema": state},
    "inner": lambda state: {"model": {"state_dict": state}},
    "none": lambda state: state,
    "numbers": lambda state: {7: "a network", **state},
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_any_wrapper(wrapper):
    assert_is(lvc.load_cfpnet(WRAPPERS[wrapper](network())))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_a_file(tmp_path, kind, zipped):
    """CFPNet's files hold a number of NumPy, which weights_only alone refuses."""
    path = tmp_path / "best_ckpt.pth"
    torch.save(cfpnet(network()), path, _use_new_zipfile_serialization=zipped)
    assert_is(lvc.load_cfpnet(kind(path)))
    with pytest.raises(pickle.UnpicklingError, match="numpy"):
        torch.load(path, weights_only=True)  # what was allowed stays so only there


def changed(path, what, into):
    """Change bytes of the one pickle in a file."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    (pickled,) = (name for name in parts if name.endswith("data.pkl"))
    assert re.search(what, parts[pickled])
    parts[pickled] = re.sub(what, into, parts[pickled])
    with zipfile.ZipFile(path, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data)


def test_a_file_from_before_numpy_2(tmp_path):
    path = tmp_path / "best_ckpt.pth"
    torch.save(cfpnet(network()), path)
    changed(path, rb"numpy\._?core\.multiarray", b"numpy.core.multiarray")
    assert_is(lvc.load_cfpnet(path))


def test_a_file_from_a_gpu_loads_where_there_is_none(tmp_path):
    path = tmp_path / "best_ckpt.pth"
    torch.save(cfpnet(network()), path)
    changed(path, rb"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    assert_is(lvc.load_cfpnet(path))


def test_both_versions_of_the_code():
    linear = {
        "l_MLP.linear.weight": torch.ones(8, 8),
        "l_MLP.linear.bias": torch.ones(8),
    }
    state = {**STATE, **linear}
    assert_is(lvc.load_cfpnet(below("evc.", state)))
    assert_is(lvc.load_cfpnet(state))
    assert linear.keys() <= state.keys()  # what was handed over stays whole


def test_the_sizes_are_those_of_the_file():
    block = trained(channels=12, num_codes=64)
    loaded = lvc.load_cfpnet(block.state_dict())
    assert (loaded.channels, loaded.num_codes) == (12, 64)
    assert loaded(torch.rand(1, 12, 3, 3)).shape == (1, 12, 3, 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("default", [torch.float32, torch.float64, torch.float16])
def test_stored_in_another_precision(dtype, default):
    """The numbers are those of the file, in float32."""
    stored = {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in STATE.items()
    }
    expected = copy.deepcopy(BLOCK)
    expected.load_state_dict(stored)
    torch.set_default_dtype(default)
    try:
        loaded = lvc.load_cfpnet(stored)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_is(loaded, expected)


def test_files_from_before_the_batches_were_counted():
    old = {n: t for n, t in STATE.items() if not n.endswith("num_batches_tracked")}
    loaded = lvc.load_cfpnet(old)
    assert torch.equal(loaded(X), BLOCK(X))


def test_the_block_can_be_trained_on():
    loaded = lvc.load_cfpnet(STATE).train()
    loaded(X).sum().backward()
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert not torch.equal(loaded.bn1.running_mean, BLOCK.bn1.running_mean)


# The detector's values


def test_as_in_detector_sets_every_batchnorm2d_and_returns_the_module():
    for block in (lvc.EVCBlock(8), lvc.LVCBlock(8), nn.Sequential(nn.BatchNorm2d(3))):
        assert lvc.as_in_detector(block) is block
        values = {
            (m.eps, m.momentum) for m in norms(block) if type(m) is nn.BatchNorm2d
        }
        assert values == {(1e-3, 0.03)}
    with pytest.raises(
        TypeError,
        match=r"^as_in_detector: module must be a torch.nn.Module, got dict$",
    ):
        lvc.as_in_detector({7: 8})


def test_the_file_does_not_hold_them_and_without_them_the_output_is_another():
    """The running variances are small, as in a trained network: 1e-3 and more."""
    for norm in norms(lvc.EVCBlock(8)):
        assert norm.eps in (1e-6, 1e-5)
    small = copy.deepcopy(BLOCK)
    for name, buffer in small.named_buffers():
        if name.endswith("running_var"):
            buffer.fill_(1e-3)
    bare = lvc.EVCBlock(8, num_codes=5).eval()
    bare.load_state_dict(small.state_dict(), strict=True)
    error = (bare(X) - small(X)).abs().max() / small(X).abs().max()
    assert error > 0.3
    assert torch.equal(lvc.load_cfpnet(small.state_dict())(X), small(X))
    assert torch.equal(lvc.as_in_detector(bare)(X), small(X))


# Which of several


def two():
    other = trained(seed=1)
    return network("neck.evc.") | below("teacher.neck.evc.", other.state_dict()), other


def test_two_blocks():
    state, other = two()
    message = "2 EVCBlocks in the checkpoint, with the prefixes 'neck.evc.' and 'teacher.neck.evc.': choose one with prefix=, or pass the dictionary that holds it"
    for checkpoint in (state, cfpnet(state)):
        with one_sentence(ValueError, message):
            lvc.load_cfpnet(checkpoint)
        assert_is(lvc.load_cfpnet(checkpoint, prefix="neck.evc."))
        assert_is(lvc.load_cfpnet(checkpoint, "teacher.neck.evc"), other)


def test_the_same_block_in_two_dictionaries():
    checkpoint = {"state_dict": network("evc."), "ema_state_dict": network("evc.")}
    message = "2 EVCBlocks in the checkpoint, with the prefixes 'evc.' and 'evc.': choose one with prefix=, or pass the dictionary that holds it"
    for prefix in (None, "evc."):
        with one_sentence(ValueError, message):
            lvc.load_cfpnet(checkpoint, prefix)
    assert_is(lvc.load_cfpnet(checkpoint["ema_state_dict"]))


def test_a_prefix_that_is_no_string():
    message = "load_cfpnet: prefix must be a string, got int"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        inspect.unwrap(lvc.load_cfpnet)(cfpnet(network()), prefix=3)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OSError, match=re.escape(str(tmp_path))):
        lvc.load_cfpnet(tmp_path)


@pytest.mark.parametrize("prefix", ["", "neck.", "backbone.evcbloc", "evcblock."])
def test_a_prefix_that_is_not_there(prefix):
    message = f"no EVCBlock has the prefix {prefix!r}, but 'backbone.evcblock.'"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(cfpnet(network()), prefix=prefix)


NOTHING = {
    "empty": {},
    "a backbone": {"model": {"backbone.stem.weight": torch.zeros(3)}},
    "LVCBlock alone": lvc.LVCBlock(8).state_dict(),
    "LVCBlock under another name": below("my_lvc.", lvc.LVCBlock(8).state_dict()),
    "a module": {"model": Network()},
}


@pytest.mark.parametrize("name", NOTHING)
def test_no_block(name):
    message = "no EVCBlock in the checkpoint: no tensor has a name that ends with lvc.LVC.3.codewords; of a whole model, pass its state_dict()"
    for prefix in (None, "backbone."):
        with one_sentence(ValueError, message):
            lvc.load_cfpnet(NOTHING[name], prefix)


@pytest.mark.parametrize("wrong", [None, 3, [STATE], Network(), torch.zeros(3)])
def test_no_checkpoint(wrong):
    message = f"checkpoint must be a path or a dictionary of tensors, got {type(wrong).__name__}"
    with one_sentence(TypeError, message):
        lvc.load_cfpnet(wrong)


# Which tensors


@pytest.mark.parametrize("name", [name for name in STATE if "num_b" not in name])
def test_each_missing_tensor(name):
    rest = {key: tensor for key, tensor in network().items() if not key.endswith(name)}
    rest |= {f"backbone.evcblock.{n}": t for n, t in STATE.items() if n != name}
    message = f"the EVCBlock of the checkpoint lacks {name}"
    if name == "lvc.LVC.3.codewords":
        message = "no EVCBlock in the checkpoint: no tensor has a name that ends with lvc.LVC.3.codewords; of a whole model, pass its state_dict()"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(rest)


def test_many_missing_or_foreign_tensors():
    only = {name: STATE[name] for name in ("lvc.LVC.3.codewords", "lvc.LVC.3.scale")}
    message = "the EVCBlock of the checkpoint lacks conv1.weight, bn1.weight, bn1.bias and 55 more"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(only)
    first = {
        name: tensor for name, tensor in STATE.items() if "conv_1.conv" not in name
    }
    message = "the EVCBlock of the checkpoint lacks lvc.conv_1.conv1.weight, lvc.conv_1.conv2.weight, lvc.conv_1.conv3.weight"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(first)
    first = {name: tensor for name, tensor in STATE.items() if "bn1" not in name[:3]}
    message = "the EVCBlock of the checkpoint lacks bn1.weight, bn1.bias, bn1.running_mean and 1 more"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(first)
    message = "the EVCBlock of the checkpoint also holds attention.weight"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(below("evc.", {**STATE, "attention.weight": torch.zeros(1)}))


@pytest.mark.parametrize("name", [n for n in STATE if n != "lvc.LVC.3.codewords"])
def test_each_tensor_of_a_wrong_shape(name):
    shape = tuple(STATE[name].shape)
    message = f"{name} must be a tensor of shape {shape}, as in a block with 8 channels and 5 codewords, got "
    wrong = torch.zeros(*shape, 2)
    with one_sentence(ValueError, f"{message}a tensor of shape {(*shape, 2)}"):
        lvc.load_cfpnet({**STATE, name: wrong})
    with one_sentence(ValueError, f"{message}ndarray"):
        lvc.load_cfpnet({**STATE, name: STATE[name].numpy()})


@pytest.mark.parametrize("name", ["bn1.weight", "lvc.LVC.3.codewords"])
def test_a_tensor_that_holds_other_numbers_or_none(name):
    message = f"{name} must hold dense numbers such as torch.float32, got "
    for wrong, got in (
        (STATE[name].long(), "torch.int64, torch.strided, on cpu"),
        (STATE[name] * 1j, "torch.complex64, torch.strided, on cpu"),
        (STATE[name].to_sparse(), "torch.float32, torch.sparse_coo, on cpu"),
        (STATE[name].to("meta"), "torch.float32, torch.strided, on meta"),
    ):
        with one_sentence(ValueError, message + got):
            lvc.load_cfpnet({**STATE, name: wrong})
    counted = STATE["bn1.num_batches_tracked"]
    message = "bn1.num_batches_tracked must hold dense numbers such as torch.int64, got torch.int64, torch.strided, on meta"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet({**STATE, "bn1.num_batches_tracked": counted.to("meta")})
    assert_is(lvc.load_cfpnet({**STATE, "bn1.num_batches_tracked": counted.float()}))


def test_codewords_of_a_wrong_shape():
    name = "lvc.LVC.3.codewords"
    for wrong, what in {
        "a tensor of shape (5,)": torch.zeros(5),
        "a tensor of shape (1, 5, 8)": torch.zeros(1, 5, 8),
        "ndarray": np.zeros((5, 8)),
        "NoneType": None,
    }.items():
        message = f"{name} must be a tensor with 2 axes (k c), got {wrong}"
        with one_sentence(ValueError, message):
            lvc.load_cfpnet({**STATE, name: what})


def test_what_half_precision_could_not_hold():
    """The block is as the detector would run it, but not as it was trained."""
    large = copy.deepcopy(BLOCK)
    large.lvc.LVC[4].running_var[:2] = 7e5
    large.lvc.LVC[4].running_mean[0] = -1e5
    half = {
        n: t.half() if t.is_floating_point() else t
        for n, t in large.state_dict().items()
    }
    sentence = "load_cfpnet: numbers that are not finite: 1 of 5 in lvc.LVC.4.running_mean, 2 of 5 in lvc.LVC.4.running_var. If the file is in half precision, which ends at 65504 and stores inf for what is larger, load one in float32"
    with pytest.warns(UserWarning, match=f"^{re.escape(sentence)}$") as caught:
        inspect.unwrap(lvc.load_cfpnet)(half)  # a check counts as a caller
    assert [warning.filename for warning in caught] == [__file__]
    assert torch.finfo(torch.float16).max == 65504
    # A file in float32 may hold the same, and no other file helps.
    wide = {name: tensor.float() for name, tensor in half.items()}
    with pytest.warns(UserWarning, match=f"^{re.escape(sentence)}$"):
        lvc.load_cfpnet(wide)
    # The remedy of the sentence.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lvc.load_cfpnet(large.state_dict())


# Which files


def saved(path, content, **options):
    torch.save(content, path, **options)
    return path.read_bytes()


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file .*nothing.pth"):
        lvc.load_cfpnet(tmp_path / "nothing.pth")
    with pytest.raises((IsADirectoryError, PermissionError)):
        lvc.load_cfpnet(tmp_path)
    (tmp_path / "README.md").touch()
    for path in tmp_path / "README.md" / "x.pth", tmp_path / f"{'x' * 300}.pth":
        with pytest.raises(OSError, match=re.escape(str(path))):
            lvc.load_cfpnet(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("share", [0, 1e-4, 0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_file_that_is_cut_off(tmp_path, share, zipped):
    path = tmp_path / "half.pth"
    whole = saved(path, STATE, _use_new_zipfile_serialization=zipped)
    path.write_bytes(whole[: int(share * len(whole))])
    message = f"{path} is cut off, or no file that torch.load(path, weights_only=True) can read"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol:UserWarning")
@pytest.mark.parametrize(
    "content",
    [
        b"hello\nworld",
        b"<!DOCTYPE html><html>not found</html>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\n",
        json.dumps({"lvc.LVC.3.codewords": [[1.0]]}).encode(),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        pickle.dumps({"lvc.LVC.3.codewords": [[1.0]]}),
        in_protocol_4(STATE),  # torch.save wrote it, and PyTorch refuses it
    ],
    ids=["text", "html", "git lfs", "json", "png", "pickle", "protocol 4"],
)
def test_a_foreign_file(tmp_path, content):
    path = tmp_path / "foreign.pth"
    path.write_bytes(content)
    message = f"{path} is cut off, or no file that torch.load(path, weights_only=True) can read"
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(path)


def test_a_foreign_archive(tmp_path):
    path = tmp_path / "numbers.npz"
    np.savez(path, **{"lvc.LVC.3.codewords": np.zeros((2, 4))})
    with one_sentence(
        ValueError,
        f"{path} is cut off, or no file that torch.load(path, weights_only=True) can read",
    ):
        lvc.load_cfpnet(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_a_pickled_model_and_what_the_sentence_says_to_do(
    tmp_path, monkeypatch, zipped
):
    """Ultralytics' files hold whole modules."""
    path = tmp_path / "best.pt"
    model = Network()
    model.evcblock.load_state_dict(STATE)
    saved(path, {"epoch": 3, "model": model}, _use_new_zipfile_serialization=zipped)
    message = f"{path} holds Python objects ({__name__}.Network), which can run code when they are opened; if you trust the file, open it with torch.load(path, weights_only=False), save the state of the model in it with torch.save(model.state_dict(), 'state.pt'), and load that"
    # An environment variable of PyTorch, which opens files that do not say weights_only.
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with one_sentence(ValueError, message):
        lvc.load_cfpnet(path)
    monkeypatch.chdir(tmp_path)
    model = torch.load(path, weights_only=False)["model"]
    torch.save(model.state_dict(), "state.pt")
    assert_is(lvc.load_cfpnet("state.pt"))


def test_a_file_of_another_thing(tmp_path):
    path = tmp_path / "tensor.pth"
    torch.save(torch.zeros(3), path)
    message = "checkpoint must be a path or a dictionary of tensors, got Tensor"
    with one_sentence(TypeError, message):
        lvc.load_cfpnet(path)
