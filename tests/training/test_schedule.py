from __future__ import annotations

import pytest
import torch

from banet_edu.config import TrainConfig
from banet_edu.training.schedule import learning_rate


@pytest.mark.parametrize("steps", [10, 100, 1801])
def test_one_cycle_is_torchs(steps):
    config = TrainConfig(steps=steps, learning_rate=3e-3, schedule="one_cycle")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, cycle_momentum=False)
    for step in range(steps):
        assert learning_rate(step, config) == pytest.approx(theirs.get_last_lr()[0], rel=1e-9, abs=1e-15)
        optimizer.step()
        if step < steps - 1:
            theirs.step()


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_have_a_rate(steps):
    for schedule in ("one_cycle", "poly", "constant"):
        config = TrainConfig(steps=steps, learning_rate=1.0, schedule=schedule)
        assert all(0 < learning_rate(step, config) <= 1 for step in range(steps))


def test_poly_and_constant():
    poly = TrainConfig(steps=200, learning_rate=1e-4, schedule="poly")
    assert learning_rate(0, poly) == 1e-4
    assert learning_rate(100, poly) == pytest.approx(1e-4 * 0.5**0.9)
    assert learning_rate(150, TrainConfig(steps=200, schedule="constant")) == 1e-3
    with pytest.raises(ValueError, match="linear"):
        learning_rate(0, TrainConfig(schedule="linear"))
