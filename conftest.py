"""What holds for all tests, those in `tests/` and the notebooks."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each worker has one core. With a thread for every core in every worker, threads
    # wait for each other most of the time. Set before torch is imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
