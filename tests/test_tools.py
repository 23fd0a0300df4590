"""PyTorch's own tools take lvc as it is: compile, export, fx, traces, ONNX, function transforms, replicas, copies."""

import copy
import io
import pickle
import shutil
import sys
import warnings

import onnxruntime
import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.func import functional_call, grad, jvp, vjp, vmap

import lvc

MAPS = [(2, 7, 9), (3, 6, 5), (5, 12, 8)]  # b, h, w
BLOCKS = [lvc.Encoding, lvc.LVCBlock, lvc.LightMLPBlock, lvc.EVCBlock]
blocks = pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)


def draw(b=2, n=6, c=4, k=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(b * n)
    sizes = (b, n, c), (k, c), (k,)
    return [torch.randn(size, generator=generator, dtype=dtype) for size in sizes]


def evaluated(block, dtype=torch.float32):
    """Return a block of 8 channels in eval mode, with running statistics of its own."""
    torch.manual_seed(0)
    module = block(8).to(dtype)
    module(torch.randn(4, 8, 5, 5, dtype=dtype))
    return module.eval()


def train(form, module, x):
    """Return the result of `form`, which computes `module`, and all gradients of a sum of it, by name."""
    x = x.clone().requires_grad_()
    result = form(x)
    inputs = {"x": x, **dict(module.named_parameters())}
    gradients = torch.autograd.grad(result.square().sum(), inputs.values())
    return {"result": result, **dict(zip(inputs, gradients))}


def compile_once(_, name, backend):
    """Train on maps of several sizes, compiled, against what is not compiled.

    In a process of its own: torch.compile cannot read the checks of shapes that conftest.py adds.
    """
    module = evaluated(getattr(lvc, name)).train()
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(module, fullgraph=True, dynamic=True, backend=counter)
    counts = []
    for b, h, w in MAPS:
        x, twin = torch.randn(b, 8, h, w), copy.deepcopy(module)
        torch.testing.assert_close(
            train(compiled, module, x), train(twin, twin, x), rtol=1e-4, atol=1e-4
        )
        counts.append(counter.frame_count)
    assert counts[0] > 0
    assert len(set(counts)) == 1, f"graphs compiled after each size: {counts}"


# Its C++ compiler is called without quotes around the paths of Python and PyTorch.
with_inductor = pytest.param(
    "Encoding",
    "inductor",
    marks=pytest.mark.skipif(
        " " in f"{sys.prefix}{torch.__file__}",
        reason="inductor cannot link where the path has a space: use another folder",
    ),
)


@pytest.mark.slow
@pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")),
    reason="torch.compile needs a C++ compiler, and neither g++ nor clang++ is here",
)
@pytest.mark.parametrize(
    ("name", "backend"),
    [
        with_inductor,
        # inductor takes the backward pass of a max-pool at one size only, as of torch 2.13.
        ("EVCBlock", "aot_eager"),
    ],
)
def test_one_compiled_graph_takes_maps_of_every_size(name, backend):
    torch.multiprocessing.spawn(compile_once, (name, backend))


