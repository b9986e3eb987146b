"""Lesson 10, from paper to code: three boxes to probe, the checks of a probe and of an honest report.

The boxes behave as the authors' released code is described to behave (docs/method.md); they are written here from that
description, and no line of them is copied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from banet_edu.course.checks import Slips, Wrong, attempt, checked
from banet_edu.course.values import as_number, told_apart
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
    reports = [_two(attempt(my_report, "my_report", val, test, hint=_hint)) for val, test in runs]
    if any(not _same(report, _report(*run)) for run, report in zip(runs, reports, strict=True)):
        wrong = SLIPS.explain(list(zip(runs, reports, strict=True)), lambda given, result, *_: _same(given, result))
        if wrong:
            raise wrong
    for (val, test), (epoch, figure) in zip(runs, reports, strict=True):
        best = int(val.mean(axis=1).argmax()) + 1
        wanted = float(test[best - 1].mean())
        if _same((epoch, figure), (best, wanted)):
            continue
        if epoch == best:
            yours, expected = told_apart(figure, wanted)
            raise Wrong(
                f"the epoch is right, but you report {yours}; the test images of that epoch have {expected}.",
                "The mean over the row of that epoch: test[epoch - 1].mean().",
            )
        raise Wrong(
            f"you choose epoch {epoch:g}; the mean over the validation images is best in epoch {best}.",
            "val has one row per epoch: print val.mean(axis=1).",
        )
    return "chosen on validation, and the test images were asked once, for the chosen epoch."


PROBE = (40, 40)  # rows x columns


def _hint(error: Exception) -> str:
    if isinstance(error, IndexError) and "out of bounds" in str(error):
        return "argmax of a table counts all its cells: take the mean of each row first, val.mean(axis=1).argmax()."
    return ""


@checked
def check_probe(my_probe: Callable[[], tuple[Any, Any]]) -> str:
    """Check `my_probe()`: p and y, 40 x 40, on which `loss_box` and the Dice loss that was meant differ most.

    They differ by 1 / (sum p + sum y + 1), so by 1 where both are empty.

    >>> check_probe(lambda: 3).said
    'my_probe gives int back, two arrays are expected: p and y.'
    """
    given = attempt(my_probe, "my_probe")
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Wrong(f"my_probe gives {type(given).__name__} back, two arrays are expected: p and y.", "return p, y")
    p, y = _map(given[0], "p"), _map(given[1], "y")
    if ((p < 0) | (p > 1)).any():
        raise Wrong("p holds probabilities: nothing below 0, nothing above 1.", "np.clip(p, 0, 1) keeps them there.")
    if not np.isin(y, (0, 1)).all():
        raise Wrong("y is a mask: only 0 and 1.", "(y > 0.5).astype(float) makes one.")
    gap = 1 / (p.sum() + y.sum() + 1)
    if gap > 1 - 1e-9:
        return f"the box says {loss_box(p, y):+.0f}, meant is 0: an empty image, and a right answer to it."
    far = f"{gap:.2g}" if gap < 0.995 else f"{gap:.4f}"
    if not y.any():
        raise Wrong(
            f"they differ by {far}: the mask is empty already, but the answer is not.", "Make p smaller everywhere."
        )
    if not p.any():
        raise Wrong(f"they differ by {far}: the answer is empty, but the mask is not.", "Take pixels out of y.")
    raise Wrong(
        f"they differ by {far}; on another input they differ more.",
        "Take half of what is in p, then half of what is in y. Does the difference grow?",
    )


def _map(value: Any, name: str) -> Figures:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"{name} is no array of numbers.", "np.zeros((40, 40)) is one.") from None
    if array.shape != PROBE:
        raise Wrong(f"{name} has the shape {array.shape}, expected is {PROBE}.", "np.zeros((40, 40)) has it.")
    if not np.isfinite(array).all():
        raise Wrong(f"{name} holds nan or infinity.", "Start from np.zeros((40, 40)).")
    return array


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
    # and plain chance, in which two slips hardly ever agree
    return runs + [(random.random((n, 7)), random.random((n, 10))) for n in (6, 11, 14, 7, 9, 12)]


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] == other[0] and bool(np.isclose(one[1], other[1], atol=1e-6))


def _two(value: Any) -> tuple[float, float]:
    try:
        value = list(value)  # as `epoch, figure = my_report(...)` would
    except TypeError:
        raise Wrong(
            f"my_report gives {type(value).__name__} back, two values are expected: the epoch and the figure.",
            "return epoch, figure",
        ) from None
    if len(value) != 2:
        many = f"{len(value)} value{'' if len(value) == 1 else 's'}"
        raise Wrong(f"my_report gives {many} back, not two.", "return epoch, figure")
    return as_number(value[0], "the epoch"), as_number(value[1], "the figure")


def _report(
    val: Figures,
    test: Figures,
    *,
    table: Callable[[Figures, Figures], Figures] = lambda val, test: val,
    of_epoch: Callable[[Figures], Any] = lambda table: table.mean(axis=1),
    chosen: Callable[[Any], Any] = np.argmax,
    counted: Callable[[int], int] = lambda row: row + 1,
    row: Callable[[int], int] = lambda epoch: epoch - 1,
    figures: Callable[[Figures, Figures], Figures] = lambda val, test: test,
    figure: Callable[[Figures, int], Any] = lambda figures, row: figures[row].mean(),
    given: Callable[[Any, Any], tuple[Any, Any]] = lambda epoch, figure: (epoch, figure),
) -> tuple[float, float]:
    """The report, step by step, each of which can be taken wrongly."""
    epoch = counted(int(chosen(of_epoch(table(val, test)))))
    return given(epoch, figure(figures(val, test), row(epoch)))


def _table() -> dict[tuple[str, str], dict[str, Any]]:
    start = "The epoch is a row number plus 1: val.mean(axis=1).argmax() + 1."
    validation = "Choose with val only; test must not take part in any choice."
    mean = "The mean over the row of the chosen epoch: test[epoch - 1].mean()."
    rows, best = "Rows count from 0: test[epoch - 1].", "JA: higher is better, so val.mean(axis=1).argmax()."
    images = "Take the mean over the images first: val.mean(axis=1), then argmax."
    on_test: dict[str, Any] = {"table": lambda val, test: test}
    from_0: dict[str, Any] = {"counted": lambda row: row, "row": lambda epoch: epoch}
    both = {"table": lambda val, test: (val.mean(axis=1) + test.mean(axis=1))[:, None]}
    found: dict[tuple[str, str], dict[str, Any]] = {
        ("the epoch is chosen on the test images.", validation): on_test,
        ("the epoch is chosen on the validation and the test images together.", f"{validation} No pooling."):
            {"table": lambda val, test: np.concatenate([val, test], axis=1)},
        ("the epoch is chosen on the validation and the test images together.", validation): both,
        ("the epoch is right, but the figure is the best test figure of all epochs.",
         "Report the test figure of the epoch that was chosen, even if another epoch has a better one."):
            {"figure": lambda figures, row: figures.mean(axis=1).max()},
        ("the epoch is right, but the figure is the validation figure, by which it was chosen.",
         "That one is optimistic. Report test[epoch - 1].mean()."): {"figures": lambda val, test: val},
        ("the epoch is counted from 0.", start): from_0,
        ("the epoch is counted from 0, and the figure belongs to the row before it.", start):
            {"counted": lambda row: row},
        ("the epoch is right, but the test figure belongs to the epoch after it.", rows): {"row": lambda epoch: epoch},
        ("the epoch is right, but the test figure belongs to the epoch before it.", rows): {"row": lambda epoch: epoch - 2},
        ("the epoch is right, but the test figure belongs to the second epoch after it.", rows):
            {"row": lambda epoch: epoch + 1},
        ("the epoch is right, but the figure is taken from as many rows before the end.", rows):
            {"row": lambda epoch: -epoch},
        ("the epoch is right, but the figure is taken from as many rows before the end, less one.", rows):
            {"row": lambda epoch: 1 - epoch},
        ("the epoch is right, but the figure always belongs to the second epoch.", rows): {"row": lambda epoch: 1},
        ("the number of the epoch is 1 too large.", start): {"counted": lambda row: row + 2},
        ("the number of the epoch is 2 too small.", start): {"counted": lambda row: row - 1},
        ("the epoch is always 1: the choice is not used.", start): {"counted": lambda row: 1},
        ("that is the worst epoch on validation.", best): {"chosen": np.argmin},
        ("that is the last epoch.", "Choose the epoch with the best mean on val."): {"chosen": lambda each: len(each) - 1},
        ("the best FIGURE is taken for the number of the epoch.", best): {"chosen": np.max},
        ("the sum of the figures is taken for the number of the epoch.", best): {"chosen": np.sum},
        ("the epoch is chosen by its luckiest single image.", images): {"of_epoch": lambda table: table.max(axis=1)},
        ("the epoch is chosen by its worst single image.", images): {"of_epoch": lambda table: table.min(axis=1)},
        ("the epoch is chosen by the spread of its images.", images): {"of_epoch": lambda table: table.std(axis=1)},
        ("the epoch is chosen by the NUMBER of its best image.", images): {"of_epoch": lambda table: table.argmax(axis=1)},
        ("the epoch is chosen by the NUMBER of its worst image.", images): {"of_epoch": lambda table: table.argmin(axis=1)},
        ("the mean is taken over the epochs, so that an image is chosen instead of an epoch.",
         "One row per epoch: val.mean(axis=1) gives one figure per epoch."): {"of_epoch": lambda table: table.mean(axis=0)},
        ("two figures come in the wrong order: first the epoch, then the figure.", "return epoch, figure"):
            {"given": lambda epoch, figure: (figure, epoch)},
        ("the epoch is given back twice, no figure.", "return epoch, figure"): {"given": lambda epoch, figure: (epoch, epoch)},
        ("the figure is given back twice, no epoch.", "return epoch, figure"):
            {"given": lambda epoch, figure: (figure, figure)},
        ("the figure is the mean over all epochs and test images.", mean): {"figure": lambda figures, row: figures.mean()},
    }  # fmt: skip
    for words, reduce in (
        ("the best single test image", np.max),
        ("the worst single test image", np.min),
        ("the sum over the test images, not their mean", np.sum),
        ("the spread of the test images, not their mean", np.std),
        ("the NUMBER of the best test image", np.argmax),
        ("the NUMBER of the worst test image", np.argmin),
    ):
        found[f"the figure is {words}.", mean] = {"figure": lambda figures, row, reduce=reduce: reduce(figures[row])}
    return found


SLIPS = Slips(_report, _table())
