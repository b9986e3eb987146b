"""A network's track record: how well what is known without a mask told where its outline was wrong, on images with a mask.

It holds a small linear model over the `clues` of a point, fitted once to images that the network has not learned from:

    s = intercept + sum_k  within_k (x_k - mean of x_k over the outline)  +  between_k (mean of x_k over the outline - usual_k)

against log(error + 0.5) in working pixels, by ridge regression, every image with the same weight. The first sum says where on
an outline the error is large, the second on which outline (Mundlak 1978, Econometrica 46:69). What s means in pixels is then
read off images that it was not fitted to: the mean error and its 10th and 90th percentile, made to rise with s (isotonic
regression).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from banet_edu.data.sample import Sample
from banet_edu.explain.boundary.clues import Clues
from banet_edu.explain.boundary.outline import Array, Outline, distance_to, outline_of_mask

MARKED_SHARE = 0.25  # of an outline at most
SHORTEST = 8  # points of a mark: shorter ones are left out
UNDECIDED = "network undecided"
# What may raise the expected error of a point, and the clues that tell of it.
REASONS = {
    "networks disagree": ("second", "mirrored", "second_mirrored", "finer", "second_finer", "spread", "sides"),
    UNDECIDED: ("slack", "second_slack", "together"),
    "image unclear": ("contrast", "edge_width", "noise", "look_alike", "frame"),
    "unusual shape": ("bend", "bulge", "part"),
}
_SMOOTH = 3.0  # points along the outline, standard deviation
_WITHIN, _BETWEEN = 0.3, 3.0  # ridge penalties, in shares of the clues' variance
_FOLDS = 8
_BINS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
Case = tuple[Clues, Array]  # an outline and its true error in working pixels


def true_errors(clues: Clues, sample: Sample) -> Array | None:
    """N: from each point of the predicted outline to the mask's outline, in working pixels; None where there is none."""
    expert = outline_of_mask(np.asarray(sample.mask) > 0, clues.grid)
    return distance_to(clues.outline.points, expert) if len(expert) and len(clues.outline) else None


def fit_track_record(cases: Sequence[Case], names: Sequence[str]) -> dict[str, Any]:
    """The model as JSON values: `clues` (name -> [usual, within, between]), `intercept`, `calibration` (rows [s, expected, low,
    high], in working pixels, rising).

    Args:
        cases: of images that the network has not learned from, at least eight.
        names: of the clues to use.
    """
    fold = np.random.default_rng(0).permutation(len(cases)) % _FOLDS
    held_out: list[tuple[Array, Array, Array]] = []
    for k in range(_FOLDS):
        model = _fit([case for case, f in zip(cases, fold, strict=True) if f != k], names)
        for index in np.flatnonzero(fold == k):
            clues, error = cases[int(index)]
            held_out.append((score(model, clues), error, np.full(len(error), 1 / len(error))))
    return _fit(cases, names) | {
        "calibration": _calibrated(*(np.concatenate(part) for part in zip(*held_out, strict=True)))
    }


def score(model: Mapping[str, Any], clues: Clues) -> Array:
    """N: s of the formula above, smoothed a little along the outline."""
    x = clues.table(list(model["clues"]))
    usual, within, between = np.array(list(model["clues"].values())).T
    mean = x.mean(axis=0)
    return clues.outline.smoothed((x - mean) @ within + (mean - usual) @ between + model["intercept"], _SMOOTH)


def reasons(model: Mapping[str, Any], clues: Clues) -> NDArray[np.str_]:
    """N: which of `REASONS` raises the score of each point most above that of its outline."""
    names = list(model["clues"])
    x = clues.table(names)
    raised = (x - x.mean(axis=0)) * np.array([within for _, within, _ in model["clues"].values()])
    groups = [[k for k, name in enumerate(names) if name in members] for members in REASONS.values()]
    sums = clues.outline.smoothed(np.column_stack([raised[:, group].sum(axis=1) for group in groups]), _SMOOTH)
    return np.array(list(REASONS))[sums.argmax(axis=1)]


def calibrated(model: Mapping[str, Any], s: Array) -> tuple[Array, Array, Array]:
    """What scores mean in working pixels: the expected error, and from where to where eight of ten errors lie."""
    knots = np.array(model["calibration"]).T
    expected, low, high = (np.interp(s, knots[0], row) for row in knots[1:])
    return expected, low, high


def marks(s: Array, outline: Outline) -> NDArray[np.bool_]:
    """The quarter of the outline with the highest scores, without its specks: where a look at the image pays most."""
    count = int(MARKED_SHARE * len(s))
    chosen = np.zeros(len(s), bool)
    chosen[np.argsort(-s, kind="stable")[:count]] = True
    for one in np.unique(outline.contour):
        rows = np.flatnonzero(outline.contour == one)
        for run in stretches(chosen[rows], bool(outline.closed[rows[0]])):
            chosen[rows[run]] = len(run) >= SHORTEST
    return chosen


