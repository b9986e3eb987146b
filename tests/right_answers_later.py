"""Right answers to the exercises of lessons 07 to 10, as `right_answers` keeps them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from right_answers import RIGHT, right
from scipy import stats

# 07: the percentile interval of the mean difference, images drawn in pairs


@right("07 check_paired_bootstrap")
def by_scipy(a, b, resamples=2000, level=0.95, seed=0):
    found = stats.bootstrap(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        n_resamples=resamples,
        confidence_level=level,
        paired=True,
        vectorized=True,
        method="percentile",
        rng=seed,
    )
    return found.confidence_interval


@right("07 check_paired_bootstrap")
def by_counts_of_a_multinomial(a, b, resamples=2000, level=0.95, seed=0):
    n = len(a)
    counts = np.random.default_rng(seed).multinomial(n, [1 / n] * n, size=resamples)
    means = np.einsum("ri,i->r", counts, a - b) / n
    return np.quantile(means, [(1 - level) / 2, 1 - (1 - level) / 2])


@right("07 check_paired_bootstrap")
def by_choice_of_pairs_in_a_list(a, b, resamples=2000, level=0.95, seed=0):
    rng = np.random.default_rng(seed=seed)
    pairs = np.column_stack([a, b])
    means = [float(np.diff(rng.choice(pairs, size=len(pairs), replace=True), axis=1).mean()) for _ in range(resamples)]
    return tuple(-np.percentile(means, q) for q in (50 + 50 * level, 50 - 50 * level))


@right("07 check_paired_bootstrap")
def by_torch(a, b, resamples=2000, level=0.95, seed=0):
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(len(a), (resamples, len(a)), generator=generator)
    means = torch.from_numpy(a)[drawn].mean(1) - torch.from_numpy(b)[drawn].mean(1)
    low, high = torch.quantile(means, torch.tensor([1 - level, 1 + level], dtype=torch.double) / 2)
    return low, high


@right("07 check_paired_bootstrap")
def by_floors_of_the_old_generator(a, b, resamples=2000, level=0.95, seed=0):
    drawn = (np.random.RandomState(seed).rand(resamples, len(a)) * len(a)).astype(int)
    means = np.sort(np.take(a, drawn).mean(-1) - np.take(b, drawn).mean(-1))
    return [means[int(resamples * (1 - level) / 2)], means[int(resamples * (1 + level) / 2) - 1]]


@right("07 check_paired_bootstrap")
def in_single_precision_one_draw_at_a_time(a, b, resamples=2000, level=0.95, seed=0):
    rng = np.random.default_rng(seed)
    d = np.float32(a) - np.float32(b)
    means = np.array([d[rng.integers(low=0, high=d.size, size=d.shape)].sum() / d.size for _ in range(resamples)])
    tail = (1 - level) / 2
    return np.nanpercentile(means, 100 * tail), np.nanpercentile(means, 100 * (1 - tail))


# 08: the scores while the highest ranked pixels are blurred


@right("08 check_deletion")
def by_a_mask_of_ranks(score, image, blurred, ranking, steps):
    rank = stats.rankdata(-ranking).reshape(ranking.shape)
    return [score(np.where(rank <= i * ranking.size / steps, blurred, image)) for i in range(steps + 1)]


@right("08 check_deletion")
def by_rows_and_columns_reversed(score, image, blurred, ranking, steps):
    picture = np.array(image)
    rows, columns = np.unravel_index(np.argsort(ranking, axis=None)[::-1], ranking.shape)
    scores = np.empty(steps + 1)
    scores[0] = score(image)
    for i, (one, other) in enumerate(zip(np.split(rows, steps), np.split(columns, steps), strict=True), start=1):
        picture[one, other] = blurred[one, other]
        scores[i] = score(picture)
    return scores


@right("08 check_deletion")
def by_thresholds_at_quantiles(score, image, blurred, ranking, steps):
    ranked = sorted(ranking.ravel().tolist(), reverse=True)
    size = len(ranked) // steps
    limits = [ranked[i * size - 1] for i in range(1, steps + 1)]
    return (score(image), *(score(image * (ranking < limit) + blurred * (ranking >= limit)) for limit in limits))


@right("08 check_deletion")
def afresh_from_the_image_with_all_so_far(score, image, blurred, ranking, steps):
    order, scores = (-ranking).flatten().argsort(), []
    for i in range(steps + 1):
        flat = image.flatten()
        flat[order[: i * len(order) // steps]] = blurred.flatten()[order[: i * len(order) // steps]]
        scores.append(score(flat.reshape(image.shape)))
    return scores


@right("08 check_deletion")
def by_flat_views_of_column_order(score, image, blurred, ranking, steps):
    picture = np.asfortranarray(image.copy())
    order = np.argsort(-ranking.flat[:])
    bounds = np.linspace(0, order.size, steps + 1, dtype=int)
    scores = [score(picture)]
    for first, last in pairwise(bounds):
        picture.flat[order[first:last]] = blurred.flat[order[first:last]]
        scores.append(np.array(score(picture)))
    return scores


@right("08 check_deletion")
def by_torch_tensors(score, image, blurred, ranking, steps):
    picture, new = torch.from_numpy(image).clone().view(-1), torch.from_numpy(blurred).view(-1)
    order = torch.from_numpy(ranking).view(-1).argsort(descending=True)
    scores = [torch.tensor(score(picture.view(image.shape).numpy()))]
    for portion in order.chunk(steps):
        picture.index_copy_(0, portion, new[portion])
        scores.append(torch.tensor(score(picture.view(image.shape).numpy())))
    return torch.stack(scores)


# 09: a length, typed or computed

for typed in (
    "13",
    "13.0 MM",
    "13,0mm.",
    "1.3 cm",
    "13 millimetres",
    "12.9 millimeters",
    "１３．０ ㎜",
    "1.3厘米",
    " +12.95 ",
):
    RIGHT.setdefault("09 check_diameter", {})[f"typed {typed}"] = typed
for number in (13, np.float32(12.98), np.array(13.05), torch.tensor(12.98), Decimal("12.98"), Fraction(1298, 100)):
    RIGHT["09 check_diameter"][type(number).__name__] = number


# 10: chosen on validation, reported on test


class Report(NamedTuple):
    epoch: int
    figure: float


@right("10 check_honest_report")
def by_sums_in_a_list(val, test):
    best = np.argmax(val.sum(-1))
    return [best + 1, np.average(test[best])]


@right("10 check_honest_report")
def by_a_loop(val, test):
    best, highest = 0, float("-inf")
    for epoch, row in enumerate(val, start=1):
        if sum(row) / len(row) > highest:
            best, highest = epoch, sum(row) / len(row)
    return best, sum(test[best - 1]) / len(test[best - 1])


@right("10 check_honest_report")
def by_tables_of_pandas(val, test):
    epoch = pd.DataFrame(val, index=range(1, len(val) + 1)).T.mean().idxmax()
    return epoch, pd.DataFrame(test).mean(axis="columns").iloc[epoch - 1]


@right("10 check_honest_report")
def by_torch_with_names(val, test):
    best = torch.from_numpy(val).mean(dim=1).argmax()
    return torch.stack([best + 1, torch.from_numpy(test).mean(dim=1)[best]])


@right("10 check_honest_report")
def sorted_into_a_named_tuple(val, test):
    last = np.argsort(np.einsum("ei->e", val) / val.shape[1])[-1]
    return Report(figure=test.mean(1).take(last), epoch=last + 1)


@right("10 check_honest_report")
def as_one_array_in_single_precision(val, test):
    at = val.mean(1).tolist().index(max(val.mean(1)))
    return np.array([at + 1, test.astype(np.float32).mean(axis=1)[at]])


# 10: the input on which box and meaning differ most: an empty image, answered rightly


@right("10 check_probe")
def by_zeros():
    return np.zeros((40, 40)), np.zeros((40, 40))


@right("10 check_probe")
def by_lists():
    return [[0] * 40] * 40, [[0.0] * 40] * 40


@right("10 check_probe")
def by_tensors():
    return torch.zeros(40, 40), torch.zeros(40, 40, dtype=torch.int64)


@right("10 check_probe")
def by_booleans_in_a_list():
    empty = np.full((40, 40), False)
    return [empty, empty]


@right("10 check_probe")
def by_whole_numbers_of_one_byte():
    return np.zeros((40, 40), np.float32), np.zeros((40, 40), np.uint8)


@right("10 check_probe")
def by_a_table():
    return pd.DataFrame(np.zeros((40, 40))), np.zeros((40, 40)) > 0
