"""Wrong input gets one sentence that names the axis, what was expected and what came, and nothing else."""

import copy
import re

import jaxtyping
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import lvc

pytestmark = pytest.mark.usefixtures("as_users_run_it")

x, codewords, scale, weights = (
    torch.zeros(2, 9, 8),
    torch.zeros(4, 8),
    torch.zeros(4),
    torch.zeros(2, 9, 4),
)
elsewhere = torch.device("cuda:0" if torch.cuda.is_available() else "meta")

FUNCTIONS = {
    "scaled_l2: x must have 3 axes (b n c), got 4: (2, 8, 3, 3)": lambda m: m.scaled_l2(
        torch.zeros(2, 8, 3, 3), codewords, scale
    ),
    "scaled_l2: x must have 3 axes (b n c), got 2: (9, 8)": lambda m: m.scaled_l2(
        x[0], codewords, scale
    ),
    "scaled_l2: axis c of codewords must be 8, as in x, got 7: codewords is (k c) = (4, 7)": lambda m: (
        m.scaled_l2(x, codewords[:, 1:], scale)
    ),
    "scaled_l2: axis k of scale must be 4, as in codewords, got 3: scale is (k) = (3,)": lambda m: (
        m.scaled_l2(x, codewords, scale[1:])
    ),
    "scaled_l2: scale must have 1 axis (k), got 2: (4, 1)": lambda m: m.scaled_l2(
        x, codewords, scale[:, None]
    ),
    "scaled_l2: x must hold floating-point numbers, got torch.int64": lambda m: (
        m.scaled_l2(x.long(), codewords, scale)
    ),
    "scaled_l2: codewords must be a torch.Tensor, got list": lambda m: m.scaled_l2(
        x, [[0.0] * 8] * 4, scale
    ),
    f"scaled_l2: codewords must be on cpu, where x is, got {elsewhere}": lambda m: (
        m.scaled_l2(x, codewords.to(elsewhere), scale)
    ),
    "aggregate: axis n of x must be 9, as in weights, got 8: x is (b n c) = (2, 8, 8)": lambda m: (
        m.aggregate(weights, x[:, 1:], codewords)
    ),
    "aggregate: axis b of x must be 2, as in weights, got 1: x is (b n c) = (1, 9, 8)": lambda m: (
        m.aggregate(weights, x[:1], codewords)
    ),
    "aggregate: axis k of codewords must be 4, as in weights, got 3: codewords is (k c) = (3, 8)": lambda m: (
        m.aggregate(weights, x, codewords[1:])
    ),
    "aggregate: weights must have 3 axes (b n k), got 4: (2, 9, 4, 1)": lambda m: (
        m.aggregate(weights[..., None], x, codewords)
    ),
    "encode: axis c of codewords must be 8, as in x, got 7: codewords is (k c) = (4, 7)": lambda m: (
        m.encode(x, codewords[:, 1:], scale)
    ),
    "encode: axis k of codewords must be at least 1, got 0: codewords is (k c) = (0, 8)": lambda m: (
        m.encode(x, codewords[:0], scale[:0])
    ),
    "aggregate: axis k of weights must be at least 1, got 0: weights is (b n k) = (2, 9, 0)": lambda m: (
        m.aggregate(weights[..., :0], x, codewords[:0])
    ),
    f"encode: scale must be on cpu, where x is, got {elsewhere}": lambda m: m.encode(
        x, codewords, scale.to(elsewhere)
    ),
}
MODULES = {
    "Encoding": lvc.Encoding(8),
    "ConvBlock": lvc.ConvBlock(8, 8),
    "LVCBlock": lvc.LVCBlock(8),
    "LightMLPBlock": lvc.LightMLPBlock(8),
    "EVCBlock": lvc.EVCBlock(8),
}
MAPS = {
    "x must have 4 axes (b c h w), got 3: (8, 3, 3)": torch.zeros(8, 3, 3),
    "x must have 4 axes (b c h w), got 5: (1, 2, 8, 3, 3)": torch.zeros(1, 2, 8, 3, 3),
    "x must hold floating-point numbers, got torch.uint8": torch.zeros(
        2, 8, 3, 3, dtype=torch.uint8
    ),
    "x must be a torch.Tensor, got ndarray": torch.zeros(2, 8, 3, 3).numpy(),
    f"x must be on cpu, where the module's parameters are, got {elsewhere}": torch.zeros(
        2, 8, 3, 3, device=elsewhere
    ),
    "x must be torch.float32, as the module's parameters are, got torch.float64": torch.zeros(
        2, 8, 3, 3
    ).double(),
}
PIXELS = {
    "axes h and w of x must be at least 1, got 0 and 3": torch.zeros(2, 8, 0, 3),
    "BatchNorm needs at least 2 pixels in the batch to train, got 1 (b = h = w = 1)": torch.zeros(
        1, 8, 1, 1
    ),
}
COUNTS = {
    "num_codes must be a whole number of at least 1, got 0": (8, 0),
    "num_codes must be a whole number of at least 1, got -3": (8, -3),
    "num_codes must be a whole number, got True": (8, True),
    "num_codes must be a whole number, got 2.5": (8, 2.5),
    "num_codes must be a whole number, got '16'": (8, "16"),
}


