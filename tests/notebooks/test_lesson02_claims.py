"""What lesson 02 says about painted samples, and about the real data sets where they are there."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import label

from banet_edu import load_samples, open_dataset
from banet_edu.course.lesson02.figures import augmented, frame_share, wide_target
from banet_edu.course.lesson02.traps import jpeg_levels, painted_films, remembered
from banet_edu.datasets.similarity import SAME_SCENE, difference_hash, hamming
from banet_edu.datasets.splits import split_names
from banet_edu.metrics.overlap import overlap

pytestmark = pytest.mark.landing


def copying(samples, seed, contiguous):
    part = split_names(list(samples), seed, contiguous=contiguous)
    copied = remembered(samples, part["train"], part["test"])
    return np.mean([overlap(mask, samples[name].mask)["JA"] for name, mask in copied.items()])


def test_copying_scores_high_after_a_random_split_of_painted_films_and_low_with_whole_films():
    films = painted_films()
    assert copying(films, 0, False) > 0.82 and copying(films, 0, True) < 0.25


def test_mask_left_behind_agrees_by_half():
    samples = load_samples("dermoscopy", "test")
    found = [overlap(*augmented(s, seed, "left behind")[1:])["JA"] for s in samples for seed in range(20)]
    assert 0.46 < np.mean(found) < 0.54 and found.count(1.0) == 20
    for offered in (0, 1, 7):  # in the widget, whose slider ends at 20
        same = [seed for seed in range(21) if overlap(*augmented(samples[offered], seed, "left behind")[1:])["JA"] == 1]
        assert same == [5, 14, 20]
    assert all(overlap(*augmented(samples[0], seed)[1:])["JA"] == 1 for seed in range(3))
    with pytest.raises(ValueError, match="handling 'upside down' is unknown"):
        augmented(samples[0], 0, "upside down")


def test_every_test_frame_of_a_random_split_has_its_film_in_training_and_none_with_whole_films():
    films = list(painted_films())
    for whole, shared in ((False, 24), (True, 0)):
        part = split_names(films, contiguous=whole)
        known = {name.split("_")[0] for name in part["train"]}
        assert sum(name.split("_")[0] in known for name in part["test"]) == shared
        assert len(part["test"]) == 24


def test_jpeg_mask_is_right_above_127_only_too_large_above_0_and_too_small_at_255():
    mask = load_samples("dermoscopy", "test")[0].mask
    levels = jpeg_levels(mask)
    assert np.array_equal(levels > 127, mask)
    assert (mask & ~(levels > 0)).sum() == 0 and overlap(levels > 0, mask)["JA"] < 0.93
    assert ((levels == 255) & ~mask).sum() == 0 and overlap(levels == 255, mask)["JA"] < 0.93


def test_mask_enlarged_bilinearly_grows():
    draws = [augmented(s, seed, "bilinear")[1:] for s in load_samples("dermoscopy", "test") for seed in range(4)]
    assert np.mean([overlap(*masks)["JA"] for masks in draws]) == pytest.approx(0.852, abs=0.002)
    assert all(given.sum() > right.sum() for given, right in draws)


def test_a_wider_window_hardly_lessens_the_false_share_of_the_lesion_on_the_frame():
    mask = load_samples("dermoscopy", "test")[0].mask[130:, 40:166]
    shares = []
    for k in (3, 5, 7, 9, 13):
        target = wide_target(mask, k - 1, "zero")
        shares.append((target & ~wide_target(mask, k - 1)).sum() / target.sum())
    assert shares[0] == pytest.approx(frame_share(mask)) == pytest.approx(0.18, abs=0.005)
    assert max(shares) - min(shares) < 0.02


def test_a_mask_of_one_bit_is_empty_above_127():
    assert not (np.asarray(Image.fromarray(np.eye(9, dtype=bool))) > 127).any()


def test_resized_lesion_keeps_its_millimetres():
    sample = load_samples("dermoscopy", "test")[0]
    assert sample.at((64, 128)).spacing_mm == pytest.approx((18 / 64, 18 / 128), rel=1e-4)


def test_isic_masks_have_79_sizes_and_none_is_square(real):
    sizes = [Image.open(path).size for path in sorted((real("isic2017") / "masks").glob("*"))]
    assert len(sizes) == 800 and len(set(sizes)) == 79
    assert all(width != height for width, height in sizes)


def test_masks_of_ph2_have_one_bit(real):
    modes = [Image.open(path).mode for path in (real("ph2") / "masks").glob("*")]
    assert modes == ["1"] * 20


def test_two_and_a_half_percent_of_the_pixels_of_kvasirs_masks_are_grey(real):
    shares = []
    for path in sorted((real("kvasir_seg") / "masks").glob("*")):
        levels = np.asarray(Image.open(path))[..., 0]
        shares.append(((levels > 0) & (levels < 255)).mean())
    assert len(shares) == 740 and np.mean(shares) == pytest.approx(0.0245, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "looked_at", "touching", "most"), [("ph2", 20, 7, 0.26), ("kvasir_seg", 200, 36, 0.15)]
)
def test_objects_touch_the_frame(real, name, looked_at, touching, most):
    dataset = open_dataset(name, real(name))[:looked_at]
    shares = [frame_share(sample.at(256).mask) for sample in dataset]
    assert sum(share > 0 for share in shares) == touching
    assert max(shares) == pytest.approx(most, abs=0.01)


def test_chest_images_are_grey_and_all_masks_but_one_are_two_objects(real):
    objects = []
    for sample in open_dataset("sz_cxr", real("sz_cxr")):
        pieces, _ = label(sample.mask)
        objects.append(int((np.bincount(pieces.ravel())[1:] > 200).sum()))
        assert np.ptp(sample.image.astype(int), axis=2).max() == 0
    assert (len(objects), objects.count(2), objects.count(3)) == (446, 445, 1)


def test_neighbouring_frames_of_colondb_are_alike_but_no_near_duplicates(real):
    hashes = [difference_hash(sample.image) for sample in open_dataset("cvc_colondb", real("cvc_colondb"))]
    near = [hamming(one, other) for one, other in pairwise(hashes)]
    far = [hamming(one, other) for i, one in enumerate(hashes) for other in hashes[i + 40 :]]
    assert SAME_SCENE == 8 and len(near) == 129 and min(near) > SAME_SCENE
    assert np.median(near) == pytest.approx(71, abs=1) and np.median(far) == pytest.approx(107, abs=1)


def test_copying_leaks_on_colondb_after_a_random_split(real):
    dataset = open_dataset("cvc_colondb", real("cvc_colondb"))
    frames = {sample.name: sample.at(128) for sample in dataset}
    found = {way: [copying(frames, seed, way) for seed in range(3)] for way in (False, True)}
    assert min(found[False]) == pytest.approx(0.36, abs=0.01) and max(found[False]) == pytest.approx(0.45, abs=0.01)
    assert min(found[True]) == pytest.approx(0.10, abs=0.01) and max(found[True]) == pytest.approx(0.21, abs=0.01)
