from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from training_helpers import CONFIG, SIZE, discs, tiny

from banet_edu.data.prepared import Prepared
from banet_edu.training.batches import BatchPlan, epoch_order, global_batch_size, load_batches


def test_every_epoch_is_another_order_of_all_images():
    assert sorted(epoch_order(0, 0, 50)) == list(range(50))
    assert list(epoch_order(0, 0, 50)) == list(epoch_order(0, 0, 50))
    assert list(epoch_order(0, 0, 50)) != list(epoch_order(0, 1, 50))
    assert list(epoch_order(0, 0, 50)) != list(epoch_order(1, 0, 50))


def test_the_plan_cuts_epochs_into_full_batches_and_can_start_anywhere():
    plan = list(BatchPlan(replace(CONFIG, steps=8), 14, 4, 0, 0, 1))
    assert [batch[0][0] for batch in plan] == [0, 0, 0, 1, 1, 1, 2, 2]
    assert all(len(batch) == 4 for batch in plan)
    first = [index for batch in plan[:3] for _, index in batch]
    assert len(set(first)) == 12
    assert list(BatchPlan(replace(CONFIG, steps=8), 14, 4, 5, 0, 1)) == plan[5:]


def test_processes_share_each_batch_without_overlap():
    whole = list(BatchPlan(CONFIG, 14, 4, 0, 0, 1))
    shares = [list(BatchPlan(CONFIG, 14, 4, 0, rank, 2)) for rank in (0, 1)]
    for batch, one, two in zip(whole, *shares, strict=True):
        assert len(one) == len(two) == 2
        assert sorted(one + two) == sorted(batch)


def test_the_batch_is_counted_over_all_processes():
    assert global_batch_size(CONFIG, 100, 1) == global_batch_size(CONFIG, 100, 2) == 4
    assert global_batch_size(CONFIG, 3, 2) == 2  # fewer images than a batch
    with pytest.raises(ValueError, match="multiple of 3"):
        global_batch_size(CONFIG, 100, 3)
    with pytest.raises(ValueError, match="1 training image"):
        global_batch_size(CONFIG, 1, 2)


def test_images_depend_on_seed_epoch_and_index_only():
    data, spec, config = Prepared(discs(6), SIZE), tiny().spec, replace(CONFIG, steps=2, batch_size=6)

    def batches(config, start=0, workers=0):
        plan = BatchPlan(config, 6, 6, start, 0, 1)
        return list(load_batches(data, spec, config, plan, torch.device("cpu"), workers))

    before = torch.get_rng_state()
    one, two = batches(config)
    assert torch.equal(torch.get_rng_state(), before)
    assert one.images.shape == (6, 3, SIZE, SIZE)
    assert one.masks.dtype == torch.uint8
    assert torch.equal(batches(config, start=1)[0].images, two.images)
    assert not torch.equal(one.images[one.names.index("disc-0-0")], two.images[two.names.index("disc-0-0")])
    parallel = batches(config, workers=2)
    assert torch.equal(parallel[1].images, two.images)
    assert parallel[1].names == two.names
    assert not torch.equal(batches(replace(config, seed=1))[0].images, one.images)
