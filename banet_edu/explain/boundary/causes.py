"""`why`: which properties of the image go with the large boundary errors, and where to look at the outline first.

Each property becomes a severity from 0 (as usual for this outline) to 1 (clearly unusual). The absolute error at the N
points is then explained by all severities together,

    |error| = b0 + sum_k b_k x_k                                  least squares

so that b_k says how much larger the error is where property k is present, the others held. Neighbouring points are not
independent: the 95 % interval of b_k comes from resampling blocks of the outline (circular block bootstrap, Politis and
Romano 1992), as long as the error stays alike, or whole images where there are several (eight at least: fewer tell nothing).
Within one image it is still somewhat too narrow: with errors that have nothing to do with the property it lies above zero in
about one of twelve cases, not one of forty (tests/explain/test_causes.py). What was hidden cannot be judged: under hair neither
contrast nor edge width counts, and where no contrast is left no edge width does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from banet_edu.explain.boundary.segments import doubtful_stretches, unclear_stretches
from banet_edu.explain.boundary.severity import CAUSES, PRESENT, severities
from banet_edu.explain.boundary.tables import Profile, UnitTable
from banet_edu.explain.boundary.wording import FEWEST_IMAGES, in_words

Array = NDArray[np.float64]

_RESAMPLES = 400
_BLOCK = 12  # points of an outline that are resampled together at least
_PRESENCE = 0.5  # in the ranking: among properties without an effect the more present ones come first
_FEWEST = 40  # points below which nothing is said about causes

# When a cause is named. Fixed, as the ramps of severity.py, on phantoms of seeds 2000-2059 and 3000-3059; docs/results.md says
# which seeds then tested it, and what was repaired in between.
NAMED_SHARE = 0.10  # present along this share of the outline,
NAMED_EXPLAINS = 0.10  # explaining this share of the mean error, and the interval of its effect above zero


@dataclass(frozen=True, eq=False)
class Explanation:
    """What `why` found.

    Attributes:
        ranking: one row per cause, most explaining first: `cause`, `words`, `share` (of the outline where it is present),
            `error_there_U` and `error_elsewhere_U` (mean absolute errors), `effect_U` with `low_U` and `high_U` (b_k, others
            held, 95 % interval), `explains_U` (what it adds to the mean error of the whole outline: b_k times mean severity),
            `named` (whether the evidence suffices to say so). Ranked by `explains_U`; what is present without an effect
            still counts a little (half of mean severity times mean error), so that it precedes what is not even there.
        symptoms: how the network's own signals go with the error: `signal`, Spearman's `rho`, `low`, `high`. Signs of
            trouble, not causes of it.
        segments: stretches of the outline where the image shows no clear edge, or, with expected errors, where the largest are
            expected (then `expected_U` and `high_U` too): `name`, `contour`, `from_U`, `to_U` (arc length), `length_U`,
            `from_deg`, `to_deg`, `reasons`, and with a reference `mean_error_U`.
        sentences: the same in words.
    """

    ranking: UnitTable
    symptoms: pd.DataFrame
    segments: UnitTable
    sentences: list[str]

    @property
    def unit(self) -> str:
        """U, "mm" or "pct"."""
        return self.ranking.unit


def why(
    profile: pd.DataFrame, *, expected: pd.DataFrame | None = None, tolerance: float = 1.0, seed: int = 0
) -> Explanation:
    """Rank what may have caused the large errors of a boundary, and say where to look at the outline first.

    Args:
        profile: of one image (`boundary_profile`) or of many (`cohort_profile`; each image is then compared with itself and
            whole images are resampled).
        expected: `expected_error` of the same network and image: `segments` are then what it marks (nothing without a track
            record). For a profile along the predicted outline.
        tolerance: in the profile's unit (mm, or % of the image diagonal): errors up to here are called right in the
            sentences; it changes no ranking.
        seed: of the bootstrap.

    Without errors (no reference, or nothing found) the ranking is by presence alone, and the sentences say so.
    Association is not proof: a property named here went with the error in this image; `make_phantom` can plant it, and
    `intervene` can show what the network makes of it.

    Raises ValueError when the table is no boundary profile.

    >>> from banet_edu import load_model, make_phantom, predict
    >>> from banet_edu.explain import boundary_profile
    >>> phantom = make_phantom("dermoscopy", seed=2004, contrast={(40, 120): 0.1})
    >>> found = why(boundary_profile(phantom, predict(load_model("banet-lite-phantom"), phantom)))
    >>> found.ranking["words"].iloc[0], bool(found.ranking["named"].iloc[0])
    ('low contrast', True)
    """
    profile = Profile.of(profile)
    x = severities(profile)
    error = profile.measured("signed_error").dropna().abs() if profile.has_errors else None
    cohort = profile["name"].nunique() > 1
    ranking = _ranking(*_with_errors(profile, x, error), error, seed, cohort)
    symptoms = _symptoms(profile, error, seed)
    segments = unclear_stretches(profile, x) if expected is None else doubtful_stretches(profile, expected, x)
    return Explanation(ranking, symptoms, segments, in_words(profile, ranking, segments, error, tolerance))


def _with_errors(profile: Profile, x: pd.DataFrame, error: pd.Series | None) -> tuple[Profile, pd.DataFrame]:
    """The images of a cohort that have errors, and their severities: what was missed says nothing of causes, and is not what
    is usual there. All of them where none has an error."""
    measured = profile["name"].isin(() if error is None else profile.loc[error.index, "name"])
    if measured.all() or not measured.any():
        return profile, x
    kept = Profile.of(profile[measured])
    return kept, severities(kept)


def _ranking(profile: Profile, x: pd.DataFrame, error: pd.Series | None, seed: int, cohort: bool) -> UnitTable:
    count, nothing = len(CAUSES), np.full(len(CAUSES), np.nan)
    rows = UnitTable({"cause": [c.name for c in CAUSES], "words": [c.words for c in CAUSES]})
    rows["share"] = (x >= PRESENT).mean().to_numpy() if len(x) else 0.0
    presence = x.mean().fillna(0.0).to_numpy()
    effect = low = high = there = elsewhere = explains = nothing
    named, score = np.zeros(count, bool), presence
    if error is not None and len(error) >= _FEWEST:
        with_error = x.loc[error.index]
        groups = profile.loc[error.index, "name"].astype("category").cat.codes.to_numpy()
        effect, resampled = fit_effects(error.to_numpy(), with_error.to_numpy(float), groups, seed)
        low, high = np.quantile(resampled, [0.025, 0.975], axis=0)
        if cohort and len(np.unique(groups)) < FEWEST_IMAGES:
            low = high = nothing
        present = (with_error >= PRESENT).to_numpy()
        there, elsewhere = (_mean_where(error.to_numpy(), rows_) for rows_ in (present, ~present))
        explains = effect * with_error.mean().to_numpy()
        mean = max(float(error.mean()), 1e-12)
        # Where a property is present and the error is clearly SMALLER, its presence earns it no place.
        score = np.maximum(explains, 0.0) + _PRESENCE * mean * np.where(high < 0, 0.0, presence)
        named = (low > 0) & (rows["share"].to_numpy() >= NAMED_SHARE) & (explains >= NAMED_EXPLAINS * mean)
    lengths = {
        "error_there": there, "error_elsewhere": elsewhere, "effect": effect, "low": low, "high": high, "explains": explains,
    }  # fmt: skip
    rows = rows.assign(**lengths, named=named).with_unit(profile.unit, *lengths)
    return rows.iloc[np.argsort(-score, kind="stable")].reset_index(drop=True)


def _mean_where(values: Array, chosen: NDArray[np.bool_]) -> Array:
    """Mean of `values` (N) over the chosen rows of each column (N x K); nan where none is chosen."""
    count = chosen.sum(axis=0)
    return np.where(count > 0, values @ chosen / np.maximum(count, 1), np.nan)


def _symptoms(profile: Profile, error: pd.Series | None, seed: int) -> pd.DataFrame:
    """Spearman correlation of each signal with the absolute error, with the interval of a block bootstrap.

    Entropy is not among them: it is highest on the predicted line, so along the reference it only restates the distance.
    """
    names = [n for n in profile.columns if n.startswith(("slack", "side_dis", "stage"))]
    if error is None or len(error) < _FEWEST:
        return pd.DataFrame(columns=["signal", "rho", "low", "high"])
    ranks = (
        profile.loc[error.index, names].assign(error=error).rank().to_numpy()
    )  # scipy.stats takes most of a second to load
    ranks = (ranks - ranks.mean(axis=0)) / np.maximum(ranks.std(axis=0), 1e-12)
    products = ranks[:, :-1] * ranks[:, -1:]
    groups = profile.loc[error.index, "name"].astype("category").cat.codes.to_numpy()
    if len(np.unique(groups)) > 1:
        products = np.stack([products[groups == one].sum(axis=0) for one in np.unique(groups)])
        even = np.full(len(products), 1 / len(products))
        weights: Array = np.random.default_rng(seed).multinomial(len(products), even, _RESAMPLES).astype(float)
    else:
        weights = circular_blocks(len(error), block_length(error.to_numpy()), np.random.default_rng(seed))
    low, high = np.quantile(weights @ products / len(error), [0.025, 0.975], axis=0).clip(-1, 1)
    table = pd.DataFrame({"signal": names, "rho": products.sum(axis=0) / len(error), "low": low, "high": high})
    return table.sort_values("rho", key=abs, ascending=False, ignore_index=True)


def fit_effects(error: Array, x: Array, groups: NDArray, seed: int = 0) -> tuple[Array, Array]:
    """b_k of the joint least squares, and their resampled values (resamples x K).

    `error` N, `x` N x K, `groups` N (numbers of the images). With several images each is centred on its own mean first: what
    is compared is one place with another of the same image, and whole images are resampled. Within one image circular blocks
    of the outline are, as long as `block_length` says.
    """
    several = len(np.unique(groups)) > 1
    error = _centred(error[:, None], groups)[:, 0]
    x = _centred(x, groups)
    # Normal equations of each point or image: resampling only adds them up.
    xx, xy = np.einsum("ni,nj->nij", x, x), x * error[:, None]
    rng = np.random.default_rng(seed)
    if several:
        parts = [np.flatnonzero(groups == one) for one in np.unique(groups)]
        xx, xy = np.stack([xx[p].sum(axis=0) for p in parts]), np.stack([xy[p].sum(axis=0) for p in parts])
        weights = rng.multinomial(len(parts), np.full(len(parts), 1 / len(parts)), _RESAMPLES).astype(float)
    else:
        weights = circular_blocks(len(error), block_length(error), rng)

    def solve(w: Array) -> Array:
        ridge = 0.002 * len(error) * np.eye(x.shape[1])  # a property that hardly varies gets no effect
        return np.asarray(np.linalg.solve(np.tensordot(w, xx, 1) + ridge, w @ xy), float)

    return solve(np.ones(len(xx))), np.stack([solve(w) for w in weights])


def block_length(error: Array) -> int:
    """Points of an outline that have to be resampled together: twice the lag at which the error's autocorrelation falls
    below 1/e, at least 12, at most an eighth of the outline."""
    centred = error - error.mean()
    power = np.abs(np.fft.rfft(centred)) ** 2
    correlation = np.fft.irfft(power, len(error)) / max(float(power.sum()), 1e-30)
    correlation = correlation / max(float(correlation[0]), 1e-30)
    below = np.flatnonzero(correlation < np.exp(-1))
    lag = int(below[0]) if len(below) else len(error)
    return int(np.clip(2 * lag, _BLOCK, max(_BLOCK, len(error) // 8)))


def circular_blocks(count: int, length: int, rng: np.random.Generator) -> Array:
    """How often each of `count` points is drawn, for every resample: blocks of `length` that start anywhere."""
    starts = rng.integers(0, count, (_RESAMPLES, max(1, round(count / length))))
    drawn = (starts[:, :, None] + np.arange(length)) % count
    weights = np.zeros((_RESAMPLES, count))
    np.add.at(weights, (np.arange(_RESAMPLES)[:, None, None], drawn), 1.0)
    return weights


def _centred(values: Array, groups: NDArray) -> Array:
    centred = np.array(values, float)
    for one in np.unique(groups):
        centred[groups == one] -= values[groups == one].mean(axis=0)
    return centred
