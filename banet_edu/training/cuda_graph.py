"""A step of training, or of validation, launched as one CUDA graph.

BA-Net is many small operations: a GPU does them faster than Python can ask for them, so that a step takes as long as the asking
(measured on an H100: 25 ms a lite step, 5.7 ms as a graph). A graph is what was asked for, recorded once and then launched as
a whole, with the same memory each time: batches must keep their shape, as those of `BatchPlan` do.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor

from banet_edu.training.device import memory_format
from banet_edu.training.step import Forward, TrainingStep, Watch


class GraphedStep(TrainingStep):
    """`TrainingStep` as a graph, after a few eager steps; `watch` is told the loss after the step.

    All steps stay eager where the network cannot be recorded, one that looks at its own values, say: a warning tells it.
    """

    EAGER = 5  # cuDNN chooses its algorithms, the optimiser makes its state

    graph: torch.cuda.CUDAGraph | None = None
    calls = 0

    def __call__(self, images: Tensor, masks: Tensor, watch: Watch) -> dict[str, Tensor]:
        self.calls += 1
        if self.calls <= self.EAGER:
            with side_stream():
                return self._step(images, masks, watch)
        if self.calls == self.EAGER + 1:
            self.images, self.masks = images.clone(), masks.clone()
            self.graph = record(self._recorded, self._tried, "this network's step")
        if self.graph is None:
            return self._step(images, masks, watch)
        self.images.copy_(images, non_blocking=True)
        self.masks.copy_(masks, non_blocking=True)
        self.graph.replay()
        values = self.values.clone()  # the next replay writes over them
        watch(values[0])
        return dict(zip(self.names, values.unbind(), strict=True))

    def _tried(self) -> None:
        """A step but for new weights; the running statistics become what they were."""
        before = [buffer.clone() for buffer in self.network.buffers()]
        try:
            with side_stream():
                self.accelerator.backward(self._loss(self.images, self.masks)[0])
        finally:
            self.optimizer.zero_grad()
            for buffer, value in zip(self.network.buffers(), before, strict=True):
                buffer.copy_(value)

    def _recorded(self) -> None:
        """Nothing is computed while recording: weights and optimiser stay as they are."""
        parts = self._step(self.images, self.masks, watch=lambda loss: None)
        self.names, self.values = list(parts), torch.stack(list(parts.values()))


class GraphedForward(Forward):
    """`Forward` as a graph from the second full batch on; one of another shape, the last mostly, is computed eagerly.

    The graph reads the weights where they lie, so training between two calls is seen. Its answer holds until the next one.
    """

    graph: torch.cuda.CUDAGraph | None = None
    full: torch.Size | None = None  # shape of the first batch
    full_calls = 0

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        images = images.to(self.device, memory_format=memory_format(self.device, images.ndim - 2))
        self.full = self.full or images.shape
        if images.shape == self.full:
            if self.full_calls == 1:
                self.images = images.clone()
                self.graph = record(self._recorded, self._recorded, "this network's validation")
            self.full_calls += 1
        if self.graph is None or images.shape != self.full:
            return self._forward(images)
        self.images.copy_(images)
        self.graph.replay()
        return self.logits

    def _recorded(self) -> None:
        self.logits = self._forward(self.images)


_broken: list[torch.cuda.CUDAGraph] = []  # of recordings that broke off; CUDA's allocator still refers to them


def record(run: Callable[[], None], trial: Callable[[], None], what: str) -> torch.cuda.CUDAGraph | None:
    """What `run` asks of the GPU as one graph; None, and a warning, where it cannot be recorded.

    A recording that breaks off leaves CUDA's allocator in disorder: `trial` runs eagerly beforehand, waiting for the GPU
    (`.item()` and the like) being an error; and after one that broke off all the same nothing is recorded in this process.
    Only this thread's requests count: the loader's own thread goes on pinning memory meanwhile.
    """
    if _broken:
        warnings.warn(f"no CUDA graph of {what}: an earlier recording in this process broke off", stacklevel=4)
        return None
    torch.cuda.synchronize()
    graph, stream, mode = torch.cuda.CUDAGraph(), torch.cuda.current_stream(), torch.cuda.get_sync_debug_mode()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch calls this mode a prototype; the network's own were seen before
            torch.cuda.set_sync_debug_mode("error")
            trial()
        torch.cuda.set_sync_debug_mode(mode)
        _broken.append(graph)  # until it is whole
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            run()
        _broken.pop()
    except RuntimeError as error:
        reason = str(error.__context__ or error).partition("\n")[0]
        if _broken:  # torch left its own stream in place, and the random numbers as if still recording
            torch.cuda.set_stream(stream)
            generator = torch.cuda.default_generators[torch.cuda.current_device()]
            generator.graphsafe_set_state(generator.clone_state())
        warnings.warn(f"no CUDA graph of {what}, training goes on without one: {reason}", stacklevel=4)
        return None
    finally:
        torch.cuda.set_sync_debug_mode(mode)
    return graph


_side = cache(torch.cuda.Stream)  # of a device, always the same: freed memory is used again on its own stream only


@contextmanager
def side_stream() -> Iterator[None]:
    """Where CUDA asks for what comes before a recording: nothing that autograd keeps may belong to the main stream."""
    main, side = torch.cuda.current_stream(), _side(torch.cuda.current_device())
    side.wait_stream(main)
    try:
        with torch.cuda.stream(side):
            yield
    finally:
        main.wait_stream(side)
