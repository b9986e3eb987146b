"""`pytest --nbval notebooks` needs no option: the kernels start with the environment that the lessons were built in."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """A lesson's kernel starts when its first cell is set up, and inherits what is set here."""
    with pytest.MonkeyPatch.context() as environment:
        # Two torch processes on two cores would spin against each other.
        environment.setenv("OMP_WAIT_POLICY", "PASSIVE")
        if "PYTEST_XDIST_WORKER" in os.environ:  # `pytest -n 2`: the cores are shared out
            environment.setenv("OMP_NUM_THREADS", "1")
        environment.delenv("BANET_EDU_DATA", raising=False)  # committed outputs come from the bundled samples
        return (yield)
