"""What the text of lesson 01 says holds for the weights and samples that are bundled now."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from banet_edu import load_model, load_samples, make_phantom, predict
from banet_edu.course.lesson01.exercise import reader_mask
from banet_edu.course.lesson01.pooling import pooled_edge
from banet_edu.metrics.boundary import boundary_metrics
from banet_edu.metrics.overlap import overlap
from banet_edu.networks.classical import CLASSICAL, Gabor, RegionGrowing, as_grey, field_of_view, foreground, smoothed

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


def test_the_bare_level_beats_u_net_once_and_otsus_rules_win_and_lose(rows):
    samples = load_samples("dermoscopy", "test")
    network = ja(rows, "unet-lite-phantom", "dermoscopy")
    greys = [as_grey(case.image) for case in samples]
    bare = np.array([overlap(g < threshold_otsu(g), c.mask)["JA"] for g, c in zip(greys, samples, strict=True)])
    assert (bare > network).sum() == 1 and (ja(rows, "otsu", "dermoscopy") > network).sum() == 5
    assert (ja(rows, "otsu", "dermoscopy") < 0.01).sum() == 4 and network.min() > 0.6
    flipped = missed = 0
    for case, grey, row in zip(samples, greys, rows["otsu", "dermoscopy"], strict=True):
        if row["status"] == "missed":
            missed += 1
            grey = smoothed(grey, 2.0)
            view = field_of_view(grey)
            dark = grey < threshold_otsu(grey[view])
            flipped += (foreground(dark, view) & dark).sum() == 0  # the bright group was taken
            assert dark[case.mask > 0].mean() > 0.9
    assert (missed, flipped) == (3, 3)
    easy = [rows[name, "dermoscopy"][0]["JA"] for name in ("gabor", "region_growing")]
    assert np.round(easy, 2).tolist() == [0.92, 0.87]


def test_texture_draws_no_better_outline_than_a_threshold(rows):
    pairs = list(zip(rows["otsu", "dermoscopy"], rows["gabor", "dermoscopy"], strict=True))
    both = [(o["assd_mm"], g["assd_mm"]) for o, g in pairs if o["status"] == g["status"] == "ok"]
    assert len(both) == 7
    assert sum(otsu < gabor - 0.005 for otsu, gabor in both) == 5
    assert sum(gabor < otsu - 0.005 for otsu, gabor in both) == 1


def test_without_the_grey_level_texture_finds_little_on_skin(rows):
    samples = load_samples("dermoscopy", "test")
    alone = np.mean([overlap(Gabor(grey=False)(case.image) >= 0.5, case.mask)["JA"] for case in samples])
    assert 0.535 < ja(rows, "gabor", "dermoscopy").mean() < 0.545
    assert 0.235 < alone < 0.245
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


def test_networks_are_off_like_a_reader_on_skin_and_by_3_mm_around_lungs(rows):
    phantom = make_phantom("dermoscopy", seed=7)
    first, second = (reader_mask(phantom, reader=r) for r in (1, 2))
    between = boundary_metrics(second, first, spacing_mm=phantom.spacing_mm)["assd_mm"]
    for network in NETWORKS:
        skin, lung = (np.mean([row["assd_mm"] for row in rows[network, kind]]) for kind in ("dermoscopy", "lung"))
        assert 0.6 * between < skin < 1.6 * between
        assert 2.5 < lung < 3.6


def test_region_leaks_in_one_step_and_not_at_the_same_tolerance_everywhere():
    samples = load_samples("dermoscopy", "test")
    leaks = []
    for index in (0, 2, 8):
        share = [RegionGrowing(tolerance=float(t)).grow(samples[index].image).mean() for t in range(4, 101, 4)]
        assert np.diff(share).max() > 0.3
        leaks.append(int(np.diff(share).argmax()))
    assert len(set(leaks)) == 3


def test_max_pooling_moves_an_edge_by_nearly_a_cell_and_an_average_hardly():
    for stride in (8, 16):
        moved = {k: [pooled_edge(p, stride, k)[2] - p for p in np.arange(24, 41, 0.25)] for k in ("max", "average")}
        assert 0.85 * stride < np.abs(moved["max"]).max() < stride
        assert np.abs(moved["average"]).max() < 0.1 * stride
    assert pooled_edge(30.25, 1)[2] == pytest.approx(30.25, abs=0.1)


def test_ja_of_0_9_is_0_3_mm_around_a_mole_and_3_mm_around_lungs():
    errors = {}
    for kind in ("dermoscopy", "lung"):
        case = make_phantom(kind, seed=7)
        grown = next(
            m for g in np.arange(0.1, 20, 0.1)
            if overlap(m := case.signed_distance_px < g, case.mask)["JA"] < 0.9
        )  # fmt: skip
        errors[kind] = boundary_metrics(grown, case.mask, spacing_mm=case.spacing_mm)["assd_mm"]
    assert errors["dermoscopy"] == pytest.approx(0.3, abs=0.05) and errors["lung"] == pytest.approx(2.9, abs=0.2)
