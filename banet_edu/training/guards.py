"""What keeps a run safe: a loss that is not a number stops it, Ctrl-C ends it between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import Any

from torch import Tensor


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during `fit`, after the state was saved. The message says how to go on."""


class FiniteLoss:
    """Raises FloatingPointError naming step and batch when a loss is NaN or infinite.

    Reading a loss waits for the device. On a GPU each loss is therefore read one step later, when it has long been
    computed; `check` reads what is left, and must be called before anything is saved.
    """

    def __init__(self) -> None:
        self._unread: tuple[int, Sequence[str], Tensor] | None = None

    def watch(self, step: int, names: Sequence[str], loss: Tensor) -> None:
        self.check()
        self._unread = (step, names, loss.detach())
        if loss.device.type == "cpu":
            self.check()

    def check(self) -> None:
        if self._unread is None:
            return
        (step, names, loss), self._unread = self._unread, None
        if not loss.isfinite():
            raise FloatingPointError(
                f"the loss became {loss.item()} at step {step}, in the batch {', '.join(names)}. The last saved state is "
                "untouched. Look at these images and masks, or lower the learning rate"
            )


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