def one_sentence(message):
    return pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    "module", [lvc, lvc.reference], ids=lambda module: module.__name__
)
@pytest.mark.parametrize("message", FUNCTIONS)
def test_functions(module, message):
    with one_sentence(message):
        FUNCTIONS[message](module)


def test_residuals():
    with one_sentence(
        "residuals: axis c of codewords must be 8, as in x, got 7: codewords is (k c) = (4, 7)"
    ):
        lvc.reference.residuals(x, codewords[:, 1:])


def test_what_the_steps_make_leaves_wrong_input_to_the_parts():
    cases = {
        "EinopsError: ": ("encoding_layer", lvc.Encoding(8), (2, 8, 3)),
        "ValueError: ConvBlock: axis c of x": (
            "lvc_block",
            lvc.LVCBlock(8),
            (2, 6, 3, 3),
        ),
        "RuntimeError: ": ("light_mlp_block", lvc.LightMLPBlock(8), (2, 6, 3, 3)),
    }
    for words, (name, module, shape) in cases.items():
        with pytest.raises((RuntimeError, ValueError)) as caught:
            getattr(lvc.reference, name)(module, torch.zeros(shape))
        assert f"{type(caught.value).__name__}: {caught.value}".startswith(words)


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("message", MAPS)
def test_maps(name, message):
    with one_sentence(f"{name}: {message}"):
        MODULES[name](MAPS[message])


@pytest.mark.parametrize("name", MODULES)
def test_wrong_channels(name):
    attribute = "in_channels" if name in ("Encoding", "ConvBlock") else "channels"
    with one_sentence(
        f"{name}: axis c of x must be 8, the {attribute} of this module, got 6: x is (b c h w) = (2, 6, 3, 3)"
    ):
        MODULES[name](torch.zeros(2, 6, 3, 3))


@pytest.mark.parametrize("name", ["ConvBlock", "LVCBlock", "LightMLPBlock", "EVCBlock"])
@pytest.mark.parametrize("message", PIXELS)
def test_too_few_pixels(name, message):
    with one_sentence(f"{name}: {message}"):
        MODULES[name](PIXELS[message])


@pytest.mark.parametrize(
    "block",
    [lvc.Encoding, lvc.LVCBlock, lvc.EVCBlock],
    ids=lambda block: block.__name__,
)
@pytest.mark.parametrize("message", COUNTS)
def test_num_codes(block, message):
    with one_sentence(f"{block.__name__}: {message}"):
        channels, num_codes = COUNTS[message]
        block(channels, num_codes=num_codes)


@pytest.mark.parametrize(
    "block", [lvc.LVCBlock, lvc.EVCBlock], ids=lambda block: block.__name__
)
def test_too_few_channels(block):
    with one_sentence(
        f"{block.__name__}: channels must be a whole number of at least 4, got 3"
    ):
        block(3)
    with one_sentence(
        "ConvBlock: out_channels must be a whole number of at least 4, got 3"
    ):
        lvc.ConvBlock(3, 3)
    with one_sentence("LightMLPBlock: channels must be a whole number, got None"):
        lvc.LightMLPBlock(None)


