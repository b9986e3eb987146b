"""What is chosen for a machine: device, graph, loader workers, TF32, random numbers."""

from __future__ import annotations

import pytest
import torch

from banet_edu.training.device import choose_device, loader_workers, tensor_float, use_cuda_graph
from banet_edu.training.step import seed_generators

CPU = torch.device("cpu")


def test_where_a_graph_is_used():
    cuda = torch.device("cuda")
    assert [use_cuda_graph(asked, cuda, 1) for asked in ("auto", "on", "off")] == [True, True, False]
    assert not use_cuda_graph("auto", cuda, 2)
    assert not use_cuda_graph("auto", CPU, 1)
    with pytest.raises(ValueError, match=r'\(--cuda-graph\) needs one process on CUDA, not 1 on cpu: use "auto"'):
        use_cuda_graph("on", CPU, 1)
    with pytest.raises(ValueError, match='"auto", "on" or "off", not \'yes\''):
        use_cuda_graph("yes", CPU, 1)


def test_workers_are_chosen_for_the_machine(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(16)), raising=False)
    assert loader_workers("auto", CPU) == 0
    assert loader_workers("auto", torch.device("cuda")) == 8
    assert loader_workers("auto", torch.device("cuda"), 4) == 3
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")  # four processes on two machines: two share these cores
    assert loader_workers("auto", torch.device("cuda"), 4) == 7
    monkeypatch.delenv("LOCAL_WORLD_SIZE")
    monkeypatch.setattr("os.sched_getaffinity", lambda process: {0}, raising=False)
    assert loader_workers("auto", torch.device("cuda")) == 0
    assert loader_workers(5, CPU) == 5
    for wrong in ("many", -1, 1.5):
        with pytest.raises(ValueError, match='"auto" or a whole number from 0 on'):
            loader_workers(wrong, CPU)


def test_tf32_of_products_is_for_the_block(monkeypatch):
    products = torch.backends.cuda.matmul
    name, on = ("fp32_precision", "tf32") if hasattr(products, "fp32_precision") else ("allow_tf32", True)
    before = getattr(products, name)
    with tensor_float(torch.device("cuda")):
        assert getattr(products, name) == on
    assert getattr(products, name) == before
    with tensor_float(CPU):
        assert getattr(products, name) == before
    if name == "fp32_precision":
        products.fp32_precision = "ieee"
        try:
            with tensor_float(torch.device("cuda")):
                assert products.fp32_precision == "ieee"  # who has switched it off keeps it so
            assert products.fp32_precision == "ieee"
        finally:
            products.fp32_precision = before


def test_only_the_generators_in_use_are_seeded(monkeypatch):
    monkeypatch.setattr("torch.cuda.manual_seed_all", lambda seed: pytest.fail("every GPU was seeded"))
    seed_generators(5, CPU)
    drawn = torch.rand(3)
    torch.default_generator.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
    seeded = []
    monkeypatch.setattr("torch.cuda.manual_seed", seeded.append)
    seed_generators(7, torch.device("cuda"))
    assert seeded == [7]


def test_volumes_are_not_sent_to_an_apple_gpu_unasked(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    assert [choose_device("auto").type, choose_device("auto", 3).type, choose_device("mps", 3).type] == [
        "mps",
        "cpu",
        "mps",
    ]
