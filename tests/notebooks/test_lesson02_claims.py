"""What lesson 02 says about painted samples, and about the real data sets where they are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import label

from banet_edu import load_samples, open_dataset
from banet_edu.data.splits import split_names
from banet_edu.metrics.overlap import overlap
from banet_edu.plots.augmentation import augmented
from banet_edu.plots.boundary_target import frame_share
from banet_edu.teach.lesson02 import painted_films, remembered


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
    assert 0.46 < np.mean(found) < 0.54
    assert all(overlap(*augmented(samples[0], seed)[1:])["JA"] == 1 for seed in range(3))
    with pytest.raises(ValueError, match="handling 'upside down' is unknown"):
        augmented(samples[0], 0, "upside down")


def test_resized_lesion_keeps_its_millimetres():
    sample = load_samples("dermoscopy", "test")[0]
    assert sample.at((64, 128)).spacing_mm == pytest.approx((18 / 64, 18 / 128), rel=1e-4)


@pytest.fixture
def real(request):
    import os

    root = Path(os.environ.get("BANET_EDU_DATA") or "/nonexistent")
    if not (root / "isic2017").is_dir():
        pytest.skip("the real data sets are not there: set BANET_EDU_DATA to their folder")
    return root


def test_isic_masks_have_79_sizes_and_nearly_none_is_square(real):
    sizes = [Image.open(path).size for path in sorted((real / "isic2017" / "masks").glob("*"))]
    assert len(sizes) == 800 and len(set(sizes)) == 79
    assert np.mean([width / height > 1.1 for width, height in sizes]) > 0.98


def test_2_percent_of_the_pixels_of_kvasirs_masks_are_grey(real):
    shares = []
    for path in sorted((real / "kvasir_seg" / "masks").glob("*"))[:100]:
        levels = np.asarray(Image.open(path))[..., 0]
        shares.append(((levels > 0) & (levels < 255)).mean())
    assert 0.02 < np.mean(shares) < 0.026


@pytest.mark.parametrize(
    ("name", "looked_at", "touching", "most"), [("ph2", 20, 7, 0.26), ("kvasir_seg", 200, 36, 0.15)]
)
def test_objects_touch_the_frame(real, name, looked_at, touching, most):
    dataset = open_dataset(name, real / name)[:looked_at]
    shares = [frame_share(sample.at(256).mask) for sample in dataset]
    assert sum(share > 0 for share in shares) == touching
    assert max(shares) == pytest.approx(most, abs=0.01)


def test_chest_images_are_grey_and_masks_two_objects(real):
    for sample in open_dataset("sz_cxr", real / "sz_cxr")[:20]:
        pieces, _ = label(sample.mask)
        assert (np.bincount(pieces.ravel())[1:] > 200).sum() == 2
        assert np.ptp(sample.image.astype(int), axis=2).max() == 0


def test_copying_leaks_on_colondb_after_a_random_split(real):
    dataset = open_dataset("cvc_colondb", real / "cvc_colondb")
    frames = {sample.name: sample.at(128) for sample in dataset}
    found = {way: [copying(frames, seed, way) for seed in range(3)] for way in (False, True)}
    assert min(found[False]) == pytest.approx(0.36, abs=0.01) and max(found[False]) == pytest.approx(0.45, abs=0.01)
    assert min(found[True]) == pytest.approx(0.10, abs=0.01) and max(found[True]) == pytest.approx(0.21, abs=0.01)