DYNAMIC = (
    {0: torch.export.Dim("b"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")},
)


@pytest.mark.slow
@pytest.mark.parametrize("block", [lvc.Encoding, lvc.EVCBlock])
def test_one_exported_program_takes_maps_of_every_size(block):
    module = evaluated(block)
    program = torch.export.export(
        module, (torch.randn(2, 8, 7, 9),), dynamic_shapes=DYNAMIC
    ).module()
    for b, h, w in [(1, 1, 1), *MAPS]:
        x = torch.randn(b, 8, h, w)
        torch.testing.assert_close(program(x), module(x))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")  # inside torch.onnx
def test_onnxruntime_gives_the_same_numbers_at_every_size():
    module = evaluated(lvc.EVCBlock)
    program = torch.onnx.export(
        module,
        (torch.randn(2, 8, 7, 9),),
        dynamo=True,
        dynamic_shapes=DYNAMIC,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    [its_input] = session.get_inputs()
    for b, h, w in [(1, 1, 1), *MAPS]:
        x = torch.randn(b, 8, h, w)
        [result] = session.run(None, {its_input.name: x.numpy()})
        torch.testing.assert_close(
            torch.from_numpy(result), module(x), rtol=1e-4, atol=1e-5
        )


@pytest.mark.slow
@pytest.mark.parametrize("block", [lvc.Encoding, lvc.EVCBlock])
def test_an_exported_program_keeps_its_digits_under_autocast(block):
    module, x = evaluated(block), torch.randn(2, 8, 5, 5)
    program = torch.export.export(module, (x,)).module()
    with torch.autocast("cpu", torch.bfloat16):
        exported, ours = program(x), module(x)
    tolerance = 0 if block is lvc.Encoding else 0.05
    torch.testing.assert_close(exported, ours, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_traced_block_takes_maps_of_every_size(block):
    module = evaluated(block)
    with warnings.catch_warnings():  # both are about torch.jit itself
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        traced = torch.jit.trace(module, torch.randn(2, 8, 7, 9))
    for b, h, w in MAPS:
        x = torch.randn(b, 8, h, w)
        torch.testing.assert_close(traced(x), module(x))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the exporter itself
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_the_older_onnx_exporter_gives_the_same_numbers_at_every_size():
    """dynamo=False is how Ultralytics exports."""
    module, file = evaluated(lvc.EVCBlock), io.BytesIO()
    torch.onnx.export(
        module,
        (torch.randn(2, 8, 7, 9),),
        file,
        dynamo=False,
        input_names=["x"],
        dynamic_axes={"x": {0: "b", 2: "h", 3: "w"}},
    )
    session = onnxruntime.InferenceSession(file.getvalue())
    for b, h, w in MAPS:
        x = torch.randn(b, 8, h, w)
        [result] = session.run(None, {"x": x.numpy()})
        torch.testing.assert_close(
            torch.from_numpy(result), module(x), rtol=1e-4, atol=1e-5
        )


@blocks
@pytest.mark.parametrize("training", [True, False])
def test_fx_traces_a_network_with_a_block(as_users_run_it, block, training):
    network = nn.Sequential(nn.Conv2d(3, 8, 3), evaluated(block)).train(training)
    traced = torch.fx.symbolic_trace(copy.deepcopy(network))
    for b, h, w in MAPS:
        x = torch.randn(b, 3, h + 2, w + 2)
        torch.testing.assert_close(train(traced, traced, x), train(network, network, x))
    assert pickle.loads(pickle.dumps(traced))(x).shape == network(x).shape


class Scores(nn.Module):
    """A user's own layer that calls a function of lvc."""

    def __init__(self):
        super().__init__()
        self.codewords = nn.Parameter(torch.randn(5, 4))
        self.scale = nn.Parameter(-torch.rand(5))

    def forward(self, x):
        weights = lvc.scaled_l2(x, self.codewords, scale=self.scale).softmax(-1)
        return lvc.aggregate(weights, x, self.codewords)


def test_fx_takes_a_function_as_one_node(as_users_run_it):
    layer, x = Scores(), torch.randn(2, 6, 4)
    traced = torch.fx.symbolic_trace(layer)
    called = [node.target for node in traced.graph.nodes if node.op == "call_function"]
    assert called == [lvc.scaled_l2, lvc.aggregate]
    torch.testing.assert_close(traced(x), layer(x))
    with pytest.raises(ValueError, match="scaled_l2: axis c of codewords must be 3"):
        traced(x[..., :3])  # the checks are still there


def test_a_script_is_refused_and_a_trace_is_the_way():
    with (
        pytest.warns(DeprecationWarning),
        pytest.raises((RuntimeError, torch.jit.frontend.NotSupportedError)),
    ):
        torch.jit.script(lvc.Encoding(8))


def test_vmap_equals_a_loop_over_any_of_the_tensors():
    x, codewords, scale = (torch.stack([one, 2 * one, one + 1]) for one in draw())
    for over in [(0, None, None), (None, 0, 0), (0, 0, None), (0, 0, 0)]:
        tensors = [
            tensor if axis == 0 else tensor[0]
            for tensor, axis in zip((x, codewords, scale), over)
        ]
        loop = [
            lvc.encode(
                *(one[i] if axis == 0 else one for one, axis in zip(tensors, over))
            )
            for i in range(3)
        ]
        torch.testing.assert_close(vmap(lvc.encode, over)(*tensors), torch.stack(loop))


@blocks
def test_gradients_of_each_image_by_vmap_equal_a_loop(block):
    module, x = evaluated(block, torch.float64), torch.randn(3, 8, 5, 7).double()
    parameters = {name: one.detach() for name, one in module.named_parameters()}

    def loss(parameters, image):
        return functional_call(module, parameters, (image[None],)).square().sum()

    together = vmap(grad(loss), in_dims=(None, 0))(parameters, x)
    for i, image in enumerate(x):
        alone = grad(loss)(parameters, image)
        torch.testing.assert_close(
            {name: one[i] for name, one in together.items()}, alone
        )


def test_jvp_equals_finite_differences_and_agrees_with_vjp():
    tensors = tuple(draw())
    tangents = tuple(torch.randn_like(one) for one in tensors)
    result, along = jvp(lvc.encode, tensors, tangents)
    assert torch.equal(result, lvc.encode(*tensors))
    ahead, behind = (
        lvc.encode(*(one + step * tangent for one, tangent in zip(tensors, tangents)))
        for step in (1e-6, -1e-6)
    )
    torch.testing.assert_close(along, (ahead - behind) / 2e-6, rtol=1e-6, atol=1e-6)
    sums = torch.randn_like(result)
    _, back = vjp(lvc.encode, *tensors)
    both = sum((one * tangent).sum() for one, tangent in zip(back(sums), tangents))
    torch.testing.assert_close((sums * along).sum(), both)


@blocks
def test_a_replica_has_no_parameters_of_its_own(block):
    """As in DataParallel: plain tensors, in another dtype or on another device than the original's."""
    module, x = evaluated(block), torch.randn(2, 8, 5, 5)
    replicas = {}
    for name, part in module.named_modules():  # what replicate does, on a CPU
        replica = replicas[name] = part._replicate_for_data_parallel()
        for key, parameter in part._parameters.items():
            value = None if parameter is None else parameter.detach().double()
            setattr(replica, key, value)
        for key, buffer in part._buffers.items():
            wide = buffer.double() if buffer.is_floating_point() else buffer
            replica._buffers[key] = wide
        if name:
            owner, _, last = name.rpartition(".")
            setattr(replicas[owner], last, replica)
    expected = copy.deepcopy(module).double()(x.double())
    assert not [*replicas[""].parameters()]
    torch.testing.assert_close(replicas[""](x.double()), expected)


def test_a_layer_may_bring_its_parameters_when_it_runs():
    """As offloading does: until a layer runs, what it holds is on the meta device."""
    block, x = evaluated(lvc.EVCBlock), torch.randn(2, 8, 5, 5)
    expected = block(x)

    def offload(layer):
        own = {**layer._parameters, **layer._buffers}
        stored = {key: one.detach() for key, one in own.items() if one is not None}

        def bring(layer, _):
            layer.to_empty(device="cpu", recurse=False)
            for key, value in stored.items():
                getattr(layer, key).data.copy_(value)

        layer.register_forward_pre_hook(bring)
        for group in (layer._parameters, layer._buffers):
            for key, tensor in group.items():
                if tensor is not None:
                    meta = tensor.detach().to("meta")
                    group[key] = (
                        nn.Parameter(meta) if group is layer._parameters else meta
                    )

    for layer in block.modules():
        if layer._parameters:
            offload(layer)
    assert {parameter.device.type for parameter in block.parameters()} == {"meta"}
    torch.testing.assert_close(block(x), expected)


def through_state_dict(module):
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = type(module)(8)
    other.load_state_dict(torch.load(file, weights_only=True), strict=True)
    return other.eval()


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda module: pickle.loads(pickle.dumps(module)),
    "state_dict": through_state_dict,
}


@blocks
@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_equal_and_apart(block, way):
    module, x = evaluated(block), torch.randn(2, 8, 5, 7)
    result = module(x)
    twin = COPIES[way](module)
    assert torch.equal(twin(x), result)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert torch.equal(module(x), result)
