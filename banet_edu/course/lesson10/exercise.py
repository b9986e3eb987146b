"""Lesson 10, from paper to code: three boxes to probe, and the check of an honest report.

The boxes behave as the authors' released code is described to behave (docs/method.md); they are written here from that
description, and no line of them is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from banet_edu.course.checks import Wrong, as_number, attempt, checked
from banet_edu.training.losses import boundary_target

Figures = NDArray[np.float64]


def loss_box(p: ArrayLike, y: ArrayLike) -> float:
    """A loss of one image: probabilities and mask, both rows x columns."""
    probability, mask = np.asarray(p, dtype=float), np.asarray(y, dtype=float)
    overlap, size = (probability * mask).sum(), probability.sum() + mask.sum()
    return float(1 - 2 * (overlap + 1) / (size + 1))


def boundary_box(mask: ArrayLike) -> NDArray[np.bool_]:
    """The boundary that an edge branch is to learn from a mask, rows x columns."""
    labels = torch.from_numpy(np.array(mask, dtype=np.int64))
    return np.asarray(boundary_target(labels[None], padding="zero")[0].numpy() > 0)


def training_box(val: ArrayLike, test: ArrayLike) -> tuple[int, float]:
    """What a training run reports: its best epoch, counted from 1, and a figure. Both inputs: one figure per epoch."""
    measured = np.asarray(test, dtype=float)
    if len(measured) != len(np.asarray(val)):
        raise ValueError("one validation figure and one test figure for each epoch, please")
    best = int(measured.argmax())
    return best + 1, float(measured[best])


@checked
def check_honest_report(my_report: Callable[[Figures, Figures], tuple[int, float]]) -> str:
    """Check `my_report(val, test)`: the epoch (from 1) with the best mean on val, and its mean on test.

    >>> check_honest_report(lambda val, test: 3).said
    'my_report gives int back, two values are expected: the epoch and the figure.'
    """
    runs = _runs()
    reports = [_two(attempt(my_report, "my_report", val, test)) for val, test in runs]
    slips = [_slips(val, test) for val, test in runs]
    for said, hint in slips[0]:  # a slip is named only where it explains every run
        if all(_same(report, slip[said, hint]) for report, slip in zip(reports, slips, strict=True)):
            raise Wrong(said, hint)
    for (val, test), (epoch, figure) in zip(runs, reports, strict=True):
        best = int(val.mean(axis=1).argmax()) + 1
        wanted = float(test[best - 1].mean())
        if _same((epoch, figure), (best, wanted)):
            continue
        if epoch == best:
            raise Wrong(
                f"the epoch is right, but you report {figure:.3f}; the test images of that epoch have {wanted:.3f}.",
                "The mean over the row of that epoch: test[epoch - 1].mean().",
            )
        raise Wrong(
            f"you choose epoch {epoch:g}; the mean over the validation images is best in epoch {best}.",
            "val has one row per epoch: print val.mean(axis=1).",
        )
    return "chosen on validation, and the test images were asked once, for the chosen epoch."


def _runs() -> list[tuple[Figures, Figures]]:
    """Runs in which every slip gives another answer: other best epochs on validation, on test, on both, by luck of an image."""
    random = np.random.default_rng(11)
    runs = []
    for epochs, best_val, best_test, best_both in ((8, 4, 6, 3), (9, 1, 3, 5), (10, 5, 9, 3)):
        val, test = 0.70 + 0.02 * random.random((epochs, 12)), 0.68 + 0.02 * random.random((epochs, 9))
        val[best_val - 1] += 0.08
        val[best_val - 1, 3] -= 0.2  # and the best epoch has the worst single image
        test[best_test - 1] += 0.12
        val[best_both - 1] += 0.04  # the best of neither part alone
        test[best_both - 1] += 0.11
        val[1, 6] += 0.25  # the luckiest single image, in an epoch that is not the best
        runs.append((val, test))
    return runs


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] == other[0] and bool(np.isclose(one[1], other[1], atol=1e-6))


def _two(value: Any) -> tuple[float, float]:
    if not isinstance(value, tuple | list | np.ndarray):
        raise Wrong(
            f"my_report gives {type(value).__name__} back, two values are expected: the epoch and the figure.",
            "return epoch, figure",
        )
    if len(value) != 2:
        raise Wrong(f"my_report gives {len(value)} values back, not two.", "return epoch, figure")
    return as_number(value[0], "the epoch"), as_number(value[1], "the figure")


def _slips(val: Figures, test: Figures) -> dict[tuple[str, str], tuple[float, float]]:
    on_val, on_test = val.mean(axis=1), test.mean(axis=1)
    best, luckiest, last = int(on_val.argmax()), int(val.max(axis=1).argmax()), len(val) - 1
    peeked, worst = int(on_test.argmax()), int(on_val.argmin())
    across = int(val.mean(axis=0).argmax())
    pooled = int((on_val + on_test).argmax())
    row = "The epoch is a row number plus 1: on_val.argmax() + 1."
    on_validation = "Choose with val only; test must not take part in any choice."
    return {
        ("the epoch is chosen on the test images.", on_validation): (peeked + 1, on_test[peeked]),
        ("the epoch is chosen on the test images, and counted from 0.", on_validation): (peeked, on_test[peeked]),
        ("the epoch is chosen on the test images, the figure is from validation.", on_validation): (
            peeked + 1,
            on_val[peeked],
        ),
        ("the epoch is chosen on the validation and the test images together.", on_validation): (
            pooled + 1,
            on_test[pooled],
        ),
        (
            "the epoch is right, but the figure is the best test figure of all epochs.",
            "Report the test figure of the epoch that was chosen, even if another epoch has a better one.",
        ): (best + 1, on_test[peeked]),
        (
            "the epoch is right, but the figure is the validation figure, by which it was chosen.",
            "That one is optimistic. Report test[epoch - 1].mean().",
        ): (best + 1, on_val[best]),
        ("the epoch is counted from 0.", row): (best, on_test[best]),
        (
            "the epoch is right, but the test figure belongs to the epoch after it.",
            "Rows count from 0: test[epoch - 1].",
        ): (
            best + 1,
            on_test[min(best + 1, last)],
        ),
        ("that is the worst epoch on validation.", "JA: higher is better, so argmax."): (worst + 1, on_test[worst]),
        ("that is the last epoch.", "Choose the epoch with the best mean on val."): (last + 1, on_test[last]),
        (
            "the epoch is chosen by its luckiest single image.",
            "Take the mean over the images first: val.mean(axis=1), then argmax.",
        ): (luckiest + 1, on_test[luckiest]),
        (
            "the mean is taken over the epochs, so that an image is chosen instead of an epoch.",
            "One row per epoch: val.mean(axis=1) gives one figure per epoch.",
        ): (across + 1, on_test[min(across, last)]),
        ("two figures come in the wrong order: first the epoch, then the figure.", "return epoch, figure"): (
            on_test[best],
            best + 1,
        ),
        (
            "the figure is the mean over all epochs and test images.",
            "Only the row of the chosen epoch: test[epoch - 1].mean().",
        ): (best + 1, test.mean()),
        (
            "the figure is the best single test image.",
            "The mean over the row of the chosen epoch: test[epoch - 1].mean().",
        ): (best + 1, test[best].max()),
    }
