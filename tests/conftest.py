"""The tests run `lvc` with every shape in its signatures checked at run time."""

from jaxtyping import install_import_hook

install_import_hook("lvc", "beartype.beartype")

import pytest  # noqa: E402  (lvc, and what imports it, must come after the hook)
import torch  # noqa: E402


@pytest.fixture(
    scope="session", params=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
)
def device(request):
    return request.param