def stretches(marked: NDArray[np.bool_], closed: bool) -> list[NDArray[np.intp]]:
    """Runs of True as index arrays, in order of the contour; on a closed one a run may pass its first point.

    >>> [run.tolist() for run in stretches(np.array([True, False, True, True]), closed=True)]
    [[2, 3, 0]]
    """
    if not marked.any():
        return []
    turn = int(np.argmin(marked)) if closed and not marked.all() else 0  # start at an unmarked point: no run is cut
    order = (np.arange(len(marked)) + turn) % len(marked)
    found = np.flatnonzero(marked[order])
    return [order[run] for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)]


def judged(model: Mapping[str, Any], clues: Clues, error: Array) -> dict[str, float]:
    """One image's contribution to the track record: that of `told`, and of the expected errors `within`, the share of the true
    errors inside the interval, and the means `expected` and `error`, in % of the image diagonal."""
    s = score(model, clues)
    expected, low, high = calibrated(model, s)
    pct = 100 / float(np.hypot(*clues.grid.shape))
    return told(s, marks(s, clues.outline), error * pct) | {
        "within": float(((error >= low) & (error <= high)).mean()),
        "expected": float(expected.mean() * pct),
        "error": float(error.mean() * pct),
    }


def told(s: Array, marked: NDArray[np.bool_], error: Array) -> dict[str, float]:
    """How well scores and marks told where the N errors of an outline are large.

    `auc`: the chance that of two points, one of the worst fifth of this outline and one of the others, the former has the
    higher score; `spearman` of score and error; `worst_tenth`: share of the worst tenth that is marked; `marked_error` and
    `unmarked_error`: sums of errors, with `marked_points` and `points`.
    """
    from scipy.stats import rankdata, spearmanr  # a second of import, which no report needs

    rank = rankdata(error, method="ordinal") / len(error)
    varies = len(error) > 1 and np.ptp(s) > 0 and np.ptp(error) > 0
    return {
        "points": len(error),
        "auc": auc(s, rank > 0.8),
        "spearman": float(spearmanr(s, error)[0]) if varies else float("nan"),
        "worst_tenth": float(marked[rank > 0.9].mean()) if (rank > 0.9).any() else float("nan"),
        "marked_points": int(marked.sum()),
        "marked_error": float(error[marked].sum()),
        "unmarked_error": float(error[~marked].sum()),
    }


def auc(s: Array, chosen: NDArray[np.bool_]) -> float:
    """The chance that a chosen point has a higher score than another (ties count half); nan where there is only one kind.

    >>> auc(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    1.0
    """
    from scipy.stats import rankdata

    ones, others = int(chosen.sum()), int((~chosen).sum())
    if not ones or not others:
        return float("nan")
    return float((rankdata(s)[chosen].sum() - ones * (ones + 1) / 2) / (ones * others))


def _fit(cases: Sequence[Case], names: Sequence[str]) -> dict[str, Any]:
    tables = [clues.table(list(names)) for clues, _ in cases]
    targets = [np.log(error + 0.5) for _, error in cases]
    means, levels = np.array([x.mean(axis=0) for x in tables]), np.array([y.mean() for y in targets])
    x = np.concatenate([x - mean for x, mean in zip(tables, means, strict=True)])
    y = np.concatenate([y - level for y, level in zip(targets, levels, strict=True)])
    weight = np.concatenate([np.full(len(one), 1 / len(one)) for one in targets])
    usual = means.mean(axis=0)
    within = _ridge(x, y, weight, _WITHIN)
    between = _ridge(means - usual, levels - levels.mean(), np.ones(len(levels)), _BETWEEN)
    rows = np.column_stack([usual, within, between]).round(5).tolist()
    return {"clues": dict(zip(names, rows, strict=True)), "intercept": round(float(levels.mean()), 5)}


def _ridge(x: Array, y: Array, weight: Array, penalty: float) -> Array:
    """Coefficients of the clues as they are, the penalty taken on clues of standard deviation 1."""
    share = weight / weight.sum()
    scale = np.sqrt(share @ x**2) + 1e-9
    z = x / scale
    return np.linalg.solve((z * share[:, None]).T @ z + penalty * np.eye(x.shape[1]), z.T @ (share * y)) / scale


def _calibrated(s: Array, error: Array, weight: Array) -> list[list[float]]:
    from scipy.optimize import isotonic_regression  # needed by fits alone

    order = np.argsort(s, kind="stable")
    s, error, weight = s[order], error[order], weight[order]
    place = (np.cumsum(weight) - weight / 2) / weight.sum()
    at = np.searchsorted(_BINS, place, side="right") - 1
    rows = []
    for one in range(len(_BINS) - 1):
        inside = at == one
        share = weight[inside] / weight[inside].sum()
        sorted_error = np.argsort(error[inside])
        level = np.cumsum(share[sorted_error])
        low, high = (
            float(error[inside][sorted_error][min(np.searchsorted(level, q), len(level) - 1)]) for q in (0.1, 0.9)
        )
        rows.append([float(share @ s[inside]), float(share @ error[inside]), low, high])
    table = np.array(rows).T
    rising = [isotonic_regression(row).x for row in table[1:]]
    return np.column_stack([table[0], *rising]).round(4).tolist()
