"""Two processes of PyTorch's own distributed engine compute what one computes: DistributedDataParallel, FSDP, DTensor."""

from copy import deepcopy
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    FullyShardedDataParallel,
    MixedPrecisionPolicy,
    fully_shard,
)
from torch.distributed.tensor import (
    Partial,
    Replicate,
    Shard,
    distribute_module,
    distribute_tensor,
)
from torch.distributed.tensor.debug import CommDebugMode
from torch.nn.parallel import DistributedDataParallel

import lvc

pytestmark = pytest.mark.slow


def join(rank, file):
    """Make this process one of the two, for at most a minute."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=file.as_uri(),
        rank=rank,
        world_size=2,
        timeout=timedelta(minutes=1),
    )


def in_two_processes(work, tmp_path):
    """Run `work(rank, file)` twice. A failure in one ends both and is raised here, with its traceback."""
    torch.multiprocessing.spawn(work, (tmp_path / "meeting",), nprocs=2)


def train_data_parallel(rank, file):
    join(rank, file)
    torch.manual_seed(0)
    block, x = lvc.EVCBlock(8).double(), torch.randn(4, 8, 5, 7, dtype=torch.float64)
    block(x)  # gives BatchNorm some running statistics
    x.requires_grad_()
    # In training BatchNorm would normalise each half of the batch by itself, so its statistics are fixed here.
    block.eval()
    expected = torch.autograd.grad(block(x).square().mean(), block.parameters())
    parallel = DistributedDataParallel(block)
    half = x.detach()[2 * rank : 2 * rank + 2]
    parallel(half).square().mean().backward()  # averages over the two processes
    named = dict(block.named_parameters())
    torch.testing.assert_close(
        {name: parameter.grad for name, parameter in named.items()},
        dict(zip(named, expected)),
    )

    # A parameter that gets no gradient makes the second step fail.
    parallel.train()
    optimiser = torch.optim.SGD(parallel.parameters(), lr=0.01)
    for _ in range(3):
        optimiser.zero_grad()
        parallel(half).square().mean().backward()
        optimiser.step()
    # It must go first: as the last owner of the group it waits, holding the interpreter's lock, for
    # threads that may wait for that lock (as of torch 2.13).
    del parallel
    dist.destroy_process_group()


def test_data_parallel_training_equals_one_process_on_the_whole_batch(tmp_path):
    in_two_processes(train_data_parallel, tmp_path)


def shard_the_parameters(rank, file):
    join(rank, file)
    torch.manual_seed(0)
    block, x = lvc.EVCBlock(8).eval(), torch.randn(2, 8, 5, 7)
    expected = block(x)
    mesh = init_device_mesh("cpu", (2,))

    flat = FullyShardedDataParallel(deepcopy(block), device_id=torch.device("cpu"))
    torch.testing.assert_close(flat(x), expected)
    with pytest.raises(ValueError, match="EVCBlock: axis c of x must be 8, .* got 6"):
        flat(x[:, :6])

    # Layers that are units of their own hold float32 until they run in bfloat16.
    half = MixedPrecisionPolicy(param_dtype=torch.bfloat16)
    wide = MixedPrecisionPolicy(torch.float32, output_dtype=torch.bfloat16)
    sharded = deepcopy(block)
    for norm in sharded.modules():  # their running statistics are float32
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            fully_shard(norm, mesh=mesh, mp_policy=wide)
    for unit in (sharded.lvc.conv_1, sharded.l_MLP.dw, sharded.conv1, sharded):
        fully_shard(unit, mesh=mesh, mp_policy=half)
    result = sharded(x)
    assert result.dtype == torch.bfloat16
    error = (result - expected).abs().max() / expected.abs().max()
    assert error < 0.05
    result.float().square().mean().backward()
    assert all(one.grad is not None for one in sharded.parameters())
    dist.barrier()
    dist.destroy_process_group()


def test_sharded_parameters_are_looked_at_when_they_are_there(tmp_path):
    in_two_processes(shard_the_parameters, tmp_path)


def shard_the_pixels(rank, file):
    join(rank, file)
    mesh = init_device_mesh("cpu", (2,))
    torch.manual_seed(0)
    sizes = {"x": (2, 11, 4), "codewords": (5, 4), "scale": (5,)}  # 11 pixels: 6 and 5
    whole = {
        name: torch.randn(size, dtype=torch.float64) for name, size in sizes.items()
    }
    whole = {name: one.requires_grad_() for name, one in whole.items()}
    expected = lvc.encode(**whole)
    sums = torch.randn_like(expected)
    gradients = torch.autograd.grad(expected, whole.values(), sums)

    placed = {"x": Shard(1), "codewords": Replicate(), "scale": Replicate()}
    shards = {
        name: distribute_tensor(one.detach(), mesh, [placed[name]]).requires_grad_()
        for name, one in whole.items()
    }
    assert shards["x"].to_local().shape == (2, 6 - rank, 4)
    with CommDebugMode() as forward:
        encoding = lvc.encode(**shards)
    assert forward.get_total_counts() == 0
    assert encoding.placements == (Partial("sum"),)
    with CommDebugMode() as completing:
        complete = encoding.redistribute(mesh, [Replicate()])
    counts = completing.get_comm_counts()
    assert counts == {torch.ops.c10d_functional.all_reduce: 1}, counts
    torch.testing.assert_close(complete.to_local(), expected)

    sums = distribute_tensor(sums, mesh, [Replicate()])
    with CommDebugMode() as backward:
        sharded = torch.autograd.grad(complete, shards.values(), sums)
    assert backward.get_total_counts() == 0
    assert [one.placements for one in sharded] == [
        (Shard(1),),
        (Partial("sum"),),
        (Partial("sum"),),
    ]
    for one, gradient in zip(sharded, gradients):
        torch.testing.assert_close(one.full_tensor(), gradient)

    single = {name: one.detach().float() for name, one in shards.items()}
    with torch.autocast("cpu", torch.bfloat16):
        inside = lvc.encode(**single)
    assert torch.equal(inside.full_tensor(), lvc.encode(**single).full_tensor())
    with pytest.raises(
        ValueError, match="encode: axis c of codewords must be 4, as in x, got 3"
    ):
        lvc.encode(shards["x"], shards["codewords"][:, :3], shards["scale"])

    layer, image = lvc.Encoding(8, 5), torch.randn(2, 8, 4, 7)
    expected = layer(image)
    distribute_module(layer, mesh)
    rows = distribute_tensor(image, mesh, [Shard(2)])
    with CommDebugMode() as forward:
        encoding = layer(rows)
    assert forward.get_total_counts() == 0
    torch.testing.assert_close(encoding.full_tensor(), expected)
    dist.destroy_process_group()


def test_pixels_sharded_over_two_processes_need_one_sum(tmp_path):
    in_two_processes(shard_the_pixels, tmp_path)
