"""What the text of lesson 01 says holds for the weights and samples that are bundled now."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson01.exercise import reader_mask
from banet_edu.course.lesson01.figures import otsu_levels
from banet_edu.course.lesson01.pooling import pooled_edge
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import (
    CLASSICAL,
    Gabor,
    RegionGrowing,
    as_grey,
    field_of_view,
    find_seed,
    foreground,
    smoothed,
)

pytestmark = pytest.mark.landing

KINDS = ("dermoscopy", "polyp", "lung")
NETWORKS = ("unet-lite-phantom", "banet-lite-phantom")


@pytest.fixture(scope="module")
def rows():
    methods = {name: build() for name, build in CLASSICAL.items()}
    networks = {name: load_model(name) for name in NETWORKS}
    found = {}
    for kind in KINDS:
        for name in (*methods, *networks):
            found[name, kind] = []
            for case in load_samples(kind, "test"):
                mask = (
                    predict(networks[name], case.image).mask if name in networks else methods[name](case.image) >= 0.5
                )
                row = boundary_metrics(mask, case.mask, spacing_mm=case.spacing_mm) | overlap(mask, case.mask)
                found[name, kind].append(row)
    return found


def ja(rows, name, kind):
    return np.array([row["JA"] for row in rows[name, kind]])


def missed(rows, name):
    return sum(row["status"] == "missed" for kind in KINDS for row in rows[name, kind])


def test_otsu_wins_some_single_skin_images_and_finds_nothing_in_others(rows):
    assert 3 <= (ja(rows, "otsu", "dermoscopy") > ja(rows, "unet-lite-phantom", "dermoscopy")).sum() <= 6
    assert sum(row["status"] == "missed" for row in rows["otsu", "dermoscopy"]) >= 2


def test_on_lungs_the_region_grows_from_the_bright_belly_and_bare_otsu_takes_what_is_not_the_lungs():
    dark = []
    for case in load_samples("lung", "test"):
        grey = as_grey(case.image)
        assert grey[find_seed(case.image)] > 200 and not case.mask[find_seed(case.image)]
        found = grey < threshold_otsu(grey)
        assert (found & ~case.mask.astype(bool)).sum() > found.sum() / 2  # mostly not lungs
        dark.append((found & case.mask.astype(bool)).sum() / case.mask.sum())
    assert (np.array(dark) <= 0.035).sum() == 7


def test_the_bare_level_beats_u_net_once_and_otsus_rules_win_and_lose(rows):
    samples = load_samples("dermoscopy", "test")
    network = ja(rows, "unet-lite-phantom", "dermoscopy")
    greys = [as_grey(case.image) for case in samples]
    bare = np.array([overlap(g < threshold_otsu(g), c.mask)["JA"] for g, c in zip(greys, samples, strict=True)])
    assert (bare > network).sum() == 1 and (ja(rows, "otsu", "dermoscopy") > network).sum() == 5
    assert (ja(rows, "otsu", "dermoscopy") < 0.005).sum() == 4 and network.min() > 0.6
    assert sum(row["status"] == "missed" for row in rows["otsu", "dermoscopy"]) == 3


def test_where_otsus_level_falls_in_the_three_images_of_part_2():
    def reached(case, level):
        return overlap(as_grey(case.image) < level, case.mask)["JA"]

    samples = load_samples("dermoscopy", "test")
    plain, skin, rim = (samples[i] for i in (7, 0, 3))
    assert [round(level) for case in (plain, skin, rim) for level in otsu_levels(case)] == [
        119,
        119,
        150,
        150,
        146,
        176,
    ]
    assert reached(plain, 120) == pytest.approx(0.97, abs=0.005)
    assert [round(reached(skin, level), 2) for level in (140, 150)] == [0.68, 0.50]
    assert round(100 * (as_grey(skin.image) < 150).mean()) == 23
    assert reached(rim, 146) < 0.2 and reached(rim, 176) == pytest.approx(0.5, abs=0.01)
    best = [max((reached(case, level), level) for level in range(20, 241, 10)) for case in (plain, skin, rim)]
    assert [round(ja, 2) for ja, _ in best] == [0.97, 0.68, 0.60] and [at for _, at in best] == [120, 140, 190]


def test_without_the_grey_level_texture_finds_little_on_skin(rows):
    samples = load_samples("dermoscopy", "test")
    alone = np.mean([overlap(Gabor(grey=False)(case.image) >= 0.5, case.mask)["JA"] for case in samples])
    assert alone < 0.5 * ja(rows, "gabor", "dermoscopy").mean()
    assert all(rows[name, "dermoscopy"][0]["JA"] > 0.85 for name in CLASSICAL)
    for case in samples:
        spread = Gabor().features(case.image).reshape(-1, 13).var(axis=0)
        assert spread[-1] > 0.9 * spread.sum()


def test_the_border_rule_takes_the_body_instead_of_the_lungs():
    for case in load_samples("lung", "test"):
        grey = smoothed(as_grey(case.image), 2.0)
        view = field_of_view(grey)
        dark = grey < threshold_otsu(grey[view])  # lungs are the dark group
        assert (foreground(dark, view) == (~dark & view)).all()


def test_networks_find_something_in_every_image_and_win_every_mean(rows):
    for network in NETWORKS:
        assert missed(rows, network) == 0
        for kind in KINDS:
            assert ja(rows, network, kind).mean() > max(ja(rows, name, kind).mean() for name in CLASSICAL) + 0.2
    assert all(ja(rows, name, "lung").mean() < 0.2 for name in CLASSICAL)


def test_readers_differ_more_in_the_mean_over_pairs_than_the_first_two_do():
    phantom = make_phantom("dermoscopy", seed=7)
    readers = [reader_mask(phantom, reader=number) for number in range(1, 6)]

    def distance(one, other):
        return boundary_metrics(one, other, spacing_mm=phantom.spacing_mm)["assd_mm"]

    pairs = [distance(one, other) for one, other in combinations(readers, 2)]
    assert pairs[0] == min(pairs) < 0.25 < 0.3 < np.mean(pairs)
    assert np.mean([distance(mask, phantom.mask) for mask in readers]) == pytest.approx(0.25, abs=0.01)


def test_networks_are_off_like_a_reader_on_skin_and_by_3_mm_around_lungs(rows):
    for network in NETWORKS:
        skin, lung = (np.mean([row["assd_mm"] for row in rows[network, kind]]) for kind in ("dermoscopy", "lung"))
        assert 0.6 * 0.25 < skin < 1.6 * 0.25
        assert 2.5 < lung < 3.6


def test_region_leaks_in_one_step_and_not_at_the_same_tolerance_everywhere():
    samples = load_samples("dermoscopy", "test")
    tolerances, offered = range(4, 101, 4), [samples[index] for index in (0, 2, 8)]
    regions = [[RegionGrowing(tolerance=float(t))(case.image) > 0 for t in tolerances] for case in offered]
    ja = np.array([[overlap(r, c.mask)["JA"] for r in row] for row, c in zip(regions, offered, strict=True)])
    grows = np.diff([[region.mean() for region in row] for row in regions], axis=1)
    assert (grows.max(axis=1) > 0.3).all()
    assert [tolerances[last] for last in grows.argmax(axis=1)] == [72, 92, 56]
    assert [tolerances[best] for best in ja.argmax(axis=1)] == [48, 64, 36]
    assert ja[:, tolerances.index(40)].min() == pytest.approx(0.87, abs=0.005)


def test_max_pooling_moves_an_edge_by_the_stride_less_1_and_an_average_hardly():
    for stride in (8, 16):
        moved = {k: [pooled_edge(p, stride, k)[2] - p for p in np.arange(24, 41, 0.25)] for k in ("max", "average")}
        assert np.abs(moved["max"]).max() == pytest.approx(stride - 1, abs=0.1)
        assert np.abs(moved["average"]).max() < 0.1 * stride
    at = {stride: [pooled_edge(float(p), stride)[2] - p for p in range(26, 39)] for stride in (2, 4, 8)}
    assert at[8][32 - 26] == pytest.approx(0, abs=0.01) and int(np.argmax(at[8])) == 33 - 26  # a cell begins at 32
    fine = {stride: [abs(pooled_edge(p, stride)[2] - p) for p in np.arange(26, 38.5, 0.5)] for stride in (2, 4)}
    assert max(fine[2]) * 18 / 256 == pytest.approx(0.07, abs=0.005) and max(fine[4]) * 18 / 256 > 0.1
    assert pooled_edge(30.25, 1)[2] == pytest.approx(30.25, abs=0.1)


def test_ja_of_0_9_is_0_3_mm_around_a_mole_and_3_mm_around_lungs():
    ja, worst = {}, {}
    for kind, by_mm in (("lung", 3), ("dermoscopy", 3), ("dermoscopy", 0.3)):
        case = make_phantom(kind, seed=7)
        mask = case.signed_distance_px * case.spacing_mm[0] < by_mm
        ja[kind, by_mm] = overlap(mask, case.mask)["JA"]
        errors = boundary_metrics(mask, case.mask, spacing_mm=case.spacing_mm)
        worst[kind, by_mm] = errors["hd_mm"]
        assert errors["assd_mm"] == pytest.approx(by_mm, abs=0.11)
        # "the mole's leaves the image"
        assert mask[:, [0, -1]].any() == mask[[0, -1]].any() == ((kind, by_mm) == ("dermoscopy", 3))
        assert round(case.spacing_mm[0], 2) == {"lung": 1.37, "dermoscopy": 0.07}[kind]
    assert [round(each, 2) for each in ja.values()] == [0.90, 0.45, 0.90]
    assert min(worst["lung", 3], worst["dermoscopy", 3]) > 4  # "HD is larger than 3 mm"