@pytest.mark.parametrize(
    ("block", "argument"),
    [(lvc.Encoding, "in_channels"), (lvc.ConvBlock, "in_channels")]
    + [
        (block, "channels") for block in (lvc.LVCBlock, lvc.LightMLPBlock, lvc.EVCBlock)
    ],
    ids=str,
)
def test_channels(block, argument):
    least = 4 if block in (lvc.LVCBlock, lvc.EVCBlock) else 1
    others = [8] if block is lvc.ConvBlock else []
    for wrong in (0, -8):
        with one_sentence(
            f"{block.__name__}: {argument} must be a whole number of at least {least}, got {wrong}"
        ):
            block(wrong, *others)
    for wrong in (8.0, True):
        sentence = f"{block.__name__}: {argument} must be a whole number, got {wrong}"
        with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
            block(wrong, *others)
    assert getattr(block(least, *others), argument) == least


def test_the_smallest_blocks_are_allowed():
    assert lvc.ConvBlock(1, 4).out_channels == 4
    assert lvc.Encoding(1, 1).num_codes == 1
    with one_sentence("ConvBlock: out_channels must be a whole number, got None"):
        lvc.ConvBlock(8, None)


@pytest.mark.parametrize("name", ["ConvBlock", "LVCBlock", "LightMLPBlock", "EVCBlock"])
def test_two_pixels_or_two_images_are_enough_to_train(name):
    module = MODULES[name]
    for size in ((1, 8, 1, 2), (1, 8, 2, 1), (2, 8, 1, 1), (1, 8, 2, 2), (2, 8, 2, 1)):
        assert module.train()(torch.rand(size)).shape == size
    assert module.eval()(torch.rand(1, 8, 1, 1)).shape == (1, 8, 1, 1)
    module.train()
    with one_sentence(f"{name}: axes h and w of x must be at least 1, got 3 and 0"):
        module(torch.zeros(2, 8, 3, 0))


@pytest.mark.parametrize("name", MODULES)
def test_a_device_without_autocast(name):
    """torch has no autocast on its meta device, and raises when asked whether it is on."""
    module = copy.deepcopy(MODULES[name]).to("meta")
    with one_sentence(
        f"{name}: x must be torch.float32, as the module's parameters are, got torch.float64"
    ):
        module(torch.zeros(2, 8, 3, 3, device="meta").double())


@pytest.mark.filterwarnings("ignore:torch.is_autocast_cpu_enabled")
def test_an_older_pytorch_is_asked_for_the_processor_by_name(monkeypatch):
    monkeypatch.setattr(lvc.checks, "ASKS_FOR_DEVICE", False)
    for on in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=on):
            assert lvc.checks.autocast_is_on("cpu") == on
            assert not lvc.checks.autocast_is_on("cuda")


