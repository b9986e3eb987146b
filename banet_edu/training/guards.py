"""What keeps a run safe: a loss or weight that is not a number stops it, Ctrl-C ends it between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during `fit`, after the state was saved. The message says how to go on."""


class FiniteGuard:
    """Raises FloatingPointError naming step and batch when a loss, or a weight, is NaN or infinite.

    Reading a loss waits for the device. On a GPU each loss is therefore sent to the CPU as it is made and read one step
    later, when it has long arrived: waiting for it then is not waiting for the step under way. `check` reads what is left
    and looks at the weights, and must be called before anything is saved.
    """

    def __init__(self) -> None:
        self._unread: tuple[int, Sequence[str], Tensor, torch.cuda.Event | None] | None = None
        self._latest = ""

    def watch(self, step: int, names: Sequence[str], loss: Tensor) -> None:
        """To be called with every loss; on a CPU before the weights are changed by it."""
        self._read()
        loss, arrived, on = loss.detach(), None, loss.device.type
        if on == "cuda":
            # pinned memory of its own, or `non_blocking` would wait
            loss = torch.empty_like(loss, device="cpu", pin_memory=True).copy_(loss, non_blocking=True)
            arrived = torch.cuda.Event()
            arrived.record()
        self._unread, self._latest = (step, names, loss, arrived), _where(step, names)
        if on == "cpu":
            self._read()

    def check(self, model: nn.Module) -> None:
        self._read()
        values = [value for value in model.state_dict().values() if value.is_floating_point()]
        if not torch.stack([value.isfinite().all() for value in values]).all():
            raise FloatingPointError(f"the weights are no longer finite after {self._latest}. {_ADVICE}")

    def _read(self) -> None:
        if self._unread is None:
            return
        (step, names, loss, arrived), self._unread = self._unread, None
        if arrived is not None:
            arrived.synchronize()
        if not loss.isfinite():
            raise FloatingPointError(f"the loss became {loss.item()} at {_where(step, names)}. {_ADVICE}")


_ADVICE = "The last saved state is untouched. Look at these images and masks, or lower the learning rate"


def _where(step: int, names: Sequence[str]) -> str:
    return f"step {step}, in the batch {', '.join(names)}"


class CatchInterrupt:
    """Within this context the first Ctrl-C only sets `.asked`, so that a step is never cut in half; a second one interrupts.

    Only the main thread of a single process can do that; elsewhere Ctrl-C keeps its usual meaning.
    """

    def __init__(self, enabled: bool) -> None:
        self.asked = False
        self._enabled = enabled and threading.current_thread() is threading.main_thread()

    def __enter__(self) -> CatchInterrupt:
        if self._enabled:
            self._previous: Any = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._enabled:
            signal.signal(signal.SIGINT, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
