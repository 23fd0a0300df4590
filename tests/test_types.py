"""A user's type checker sees the signatures of lvc."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import torch
from torch import Tensor

import lvc

x, codewords, scale = torch.rand(2, 9, 8), torch.rand(4, 8), torch.rand(4)
encoding: Tensor = lvc.encode(x, codewords, scale)
block = lvc.EVCBlock(8, num_codes=4)
y: Tensor = block.forward(torch.rand(2, 8, 3, 3))
reveal_type(lvc.reference.scaled_l2)
reveal_type(block.forward)
lvc.encode(x, codewords)
lvc.encode(x, codewords, "scale")
block.forward("x")
lvc.EVCBlock("8")
"""


@pytest.mark.slow
def test_mypy_sees_arguments_and_results(tmp_path):
    (tmp_path / "user.py").write_text(SCRIPT.lstrip())
    command = [sys.executable, "-m", "mypy", "--strict", "user.py"]
    command += ["--cache-dir", str(tmp_path / "cache"), "--hide-error-context"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    lines = [line.partition("user.py:")[2] for line in shown.stdout.splitlines()]
    three = "x: Tensor, codewords: Tensor, scale: Tensor"
    expected = {
        "10": f'note: Revealed type is "def ({three}) -> Tensor"',
        "11": 'note: Revealed type is "def (x: Tensor) -> Tensor"',
        "12": 'error: Missing positional argument "scale" in call to "encode"  [call-arg]',
        "13": 'error: Argument 3 to "encode" has incompatible type "str"; expected "Tensor"  [arg-type]',
        "14": 'error: Argument 1 to "forward" of "EVCBlock" has incompatible type "str"; expected "Tensor"  [arg-type]',
        "15": 'error: Argument 1 to "EVCBlock" has incompatible type "str"; expected "int"  [arg-type]',
    }
    assert Path(tmp_path / "user.py").exists()
    assert [line.replace("torch._tensor.", "") for line in lines if line] == [
        f"{number}: {message}" for number, message in expected.items()
    ]