@pytest.mark.parametrize("name", MODULES)
def test_float64_under_autocast(name):
    """Autocast casts every other dtype."""
    with torch.autocast("cpu", torch.bfloat16):
        assert MODULES[name](torch.zeros(2, 8, 3, 3).bfloat16()).isfinite().all()
        with one_sentence(
            f"{name}: x must be torch.float32, as the module's parameters are, got torch.float64"
        ):
            MODULES[name](torch.zeros(2, 8, 3, 3).double())


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda x: x.to_sparse(), "a dense tensor, got torch.sparse_coo"),
        (lambda x: x.to_mkldnn(), "a dense tensor, got torch._mkldnn"),
        (
            lambda x: torch.nested.nested_tensor([*x], layout=torch.jagged),
            "a dense tensor, got a nested tensor",
        ),
        (
            lambda x: torch.nested.nested_tensor([*x]),
            "a dense tensor, got a nested tensor",
        ),
        (
            lambda x: x.to(torch.float8_e4m3fn),
            "float16, bfloat16, float32 or float64, got torch.float8_e4m3fn",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_tensors_of_another_kind(name, make, sentence):
    with one_sentence(f"{name}: x must be {sentence}"):
        MODULES[name](make(torch.zeros(2, 8, 3, 3)))


def test_mean_takes_a_tensor_of_numbers():
    with one_sentence("Mean: x must be a torch.Tensor, got list"):
        lvc.Mean(1)([[1.0]])
    with one_sentence("Mean: x must hold floating-point numbers, got torch.int64"):
        lvc.Mean(1)(torch.ones(2, 3).long())
    with one_sentence("Mean: dim must be a whole number, got tuple"):
        lvc.Mean((1, 2))
    assert lvc.Mean(-1)(torch.ones(2, 3)).shape == (2,)
    with pytest.raises(IndexError):  # PyTorch's own sentence, which has a range
        lvc.Mean(-(2**31))(torch.ones(2, 3))
    with one_sentence(
        "Mean: dim must be a whole number of at least -2147483648, got -2147483649"
    ):
        lvc.Mean(-(2**31) - 1)


@pytest.mark.parametrize(
    "block", [lvc.LVCBlock, lvc.EVCBlock], ids=lambda block: block.__name__
)
def test_other_out_channels(block):
    with one_sentence(
        f"{block.__name__}: out_channels must be 8, as channels, since the block keeps them, got 16"
    ):
        block(8, 16)
    with one_sentence(
        f"{block.__name__}: out_channels must be a whole number, got 8.0"
    ):
        block(8, 8.0)


def test_a_size_that_no_tensor_has():
    with one_sentence(
        "Encoding: in_channels must be a whole number of at most 2,147,483,647, got more"
    ):
        lvc.Encoding(10**400)
    with one_sentence("Encoding: in_channels must be a whole number, got Tensor"):
        lvc.Encoding(torch.zeros(3, 3))


def test_the_largest_size_is_allowed():
    """On the meta device no number is stored."""
    encoding = lvc.Encoding(2**31 - 1, num_codes=1, device="meta")
    assert encoding.codewords.shape == (1, 2**31 - 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_without_autocast(dtype):
    """The encoding would compute it, and no layer within fails."""
    sentence = "Encoding: x must be torch.float32, as the module's parameters are, got"
    with one_sentence(f"{sentence} {dtype}"):
        MODULES["Encoding"](torch.zeros(2, 8, 3, 3, dtype=dtype))


class Scaled(torch.nn.Module):
    """A module with one parameter of its own."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(()))

    @lvc.checks.checked
    def forward(self, x: jaxtyping.Float[torch.Tensor, "b n c"]):
        return self.factor * x


def test_a_module_with_one_parameter():
    assert Scaled()(x).dtype == torch.float32
    with one_sentence(
        "Scaled: x must be torch.float32, as the module's parameters are, got torch.float64"
    ):
        Scaled()(x.double())


class InFloat64(torch.nn.Module):
    """A layer with numbers of another dtype, to which it casts."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer.double()

    def forward(self, x):
        return self.layer(x.double()).to(x)


def test_what_the_layers_hold_is_theirs():
    block = lvc.LVCBlock(8)
    block.conv_1 = InFloat64(block.conv_1)
    assert block(torch.zeros(2, 8, 3, 3)).dtype == torch.float32


def test_a_map_without_numbers_on_another_device():
    """No layer raises then: without a GPU, PyTorch itself would end the process."""
    with FakeTensorMode():
        block, images = lvc.LVCBlock(8), torch.zeros(2, 8, 3, 3)
        assert block(images).shape == images.shape
        with one_sentence(
            "LVCBlock: x must be on cpu, where the module's parameters are, got cuda:0"
        ):
            block(torch.zeros(2, 8, 3, 3, device="cuda"))


def test_fx_takes_a_function_as_one_node_whatever_is_constant():
    def encoding(images):
        return lvc.encode(images, codewords, scale)

    traced = torch.fx.symbolic_trace(encoding)
    assert [node.op for node in traced.graph.nodes].count("call_function") == 1
    torch.testing.assert_close(traced(x), encoding(x))


def test_a_failure_of_another_kind_is_left_as_it_is():
    block = lvc.LVCBlock(8)
    block.fc[0] = torch.nn.Linear(9, 8)
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        block(torch.zeros(2, 8, 3, 3))


def test_a_missing_argument_gets_pythons_own_sentence():
    with pytest.raises(
        TypeError, match=r"missing 1 required positional argument: 'scale'"
    ):
        lvc.scaled_l2(x, codewords)


def test_keywords_are_checked_too():
    with one_sentence(
        "scaled_l2: axis k of scale must be 4, as in codewords, got 3: scale is (k) = (3,)"
    ):
        lvc.scaled_l2(scale=scale[1:], codewords=codewords, x=x)
